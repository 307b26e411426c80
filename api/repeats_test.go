package api

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// What the database can answer costs the booking's workflow no update: a run takes
// 2,000 of them in its life.
func TestRepeatedUpdatesAreAnsweredFromTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	confirmed := w.bought(t, w.customer, "k-confirmed", "A01").ID
	scanned := w.bought(t, w.customer, "k-scanned", "A02").ID
	w.exec(`UPDATE tickets SET scanned_at = clock_timestamp() WHERE booking_id = $1`, scanned)
	cancelled := w.bought(t, w.customer, "k-cancelled", "A03").ID
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + cancelled + "/cancel", status: 200})
	expired := w.book(t, w.customer, "k-expired", "A04").ID
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + expired + "/cancel", status: 200})
	doubted := w.book(t, w.customer, "k-doubted", "A05").ID
	w.exec(`UPDATE payments SET status = 'in_doubt' WHERE booking_id = $1`, doubted)
	moved := w.bought(t, w.customer, "k-moved", "B01").ID
	w.moveShow(moved, "1 day")
	w.do(t, w.changeCall(w.customer, "POST", moved, `{"choice":"keep"}`, 200))

	for _, c := range []struct {
		name, path, body, token string
		status                  int
		code                    string
	}{
		{name: "is a confirmed booking paid?", path: "/v1/bookings/" + confirmed + "/payment/check", status: 200},
		{name: "is a cancelled booking paid?", path: "/v1/bookings/" + cancelled + "/payment/check", status: 200},
		{name: "is an expired booking paid?", path: "/v1/bookings/" + expired + "/payment/check", status: 200},
		{name: "is a payment paid that is asked about already?", path: "/v1/bookings/" + doubted + "/payment/check", status: 200},
		{name: "cancel what is cancelled", path: "/v1/bookings/" + cancelled + "/cancel", status: 409, code: "not_cancellable"},
		{name: "cancel what has expired", path: "/v1/bookings/" + expired + "/cancel", status: 409, code: "not_cancellable"},
		{name: "cancel what was used", path: "/v1/bookings/" + scanned + "/cancel", status: 409, code: "not_cancellable"},
		{name: "pay what is paid", path: "/v1/bookings/" + confirmed + "/payment", body: `{"provider":"stripe"}`, status: 409, code: "not_payable"},
		{name: "pay what is over", path: "/v1/bookings/" + cancelled + "/payment", body: `{"provider":"stripe"}`, status: 409, code: "not_payable"},
		{name: "more time for what is paid", path: "/v1/bookings/" + confirmed + "/extend", status: 409, code: "hold_not_extendable"},
		{name: "more time for what is over", path: "/v1/bookings/" + expired + "/extend", status: 409, code: "hold_not_extendable"},
		{name: "more time while the payment is in doubt", path: "/v1/bookings/" + doubted + "/extend", status: 409, code: "hold_not_extendable"},
		{name: "choose again", path: "/v1/bookings/" + moved + "/change", body: `{"choice":"keep"}`, status: 200},
		{name: "send what is void", path: "/v1/admin/bookings/" + cancelled + "/resend", token: w.admin, status: 409, code: "conflict"},
		{name: "extend what is sold", path: "/v1/admin/bookings/" + confirmed + "/extend-hold", body: `{"minutes":5}`, token: w.admin, status: 409, code: "conflict"},
		{name: "refund what is refunded", path: "/v1/admin/bookings/" + cancelled + "/refund", body: `{"percent":50,"reason":"r"}`,
			token: w.admin, status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.token == "" {
				c.token = w.customer
			}
			before := w.saga.asked.Load()
			w.do(t, call{token: c.token, method: "POST", path: c.path, body: c.body, status: c.status, code: c.code})
			assert.Equal(t, before, w.saga.asked.Load(), "the workflow was asked")
		})
	}
}

// Many tabs check a payment while the provider is slow: they share one update.
func TestPaymentChecksAtOnceShareOneUpdate(t *testing.T) {
	t.Parallel()
	const tabs = 20
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	asking, provider := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.saga.meets = func(ctx context.Context, update string) error {
		once.Do(func() { close(asking) })
		select {
		case <-provider:
		case <-ctx.Done():
		}
		return nil
	}
	check := call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/payment/check", status: 200}
	var wait sync.WaitGroup
	answers := make([]booking.Booking, tabs)
	wait.Go(func() { answers[0] = w.do(t, check).booking(t) })
	<-asking
	for i := range tabs - 1 {
		wait.Go(func() { answers[i+1] = w.do(t, check).booking(t) })
	}
	close(provider)
	wait.Wait()
	for _, answer := range answers {
		assert.Equal(t, booking.StatusConfirmed, answer.Status)
	}
	assert.LessOrEqual(t, w.saga.asked.Load(), int64(2), "who came after the answer asks once more at most")
}

// A workflow that takes no more of something says so before it begins. A check is
// answered with the booking as it is; anything else is told when to come back.
func TestWorkflowsThatRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := w.book(t, w.customer, "k-held", "A01")
	sold := w.bought(t, w.customer, "k-sold", "A02")
	w.moveShow(sold.ID, "1 day")
	for code, refusal := range map[string]*booking.Error{
		"booking_busy":      booking.E(booking.CodeBusy, "The same is being done for this booking just now."),
		"too_many_requests": booking.E(booking.CodeTooManyRequests, "This booking was asked for that too often."),
	} {
		w.saga.meets = func(context.Context, string) error { return refusal }
		t.Run(code, func(t *testing.T) {
			got := w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + held.ID + "/payment/check", status: 200}).booking(t)
			assert.Equal(t, booking.StatusHeld, got.Status)
			for path, c := range map[string]call{
				"/v1/bookings/" + held.ID + "/cancel":            {},
				"/v1/bookings/" + held.ID + "/payment":           {body: `{"provider":"stripe"}`},
				"/v1/bookings/" + sold.ID + "/change":            {body: `{"choice":"refund"}`},
				"/v1/admin/bookings/" + held.ID + "/extend-hold": {body: `{"minutes":5}`, token: w.admin},
				"/v1/admin/bookings/" + sold.ID + "/resend":      {token: w.admin},
				"/v1/admin/bookings/" + sold.ID + "/refund":      {body: `{"percent":100,"reason":"r"}`, token: w.admin},
			} {
				if c.token == "" {
					c.token = w.customer
				}
				c.method, c.path, c.status, c.code = "POST", path, 429, code
				assert.NotEmpty(t, w.do(t, c).header.Get("Retry-After"), path)
			}
		})
	}
	w.saga.meets = nil
	require.Equal(t, booking.StatusCancelled, w.do(t, call{token: w.customer, method: "POST",
		path: "/v1/bookings/" + sold.ID + "/cancel", status: 200}).booking(t).Status)
}

// A show's change that is being worked on, or done, answers repeats itself.
func TestRepeatedShowChangesAreAnsweredFromTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cancel := call{token: w.admin, method: "POST", path: "/v1/admin/shows/" + w.show + "/cancel", body: `{"reason":"A flood."}`, status: 202}
	for range 5 {
		w.do(t, cancel)
	}
	assert.Len(t, w.saga.changes.inputs, 1, "its workflow was asked once")
	var change booking.ShowChange
	w.do(t, cancel).into(t, &change)
	w.saga.changes.end(change.ID)
	w.do(t, cancel)
	assert.Len(t, w.saga.changes.inputs, 2, "a change that no workflow works on is taken up again")
}
