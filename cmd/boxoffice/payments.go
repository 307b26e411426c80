package main

import (
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/activities"
	bookingsapi "github.com/boxoffice/boxoffice/api/bookings"
	paymentsapi "github.com/boxoffice/boxoffice/api/payments"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
	"github.com/boxoffice/boxoffice/internal/payments/razorpay"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/internal/vendors"
)

// charging is what the payment providers that Boxoffice knows charge, whether they have an
// account here or not: a price that is set today can be paid with one that is added
// tomorrow. Prices are checked against it when they are set, and totals when seats are held.
var charging = payments.JoinCharging(stripe.Limits, razorpay.Limits, paypal.Limits)

// paymentProvider is one payment provider of this platform.
type paymentProvider struct {
	name     string
	charging booking.Charging
	// kept is how long it keeps authorized money for us.
	kept   time.Duration
	client interface {
		activities.PaymentProvider
		paymentsapi.Provider
	}
}

// openProviders makes the payment providers that have an account here, in the platform's
// order of preference.
func (p *platform) openProviders() error {
	for _, name := range p.config.Accounts() {
		one, err := p.openProvider(name)
		if err != nil {
			return err
		}
		p.providers = append(p.providers, one)
	}
	return nil
}

func (p *platform) openProvider(name string) (one paymentProvider, err error) {
	cfg := p.config
	one.name = name
	switch name {
	case config.Razorpay:
		one.charging, one.kept = razorpay.Limits, cfg.RazorpayCaptureWithin
		p.razorpay, err = razorpay.New(razorpay.Options{
			KeyID: cfg.RazorpayKeyID, KeySecret: cfg.RazorpayKeySecret, APIURL: cfg.RazorpayAPIURL, PublicURL: cfg.PublicURL,
			WebhookSecrets: cfg.RazorpayWebhookSecrets, CaptureWithin: cfg.RazorpayCaptureWithin, Logger: p.log,
		})
		one.client = p.razorpay
	case config.PayPal:
		one.charging, one.kept = paypal.Limits, paypal.AuthorizedFor
		one.client, err = paypal.New(paypal.Options{
			ClientID: cfg.PayPalClientID, ClientSecret: cfg.PayPalClientSecret, APIURL: cfg.PayPalAPIURL, PublicURL: cfg.PublicURL,
			WebhookIDs: cfg.PayPalWebhookIDs, CertificateURL: cfg.PayPalCertificates, CertificateRoots: []byte(cfg.PayPalRoots),
			Brand: cfg.MailFromName, Logger: p.log,
		})
	default:
		one.charging, one.kept = stripe.Limits, stripe.AuthorizedFor
		one.client, err = stripe.New(stripe.Options{
			SecretKey: cfg.StripeSecretKey, APIURL: cfg.StripeAPIURL, WebhookSecrets: cfg.StripeWebhookSecrets,
			CheckoutURL: cfg.StripeCheckoutURL, PublicURL: cfg.PublicURL, Logger: p.log, Card: p.guardHolds.CardKey,
		})
	}
	return one, err
}

// razorpayCheckout is our page that runs Razorpay's script; nil without an account there.
func (p *platform) razorpayCheckout() *paymentsapi.RazorpayCheckout {
	if p.razorpay == nil {
		return nil
	}
	return &paymentsapi.RazorpayCheckout{
		KeyID: p.config.RazorpayKeyID, ScriptURL: p.config.RazorpayScriptURL, Signed: p.razorpay.ReturnSigned,
	}
}

// offered are the providers that customers may choose, in the platform's order.
func (p *platform) offered() []paymentProvider {
	names := p.config.Offered()
	return slices.DeleteFunc(slices.Clone(p.providers), func(one paymentProvider) bool { return !slices.Contains(names, one.name) })
}

// webhookReaders read what each provider posts to us.
func (p *platform) webhookReaders() map[string]paymentsapi.Provider {
	all := map[string]paymentsapi.Provider{}
	for _, one := range p.providers {
		all[one.name] = one.client
	}
	return all
}

// moneyKept is how long each provider keeps authorized money for us, also one that is not offered
// any more.
func (p *platform) moneyKept() map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, one := range p.providers {
		all[one.name] = one.kept
	}
	return all
}

// providersCharge is what each offered provider charges.
func (p *platform) providersCharge() map[string]booking.Charging {
	all := map[string]booking.Charging{}
	for _, one := range p.offered() {
		all[one.name] = one.charging
	}
	return all
}

// offeredProviders are the choices of customers, and what learns how each provider answers
// in this process.
func (p *platform) offeredProviders() (*payments.Choices, map[string]bookingsapi.Health) {
	var offered []payments.Offered
	health := map[string]bookingsapi.Health{}
	for _, one := range p.offered() {
		// What is watched is the whole way to an open payment. How long that takes says little of
		// the provider.
		guard := vendors.NewGuard(one.name, vendors.Options{Slow: time.Hour, Logger: p.log})
		offered = append(offered, payments.Offered{Name: one.name, Charging: one.charging, Ill: guard.Ill})
		health[one.name] = guard
	}
	return payments.NewChoices(p.db.Pool, offered), health
}

// paymentActivities talk to the providers.
func (p *platform) paymentActivities(books *payments.Store, returnTo func(bookingID string) (back, cancel string)) *activities.Payments {
	all := &activities.Payments{
		Providers: map[string]activities.PaymentProvider{}, Vendors: map[string]activities.Vendor{}, Books: books, ReturnTo: returnTo,
	}
	for _, one := range p.providers {
		all.Providers[one.name] = one.client
		all.Vendors[one.name] = p.guard(one.name, p.config.PaymentsPerSecond)
	}
	return all
}
