package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// almostOver leaves a hold a minute.
func (w *world) almostOver(bookingID string) {
	w.t.Helper()
	w.exec(`UPDATE bookings SET hold_expires_at = clock_timestamp() + interval '1 minute' WHERE id = $1`, bookingID)
	w.exec(`UPDATE seat_claims SET held_until = clock_timestamp() + interval '90 seconds' WHERE booking_id = $1`, bookingID)
}

func (w *world) entries(bookingID string) (entries int) {
	w.t.Helper()
	require.NoError(w.t, w.db.Pool.QueryRow(w.t.Context(),
		`SELECT count(*) FROM booking_events WHERE event = 'hold_extended' AND booking_id = $1`, bookingID).Scan(&entries))
	return entries
}

func TestCustomerExtendsTheirHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Bookings.Policy.HoldExtensions = 2
	w.serve()
	period := w.options.Bookings.Policy.HoldFor
	b := w.book(t, w.customer, "k", "A01", "A02")
	extend := call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/extend", status: http.StatusOK}

	asked := w.saga.asked.Load()
	fresh := w.do(t, extend).booking(t)
	assert.Equal(t, b.HoldExpiresAt, fresh.HoldExpiresAt, "it has just begun")
	assert.Equal(t, asked, w.saga.asked.Load(), "the database knows")

	for n := range 2 {
		w.almostOver(b.ID)
		longer := w.do(t, extend).booking(t)
		assert.InDelta(t, period, time.Until(longer.HoldExpiresAt), float64(30*time.Second))
		again := w.do(t, extend).booking(t)
		assert.Equal(t, longer.HoldExpiresAt, again.HoldExpiresAt, "a second click")
		assert.Equal(t, n+1, w.entries(b.ID))
		last := again.Timeline[len(again.Timeline)-1]
		assert.Equal(t, booking.EventHoldExtended, last.Event)
	}
	assert.Equal(t, workflows.ExtendRequest{By: period, Customer: true, Times: 2}, w.saga.run(b.ID).last)

	w.almostOver(b.ID)
	refused := extend
	refused.status, refused.code = http.StatusConflict, "hold_not_extendable"
	refused.holds = []string{`"reason":"limit_reached"`, "as often as the theater allows"}
	w.do(t, refused)
	assert.Equal(t, 2, w.entries(b.ID))
}

func TestWhoseHoldIsExtended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	path := "/v1/bookings/" + b.ID + "/extend"
	w.almostOver(b.ID)
	w.do(t, call{name: "another customer", token: w.other, method: "POST", path: path, status: http.StatusNotFound, code: "not_found"})
	w.do(t, call{name: "nobody", method: "POST", path: path, status: http.StatusUnauthorized, code: "unauthenticated"})
	assert.Zero(t, w.entries(b.ID))
	notHeld := call{token: w.customer, method: "POST", path: path, status: http.StatusConflict, code: "hold_not_extendable",
		holds: []string{`"reason":"not_held"`}}

	ended := w.book(t, w.customer, "k-ended", "B01")
	w.almostOver(ended.ID)
	w.saga.run(ended.ID).ended.Store(true)
	notHeld.name, notHeld.path = "the workflow has ended", "/v1/bookings/"+ended.ID+"/extend"
	w.do(t, notHeld)

	doubt := w.book(t, w.customer, "k-doubt", "B02")
	w.almostOver(doubt.ID)
	w.exec(`UPDATE payments SET status = 'in_doubt' WHERE booking_id = $1`, doubt.ID)
	notHeld.name, notHeld.path = "the payment is in doubt", "/v1/bookings/"+doubt.ID+"/extend"
	asked := w.saga.asked.Load()
	w.do(t, notHeld)

	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: http.StatusOK})
	notHeld.name, notHeld.path = "cancelled", path
	w.do(t, notHeld)
	assert.Equal(t, asked+1, w.saga.asked.Load(), "only the cancellation went to the workflow")
}

// What the workflow refuses reaches the customer as it is.
func TestAnExtensionIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.almostOver(b.ID)
	extend := call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/extend"}
	for _, c := range []struct {
		says   error
		status int
		code   string
		holds  string
	}{
		{booking.NotExtendable(booking.ReasonShowStartsSoon), http.StatusConflict, "hold_not_extendable", `"reason":"show_starts_soon"`},
		{booking.E(booking.CodeConflict, "This booking is over."), http.StatusConflict, "hold_not_extendable", `"reason":"not_held"`},
		{booking.E(booking.CodeBusy, "In a moment."), http.StatusTooManyRequests, "booking_busy", "In a moment."},
		{booking.E(booking.CodeUnavailable, "Shortly."), http.StatusServiceUnavailable, "unavailable", "Shortly."},
	} {
		w.saga.meets = func(_ context.Context, update string) error {
			if update != workflows.UpdateExtend {
				return errors.New("not an extension: " + update)
			}
			return c.says
		}
		extend.name, extend.status, extend.code, extend.holds = c.code, c.status, c.code, []string{c.holds}
		w.do(t, extend)
	}
	assert.Zero(t, w.entries(b.ID))
}
