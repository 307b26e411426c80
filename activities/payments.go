package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// Payments are the activities that talk to payment providers. Each asks or acts,
// then records in our books what the provider said.
type Payments struct {
	Providers map[string]PaymentProvider
	Vendors   map[string]Vendor
	Books     Books
	// ReturnTo is where a provider's page sends the customer of a booking back to, and where
	// to without having paid. Nil: providers are not told.
	ReturnTo func(bookingID string) (back, cancel string)
}

// OpenPayment opens a payment that the customer authorizes and we capture.
func (p *Payments) OpenPayment(ctx context.Context, req booking.PaymentRequest) (booking.PaymentState, error) {
	key := fmt.Sprintf("%s-open-%d", req.BookingID, req.Attempt)
	return p.do(ctx, req.Provider, func(ctx context.Context, provider PaymentProvider) (booking.PaymentState, error) {
		return p.freshKeys(ctx, key, func(ctx context.Context, key string) (booking.PaymentState, error) {
			req.Key = key
			if p.ReturnTo != nil {
				req.ReturnURL, req.CancelURL = p.ReturnTo(req.BookingID)
			}
			return provider.Open(ctx, req)
		}, nil)
	})
}

// CheckPayment asks the provider where a payment stands.
func (p *Payments) CheckPayment(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.do(ctx, step.Provider, func(ctx context.Context, provider PaymentProvider) (booking.PaymentState, error) {
		return provider.Get(ctx, step.Reference)
	})
}

// AuthorizePayment reserves the money of a payment that the customer has approved. It asks
// before it repeats. The answer is the payment's state, whichever that is.
func (p *Payments) AuthorizePayment(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.do(ctx, step.Provider, func(ctx context.Context, provider PaymentProvider) (booking.PaymentState, error) {
		authorizer, ok := provider.(Authorizer)
		if !ok {
			return provider.Get(ctx, step.Reference)
		}
		if info := activity.GetInfo(ctx); !info.IsLocalActivity || info.Attempt > 1 {
			if state, err := provider.Get(ctx, step.Reference); err != nil || state.Status != booking.PaymentApproved {
				return state, err
			}
		}
		// A declined payment may be approved again, and then needs another authorization.
		key := fmt.Sprintf("%s-authorize-%s-%d", step.BookingID, step.Reference, step.Try)
		return p.freshKeys(ctx, key,
			func(ctx context.Context, key string) (booking.PaymentState, error) {
				step.Key = key
				return authorizer.Authorize(ctx, step)
			},
			func(ctx context.Context) (booking.PaymentState, bool, error) {
				state, err := provider.Get(ctx, step.Reference)
				return state, state.Status != booking.PaymentApproved, err
			})
	})
}

// CloseUnpaid asks first, and voids a payment only if it is not paid: a lost webhook must
// not cost the customer the ticket. The answer says which of the two happened.
func (p *Payments) CloseUnpaid(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	state, err := p.do(ctx, step.Provider, func(ctx context.Context, provider PaymentProvider) (booking.PaymentState, error) {
		state, err := provider.Get(ctx, step.Reference)
		if err != nil || paid(state) || closed(state) {
			return state, err
		}
		// One that the provider still looks into is closed, too: seats do not wait for days.
		return p.void(ctx, provider, step)
	})
	if err == nil && state.Status == booking.PaymentInDoubt {
		err = toTemporal(ctx, undecided())
	}
	return state, err
}

// CapturePayment takes the money. It asks before it repeats, so that a lost
// answer is never a second capture.
func (p *Payments) CapturePayment(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	state, err := p.do(ctx, step.Provider, func(ctx context.Context, provider PaymentProvider) (booking.PaymentState, error) {
		if info := activity.GetInfo(ctx); !info.IsLocalActivity || info.Attempt > 1 {
			if state, err := provider.Get(ctx, step.Reference); err != nil || state.Captured > 0 || closed(state) {
				return state, err
			}
		}
		return p.freshKeys(ctx, step.BookingID+"-capture-"+step.Reference,
			func(ctx context.Context, key string) (booking.PaymentState, error) {
				step.Key = key
				return provider.Capture(ctx, step)
			},
			func(ctx context.Context) (booking.PaymentState, bool, error) {
				state, err := provider.Get(ctx, step.Reference)
				return state, state.Captured > 0, err
			})
	})
	if err != nil {
		p.doubtAfter(ctx, step)
		return state, err
	}
	return state, toTemporal(ctx, captureFailure(state, step.Amount))
}

// undecided says that the provider has answered, and not decided. The step asks again. It is
// made after the vendor's guard has seen the answer: a vendor that looks into one payment is
// well.
func undecided() error {
	return booking.E(booking.CodeProviderUnavailable, "The provider has not decided about the payment yet.")
}

func captureFailure(state booking.PaymentState, want booking.Money) error {
	switch {
	case state.Status == booking.PaymentInDoubt:
		return undecided()
	case closed(state) && state.Captured == 0:
		return booking.E(booking.CodePaymentRefused, "The payment can no longer be taken.")
	case state.Captured != want.Amount || state.Currency != want.Currency:
		// Less than the whole is a failure, never half a sale.
		return booking.E(booking.CodePaymentMismatch, "The provider took %s instead of %s.",
			booking.Money{Amount: state.Captured, Currency: state.Currency}, want)
	default:
		return nil
	}
}

// GiveBack makes sure that we keep no money of a payment: an authorization is voided, a
// capture refunded in full, an open payment closed.
func (p *Payments) GiveBack(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	state, err := p.do(ctx, step.Provider, func(ctx context.Context, provider PaymentProvider) (booking.PaymentState, error) {
		state, err := provider.Get(ctx, step.Reference)
		if err != nil || closed(state) {
			return state, err
		}
		if state.Captured == 0 {
			if state, err = p.void(ctx, provider, step); err != nil || state.Captured == 0 {
				return state, err
			}
			// It was captured between the question and the void.
		}
		step.Amount = booking.Money{Amount: state.Captured, Currency: state.Currency}
		return p.refund(ctx, provider, step)
	})
	if err == nil && state.Status == booking.PaymentInDoubt {
		err = toTemporal(ctx, undecided())
	}
	if err != nil {
		p.doubtAfter(ctx, step)
	}
	return state, err
}

// RefundPayment gives back a part, so that step.Amount is refunded in the end.
func (p *Payments) RefundPayment(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	state, err := p.do(ctx, step.Provider, func(ctx context.Context, provider PaymentProvider) (booking.PaymentState, error) {
		return p.refund(ctx, provider, step)
	})
	if err != nil {
		p.doubtAfter(ctx, step)
	}
	return state, err
}

// RecordPayment writes down what a webhook said.
func (p *Payments) RecordPayment(ctx context.Context, state booking.PaymentState) error {
	return toTemporal(ctx, p.Books.Record(ctx, state))
}

// AdoptRequest moves a payment to the booking made for it.
type AdoptRequest struct {
	Provider  string `json:"provider"`
	Reference string `json:"reference"`
	BookingID string `json:"booking_id"`
}

// AdoptPayment moves a payment to the booking made for it.
func (p *Payments) AdoptPayment(ctx context.Context, req AdoptRequest) error {
	return toTemporal(ctx, p.Books.Adopt(ctx, req.Provider, req.Reference, req.BookingID))
}

func (p *Payments) void(ctx context.Context, provider PaymentProvider, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.freshKeys(ctx, step.BookingID+"-void-"+step.Reference,
		func(ctx context.Context, key string) (booking.PaymentState, error) {
			step.Key = key
			return provider.Void(ctx, step)
		},
		func(ctx context.Context) (booking.PaymentState, bool, error) {
			state, err := provider.Get(ctx, step.Reference)
			return state, closed(state), err
		})
}

func (p *Payments) refund(ctx context.Context, provider PaymentProvider, step booking.MoneyStep) (booking.PaymentState, error) {
	key := fmt.Sprintf("%s-refund-%s-%d", step.BookingID, step.Reference, step.Amount.Amount)
	return p.freshKeys(ctx, key,
		func(ctx context.Context, key string) (booking.PaymentState, error) {
			step.Key = key
			return provider.Refund(ctx, step)
		},
		func(ctx context.Context) (booking.PaymentState, bool, error) {
			state, err := provider.Get(ctx, step.Reference)
			return state, state.Refunded >= step.Amount.Amount, err
		})
}

// do runs one conversation with a provider, guarded on the fast path, and
// records its end.
func (p *Payments) do(ctx context.Context, name string,
	talk func(context.Context, PaymentProvider) (booking.PaymentState, error),
) (booking.PaymentState, error) {
	provider, ok := p.Providers[name]
	if !ok {
		// A worker of the release before, or one without the keys yet: another one has them. A
		// final error would void a ticket that is paid.
		return booking.PaymentState{}, toTemporal(ctx, booking.E(booking.CodeProviderUnavailable, "This worker has no account with %q.", name))
	}
	var state booking.PaymentState
	err := guarded(ctx, p.Vendors[name], func(ctx context.Context) (err error) {
		state, err = talk(ctx, provider)
		return err
	})
	if err == nil {
		err = p.Books.Record(ctx, state)
	}
	return state, toTemporal(ctx, err)
}

// doubtAfter shows staff a payment whose provider keeps not answering.
func (p *Payments) doubtAfter(ctx context.Context, step booking.MoneyStep) {
	const tries = 3
	info := activity.GetInfo(ctx)
	if info.IsLocalActivity || info.Attempt != tries {
		return
	}
	if err := p.Books.MarkInDoubt(ctx, step.BookingID, step.Provider, step.Reference); err != nil {
		activity.GetLogger(ctx).Warn("cannot mark the payment in doubt", "error", err)
	}
}

// guarded sends a call through the vendor's guard: on the fast path it may be
// skipped, on the slow path it always runs and teaches the guard.
func guarded(ctx context.Context, vendor Vendor, call func(context.Context) error) error {
	switch {
	case vendor == nil:
		return call(ctx)
	case activity.GetInfo(ctx).IsLocalActivity:
		return vendor.Try(ctx, call)
	default:
		return vendor.Report(ctx, call)
	}
}

// paid tells whether the customer has given the money.
func paid(s booking.PaymentState) bool {
	return s.Status == booking.PaymentAuthorized || s.Captured > s.Refunded
}

// closed tells whether nothing more can be taken with this payment.
func closed(s booking.PaymentState) bool {
	return s.Status == booking.PaymentVoided || s.Status == booking.PaymentRefunded
}
