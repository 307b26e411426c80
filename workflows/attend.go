package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// deliverWithin is how long a message is worth delivering.
const deliverWithin = 12 * time.Hour

// attend is the time between the sale and the show: it reminds, and answers
// cancellations, staff, and news of the show. It ends when the show starts or the
// booking is cancelled.
func (s *saga) attend(ctx workflow.Context) {
	reminded := false
	timer, stop := s.nextDate(ctx, &reminded)
	for s.state.Status == booking.StatusConfirmed {
		switch event := s.next(ctx, timer).(type) {
		case timeUp:
			if reminded {
				return
			}
			reminded = true
			s.tell(ctx, booking.NoticeReminder)
			timer, stop = s.nextDate(ctx, &reminded)
		case ShowRescheduled:
			s.held.Show.StartsAt, s.held.Show.EndsAt = event.StartsAt, event.EndsAt
			s.note(ctx, booking.EventRescheduled, "to "+s.held.Show.LocalStart().Format("Mon 2 Jan 15:04 MST"))
			s.tell(ctx, booking.NoticeRescheduled)
			stop()
			reminded = false
			timer, stop = s.nextDate(ctx, &reminded)
		case booking.PaymentState:
			s.heardAfterSale(ctx, event)
		case command:
			event.reply.Set(nil, s.obeyAfterSale(ctx, event))
		case ShowCancelled:
			s.refundInFull(ctx, "The theater cancelled the show.", booking.NoticeShowCancelled)
		case canceled:
			s.refundInFull(ctx, "Cancelled by the theater.", booking.NoticeCancelled)
		}
	}
	stop()
}

// nextDate starts the timer for the reminder or, when that is past, for the
// start of the show.
func (s *saga) nextDate(ctx workflow.Context, reminded *bool) (workflow.Future, workflow.CancelFunc) {
	ctx, stop := workflow.WithCancel(ctx)
	now := workflow.Now(ctx)
	date, what := s.held.Show.StartsAt.Add(-s.in.Policy.RemindBefore), "Time to remind the customer"
	if *reminded || !date.After(now) {
		*reminded = true
		date, what = s.held.Show.StartsAt, "The show starts"
	}
	s.doing("waiting: " + what)
	return workflow.NewTimerWithOptions(ctx, max(date.Sub(now), 0), workflow.TimerOptions{Summary: what}), stop
}

func (s *saga) heardAfterSale(ctx workflow.Context, news booking.PaymentState) {
	switch {
	case news.Reference != s.payment.Reference:
		s.heardOfAnother(ctx, news)
	case news.Refunded > s.payment.Refunded:
		// Somebody refunded at the provider's own desk. The ticket stays, the books
		// and a person must know.
		s.record(ctx, news)
		s.payment = keepSecrets(news, s.payment)
		s.alert(ctx, "refunded_outside", news.Provider+" "+news.Reference)
	}
}

// obeyAfterSale does one command on a confirmed booking.
func (s *saga) obeyAfterSale(ctx workflow.Context, cmd command) error {
	switch request := cmd.request.(type) {
	case CancelRequest:
		terms := s.in.Policy.Refunds.Quote(s.held.Quote, s.held.Show.StartsAt, workflow.Now(ctx))
		return s.cancel(ctx, terms.Refund, reasonOr(request.Reason, "Cancelled by the customer."), false, booking.NoticeCancelled)
	case RefundRequest:
		share := booking.Money{
			Amount:   s.held.Quote.Total.Amount * min(max(request.Percent, 0), 100) / 100,
			Currency: s.held.Quote.Total.Currency,
		}
		s.logger.Info("staff cancels and refunds", "staff", request.Staff, "percent", request.Percent)
		return s.cancel(ctx, share, reasonOr(request.Reason, "Cancelled by the theater."), true, booking.NoticeCancelled)
	case ResendRequest:
		channels := s.held.Channels
		if request.Channel != "" {
			channels = []booking.Channel{request.Channel}
		}
		s.tellOver(ctx, booking.NoticeConfirmed, channels)
		return nil
	case checkPayment:
		return nil
	case ReopenRequest:
		return refusal(booking.CodeNotPayable, "This booking is paid.")
	default:
		return refusal(booking.CodeConflict, "This booking is confirmed; its hold is over.")
	}
}

func (s *saga) refundInFull(ctx workflow.Context, reason string, notice booking.Notice) {
	if err := s.cancel(ctx, booking.FullRefund(s.held.Quote).Refund, reason, true, notice); err != nil {
		s.alert(ctx, "show_cancelled_not_refunded", message(err))
	}
}

// cancel undoes the sale: first the ticket is void and the seats are free, then
// the money goes back. The other way round a ticket could be scanned after its
// refund.
func (s *saga) cancel(ctx workflow.Context, refund booking.Money, reason string, evenScanned bool, notice booking.Notice) error {
	s.doing("cancelling")
	// Durably: if this were forgotten after it was done, nobody would refund.
	var owed booking.Money
	err := s.databaseDurably(ctx, 0, "Void the ticket and free "+s.seats(), seats.CancelBooking, booking.Cancellation{
		BookingID: s.in.BookingID, Refund: refund, Detail: reason, EvenScanned: evenScanned,
	}, &owed)
	if err != nil {
		return err
	}
	s.state.Status, s.state.Reason = booking.StatusCancelled, reason
	s.note(ctx, booking.EventCancelled, reason)
	if owed.Amount > 0 {
		s.refund(ctx, owed)
	}
	s.tell(ctx, notice)
	s.publish(ctx)
	return nil
}

// refund gives money back. What does not work at once goes on beside the saga
// until it does: the cancellation is answered all the same.
func (s *saga) refund(ctx workflow.Context, amount booking.Money) {
	summary := "Refund " + amount.String()
	step := s.moneyStep(amount)
	var after booking.PaymentState
	done, err := s.fastPath(ctx, QueuePayments, summary, payments.RefundPayment, step, &after)
	if done {
		s.refunded(ctx, after, amount, err)
		return
	}
	s.state.PaymentStatus = booking.PaymentInDoubt
	s.beside(ctx, func(ctx workflow.Context) {
		err := s.slowPath(ctx, 0, QueuePayments, summary, payments.RefundPayment, step, &after)
		s.refunded(ctx, after, amount, err)
		s.publish(ctx)
	})
}

func (s *saga) refunded(ctx workflow.Context, after booking.PaymentState, amount booking.Money, err error) {
	if err != nil {
		s.logger.Error("cannot refund", "reference", s.payment.Reference, "error", err)
		s.alert(ctx, "refund_refused", message(err))
		return
	}
	s.payment = keepSecrets(after, s.payment)
	s.state.PaymentStatus = booking.PaymentRefunded
	s.note(ctx, booking.EventRefunded, amount.String())
}
