package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/workflows"
)

var errLate = saga.Translate(context.DeadlineExceeded)

// slowSaga keeps every new booking waiting until it is let go, and then says that it
// took too long.
type slowSaga struct {
	sagas
	mu    sync.Mutex
	holds int
	let   chan struct{}
}

func (s *slowSaga) Hold(ctx context.Context, in workflows.BookingInput, show booking.ShowSummary) (workflows.HoldAnswer, error) {
	if in.Provider == "healthy" {
		return s.sagas.Hold(ctx, in, show)
	}
	s.mu.Lock()
	s.holds++
	s.mu.Unlock()
	<-s.let
	return workflows.HoldAnswer{}, errLate
}

func TestABusyAPIRefusesNewBookingsAndNothingElse(t *testing.T) {
	t.Parallel()
	slow := &slowSaga{let: make(chan struct{})}
	w := newWorld(t)
	known := w.book(t, w.customer, "known", "A01")
	w.exec(`DELETE FROM idempotency_keys`) // its answer was lost
	half := w.book(t, w.customer, "half", "A03")
	slow.sagas = w.saga
	w.options.Bookings.Saga = slow
	w.options.Bookings.Providers = append(w.options.Bookings.Providers, "healthy")
	w.options.Bookings.Choices = payments.NewChoices(w.db.Pool, []payments.Offered{
		{Name: "stripe", Charging: stripe.Limits}, {Name: "healthy", Charging: stripe.Limits},
	})
	w.options.Payments.Providers["healthy"] = w.provider
	w.serve()

	const crowd = 48 // a seat for each, so that no one waits for another's
	replies := make(chan reply, crowd)
	for i := range crowd {
		body := bookBody(w.show, fmt.Sprintf("%c%02d", 'B'+i/12, 1+i%12))
		go func() { replies <- w.send(t, keyed(w, w.other, uuid.NewString(), body)) }()
	}
	// The first refusals come before any hold is answered.
	refused := <-replies
	assert.Equal(t, http.StatusServiceUnavailable, refused.status)
	assert.NotEmpty(t, refused.header.Get("Retry-After"))
	assert.Contains(t, string(refused.body), "Nothing was charged")
	slow.mu.Lock()
	assert.LessOrEqual(t, slow.holds, 20, "refused requests do not reach Temporal")
	slow.mu.Unlock()

	// A customer with a booking is served meanwhile: reads, commands, and a repeat whose
	// answer is in the database.
	again := w.do(t, keyed(w, w.customer, "known", bookBody(w.show, "A01")))
	assert.Equal(t, http.StatusCreated, again.status)
	assert.Equal(t, known.ID, again.booking(t).ID)
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + known.ID + "/payment/check", status: 200})
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + half.ID + "/cancel", status: 200})
	elsewhere := strings.Replace(bookBody(w.show, "A05"), `"stripe"`, `"healthy"`, 1)
	assert.Equal(t, 201, w.do(t, keyed(w, w.customer, "elsewhere", elsewhere)).status, "one slow provider is not in the way of another")
	close(slow.let)
	for range crowd - 1 {
		assert.Equal(t, http.StatusServiceUnavailable, (<-replies).status)
	}
}

// Temporal need not be there for a repeat: the database has the answer.
func TestARepeatIsAnsweredFromTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02")))
	require.Equal(t, 201, first.status)
	id := first.booking(t).ID
	w.exec(`DELETE FROM idempotency_keys`)
	w.saga.away.Store(true)
	again := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A02", "A01")))
	assert.Equal(t, 201, again.status)
	assert.JSONEq(t, string(first.body), string(again.body))
	replayed := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02")))
	assert.Equal(t, "true", replayed.header.Get("Idempotent-Replayed"), "and now it is stored")

	other := keyed(w, w.customer, "k", bookBody(w.show, "A03"))
	other.status, other.code = 422, "idempotency_key_reused"
	w.do(t, other)

	// The booking is not complete yet, so there is no answer.
	w.exec(`DELETE FROM idempotency_keys`)
	w.exec(`DELETE FROM payments WHERE booking_id = $1`, id)
	half := keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02"))
	half.status, half.code = 503, "unavailable"
	w.do(t, half)
	assert.Zero(t, w.rows()["idempotency_keys"])
}

// unfetched makes a hold one whose answer was not fetched; it expires after this time.
func (w *world) unfetched(bookingID string, left time.Duration) {
	w.t.Helper()
	w.exec(`UPDATE bookings SET fetch_by = now() + $2::interval WHERE id = $1`, bookingID, left)
	w.exec(`UPDATE seat_claims SET held_until = now() + $2::interval WHERE booking_id = $1`, bookingID, left)
}

// What the customer says about wheelchair spaces reaches the hold, which decides; the
// precheck promises nothing.
func TestHoldGetsTheAccessibleField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := bookBody(w.show, "A01")
	said := w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", status: 201,
		body: body[:len(body)-1] + `,"accessible":true}`, headers: map[string]string{"Idempotency-Key": "k"}})
	in := w.saga.run(said.booking(t).ID).in
	if assert.NotNil(t, in.Accessible) {
		assert.True(t, *in.Accessible)
	}
	assert.Equal(t, saga.AnswerWithin, in.StartWithin)
	assert.Equal(t, w.options.Bookings.Policy, in.Policy)
}

// A booking that ended before it had a payment repeats its workflow's answer.
func TestARepeatTellsWhyThereIsNoPayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.book(t, w.customer, "k", "A01")
	w.exec(`DELETE FROM idempotency_keys`)
	w.exec(`DELETE FROM payments`)
	w.exec(`UPDATE bookings SET status = 'payment_failed' WHERE id = $1`, first.ID)
	w.exec(`DELETE FROM seat_claims`)
	r := w.saga.run(first.ID)
	r.err = overTheWire(booking.E(booking.CodeProviderUnavailable, "The payment provider does not answer."))
	again := keyed(w, w.customer, "k", bookBody(w.show, "A01"))
	again.status, again.code = 503, "payment_provider_unavailable"
	w.do(t, again)

	// The reason is no longer known: the hold is over.
	second := w.book(t, w.customer, "forgotten", "A02")
	w.exec(`DELETE FROM idempotency_keys`)
	w.exec(`DELETE FROM payments`)
	w.exec(`UPDATE bookings SET status = 'expired' WHERE id = $1`, second.ID)
	w.saga.run(second.ID).forgot.Store(true)
	again = keyed(w, w.customer, "forgotten", bookBody(w.show, "A02"))
	again.status, again.code, again.holds = 409, "hold_lost", []string{"is over", "new Idempotency-Key"}
	w.do(t, again)
}

// While the payment is being opened, a customer who keeps asking keeps the seats.
func TestAHoldWaitsForACustomerWhoKeepsAsking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.book(t, w.customer, "k", "A01")
	w.exec(`DELETE FROM idempotency_keys`)
	w.exec(`DELETE FROM payments`)
	w.unfetched(first.ID, time.Second)
	again := keyed(w, w.customer, "k", bookBody(w.show, "A01"))
	again.status, again.code = 503, "unavailable"
	w.do(t, again)
	assert.Equal(t, "true", w.text(`SELECT (fetch_by > now() + interval '20s')::text FROM bookings`))
	assert.Equal(t, "true", w.text(`SELECT (held_until > now() + interval '20s')::text FROM seat_claims`))
}

func TestAHoldWhoseAnswerIsNotFetchedIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02"))).booking(t)
	assert.Equal(t, "0", w.text(`SELECT count(*)::text FROM bookings WHERE fetch_by IS NOT NULL`), "an answer that was sent is fetched")

	// The answer was lost, the time to fetch it is over, and a rival has the seat.
	w.exec(`DELETE FROM idempotency_keys`)
	w.unfetched(first.ID, -time.Second)
	w.book(t, w.other, "rival", "A02")
	lost := keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02"))
	lost.status, lost.code, lost.holds = 409, "hold_lost", []string{"new Idempotency-Key"}
	w.do(t, lost)
	assert.Equal(t, "true", w.do(t, lost).header.Get("Idempotent-Replayed"), "that is final")
	w.book(t, w.customer, "another", "A01")
}

// A workflow that ran too late held nothing: the key can be used again.
func TestAStartThatWasTooLateIsNotStored(t *testing.T) {
	t.Parallel()
	err := overTheWire(booking.E(booking.CodeStartedLate, "It took too long to begin."))
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
	assert.False(t, saga.IsFinal(err))
	assert.False(t, errors.Is(err, saga.ErrEnded))
}
