// Package sagatest is a small world for the booking saga to live in: seats,
// books, a payment provider and a post office in memory, whose answers can be
// made to fail, hang, get lost or panic. The workflow tests run in it with time
// skipping; the recorder runs the same scenarios in it on a real Temporal server.
//
// It is for tests only. The real implementations have conformance suites of
// their own.
package sagatest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
)

// Fault is what goes wrong with one call.
type Fault struct {
	Err    error
	Hang   bool // no answer until the caller gives up
	Lost   bool // done, and then no answer
	Panics bool
	// Late makes the panic, or the error, come after the thing was done.
	Late bool
}

// World implements every port of package activities.
type World struct {
	// Patience is how long a customer who pays waits for the payment to be opened. Where time is
	// skipped it is zero: the payment is there.
	Patience time.Duration

	mu       sync.Mutex
	house    house // of a theater that sells from its own system
	now      func() time.Time
	show     booking.ShowSummary
	claims   map[string]string // seat → booking
	bookings map[string]*booking.Booking
	channels []booking.Channel
	payments map[string]*booking.PaymentState
	paidWith map[string]string // booking → reference
	byKey    map[string]string // idempotency key → reference
	moves    map[string]int    // movements done at the provider, by kind
	messages []booking.Notification
	alerts   []booking.Alert
	faults   map[string][]Fault
	calls    map[string]int
	scanned  bool
	// For a move of the show: until when the customer may choose, the choice, and the
	// refund because another show cost less.
	decideBy  time.Time
	chosen    booking.ChangeChoice
	givenBack int64
	tries     int                     // declined payments
	answers   []booking.PaymentStatus // what authorizing says next; authorized without one
	// What staff promised after the end, and how often.
	promised int64
	promises int
}

// NewWorld makes a world whose show starts after a while.
func NewWorld(now func() time.Time, startsIn time.Duration) *World {
	return &World{
		now: now,
		show: booking.ShowSummary{
			ID: ShowID, MovieTitle: "Test Film", TheaterID: TheaterID, TheaterName: "Test House", TimeZone: "Asia/Kolkata",
			StartsAt: now().Add(startsIn), EndsAt: now().Add(startsIn + 2*time.Hour), Status: booking.ShowScheduled,
		},
		claims:   map[string]string{},
		bookings: map[string]*booking.Booking{},
		channels: []booking.Channel{booking.ChannelEmail, booking.ChannelSMS},
		payments: map[string]*booking.PaymentState{},
		paidWith: map[string]string{},
		byKey:    map[string]string{},
		moves:    map[string]int{},
		faults:   map[string][]Fault{},
		calls:    map[string]int{},
	}
}

// The ids of the world.
const (
	BookingID  = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a01"
	CustomerID = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a02"
	ShowID     = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a03"
	TheaterID  = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a04"
	Provider   = "stripe"
	Approving  = "paypal" // a provider whose customers only approve
	Price      = 45_000   // two seats, in paise
)

// Total is what the world's booking costs.
func Total() booking.Money { return booking.Money{Amount: Price, Currency: "INR"} }

// Activities are the real activities over this world.
func (w *World) Activities() workers.Activities {
	return workers.Activities{
		Seats: &activities.Seats{Inventory: (*inventory)(w), Choices: (*inventory)(w), Books: (*books)(w)},
		Payments: &activities.Payments{
			Providers: map[string]activities.PaymentProvider{Provider: (*provider)(w), Approving: approving{(*provider)(w)}},
			Books:     (*books)(w),
		},
		Notifications: &activities.Notifications{Messages: (*messages)(w)},
		Sweep:         &activities.Sweep{Standings: (*standings)(w)},
		Houses:        &activities.Houses{Registry: (*houseSystem)(w), Orders: (*houseSystem)(w)},
	}
}

// Fail makes the next calls of an operation fail, in order.
func (w *World) Fail(operation string, faults ...Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[operation] = append(w.faults[operation], faults...)
}

// Repeat is a fault n times.
func Repeat(n int, f Fault) []Fault { return slices.Repeat([]Fault{f}, n) }

// Take gives a seat to another booking.
func (w *World) Take(seat string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claims[seat] = "somebody else"
}

// Sell makes the world's booking one that was sold and paid with pi_1.
func (w *World) Sell() {
	w.AddBooking(BookingID, booking.StatusConfirmed, []string{"C7", "C8"})
	w.AddPayment("pi_1", BookingID)
	w.pay("pi_1", func(p *booking.PaymentState) { p.Status, p.Captured = booking.PaymentCaptured, Price })
	w.PaidWith(BookingID, "pi_1")
}

// PaidWith says which payment a booking was sold for.
func (w *World) PaidWith(bookingID, reference string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paidWith[bookingID] = reference
}

// CancelShow ends the show's sale.
func (w *World) CancelShow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.show.Status = booking.ShowCancelled
}

// Scan marks the ticket as used.
func (w *World) Scan() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scanned = true
}

// call counts an operation and runs it, or goes wrong as asked.
func (w *World) call(ctx context.Context, operation string, run func() error) error {
	w.mu.Lock()
	w.calls[operation]++
	var fault Fault
	if waiting := w.faults[operation]; len(waiting) > 0 {
		fault, w.faults[operation] = waiting[0], waiting[1:]
	}
	if fault.Panics {
		if fault.Late {
			_ = run()
		}
		w.mu.Unlock()
		panic("sagatest: " + operation)
	}
	var err error
	if fault.Err == nil && !fault.Hang || fault.Late {
		err = run()
	}
	w.mu.Unlock()
	switch {
	case fault.Err != nil:
		return fault.Err
	case fault.Hang, fault.Lost:
		<-ctx.Done()
		return booking.E(booking.CodeProviderUnavailable, "No answer.")
	}
	return err
}

// Calls tells how often an operation was asked for.
func (w *World) Calls(operation string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[operation]
}

// End is how a world stands when its workflow is done.
type End struct {
	Claimed  []string // seats of the scenario's booking, or a rebooking of it
	Status   booking.Status
	Captured int64
	Refunded int64
	Reserved int64          // authorized and neither taken nor let go
	Moves    map[string]int // authorize, capture, void, refund at the provider
	Messages []string       // "confirmed/email/0", in order of name
	Alerts   []string
	House    string   // how the order stands in the books of the theater's own system
	HouseHas []string // seats that stay off sale because that system has or may have them
}

// End sums the world up.
func (w *World) End() End {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := End{Moves: map[string]int{}}
	for seat, id := range w.claims {
		if _, ours := w.bookings[id]; ours {
			end.Claimed = append(end.Claimed, seat)
		}
	}
	if b := w.bookings[BookingID]; b != nil {
		end.Status = b.Status
	}
	for _, p := range w.payments {
		end.Captured += p.Captured
		end.Refunded += p.Refunded
		end.Reserved += p.Authorized
	}
	for move, n := range w.moves {
		end.Moves[move] = n
	}
	for _, m := range w.messages {
		end.Messages = append(end.Messages, fmt.Sprintf("%s/%s/%d", m.Notice, m.Channel, m.Sequence))
	}
	for _, a := range w.alerts {
		end.Alerts = append(end.Alerts, string(a.Kind))
	}
	if w.house.order != nil {
		end.House = string(w.house.order.Status)
	}
	end.HouseHas = w.house.has
	slices.Sort(end.Claimed)
	slices.Sort(end.Messages)
	slices.Sort(end.Alerts)
	return end
}
