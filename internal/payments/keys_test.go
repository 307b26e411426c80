package payments_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

var total = booking.Money{Amount: 45_000, Currency: "INR"}

// storedFailures is how many keys the provider keeps a failure under.
const storedFailures = 12

// counter is a theater's cash desk: our books on Postgres, Stripe's client, and the
// sandbox at the other end.
type counter struct {
	*books
	vendor string // the sandbox
	api    string // where the client calls: the sandbox, or a proxy before it
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	box := sandboxtest.New(t)
	return &counter{books: newBooks(t), vendor: box, api: box}
}

// worker is a worker that has just started: it remembers nothing.
func (c *counter) worker(books activities.Books) *activities.Payments {
	c.t.Helper()
	provider, err := stripe.New(stripe.Options{
		SecretKey: "sk_test_keys", APIURL: c.api, WebhookSecrets: []string{"whsec_keys"},
		PublicURL: "https://tickets.example", Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(c.t, err)
	return &activities.Payments{Providers: map[string]activities.PaymentProvider{stripe.Name: provider}, Books: books}
}

// errNotYet ends a run of attempts that did not suffice.
var errNotYet = errors.New("not yet")

// run makes up to so many attempts of an activity, as Temporal does.
func (c *counter) run(books activities.Books, step payStep, attempts int32) (booking.PaymentState, error) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(slog.New(slog.DiscardHandler))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	worker := c.worker(books)
	env.RegisterActivity(worker)
	env.ExecuteWorkflow(func(ctx workflow.Context) (state booking.PaymentState, err error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute,
			RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumAttempts: attempts},
		})
		err = workflow.ExecuteActivity(ctx, step.run(worker), step.in).Get(ctx, &state)
		return state, err
	})
	var state booking.PaymentState
	err := env.GetWorkflowError()
	if err == nil {
		err = env.GetWorkflowResult(&state)
	}
	return state, err
}

// payStep is one step of a payment, ready to run.
type payStep struct {
	operation string // as the sandbox names it
	run       func(*activities.Payments) any
	in        any
	after     booking.PaymentStatus
	books     string // the sandbox's totals afterward: captured, refunded
}

// steps are the four that carry keys, on payments that are ready for them.
func (c *counter) steps() []payStep {
	authorized, voided, captured := c.authorized(), c.authorized(), c.authorized()
	state, err := c.run(c.Store, payStep{run: capturing, in: captured}, 1)
	require.NoError(c.t, err)
	require.Equal(c.t, booking.PaymentCaptured, state.Status)
	captured.Amount.Amount = 20_000
	return []payStep{
		{"payment_intents.create", opening, c.request(), booking.PaymentOpen, "45000 0"},
		{"payment_intents.capture", capturing, authorized, booking.PaymentCaptured, "90000 0"},
		{"payment_intents.cancel", func(p *activities.Payments) any { return p.GiveBack }, voided, booking.PaymentVoided, "90000 0"},
		{"refunds.create", refunding, captured, booking.PaymentCaptured, "90000 20000"},
	}
}

func opening(p *activities.Payments) any   { return p.OpenPayment }
func capturing(p *activities.Payments) any { return p.CapturePayment }
func refunding(p *activities.Payments) any { return p.RefundPayment }

func (c *counter) request() booking.PaymentRequest {
	return booking.PaymentRequest{BookingID: c.booking(), Provider: stripe.Name, Attempt: 1, Amount: total, Description: "Kite"}
}

func (c *counter) authorized() booking.MoneyStep {
	c.t.Helper()
	req := c.request()
	state, err := c.run(c.Store, payStep{run: opening, in: req}, 1)
	require.NoError(c.t, err)
	c.post("/v1/payment_intents/"+state.Reference+"/confirm", "application/x-www-form-urlencoded", "payment_method=pm_card_visa")
	return booking.MoneyStep{BookingID: req.BookingID, Provider: stripe.Name, Reference: state.Reference, Amount: total}
}

func (c *counter) fault(operation string, times int) {
	c.t.Helper()
	c.post("/faults", "application/json", fmt.Sprintf(
		`{"vendor":"stripe","operation":%q,"fault":"error","store":true,"times":%d}`, operation, times))
}

func (c *counter) post(path, kind, body string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.vendor+path, strings.NewReader(body))
	require.NoError(c.t, err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer sk_test_keys")
	answer, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer answer.Body.Close()
	require.Less(c.t, answer.StatusCode, 300)
}

// taken is the vendor's own totals, and how many payments it has.
func (c *counter) taken() (totals string, payments int) {
	c.t.Helper()
	answer, err := http.Get(c.vendor + "/books")
	require.NoError(c.t, err)
	defer answer.Body.Close()
	var books struct {
		Stripe struct {
			Totals   []struct{ Captured, Refunded int64 }
			Payments []json.RawMessage
		}
	}
	require.NoError(c.t, json.NewDecoder(answer.Body).Decode(&books))
	require.Len(c.t, books.Stripe.Totals, 1)
	return fmt.Sprint(books.Stripe.Totals[0].Captured, books.Stripe.Totals[0].Refunded), len(books.Stripe.Payments)
}

// forgetful are the books of workers that die before every third key is written
// down.
type forgetful struct {
	activities.Books
	deaths atomic.Int32
}

func (f *forgetful) SpendKey(ctx context.Context, step string, n int) (int, error) {
	if f.deaths.Add(1)%3 == 1 {
		return 0, errNotYet
	}
	return f.Books.SpendKey(ctx, step, n)
}

// A provider answers 500 under twelve keys, keeps each answer for a day, and is then
// well again. Each step happens, and happens once.
func TestTwelveStoredFailures(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*counter, payStep) (booking.PaymentState, error){
		"one worker": func(c *counter, step payStep) (booking.PaymentState, error) {
			return c.run(c.Store, step, 2*storedFailures)
		},
		"a new worker for every attempt, which may die before it writes": func(c *counter, step payStep) (state booking.PaymentState, err error) {
			books := &forgetful{Books: c.Store}
			for range 3 * storedFailures {
				if state, err = c.run(books, step, 1); err == nil {
					break
				}
			}
			return state, err
		},
		"two attempts at once": func(c *counter, step payStep) (state booking.PaymentState, err error) {
			var other sync.WaitGroup
			other.Go(func() {
				_, err := c.run(c.Store, step, 4*storedFailures)
				assert.NoError(c.t, err)
			})
			state, err = c.run(c.Store, step, 4*storedFailures)
			other.Wait()
			return state, err
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			for _, step := range c.steps() {
				_, before := c.taken()
				c.fault(step.operation, storedFailures)
				state, err := way(c, step)
				require.NoError(t, err, step.operation)
				assert.Equal(t, step.after, state.Status, step.operation)
				totals, payments := c.taken()
				assert.Equal(t, step.books, totals, step.operation)
				if step.after == booking.PaymentOpen {
					assert.Equal(t, before+1, payments)
				}
			}
		})
	}
}

// The provider's gateway answers 500, and a copy of the request reaches the provider
// later than the next attempt's request. A provider that has not kept the failure
// would do both, so the next attempt has to use the same key.
func TestDelayedCopyIsNoSecondRefund(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	step := c.authorized()
	_, err := c.run(c.Store, payStep{run: capturing, in: step}, 1)
	require.NoError(t, err)
	c.api = delaying(t, c.vendor)
	step.Amount.Amount = 20_000
	state, err := c.run(c.Store, payStep{run: refunding, in: step}, 3)
	require.NoError(t, err)
	assert.EqualValues(t, 20_000, state.Refunded)
	totals, _ := c.taken()
	assert.Equal(t, "45000 20000", totals)
}

// delaying is a gateway that answers the first refund with 500 and hands it on just
// after the second.
func delaying(t *testing.T, vendor string) string {
	t.Helper()
	target, err := url.Parse(vendor)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	var mu sync.Mutex
	var delayed *http.Request
	refunds := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/refunds" {
			proxy.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		refunds++
		if refunds == 1 {
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			delayed = r.Clone(context.Background())
			delayed.Body = io.NopCloser(bytes.NewReader(body))
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":{"type":"api_error","message":"Gateway."}}`)
			return
		}
		proxy.ServeHTTP(w, r)
		if refunds == 2 {
			proxy.ServeHTTP(httptest.NewRecorder(), delayed)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestSpentKeysNeverFall(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	spent, err := b.SpentKeys(t.Context(), "a")
	require.NoError(t, err)
	assert.Zero(t, spent)
	for _, step := range []struct{ n, want int }{{1, 1}, {4, 4}, {2, 4}, {5, 5}} {
		spent, err = b.SpendKey(t.Context(), "a", step.n)
		require.NoError(t, err)
		assert.Equal(t, step.want, spent)
	}
	spent, err = b.SpentKeys(t.Context(), "b")
	require.NoError(t, err)
	assert.Zero(t, spent)
}
