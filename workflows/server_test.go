package workflows_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/boxoffice/boxoffice/booking"
	plumbing "github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

var record = flag.Bool("record", false, "write the histories of what is played on a server to the folder of the release in the making (make record)")

// lanes is how many scenarios run side by side, each lane in a namespace of its
// own, because the scenarios' worlds must not meet on a task queue.
const lanes = 5

// TestScenariosOnAServer plays every scenario against a real Temporal server, in
// real time. With -record it keeps the histories that TestFault39_RecordedHistoriesReplay replays.
func TestScenariosOnAServer(t *testing.T) {
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to play the scenarios on (make test starts one)")
	}
	free := make(chan client.Client, lanes)
	var prepared sync.WaitGroup
	for lane := range lanes {
		prepared.Go(func() { free <- lane2client(t, address, lane) })
	}
	prepared.Wait()
	require.Len(t, free, lanes)
	// Not t.Parallel, which runs only as many as there are processors: scenarios mostly wait.
	todo := make(chan sagatest.Scenario)
	var playing sync.WaitGroup
	for range lanes {
		playing.Go(func() {
			lane := <-free
			for scenario := range todo {
				t.Run(scenario.Name, func(t *testing.T) { playOn(t, lane, scenario) })
			}
		})
	}
	for _, scenario := range sagatest.Scenarios() {
		todo <- scenario
	}
	close(todo)
	playing.Wait()
}

func lane2client(t *testing.T, address string, lane int) client.Client {
	namespace := fmt.Sprintf("scenarios-%d", lane)
	c, err := plumbing.Dial(plumbing.Options{
		Address: address, Namespace: namespace,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if !assert.NoError(t, err) {
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	assert.NoError(t, plumbing.Prepare(ctx, c, namespace, 24*time.Hour, workflows.SearchAttributes()...))
	t.Cleanup(c.Close)
	return c
}

func playOn(t *testing.T, c client.Client, scenario sagatest.Scenario) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	world := scenario.World(time.Now)
	world.Patience = 20 * time.Second // a busy machine opens payments later than the script expects
	for _, queue := range workers.Queues() {
		w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
		workers.Register(w, queue, world.Activities())
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	driver := newDriver(ctx, c, scenario)
	run := driver.start(t)
	for _, action := range scenario.Script {
		timer := time.AfterFunc(time.Until(driver.started.Add(action.At)), func() { action.Do(world, driver) })
		defer timer.Stop()
	}
	switch {
	case scenario.Late != nil:
		require.NoError(t, run.Get(ctx, nil))
		driver.awaitRebooking(t)
	case scenario.Canceled:
		err := run.Get(ctx, nil)
		require.True(t, temporal.IsCanceledError(err), "%v", err)
		assert.Equal(t, scenario.Updates, driver.codes())
	default:
		var state workflows.BookingState
		require.NoError(t, run.Get(ctx, &state))
		assert.Equal(t, scenario.Status, state.Status)
		assert.Equal(t, scenario.Payment, state.PaymentStatus)
		assert.Equal(t, scenario.Updates, driver.codes())
	}
	requireEnd(t, scenario.End, world.End())
	for name, id := range driver.workflows {
		keep(t, c, scenario, name, id)
	}
}

// serverDriver drives a workflow on a server.
type serverDriver struct {
	ctx      context.Context
	client   client.Client
	scenario sagatest.Scenario
	unique   string
	id       string
	started  time.Time
	pending  sync.WaitGroup
	mu       sync.Mutex
	answers  []*answer
	// workflows are the ids whose histories are kept, by the golden's name.
	workflows map[string]string
}

func newDriver(ctx context.Context, c client.Client, scenario sagatest.Scenario) *serverDriver {
	return &serverDriver{ctx: ctx, client: c, scenario: scenario, unique: fmt.Sprint(time.Now().UnixNano())}
}

func (d *serverDriver) start(t *testing.T) client.WorkflowRun {
	d.id = d.scenario.Name + "-" + d.unique
	d.workflows = map[string]string{d.scenario.Name: d.id}
	options := client.StartWorkflowOptions{
		ID: d.id, TaskQueue: workflows.QueueBookings,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		StaticSummary:            "Seats C7, C8 of Test Film",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttrBookingStatus.ValueSet("held"), workflows.AttrPaymentStatus.ValueSet("open"),
			workflows.AttrShowID.ValueSet(sagatest.ShowID), workflows.AttrTheaterID.ValueSet(sagatest.TheaterID),
			workflows.AttrCustomerID.ValueSet(sagatest.CustomerID)),
	}
	if d.scenario.Late != nil {
		d.started = time.Now()
		run, err := d.client.ExecuteWorkflow(d.ctx, options, workflows.LatePaymentWorkflow, *d.scenario.Late)
		require.NoError(t, err)
		return run
	}
	first := &answer{}
	d.answers = append(d.answers, first)
	operation, handle, err := d.hold(options)
	// The server says so when a workflow task is done once more, and the API repeats it, too.
	for notReady := (*serviceerror.WorkflowNotReady)(nil); errors.As(err, &notReady) && d.ctx.Err() == nil; {
		time.Sleep(10 * time.Millisecond)
		options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
		operation, handle, err = d.hold(options)
	}
	require.NoError(t, err)
	d.started = time.Now()
	d.pending.Go(func() { first.err, first.done = handle.Get(d.ctx, nil), true })
	run, err := operation.Get(d.ctx)
	require.NoError(t, err)
	return run
}

// hold starts the booking, and asks it to hold its seats.
func (d *serverDriver) hold(options client.StartWorkflowOptions) (client.WithStartWorkflowOperation, client.WorkflowUpdateHandle, error) {
	operation := d.client.NewWithStartWorkflowOperation(options, workflows.BookingWorkflow, d.scenario.BookingInput())
	handle, err := d.client.UpdateWithStartWorkflow(d.ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: operation,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: workflows.UpdateHold, UpdateID: "hold", WaitForStage: client.WorkflowUpdateStageAccepted,
		},
	})
	return operation, handle, err
}

func (d *serverDriver) Signal(name string, arg any) {
	_ = d.client.SignalWorkflow(d.ctx, d.id, "", name, arg) // a workflow that is over hears nothing
}

func (d *serverDriver) Cancel() { _ = d.client.CancelWorkflow(d.ctx, d.id, "") }

func (d *serverDriver) Update(name string, args ...any) {
	a := &answer{}
	d.mu.Lock()
	d.answers = append(d.answers, a)
	d.mu.Unlock()
	d.pending.Go(func() {
		ask := func() error {
			handle, err := d.client.UpdateWorkflow(d.ctx, client.UpdateWorkflowOptions{
				WorkflowID: d.id, UpdateName: name, Args: args, WaitForStage: client.WorkflowUpdateStageCompleted,
			})
			if err != nil {
				return err
			}
			return handle.Get(d.ctx, nil)
		}
		err := ask()
		for codeOf(err) == booking.CodeBusy && d.ctx.Err() == nil { // one before it takes longer, on a slow machine
			time.Sleep(100 * time.Millisecond)
			err = ask()
		}
		a.err, a.done = err, true
	})
}

func (d *serverDriver) codes() []booking.Code {
	d.pending.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	return codesOf(d.answers)
}

// awaitRebooking waits for the booking that a late payment started, if it did.
func (d *serverDriver) awaitRebooking(t *testing.T) {
	var result workflows.LatePaymentResult
	require.NoError(t, d.client.GetWorkflow(d.ctx, d.id, "").Get(d.ctx, &result))
	if result.NewBookingID == "" {
		return
	}
	id := workflows.BookingWorkflowID(result.NewBookingID)
	d.workflows[d.scenario.Name+".booking"] = id
	var notFound *serviceerror.NotFound
	err := d.client.GetWorkflow(d.ctx, id, "").Get(d.ctx, nil)
	require.False(t, errors.As(err, &notFound), "the rebooking was not started")
	require.NoError(t, err)
}

// keep checks a history's length and steps, and writes it down when recording.
func keep(t *testing.T, c client.Client, scenario sagatest.Scenario, name, id string) {
	iterator := c.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var recorded history.History
	for iterator.HasNext() {
		event, err := iterator.Next()
		require.NoError(t, err)
		recorded.Events = append(recorded.Events, event)
	}
	if !*record && scenario.MaxEvents > 0 {
		// A slow machine needs more tasks for the same steps, and two results that mostly
		// come in one task may come in two: TestBudgets counts them all.
		scenario.MaxEvents += heartbeats(&recorded)*eventsOfATask + eventsOfATask
	}
	requireBudget(t, scenario, &recorded)
	checkRecording(t, "", name, &recorded)
}

// eventsOfATask: it is scheduled, started and completed.
const eventsOfATask = 3

// heartbeats counts the workflow tasks that a worker asked for only because its local
// activities went on.
func heartbeats(recorded *history.History) (n int) {
	last := enums.EVENT_TYPE_UNSPECIFIED
	for _, event := range recorded.GetEvents() {
		if last == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED && event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED {
			n++
		}
		last = event.GetEventType()
	}
	return n
}

// requireBudget holds a history to its scenario's number of events, and every
// happy one to 22 events by the time it waits for the reminder.
func requireBudget(t *testing.T, scenario sagatest.Scenario, recorded *history.History) {
	t.Helper()
	if scenario.MaxEvents > 0 {
		assert.LessOrEqual(t, len(recorded.GetEvents()), scenario.MaxEvents, "events in %s", scenario.Name)
	}
	if scenario.Name != "happy" {
		return
	}
	for _, event := range recorded.GetEvents() {
		if strings.Contains(string(event.GetUserMetadata().GetSummary().GetData()), "Time to remind") {
			assert.LessOrEqual(t, event.GetEventId(), int64(22), "events until the wait for the reminder")
			return
		}
	}
	t.Error("the happy history has no reminder timer")
}
