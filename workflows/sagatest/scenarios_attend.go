package sagatest

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

func attendScenarios() []Scenario {
	undone := func(refunded int64, messages ...string) End {
		return End{
			Status: booking.StatusCancelled, Captured: Price, Refunded: refunded,
			Moves:    map[string]int{"authorize": 1, "capture": 1, "refund": 1},
			Messages: told(messages...),
		}
	}
	cancelAt := func(at time.Duration) action {
		return update(at, workflows.UpdateCancel, workflows.CancelRequest{Reason: "Ill."})
	}
	// tells is the webhook about captured money that moves back on its own.
	tells := func(change func(p *booking.PaymentState)) action {
		return action{time.Second, func(w *World, d Driver) { d.Signal(workflows.SignalPayment, w.pay("pi_1", change)) }}
	}
	disputes := tells(func(p *booking.PaymentState) {
		p.Disputes = []booking.Dispute{{Reference: "dp_1", Status: booking.DisputeOpen, Amount: Price, Reason: "fraudulent"}}
	})
	return []Scenario{
		{
			Name: "disputed", Script: []action{pays(soon), disputes, disputes}, Updates: ok,
			Status: booking.StatusCancelled, Payment: booking.PaymentCaptured,
			End: End{
				Status: booking.StatusCancelled, Captured: Price, Moves: map[string]int{"authorize": 1, "capture": 1},
				Messages: told("confirmed", "disputed"),
			},
		},
		{
			Name: "disputed_and_kept", Script: []action{pays(soon), disputes}, Updates: ok,
			Input:  func(in *workflows.BookingInput) { in.Policy.Disputes = booking.DisputesKeep },
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "refund_failed_later", Updates: ok,
			Script: []action{pays(soon), tells(func(p *booking.PaymentState) { p.RefundsFailed = 1_000 })},
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "cancelled_early", Script: []action{pays(soon), cancelAt(time.Second)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price-5_000, "cancelled", "confirmed"),
		},
		{
			Name: "cancelled_late", Script: []action{pays(soon), cancelAt(2500 * time.Millisecond)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone((Price-5_000)/2, "cancelled", "confirmed"),
		},
		{
			Name: "cancelled_at_the_door", Script: []action{pays(soon), cancelAt(3500 * time.Millisecond)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentCaptured,
			End: End{
				Status: booking.StatusCancelled, Captured: Price, Moves: map[string]int{"authorize": 1, "capture": 1},
				Messages: told("cancelled", "confirmed", "reminder"),
			},
		},
		{
			Name: "scanned_ticket_not_cancellable", Script: []action{pays(soon), does(900*time.Millisecond, (*World).Scan), cancelAt(time.Second)},
			Updates: []booking.Code{"", booking.CodeNotCancellable},
			Status:  booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "refund_fails_often", Setup: fails("refund", Repeat(6, broken)...), StartsIn: 8 * time.Second,
			Script: []action{pays(soon), cancelAt(time.Second)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price-5_000, "cancelled", "confirmed"),
		},
		{
			Name: "refund_answer_lost", Setup: fails("refund", Fault{Lost: true}),
			Script: []action{pays(soon), cancelAt(time.Second)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price-5_000, "cancelled", "confirmed"),
		},
		{
			Name: "refunded_by_staff",
			Script: []action{pays(soon), update(time.Second, workflows.UpdateRefund,
				workflows.RefundRequest{Percent: 100, Reason: "The sound failed.", Staff: CustomerID})},
			Updates: okok, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded,
			End: undone(Price, "cancelled", "confirmed"),
		},
		{
			Name: "resent_by_staff",
			Script: []action{
				pays(soon), update(time.Second, workflows.UpdateResend, workflows.ResendRequest{Channel: booking.ChannelEmail}),
			},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price, Moves: map[string]int{"authorize": 1, "capture": 1},
				Messages: []string{
					"confirmed/email/0", "confirmed/email/1", "confirmed/sms/0", "reminder/email/0", "reminder/sms/0",
				},
			},
		},
		{
			Name: "too_late_for_the_hold",
			Script: []action{
				pays(soon),
				update(time.Second, workflows.UpdateExtend, workflows.ExtendRequest{By: time.Minute}),
				update(1100*time.Millisecond, workflows.UpdateReopen, workflows.ReopenRequest{Provider: Provider}),
				update(1200*time.Millisecond, workflows.UpdateCheck),
			},
			Updates: []booking.Code{"", booking.CodeConflict, booking.CodeNotPayable, ""},
			Status:  booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: sold(),
		},
		{
			Name: "show_cancelled_after_sale",
			Script: []action{pays(soon), {time.Second, func(_ *World, d Driver) {
				d.Signal(workflows.SignalShowCancelled, workflows.ShowCancelled{Reason: "A flood."})
			}}},
			Updates: ok, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price, "confirmed", "show_cancelled"),
		},
		{
			Name: "rescheduled_reminds_once",
			Script: []action{pays(soon), {time.Second, func(w *World, d Driver) {
				d.Signal(workflows.SignalShowRescheduled, workflows.ShowRescheduled{
					StartsAt: w.show.StartsAt.Add(2 * time.Second), EndsAt: w.show.EndsAt.Add(2 * time.Second),
				})
			}}},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price, Moves: map[string]int{"authorize": 1, "capture": 1},
				Messages: told("confirmed", "reminder", "rescheduled"),
			},
		},
		{
			Name:    "terminated_after_sale",
			Script:  []action{pays(soon), {time.Second, func(_ *World, d Driver) { d.Cancel() }}},
			Updates: ok, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price, "cancelled", "confirmed"),
		},
		{
			Name: "refunded_at_the_providers_desk",
			Script: []action{pays(soon), {time.Second, func(w *World, d Driver) {
				d.Signal(workflows.SignalPayment, w.pay("pi_1", func(p *booking.PaymentState) { p.Refunded = 1_000 }))
			}}},
			Updates: ok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: End{
				Claimed: both, Status: booking.StatusConfirmed, Captured: Price, Refunded: 1_000,
				Moves:    map[string]int{"authorize": 1, "capture": 1},
				Messages: told("confirmed", "reminder"), Alerts: []string{"refunded_outside"},
			},
		},
	}
}
