package seats

import (
	"context"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// serialTries is how often a ticket's serial is drawn when it exists already,
// which is a one in 10⁵ event with ten million tickets out.
const serialTries = 3

// Confirm sells the seats for a payment if they are still this booking's, and
// issues the ticket. A repeat answers with the ticket that there is. Codes:
// hold_lost, also for a payment that is to go back; show_not_on_sale.
func (s *Store) Confirm(ctx context.Context, bookingID string, paid booking.PaymentState) (booking.Confirmed, error) {
	id, err := parseID("booking", bookingID)
	if err != nil {
		return booking.Confirmed{}, err
	}
	var confirmed booking.Confirmed
	var showID string
	for range serialTries {
		err = s.pool.QueryRow(ctx, `SELECT serial, issued_at, of_show::text FROM confirm_booking($1, $2, $3, $4)`,
			id, newSerial(), paid.Provider, paid.Reference).Scan(&confirmed.TicketSerial, (*utc)(&confirmed.At), &showID)
		if !hasState(err, stateUnique) {
			break
		}
	}
	if err != nil {
		return booking.Confirmed{}, translate("confirm", err)
	}
	s.changed(ctx, showID, bookingID)
	return confirmed, nil
}

// DecideLate says what becomes of a payment whose booking's workflow has ended, once
// and for all. Code: unavailable while the booking has not ended.
func (s *Store) DecideLate(ctx context.Context, late booking.PaymentState, rebook bool) (booking.LateDecision, error) {
	id, err := parseID("booking", late.BookingID)
	if err != nil {
		return "", err
	}
	var decision booking.LateDecision
	err = s.pool.QueryRow(ctx, `SELECT decide_late_payment($1, $2, $3, $4)`, late.Provider, late.Reference, id, rebook).Scan(&decision)
	if hasState(err, stateNotEnded) {
		return "", booking.E(booking.CodeUnavailable, "The booking has not ended yet.").Wrap(err)
	}
	return decision, translate("decide late payment", err)
}

// End frees the seats of a booking that was never confirmed. A booking that never
// came to be has nothing to free.
func (s *Store) End(ctx context.Context, end booking.Ending) error {
	return s.step(ctx, "end", end.BookingID, `SELECT end_booking($1, $2, $3)::text`, end.Status, end.Detail)
}

// Cancel undoes a confirmation: seats free, ticket void, refund owed.
func (s *Store) Cancel(ctx context.Context, c booking.Cancellation) error {
	return s.step(ctx, "cancel", c.BookingID, `SELECT cancel_booking($1, $2, $3, $4)::text`,
		c.Refund.Amount, c.Detail, c.EvenScanned)
}

// Alert tells staff about something a person has to look at, once.
func (s *Store) Alert(ctx context.Context, a booking.Alert) error {
	if a.BookingID != "" {
		if _, err := parseID("booking", a.BookingID); err != nil {
			return err
		}
	}
	return translate("alert", alerts.Raise(ctx, s.pool, a))
}
