package workflows

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// LatePayment settles money that arrived after its booking had ended: the same
// seats in a new booking if they are still to be had, the money back otherwise,
// never both. A status that has ended does not move back, so it is a new booking.
func LatePayment(ctx workflow.Context, in LatePaymentInput) (LatePaymentResult, error) {
	s := newSaga(ctx, BookingInput{BookingID: in.Payment.BookingID, Policy: in.Policy})
	s.payment = in.Payment
	// Where it went; the person who is told is the one of the old booking.
	s.held = booking.Held{BookingID: in.Payment.BookingID, Channels: []booking.Channel{booking.ChannelEmail, booking.ChannelSMS}}
	// Our books may never have heard of it: a new booking can only adopt what they
	// know.
	s.record(ctx, in.Payment)
	if in.Rebook {
		if started, id := s.rebook(ctx, in); started {
			return LatePaymentResult{Outcome: "rebooked", NewBookingID: id}, nil
		}
	}
	s.returnPayment(ctx, in.Payment)
	s.tellOfReturn(ctx, in.Payment)
	s.background.Wait(ctx)
	return LatePaymentResult{Outcome: "given_back"}, nil
}

// rebook starts a booking that uses the late money. From then on the money is
// that booking's: it sells the seats or gives the money back itself.
func (s *saga) rebook(ctx workflow.Context, in LatePaymentInput) (bool, string) {
	var plan activities.Rebooking
	if err := s.database(ctx, "Are the seats still to be had?", seats.PlanRebooking, in.Payment, &plan); err != nil || !plan.Possible {
		return false, ""
	}
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            BookingWorkflowID(plan.BookingID),
		TaskQueue:             QueueBookings,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		StaticSummary:         "Rebooked from " + in.Payment.BookingID + ": paid after the hold ran out",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			AttrBookingStatus.ValueSet(string(booking.StatusHeld)),
			AttrPaymentStatus.ValueSet(string(in.Payment.Status)),
			AttrShowID.ValueSet(plan.ShowID),
			AttrTheaterID.ValueSet(plan.TheaterID),
			AttrCustomerID.ValueSet(plan.CustomerID)),
	})
	policy := in.Policy
	if plan.Refunds != nil {
		policy.Refunds = plan.Refunds
	}
	future := workflow.ExecuteChildWorkflow(child, BookingWorkflow, BookingInput{
		BookingID: plan.BookingID, CustomerID: plan.CustomerID, ShowID: plan.ShowID, Seats: plan.Seats,
		Provider: in.Payment.Provider, Policy: policy, Adopt: &in.Payment,
	})
	err := future.GetChildWorkflowExecution().Get(ctx, nil)
	// Started before means that an earlier run of this workflow did it.
	return err == nil || temporal.IsWorkflowExecutionAlreadyStartedError(err), plan.BookingID
}
