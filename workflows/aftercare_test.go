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

// after plays the aftercare of a booking that was sold and whose workflow has ended.
type after struct {
	*testing.T
	env    *testsuite.TestWorkflowEnvironment
	world  *sagatest.World
	driver *envDriver
}

// newAfter is a sold booking of a show that begins in a while.
func newAfter(t *testing.T, startsIn time.Duration) *after {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	a := &after{T: t, env: env, world: sagatest.NewWorld(env.Now, startsIn), driver: &envDriver{env: env}}
	a.world.Sell()
	workers.Register(env, workflows.QueueBookings, a.world.Activities())
	return a
}

func (a *after) run() sagatest.End {
	a.Helper()
	a.env.ExecuteWorkflow(workflows.AftercareWorkflow, workflows.AftercareInput{
		BookingID: sagatest.BookingID, Policy: sagatest.Scenario{}.BookingInput().Policy,
	})
	require.True(a, a.env.IsWorkflowCompleted())
	require.NoError(a, a.env.GetWorkflowError())
	return a.world.End()
}

func (a *after) at(when time.Duration, do func()) { a.env.RegisterDelayedCallback(do, when) }

func refundOf(percent int64) workflows.RefundRequest {
	return workflows.RefundRequest{Percent: percent, Reason: "The projector failed.", Staff: sagatest.CustomerID}
}

func TestAftercareGivesAShareBackOnce(t *testing.T) {
	t.Parallel()
	a := newAfter(t, -time.Hour)
	a.at(0, func() { a.driver.Update(workflows.UpdateRefund, refundOf(50)) })
	a.at(0, func() { a.driver.Signal(workflows.SignalRefund, refundOf(50)) })
	end := a.run()
	assert.Equal(t, []booking.Code{""}, a.driver.codes())
	assert.Equal(t, booking.StatusConfirmed, end.Status, "the film has begun: the booking stays")
	assert.EqualValues(t, sagatest.Price/2, end.Refunded)
	assert.Equal(t, 1, end.Moves["refund"])
	assert.Equal(t, []string{"refunded/email/1", "refunded/sms/1"}, end.Messages)
}

func TestAftercareGoesOnWhileTheProviderIsAway(t *testing.T) {
	t.Parallel()
	a := newAfter(t, -time.Hour)
	a.world.Fail("refund", sagatest.Repeat(5, sagatest.Fault{Err: booking.E(booking.CodeProviderUnavailable, "No answer.")})...)
	a.at(0, func() { a.driver.Update(workflows.UpdateRefund, refundOf(100)) })
	end := a.run()
	assert.Equal(t, []booking.Code{""}, a.driver.codes(), "it is promised at once")
	assert.EqualValues(t, sagatest.Price, end.Refunded)
}

func TestAftercareOfWhatWasNeverSold(t *testing.T) {
	t.Parallel()
	a := newAfter(t, -time.Hour)
	a.world.PaidWith(sagatest.BookingID, "pi_nobody")
	a.at(0, func() { a.driver.Update(workflows.UpdateRefund, refundOf(100)) })
	end := a.run()
	assert.Equal(t, []booking.Code{booking.CodeNotCancellable}, a.driver.codes())
	assert.Zero(t, end.Refunded)
	assert.Empty(t, end.Messages)
}

// A dispute of a booking whose workflow is gone voids the ticket while the show is to
// come, and only then.
func TestAftercareOfADispute(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		startsIn time.Duration
		status   booking.Status
	}{
		"before the show": {time.Hour, booking.StatusCancelled},
		"long after":      {-24 * time.Hour, booking.StatusConfirmed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAfter(t, test.startsIn)
			a.at(0, func() {
				a.driver.Signal(workflows.SignalPayment, booking.PaymentState{
					Provider: sagatest.Provider, Reference: "pi_1", BookingID: sagatest.BookingID, Status: booking.PaymentCaptured,
					Amount: sagatest.Price, Captured: sagatest.Price, Currency: "INR",
					Disputes: []booking.Dispute{{Reference: "dp_1", Status: booking.DisputeOpen, Amount: sagatest.Price}},
				})
			})
			end := a.run()
			assert.Equal(t, test.status, end.Status)
			assert.Zero(t, end.Moves["refund"], "the bank has the money")
		})
	}
}

func TestAftercareWithNothingToDoEnds(t *testing.T) {
	t.Parallel()
	end := newAfter(t, -time.Hour).run()
	assert.Equal(t, booking.StatusConfirmed, end.Status)
}
