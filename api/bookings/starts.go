package bookings

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"

	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
)

const (
	// A process starts between startsLeast and startsMost bookings at a time. At
	// 50 ms each, a hundred at a time are two thousand a second.
	startsLeast, startsAtFirst, startsMost = 4, 20, 100
	// startWaits is how long a request waits for others to be done, which smooths a
	// burst. While answers are slow no request waits.
	startWaits = 2 * time.Second
	// slowAnswer is an answer that took too long: more starts would only be more work
	// for customers who have left when it is done.
	slowAnswer = 2 * time.Second
	// quietBefore is how long the time without a refusal must be before the log says that
	// the refusals are over.
	quietBefore = 10 * time.Second
)

// starts bounds how many new bookings of one payment provider are unanswered in this
// process. The bound follows how long the answers take. Requests above it are refused at
// once, before Temporal is asked.
type starts struct {
	limiter adaptivelimiter.AdaptiveLimiter[any]
	log     *slog.Logger

	mu      sync.Mutex
	slow    bool // the latest answer took too long
	refused int  // since the log said that starts are refused; 0 when they are not
	latest  time.Time
}

func newStarts(log *slog.Logger) *starts {
	return &starts{
		log: log,
		limiter: adaptivelimiter.NewBuilder[any]().
			WithLimits(startsLeast, startsMost, startsAtFirst).
			// A quiet night must not shrink it: few requests do not mean that few are
			// possible.
			WithMaxLimitFunc(func(int) float64 { return startsMost }).
			// Few answers come when the workflows are slow, and then the bound matters
			// most.
			WithRecentWindow(time.Second, 10*time.Second, startsAtFirst/2).
			// Three requests may wait for each that is under way; above six, all others are refused.
			WithQueueing(3, 6).
			Build(),
	}
}

// enter lets a new booking begin. done is called with the workflow's answer. Code:
// unavailable, with a time to retry.
func (s *starts) enter(ctx context.Context) (done func(error), err error) {
	permit, ok := s.acquire(ctx)
	if !ok {
		if ctx.Err() == nil { // who left was not refused
			s.noteRefused()
		}
		// Spread: requests that are refused together must not retry together.
		return nil, booking.E(booking.CodeUnavailable,
			"Too many people are booking right now. Nothing was charged; ask again with the same Idempotency-Key in a moment.",
		).In(time.Duration(2+rand.IntN(4)) * time.Second)
	}
	s.noteAccepted()
	begun := time.Now()
	return func(err error) {
		took := time.Since(begun)
		switch {
		case took >= slowAnswer:
			s.setSlow(true)
		case err == nil || saga.IsFinal(err):
			s.setSlow(false)
		default:
			// It failed at once, or the customer left: that says nothing about the
			// duration.
			permit.Drop()
			return
		}
		permit.Record()
	}, nil
}

func (s *starts) acquire(ctx context.Context) (adaptivelimiter.Permit, bool) {
	if permit, ok := s.limiter.TryAcquirePermit(); ok {
		return permit, true
	}
	s.mu.Lock()
	slow := s.slow
	s.mu.Unlock()
	if slow {
		return nil, false
	}
	permit, err := s.limiter.AcquirePermitWithMaxWait(ctx, startWaits)
	return permit, err == nil
}

func (s *starts) setSlow(slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = slow
}

// noteRefused logs the first refusal, not each one.
func (s *starts) noteRefused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = time.Now()
	if s.refused++; s.refused == 1 {
		s.log.Warn("new bookings are refused: answers take too long",
			"at_once", s.limiter.Limit(), "waiting", s.limiter.Queued())
	}
}

// noteAccepted logs when the refusals are over.
func (s *starts) noteAccepted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == 0 || time.Since(s.latest) < quietBefore {
		return
	}
	s.log.Info("new bookings are accepted again", "refused", s.refused, "at_once", s.limiter.Limit())
	s.refused = 0
}
