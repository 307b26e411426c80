package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

const (
	// houseHoldWithin is how long the slow path may ask a theater's system for seats while
	// the customer waits.
	houseHoldWithin = 4 * time.Second
	// houseKeeps is how long seats stay off sale here that a theater's system may still hold
	// for us, because it did not answer when we let them go. No hold there is longer.
	houseKeeps = 30 * time.Minute
	// houseDecidesWithin is how long the slow path waits for the theater's answer before the
	// customer is told that it waits.
	houseDecidesWithin = 2 * time.Second
	// houseAskedEvery is the longest pause between two questions about a sale: the customer
	// waits, and the bank has reserved the money.
	houseAskedEvery = 15 * time.Second
	// houseLetGoWithin is how long a theater's system is asked to undo what nothing stands for any
	// more. After that the comparison of the sales finds it, and staff.
	houseLetGoWithin = 72 * time.Hour
	// houseSettleWithin is the same for a booking whose workflow is gone.
	houseSettleWithin = 2 * time.Minute
	// houseCancelWithin is how long a customer's cancellation waits for the theater's answer
	// before it is accepted as asked for.
	houseCancelWithin = 4 * time.Second
)

// atHouse is what a booking has at its theater's own system, the house. It is empty for a
// show whose seats are ours.
type atHouse struct {
	reference string // the house's own id of the order
	asked     bool   // the house was asked to sell, so it may have
	left      bool   // the order is undone, or being undone
	taken     []string
	// cancelling is true while a cancellation waits for the house.
	cancelling bool
	// waited is true when the house took long to decide about the sale, and cancelLater when the
	// booking was cancelled meanwhile.
	waited, cancelLater bool
	// told ends when the house knows of a sale of its allotment, or will not be told any more;
	// stopTelling sees to the latter. Nil without an allotment.
	told        workflow.Future
	stopTelling workflow.CancelFunc
}

// remote tells whether the house sells the booking's seats.
func (s *saga) remote() bool { return s.held.House != nil && !s.held.House.Allotted }

func (s *saga) houseOrder() booking.HouseOrder {
	return booking.HouseOrder{BookingID: s.in.BookingID, Attempt: 1, Terms: *s.held.House, Reference: s.house.reference}
}

// callHouse is a step that calls the house. A house that is slow delays its own bookings only:
// the queue serves theaters in turn.
func (s *saga) callHouse(summary string, activity, in, out any) step {
	calling := callVendor(QueueHouses, summary, activity, in, out)
	calling.fairly = s.held.House.TheaterID
	return calling
}

// waitedFor is callHouse for a step that the customer waits for. It does not wait behind the
// orders that are let go, of which there are many while a theater fails.
func (s *saga) waitedFor(summary string, activity, in, out any) step {
	calling := s.callHouse(summary, activity, in, out)
	calling.first = true
	return calling
}

// holdAtHouse holds the seats at the house, for which ours is only the place in the queue.
// The undoing of our own hold also undoes it.
func (s *saga) holdAtHouse(ctx workflow.Context) error {
	if !s.remote() {
		return nil
	}
	s.doing("holding the seats at the theater")
	var hold booking.HouseHold
	holding := s.waitedFor("Hold "+s.seats()+" at the theater", houses.HoldAtTheater, s.houseOrder(), &hold).upTo(houseHoldWithin)
	done, err := s.fastPath(ctx, holding)
	if !done && code(err) == booking.CodeFastPathSkipped && reasonOf(err) != booking.ReasonRate {
		// The house fails, and the customer need not wait for that. An earlier run of this task may
		// have asked, so it is let go as always.
		return houseAway()
	}
	if !done {
		err = holding.durably(ctx)
	}
	switch {
	case err == nil:
		s.house.reference = hold.Reference
		s.held.ExpiresAt, s.held.ExpiresIn = hold.ExpiresAt, hold.ExpiresIn
		return nil
	case code(err) == booking.CodeSeatsUnavailable:
		s.house.taken = refusedSeats(err)
		return err
	case final(err):
		return err
	default:
		return houseAway()
	}
}

func houseAway() error {
	return refusal(booking.CodeHouseUnavailable,
		"The theater's own system does not answer. No seats are held and no money was taken; please try again.")
}

// refusedSeats are the seats that a refusal names.
func refusedSeats(err error) []string { return refusalOf(err).Seats }

func reasonOf(err error) string { return refusalOf(err).Reason }

func refusalOf(err error) (detail booking.Refusal) {
	if app := applicationError(err); app != nil && app.HasDetails() && app.Details(&detail) != nil {
		return booking.Refusal{}
	}
	return detail
}

// confirmAtHouse sells the seats at the house, once the money is authorized. While the house
// has not decided, the booking waits: an authorization can still go back, a sale with money
// taken cannot so easily.
func (s *saga) confirmAtHouse(ctx workflow.Context) error {
	if !s.remote() {
		return nil
	}
	s.doing("selling the seats at the theater")
	s.house.asked = true
	var sale booking.HouseSale
	selling := s.waitedFor("Sell "+s.seats()+" at the theater", houses.ConfirmAtTheater, s.houseOrder(), &sale)
	selling.longest = houseAskedEvery
	done, err := s.fastPath(ctx, selling)
	if !done {
		s.stopHoldTimer()
		s.house.waited = true
		deciding := selling.start(ctx)
		if !readyWithin(ctx, deciding, houseDecidesWithin) {
			s.undecided(ctx)
		}
		for !deciding.IsReady() {
			s.answerUndecided(ctx, s.next(ctx, deciding))
		}
		err = deciding.Get(ctx, &sale)
	}
	if err == nil {
		s.house.reference = sale.Reference
	}
	return err
}

// readyWithin waits for a future for a while, and tells whether it is ready. No timer is left.
func readyWithin(ctx workflow.Context, future workflow.Future, d time.Duration) bool {
	ctx, stop := workflow.WithCancel(ctx)
	defer stop()
	ok, err := workflow.AwaitWithTimeout(ctx, d, future.IsReady)
	return ok || err != nil
}

// undecided tells the customer, whose page must not ask for the money again, that the theater
// has not decided.
func (s *saga) undecided(ctx workflow.Context) {
	s.record(ctx, s.payment)
	s.note(ctx, booking.EventConfirming, "the theater has not answered; the seats stay")
	if err := s.database(ctx, "Say that the theater confirms the seats", houses.NoteConfirming, s.in.BookingID, nil); err != nil {
		s.logger.Error("cannot write that the theater confirms the seats", "error", err)
	}
	s.publish(ctx)
}

// answerUndecided does one thing that happens to a booking that is paid and whose theater has
// not decided about the sale.
func (s *saga) answerUndecided(ctx workflow.Context, event any) {
	switch event := event.(type) {
	case booking.PaymentState:
		if event.Reference != s.payment.Reference {
			s.heardOfAnother(ctx, event)
		}
	case command:
		if _, asks := event.request.(checkPayment); asks {
			event.reply.answer(nil)
			return
		}
		event.reply.answer(refusal(booking.CodeConflict,
			"The theater is confirming the seats, which takes longer than usual. Please try again in a few minutes."))
	case ShowRescheduled:
		if s.concernsNews(event.ChangeID, event.ShowID) {
			s.takeIn(event)
		}
	case canceled, undoneThere:
		s.house.cancelLater = true
	default:
		// The sale here finds out that the show is cancelled, and everything goes back.
	}
}

// soldTooLate tells whether the theater decided only after the show had begun: its customer had
// no code to go in with.
func (s *saga) soldTooLate(ctx workflow.Context) bool {
	starts := s.held.Show.StartsAt
	return s.house.waited && !starts.IsZero() && !workflow.Now(ctx).Before(starts)
}

// tellHouse tells the house of a sale of seats that it had given to us: later, and for as
// long as it takes.
func (s *saga) tellHouse(ctx workflow.Context) {
	if s.held.House == nil || !s.held.House.Allotted {
		return
	}
	telling := s.callHouse("Tell the theater of the sale of its allotment", houses.TellAllotted, s.houseOrder(), nil)
	telling.ends = true
	told, settle := workflow.NewFuture(ctx)
	stoppable, stop := workflow.WithCancel(ctx)
	s.house.told, s.house.stopTelling = told, stop
	s.beside(stoppable, func(ctx workflow.Context) {
		defer settle.Set(nil, nil)
		if err := telling.durably(ctx); err != nil && ctx.Err() == nil {
			s.alert(ctx, booking.AlertHouseSaleMissing, message(err))
		}
	})
}

// stopTellingHouse makes sure that the house is not told any more of a sale that is undone: it
// would be sold there after it was cancelled.
func (s *saga) stopTellingHouse(ctx workflow.Context) {
	if s.house.told == nil {
		return
	}
	s.house.stopTelling()
	_ = s.house.told.Get(ctx, nil)
}

// leaveHouse undoes what the booking has at the house. It says how our own seats become free:
// those that the house may still hold for us stay off sale for a while. later is what is to be
// done after that; nil when nothing is.
func (s *saga) leaveHouse(ctx workflow.Context) (end booking.Ending, later func(workflow.Context)) {
	if !s.remote() || s.house.left {
		return end, nil
	}
	s.house.left = true
	end.HouseSold = s.house.taken
	request := activities.LeaveRequest{Order: s.houseOrder(), MaybeSold: s.house.asked}
	leaving := s.callHouse("Let "+s.seats()+" go at the theater", houses.LeaveTheater, request, nil)
	done, err := s.fastPath(ctx, leaving)
	if done && err == nil {
		return end, nil
	}
	end.HouseKeeps = houseKeeps
	if done {
		s.leftHouse(ctx, err)
		return end, nil
	}
	return end, func(ctx workflow.Context) { s.leftHouse(ctx, leaving.upTo(houseLetGoWithin).durably(ctx)) }
}

func (s *saga) leftHouse(ctx workflow.Context, err error) {
	if err != nil {
		s.logger.Error("the theater keeps an order that was let go", "error", err)
		s.alert(ctx, booking.AlertHouseSaleOrphan, message(err))
	}
}

// cancelAtHouse undoes the sale at the house before anything is undone here: its cut-off
// decides about a customer's cancellation. A house that does not answer keeps the customer
// waiting for the money, not for the answer. All other cancellations go on without the house,
// which is asked for as long as it makes sense.
func (s *saga) cancelAtHouse(ctx workflow.Context, how cancellation) error {
	switch {
	case s.held.House == nil, s.house.left:
		return nil
	case s.house.cancelling && !how.byCustomer:
		return nil // the house is asked already
	case s.house.cancelling:
		return refusal(booking.CodeConflict, "The cancellation waits for the theater's answer.")
	}
	s.stopTellingHouse(ctx)
	s.house.cancelling = true
	defer func() { s.house.cancelling = false }()
	cancelling := s.waitedFor("Cancel "+s.seats()+" at the theater", houses.CancelAtTheater,
		activities.TheaterCancellation{Order: s.houseOrder(), EvenScanned: how.evenScanned}, nil)
	if !how.byCustomer {
		cancelling = cancelling.upTo(houseLetGoWithin)
	}
	answer := cancelling.start(ctx)
	switch answered := readyWithin(ctx, answer, houseCancelWithin); {
	case answered:
	case how.byCustomer:
		s.cancelWaits(ctx, how.asked)
		for !answer.IsReady() {
			s.answerMeanwhile(ctx, s.next(ctx, answer))
		}
		if err := answer.Get(ctx, nil); err != nil && s.state.Status == booking.StatusConfirmed {
			s.cancelRefused(ctx, err)
			return err
		}
	default:
		s.house.left = true
		s.beside(ctx, func(ctx workflow.Context) { s.leftHouse(ctx, answer.Get(ctx, nil)) })
		return nil
	}
	err := answer.Get(ctx, nil)
	if err != nil && (!how.byCustomer || s.state.Status != booking.StatusConfirmed) {
		s.leftHouse(ctx, err) // also when it was cancelled here while the customer waited
		err = nil
	}
	s.house.left = err == nil
	return err
}

// cancelRefused tells the customer and staff that the house has refused what it was asked for
// in time.
func (s *saga) cancelRefused(ctx workflow.Context, why error) {
	s.note(ctx, booking.EventCancelRefused, message(why))
	if err := s.database(ctx, "Say that the theater refuses the cancellation", houses.NoteCancelRefused, s.in.BookingID, nil); err != nil {
		s.logger.Error("cannot write that the theater refuses the cancellation", "error", err)
	}
	s.alert(ctx, booking.AlertHouseCancelRefused, message(why))
}

func (s *saga) cancelWaits(ctx workflow.Context, asked *reply) {
	s.note(ctx, booking.EventCancelAsked, "the theater has not answered")
	if err := s.database(ctx, "Say that the cancellation is asked for", houses.NoteCancelAsked, s.in.BookingID, nil); err != nil {
		s.logger.Error("cannot write that the cancellation is asked for", "error", err)
	}
	if asked != nil {
		asked.answer(nil)
	}
}

// extendAtHouse makes the house hold the seats for longer, and bounds our own time by its.
func (s *saga) extendAtHouse(ctx workflow.Context, request ExtendRequest) (ExtendRequest, error) {
	if !s.remote() {
		return request, nil
	}
	var most time.Duration
	err := s.callHouse("More time at the theater", houses.ExtendAtTheater, s.houseOrder(), &most).upTo(houseHoldWithin).durably(ctx)
	switch {
	case err == nil:
		if !request.Customer {
			// Staff add to the end that the hold has.
			most -= max(s.runsOut.Sub(workflow.Now(ctx)), 0)
		}
		if request.By = min(request.By, most); request.By <= 0 {
			return request, notExtendable(booking.ReasonTheaterDecides)
		}
		return request, nil
	case code(err) == booking.CodeHoldNotExtendable, code(err) == booking.CodeHoldLost:
		return request, notExtendable(booking.ReasonTheaterDecides)
	case final(err):
		return request, err
	default:
		return request, refusal(booking.CodeHouseUnavailable, "The theater's own system does not answer. Please try again.")
	}
}
