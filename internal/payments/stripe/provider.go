// Package stripe is the payment provider Stripe, through its own client: payment
// intents with manual capture, refunds and signed webhooks.
//
// What does not live here: retries and the order of steps (package workflows),
// and our books (package payments). Card data never comes here: the customer's
// browser hands it to Stripe.
package stripe

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/refund"
	"github.com/stripe/stripe-go/v76/webhook"
)

// Name is the provider's name in the API and in our books.
const Name = "stripe"

// AuthorizedFor is how long an online payment that the customer began stays authorized.
// https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
const AuthorizedFor = 7 * 24 * time.Hour

// Options say which Stripe account is spoken to, and how.
type Options struct {
	SecretKey string
	// APIURL points elsewhere than Stripe, for example at the sandbox.
	APIURL string
	// WebhookSecrets are the endpoint's signing secrets; two while one is rolled.
	WebhookSecrets []string
	// Tolerance is how old a webhook's signature may be; default 5 minutes.
	Tolerance time.Duration
	// CheckoutURL is where a customer pays, with {payment_intent}, {client_secret}
	// and {booking} filled in. Empty: our own page under PublicURL.
	CheckoutURL string
	PublicURL   string
	// Timeout bounds one request whose caller is more patient; default 30 seconds.
	Timeout time.Duration
	Logger  *slog.Logger
	// Card makes of a card's fingerprint what a payment says of it (booking.PaymentState).
	// Nil: nothing.
	Card func(fingerprint string) string
}

// Provider is one Stripe account.
type Provider struct {
	intents   paymentintent.Client
	refunds   refund.Client
	disputes  dispute.Client
	secrets   []string
	tolerance time.Duration
	checkout  string
	card      func(fingerprint string) string
	log       *slog.Logger
}

// New checks the options and makes the provider. It sends nothing.
func New(o Options) (*Provider, error) {
	checkout := o.CheckoutURL
	if checkout == "" {
		checkout = strings.TrimRight(o.PublicURL, "/") + "/pay/{booking}"
	}
	if err := check(o, checkout); err != nil {
		return nil, fmt.Errorf("stripe: %w", err)
	}
	if o.Tolerance == 0 {
		o.Tolerance = webhook.DefaultTolerance
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Card == nil {
		o.Card = func(string) string { return "" }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	backend := newBackend(o)
	return &Provider{
		intents:   paymentintent.Client{B: backend, Key: o.SecretKey},
		refunds:   refund.Client{B: backend, Key: o.SecretKey},
		disputes:  dispute.Client{B: backend, Key: o.SecretKey},
		secrets:   o.WebhookSecrets,
		tolerance: o.Tolerance,
		checkout:  checkout,
		card:      o.Card,
		log:       o.Logger,
	}, nil
}

// check names every problem at once.
func check(o Options, checkout string) error {
	var problems []error
	if o.SecretKey == "" {
		problems = append(problems, errors.New("no secret key"))
	}
	if len(o.WebhookSecrets) == 0 {
		problems = append(problems, errors.New("no webhook signing secret"))
	}
	for _, secret := range o.WebhookSecrets {
		// An empty key would accept what anyone signs with it.
		if strings.TrimSpace(secret) == "" {
			problems = append(problems, errors.New("an empty webhook signing secret"))
		}
	}
	if o.APIURL != "" && !absolute(o.APIURL) {
		problems = append(problems, fmt.Errorf("API address %q is not an absolute URL", o.APIURL))
	}
	if !absolute(checkout) {
		problems = append(problems, fmt.Errorf("checkout address %q is not an absolute URL", checkout))
	}
	return errors.Join(problems...)
}

func absolute(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != ""
}

func newBackend(o Options) stripe.Backend {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	config := &stripe.BackendConfig{
		EnableTelemetry: stripe.Bool(false),
		HTTPClient: &http.Client{
			Transport: transport,
			Timeout:   o.Timeout,
			// Stripe never redirects; following would carry the key elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// The saga retries, because only it knows when to ask first.
		MaxNetworkRetries: stripe.Int64(0),
		// The client's own log lines hold whole answers, with the cardholder's
		// name and address. Ours are in errors.go.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if o.APIURL != "" {
		config.URL = stripe.String(strings.TrimRight(o.APIURL, "/"))
	}
	return stripe.GetBackendWithConfig(stripe.APIBackend, config)
}

// Name implements the provider port.
func (p *Provider) Name() string { return Name }
