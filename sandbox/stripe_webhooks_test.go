package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
)

const secret, oldSecret = "whsec_new", "whsec_old"

// receiver is the merchant's webhook endpoint.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	events []stripe.Event
	bodies []string
	answer func(stripe.Event) int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{answer: func(stripe.Event) int { return http.StatusOK }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		var ev stripe.Event
		for _, s := range []string{secret, oldSecret} {
			ev, err = webhook.ConstructEventWithOptions(body, req.Header.Get("Stripe-Signature"), s,
				webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
			assert.NoError(t, err, "signed with "+s)
		}
		_, err = webhook.ConstructEvent(body, req.Header.Get("Stripe-Signature"), "whsec_other")
		assert.ErrorIs(t, err, webhook.ErrNoValidSignature)
		r.mu.Lock()
		r.events, r.bodies = append(r.events, ev), append(r.bodies, string(body))
		status := r.answer(ev)
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []string{}
	for _, ev := range r.events {
		out = append(out, string(ev.Type))
	}
	return out
}

func (r *receiver) count(kind string) (n int) {
	for _, seen := range r.types() {
		if seen == kind {
			n++
		}
	}
	return n
}

func newWebhookBench(t *testing.T, change ...func(*Options)) (*bench, *receiver) {
	t.Helper()
	r := newReceiver(t)
	b := newBench(t, append([]func(*Options){func(o *Options) {
		o.StripeWebhookURL, o.StripeWebhookSecrets = r.URL, []string{secret, oldSecret}
	}}, change...)...)
	return b, r
}

func (r *receiver) expect(t *testing.T, types ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(r.types()) >= len(types) }, soon, often, "%v", types)
	assert.Equal(t, types, r.types())
}

func (b *bench) settled() bool { return b.readBooks().Webhooks.Pending == 0 }

func TestEventsOfAPaymentArriveSignedAndInOrder(t *testing.T) {
	t.Parallel()
	b, r := newWebhookBench(t)
	pi := b.create("")
	_, err := b.intents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_chargeDeclined")})
	stripeErr(t, err)
	confirm := &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")}
	confirm.SetIdempotencyKey("confirm-1")
	_, err = b.intents.Confirm(pi.ID, confirm)
	require.NoError(t, err)
	_, err = b.intents.Capture(pi.ID, nil)
	require.NoError(t, err)
	_, err = b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(100)})
	require.NoError(t, err)
	b.send("POST", "/sandbox/stripe/disputes", `{"payment_intent":"`+pi.ID+`"}`)
	r.expect(t, "payment_intent.created", "charge.failed", "payment_intent.payment_failed", "charge.succeeded",
		"payment_intent.amount_capturable_updated", "charge.captured", "payment_intent.succeeded", "charge.refunded",
		"charge.dispute.created", "charge.dispute.funds_withdrawn")

	ev := r.events[4]
	assert.Equal(t, "2024-06-20", ev.APIVersion)
	assert.NotEqual(t, stripe.APIVersion, ev.APIVersion, "newer than the client's, as it may be in life")
	assert.Equal(t, "confirm-1", ev.Request.IdempotencyKey)
	assert.Equal(t, "requires_capture", ev.GetObjectValue("status"), "a snapshot of that moment")
	assert.Equal(t, "b-1", ev.GetObjectValue("metadata", "booking_id"))
	assert.False(t, ev.Livemode)

	require.Eventually(t, b.settled, soon, often)
	got, err := b.events.Get(ev.ID, nil)
	require.NoError(t, err)
	assert.Zero(t, got.PendingWebhooks)
	list := &stripe.EventListParams{Type: stripe.String("payment_intent.*")}
	n := 0
	for i := b.events.List(list); i.Next(); n++ {
	}
	assert.Equal(t, 4, n)
	assert.Equal(t, webhookBooks{Delivered: 10}, b.readBooks().Webhooks)
}

func TestCanceledAndRequiresActionEvents(t *testing.T) {
	t.Parallel()
	b, r := newWebhookBench(t)
	pi := b.create("pm_card_threeDSecure2Required")
	_, err := b.intents.Cancel(pi.ID, nil)
	require.NoError(t, err)
	r.expect(t, "payment_intent.created", "payment_intent.requires_action", "payment_intent.canceled")
}

func TestOnlySubscribedEvents(t *testing.T) {
	t.Parallel()
	b, r := newWebhookBench(t, func(o *Options) { o.StripeWebhookEvents = []string{"payment_intent.*"} })
	b.create("pm_card_visa")
	r.expect(t, "payment_intent.created", "payment_intent.amount_capturable_updated")
}

func TestRefusedEventIsSentAgainAndDelaysNoOther(t *testing.T) {
	t.Parallel()
	b, r := newWebhookBench(t)
	refusals := 3
	r.answer = func(ev stripe.Event) int {
		if ev.Type == "payment_intent.created" && refusals > 0 {
			refusals--
			return http.StatusServiceUnavailable
		}
		return http.StatusNoContent
	}
	pi := b.create("pm_card_visa")
	require.Eventually(t, func() bool { return r.count("payment_intent.created") == 4 }, soon, often)
	require.Eventually(t, b.settled, soon, often)
	assert.Equal(t, 1, r.count("payment_intent.amount_capturable_updated"))
	assert.Equal(t, "payment_intent.created", r.types()[0], "first attempts in order")

	_, body := b.send("GET", "/sandbox/stripe/deliveries?payment_intent="+pi.ID, "")
	views := decodeJSON[struct{ Deliveries []deliveryView }](t, body).Deliveries
	created := views[len(views)-1]
	assert.Equal(t, deliveryDelivered, created.State)
	require.Len(t, created.Attempts, 4)
	assert.Equal(t, 503, created.Attempts[0].Status)
	assert.Equal(t, 204, created.Attempts[3].Status)
	assert.Equal(t, r.bodies[0], r.bodies[len(r.bodies)-1], "byte for byte the same")
}

func TestRedirectIsAFailure(t *testing.T) {
	t.Parallel()
	b, r := newWebhookBench(t)
	r.answer = func(stripe.Event) int { return http.StatusFound }
	b.create("")
	require.Eventually(t, func() bool { return r.count("payment_intent.created") >= 2 }, soon, often)
	assert.Equal(t, 1, b.readBooks().Webhooks.Pending)
}

func TestGivesUpAfterDays(t *testing.T) {
	t.Parallel()
	d := &dispatcher{retryBase: time.Second, retryCap: 30 * time.Second}
	for tries, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 10_000: 30 * time.Second} {
		assert.Equal(t, want, d.backoff(tries))
	}
	st, err := openStore("")
	require.NoError(t, err)
	defer func() { assert.NoError(t, st.close()) }()
	d.store = st
	dl := &delivery{EventID: "evt_1", Created: time.Now().Add(-73 * time.Hour)}
	require.NoError(t, st.update(func(t *tx) error { return d.queue(t, dl) }))
	again, err := d.settle(dl, []deliveryAttempt{{Status: 500}})
	require.NoError(t, err)
	assert.False(t, again)
	assert.Equal(t, deliveryAbandoned, dl.State)
}

func TestResend(t *testing.T) {
	t.Parallel()
	b, r := newWebhookBench(t)
	b.create("")
	require.Eventually(t, func() bool { return len(r.types()) == 1 && b.settled() }, soon, often)
	status, _ := b.send("POST", "/sandbox/stripe/events/"+r.events[0].ID+"/resend", "")
	assert.Equal(t, http.StatusOK, status)
	require.Eventually(t, func() bool { return len(r.types()) == 2 }, soon, often)
	assert.Equal(t, r.events[0].ID, r.events[1].ID)
	status, _ = b.send("POST", "/sandbox/stripe/events/evt_nope/resend", "")
	assert.Equal(t, http.StatusNotFound, status)
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	created, capturable := "payment_intent.created", "payment_intent.amount_capturable_updated"
	only := func(o *Options) { o.StripeWebhookEvents = []string{created, capturable} }

	t.Run("duplicate", func(t *testing.T) {
		t.Parallel()
		b, r := newWebhookBench(t, only)
		f := b.fault(`{"vendor":"webhooks","fault":"duplicate","operation":"payment_intent.created","copies":5}`)
		b.create("pm_card_visa")
		r.expect(t, created, created, created, created, created, capturable)
		assert.Equal(t, r.bodies[0], r.bodies[4])
		assert.Equal(t, 1, b.hits(f.ID))
	})
	t.Run("reorder", func(t *testing.T) {
		t.Parallel()
		b, r := newWebhookBench(t, only)
		b.fault(`{"vendor":"webhooks","fault":"reorder","times":1,"duration_ms":60000}`)
		b.create("pm_card_visa")
		r.expect(t, capturable, created)
	})
	t.Run("reorder every one", func(t *testing.T) {
		t.Parallel()
		b, r := newWebhookBench(t, only)
		b.fault(`{"vendor":"webhooks","fault":"reorder","duration_ms":60000}`)
		b.create("pm_card_visa")
		r.expect(t, capturable, created)
	})
	t.Run("reorder the last", func(t *testing.T) {
		t.Parallel()
		b, r := newWebhookBench(t, only)
		b.fault(`{"vendor":"webhooks","fault":"reorder","duration_ms":50}`)
		b.create("")
		r.expect(t, created) // nothing follows, so it is not kept forever
	})
	t.Run("delay", func(t *testing.T) {
		t.Parallel()
		b, r := newWebhookBench(t, only)
		b.fault(`{"vendor":"webhooks","fault":"delay","operation":"payment_intent.created","duration_ms":250,"jitter_ms":10}`)
		start := time.Now()
		b.create("pm_card_visa")
		r.expect(t, created, capturable) // the order of a payment's events is kept
		assert.GreaterOrEqual(t, time.Since(start), 240*time.Millisecond)
	})
	t.Run("drop", func(t *testing.T) {
		t.Parallel()
		b, r := newWebhookBench(t, only)
		b.fault(`{"vendor":"webhooks","fault":"drop","operation":"payment_intent.created"}`)
		b.create("pm_card_visa")
		r.expect(t, capturable)
		require.Eventually(t, b.settled, soon, often)
		assert.Equal(t, webhookBooks{Delivered: 1, Dropped: 1}, b.readBooks().Webhooks)
		assert.True(t, b.events.List(&stripe.EventListParams{Type: &created}).Next(), "it can still be asked for")
	})
}
