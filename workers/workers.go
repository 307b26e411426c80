// Package workers says which process serves which task queue, with which limits.
//
// What the workflows and activities do lives in their own packages; the command constructs
// the activities' ports.
package workers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
)

// Activities are the side effects a worker can be asked for.
type Activities struct {
	Seats         *activities.Seats
	Payments      *activities.Payments
	Notifications *activities.Notifications
	Shows         *activities.Shows
	Refunds       *activities.Refunds
	Sweep         *activities.Sweep
	// Reconciliation compares payment providers' lists with our books.
	Reconciliation *activities.Reconciliation
	// Houses call theaters' own systems.
	Houses *activities.Houses
	// HouseSync keeps our copy of theaters' own systems.
	HouseSync *activities.HouseSync
	// Recommendations learn what customers like.
	Recommendations *activities.Recommendations
}

// Options says what a worker process serves.
type Options struct {
	Client     client.Client
	Queues     []string // of Queues(); empty is all
	Activities Activities
	// Alerts are told of steps that fail again and again. Nil: no one is told.
	Alerts activities.Alerts
	Logger *slog.Logger
	// Holds are looked through for abandoned ones by processes that serve the bookings
	// queue; nil leaves that to others.
	Holds abandonedHolds
	// PaymentsPerSecond and MessagesPerSecond are the vendors' limits, over all
	// worker processes together. Zero is no limit.
	PaymentsPerSecond float64
	MessagesPerSecond float64
	// Deployment makes the workers a version of a Temporal worker deployment. Its
	// zero value leaves versioning off: every worker takes work.
	Deployment Deployment
}

// Deployment is a build of the workers, as Temporal knows it.
type Deployment struct {
	Name    string // of the worker deployment
	BuildID string // of this program
}

// options turns versioning on, if there is a name. Workflows go on with the build
// that is current: a booking waits for its show for weeks, and a build that it were
// pinned to would have to run for as long.
func (d Deployment) options() worker.DeploymentOptions {
	if d.Name == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: d.Name, BuildID: d.BuildID},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// Queues lists the task queues a worker can serve.
func Queues() []string {
	return []string{
		workflows.QueueBookings, workflows.QueuePayments, workflows.QueueNotifications, workflows.QueueReminders, workflows.QueueOperations,
		workflows.QueueHouses, workflows.QueueRecommendations,
	}
}

// Run serves the queues until the context ends, then lets what is under way
// finish.
func Run(ctx context.Context, opts Options) error {
	queues := opts.Queues
	if len(queues) == 0 {
		queues = Queues()
	}
	var running []worker.Worker
	defer func() {
		for _, w := range running {
			w.Stop()
		}
	}()
	fatal := make(chan error, len(queues))
	for _, queue := range queues {
		w, err := opts.worker(queue, fatal)
		if err != nil {
			return err
		}
		if err := w.Start(); err != nil {
			return fmt.Errorf("worker for queue %s: %w", queue, err)
		}
		running = append(running, w)
		opts.Logger.Info("worker started", "queue", queue, "deployment", opts.Deployment.Name, "build", opts.Deployment.BuildID)
	}
	if opts.Holds != nil && slices.Contains(queues, workflows.QueueBookings) {
		looking, stop := context.WithCancel(ctx)
		var wait sync.WaitGroup
		wait.Go(func() { endAbandoned(looking, opts.Holds, Sagas(opts.Client), opts.Logger) })
		defer func() { stop(); wait.Wait() }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-fatal:
		return err
	}
}

func (o Options) worker(queue string, fatal chan<- error) (worker.Worker, error) {
	if !slices.Contains(Queues(), queue) {
		return nil, fmt.Errorf("there is no queue %q; the queues are %v", queue, Queues())
	}
	options := worker.Options{
		WorkerStopTimeout: stopTimeout,
		DeploymentOptions: o.Deployment.options(),
		Interceptors:      watching(o.Alerts),
		OnFatalError:      func(err error) { fatal <- fmt.Errorf("worker for queue %s: %w", queue, err) },
	}
	switch queue {
	case workflows.QueueBookings:
		// Workflow code, and every step's fast path: local activities run here.
		options.MaxConcurrentLocalActivityExecutionSize = 200
		options.MaxConcurrentWorkflowTaskExecutionSize = 200
		options.MaxConcurrentWorkflowTaskPollers = 8
		options.MaxConcurrentActivityTaskPollers = 2
	case workflows.QueuePayments:
		options.DisableWorkflowWorker = true
		options.MaxConcurrentActivityExecutionSize = 100
		options.TaskQueueActivitiesPerSecond = o.PaymentsPerSecond
	case workflows.QueueNotifications:
		options.DisableWorkflowWorker = true
		options.MaxConcurrentActivityExecutionSize = 100
		options.TaskQueueActivitiesPerSecond = o.MessagesPerSecond * (1 - remindersShare)
	case workflows.QueueReminders:
		options.DisableWorkflowWorker = true
		options.MaxConcurrentActivityExecutionSize = 20
		options.TaskQueueActivitiesPerSecond = o.MessagesPerSecond * remindersShare
	case workflows.QueueHouses:
		options.DisableWorkflowWorker = true
		options.MaxConcurrentActivityExecutionSize = 100
	case workflows.QueueOperations:
		// Few workflows with much to do each: they must not crowd out the bookings that
		// they are about.
		options.MaxConcurrentActivityExecutionSize = 10
		options.MaxConcurrentLocalActivityExecutionSize = 10
		options.MaxConcurrentWorkflowTaskExecutionSize = 10
		options.MaxConcurrentWorkflowTaskPollers = 2
		options.MaxConcurrentActivityTaskPollers = 2
	case workflows.QueueRecommendations:
		// One step at a time: each takes all processors that it gets.
		options.MaxConcurrentActivityExecutionSize = 1
		options.MaxConcurrentWorkflowTaskExecutionSize = 2
		// What a step says of its progress is seen soon.
		options.MaxHeartbeatThrottleInterval = 5 * time.Second
		options.MaxConcurrentWorkflowTaskPollers = 2
		options.MaxConcurrentActivityTaskPollers = 1
	}
	w := worker.New(o.Client, queue, options)
	Register(w, queue, o.Activities)
	return w, nil
}

// Register tells a worker what its queue may ask of it. The bookings queue knows
// every activity, because a step's first try is local to the workflow.
func Register(w worker.Registry, queue string, a Activities) {
	workflows.Register(w, queue)
	if queue == workflows.QueueBookings {
		w.RegisterActivity(a.Seats)
	}
	if queue == workflows.QueueOperations {
		w.RegisterActivity(a.Shows)
		w.RegisterActivity(a.Refunds)
	}
	if queue == workflows.QueueBookings || queue == workflows.QueueOperations {
		w.RegisterActivity(a.Sweep)
	}
	if queue == workflows.QueueBookings || queue == workflows.QueuePayments {
		w.RegisterActivity(a.Payments)
	}
	if queue == workflows.QueuePayments {
		w.RegisterActivity(a.Reconciliation)
	}
	if queue == workflows.QueueBookings || queue == workflows.QueueHouses {
		w.RegisterActivity(a.Houses)
	}
	if queue == workflows.QueueOperations || queue == workflows.QueueHouses {
		w.RegisterActivity(a.HouseSync)
	}
	if queue == workflows.QueueRecommendations {
		w.RegisterActivity(a.Recommendations)
	}
	if queue == workflows.QueueBookings || queue == workflows.QueueNotifications || queue == workflows.QueueReminders {
		w.RegisterActivity(a.Notifications)
	}
}

// remindersPerSecond are those that a process sends beside holding seats. The
// others wait their turn on a queue of their own.
const remindersPerSecond = 10

// ReminderLane says how many reminders go the fast path of this process.
func ReminderLane() activities.Lane { return rate.NewLimiter(remindersPerSecond, remindersPerSecond) }

// remindersShare is what of the vendors' rate is for reminders that wait.
const remindersShare = 0.25

// stopTimeout is how long a step under way may take to finish when the process
// is told to stop; Kubernetes kills after 30 s by default.
const stopTimeout = 20 * time.Second
