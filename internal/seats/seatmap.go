package seats

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// SeatMap is a show's seats at a moment. Held and Sold are sorted; every other
// seat of the layout is free. It is shared between watchers: read only.
type SeatMap struct {
	ShowID  string                   `json:"show_id"`
	Version int64                    `json:"version"`
	Layout  booking.Layout           `json:"layout"`
	Prices  map[string]booking.Money `json:"prices"`
	Held    []string                 `json:"held"`
	Sold    []string                 `json:"sold"`

	terms int64 // the version of the terms that layout and prices come from
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
	seatMap := SeatMap{ShowID: id.String()}
	err = s.pool.QueryRow(ctx, readMap, id).Scan(&seatMap.terms, &seatMap.Version, &seatMap.Held, &seatMap.Sold)
	if errors.Is(err, pgx.ErrNoRows) {
		return SeatMap{}, booking.E(booking.CodeNotFound, "There is no such show.")
	}
	if err != nil {
		return SeatMap{}, translate("seat map", err)
	}
	at, err := s.shows.at(ctx, seatMap.ShowID, seatMap.terms)
	if err != nil {
		return SeatMap{}, err
	}
	seatMap.Layout = at.terms.Layout
	seatMap.Prices = make(map[string]booking.Money, len(at.terms.Prices))
	for category, price := range at.terms.Prices {
		seatMap.Prices[category] = booking.Money{Amount: price, Currency: at.terms.Currency}
	}
	return seatMap, nil
}
