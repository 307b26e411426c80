package workflows

import (
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

const (
	defaultAtATime      = 100
	defaultBusy         = 2 * time.Minute
	defaultEventsPerRun = 1_500

	// signalsAtOnce is how many of a page's bookings are told side by side.
	signalsAtOnce = 8
	// orphansAtATime bounds how many workflows are started for bookings that have
	// none before the length of the history is looked at again.
	orphansAtATime = 50
	// pauseShortest and pauseLongest bound the time between two looks while nothing
	// can be done but wait for bookings to settle.
	pauseShortest = time.Second
	pauseLongest  = 15 * time.Second
	// sweepEvery is how often the workflow looks for choices that were not carried out,
	// while customers have time to choose.
	sweepEvery    = 10 * time.Minute
	sweepWhenBusy = 30 * time.Second
)

// showChange is the state of a workflow that changes a show. All of it can be
// lost: what has been done is in the database, and the count is read from there.
type showChange struct {
	stepRunner
	in     ShowChangeInput
	change booking.ShowChange
	count  booking.ChangeCount
	what   string // is being done
	heard  int    // from staff
	pause  time.Duration
	done   bool

	changed workflow.Future // the show itself is changed, or that was refused
	settle  workflow.Settable
}

func newShowChange(ctx workflow.Context, in ShowChangeInput) (*showChange, error) {
	if in.AtATime <= 0 {
		in.AtATime = defaultAtATime
	}
	if in.Busy <= 0 {
		in.Busy = defaultBusy
	}
	if in.EventsPerRun <= 0 {
		in.EventsPerRun = defaultEventsPerRun
	}
	own := patience{queue: QueueOperations, oneTry: time.Minute}
	c := &showChange{stepRunner: newStepRunner(ctx, own, localSteps), in: in, pause: pauseShortest}
	c.stops = true
	c.changed, c.settle = workflow.NewFuture(ctx)
	workflow.Go(ctx, c.obeyStaff)
	return c, c.listen(ctx)
}

// changeShow changes the show itself, once, and answers every request for it.
func (c *showChange) changeShow(ctx workflow.Context) error {
	if c.in.Change != nil {
		c.change = *c.in.Change
		c.settle.Set(c.change, nil)
		return nil
	}
	c.what = "changing the show"
	err := c.database(ctx, "Change the show", shows.ChangeShow, c.in.Request, &c.change)
	c.settle.Set(c.change, err)
	return err
}

// refuse ends a workflow whose show could not be changed: nothing was done.
func (c *showChange) refuse(ctx workflow.Context, err error) (ChangeProgress, error) {
	if !final(err) {
		return c.progress(), err
	}
	c.what = "refused: " + message(err)
	c.show(ctx)
	return c.progress(), workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// work brings the change to the bookings, a page at a time, until the count says
// enough. Never more than AtATime bookings are busy with it.
func (c *showChange) work(ctx workflow.Context, enough func() bool) error {
	for {
		if err := c.look(ctx); err != nil {
			return err
		}
		room := max(c.in.AtATime-c.count.InFlight, 0)
		switch {
		case c.in.Paused:
			c.what = "paused"
			c.wait(ctx, 0, "")
		case enough():
			return nil
		case c.count.Due > 0, room > 0 && c.count.Untold+c.count.Unasked > 0:
			if err := c.reach(ctx, room); err != nil {
				return err
			}
		default:
			c.what = "waiting for bookings to settle"
			c.wait(ctx, c.pause, "Let the bookings settle")
		}
		if err := c.continueWhenLong(ctx); err != nil {
			return err
		}
	}
}

// look reads the count. While it does not change, looks become rarer.
func (c *showChange) look(ctx workflow.Context) error {
	before := c.count
	err := c.database(ctx, "How far is it?", shows.CountChange,
		activities.CountRequest{ChangeID: c.change.ID, Busy: c.in.Busy}, &c.count)
	if err != nil {
		return err
	}
	after := c.count
	before.DecideIn, after.DecideIn = 0, 0
	if c.pause = min(c.pause*3/2, pauseLongest); before != after {
		c.pause = pauseShortest
	}
	c.show(ctx)
	return nil
}

// reach tells and asks one page of bookings. Those without a workflow get one
// that acts for them.
func (c *showChange) reach(ctx workflow.Context, room int) error {
	c.what = "telling bookings"
	c.show(ctx)
	var reached activities.Reached
	if err := manyBookings("Tell the next bookings", shows.ReachBookings, c.page(room), &reached).durably(ctx); err != nil {
		return err
	}
	for orphans := range slices.Chunk(reached.Orphans, orphansAtATime) {
		if err := c.adopt(ctx, orphans); err != nil {
			return err
		}
		// Those that are left are found again by the next run.
		if err := c.continueWhenLong(ctx); err != nil {
			return err
		}
	}
	return nil
}

// page is the signals for the next page of bookings.
func (c *showChange) page(room int) activities.ReachRequest {
	cancelled := ShowCancelled{ChangeID: c.change.ID, ShowID: c.change.ShowID, Reason: c.change.Reason}
	request := activities.ReachRequest{
		ChangeID: c.change.ID, Busy: c.in.Busy, Limit: room, AtOnce: signalsAtOnce,
		TellBy: SignalShowCancelled, News: cancelled, RefundBy: SignalShowCancelled, Refund: cancelled,
	}
	if c.change.Kind == booking.ChangeRescheduled {
		request.TellBy, request.News = SignalShowRescheduled, ShowRescheduled{
			ChangeID: c.change.ID, ShowID: c.change.ShowID, Reason: c.change.Reason,
			StartsAt: *c.change.NewStartsAt, EndsAt: *c.change.NewEndsAt,
			DecideBy: *c.change.DecideBy, Default: c.change.Default, ChangedAt: c.change.CreatedAt,
		}
	}
	return request
}

// adopt starts a workflow for each booking that has none. The bookings are stored as
// notified when all workflows are started: until then the next page finds them again.
func (c *showChange) adopt(ctx workflow.Context, orphans []booking.ChangeTask) error {
	c.what = "acting for bookings whose workflow is gone"
	var started []workflow.ChildWorkflowFuture
	for _, orphan := range orphans {
		started = append(started, c.actFor(ctx, orphan))
	}
	if err := awaitStarts(ctx, started...); err != nil {
		return err
	}
	return c.database(ctx, "These are taken care of", shows.TasksDone,
		activities.TasksRequest{ChangeID: c.change.ID, Tasks: orphans}, nil)
}

func (c *showChange) actFor(ctx workflow.Context, orphan booking.ChangeTask) workflow.ChildWorkflowFuture {
	in := settleBookingInput{ChangeID: c.change.ID, BookingID: orphan.BookingID, Refund: orphan.Refund, Reason: c.change.Reason}
	switch {
	case c.change.Kind == booking.ChangeCancelled:
		in.Notice = booking.NoticeShowCancelled
	case orphan.Refund:
		in.Notice = booking.NoticeCancelled
	case orphan.Kind == booking.TaskTell:
		in.Notice = booking.NoticeRescheduled
	}
	return workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            settleID(in),
		TaskQueue:             QueueBookings,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "Act for booking " + orphan.BookingID + ", whose workflow is gone",
		TypedSearchAttributes: temporal.NewSearchAttributes(AttrShowID.ValueSet(c.change.ShowID)),
	}), settleBookingWorkflow, in)
}

// settleID differs for a refund and for news only: a workflow that waits for the mail would
// delay the refund.
func settleID(in settleBookingInput) string {
	id := "settle-" + in.ChangeID + "-" + in.BookingID
	if in.Refund {
		id += "-refund"
	}
	return id
}

// finish closes the change, unless a booking turned up in the last moment.
func (c *showChange) finish(ctx workflow.Context) (ChangeProgress, error) {
	for !c.done {
		if err := c.work(ctx, c.settled); err != nil {
			return c.progress(), err
		}
		if err := c.database(ctx, "Close the change", shows.FinishChange, c.change.ID, &c.done); err != nil {
			return c.progress(), err
		}
	}
	c.what = "done"
	c.show(ctx)
	return c.progress(), workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// settled tells whether nothing is left to do that this workflow can do.
func (c *showChange) settled() bool {
	return c.count.Untold == 0 && c.count.Told == c.count.Settled+c.count.Failed
}
