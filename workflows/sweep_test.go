package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// A booking whose workflow was terminated is taken up again, from where it stood.
func TestABookingIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	missing := []string{"workflow_missing"}
	ended := func(status booking.Status, moves map[string]int, messages ...string) sagatest.End {
		return sagatest.End{Status: status, Moves: moves, Messages: twice(messages...), Alerts: missing}
	}
	sold := sagatest.End{
		Claimed: []string{"C7", "C8"}, Status: booking.StatusConfirmed, Captured: sagatest.Price,
		Moves: map[string]int{"authorize": 1, "capture": 1}, Messages: twice("confirmed", "reminder"), Alerts: missing,
	}
	given := sagatest.End{Status: booking.StatusCancelled, Captured: sagatest.Price, Refunded: 30_000, Alerts: missing,
		Moves: map[string]int{"authorize": 1, "capture": 1, "refund": 1}}
	leave, leaveSold := (*sagatest.World).Leave, (*sagatest.World).LeaveSold
	type stand = func(w *sagatest.World, ctx context.Context, in booking.HoldRequest) error
	for name, c := range map[string]struct {
		stand   stand
		before  func(w *sagatest.World)
		script  func(w *sagatest.World, d sagatest.Driver)
		status  booking.Status
		payment booking.PaymentStatus
		end     sagatest.End
	}{
		"held, not paid": {stand: leave, status: booking.StatusExpired, payment: booking.PaymentVoided,
			end: ended(booking.StatusExpired, map[string]int{"void": 1}, "expired")},
		"held, paid, and the webhook was lost with the workflow": {stand: leave, before: func(w *sagatest.World) { w.Authorize("pi_1") },
			status: booking.StatusConfirmed, payment: booking.PaymentCaptured, end: sold},
		"held, the provider is away for a while": {stand: leave, before: func(w *sagatest.World) {
			w.Authorize("pi_1")
			w.Fail("get", sagatest.Repeat(4, sagatest.Fault{Err: booking.E(booking.CodeProviderUnavailable, "No answer.")})...)
		}, status: booking.StatusConfirmed, payment: booking.PaymentCaptured, end: sold},
		"held, paid, and a rival has a seat": {stand: leave, before: func(w *sagatest.World) {
			w.Authorize("pi_1")
			w.Take("C7")
		}, status: booking.StatusExpired, payment: booking.PaymentVoided, end: sagatest.End{
			Status: booking.StatusExpired, Moves: map[string]int{"authorize": 1, "void": 1}, Alerts: missing,
			Messages: []string{"payment_returned/email/1", "payment_returned/sms/1"}}},
		"held, without a payment": {stand: func(w *sagatest.World, ctx context.Context, in booking.HoldRequest) error {
			_, err := w.Activities().Seats.Inventory.Hold(ctx, in)
			return err
		}, status: booking.StatusExpired, payment: booking.PaymentNone, end: ended(booking.StatusExpired, map[string]int{}, "expired")},
		"sold, the money not taken": {stand: leaveSold, status: booking.StatusConfirmed, payment: booking.PaymentCaptured, end: sold},
		"sold, and the capture is refused": {stand: leaveSold, before: func(w *sagatest.World) {
			w.Fail("capture", sagatest.Fault{Err: booking.E(booking.CodePaymentRefused, "Refused.")})
		}, status: booking.StatusCancelled, payment: booking.PaymentVoided,
			end: ended(booking.StatusCancelled, map[string]int{"authorize": 1, "void": 1}, "payment_failed")},
		"sold and taken, then cancelled by the customer": {stand: leaveSold, before: func(w *sagatest.World) { w.TakeAtOnce("pi_1") },
			script: func(_ *sagatest.World, d sagatest.Driver) {
				d.Update(workflows.UpdateCancel, workflows.CancelRequest{})
			},
			status: booking.StatusCancelled, payment: booking.PaymentRefunded, end: sagatest.End{
				Status: booking.StatusCancelled, Captured: sagatest.Price, Refunded: sagatest.Price - 5_000, Alerts: missing,
				Moves: map[string]int{"authorize": 1, "refund": 1}, Messages: twice("cancelled", "confirmed")}},
		"cancelled, and the refund was not made": {stand: leaveSold, before: func(w *sagatest.World) {
			_, err := w.Activities().Payments.Providers[sagatest.Provider].Capture(context.Background(), booking.MoneyStep{Reference: "pi_1"})
			if err != nil {
				panic(err)
			}
			err = w.Activities().Seats.Inventory.Cancel(context.Background(), booking.Cancellation{BookingID: sagatest.BookingID,
				Refund: booking.Money{Amount: 30_000, Currency: "INR"}})
			if err != nil {
				panic(err)
			}
		}, status: booking.StatusCancelled, payment: booking.PaymentRefunded, end: given},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			scenario := sagatest.Scenario{StartsIn: time.Hour}
			world := scenario.World(env.Now)
			in := scenario.BookingInput()
			require.NoError(t, c.stand(world, t.Context(), booking.HoldRequest{BookingID: in.BookingID, CustomerID: in.CustomerID,
				ShowID: in.ShowID, Seats: in.Seats, HoldFor: -time.Minute}))
			if c.before != nil {
				c.before(world)
			}
			workers.Register(env, workflows.QueueBookings, world.Activities())
			if c.script != nil {
				driver := &envDriver{env: env}
				env.RegisterDelayedCallback(func() { c.script(world, driver) }, time.Minute)
			}
			env.ExecuteWorkflow(workflows.BookingWorkflow, workflows.BookingInput{
				BookingID: in.BookingID, CustomerID: in.CustomerID, ShowID: in.ShowID, Seats: in.Seats, Policy: in.Policy, TakeUp: true})
			require.NoError(t, env.GetWorkflowError())
			var state workflows.BookingState
			require.NoError(t, env.GetWorkflowResult(&state))
			assert.Equal(t, c.status, state.Status)
			assert.Equal(t, c.payment, state.PaymentStatus)
			requireEnd(t, c.end, world.End())
		})
	}
}

func twice(notices ...string) []string {
	var all []string
	for _, notice := range notices {
		all = append(all, notice+"/email/0", notice+"/sms/0")
	}
	return all
}

// A page of the sweep, by the place after which it begins.
func sweepEnv(t *testing.T, pages map[activities.FindLostRequest]activities.FoundLost, started *[]workflows.BookingInput) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	workers.Register(env, workflows.QueueOperations, workers.Activities{})
	workers.Register(env, workflows.QueueBookings, workers.Activities{})
	var sweep *activities.Sweep
	env.OnActivity(sweep.FindLost, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.FindLostRequest) (activities.FoundLost, error) {
			found, known := pages[activities.FindLostRequest{Status: req.Status, After: req.After}]
			if !known {
				return found, errors.New("an unexpected page: " + string(req.Status) + " " + req.After)
			}
			return found, nil
		})
	env.OnActivity(sweep.AlertUndecided, mock.Anything, mock.Anything).Return(2, nil)
	env.OnWorkflow(workflows.BookingWorkflow, mock.Anything, mock.Anything).Return(workflows.BookingState{}, nil)
	env.SetOnChildWorkflowStartedListener(func(_ *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
		var in workflows.BookingInput
		assert.NoError(t, args.Get(&in))
		*started = append(*started, in)
	})
	return env
}

func lost(status booking.Status) booking.LostBooking {
	return booking.LostBooking{BookingID: uuid.NewString(), Status: status, Seats: []string{"A1"}}
}

func TestSweepTakesUpLostBookingsPageByPage(t *testing.T) {
	t.Parallel()
	first, second, third := lost(booking.StatusHeld), lost(booking.StatusHeld), lost(booking.StatusConfirmed)
	pages := map[activities.FindLostRequest]activities.FoundLost{
		{Status: booking.StatusHeld}:                     {Checked: 500, Lost: []booking.LostBooking{first}, Next: "p"},
		{Status: booking.StatusHeld, After: "p"}:         {Checked: 3, Lost: []booking.LostBooking{second}},
		{Status: booking.StatusConfirmed, After: "here"}: {Checked: 9, Lost: []booking.LostBooking{third}},
	}
	var started []workflows.BookingInput
	env := sweepEnv(t, pages, &started)
	env.SetLastCompletionResult(workflows.SweepResult{After: "here"})
	policy := booking.DefaultPolicy()
	env.ExecuteWorkflow(workflows.SweepBookingsWorkflow, workflows.SweepInput{Policy: policy})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SweepResult
	require.NoError(t, env.GetWorkflowResult(&result))
	assert.Equal(t, workflows.SweepResult{Held: 503, Confirmed: 9, TakenUp: 3, Undecided: 2}, result)
	var ids []string
	for _, in := range started {
		assert.True(t, in.TakeUp)
		assert.Equal(t, policy, in.Policy)
		ids = append(ids, in.BookingID)
	}
	assert.Equal(t, []string{first.BookingID, second.BookingID, third.BookingID}, ids)
}

// One run is bounded; the next goes on where it stopped.
func TestSweepIsBounded(t *testing.T) {
	t.Parallel()
	pages := map[activities.FindLostRequest]activities.FoundLost{{Status: booking.StatusHeld}: {}}
	for n := range 20 {
		page := activities.FindLostRequest{Status: booking.StatusConfirmed, After: string(rune('a' + n))}
		if n == 0 {
			page.After = ""
		}
		pages[page] = activities.FoundLost{Checked: 500, Next: string(rune('b' + n))}
	}
	var started []workflows.BookingInput
	env := sweepEnv(t, pages, &started)
	env.ExecuteWorkflow(workflows.SweepBookingsWorkflow, workflows.SweepInput{})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SweepResult
	require.NoError(t, env.GetWorkflowResult(&result))
	assert.Equal(t, workflows.SweepResult{Confirmed: 4000, After: "i", Undecided: 2}, result)
}

func TestDeleteOldGoesThroughTheKinds(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	workers.Register(env, workflows.QueueOperations, workers.Activities{})
	asked := map[booking.OldRecords]int{}
	var sweep *activities.Sweep
	env.OnActivity(sweep.DeleteOld, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.DeleteOldRequest) (activities.DeletedOld, error) {
			asked[req.Kind]++
			switch req.Kind {
			case booking.OldSessions:
				return activities.DeletedOld{Deleted: 20_000, More: true}, nil // there is no end to them
			default:
				return activities.DeletedOld{Deleted: 7, More: asked[req.Kind] < 3}, nil
			}
		})
	env.ExecuteWorkflow(workflows.DeleteOldWorkflow, workflows.DeleteOldInput{Kept: []workflows.KeptFor{
		{Kind: booking.OldIdempotencyKeys, For: time.Hour}, {Kind: booking.OldWebhooks}, {Kind: booking.OldSessions, For: time.Hour}}})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.DeleteOldResult
	require.NoError(t, env.GetWorkflowResult(&result))
	assert.Equal(t, workflows.DeleteOldResult{
		Deleted: map[booking.OldRecords]int{booking.OldIdempotencyKeys: 21, booking.OldSessions: 200_000},
		More:    []booking.OldRecords{booking.OldSessions},
	}, result)
	assert.Zero(t, asked[booking.OldWebhooks], "what is kept forever")
}
