// Package razorpay is the payment provider Razorpay, through a client of our own: orders whose
// payments we capture, refunds and signed webhooks.
//
// Three things differ from other providers. One order may have many payments, which are folded
// into one state. Razorpay cannot void: a void is a note of ours on the order, after which we
// capture nothing, and the money goes back when the time for its capture has passed. An order
// cannot be closed: what is paid after a void is seen, and is voided in its turn.
//
// What does not live here: retries and the order of steps (package workflows), and our books
// (package payments). Card data never comes here: the customer's browser hands it to Razorpay.
package razorpay

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Name is the provider's name in the API and in our books.
const Name = "razorpay"

// How long Razorpay lets an authorized payment wait for its capture, at least and at most. Some of
// its pages say 5 days; the shorter of the two holds for all accounts.
// https://razorpay.com/docs/payments/payments/capture-settings/api
const (
	leastWait = 12 * time.Minute
	mostWait  = 72 * time.Hour
	usualWait = 24 * time.Hour
)

// Options say which Razorpay account is spoken to, and how.
type Options struct {
	// KeyID is public: the customer's browser gets it.
	KeyID     string
	KeySecret string
	// APIURL points elsewhere than Razorpay, for example at the sandbox.
	APIURL string
	// WebhookSecrets are the endpoint's signing secrets; two while one is changed, and for more
	// than a day: events that are sent again may have the old signature.
	WebhookSecrets []string
	// CaptureWithin is how long an authorized payment waits for our capture before Razorpay
	// gives it back; 12 minutes to 3 days, default 24 hours. An outage of ours that is longer
	// loses the money of sold tickets; customers wait as long for what we voided.
	CaptureWithin time.Duration
	// CheckoutURL is where a customer pays, with {order} and {booking} filled in. Empty: our
	// own page under PublicURL.
	CheckoutURL string
	PublicURL   string
	// Timeout bounds one request whose caller is more patient; default 30 seconds.
	Timeout time.Duration
	Logger  *slog.Logger
}

// Provider is one Razorpay account.
type Provider struct {
	client        *client
	keySecret     string
	secrets       []string
	captureWithin time.Duration
	checkout      string
	log           *slog.Logger
}

// New checks the options and makes the provider. It sends nothing.
func New(o Options) (*Provider, error) {
	if o.CheckoutURL == "" {
		o.CheckoutURL = strings.TrimRight(o.PublicURL, "/") + "/pay/razorpay/{order}"
	}
	if o.APIURL == "" {
		o.APIURL = "https://api.razorpay.com"
	}
	if o.CaptureWithin == 0 {
		o.CaptureWithin = usualWait
	}
	if err := check(o); err != nil {
		return nil, fmt.Errorf("razorpay: %w", err)
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Provider{
		client:        newClient(o),
		keySecret:     o.KeySecret,
		secrets:       o.WebhookSecrets,
		captureWithin: o.CaptureWithin,
		checkout:      o.CheckoutURL,
		log:           o.Logger,
	}, nil
}

// check names every problem at once.
func check(o Options) error {
	var problems []error
	if !strings.HasPrefix(o.KeyID, "rzp_") {
		problems = append(problems, errors.New("a key id begins with rzp_"))
	}
	if o.KeySecret == "" {
		problems = append(problems, errors.New("no key secret"))
	}
	if len(o.WebhookSecrets) == 0 {
		problems = append(problems, errors.New("no webhook secret"))
	}
	for _, secret := range o.WebhookSecrets {
		// An empty key would accept what anyone signs with it.
		if strings.TrimSpace(secret) == "" {
			problems = append(problems, errors.New("an empty webhook secret"))
		}
	}
	if o.CaptureWithin < leastWait || o.CaptureWithin > mostWait {
		problems = append(problems, fmt.Errorf("an authorized payment waits %s to %s for its capture, not %s", leastWait, mostWait, o.CaptureWithin))
	}
	if !absolute(o.APIURL) {
		problems = append(problems, fmt.Errorf("API address %q is not an absolute URL", o.APIURL))
	}
	if !absolute(o.CheckoutURL) {
		problems = append(problems, fmt.Errorf("checkout address %q is not an absolute URL", o.CheckoutURL))
	}
	return errors.Join(problems...)
}

func absolute(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != ""
}

// Name implements the provider port.
func (p *Provider) Name() string { return Name }
