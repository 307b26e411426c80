package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/text"
	"github.com/boxoffice/boxoffice/workflows"
)

const maxReason = 500 // characters

// checkReason gives a reason that people wrote its stored form. least is 0 or 1
// characters; more goes on with what to write.
func checkReason(reason *string, least int, more string) []booking.FieldError {
	*reason = text.Paragraphs(*reason)
	wrong := text.WrongParagraphs(*reason, least, maxReason)
	if wrong == "" {
		return nil
	}
	return []booking.FieldError{{Field: "reason", Message: wrong + more}}
}

// cancel lets a hold go or cancels a confirmed booking.
func (a *api) cancel(w http.ResponseWriter, r *http.Request) {
	b, err := a.ownBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var request workflows.CancelRequest
	if err := decodeOptional(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if problems := checkReason(&request.Reason, 0, ""); len(problems) > 0 {
		a.fail(w, r, booking.Invalid(problems...))
		return
	}
	if b.Status.Terminal() || isScanned(b) {
		a.fail(w, r, notCancellable())
		return
	}
	err = a.Saga.Update(r.Context(), b.ID, workflows.UpdateCancel, request)
	a.Feed.Changed(b.Show.ID)
	if isOver(err) && !a.nowCancelled(r.Context(), b) {
		err = notCancellable()
	} else if isOver(err) {
		err = nil
	}
	a.answerOwn(w, r, err)
}

// nowCancelled tells whether a booking that was not cancelled before is now: the
// workflow did what it was asked, and ended before it could say so.
func (a *api) nowCancelled(ctx context.Context, before booking.Booking) bool {
	now, err := a.Bookings.Booking(ctx, before.ID)
	return err == nil && before.Status != booking.StatusCancelled && now.Status == booking.StatusCancelled
}

// reopenPayment opens the payment anew, with another provider or the same.
func (a *api) reopenPayment(w http.ResponseWriter, r *http.Request) {
	b, err := a.ownBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var request paymentChoice
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if problem, ok := a.checkProvider("provider", request.Provider); !ok {
		a.fail(w, r, booking.Invalid(problem))
		return
	}
	over := booking.E(booking.CodeNotPayable, "This booking can no longer be paid.")
	if b.Status != booking.StatusHeld {
		a.fail(w, r, over)
		return
	}
	err = a.Saga.Update(r.Context(), b.ID, workflows.UpdateReopen, workflows.ReopenRequest{Provider: request.Provider})
	if isOver(err) {
		err = over
	}
	a.answerOwn(w, r, err)
}

// checkPayment asks the provider now. Where there is nothing to ask, the booking as
// it is in the database is the answer: it is paid or over, the workflow is asking
// already, or was asked a moment ago.
func (a *api) checkPayment(w http.ResponseWriter, r *http.Request) {
	b, err := a.ownBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if b.Status != booking.StatusHeld || b.Payment != nil && b.Payment.Status == booking.PaymentInDoubt {
		a.answer(w, r, http.StatusOK, b)
		return
	}
	err = a.askProvider(r.Context(), b.ID)
	switch code := booking.CodeOf(err); {
	case isOver(err), code == booking.CodeBusy, code == booking.CodeTooManyRequests:
		err = nil
	}
	a.answerOwn(w, r, err)
}

// askProvider has the booking's workflow ask the provider. Who comes while it does
// waits for the same answer, and one who leaves does not take it from the others.
func (a *api) askProvider(ctx context.Context, bookingID string) error {
	answer := a.checks.DoChan(bookingID, func() (any, error) {
		return nil, a.Saga.Update(context.WithoutCancel(ctx), bookingID, workflows.UpdateCheck)
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case done := <-answer:
		return done.Err
	}
}

// isOver tells whether the booking's workflow has ended or is just ending.
func isOver(err error) bool {
	return errors.Is(err, ErrEnded) || booking.CodeOf(err) == booking.CodeConflict
}

// answerOwn ends a command: with its error, or with the booking as it is now.
func (a *api) answerOwn(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.getBooking(w, r)
}
