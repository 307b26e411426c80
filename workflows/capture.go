package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// take captures the payment. While the provider is down it retries, and the booking still
// answers: a customer who cancels does not wait for the provider.
func (s *saga) take(ctx workflow.Context) (taken booking.PaymentState, err error) {
	total := s.held.Quote.Total
	taking := callVendor(QueuePayments, "Take "+total.String(), payments.CapturePayment, s.moneyStep(total), &taken)
	done, err := s.fastPath(ctx, taking)
	if done {
		return taken, err
	}
	if !knows(ctx, captureAnswers) {
		err = taking.durably(ctx)
		return taken, err
	}
	s.capturing = true
	capture := taking.start(ctx)
	for !capture.IsReady() {
		s.answerMeanwhile(ctx, s.next(ctx, capture))
	}
	s.capturing = false
	if err = capture.Get(ctx, &taken); s.state.Status != booking.StatusCancelled {
		return taken, err
	}
	return taken, s.settleCancelled(ctx, taken, err)
}

// answerMeanwhile does one thing that happens to a booking that is sold and whose money
// is not taken yet.
func (s *saga) answerMeanwhile(ctx workflow.Context, event any) {
	switch event := event.(type) {
	case booking.PaymentState:
		switch {
		case event.Reference != s.payment.Reference:
			s.heardOfAnother(ctx, event)
		case !s.capturing && s.state.Status == booking.StatusConfirmed:
			s.heardAfterSale(ctx, event)
		}
	case command:
		event.reply.answer(s.obeyAfterSale(ctx, event))
	case ShowRescheduled:
		if s.concernsNews(event.ChangeID, event.ShowID) {
			s.takeIn(event) // told when the confirmation is
		}
	case ShowCancelled:
		s.showCancelled(ctx, event)
	case canceled, undoneThere:
		s.refundInFull(ctx, cancellation{reason: "Cancelled by the theater.", notice: booking.NoticeCancelled})
	}
}

// settleCancelled gives back what is owed of a booking that was cancelled before its
// money was taken. Money that cannot be captured any more is voided.
func (s *saga) settleCancelled(ctx workflow.Context, taken booking.PaymentState, refused error) error {
	if refused != nil {
		s.logger.Warn("the money of a cancelled booking was not taken", "error", refused)
		s.returnPayment(ctx, s.payment)
		return nil
	}
	s.payment, s.state.PaymentStatus = keepSecrets(taken, s.payment), booking.PaymentCaptured
	s.note(ctx, booking.EventCaptured, s.held.Quote.Total.String())
	if s.owed.Amount > 0 {
		s.refund(ctx, s.owed)
	}
	s.publish(ctx)
	return nil
}
