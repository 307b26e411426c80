package api

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/retention"
)

// deleteOld deletes all rows of a kind, as if their retention were over.
func (w *world) deleteOld(kind booking.OldRecords) {
	w.t.Helper()
	n, err := retention.New(w.db.Pool).DeleteOld(w.t.Context(), kind, 0, 100)
	require.NoError(w.t, err)
	require.Positive(w.t, n)
}

// A request is repeated when the stored answer is deleted. It reaches the same booking, in
// every status.
func TestARepeatAfterItsKeyWasDeletedBooksNothing(t *testing.T) {
	t.Parallel()
	for name, become := range map[string]struct {
		do   func(w *world, b booking.Booking)
		want booking.Status
	}{
		"held":      {func(*world, booking.Booking) {}, booking.StatusHeld},
		"confirmed": {func(w *world, b booking.Booking) { w.settle(b) }, booking.StatusConfirmed},
		"cancelled": {func(w *world, b booking.Booking) {
			w.settle(b)
			w.do(w.t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: 200})
		}, booking.StatusCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.book(t, w.customer, "k", "A01", "A02")
			become.do(w, first)
			w.deleteOld(booking.OldIdempotencyKeys)
			w.saga.run(first.ID).forgot.Store(true) // Temporal keeps ended workflows for a time, too
			again := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02")))
			assert.Equal(t, 201, again.status, "%s", again.body)
			b := again.booking(t)
			assert.Equal(t, first.ID, b.ID)
			assert.Equal(t, become.want, b.Status)
			assert.Equal(t, 1, w.rows()["bookings"])
			assert.Equal(t, 1, w.rows()["payments"])
			other := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "B01")))
			assert.Equal(t, 422, other.status, "another request under the same key is still another")
		})
	}
}

// settle is the customer paying, and the sale.
func (w *world) settle(b booking.Booking) {
	w.t.Helper()
	w.pay(w.t, b.Payment.Reference, "pm_card_visa")
	w.do(w.t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/payment/check", status: 200})
}

// A provider delivers a webhook again when we have forgotten it.
func TestAWebhookAfterItsRowWasDeletedChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	webhook := event(t, "evt_1", authorized, b.Payment.Reference, nil)
	webhook.status = 200
	w.do(t, webhook)
	before, kept := w.rows(), w.money(t)
	require.Equal(t, b.Quote.Total.Amount, kept)
	w.deleteOld(booking.OldWebhooks)
	w.do(t, webhook)
	assert.Equal(t, before, w.rows())
	assert.Equal(t, kept, w.money(t))
	after := w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID, status: 200}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, after.Status)
}

// A customer pays after the booking's workflow was terminated: the money still buys the
// held seats.
func TestAWebhookTakesUpABookingWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.saga.run(b.ID).ended.Store(true)
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	webhook := event(t, "evt_1", authorized, b.Payment.Reference, nil)
	webhook.status = 200
	w.do(t, webhook)
	assert.Equal(t, "taken_up", w.outcome(t, "evt_1"))
	_, late := w.saga.heard()
	assert.Empty(t, late, "it is not given back")
	after := w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID, status: 200}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, after.Status)
	assert.Equal(t, b.Quote.Total.Amount, w.money(t))
}
