package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
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
	plumbing "github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// pestered is a booking on a real server that gets too many requests.
type pestered struct {
	t      *testing.T
	client client.Client
	world  *sagatest.World
	id     string
}

func newPestered(t *testing.T) *pestered {
	t.Helper()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	// Its own: the server may still give tasks to the workers of a test that has ended,
	// and each of those tasks is lost for ten seconds.
	namespace := "limits-" + uuid.NewString()[:8]
	c, err := plumbing.Dial(plumbing.Options{
		Address: address, Namespace: namespace,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, plumbing.Prepare(t.Context(), c, namespace, 24*time.Hour, workflows.SearchAttributes()...))
	scenario := sagatest.Scenario{StartsIn: 24 * time.Hour}
	p := &pestered{t: t, client: c, world: scenario.World(time.Now), id: "pestered-" + uuid.NewString()}
	for _, queue := range workers.Queues() {
		w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
		workers.Register(w, queue, p.world.Activities())
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	in := scenario.BookingInput()
	in.Policy.HoldFor = time.Hour
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: p.id, TaskQueue: workflows.QueueBookings},
		workflows.BookingWorkflow, in)
	require.NoError(t, err)
	require.NoError(t, p.ask(workflows.UpdateHold))
	return p
}

// ask asks until there is an answer, as clients of the API do: one try of a few
// seconds, and then the same request again. Above ten updates in flight the server
// lets a speculative workflow task fall now and then, and all who wait for it wait
// until the first of them gives up.
func (p *pestered) ask(update string, args ...any) (err error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	id := uuid.NewString()
	for ctx.Err() == nil {
		err = p.try(ctx, id, update, args...)
		var late *client.WorkflowUpdateServiceTimeoutOrCanceledError
		if !errors.As(err, &late) {
			return err
		}
	}
	return err
}

func (p *pestered) try(ctx context.Context, id, update string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	handle, err := p.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		UpdateID: id, WorkflowID: p.id, UpdateName: update, Args: args,
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// askTogether asks n times, so many at once, and counts what was answered.
func (p *pestered) askTogether(n, atOnce int, update string, args ...any) map[booking.Code]int {
	var (
		wait    sync.WaitGroup
		mu      sync.Mutex
		left    atomic.Int64
		counted = map[booking.Code]int{}
	)
	left.Store(int64(n))
	for range atOnce {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				code := codeOf(p.ask(update, args...))
				mu.Lock()
				counted[code]++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return counted
}

// codeOf is the code that an update answered, empty for success.
func codeOf(err error) booking.Code {
	var refused *temporal.ApplicationError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused):
		return booking.Code(refused.Type())
	default:
		return booking.Code(err.Error())
	}
}

// history counts the run's events, and its updates that were accepted.
func (p *pestered) history() (events, accepted int) {
	p.t.Helper()
	iterator := p.client.GetWorkflowHistory(p.t.Context(), p.id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for iterator.HasNext() {
		event, err := iterator.Next()
		require.NoError(p.t, err)
		events++
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED {
			accepted++
		}
	}
	return events, accepted
}

// The server takes 2,000 updates a run. A client that polls 3,000 times uses up only the
// updates that the booking accepted; the others leave no trace.
func TestPollingCannotMakeABookingUnreachable(t *testing.T) {
	const polls = 3_000
	p := newPestered(t)
	before, _ := p.history()
	codes := p.askTogether(polls, 8, workflows.UpdateCheck)
	events, accepted := p.history()
	t.Logf("%d polls: %v; %d events before, %d after", polls, codes, before, events)
	assert.Equal(t, polls, codes[""]+codes[booking.CodeBusy], "%v", codes)
	assert.Less(t, codes[""], 200)
	assert.Equal(t, 1+codes[""], accepted, "with the hold")
	assert.LessOrEqual(t, events, before+8*codes[""], "what was refused is not in the history")

	require.NoError(t, p.client.SignalWorkflow(t.Context(), p.id, "", workflows.SignalPayment, p.world.Authorize("pi_1")))
	require.Eventually(t, func() bool { return p.world.End().Captured > 0 }, 20*time.Second, 50*time.Millisecond)
	require.NoError(t, p.ask(workflows.UpdateRefund, workflows.RefundRequest{Percent: 100, Reason: "projector"}))
	assert.Equal(t, booking.StatusCancelled, p.world.End().Status)
}

// Fifty requests press the same button, as many at a time as the server takes without
// falling silent (the API sees to that). Every one is answered, and the booking is
// cancelled once.
func TestManyUpdatesAtOnce(t *testing.T) {
	p := newPestered(t)
	require.NoError(t, p.client.SignalWorkflow(t.Context(), p.id, "", workflows.SignalPayment, p.world.Authorize("pi_1")))
	require.Eventually(t, func() bool { return p.world.End().Captured > 0 }, 20*time.Second, 50*time.Millisecond)
	codes := p.askTogether(50, 9, workflows.UpdateCancel, workflows.CancelRequest{})
	t.Logf("answers: %v", codes)
	assert.Equal(t, 1, codes[""])
	assert.Equal(t, 1, p.world.Calls("cancel"))
}
