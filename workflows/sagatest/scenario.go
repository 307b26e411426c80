package sagatest

import (
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// Driver acts on a running workflow: in the test environment or on a server.
type Driver interface {
	Signal(name string, arg any)
	Update(name string, args ...any)
	Cancel()
}

// action is something that happens a while after the start.
type action struct {
	At time.Duration
	Do func(w *World, d Driver)
}

// Scenario is one branch of a workflow: what the world is like, what happens,
// and how it must end.
type Scenario struct {
	Name     string
	StartsIn time.Duration // until the show; 4 s when zero
	Input    func(in *workflows.BookingInput)
	// Late makes it a scenario of the late-payment workflow.
	Late   *workflows.LatePaymentInput
	Setup  func(w *World)
	Script []action

	// Canceled is a workflow that closes as canceled, without a result: the same id
	// may start again.
	Canceled bool

	Status  booking.Status
	Payment booking.PaymentStatus
	// Updates are the codes that the script's updates answered, the hold first;
	// an empty code is success.
	Updates []booking.Code
	End     End
	// MaxEvents is the budget of the recorded history; zero is no budget.
	MaxEvents int
}

// BookingInput is what starts a scenario's booking. All times are short, so that a
// recording on a real server takes seconds.
func (s Scenario) BookingInput() workflows.BookingInput {
	in := workflows.BookingInput{
		BookingID: BookingID, CustomerID: CustomerID, ShowID: ShowID, Seats: []string{"C7", "C8"},
		Provider: Provider, RequestHash: "hash", Policy: policy(),
	}
	if s.Input != nil {
		s.Input(&in)
	}
	return in
}

func policy() booking.Policy {
	p := booking.DefaultPolicy()
	p.HoldFor = 2 * time.Second
	p.FetchWithin = 0 // nothing is fetched here
	p.RemindBefore = time.Second
	p.SpreadOver = 0
	p.FastPath = 300 * time.Millisecond
	p.OpenWithin = 3 * time.Second
	p.Refunds = booking.CancellationPolicy{{Until: 2 * time.Second, Percent: 100}, {Until: time.Second, Percent: 50}}
	return p
}

// World makes the scenario's world.
func (s Scenario) World(now func() time.Time) *World {
	startsIn := s.StartsIn
	if startsIn == 0 {
		startsIn = 4 * time.Second
	}
	w := NewWorld(now, startsIn)
	if s.Setup != nil {
		s.Setup(w)
	}
	return w
}

const soon = 500 * time.Millisecond

// pays is the customer paying, and the webhook arriving.
func pays(at time.Duration) action {
	return action{at, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Authorize("pi_1")) }}
}

// paysSilently is the customer paying while every webhook is lost.
func paysSilently(at time.Duration) action {
	return action{at, func(w *World, _ Driver) { w.Authorize("pi_1") }}
}

func declines(at time.Duration) action {
	return action{at, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Decline("pi_1")) }}
}

// abandons is the check that found an answer that was not fetched.
func abandons(at time.Duration) action {
	return action{at, func(w *World, d Driver) {
		w.endUnfetched()
		d.Signal(workflows.SignalAbandoned, nil)
	}}
}

func update(at time.Duration, name string, args ...any) action {
	return action{at, func(_ *World, d Driver) { d.Update(name, args...) }}
}

func does(at time.Duration, do func(w *World)) action {
	return action{at, func(w *World, _ Driver) { do(w) }}
}

func fails(operation string, faults ...Fault) func(*World) {
	return func(w *World) { w.Fail(operation, faults...) }
}

var (
	ok        = []booking.Code{""}
	okok      = []booking.Code{"", ""}
	both      = []string{"C7", "C8"}
	away      = Fault{Err: booking.E(booking.CodeProviderUnavailable, "No answer.")}
	broken    = Fault{Err: booking.E(booking.CodeProviderError, "Answered 500.")}
	dbAway    = Fault{Err: booking.E(booking.CodeUnavailable, "The database is away.")}
	refused   = Fault{Err: booking.E(booking.CodePaymentRefused, "Refused.")}
	panicking = Fault{Panics: true}
	donePanic = Fault{Panics: true, Late: true}
)

func told(notices ...string) []string {
	var all []string
	for _, notice := range notices {
		all = append(all, notice+"/email/0", notice+"/sms/0")
	}
	return all
}

// returned are the messages that a payment goes back, by its number.
func returned(attempt int, also ...string) []string {
	return append(told(also...), fmt.Sprintf("payment_returned/email/%d", attempt), fmt.Sprintf("payment_returned/sms/%d", attempt))
}

// sold is how a booking ends that went well.
func sold() End {
	return End{
		Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
		Moves: map[string]int{"authorize": 1, "capture": 1}, Messages: told("confirmed", "reminder"),
	}
}

// Scenarios are all branches of all workflows.
func Scenarios() []Scenario {
	var all []Scenario
	for _, group := range [][]Scenario{holdScenarios(), payScenarios(), approveScenarios(), sellScenarios(), attendScenarios(),
		changeScenarios(), lateScenarios(), houseScenarios()} {
		all = append(all, group...)
	}
	return all
}
