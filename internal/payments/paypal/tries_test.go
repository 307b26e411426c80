package paypal_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
)

// authorizing is one order and what the saga does with it.
type authorizing struct {
	t     *testing.T
	v     vendor
	p     *paypal.Provider
	state booking.PaymentState
	// declines are those that count, which make the key of the next try.
	declines int
}

func newAuthorizing(t *testing.T, settings map[string]any) *authorizing {
	t.Helper()
	v := newVendor(t)
	v.pull(t, "/settings", settings)
	v.faulty(t, map[string]any{"vendor": "paypal", "operation": "orders.authorize", "fault": "latency", "duration_ms": 1})
	p := v.provider(t, currentWebhook)
	return &authorizing{t: t, v: v, p: p, state: approved(t, v, p, "declined@example.com")}
}

func (a *authorizing) authorize() booking.PaymentState {
	a.t.Helper()
	one := step(a.state, "authorize")
	one.Key += "-" + string(rune('0'+a.declines))
	got, err := a.p.Authorize(a.t.Context(), one)
	require.NoError(a.t, err)
	return got
}

func (a *authorizing) declined() booking.PaymentState {
	a.t.Helper()
	got := a.authorize()
	require.Equal(a.t, booking.PaymentFailed, got.Status)
	require.NotEmpty(a.t, got.Try)
	require.NotEmpty(a.t, got.Failure)
	a.declines++
	return got
}

func (a *authorizing) asked() booking.PaymentState {
	a.t.Helper()
	return asked(a.t, a.p, a.state.Reference)
}

func (a *authorizing) approve(account string) { a.v.approve(a.t, a.state.Reference, account) }

func (a *authorizing) wait(seconds int) {
	a.v.pull(a.t, "/clock", map[string]any{"advance_seconds": seconds})
}

// PayPal's approved orders may have only a create_time. Each approval is authorized, and each
// decline counts.
func TestDeclinedWithoutUpdateTime(t *testing.T) {
	t.Parallel()
	a := newAuthorizing(t, map[string]any{"no_update_time": true})
	assert.Empty(t, a.asked().Try)
	first := a.declined()
	assert.Equal(t, booking.PaymentOpen, a.asked().Status)
	assert.Equal(t, booking.PaymentOpen, a.authorize().Status, "delivered again: nothing new")

	a.wait(2)
	a.approve("declined@example.com")
	assert.Equal(t, booking.PaymentApproved, a.asked().Status)
	assert.Empty(t, a.asked().Try, "the saga authorizes it")
	second := a.declined()
	assert.NotEqual(t, first.Try, second.Try, "two declines are two")

	a.approve("buyer@example.com")
	assert.Empty(t, a.asked().Try)
	assert.Equal(t, booking.PaymentAuthorized, a.authorize().Status)
	assert.Equal(t, []int{3}, a.v.faultsOff(t))
}

// The same where PayPal goes on calling the declined order approved: asking, however often,
// makes no other try until some time has gone by.
func TestDeclinedStaysApprovedWithoutUpdateTime(t *testing.T) {
	t.Parallel()
	a := newAuthorizing(t, map[string]any{"no_update_time": true, "declined_stays_approved": true})
	first := a.declined()
	for range 3 {
		now := a.asked()
		assert.Equal(t, booking.PaymentApproved, now.Status)
		assert.Equal(t, first.Try, now.Try, "the saga knows it as declined")
		again := a.authorize()
		assert.Equal(t, booking.PaymentFailed, again.Status)
		assert.Equal(t, first.Try, again.Try, "the same decline")
	}
	assert.Equal(t, a.state.BookingID, a.asked().BookingID)
	assert.Equal(t, 1, a.asked().Attempt)

	a.wait(25)
	assert.Empty(t, a.asked().Try)
	second := a.declined()
	assert.NotEqual(t, first.Try, second.Try)
	assert.Equal(t, second.Try, a.asked().Try)

	a.approve("buyer@example.com")
	a.wait(25)
	assert.Empty(t, a.asked().Try)
	got := a.authorize()
	assert.Equal(t, booking.PaymentAuthorized, got.Status)
	assert.Equal(t, a.state.BookingID, got.BookingID)
	assert.Equal(t, []int{3}, a.v.faultsOff(t), "PayPal was asked for three tries")
}

// A declined order can be voided like another.
func TestDeclinedStaysApprovedIsVoided(t *testing.T) {
	t.Parallel()
	a := newAuthorizing(t, map[string]any{"no_update_time": true, "declined_stays_approved": true})
	a.declined()
	_, err := a.p.Void(t.Context(), step(a.state, "void"))
	require.NoError(t, err)
	a.wait(25)
	assert.Equal(t, booking.PaymentVoided, a.asked().Status)
	assert.Equal(t, booking.PaymentVoided, a.authorize().Status)
	assert.Equal(t, a.state.BookingID, a.asked().BookingID)
}

// Where PayPal calls the order approved still, and the decline has moved its time, that is no
// new approval.
func TestDeclinedMovesUpdateTime(t *testing.T) {
	t.Parallel()
	a := newAuthorizing(t, map[string]any{"declined_stays_approved": true, "decline_moves_time": true})
	first := a.declined()
	assert.Equal(t, first.Try, a.asked().Try)
	a.approve("declined@example.com")
	assert.NotEqual(t, first.Try, a.asked().Try)
	second := a.declined()
	assert.NotEqual(t, first.Try, second.Try)
	assert.Equal(t, second.Try, a.asked().Try)
	a.approve("buyer@example.com")
	assert.Equal(t, booking.PaymentAuthorized, a.authorize().Status)
}
