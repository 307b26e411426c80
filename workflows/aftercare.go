package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// runAftercare acts for a booking whose own workflow has ended: its show has begun, or
// it was cancelled. Staff make refunds, and the provider reports money that moved back on
// its own: a dispute, a refund that failed, a refund from its dashboard. It ends when there
// is nothing left to do, and is started again by the next thing that happens.
func runAftercare(ctx workflow.Context, in AftercareInput) error {
	s := newSaga(ctx, BookingInput{BookingID: in.BookingID, Policy: in.Policy})
	if err := s.listenAfter(ctx); err != nil {
		return err
	}
	ctx, done := workflow.NewDisconnectedContext(ctx)
	defer done()
	// It was started together with the first thing that happened.
	idle, stop := workflow.WithCancel(ctx)
	defer stop()
	nothing := workflow.NewTimerWithOptions(idle, time.Minute, workflow.TimerOptions{Summary: "Nothing to do"})
	for event := s.next(ctx, nothing); ; event = s.next(ctx, nothing) {
		switch event := event.(type) {
		case booking.PaymentState:
			s.movedBack(ctx, event)
		case RefundRequest:
			s.giveBack(ctx, event)
		case command:
			event.reply.answer(s.giveBack(ctx, event.request.(RefundRequest)))
		default: // time is up, or the workflow was cancelled
			_, err := s.finish(ctx)
			return err
		}
		if !s.waiting(ctx) {
			stop()
			_, err := s.finish(ctx)
			return err
		}
	}
}

// listenAfter registers what aftercare answers to.
func (s *saga) listenAfter(ctx workflow.Context) error {
	workflow.GetSignalChannelWithOptions(ctx, SignalPayment, workflow.SignalChannelOptions{
		Description: "Money of the booking moved back at its provider. Sent by the webhook."})
	s.refunds = workflow.GetSignalChannelWithOptions(ctx, SignalRefund, workflow.SignalChannelOptions{
		Description: "Gives back a share of what was paid. Sent for all bookings of a show."})
	return obey[RefundRequest](ctx, s, UpdateRefund,
		"Staff: gives back a share of what was paid, after the booking's workflow has ended.")
}

// waiting tells whether more has arrived.
func (s *saga) waiting(ctx workflow.Context) bool {
	return s.commands.Len() > 0 || workflow.GetSignalChannel(ctx, SignalPayment).Len() > 0 ||
		s.refunds.Len() > 0
}

// giveBack makes sure that a share of what was paid is refunded in the end, earlier refunds
// included. The booking stays unchanged: the film has begun.
func (s *saga) giveBack(ctx workflow.Context, request RefundRequest) error {
	s.doing("giving money back")
	var owed booking.OwedRefund
	// Durably: if the workflow lost this step after it was done, there would be no refund.
	err := s.ours("Promise the refund", seats.OweRefund, activities.OweRefundRequest{
		BookingID: s.in.BookingID, Percent: request.Percent, Reason: request.Reason,
	}, &owed).durably(ctx)
	if err != nil {
		return err
	}
	s.logger.Info("staff gives money back", "staff", request.Staff, "percent", request.Percent)
	if _, err := s.standing(ctx); err != nil {
		return err
	}
	s.payment = booking.PaymentState{Provider: owed.Provider, Reference: owed.Reference, Refunded: owed.Refunded}
	if owed.Amount.Amount > owed.Refunded {
		s.refund(ctx, owed.Amount)
		s.sendAll(ctx, s.held.Channels, booking.Notification{
			BookingID: s.in.BookingID, Notice: booking.NoticeRefunded, Sequence: owed.Promise,
		})
	}
	return nil
}

// movedBack records the provider's state. The books find what is new in it, and alert
// staff.
func (s *saga) movedBack(ctx workflow.Context, news booking.PaymentState) {
	s.doing("taking in what the provider says")
	s.record(ctx, news)
	if !news.TakenBack() || s.in.Policy.Disputes == booking.DisputesKeep {
		return
	}
	at, err := s.standing(ctx)
	if err != nil {
		s.logger.Error("cannot read where the booking stands", "error", err)
		return
	}
	if at.Status == booking.StatusConfirmed && workflow.Now(ctx).Before(at.Held.Show.EndsAt) {
		s.payment = news
		s.voidForDispute(ctx)
	}
}

func (s *saga) standingStep(at *booking.Standing) step {
	return s.ours("Where does the booking stand?", sweep.Standing, s.in.BookingID, at)
}

// standing reads where the booking stands.
func (s *saga) standing(ctx workflow.Context) (at booking.Standing, err error) {
	if err = s.run(ctx, s.standingStep(&at)); err == nil {
		s.remember(at)
	}
	return at, err
}

// voidForDispute voids the ticket of a booking whose money the customer's bank took
// back, and frees the seats. Nothing is refunded: the bank has it.
func (s *saga) voidForDispute(ctx workflow.Context) {
	err := s.cancel(ctx, cancellation{
		refund: booking.Money{Currency: s.held.Quote.Total.Currency}, reason: "The bank took the payment back.",
		evenScanned: true, notice: booking.NoticeDisputed, bankHasIt: true,
	})
	if err != nil {
		s.logger.Warn("the ticket of a disputed payment is not void", "error", err)
	}
}
