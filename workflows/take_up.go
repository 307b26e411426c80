package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// takeUp goes on with a booking whose workflow is gone, from where the database
// says that it stands. An expired hold ends as always: the provider is asked before the
// seats are freed. A sold booking waits for its show. Every step has the keys of the
// earlier workflow, so its steps are not repeated.
func (s *saga) takeUp(ctx workflow.Context) (BookingState, error) {
	s.doing("reading where the booking stands")
	var at booking.Standing
	if err := s.standingStep(&at).durably(ctx); err != nil {
		s.answerHold(err)
		return s.state, err
	}
	s.remember(at)
	s.answerHold(nil)
	s.alert(ctx, booking.AlertWorkflowMissing, "It was "+string(at.Status)+", and was taken up again.")
	switch at.Status {
	case booking.StatusHeld:
		return s.takeUpHeld(ctx)
	case booking.StatusConfirmed:
		return s.takeUpConfirmed(ctx, at)
	default:
		return s.takeUpEnded(ctx, at)
	}
}

// remember makes the saga know what its predecessor knew.
func (s *saga) remember(at booking.Standing) {
	s.held, s.payment, s.attempt = at.Held, at.Payment, at.Payment.Attempt
	s.in.ShowID, s.in.Seats, s.in.Provider, s.in.RequestHash = at.Held.Show.ID, at.Held.Seats, at.Payment.Provider, at.RequestHash
	s.state.Status, s.state.HoldExpiresAt = at.Status, at.Held.ExpiresAt
	s.state.Provider, s.state.PaymentReference, s.state.PaymentStatus = at.Payment.Provider, at.Payment.Reference, at.Payment.Status
	if at.Payment.Reference == "" {
		s.state.PaymentStatus = booking.PaymentNone
	}
	// The earlier workflow may have asked the theater's system to sell.
	s.house = atHouse{reference: at.HouseReference, asked: true}
	if at.Refunds != nil {
		s.in.Policy.Refunds = at.Refunds
	}
	if at.Told != nil {
		s.sequence = at.Told
	}
	for _, move := range at.Moves {
		s.heardOf[move.ID] = true
		s.change = ShowRescheduled{ChangeID: move.ID, ShowID: move.ShowID, Reason: move.Reason, Default: move.Default,
			StartsAt: at.Held.Show.StartsAt, EndsAt: at.Held.Show.EndsAt, ChangedAt: move.CreatedAt}
		if move.DecideBy != nil {
			s.change.DecideBy = *move.DecideBy
		}
	}
}

// takeUpHeld ends a hold that ran out, or sells it to a customer who has paid.
func (s *saga) takeUpHeld(ctx workflow.Context) (BookingState, error) {
	s.undo.push("free the seats", s.freeSeats)
	if s.payment.Reference == "" {
		return s.giveUp(ctx, ending{status: booking.StatusExpired, notice: booking.NoticeExpired,
			reason: refusal(booking.CodeHoldLost, "The time to pay ran out. The seats are free again.")})
	}
	s.undo.push("give the money back", s.giveMoneyBack)
	// The payment in our books may be stale: only the provider's answer counts.
	s.payment.Status = booking.PaymentOpen
	s.startHoldTimer(ctx, s.held.ExpiresIn)
	if end := s.awaitPayment(ctx); end != nil {
		return s.giveUp(ctx, *end)
	}
	return s.sell(ctx)
}

// takeUpConfirmed takes the money if that was not done, tells the customer what
// they were not told, and waits for the show.
func (s *saga) takeUpConfirmed(ctx workflow.Context, at booking.Standing) (BookingState, error) {
	s.undo.push("give the money back", s.giveMoneyBack)
	s.undo.push("void the ticket", s.freeSeats)
	s.givenBack = at.RefundDue.Amount
	if s.payment.Captured == 0 {
		if err := s.capture(ctx); err != nil {
			return s.giveUp(ctx, ending{status: booking.StatusCancelled, reason: err, notice: booking.NoticePaymentFailed})
		}
	}
	if s.payment.Refunded < at.RefundDue.Amount {
		s.refund(ctx, at.RefundDue)
	}
	s.tellHouse(ctx)
	s.tellAgain(ctx, booking.NoticeConfirmed)
	remind := s.held.Show.StartsAt.Add(-s.in.Policy.RemindBefore)
	if at.Told[booking.NoticeReminder] == 0 && at.CreatedAt.Before(remind) && workflow.Now(ctx).After(remind) {
		s.tell(ctx, booking.NoticeReminder)
	}
	s.attend(ctx)
	return s.finish(ctx)
}

// takeUpEnded gives back what is still owed of a booking that is over.
func (s *saga) takeUpEnded(ctx workflow.Context, at booking.Standing) (BookingState, error) {
	s.givenBack = s.payment.Refunded
	switch {
	case s.payment.Reference == "":
	case s.payment.Captured == 0 || at.Status != booking.StatusCancelled:
		s.returnPayment(ctx, s.payment)
	case s.payment.Refunded < at.RefundDue.Amount:
		s.refund(ctx, at.RefundDue)
	}
	return s.finish(ctx)
}

// tellAgain sends the first message of a kind unless it was sent.
func (s *saga) tellAgain(ctx workflow.Context, notice booking.Notice) {
	told := s.sequence[notice]
	s.sequence[notice] = 0
	s.tell(ctx, notice)
	s.sequence[notice] = max(s.sequence[notice], told)
}
