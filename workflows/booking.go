package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// runBooking is the life of one booking: hold the seats, have them paid, sell them,
// take the money, tell the customer, remind, and wait for the show. Until then it
// answers cancellations, staff, and news of the show.
func runBooking(ctx workflow.Context, in BookingInput) (BookingState, error) {
	s := newSaga(ctx, in)
	if err := s.listen(ctx); err != nil {
		return BookingState{}, err
	}
	// A cancellation of the workflow is one more event for the booking; it must not
	// interrupt a step.
	ctx, done := workflow.NewDisconnectedContext(ctx)
	defer done()
	if in.TakeUp {
		return s.takeUp(ctx)
	}
	if err := s.hold(ctx); err != nil {
		return s.reject(ctx, err)
	}
	if err := s.holdAtHouse(ctx); err != nil {
		return s.giveUp(ctx, s.notHeld(err))
	}
	s.holds(ctx)
	if err := s.openPayment(ctx); err != nil {
		return s.giveUp(ctx, ending{status: booking.StatusPaymentFailed, reason: err})
	}
	if end := s.awaitPayment(ctx); end != nil {
		return s.giveUp(ctx, *end)
	}
	return s.sell(ctx)
}

// sell goes from money that is authorized to the show.
func (s *saga) sell(ctx workflow.Context) (BookingState, error) {
	s.note(ctx, booking.EventAuthorized, s.held.Quote.Total.String()+" with "+s.payment.Provider)
	if err := s.confirmAtHouse(ctx); err != nil {
		return s.giveUp(ctx, notSold(err))
	}
	if s.soldTooLate(ctx) {
		return s.giveUp(ctx, notSold(refusal(booking.CodeHoldLost, "The theater did not answer before the show began. The money goes back.")))
	}
	if err := s.confirm(ctx); err != nil {
		return s.giveUp(ctx, notSold(err))
	}
	if err := s.capture(ctx); err != nil {
		return s.giveUp(ctx, ending{status: booking.StatusCancelled, reason: err, notice: booking.NoticePaymentFailed})
	}
	if s.state.Status == booking.StatusConfirmed { // it may have been cancelled while the provider was away
		s.tell(ctx, booking.NoticeConfirmed)
		if s.house.cancelLater {
			s.refundInFull(ctx, cancellation{reason: "Cancelled by the theater.", notice: booking.NoticeCancelled})
		}
		s.attend(ctx)
	}
	return s.finish(ctx)
}

// hold claims the seats, all or none. Its undoing frees them.
func (s *saga) hold(ctx workflow.Context) error {
	s.doing("holding the seats")
	s.undo.push("free the seats", s.freeSeats)
	err := s.run(ctx, s.ours("Hold seats "+s.seats(), seats.Hold, booking.HoldRequest{
		BookingID:   s.in.BookingID,
		CustomerID:  s.in.CustomerID,
		ShowID:      s.in.ShowID,
		Seats:       s.in.Seats,
		HoldFor:     s.in.Policy.HoldFor,
		MaxHolds:    s.in.Policy.MaxHolds,
		RequestHash: s.in.RequestHash,
		// Never nil, which would be no terms at all.
		Refunds:     append(booking.CancellationPolicy{}, s.in.Policy.Refunds...),
		Accessible:  s.in.Accessible,
		FetchWithin: s.fetchWithin(),
		TooLate:     s.startedLate(ctx),
		Rules:       s.in.Rules,
	}, &s.held).upTo(s.in.Policy.OpenWithin))
	if err != nil {
		return err
	}
	return nil
}

// holds starts the time to pay, now that everything is held.
func (s *saga) holds(ctx workflow.Context) {
	s.state.HoldExpiresAt = s.held.ExpiresAt
	s.startHoldTimer(ctx, s.held.ExpiresIn)
	s.note(ctx, booking.EventHeld, s.seats()+" for "+s.held.Quote.Total.String())
}

// notHeld says how a booking ends whose seats its theater's own system did not hold. Money
// that is there already goes back.
func (s *saga) notHeld(err error) ending {
	end := ending{status: booking.StatusRejected, reason: err}
	if s.in.Adopt != nil {
		s.payment, end.notice = *s.in.Adopt, booking.NoticePaymentReturned
		s.undo.push("give the money back", s.giveMoneyBack)
	}
	return end
}

// fetchWithin is how long the hold waits for its answer to be fetched. No caller waits
// for the answer of a booking that uses money which is already there.
func (s *saga) fetchWithin() time.Duration {
	if s.in.Adopt != nil {
		return 0
	}
	return s.in.Policy.FetchWithin
}

// startedLate tells whether the caller of the hold no longer waits. The database is still
// asked: an earlier attempt of this task may have held the seats and been lost, and the
// customer may already know of the seats.
func (s *saga) startedLate(ctx workflow.Context) bool {
	within := s.in.StartWithin
	return within != 0 && workflow.Now(ctx).Sub(workflow.GetInfo(ctx).WorkflowStartTime) > within
}

// openPayment asks the provider for a payment, unless the booking was made for
// one that is already there. Its undoing gives the money back.
func (s *saga) openPayment(ctx workflow.Context) error {
	s.undo.push("give the money back", s.giveMoneyBack)
	if s.in.Adopt != nil {
		return s.adopt(ctx, *s.in.Adopt)
	}
	s.doing("opening the payment")
	err := s.open(ctx, s.in.Provider)
	s.answerHold(err)
	return err
}

// confirm sells the seats if they are still this booking's, and issues the
// ticket. Its undoing comes before that of the payment: a ticket must be void
// before its money goes back.
func (s *saga) confirm(ctx workflow.Context) error {
	s.doing("selling the seats")
	s.undo.push("void the ticket", s.freeSeats)
	var confirmed booking.Confirmed
	if err := s.database(ctx, "Sell seats "+s.seats(), seats.Confirm, s.confirmRequest(), &confirmed); err != nil {
		return err
	}
	s.state.Status = booking.StatusConfirmed
	s.stopHoldTimer()
	s.note(ctx, booking.EventConfirmed, "ticket "+confirmed.TicketSerial)
	return nil
}

// notSold says how a booking ends whose seats could not be sold.
func notSold(err error) ending {
	if code(err) == booking.CodeShowNotOnSale {
		return ending{status: booking.StatusCancelled, reason: err, notice: booking.NoticeShowCancelled}
	}
	return ending{status: booking.StatusExpired, reason: err, notice: booking.NoticePaymentReturned}
}

// capture takes the money, only now that the seats are sold.
func (s *saga) capture(ctx workflow.Context) error {
	s.doing("taking the money")
	s.state.PaymentStatus = booking.PaymentAuthorized
	if s.payment.Captured == 0 {
		taken, err := s.take(ctx)
		if err != nil || s.state.Status == booking.StatusCancelled {
			return err
		}
		s.payment = keepSecrets(taken, s.payment)
	}
	s.state.PaymentStatus = booking.PaymentCaptured
	s.note(ctx, booking.EventCaptured, s.held.Quote.Total.String())
	s.publish(ctx)
	s.tellHouse(ctx)
	return nil
}

// finish waits for what still runs beside the saga, and closes it. Money that arrives
// meanwhile is still refunded.
func (s *saga) finish(ctx workflow.Context) (BookingState, error) {
	for {
		s.refuseCommands()
		s.background.Wait(ctx)
		if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
			return s.state, err
		}
		var news booking.PaymentState
		if !workflow.GetSignalChannel(ctx, SignalPayment).ReceiveAsync(&news) {
			break
		}
		if news.Reference != s.payment.Reference {
			s.heardOfAnother(ctx, news)
		}
	}
	s.doing("done")
	workflow.SetCurrentDetails(ctx, s.details())
	return s.state, nil
}
