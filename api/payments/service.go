// Package payments serves the payment providers' webhooks and our own checkout page. The
// booking's workflow decides what an event means for it.
package payments

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/workflows"
)

// Options are what the service needs; only the last three may be left out.
type Options struct {
	Payments *payments.Store
	Bookings *bookings.Store
	// Providers are the payment providers by name.
	Providers map[string]Provider
	Saga      Saga
	// Policy is for the workflows that an event starts.
	Policy booking.Policy
	// RebookLate tries the same seats again for money that came too late, before it is
	// refunded.
	RebookLate bool
	// StripePublishableKey turns the checkout page on.
	StripePublishableKey string
	// Razorpay turns its checkout page on.
	Razorpay *RazorpayCheckout
}

// Saga is what the service tells the workflows; see api/saga.
type Saga interface {
	Payment(ctx context.Context, bookingID string, state booking.PaymentState) error
	TakeUp(ctx context.Context, b booking.Booking, policy booking.Policy, state booking.PaymentState) error
	LatePayment(ctx context.Context, in workflows.LatePaymentInput) error
	MovedBack(ctx context.Context, b booking.Booking, state booking.PaymentState, policy booking.Policy) error
	Update(ctx context.Context, bookingID, update string, args ...any) error
}

type service struct {
	*rest.Server
	Options
}

// Mount adds the routes. The error names everything that is missing.
func Mount(server *rest.Server, options Options) error {
	if err := errors.Join(
		rest.Need(options.Payments != nil, "payments", "Payments"),
		rest.Need(options.Bookings != nil, "payments", "Bookings"),
		rest.Need(len(options.Providers) > 0, "payments", "Providers"),
		rest.Need(options.Saga != nil, "payments", "Saga"),
		rest.Need(options.Policy.HoldFor > 0, "payments", "Policy"),
		rest.Need(options.Razorpay == nil || options.Razorpay.KeyID != "" && options.Razorpay.Signed != nil, "payments", "KeyID and Signed of Razorpay"),
	); err != nil {
		return err
	}
	s := &service{server, options}
	s.AllowBodies("/v1/webhooks/{provider}", 256<<10) // events carry whole objects of the provider
	s.Post("/v1/webhooks/{provider}", s.webhook)
	if s.StripePublishableKey != "" {
		s.Get("/pay/{id}", s.pay)
		s.Get("/pay/assets/pay.js", s.payScript)
	}
	s.mountRazorpay()
	return nil
}
