package api

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func keyed(w *world, token, key string, body string) call {
	return call{token: token, method: "POST", path: "/v1/bookings", body: body, headers: map[string]string{"Idempotency-Key": key}}
}

// The API dies after the hold was committed and before it answered: only the answer is
// lost, not the hold.
func TestFault03_SameKeyAfterACrashGivesTheSameHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02")))
	require.Equal(t, 201, first.status)
	w.exec(`DELETE FROM idempotency_keys`) // as if the process had died before it stored the answer
	w.serve()
	again := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A02", "A01")))
	assert.Equal(t, 201, again.status, "seats that the booking itself holds do not stand in its way")
	assert.JSONEq(t, string(first.body), string(again.body))
	assert.EqualValues(t, 1, w.saga.starts.Load())
	assert.Equal(t, 1, w.rows()["bookings"])

	// The same, when even the workflow's memory is gone.
	w.exec(`DELETE FROM idempotency_keys`)
	w.saga.run(first.booking(t).ID).forgot.Store(true)
	again = w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02")))
	assert.Equal(t, 201, again.status)
	assert.JSONEq(t, string(first.body), string(again.body))
}

func TestFault04_AHundredTimesTheSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const times = 100
	replies := make([]reply, times)
	var wait sync.WaitGroup
	for i := range times {
		body := bookBody(w.show, "A01", "A02")
		if i%2 == 1 {
			body = bookBody(w.show, "A02", "A01") // the order of the seats says nothing
		}
		wait.Go(func() { replies[i] = w.send(t, keyed(w, w.customer, "k", body)) })
	}
	wait.Wait()
	for _, r := range replies {
		assert.Equal(t, 201, r.status, "%s", r.body)
		assert.Equal(t, string(replies[0].body), string(r.body))
		assert.Equal(t, replies[0].header.Get("Location"), r.header.Get("Location"))
	}
	assert.EqualValues(t, 1, w.saga.starts.Load())
	assert.Equal(t, 1, w.rows()["bookings"])
	assert.Equal(t, 1, w.rows()["payments"])
}

func TestAnIdempotencyKeyForAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01")))
	assert.Empty(t, first.header.Get("Idempotent-Replayed"))

	replay := keyed(w, w.customer, "k", bookBody(w.show, "A01"))
	replay.status = 201
	got := w.do(t, replay)
	assert.Equal(t, "true", got.header.Get("Idempotent-Replayed"))
	assert.Equal(t, first.body, got.body)
	assert.Equal(t, first.header.Get("Location"), got.header.Get("Location"))

	other := keyed(w, w.customer, "k", bookBody(w.show, "A02"))
	other.status, other.code = 422, "idempotency_key_reused"
	w.do(t, other)
	// Also before an answer was stored.
	w.exec(`DELETE FROM idempotency_keys`)
	w.do(t, other)
	// A key is its customer's own.
	b := w.book(t, w.other, "k", "A02")
	assert.NotEqual(t, first.booking(t).ID, b.ID)
	// A stored answer stays, even when the booking has changed since.
	w.do(t, replay)
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: 404, code: "not_found"})
	w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, w.show)
	assert.Equal(t, first.body, w.do(t, replay).body)
}

// Only a workflow's answer is stored. A request that was refused before the workflow may be
// repeated with the same key.
func TestOnlyWorkflowAnswersAreStoredUnderAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken := w.book(t, w.other, "other", "A01")
	turnedAway := keyed(w, w.customer, "k", bookBody(w.show, "A01"))
	turnedAway.status, turnedAway.code = 409, "seats_unavailable"
	w.do(t, turnedAway)
	w.do(t, call{token: w.other, method: "POST", path: "/v1/bookings/" + taken.ID + "/cancel", status: 200})
	turnedAway.status, turnedAway.code = 201, ""
	w.do(t, turnedAway)
}

func TestTooManyHoldsIsFinalForItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first booking.Booking
	for i, seat := range []string{"A01", "A03", "A05", "A07"} {
		b := w.book(t, w.customer, "k"+seat, seat)
		if i == 0 {
			first = b
		}
	}
	fifth := keyed(w, w.customer, "k5", bookBody(w.show, "A09"))
	fifth.status, fifth.code, fifth.holds = 429, "too_many_holds", []string{"new Idempotency-Key"}
	got := w.do(t, fifth)
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + first.ID + "/cancel", status: 200})
	replayed := w.do(t, fifth)
	assert.Equal(t, "true", replayed.header.Get("Idempotent-Replayed"))
	assert.NotEmpty(t, replayed.header.Get("Retry-After"))
	w.book(t, w.customer, "k6", "A09")
}

func TestARepeatAfterTheWorkflowWasForgottenIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, seat := range []string{"A01", "A03", "A05", "A07"} {
		w.book(t, w.customer, "k"+seat, seat)
	}
	w.do(t, keyed(w, w.customer, "k5", bookBody(w.show, "A09")))
	w.exec(`DELETE FROM idempotency_keys WHERE key = 'k5'`)
	for _, r := range w.saga.runs {
		r.forgot.Store(true)
	}
	lost := keyed(w, w.customer, "k5", bookBody(w.show, "A09"))
	lost.status, lost.code = 409, "conflict"
	w.do(t, lost)
}

func TestBookingsWhileTemporalIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	held := w.book(t, w.customer, "k1", "A05")
	w.saga.away.Store(true)
	path := "/v1/bookings/" + b.ID
	before := w.rows()
	for _, c := range []call{
		keyed(w, w.customer, "k2", bookBody(w.show, "A02")),
		{token: w.customer, method: "POST", path: path + "/cancel"},
		{token: w.customer, method: "POST", path: "/v1/bookings/" + held.ID + "/payment/check"},
		{token: w.support, method: "POST", path: "/v1/admin/bookings/" + b.ID + "/resend"},
	} {
		c.status, c.code = 503, "unavailable"
		got := w.do(t, c)
		assert.NotEmpty(t, got.header.Get("Retry-After"), c.path)
	}
	assert.Equal(t, before, w.rows())
	w.do(t, call{token: w.customer, method: "GET", path: path, status: 200})
	w.saga.away.Store(false)
	w.book(t, w.customer, "k2", "A02") // the same key works when Temporal is back
}
