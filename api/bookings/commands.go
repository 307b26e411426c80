package bookings

import (
	"context"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// cancel releases a hold or cancels a confirmed booking.
func (s *service) cancel(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ownBooking(r)
	if err != nil {
		return err
	}
	var request workflows.CancelRequest
	if err := rest.DecodeOptional(w, r, &request); err != nil {
		return err
	}
	if err := rest.Reason(&request.Reason, 0, "").Err(); err != nil {
		return err
	}
	if b.Status.Terminal() || isScanned(b) {
		return notCancellable()
	}
	err = s.Saga.Update(r.Context(), b.ID, workflows.UpdateCancel, request)
	s.Feed.Changed(b.Show.ID)
	if saga.IsOver(err) && !s.nowCancelled(r.Context(), b) {
		err = notCancellable()
	} else if saga.IsOver(err) {
		err = nil
	}
	return s.answerOwn(w, r, err)
}

// nowCancelled tells whether a booking is newly cancelled: the workflow did it, and ended
// before it could answer.
func (s *service) nowCancelled(ctx context.Context, before booking.Booking) bool {
	now, err := s.Bookings.Booking(ctx, before.ID)
	return err == nil && before.Status != booking.StatusCancelled && now.Status == booking.StatusCancelled
}

// reopenPayment opens the payment again, with the same provider or another.
func (s *service) reopenPayment(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ownBooking(r)
	if err != nil {
		return err
	}
	var request paymentChoice
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if problem, ok := s.checkProvider("provider", request.Provider); !ok {
		return booking.Invalid(problem)
	}
	over := booking.E(booking.CodeNotPayable, "This booking can no longer be paid.")
	if b.Status != booking.StatusHeld {
		return over
	}
	if b.ConfirmEmail {
		return booking.E(booking.CodeConfirmEmail, "Type the code that we mailed you first: the ticket goes to that address.")
	}
	provider, err := s.choose(r.Context(), "provider", request.Provider, b.Show.ID, &b.Quote.Total)
	if err != nil {
		return err
	}
	err = s.Saga.Update(r.Context(), b.ID, workflows.UpdateReopen, workflows.ReopenRequest{Provider: provider})
	if saga.IsOver(err) {
		err = over
	}
	return s.answerOwn(w, r, err)
}

// extendHold gives the customer one more period to pay. It answers from the database when
// there is nothing to ask the workflow: the hold is over, or has just begun again.
func (s *service) extendHold(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ownBooking(r)
	if err != nil {
		return err
	}
	request := workflows.ExtendRequest{By: s.Policy.HoldFor, Customer: true, Times: s.Policy.HoldExtensions}
	if b.Status != booking.StatusHeld || b.Payment != nil && b.Payment.Status == booking.PaymentInDoubt {
		return booking.NotExtendable(booking.ReasonNotHeld)
	}
	if request.Repeats(time.Until(b.HoldExpiresAt)) {
		return rest.Answer(w, http.StatusOK, b)
	}
	err = s.Saga.Update(r.Context(), b.ID, workflows.UpdateExtend, request)
	if saga.IsOver(err) {
		err = booking.NotExtendable(booking.ReasonNotHeld)
	}
	return s.answerOwn(w, r, err)
}

// checkPayment asks the provider now. It answers with the booking of the database when
// there is nothing to ask: the booking is paid or over, or the workflow is already asking
// or was asked a moment ago.
func (s *service) checkPayment(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ownBooking(r)
	if err != nil {
		return err
	}
	if b.Status != booking.StatusHeld || b.Payment != nil && b.Payment.Status == booking.PaymentInDoubt {
		return rest.Answer(w, http.StatusOK, b)
	}
	err = s.askProvider(r.Context(), b.ID)
	switch code := booking.CodeOf(err); {
	case saga.IsOver(err), code == booking.CodeBusy, code == booking.CodeTooManyRequests:
		err = nil
	}
	return s.answerOwn(w, r, err)
}

// askProvider lets the booking's workflow ask the provider. Requests that come meanwhile
// wait for the same answer; a request that is cut off does not cancel it for the others.
func (s *service) askProvider(ctx context.Context, bookingID string) error {
	answer := s.checks.DoChan(bookingID, func() (any, error) {
		return nil, s.Saga.Update(context.WithoutCancel(ctx), bookingID, workflows.UpdateCheck)
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case done := <-answer:
		return done.Err
	}
}

// answerOwn ends a command: with its error, or with the booking as it is now.
func (s *service) answerOwn(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return err
	}
	b, err := s.ownBooking(r)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, b)
}
