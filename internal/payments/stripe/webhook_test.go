package stripe_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/paymentintent"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/sandbox"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

// inbox takes webhooks and keeps what the provider makes of them.
type inbox struct {
	mu       sync.Mutex
	provider *stripe.Provider
	events   []booking.PaymentEvent
	refused  []error
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	event, err := i.provider.Webhook(r.Context(), body, r.Header)
	if err != nil {
		i.refused = append(i.refused, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.events = append(i.events, event)
}

// about counts the events by type that name the payment and its booking.
func (i *inbox) about(reference string) map[string]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	kinds := map[string]int{}
	for _, e := range i.events {
		if e.Reference == reference && e.BookingID == bookingID {
			kinds[e.Type]++
		}
	}
	return kinds
}

// Events as a vendor really posts them, signed with both secrets of a rotation
// and rendered for a newer version of its API.
func TestWebhooksAsPosted(t *testing.T) {
	t.Parallel()
	received := &inbox{}
	target := httptest.NewServer(received)
	t.Cleanup(target.Close)
	box := sandboxtest.New(t, func(o *sandbox.Options) {
		o.StripeWebhookURL, o.StripeWebhookSecrets = target.URL, []string{"whsec_next", currentSecret}
	})
	received.provider = newProvider(t, box, currentSecret)

	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{URL: sdk.String(box)})
	v := vendor{url: box, intents: paymentintent.Client{B: backend, Key: testKey}}
	state, err := received.provider.Open(t.Context(), booking.PaymentRequest{
		BookingID: bookingID, Attempt: 1, Amount: booking.Money{Amount: 45_000, Currency: "INR"}, Key: "open",
	})
	require.NoError(t, err)
	require.Error(t, v.pay(state.Reference, "pm_card_chargeDeclined"))
	require.NoError(t, v.pay(state.Reference, "pm_card_visa"))
	step := booking.MoneyStep{BookingID: bookingID, Reference: state.Reference, Amount: booking.Money{Amount: 45_000, Currency: "INR"}}
	for _, move := range []func(context.Context, booking.MoneyStep) (booking.PaymentState, error){
		received.provider.Capture, received.provider.Refund,
	} {
		step.Key += "k"
		_, err := move(t.Context(), step)
		require.NoError(t, err)
	}

	want := map[string]int{
		"payment_intent.created": 1, "payment_intent.payment_failed": 1, "payment_intent.amount_capturable_updated": 1,
		"charge.captured": 1, "payment_intent.succeeded": 1, "charge.refunded": 1,
	}
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, want, received.about(state.Reference))
	}, 10*time.Second, 20*time.Millisecond)
	assert.Empty(t, received.refused)
}

// A valid signature over something that is no event.
func TestSignedNonsense(t *testing.T) {
	t.Parallel()
	provider := newProvider(t, "", currentSecret)
	deep := make([]byte, 1<<19)
	for i := range deep {
		deep[i] = '['
	}
	for name, body := range map[string][]byte{
		"not JSON":      []byte("hello"),
		"no event":      []byte(`{}`),
		"no object":     []byte(`{"id":"evt_1","type":"payment_intent.succeeded","data":null}`),
		"wrong shape":   []byte(`{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"id":7}}}`),
		"deeply nested": deep,
		"odd metadata":  []byte(`{"id":"evt_1","type":"charge.captured","data":{"object":{"metadata":[1]}}}`),
	} {
		signed, header := signBody(body, currentSecret, time.Now())
		_, err := provider.Webhook(t.Context(), signed, header)
		require.Error(t, err, name)
		assert.Equal(t, booking.CodeMalformed, booking.CodeOf(err), name)
	}
}
