package bookings

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// runOn is how long before the start of a show its bookings need no workflow any more: they
// end at the start, by another clock than the database's.
const runOn = 10 * time.Minute

// suspects are bookings whose workflow should be running. $1 is the place after
// which to look, $2 how many, $3 how long a hold may have run out: its workflow may
// be late. Only Temporal knows which of them really have none.
var suspects = map[booking.Status]string{
	// Few at a time: those that the provider keeps in doubt, and those that are lost.
	booking.StatusHeld: `WHERE b.status = 'held' AND b.hold_expires_at < clock_timestamp() - $3::interval AND b.id > $1
		ORDER BY b.id LIMIT $2`,
	// The change of a show handles its bookings without a workflow itself.
	booking.StatusConfirmed: `WHERE b.status = 'confirmed' AND s.status = 'scheduled' AND s.starts_at > clock_timestamp() + $3::interval
		AND (s.id, b.id) > ($1, $4) ORDER BY s.id, b.id LIMIT $2`,
}

// Suspects gives bookings whose workflow should be running: held ones whose hold
// ran out a while ago, or confirmed ones whose show is still to come. after is the
// Place of the last one of the page before, empty for the first.
func (s *Store) Suspects(ctx context.Context, status booking.Status, after string, late time.Duration, limit int) ([]booking.LostBooking, error) {
	args := []any{uuid.Nil, limit, late}
	if status == booking.StatusConfirmed {
		args = []any{uuid.Nil, limit, runOn, uuid.Nil}
	}
	if after != "" {
		show, id, _ := strings.Cut(after, " ")
		first, err := shows.ParseID("booking", show)
		if err != nil {
			return nil, err
		}
		args[0] = first
		if status == booking.StatusConfirmed {
			if args[3], err = shows.ParseID("booking", id); err != nil {
				return nil, err
			}
		}
	}
	rows, err := s.pool.Query(ctx, `SELECT b.id::text, b.customer_id::text, b.show_id::text, s.theater_id::text, b.seats, b.status
		FROM bookings b JOIN shows s ON s.id = b.show_id `+suspects[status], args...)
	if err != nil {
		return nil, translate("find bookings that may be lost", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.LostBooking, error) {
		var l booking.LostBooking
		err := row.Scan(&l.BookingID, &l.CustomerID, &l.ShowID, &l.TheaterID, &l.Seats, &l.Status)
		l.Place = l.BookingID
		if status == booking.StatusConfirmed {
			l.Place = l.ShowID + " " + l.BookingID
		}
		return l, err
	})
	return found, translate("find bookings that may be lost", err)
}

// Standing says where a booking stands. Code: not_found.
func (s *Store) Standing(ctx context.Context, bookingID string) (booking.Standing, error) {
	b, err := s.Booking(ctx, bookingID)
	if err != nil {
		return booking.Standing{}, err
	}
	standing := booking.Standing{
		Status: b.Status, CreatedAt: b.CreatedAt, Refunds: b.Refunds, RefundDue: booking.Money{Currency: b.Quote.Total.Currency},
		Held: booking.Held{BookingID: b.ID, Show: b.Show, Seats: b.Seats, Quote: b.Quote, ExpiresAt: b.HoldExpiresAt},
	}
	if b.House != nil {
		standing.Held.House, standing.HouseReference = &b.House.Terms, b.House.Reference
	}
	if b.Refund != nil {
		standing.RefundDue = b.Refund.Amount
	}
	var left float64
	var hasPhone bool
	err = s.pool.QueryRow(ctx, `SELECT extract(epoch FROM b.hold_expires_at - clock_timestamp())::float8, phone_of(a.id) <> '', b.request_hash
		FROM bookings b JOIN accounts a ON a.id = b.customer_id WHERE b.id = $1`, b.ID).Scan(&left, &hasPhone, &standing.RequestHash)
	if err != nil {
		return standing, translate("standing", err)
	}
	standing.Held.ExpiresIn = time.Duration(left * float64(time.Second))
	standing.Held.Channels = []booking.Channel{booking.ChannelEmail}
	if hasPhone {
		standing.Held.Channels = append(standing.Held.Channels, booking.ChannelSMS)
	}
	if standing.Payment, err = s.latestPayment(ctx, b.ID); err != nil {
		return standing, err
	}
	if standing.Told, err = s.told(ctx, b.ID); err != nil {
		return standing, err
	}
	standing.Moves, err = s.shows.Changes(ctx, `JOIN show_change_bookings cb ON cb.change_id = ch.id
		WHERE cb.booking_id = $1 AND cb.told_at IS NOT NULL AND ch.kind = 'rescheduled' AND ch.show_id = $2
		ORDER BY ch.created_at, ch.id`, b.ID, b.Show.ID)
	return standing, err
}

func (s *Store) latestPayment(ctx context.Context, bookingID string) (booking.PaymentState, error) {
	p := booking.PaymentState{BookingID: bookingID}
	err := s.pool.QueryRow(ctx, `SELECT provider, reference, attempt, status, amount, currency, captured, refunded, client_secret, checkout_url
		FROM payments WHERE booking_id = $1 ORDER BY attempt DESC, created_at DESC LIMIT 1`, bookingID).
		Scan(&p.Provider, &p.Reference, &p.Attempt, &p.Status, &p.Amount, &p.Currency, &p.Captured, &p.Refunded,
			&p.ClientSecret, &p.CheckoutURL)
	if errors.Is(err, pgx.ErrNoRows) {
		return booking.PaymentState{}, nil
	}
	return p, translate("latest payment", err)
}

func (s *Store) told(ctx context.Context, bookingID string) (map[booking.Notice]int, error) {
	rows, err := s.pool.Query(ctx, `SELECT notice, max(sequence) + 1 FROM notifications WHERE booking_id = $1 GROUP BY notice`, bookingID)
	if err != nil {
		return nil, translate("messages of a booking", err)
	}
	told := map[booking.Notice]int{}
	var notice booking.Notice
	var n int
	_, err = pgx.ForEachRow(rows, []any{&notice, &n}, func() error {
		told[notice] = n
		return nil
	})
	return told, translate("messages of a booking", err)
}
