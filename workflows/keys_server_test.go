package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/booking"
	plumbing "github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

var (
	ourKey   = plumbing.Key{ID: "ours", Secret: []byte("01234567890123456789012345678901")}
	theirKey = plumbing.Key{ID: "theirs", Secret: []byte("abcdefghijabcdefghijabcdefghijab")}
)

// TestWorkerThatCannotReadLeavesItForLater runs only a worker with another payload key
// while bookings are in every kind of step. It must not fail any of them permanently: all
// go on with a worker that has both keys, the other one first, as after a rotation.
func TestWorkerThatCannotReadLeavesItForLater(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var unread sync.Map
	right := serverFor(t, "payload-keys", plumbing.Options{Keys: plumbing.Keys{ourKey, theirKey}, Worker: true})
	wrong := serverFor(t, "payload-keys", plumbing.Options{
		Keys: plumbing.Keys{theirKey}, Worker: true,
		Unreadable: func(err *plumbing.UnreadableError) { unread.Store(err.KeyID, true) },
	})
	world := sagatest.Scenario{StartsIn: time.Hour}.World(time.Now)
	hall := &keysHall{ctx: ctx, client: right, world: world, unique: fmt.Sprint(time.Now().UnixNano())}

	stopRight := runWorkers(t, workers.Options{Client: right, Activities: world.Activities()})
	capturing := hall.book(t, 1, 10*time.Minute)
	paying := hall.book(t, 2, 10*time.Minute)
	leaving := hall.book(t, 3, 10*time.Minute)
	expiring := hall.book(t, 4, 3*time.Second)
	for _, id := range []string{capturing, paying, leaving, expiring} {
		require.NoError(t, hall.hold(t, id))
	}
	world.Fail("capture", sagatest.Repeat(3, sagatest.Fault{Err: booking.E(booking.CodeProviderUnavailable, "No answer.")})...)
	require.NoError(t, right.SignalWorkflow(ctx, capturing, "", workflows.SignalPayment, world.Authorize("pi_1")))
	hall.awaitPending(t, capturing, "")
	stopRight()

	stopWrong := runWorkers(t, workers.Options{Client: wrong, Activities: world.Activities()})
	starting := hall.book(t, 5, 10*time.Minute)
	answers := make(chan error, 2)
	go func() { answers <- hall.untilReady(func() error { return hall.hold(t, starting) }) }()
	go func() { answers <- hall.untilReady(func() error { return hall.leave(leaving) }) }()
	require.NoError(t, right.SignalWorkflow(ctx, paying, "", workflows.SignalPayment, world.Authorize("pi_2")))
	for _, id := range []string{paying, expiring, starting} {
		hall.awaitFailedTask(t, id)
	}
	hall.awaitPending(t, capturing, "payload key")
	_, loud := unread.Load("ours")
	assert.True(t, loud)
	select {
	case err := <-answers:
		t.Fatalf("a worker that cannot read answered an update: %v", err)
	default:
	}
	stopWrong()

	rotated := serverFor(t, "payload-keys", plumbing.Options{Keys: plumbing.Keys{theirKey, ourKey}, Worker: true})
	runWorkers(t, workers.Options{Client: rotated, Activities: world.Activities()})
	assert.NoError(t, <-answers)
	assert.NoError(t, <-answers)
	for _, id := range []string{capturing, paying} {
		awaitStatus(ctx, t, right, id, booking.StatusConfirmed)
	}
	for id, status := range map[string]booking.Status{leaving: booking.StatusCancelled, expiring: booking.StatusExpired} {
		var end workflows.BookingState
		require.NoError(t, right.GetWorkflow(ctx, id, "").Get(ctx, &end))
		assert.Equal(t, status, end.Status)
	}
	awaitStatus(ctx, t, right, starting, booking.StatusHeld)
}

// keysHall books by the clients of the API.
type keysHall struct {
	ctx      context.Context
	client   client.Client
	world    *sagatest.World
	unique   string
	bookings map[string]workflows.BookingInput
}

// book plans a booking of seats of its own, and gives the id of its workflow.
func (h *keysHall) book(t *testing.T, number int, holdFor time.Duration) string {
	t.Helper()
	in := sagatest.Scenario{}.BookingInput()
	in.BookingID = fmt.Sprintf("0b5c9f8e-6a36-4c58-9a4e-%012d", number)
	in.Seats = []string{fmt.Sprintf("D%d", number)}
	in.Policy.HoldFor = holdFor
	id := fmt.Sprintf("keys-%d-%s", number, h.unique)
	if h.bookings == nil {
		h.bookings = map[string]workflows.BookingInput{}
	}
	h.bookings[id] = in
	return id
}

func (h *keysHall) hold(t *testing.T, id string) error {
	handle, err := h.client.UpdateWithStartWorkflow(h.ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: h.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: id, TaskQueue: workflows.QueueBookings, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, workflows.BookingWorkflow, h.bookings[id]),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateID: "hold", UpdateName: workflows.UpdateHold, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	return handle.Get(h.ctx, nil)
}

func (h *keysHall) leave(id string) error {
	handle, err := h.client.UpdateWorkflow(h.ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateID: "leave", UpdateName: workflows.UpdateCancel, WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{workflows.CancelRequest{Reason: "Ill."}},
	})
	if err != nil {
		return err
	}
	return handle.Get(h.ctx, nil)
}

// untilReady retries what the server could not do yet, as customers do. A workflow's own
// answer ends it.
func (h *keysHall) untilReady(ask func() error) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		var refused *temporal.ApplicationError
		if err == nil || errors.As(err, &refused) {
			return err
		}
		select {
		case <-tick.C:
		case <-h.ctx.Done():
			return err
		}
	}
}

// awaitPending waits until a workflow has an activity that is not done, whose last
// attempt failed with a text.
func (h *keysHall) awaitPending(t *testing.T, id, failure string) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		about, err := h.client.DescribeWorkflowExecution(h.ctx, id, "")
		require.NoError(t, err)
		require.Len(t, about.GetPendingActivities(), 1)
		require.Contains(t, about.GetPendingActivities()[0].GetLastFailure().GetMessage(), failure)
	}, time.Minute, 100*time.Millisecond)
}

// awaitFailedTask waits until a worker has failed a workflow's task.
func (h *keysHall) awaitFailedTask(t *testing.T, id string) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		var recorded []*history.HistoryEvent
		iterator := h.client.GetWorkflowHistory(h.ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for iterator.HasNext() {
			event, err := iterator.Next()
			require.NoError(t, err)
			recorded = append(recorded, event)
		}
		require.Contains(t, eventTypes(recorded), enums.EVENT_TYPE_WORKFLOW_TASK_FAILED)
	}, time.Minute, 100*time.Millisecond)
}

func eventTypes(events []*history.HistoryEvent) (types []enums.EventType) {
	for _, event := range events {
		types = append(types, event.GetEventType())
	}
	return types
}
