package workflows_test

import (
	"errors"
	"slices"
	"strings"
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

// TestScenarios plays every branch of every workflow with time skipping.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, scenario := range sagatest.Scenarios() {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			play(t, scenario)
		})
	}
}

func play(t *testing.T, scenario sagatest.Scenario) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	world := scenario.World(env.Now)
	workers.Register(env, workflows.QueueBookings, world.Activities())

	driver := &envDriver{env: env}
	if scenario.Late == nil {
		env.RegisterDelayedCallback(func() { driver.Update(workflows.UpdateHold) }, 0)
	}
	for _, action := range scenario.Script {
		env.RegisterDelayedCallback(func() { action.Do(world, driver) }, action.At)
	}
	if scenario.Late != nil {
		env.ExecuteWorkflow(workflows.LatePaymentWorkflow, *scenario.Late)
	} else {
		env.ExecuteWorkflow(workflows.BookingWorkflow, scenario.BookingInput())
	}

	require.True(t, env.IsWorkflowCompleted())
	if scenario.Canceled {
		require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
		assert.Equal(t, scenario.Updates, driver.codes())
	} else {
		require.NoError(t, env.GetWorkflowError())
	}
	if scenario.Late == nil && !scenario.Canceled {
		var state workflows.BookingState
		require.NoError(t, env.GetWorkflowResult(&state))
		assert.Equal(t, scenario.Status, state.Status)
		assert.Equal(t, scenario.Payment, state.PaymentStatus)
		assert.Equal(t, scenario.Updates, driver.codes())
	}
	requireEnd(t, scenario.End, world.End())
}

func requireEnd(t *testing.T, want, got sagatest.End) {
	t.Helper()
	if want.Moves == nil {
		want.Moves = map[string]int{}
	}
	slices.Sort(want.Messages)
	assert.Equal(t, want, got)
	assert.Zero(t, got.Reserved, "money must not stay reserved")
}

// envDriver drives a workflow in the test environment.
type envDriver struct {
	env     *testsuite.TestWorkflowEnvironment
	answers []*answer
}

type answer struct {
	err  error
	done bool
}

func (d *envDriver) Signal(name string, arg any) { d.env.SignalWorkflow(name, arg) }
func (d *envDriver) Cancel()                     { d.env.CancelWorkflow() }
func (d *envDriver) Update(name string, args ...any) {
	a := &answer{}
	d.answers = append(d.answers, a)
	d.env.UpdateWorkflow(name, "", &testsuite.TestUpdateCallback{
		OnAccept:   func() {},
		OnReject:   func(err error) { a.err, a.done = err, true },
		OnComplete: func(_ any, err error) { a.err, a.done = err, true },
	}, args...)
}

func (d *envDriver) codes() []booking.Code { return codesOf(d.answers) }

// codesOf lists what the updates answered.
func codesOf(answers []*answer) []booking.Code {
	var codes []booking.Code
	for _, a := range answers {
		switch app := (*temporal.ApplicationError)(nil); {
		case !a.done:
			codes = append(codes, "never answered")
		case a.err == nil:
			codes = append(codes, "")
		case errors.As(a.err, &app):
			codes = append(codes, booking.Code(app.Type()))
		default:
			codes = append(codes, booking.Code(a.err.Error()))
		}
	}
	return codes
}

func TestStaffCanReadABooking(t *testing.T) {
	t.Parallel()
	scenario := sagatest.Scenario{Name: "read"}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	world := scenario.World(env.Now)
	workers.Register(env, workflows.QueueBookings, world.Activities())
	env.RegisterDelayedCallback(func() {
		var state workflows.BookingState
		value, err := env.QueryWorkflow(workflows.QueryStatus)
		require.NoError(t, err)
		require.NoError(t, value.Get(&state))
		assert.Equal(t, booking.StatusHeld, state.Status)
		assert.Equal(t, "waiting for the customer to pay", state.Doing)
		assert.Equal(t, "pi_1", state.PaymentReference)

		var timeline []booking.TimelineEntry
		value, err = env.QueryWorkflow(workflows.QueryTimeline)
		require.NoError(t, err)
		require.NoError(t, value.Get(&timeline))
		require.Len(t, timeline, 2)
		assert.Equal(t, booking.EventHeld, timeline[0].Event)
		assert.Equal(t, "C7, C8 for INR 450.00", timeline[0].Detail)
	}, time.Second)
	env.ExecuteWorkflow(workflows.BookingWorkflow, scenario.BookingInput())
	require.NoError(t, env.GetWorkflowError())
}

// A panic is not retried forever, and its seats do not stay taken.
func TestFault40_PanicsAreBounded(t *testing.T) {
	t.Parallel()
	played := 0
	for _, scenario := range sagatest.Scenarios() {
		if strings.Contains(scenario.Name, "panics") {
			played++
			t.Run(scenario.Name, func(t *testing.T) {
				t.Parallel()
				require.Empty(t, scenario.End.Claimed)
				play(t, scenario)
			})
		}
	}
	require.NotZero(t, played)
}
