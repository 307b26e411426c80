package house

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

//go:embed counter.html
var counterHTML string

var counterTemplate = template.Must(template.New("counter").Parse(counterHTML))

// counterAction is what staff at the site do.
type counterAction struct {
	// Action is one of sell (show, seats), cancel (order), price (show, category, price),
	// cancel_show (show, refund), move_show (show, starts_at) and remove_seats (show, seats).
	Action   string    `json:"action"`
	Show     string    `json:"show"`
	Seats    []string  `json:"seats"` // as printed: "C7"
	Order    string    `json:"order"`
	Category string    `json:"category"`
	Price    int64     `json:"price"` // cents
	Refund   bool      `json:"refund"`
	StartsAt time.Time `json:"starts_at"`
}

// serveCounter takes JSON, or the page's forms.
func (s *Server) serveCounter(w http.ResponseWriter, r *http.Request) {
	site := mux.Vars(r)["site"]
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		var action counterAction
		if readJSON(w, r, &action) {
			order, err := s.act(site, action)
			s.resultOfCounter(w, order, err)
		}
		return
	}
	action, err := s.readForm(w, r)
	if err == nil {
		_, err = s.act(site, action)
	}
	back := url.Values{"show": {action.Show}}
	if err != nil {
		back.Set("said", err.Error())
	} else {
		back.Set("said", "Done.")
	}
	http.Redirect(w, r, "/house/"+url.PathEscape(site)+"/counter?"+back.Encode(), http.StatusSeeOther)
}

var errCounter = errors.New("house: the counter does not know this action")

func (s *Server) resultOfCounter(w http.ResponseWriter, order *Order, err error) {
	switch {
	case errors.Is(err, errCounter):
		problem(w, http.StatusBadRequest, "action must be sell, cancel, price, cancel_show, move_show or remove_seats, with what it needs.")
	case err == nil && order == nil:
		s.result(w, struct{}{}, nil)
	default:
		s.result(w, order, err)
	}
}

func (s *Server) act(site string, a counterAction) (*Order, error) {
	order := func(o Order, err error) (*Order, error) { return &o, err }
	switch {
	case a.Action == "sell":
		return order(s.books.SellAtCounter(site, a.Show, a.Seats))
	case a.Action == "cancel":
		return order(s.books.Cancel(site, a.Order, "counter"))
	case a.Action == "price" && a.Price > 0:
		return nil, s.books.SetPrice(site, a.Show, a.Category, a.Price)
	case a.Action == "cancel_show":
		return nil, s.books.CancelShow(site, a.Show, a.Refund)
	case a.Action == "move_show" && !a.StartsAt.IsZero():
		return nil, s.books.MoveShow(site, a.Show, a.StartsAt)
	case a.Action == "remove_seats":
		return nil, s.books.RemoveSeats(site, a.Show, a.Seats)
	}
	return nil, errCounter
}

// readForm reads what the page sends: prices with a point, and local times.
func (s *Server) readForm(w http.ResponseWriter, r *http.Request) (counterAction, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return counterAction{}, err
	}
	a := counterAction{
		Action: r.PostForm.Get("action"), Show: r.PostForm.Get("show"), Order: r.PostForm.Get("order"),
		Category: r.PostForm.Get("category"), Seats: r.PostForm["seats"], Refund: r.PostForm.Get("refund") != "",
	}
	if text := r.PostForm.Get("price"); text != "" {
		units, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return a, fmt.Errorf("the price: %w", err)
		}
		a.Price = int64(math.Round(units * 100))
	}
	if text := r.PostForm.Get("starts_at"); text != "" {
		site, err := s.books.Site(mux.Vars(r)["site"])
		if err != nil {
			return a, err
		}
		if a.StartsAt, err = time.ParseInLocation("2006-01-02T15:04", text, site.zone()); err != nil {
			return a, fmt.Errorf("the start: %w", err)
		}
	}
	return a, nil
}

// counterPage is what the page shows.
type counterPage struct {
	Site  Site
	Now   string
	Said  string
	Shows []counterShow
	Show  *counterShow
}

type counterShow struct {
	ID, Title, Screen, Starts, Input string
	Cancelled                        bool
	Categories                       []counterPrice
	Rows                             []counterRow
	Orders                           []counterOrder
}

type counterPrice struct{ ID, Name, Price string }

type counterRow struct {
	Label string
	Seats []counterSeat
}

type counterSeat struct {
	ID, Name string
	Taken    bool
}

type counterOrder struct {
	ID, Number, Seats, Status, From string
	Sold                            bool
}

const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

func (s *Server) serveCounterPage(w http.ResponseWriter, r *http.Request) {
	page, err := s.counterPage(mux.Vars(r)["site"], r.URL.Query().Get("show"))
	if err != nil {
		s.result(w, nil, err)
		return
	}
	page.Said = r.URL.Query().Get("said")
	var body bytes.Buffer
	if err := counterTemplate.Execute(&body, page); err != nil {
		s.broken(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body.Bytes())
}

func (s *Server) counterPage(id, chosen string) (counterPage, error) {
	site, err := s.books.Site(id)
	if err != nil {
		return counterPage{}, err
	}
	shows, _, err := s.books.Shows(id, "", math.MaxInt)
	if err != nil {
		return counterPage{}, err
	}
	slices.SortFunc(shows, func(a, b Show) int { return a.StartsAt.Compare(b.StartsAt) })
	page := counterPage{Site: site, Now: site.now().In(site.zone()).Format("Mon 2 Jan 15:04")}
	for _, show := range shows {
		page.Shows = append(page.Shows, brief(&site, show))
	}
	if chosen == "" {
		return page, nil
	}
	show, err := s.books.Show(id, chosen)
	if err == nil {
		page.Show, err = s.counterShow(&site, show)
	}
	return page, err
}

func brief(site *Site, show Show) counterShow {
	local := show.StartsAt.In(site.zone())
	return counterShow{
		ID: show.ID, Title: show.Film.Title, Screen: show.ScreenName, Starts: local.Format("Mon 2 Jan 15:04"),
		Input: local.Format("2006-01-02T15:04"), Cancelled: show.Cancelled,
	}
}

func (s *Server) counterShow(site *Site, show Show) (*counterShow, error) {
	out := brief(site, show)
	taken, err := s.books.Taken(site.ID, show.ID, 0)
	if err != nil {
		return nil, err
	}
	for _, row := range show.Rows {
		line := counterRow{Label: row.Label}
		for _, seat := range row.Seats {
			id := seatID(row, seat)
			line.Seats = append(line.Seats, counterSeat{ID: id, Name: seat.Name, Taken: slices.Contains(taken.Seats, id)})
		}
		out.Rows = append(out.Rows, line)
	}
	for _, c := range show.Categories {
		out.Categories = append(out.Categories, counterPrice{c.ID, c.Name, fmt.Sprintf("%d.%02d", c.Price/100, c.Price%100)})
	}
	orders, err := s.books.Orders(site.ID, show.ID, "", math.MaxInt)
	for _, order := range orders {
		from := "a client"
		if order.Counter {
			from = "the counter"
		}
		out.Orders = append(out.Orders, counterOrder{
			order.ID, order.Number, strings.Join(order.seats(), ", "), string(order.Status), from, order.Status == Sold,
		})
	}
	return &out, err
}
