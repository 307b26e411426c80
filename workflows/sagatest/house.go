package sagatest

import (
	"context"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// house is the own system of the world's theater, and our records of its orders.
type house struct {
	sells     bool // the theater sells from its own system
	allotted  bool // it has given us the seats
	paused    bool // operators stopped its sale
	left      time.Duration
	price     int64 // of a seat there, if it is not ours; minor units
	order     *booking.HouseState
	undecided int  // how often it has not decided yet about a sale
	keeps     bool // it cancels no sale
	has       []string
	gone      bool // our books know that it has nothing of ours any more
	sale      *booking.HouseSale
}

const housePrice = 20_000 // of a seat, in paise

// SellsItself makes the world's theater one that sells from its own system.
func (w *World) SellsItself(change ...func(*house)) {
	w.house.sells, w.house.left, w.house.price = true, 10*time.Minute, housePrice
	for _, one := range change {
		one(&w.house)
	}
}

func (h *house) terms(seats []string) *booking.HouseTerms {
	if !h.sells {
		return nil
	}
	terms := &booking.HouseTerms{TheaterID: TheaterID, Adapter: "test", Show: "show-1", Allotted: h.allotted}
	for _, seat := range seats {
		terms.Seats = append(terms.Seats, booking.HouseSeat{
			Seat: seat, Address: "1/" + seat, Category: "std", Price: booking.Money{Amount: housePrice, Currency: "INR"},
		})
	}
	return terms
}

func (h *house) sold(order booking.HouseOrder) {
	h.order.Status, h.order.Number, h.order.Codes = booking.HouseConfirmed, "W1", map[string]string{}
	for _, seat := range order.Terms.Seats {
		h.order.Codes[seat.Address] = "code-" + seat.Seat
	}
}

// houseSystem is the world as activities.HouseRegistry, House and HouseOrders.
type houseSystem World

func (s *houseSystem) call(ctx context.Context, operation string, run func(h *house) error) error {
	w := (*World)(s)
	err := w.call(ctx, "house."+operation, func() error { return run(&w.house) })
	if booking.CodeOf(err) == booking.CodeProviderUnavailable {
		err = booking.E(booking.CodeHouseUnavailable, "No answer.")
	}
	return err
}

func (s *houseSystem) House(context.Context, string) (activities.House, activities.HouseVendor, error) {
	return s, nil, nil
}

func (s *houseSystem) Selling(context.Context, string) error {
	if s.house.paused {
		return booking.TheaterPaused()
	}
	return nil
}

func (s *houseSystem) Hold(ctx context.Context, order booking.HouseOrder) (state booking.HouseState, err error) {
	err = s.call(ctx, "hold", func(h *house) error {
		if h.order == nil {
			h.order = &booking.HouseState{Status: booking.HouseHeld, Reference: "R1", Left: h.left,
				Total: booking.Money{Amount: h.price * int64(len(order.Terms.Seats)), Currency: "INR"}}
		}
		state = *h.order
		return nil
	})
	return state, err
}

func (s *houseSystem) Extend(ctx context.Context, _ booking.HouseOrder) (state booking.HouseState, err error) {
	err = s.call(ctx, "extend", func(h *house) error {
		state = *h.order
		return nil
	})
	return state, err
}

func (s *houseSystem) Confirm(ctx context.Context, order booking.HouseOrder) (state booking.HouseState, err error) {
	err = s.call(ctx, "confirm", func(h *house) error {
		switch {
		case h.order == nil || h.order.Status == booking.HouseLapsed:
			return booking.E(booking.CodeHoldLost, "The order is gone.")
		case h.undecided > 0:
			h.undecided--
			h.order.Status = booking.HouseConfirming
		default:
			h.sold(order)
		}
		state = *h.order
		return nil
	})
	return state, err
}

func (s *houseSystem) Release(ctx context.Context, _ booking.HouseOrder) error {
	return s.call(ctx, "release", func(h *house) error {
		switch {
		case h.order == nil:
			return nil
		case h.order.Status == booking.HouseConfirmed:
			return booking.E(booking.CodeConflict, "The order is sold.")
		}
		h.order.Status = booking.HouseLapsed
		return nil
	})
}

func (s *houseSystem) Cancel(ctx context.Context, _ booking.HouseOrder) error {
	return s.call(ctx, "cancel", func(h *house) error {
		if h.keeps {
			return booking.E(booking.CodeNotCancellable, "It is too late to cancel at the theater.")
		}
		h.order.Status = booking.HouseCancelled
		return nil
	})
}

func (s *houseSystem) Find(ctx context.Context, order booking.HouseOrder) (state booking.HouseState, err error) {
	err = s.call(ctx, "find", func(h *house) error {
		if h.order == nil {
			state.Status = booking.HouseNone
			return nil
		}
		if h.order.Status == booking.HouseConfirming {
			if h.undecided--; h.undecided < 0 {
				h.sold(order)
			}
		}
		state = *h.order
		return nil
	})
	return state, err
}

func (s *houseSystem) Program(context.Context, string) (booking.HousePage, error) {
	return booking.HousePage{}, nil
}

func (s *houseSystem) Seats(context.Context, string) (booking.HouseTaken, error) {
	return booking.HouseTaken{}, nil
}

func (s *houseSystem) Sold(context.Context, string, string) (booking.HousePageOfSales, error) {
	return booking.HousePageOfSales{}, nil
}

func (s *houseSystem) HouseHeld(ctx context.Context, order booking.HouseOrder, left time.Duration) (hold booking.HouseHold, err error) {
	w := (*World)(s)
	err = w.call(ctx, "house_held", func() error {
		b := w.bookings[order.BookingID]
		if b.Status != booking.StatusHeld {
			return booking.E(booking.CodeHoldLost, "The booking is %s.", b.Status)
		}
		if end := w.now().Add(left); end.Before(b.HoldExpiresAt) {
			b.HoldExpiresAt = end
		}
		hold = booking.HouseHold{Reference: order.Reference, ExpiresAt: b.HoldExpiresAt, ExpiresIn: b.HoldExpiresAt.Sub(w.now())}
		return nil
	})
	return hold, err
}

func (s *houseSystem) HouseAsked(ctx context.Context, order booking.HouseOrder) error {
	w := (*World)(s)
	return w.call(ctx, "house_asked", func() error {
		b := w.bookings[order.BookingID]
		if b.Status.Terminal() || slices.ContainsFunc(b.Seats, func(seat string) bool { return w.claims[seat] != order.BookingID }) {
			return booking.E(booking.CodeHoldLost, "The hold ran out.")
		}
		return nil
	})
}

func (s *houseSystem) HouseUndone(context.Context, string) error { return nil }

func (s *houseSystem) HouseSold(ctx context.Context, _ booking.HouseOrder, sale booking.HouseSale) error {
	return s.call(ctx, "sold", func(h *house) error {
		h.sale = &sale
		return nil
	})
}

func (s *houseSystem) HouseLeft(ctx context.Context, _ booking.HouseOrder) error {
	return s.call(ctx, "left", func(h *house) error {
		h.has, h.gone = nil, true // what was only kept back is free
		return nil
	})
}

func (s *houseSystem) Confirming(ctx context.Context, _ string) error {
	return s.call(ctx, "confirming", func(*house) error { return nil })
}

func (s *houseSystem) CancelRefused(ctx context.Context, _ string) error {
	return s.call(ctx, "cancel_refused", func(*house) error { return nil })
}

func (s *houseSystem) MayCancel(ctx context.Context, _ string) error {
	w := (*World)(s)
	return w.call(ctx, "may_cancel", func() error {
		if w.scanned {
			return booking.E(booking.CodeNotCancellable, "This ticket was used.")
		}
		return nil
	})
}

func (s *houseSystem) CancelAsked(ctx context.Context, _ string) error {
	return s.call(ctx, "cancel_asked", func(*house) error { return nil })
}
