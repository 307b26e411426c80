package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// runSettleBooking does for a booking of a changed show what the booking's own
// workflow would do, which has ended or was terminated: the ticket is void and the
// seats are free before the money goes back, and the customer is told. Every step
// has the keys that the booking's workflow would have used, so what that did is not done
// again. A person settles what is refused permanently.
func runSettleBooking(ctx workflow.Context, in settleBookingInput) error {
	s := &settlement{newStepRunner(ctx, patience{queue: QueueBookings, oneTry: 30 * time.Second}, 0), in}
	err := s.settle(ctx)
	if err == nil || !final(err) {
		return err
	}
	s.needsAPerson(ctx, message(err))
	return nil
}

type settlement struct {
	stepRunner
	in settleBookingInput
}

func (s *settlement) settle(ctx workflow.Context) error {
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
	if left.House != nil && !left.Status.Terminal() {
		s.leaveHouse(ctx, *left.House)
	}
	switch left.Status {
	case booking.StatusConfirmed:
		return s.database(ctx, "Void the ticket and free the seats", seats.CancelBooking, booking.Cancellation{
			BookingID: s.in.BookingID, Refund: left.Total, Detail: s.in.Reason, EvenScanned: true,
		}, nil)
	case booking.StatusHeld:
		return s.database(ctx, "Free the seats", seats.EndBooking, booking.Ending{
			BookingID: s.in.BookingID, Status: booking.StatusCancelled, Detail: s.in.Reason,
		}, nil)
	default:
		return nil
	}
}

// leaveHouse undoes the order at the theater's own system. One that the theater keeps is for
// a person: the customer gets the money in any case.
func (s *settlement) leaveHouse(ctx workflow.Context, order booking.HouseOrder) {
	leaving := callVendor(QueueHouses, "Undo the order at the theater", houses.LeaveTheater, activities.LeaveRequest{Order: order, MaybeSold: true}, nil)
	leaving.fairly = order.Terms.TheaterID
	leaving = leaving.upTo(houseSettleWithin) // the customer's money does not wait for a theater that is gone
	if err := leaving.durably(ctx); err != nil {
		s.raise(ctx, booking.Alert{BookingID: s.in.BookingID, Kind: booking.AlertHouseSaleOrphan, Detail: message(err)})
	}
}

// giveBack makes sure that we keep no money that is not ours. Payments do not wait for each
// other: a refused one is returned at the end.
func (s *settlement) giveBack(ctx workflow.Context, left booking.Settlement) error {
	var refused error
	if left.Refund != nil {
		refused = refundStep(*left.Refund, nil).durably(ctx)
	}
	if !left.Status.Terminal() {
		return refused // its payments may still be paid
	}
	for _, payment := range left.GiveBack {
		if err := giveBackStep(payment, nil).durably(ctx); err != nil {
			refused = err
		}
	}
	return refused
}

func (s *settlement) left(ctx workflow.Context) (booking.Settlement, error) {
	var left booking.Settlement
	err := s.run(ctx, s.ours("What is left to do?", shows.PlanSettlement,
		activities.SettlementRequest{ChangeID: s.in.ChangeID, BookingID: s.in.BookingID}, &left).on(QueueOperations))
	return left, err
}

// tell sends the notice over every channel; a message never fails a booking.
func (s *settlement) tell(ctx workflow.Context, left booking.Settlement) {
	for _, channel := range []booking.Channel{booking.ChannelEmail, booking.ChannelSMS} {
		note := booking.Notification{BookingID: s.in.BookingID, Channel: channel, Notice: s.in.Notice, ChangeID: s.in.ChangeID}
		if note.Notice == booking.NoticeRescheduled {
			note.Sequence = left.Moves // the booking's own workflow counts so, too
		}
		if err := sendStep(note).durably(ctx); err != nil {
			s.logger.Warn("a message was not sent", "channel", channel, "notice", note.Notice, "error", err)
		}
	}
}

// needsAPerson alerts staff, and counts the booking as failed.
func (s *settlement) needsAPerson(ctx workflow.Context, why string) {
	s.raise(ctx, booking.Alert{BookingID: s.in.BookingID, Kind: booking.AlertShowChangeNotSettled, Detail: why})
	report := activities.FailureReport{ChangeID: s.in.ChangeID, BookingID: s.in.BookingID, Why: why}
	failed := s.ours("A person has to settle it", shows.FailSettlement, report, nil).on(QueueOperations)
	if err := s.run(ctx, failed); err != nil {
		s.logger.Error("cannot count the booking as failed", "error", err)
	}
}
