package sandbox

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func keyed(key string) *stripe.PaymentIntentParams {
	p := orderParams("")
	p.SetIdempotencyKey(key)
	return p
}

func TestSameKeySameAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first, err := b.intents.New(keyed("k1"))
	require.NoError(t, err)
	again, err := b.intents.New(keyed("k1"))
	require.NoError(t, err)
	assert.Equal(t, first.ID, again.ID)
	assert.Equal(t, first.LastResponse.RawJSON, again.LastResponse.RawJSON)
	assert.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	assert.Equal(t, first.LastResponse.RequestID, again.LastResponse.Header.Get("Original-Request"))
	assert.Empty(t, first.LastResponse.Header.Get("Idempotent-Replayed"))
	assert.Len(t, b.readBooks().Stripe.Payments, 1)

	other := keyed("k1")
	other.Amount = stripe.Int64(1)
	_, err = b.intents.New(other)
	e := stripeErr(t, err)
	assert.Equal(t, http.StatusBadRequest, e.HTTPStatusCode)
	assert.Equal(t, stripe.ErrorTypeIdempotency, e.Type)
	_, err = b.intents.Cancel(first.ID, &stripe.PaymentIntentCancelParams{Params: stripe.Params{IdempotencyKey: stripe.String("k1")}})
	assert.Equal(t, stripe.ErrorTypeIdempotency, stripeErr(t, err).Type, "another path")
}

func TestKeyKeepsDeclinesAndStateErrorsButNotRefusedParameters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bad := keyed("k1")
	bad.Currency = stripe.String("xxx")
	_, err := b.intents.New(bad)
	stripeErr(t, err)
	pi, err := b.intents.New(keyed("k1"))
	require.NoError(t, err, "a refused parameter leaves the key free")

	confirm := &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_chargeDeclined")}
	confirm.SetIdempotencyKey("k2")
	_, err = b.intents.Confirm(pi.ID, confirm)
	first := stripeErr(t, err)
	_, err = b.intents.Confirm(pi.ID, confirm)
	assert.Equal(t, first.ChargeID, stripeErr(t, err).ChargeID, "the card was charged once")

	capture := &stripe.PaymentIntentCaptureParams{}
	capture.SetIdempotencyKey("k3")
	_, err = b.intents.Capture(pi.ID, capture)
	stripeErr(t, err)
	_, err = b.intents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	require.NoError(t, err)
	_, err = b.intents.Capture(pi.ID, capture)
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, stripeErr(t, err).Code, "replayed")
}

func TestSameKeyAtTheSameMoment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.fault(`{"vendor":"stripe","fault":"latency","operation":"payment_intents.create","duration_ms":300,"times":1}`)
	slow := make(chan error, 1)
	go func() {
		_, err := b.intents.New(keyed("k1"))
		slow <- err
	}()
	require.Eventually(t, func() bool { return b.hits(f.ID) == 1 }, soon, often)
	_, err := b.intents.New(keyed("k1"))
	e := stripeErr(t, err)
	assert.Equal(t, http.StatusConflict, e.HTTPStatusCode)
	assert.Equal(t, stripe.ErrorCodeIdempotencyKeyInUse, e.Code)
	require.NoError(t, <-slow)
	_, err = b.intents.New(keyed("k1"))
	require.NoError(t, err)
	assert.Len(t, b.readBooks().Stripe.Payments, 1)
}

func TestHundredRefundsUnderOneKeyAreOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("pm_card_visa")
	_, err := b.intents.Capture(pi.ID, nil)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			p := &stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(100)}
			p.SetIdempotencyKey("refund-1")
			for {
				_, err := b.refunds.New(p)
				if err == nil || stripeErr(t, err).HTTPStatusCode != http.StatusConflict {
					assert.NoError(t, err)
					return
				}
			}
		})
	}
	all.Wait()
	assert.Equal(t, []moneyTotal{{Currency: "inr", Captured: 45000, Refunded: 100, Net: 44900}}, b.readBooks().Stripe.Totals)
}

func TestKeysAreForgottenAfterADay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first, err := b.intents.New(keyed("k1"))
	require.NoError(t, err)
	require.NoError(t, forgetOldKeys(b.store, time.Now().Add(23*time.Hour)))
	again, err := b.intents.New(keyed("k1"))
	require.NoError(t, err)
	assert.Equal(t, first.ID, again.ID)
	require.NoError(t, forgetOldKeys(b.store, time.Now().Add(25*time.Hour)))
	again, err = b.intents.New(keyed("k1"))
	require.NoError(t, err)
	assert.NotEqual(t, first.ID, again.ID)
}
