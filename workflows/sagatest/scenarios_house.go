package sagatest

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// houseScenarios are the branches of a theater that sells from its own system, which must
// end with the same order in both books.
func houseScenarios() []Scenario {
	all := append(houseHoldScenarios(), houseSaleScenarios()...)
	return append(all, houseEndScenarios()...)
}

// atTheHouse makes the theater's own system sell, with faults of operations in order.
func atTheHouse(setup ...func(*World)) func(*World) {
	return func(w *World) {
		w.SellsItself()
		for _, one := range setup {
			one(w)
		}
	}
}

// changeHouse changes the theater's own system.
func (w *World) changeHouse(change func(*house)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.house)
}

var (
	houseAway     = Fault{Err: booking.E(booking.CodeHouseUnavailable, "No answer.")}
	houseDoneAway = Fault{Err: houseAway.Err, Late: true}
	// neverHeld is the end of a booking whose theater did not hold the seats.
	neverHeld = End{Status: booking.StatusExpired}
)

// houseSold is how a booking ends that went well, in both books.
func houseSold() End {
	end := sold()
	end.House = string(booking.HouseConfirmed)
	return end
}

// with is an end with the order at the theater as it stands there, and seats that stay off
// sale.
func (e End) with(status booking.HouseOrderStatus, seats ...string) End {
	e.House = string(status)
	if len(seats) > 0 {
		e.HouseHas = seats
	}
	return e
}

func houseHoldScenarios() []Scenario {
	rejected := func(code booking.Code) []booking.Code { return []booking.Code{code} }
	goneThere := Fault{Err: booking.SeatsUnavailable([]string{"1/C7"})}
	return []Scenario{
		{
			Name: "house_sold", Setup: atTheHouse(), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(), MaxEvents: 34,
		},
		{
			Name: "house_sold_without_the_fast_path", Setup: atTheHouse(), Script: []action{pays(soon)}, Updates: ok,
			Input:  func(in *workflows.BookingInput) { in.Policy.FastPath = 0 },
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(), MaxEvents: 85,
		},
		{
			// The counter was quicker: the seats stay off sale here, and the customer is told at once.
			Name: "house_seats_gone", Setup: atTheHouse(fails("house.hold", goneThere)), Updates: rejected(booking.CodeSeatsUnavailable),
			Status: booking.StatusRejected, Payment: booking.PaymentOpen, End: neverHeld.with("", "C7"),
		},
		{
			Name: "house_hold_answer_lost", Setup: atTheHouse(fails("house.hold", Fault{Lost: true})), Script: []action{pays(soon)}, Updates: ok,
			StartsIn: 7 * time.Second,
			Status:   booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
		{
			// No seats and no money: what the theater may hold is let go.
			Name: "house_away", Setup: atTheHouse(fails("house.hold", Repeat(20, houseAway)...)),
			Updates: rejected(booking.CodeHouseUnavailable), Status: booking.StatusRejected, Payment: booking.PaymentOpen, End: neverHeld,
		},
		{
			// A theater that is known to fail is not asked, and no seat waits for it.
			Name: "house_ill", Setup: atTheHouse(fails("house.hold", Fault{Err: booking.E(booking.CodeFastPathSkipped, "Ill.")})),
			Updates: rejected(booking.CodeHouseUnavailable), Status: booking.StatusRejected, Payment: booking.PaymentOpen, End: neverHeld,
			MaxEvents: 20,
		},
		{
			// Held there without an answer, and the letting go gets none for long either: the seats
			// stay off sale here until the theater has answered.
			Name: "house_away_for_long", Setup: atTheHouse(fails("house.hold", Repeat(20, houseDoneAway)...), fails("house.find", Repeat(4, houseAway)...)),
			Updates: rejected(booking.CodeHouseUnavailable), Status: booking.StatusRejected, Payment: booking.PaymentOpen,
			End: neverHeld.with(booking.HouseLapsed),
		},
		{
			Name: "house_price_changed", Setup: atTheHouse(func(w *World) { w.house.price++ }),
			Updates: rejected(booking.CodePriceChanged), Status: booking.StatusRejected, Payment: booking.PaymentOpen,
			End: neverHeld.with(booking.HouseLapsed),
		},
		{
			Name: "house_holds_too_shortly", Setup: atTheHouse(func(w *World) { w.house.left = 90 * time.Second }),
			Updates: rejected(booking.CodeHouseRefused), Status: booking.StatusRejected, Payment: booking.PaymentOpen,
			End: neverHeld.with(booking.HouseLapsed),
		},
		{
			Name: "house_hold_without_an_end", Setup: atTheHouse(func(w *World) { w.house.left = 0 }), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
		{
			Name: "house_paused", Setup: atTheHouse(func(w *World) { w.house.paused = true }),
			Updates: rejected(booking.CodeShowNotOnSale), Status: booking.StatusRejected, Payment: booking.PaymentOpen, End: neverHeld,
		},
		{
			Name: "house_allotted", Setup: atTheHouse(func(w *World) { w.house.allotted = true }, fails("house.find", Repeat(2, houseAway)...)),
			Script: []action{pays(soon)}, Updates: ok, StartsIn: 7 * time.Second,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
	}
}

func houseSaleScenarios() []Scenario {
	undone := func(moves map[string]int, status booking.HouseOrderStatus, messages []string) End {
		return End{Status: booking.StatusExpired, Moves: moves, Messages: messages}.with(status)
	}
	voided := map[string]int{"authorize": 1, "void": 1}
	undecided := func(n int) func(*World) { return func(w *World) { w.house.undecided = n } }
	return []Scenario{
		{
			// A lost answer is never a second sale.
			Name: "house_sale_answer_lost", Setup: atTheHouse(fails("house.confirm", Fault{Lost: true})), Script: []action{pays(soon)}, Updates: ok,
			StartsIn: 7 * time.Second,
			Status:   booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
		{
			// The hold is over long before the theater answers, and the seats stay.
			Name: "house_sale_in_doubt", Setup: atTheHouse(fails("house.confirm", Fault{Lost: true}), fails("house.find", Repeat(3, houseAway)...)),
			Script: []action{
				pays(soon), update(1500*time.Millisecond, workflows.UpdateCancel, workflows.CancelRequest{}),
				update(1600*time.Millisecond, workflows.UpdateCheck),
			},
			Updates: []booking.Code{"", booking.CodeConflict, ""}, StartsIn: 12 * time.Second,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
		{
			Name: "house_undecided_then_sold", Setup: atTheHouse(undecided(3)), Script: []action{pays(soon)}, Updates: ok, StartsIn: 12 * time.Second,
			Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
		{
			// No capture without a sale: scenario 24 of the theaters' trackers.
			Name: "house_undecided_then_lost", Setup: atTheHouse(undecided(100)),
			Script: []action{pays(soon), does(2*time.Second, func(w *World) {
				w.changeHouse(func(h *house) { h.order.Status = booking.HouseLapsed })
			})},
			Updates: ok, StartsIn: 12 * time.Second, Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: undone(voided, booking.HouseLapsed, returned(1)),
		},
		{
			// The theater decides after the show has begun: no money for a seat that no one could take.
			Name: "house_sale_too_late", Setup: atTheHouse(fails("house.confirm", Fault{Lost: true}), fails("house.find", Repeat(3, houseAway)...)),
			Script: []action{pays(soon)}, Updates: ok, StartsIn: 4 * time.Second, Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: undone(voided, booking.HouseCancelled, returned(1)),
		},
		{
			Name: "house_hold_lost", Setup: atTheHouse(),
			Script: []action{does(200*time.Millisecond, func(w *World) {
				w.changeHouse(func(h *house) { h.order.Status = booking.HouseLapsed })
			}), pays(soon)},
			Updates: ok, Status: booking.StatusExpired, Payment: booking.PaymentVoided, End: undone(voided, booking.HouseLapsed, returned(1)),
		},
		{
			Name: "house_refuses_the_sale", Setup: atTheHouse(fails("house.confirm", Fault{Err: booking.E(booking.CodeHouseRefused, "Locked.")})),
			Script: []action{pays(soon)}, Updates: ok, Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: undone(voided, booking.HouseLapsed, returned(1)),
		},
		{
			Name: "house_sold_and_capture_refused", Setup: atTheHouse(fails("capture", refused)), Script: []action{pays(soon)}, Updates: ok,
			Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusCancelled, Moves: voided, Messages: told("payment_failed")}.with(booking.HouseCancelled),
		},
		{
			// Sold there, and our own sale finds the show cancelled.
			Name: "house_sold_and_show_cancelled", Setup: atTheHouse(fails("confirm", Fault{Err: booking.E(booking.CodeShowNotOnSale, "Cancelled.")})),
			Script: []action{pays(soon)}, Updates: ok, Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusCancelled, Moves: voided, Messages: told("show_cancelled")}.with(booking.HouseCancelled),
		},
	}
}

func houseEndScenarios() []Scenario {
	cancels := func(at time.Duration) action {
		return update(at, workflows.UpdateCancel, workflows.CancelRequest{Reason: "Ill."})
	}
	showCancelled := func(at time.Duration) action {
		return action{at, func(_ *World, d Driver) {
			d.Signal(workflows.SignalShowCancelled, workflows.ShowCancelled{Reason: "A flood."})
		}}
	}
	undone := func(refunded int64, messages ...string) End {
		return End{
			Status: booking.StatusCancelled, Captured: Price, Refunded: refunded,
			Moves: map[string]int{"authorize": 1, "capture": 1, "refund": 1}, Messages: told(messages...),
		}.with(booking.HouseCancelled)
	}
	keeps := func(w *World) { w.house.keeps = true }
	letGo := End{Status: booking.StatusExpired, Moves: map[string]int{"void": 1}, Messages: told("expired")}.with(booking.HouseLapsed)
	stillThere := undone(Price, "confirmed", "show_cancelled").with(booking.HouseConfirmed)
	refusedLater := houseSold()
	refusedLater.Alerts = []string{string(booking.AlertHouseCancelRefused)}
	stillThere.Alerts = []string{string(booking.AlertHouseSaleOrphan)}
	return []Scenario{
		{
			Name: "house_expired", Setup: atTheHouse(), Updates: ok, Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: letGo, MaxEvents: 24,
		},
		{
			Name: "house_expired_while_it_is_away", Setup: atTheHouse(fails("house.release", houseAway), fails("house.find", Repeat(3, houseAway)...)),
			Updates: ok, Status: booking.StatusExpired, Payment: booking.PaymentVoided,
			End: letGo,
		},
		{
			Name: "house_let_go_by_the_customer", Setup: atTheHouse(), Script: []action{cancels(soon)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentVoided,
			End: End{Status: booking.StatusCancelled, Moves: map[string]int{"void": 1}}.with(booking.HouseLapsed),
		},
		{
			Name: "house_cancelled", Setup: atTheHouse(), Script: []action{pays(soon), cancels(time.Second)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price-5_000, "cancelled", "confirmed"),
		},
		{
			// Their cut-off decides: the ticket stays, and nothing goes back.
			Name: "house_cancels_no_more", Setup: atTheHouse(keeps), Script: []action{pays(soon), cancels(time.Second)},
			Updates: []booking.Code{"", booking.CodeNotCancellable}, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: houseSold(),
		},
		{
			// Asked for, and done when the theater answers: until then the ticket is good and no
			// money goes back.
			Name: "house_cancelled_while_it_is_away", Setup: atTheHouse(fails("house.cancel", Repeat(4, houseAway)...)), StartsIn: 30 * time.Second,
			Input: func(in *workflows.BookingInput) {
				in.Policy.Refunds = booking.CancellationPolicy{{Until: 2 * time.Second, Percent: 100}}
			},
			Script:  []action{pays(soon), cancels(time.Second), cancels(6 * time.Second), update(6*time.Second, workflows.UpdateRefund, workflows.RefundRequest{Percent: 100})},
			Updates: []booking.Code{"", "", "", ""}, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded,
			End: undone(Price, "cancelled", "confirmed"), // by staff, who do not wait
		},
		{
			Name: "house_cancelled_by_the_customer_while_it_is_away", Setup: atTheHouse(fails("house.cancel", Repeat(4, houseAway)...)), StartsIn: 30 * time.Second,
			Input: func(in *workflows.BookingInput) {
				in.Policy.Refunds = booking.CancellationPolicy{{Until: 2 * time.Second, Percent: 100}}
			},
			Script:  []action{pays(soon), cancels(time.Second), cancels(6 * time.Second)},
			Updates: []booking.Code{"", "", ""}, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded,
			End: undone(Price-5_000, "cancelled", "confirmed"),
		},
		{
			// Asked for in time, and refused when the theater answers: staff decide.
			Name: "house_refuses_the_cancellation_later", Setup: atTheHouse(keeps, fails("house.cancel", Repeat(4, houseAway)...)), StartsIn: 30 * time.Second,
			Script: []action{pays(soon), cancels(time.Second)}, Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured,
			End: refusedLater,
		},
		{
			// A ticket that was used stays, there as here.
			Name: "house_cancelled_after_the_scan", Setup: atTheHouse(), Script: []action{pays(soon), does(700*time.Millisecond, (*World).Scan), cancels(time.Second)},
			Updates: []booking.Code{"", booking.CodeNotCancellable}, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
		{
			// Cancelled before the theater knows of the sale of its allotment: it is not sold there
			// afterwards.
			Name: "house_allotted_and_cancelled", Setup: atTheHouse(func(w *World) { w.house.allotted = true }, fails("house.find", Repeat(6, houseAway)...),
				fails("house.cancel", Fault{Err: booking.E(booking.CodeNotFound, "No such sale.")})),
			StartsIn: 20 * time.Second, Script: []action{pays(soon), cancels(time.Second)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price-5_000, "cancelled", "confirmed").with(""),
		},
		{
			Name: "house_show_cancelled_while_it_is_away", Setup: atTheHouse(fails("house.cancel", Repeat(4, houseAway)...)), StartsIn: 30 * time.Second,
			Script: []action{pays(soon), cancels(time.Second), showCancelled(6 * time.Second)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price, "confirmed", "show_cancelled"),
		},
		{
			// The booking is cancelled before the theater answers, with a refusal: staff see to it.
			Name:  "house_show_cancelled_while_it_is_away_and_it_keeps_the_sale",
			Setup: atTheHouse(keeps, fails("house.cancel", Repeat(4, houseAway)...)), StartsIn: 30 * time.Second,
			Script: []action{pays(soon), cancels(time.Second), showCancelled(6 * time.Second)}, Updates: okok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: stillThere,
		},
		{
			Name: "house_show_cancelled", Setup: atTheHouse(), Script: []action{pays(soon), showCancelled(time.Second)}, Updates: ok,
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price, "confirmed", "show_cancelled"),
		},
		{
			// Cancelled at the theater's counter, found by the comparison of the sales.
			Name: "house_undone_there", Setup: atTheHouse(), Updates: ok,
			Script: []action{pays(soon), {time.Second, func(w *World, d Driver) {
				w.changeHouse(func(h *house) { h.order.Status = booking.HouseCancelled })
				d.Signal(workflows.SignalTheaterCancelled, nil)
			}}},
			Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: undone(Price, "cancelled", "confirmed"),
		},
		{
			// The customer gets the money in any case; staff see to the theater.
			Name: "house_show_cancelled_and_it_keeps_the_sale", Setup: atTheHouse(keeps), Script: []action{pays(soon), showCancelled(time.Second)},
			Updates: ok, Status: booking.StatusCancelled, Payment: booking.PaymentRefunded, End: stillThere,
		},
		{
			Name: "house_gives_more_time", Setup: atTheHouse(), StartsIn: 8 * time.Second,
			Script:  []action{update(soon, workflows.UpdateExtend, workflows.ExtendRequest{By: 2 * time.Second}), pays(2500 * time.Millisecond)},
			Updates: okok, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
		{
			Name: "house_gives_no_more_time", Setup: atTheHouse(fails("house.extend", Fault{Err: booking.E(booking.CodeHoldNotExtendable, "No such call.")})),
			Script:  []action{update(soon, workflows.UpdateExtend, workflows.ExtendRequest{By: 2 * time.Second}), pays(time.Second)},
			Updates: []booking.Code{"", booking.CodeHoldNotExtendable}, Status: booking.StatusConfirmed, Payment: booking.PaymentCaptured, End: houseSold(),
		},
	}
}
