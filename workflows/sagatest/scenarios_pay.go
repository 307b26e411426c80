package sagatest

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

func payScenarios() []Scenario {
	expired := End{Status: booking.StatusExpired, Moves: map[string]int{"void": 1}, Messages: told("expired")}
	return []Scenario{
		{
			Name: "expired", Updates: ok, Status: booking.StatusExpired, Payment: booking.PaymentVoided, End: expired, MaxEvents: 22,
		},
		{
			Name: "expired_but_paid", Script: []action{paysSilently(soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "in_doubt_then_paid", Script: []action{paysSilently(soon)}, Setup: fails("get", Repeat(2, away)...), Updates: ok,
			StartsIn: 7 * time.Second,
			Status:   booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "in_doubt_then_expired", Setup: fails("get", Repeat(3, away)...), Updates: ok,
			Status: booking.StatusExpired, Payment: booking.PaymentVoided, End: expired,
		},
		{
			Name: "declined_then_paid", Script: []action{declines(soon), pays(time.Second)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name:    "declined_three_times",
			Script:  []action{declines(soon), declines(700 * time.Millisecond), declines(900 * time.Millisecond)},
			Updates: ok, Status: booking.StatusPaymentFailed, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusPaymentFailed, Moves: map[string]int{"void": 1}, Messages: told("payment_failed")},
		},
		{
			Name: "declined_three_times_provider_away",
			Setup: func(w *World) {
				w.Fail("get", Repeat(2, away)...)
			},
			Script:  []action{declines(soon), declines(700 * time.Millisecond), declines(900 * time.Millisecond)},
			Updates: ok, Status: booking.StatusPaymentFailed, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusPaymentFailed, Moves: map[string]int{"void": 1}, Messages: told("payment_failed")},
		},
		{
			Name:    "voided_at_provider",
			Script:  []action{{soon, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Abandon("pi_1")) }}},
			Updates: ok, Status: booking.StatusPaymentFailed, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusPaymentFailed, Messages: told("payment_failed")},
		},
		{
			Name: "amount_differs",
			Script: []action{{soon, func(w *World, d Driver) {
				d.Signal(workflows.SignalPayment, w.AuthorizeOnly("pi_1", Price-1))
			}}},
			Updates: ok, Status: booking.StatusPaymentFailed, Payment: booking.PaymentVoided,
			End: End{
				Status: booking.StatusPaymentFailed, Moves: map[string]int{"void": 1},
				Messages: returned(1), Alerts: []string{"payment_mismatch"},
			},
		},
		{
			Name:    "captured_before_authorized",
			Script:  []action{{soon, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.TakeAtOnce("pi_1")) }}},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price, Messages: told("confirmed", "reminder"),
			},
		},
		{
			Name: "paid_twice_in_two_tabs",
			Script: []action{
				{soon, func(w *World, d Driver) {
					w.AddPayment("pi_other", BookingID)
					d.Signal(workflows.SignalPayment, w.Authorize("pi_other"))
				}},
				pays(time.Second),
			},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves:    map[string]int{"authorize": 2, "capture": 1, "void": 1},
				Messages: returned(2, "confirmed", "reminder"), Alerts: []string{"paid_twice"},
			},
		},
		{
			Name: "paid_again_after_sale",
			Script: []action{pays(soon), {time.Second, func(w *World, d Driver) {
				w.AddPayment("pi_other", BookingID)
				d.Signal(workflows.SignalPayment, w.Authorize("pi_other"))
				d.Signal(workflows.SignalPayment, w.Authorize("pi_other"))
			}}},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves:    map[string]int{"authorize": 3, "capture": 1, "void": 1},
				Messages: returned(2, "confirmed", "reminder"), Alerts: []string{"paid_twice"},
			},
		},
		{
			Name:    "check_finds_it_paid",
			Script:  []action{paysSilently(soon), update(time.Second, workflows.UpdateCheck)},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "check_provider_away", Setup: fails("get", Repeat(3, away)...),
			Script:  []action{update(200*time.Millisecond, workflows.UpdateCheck), pays(soon)},
			Input:   func(in *workflows.BookingInput) { in.Policy.OpenWithin = time.Second },
			Updates: []booking.Code{"", booking.CodeProviderUnavailable},
			Status:  booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "one_decline_heard_three_times",
			Script: []action{{soon, func(w *World, d Driver) {
				news := w.Decline("pi_1")
				for range 3 {
					d.Signal(workflows.SignalPayment, news)
				}
			}}, pays(time.Second)},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			// Opening the next payment fails; then the echo of the closing arrives.
			Name: "reopen_fails_then_works",
			Setup: func(w *World) {
				w.Fail("open", Fault{}, refused)
			},
			Script: []action{
				update(300*time.Millisecond, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Provider}),
				{soon, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Abandon("pi_1")) }},
				update(700*time.Millisecond, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Provider}),
				{time.Second, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Authorize("pi_2")) }},
			},
			Updates: []booking.Code{"", booking.CodePaymentRefused, ""},
			Status:  booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves:    map[string]int{"authorize": 1, "capture": 1, "void": 1},
				Messages: told("confirmed", "reminder"),
			},
		},
		{
			Name: "check_sees_a_decline_once",
			Script: []action{
				does(soon, func(w *World) { w.Decline("pi_1") }),
				update(600*time.Millisecond, workflows.UpdateCheck),
				update(700*time.Millisecond, workflows.UpdateCheck),
				update(800*time.Millisecond, workflows.UpdateCheck),
				pays(time.Second),
			},
			Updates: []booking.Code{"", "", "", ""},
			Status:  booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "paid_with_another_provider",
			Script: []action{
				update(soon, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Provider}),
				{time.Second, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.Authorize("pi_2")) }},
			},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price,
				Moves:    map[string]int{"authorize": 1, "capture": 1, "void": 1},
				Messages: told("confirmed", "reminder"),
			},
		},
		{
			Name:    "reopen_finds_it_paid",
			Script:  []action{paysSilently(soon), update(time.Second, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Provider})},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
	}
}
