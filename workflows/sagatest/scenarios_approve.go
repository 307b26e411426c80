package sagatest

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// approves is the customer agreeing at the approving provider, and the event arriving.
func approves(at time.Duration, reference string) action {
	return action{at, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Approve(reference)) }}
}

// byApproval is a booking that is paid with the approving provider. Authorizing may take
// half of the hold.
func byApproval(in *workflows.BookingInput) {
	in.Provider = Approving
	in.Policy.OpenWithin = time.Second
}

// approveScenarios are the branches of a provider whose customers approve and whose money
// we authorize.
func approveScenarios() []Scenario {
	answers := func(statuses ...booking.PaymentStatus) func(*World) {
		return func(w *World) { w.AnswerAuthorize(statuses...) }
	}
	stale := func(at time.Duration) action {
		return action{at, func(w *World, d Driver) {
			news := w.Approve("pi_1")
			news.Try = "try_1"
			d.Signal(workflows.SignalPayment, news)
		}}
	}
	return []Scenario{
		{
			Name: "approved_then_paid", Input: byApproval, Script: []action{approves(soon, "pi_1")}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(), MaxEvents: 35,
		},
		{
			// Two events of one approval, and the browser that asks, reserve once.
			Name: "approved_and_heard_often", Input: byApproval,
			Script: []action{{soon, func(w *World, d Driver) {
				news := w.Approve("pi_1")
				d.Signal(workflows.SignalPayment, news)
				d.Signal(workflows.SignalPayment, news)
				d.Update(workflows.UpdateCheck)
			}}},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// The event is lost; the page asks.
			Name: "approved_silently", Input: byApproval,
			Script:  []action{does(soon, func(w *World) { w.Approve("pi_1") }), update(700*time.Millisecond, workflows.UpdateCheck)},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// Nothing is reserved when the hold may end before the answer: nothing goes back.
			Name: "approved_too_late", Input: byApproval, Script: []action{approves(1500*time.Millisecond, "pi_1")}, Updates: ok,
			Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusExpired, Moves: map[string]int{"void": 1}, Messages: told("expired")},
		},
		{
			Name: "approved_after_the_end", Input: byApproval, Script: []action{approves(2500*time.Millisecond, "pi_1")}, Updates: ok,
			Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusExpired, Moves: map[string]int{"void": 1}, Messages: told("expired")},
		},
		{
			Name: "approved_declined_then_paid", Input: byApproval, Setup: answers(booking.PaymentFailed),
			Script:  []action{approves(300*time.Millisecond, "pi_1"), approves(700*time.Millisecond, "pi_1")},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// The provider leaves the payment approved after it has declined: that is no new approval.
			Name: "approved_before_the_decline", Input: byApproval, Setup: answers(booking.PaymentFailed, booking.PaymentFailed, booking.PaymentFailed),
			Script: []action{
				approves(200*time.Millisecond, "pi_1"),
				stale(400 * time.Millisecond), stale(600 * time.Millisecond),
				{800 * time.Millisecond, func(w *World, d Driver) {
					w.AnswerAuthorize()
					d.Signal(workflows.SignalPayment, w.Approve("pi_1"))
				}},
			},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "approved_declined_three_times", Input: byApproval,
			Setup: answers(booking.PaymentFailed, booking.PaymentFailed, booking.PaymentFailed),
			Script: []action{
				approves(300*time.Millisecond, "pi_1"), approves(500*time.Millisecond, "pi_1"), approves(700*time.Millisecond, "pi_1"),
			},
			Updates: ok, Status: booking.StatusPaymentFailed, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusPaymentFailed, Moves: map[string]int{"void": 1}, Messages: told("payment_failed")},
		},
		{
			Name: "approved_answer_lost", Input: byApproval, Setup: fails("authorize", Fault{Lost: true}),
			Script:  []action{approves(soon, "pi_1")},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// The provider is away for as long as we ask. Its customer's page asks again later.
			Name: "approved_provider_away", Input: func(in *workflows.BookingInput) {
				byApproval(in)
				in.Policy.HoldFor, in.Policy.OpenWithin = 4*time.Second, 400*time.Millisecond
			},
			StartsIn: 7 * time.Second,
			Setup:    fails("authorize", Repeat(2, away)...),
			Script:   []action{approves(300*time.Millisecond, "pi_1"), update(2*time.Second, workflows.UpdateCheck)},
			Updates:  okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// The provider looks into it, and says yes within the hold.
			Name: "approved_pending_then_paid", Input: byApproval, Setup: answers(booking.PaymentInDoubt),
			Script:  []action{approves(300*time.Millisecond, "pi_1"), pays(time.Second)},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// It has not decided when the hold ends: nothing is reserved, and the seats are free.
			Name: "approved_pending_beyond_the_hold", Input: byApproval, Setup: answers(booking.PaymentInDoubt),
			Script:  []action{approves(300*time.Millisecond, "pi_1")},
			Updates: ok, Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusExpired, Moves: map[string]int{"void": 1}, Messages: told("expired")},
		},
		{
			Name: "approved_pending_then_denied", Input: byApproval, Setup: answers(booking.PaymentInDoubt),
			Script:  []action{approves(300*time.Millisecond, "pi_1"), declines(time.Second)},
			Updates: ok, Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusExpired, Moves: map[string]int{"void": 1}, Messages: told("expired")},
		},
		{
			// The card was declined; the customer takes the other provider within the hold.
			Name:  "declined_then_another_provider",
			Input: func(in *workflows.BookingInput) { in.Policy.OpenWithin = time.Second },
			Script: []action{
				declines(200 * time.Millisecond),
				update(400*time.Millisecond, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Approving}),
				approves(700*time.Millisecond, "pi_2"),
			},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves: map[string]int{"authorize": 1, "capture": 1, "void": 1}, Messages: told("confirmed", "reminder"),
			},
		},
		{
			// The first provider does not answer: the customer takes the other, and the first
			// payment is closed later.
			Name: "provider_away_then_another",
			Input: func(in *workflows.BookingInput) {
				in.Policy.OpenWithin, in.Policy.HoldFor = time.Second, 3*time.Second
			},
			StartsIn: 7 * time.Second,
			Setup:    fails("get", Repeat(3, away)...),
			Script: []action{
				update(200*time.Millisecond, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Approving}),
				approves(1500*time.Millisecond, "pi_2"),
			},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves: map[string]int{"authorize": 1, "capture": 1, "void": 1}, Messages: told("confirmed", "reminder"),
			},
		},
		{
			// Two tabs, two providers: the old one was closed, and is paid even so.
			Name:  "both_providers_paid",
			Input: func(in *workflows.BookingInput) { in.Policy.OpenWithin = time.Second },
			Script: []action{
				update(200*time.Millisecond, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Approving}),
				{soon, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Authorize("pi_1")) }},
				approves(700*time.Millisecond, "pi_2"),
			},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves:    map[string]int{"authorize": 2, "capture": 1, "void": 2},
				Messages: returned(1, "confirmed", "reminder"), Alerts: []string{"paid_twice"},
			},
		},
	}
}
