package booking

import "fmt"

// FindingKind names what a provider's list and our books do not agree on.
type FindingKind string

// The kinds of findings. docs/payments.md says what is done about each.
const (
	// FindingLostPayment is a payment with money for a booking of ours that is not in our books.
	FindingLostPayment FindingKind = "lost_payment"
	// FindingLostCapture is a payment of ours whose capture is not in our books.
	FindingLostCapture FindingKind = "lost_capture"
	// FindingLostRefund is a refund that we owed, and that is not in our books.
	FindingLostRefund FindingKind = "lost_refund"
	// FindingRefundOutside is a refund that we did not owe: made at the provider's dashboard.
	FindingRefundOutside FindingKind = "refund_outside"
	// FindingRefundFailed is a refund that came back to us.
	FindingRefundFailed FindingKind = "refund_failed"
	// FindingDispute is a dispute that has come further than in our books.
	FindingDispute FindingKind = "dispute"
	// FindingAmountDiffers is an amount that is not what our books have, and that no missed
	// event explains.
	FindingAmountDiffers FindingKind = "amount_differs"
	// FindingUnknown is a payment of ours that the provider does not know.
	FindingUnknown FindingKind = "unknown_at_provider"
	// FindingStray is a payment with money that names no booking of ours.
	FindingStray FindingKind = "stray_payment"
	// FindingLatePayment is money for a booking that has ended, or was paid otherwise.
	FindingLatePayment FindingKind = "late_payment"
	// FindingCaptureUnasked is money of a payment of ours that was captured before we had sold
	// anything for it: no step of ours asked for that.
	FindingCaptureUnasked FindingKind = "capture_unasked"
	// FindingNotBack is money that we released, and that the provider still has a day after it
	// had to go back.
	FindingNotBack FindingKind = "not_back"
)

// FindingKinds lists every kind.
func FindingKinds() []FindingKind {
	return []FindingKind{
		FindingLostPayment, FindingLostCapture, FindingLostRefund, FindingRefundOutside, FindingRefundFailed,
		FindingDispute, FindingAmountDiffers, FindingUnknown, FindingStray, FindingLatePayment, FindingNotBack,
		FindingCaptureUnasked,
	}
}

// Healing is what reconciliation does about a finding by itself.
type Healing string

// The ways to heal. Only what is proved to be ours is healed.
const (
	HealNone     Healing = ""          // staff decide
	HealRecord   Healing = "recorded"  // our books take in what the provider says
	HealGiveBack Healing = "give_back" // the money goes the way of late payments
	HealCameBack Healing = "came_back" // the provider gave back what was released, after we had alerted staff
)

// Finding is one thing that a provider's list and our books do not agree on.
type Finding struct {
	Kind      FindingKind `json:"kind"`
	Provider  string      `json:"provider"`
	Reference string      `json:"reference"` // the provider's id of the payment
	// Once tells two findings of one kind and payment apart, for example by the running total
	// of its refunds. The same finding in another run has the same.
	Once string `json:"once,omitempty"`
	// BookingID is a booking of ours; empty for a payment that names none.
	BookingID string `json:"booking_id,omitempty"`
	// Ours and Theirs are the amounts in our books and at the provider, in minor units of
	// Currency; nil where there is no such payment.
	Ours     *int64  `json:"ours,omitempty"`
	Theirs   *int64  `json:"theirs,omitempty"`
	Currency string  `json:"currency"`
	Heal     Healing `json:"heal,omitempty"`
	// Alert is what staff are told.
	Alert Alert `json:"alert"`
}

// Amounts are both amounts, for people.
func (f Finding) Amounts() string {
	money := func(amount *int64) string {
		if amount == nil {
			return "nothing"
		}
		return Money{*amount, f.Currency}.String()
	}
	return fmt.Sprintf("%s in our books, %s at the provider", money(f.Ours), money(f.Theirs))
}
