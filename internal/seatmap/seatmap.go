package seatmap

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// Store reads seat maps on Postgres.
type Store struct {
	pool  *pgxpool.Pool
	shows *shows.Store
	// looked is told of each look at a show whose seats a theater's own system sells.
	looked func(showID string)
}

// Option changes a Store.
type Option func(*Store)

// WithLook tells a function, which must not block, of each look at the seats of a show that
// the theater's own system sells: what is here may be old.
func WithLook(looked func(showID string)) Option { return func(s *Store) { s.looked = looked } }

// New makes a store on the shows whose seats are asked for.
func New(known *shows.Store, options ...Option) *Store {
	s := &Store{pool: known.Pool(), shows: known}
	for _, o := range options {
		o(s)
	}
	return s
}

func translate(step string, err error) error { return shows.Translate("seatmap: "+step, err) }

// The version of a map is the database's clock, in microseconds, at the start of
// the transaction that read it. now() is taken before the statement's snapshot,
// so a map of version v has every change that was acknowledged up to v, at every API
// replica, without a counter row that all sales of a show would queue for. A position in
// the write-ahead log would not do: a commit is in the log before it is visible, for as
// long as the flush to disk takes, and a hold that runs out changes the map without a
// commit.
//
// Expired holds count as free: the next hold overtakes them.
const readMap = `SELECT s.terms_version, (extract(epoch FROM now()) * 1000000)::bigint,
		s.status = 'scheduled' AND now() BETWEEN s.sales_open_at AND s.sales_close_at AND NOT x.closed, x.closed, h.seats_as_of, h.show_id IS NOT NULL,
		coalesce(c.held, '{}'), coalesce(c.sold, '{}')
	FROM shows s CROSS JOIN LATERAL (
		SELECT array_agg(c.seat ORDER BY c.seat) FILTER (WHERE c.state = 'held' AND c.held_until >= now()) AS held,
		       array_agg(c.seat ORDER BY c.seat) FILTER (WHERE c.state = 'sold') AS sold
		FROM seat_claims c WHERE c.show_id = s.id) c
	LEFT JOIN house_shows h ON h.show_id = s.id
	CROSS JOIN LATERAL (SELECT h.show_id IS NOT NULL AND house_closed(s.id) AS closed) x
	WHERE s.id = $1`

// SeatMap reads a show's seats now. Code: not_found.
func (s *Store) SeatMap(ctx context.Context, showID string) (shows.SeatMap, error) {
	id, err := shows.ParseID("show", showID)
	if err != nil {
		return shows.SeatMap{}, err
	}
	for range shows.TermsTries {
		var version int64
		var remote bool
		seatMap := shows.SeatMap{ShowID: id.String()}
		err = s.pool.QueryRow(ctx, readMap, id).Scan(&version, &seatMap.Version, &seatMap.OnSale,
			&seatMap.Paused, shows.MaybeUTC(&seatMap.AsOf), &remote, &seatMap.Held, &seatMap.Sold)
		if errors.Is(err, pgx.ErrNoRows) {
			return shows.SeatMap{}, booking.E(booking.CodeNotFound, "There is no such show.")
		}
		if err != nil {
			return shows.SeatMap{}, translate("seat map", err)
		}
		at, err := s.shows.ShowAt(ctx, seatMap.ShowID, version)
		if err != nil {
			return shows.SeatMap{}, err
		}
		if at.Terms.Version == version {
			if remote && s.looked != nil {
				s.looked(seatMap.ShowID)
			}
			if s.shows.Paused(at) {
				seatMap.OnSale, seatMap.Paused = false, true
			}
			seatMap.AccessibleUntil = at.AccessibleUntil()
			return withTerms(seatMap, at.Terms), nil
		}
		// The terms changed between the two reads: these seats are not of that layout.
	}
	return shows.SeatMap{}, shows.Unavailable(fmt.Errorf("seatmap: seat map: the terms of show %s keep changing", id))
}

// withTerms completes a map with the terms its seats are sold on.
func withTerms(m shows.SeatMap, terms booking.Terms) shows.SeatMap {
	m.Terms, m.Status, m.Layout = terms, terms.Status, terms.Layout
	m.Prices = make(map[string]booking.Money, len(terms.Prices))
	for category, price := range terms.Prices {
		m.Prices[category] = booking.Money{Amount: price, Currency: terms.Currency}
	}
	return m
}
