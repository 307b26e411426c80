package workflows_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
	plumbing "github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// changeScenario is one branch of the workflows that change a show, played in real
// time.
type changeScenario struct {
	name     string
	audience func() *audience
	input    func(*workflows.ShowChangeInput)
	script   func(s *changeStage)
	runs     int // of the workflow, at least
	settled  int
	failed   int
	children []string // what acted for bookings without a workflow
}

func changeScenarios() []changeScenario {
	cancel := func(size int) func() *audience {
		return func() *audience {
			a := newAudience(time.Now, booking.ChangeCancelled, size)
			a.settleAfter = 300 * time.Millisecond
			return a
		}
	}
	return []changeScenario{
		{name: "cancelled", audience: cancel(12), settled: 12,
			input: func(in *workflows.ShowChangeInput) { in.AtATime = 5 }},
		{name: "refused", audience: func() *audience {
			a := newAudience(time.Now, booking.ChangeCancelled, 1)
			a.refuse = booking.E(booking.CodeConflict, "This show is over.")
			return a
		}},
		{name: "without_workflows", settled: 3, failed: 1, children: []string{"booking-000-refund", "booking-001-refund", "booking-002-refund"},
			audience: func() *audience {
				a := cancel(4)()
				a.people[0].gone = true
				a.people[1].gone, a.people[1].status = true, booking.StatusHeld
				a.people[2].gone, a.people[2].refused = true, true
				return a
			}},
		{name: "many_runs", audience: cancel(40), settled: 40, runs: 3,
			input: func(in *workflows.ShowChangeInput) { in.AtATime, in.EventsPerRun = 5, 30 }},
		{name: "paused", audience: cancel(10), settled: 10,
			input: func(in *workflows.ShowChangeInput) { in.AtATime, in.Paused = 4, true },
			script: func(s *changeStage) {
				time.AfterFunc(time.Second, func() { s.signal(workflows.SignalResume) })
			}},
		{name: "moved", settled: 5, children: []string{"booking-003", "booking-003-refund"}, audience: func() *audience {
			a := newAudience(time.Now, booking.ChangeRescheduled, 5).moved(3*time.Second, booking.ChoiceRefund)
			a.settleAfter = 300 * time.Millisecond
			a.people[3].gone = true
			return a
		}, script: func(s *changeStage) {
			time.AfterFunc(time.Second, func() {
				s.a.with(func() { s.a.people[0].choice, s.a.people[0].chosen = booking.ChoiceKeep, time.Now() })
				s.signal(workflows.SignalPause)
				s.signal(workflows.SignalResume)
			})
		}},
	}
}

// changeStage is a scenario on a server.
type changeStage struct {
	t      *testing.T
	client client.Client
	a      *audience
	id     string
}

func (s *changeStage) signal(name string) {
	assert.NoError(s.t, s.client.SignalWorkflow(context.Background(), s.id, "", name, nil))
}

// TestShowChangesOnAServer plays every scenario against a real Temporal server.
// With -record it keeps the histories that TestShowChangesReplay replays.
func TestShowChangesOnAServer(t *testing.T) {
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to play the scenarios on (make test starts one)")
	}
	const namespace = "show-changes"
	c, err := plumbing.Dial(plumbing.Options{
		Address: address, Namespace: namespace,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, plumbing.Prepare(t.Context(), c, namespace, 24*time.Hour, workflows.SearchAttributes()...))
	// One after the other: the scenarios' worlds must not meet on a task queue.
	for _, scenario := range changeScenarios() {
		t.Run(scenario.name, func(t *testing.T) { playChange(t, c, scenario) })
	}
}

func playChange(t *testing.T, c client.Client, scenario changeScenario) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := &changeStage{t: t, client: c, a: scenario.audience(), id: "show-change-" + scenario.name + time.Now().Format("-150405.000000")}
	for _, queue := range workers.Queues() {
		w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
		workers.Register(w, queue, s.a.activities())
		require.NoError(t, w.Start())
		defer w.Stop()
	}
	in := s.a.input()
	// Children of an earlier play have the ids of its change.
	in.Request.ChangeID, s.a.change.ID = s.id, s.id
	if scenario.input != nil {
		scenario.input(&in)
	}
	first := s.start(ctx, in)
	if scenario.script != nil {
		scenario.script(s)
	}
	var end workflows.ChangeProgress
	require.NoError(t, c.GetWorkflow(ctx, s.id, "").Get(ctx, &end))
	assert.Equal(t, scenario.settled, end.Settled)
	assert.Equal(t, scenario.failed, end.Failed)
	for _, signal := range []string{workflows.SignalShowCancelled, workflows.SignalShowRescheduled} {
		_, most := s.a.toldBy(signal)
		assert.LessOrEqual(t, most, 1)
	}

	runs := 0
	for run := first; run != ""; runs++ {
		recorded := s.history(ctx, s.id, run)
		events := recorded.GetEvents()
		run = events[len(events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
		if runs == 0 {
			checkRecording(t, changesDir, scenario.name, recorded)
		}
	}
	assert.GreaterOrEqual(t, runs, scenario.runs)
	for _, child := range scenario.children {
		checkRecording(t, changesDir, scenario.name+"."+child, s.history(ctx, "settle-"+s.id+"-"+child, ""))
	}
}

// start starts the workflow as the API does, and gives the id of its run.
func (s *changeStage) start(ctx context.Context, in workflows.ShowChangeInput) string {
	name := workflows.CancelShowWorkflow
	if in.Request.Kind == booking.ChangeRescheduled {
		name = workflows.MoveShowWorkflow
	}
	operation := s.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: s.id, TaskQueue: workflows.QueueOperations,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttrShowID.ValueSet(sagatest.ShowID), workflows.AttrTheaterID.ValueSet(sagatest.TheaterID)),
	}, name, in)
	handle, err := s.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: operation,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: workflows.UpdateChangeShow, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	require.NoError(s.t, err)
	var change booking.ShowChange
	if err := handle.Get(ctx, &change); s.a.refuse != nil {
		assert.ErrorContains(s.t, err, s.a.refuse.(*booking.Error).Message)
	} else {
		require.NoError(s.t, err)
		assert.Equal(s.t, s.id, change.ID)
	}
	run, err := operation.Get(ctx)
	require.NoError(s.t, err)
	return run.GetRunID()
}

func (s *changeStage) history(ctx context.Context, id, run string) *history.History {
	// A child may still be telling its customer.
	if err := s.client.GetWorkflow(ctx, id, run).GetWithOptions(ctx, nil, client.WorkflowRunGetOptions{DisableFollowingRuns: true}); err != nil {
		var next *workflow.ContinueAsNewError
		require.ErrorAs(s.t, err, &next)
	}
	iterator := s.client.GetWorkflowHistory(ctx, id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var recorded history.History
	for iterator.HasNext() {
		event, err := iterator.Next()
		require.NoError(s.t, err)
		recorded.Events = append(recorded.Events, event)
	}
	return &recorded
}

// TestShowChangesReplay runs today's code over the histories of changes that every
// release recorded: one that waits for its customers' choices takes days.
func TestShowChangesReplay(t *testing.T) {
	t.Parallel()
	for _, file := range recordings(t, changesDir) {
		replayer := worker.NewWorkflowReplayer()
		workflows.Register(replayer, workflows.QueueBookings)
		workflows.Register(replayer, workflows.QueueOperations)
		assert.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file), file)
	}
	for _, scenario := range changeScenarios() {
		names := []string{scenario.name}
		for _, child := range scenario.children {
			names = append(names, scenario.name+"."+child)
		}
		for _, name := range names {
			assert.NotEmpty(t, newestRecording(t, changesDir, name), "%s has no recorded history; run make record", name)
		}
	}
}
