package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// SettleBooking does for a booking of a changed show what the booking's own
// workflow would do, which has ended or was terminated: the ticket is void and the
// seats are free before the money goes back, and the customer is told. Every step
// has the keys that the booking's workflow would have used, so what that did is
// not done again. What is refused for good is a person's to settle.
func SettleBooking(ctx workflow.Context, in SettleBookingInput) error {
	s := &settlement{in: in}
	err := s.run(ctx)
	if err == nil || !final(err) {
		return err
	}
	s.needsAPerson(ctx, message(err))
	return nil
}

type settlement struct{ in SettleBookingInput }

func (s *settlement) run(ctx workflow.Context) error {
	left, err := s.left(ctx)
	if err != nil || left.Elsewhere {
		return err
	}
	if s.in.Refund {
		if err = s.end(ctx, left); err != nil {
			return err
		}
		if left, err = s.left(ctx); err != nil {
			return err
		}
	}
	// The money first: a customer who reads the message looks at the account.
	err = s.giveBack(ctx, left)
	if s.concerns(left) {
		s.tell(ctx, left)
	}
	return err
}

// concerns tells whether the customer is told of the change: not one whose
// booking had ended otherwise before its turn came.
func (s *settlement) concerns(left booking.Settlement) bool {
	switch {
	case s.in.Notice == "":
		return false
	case s.in.Refund:
		return left.CancelledSince
	default:
		return left.Status == booking.StatusConfirmed
	}
}

// end ends the booking by what the database says of it.
func (s *settlement) end(ctx workflow.Context, left booking.Settlement) error {
	switch left.Status {
	case booking.StatusConfirmed:
		return s.step(ctx, QueueBookings, "Void the ticket and free the seats", seats.CancelBooking, booking.Cancellation{
			BookingID: s.in.BookingID, Refund: left.Total, Detail: s.in.Reason, EvenScanned: true,
		}, nil)
	case booking.StatusHeld:
		return s.step(ctx, QueueBookings, "Free the seats", seats.EndBooking, booking.Ending{
			BookingID: s.in.BookingID, Status: booking.StatusCancelled, Detail: s.in.Reason,
		}, nil)
	default:
		return nil
	}
}

// giveBack sees to it that nothing of the customer's money stays that is not ours.
// Payments do not wait for each other: what one refuses is told at the end.
func (s *settlement) giveBack(ctx workflow.Context, left booking.Settlement) error {
	var refused error
	if left.Refund != nil {
		refused = s.step(ctx, QueuePayments, "Refund "+left.Refund.Amount.String(), payments.RefundPayment, *left.Refund, nil)
	}
	if !left.Status.Terminal() {
		return refused // its payments may still be paid
	}
	for _, payment := range left.GiveBack {
		if err := s.step(ctx, QueuePayments, "Give the money back", payments.GiveBack, payment, nil); err != nil {
			refused = err
		}
	}
	return refused
}

func (s *settlement) left(ctx workflow.Context) (booking.Settlement, error) {
	var left booking.Settlement
	err := s.step(ctx, QueueOperations, "What is left to do?", shows.PlanSettlement,
		activities.SettlementRequest{ChangeID: s.in.ChangeID, BookingID: s.in.BookingID}, &left)
	return left, err
}

// tell sends the notice over every channel; a message never fails a booking.
func (s *settlement) tell(ctx workflow.Context, left booking.Settlement) {
	for _, channel := range []booking.Channel{booking.ChannelEmail, booking.ChannelSMS} {
		note := booking.Notification{BookingID: s.in.BookingID, Channel: channel, Notice: s.in.Notice, ChangeID: s.in.ChangeID}
		if note.Notice == booking.NoticeRescheduled {
			note.Sequence = left.Moves // the booking's own workflow counts so, too
		}
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			TaskQueue: QueueNotifications, StartToCloseTimeout: 30 * time.Second, ScheduleToCloseTimeout: deliverWithin,
			RetryPolicy: patient(), Summary: "Send " + string(note.Notice) + " by " + string(channel),
		}), notifications.Notify, note).Get(ctx, nil)
		if err != nil {
			workflow.GetLogger(ctx).Warn("a message was not sent", "channel", channel, "notice", note.Notice, "error", err)
		}
	}
}

// needsAPerson alerts staff, and counts the booking as failed.
func (s *settlement) needsAPerson(ctx workflow.Context, why string) {
	alert := booking.Alert{BookingID: s.in.BookingID, Kind: booking.AlertShowChangeNotSettled, Detail: why}
	if err := s.step(ctx, QueueBookings, "Alert staff: "+string(alert.Kind), seats.RaiseAlert, alert, nil); err != nil {
		workflow.GetLogger(ctx).Error("cannot alert staff", "kind", alert.Kind, "error", err)
	}
	report := activities.FailureReport{ChangeID: s.in.ChangeID, BookingID: s.in.BookingID, Why: why}
	if err := s.step(ctx, QueueOperations, "A person has to settle it", shows.FailSettlement, report, nil); err != nil {
		workflow.GetLogger(ctx).Error("cannot count the booking as failed", "error", err)
	}
}

func (s *settlement) step(ctx workflow.Context, queue, summary string, step, in, out any) error {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: queue, StartToCloseTimeout: 30 * time.Second, RetryPolicy: patient(), Summary: summary,
	}), step, in).Get(ctx, out)
}
