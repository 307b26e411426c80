package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

const period = 8 * time.Minute

// moreTime is what the customer's request becomes.
var moreTime = workflows.ExtendRequest{By: period, Customer: true, Times: 10}

// waiting is a booking that is held for a period, and what its customer does.
type waiting struct {
	env    *testsuite.TestWorkflowEnvironment
	world  *sagatest.World
	driver *envDriver
	began  time.Time
	in     workflows.BookingInput
}

func newWaiting(starts time.Duration) *waiting {
	var suite testsuite.WorkflowTestSuite
	w := &waiting{env: suite.NewTestWorkflowEnvironment()}
	w.began = w.env.Now()
	scenario := sagatest.Scenario{StartsIn: starts}
	w.world, w.driver, w.in = scenario.World(w.env.Now), &envDriver{env: w.env}, scenario.BookingInput()
	w.in.Policy.HoldFor, w.in.Policy.RemindBefore = period, 0
	workers.Register(w.env, workflows.QueueBookings, w.world.Activities())
	w.at(0, func() { w.driver.Update(workflows.UpdateHold) })
	return w
}

func (w *waiting) at(after time.Duration, do func()) { w.env.RegisterDelayedCallback(do, after) }

// extend asks for more time at these times after the start.
func (w *waiting) extend(request workflows.ExtendRequest, times ...time.Duration) {
	for _, after := range times {
		w.at(after, func() { w.driver.Update(workflows.UpdateExtend, request) })
	}
}

func (w *waiting) run(t *testing.T) {
	t.Helper()
	w.env.ExecuteWorkflow(workflows.BookingWorkflow, w.in)
	require.True(t, w.env.IsWorkflowCompleted())
	require.NoError(t, w.env.GetWorkflowError())
}

// reasons are what the extensions answered: empty for an extension, the reason of a
// refusal, or the code of an error without a reason.
func (w *waiting) reasons(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, a := range w.driver.answers[1:] {
		var app *temporal.ApplicationError
		switch {
		case !a.done:
			all = append(all, "never answered")
			continue
		case a.err == nil:
			all = append(all, "")
			continue
		case !assert.ErrorAs(t, a.err, &app):
			continue
		}
		var detail booking.Refusal
		if app.Type() != string(booking.CodeHoldNotExtendable) {
			all = append(all, app.Type())
			continue
		}
		require.NoError(t, app.Details(&detail))
		all = append(all, detail.Reason)
	}
	return all
}

// lasted is how long the booking was held until its seats were free again.
func (w *waiting) lasted() time.Duration { return w.env.Now().Sub(w.began).Round(time.Second) }

func (w *waiting) extended(t *testing.T) (times int) {
	t.Helper()
	var timeline []booking.TimelineEntry
	value, err := w.env.QueryWorkflow(workflows.QueryTimeline)
	require.NoError(t, err)
	require.NoError(t, value.Get(&timeline))
	for _, entry := range timeline {
		if entry.Event == booking.EventHoldExtended {
			times++
		}
	}
	return times
}

func TestCustomerExtendsTheHold(t *testing.T) {
	t.Parallel()
	w := newWaiting(24 * time.Hour)
	// Each click comes a minute before the end.
	var clicks []time.Duration
	for n := range 11 {
		clicks = append(clicks, time.Duration(n+1)*(period-time.Minute))
	}
	w.extend(moreTime, clicks...)
	w.run(t)
	assert.Equal(t, append(make([]string, 10), booking.ReasonLimitReached), w.reasons(t))
	assert.Equal(t, 10, w.extended(t))
	assert.Equal(t, clicks[9]+period, w.lasted(), "a full period from the last extension")
	assert.Equal(t, booking.StatusExpired, w.world.End().Status)
	assert.Empty(t, w.world.End().Claimed)
}

func TestASecondClickUsesUpNoExtension(t *testing.T) {
	t.Parallel()
	w := newWaiting(24 * time.Hour)
	once := moreTime
	once.Times = 1
	first := 5 * time.Minute
	w.extend(once, time.Second, 19*time.Second, first, first, first+time.Second, first+19*time.Second, first+21*time.Second)
	w.run(t)
	reasons := w.reasons(t)
	require.Len(t, reasons, 7)
	// Two at the same moment: one waits, or is told to ask again, which the API does.
	assert.Contains(t, []string{"", string(booking.CodeBusy)}, reasons[3])
	reasons[3] = ""
	assert.Equal(t, []string{"", "", "", "", "", "", booking.ReasonLimitReached}, reasons)
	assert.Equal(t, 1, w.extended(t))
	assert.Equal(t, first+period, w.lasted())
}

func TestExtensionsThatAreRefused(t *testing.T) {
	t.Parallel()
	never := moreTime
	never.Times = 0
	for name, c := range map[string]struct {
		starts time.Duration
		asks   workflows.ExtendRequest
		at     time.Duration
		do     func(w *waiting)
		want   []string
		status booking.Status
	}{
		"the theater allows none": {asks: never, at: time.Minute, want: []string{booking.ReasonLimitReached}, status: booking.StatusExpired},
		"it would reach past the start": {asks: moreTime, starts: 10 * time.Minute, at: 3 * time.Minute,
			want: []string{booking.ReasonShowStartsSoon}, status: booking.StatusExpired},
		"it ends with the start": {asks: moreTime, starts: 10 * time.Minute, at: 2 * time.Minute, want: []string{""}, status: booking.StatusExpired},
		"the show was moved to an earlier time": {asks: moreTime, at: 3 * time.Minute,
			do: func(w *waiting) {
				w.at(time.Minute, func() {
					w.driver.Signal(workflows.SignalShowRescheduled, workflows.ShowRescheduled{
						ChangeID: "one", StartsAt: w.began.Add(10 * time.Minute), EndsAt: w.began.Add(time.Hour), ChangedAt: w.began.Add(time.Minute)})
				})
			},
			want: []string{booking.ReasonShowStartsSoon}, status: booking.StatusExpired},
		"it is paid": {asks: moreTime, at: 2 * time.Minute,
			do: func(w *waiting) {
				w.at(time.Minute, func() { w.driver.Signal(workflows.SignalPayment, w.world.Authorize("pi_1")) })
			},
			want: []string{booking.ReasonNotHeld}, status: booking.StatusConfirmed},
		"the provider does not say whether it is paid": {asks: moreTime, at: period + 2*time.Second,
			do: func(w *waiting) {
				w.world.Fail("get", sagatest.Repeat(5, sagatest.Fault{Err: booking.E(booking.CodeProviderUnavailable, "No answer.")})...)
			},
			want: []string{booking.ReasonNotHeld}, status: booking.StatusExpired},
		"the seats are lost": {asks: moreTime, at: time.Minute,
			do: func(w *waiting) {
				w.world.Fail("extend", sagatest.Fault{Err: booking.E(booking.CodeHoldLost, "Lost.")})
			},
			want: []string{booking.ReasonNotHeld}, status: booking.StatusExpired},
		"staff have no limit": {asks: workflows.ExtendRequest{By: period}, starts: 10 * time.Minute, at: 3 * time.Minute, want: []string{""},
			status: booking.StatusExpired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.starts == 0 {
				c.starts = 24 * time.Hour
			}
			w := newWaiting(c.starts)
			w.extend(c.asks, c.at)
			if c.do != nil {
				c.do(w)
			}
			w.run(t)
			assert.Equal(t, c.want, w.reasons(t))
			assert.Equal(t, c.status, w.world.End().Status)
		})
	}
}

// Refusals leave no trace, so that they do not use up what staff may give.
func TestRefusedExtensionsLeaveRoomForStaff(t *testing.T) {
	t.Parallel()
	w := newWaiting(24 * time.Hour)
	never := moreTime
	never.Times = 0
	var clicks []time.Duration
	for n := range 150 {
		clicks = append(clicks, time.Minute+time.Duration(n)*time.Second)
	}
	w.extend(never, clicks...)
	w.extend(workflows.ExtendRequest{By: time.Minute}, 5*time.Minute)
	w.run(t)
	reasons := w.reasons(t)
	require.Len(t, reasons, 151)
	for _, reason := range reasons[:150] {
		assert.Equal(t, booking.ReasonLimitReached, reason)
	}
	assert.Empty(t, reasons[150])
	assert.Equal(t, period+time.Minute, w.lasted())
}

// A lost answer does not use up a second extension, nor move the end twice.
func TestAnExtensionWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	w := newWaiting(24 * time.Hour)
	w.world.Fail("extend", sagatest.Fault{Err: booking.E(booking.CodeUnavailable, "No answer."), Late: true})
	w.extend(moreTime, 5*time.Minute)
	w.run(t)
	assert.Equal(t, []string{""}, w.reasons(t))
	assert.Equal(t, 1, w.extended(t))
	assert.InDelta(t, 5*time.Minute+period, w.lasted(), float64(2*time.Second))
}

// The hold ran out, and the booking is over: the API says so in the customer's words.
func TestAnExtensionAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := newWaiting(24 * time.Hour)
	w.extend(moreTime, period)
	w.run(t)
	assert.Equal(t, []string{string(booking.CodeConflict)}, w.reasons(t))
	assert.Equal(t, period, w.lasted())
}
