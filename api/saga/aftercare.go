package saga

import (
	"context"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// MovedBack says that money of the booking moved back at its provider.
func (c *Client) MovedBack(ctx context.Context, b booking.Booking, state booking.PaymentState, policy booking.Policy) error {
	ctx, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	options := aftercareOptions(b)
	_, err := c.client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalPayment, state, options,
		workflows.AftercareWorkflow, workflows.AftercareInput{BookingID: b.ID, Policy: policy})
	return Translate(err)
}

// GiveBack gives a share of what was paid back, and answers when it is promised.
func (c *Client) GiveBack(ctx context.Context, b booking.Booking, request workflows.RefundRequest, policy booking.Policy) error {
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	options := aftercareOptions(b)
	updateID := uuid.NewString() // the same for every try
	return Translate(whenReady(ctx, redone, func() error {
		handle, err := c.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: c.client.NewWithStartWorkflowOperation(options, workflows.AftercareWorkflow,
				workflows.AftercareInput{BookingID: b.ID, Policy: policy}),
			UpdateOptions: client.UpdateWorkflowOptions{
				UpdateID: updateID, WorkflowID: options.ID, UpdateName: workflows.UpdateRefund, Args: []any{request},
				WaitForStage: client.WorkflowUpdateStageCompleted,
			},
		})
		if err != nil {
			return err
		}
		return handle.Get(ctx, nil)
	}))
}

// RefundShow gives a share back for all bookings of a show.
func (c *Client) RefundShow(ctx context.Context, in workflows.RefundShowInput, show booking.ShowSummary) error {
	ctx, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	_, err := c.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.RefundShowWorkflowID(in.ShowID, in.Request.Percent),
		TaskQueue:                workflows.QueueOperations,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Give money back: " + show.MovieTitle + ", " + show.TheaterName + ", " + show.LocalStart().Format("Mon 2 Jan 15:04"),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttrShowID.ValueSet(show.ID), workflows.AttrTheaterID.ValueSet(show.TheaterID)),
	}, workflows.RefundShowWorkflow, in)
	return Translate(err)
}

func aftercareOptions(b booking.Booking) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       workflows.AftercareWorkflowID(b.ID),
		TaskQueue:                workflows.QueueBookings,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "After its end: " + summaryFor(b.Seats, b.Show),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttrBookingStatus.ValueSet(string(b.Status)),
			workflows.AttrShowID.ValueSet(b.Show.ID),
			workflows.AttrTheaterID.ValueSet(b.Show.TheaterID),
			workflows.AttrCustomerID.ValueSet(b.CustomerID)),
	}
}
