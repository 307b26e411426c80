package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	stripecharge "github.com/stripe/stripe-go/v76/charge"
	stripeevent "github.com/stripe/stripe-go/v76/event"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/paymentmethod"
	striperefund "github.com/stripe/stripe-go/v76/refund"
)

const soon, often = 10 * time.Second, 5 * time.Millisecond

// bench is one sandbox with the vendors' own clients pointed at it.
type bench struct {
	*Server
	t   *testing.T
	url string

	intents paymentintent.Client
	refunds striperefund.Client
	charges stripecharge.Client
	events  stripeevent.Client
	methods paymentmethod.Client

	paypalToken string
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	o := Options{
		PublicURL: "http://" + web.Listener.Addr().String(), Logger: quiet(),
		WebhookRetryBase: 20 * time.Millisecond, WebhookRetryCap: 100 * time.Millisecond,
	}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	require.NoError(t, err)
	web.Config.Handler = s.Handler()
	web.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		cancel()
		assert.NoError(t, <-ended)
		assert.NoError(t, s.Close())
	})
	b := &bench{Server: s, t: t, url: web.URL}
	b.connect(web.Client())
	return b
}

// connect makes stripe-go clients that do not retry: a test decides that.
func (b *bench) connect(hc *http.Client) {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(b.url), HTTPClient: hc, MaxNetworkRetries: stripe.Int64(0),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	const key = "sk_test_sandbox"
	b.intents = paymentintent.Client{B: backend, Key: key}
	b.refunds = striperefund.Client{B: backend, Key: key}
	b.charges = stripecharge.Client{B: backend, Key: key}
	b.events = stripeevent.Client{B: backend, Key: key}
	b.methods = paymentmethod.Client{B: backend, Key: key}
}

func orderParams(method string) *stripe.PaymentIntentParams {
	p := &stripe.PaymentIntentParams{
		Amount: stripe.Int64(45000), Currency: stripe.String("inr"),
		CaptureMethod: stripe.String("manual"), Description: stripe.String("2 seats, Friday"),
		AutomaticPaymentMethods: &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true)},
	}
	p.AddMetadata("booking_id", "b-1")
	if method != "" {
		p.PaymentMethod, p.Confirm = stripe.String(method), stripe.Bool(true)
	}
	return p
}

func (b *bench) create(method string) *stripe.PaymentIntent {
	b.t.Helper()
	pi, err := b.intents.New(orderParams(method))
	require.NoError(b.t, err)
	return pi
}

func (b *bench) intent(id string) *stripe.PaymentIntent {
	b.t.Helper()
	pi, err := b.intents.Get(id, nil)
	require.NoError(b.t, err)
	return pi
}

// stripeErr asserts that the client saw an error of Stripe's.
func stripeErr(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	require.ErrorAs(t, err, &e)
	return e
}

// send makes a plain request and returns the status and the body.
func (b *bench) send(method, path string, body string, headers ...string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	require.NoError(b.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	if location := res.Header.Get("Location"); location != "" {
		return res.StatusCode, location
	}
	return res.StatusCode, string(raw)
}

func (b *bench) form(path string, pairs ...string) (int, string) {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return b.send("POST", path, values.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Authorization", "Bearer sk_test_x")
}

func (b *bench) fault(body string) fault {
	b.t.Helper()
	status, answer := b.send("POST", "/faults", body)
	require.Equal(b.t, http.StatusCreated, status, answer)
	return decodeJSON[fault](b.t, answer)
}

func (b *bench) hits(id string) int {
	for _, f := range b.faults.list() {
		if f.ID == id {
			return f.Hits
		}
	}
	return -1
}

func (b *bench) readBooks() books {
	b.t.Helper()
	status, body := b.send("GET", "/books", "")
	require.Equal(b.t, http.StatusOK, status)
	return decodeJSON[books](b.t, body)
}

func decodeJSON[T any](t *testing.T, raw string) T {
	t.Helper()
	var v T
	require.NoError(t, json.NewDecoder(bytes.NewBufferString(raw)).Decode(&v), raw)
	return v
}
