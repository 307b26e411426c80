package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/workflows"
)

// The schedules, by their ids.
const (
	scheduleSweepBookings = "sweep-bookings"
	scheduleDeleteOld     = "delete-old"
	schedulePrograms      = "theater-programs"
	scheduleSales         = "theater-sales"
	scheduleRecord        = "record-bookings"
	scheduleTrain         = "train-recommendations"
)

// Schedules says what is done regularly.
type Schedules struct {
	// SweepEvery is how often bookings without a workflow are looked for.
	SweepEvery time.Duration
	Sweep      workflows.SweepInput
	DeleteOld  workflows.DeleteOldInput
	// Reconcile are the payment providers whose lists are compared with our books, one
	// schedule each.
	Reconcile []workflows.ReconcileInput
	// HouseProgramEvery is how often the programs of theaters' own systems are read, and
	// HouseReconcileEvery how often their sales are compared with our bookings. Zero: not at all.
	HouseProgramEvery   time.Duration
	HouseReconcileEvery time.Duration
	// HouseGrace is how long what differs there may be a step that is under way.
	HouseGrace time.Duration
	// RecordEvery is how often events are made of bookings, and TrainEvery how often a model is
	// trained on them. Zero: not at all.
	RecordEvery time.Duration
	TrainEvery  time.Duration
}

const (
	// reconcileAt is how long after midnight UTC the day before is reconciled: bookings of its
	// last minutes have ended, and the providers have sent what they send again.
	reconcileAt = 3 * time.Hour
	// reconcileCatchUp is how late a missed day is still reconciled.
	reconcileCatchUp = 7 * 24 * time.Hour
	// deleteEvery is how often old records are deleted.
	deleteEvery = time.Hour
	// catchUp is how late a missed start still runs: the next one does the same. Without it
	// Temporal makes up for a year.
	catchUp = time.Minute
	// trainBack is how far back a training looks at bookings, beside two rounds of recording.
	trainBack = 5 * time.Minute
	// trainCatchUp is how late a missed training still runs.
	trainCatchUp = time.Hour
	// sweepWithin ends a run that hangs, so that it does not block the next ones.
	sweepWithin = time.Hour
	// roundSpread is the part of the time between two rounds over which theaters are asked.
	roundSpread = 0.5
)

// Ensure creates the schedules, or brings them up to date. Each worker of the
// operations queue does it at its start; a schedule that staff paused stays paused.
func (s Schedules) Ensure(ctx context.Context, c client.Client) error {
	all := []client.ScheduleOptions{
		s.schedule(scheduleSweepBookings, s.SweepEvery, workflows.SweepBookingsWorkflow, s.Sweep),
		s.schedule(scheduleDeleteOld, deleteEvery, workflows.DeleteOldWorkflow, s.DeleteOld),
	}
	for _, in := range s.Reconcile {
		all = append(all, s.reconcile(in))
	}
	if s.HouseProgramEvery > 0 {
		all = append(all, s.rounds(schedulePrograms, s.HouseProgramEvery, workflows.HouseRoundsInput{}))
	}
	if s.HouseReconcileEvery > 0 {
		all = append(all, s.rounds(scheduleSales, s.HouseReconcileEvery, workflows.HouseRoundsInput{Reconcile: true, Grace: s.HouseGrace}))
	}
	learning, none := s.learning()
	for _, wanted := range append(all, learning...) {
		if err := ensure(ctx, c.ScheduleClient(), wanted); err != nil {
			return fmt.Errorf("schedule %s: %w", wanted.ID, err)
		}
	}
	for _, id := range none {
		var gone *serviceerror.NotFound
		if err := c.ScheduleClient().GetHandle(ctx, id).Delete(ctx); err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("schedule %s: %w", id, err)
		}
	}
	return nil
}

// learning are the schedules of recommendations, and those that were turned off.
func (s Schedules) learning() (wanted []client.ScheduleOptions, none []string) {
	for id, every := range map[string]time.Duration{scheduleRecord: s.RecordEvery, scheduleTrain: s.TrainEvery} {
		if every <= 0 {
			none = append(none, id)
			continue
		}
		in := workflows.RecordBookingsInput{Train: id == scheduleTrain, TrainFirst: id == scheduleRecord && s.TrainEvery > 0}
		options := s.schedule(id, every, workflows.RecordBookingsWorkflow, in)
		action := options.Action.(*client.ScheduleWorkflowAction)
		action.TaskQueue = workflows.QueueRecommendations
		if id == scheduleTrain {
			// The training itself has the name without a time: one runs at a time.
			action.ID = scheduleTrain + "-begin"
			options.CatchupWindow = trainCatchUp
			if s.RecordEvery > 0 {
				// The other schedule has recorded what is older. To record it again would bring back
				// what the store was made to forget.
				in.Back = 2*s.RecordEvery + trainBack
				action.Args = []any{in}
			}
		}
		wanted = append(wanted, options)
	}
	return wanted, none
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

// rounds is a schedule over all theaters with a system of their own. Its jitter keeps
// platforms that were started together from asking one system at the same second.
func (s Schedules) rounds(id string, every time.Duration, in workflows.HouseRoundsInput) client.ScheduleOptions {
	in.Over = time.Duration(float64(every) * roundSpread)
	options := s.schedule(id, every, workflows.HouseRoundsWorkflow, in)
	options.Spec.Jitter = every / 10
	return options
}

// reconcile is the schedule of one provider. Every day counts, so a missed one is made up
// for, and one does not wait for another.
func (s Schedules) reconcile(in workflows.ReconcileInput) client.ScheduleOptions {
	options := s.schedule("reconcile-"+in.Provider, 24*time.Hour, workflows.ReconcileWorkflow, in)
	options.Spec.Intervals[0].Offset = reconcileAt
	options.Overlap, options.CatchupWindow = enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, reconcileCatchUp
	return options
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
