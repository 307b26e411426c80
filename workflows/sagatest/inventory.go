package sagatest

import (
	"context"

	"github.com/boxoffice/boxoffice/booking"
)

// inventory is the world as activities.Inventory and activities.Choices.
type inventory World

func (i *inventory) call(ctx context.Context, operation string, run func(w *World) error) error {
	w := (*World)(i)
	return w.call(ctx, operation, func() error { return run(w) })
}

func (i *inventory) Hold(ctx context.Context, req booking.HoldRequest) (held booking.Held, err error) {
	err = i.call(ctx, "hold", func(w *World) error {
		if b := w.bookings[req.BookingID]; b != nil && b.Status.Terminal() {
			return booking.E(booking.CodeHoldLost, "The booking is %s.", b.Status)
		}
		if req.TooLate && w.bookings[req.BookingID] == nil {
			return booking.E(booking.CodeStartedLate, "Its caller no longer waits.")
		}
		var taken []string
		for _, seat := range req.Seats {
			if owner := w.claims[seat]; owner != "" && owner != req.BookingID {
				taken = append(taken, seat)
			}
		}
		if len(taken) > 0 {
			return booking.SeatsUnavailable(taken)
		}
		for _, seat := range req.Seats {
			w.claims[seat] = req.BookingID
		}
		expires := w.now().Add(req.HoldFor)
		w.bookings[req.BookingID] = &booking.Booking{
			ID: req.BookingID, CustomerID: req.CustomerID, Status: booking.StatusHeld, Show: w.show, Seats: req.Seats,
			Quote: booking.Quote{Total: Total(), Fees: booking.Money{Amount: 5_000, Currency: "INR"}}, HoldExpiresAt: expires,
			Refunds: req.Refunds,
		}
		held = booking.Held{
			BookingID: req.BookingID, Show: w.show, Seats: req.Seats, Quote: w.bookings[req.BookingID].Quote,
			ExpiresAt: expires, ExpiresIn: req.HoldFor, Channels: w.channels, House: w.house.terms(req.Seats),
		}
		return nil
	})
	return held, err
}

func (i *inventory) ExtendHold(ctx context.Context, more booking.Extension) (held booking.Held, err error) {
	err = i.call(ctx, "extend", func(w *World) error {
		b := w.bookings[more.BookingID]
		if b.Status != booking.StatusHeld {
			return booking.E(booking.CodeConflict, "The booking is %s.", b.Status)
		}
		switch {
		case !b.HoldExpiresAt.Equal(more.Known): // an earlier try moved it
		case !more.FromNow:
			b.HoldExpiresAt = b.HoldExpiresAt.Add(more.By)
		case w.now().Add(more.By).After(b.HoldExpiresAt):
			b.HoldExpiresAt = w.now().Add(more.By)
		}
		held = booking.Held{BookingID: more.BookingID, ExpiresAt: b.HoldExpiresAt, ExpiresIn: b.HoldExpiresAt.Sub(w.now())}
		return nil
	})
	return held, err
}

func (i *inventory) KeepHold(ctx context.Context, _ string) error {
	return i.call(ctx, "keep", func(*World) error { return nil })
}

func (i *inventory) Confirm(ctx context.Context, id string, paid booking.PaymentState) (confirmed booking.Confirmed, err error) {
	err = i.call(ctx, "confirm", func(w *World) error {
		b := w.bookings[id]
		if b.Status.Terminal() {
			return booking.E(booking.CodeHoldLost, "The booking is %s.", b.Status)
		}
		if w.show.Status == booking.ShowCancelled {
			return booking.E(booking.CodeShowNotOnSale, "The show was cancelled.")
		}
		for _, seat := range b.Seats {
			if w.claims[seat] != id {
				return booking.E(booking.CodeHoldLost, "The hold ran out.")
			}
		}
		b.Status = booking.StatusConfirmed
		w.paidWith[id] = paid.Reference
		confirmed = booking.Confirmed{TicketSerial: "BX-TEST", At: w.now()}
		return nil
	})
	return confirmed, err
}

func (i *inventory) OweRefund(ctx context.Context, id string, percent int64, _ string) (owed booking.OwedRefund, err error) {
	err = i.call(ctx, "owe_refund", func(w *World) error {
		reference := w.paidWith[id]
		p := w.payments[reference]
		if p == nil {
			return booking.E(booking.CodeNotCancellable, "It was never sold.")
		}
		if due := Price * percent / 100; due > w.promised {
			w.promised, w.promises = due, w.promises+1
		}
		owed = booking.OwedRefund{
			Amount: booking.Money{Amount: w.promised, Currency: p.Currency}, Provider: Provider, Reference: reference,
			Refunded: p.Refunded, Promise: w.promises,
		}
		return nil
	})
	return owed, err
}

func (i *inventory) DecideLate(ctx context.Context, late booking.PaymentState, rebook bool) (decision booking.LateDecision, err error) {
	err = i.call(ctx, "decide_late", func(w *World) error {
		b := w.bookings[late.BookingID]
		switch {
		case w.paidWith[b.ID] == late.Reference:
			decision = booking.LateSettled
		case b.Status == booking.StatusHeld:
			return booking.E(booking.CodeUnavailable, "The booking has not ended yet.")
		case rebook && b.Status == booking.StatusExpired:
			decision = booking.LateRebook
		default:
			decision = booking.LateReturn
		}
		return nil
	})
	return decision, err
}

func (i *inventory) End(ctx context.Context, end booking.Ending) error {
	return i.call(ctx, "end", func(w *World) error {
		b := w.bookings[end.BookingID]
		if b == nil || b.Status == end.Status {
			return nil
		}
		if b.Status != booking.StatusHeld {
			return booking.E(booking.CodeConflict, "The booking is %s.", b.Status)
		}
		w.free(end.BookingID)
		w.house.has = end.HouseSold
		if end.HouseKeeps > 0 && !w.house.gone {
			w.house.has = b.Seats
		}
		b.Status = end.Status
		return nil
	})
}

func (i *inventory) Cancel(ctx context.Context, c booking.Cancellation) error {
	return i.call(ctx, "cancel", func(w *World) error {
		b := w.bookings[c.BookingID]
		if b.Status == booking.StatusCancelled {
			return nil
		}
		if b.Status != booking.StatusConfirmed || w.scanned && !c.EvenScanned {
			return booking.E(booking.CodeNotCancellable, "This ticket was used.")
		}
		w.free(c.BookingID)
		b.Status = booking.StatusCancelled
		b.Refund = &booking.Refund{Amount: c.Refund}
		return nil
	})
}

func (i *inventory) Changed(context.Context, string) (bool, error) { return false, nil }

func (i *inventory) Booking(ctx context.Context, id string) (found booking.Booking, err error) {
	err = i.call(ctx, "booking", func(w *World) error {
		b := w.bookings[id]
		if b == nil {
			return booking.E(booking.CodeNotFound, "There is no such booking.")
		}
		found = *b
		return nil
	})
	return found, err
}

func (i *inventory) Alert(ctx context.Context, a booking.Alert) error {
	return i.call(ctx, "alert", func(w *World) error {
		w.alerts = append(w.alerts, a)
		return nil
	})
}

func (w *World) free(id string) {
	for seat, owner := range w.claims {
		if owner == id {
			delete(w.claims, seat)
		}
	}
}

// endUnfetched ends the hold as the database does when it was not fetched.
func (w *World) endUnfetched() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.bookings[BookingID]; b.Status == booking.StatusHeld {
		w.free(BookingID)
		b.Status = booking.StatusExpired
	}
}

// AddBooking puts a booking into the world that its workflow has left already.
func (w *World) AddBooking(id string, status booking.Status, seats []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bookings[id] = &booking.Booking{
		ID: id, CustomerID: CustomerID, Status: status, Show: w.show, Seats: seats, Quote: booking.Quote{Total: Total()},
	}
}

// SetRefunds gives a booking its terms of cancellation.
func (w *World) SetRefunds(id string, terms booking.CancellationPolicy) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bookings[id].Refunds = terms
}

// Refunds are the terms of cancellation that a booking keeps.
func (w *World) Refunds(id string) booking.CancellationPolicy {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bookings[id].Refunds
}

// SellBehindItsBack confirms the booking as a workflow task does whose results were
// lost: the database knows, the workflow does not.
func (w *World) SellBehindItsBack() {
	if _, err := (*inventory)(w).Confirm(context.Background(), BookingID, booking.PaymentState{}); err != nil {
		panic(err)
	}
}

// messages is the world as activities.Messages.
type messages World

func (m *messages) Send(ctx context.Context, n booking.Notification) error {
	w := (*World)(m)
	return w.call(ctx, "send."+string(n.Channel), func() error {
		for _, sent := range w.messages {
			if sent == n {
				return nil
			}
		}
		w.messages = append(w.messages, n)
		return nil
	})
}
