package sagatest

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

func holdScenarios() []Scenario {
	return []Scenario{
		{
			Name: "happy", Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(), MaxEvents: 32,
		},
		{
			Name: "happy_every_vendor_slow", Script: []action{pays(1800 * time.Millisecond)}, Updates: ok, StartsIn: 6 * time.Second,
			Input: func(in *workflows.BookingInput) { in.Policy.HoldFor = 4 * time.Second },
			Setup: func(w *World) {
				w.Fail("open", Fault{Hang: true})
				w.Fail("send.email", Fault{Hang: true})
				w.Fail("send.sms", Fault{Hang: true})
			},
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(), MaxEvents: 65,
		},
		{
			Name: "happy_default_activities", Script: []action{pays(soon)}, Updates: ok,
			Input:  func(in *workflows.BookingInput) { in.Policy.FastPath = 0 },
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "rejected_seats_taken", Setup: func(w *World) { w.Take("C8") },
			Updates: []booking.Code{booking.CodeSeatsUnavailable},
			Status:  booking.StatusRejected, Payment: booking.PaymentNone, End: End{}, MaxEvents: 10,
		},
		{
			Name: "rejected_database_away", Setup: fails("hold", Repeat(200, dbAway)...),
			Updates: []booking.Code{booking.CodeUnavailable},
			Status:  booking.StatusRejected, Payment: booking.PaymentOpen, End: End{},
		},
		{
			// It was too late before it began, like a real workflow whose first task waited
			// for a worker.
			Name: "started_late", Input: func(in *workflows.BookingInput) { in.StartWithin = -time.Second },
			Updates: []booking.Code{booking.CodeStartedLate}, Canceled: true, End: End{}, MaxEvents: 10,
		},
		{
			// An earlier try of the first task held the seats, and its results were lost.
			Name: "started_late_and_held_before", Input: func(in *workflows.BookingInput) { in.StartWithin = -time.Second },
			Setup:  func(w *World) { w.AddBooking(BookingID, booking.StatusHeld, both) },
			Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(), MaxEvents: 32,
		},
		{
			Name: "abandoned", Script: []action{abandons(soon)}, Updates: ok,
			Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusExpired, Moves: map[string]int{"void": 1}}, MaxEvents: 24,
		},
		{
			Name: "abandoned_and_paid", Script: []action{pays(soon), abandons(2 * soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "abandoned_while_paying", Script: []action{paysSilently(soon), abandons(2 * soon)}, Updates: ok,
			Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusExpired, Moves: map[string]int{"authorize": 1, "void": 1},
				Messages: returned(1)},
		},
		{
			Name: "hold_panics", Setup: fails("hold", Repeat(200, panicking)...),
			Updates: []booking.Code{booking.CodeUnavailable},
			Status:  booking.StatusRejected, Payment: booking.PaymentOpen, End: End{},
		},
		{
			Name: "database_back_in_time", Setup: fails("hold", Repeat(3, dbAway)...), Script: []action{pays(time.Second)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "open_refused", Setup: fails("open", refused), Updates: []booking.Code{booking.CodePaymentRefused},
			Status: booking.StatusPaymentFailed, Payment: booking.PaymentOpen, End: End{Status: booking.StatusPaymentFailed},
		},
		{
			Name: "open_provider_away", Setup: fails("open", Repeat(50, away)...),
			Updates: []booking.Code{booking.CodeProviderUnavailable},
			Status:  booking.StatusPaymentFailed, Payment: booking.PaymentOpen, End: End{Status: booking.StatusPaymentFailed},
		},
		{
			Name: "open_answer_lost", Setup: fails("open", Fault{Lost: true}), Updates: ok, Script: []action{pays(1500 * time.Millisecond)},
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "open_stored_500", Setup: fails("open", broken), Updates: ok, Script: []action{pays(soon)},
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "cancelled_while_held", Script: []action{update(soon, workflows.UpdateCancel, workflows.CancelRequest{})}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusCancelled, Moves: map[string]int{"void": 1}, Messages: nil},
		},
		{
			Name:   "terminated_while_held",
			Script: []action{{soon, func(_ *World, d Driver) { d.Cancel() }}}, Updates: ok,
			Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusCancelled, Moves: map[string]int{"void": 1}, Messages: told("cancelled")},
		},
		{
			Name: "show_cancelled_while_held",
			Script: []action{{soon, func(_ *World, d Driver) {
				d.Signal(workflows.SignalShowCancelled, workflows.ShowCancelled{Reason: "A broken projector."})
			}}},
			Updates: ok, Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusCancelled, Moves: map[string]int{"void": 1}, Messages: told("show_cancelled")},
		},
		{
			Name: "hold_extended",
			Script: []action{
				update(soon, workflows.UpdateExtend, workflows.ExtendRequest{By: 2 * time.Second}),
				pays(3 * time.Second),
			},
			StartsIn: 6 * time.Second,
			Updates:  okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// Too early to be needed, in time, and the second click.
			Name: "hold_extended_by_customer",
			Script: []action{
				update(soon, workflows.UpdateExtend, moreTime),
				update(2500*time.Millisecond, workflows.UpdateExtend, moreTime),
				update(3*time.Second, workflows.UpdateExtend, moreTime),
				pays(4300 * time.Millisecond),
			},
			StartsIn: 8 * time.Second,
			Input:    func(in *workflows.BookingInput) { in.Policy.HoldFor = moreTime.By },
			Updates:  []booking.Code{"", "", "", ""},
			Status:   booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
	}
}

// moreTime is what a customer asks for who may have it once.
var moreTime = workflows.ExtendRequest{By: 4 * time.Second, Customer: true, Times: 1}
