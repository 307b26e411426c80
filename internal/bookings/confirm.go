package bookings

import (
	"context"
	"encoding/hex"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// serialTries is how often a ticket's serial is drawn when it exists already,
// which is a one in 10⁵ event with ten million tickets out.
const serialTries = 3

// stateNotEnded is the SQLSTATE of a late payment whose booking has not ended.
const stateNotEnded = "BX009"

// Confirm sells the seats for a payment if they are still this booking's, and
// issues the ticket. A repeat answers with the existing ticket. Codes: hold_lost, also for
// a payment that is to go back; show_not_on_sale; payment_refused for a card that has bought
// as many seats of the show as it may.
func (s *Store) Confirm(ctx context.Context, bookingID string, paid booking.PaymentState) (booking.Confirmed, error) {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return booking.Confirmed{}, err
	}
	var confirmed booking.Confirmed
	var showID string
	function, card := "confirm_booking($1, $2, $3, $4)", []any(nil)
	if key, err := hex.DecodeString(paid.Card); err == nil && len(key) > 0 && s.perCard > 0 {
		function, card = "sell_to_card($1, $2, $3, $4, $5, $6)", []any{key, s.perCard}
	}
	for range serialTries {
		err = s.pool.QueryRow(ctx, `SELECT serial, issued_at, of_show::text FROM `+function,
			append([]any{id, shows.NewSerial(), paid.Provider, paid.Reference}, card...)...).Scan(&confirmed.TicketSerial, shows.UTC(&confirmed.At), &showID)
		if !shows.HasState(err, shows.StateUnique) {
			break
		}
	}
	if err != nil {
		return booking.Confirmed{}, translate("confirm", err)
	}
	s.shows.Changed(ctx, showID, bookingID)
	return confirmed, nil
}

// DecideLate decides once about a payment whose booking's workflow has ended. Code:
// unavailable while the booking has not ended.
func (s *Store) DecideLate(ctx context.Context, late booking.PaymentState, rebook bool) (booking.LateDecision, error) {
	id, err := shows.ParseID("booking", late.BookingID)
	if err != nil {
		return "", err
	}
	var decision booking.LateDecision
	err = s.pool.QueryRow(ctx, `SELECT decide_late_payment($1, $2, $3, $4)`, late.Provider, late.Reference, id, rebook).Scan(&decision)
	if shows.HasState(err, stateNotEnded) {
		return "", booking.E(booking.CodeUnavailable, "The booking has not ended yet.").Wrap(err)
	}
	return decision, translate("decide late payment", err)
}

// End frees the seats of a booking that was never confirmed. A booking that was never made
// has nothing to free.
func (s *Store) End(ctx context.Context, end booking.Ending) error {
	if len(end.HouseSold) > 0 || end.HouseKeeps > 0 {
		return s.step(ctx, "end", end.BookingID, `SELECT end_house_booking($1, $2, $3, $4, $5)::text`, end.Status, end.Detail,
			end.HouseSold, end.HouseKeeps)
	}
	return s.step(ctx, "end", end.BookingID, `SELECT end_booking($1, $2, $3)::text`, end.Status, end.Detail)
}

// Cancel undoes a confirmation: seats free, ticket void, refund owed.
func (s *Store) Cancel(ctx context.Context, c booking.Cancellation) error {
	return s.step(ctx, "cancel", c.BookingID, `SELECT cancel_booking($1, $2, $3, $4)::text`,
		c.Refund.Amount, c.Detail, c.EvenScanned)
}

// OweRefund promises a share of what was paid for a booking that was sold, rounded
// down to what its provider can give back. It does not undo the sale. Code: not_cancellable
// without a sale.
func (s *Store) OweRefund(ctx context.Context, bookingID string, percent int64, reason string) (booking.OwedRefund, error) {
	b, err := s.Booking(ctx, bookingID)
	if err != nil {
		return booking.OwedRefund{}, err
	}
	owed := booking.OwedRefund{Amount: booking.Money{Currency: b.Quote.Total.Currency}}
	var showID string
	err = s.pool.QueryRow(ctx, `SELECT due, provider, reference, refunded, promise, of_show::text FROM owe_refund($1, $2, $3, $4)`,
		b.ID, min(max(percent, 0), 100), max(b.Quote.Unit, 1), reason).
		Scan(&owed.Amount.Amount, &owed.Provider, &owed.Reference, &owed.Refunded, &owed.Promise, &showID)
	if err != nil {
		return booking.OwedRefund{}, translate("owe refund", err)
	}
	s.shows.Changed(ctx, showID, bookingID)
	return owed, nil
}

// SoldBookings gives a page of the confirmed bookings of a show, in the order of their
// ids.
func (s *Store) SoldBookings(ctx context.Context, showID, after string, limit int) ([]string, error) {
	show, err := shows.ParseID("show", showID)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `SELECT id::text FROM bookings
		WHERE show_id = $1 AND status = 'confirmed' AND id > coalesce(nullif($2, '')::uuid, '00000000-0000-0000-0000-000000000000')
		ORDER BY id LIMIT $3`, show, after, limit)
	if err != nil {
		return nil, translate("bookings of a show", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, translate("bookings of a show", err)
}

// RefundProgress counts the confirmed bookings of a show, those that were promised
// money back, and those whose refund is done.
func (s *Store) RefundProgress(ctx context.Context, showID string) (p booking.RefundProgress, err error) {
	show, err := shows.ParseID("show", showID)
	if err != nil {
		return p, err
	}
	err = s.pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE b.refund_due > 0),
			count(*) FILTER (WHERE b.refund_due > 0 AND back.refunded >= b.refund_due)
		FROM bookings b CROSS JOIN LATERAL (SELECT coalesce(sum(p.refunded), 0) AS refunded FROM payments p WHERE p.booking_id = b.id) back
		WHERE b.show_id = $1 AND b.status = 'confirmed'`, show).Scan(&p.Bookings, &p.Promised, &p.Refunded)
	return p, translate("refunds of a show", err)
}

// Alert tells staff about something a person has to look at, once.
func (s *Store) Alert(ctx context.Context, a booking.Alert) error {
	if a.BookingID != "" {
		if _, err := shows.ParseID("booking", a.BookingID); err != nil {
			return err
		}
	}
	return translate("alert", alerts.Raise(ctx, s.pool, a))
}
