package sandbox

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func TestFaultLatency(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fault(`{"vendor":"stripe","fault":"latency","operation":"payment_intents.create","duration_ms":150}`)
	start := time.Now()
	pi := b.create("")
	assert.GreaterOrEqual(t, time.Since(start), 150*time.Millisecond)
	start = time.Now()
	b.intent(pi.ID)
	assert.Less(t, time.Since(start), 140*time.Millisecond, "another operation")
}

func TestFaultReplyLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("pm_card_visa") // and the connection is in use again for the next call
	f := b.fault(`{"vendor":"stripe","fault":"reply_lost","operation":"payment_intents.capture","times":1}`)
	p := &stripe.PaymentIntentCaptureParams{}
	p.SetIdempotencyKey("capture-1")
	_, err := b.intents.Capture(pi.ID, p)
	require.Error(t, err, "the caller must notice")
	assert.Equal(t, 1, b.hits(f.ID))
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, b.intent(pi.ID).Status, "but it was done")
	again, err := b.intents.Capture(pi.ID, p)
	require.NoError(t, err)
	assert.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	assert.Equal(t, []moneyTotal{{Currency: "inr", Captured: 45000, Net: 45000}}, b.readBooks().Stripe.Totals)
}

func TestFaultError(t *testing.T) {
	t.Parallel()
	capture := func(b *bench, id, key string) (int, error) {
		p := &stripe.PaymentIntentCaptureParams{}
		p.SetIdempotencyKey(key)
		_, err := b.intents.Capture(id, p)
		if err == nil {
			return http.StatusOK, nil
		}
		return stripeErr(t, err).HTTPStatusCode, err
	}
	for name, tc := range map[string]struct {
		fault  string
		done   bool
		repeat int
	}{
		"not stored": {`{"vendor":"stripe","fault":"error","operation":"payment_intents.capture","times":1}`, false, 200},
		"stored":     {`{"vendor":"stripe","fault":"error","operation":"payment_intents.capture","times":1,"store":true}`, false, 500},
		"done":       {`{"vendor":"stripe","fault":"error","operation":"payment_intents.capture","times":1,"done":true}`, true, 200},
		"done and stored": {`{"vendor":"stripe","fault":"error","operation":"payment_intents.capture","times":1,"done":true,"store":true,"status":500}`,
			true, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			pi := b.create("pm_card_visa")
			b.fault(tc.fault)
			status, err := capture(b, pi.ID, "k1")
			assert.Equal(t, 500, status)
			assert.Equal(t, stripe.ErrorTypeAPI, stripeErr(t, err).Type)
			want := stripe.PaymentIntentStatusRequiresCapture
			if tc.done {
				want = stripe.PaymentIntentStatusSucceeded
			}
			assert.Equal(t, want, b.intent(pi.ID).Status)
			status, _ = capture(b, pi.ID, "k1")
			assert.Equal(t, tc.repeat, status)
		})
	}
}

// What runs again only in name cannot fail, and keeps the fault for what does run.
func TestStoredErrorDoesNotStrikeARepeat(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first, err := b.intents.New(keyed("k1"))
	require.NoError(t, err)
	b.fault(`{"vendor":"stripe","fault":"error","times":2,"store":true}`)
	again, err := b.intents.New(keyed("k1"))
	require.NoError(t, err)
	assert.Equal(t, first.ID, again.ID)
	for _, key := range []string{"k2", "k3"} {
		for range 2 {
			_, err = b.intents.New(keyed(key))
			assert.Equal(t, 500, stripeErr(t, err).HTTPStatusCode, key)
		}
	}
	_, err = b.intents.New(keyed("k4"))
	require.NoError(t, err)
}

func TestFaultsAreCountedLimitedAndRemoved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	never := b.fault(`{"vendor":"stripe","fault":"error","probability":0}`)
	limited := b.fault(`{"vendor":"stripe","fault":"error","operation":"payment_intents","times":2,"status":429}`)
	short := b.fault(`{"vendor":"twilio","fault":"error","for_seconds":0.001}`)
	for range 2 {
		_, err := b.intents.New(orderParams(""))
		assert.Equal(t, http.StatusTooManyRequests, stripeErr(t, err).HTTPStatusCode)
	}
	b.create("")
	assert.Equal(t, []int{0, 2}, []int{b.hits(never.ID), b.hits(limited.ID)})

	require.Eventually(t, func() bool {
		_, body := b.send("GET", "/faults", "")
		active := []string{}
		for _, f := range decodeJSON[struct{ Faults []fault }](t, body).Faults {
			if f.Active {
				active = append(active, f.ID)
			}
		}
		return len(active) == 1 && active[0] == never.ID
	}, soon, often, "the others are spent")
	status, _ := b.send("DELETE", "/faults/"+short.ID, "")
	assert.Equal(t, http.StatusNoContent, status)
	status, _ = b.send("DELETE", "/faults/"+short.ID, "")
	assert.Equal(t, http.StatusNotFound, status)
	status, _ = b.send("DELETE", "/faults", "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Empty(t, b.faults.list())
}

func TestBadFaultsNameTheField(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for body, field := range map[string]string{
		`{"fault":"error"}`:                                                    "vendor",
		`{"vendor":"klarna","fault":"error"}`:                                  "vendor",
		`{"vendor":"stripe","fault":"drop"}`:                                   "fault",
		`{"vendor":"webhooks","fault":"error"}`:                                "fault",
		`{"vendor":"stripe","fault":"error","probability":1.5}`:                "probability",
		`{"vendor":"stripe","fault":"error","probability":"often"}`:            "probability",
		`{"vendor":"stripe","fault":"error","times":-1}`:                       "times",
		`{"vendor":"stripe","fault":"latency"}`:                                "duration_ms",
		`{"vendor":"stripe","fault":"latency","duration_ms":-1}`:               "duration_ms",
		`{"vendor":"stripe","fault":"latency","duration_ms":1,"jitter_ms":-1}`: "jitter_ms",
		`{"vendor":"stripe","fault":"error","status":200}`:                     "status",
		`{"vendor":"stripe","fault":"latency","duration_ms":1,"status":500}`:   "status",
		`{"vendor":"sendgrid","fault":"error","store":true}`:                   "store",
		`{"vendor":"webhooks","fault":"duplicate","copies":1}`:                 "copies",
		`{"vendor":"stripe","fault":"error","for_seconds":-1}`:                 "for_seconds",
		`{"vendor":"stripe","fault":"error","foo":1}`:                          "foo",
	} {
		status, answer := b.send("POST", "/faults", body)
		assert.Equal(t, http.StatusBadRequest, status, body)
		p := decodeJSON[problem](t, answer)
		if assert.Len(t, p.Errors, 1, answer) {
			assert.Equal(t, field, p.Errors[0].Field, body)
		}
	}
	for _, body := range []string{``, `{`, `[]`, `{"vendor":"stripe","fault":"error"} {}`} {
		status, _ := b.send("POST", "/faults", body)
		assert.Equal(t, http.StatusBadRequest, status, body)
	}
	assert.Empty(t, b.faults.list())
}
