package saga

import (
	"context"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// TakeUp starts the workflow of a booking again that has none, and tells it what its
// payment is like now. It also reaches a workflow that was started meanwhile.
func (c *Client) TakeUp(ctx context.Context, b booking.Booking, policy booking.Policy, state booking.PaymentState) error {
	ctx, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	in := workflows.BookingInput{
		BookingID: b.ID, CustomerID: b.CustomerID, ShowID: b.Show.ID, Seats: b.Seats, Provider: state.Provider, Policy: policy, TakeUp: true,
	}
	_, err := c.client.SignalWithStartWorkflow(ctx, workflows.BookingWorkflowID(b.ID), workflows.SignalPayment, state, client.StartWorkflowOptions{
		TaskQueue:             workflows.QueueBookings,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         summaryFor(b.Seats, b.Show),
		StaticDetails:         detailsFor(in, b.Show),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttrBookingStatus.ValueSet(string(b.Status)),
			workflows.AttrPaymentStatus.ValueSet(string(state.Status)),
			workflows.AttrShowID.ValueSet(b.Show.ID),
			workflows.AttrTheaterID.ValueSet(b.Show.TheaterID),
			workflows.AttrCustomerID.ValueSet(b.CustomerID)),
	}, workflows.BookingWorkflow, in)
	return Translate(err)
}
