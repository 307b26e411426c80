package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// limit bounds how often a booking may be asked for one thing. A run of a workflow
// takes 2,000 updates in its life and 10 at a time (history.maxTotalUpdates and
// history.maxInFlightUpdates of the server): without bounds, a client that polls
// makes its booking unreachable.
type limit struct {
	// total is how many of these updates a booking takes in its life.
	total int
	// burst is how many it takes in a row before it takes one each `every`. Zero is
	// no such bound.
	burst int
	every time.Duration
	// canWait is for what a booking does not need to end well: it is refused once
	// Temporal says that the history has become too long.
	canWait bool
}

// limits are the bounds of each update. Their sum stays far below the server's 2,000, so
// that no update can use up the limit of another: a cancellation and the staff's refund
// always get through. Of each kind one is in flight at a time, which is fewer than 10
// together.
var limits = map[string]limit{
	UpdateCheck:  {total: 200, burst: 5, every: 2 * time.Second, canWait: true},
	UpdateReopen: {total: 20, canWait: true},
	UpdateChoose: {total: 50},
	UpdateCancel: {total: 100},
	UpdateResend: {total: 100, canWait: true},
	UpdateExtend: {total: 100},
	UpdateRefund: {total: 100},
}

// asking counts the accepted updates of one kind.
type asking struct {
	limit
	accepted int
	inFlight bool
	rested   time.Time // when a whole burst is allowed again
}

func newAskings() map[string]*asking {
	all := map[string]*asking{}
	for _, name := range workflow.DeterministicKeys(limits) {
		all[name] = &asking{limit: limits[name]}
	}
	return all
}

// tooFast tells whether the burst is used up: each update that is accepted moves
// the rest by one step, and a burst is as many steps.
func (a *asking) tooFast(now time.Time) bool {
	return a.burst > 0 && a.rested.Sub(now) > time.Duration(a.burst-1)*a.every
}

// begin counts an update that was accepted, and answers what to call at its end.
func (a *asking) begin(now time.Time) (end func()) {
	a.accepted++
	a.inFlight = true
	if a.rested.Before(now) {
		a.rested = now
	}
	a.rested = a.rested.Add(a.every)
	return func() { a.inFlight = false }
}

// admit is the validator of the updates that customers and staff send. A refused update
// leaves no trace in the history and does not count at the server. It only reads; the count
// is kept where an accepted update begins.
func (s *saga) admit(ctx workflow.Context, name string) error {
	a := s.asked[name]
	switch {
	case s.closing:
		return s.over()
	case a.inFlight:
		return refusal(booking.CodeBusy, "The same is being done for this booking just now. Ask again in a moment.")
	case a.accepted >= a.total, a.canWait && workflow.GetInfo(ctx).GetContinueAsNewSuggested():
		return refusal(booking.CodeTooManyRequests, "This booking was asked for that too often. It takes no more of it.")
	case a.tooFast(workflow.Now(ctx)):
		return refusal(booking.CodeBusy, "This booking was asked for that a moment ago. Ask again in a moment.")
	default:
		return nil
	}
}
