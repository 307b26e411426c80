package paypal_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
)

// until repeats a step with the same key, as the saga does, until PayPal has answered.
func until(call func() (booking.PaymentState, error)) (booking.PaymentState, error) {
	for tries := 1; ; tries++ {
		state, err := call()
		code := booking.CodeOf(err)
		if err == nil || tries == 100 || code != booking.CodeProviderUnavailable && code != booking.CodeProviderError {
			return state, err
		}
	}
}

// Payments end as they should in spite of errors before and after the work, lost answers
// and slowness in every operation, and PayPal's books say so: each order is authorized once,
// taken once, and given back as often as it was asked.
func TestBooksInSpiteOfFaults(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	for _, one := range []map[string]any{
		{"fault": "error", "probability": 0.05}, {"fault": "error", "status": 503, "done": true, "probability": 0.05},
		{"fault": "error", "status": 429, "probability": 0.03}, {"fault": "error", "status": 401, "probability": 0.02},
		{"fault": "reply_lost", "probability": 0.05}, {"fault": "latency", "duration_ms": 20, "probability": 0.05},
	} {
		one["vendor"] = "paypal"
		v.faulty(t, one)
	}
	const payments = 60
	ends := make([]string, payments)
	var group sync.WaitGroup
	room := make(chan struct{}, 8)
	for i := range payments {
		group.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			reference, err := runOne(context.Background(), v, p, t, i)
			assert.NoError(t, err)
			ends[i] = reference
		})
	}
	group.Wait()
	for _, hits := range v.faultsOff(t) {
		assert.Positive(t, hits, "each fault struck")
	}

	var captured, refunded int64
	for i, reference := range ends {
		o := v.order(t, reference).Units[0].Payments
		assert.Len(t, o.Authorizations, 1, reference)
		switch i % 3 {
		case 0: // voided
			assert.Empty(t, o.Captures, reference)
			assert.Equal(t, "VOIDED", o.Authorizations[0].Status)
		case 1: // taken, and a part given back twice
			captured, refunded = captured+twenty.Amount, refunded+1_200
			assert.Len(t, o.Captures, 1, reference)
			assert.Len(t, o.Refunds, 2, reference)
		default:
			captured += twenty.Amount
			assert.Len(t, o.Captures, 1, reference)
			assert.Empty(t, o.Refunds, reference)
		}
	}
	books := v.box().Books(t)["USD"]
	assert.Equal(t, captured, books.Captured)
	assert.Equal(t, refunded, books.Refunded)
}

func runOne(ctx context.Context, v vendor, p *paypal.Provider, t *testing.T, i int) (string, error) {
	id := uuid.NewString()
	state, err := until(func() (booking.PaymentState, error) {
		return p.Open(ctx, booking.PaymentRequest{BookingID: id, Provider: "paypal", Attempt: 1, Amount: twenty, Key: id + "-open-1"})
	})
	if err != nil {
		return "", fmt.Errorf("open: %w", err)
	}
	v.approve(t, state.Reference, "buyer@example.com")
	do := func(what string, amount int64, call func(context.Context, booking.MoneyStep) (booking.PaymentState, error)) {
		one := step(state, what)
		one.Amount.Amount = amount
		if _, failed := until(func() (booking.PaymentState, error) { return call(ctx, one) }); failed != nil && err == nil {
			err = fmt.Errorf("%s: %w", what, failed)
		}
	}
	do("authorize", twenty.Amount, p.Authorize)
	switch i % 3 {
	case 0:
		do("void", twenty.Amount, p.Void)
	case 1:
		do("capture", twenty.Amount, p.Capture)
		do("refund-500", 500, p.Refund)
		do("refund-1200", 1_200, p.Refund)
	default:
		do("capture", twenty.Amount, p.Capture)
	}
	return state.Reference, err
}

// A vendor that is silent costs the caller its own patience, also while a token is fetched
// that others wait for.
func TestSlowTokenCostsOnlyTheCaller(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	v.faulty(t, map[string]any{"vendor": "paypal", "fault": "latency", "operation": "oauth2.token", "duration_ms": 600, "times": 1})
	hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := p.Get(hasty, "5O190127TN364715T")
	assert.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(began), 500*time.Millisecond)
	_, err = p.Get(t.Context(), "5O190127TN364715T")
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err), "the token that the first caller asked for")
}
