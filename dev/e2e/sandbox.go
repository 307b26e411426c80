package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// The cards that customers pay with.
const (
	Visa     = "pm_card_visa"
	Declined = "pm_card_chargeDeclined"
	ThreeDS  = "pm_card_authenticationRequired"
)

// Sandbox is the vendors: their customers' side, their dashboards, and the switches that
// make them fail.
type Sandbox struct {
	address                string
	secretKey, publishable string
	webhookSecret          string
}

// NewSandbox finds the sandbox by the platform's environment.
func NewSandbox(env map[string]string) *Sandbox {
	secret, _, _ := strings.Cut(env["STRIPE_WEBHOOK_SECRETS"], ",")
	return &Sandbox{
		address: env["STRIPE_API_URL"], secretKey: env["STRIPE_SECRET_KEY"],
		publishable: env["STRIPE_PUBLISHABLE_KEY"], webhookSecret: secret,
	}
}

// Intent is a payment as Stripe shows it.
type Intent struct {
	ID             string            `json:"id"`
	Status         string            `json:"status"`
	Amount         int64             `json:"amount"`
	AmountReceived int64             `json:"amount_received"`
	ClientSecret   string            `json:"client_secret"`
	Metadata       map[string]string `json:"metadata"`
	NextAction     *struct {
		RedirectToURL struct {
			URL string `json:"url"`
		} `json:"redirect_to_url"`
	} `json:"next_action"`
}

// Pay is the customer on the checkout page, with the publishable key and the
// client secret as the browser has them. A decline is a *Problem with status 402.
func (s *Sandbox) Pay(ctx context.Context, p *booking.PaymentView, card string) (Intent, error) {
	if p == nil || p.ClientSecret == "" {
		return Intent{}, fmt.Errorf("there is nothing to pay with: %+v", p)
	}
	return s.PayIntent(ctx, Intent{ID: p.Reference, ClientSecret: p.ClientSecret}, card)
}

// PayIntent is Pay for a payment that no booking shows.
func (s *Sandbox) PayIntent(ctx context.Context, intent Intent, card string) (Intent, error) {
	return s.stripe(ctx, s.publishable, http.MethodPost, "/v1/payment_intents/"+intent.ID+"/confirm", url.Values{
		"payment_method": {card}, "client_secret": {intent.ClientSecret}, "return_url": {"http://127.0.0.1/back"},
	})
}

// CompleteChallenge is the customer at the bank's 3-D Secure page.
func (s *Sandbox) CompleteChallenge(ctx context.Context, intent Intent) error {
	_, err := send(ctx, request{
		method: http.MethodPost, address: intent.NextAction.RedirectToURL.URL, body: url.Values{"answer": {"complete"}},
	}, nil)
	// The bank sends the browser on to an address without a server.
	if StatusOf(err) == 0 && err != nil && strings.Contains(err.Error(), "127.0.0.1/back") {
		return nil
	}
	return err
}

// Desk does something to a payment at Stripe, with our own key but without our
// platform: what a person at the dashboard could do.
func (s *Sandbox) Desk(ctx context.Context, path string, form url.Values) (Intent, error) {
	return s.stripe(ctx, s.secretKey, http.MethodPost, path, form)
}

// Intent reads a payment.
func (s *Sandbox) Intent(ctx context.Context, id string) (Intent, error) {
	return s.stripe(ctx, s.secretKey, http.MethodGet, "/v1/payment_intents/"+id, nil)
}

// IntentsOf lists the payments that name a booking.
func (s *Sandbox) IntentsOf(ctx context.Context, bookingID string) ([]Payment, error) {
	books, err := s.Books(ctx)
	if err != nil {
		return nil, err
	}
	var found []Payment
	for _, p := range books.Stripe.Payments {
		if p.Metadata["booking_id"] == bookingID {
			found = append(found, p)
		}
	}
	return found, nil
}

func (s *Sandbox) stripe(ctx context.Context, key, method, path string, form url.Values) (intent Intent, err error) {
	r := request{method: method, address: s.address + path, header: map[string]string{"Authorization": "Bearer " + key}}
	if form != nil {
		r.body = form
	}
	_, err = send(ctx, r, &intent)
	return intent, err
}

// Fault is a switch; see the sandbox's README.
type Fault struct {
	ID          string  `json:"id,omitempty"`
	Vendor      string  `json:"vendor"`
	Fault       string  `json:"fault"`
	Operation   string  `json:"operation,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Times       int     `json:"times,omitempty"`
	DurationMS  int     `json:"duration_ms,omitempty"`
	JitterMS    int     `json:"jitter_ms,omitempty"`
	Status      int     `json:"status,omitempty"`
	Store       bool    `json:"store,omitempty"`
	Done        bool    `json:"done,omitempty"`
	Copies      int     `json:"copies,omitempty"`
	Hits        int     `json:"hits,omitempty"`
	Site        string  `json:"site,omitempty"`  // of vendor house
	Polls       int     `json:"polls,omitempty"` // of pending sales there
}

// Break turns a fault on.
func (s *Sandbox) Break(ctx context.Context, f Fault) (Fault, error) {
	_, err := send(ctx, request{method: http.MethodPost, address: s.address + "/faults", body: f}, &f)
	return f, err
}

// Repair turns a fault off.
func (s *Sandbox) Repair(ctx context.Context, f Fault) error {
	_, err := send(ctx, request{method: http.MethodDelete, address: s.address + "/faults/" + f.ID}, nil)
	return err
}

// Hits says how often a fault has struck.
func (s *Sandbox) Hits(ctx context.Context, f Fault) (int, error) {
	var list struct {
		Faults []Fault `json:"faults"`
	}
	_, err := send(ctx, request{method: http.MethodGet, address: s.address + "/faults"}, &list)
	for _, one := range list.Faults {
		if one.ID == f.ID {
			return one.Hits, err
		}
	}
	return 0, err
}

// Letter is a message that a customer got.
type Letter struct {
	ID          string `json:"id"`
	Channel     string `json:"channel"`
	To          string `json:"to"`
	Subject     string `json:"subject"`
	Text        string `json:"text"`
	HTML        string `json:"html"`
	Attachments []struct {
		Filename string `json:"filename"`
	} `json:"attachments"`
}

// Inbox is what arrived at an address or a number about bookings: without the code that
// every new account is sent.
func (s *Sandbox) Inbox(ctx context.Context, to string) ([]Letter, error) {
	var list struct {
		Messages []Letter `json:"messages"`
	}
	_, err := send(ctx, request{method: http.MethodGet, address: s.address + "/inbox.json?limit=1000&to=" + url.QueryEscape(to)}, &list)
	return slices.DeleteFunc(list.Messages, func(l Letter) bool { return strings.HasSuffix(l.Subject, " code") }), err
}

// Browser is a subscription to messages by push, as a page hands it over.
type Browser struct {
	Endpoint string            `json:"endpoint"`
	Keys     map[string]string `json:"keys"`
}

// Browser installs a browser that takes messages signed with a key.
func (s *Sandbox) Browser(ctx context.Context, publicKey string) (Browser, error) {
	var browser Browser
	_, err := send(ctx, request{
		method: http.MethodPost, address: s.address + "/push/subscriptions", body: map[string]string{"applicationServerKey": publicKey},
	}, &browser)
	return browser, err
}

// Delivery is a webhook's way to us.
type Delivery struct {
	EventID  string `json:"event"`
	Type     string `json:"type"`
	State    string `json:"state"`
	Attempts []struct {
		Status int    `json:"status"`
		Error  string `json:"error"`
	} `json:"attempts"`
}

// Deliveries lists the webhooks of a payment.
func (s *Sandbox) Deliveries(ctx context.Context, intent string) ([]Delivery, error) {
	var list struct {
		Deliveries []Delivery `json:"deliveries"`
	}
	_, err := send(ctx, request{method: http.MethodGet,
		address: s.address + "/sandbox/stripe/deliveries?limit=100&payment_intent=" + intent}, &list)
	return list.Deliveries, err
}

// Resend delivers an event once more.
func (s *Sandbox) Resend(ctx context.Context, event string) error {
	_, err := send(ctx, request{method: http.MethodPost, address: s.address + "/sandbox/stripe/events/" + event + "/resend"}, nil)
	return err
}

// Sign makes the header that Stripe would send with a body.
// https://docs.stripe.com/webhooks#verify-manually
func (s *Sandbox) Sign(body []byte, at time.Time) string { return signWith(s.webhookSecret, body, at) }

func signWith(secret string, body []byte, at time.Time) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
