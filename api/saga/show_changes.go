package saga

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// ChangeShow starts the change's workflow, or reaches the running one, and waits until the
// show itself is changed.
func (c *Client) ChangeShow(ctx context.Context, in workflows.ShowChangeInput, show booking.ShowSummary) (booking.ShowChange, error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	var change booking.ShowChange
	options := changeOptions(in.Request, show)
	// The same for every retry, and different for every request: an ended workflow must not
	// answer for the one to be started.
	updateID := uuid.NewString()
	err := whenReady(ctx, redone, func() error {
		handle, err := c.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: c.client.NewWithStartWorkflowOperation(options, changeWorkflow(in.Request.Kind), in),
			UpdateOptions: client.UpdateWorkflowOptions{
				UpdateID: updateID, WorkflowID: options.ID, UpdateName: workflows.UpdateChangeShow,
				WaitForStage: client.WorkflowUpdateStageCompleted,
			},
		})
		if err != nil {
			return err
		}
		return handle.Get(ctx, &change)
	})
	return change, changeError(err)
}

// ChangeProgress asks the workflow how far it is.
func (c *Client) ChangeProgress(ctx context.Context, change booking.ShowChange) (workflows.ChangeProgress, error) {
	ctx, cancel := context.WithTimeout(ctx, outcomeWithin)
	defer cancel()
	var progress workflows.ChangeProgress
	id := workflows.ShowChangeWorkflowID(change.Kind, change.ShowID, change.ID)
	answer, err := c.client.QueryWorkflowWithOptions(ctx, &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: id, QueryType: workflows.QueryProgress,
		QueryRejectCondition: enums.QUERY_REJECT_CONDITION_NOT_OPEN,
	})
	if err != nil {
		return progress, Translate(err)
	}
	if answer.QueryRejected != nil {
		return progress, ErrEnded
	}
	return progress, Translate(answer.QueryResult.Get(&progress))
}

// PauseChange has the workflow tell no more bookings.
func (c *Client) PauseChange(ctx context.Context, change booking.ShowChange, _ booking.ShowSummary) error {
	ctx, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	id := workflows.ShowChangeWorkflowID(change.Kind, change.ShowID, change.ID)
	return Translate(c.client.SignalWorkflow(ctx, id, "", workflows.SignalPause, nil))
}

// ResumeChange lets the workflow go on, and starts it again when it is gone.
func (c *Client) ResumeChange(ctx context.Context, change booking.ShowChange, show booking.ShowSummary) error {
	ctx, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	// The change is in the database: of the request, only what names it is needed.
	in := workflows.ShowChangeInput{Request: booking.ShowChangeRequest{
		ChangeID: change.ID, ShowID: change.ShowID, Kind: change.Kind, Reason: change.Reason,
	}}
	options := changeOptions(in.Request, show)
	_, err := c.client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalResume, nil, options, changeWorkflow(change.Kind), in)
	return changeError(err)
}

func changeWorkflow(kind booking.ChangeKind) string {
	if kind == booking.ChangeCancelled {
		return workflows.CancelShowWorkflow
	}
	return workflows.MoveShowWorkflow
}

func changeOptions(req booking.ShowChangeRequest, show booking.ShowSummary) client.StartWorkflowOptions {
	what := "Cancel"
	if req.Kind == booking.ChangeRescheduled {
		what = "Move"
	}
	return client.StartWorkflowOptions{
		ID:                       workflows.ShowChangeWorkflowID(req.Kind, req.ShowID, req.ChangeID),
		TaskQueue:                workflows.QueueOperations,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		// A request that was refused may be repeated, and a change that was stopped
		// taken up again: the database knows what has been done.
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary: fmt.Sprintf("%s · %s · %s · %s", what, show.MovieTitle, show.TheaterName,
			show.LocalStart().Format("Mon 2 Jan 15:04")),
		StaticDetails: fmt.Sprintf("**%s a show**: %s\n\n- Theater: %s, %s\n- Starts: %s (%s)\n- Show: `%s`\n- Change: `%s`\n",
			what, show.MovieTitle, show.TheaterName, show.ScreenName,
			show.LocalStart().Format("Monday 2 January 2006 15:04"), show.TimeZone, req.ShowID, req.ChangeID),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttrShowID.ValueSet(req.ShowID), workflows.AttrTheaterID.ValueSet(show.TheaterID)),
	}
}

// changeError speaks of shows where Translate speaks of bookings.
func changeError(err error) error {
	err = Translate(err)
	if booking.CodeOf(err) == booking.CodeUnavailable {
		return booking.E(booking.CodeUnavailable, "The show cannot be changed right now. Try again shortly; it is done once.").Wrap(err)
	}
	return err
}
