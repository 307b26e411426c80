package payments

import (
	"github.com/boxoffice/boxoffice/booking"
)

// inDoubtDetail is also what keeping a hold says: a booking shows it once.
const inDoubtDetail = "The payment provider has not answered yet. The seats stay reserved."

// detailClosed names the text for a payment that ends before anyone authorized it: there
// was nothing to release.
const detailClosed = "closed"

// details are the timeline's sentences for everything that is new in a state. They are
// written here because amounts are formatted by currency.
func details(state booking.PaymentState) map[string]string {
	money := func(amount int64) string { return booking.Money{Amount: amount, Currency: state.Currency}.String() }
	declined := "The payment was declined."
	if state.Failure != "" {
		declined += " " + state.Failure
	}
	reserved := state.Authorized
	if reserved == 0 {
		reserved = state.Amount
	}
	released := "The reserved " + money(reserved) + " was released. Nothing was taken."
	if state.BackLater {
		released = "We do not take the reserved " + money(reserved) + ". It goes back by itself; banks take up to ten days to show it."
	}
	var disputed int64
	for _, d := range state.Disputes {
		if d.Status != booking.DisputeInquiry && d.Status != booking.DisputeClosed && !d.Untaken {
			disputed += d.Amount
		}
	}
	return map[string]string{
		string(booking.EventPaymentOpened): "Waiting for the payment of " + money(state.Amount) + ".",
		string(booking.EventDeclined):      declined,
		string(booking.EventAuthorized):    money(reserved) + " was reserved on the payment method.",
		string(booking.EventCaptured):      money(state.Captured) + " was paid.",
		string(booking.EventVoided):        released,
		string(booking.EventRefunded):      money(state.Refunded) + " of " + money(state.Captured) + " was given back.",
		string(booking.EventRefundFailed):  money(state.RefundsFailed) + " came back to us: the refund did not arrive.",
		string(booking.EventDisputed):      "The bank of the customer asks for " + money(disputed) + " back, and has taken it.",
		string(booking.EventDisputeLost):   "The bank keeps " + money(disputed) + ".",
		string(booking.EventDisputeWon):    "The bank decided for us.",
		detailClosed:                       "The payment was closed. Nothing was taken.",
	}
}
