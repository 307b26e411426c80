package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

var errLate = sagaError(context.DeadlineExceeded)

// While answers take their ten seconds, only as many starts are under way as the
// limit lets in; everybody else hears at once when to come back.
func TestStartsAreRefusedWhileAnswersTakeTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newStarts(slog.New(slog.NewTextHandler(&log, nil)))
		// A healthy stretch, in which the limiter learns what an answer takes.
		for range 200 {
			done, err := s.enter(t.Context())
			require.NoError(t, err)
			time.Sleep(50 * time.Millisecond)
			done(nil)
		}
		assert.Empty(t, log.String())

		asked, refused, longest := 0, 0, time.Duration(0)
		var mu sync.Mutex
		var crowd sync.WaitGroup
		begun := time.Now()
		for time.Since(begun) < time.Minute {
			time.Sleep(20 * time.Millisecond)
			crowd.Go(func() {
				came := time.Now()
				done, err := s.enter(t.Context())
				mu.Lock()
				asked++
				if err != nil {
					refused++
					longest = max(longest, time.Since(came))
					mu.Unlock()
					assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
					var later *booking.Error
					require.ErrorAs(t, err, &later)
					assert.True(t, 2*time.Second <= later.RetryAfter && later.RetryAfter <= 5*time.Second)
					return
				}
				mu.Unlock()
				time.Sleep(answerWithin)
				done(errLate)
			})
		}
		crowd.Wait()
		assert.Less(t, asked-refused, asked/5, "of %d, %d were refused", asked, refused)
		assert.LessOrEqual(t, longest, startWaits)
		assert.Equal(t, 1, strings.Count(log.String(), "are refused"), "%s", log.String())

		// Answers are quick again: soon everybody is let in, and the log says so.
		for range 600 {
			if done, err := s.enter(t.Context()); err == nil {
				time.Sleep(50 * time.Millisecond)
				done(nil)
			}
		}
		_, err := s.enter(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(log.String(), "accepted again"), "%s", log.String())
	})
}

// A burst that is worked off quickly waits its turn.
func TestABurstOfStartsWaitsItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStarts(slog.New(slog.DiscardHandler))
		var crowd sync.WaitGroup
		most, inside := 0, 0
		var mu sync.Mutex
		for range 60 {
			crowd.Go(func() {
				done, err := s.enter(t.Context())
				if !assert.NoError(t, err) {
					return
				}
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				time.Sleep(50 * time.Millisecond)
				mu.Lock()
				inside--
				mu.Unlock()
				done(nil)
			})
		}
		crowd.Wait()
		assert.LessOrEqual(t, most, startsMost)
	})
}

// A quiet night, with few at a time, does not shrink what the next rush may do.
func TestAQuietNightLeavesRoomForARush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStarts(slog.New(slog.DiscardHandler))
		for range 3000 {
			done, err := s.enter(t.Context())
			require.NoError(t, err)
			time.Sleep(50 * time.Millisecond)
			done(nil)
			time.Sleep(time.Second)
		}
		assert.GreaterOrEqual(t, s.limiter.Limit(), startsAtFirst)
	})
}

// Customers who leave the queue were not refused: the log does not say so.
func TestThoseWhoLeaveWereNotRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newStarts(slog.New(slog.NewTextHandler(&log, nil)))
		for range startsAtFirst {
			_, err := s.enter(t.Context())
			require.NoError(t, err)
		}
		ctx, leave := context.WithTimeout(t.Context(), startWaits/2)
		defer leave()
		_, err := s.enter(ctx)
		require.Error(t, err)
		assert.Empty(t, log.String())
	})
}

// slowSaga keeps every new booking waiting until it is let go, and then says that it
// took too long.
type slowSaga struct {
	Saga
	mu    sync.Mutex
	holds int
	let   chan struct{}
}

func (s *slowSaga) Hold(ctx context.Context, in workflows.BookingInput, show booking.ShowSummary) (workflows.HoldAnswer, error) {
	if in.Provider == "healthy" {
		return s.Saga.Hold(ctx, in, show)
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
	slow.Saga = w.saga
	w.options.Saga = slow
	w.options.Providers["healthy"] = w.provider
	w.serve()

	const crowd = 48 // a seat for each, so that nobody waits for another's
	replies := make(chan reply, crowd)
	for i := range crowd {
		body := bookBody(w.show, fmt.Sprintf("%c%02d", 'B'+i/12, 1+i%12))
		go func() { replies <- w.send(t, keyed(w, w.other, uuid.NewString(), body)) }()
	}
	// The first who are refused leave while nobody has been answered.
	refused := <-replies
	assert.Equal(t, http.StatusServiceUnavailable, refused.status)
	assert.NotEmpty(t, refused.header.Get("Retry-After"))
	assert.Contains(t, string(refused.body), "Nothing was charged")
	slow.mu.Lock()
	assert.LessOrEqual(t, slow.holds, startsAtFirst, "those who are refused do not reach Temporal")
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

	// Half made, there is nothing to answer with yet.
	w.exec(`DELETE FROM idempotency_keys`)
	w.exec(`DELETE FROM payments WHERE booking_id = $1`, id)
	half := keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02"))
	half.status, half.code = 503, "unavailable"
	w.do(t, half)
	assert.Zero(t, w.rows()["idempotency_keys"])
}

// unfetched makes a hold one whose answer nobody has fetched, for so long from now on.
func (w *world) unfetched(bookingID string, left time.Duration) {
	w.t.Helper()
	w.exec(`UPDATE bookings SET fetch_by = now() + $2::interval WHERE id = $1`, bookingID, left)
	w.exec(`UPDATE seat_claims SET held_until = now() + $2::interval WHERE booking_id = $1`, bookingID, left)
}

// What the customer says about wheelchair spaces reaches the hold, which decides; the
// look before it promises nothing.
func TestTheHoldKnowsWhatTheCustomerSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := bookBody(w.show, "A01")
	said := w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", status: 201,
		body: body[:len(body)-1] + `,"accessible":true}`, headers: map[string]string{"Idempotency-Key": "k"}})
	in := w.saga.run(said.booking(t).ID).in
	if assert.NotNil(t, in.Accessible) {
		assert.True(t, *in.Accessible)
	}
	assert.Equal(t, answerWithin, in.StartWithin)
	assert.Equal(t, w.options.Policy, in.Policy)
}

// A booking that ended before it had a payment tells what its workflow told.
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

	// Nobody knows why any more: its hold is over.
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

func TestAHoldThatNobodyFetchedIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do(t, keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02"))).booking(t)
	assert.Equal(t, "0", w.text(`SELECT count(*)::text FROM bookings WHERE fetch_by IS NOT NULL`), "an answer that was sent is fetched")

	// The answer was lost, the time to fetch it is over, and a rival was quicker.
	w.exec(`DELETE FROM idempotency_keys`)
	w.unfetched(first.ID, -time.Second)
	w.book(t, w.other, "rival", "A02")
	lost := keyed(w, w.customer, "k", bookBody(w.show, "A01", "A02"))
	lost.status, lost.code, lost.holds = 409, "hold_lost", []string{"new Idempotency-Key"}
	w.do(t, lost)
	assert.Equal(t, "true", w.do(t, lost).header.Get("Idempotent-Replayed"), "that is final")
	w.book(t, w.customer, "another", "A01")
}

// A workflow that ran too late held nothing: the key stays good.
func TestAStartThatWasTooLateIsNotStored(t *testing.T) {
	t.Parallel()
	err := overTheWire(booking.E(booking.CodeStartedLate, "It took too long to begin."))
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
	assert.False(t, isFinal(err))
	assert.False(t, errors.Is(err, ErrEnded))
}
