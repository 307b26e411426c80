package paypal_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
	"github.com/boxoffice/boxoffice/sandbox"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

// emptyAnswers loses the body of an answer on the way, once.
type emptyAnswers struct {
	mu     sync.Mutex
	suffix string
}

func (e *emptyAnswers) next(suffix string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.suffix = suffix
}

func (e *emptyAnswers) before(target string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		out := req.Clone(req.Context())
		out.RequestURI = ""
		out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(target, "http://")
		res, err := http.DefaultClient.Do(out)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		e.mu.Lock()
		hit := e.suffix != "" && strings.HasSuffix(req.URL.Path, e.suffix)
		if hit {
			e.suffix = ""
		}
		e.mu.Unlock()
		w.Header().Set("Date", res.Header.Get("Date"))
		w.WriteHeader(res.StatusCode)
		if !hit {
			_, _ = io.Copy(w, res.Body)
		}
	})
}

// An old authorization is renewed before it is captured, once.
func TestOldAuthorizationIsRenewed(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	fresh, old, voided := authorized(t, v, p, "buyer@example.com"), authorized(t, v, p, "buyer@example.com"), authorized(t, v, p, "buyer@example.com")
	_, err := p.Capture(t.Context(), step(fresh, "capture"))
	require.NoError(t, err)
	assert.Len(t, v.order(t, fresh.Reference).Units[0].Payments.Authorizations, 1)

	v.pull(t, "/clock", map[string]any{"advance_seconds": 4 * 24 * 3600})
	v.faulty(t, map[string]any{"vendor": "paypal", "fault": "reply_lost", "operation": "authorizations.capture", "times": 1})
	_, err = p.Capture(t.Context(), step(old, "capture"))
	require.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err))
	got, err := p.Capture(t.Context(), step(old, "capture"))
	require.NoError(t, err)
	assert.Equal(t, twenty.Amount, got.Captured)
	assert.Len(t, v.order(t, old.Reference).Units[0].Payments.Authorizations, 2)
	assert.EqualValues(t, 2*twenty.Amount, v.box().Books(t)["USD"].Captured)

	// The capture fails after the renewal, and is given up: the first one lets the money go.
	stuck := authorized(t, v, p, "declined-capture@example.com")
	v.pull(t, "/clock", map[string]any{"advance_seconds": 4 * 24 * 3600})
	v.faulty(t, map[string]any{"vendor": "paypal", "fault": "error", "operation": "authorizations.capture", "times": 1})
	_, err = p.Capture(t.Context(), step(stuck, "capture"))
	require.Equal(t, booking.CodeProviderError, booking.CodeOf(err))
	require.Equal(t, twenty.Amount, asked(t, p, stuck.Reference).Authorized, "two of the same money")
	ended, err := p.Void(t.Context(), step(stuck, "void"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentVoided, ended.Status)
	assert.Equal(t, booking.PaymentVoided, asked(t, p, stuck.Reference).Status)

	v.pull(t, "/clock", map[string]any{"advance_seconds": 26 * 24 * 3600})
	assert.Equal(t, booking.PaymentVoided, asked(t, p, voided.Reference).Status, "it has lapsed")
	_, err = p.Capture(t.Context(), step(voided, "capture"))
	assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err))
}

// PayPal does not take the mark: the order is as harmless without it.
func TestVoidWhereTheMarkIsRefused(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	state := open(t, p)
	v.faulty(t, map[string]any{"vendor": "paypal", "fault": "error", "status": 422, "operation": "orders.patch", "times": 1})
	ended, err := p.Void(t.Context(), step(state, "void"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentVoided, ended.Status)
	ended, err = p.Void(t.Context(), step(state, "void"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentVoided, ended.Status)
	assert.True(t, strings.HasSuffix(v.order(t, state.Reference).Units[0].CustomID, ".released"))
}

// One new token for all who need one, and another when PayPal has forgotten it.
func TestTokenIsShared(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	var tokens atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/oauth2/token") {
			tokens.Add(1)
		}
		(&emptyAnswers{}).before(v.url).ServeHTTP(w, req)
	}))
	defer web.Close()
	o := v.options(currentWebhook)
	o.APIURL = web.URL + "/paypal"
	p, err := paypal.New(o)
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { open(t, p) })
	}
	group.Wait()
	assert.EqualValues(t, 1, tokens.Load())
	state := open(t, p)
	v.pull(t, "/tokens/revoke", nil)
	assert.Equal(t, booking.PaymentOpen, asked(t, p, state.Reference).Status)
	assert.EqualValues(t, 2, tokens.Load())

	wrong := v.options(currentWebhook)
	wrong.ClientSecret = "another"
	strict := sandboxtest.New(t, func(o *sandbox.Options) { o.PayPalClientID, o.PayPalClientSecret = "client", "secret" })
	wrong.APIURL = strict + "/paypal"
	p, err = paypal.New(wrong)
	require.NoError(t, err)
	_, err = p.Get(t.Context(), state.Reference)
	assert.Equal(t, booking.CodeProviderError, booking.CodeOf(err))
	assert.NotContains(t, err.Error(), "another")
}

// What answers in PayPal's place says nothing of the payment, whatever its status is.
func TestNotPayPalsAnswer(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	state := open(t, v.provider(t, currentWebhook))
	for _, tc := range []struct {
		at     string
		status int
		want   booking.Code
	}{
		{"/token", 404, booking.CodeProviderError}, {"/token", 400, booking.CodeProviderError}, {"/token", 429, booking.CodeProviderUnavailable},
		{"/token", 302, booking.CodeProviderUnavailable}, {"/orders/", 404, booking.CodeProviderError}, {"/orders/", 403, booking.CodeProviderError},
		{"/orders/", 301, booking.CodeProviderUnavailable}, {"/orders/", 200, booking.CodeProviderUnavailable},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.Contains(req.URL.Path, tc.at) {
				w.Header().Set("Location", v.url)
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, "<h1>A page of something in between</h1>")
				return
			}
			(&emptyAnswers{}).before(v.url).ServeHTTP(w, req)
		}))
		o := v.options(currentWebhook)
		o.APIURL = web.URL + "/paypal"
		p, err := paypal.New(o)
		require.NoError(t, err)
		for _, call := range []func(context.Context, booking.MoneyStep) (booking.PaymentState, error){p.Authorize, p.Capture, p.Void, p.Refund} {
			_, err = call(t.Context(), step(state, "any"))
			assert.Equal(t, tc.want, booking.CodeOf(err), "%s %d", tc.at, tc.status)
		}
		web.Close()
	}
}

// Keys of any length become request ids that PayPal takes, different ones.
func TestLongKeys(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	references := map[string]bool{}
	for _, end := range []string{"1", "2", "1"} {
		state, err := p.Open(t.Context(), booking.PaymentRequest{
			BookingID: "7f0e1c0e-4b1e-4e0e-9d3a-0d9b7a3e5f10", Attempt: 1, Amount: twenty, Key: strings.Repeat("k", 200) + end,
		})
		require.NoError(t, err)
		references[state.Reference] = true
	}
	assert.Len(t, references, 2)
}

// A refund that came back is made again with the same key: to PayPal it is another one.
func TestRefundAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	state := authorized(t, v, p, "buyer@example.com")
	_, err := p.Capture(t.Context(), step(state, "capture"))
	require.NoError(t, err)
	for range 2 {
		got, err := p.Refund(t.Context(), step(state, "refund"))
		require.NoError(t, err)
		require.Equal(t, booking.PaymentRefunded, got.Status)
		all := v.order(t, state.Reference).refunds()
		v.pull(t, "/refunds/"+all[len(all)-1].ID+"/settle", map[string]any{"status": "FAILED"})
	}
	assert.EqualValues(t, 2*twenty.Amount, asked(t, p, state.Reference).RefundsFailed)
}
