package bookings

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
)

var errLate = saga.Translate(context.DeadlineExceeded)

// While answers take ten seconds, the limit caps the starts under way. All other requests
// are refused at once, with a time to retry.
func TestStartsAreRefusedWhileAnswersTakeTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newStarts(slog.New(slog.NewTextHandler(&log, nil)))
		// A healthy period, in which the limiter learns how long an answer takes.
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
				time.Sleep(saga.AnswerWithin)
				done(errLate)
			})
		}
		crowd.Wait()
		assert.Less(t, asked-refused, asked/5, "of %d, %d were refused", asked, refused)
		assert.LessOrEqual(t, longest, startWaits)
		assert.Equal(t, 1, strings.Count(log.String(), "are refused"), "%s", log.String())

		// Answers are quick again: soon no request is refused, and the log says so.
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
func TestStartsThatLeaveTheQueueAreNotLoggedAsRefused(t *testing.T) {
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
