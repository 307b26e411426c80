package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// TestUpdatesHaveLimits asks a booking for things again and again. After any refusals, a
// cancellation and the staff's refund get through.
func TestUpdatesHaveLimits(t *testing.T) {
	t.Parallel()
	const none booking.Code = ""
	reopen := workflows.ReopenRequest{Provider: sagatest.Provider}
	silent := sagatest.Fault{Err: booking.E(booking.CodeProviderUnavailable, "No answer.")}
	for name, c := range map[string]struct {
		setup  func(*sagatest.World)
		paid   bool
		every  time.Duration // one of these, so many times
		times  int
		update string
		args   []any
		long   bool // the history, says Temporal
		want   map[booking.Code]int
		// then must be accepted after it, and end the booking.
		then string
		with any
	}{
		"a client that polls": {
			every: 10 * time.Millisecond, times: 500, update: workflows.UpdateCheck,
			// Five in a row, and one each two seconds of the five.
			want: map[booking.Code]int{none: 7, booking.CodeBusy: 493},
			then: workflows.UpdateCancel, with: workflows.CancelRequest{},
		},
		"a client that polls for hours": {
			every: 2 * time.Second, times: 3_000, update: workflows.UpdateCheck,
			want: map[booking.Code]int{none: 200, booking.CodeTooManyRequests: 2_800},
			then: workflows.UpdateCancel, with: workflows.CancelRequest{},
		},
		"checks while the provider is silent": {
			setup: func(w *sagatest.World) { w.Fail("get", sagatest.Repeat(2, silent)...) },
			every: time.Millisecond, times: 20, update: workflows.UpdateCheck,
			want: map[booking.Code]int{none: 1, booking.CodeBusy: 19},
			then: workflows.UpdateCancel, with: workflows.CancelRequest{},
		},
		"payments opened again and again": {
			every: time.Minute, times: 30, update: workflows.UpdateReopen, args: []any{reopen},
			want: map[booking.Code]int{none: 20, booking.CodeTooManyRequests: 10},
			then: workflows.UpdateCancel, with: workflows.CancelRequest{},
		},
		"cancellations that are refused": {
			paid: true, setup: (*sagatest.World).Scan,
			every: time.Minute, times: 150, update: workflows.UpdateCancel, args: []any{workflows.CancelRequest{}},
			want: map[booking.Code]int{booking.CodeNotCancellable: 100, booking.CodeTooManyRequests: 50},
			then: workflows.UpdateRefund, with: workflows.RefundRequest{Percent: 100},
		},
		"tickets sent again and again": {
			paid: true, every: time.Minute, times: 150, update: workflows.UpdateResend, args: []any{workflows.ResendRequest{}},
			want: map[booking.Code]int{none: 100, booking.CodeTooManyRequests: 50},
			then: workflows.UpdateRefund, with: workflows.RefundRequest{Percent: 50},
		},
		"a history that is long": {
			long: true, every: time.Minute, times: 3, update: workflows.UpdateCheck,
			want: map[booking.Code]int{booking.CodeTooManyRequests: 3},
			then: workflows.UpdateCancel, with: workflows.CancelRequest{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario := sagatest.Scenario{StartsIn: 24 * time.Hour, Setup: c.setup}
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.SetContinueAsNewSuggested(c.long)
			world := scenario.World(env.Now)
			workers.Register(env, workflows.QueueBookings, world.Activities())
			driver := &envDriver{env: env}
			env.RegisterDelayedCallback(func() { driver.Update(workflows.UpdateHold) }, 0)
			at := time.Second
			if c.paid {
				env.RegisterDelayedCallback(func() { driver.Signal(workflows.SignalPayment, world.Authorize("pi_1")) }, at)
			}
			asked := 0
			var ask func()
			ask = func() {
				if asked++; asked > c.times {
					env.RegisterDelayedCallback(func() { driver.Update(c.then, c.with) }, time.Hour)
					return
				}
				driver.Update(c.update, c.args...)
				env.RegisterDelayedCallback(ask, c.every)
			}
			env.RegisterDelayedCallback(ask, at+c.every)
			in := scenario.BookingInput()
			in.Policy.HoldFor, in.Policy.RemindBefore = 12*time.Hour, 0
			in.Policy.FastPath = 100 * time.Millisecond
			env.ExecuteWorkflow(workflows.BookingWorkflow, in)

			require.True(t, env.IsWorkflowCompleted())
			require.NoError(t, env.GetWorkflowError())
			codes := driver.codes()
			require.Len(t, codes, c.times+2)
			assert.Empty(t, codes[0], "the hold")
			assert.Empty(t, codes[c.times+1], "what was asked for last")
			counted := map[booking.Code]int{}
			for _, code := range codes[1 : c.times+1] {
				counted[code]++
			}
			assert.Equal(t, c.want, counted)
			assert.Equal(t, booking.StatusCancelled, world.End().Status)
		})
	}
}
