package house

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/gorilla/mux"
)

// siteRoutes are this stand-in's own: they have no faults.
func (s *Server) siteRoutes(r *mux.Router) {
	r.HandleFunc("/house", s.serveSites).Methods(http.MethodGet)
	r.HandleFunc("/house/{site}", s.servePut).Methods(http.MethodPut)
	r.HandleFunc("/house/{site}/shows", s.serveShows).Methods(http.MethodPost)
	r.HandleFunc("/house/{site}/clock", s.serveClock).Methods(http.MethodPost)
	r.HandleFunc("/house/{site}/forget-changes", s.serveForget).Methods(http.MethodPost)
	r.HandleFunc("/house/{site}/books", s.serveBooks).Methods(http.MethodGet)
	r.HandleFunc("/house/{site}/gate", s.serveGate).Methods(http.MethodGet)
	r.HandleFunc("/house/{site}/counter", s.serveCounterPage).Methods(http.MethodGet)
	r.HandleFunc("/house/{site}/counter", s.serveCounter).Methods(http.MethodPost)
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}

// result answers 200 with the body, or what the error is worth.
func (s *Server) result(w http.ResponseWriter, body any, err error) {
	var refused *Refusal
	switch {
	case errors.As(err, &refused) && (refused.Kind == NoSite || refused.Kind == NoShow || refused.Kind == NoOrder):
		problem(w, http.StatusNotFound, err.Error())
	case refused != nil:
		problem(w, http.StatusConflict, err.Error())
	case err != nil:
		s.broken(w, err)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}
}

// readJSON decodes a body strictly; false when it has answered.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		problem(w, http.StatusBadRequest, "The body must be a JSON object: "+err.Error())
		return false
	}
	return true
}

func (s *Server) serveSites(w http.ResponseWriter, _ *http.Request) {
	sites, err := s.books.Sites()
	s.result(w, map[string]any{"sites": append([]string{}, sites...)}, err)
}

func (s *Server) servePut(w http.ResponseWriter, r *http.Request) {
	id := mux.Vars(r)["site"]
	var settings Settings
	if !readJSON(w, r, &settings) {
		return
	}
	if !plainID.MatchString(id) {
		problem(w, http.StatusBadRequest, "The site's id must consist of letters, digits, _ and -.")
		return
	}
	if field, message := settings.complete(); field != "" {
		problem(w, http.StatusBadRequest, field+" "+message)
		return
	}
	site, err := s.books.PutSite(id, settings)
	site.Token, site.Password = "", ""
	s.result(w, site, err)
}

// newShows asks for the shows of so many days from today, or for one show.
type newShows struct {
	Days int `json:"days"`
	NewShow
}

func (s *Server) serveShows(w http.ResponseWriter, r *http.Request) {
	var wanted newShows
	if !readJSON(w, r, &wanted) {
		return
	}
	site := mux.Vars(r)["site"]
	var err error
	switch {
	case wanted.Days > 0 && wanted.Days <= 60 && wanted.ID == "":
		err = s.books.AddDays(site, wanted.Days)
	case plainID.MatchString(wanted.ID) && !wanted.StartsAt.IsZero():
		err = s.books.AddShow(site, wanted.NewShow)
	default:
		problem(w, http.StatusBadRequest, "Send days (1 to 60), or id, film, screen and starts_at.")
		return
	}
	_, latest, listed := s.books.Changed(site, math.MaxInt64, 0)
	s.result(w, map[string]any{"version": latest}, errors.Join(err, listed))
}

// clockChange lets time pass, and sets how wrong the clocks are.
type clockChange struct {
	AdvanceSeconds float64  `json:"advance_seconds"`
	OffSeconds     *float64 `json:"off_seconds"` // left out: as it is
}

func (s *Server) serveClock(w http.ResponseWriter, r *http.Request) {
	var change clockChange
	if !readJSON(w, r, &change) {
		return
	}
	site, err := s.books.Site(mux.Vars(r)["site"])
	if err != nil {
		s.result(w, nil, err)
		return
	}
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	offset := site.Offset
	if change.OffSeconds != nil {
		offset = seconds(*change.OffSeconds)
	}
	err = s.books.SetClock(site.ID, seconds(change.AdvanceSeconds), offset)
	site.Advanced += seconds(change.AdvanceSeconds)
	s.result(w, map[string]any{"now": site.now(), "shown": site.now().Add(offset)}, err)
}

func (s *Server) serveForget(w http.ResponseWriter, r *http.Request) {
	s.result(w, struct{}{}, s.books.ForgetChanges(mux.Vars(r)["site"]))
}

// siteBooks are what a checker compares with our own.
type siteBooks struct {
	Site     string         `json:"site"`
	Style    string         `json:"style"`
	Currency string         `json:"currency"`
	Now      time.Time      `json:"now"`
	Orders   []Order        `json:"orders"`
	Count    map[Status]int `json:"count"`
	// Received is what the sales brought, Refunded what was given back, both in cents and
	// without the counter's.
	Received int64 `json:"received"`
	Refunded int64 `json:"refunded"`
}

// serveBooks tells all orders of the site, or with show those of one show.
func (s *Server) serveBooks(w http.ResponseWriter, r *http.Request) {
	site, err := s.books.Site(mux.Vars(r)["site"])
	if err != nil {
		s.result(w, nil, err)
		return
	}
	orders, err := s.books.Orders(site.ID, r.URL.Query().Get("show"), "", math.MaxInt)
	books := siteBooks{
		Site: site.ID, Style: site.Style, Currency: site.Currency, Now: site.now(), Orders: append([]Order{}, orders...), Count: map[Status]int{},
	}
	for _, order := range orders {
		if order.Counter {
			continue
		}
		books.Count[order.Status]++
		if order.Status == Sold || order.Status == Cancelled {
			books.Received += order.Total
			books.Refunded += order.Refunded
		}
	}
	s.result(w, books, err)
}

// serveGate tells whether a code opens the door.
func (s *Server) serveGate(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("code")
	order, err := s.books.FindByCode(mux.Vars(r)["site"], code)
	if kind := kindOf(err); kind == NoOrder {
		s.result(w, map[string]any{"opens": false, "reason": "unknown"}, nil)
		return
	}
	said := map[string]any{"opens": order.Status == Sold, "order": order.ID, "number": order.Number, "show": order.Show}
	if order.Status != Sold {
		said["reason"] = order.Status
	}
	for _, ticket := range order.Tickets {
		if ticket.Code == code {
			said["seat"] = ticket.Seat
		}
	}
	s.result(w, said, err)
}
