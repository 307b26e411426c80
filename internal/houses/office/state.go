package office

import (
	"errors"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// The states of an order at the office; none is ours, for an order that it does not know.
const (
	stateNone       = ""
	stateTemporary  = "temporary"
	stateConfirming = "confirming"
	stateSold       = "sold"
	stateCancelled  = "cancelled"
	stateDeleted    = "deleted"
	stateLapsed     = "lapsed"
)

var statuses = map[string]booking.HouseOrderStatus{
	stateNone:       booking.HouseNone,
	stateTemporary:  booking.HouseHeld,
	stateConfirming: booking.HouseConfirming,
	stateSold:       booking.HouseConfirmed,
	stateCancelled:  booking.HouseCancelled,
	stateDeleted:    booking.HouseLapsed,
	stateLapsed:     booking.HouseLapsed,
}

// order is the one order of an answer, which has to be ours.
func (a heard) order(key string) (order, error) {
	if len(a.Orders) != 1 || a.Orders[0].Reference != key || a.Orders[0].Number == "" || a.Orders[0].State == stateNone {
		return order{}, errUnreadable
	}
	return a.Orders[0], nil
}

// state reads an order. A sale without a code for each of its seats is unreadable: its
// customer could not get in.
func (h *House) state(a heard, o order) (booking.HouseState, error) {
	status, known := statuses[o.State]
	if !known {
		return booking.HouseState{}, fmt.Errorf("%w: state %q", errUnreadable, o.State)
	}
	out := booking.HouseState{Key: o.Reference, Status: status, Reference: o.Number, Show: o.Show}
	if status == booking.HouseNone {
		return out, nil
	}
	total, err := money(o.Total, o.Currency)
	if err != nil || len(o.Places) == 0 {
		return booking.HouseState{}, errors.Join(errUnreadable, err)
	}
	out.Total = total
	for _, place := range o.Places {
		out.Addresses = append(out.Addresses, place.ID)
	}
	switch status {
	case booking.HouseHeld:
		out.Left = h.left(a, o)
	case booking.HouseConfirmed:
		out.Number = o.Sale
		out.Codes, err = codes(o)
	case booking.HouseCancelled:
		out.Number = o.Sale
	}
	return out, err
}

func codes(o order) (map[string]string, error) {
	all, seen := map[string]string{}, map[string]bool{}
	for _, place := range o.Places {
		if place.Code == "" || seen[place.Code] {
			return nil, fmt.Errorf("%w: a seat has no code of its own", errUnreadable)
		}
		all[place.ID], seen[place.Code] = place.Code, true
	}
	if o.Sale == "" || len(all) != len(o.Places) {
		return nil, fmt.Errorf("%w: a sale is not complete", errUnreadable)
	}
	return all, nil
}

// left is what the site's setting leaves of a hold. Both times are of the office's clock; what
// it says of them has no fractions of a second. Zero: it does not say.
func (h *House) left(a heard, o order) time.Duration {
	earlier, later, err := local(o.Reserved, a.Zone)
	if err != nil || a.at.IsZero() {
		return 0
	}
	age := a.at.Sub(earlier)
	if age > h.holdFor {
		// It still holds: in the hour that comes twice, this was the second time.
		age = a.at.Sub(later)
	}
	if age < -2*time.Second {
		return 0
	}
	return max(h.holdFor-max(age, 0)-time.Second, time.Millisecond)
}
