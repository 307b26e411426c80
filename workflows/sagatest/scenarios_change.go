package sagatest

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// movesShow is the theater moving the show by two seconds, and its customers being
// told that they may choose for four.
func movesShow(at time.Duration) action {
	return action{at, func(w *World, d Driver) {
		d.Signal(workflows.SignalShowRescheduled, w.MoveShow(2*time.Second, 4*time.Second))
	}}
}

func chooses(at time.Duration, choice booking.ChangeChoice) action {
	decision := workflows.ChangeDecision{ChangeID: changeID, Choice: choice}
	if choice == booking.ChoiceMove {
		decision.ShowID, decision.Seats = otherShowID, []string{"D1", "D2"}
	}
	return update(at, workflows.UpdateChoose, decision)
}

// cancelsShow is the signal that a show does not take place, for its bookings.
func cancelsShow(at time.Duration, showID, changeID string) action {
	return action{at, func(_ *World, d Driver) {
		d.Signal(workflows.SignalShowCancelled, workflows.ShowCancelled{ChangeID: changeID, ShowID: showID, Reason: "A flood."})
	}}
}

// keptNewTime is how a booking ends whose customer went to the moved show.
func keptNewTime() End {
	end := sold()
	end.Messages = told("confirmed", "reminder", "rescheduled")
	return end
}

// wentElsewhere is how a booking ends whose customer went to the other show.
func wentElsewhere() End {
	return End{
		Claimed: []string{ofOther("D1"), ofOther("D2")}, Status: booking.StatusConfirmed,
		Captured: Price, Refunded: Price - otherPrice,
		Moves:    map[string]int{"authorize": 1, "capture": 1, "refund": 1},
		Messages: told("confirmed", "moved", "reminder", "rescheduled"),
	}
}

func within(events int, s Scenario) Scenario {
	s.MaxEvents = events
	return s
}

func changeScenarios() []Scenario {
	const (
		otherChange = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a07"
		moved       = time.Second
		chosen      = 1500 * time.Millisecond
	)
	gone := func(refunded int64, refunds int, messages ...string) End {
		return End{
			Status: booking.StatusCancelled, Captured: Price, Refunded: refunded,
			Moves:    map[string]int{"authorize": 1, "capture": 1, "refund": refunds},
			Messages: told(messages...),
		}
	}
	kept := func(name string, script ...action) Scenario {
		return Scenario{
			Name: name, Script: append([]action{pays(soon), movesShow(moved)}, script...), Updates: okok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: keptNewTime(),
		}
	}
	refunded := func(name string, script ...action) Scenario {
		return Scenario{
			Name: name, Script: append([]action{pays(soon), movesShow(moved)}, script...), Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded,
			End: gone(Price, 1, "cancelled", "confirmed", "rescheduled"),
		}
	}
	elsewhere := func(name string, script ...action) Scenario {
		return Scenario{
			Name: name, Script: append([]action{pays(soon), movesShow(moved), chooses(chosen, booking.ChoiceMove)}, script...),
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: wentElsewhere(),
		}
	}

	untold := kept("moved_and_heard_twice", action{chosen, func(w *World, d Driver) {
		d.Signal(workflows.SignalShowRescheduled, w.MoveShow(0, 4*time.Second))
	}})
	untold.Updates = ok
	// Two moves that follow each other closely are told side by side.
	crossed := kept("moved_twice_heard_crosswise", action{chosen, func(w *World, d Driver) {
		first := w.MoveShow(0, 4*time.Second)
		first.ChangeID, first.ChangedAt = otherChange, first.ChangedAt.Add(-time.Minute)
		first.StartsAt, first.EndsAt = first.StartsAt.Add(3*time.Second), first.EndsAt.Add(3*time.Second)
		d.Signal(workflows.SignalShowRescheduled, first)
	}})
	crossed.Updates = ok
	again := kept("moved_chosen_again", chooses(chosen, booking.ChoiceKeep), chooses(chosen+200*time.Millisecond, booking.ChoiceKeep),
		chooses(chosen+400*time.Millisecond, booking.ChoiceRefund))
	again.Updates = []booking.Code{"", "", "", booking.CodeChoiceClosed}
	late := kept("moved_chosen_too_late", does(chosen, (*World).CloseChoice), chooses(chosen+200*time.Millisecond, booking.ChoiceRefund))
	late.Updates = []booking.Code{"", booking.CodeChoiceClosed}
	held := kept("moved_while_held")
	held.Script = []action{movesShow(200 * time.Millisecond), chooses(300*time.Millisecond, booking.ChoiceKeep), pays(soon)}
	held.Updates = []booking.Code{"", booking.CodeConflict}
	taken := kept("moved_seats_taken", does(moved, func(w *World) { w.Take(ofOther("D2")) }),
		chooses(chosen, booking.ChoiceMove), chooses(chosen+200*time.Millisecond, booking.ChoiceKeep))
	taken.Updates = []booking.Code{"", booking.CodeSeatsUnavailable, ""}

	byDefault := refunded("moved_default_refund", cancelsShow(chosen, ShowID, changeID), cancelsShow(chosen, ShowID, changeID))
	byDefault.Updates = ok
	twice := refunded("show_cancelled_twice")
	twice.Script = []action{pays(soon), cancelsShow(moved, ShowID, otherChange), cancelsShow(moved, ShowID, otherChange)}
	twice.Updates, twice.End = ok, gone(Price, 1, "confirmed", "show_cancelled")

	lost := elsewhere("moved_elsewhere_answer_lost")
	lost.Setup = fails("choose", Fault{Err: dbAway.Err, Late: true})
	lost.StartsIn = 5 * time.Second
	left := elsewhere("moved_elsewhere_then_cancelled", update(2*time.Second, workflows.UpdateCancel, workflows.CancelRequest{}))
	left.Status, left.Payment, left.Updates = booking.StatusCancelled, booking.PaymentRefunded, []booking.Code{"", "", ""}
	left.End = gone(Price-5_000, 2, "cancelled", "confirmed", "moved", "rescheduled")
	// The refund of the difference is still under way when everything is to go back.
	slow := elsewhere("moved_elsewhere_then_show_cancelled", cancelsShow(2*time.Second, otherShowID, otherChange))
	slow.Setup = fails("refund", Repeat(2, away)...)
	slow.Status, slow.Payment = booking.StatusCancelled, booking.PaymentRefunded
	slow.End = gone(Price, 2, "confirmed", "moved", "rescheduled", "show_cancelled")

	repeated := elsewhere("moved_elsewhere_chosen_again", chooses(chosen+300*time.Millisecond, booking.ChoiceMove))
	repeated.Updates = []booking.Code{"", "", ""}
	door := elsewhere("moved_elsewhere_cancelled_at_the_door", update(6500*time.Millisecond, workflows.UpdateCancel, workflows.CancelRequest{}))
	door.Status, door.Updates = booking.StatusCancelled, []booking.Code{"", "", ""}
	door.End = gone(Price-otherPrice, 1, "cancelled", "confirmed", "moved", "reminder", "rescheduled")

	return []Scenario{
		repeated, door, untold, crossed, again, late, held, taken, byDefault, twice, lost, left, slow,
		within(56, kept("moved_kept", chooses(chosen, booking.ChoiceKeep))),
		within(56, refunded("moved_refunded", chooses(chosen, booking.ChoiceRefund))),
		refunded("moved_cancelled_in_time", update(chosen, workflows.UpdateCancel, workflows.CancelRequest{Reason: "Ill."})),
		within(62, elsewhere("moved_elsewhere")),
		elsewhere("moved_elsewhere_before_it_was_cancelled", cancelsShow(2*time.Second, ShowID, otherChange)),
	}
}
