package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// The workflows that keep our copy of theaters' own systems. A schedule starts HouseRounds, which
// starts one of the others for each theater.
const (
	HouseRoundsWorkflow    = "HouseRounds"
	HouseProgramWorkflow   = "HouseProgram"
	HouseReconcileWorkflow = "HouseReconcile"
)

// HouseProgramWorkflowID names the one workflow that reads the program of a theater's system.
func HouseProgramWorkflowID(theaterID string) string { return "theater-program-" + theaterID }

// HouseReconcileWorkflowID names the one workflow that compares the sales of a theater's system
// with our bookings.
func HouseReconcileWorkflowID(theaterID string) string { return "theater-sales-" + theaterID }

// HouseRoundsInput starts a round over all theaters with a system of their own.
type HouseRoundsInput struct {
	// Reconcile compares sales; otherwise programs are read.
	Reconcile bool `json:"reconcile,omitempty"`
	// Over is the time over which the starts are spread, so that not all are asked at once.
	Over time.Duration `json:"over"`
	// Grace is for HouseInput.
	Grace time.Duration `json:"grace,omitempty"`
}

// HouseInput starts the work for one theater.
type HouseInput struct {
	TheaterID string `json:"theater_id"`
	// Wait is the time before it begins.
	Wait time.Duration `json:"wait,omitempty"`
	// Grace is how long what differs between sales may be a step that is under way. Default one
	// hour.
	Grace time.Duration `json:"grace,omitempty"`

	// After is carried from run to run.
	After string `json:"after,omitempty"`
}

const (
	// programWithin is how long one page of a program is asked for before the next round tries.
	programWithin = 4 * time.Minute
	// programPages is after how many pages the workflow continues in a new run.
	programPages = 50
)

// runHouseRounds starts the work for each theater. One that is still busy is left alone.
func runHouseRounds(ctx workflow.Context, in HouseRoundsInput) (theaters int, err error) {
	var all []string
	if err := ofHouses("Which theaters have a system of their own?", houseSync.ListHouses, activities.HousesRequest{}, &all).durably(ctx); err != nil {
		return 0, err
	}
	var started []workflow.ChildWorkflowFuture
	for i, theater := range all {
		id, name := HouseProgramWorkflowID(theater), HouseProgramWorkflow
		if in.Reconcile {
			id, name = HouseReconcileWorkflowID(theater), HouseReconcileWorkflow
		}
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: id, TaskQueue: QueueOperations, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			TypedSearchAttributes: temporal.NewSearchAttributes(AttrTheaterID.ValueSet(theater)),
		})
		started = append(started, workflow.ExecuteChildWorkflow(child, name, HouseInput{
			TheaterID: theater, Wait: in.Over * time.Duration(i) / time.Duration(len(all)), Grace: in.Grace,
		}))
	}
	return len(all), awaitStarts(ctx, started...)
}

// ofHouses is a step of our own database about theaters' own systems.
func ofHouses(summary string, activity, in, out any) step {
	return step{summary, activity, in, out, patience{queue: QueueOperations, oneTry: 5 * time.Minute}}
}

// askHouse is a step that asks a theater's own system for much.
func askHouse(theaterID, summary string, activity, in, out any) step {
	return step{summary, activity, in, out, patience{
		queue: QueueHouses, vendor: true, oneTry: 2 * time.Minute, within: programWithin, fairly: theaterID,
	}}
}

func (in *HouseInput) wait(ctx workflow.Context) error {
	wait := in.Wait
	in.Wait = 0
	if wait <= 0 {
		return nil
	}
	return workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "Other theaters first"}).Get(ctx, nil)
}

// runHouseProgram reads the program of a theater's system from where it stopped, and starts the
// workflows of shows that the theater has cancelled or moved. What a round does not finish, the
// next one goes on with: the database knows where.
func runHouseProgram(ctx workflow.Context, in HouseInput) (booking.HouseApplied, error) {
	var result booking.HouseApplied
	if err := in.wait(ctx); err != nil {
		return result, err
	}
	var begun activities.BegunProgram
	if err := ofHouses("Where does the program go on?", houseSync.BeginHouseProgram, in.TheaterID, &begun).durably(ctx); err != nil {
		return result, err
	}
	if err := changeShows(ctx, in.TheaterID, begun.Pending, &result); err != nil {
		return result, err
	}
	page := activities.ProgramPage{Next: begun.Cursor, More: true}
	for range programPages {
		request := activities.ProgramRequest{TheaterID: in.TheaterID, Cursor: page.Next}
		page = activities.ProgramPage{}
		if err := askHouse(in.TheaterID, "Read a page of the theater's program", houseSync.ReadHouseProgram, request, &page).durably(ctx); err != nil {
			return result, programFailed(ctx, in, err)
		}
		if err := changeShows(ctx, in.TheaterID, page.HouseApplied, &result); err != nil {
			return result, err
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d shows listed, %d new, %d changed, %d stopped, %d not sellable\n",
			result.Listed, result.Added, result.Changed, result.Stopped, result.Unsellable))
		if !page.More {
			result.Changes = nil
			return result, nil
		}
	}
	return result, workflow.NewContinueAsNewError(ctx, HouseProgramWorkflow, in)
}

// programFailed notes that the program was not read. That is no failure of the workflow: the
// next round tries again, and staff see since when.
func programFailed(ctx workflow.Context, in HouseInput, err error) error {
	if temporal.IsCanceledError(err) {
		return err
	}
	workflow.GetLogger(ctx).Warn("the program of a theater was not read", "theater_id", in.TheaterID, "error", err)
	return ofHouses("Note that the program was not read", houseSync.NoteProgramFailed,
		activities.ProgramFailure{TheaterID: in.TheaterID, Why: message(err)}, nil).durably(ctx)
}

// changeShows starts the workflow of each show that was cancelled or moved. One that runs
// already does the same.
func changeShows(ctx workflow.Context, theaterID string, applied booking.HouseApplied, result *booking.HouseApplied) error {
	result.Add(applied)
	var started []workflow.ChildWorkflowFuture
	for _, change := range applied.Changes {
		name, what := CancelShowWorkflow, "cancelled"
		if change.Kind == booking.ChangeRescheduled {
			name, what = MoveShowWorkflow, "moved"
		}
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: ShowChangeWorkflowID(change.Kind, change.ShowID, change.ChangeID),
			TaskQueue:  QueueOperations, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			StaticSummary:         "The theater's own system has " + what + " show " + change.ShowID,
			TypedSearchAttributes: temporal.NewSearchAttributes(AttrShowID.ValueSet(change.ShowID), AttrTheaterID.ValueSet(theaterID)),
		})
		started = append(started, workflow.ExecuteChildWorkflow(child, name, ShowChangeInput{Request: change}))
	}
	return awaitStarts(ctx, started...)
}
