package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// The terms of cancellation are kept with the booking when its seats are held. Empty terms,
// which refund nothing, are terms, too.
func TestTermsOfCancellationAreKept(t *testing.T) {
	t.Parallel()
	for name, terms := range map[string]booking.CancellationPolicy{
		"some": {{Until: time.Hour, Percent: 80}},
		"none": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			scenario := sagatest.Scenario{Input: func(in *workflows.BookingInput) { in.Policy.Refunds = terms }}
			world := scenario.World(env.Now)
			workers.Register(env, workflows.QueueBookings, world.Activities())
			env.ExecuteWorkflow(workflows.BookingWorkflow, scenario.BookingInput())
			require.NoError(t, env.GetWorkflowError())
			assert.Equal(t, append(booking.CancellationPolicy{}, terms...), world.Refunds(sagatest.BookingID))
		})
	}
}

// Money that came too late buys the same seats in a new booking. Its customer knows
// the terms of the old one.
func TestARebookingKeepsTheTermsOfCancellation(t *testing.T) {
	t.Parallel()
	old := booking.CancellationPolicy{{Until: time.Hour, Percent: 80}}
	today := booking.CancellationPolicy{{Until: time.Hour, Percent: 10}}
	for name, c := range map[string]struct{ kept, want booking.CancellationPolicy }{
		"as agreed":                  {old, old},
		"nothing comes back":         {booking.CancellationPolicy{}, booking.CancellationPolicy{}},
		"from before they were kept": {nil, today},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			for _, scenario := range sagatest.Scenarios() {
				if scenario.Name != "late_rebooked" {
					continue
				}
				world := scenario.World(env.Now)
				world.SetRefunds(sagatest.BookingID, c.kept)
				workers.Register(env, workflows.QueueBookings, world.Activities())
				var rebooked workflows.BookingInput
				env.OnWorkflow(workflows.BookingWorkflow, mock.Anything, mock.Anything).Return(
					func(_ workflow.Context, in workflows.BookingInput) (workflows.BookingState, error) {
						rebooked = in
						return workflows.BookingState{}, nil
					})
				late := *scenario.Late
				late.Policy.Refunds = today
				env.ExecuteWorkflow(workflows.LatePaymentWorkflow, late)
				require.NoError(t, env.GetWorkflowError())
				require.NotEmpty(t, rebooked.BookingID)
				assert.Equal(t, c.want, rebooked.Policy.Refunds)
			}
		})
	}
}
