package activities

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// House is the system of a theater that sells its own seats, at its counter and through us:
// one client for one theater. Every call is a request to the house, once and within ctx; the
// order's key makes repeats harmless.
//
// Codes: theater_unavailable when the outcome is unknown (no answer in time, connection lost,
// an answer that cannot be read, seats booked but the answer failed); theater_error when the
// house answered that it failed and did nothing; theater_refused when it refuses permanently
// for another reason than these: seats_unavailable (with the seats, when the house names
// them), show_not_on_sale, price_changed, hold_lost, not_cancellable, not_found.
type House interface {
	// Hold reserves exactly the order's seats, all or none. A repeat answers with what the
	// order holds.
	Hold(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error)
	// Extend makes the hold last as long as the house allows from now. Code:
	// hold_not_extendable when the house has no such call.
	Extend(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error)
	// Confirm sells what is held: it is paid elsewhere. A repeat answers with the sale. The
	// status is confirmed or, when the house has not decided, confirming.
	Confirm(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error)
	// Release undoes a hold. One that is gone, or never was, is released. Code: conflict
	// when the order is sold.
	Release(ctx context.Context, order booking.HouseOrder) error
	// Cancel undoes a sale, whole. One that is cancelled already is cancelled.
	Cancel(ctx context.Context, order booking.HouseOrder) error
	// Find tells the truth about an order by our own reference: by its key, also when the
	// order has no Reference. An unknown order has the status HouseNone.
	Find(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error)
	// Program lists shows, with the cursor of the page before; an empty cursor starts again
	// with a full program.
	Program(ctx context.Context, cursor string) (booking.HousePage, error)
	// Seats tells what of a show cannot be sold now. show is the house's own id.
	Seats(ctx context.Context, show string) (booking.HouseTaken, error)
	// Sold lists our orders of a show that the house has sold or cancelled, for
	// reconciliation.
	Sold(ctx context.Context, show, cursor string) (booking.HousePageOfSales, error)
}

// HouseVendor watches the system of one theater. All calls of its bookings share one rate.
type HouseVendor interface {
	Vendor
	// TryYielding is Try for a call that is better refused than in the way of one that a paid
	// booking waits for: a part of the rate is not for it.
	TryYielding(ctx context.Context, call func(context.Context) error) error
}

// HouseRegistry finds the systems of theaters.
type HouseRegistry interface {
	// House gives the client of a theater's system, and what guards the fast path to it. Code:
	// not_found for a theater without one.
	House(ctx context.Context, theaterID string) (House, HouseVendor, error)
	// Selling tells whether operators let the theater's system sell. Code: show_not_on_sale,
	// with the reason theater_paused, while they do not.
	Selling(ctx context.Context, theaterID string) error
}

// HouseOrders are our records of the orders at houses, beside the seats that they are for.
// Every method is one transaction, safe to repeat.
type HouseOrders interface {
	// HouseHeld records that the house holds the seats, and ends our own hold no later than
	// left from now. Code: hold_lost.
	HouseHeld(ctx context.Context, order booking.HouseOrder, left time.Duration) (booking.HouseHold, error)
	// HouseAsked makes our own hold last until the house has decided about the sale. Code:
	// hold_lost.
	HouseAsked(ctx context.Context, order booking.HouseOrder) error
	// HouseSold records the sale, with the codes that open the house's doors.
	HouseSold(ctx context.Context, order booking.HouseOrder, sale booking.HouseSale) error
	// HouseUndone tells staff that the house has cancelled its sale, if the booking is sold here.
	HouseUndone(ctx context.Context, bookingID string) error
	// HouseLeft records that the house neither holds nor sells the order any more. Seats that
	// were kept back for it are free.
	HouseLeft(ctx context.Context, order booking.HouseOrder) error
	// Confirming tells the customer that the theater has not decided about the sale.
	Confirming(ctx context.Context, bookingID string) error
	// MayCancel tells whether a customer may cancel a sold booking. Code: not_cancellable once its
	// ticket was scanned, or when it is not sold.
	MayCancel(ctx context.Context, bookingID string) error
	// CancelRefused tells the customer that the theater has refused the cancellation that was
	// asked for.
	CancelRefused(ctx context.Context, bookingID string) error
	// CancelAsked tells the customer that the cancellation waits for the theater.
	CancelAsked(ctx context.Context, bookingID string) error
}
