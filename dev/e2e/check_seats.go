package e2e

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// grace is how long after its expiry a hold may still be there.
const grace = 30 * time.Second

func soldOnce(ctx context.Context, e *evidence) ([]string, error) {
	return e.rows(ctx, `
		SELECT format('show %s, seat %s: bookings %s', b.show_id, s.seat, string_agg(b.id::text, ', '))
		FROM bookings b, unnest(b.seats) AS s (seat)
		WHERE b.status = 'confirmed' AND ($1::uuid[] IS NULL OR b.show_id = ANY ($1))
		GROUP BY b.show_id, s.seat HAVING count(*) > 1`)
}

// wholeHolds checks the holds that no other may overtake: those whose time is not up (to
// end, or to fetch the answer), and those that a payment in doubt keeps. The next buyers
// may take seats of an expired hold.
func wholeHolds(ctx context.Context, e *evidence) ([]string, error) {
	return e.rows(ctx, `
		SELECT format('booking %s holds %s of its %s seats', b.id, count(c.seat), cardinality(b.seats))
		FROM bookings b LEFT JOIN seat_claims c
			ON c.booking_id = b.id AND c.show_id = b.show_id AND c.seat = ANY (b.seats) AND c.state = 'held'
		WHERE b.status = 'held' AND ($1::uuid[] IS NULL OR b.show_id = ANY ($1))
		GROUP BY b.id
		HAVING count(c.seat) <> cardinality(b.seats)
			AND (least(b.hold_expires_at, b.fetch_by) > clock_timestamp() OR bool_or(c.held_until = 'infinity'))`)
}

func noOldHolds(ctx context.Context, e *evidence) ([]string, error) {
	return e.rows(ctx, `
		SELECT format('booking %s is held, its time was up at %s', b.id, b.hold_expires_at)
		FROM bookings b
		WHERE b.status = 'held' AND b.hold_expires_at < clock_timestamp() - $2::interval
			AND ($1::uuid[] IS NULL OR b.show_id = ANY ($1))
			AND NOT EXISTS (SELECT FROM seat_claims c WHERE c.booking_id = b.id AND c.held_until = 'infinity')
		UNION ALL
		SELECT format('show %s, seat %s: claimed by booking %s until %s', c.show_id, c.seat, c.booking_id, c.held_until)
		FROM seat_claims c
		WHERE c.state = 'held' AND c.held_until < clock_timestamp() - $2::interval
			AND ($1::uuid[] IS NULL OR c.show_id = ANY ($1))`, grace)
}

// seatsAddUp compares claims with the bookings they belong to, unless they are a theater's own,
// and with the layout, and the seat map that customers see with both.
func seatsAddUp(ctx context.Context, e *evidence) ([]string, error) {
	cases, err := e.rows(ctx, `
		SELECT format('show %s, seat %s is %s for booking %s, which is %s', c.show_id, c.seat, c.state, c.booking_id,
			coalesce(b.status, 'not there'))
		FROM seat_claims c LEFT JOIN bookings b ON b.id = c.booking_id AND b.show_id = c.show_id
		WHERE ($1::uuid[] IS NULL OR c.show_id = ANY ($1))
			AND NOT (c.booking_id = $2 AND EXISTS (SELECT FROM house_shows h WHERE h.show_id = c.show_id))
			AND (b.id IS NULL OR c.seat <> ALL (b.seats)
				OR b.status IS DISTINCT FROM CASE c.state WHEN 'sold' THEN 'confirmed' ELSE 'held' END)
		UNION ALL
		SELECT format('booking %s is confirmed, but seat %s is not sold to it', b.id, s.seat)
		FROM bookings b CROSS JOIN unnest(b.seats) AS s (seat)
			LEFT JOIN seat_claims c ON c.show_id = b.show_id AND c.seat = s.seat AND c.booking_id = b.id AND c.state = 'sold'
		WHERE b.status = 'confirmed' AND c.seat IS NULL AND ($1::uuid[] IS NULL OR b.show_id = ANY ($1))
		UNION ALL
		SELECT format('show %s has no seat %s, booking %s claims it', c.show_id, c.seat, c.booking_id)
		FROM seat_claims c JOIN shows s ON s.id = c.show_id JOIN layouts l ON l.id = s.layout_id
		WHERE ($1::uuid[] IS NULL OR c.show_id = ANY ($1))
			AND NOT EXISTS (SELECT FROM jsonb_path_query(l.layout, '$.rows[*].seats[*].id') AS seat WHERE seat #>> '{}' = c.seat)`, ofTheater)
	if err != nil {
		return nil, err
	}
	for _, show := range e.shows {
		wrong, err := e.seatMapOf(ctx, show)
		if err != nil {
			return nil, err
		}
		cases = append(cases, wrong...)
	}
	return cases, nil
}

// seatMapOf compares what customers see of a show with its claims.
func (e *evidence) seatMapOf(ctx context.Context, show string) ([]string, error) {
	seen, err := e.seats(ctx, show)
	if err != nil {
		return nil, fmt.Errorf("seats of show %s: %w", show, err)
	}
	all := map[string]bool{}
	for _, row := range seen.Layout.Rows {
		for _, seat := range row.Seats {
			all[seat.ID] = true
		}
	}
	var cases []string
	free := len(all)
	for _, seat := range slices.Concat(seen.Held, seen.Sold) {
		if !all[seat] {
			cases = append(cases, fmt.Sprintf("show %s: seat %s is taken twice, or is none", show, seat))
			continue
		}
		all[seat] = false
		free--
	}
	sold, err := e.count(ctx, `SELECT count(*) FROM seat_claims WHERE show_id = $1 AND state = 'sold'`, show)
	if err != nil {
		return nil, err
	}
	if sold != len(seen.Sold) {
		cases = append(cases, fmt.Sprintf("show %s shows %d seats as sold, %d are", show, len(seen.Sold), sold))
	}
	if free+len(seen.Held)+len(seen.Sold) != len(all) {
		cases = append(cases, fmt.Sprintf("show %s: %d free + %d held + %d sold of %d", show, free, len(seen.Held), len(seen.Sold), len(all)))
	}
	return cases, nil
}

func (e *evidence) count(ctx context.Context, sql string, args ...any) (int, error) {
	found, err := e.db.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	return pgx.CollectExactlyOneRow(found, pgx.RowTo[int])
}
