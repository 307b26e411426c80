package shows

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice/booking"
)

// readHouse gives what selling a seat has to know of a theater that sells from its own system;
// null for a show whose seats are ours to sell. A change of any of it changes the terms'
// version.
const readHouse = `(SELECT jsonb_build_object('theater_id', h.theater_id, 'adapter', h.adapter, 'show', hs.external_id,
		'seats', hs.seats, 'categories', hs.categories,
		'allotted', (SELECT coalesce(jsonb_object_agg(a.seat, true), '{}') FROM house_allotments a WHERE a.show_id = hs.show_id))
	FROM house_shows hs JOIN houses h USING (theater_id) WHERE hs.show_id = s.id)`

// house is how a theater's own system names what we sell of a show.
type house struct {
	TheaterID  string            `json:"theater_id"`
	Adapter    string            `json:"adapter"`
	Show       string            `json:"show"`
	Seats      map[string]string `json:"seats"`      // our seat → its address
	Categories map[string]string `json:"categories"` // our category → its own
	Allotted   map[string]bool   `json:"allotted"`   // our seats that it has given to us
}

func readHouseOf(document []byte) (*house, error) {
	if document == nil {
		return nil, nil
	}
	known := &house{}
	if err := json.Unmarshal(document, known); err != nil {
		return nil, fmt.Errorf("shows: house: %w", err)
	}
	return known, nil
}

// Remote tells whether the theater's own system sells the show.
func (s *Show) Remote() bool { return s.house != nil }

// Paused tells whether operators have switched the kind of system off that sells the show. That
// belongs to this process, not to the show: a pause of one theater is in the database.
func (s *Store) Paused(show *Show) bool {
	return show.house != nil && slices.Contains(s.off, show.house.Adapter)
}

// HouseTerms say how the theater's own system sells the seats of a quote; nil when they are
// ours to sell. Seats that the theater has given to us are sold on their own, because
// two places cannot decide about one booking. Code: show_not_on_sale for a seat that has no
// place there.
func (s *Show) HouseTerms(quote booking.Quote) (*booking.HouseTerms, error) {
	if s.house == nil {
		return nil, nil
	}
	terms := &booking.HouseTerms{TheaterID: s.house.TheaterID, Adapter: s.house.Adapter, Show: s.house.Show}
	allotted := 0
	for _, seat := range quote.Seats {
		address, category := s.house.Seats[seat.Seat], s.house.Categories[seat.Category]
		if address == "" || category == "" {
			return nil, NotOnSale()
		}
		if s.house.Allotted[seat.Seat] {
			allotted++
		}
		terms.Seats = append(terms.Seats, booking.HouseSeat{Seat: seat.Seat, Address: address, Category: category, Price: seat.Price})
	}
	switch allotted {
	case 0:
	case len(quote.Seats):
		terms.Allotted = true
	default:
		return nil, booking.Invalid(booking.FieldError{Field: "seats",
			Message: "Some of these seats cannot be booked together. Book them in two bookings, or choose others."})
	}
	return terms, nil
}

// TheaterPaused refuses the sale of a show whose theater's own system does not sell at
// present.
func TheaterPaused() *booking.Error {
	e := booking.E(booking.CodeShowNotOnSale, "The theater has paused its sale here for the moment. Try again later.")
	e.Reason = "theater_paused"
	return e
}
