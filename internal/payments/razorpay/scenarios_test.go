package razorpay_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/razorpay"
)

// The scenarios of this file are complaints in public trackers about Razorpay's plugins for other
// systems, as far as the provider alone can do right. Their numbers are in docs/payments.md.

var seats = booking.Money{Amount: 45_000, Currency: "INR"}

// bench is a provider with its vendor.
type bench struct {
	vendor
	*razorpay.Provider
	t       *testing.T
	booking string
	attempt int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	v := newVendor(t)
	return &bench{vendor: v, Provider: newProvider(t, v.url+"/razorpay", currentSecret), t: t, booking: uuid.NewString()}
}

func (b *bench) opened() string {
	b.t.Helper()
	b.attempt++
	state, err := b.Open(b.t.Context(), booking.PaymentRequest{BookingID: b.booking, Attempt: b.attempt, Amount: seats})
	require.NoError(b.t, err)
	return state.Reference
}

func (b *bench) step(reference string) booking.MoneyStep {
	return booking.MoneyStep{BookingID: b.booking, Provider: razorpay.Name, Reference: reference, Amount: seats}
}

func (b *bench) captured() string {
	b.t.Helper()
	reference := b.opened()
	b.pay(b.t, reference, map[string]any{"card": goodCard})
	_, err := b.Capture(b.t.Context(), b.step(reference))
	require.NoError(b.t, err)
	return reference
}

func (b *bench) stands(reference string) booking.PaymentState {
	b.t.Helper()
	state, err := b.Get(b.t.Context(), reference)
	require.NoError(b.t, err)
	return state
}

func (b *bench) hears(kind string, payload map[string]any) booking.PaymentEvent {
	b.t.Helper()
	for name, object := range payload {
		payload[name] = map[string]any{"entity": object}
	}
	body, err := json.Marshal(map[string]any{"entity": "event", "event": kind, "payload": payload})
	require.NoError(b.t, err)
	event, err := b.Webhook(b.t.Context(), body, http.Header{"X-Razorpay-Signature": {signature(currentSecret, body)}})
	require.NoError(b.t, err)
	return event
}

// The browser's return and the webhook at once, a hundred times: each may look and capture, and
// the money is taken once.
func TestScenario1ReturnAndWebhookAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const times = 100
	references := make([]string, times)
	for i := range references {
		references[i] = b.opened()
		b.pay(t, references[i], map[string]any{"vpa": "success@razorpay"})
	}
	var both sync.WaitGroup
	for _, reference := range references {
		for range 2 {
			both.Go(func() {
				state, err := b.Capture(t.Context(), b.step(reference))
				assert.NoError(t, err)
				assert.Equal(t, booking.PaymentCaptured, state.Status)
			})
		}
	}
	both.Wait()
	assert.EqualValues(t, times*seats.Amount, b.box().Books(t)["INR"].Captured)
}

// A refund's event before the authorization's: each leads to the order, and the order tells.
func TestScenario2RefundBeforeAuthorization(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	reference := b.captured()
	payment := b.payments(t, reference)[0].ID
	b.pull(t, "/payments/"+payment+"/refund", map[string]any{"amount": seats.Amount}, nil)
	// The refund's event comes without its payment, too.
	for _, event := range []booking.PaymentEvent{
		b.hears("refund.created", map[string]any{"refund": map[string]any{"id": "rfnd_1", "payment_id": payment}}),
		b.hears("payment.authorized", map[string]any{"payment": map[string]any{"id": payment, "order_id": reference, "status": "authorized"}}),
	} {
		assert.Equal(t, reference, event.Reference, event.Type)
		assert.Equal(t, booking.PaymentRefunded, b.stands(event.Reference).Status)
	}
}

// A return whose signature is wrong is refused; the payment is seen even so.
func TestScenario3ReturnSignature(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	reference := b.opened()
	back := b.pay(t, reference, map[string]any{"card": goodCard}).Return
	assert.True(t, b.ReturnSigned(reference, back.Payment, back.Signature))
	for _, wrong := range []string{"", "00", "zz", back.Signature[1:], signature(currentSecret, []byte(reference+"|"+back.Payment))} {
		assert.False(t, b.ReturnSigned(reference, back.Payment, wrong))
	}
	assert.False(t, b.ReturnSigned(b.opened(), back.Payment, back.Signature), "of another order")
	assert.Equal(t, booking.PaymentAuthorized, b.stands(reference).Status)
}

// Paid after the hold's end: seen, and by policy given back or taken for the same seats.
func TestScenario4PaidAfterTheHold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, seatsAreFree := range []bool{false, true} {
		reference := b.opened()
		_, err := b.Void(t.Context(), b.step(reference))
		require.NoError(t, err)
		b.pay(t, reference, map[string]any{"card": goodCard})
		assert.Equal(t, booking.PaymentAuthorized, b.stands(reference).Status)
		if seatsAreFree {
			state, err := b.Capture(t.Context(), b.step(reference))
			require.NoError(t, err)
			assert.Equal(t, seats.Amount, state.Captured)
			continue
		}
		_, err = b.Void(t.Context(), b.step(reference))
		require.NoError(t, err)
		b.pull(t, "/orders/"+reference+"/lapse", nil, nil)
		assert.Equal(t, booking.PaymentVoided, b.stands(reference).Status)
		assert.Empty(t, b.box().Books(t)["INR"].Captured)
	}
}

// A refund at the dashboard, of a part and of all: seen when asked, and in the list.
func TestScenario7RefundAtTheDashboard(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	reference := b.captured()
	for _, want := range []booking.PaymentState{
		{Status: booking.PaymentCaptured, Refunded: 10_000}, {Status: booking.PaymentRefunded, Refunded: seats.Amount},
	} {
		before := b.stands(reference).Refunded
		b.pull(t, "/payments/"+reference+"/refund", map[string]any{"amount": want.Refunded - before}, nil)
		listed := b.listed(span())
		require.NotEmpty(t, listed)
		for _, state := range append(listed, b.stands(reference)) {
			assert.Equal(t, []any{reference, want.Status, want.Refunded}, []any{state.Reference, state.Status, state.Refunded})
		}
	}
}

func span() booking.PaymentSpan {
	return booking.PaymentSpan{From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)}
}

// listed is the whole list of a span.
func (b *bench) listed(span booking.PaymentSpan) (all []booking.PaymentState) {
	b.t.Helper()
	for {
		page, err := b.ListPayments(b.t.Context(), span)
		require.NoError(b.t, err)
		all = append(all, page.Payments...)
		if span.Cursor = page.Next; page.Next == "" {
			return all
		}
	}
}

// Two tabs pay one order. One counts; staff learn of the other, which goes back once.
func TestScenario8TwoTabs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	reference := b.opened()
	first := b.pay(t, reference, map[string]any{"card": goodCard}).Payment.ID
	second := b.pay(t, reference, map[string]any{"vpa": "success@razorpay", "slips": true}).Payment.ID
	state := b.stands(reference)
	assert.Equal(t, seats.Amount, state.Authorized)
	assert.Contains(t, state.Mismatch, second)
	state, err := b.Capture(t.Context(), b.step(reference))
	require.NoError(t, err)
	assert.Equal(t, seats.Amount, state.Captured)
	for _, one := range b.payments(t, reference) {
		assert.Equal(t, one.ID == first, one.Captured, one.ID)
		assert.Equal(t, one.ID == second, one.AmountRefunded == seats.Amount, one.ID)
	}
	assert.Empty(t, b.stands(reference).Mismatch, "it went back")
	assert.Equal(t, seats.Amount, b.box().Books(t)["INR"].Captured)

	// An order that was voided, and paid in two tabs: both are released.
	old := b.opened()
	b.pay(t, old, map[string]any{"card": goodCard})
	b.pay(t, old, map[string]any{"card": goodCard, "slips": true})
	_, err = b.Void(t.Context(), b.step(old))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentVoided, b.stands(old).Status)
	assert.Empty(t, b.stands(old).Mismatch)
	_, err = b.Capture(t.Context(), b.step(old))
	assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err))
}

// UPI: failed, then paid under the same payment id, within the hold and after the void.
func TestScenario9FailedThenPaid(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, voided := range []bool{false, true} {
		reference := b.opened()
		tried := b.pay(t, reference, map[string]any{"vpa": "failure@razorpay"}).Payment.ID
		failed := b.stands(reference)
		assert.Equal(t, booking.PaymentFailed, failed.Status)
		assert.Equal(t, tried, failed.Try)
		assert.NotEmpty(t, failed.Failure)
		if voided {
			_, err := b.Void(t.Context(), b.step(reference))
			require.NoError(t, err)
			assert.Equal(t, booking.PaymentVoided, b.stands(reference).Status)
		}
		b.pull(t, "/payments/"+tried+"/late-authorize", nil, nil)
		assert.Equal(t, booking.PaymentAuthorized, b.stands(reference).Status)
		if !voided {
			_, err := b.Capture(t.Context(), b.step(reference))
			require.NoError(t, err)
			continue
		}
		state, err := b.Void(t.Context(), b.step(reference))
		require.NoError(t, err)
		assert.Equal(t, booking.PaymentVoided, state.Status)
		b.pull(t, "/orders/"+reference+"/lapse", nil, nil)
		assert.Equal(t, booking.PaymentVoided, b.stands(reference).Status)
	}
	assert.Equal(t, seats.Amount, b.box().Books(t)["INR"].Captured)

	// Too late even for Razorpay, which gives it back at once.
	reference := b.opened()
	b.pay(t, reference, map[string]any{"vpa": "failure@razorpay"})
	b.pull(t, "/payments/"+reference+"/late-authorize", map[string]any{"too_late": true}, nil)
	assert.Equal(t, booking.PaymentVoided, b.stands(reference).Status)
}

// A late or second "failed" changes nothing: the event is a reason to ask.
func TestScenario18FailedAfterCaptured(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	reference := b.captured()
	payment := b.payments(t, reference)[0].ID
	event := b.hears("payment.failed", map[string]any{"payment": map[string]any{
		"id": payment, "order_id": reference, "status": "failed", "error_description": "declined",
	}})
	assert.Equal(t, reference, event.Reference)
	assert.Equal(t, booking.PaymentCaptured, b.stands(reference).Status)
}

// A payment without an order is recorded as a stray one. It belongs to no booking, whatever its
// amount, and what was captured of it can be given back.
func TestScenario23PaymentWithoutOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var made wirePayment
	b.pull(t, "/payments", map[string]any{"amount": seats.Amount, "currency": "INR", "notes": map[string]any{"booking_id": b.booking}}, &made)
	event := b.hears("payment.authorized", map[string]any{"payment": map[string]any{"id": made.ID, "order_id": nil}})
	assert.Empty(t, event.Reference)
	listed := b.listed(span())
	require.Len(t, listed, 1)
	stray := listed[0]
	assert.Equal(t, []any{made.ID, "", booking.PaymentVoided}, []any{stray.Reference, stray.BookingID, stray.Status})
	assert.Contains(t, stray.Mismatch, "no order")
	_, err := b.Capture(t.Context(), b.step(made.ID))
	assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err))

	b.pull(t, "/payments/"+made.ID+"/capture", nil, nil)
	state, err := b.Refund(t.Context(), b.step(made.ID))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentRefunded, state.Status)

	_, err = b.Get(t.Context(), b.payments(t, b.captured())[0].ID)
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err), "a payment of an order is known by the order")
}
