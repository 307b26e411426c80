package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// ownBooking reads the booking that the path names. Somebody else's is not found,
// whatever the verb.
func (a *api) ownBooking(r *http.Request) (booking.Booking, error) {
	id, err := pathID(r, "booking")
	if err != nil {
		return booking.Booking{}, err
	}
	b, err := a.Bookings.CustomerBooking(r.Context(), principalOf(r).AccountID, id)
	a.addCheckoutSecret(b.Payment)
	return b, err
}

func (a *api) getBooking(w http.ResponseWriter, r *http.Request) {
	b, err := a.ownBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, b)
}

func (a *api) listBookings(w http.ResponseWriter, r *http.Request) {
	limit, limitErr := limitOf(r)
	status, statusErr := statusOf(r)
	if err := invalidTogether(limitErr, statusErr); err != nil {
		a.fail(w, r, err)
		return
	}
	items, next, err := a.Bookings.CustomerBookings(r.Context(), principalOf(r).AccountID,
		status, limit, r.URL.Query().Get("cursor"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	for _, b := range items {
		a.addCheckoutSecret(b.Payment)
	}
	a.answer(w, r, http.StatusOK, pageOf(items, next))
}

// statusOf reads ?status.
func statusOf(r *http.Request) (booking.Status, error) {
	all := []booking.Status{booking.StatusHeld, booking.StatusConfirmed, booking.StatusCancelled,
		booking.StatusExpired, booking.StatusPaymentFailed, booking.StatusRejected}
	status := booking.Status(r.URL.Query().Get("status"))
	if status == "" || slices.Contains(all, status) {
		return status, nil
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s)
	}
	return "", booking.Invalid(booking.FieldError{
		Field: "status", Message: "Must be one of: " + strings.Join(names, ", ") + "."})
}

// cancellationQuote says what a cancellation would give back now. The workflow
// computes it again, by the same terms: those that the booking was made under.
func (a *api) cancellationQuote(w http.ResponseWriter, r *http.Request) {
	b, err := a.ownBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	now := a.Now()
	if b.Status != booking.StatusConfirmed || isScanned(b) || !now.Before(b.Show.StartsAt) {
		a.fail(w, r, notCancellable())
		return
	}
	quote, err := a.comesBack(r.Context(), b, now)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, quote)
}

// comesBack is everything when the theater cancelled the show, or moved it and the
// customer may choose, or has not been told yet.
func (a *api) comesBack(ctx context.Context, b booking.Booking, now time.Time) (booking.CancellationQuote, error) {
	quote := booking.FullRefund(b.Quote)
	if all, err := a.Changes.AllComesBack(ctx, b.ID); err != nil || all {
		return quote, err
	}
	switch change, err := a.Changes.BookingChange(ctx, b.ID); {
	case err == nil && change.Open:
		quote.Until = *change.DecideBy
		return quote, nil
	case err != nil && booking.CodeOf(err) != booking.CodeNotFound:
		return quote, err
	default:
		terms := b.Refunds
		if terms == nil {
			terms = a.Policy.Refunds
		}
		return terms.Quote(b.Quote, b.Show.StartsAt, now), nil
	}
}

// isScanned tells whether somebody went in with the ticket.
func isScanned(b booking.Booking) bool { return b.Ticket != nil && b.Ticket.ScannedAt != nil }

func notCancellable() error {
	return booking.E(booking.CodeNotCancellable, "This booking cannot be cancelled.")
}

// watchBooking streams the booking, at once and on every change.
func (a *api) watchBooking(w http.ResponseWriter, r *http.Request) {
	b, err := a.ownBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	customerID, bookingID := b.CustomerID, b.ID // the rest need not stay in memory
	a.stream(w, r, func(context.Context) (sending, error) {
		return func(ctx context.Context, s *eventStream) error { return a.followBooking(ctx, s, customerID, bookingID) }, nil
	})
}

// followBooking sends the booking for every version the feed tells, the first of
// which comes at once.
func (a *api) followBooking(ctx context.Context, s *eventStream, customerID, bookingID string) error {
	beat := time.NewTicker(heartbeatEvery)
	defer beat.Stop()
	versions := a.BookingFeed.Watch(ctx, bookingID)
	for {
		select {
		case <-beat.C:
			if err := s.beat(); err != nil {
				return err
			}
		case _, open := <-versions:
			if !open {
				return nil
			}
			b, err := a.Bookings.CustomerBooking(ctx, customerID, bookingID)
			if err != nil {
				return err
			}
			a.addCheckoutSecret(b.Payment)
			if err := s.send("booking", b.Version, b); err != nil {
				return err
			}
		}
	}
}
