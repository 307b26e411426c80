package workflows_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// apprentice learns, and the first training is under way when its worker stops.
type apprentice struct {
	mu      sync.Mutex
	model   string
	did     []string
	after   []booking.BookingsMark
	begun   chan struct{} // closed when the first training is under way
	trained int
}

func (a *apprentice) note(step string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.did = append(a.did, step)
}

func (a *apprentice) steps() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.did...)
}

func (a *apprentice) Record(_ context.Context, after booking.BookingsMark, _ int, _ func(booking.RecordedBookings)) (booking.RecordedBookings, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.after = append(a.after, after)
	return booking.RecordedBookings{Mark: booking.BookingsMark{UpdatedAt: noon, BookingID: "b"}, New: 1, Model: a.model}, nil
}

func (a *apprentice) Measure(context.Context, booking.MeasureRequest, func(string)) (booking.MeasuredModel, error) {
	a.note("measure")
	return booking.MeasuredModel{Likings: 100, Options: "{}", Note: "no model was in use"}, nil
}

func (a *apprentice) Train(ctx context.Context, req booking.TrainRequest, phase func(string)) (booking.TrainedModel, error) {
	a.note("train")
	a.mu.Lock()
	a.trained++
	first := a.trained == 1
	a.mu.Unlock()
	phase("train: 10 %")
	if first {
		close(a.begun)
		<-ctx.Done()
		return booking.TrainedModel{}, ctx.Err()
	}
	return booking.TrainedModel{Version: req.Version}, nil
}

func (a *apprentice) Use(_ context.Context, req booking.UseModelRequest) (booking.UsedModel, error) {
	a.note("use")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.model = req.To
	return booking.UsedModel{}, nil
}

// The schedules of learning: the first bookings start a training, one at a time; a worker that stops
// in the middle costs the step that it was in; the next run goes on behind the mark. A schedule that
// is turned off is gone.
func TestLearningByItsSchedulesOnAServer(t *testing.T) {
	t.Parallel()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	c := lane2client(t, address, lanes+32) // a namespace that no scenario plays in
	a := &apprentice{begun: make(chan struct{})}
	serve := func() worker.Worker {
		w := worker.New(c, workflows.QueueRecommendations, worker.Options{WorkerStopTimeout: time.Millisecond, MaxHeartbeatThrottleInterval: 10 * time.Millisecond, MaxConcurrentActivityExecutionSize: 1})
		workers.Register(w, workflows.QueueRecommendations, workers.Activities{Recommendations: &activities.Recommendations{Learning: a}})
		require.NoError(t, w.Start())
		return w
	}
	first := serve()
	schedules := workers.Schedules{SweepEvery: time.Hour, RecordEvery: time.Hour, TrainEvery: 24 * time.Hour}
	require.NoError(t, schedules.Ensure(t.Context(), c))
	require.NoError(t, schedules.Ensure(t.Context(), c), "again")

	recording := c.ScheduleClient().GetHandle(t.Context(), "record-bookings")
	training := c.ScheduleClient().GetHandle(t.Context(), "train-recommendations")
	for handle, every := range map[client.ScheduleHandle]time.Duration{recording: time.Hour, training: 24 * time.Hour} {
		about, err := handle.Describe(t.Context())
		require.NoError(t, err)
		require.Len(t, about.Schedule.Spec.Intervals, 1)
		assert.Equal(t, every, about.Schedule.Spec.Intervals[0].Every)
		assert.Equal(t, enums.SCHEDULE_OVERLAP_POLICY_SKIP, about.Schedule.Policy.Overlap)
		assert.Equal(t, workflows.QueueRecommendations, about.Schedule.Action.(*client.ScheduleWorkflowAction).TaskQueue)
	}

	// No model is in use: the first bookings are enough to start a training.
	require.NoError(t, recording.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	select {
	case <-a.begun:
	case <-time.After(time.Minute):
		t.Fatal("no training was started")
	}
	require.Eventually(t, func() bool { return strings.Contains(doingOf(t, c), `"doing":"train: 10 %"`) }, time.Minute, 50*time.Millisecond,
		"the UI shows what the step is doing")
	// It is time to train meanwhile: there is one training.
	require.NoError(t, training.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	first.Stop()
	t.Cleanup(serve().Stop)
	var result workflows.TrainResult
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(t, c.GetWorkflow(ctx, workflows.TrainWorkflowID, "").Get(ctx, &result))
	assert.NotEmpty(t, result.Version)
	require.Eventually(t, func() bool { return runsOf(t, recording) == 1 && runsOf(t, training) == 1 }, time.Minute, 50*time.Millisecond)
	assert.Equal(t, []string{"measure", "train", "train", "use"}, a.steps(), "the step that was under way is done again, and no other")

	// The next run goes on.
	require.NoError(t, recording.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	require.Eventually(t, func() bool { return runsOf(t, recording) == 2 }, time.Minute, 50*time.Millisecond)
	a.mu.Lock()
	require.Len(t, a.after, 3)
	assert.Equal(t, booking.BookingsMark{}, a.after[0])
	assert.WithinDuration(t, time.Now().Add(-2*time.Hour-5*time.Minute), a.after[1].UpdatedAt, 5*time.Minute, "before a training, what may not be recorded yet")
	assert.Equal(t, booking.BookingsMark{UpdatedAt: noon.Add(-5 * time.Minute)}, a.after[2])
	a.mu.Unlock()
	assert.Len(t, a.steps(), 4, "a model is in use: no training")

	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer, workflows.QueueRecommendations)
	about, err := recording.Describe(t.Context())
	require.NoError(t, err)
	ran := [][2]string{{workflows.TrainWorkflowID, ""}}
	for _, action := range about.Info.RecentActions {
		ran = append(ran, [2]string{action.StartWorkflowResult.WorkflowID, action.StartWorkflowResult.FirstExecutionRunID})
	}
	require.Len(t, ran, 3)
	for _, run := range ran {
		played := &history.History{}
		events := c.GetWorkflowHistory(t.Context(), run[0], run[1], false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			played.Events = append(played.Events, event)
		}
		require.NoError(t, replayer.ReplayWorkflowHistory(nil, played), run[0])
	}

	schedules.TrainEvery = 0
	require.NoError(t, schedules.Ensure(t.Context(), c))
	require.NoError(t, schedules.Ensure(t.Context(), c), "again")
	_, err = training.Describe(t.Context())
	require.Error(t, err, "it is gone")
	_, err = recording.Describe(t.Context())
	require.NoError(t, err)
}

// runsOf is how many runs of a schedule have ended.
func runsOf(t *testing.T, handle client.ScheduleHandle) int {
	t.Helper()
	about, err := handle.Describe(t.Context())
	require.NoError(t, err)
	return len(about.Info.RecentActions) - len(about.Info.RunningWorkflows)
}

// doingOf is what the step of the training that is under way says of itself.
func doingOf(t *testing.T, c client.Client) string {
	t.Helper()
	about, err := c.DescribeWorkflowExecution(t.Context(), workflows.TrainWorkflowID, "")
	require.NoError(t, err)
	var said strings.Builder
	for _, step := range about.GetPendingActivities() {
		for _, payload := range step.GetHeartbeatDetails().GetPayloads() {
			said.Write(payload.GetData())
		}
	}
	return said.String()
}
