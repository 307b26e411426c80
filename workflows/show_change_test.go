package workflows_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// changeEnv is a change's workflow with time skipping.
type changeEnv struct {
	*testsuite.TestWorkflowEnvironment
	t  *testing.T
	in workflows.ShowChangeInput
}

func newChangeEnv(t *testing.T, make func(now func() time.Time) *audience) (*changeEnv, *audience) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := &changeEnv{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t}
	a := make(env.Now)
	workers.Register(env, workflows.QueueOperations, a.activities())
	workflows.Register(env, workflows.QueueBookings)
	env.RegisterActivity(a.activities().Seats)
	env.RegisterActivity(a.activities().Payments)
	env.RegisterActivity(a.activities().Notifications)
	env.in = a.input()
	return env, a
}

func cancelled(size int) func(func() time.Time) *audience {
	return func(now func() time.Time) *audience { return newAudience(now, booking.ChangeCancelled, size) }
}

func moved(size int, decideIn time.Duration, byDefault booking.ChangeChoice) func(func() time.Time) *audience {
	return func(now func() time.Time) *audience {
		return newAudience(now, booking.ChangeRescheduled, size).moved(decideIn, byDefault)
	}
}

// run plays the workflow to its end.
func (e *changeEnv) run() workflows.ChangeProgress {
	e.t.Helper()
	e.play()
	require.NoError(e.t, e.GetWorkflowError())
	var progress workflows.ChangeProgress
	require.NoError(e.t, e.GetWorkflowResult(&progress))
	return progress
}

func (e *changeEnv) play() {
	e.t.Helper()
	name := workflows.CancelShowWorkflow
	if e.in.Request.Kind == booking.ChangeRescheduled {
		name = workflows.MoveShowWorkflow
	}
	e.ExecuteWorkflow(name, e.in)
	require.True(e.t, e.IsWorkflowCompleted())
}

func (e *changeEnv) at(when time.Duration, do func()) { e.RegisterDelayedCallback(do, when) }

func (e *changeEnv) progress() workflows.ChangeProgress {
	e.t.Helper()
	value, err := e.QueryWorkflow(workflows.QueryProgress)
	require.NoError(e.t, err)
	var progress workflows.ChangeProgress
	require.NoError(e.t, value.Get(&progress))
	return progress
}

// answer sends the update that the API sends, and gives its outcome when the
// workflow is over.
func (e *changeEnv) answer() func() (booking.ShowChange, error) {
	var change booking.ShowChange
	err := errors.New("never answered")
	e.at(0, func() {
		e.UpdateWorkflow(workflows.UpdateChangeShow, "", &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(e error) { err = e },
			OnComplete: func(value any, e error) {
				if err = e; e == nil {
					change = value.(booking.ShowChange)
				}
			},
		})
	})
	return func() (booking.ShowChange, error) { return change, err }
}

func TestCancelShowNotifiesEveryBookingOnceAndAtMost100AtATime(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(250))
	answer := env.answer()
	env.at(4*time.Second, func() {
		p := env.progress()
		assert.Equal(t, 250, p.Total)
		assert.Positive(t, p.Told)
		assert.Less(t, p.Told, 250)
		assert.False(t, p.Done)
	})
	end := env.run()
	change, err := answer()
	require.NoError(t, err)
	assert.Equal(t, a.change.ID, change.ID)
	assert.Equal(t, workflows.ChangeProgress{ChangeID: changeID, ShowID: change.ShowID, Kind: booking.ChangeCancelled,
		Total: 250, Told: 250, Settled: 250, Done: true, Doing: "done"}, end)
	people, most := a.toldBy(workflows.SignalShowCancelled)
	assert.Equal(t, 250, people)
	assert.Equal(t, 1, most)
	assert.Equal(t, 100, a.most, "as many as may be at work at a time, and no more")
	assert.NotNil(t, a.change.FinishedAt)
}

func TestAChangeThatIsRefusedEndsItsWorkflow(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(3))
	a.refuse = booking.E(booking.CodeConflict, "This show is over.")
	answer := env.answer()
	end := env.run()
	_, err := answer()
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, string(booking.CodeConflict), refused.Type())
	assert.Equal(t, "refused: This show is over.", end.Doing)
	people, _ := a.toldBy(workflows.SignalShowCancelled)
	assert.Zero(t, people)
}

func TestAChangeIsPausedAndResumed(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(30))
	env.in.AtATime = 10
	env.at(time.Second/2, func() { env.SignalWorkflow(workflows.SignalPause, nil) })
	env.at(time.Hour, func() {
		p := env.progress()
		assert.True(t, p.Paused)
		assert.Equal(t, "paused", p.Doing)
		people, _ := a.toldBy(workflows.SignalShowCancelled)
		assert.Equal(t, 10, people)
		env.SignalWorkflow(workflows.SignalResume, nil)
	})
	end := env.run()
	assert.Equal(t, 30, end.Settled)
	assert.False(t, end.Paused)
}

// Staff resume and pause again while bookings are being notified: the change is paused.
func TestPauseAndResumeFollowTheLaterRequest(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(30))
	env.in.AtATime = 10
	var once sync.Once
	a.telling = func() {
		once.Do(func() {
			env.SignalWorkflow(workflows.SignalResume, nil)
			env.SignalWorkflow(workflows.SignalPause, nil)
		})
	}
	env.at(time.Hour, func() {
		assert.True(t, env.progress().Paused)
		people, _ := a.toldBy(workflows.SignalShowCancelled)
		assert.Equal(t, 10, people)
		env.SignalWorkflow(workflows.SignalPause, nil)
		env.SignalWorkflow(workflows.SignalResume, nil)
	})
	assert.Equal(t, 30, env.run().Settled)
}

func TestSignalsThatFailAreSentAgain(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(20))
	a.away = 3
	assert.Equal(t, 20, env.run().Settled)
	_, most := a.toldBy(workflows.SignalShowCancelled)
	assert.Equal(t, 1, most, "a booking that was notified before the failure is not notified again")
}

func TestBookingsWithoutAWorkflowAreSettled(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(5))
	a.people[0].gone = true
	a.people[1].gone, a.people[1].status = true, booking.StatusHeld
	a.people[2].gone, a.people[2].refused = true, true
	// A booking whose workflow is terminated after it was notified.
	a.people[3].lost = true
	env.at(5*time.Second, func() { a.with(func() { a.people[3].gone = true }) })
	end := env.run()
	assert.Equal(t, 4, end.Settled)
	assert.Equal(t, 1, end.Failed)
	told := []booking.Notice{"show_cancelled/email/0", "show_cancelled/sms/0"}
	assert.Equal(t, told, a.people[0].notices)
	assert.Equal(t, told, a.people[1].notices)
	assert.Equal(t, append(told, "alert:show_change_not_settled"), a.people[2].notices)
	assert.Equal(t, "The card is closed.", a.people[2].failure)
	assert.Equal(t, told, a.people[3].notices)
	assert.Empty(t, a.people[4].notices, "its own workflow tells")
	assert.Equal(t, 1, a.people[0].refundsAsked)
	assert.Zero(t, a.people[1].refundsAsked)
}

// A booking without a workflow that went to another show, or ended before its turn
// came, is left unchanged, and its customer gets no message about a show that they do not
// have.
func TestBookingsThatTheChangeDoesNotConcernAnyMore(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(3))
	for _, p := range a.people {
		p.gone = true
	}
	a.people[0].elsewhere = true
	a.people[1].status = booking.StatusExpired
	// The database settles both.
	env.at(10*time.Second, func() { a.with(func() { a.people[0].settled, a.people[1].settled = true, true }) })
	assert.Equal(t, 3, env.run().Settled)
	for _, p := range a.people[:2] {
		assert.Zero(t, p.cancellations)
		assert.Empty(t, p.notices)
	}
	assert.Equal(t, booking.StatusConfirmed, a.people[0].status)
	assert.NotEmpty(t, a.people[2].notices)
}

// A customer whose mail cannot be sent for a while gets the refund in time.
func TestARefundDoesNotWaitForTheMail(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, moved(1, time.Minute, booking.ChoiceRefund))
	a.people[0].gone, a.people[0].mute = true, true
	env.at(80*time.Second, func() { assert.Equal(t, 1, a.people[0].cancellations) })
	assert.Equal(t, 1, env.run().Settled)
}

// The history of a run stays bounded for any number of bookings without a workflow.
func TestManyBookingsWithoutAWorkflowDoNotMakeALongRun(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, cancelled(90))
	for _, p := range a.people {
		p.gone = true
	}
	env.SetCurrentHistoryLength(2_000)
	env.play()
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	told := 0
	for _, p := range a.people {
		if !p.told.IsZero() {
			told++
		}
	}
	assert.Equal(t, 50, told)
}

func TestALongChangeContinuesInANewRun(t *testing.T) {
	t.Parallel()
	env, _ := newChangeEnv(t, cancelled(30))
	env.in.AtATime = 10
	env.at(2300*time.Millisecond, func() {
		env.SetCurrentHistoryLength(2_000)
		env.SignalWorkflow(workflows.SignalPause, nil)
	})
	env.play()
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.Equal(t, workflows.CancelShowWorkflow, next.WorkflowType.Name)
	var carried workflows.ShowChangeInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &carried))
	assert.True(t, carried.Paused, "a pause is not forgotten")

	// What the new run needs comes with it, and it changes no show.
	again, a := newChangeEnv(t, cancelled(30))
	again.in.Change = &a.change
	answer := again.answer()
	assert.Equal(t, 30, again.run().Settled)
	change, err := answer()
	require.NoError(t, err)
	assert.Equal(t, changeID, change.ID)
	assert.False(t, a.made)
}

func TestMoveShowKeepsBookingsWithoutAChoice(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, moved(20, 24*time.Hour, booking.ChoiceKeep))
	began := env.Now()
	env.at(time.Hour, func() {
		assert.Equal(t, "customers choose", env.progress().Doing)
		a.with(func() { a.people[0].choice, a.people[0].chosen = booking.ChoiceMove, env.Now() })
	})
	end := env.run()
	assert.Equal(t, 20, end.Settled)
	assert.GreaterOrEqual(t, env.Now().Sub(began), 24*time.Hour, "customers get the whole time")
	people, most := a.toldBy(workflows.SignalShowRescheduled)
	assert.Equal(t, 20, people)
	assert.Equal(t, 1, most)
	refunded, _ := a.toldBy(workflows.SignalShowCancelled)
	assert.Zero(t, refunded)
}

func TestMoveShowRefundsBookingsWithoutAChoice(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, moved(25, time.Hour, booking.ChoiceRefund))
	env.in.AtATime = 10
	env.at(time.Minute, func() {
		a.with(func() {
			a.people[0].choice, a.people[0].chosen = booking.ChoiceKeep, env.Now()
			// A refund that was chosen and never carried out.
			a.people[1].choice, a.people[1].chosen = booking.ChoiceRefund, env.Now()
		})
	})
	env.at(30*time.Minute, func() {
		people, _ := a.toldBy(workflows.SignalShowCancelled)
		assert.Equal(t, 1, people, "the lost refund does not wait for the deadline")
	})
	end := env.run()
	assert.Equal(t, 25, end.Settled)
	people, most := a.toldBy(workflows.SignalShowCancelled)
	assert.Equal(t, 24, people)
	assert.Equal(t, 1, most)
	assert.LessOrEqual(t, a.most, 10)
	assert.Empty(t, a.people[0].signals[1:], "who keeps is left alone")
}

func TestMoveShowNotifiesBookingsWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, moved(2, time.Hour, booking.ChoiceRefund))
	a.people[0].gone = true
	assert.Equal(t, 2, env.run().Settled)
	assert.Equal(t, []booking.Notice{"rescheduled/email/1", "rescheduled/sms/1", "cancelled/email/0", "cancelled/sms/0"}, a.people[0].notices)
	assert.Equal(t, 1, a.people[0].cancellations)
}

func TestALaterChangeEndsTheWaitOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, moved(5, 24*time.Hour, booking.ChoiceRefund))
	began := env.Now()
	env.at(time.Hour, func() { a.with(func() { a.superseded = true }) })
	end := env.run()
	assert.Equal(t, 5, end.Settled)
	assert.Less(t, env.Now().Sub(began), 2*time.Hour)
	people, _ := a.toldBy(workflows.SignalShowCancelled)
	assert.Zero(t, people)
}

// Pausing stops the default as well.
func TestAPausedMoveAppliesNoDefault(t *testing.T) {
	t.Parallel()
	env, a := newChangeEnv(t, moved(3, time.Hour, booking.ChoiceRefund))
	env.at(30*time.Minute, func() { env.SignalWorkflow(workflows.SignalPause, nil) })
	env.at(3*time.Hour, func() {
		assert.Empty(t, a.people[0].choice)
		env.SignalWorkflow(workflows.SignalResume, nil)
	})
	assert.Equal(t, 3, env.run().Settled)
}
