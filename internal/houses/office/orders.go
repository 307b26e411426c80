package office

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice/booking"
)

// Hold reserves the order's seats. The office takes no prices with a reservation: when its
// total is not the order's, the reservation is deleted again.
func (h *House) Hold(ctx context.Context, o booking.HouseOrder) (booking.HouseState, error) {
	wanted := packet{Packet: packetReserve, Show: o.Terms.Show, Reference: o.Key()}
	for _, seat := range o.Terms.Seats {
		wanted.Places = append(wanted.Places, place{ID: seat.Address, Category: seat.Category})
	}
	answered, err := h.client.ask(ctx, wanted)
	switch said(err) {
	case statusKnownReference:
		return h.heldBefore(ctx, o)
	case statusTaken:
		return booking.HouseState{}, h.fail(ctx, o.Key(), taken(o, err))
	}
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	made, err := answered.order(o.Key())
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	state, err := h.state(answered, made)
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	// The site counts from its own note of the order, at the earliest from our question.
	state.Left = min(state.Left, h.holdFor-answered.took)
	if !same(state.Addresses, o) {
		return booking.HouseState{}, h.undo(ctx, made, booking.E(booking.CodeHouseError, "The theater's system reserved other seats."))
	}
	return h.priced(ctx, o, made, state)
}

// heldBefore answers to a repeat with what the reference holds.
func (h *House) heldBefore(ctx context.Context, o booking.HouseOrder) (booking.HouseState, error) {
	answered, found, err := h.lookup(ctx, o)
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	state, err := h.state(answered, found)
	switch {
	case err != nil:
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	case state.Status == booking.HouseNone:
		// It was there a moment ago, as the refusal says.
		return booking.HouseState{}, h.fail(ctx, o.Key(), silent())
	case state.Status == booking.HouseLapsed, state.Status == booking.HouseCancelled:
		return booking.HouseState{}, h.fail(ctx, o.Key(), holdLost())
	case state.Status == booking.HouseHeld && same(state.Addresses, o):
		return h.priced(ctx, o, found, state)
	}
	return state, nil
}

// priced refuses a hold whose price is not the one that the customer has seen.
func (h *House) priced(ctx context.Context, o booking.HouseOrder, made order, state booking.HouseState) (booking.HouseState, error) {
	if state.Total == o.Terms.Total() {
		return state, nil
	}
	return booking.HouseState{}, h.undo(ctx, made, priceChanged())
}

// undo deletes a reservation that must not stand, and gives the reason once it is gone.
func (h *House) undo(ctx context.Context, made order, reason *booking.Error) error {
	if err := h.remove(ctx, made); err != nil {
		return h.fail(ctx, made.Reference, fmt.Errorf("%w: a reservation that must not stand: %w", silent(), err))
	}
	return reason
}

// taken names the order's seats that the office says are not free.
func taken(o booking.HouseOrder, err error) error {
	var refused *refusal
	if !errors.As(err, &refused) {
		return err
	}
	var seats []string
	for _, seat := range o.Terms.Seats {
		if slices.ContainsFunc(refused.taken, func(p place) bool { return p.ID == seat.Address }) {
			seats = append(seats, seat.Seat)
		}
	}
	return booking.SeatsUnavailable(seats).Wrap(err)
}

func same(addresses []string, o booking.HouseOrder) bool {
	wanted := make([]string, len(o.Terms.Seats))
	for i, seat := range o.Terms.Seats {
		wanted[i] = seat.Address
	}
	slices.Sort(wanted)
	return slices.Equal(slices.Sorted(slices.Values(addresses)), wanted)
}

// Extend is not in the office's manner.
func (h *House) Extend(context.Context, booking.HouseOrder) (booking.HouseState, error) {
	return booking.HouseState{}, booking.E(booking.CodeHoldNotExtendable, "This theater cannot hold seats longer.")
}

// Confirm sells what is held. The office confirms an order once and refuses a repeat, so it
// is asked how the order stands first.
func (h *House) Confirm(ctx context.Context, o booking.HouseOrder) (booking.HouseState, error) {
	answered, found, err := h.lookup(ctx, o)
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	state, err := h.state(answered, found)
	switch {
	case err != nil:
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	case state.Status == booking.HouseConfirmed, state.Status == booking.HouseConfirming:
		return state, nil
	case state.Status == booking.HouseNone:
		return booking.HouseState{}, booking.E(booking.CodeNotFound, "The theater's system does not know the order.")
	case state.Status != booking.HouseHeld:
		return booking.HouseState{}, holdLost()
	case state.Total != o.Terms.Total():
		return booking.HouseState{}, priceChanged()
	}
	answered, err = h.client.ask(ctx, packet{
		Packet: packetConfirm, Number: found.Number, Amount: found.Total, Currency: found.Currency,
	})
	switch said(err) {
	case statusConfirmed, statusConfirming: // a repeat of ours was quicker
		return h.Find(ctx, o)
	}
	var made order
	if err == nil {
		made, err = answered.order(o.Key())
	}
	if err == nil {
		state, err = h.state(answered, made)
	}
	if err == nil && state.Status != booking.HouseConfirmed && state.Status != booking.HouseConfirming {
		err = errUnreadable
	}
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	return state, nil
}

// Release deletes a reservation, under the number that it has now: the office may give
// numbers again.
func (h *House) Release(ctx context.Context, o booking.HouseOrder) error {
	_, found, err := h.lookup(ctx, o)
	if err == nil {
		err = h.remove(ctx, found)
	}
	if err != nil {
		return h.fail(ctx, o.Key(), err)
	}
	return nil
}

func (h *House) remove(ctx context.Context, found order) error {
	switch found.State {
	case stateNone, stateDeleted, stateLapsed, stateCancelled:
		return nil
	case stateSold, stateConfirming:
		return booking.E(booking.CodeConflict, "The theater has sold these seats.")
	}
	_, err := h.client.ask(ctx, packet{Packet: packetDelete, Number: found.Number})
	switch said(err) {
	case statusNoOrder, statusOver, statusCancelled:
		return nil
	case statusConfirming:
		return booking.E(booking.CodeConflict, "The theater is selling these seats.").Wrap(err)
	}
	return err
}

// Cancel undoes a sale.
func (h *House) Cancel(ctx context.Context, o booking.HouseOrder) error {
	_, found, err := h.lookup(ctx, o)
	if err != nil {
		return h.fail(ctx, o.Key(), err)
	}
	switch found.State {
	case stateCancelled:
		return nil
	case stateConfirming: // not decided, and nothing to undo yet
		return h.fail(ctx, o.Key(), silent())
	case stateNone, stateDeleted, stateLapsed, stateTemporary:
		return booking.E(booking.CodeNotFound, "The theater has not sold this order.")
	}
	_, err = h.client.ask(ctx, packet{Packet: packetRefund, Number: found.Number})
	if err != nil && said(err) != statusCancelled {
		return h.fail(ctx, o.Key(), err)
	}
	return nil
}

// Find asks for the order by our reference.
func (h *House) Find(ctx context.Context, o booking.HouseOrder) (booking.HouseState, error) {
	answered, found, err := h.lookup(ctx, o)
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	state, err := h.state(answered, found)
	if err != nil {
		return booking.HouseState{}, h.fail(ctx, o.Key(), err)
	}
	return state, nil
}

// lookup is Find in the office's words; stateNone for an order that it does not know.
func (h *House) lookup(ctx context.Context, o booking.HouseOrder) (heard, order, error) {
	answered, err := h.client.ask(ctx, packet{Packet: packetState, Reference: o.Key()})
	if said(err) == statusNoOrder {
		return answered, order{Reference: o.Key(), State: stateNone}, nil
	}
	if err != nil {
		return heard{}, order{}, err
	}
	found, err := answered.order(o.Key())
	return answered, found, err
}
