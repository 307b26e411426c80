// Package vendors keeps a failing or busy vendor from slowing down a booking's fast path: a
// circuit breaker and a rate limiter for each vendor. It knows no vendor and nothing of
// what is called; retries are the workflow's.
package vendors

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/booking"
)

// Options says when a vendor counts as failing. Zero values take the defaults.
type Options struct {
	// PerSecond and Burst are the calls that the fast path may make in this
	// process. Zero PerSecond: as many as come.
	PerSecond float64
	Burst     int
	// Reserve is the part of both, from 0 to below 1, that is kept from calls that yield. With
	// a Burst of 1 there is nothing to share.
	Reserve float64
	// A vendor is failing after this many failures in a row, or when Share of MinCalls or
	// more calls have failed. Both are counted within Window, by when a call began:
	// a window no longer than a call takes to time out would never see a failure.
	// Share is above 0 and at most 1; the default is a half.
	Failures uint32
	MinCalls uint32
	Share    float64
	Window   time.Duration
	// Rest is how long a failing vendor is left alone before one call tries it.
	Rest time.Duration
	// Slow is the duration from which an answer counts as a failure, even a good one: a
	// vendor that answers after half a minute is no help to a customer who waits.
	Slow   time.Duration
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.PerSecond <= 0 {
		o.PerSecond = float64(rate.Inf)
	}
	if o.Burst <= 0 {
		o.Burst = max(1, int(min(o.PerSecond, 1_000)))
	}
	setDefault(&o.Failures, 5)
	setDefault(&o.MinCalls, 10)
	setDefault(&o.Share, 0.5)
	setDefault(&o.Window, time.Minute)
	setDefault(&o.Rest, 10*time.Second)
	setDefault(&o.Slow, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func setDefault[T uint32 | float64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Guard watches one vendor. It is safe for use by many goroutines.
type Guard struct {
	name    string
	slow    time.Duration
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	limiter *rate.Limiter
	// yielding limits the calls that yield, which take from limiter, too.
	yielding *rate.Limiter
}

// NewGuard makes the guard of the named vendor. Vendors share nothing, so that one failing
// vendor does not affect the others.
func NewGuard(name string, o Options) *Guard {
	o = o.withDefaults()
	return &Guard{
		name:     name,
		slow:     o.Slow,
		limiter:  rate.NewLimiter(rate.Limit(o.PerSecond), o.Burst),
		yielding: rate.NewLimiter(rate.Limit(o.PerSecond*(1-o.Reserve)), max(1, int(float64(o.Burst)*(1-o.Reserve)))),
		breaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Name:         name,
			MaxRequests:  1,
			Interval:     o.Window,
			BucketPeriod: o.Window / 10,
			Timeout:      o.Rest,
			ReadyToTrip: func(c gobreaker.Counts) bool {
				// Requests would also count the calls that are still under way.
				answered := c.TotalSuccesses + c.TotalFailures
				return c.ConsecutiveFailures >= o.Failures ||
					(answered >= o.MinCalls && float64(c.TotalFailures) >= o.Share*float64(answered))
			},
			IsSuccessful: func(err error) bool { return !isFailure(err) },
			IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
			OnStateChange: func(name string, from, to gobreaker.State) {
				o.Logger.Warn("vendor breaker", "vendor", name, "from", from.String(), "to", to.String())
			},
		}),
	}
}

// Try runs a call within the vendor's rate if the vendor is well, and says
// fast_path_skipped without running it otherwise.
func (g *Guard) Try(ctx context.Context, call func(context.Context) error) error {
	return g.try(ctx, g.limiter.Allow, call)
}

// TryYielding is Try for a call that is better refused than in the way of others: the reserve
// of the rate is not for it.
func (g *Guard) TryYielding(ctx context.Context, call func(context.Context) error) error {
	// In this order, or refused calls would use up the reserve.
	return g.try(ctx, func() bool { return g.yielding.Allow() && g.limiter.Allow() }, call)
}

func (g *Guard) try(ctx context.Context, allow func() bool, call func(context.Context) error) error {
	// An open breaker must not use up the tokens of the calls that end its rest.
	if g.breaker.State() == gobreaker.StateOpen {
		return g.skip(gobreaker.ErrOpenState)
	}
	if !allow() {
		return g.skip(errRate)
	}
	done, err := g.breaker.Allow()
	if err != nil {
		return g.skip(err)
	}
	return g.observe(ctx, call, done)
}

// Report runs a call in every state of the vendor and remembers whether the vendor was
// well. After the vendor's rest such a call is a probe.
func (g *Guard) Report(ctx context.Context, call func(context.Context) error) error {
	done, err := g.breaker.Allow()
	if err != nil {
		return call(ctx)
	}
	return g.observe(ctx, call, done)
}

var (
	errRate     = errors.New("rate reached")
	errSlow     = errors.New("answered too late")
	errPanicked = errors.New("call panicked")
)

func (g *Guard) skip(why error) error {
	e := booking.E(booking.CodeFastPathSkipped, "%s is not asked on the fast path now.", g.name)
	if errors.Is(why, errRate) {
		e.Reason = booking.ReasonRate
	}
	return e.Wrap(why)
}

// observe runs a call and tells the breaker, also when the call panics: a
// half-open breaker waits for this one answer.
func (g *Guard) observe(ctx context.Context, call func(context.Context) error, done func(error)) error {
	outcome, began := errPanicked, time.Now()
	defer func() { done(outcome) }()
	err := call(ctx)
	outcome = err
	if !isFailure(err) && !errors.Is(err, context.Canceled) && time.Since(began) >= g.slow {
		outcome = errSlow
	}
	return err
}

// isFailure tells a failing vendor from a healthy vendor that refuses: a declined card is a
// good answer.
func isFailure(err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errSlow), errors.Is(err, errPanicked):
		return true
	}
	switch booking.CodeOf(err) {
	case booking.CodeProviderUnavailable, booking.CodeProviderError, booking.CodeHouseUnavailable, booking.CodeHouseError:
		return true
	default:
		return false
	}
}

// state is how a guard sees its vendor.
type state string

// The states. A recovering vendor is asked by one call at a time.
const (
	stateWell       state = "well"
	stateIll        state = "ill"
	stateRecovering state = "recovering"
)

// Name is the vendor's.
func (g *Guard) Name() string { return g.name }

// Ill tells whether the vendor is left alone at present.
func (g *Guard) Ill() bool { return g.State() == stateIll }

// State tells how the vendor is, for metrics and the readiness page.
func (g *Guard) State() state {
	switch g.breaker.State() {
	case gobreaker.StateOpen:
		return stateIll
	case gobreaker.StateHalfOpen:
		return stateRecovering
	default:
		return stateWell
	}
}
