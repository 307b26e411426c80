package seats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// SeatMap is a show's seats at a moment. Held and Sold are sorted; every other
// seat of the layout is free. It is shared between watchers: read only.
type SeatMap struct {
	ShowID  string             `json:"show_id"`
	Version int64              `json:"version"`
	Status  booking.ShowStatus `json:"status"`
	// OnSale tells whether a hold would be accepted at this moment.
	OnSale bool                     `json:"on_sale"`
	Layout booking.Layout           `json:"layout"`
	Prices map[string]booking.Money `json:"prices"`
	// AccessibleUntil is until when wheelchair spaces and companion seats are kept
	// for those who need them; nil when the layout has none.
	AccessibleUntil *time.Time `json:"accessible_until,omitempty"`
	Held            []string   `json:"held"`
	Sold            []string   `json:"sold"`

	terms booking.Terms // that layout and prices come from
}

// The version of a map is the database's clock, in microseconds, at the start of
// the transaction that read it. now() is taken before the statement's snapshot,
// so a map of version v has every change that was acknowledged up to v, whichever
// API replica reads it, without a counter row that all sales of a show would
// queue for. A position in the write-ahead log would not do: a commit is in the
// log before it is visible, for as long as the flush to disk takes, and a hold
// that runs out changes the map without a commit.
//
// Expired holds count as free: the next hold overtakes them.
const readMap = `SELECT s.terms_version, (extract(epoch FROM now()) * 1000000)::bigint,
		s.status = 'scheduled' AND now() BETWEEN s.sales_open_at AND s.sales_close_at,
		coalesce(c.held, '{}'), coalesce(c.sold, '{}')
	FROM shows s CROSS JOIN LATERAL (
		SELECT array_agg(c.seat ORDER BY c.seat) FILTER (WHERE c.state = 'held' AND c.held_until >= now()) AS held,
		       array_agg(c.seat ORDER BY c.seat) FILTER (WHERE c.state = 'sold') AS sold
		FROM seat_claims c WHERE c.show_id = s.id) c
	WHERE s.id = $1`

// SeatMap reads a show's seats now. Code: not_found.
func (s *Store) SeatMap(ctx context.Context, showID string) (SeatMap, error) {
	id, err := parseID("show", showID)
	if err != nil {
		return SeatMap{}, err
	}
	for range termsTries {
		var version int64
		seatMap := SeatMap{ShowID: id.String()}
		err = s.pool.QueryRow(ctx, readMap, id).Scan(&version, &seatMap.Version, &seatMap.OnSale, &seatMap.Held, &seatMap.Sold)
		if errors.Is(err, pgx.ErrNoRows) {
			return SeatMap{}, booking.E(booking.CodeNotFound, "There is no such show.")
		}
		if err != nil {
			return SeatMap{}, translate("seat map", err)
		}
		at, err := s.shows.at(ctx, seatMap.ShowID, version)
		if err != nil {
			return SeatMap{}, err
		}
		if at.terms.Version == version {
			if at.seating.accessible {
				seatMap.AccessibleUntil = &at.terms.AccessibleUntil
			}
			return seatMap.on(at.terms), nil
		}
		// The terms changed between the two reads: these seats are not of that layout.
	}
	return SeatMap{}, unavailable(fmt.Errorf("seats: seat map: the terms of show %s keep changing", id))
}

// on completes a map with the terms its seats are sold on.
func (m SeatMap) on(terms booking.Terms) SeatMap {
	m.terms, m.Status, m.Layout = terms, terms.Status, terms.Layout
	m.Prices = make(map[string]booking.Money, len(terms.Prices))
	for category, price := range terms.Prices {
		m.Prices[category] = booking.Money{Amount: price, Currency: terms.Currency}
	}
	return m
}
