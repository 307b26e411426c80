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
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/booking"
	plumbing "github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

const deployment = "boxoffice"

// TestBookingGoesOnWithTheCurrentBuild turns versioning on while a booking waits for
// its payment, deploys a second build, rolls it back and turns versioning off: one
// booking, the work of every build in turn.
func TestBookingGoesOnWithTheCurrentBuild(t *testing.T) {
	t.Parallel()
	c := serverFor(t, "deployments", plumbing.Options{})
	scenario := sagatest.Scenario{Name: "deployed", StartsIn: time.Hour, Input: func(in *workflows.BookingInput) {
		in.Policy.HoldFor = 10 * time.Minute
	}}
	world := scenario.World(time.Now)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	driver := newDriver(ctx, c, scenario)

	stopUnversioned := runBuild(t, c, world, "")
	driver.start(t)
	require.Equal(t, []booking.Code{""}, driver.codes())
	require.Empty(t, lastBuild(ctx, t, c, driver.id))

	stopFirst := runBuild(t, c, world, "1")
	makeCurrent(ctx, t, c, "1")
	stopUnversioned()
	driver.Signal(workflows.SignalPayment, world.Authorize("pi_1"))
	awaitStatus(ctx, t, c, driver.id, booking.StatusConfirmed)
	assert.Equal(t, "1", lastBuild(ctx, t, c, driver.id))

	stopSecond := runBuild(t, c, world, "2")
	makeCurrent(ctx, t, c, "2")
	stopFirst()
	driver.Update(workflows.UpdateResend, workflows.ResendRequest{Channel: booking.ChannelEmail})
	require.Equal(t, []booking.Code{"", ""}, driver.codes())
	assert.Equal(t, "2", lastBuild(ctx, t, c, driver.id), "a booking goes on with the build that is current")

	stopFirst = runBuild(t, c, world, "1")
	makeCurrent(ctx, t, c, "1")
	stopSecond()
	driver.Update(workflows.UpdateResend, workflows.ResendRequest{Channel: booking.ChannelEmail})
	require.Equal(t, []booking.Code{"", "", ""}, driver.codes())
	assert.Equal(t, "1", lastBuild(ctx, t, c, driver.id), "rolled back")

	runBuild(t, c, world, "")
	makeCurrent(ctx, t, c, "")
	stopFirst()
	driver.Update(workflows.UpdateCancel, workflows.CancelRequest{Reason: "Ill."})
	require.Equal(t, []booking.Code{"", "", "", ""}, driver.codes())
	require.NoError(t, c.GetWorkflow(ctx, driver.id, "").Get(ctx, nil))
	assert.Empty(t, lastBuild(ctx, t, c, driver.id), "versioning is off again")
	assert.Equal(t, booking.StatusCancelled, world.End().Status)
}

// serverFor is a client for a namespace of its own on the server of the tests.
func serverFor(t *testing.T, namespace string, options plumbing.Options) client.Client {
	t.Helper()
	options.Address, options.Namespace = os.Getenv("TEMPORAL_ADDRESS"), namespace
	if options.Address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server (make test starts one)")
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	}
	c, err := plumbing.Dial(options)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, plumbing.Prepare(ctx, c, namespace, 24*time.Hour, workflows.SearchAttributes()...))
	return c
}

// runBuild runs a worker process of a build until it is told to stop. Without a build
// it is a worker without versioning.
func runBuild(t *testing.T, c client.Client, world *sagatest.World, build string) (stop func()) {
	options := workers.Options{Client: c, Activities: world.Activities()}
	if build != "" {
		options.Deployment = workers.Deployment{Name: deployment, BuildID: build}
	}
	return runWorkers(t, options)
}

func runWorkers(t *testing.T, options workers.Options) (stop func()) {
	t.Helper()
	options.Logger = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- workers.Run(ctx, options) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			assert.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

// makeCurrent gives a build the work, as an operator does. Without a build, the workers
// without versioning get it.
func makeCurrent(ctx context.Context, t *testing.T, c client.Client, build string) {
	t.Helper()
	handle := c.WorkerDeploymentClient().GetHandle(deployment)
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		// A build that has not asked for work on every queue yet is refused.
		_, err := handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
		require.NoError(t, err)
	}, time.Minute, 200*time.Millisecond)
}

// lastBuild is the build that completed a workflow's last task.
func lastBuild(ctx context.Context, t *testing.T, c client.Client, id string) (build string) {
	t.Helper()
	iterator := c.GetWorkflowHistory(ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for iterator.HasNext() {
		event, err := iterator.Next()
		require.NoError(t, err)
		if done := event.GetWorkflowTaskCompletedEventAttributes(); done != nil {
			build = done.GetDeploymentVersion().GetBuildId()
		}
	}
	return build
}

// awaitStatus waits until a booking's workflow says that it is so.
func awaitStatus(ctx context.Context, t *testing.T, c client.Client, id string, status booking.Status) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		answer, err := c.QueryWorkflow(ctx, id, "", workflows.QueryStatus)
		require.NoError(t, err)
		var state workflows.BookingState
		require.NoError(t, answer.Get(&state))
		require.Equal(t, status, state.Status)
	}, time.Minute, 200*time.Millisecond)
}
