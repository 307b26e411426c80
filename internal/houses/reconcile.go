package houses

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// ShowsToReconcile gives a page of the shows of a house whose sales are compared: those from a
// day ago until tomorrow and, of the later ones, those with orders of ours. after is the last
// ShowID of the page before.
func (s *Store) ShowsToReconcile(ctx context.Context, theaterID, after string, limit int) ([]booking.HouseListed, error) {
	id, err := parseID("theater", theaterID)
	if err != nil {
		return nil, err
	}
	from, _ := uuid.Parse(after)
	rows, err := s.pool.Query(ctx, `
		SELECT h.show_id::text, h.external_id FROM house_shows h JOIN shows s ON s.id = h.show_id
		WHERE h.theater_id = $1 AND h.show_id > $2 AND s.starts_at > clock_timestamp() - interval '1 day'
			AND (s.starts_at < clock_timestamp() + interval '1 day' OR EXISTS (SELECT FROM house_orders o WHERE o.show_id = s.id))
		ORDER BY h.show_id LIMIT $3`, id, from, limit)
	if err != nil {
		return nil, wrap(err, "shows of theater %s", id)
	}
	shows, err := pgx.CollectRows(rows, pgx.RowToStructByPos[booking.HouseListed])
	return shows, wrap(err, "shows of theater %s", id)
}

// Reconcile compares a house's list of our sales of a show, the whole of it, with our bookings,
// stores what differs, and alerts staff. What differs for less than grace may be a step that is
// under way, and is left alone. An orphan that was seen first longer ago than grace comes with
// the order to cancel. Code: not_found.
func (s *Store) Reconcile(ctx context.Context, theaterID, showID string, sales []booking.HouseState, grace time.Duration) ([]booking.HouseFinding, error) {
	house, err := s.House(ctx, theaterID)
	if err != nil {
		return nil, err
	}
	id, err := parseID("show", showID)
	if err != nil {
		return nil, err
	}
	c := comparison{house: house, show: booking.HouseListed{ShowID: id.String()}, grace: grace}
	err = s.pool.QueryRow(ctx, `
		SELECT h.external_id, h.seats, s.status = 'cancelled' OR coalesce(h.pending->>'cancelled' = 'true', false)
		FROM house_shows h JOIN shows s ON s.id = h.show_id WHERE h.show_id = $1 AND h.theater_id = $2`, id, house.TheaterID).
		Scan(&c.show.Show, &c.addresses, &c.off)
	if err != nil {
		return nil, wrap(err, "reconcile show %s", id)
	}
	if c.books, err = s.entered(ctx, id, sales); err != nil {
		return nil, err
	}
	c.compare(sales)
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return note(ctx, tx, house.TheaterID, id, grace, c.found) })
	if err != nil {
		return nil, wrap(err, "note what differs of show %s", id)
	}
	return c.found, nil
}

// entered reads the bookings of the show that have an order, and those that the sales name.
func (s *Store) entered(ctx context.Context, show uuid.UUID, sales []booking.HouseState) (map[string]entered, error) {
	named := []string{}
	for _, sale := range sales {
		if id, _, keyed := readKey(sale.Key); keyed {
			named = append(named, id)
		}
	}
	rows, err := s.pool.Query(ctx, `
		SELECT b.id::text, b.status, b.show_id::text, b.seats, greatest(extract(epoch FROM clock_timestamp() - b.updated_at), 0)::float8,
			o.booking_id IS NOT NULL, coalesce(o.status, ''), coalesce(o.attempt, 0), coalesce(o.total, 0), coalesce(o.currency, '')
		FROM bookings b LEFT JOIN house_orders o ON o.booking_id = b.id
		WHERE b.id = ANY ($2::uuid[]) OR b.id IN (SELECT w.booking_id FROM house_orders w WHERE w.show_id = $1)`, show, named)
	if err != nil {
		return nil, wrap(err, "bookings of show %s", show)
	}
	books := map[string]entered{}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e entered, err error) {
		var seconds float64
		err = row.Scan(&e.id, &e.status, &e.show, &e.seats, &seconds, &e.ordered, &e.order, &e.attempt, &e.total.Amount, &e.total.Currency)
		e.age = time.Duration(seconds * float64(time.Second))
		return e, err
	})
	if err != nil {
		return nil, wrap(err, "bookings of show %s", show)
	}
	for _, e := range all {
		books[e.id] = e
	}
	return books, nil
}

// note keeps the findings of a show: since when each is seen decides about orphans. It takes
// the order to cancel from those that are too young, and alerts staff of the others.
func note(ctx context.Context, tx pgx.Tx, theaterID string, show uuid.UUID, grace time.Duration, found []booking.HouseFinding) error {
	var sales, kinds []string
	for i := range found {
		f := &found[i]
		sales, kinds = append(sales, f.Sale), append(kinds, string(f.Kind))
		var bookingID *string
		if f.BookingID != "" {
			bookingID = &f.BookingID
		}
		var young bool
		var done string
		err := tx.QueryRow(ctx, `
			INSERT INTO house_findings AS f (theater_id, sale, kind, show_id, booking_id, detail) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (theater_id, sale, kind) DO UPDATE SET detail = excluded.detail
			RETURNING f.found_at > clock_timestamp() - $7::interval, f.done`,
			theaterID, f.Sale, f.Kind, show, bookingID, f.Alert.Detail, grace).Scan(&young, &done)
		if err != nil {
			return err
		}
		if f.Kind == booking.HouseOrphan && young {
			f.Cancel, f.Alert = nil, booking.Alert{}
			continue
		}
		if done == "kept" {
			f.Cancel = nil // the house has refused already; staff know
		}
		if err := alerts.Raise(ctx, tx, f.Alert); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		DELETE FROM house_findings f WHERE f.show_id = $1 AND f.done = ''
			AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS w (sale, kind) WHERE w.sale = f.sale AND w.kind = f.kind)`,
		show, sales, kinds)
	return err
}

// Orphaned tells whether there is still no live booking for an order: it is asked right before
// the order is cancelled at the house.
func (s *Store) Orphaned(ctx context.Context, showID string, order booking.HouseOrder) (bool, error) {
	id, err := parseID("show", showID)
	if err != nil {
		return false, err
	}
	books, err := s.entered(ctx, id, []booking.HouseState{{Key: order.Key()}})
	if err != nil {
		return false, err
	}
	return !books[order.BookingID].live(id.String(), order.Attempt), nil
}

// OrphanDone notes what was done about an orphan at its house: cancelled there, or kept because the
// house refused.
func (s *Store) OrphanDone(ctx context.Context, theaterID, sale string, cancelled bool) error {
	done := "kept"
	if cancelled {
		done = "cancelled"
	}
	_, err := s.pool.Exec(ctx, `UPDATE house_findings SET done = $4 WHERE theater_id = $1 AND sale = $2 AND kind = $3`,
		theaterID, sale, booking.HouseOrphan, done)
	return wrap(err, "note what was done about sale %s", sale)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
