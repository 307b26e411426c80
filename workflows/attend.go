package workflows

import (
	"hash/fnv"
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
	if !s.in.TakeUp {
		s.tellOfEarlierMove(ctx)
	}
	reminded := false
	timer, stop := s.nextDate(ctx, &reminded)
	for s.state.Status == booking.StatusConfirmed {
		starts := s.held.Show.StartsAt
		switch event := s.next(ctx, timer).(type) {
		case timeUp:
			if reminded {
				return
			}
			reminded = true
			s.tell(ctx, booking.NoticeReminder)
			timer, stop = s.nextDate(ctx, &reminded)
		case ShowRescheduled:
			s.reschedule(ctx, event)
		case booking.PaymentState:
			s.heardAfterSale(ctx, event)
		case command:
			event.reply.answer(s.obeyAfterSale(ctx, event))
		case ShowCancelled:
			s.showCancelled(ctx, event)
		case canceled, undoneThere:
			s.refundInFull(ctx, cancellation{reason: "Cancelled by the theater.", notice: booking.NoticeCancelled})
		}
		if !s.held.Show.StartsAt.Equal(starts) {
			// The old reminder goes, and there is one new.
			stop()
			reminded = false
			timer, stop = s.nextDate(ctx, &reminded)
		}
	}
	stop()
}

// nextDate starts the timer for the reminder or, when that is past, for the
// start of the show. All bookings of a show would wake in the same second, on the
// queue on which others hold seats, so each has its own place in a while: before the
// reminder is due, because no reminder may be late; after the show has begun, for
// until then a customer may cancel.
func (s *saga) nextDate(ctx workflow.Context, reminded *bool) (workflow.Future, workflow.CancelFunc) {
	ctx, stop := workflow.WithCancel(ctx)
	start := s.held.Show.StartsAt.Sub(workflow.Now(ctx))
	// Every booking gets its reminder, in any place: a customer who buys just before it is
	// due gets it in the time that is left.
	wait, what := start-s.in.Policy.RemindBefore, "Time to remind the customer"
	if *reminded || wait <= 0 {
		*reminded = true
		wait, what = max(start, 0)+s.place(s.in.Policy.SpreadOver), "The show starts"
	} else {
		wait -= s.place(min(s.in.Policy.SpreadOver, wait))
	}
	s.doing("waiting: " + what)
	return workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: what}), stop
}

// place gives the booking's place in a while: always the same one, and different from other
// bookings' places.
func (s *saga) place(while time.Duration) time.Duration {
	hash := fnv.New32a()
	hash.Write([]byte(s.in.BookingID))
	return time.Duration(float64(while) * (float64(hash.Sum32()) / (1 << 32)))
}

func (s *saga) heardAfterSale(ctx workflow.Context, news booking.PaymentState) {
	switch {
	case news.Reference != s.payment.Reference:
		s.heardOfAnother(ctx, news)
	case len(news.Disputes) > 0, news.RefundsFailed > 0:
		s.record(ctx, news)
		s.payment = keepSecrets(news, s.payment)
		if news.TakenBack() && s.in.Policy.Disputes != booking.DisputesKeep {
			s.voidForDispute(ctx)
		}
	case news.Refunded > max(s.payment.Refunded, s.givenBack):
		// Staff refunded at the provider's own dashboard. The ticket stays; the ledger and
		// a person must know.
		s.record(ctx, news)
		s.payment = keepSecrets(news, s.payment)
		s.alert(ctx, booking.AlertRefundedOutside, news.Provider+" "+news.Reference)
	}
}

// obeyAfterSale does one command on a confirmed booking.
func (s *saga) obeyAfterSale(ctx workflow.Context, cmd command) error {
	switch request := cmd.request.(type) {
	case CancelRequest:
		if s.house.cancelling {
			return nil // it is asked for already
		}
		if s.in.Policy.SpreadOver > 0 && !workflow.Now(ctx).Before(s.held.Show.StartsAt) {
			return refusal(booking.CodeNotCancellable, "The show has begun.")
		}
		terms := s.in.Policy.Refunds.Quote(s.held.Quote, s.held.Show.StartsAt, workflow.Now(ctx))
		moved := s.wantsMoneyForMove(ctx)
		if moved {
			terms = booking.FullRefund(s.held.Quote)
		}
		return s.cancel(ctx, cancellation{
			refund: terms.Refund, reason: reasonOr(request.Reason, "Cancelled by the customer."), notice: booking.NoticeCancelled,
			byCustomer: !moved, asked: cmd.reply,
		})
	case ChangeDecision:
		return s.choose(ctx, request)
	case RefundRequest:
		share := s.held.Quote.Share(request.Percent)
		s.logger.Info("staff cancels and refunds", "staff", request.Staff, "percent", request.Percent)
		return s.cancel(ctx, cancellation{
			refund: share, reason: reasonOr(request.Reason, "Cancelled by the theater."), evenScanned: true,
			notice: booking.NoticeCancelled,
		})
	case ResendRequest:
		channels := s.held.Channels
		if request.Channel != "" {
			channels = []booking.Channel{request.Channel}
		}
		s.tellOver(ctx, booking.NoticeConfirmed, channels, "")
		return nil
	case checkPayment:
		return nil
	case ReopenRequest:
		return refusal(booking.CodeNotPayable, "This booking is paid.")
	case ExtendRequest:
		if request.Customer {
			return notExtendable(booking.ReasonNotHeld)
		}
		return refusal(booking.CodeConflict, "This booking is confirmed; its hold is over.")
	default:
		return refusal(booking.CodeConflict, "This booking is confirmed; its hold is over.")
	}
}

// cancellation is how a confirmed booking ends early.
type cancellation struct {
	refund      booking.Money // of the price as it is now
	reason      string
	evenScanned bool
	notice      booking.Notice
	changeID    string // of the show, when that is why
	bankHasIt   bool   // the customer's bank took the money: there is nothing to refund
	byCustomer  bool   // the cut-off of the theater's own system counts
	asked       *reply // to the request, which is answered while the theater's own system is not; nil without one
}

func (s *saga) refundInFull(ctx workflow.Context, why cancellation) {
	why.refund, why.evenScanned = booking.FullRefund(s.held.Quote).Refund, true
	if err := s.cancel(ctx, why); err != nil {
		s.alert(ctx, booking.AlertShowCancelledNotRefunded, message(err))
	}
}

// cancel undoes the sale: first the ticket is void and the seats are free, then
// the money goes back. The other way round a ticket could be scanned after its
// refund.
func (s *saga) cancel(ctx workflow.Context, how cancellation) error {
	s.doing("cancelling")
	if err := s.cancelAtHouse(ctx, how); err != nil {
		return err
	}
	if s.state.Status == booking.StatusCancelled {
		return nil // while the theater's own system did not answer
	}
	// Durably: if this were forgotten after it was done, there would be no refund.
	var owed booking.Money
	err := s.ours("Void the ticket and free "+s.seats(), seats.CancelBooking, booking.Cancellation{
		// What the theater has taken back goes back here in any case.
		BookingID: s.in.BookingID, Detail: how.reason, EvenScanned: how.evenScanned || s.house.left,
		Refund: booking.Money{Amount: s.givenBack + how.refund.Amount, Currency: how.refund.Currency},
	}, &owed).durably(ctx)
	if err != nil {
		return err
	}
	s.state.Status, s.state.Reason = booking.StatusCancelled, how.reason
	s.note(ctx, booking.EventCancelled, how.reason)
	if owed.Amount > s.givenBack && !how.bankHasIt {
		s.refund(ctx, owed)
	}
	s.tellOfChange(ctx, how.notice, how.changeID)
	s.publish(ctx)
	return nil
}
