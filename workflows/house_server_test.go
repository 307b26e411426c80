package workflows_test

import (
	"context"
	"os"
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

// theaters are two theaters with systems of their own, of which one is away.
type theaters struct {
	activities.House
	activities.HouseBooks

	mu     sync.Mutex
	failed []string
}

func (h *theaters) All(context.Context) ([]string, error) { return []string{"away", "there"}, nil }

func (h *theaters) Selling(context.Context, string) error { return nil }

func (h *theaters) BeginProgram(context.Context, string) (string, error) { return "", nil }

func (h *theaters) ApplyPending(context.Context, string) (booking.HouseApplied, error) {
	return booking.HouseApplied{}, nil
}

func (h *theaters) Program(context.Context, string) (booking.HousePage, error) {
	return booking.HousePage{Shows: make([]booking.HouseShow, 2), Full: true, Next: "1"}, nil
}

func (h *theaters) ApplyProgram(_ context.Context, _ string, page booking.HousePage) (booking.HouseApplied, error) {
	return booking.HouseApplied{Listed: len(page.Shows)}, nil
}

func (h *theaters) ProgramFailed(_ context.Context, theater, _ string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = append(h.failed, theater)
	return nil
}

// registryOfTheaters finds them.
type registryOfTheaters struct{ *theaters }

func (r registryOfTheaters) House(_ context.Context, theater string) (activities.House, activities.HouseVendor, error) {
	if theater == "away" {
		return nil, nil, booking.E(booking.CodeHouseRefused, "Away for good.")
	}
	return r.theaters, nil, nil
}

// The schedule reads the program of every theater, each in a workflow of its own: one that is
// away delays no other. The queue takes steps by theater.
func TestProgramsByTheirScheduleOnAServer(t *testing.T) {
	t.Parallel()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	c := lane2client(t, address, lanes+30) // a namespace that no scenario plays in
	all := &theaters{}
	effects := workers.Activities{HouseSync: &activities.HouseSync{Registry: registryOfTheaters{all}, Books: all}}
	for _, queue := range []string{workflows.QueueOperations, workflows.QueueHouses} {
		w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
		workers.Register(w, queue, effects)
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	schedules := workers.Schedules{SweepEvery: time.Hour, HouseProgramEvery: time.Second, HouseReconcileEvery: time.Hour}
	require.NoError(t, schedules.Ensure(t.Context(), c))
	require.NoError(t, schedules.Ensure(t.Context(), c), "again")
	handle := c.ScheduleClient().GetHandle(t.Context(), "theater-programs")
	about, err := handle.Describe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, client.ScheduleIntervalSpec{Every: time.Second}, about.Schedule.Spec.Intervals[0])
	_, err = c.ScheduleClient().GetHandle(t.Context(), "theater-sales").Describe(t.Context())
	require.NoError(t, err)

	id := workflows.HouseProgramWorkflowID("there")
	require.Eventually(t, func() bool {
		about, err := c.DescribeWorkflowExecution(t.Context(), id, "")
		return err == nil && about.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}, time.Minute, 100*time.Millisecond)
	require.NoError(t, handle.Pause(t.Context(), client.SchedulePauseOptions{}))
	var result booking.HouseApplied
	require.NoError(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), &result))
	assert.Equal(t, booking.HouseApplied{Listed: 2}, result)
	require.Eventually(t, func() bool {
		all.mu.Lock()
		defer all.mu.Unlock()
		return len(all.failed) > 0 && all.failed[0] == "away"
	}, time.Minute, 100*time.Millisecond)

	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer, workflows.QueueOperations)
	played, fairly := &history.History{}, ""
	events := c.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		played.Events = append(played.Events, event)
		if asked := event.GetActivityTaskScheduledEventAttributes(); asked.GetTaskQueue().GetName() == workflows.QueueHouses {
			fairly = asked.GetPriority().GetFairnessKey()
		}
	}
	assert.Equal(t, "there", fairly)
	require.NoError(t, replayer.ReplayWorkflowHistory(nil, played))
}
