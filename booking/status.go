package booking

// Status is where a booking stands. Terminal statuses never move back.
type Status string

// The booking statuses. A booking is born held; a hold that never came to be
// is rejected and leaves no row.
const (
	StatusHeld          Status = "held"
	StatusConfirmed     Status = "confirmed"
	StatusCancelled     Status = "cancelled"
	StatusExpired       Status = "expired"
	StatusPaymentFailed Status = "payment_failed"
	StatusRejected      Status = "rejected"
)

// Terminal tells whether nothing can follow. Confirmed is not terminal: it may
// still be cancelled until the show.
func (s Status) Terminal() bool {
	switch s {
	case StatusCancelled, StatusExpired, StatusPaymentFailed, StatusRejected:
		return true
	default:
		return false
	}
}

// PaymentStatus is where the money of one payment stands. It only moves
// forward.
type PaymentStatus string

// The payment statuses. In doubt means that the provider has not answered or has not
// decided: the seats stay and the workflow keeps asking. Approved means that the customer
// has agreed and that nothing is reserved until we authorize; our books call it open.
const (
	PaymentNone       PaymentStatus = "none"
	PaymentOpen       PaymentStatus = "open"
	PaymentApproved   PaymentStatus = "approved"
	PaymentFailed     PaymentStatus = "failed"
	PaymentInDoubt    PaymentStatus = "in_doubt"
	PaymentAuthorized PaymentStatus = "authorized"
	PaymentCaptured   PaymentStatus = "captured"
	PaymentVoided     PaymentStatus = "voided"
	PaymentRefunded   PaymentStatus = "refunded"
)

// Movement is a change of money, one ledger row each.
type Movement string

// The movements of money.
const (
	MoveAuthorize Movement = "authorize"
	MoveCapture   Movement = "capture"
	MoveVoid      Movement = "void"
	MoveRefund    Movement = "refund"
	// MoveRefundFailed is a refund that came back to us.
	MoveRefundFailed Movement = "refund_failed"
	// MoveChargeback is money that the customer's bank took back;
	// MoveChargebackReversed is what of it we got again.
	MoveChargeback         Movement = "chargeback"
	MoveChargebackReversed Movement = "chargeback_reversed"
)

// Event names an entry of the customer-visible timeline.
type Event string

// The timeline's events.
const (
	EventHeld           Event = "held"
	EventHoldExtended   Event = "hold_extended"
	EventPaymentOpened  Event = "payment_opened"
	EventDeclined       Event = "declined"
	EventPaymentInDoubt Event = "payment_in_doubt"
	EventAuthorized     Event = "authorized"
	EventConfirmed      Event = "confirmed"
	EventCaptured       Event = "captured"
	EventNotified       Event = "notified"
	EventReminded       Event = "reminded"
	EventVoided         Event = "voided"
	EventRefunded       Event = "refunded"
	EventExpired        Event = "expired"
	EventPaymentFailed  Event = "payment_failed"
	EventCancelled      Event = "cancelled"
	EventRescheduled    Event = "rescheduled"
	EventChosen         Event = "chosen"
	EventMoved          Event = "moved"
	EventRefundOwed     Event = "refund_owed"
	EventRefundFailed   Event = "refund_failed"
	EventDisputed       Event = "disputed"
	EventDisputeWon     Event = "dispute_won"
	EventDisputeLost    Event = "dispute_lost"
	// EventConfirming is a sale about which the theater's own system has not decided.
	// EventCancelAsked is a cancellation that waits for it, and EventCancelRefused one that it has
	// refused after that.
	EventConfirming    Event = "confirming"
	EventCancelAsked   Event = "cancel_asked"
	EventCancelRefused Event = "cancel_refused"
)
