package session

import (
	"context"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// pageSize is how many shows, or orders, one answer has at most.
const pageSize = 50

// session is a show as the house tells it. Times are UTC with an offset.
type session struct {
	SessionID   string       `json:"sessionId"`
	FilmID      string       `json:"filmId"`
	FilmTitle   string       `json:"filmTitle"`
	RunMinutes  int          `json:"runMinutes"`
	ScreenName  string       `json:"screenName"`
	Showtime    string       `json:"showtimeUtc"`
	End         string       `json:"endUtc"`
	SalesCutOff string       `json:"salesCutOffUtc"`
	Format      string       `json:"format"`
	Language    string       `json:"language"`
	Status      string       `json:"status"`
	Version     string       `json:"version"`
	TicketTypes []ticketType `json:"ticketTypes"`
	Rows        []row        `json:"rows"`
}

type ticketType struct {
	Code         string `json:"ticketTypeCode"`
	Description  string `json:"description"`
	PriceInCents *int64 `json:"priceInCents"`
}

type row struct {
	Name           string `json:"name"`
	AreaCode       string `json:"areaCode"`
	RowIndex       int    `json:"rowIndex"`
	TicketTypeCode string `json:"ticketTypeCode"`
	Seats          []seat `json:"seats"`
}

type seat struct {
	Name        string  `json:"name"`
	ColumnIndex int     `json:"columnIndex"`
	X           float64 `json:"x"`
	Kind        string  `json:"kind"`
}

var kinds = map[string]booking.SeatType{
	"Normal": booking.SeatStandard, "Recliner": booking.SeatRecliner, "Sofa": booking.SeatSofa,
	"Special": booking.SeatWheelchair, "Companion": booking.SeatCompanion,
}

// cursor is where the program continues: within the full program, after a show, with the
// version that it began at; or with the changes after a version.
type cursor struct {
	full    bool
	version int64
	after   string
}

func (c cursor) String() string {
	if c.full {
		return "all:" + strconv.FormatInt(c.version, 10) + ":" + c.after
	}
	return "since:" + strconv.FormatInt(c.version, 10)
}

// readCursor gives the beginning of a full program for what is no cursor.
func readCursor(text string) cursor {
	kind, rest, _ := strings.Cut(text, ":")
	number, after, _ := strings.Cut(rest, ":")
	version, err := strconv.ParseInt(number, 10, 64)
	switch {
	case err != nil || version < 0:
		return cursor{full: true, version: -1}
	case kind == "all":
		return cursor{full: true, version: version, after: after}
	case kind == "since":
		return cursor{version: version}
	}
	return cursor{full: true, version: -1}
}

// Program implements activities.House. After the last page of the full program come the
// changes since its first page, so that nothing between the pages is missed. A version that
// the house does not know any more starts again with a full program.
func (h *House) Program(ctx context.Context, from string) (booking.HousePage, error) {
	at := readCursor(from)
	said, err := h.programPage(ctx, at)
	if err == nil && said.result() == resultVersionGone {
		at = readCursor("")
		said, err = h.programPage(ctx, at)
	}
	switch {
	case err != nil:
		return booking.HousePage{}, err
	case said.result() != resultOK:
		return booking.HousePage{}, h.refusal(ctx, "program", booking.HouseOrder{}, said)
	}
	if problem := at.check(said); problem != nil {
		return booking.HousePage{}, h.unreadable(ctx, "program", booking.HouseOrder{}, problem)
	}
	page := booking.HousePage{Next: at.next(said).String(), More: said.More, Full: at.full}
	for _, one := range *said.Value {
		if one.SessionID == "" {
			return booking.HousePage{}, h.unreadable(ctx, "program", booking.HouseOrder{}, errors.New("a session has no id"))
		}
		show, err := one.show(said.CurrencyCode)
		if err != nil {
			h.log.WarnContext(ctx, "theater's system: a show cannot be sold", "show", one.SessionID, "error", err)
			show.Rows, show.Categories = nil, nil
		}
		page.Shows = append(page.Shows, show)
	}
	return page, nil
}

// check finds out whether an answer is a page that leads on.
func (c cursor) check(said *reply) error {
	switch {
	case said.Value == nil || said.Version == nil || !cents(said.CurrencyCode):
		return errors.New("a page has no list, no version, or no currency with two decimals")
	case said.More && c.full && (said.Last == "" || said.Last == c.after), said.More && !c.full && *said.Version == c.version:
		return errors.New("a page says that there are more, and not where")
	}
	return nil
}

func (c cursor) next(said *reply) cursor {
	switch {
	case !c.full:
		return cursor{version: *said.Version}
	case c.version < 0:
		c.version = *said.Version
	}
	if said.More {
		return cursor{full: true, version: c.version, after: said.Last}
	}
	return cursor{version: c.version}
}

func (h *House) programPage(ctx context.Context, at cursor) (*reply, error) {
	query := url.Values{"top": {strconv.Itoa(pageSize)}}
	if at.full {
		query.Set("after", at.after)
	} else {
		query.Set("since", strconv.FormatInt(at.version, 10))
	}
	return h.get(ctx, "program", "/sessions", query, booking.HouseOrder{})
}

// show reads a session. With an error it has what could be read.
func (s *session) show(currency string) (booking.HouseShow, error) {
	var problems []error
	at := func(text string, optional bool) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil && (text != "" || !optional) {
			problems = append(problems, errors.New("a time cannot be read"))
		}
		return parsed.UTC()
	}
	show := booking.HouseShow{
		ID: s.SessionID, Movie: booking.HouseFilm{ID: s.FilmID, Title: s.FilmTitle, Minutes: s.RunMinutes}, Screen: s.ScreenName,
		StartsAt: at(s.Showtime, false), EndsAt: at(s.End, false), Format: s.Format, Language: s.Language,
		Cancelled: s.Status == "Cancelled", Version: s.Version,
	}
	if s.SalesCutOff != "" {
		show.OpenUntil = at(s.SalesCutOff, true)
	}
	if !show.EndsAt.After(show.StartsAt) || s.FilmTitle == "" {
		problems = append(problems, errors.New("no film, or an end before its start"))
	}
	if s.Status != "Open" && s.Status != "Cancelled" {
		problems = append(problems, errors.New("an unknown status"))
	}
	priced := map[string]bool{}
	for _, one := range s.TicketTypes {
		if one.Code == "" || one.PriceInCents == nil || *one.PriceInCents <= 0 || priced[one.Code] {
			problems = append(problems, errors.New("a ticket type has no code of its own, or no price"))
			continue
		}
		priced[one.Code] = true
		show.Categories = append(show.Categories, booking.HouseCategory{
			ID: one.Code, Name: one.Description, Price: booking.Money{Amount: *one.PriceInCents, Currency: currency},
		})
	}
	seen := map[string]bool{}
	for _, one := range s.Rows {
		line, err := one.row(priced, seen)
		problems = append(problems, err)
		show.Rows = append(show.Rows, line)
	}
	if len(seen) == 0 {
		problems = append(problems, errors.New("no seats"))
	}
	return show, errors.Join(problems...)
}

// row reads a row. seen has the addresses, and the names after a space.
func (r *row) row(priced, seen map[string]bool) (booking.HouseRow, error) {
	line := booking.HouseRow{Label: r.Name, Category: r.TicketTypeCode}
	if r.Name == "" || !priced[r.TicketTypeCode] {
		return line, errors.New("a row has no name, or no price")
	}
	sofas := 0
	for _, one := range r.Seats {
		at := place{r.AreaCode, r.RowIndex, one.ColumnIndex}
		kind, known := kinds[one.Kind]
		name := " " + r.Name + one.Name
		if !at.valid() || !known || one.Name == "" || seen[at.address()] || seen[name] || math.IsNaN(one.X) {
			return line, errors.New("a seat has no place, name or type of its own")
		}
		if kind == booking.SeatSofa {
			sofas++
		}
		seen[at.address()], seen[name] = true, true
		line.Seats = append(line.Seats, booking.HouseRowedSeat{Name: one.Name, Address: at.address(), X: one.X, Type: kind})
	}
	if sofas%2 != 0 {
		return line, errors.New("a row has half a sofa")
	}
	return line, nil
}

type seatPlan struct {
	SessionID string   `json:"sessionId"`
	Generated string   `json:"generatedUtc"`
	Taken     *[]place `json:"taken"`
}

// Seats implements activities.House. Such systems answer from a cache of their own; its age
// is counted from the Date header of the answer.
func (h *House) Seats(ctx context.Context, show string) (booking.HouseTaken, error) {
	said, err := h.get(ctx, "seats", "/seat-plan", url.Values{"sessionId": {show}}, booking.HouseOrder{})
	switch {
	case err != nil:
		return booking.HouseTaken{}, err
	case said.result() == resultNoSession:
		return booking.HouseTaken{}, noSuchShow()
	case said.result() != resultOK:
		return booking.HouseTaken{}, h.refusal(ctx, "seats", booking.HouseOrder{}, said)
	case said.SeatPlan == nil || said.SeatPlan.SessionID != show || said.SeatPlan.Taken == nil:
		return booking.HouseTaken{}, h.unreadable(ctx, "seats", booking.HouseOrder{}, errors.New("the answer has no seat plan of the show"))
	}
	generated, err := time.Parse(time.RFC3339, said.SeatPlan.Generated)
	if err != nil {
		return booking.HouseTaken{}, h.unreadable(ctx, "seats", booking.HouseOrder{}, errors.New("the seat plan has no time"))
	}
	taken := booking.HouseTaken{AsOf: h.now()}
	if said.date != nil {
		taken.AsOf = taken.AsOf.Add(-max(0, said.date.Sub(generated)))
	}
	for _, one := range *said.SeatPlan.Taken {
		if !one.valid() {
			return booking.HouseTaken{}, h.unreadable(ctx, "seats", booking.HouseOrder{}, errors.New("the seat plan has a seat without a place"))
		}
		taken.Addresses = append(taken.Addresses, one.address())
	}
	return taken, nil
}

func noSuchShow() error { return booking.E(booking.CodeNotFound, "The theater has no such show.") }

// Sold implements activities.House. An order that cannot be read makes the page unreadable:
// reconciliation must not take it for a missing one.
func (h *House) Sold(ctx context.Context, show, after string) (booking.HousePageOfSales, error) {
	query := url.Values{"sessionId": {show}, "after": {after}, "top": {strconv.Itoa(pageSize)}}
	said, err := h.get(ctx, "sold", "/bookings", query, booking.HouseOrder{})
	switch {
	case err != nil:
		return booking.HousePageOfSales{}, err
	case said.result() == resultNoSession:
		return booking.HousePageOfSales{}, noSuchShow()
	case said.result() != resultOK:
		return booking.HousePageOfSales{}, h.refusal(ctx, "sold", booking.HouseOrder{}, said)
	case said.Bookings == nil || said.Next != "" && said.Next == after:
		return booking.HousePageOfSales{}, h.unreadable(ctx, "sold", booking.HouseOrder{}, errors.New("the answer has no list, or no end"))
	}
	page := booking.HousePageOfSales{Next: said.Next}
	for _, one := range *said.Bookings {
		state, err := one.state(said.date)
		if err != nil || state.Show != show {
			return booking.HousePageOfSales{}, h.unreadable(ctx, "sold", booking.HouseOrder{}, errors.Join(errors.New("a booking cannot be read"), err))
		}
		page.Orders = append(page.Orders, state)
	}
	return page, nil
}
