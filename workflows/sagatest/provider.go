package sagatest

import (
	"context"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// provider is the world as activities.PaymentProvider.
type provider World

func (p *provider) Name() string { return Provider }

func (p *provider) call(ctx context.Context, operation string, run func(w *World) error) error {
	w := (*World)(p)
	return w.call(ctx, operation, func() error { return run(w) })
}

func (p *provider) Open(ctx context.Context, req booking.PaymentRequest) (state booking.PaymentState, err error) {
	err = p.call(ctx, "open", func(w *World) error {
		reference := w.byKey[req.Key]
		if reference == "" {
			reference = fmt.Sprintf("pi_%d", len(w.payments)+1)
			w.byKey[req.Key] = reference
			w.payments[reference] = &booking.PaymentState{
				Provider: req.Provider, Reference: reference, BookingID: req.BookingID, Attempt: req.Attempt,
				Status: booking.PaymentOpen, Amount: req.Amount.Amount, Currency: req.Amount.Currency,
			}
		}
		state = *w.payments[reference]
		state.ClientSecret, state.CheckoutURL = "secret", "http://127.0.0.1/checkout"
		return nil
	})
	return state, err
}

func (p *provider) Get(ctx context.Context, reference string) (booking.PaymentState, error) {
	return p.change(ctx, "get", reference, func(*World, *booking.PaymentState) error { return nil })
}

func (p *provider) Capture(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.change(ctx, "capture", step.Reference, func(w *World, state *booking.PaymentState) error {
		if state.Status != booking.PaymentAuthorized {
			return booking.E(booking.CodePaymentRefused, "The payment is %s.", state.Status)
		}
		w.moves["capture"]++
		state.Status, state.Captured, state.Authorized = booking.PaymentCaptured, state.Authorized, 0
		return nil
	})
}

func (p *provider) Void(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.change(ctx, "void", step.Reference, func(w *World, state *booking.PaymentState) error {
		if state.Captured == 0 && state.Status != booking.PaymentVoided {
			w.moves["void"]++
			state.Status, state.Authorized = booking.PaymentVoided, 0
		}
		return nil
	})
}

func (p *provider) Refund(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.change(ctx, "refund", step.Reference, func(w *World, state *booking.PaymentState) error {
		if state.Refunded >= step.Amount.Amount {
			return nil
		}
		if step.Amount.Amount > state.Captured {
			return booking.E(booking.CodePaymentRefused, "More than was taken.")
		}
		w.moves["refund"]++
		state.Refunded = step.Amount.Amount
		if state.Refunded == state.Captured {
			state.Status = booking.PaymentRefunded
		}
		return nil
	})
}

func (p *provider) change(ctx context.Context, operation, reference string,
	change func(*World, *booking.PaymentState) error,
) (state booking.PaymentState, err error) {
	err = p.call(ctx, operation, func(w *World) error {
		known := w.payments[reference]
		if known == nil {
			return booking.E(booking.CodeNotFound, "There is no such payment.")
		}
		err := change(w, known)
		state = *known
		return err
	})
	return state, err
}

// approving is a provider whose customers only approve.
type approving struct{ *provider }

func (p approving) Name() string { return Approving }

func (p approving) Authorize(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.change(ctx, "authorize", step.Reference, func(w *World, state *booking.PaymentState) error {
		if state.Status != booking.PaymentApproved {
			return nil
		}
		answer := booking.PaymentAuthorized
		if len(w.answers) > 0 {
			answer, w.answers = w.answers[0], w.answers[1:]
		}
		switch state.Status = answer; answer {
		case booking.PaymentAuthorized:
			w.moves["authorize"]++
			state.Authorized = state.Amount
		case booking.PaymentFailed:
			w.tries++
			state.Failure, state.Try = "The way to pay was declined.", fmt.Sprintf("try_%d", w.tries)
		}
		return nil
	})
}

// Approve is the customer agreeing to a payment of the approving provider.
func (w *World) Approve(reference string) booking.PaymentState {
	return w.pay(reference, func(p *booking.PaymentState) { p.Status, p.Failure, p.Try = booking.PaymentApproved, "", "" })
}

// AnswerAuthorize sets what the approving provider says to the next authorizations; then it
// authorizes.
func (w *World) AnswerAuthorize(answers ...booking.PaymentStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = answers
}

// Authorize is the customer paying; it gives what a webhook would fetch.
func (w *World) Authorize(reference string) booking.PaymentState {
	return w.pay(reference, func(p *booking.PaymentState) {
		w.moves["authorize"]++
		p.Status, p.Authorized = booking.PaymentAuthorized, p.Amount
	})
}

// TakeAtOnce is a payment that the provider captures by itself.
func (w *World) TakeAtOnce(reference string) booking.PaymentState {
	return w.pay(reference, func(p *booking.PaymentState) {
		p.Status, p.Captured, p.Authorized = booking.PaymentCaptured, p.Amount, 0
	})
}

// AuthorizeOnly is a customer whose bank reserved less than was asked for.
func (w *World) AuthorizeOnly(reference string, amount int64) booking.PaymentState {
	return w.pay(reference, func(p *booking.PaymentState) { p.Status, p.Authorized = booking.PaymentAuthorized, amount })
}

// Decline is a card that was refused.
func (w *World) Decline(reference string) booking.PaymentState {
	return w.pay(reference, func(p *booking.PaymentState) {
		w.tries++
		p.Status, p.Failure = booking.PaymentFailed, "Your card was declined."
		p.Try = fmt.Sprintf("ch_%d", w.tries)
	})
}

// Abandon is the payment being cancelled at the provider.
func (w *World) Abandon(reference string) booking.PaymentState {
	return w.pay(reference, func(p *booking.PaymentState) { p.Status = booking.PaymentVoided })
}

// AddPayment puts a payment there that the saga did not open itself.
func (w *World) AddPayment(reference, bookingID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.payments[reference] = &booking.PaymentState{
		Provider: Provider, Reference: reference, BookingID: bookingID, Attempt: 2,
		Status: booking.PaymentOpen, Amount: Price, Currency: "INR",
	}
}

func (w *World) pay(reference string, change func(*booking.PaymentState)) booking.PaymentState {
	for end := time.Now().Add(w.Patience); ; time.Sleep(5 * time.Millisecond) {
		if state, there := w.tryPay(reference, change); there {
			return state
		}
		if time.Now().After(end) {
			panic("sagatest: no payment " + reference)
		}
	}
}

func (w *World) tryPay(reference string, change func(*booking.PaymentState)) (state booking.PaymentState, there bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.payments[reference]
	if p == nil {
		return state, false
	}
	change(p)
	return *p, true
}

// books is the world as activities.Books. The provider's own numbers are the
// ones the tests compare; the real books have tests of their own.
type books World

func (b *books) Record(ctx context.Context, _ booking.PaymentState) error {
	return (*World)(b).call(ctx, "record", func() error { return nil })
}

func (b *books) MarkInDoubt(ctx context.Context, _, _, _ string) error {
	return (*World)(b).call(ctx, "doubt", func() error { return nil })
}

// The world's provider keeps no failure under a key, so no key is ever spent.
func (b *books) SpentKeys(context.Context, string) (int, error) { return 0, nil }

func (b *books) SpendKey(_ context.Context, _ string, n int) (int, error) { return n, nil }

func (b *books) Adopt(ctx context.Context, _, reference, bookingID string) error {
	w := (*World)(b)
	return w.call(ctx, "adopt", func() error {
		w.payments[reference].BookingID = bookingID
		return nil
	})
}
