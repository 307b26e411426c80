package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// undoStack holds the compensations, each pushed before the step it undoes, so
// that a step that happened but never answered is undone as well. They run last
// in, first out, and are safe when the step never happened.
type undoStack []compensation

type compensation struct {
	name string
	run  func(ctx workflow.Context, end ending)
}

// ending says how a booking ends early.
type ending struct {
	status booking.Status
	reason error
	notice booking.Notice // empty when the customer knows already
	// changeID is the change of the show that the notice is about, if it is.
	changeID string
	// answer is for the request that ended the booking: it is answered when the seats are
	// free.
	answer *reply
}

func (u *undoStack) push(name string, run func(workflow.Context, ending)) {
	*u = append(*u, compensation{name, run})
}

// giveUp undoes what was done and ends the booking.
func (s *saga) giveUp(ctx workflow.Context, end ending) (BookingState, error) {
	s.answerHold(end.reason)
	s.stopHoldTimer()
	s.state.Reason = message(end.reason)
	for i := len(s.undo) - 1; i >= 0; i-- {
		s.doing("undoing: " + s.undo[i].name)
		s.undo[i].run(ctx, end)
	}
	if end.status == booking.StatusRejected || s.ended == "" {
		s.ended = end.status
	}
	s.state.Status = s.ended
	if end.answer != nil {
		end.answer.answer(nil)
	}
	if end.notice != "" {
		s.tellOfChange(ctx, end.notice, end.changeID)
	}
	s.note(ctx, booking.Event(s.state.Status), s.state.Reason)
	s.publish(ctx)
	return s.finish(ctx)
}

// reject ends a booking that never got its seats.
func (s *saga) reject(ctx workflow.Context, reason error) (BookingState, error) {
	if s.in.Adopt != nil {
		// The money that was meant for these seats goes back; the booking it came
		// from is the one the customer knows.
		s.payment = *s.in.Adopt
		s.undo.push("give the money back", s.giveMoneyBack)
		return s.giveUp(ctx, ending{status: booking.StatusRejected, reason: reason, notice: booking.NoticePaymentReturned})
	}
	if !final(reason) {
		// The hold may have happened without an answer: it is still undone.
		return s.giveUp(ctx, ending{status: booking.StatusRejected,
			reason: refusal(booking.CodeUnavailable, "The seats could not be held just now. Please try again.")})
	}
	// The database refused: nothing was done, nothing is to undo.
	s.answerHold(reason)
	s.state.Status, s.state.PaymentStatus = booking.StatusRejected, booking.PaymentNone
	s.state.Reason = message(reason)
	s.publish(ctx)
	state, err := s.finish(ctx)
	if err == nil && code(reason) == booking.CodeStartedLate {
		// Closed as canceled, not as completed: the customer's next request with the
		// same key may start the booking again.
		return state, temporal.NewCanceledError(message(reason))
	}
	return state, err
}

// freeSeats undoes the hold, or the sale if there was one: which, the database
// knows.
func (s *saga) freeSeats(ctx workflow.Context, end ending) {
	if s.freed {
		return
	}
	s.freed = true
	status := end.status
	if status == booking.StatusRejected {
		// A hold whose answer was lost: to the database it is one that ran out.
		status = booking.StatusExpired
	}
	freeing, later := s.leaveHouse(ctx)
	freeing.BookingID, freeing.Status, freeing.Detail = s.in.BookingID, status, message(end.reason)
	free := s.ours("Free seats "+s.seats(), seats.EndBooking, freeing, &s.ended)
	var err error
	if later == nil {
		err = s.run(ctx, free)
	} else {
		// The history must know that the theater is asked before the seats are kept back for it: a
		// crash in between would keep them off sale, and no process would ask.
		s.beside(ctx, later)
		err = free.durably(ctx)
	}
	if err != nil {
		s.logger.Error("cannot free the seats", "error", err)
		s.alert(ctx, booking.AlertSeatsNotFreed, message(err))
	}
}

// giveMoneyBack undoes the payment. A provider that does not answer now is asked
// until it does, beside the rest: the seats do not wait for it.
func (s *saga) giveMoneyBack(ctx workflow.Context, _ ending) {
	if s.payment.Reference == "" {
		// It was never opened, as far as we know. If it was opened, and the customer pays
		// it, that is a late payment.
		return
	}
	s.returnPayment(ctx, s.payment)
}

// returnPayment gives one payment back, and finishes in the background what does
// not work at once.
func (s *saga) returnPayment(ctx workflow.Context, p booking.PaymentState) {
	money := booking.MoneyStep{BookingID: s.in.BookingID, Provider: p.Provider, Reference: p.Reference}
	if s.in.Adopt != nil && s.held.BookingID == "" {
		money.BookingID = p.BookingID
	}
	var after booking.PaymentState
	giving := giveBackStep(money, &after)
	done, err := s.fastPath(ctx, giving)
	if done {
		s.returned(ctx, p, after, err)
		return
	}
	s.beside(ctx, func(ctx workflow.Context) {
		err := giving.durably(ctx)
		s.returned(ctx, p, after, err)
		s.publish(ctx)
	})
}

func (s *saga) returned(ctx workflow.Context, before, after booking.PaymentState, err error) {
	if err != nil {
		s.refused = true
		s.logger.Error("cannot give the money back", "reference", before.Reference, "error", err)
		s.alert(ctx, booking.AlertMoneyNotGivenBack, before.Provider+" "+before.Reference+": "+message(err))
		return
	}
	if before.Reference == s.payment.Reference {
		s.payment, s.state.PaymentStatus = after, after.Status
	}
	event := booking.EventVoided
	if after.Refunded > 0 {
		event = booking.EventRefunded
	}
	s.note(ctx, event, before.Provider+" "+before.Reference)
}

// beside runs something next to the saga; the workflow does not close before it
// is done.
func (s *saga) beside(ctx workflow.Context, run func(workflow.Context)) {
	s.background.Add(1)
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer s.background.Done()
		run(ctx)
	})
}

func (s *saga) alert(ctx workflow.Context, kind booking.AlertKind, detail string) {
	s.raise(ctx, booking.Alert{BookingID: s.in.BookingID, Kind: kind, Detail: detail})
}
