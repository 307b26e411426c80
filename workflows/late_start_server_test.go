package workflows_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// A booking whose first task waits for a worker longer than its customer waits
// holds nothing, and the same id may start again.
func TestAStartThatWaitedTooLongHoldsNothing(t *testing.T) {
	t.Parallel()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	c := lane2client(t, address, lanes) // a namespace that no scenario plays in
	scenario := sagatest.Scenario{Name: "late", StartsIn: 10 * time.Second}
	world := scenario.World(time.Now)
	id := uuid.NewString()
	start := func(updateID string, within time.Duration) (client.WorkflowUpdateHandle, client.WorkflowRun) {
		in := scenario.BookingInput()
		in.StartWithin = within
		operation := c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: id, TaskQueue: workflows.QueueBookings,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		}, workflows.BookingWorkflow, in)
		type started struct {
			handle client.WorkflowUpdateHandle
			err    error
		}
		answered := make(chan started, 1)
		go func() {
			handle, err := c.UpdateWithStartWorkflow(t.Context(), client.UpdateWithStartWorkflowOptions{
				StartWorkflowOperation: operation,
				UpdateOptions: client.UpdateWorkflowOptions{
					UpdateName: workflows.UpdateHold, UpdateID: updateID, WaitForStage: client.WorkflowUpdateStageCompleted,
				},
			})
			answered <- started{handle, err}
		}()
		if within < time.Second {
			// The worker comes when the start is out of date by the server's clock.
			var since time.Time
			require.Eventually(t, func() bool {
				about, err := c.DescribeWorkflowExecution(t.Context(), id, "")
				if err != nil {
					return false
				}
				since = about.GetWorkflowExecutionInfo().GetStartTime().AsTime()
				return time.Since(since) > 2*within
			}, 20*time.Second, 50*time.Millisecond)
			work(t, c, world)
		}
		got := <-answered
		require.NoError(t, got.err)
		run, err := operation.Get(t.Context())
		require.NoError(t, err)
		return got.handle, run
	}

	handle, run := start("hold", 500*time.Millisecond)
	var refused *temporal.ApplicationError
	require.ErrorAs(t, handle.Get(t.Context(), nil), &refused)
	assert.Equal(t, string(booking.CodeStartedLate), refused.Type())
	require.True(t, temporal.IsCanceledError(run.Get(t.Context(), nil)))
	assert.Empty(t, world.End().Claimed)

	// With another id: the server may answer one that it knows from the closed run.
	handle, _ = start("hold again", time.Minute)
	require.NoError(t, handle.Get(t.Context(), nil), "in time now")
	assert.Len(t, world.End().Claimed, 2)
}

func work(t *testing.T, c client.Client, world *sagatest.World) {
	t.Helper()
	w := worker.New(c, workflows.QueueBookings, worker.Options{WorkerStopTimeout: time.Second})
	workers.Register(w, workflows.QueueBookings, world.Activities())
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}
