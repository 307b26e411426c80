package workflows_test

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/workflows"
)

// Fifty steps of a slow theater wait when another theater asks for one. The queue gives the
// other one its turn: the server takes turns by theater. deploy/temporal/dynamicconfig.yaml
// turns that on for this queue, and for this one alone.
func TestQueueTakesTurnsByTheaterOnAServer(t *testing.T) {
	t.Parallel()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	const backlog, asks = 50, "asks"
	steps := func(ctx workflow.Context, theaters []string) error {
		var answers []workflow.Future
		for _, theater := range theaters {
			answers = append(answers, workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
				TaskQueue: workflows.QueueHouses, StartToCloseTimeout: time.Minute,
				Priority: temporal.Priority{FairnessKey: theater},
			}), asks, theater))
		}
		for _, answer := range answers {
			if err := answer.Get(ctx, nil); err != nil {
				return err
			}
		}
		return nil
	}
	c := lane2client(t, address, lanes+31) // a namespace that no scenario plays in
	flow := worker.New(c, "fairness", worker.Options{LocalActivityWorkerOnly: true})
	flow.RegisterWorkflowWithOptions(steps, workflow.RegisterOptions{Name: "steps"})
	require.NoError(t, flow.Start())
	t.Cleanup(flow.Stop)

	start := func(theaters ...string) client.WorkflowRun {
		run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "fairness"}, "steps", theaters)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			waits := 0
			events := c.GetWorkflowHistory(t.Context(), run.GetID(), run.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				if err != nil {
					return false
				}
				if event.GetEventType() == enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
					waits++
				}
			}
			return waits == len(theaters)
		}, time.Minute, 50*time.Millisecond)
		return run
	}
	slow := start(slices.Repeat([]string{"slow"}, backlog)...)
	other := start("other")

	var mu sync.Mutex
	var order []string
	house := worker.New(c, workflows.QueueHouses, worker.Options{
		DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: 1, MaxConcurrentActivityTaskPollers: 1,
	})
	house.RegisterActivityWithOptions(func(_ context.Context, theater string) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, theater)
		return nil
	}, activity.RegisterOptions{Name: asks})
	require.NoError(t, house.Start())
	t.Cleanup(house.Stop)
	require.NoError(t, other.Get(t.Context(), nil))
	require.NoError(t, slow.Get(t.Context(), nil))

	mu.Lock()
	defer mu.Unlock()
	assert.Len(t, order, backlog+1)
	assert.Less(t, slices.Index(order, "other"), 10, "the one step of the other theater does not wait behind %d of the slow one", backlog)
}
