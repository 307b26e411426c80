package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// theater is a theater's own system, as the workflows see it through the activities.
type theater struct {
	begun      activities.BegunProgram
	pages      map[string]activities.ProgramPage // by cursor
	away       bool                              // it does not answer
	shows      []booking.HouseListed
	findings   map[string][]booking.HouseFinding // by our show
	keeps      bool                              // it cancels nothing
	did        []string
	changes    []workflows.ShowChangeInput
	perTheater map[string]time.Duration // the wait of the theaters of a round
}

func (h *theater) note(what string) { h.did = append(h.did, what) }

var errAway = temporal.NewApplicationError("The theater does not answer.", string(booking.CodeHouseUnavailable))

func (h *theater) env(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	workers.Register(env, workflows.QueueOperations, workers.Activities{})
	var s *activities.HouseSync
	env.OnActivity(s.ListHouses, mock.Anything, mock.Anything).Return([]string{"t1", "t2", "t3"}, nil).Maybe()
	env.OnActivity(s.BeginHouseProgram, mock.Anything, mock.Anything).Return(h.begun, nil).Maybe()
	env.OnActivity(s.ReadHouseProgram, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.ProgramRequest) (activities.ProgramPage, error) {
			if h.away {
				return activities.ProgramPage{}, errAway
			}
			h.note("read " + req.TheaterID + " " + req.Cursor)
			page, known := h.pages[req.Cursor]
			if !known {
				return page, errors.New("an unexpected page: " + req.Cursor)
			}
			return page, nil
		}).Maybe()
	env.OnActivity(s.NoteProgramFailed, mock.Anything, mock.Anything).Return(
		func(_ context.Context, f activities.ProgramFailure) error { h.note("failed " + f.Why); return nil }).Maybe()
	env.OnActivity(s.ListHouseShows, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.HouseShowsRequest) (page []booking.HouseListed, err error) {
			for _, show := range h.shows {
				if show.ShowID > req.After && len(page) < req.Limit {
					page = append(page, show)
				}
			}
			return page, nil
		}).Maybe()
	env.OnActivity(s.ReconcileHouseShow, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.ReconcileRequest) ([]booking.HouseFinding, error) {
			if h.away {
				return nil, errAway
			}
			assert.Equal(t, 10*time.Minute, req.Grace)
			h.note("compare " + req.Show.Show)
			return h.findings[req.Show.ShowID], nil
		}).Maybe()
	env.OnActivity(s.CancelHouseOrphan, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.OrphanRequest) (bool, error) {
			h.note("cancel " + req.Sale + " of " + req.ShowID)
			return !h.keeps, nil
		}).Maybe()
	for _, name := range []string{workflows.CancelShowWorkflow, workflows.MoveShowWorkflow} {
		env.OnWorkflow(name, mock.Anything, mock.Anything).Return(workflows.ChangeProgress{}, nil).Maybe()
	}
	env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
		h.note("start " + info.WorkflowExecution.ID)
		switch info.WorkflowType.Name {
		case workflows.CancelShowWorkflow, workflows.MoveShowWorkflow:
			var in workflows.ShowChangeInput
			assert.NoError(t, args.Get(&in))
			h.changes = append(h.changes, in)
		default:
			var in workflows.HouseInput
			assert.NoError(t, args.Get(&in))
			if h.perTheater != nil {
				h.perTheater[in.TheaterID] = in.Wait
			}
		}
	})
	return env
}

func TestProgramIsReadFromWhereItStopped(t *testing.T) {
	t.Parallel()
	cancelled := booking.ShowChangeRequest{ChangeID: "c1", ShowID: "s1", Kind: booking.ChangeCancelled}
	moved := booking.ShowChangeRequest{ChangeID: "c2", ShowID: "s2", Kind: booking.ChangeRescheduled}
	waits := booking.ShowChangeRequest{ChangeID: "c3", ShowID: "s3", Kind: booking.ChangeRescheduled}
	h := &theater{
		begun: activities.BegunProgram{Cursor: "7", Pending: booking.HouseApplied{Changes: []booking.ShowChangeRequest{waits}}},
		pages: map[string]activities.ProgramPage{
			"7": {Next: "8", More: true, HouseApplied: booking.HouseApplied{Listed: 2, Added: 1, Changes: []booking.ShowChangeRequest{cancelled}}},
			"8": {Next: "9", HouseApplied: booking.HouseApplied{Listed: 1, Changed: 1, Changes: []booking.ShowChangeRequest{moved}}},
		},
	}
	env := h.env(t)
	env.ExecuteWorkflow(workflows.HouseProgramWorkflow, workflows.HouseInput{TheaterID: "t1"})
	require.NoError(t, env.GetWorkflowError())
	assert.Equal(t, []string{"start show-change-c3", "read t1 7", "start show-cancel-s1", "read t1 8", "start show-change-c2"}, h.did)
	require.Len(t, h.changes, 3)
	assert.Equal(t, cancelled, h.changes[1].Request)
	var result booking.HouseApplied
	require.NoError(t, env.GetWorkflowResult(&result))
	assert.Equal(t, booking.HouseApplied{Listed: 3, Added: 1, Changed: 1}, result)
}

func TestProgramOfATheaterThatIsAway(t *testing.T) {
	t.Parallel()
	h := &theater{away: true}
	env := h.env(t)
	began := env.Now()
	env.ExecuteWorkflow(workflows.HouseProgramWorkflow, workflows.HouseInput{TheaterID: "t1"})
	require.NoError(t, env.GetWorkflowError(), "the next round tries again")
	assert.Equal(t, []string{"failed The theater does not answer."}, h.did)
	assert.LessOrEqual(t, env.Now().Sub(began), 5*time.Minute, "before the next round")
}

func TestLongProgramGoesOnInANewRun(t *testing.T) {
	t.Parallel()
	h := &theater{pages: map[string]activities.ProgramPage{"": {More: true}}}
	env := h.env(t)
	env.ExecuteWorkflow(workflows.HouseProgramWorkflow, workflows.HouseInput{TheaterID: "t1", Wait: time.Minute})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	var in workflows.HouseInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	assert.Equal(t, workflows.HouseInput{TheaterID: "t1"}, in, "without another wait")
	assert.Len(t, h.did, 50)
}

func TestSalesAreComparedShowByShow(t *testing.T) {
	t.Parallel()
	orphan := booking.HouseFinding{Kind: booking.HouseOrphan, Sale: "b1-1", Cancel: &booking.HouseOrder{BookingID: "b1", Attempt: 1}}
	young := booking.HouseFinding{Kind: booking.HouseOrphan, Sale: "b2-1"}
	missing := booking.HouseFinding{Kind: booking.HouseMissing, Sale: "b3-1"}
	undone := booking.HouseFinding{Kind: booking.HouseUndone, Sale: "b4-1", BookingID: "b4"}
	over := booking.HouseFinding{Kind: booking.HouseUndone, Sale: "b5-1", BookingID: "b5"}
	h := &theater{
		shows:    []booking.HouseListed{{ShowID: "s1", Show: "e1"}, {ShowID: "s2", Show: "e2"}},
		findings: map[string][]booking.HouseFinding{"s1": {orphan, missing, undone, over}, "s2": {young}},
	}
	for _, keeps := range []bool{false, true} {
		h.did, h.keeps = nil, keeps
		env := h.env(t)
		var told []string
		env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, workflows.SignalTheaterCancelled, mock.Anything).Return(
			func(_, id, _, _ string, _ any) error {
				told = append(told, id)
				if id == workflows.BookingWorkflowID("b5") {
					return errors.New("its workflow has ended")
				}
				return nil
			})
		env.ExecuteWorkflow(workflows.HouseReconcileWorkflow, workflows.HouseInput{TheaterID: "t1", Grace: 10 * time.Minute})
		require.NoError(t, env.GetWorkflowError())
		assert.Equal(t, []string{"booking-b4", "booking-b5"}, told)
		assert.Equal(t, []string{"compare e1", "cancel b1-1 of s1", "compare e2"}, h.did)
		var result struct {
			Shows     int                              `json:"shows"`
			Found     map[booking.HouseFindingKind]int `json:"found"`
			Cancelled int                              `json:"cancelled"`
			GivenBack int                              `json:"given_back"`
		}
		require.NoError(t, env.GetWorkflowResult(&result))
		assert.Equal(t, 2, result.Shows)
		assert.Equal(t, map[booking.HouseFindingKind]int{booking.HouseOrphan: 2, booking.HouseMissing: 1, booking.HouseUndone: 2}, result.Found)
		assert.Equal(t, 1, result.GivenBack)
		assert.Equal(t, map[bool]int{false: 1, true: 0}[keeps], result.Cancelled)
	}
}

func TestSalesOfATheaterThatIsAway(t *testing.T) {
	t.Parallel()
	h := &theater{away: true, shows: []booking.HouseListed{{ShowID: "s1", Show: "e1"}, {ShowID: "s2", Show: "e2"}}}
	env := h.env(t)
	began := env.Now()
	env.ExecuteWorkflow(workflows.HouseReconcileWorkflow, workflows.HouseInput{TheaterID: "t1", Grace: 10 * time.Minute})
	require.NoError(t, env.GetWorkflowError())
	var result struct {
		Failed string `json:"failed"`
	}
	require.NoError(t, env.GetWorkflowResult(&result))
	assert.Equal(t, "The theater does not answer.", result.Failed)
	assert.LessOrEqual(t, env.Now().Sub(began), 5*time.Minute, "the other shows are not tried")
}

func TestRoundsAreSpread(t *testing.T) {
	t.Parallel()
	for _, reconcile := range []bool{false, true} {
		h := &theater{pages: map[string]activities.ProgramPage{"": {}}, perTheater: map[string]time.Duration{}}
		env := h.env(t)
		env.ExecuteWorkflow(workflows.HouseRoundsWorkflow, workflows.HouseRoundsInput{
			Over: 3 * time.Minute, Reconcile: reconcile, Grace: 10 * time.Minute})
		require.NoError(t, env.GetWorkflowError())
		assert.Equal(t, map[string]time.Duration{"t1": 0, "t2": time.Minute, "t3": 2 * time.Minute}, h.perTheater)
		what := "program"
		if reconcile {
			what = "sales"
		}
		for _, id := range []string{"t1", "t2", "t3"} {
			assert.Contains(t, h.did, "start theater-"+what+"-"+id)
		}
	}
}
