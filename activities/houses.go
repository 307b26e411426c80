package activities

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// houseMargin is how much earlier our own hold ends than that of the house: time to
	// confirm there what was paid in the last second.
	houseMargin = time.Minute
	// houseHoldUnknown is taken for the length of a hold whose house does not say it.
	houseHoldUnknown = 5 * time.Minute
	// houseHoldLeast is the shortest time to pay that is worth a hold.
	houseHoldLeast = time.Minute
)

// Houses are the activities that talk to theaters' own systems. Each asks or acts, then
// records what the house said.
type Houses struct {
	Registry HouseRegistry
	Orders   HouseOrders
}

// HoldAtTheater reserves the seats of an order at the house. Our own hold then ends before the house's.
// Codes: those of House.Hold; price_changed when the house wants another total; theater_refused
// when it holds the seats for too short a time to pay.
func (h *Houses) HoldAtTheater(ctx context.Context, order booking.HouseOrder) (booking.HouseHold, error) {
	if err := h.Registry.Selling(ctx, order.Terms.TheaterID); err != nil {
		return booking.HouseHold{}, toTemporal(ctx, err)
	}
	var state booking.HouseState
	// A rush for seats must not be in the way of bookings that are paid.
	err := askHouse(ctx, h.Registry, order.Terms.TheaterID, HouseVendor.TryYielding, func(ctx context.Context, house House) (err error) {
		state, err = house.Hold(ctx, order)
		return err
	})
	if err != nil {
		return booking.HouseHold{}, toTemporal(ctx, ourSeats(order, err))
	}
	if state.Status != booking.HouseHeld {
		return booking.HouseHold{}, toTemporal(ctx, booking.E(booking.CodeHoldLost, "The theater does not hold the seats."))
	}
	if !sameSeats(order, state.Addresses) {
		return booking.HouseHold{}, toTemporal(ctx, booking.E(booking.CodeHouseRefused, "The theater's own system holds other seats than these."))
	}
	if want := order.Terms.Total(); state.Total != want {
		return booking.HouseHold{}, toTemporal(ctx, booking.E(booking.CodePriceChanged,
			"The theater has changed its price from %s to %s. Please look at the seats again.", want, state.Total))
	}
	left := state.Left
	if left == 0 {
		left = houseHoldUnknown
	}
	if left -= houseMargin; left < houseHoldLeast {
		return booking.HouseHold{}, toTemporal(ctx, booking.E(booking.CodeHouseRefused,
			"The theater keeps these seats for too short a time to pay for them."))
	}
	order.Reference = state.Reference
	hold, err := h.Orders.HouseHeld(ctx, order, left)
	return hold, toTemporal(ctx, err)
}

// sameSeats tells whether the house holds what was ordered. One that names no seats is
// believed.
func sameSeats(order booking.HouseOrder, addresses []string) bool {
	if len(addresses) == 0 {
		return true
	}
	var want []string
	for _, seat := range order.Terms.Seats {
		want = append(want, seat.Address)
	}
	return slices.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(addresses)))
}

// ourSeats names the seats of a refusal as our customers know them.
func ourSeats(order booking.HouseOrder, err error) error {
	if booking.CodeOf(err) != booking.CodeSeatsUnavailable {
		return err
	}
	var refusal *booking.Error
	if !errors.As(err, &refusal) || len(refusal.Seats) == 0 {
		return err
	}
	var taken []string
	for _, seat := range order.Terms.Seats {
		if slices.Contains(refusal.Seats, seat.Address) || slices.Contains(refusal.Seats, seat.Seat) {
			taken = append(taken, seat.Seat)
		}
	}
	return booking.SeatsUnavailable(taken).Wrap(err)
}

// ExtendAtTheater makes the house hold the order for longer. It answers how long our own hold may last
// from now. Code: hold_not_extendable when the house has no such call.
func (h *Houses) ExtendAtTheater(ctx context.Context, order booking.HouseOrder) (time.Duration, error) {
	var state booking.HouseState
	err := h.ask(ctx, order, func(ctx context.Context, house House) (err error) {
		state, err = house.Extend(ctx, order)
		return err
	})
	if err != nil {
		return 0, toTemporal(ctx, err)
	}
	if state.Status != booking.HouseHeld {
		return 0, toTemporal(ctx, booking.E(booking.CodeHoldLost, "The theater no longer holds the seats."))
	}
	if state.Left == 0 {
		state.Left = houseHoldUnknown
	}
	return max(state.Left-houseMargin, 0), nil
}

// ConfirmAtTheater sells an order at the house, once its money is authorized. Before it asks, our own
// hold gets no end: the seats stay until the house has decided. A try after the first asks the
// house what has happened to the order, so that a lost answer is never a second sale. Codes: those
// of House.Confirm; hold_lost when the order is gone.
func (h *Houses) ConfirmAtTheater(ctx context.Context, order booking.HouseOrder) (booking.HouseSale, error) {
	if err := h.Orders.HouseAsked(ctx, order); err != nil {
		return booking.HouseSale{}, toTemporal(ctx, err)
	}
	var state booking.HouseState
	err := h.ask(ctx, order, func(ctx context.Context, house House) (err error) {
		if repeats(ctx) {
			if state, err = house.Find(ctx, order); err != nil || state.Status != booking.HouseHeld {
				return err
			}
		}
		state, err = house.Confirm(ctx, order)
		return err
	})
	if booking.CodeOf(err) == booking.CodeShowNotOnSale && err != nil {
		// The theater has closed its sale. Its show takes place, as far as we know.
		err = booking.E(booking.CodeHoldLost, "The theater does not sell the seats any more.").Wrap(err)
	}
	if err != nil {
		return booking.HouseSale{}, toTemporal(ctx, err)
	}
	sale, err := saleOf(order, state)
	if state.Status == booking.HouseCancelled {
		// An earlier run, of which only our books know, may have given the customer a ticket.
		if noted := h.Orders.HouseUndone(ctx, order.BookingID); noted != nil {
			return booking.HouseSale{}, toTemporal(ctx, noted)
		}
	}
	if err != nil {
		return booking.HouseSale{}, toTemporal(ctx, err)
	}
	return sale, toTemporal(ctx, h.Orders.HouseSold(ctx, order, sale))
}

// saleOf takes the sale out of a house's answer. It is made after the guard has seen the
// answer: a house that has not decided is well.
func saleOf(order booking.HouseOrder, state booking.HouseState) (booking.HouseSale, error) {
	switch state.Status {
	case booking.HouseConfirmed:
	case booking.HouseConfirming, booking.HouseHeld:
		return booking.HouseSale{}, houseUndecided()
	default:
		return booking.HouseSale{}, booking.E(booking.CodeHoldLost, "The theater no longer holds the seats.")
	}
	sale := booking.HouseSale{Reference: state.Reference, Number: state.Number, Codes: map[string]string{}}
	for _, seat := range order.Terms.Seats {
		code := state.Codes[seat.Address]
		if code == "" {
			return booking.HouseSale{}, booking.E(booking.CodeHouseUnavailable, "The theater has not given a code for each seat yet.")
		}
		sale.Codes[seat.Seat] = code
	}
	return sale, nil
}

func houseUndecided() error {
	return booking.E(booking.CodeHouseUnavailable, "The theater has not decided about the sale yet.")
}

// LeaveRequest names an order to undo.
type LeaveRequest struct {
	Order booking.HouseOrder `json:"order"`
	// MaybeSold says that the house may have sold the order.
	MaybeSold bool `json:"maybe_sold,omitempty"`
}

// LeaveTheater makes sure that the house neither holds nor sells an order for us any more, whichever
// of the two it does now. Codes: not_cancellable when the house keeps to its sale.
func (h *Houses) LeaveTheater(ctx context.Context, req LeaveRequest) error {
	order, undecided := req.Order, false
	err := h.ask(ctx, order, func(ctx context.Context, house House) (err error) {
		if !req.MaybeSold && !repeats(ctx) {
			if err := house.Release(ctx, order); booking.CodeOf(err) != booking.CodeConflict {
				return err
			}
		}
		undecided, err = undoOrder(ctx, house, order)
		return err
	})
	if err == nil && undecided {
		err = houseUndecided()
	}
	if err != nil {
		return toTemporal(ctx, err)
	}
	return toTemporal(ctx, h.Orders.HouseLeft(ctx, order))
}

// undoOrder asks a house what it has of an order, and undoes that. undecided is no error: the guard
// has seen an answer, and a house that has not decided is well. Code: not_cancellable when the
// house keeps to its sale.
func undoOrder(ctx context.Context, house House, order booking.HouseOrder) (undecided bool, err error) {
	state, err := house.Find(ctx, order)
	if err != nil {
		return false, err
	}
	order.Reference = state.Reference
	switch state.Status {
	case booking.HouseConfirming:
		return true, nil
	case booking.HouseConfirmed:
		return false, cancelSale(ctx, house, order)
	case booking.HouseHeld:
		err = house.Release(ctx, order)
		if booking.CodeOf(err) == booking.CodeConflict && err != nil {
			return true, nil // a late sale came in between
		}
		return false, err
	default:
		return false, nil
	}
}

// cancelSale undoes a sale at a house. One that the house does not know is undone: the customer is
// owed the money in any case.
func cancelSale(ctx context.Context, house House, order booking.HouseOrder) error {
	err := house.Cancel(ctx, order)
	if err != nil && booking.CodeOf(err) == booking.CodeNotFound {
		return nil
	}
	return err
}

// TheaterCancellation asks a house to undo a sale.
type TheaterCancellation struct {
	Order booking.HouseOrder `json:"order"`
	// EvenScanned is for a cancellation by the theater: a customer's own is refused once the
	// ticket was scanned.
	EvenScanned bool `json:"even_scanned,omitempty"`
}

// CancelAtTheater undoes the sale of an order at the house, before its money goes back. Code:
// not_cancellable when the house's own cut-off is past, or the ticket was scanned.
func (h *Houses) CancelAtTheater(ctx context.Context, req TheaterCancellation) error {
	// Only before the house is asked for the first time: after that it may be done there.
	if !req.EvenScanned && activity.GetInfo(ctx).Attempt == 1 {
		if err := h.Orders.MayCancel(ctx, req.Order.BookingID); err != nil {
			return toTemporal(ctx, err)
		}
	}
	err := h.ask(ctx, req.Order, func(ctx context.Context, house House) error { return cancelSale(ctx, house, req.Order) })
	if err != nil {
		return toTemporal(ctx, err)
	}
	return toTemporal(ctx, h.Orders.HouseLeft(ctx, req.Order))
}

// TellAllotted sells seats at the house that it had given to us, after they were sold here. It
// holds and confirms in one, and asks before it repeats.
func (h *Houses) TellAllotted(ctx context.Context, order booking.HouseOrder) (booking.HouseSale, error) {
	var state booking.HouseState
	err := h.ask(ctx, order, func(ctx context.Context, house House) (err error) {
		if state, err = house.Find(ctx, order); err != nil {
			return err
		}
		switch state.Status {
		case booking.HouseConfirmed, booking.HouseConfirming, booking.HouseCancelled:
			return nil
		case booking.HouseNone, booking.HouseLapsed:
			if state, err = house.Hold(ctx, order); err != nil {
				return err
			}
		case booking.HouseHeld:
		}
		order.Reference = state.Reference
		state, err = house.Confirm(ctx, order)
		return err
	})
	if err != nil {
		return booking.HouseSale{}, toTemporal(ctx, err)
	}
	sale, err := saleOf(order, state)
	if err != nil {
		return booking.HouseSale{}, toTemporal(ctx, err)
	}
	return sale, toTemporal(ctx, h.Orders.HouseSold(ctx, order, sale))
}

// NoteConfirming tells the customer that the theater has not decided about the sale.
func (h *Houses) NoteConfirming(ctx context.Context, bookingID string) error {
	return toTemporal(ctx, h.Orders.Confirming(ctx, bookingID))
}

// NoteCancelRefused tells the customer that the theater has refused the cancellation that was
// asked for.
func (h *Houses) NoteCancelRefused(ctx context.Context, bookingID string) error {
	return toTemporal(ctx, h.Orders.CancelRefused(ctx, bookingID))
}

// NoteCancelAsked tells the customer that the cancellation waits for the theater.
func (h *Houses) NoteCancelAsked(ctx context.Context, bookingID string) error {
	return toTemporal(ctx, h.Orders.CancelAsked(ctx, bookingID))
}

func (h *Houses) ask(ctx context.Context, order booking.HouseOrder, call func(context.Context, House) error) error {
	return askHouse(ctx, h.Registry, order.Terms.TheaterID, HouseVendor.Try, call)
}

// tryHouse is one of the ways of a house's guard.
type tryHouse func(HouseVendor, context.Context, func(context.Context) error) error

// askHouse calls a house through its guard, on the slow path, too: calls to a house that does not
// answer would take the places of calls to others. What is skipped is tried again.
func askHouse(ctx context.Context, registry HouseRegistry, theaterID string, try tryHouse, call func(context.Context, House) error) error {
	house, vendor, err := registry.House(ctx, theaterID)
	if err != nil {
		return err
	}
	if vendor == nil {
		return call(ctx, house)
	}
	return try(vendor, ctx, func(ctx context.Context) error { return call(ctx, house) })
}

// repeats tells whether the step may have been tried before: only the first try of the fast
// path may not.
func repeats(ctx context.Context) bool {
	info := activity.GetInfo(ctx)
	return !info.IsLocalActivity || info.Attempt > 1
}
