package workflows

import (
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

const (
	// lateBy is how long a hold may be expired before its workflow counts as missing.
	lateBy = 30 * time.Second
	// lostPage is how many bookings are looked at by one activity, and describesAtOnce
	// how many workflows are asked for side by side.
	lostPage        = 500
	describesAtOnce = 8
	// pagesPerRun bounds one run for each status. Held bookings past their time are
	// few; confirmed ones are many, and the next run goes on where this one stopped.
	pagesPerRun = 8

	deleteBatch       = 1000
	deleteBatches     = 20
	deletionsPerSweep = 10
)

// SweepInput starts a look for bookings without a workflow.
type SweepInput struct {
	// Policy is what bookings live by that are taken up again.
	Policy booking.Policy `json:"policy"`
}

// sweepResult is the result of a run. The next run goes on from it.
type sweepResult struct {
	Held      int `json:"held"`      // bookings looked at whose hold had run out
	Confirmed int `json:"confirmed"` // bookings looked at whose show is to come
	TakenUp   int `json:"taken_up"`  // bookings that had no workflow and have one again
	// After is the place of the last confirmed booking that was looked at; empty when
	// all were.
	After string `json:"after,omitempty"`
	// Undecided are paid bookings that staff are alerted of, because their theaters have not
	// decided about the sale for long.
	Undecided int `json:"undecided,omitempty"`
}

// runSweepBookings finds bookings whose workflow was terminated, and starts each again
// where the database says that it stands. Then it looks for sales that wait for their theaters
// while the authorized money grows old: the bookings' own workflows need no timer for that. A
// schedule starts it every few minutes.
func runSweepBookings(ctx workflow.Context, in SweepInput) (sweepResult, error) {
	var last, result sweepResult
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			workflow.GetLogger(ctx).Warn("cannot read where the last run stopped: from the beginning", "error", err)
		}
	}
	checked, _, err := takeUpLost(ctx, in, booking.StatusHeld, "", &result)
	if result.Held = checked; err != nil {
		return result, err
	}
	checked, result.After, err = takeUpLost(ctx, in, booking.StatusConfirmed, last.After, &result)
	if result.Confirmed = checked; err != nil {
		return result, err
	}
	// The last step: a run that was under way before this step was here takes it, too.
	err = manyBookings("Which sales have their theaters not decided about?", sweep.AlertUndecided,
		activities.UndecidedRequest{}, &result.Undecided).durably(ctx)
	if err != nil {
		return result, err
	}
	workflow.GetLogger(ctx).Info("looked for bookings without a workflow",
		"held", result.Held, "confirmed", result.Confirmed, "taken_up", result.TakenUp)
	return result, nil
}

// takeUpLost goes through the bookings of one status, and says where it stopped.
func takeUpLost(ctx workflow.Context, in SweepInput, status booking.Status, after string, result *sweepResult) (checked int, next string, err error) {
	for range pagesPerRun {
		var found activities.FoundLost
		summary := "Which bookings are " + string(status) + " without a workflow?"
		err := manyBookings(summary, sweep.FindLost, activities.FindLostRequest{
			Status: status, After: after, Late: lateBy, Limit: lostPage, AtOnce: describesAtOnce,
		}, &found).durably(ctx)
		if err != nil {
			return checked, after, err
		}
		checked += found.Checked
		if err := takeUp(ctx, in, found.Lost); err != nil {
			return checked, after, err
		}
		result.TakenUp += len(found.Lost)
		if after = found.Next; after == "" {
			return checked, "", nil
		}
	}
	return checked, after, nil
}

// takeUp starts a workflow for each booking, with the id of the lost workflow: a request
// for the booking reaches it. If another process has started it meanwhile, takeUp leaves it
// alone.
func takeUp(ctx workflow.Context, in SweepInput, lost []booking.LostBooking) error {
	var started []workflow.ChildWorkflowFuture
	for _, b := range lost {
		workflow.GetLogger(ctx).Warn("a booking has no workflow; it is taken up again", "booking_id", b.BookingID, "status", b.Status)
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID:            BookingWorkflowID(b.BookingID),
			TaskQueue:             QueueBookings,
			ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			StaticSummary:         "Taken up again: booking " + b.BookingID + " had no workflow",
			TypedSearchAttributes: temporal.NewSearchAttributes(
				AttrBookingStatus.ValueSet(string(b.Status)),
				AttrShowID.ValueSet(b.ShowID),
				AttrTheaterID.ValueSet(b.TheaterID),
				AttrCustomerID.ValueSet(b.CustomerID)),
		})
		started = append(started, workflow.ExecuteChildWorkflow(child, BookingWorkflow, BookingInput{
			BookingID: b.BookingID, CustomerID: b.CustomerID, ShowID: b.ShowID, Seats: b.Seats,
			Policy: in.Policy, TakeUp: true,
		}))
	}
	return awaitStarts(ctx, started...)
}

// DeleteOldInput says how long each kind is kept. Zero keeps it forever.
type DeleteOldInput struct {
	Kept []KeptFor `json:"kept"`
}

// KeptFor is how long one kind of records is kept.
type KeptFor struct {
	Kind booking.OldRecords `json:"kind"`
	For  time.Duration      `json:"for"`
}

// deleteOldResult is how many records were deleted, by kind.
type deleteOldResult struct {
	Deleted map[booking.OldRecords]int `json:"deleted"`
	// More are the kinds of which there is more than one run deletes.
	More []booking.OldRecords `json:"more,omitempty"`
}

// runDeleteOld deletes records whose time is over. A schedule starts it every hour;
// what is more than one run deletes waits for the next.
func runDeleteOld(ctx workflow.Context, in DeleteOldInput) (deleteOldResult, error) {
	result := deleteOldResult{Deleted: map[booking.OldRecords]int{}}
	for _, kept := range in.Kept {
		if kept.For <= 0 {
			continue
		}
		more := true
		for n := 0; more && n < deletionsPerSweep; n++ {
			var done activities.DeletedOld
			deleting := manyBookings("Delete old "+string(kept.Kind), sweep.DeleteOld, activities.DeleteOldRequest{
				Kind: kept.Kind, Kept: kept.For, Batch: deleteBatch, Batches: deleteBatches,
			}, &done)
			deleting.heartbeat = time.Minute // a batch takes longer than a page of bookings
			if err := deleting.durably(ctx); err != nil {
				return result, err
			}
			result.Deleted[kept.Kind] += done.Deleted
			more = done.More
		}
		if more {
			result.More = append(result.More, kept.Kind)
		}
	}
	workflow.GetLogger(ctx).Info("deleted what was kept for its time", "deleted", result.Deleted, "more", result.More)
	return result, nil
}
