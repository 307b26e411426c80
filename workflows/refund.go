package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// refund makes sure that this total is refunded in the end, earlier refunds included. A
// refund that fails at first goes on beside the saga until it works: a cancellation is
// still answered at once.
func (s *saga) refund(ctx workflow.Context, amount booking.Money) {
	s.owed = amount
	if s.capturing {
		return // there is nothing to give back yet: see settleCancelled
	}
	if s.refunding {
		// Two refunds at once could each give back the whole: the one under way goes on
		// to this one.
		return
	}
	var after booking.PaymentState
	if done, err := s.fastPath(ctx, refundStep(s.moneyStep(amount), &after)); done {
		s.refunded(ctx, after, err)
		return
	}
	s.refunding = true
	s.state.PaymentStatus = booking.PaymentInDoubt
	s.beside(ctx, func(ctx workflow.Context) {
		defer func() { s.refunding = false }()
		for settled := int64(-1); settled < s.owed.Amount; {
			amount := s.owed
			var after booking.PaymentState
			err := refundStep(s.moneyStep(amount), &after).durably(ctx)
			s.refunded(ctx, after, err)
			s.publish(ctx)
			settled = amount.Amount
		}
	})
}

func (s *saga) refunded(ctx workflow.Context, after booking.PaymentState, err error) {
	if err != nil {
		s.logger.Error("cannot refund", "reference", s.payment.Reference, "error", err)
		s.alert(ctx, booking.AlertRefundRefused, message(err))
		return
	}
	back := booking.Money{Amount: after.Refunded - s.payment.Refunded, Currency: after.Currency}
	s.payment = keepSecrets(after, s.payment)
	s.state.PaymentStatus = booking.PaymentRefunded
	if s.state.Status == booking.StatusConfirmed {
		s.state.PaymentStatus = booking.PaymentCaptured // and a part of it is back
	}
	s.note(ctx, booking.EventRefunded, back.String())
}
