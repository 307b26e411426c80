package workers

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// Movements tells the workflows of bookings about money through Temporal.
func Movements(c client.Client) activities.Movements { return movements{c} }

type movements struct{ client client.Client }

// Moved signals a booking's workflow. Where none runs, aftercare voids the ticket of money
// that a bank has taken back; there is nothing else to do about what our books have.
func (m movements) Moved(ctx context.Context, bookingID string, state booking.PaymentState, policy booking.Policy) error {
	running, err := Sagas(m.client).Signal(ctx, bookingID, workflows.SignalPayment, state)
	if err != nil || running || !state.TakenBack() {
		return err
	}
	id := workflows.AftercareWorkflowID(bookingID)
	_, err = m.client.SignalWithStartWorkflow(ctx, id, workflows.SignalPayment, state, afterItsEnd(bookingID),
		workflows.AftercareWorkflow, workflows.AftercareInput{BookingID: bookingID, Policy: policy})
	if err != nil {
		return fmt.Errorf("tell aftercare of booking %s: %w", bookingID, err)
	}
	return nil
}

// afterItsEnd are the options of a booking's aftercare.
func afterItsEnd(bookingID string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: workflows.AftercareWorkflowID(bookingID), TaskQueue: workflows.QueueBookings,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "After its end: booking " + bookingID,
	}
}

// Aftercare reaches the workflows of bookings that are over through Temporal.
func Aftercare(c client.Client) activities.Aftercare { return aftercare{c} }

type aftercare struct{ client client.Client }

// GiveBack starts the booking's aftercare with what it is to do, or signals the running
// one.
func (a aftercare) GiveBack(ctx context.Context, wish activities.GiveBackRequest) error {
	id := workflows.AftercareWorkflowID(wish.BookingID)
	_, err := a.client.SignalWithStartWorkflow(ctx, id, workflows.SignalRefund, wish.Refund, afterItsEnd(wish.BookingID),
		workflows.AftercareWorkflow, workflows.AftercareInput{BookingID: wish.BookingID, Policy: wish.Policy})
	if err != nil {
		return fmt.Errorf("give money of booking %s back: %w", wish.BookingID, err)
	}
	return nil
}
