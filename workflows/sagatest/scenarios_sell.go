package sagatest

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

func sellScenarios() []Scenario {
	lost := End{
		Status: booking.StatusExpired, Moves: map[string]int{"authorize": 1, "void": 1}, Messages: returned(1),
	}
	return []Scenario{
		{
			Name: "seats_overtaken", Script: []action{does(200*time.Millisecond, func(w *World) { w.Take("C7") }), pays(soon)}, Updates: ok,
			Status: booking.StatusExpired, Payment: booking.PaymentVoided, End: lost,
		},
		{
			Name: "show_cancelled_before_sale", Script: []action{does(200*time.Millisecond, (*World).CancelShow), pays(soon)}, Updates: ok,
			Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{
				Status: booking.StatusCancelled, Moves: map[string]int{"authorize": 1, "void": 1}, Messages: told("show_cancelled"),
			},
		},
		{
			// The sale was done each time before it went wrong: it is undone.
			Name: "confirm_done_then_panics", Setup: fails("confirm", Repeat(100, donePanic)...), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{
				Status: booking.StatusCancelled, Moves: map[string]int{"authorize": 1, "void": 1}, Messages: returned(1),
			},
		},
		{
			// A workflow task that sold the seats was lost with its results, and the
			// customer cancels before the news comes again.
			Name: "sold_behind_its_back",
			Script: []action{
				paysSilently(200 * time.Millisecond), does(300*time.Millisecond, (*World).SellBehindItsBack),
				update(soon, workflows.UpdateCancel, workflows.CancelRequest{}),
			},
			Updates: okok, Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusCancelled, Moves: map[string]int{"authorize": 1, "void": 1}},
		},
		{
			Name: "confirm_panics", Setup: fails("confirm", Repeat(100, panicking)...), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusExpired, Payment: booking.PaymentVoided, End: lost,
		},
		{
			Name: "capture_refused", Setup: fails("capture", refused), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{
				Status: booking.StatusCancelled, Moves: map[string]int{"authorize": 1, "void": 1}, Messages: told("payment_failed"),
			},
		},
		{
			Name: "capture_answer_lost", Setup: fails("capture", Fault{Lost: true}), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "capture_stored_500", Setup: fails("capture", broken), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "capture_fails_for_a_while", Setup: fails("capture", Repeat(4, broken)...), Script: []action{pays(soon)}, Updates: ok,
			StartsIn: 7 * time.Second,
			Status:   booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "cancel_while_confirming",
			Setup: func(w *World) {
				w.Fail("capture", Repeat(4, broken)...)
			},
			StartsIn: 8 * time.Second,
			Script:   []action{pays(soon), update(600*time.Millisecond, workflows.UpdateCancel, workflows.CancelRequest{Reason: "Changed my mind."})},
			Updates:  okok, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded,
			// The customer does not wait for the provider, and is told of the end alone.
			End: End{
				Status: booking.StatusCancelled, Captured: Price, Refunded: Price - 5_000,
				Moves:    map[string]int{"authorize": 1, "capture": 1, "refund": 1},
				Messages: told("cancelled"),
			},
		},
		{
			Name: "cancelled_and_never_captured",
			Setup: func(w *World) {
				w.Fail("capture", append(Repeat(3, away), refused)...)
			},
			StartsIn: 8 * time.Second,
			Script:   []action{pays(soon), update(600*time.Millisecond, workflows.UpdateCancel, workflows.CancelRequest{Reason: "Changed my mind."})},
			Updates:  okok, Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{
				Status: booking.StatusCancelled, Moves: map[string]int{"authorize": 1, "void": 1}, Messages: told("cancelled"),
			},
		},
		{
			Name: "show_cancelled_while_capturing",
			Setup: func(w *World) {
				w.Fail("capture", Repeat(3, away)...)
			},
			StartsIn: 8 * time.Second,
			Script: []action{pays(soon), {600 * time.Millisecond, func(_ *World, d Driver) {
				d.Signal(workflows.SignalShowCancelled, workflows.ShowCancelled{Reason: "A flood."})
			}}},
			Updates: ok, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded,
			End: End{
				Status: booking.StatusCancelled, Captured: Price, Refunded: Price,
				Moves:    map[string]int{"authorize": 1, "capture": 1, "refund": 1},
				Messages: told("show_cancelled"),
			},
		},
		{
			Name: "mail_later", Setup: fails("send.email", Repeat(3, away)...), Script: []action{pays(soon)}, Updates: ok,
			StartsIn: 8 * time.Second,
			Status:   booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "mail_refused", Script: []action{pays(soon)}, Updates: ok,
			Setup:  fails("send.email", Repeat(2, Fault{Err: booking.E(booking.CodeValidation, "No such mailbox.")})...),
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves:    map[string]int{"authorize": 1, "capture": 1},
				Messages: []string{"confirmed/sms/0", "reminder/sms/0"},
			},
		},
	}
}

func lateScenarios() []Scenario {
	late := func(rebook bool) *workflows.LatePaymentInput {
		return &workflows.LatePaymentInput{
			Payment: booking.PaymentState{
				Provider: Provider, Reference: "pi_late", BookingID: BookingID, Attempt: 2,
				Status: booking.PaymentAuthorized, Amount: Price, Authorized: Price, Currency: "INR",
			},
			Rebook: rebook, Policy: policy(),
		}
	}
	paidLate := func(status booking.Status) func(*World) {
		return func(w *World) {
			w.AddBooking(BookingID, status, both)
			w.AddPayment("pi_late", BookingID)
			w.Authorize("pi_late")
		}
	}
	taken := func(w *World) {
		w.pay("pi_late", func(p *booking.PaymentState) {
			p.Status, p.Authorized, p.Captured = booking.PaymentCaptured, 0, Price
		})
	}
	back := func(status booking.Status) End {
		return End{Status: status, Moves: map[string]int{"authorize": 1, "void": 1}, Messages: returned(2)}
	}
	return []Scenario{
		{Name: "late_given_back", Late: late(false), Setup: paidLate(booking.StatusExpired), End: back(booking.StatusExpired)},
		{
			Name: "late_rebooked", Late: late(true), Setup: paidLate(booking.StatusExpired),
			End: End{
				Claimed: both, Status: booking.StatusExpired, Captured: Price,
				Moves: map[string]int{"authorize": 1, "capture": 1}, Messages: told("confirmed", "reminder"),
			},
		},
		{
			Name: "late_seats_gone", Late: late(true),
			Setup: func(w *World) {
				paidLate(booking.StatusExpired)(w)
				w.Take("C7")
			},
			End: End{
				Status: booking.StatusExpired, Moves: map[string]int{"authorize": 1, "void": 1},
				Messages: returned(2),
			},
		},
		{
			// The webhook read the booking before it was sold for this very payment.
			Name: "late_for_what_was_sold", Late: late(true),
			Setup: func(w *World) {
				paidLate(booking.StatusConfirmed)(w)
				taken(w)
				w.PaidWith(BookingID, "pi_late")
			},
			End: End{Status: booking.StatusConfirmed, Captured: Price, Moves: map[string]int{"authorize": 1}},
		},
		{
			Name: "late_not_given_back", Late: late(false),
			Setup: func(w *World) {
				paidLate(booking.StatusExpired)(w)
				taken(w)
				w.Fail("refund", refused)
			},
			End: End{
				Status: booking.StatusExpired, Captured: Price, Moves: map[string]int{"authorize": 1},
				Alerts: []string{"money_not_given_back"},
			},
		},
		{Name: "late_after_cancel", Late: late(true), Setup: paidLate(booking.StatusCancelled), End: back(booking.StatusCancelled)},
	}
}
