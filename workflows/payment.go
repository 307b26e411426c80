package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// open opens a payment with a provider and makes it the current one.
func (s *saga) open(ctx workflow.Context, provider string) error {
	s.attempt++
	req := booking.PaymentRequest{
		BookingID: s.in.BookingID, Provider: provider, Attempt: s.attempt,
		Amount:      s.held.Quote.Total,
		Description: s.held.Show.MovieTitle + ", seats " + s.seats(),
		ExpiresAt:   s.held.ExpiresAt,
	}
	var opened booking.PaymentState
	err := s.run(ctx, callVendor(QueuePayments, "Open a payment of "+s.held.Quote.Total.String()+" with "+provider,
		payments.OpenPayment, req, &opened).upTo(s.in.Policy.OpenWithin))
	if err != nil {
		if final(err) {
			return err
		}
		return refusal(booking.CodeProviderUnavailable, "The payment provider does not answer. No money was taken; please try again.")
	}
	s.current(opened)
	s.note(ctx, booking.EventPaymentOpened, provider+" "+opened.Reference)
	return nil
}

// adopt uses a payment that is there already.
func (s *saga) adopt(ctx workflow.Context, p booking.PaymentState) error {
	s.current(p)
	err := s.database(ctx, "Move the payment to this booking", payments.AdoptPayment, activities.AdoptRequest{
		Provider: p.Provider, Reference: p.Reference, BookingID: s.in.BookingID,
	}, nil)
	s.payment.BookingID = s.in.BookingID
	return err
}

func (s *saga) current(p booking.PaymentState) {
	s.payment = p
	s.state.Provider, s.state.PaymentReference, s.state.PaymentStatus = p.Provider, p.Reference, p.Status
}

// awaitPayment waits until the money is authorized; it returns an ending when that cannot
// happen.
func (s *saga) awaitPayment(ctx workflow.Context) *ending {
	for !s.authorized() {
		s.doing("waiting for the customer to pay")
		if end := s.handleUnpaid(ctx, s.next(ctx, s.holdTimer)); end != nil {
			return end
		}
	}
	if !s.payment.Pays(s.held.Quote.Total) {
		s.alert(ctx, booking.AlertPaymentMismatch, fmt.Sprintf("%s %s is for %d %s, the quote is %s", s.payment.Provider,
			s.payment.Reference, s.payment.Amount, s.payment.Currency, s.held.Quote.Total))
		return &ending{status: booking.StatusPaymentFailed, notice: booking.NoticePaymentReturned,
			reason: refusal(booking.CodePaymentMismatch, "The payment was not the amount of the booking. It is given back.")}
	}
	return nil
}

// handleUnpaid deals with one event of a booking that is not paid yet.
func (s *saga) handleUnpaid(ctx workflow.Context, event any) *ending {
	switch event := event.(type) {
	case timeUp:
		return s.atExpiry(ctx)
	case booking.PaymentState:
		return s.heard(ctx, event)
	case command:
		return s.obeyUnpaid(ctx, event)
	case abandoned:
		return s.atAbandoned(ctx)
	case undoneThere:
		return nil // nothing was sold
	case ShowRescheduled:
		if s.concernsNews(event.ChangeID, event.ShowID) {
			s.takeIn(event)
		}
		return nil
	case ShowCancelled:
		if s.heardOf[event.ChangeID] {
			return &ending{status: booking.StatusCancelled, notice: booking.NoticeCancelled,
				reason: refusal(booking.CodeShowNotOnSale, "The theater moved the show.")}
		}
		return &ending{status: booking.StatusCancelled, notice: booking.NoticeShowCancelled, changeID: event.ChangeID,
			reason: refusal(booking.CodeShowNotOnSale, "The theater cancelled the show.")}
	default:
		return &ending{status: booking.StatusCancelled, notice: booking.NoticeCancelled,
			reason: refusal(booking.CodeConflict, "Cancelled by the theater.")}
	}
}

// obeyUnpaid does one command before the booking is paid, and answers it.
func (s *saga) obeyUnpaid(ctx workflow.Context, cmd command) *ending {
	var (
		end *ending
		err error
	)
	switch request := cmd.request.(type) {
	case checkPayment:
		end, err = s.check(ctx)
	case ReopenRequest:
		err = s.reopen(ctx, request.Provider)
	case ExtendRequest:
		err = s.extend(ctx, request)
	case CancelRequest:
		return &ending{status: booking.StatusCancelled, answer: cmd.reply,
			reason: refusal(booking.CodeConflict, reasonOr(request.Reason, "Cancelled by the customer."))}
	default:
		err = refusal(booking.CodeConflict, "This booking is not confirmed yet.")
	}
	cmd.reply.answer(err)
	return end
}

// heard handles a provider's state of a payment.
func (s *saga) heard(ctx workflow.Context, news booking.PaymentState) *ending {
	if news.Reference != s.payment.Reference {
		s.heardOfAnother(ctx, news)
		return nil
	}
	if s.closed() {
		// An echo of our own closing: the customer may still open another payment.
		return nil
	}
	switch news.Status {
	case booking.PaymentFailed:
		if news.Try != "" && s.declined[news.Try] {
			return nil
		}
		s.declined[news.Try] = true
		s.record(ctx, news)
		s.state.Declines++
		s.note(ctx, booking.EventDeclined, reasonOr(news.Failure, "The payment was declined."))
		if s.state.Declines >= s.in.Policy.PaymentTries {
			return &ending{status: booking.StatusPaymentFailed, notice: booking.NoticePaymentFailed,
				reason: refusal(booking.CodePaymentRefused, "The payment was declined too often.")}
		}
	case booking.PaymentVoided, booking.PaymentRefunded:
		s.record(ctx, news)
		return &ending{status: booking.StatusPaymentFailed, notice: booking.NoticePaymentFailed,
			reason: refusal(booking.CodePaymentRefused, "The payment was cancelled at the provider.")}
	case booking.PaymentAuthorized, booking.PaymentCaptured:
		s.current(keepSecrets(news, s.payment))
	case booking.PaymentApproved:
		if !knows(ctx, approvedAuthorizes) {
			return nil
		}
		if news.Try != "" && s.declined[news.Try] {
			return nil // approved before the decline, not since
		}
		return s.authorize(ctx)
	case booking.PaymentInDoubt:
		if s.state.PaymentStatus != booking.PaymentInDoubt && knows(ctx, approvedAuthorizes) {
			s.record(ctx, news)
		}
	default:
	}
	return nil
}

// authorize reserves the money of a payment that the customer has approved, when the hold
// lasts as long as that may take. Otherwise nothing is reserved, and the hold's end closes
// the payment.
func (s *saga) authorize(ctx workflow.Context) *ending {
	within := s.in.Policy.OpenWithin
	if workflow.Now(ctx).Add(within).After(s.held.ExpiresAt) {
		return nil
	}
	s.doing("reserving the money")
	step := s.moneyStep(s.held.Quote.Total)
	step.Try = s.state.Declines
	var now booking.PaymentState
	err := s.run(ctx, callVendor(QueuePayments, "Reserve "+step.Amount.String(), payments.AuthorizePayment, step, &now).upTo(within))
	if err != nil || now.Status == booking.PaymentApproved {
		// The provider's next event, the customer's page or the hold's end asks again.
		s.logger.Warn("the payment is approved and not reserved", "error", err)
		return nil
	}
	return s.heard(ctx, now)
}

// heardOfAnother handles a payment that is not the current one: money that came twice, or
// through a tab that was left open, is refunded.
func (s *saga) heardOfAnother(ctx workflow.Context, news booking.PaymentState) {
	holdsMoney := news.Status == booking.PaymentAuthorized || news.Captured > news.Refunded
	if !holdsMoney || s.strays[news.Reference] {
		return
	}
	s.strays[news.Reference] = true
	s.alert(ctx, booking.AlertPaidTwice, news.Provider+" "+news.Reference)
	s.returnPayment(ctx, news)
	s.tellOfReturn(ctx, news)
}

// check asks the provider now. A decline that a webhook has already delivered is not
// counted again.
func (s *saga) check(ctx workflow.Context) (*ending, error) {
	s.doing("asking the payment provider")
	var now booking.PaymentState
	err := s.run(ctx, callVendor(QueuePayments, "Ask where the payment stands",
		payments.CheckPayment, s.moneyStep(s.held.Quote.Total), &now).upTo(s.in.Policy.OpenWithin))
	if err != nil {
		return nil, refusal(booking.CodeProviderUnavailable, "The payment provider does not answer. We keep asking.")
	}
	return s.heard(ctx, now), nil
}

// reopen closes the current payment and opens another. If the current one turns
// out to be paid, it is used. It goes the slow path from the start, so that the
// request is in the history before anything is done: a payment that the customer
// was shown must not be forgotten.
//
// A provider that does not answer does not keep the customer from another one: its payment
// is closed beside, whenever that works, and goes back if it is paid.
func (s *saga) reopen(ctx workflow.Context, provider string) error {
	s.doing("opening another payment")
	within := s.in.Policy.OpenWithin
	elsewhere := provider != s.payment.Provider && knows(ctx, opensBeside)
	if fast := s.in.Policy.FastPath; elsewhere && fast > 0 {
		within = min(within, fast)
	}
	var closed booking.PaymentState
	err := s.closeStep("Close the open payment", &closed).upTo(within).durably(ctx)
	switch {
	case err == nil:
		s.current(keepSecrets(closed, s.payment))
		if s.authorized() {
			return nil
		}
		return s.open(ctx, provider)
	case !elsewhere:
		return refusal(booking.CodeProviderUnavailable, "The payment provider does not answer. Please try again.")
	}
	old := s.payment
	if err := s.open(ctx, provider); err != nil {
		return err // the old one is still the current one
	}
	s.beside(ctx, func(ctx workflow.Context) { s.returnPayment(ctx, old) })
	return nil
}

// atExpiry asks before it gives the seats away: a lost webhook costs no customer the
// ticket. While the provider does not answer, the seats stay.
func (s *saga) atExpiry(ctx workflow.Context) *ending {
	s.doing("the hold ran out: asking the payment provider")
	if s.closeUnlessPaid(ctx, "The hold ran out: close the payment unless it is paid", s.stayInDoubt) {
		return nil
	}
	return &ending{status: booking.StatusExpired, notice: booking.NoticeExpired,
		reason: refusal(booking.CodeHoldLost, "The time to pay ran out. The seats are free again.")}
}

// atAbandoned closes the payment of a hold whose seats are free already. Money that still
// comes finds its hold lost when it is confirmed, and is refunded with a notice.
func (s *saga) atAbandoned(ctx workflow.Context) *ending {
	if !knows(ctx, abandonedCloses) {
		return nil
	}
	s.doing("the answer was not fetched: closing the payment")
	if s.closeUnlessPaid(ctx, "The answer was not fetched: close the payment unless it is paid", func(workflow.Context) {}) {
		return nil
	}
	return &ending{status: booking.StatusExpired,
		reason: refusal(booking.CodeHoldLost, "The answer was not fetched in time. The seats are free again.")}
}

// closeUnlessPaid tells whether the payment turned out to be paid; it is closed
// otherwise. doubt is done while the provider does not answer.
func (s *saga) closeUnlessPaid(ctx workflow.Context, summary string, doubt func(workflow.Context)) (paid bool) {
	var last booking.PaymentState
	closing := s.closeStep(summary, &last)
	done, err := s.fastPath(ctx, closing)
	if !done {
		doubt(ctx)
		err = closing.durably(ctx)
	}
	if err != nil {
		return false
	}
	s.current(keepSecrets(last, s.payment))
	return s.authorized()
}

func (s *saga) closeStep(summary string, last *booking.PaymentState) step {
	return callVendor(QueuePayments, summary, payments.CloseUnpaid, s.moneyStep(s.held.Quote.Total), last)
}

func (s *saga) stayInDoubt(ctx workflow.Context) {
	s.state.PaymentStatus = booking.PaymentInDoubt
	s.note(ctx, booking.EventPaymentInDoubt, s.payment.Provider+" has not answered; the seats stay")
	err := s.database(ctx, "Keep the seats until the provider answers", seats.KeepHold, activities.KeepRequest{
		BookingID: s.in.BookingID, Provider: s.payment.Provider, Reference: s.payment.Reference,
	}, nil)
	if err != nil {
		// A rival has overtaken the hold: a confirmation, if there is one, finds out and
		// makes the refund.
		s.logger.Warn("cannot keep the hold", "error", err)
	}
	s.publish(ctx)
}

func (s *saga) record(ctx workflow.Context, state booking.PaymentState) {
	s.state.PaymentStatus = state.Status
	if err := s.database(ctx, "Write down what the provider said", payments.RecordPayment, state, nil); err != nil {
		s.logger.Error("cannot record the payment", "error", err)
	}
}

func (s *saga) authorized() bool {
	return s.payment.Status == booking.PaymentAuthorized || s.payment.Status == booking.PaymentCaptured
}

func (s *saga) closed() bool {
	return s.payment.Status == booking.PaymentVoided || s.payment.Status == booking.PaymentRefunded
}

// keepSecrets keeps what only the opening of a payment returns.
func keepSecrets(now, before booking.PaymentState) booking.PaymentState {
	if now.ClientSecret == "" {
		now.ClientSecret = before.ClientSecret
	}
	if now.CheckoutURL == "" {
		now.CheckoutURL = before.CheckoutURL
	}
	now.BookingID, now.Attempt = before.BookingID, before.Attempt
	return now
}

func reasonOr(reason, otherwise string) string {
	if reason == "" {
		return otherwise
	}
	return reason
}
