package workflows

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// runLatePayment settles money that arrived after its booking had ended: the same seats in a
// new booking if they are still free, otherwise a refund, never both. A terminal status
// does not change, so it is a new booking. The database decides which: the webhook that
// started this read the booking earlier, and may be stale.
func runLatePayment(ctx workflow.Context, in LatePaymentInput) (latePaymentResult, error) {
	s := newSaga(ctx, BookingInput{BookingID: in.Payment.BookingID, Policy: in.Policy})
	s.payment = in.Payment
	// Where it went; the person who is told is the one of the old booking.
	s.held = booking.Held{BookingID: in.Payment.BookingID, Channels: []booking.Channel{booking.ChannelEmail, booking.ChannelSMS}}
	// Our books may not know it: a new booking can only adopt what they
	// know.
	s.record(ctx, in.Payment)
	if !knows(ctx, lateDecided) {
		return s.settleUndecided(ctx, in)
	}
	decision, err := s.decideLate(ctx, in.Payment, in.Rebook)
	if err != nil {
		return latePaymentResult{}, err
	}
	if decision == booking.LateRebook {
		if started, id := s.rebook(ctx, in); started {
			return latePaymentResult{Outcome: lateRebooked, NewBookingID: id}, nil
		}
		if decision, err = s.decideLate(ctx, in.Payment, false); err != nil {
			return latePaymentResult{}, err
		}
	}
	if decision == booking.LateSettled {
		return latePaymentResult{Outcome: lateNothingToDo}, nil
	}
	s.returnPayment(ctx, in.Payment)
	s.background.Wait(ctx)
	if s.refused {
		// Staff have the alert. The customer hears from them.
		return latePaymentResult{Outcome: lateNotGivenBack}, nil
	}
	s.tellOfReturn(ctx, in.Payment)
	s.background.Wait(ctx)
	return latePaymentResult{Outcome: lateGivenBack}, nil
}

// settleUndecided is the way of workflows that began before the database decided.
func (s *saga) settleUndecided(ctx workflow.Context, in LatePaymentInput) (latePaymentResult, error) {
	if in.Rebook {
		if started, id := s.rebook(ctx, in); started {
			return latePaymentResult{Outcome: lateRebooked, NewBookingID: id}, nil
		}
	}
	s.returnPayment(ctx, in.Payment)
	s.tellOfReturn(ctx, in.Payment)
	s.background.Wait(ctx)
	return latePaymentResult{Outcome: lateGivenBack}, nil
}

// decideLate waits until the booking has ended: it may be just about to.
func (s *saga) decideLate(ctx workflow.Context, late booking.PaymentState, rebook bool) (decision booking.LateDecision, err error) {
	err = s.database(ctx, "What becomes of the money?", seats.DecideLate,
		activities.LateRequest{Payment: late, Rebook: rebook}, &decision)
	return decision, err
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
	return awaitStarts(ctx, future) == nil, plan.BookingID
}
