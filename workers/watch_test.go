package workers

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

const someBooking = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a01"

// books fail as told, and then record.
type books struct {
	activities.Books
	failures []error
}

func (b *books) Record(context.Context, booking.PaymentState) error {
	if len(b.failures) == 0 {
		return nil
	}
	failure := b.failures[0]
	b.failures = b.failures[1:]
	return failure
}

// board keeps alerts as the database does, and fails as told.
type board struct {
	open   map[booking.Alert]int
	failed int
	fails  int
}

func (b *board) Alert(ctx context.Context, a booking.Alert) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if b.fails > 0 {
		b.fails--
		b.failed++
		return errors.New("the same fault")
	}
	b.open[a]++
	return nil
}

// sqlState is an error of the database.
type sqlState string

func (s sqlState) Error() string {
	return "relation \"secret\" does not exist (SQLSTATE " + string(s) + ")"
}
func (s sqlState) SQLState() string { return string(s) }

func TestStepsThatKeepFailingRaiseAnAlert(t *testing.T) {
	t.Parallel()
	stuck := func(why string) booking.Alert {
		return booking.Alert{BookingID: someBooking, Kind: booking.AlertStepStuck, Detail: "RecordPayment in workflow booking-" +
			someBooking + ". The database refuses this step: " + why + ". Trying again cannot fix that; the step goes on when somebody has."}
	}
	failing := booking.Alert{BookingID: someBooking, Kind: booking.AlertStepFailing,
		Detail: "RecordPayment in workflow booking-" + someBooking + ". It has failed 10 times or more."}
	missing := stuck("a table, column or function is missing or is not as expected (SQLSTATE class 42)")
	for name, c := range map[string]struct {
		failure error
		times   int
		fails   int // of the alert itself
		want    []booking.Alert
	}{
		"a column is missing":                {failure: fmt.Errorf("payments: %w", sqlState("42703")), times: 6, want: []booking.Alert{missing}},
		"and the first alerts fail as well":  {failure: sqlState("42703"), times: 6, fails: 2, want: []booking.Alert{missing}},
		"a column is missing for a moment":   {failure: sqlState("42703"), times: 2},
		"a value does not fit":               {failure: sqlState("22003"), times: 3, want: []booking.Alert{stuck("a value does not fit its type (SQLSTATE class 22)")}},
		"a constraint is broken":             {failure: sqlState("23514"), times: 3, want: []booking.Alert{stuck("a value breaks a rule of its table (SQLSTATE class 23)")}},
		"an index is damaged":                {failure: sqlState("XX002"), times: 3, want: []booking.Alert{stuck("something in it is damaged (SQLSTATE class XX)")}},
		"the database is away for a while":   {failure: sqlState("08006"), times: 9},
		"the database is away for long":      {failure: sqlState("57P03"), times: 11, want: []booking.Alert{failing}},
		"a bug":                              {failure: errors.New("no such price"), times: 12, want: []booking.Alert{failing}},
		"the provider is away":               {failure: booking.E(booking.CodeProviderUnavailable, "No answer."), times: 30},
		"the provider answers that it fails": {failure: booking.E(booking.CodeProviderError, "500."), times: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			staff := &board{open: map[booking.Alert]int{}, fails: c.fails}
			step := &activities.Payments{Books: &books{}}
			for range c.times {
				step.Books.(*books).failures = append(step.Books.(*books).failures, c.failure)
			}
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.SetWorkerOptions(worker.Options{Interceptors: watching(staff)})
			env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "booking-" + someBooking})
			env.RegisterActivity(step)
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
					StartToCloseTimeout: time.Minute,
					RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute, MaximumAttempts: 100},
				}), step.RecordPayment, booking.PaymentState{BookingID: someBooking}).Get(ctx, nil)
			})
			require.NoError(t, env.GetWorkflowError(), "the step goes through when the fault is gone")
			var raised []booking.Alert
			for alert := range staff.open {
				raised = append(raised, alert)
				assert.NotContains(t, alert.Detail, "secret")
			}
			assert.ElementsMatch(t, c.want, raised)
			assert.Equal(t, c.fails, staff.failed)
		})
	}
}

// The failure that support staff read in the UI says what kind of fault it is, and that
// staff were alerted; it has no internals.
func TestWhatTheUIShowsOfAStuckStep(t *testing.T) {
	t.Parallel()
	staff := &board{open: map[booking.Alert]int{}}
	step := &activities.Payments{Books: &books{failures: []error{sqlState("42703"), sqlState("42703"), sqlState("42703")}}}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: watching(staff)})
	env.RegisterActivity(step)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 3},
		}), step.RecordPayment, booking.PaymentState{BookingID: someBooking}).Get(ctx, nil)
	})
	var shown *temporal.ApplicationError
	require.ErrorAs(t, env.GetWorkflowError(), &shown)
	assert.Equal(t, string(booking.CodeDatabaseRefused), shown.Type())
	assert.Equal(t, "The database refuses this step: a table, column or function is missing or is not as expected (SQLSTATE class 42). "+
		"Trying again cannot fix that; the step goes on when somebody has. Staff are alerted.", shown.Message())
	require.Len(t, staff.open, 1)
	for alert := range staff.open {
		assert.Equal(t, someBooking, alert.BookingID, "found in what the step was asked")
	}
}
