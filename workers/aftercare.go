package workers

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
)

// Aftercare reaches the workflows of bookings that are over through Temporal.
func Aftercare(c client.Client) activities.Aftercare { return aftercare{c} }

type aftercare struct{ client client.Client }

// GiveBack starts the booking's aftercare with what it is to do, or signals the running
// one.
func (a aftercare) GiveBack(ctx context.Context, wish activities.GiveBackRequest) error {
	id := workflows.AftercareWorkflowID(wish.BookingID)
	_, err := a.client.SignalWithStartWorkflow(ctx, id, workflows.SignalRefund, wish.Refund, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.QueueBookings,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "After its end: booking " + wish.BookingID,
	}, workflows.AftercareWorkflow, workflows.AftercareInput{BookingID: wish.BookingID, Policy: wish.Policy})
	if err != nil {
		return fmt.Errorf("give money of booking %s back: %w", wish.BookingID, err)
	}
	return nil
}
