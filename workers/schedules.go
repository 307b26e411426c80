package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/workflows"
)

// The schedules, by their ids.
const (
	scheduleSweepBookings = "sweep-bookings"
	scheduleDeleteOld     = "delete-old"
)

// Schedules says what is done regularly.
type Schedules struct {
	// SweepEvery is how often bookings without a workflow are looked for.
	SweepEvery time.Duration
	Sweep      workflows.SweepInput
	DeleteOld  workflows.DeleteOldInput
}

const (
	// deleteEvery is how often old records are deleted.
	deleteEvery = time.Hour
	// catchUp is how late a missed start still runs: the next one does the same. Without it
	// Temporal makes up for a year.
	catchUp = time.Minute
	// sweepWithin ends a run that hangs, so that it does not block the next ones.
	sweepWithin = time.Hour
)

// Ensure creates the schedules, or brings them up to date. Each worker of the
// operations queue does it at its start; a schedule that staff paused stays paused.
func (s Schedules) Ensure(ctx context.Context, c client.Client) error {
	for _, wanted := range []client.ScheduleOptions{
		s.schedule(scheduleSweepBookings, s.SweepEvery, workflows.SweepBookingsWorkflow, s.Sweep),
		s.schedule(scheduleDeleteOld, deleteEvery, workflows.DeleteOldWorkflow, s.DeleteOld),
	} {
		if err := ensure(ctx, c.ScheduleClient(), wanted); err != nil {
			return fmt.Errorf("schedule %s: %w", wanted.ID, err)
		}
	}
	return nil
}

func (s Schedules) schedule(id string, every time.Duration, workflow string, in any) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID:            id,
		Spec:          client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: catchUp,
		Action: &client.ScheduleWorkflowAction{
			ID: id, Workflow: workflow, TaskQueue: workflows.QueueOperations, Args: []any{in},
			WorkflowExecutionTimeout: sweepWithin,
		},
	}
}

func ensure(ctx context.Context, schedules client.ScheduleClient, wanted client.ScheduleOptions) error {
	_, err := schedules.Create(ctx, wanted)
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return schedules.GetHandle(ctx, wanted.ID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			// Its state, paused or not, is staff's.
			schedule := in.Description.Schedule
			schedule.Spec, schedule.Action = &wanted.Spec, wanted.Action
			schedule.Policy = &client.SchedulePolicies{Overlap: wanted.Overlap, CatchupWindow: wanted.CatchupWindow}
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
}
