package houses

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// Order is the order of a booking at its house, as our books have it.
type Order struct {
	BookingID string
	TheaterID string
	ShowID    string
	Attempt   int
	Status    booking.HouseOrderStatus
	Reference string
	Number    string
	Codes     map[string]string // by our name of the seat
	Total     booking.Money
	UpdatedAt time.Time
}

// Record stores what a house has said of an order. An older attempt of the booking changes
// nothing, and what the house does not repeat is kept. Code: not_found when there is no such
// booking, or theater.
func (s *Store) Record(ctx context.Context, order booking.HouseOrder, state booking.HouseState) error {
	id, err := parseID("booking", order.BookingID)
	if err != nil {
		return err
	}
	codes := map[string]string{}
	for _, seat := range order.Terms.Seats {
		if code := state.Codes[seat.Address]; code != "" {
			codes[seat.Seat] = code
		}
	}
	stored, err := s.pool.Exec(ctx, `
		INSERT INTO house_orders AS o (booking_id, theater_id, show_id, attempt, status, reference, number, codes, total, currency)
		SELECT b.id, h.theater_id, b.show_id, $3, $4, $5, $6, $7, $8, $9 FROM bookings b, houses h WHERE b.id = $1 AND h.theater_id = $2
		ON CONFLICT (booking_id) DO UPDATE SET theater_id = excluded.theater_id, show_id = excluded.show_id, attempt = excluded.attempt,
			status = excluded.status, updated_at = now(),
			reference = CASE WHEN excluded.attempt > o.attempt OR excluded.reference <> '' THEN excluded.reference ELSE o.reference END,
			number = CASE WHEN excluded.attempt > o.attempt OR excluded.number <> '' THEN excluded.number ELSE o.number END,
			codes = CASE WHEN excluded.attempt > o.attempt OR excluded.codes <> '{}' THEN excluded.codes ELSE o.codes END,
			total = CASE WHEN excluded.attempt > o.attempt OR excluded.currency <> '' THEN excluded.total ELSE o.total END,
			currency = CASE WHEN excluded.attempt > o.attempt OR excluded.currency <> '' THEN excluded.currency ELSE o.currency END
		WHERE excluded.attempt >= o.attempt`,
		id, order.Terms.TheaterID, order.Attempt, state.Status, state.Reference, state.Number, codes, state.Total.Amount, state.Total.Currency)
	if err != nil {
		return wrap(err, "record the order of booking %s", id)
	}
	if stored.RowsAffected() > 0 {
		return nil
	}
	// An older attempt, or nothing to refer to.
	_, err = s.ByBooking(ctx, id.String())
	return err
}

// ByBooking gives the last order of a booking. Code: not_found.
func (s *Store) ByBooking(ctx context.Context, bookingID string) (Order, error) {
	id, err := parseID("booking", bookingID)
	if err != nil {
		return Order{}, err
	}
	o := Order{BookingID: id.String()}
	err = s.pool.QueryRow(ctx, `SELECT theater_id::text, show_id::text, attempt, status, reference, number, codes, total, currency, updated_at
		FROM house_orders WHERE booking_id = $1`, id).
		Scan(&o.TheaterID, &o.ShowID, &o.Attempt, &o.Status, &o.Reference, &o.Number, &o.Codes, &o.Total.Amount, &o.Total.Currency, &o.UpdatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Order{}, booking.E(booking.CodeNotFound, "This booking has no order in the system of a theater.")
	}
	return o, wrap(err, "order of booking %s", id)
}

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
