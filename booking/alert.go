package booking

// Alert is something a person has to look at. A repeat of the same alert is the
// same alert; a resolved alert opens again.
type Alert struct {
	// BookingID is the booking that the alert is about; empty without one.
	BookingID string    `json:"booking_id"`
	Kind      AlertKind `json:"kind"`
	// Detail says more, to staff. It tells two alerts of one kind and booking apart,
	// so it holds nothing that differs between two tries of the same thing; and
	// nothing personal.
	Detail string `json:"detail"`
}

// AlertKind groups alerts by what staff do about them.
type AlertKind string

// Every kind of alert. docs/operating.md says what to do about each.
const (
	// AlertPaymentMismatch is a payment that is not for the amount of the quote. It was
	// given back.
	AlertPaymentMismatch AlertKind = "payment_mismatch"
	// AlertPaidTwice is a second payment for a booking. It was given back.
	AlertPaidTwice AlertKind = "paid_twice"
	// AlertMoneyNotGivenBack is a payment that its provider refuses to give back.
	AlertMoneyNotGivenBack AlertKind = "money_not_given_back"
	// AlertRefundRefused is a refund that its provider refuses.
	AlertRefundRefused AlertKind = "refund_refused"
	// AlertRefundedOutside is a refund made at the provider's own dashboard.
	AlertRefundedOutside AlertKind = "refunded_outside"
	// AlertRefundFailed is a refund that came back to us after it was made.
	AlertRefundFailed AlertKind = "refund_failed"
	// AlertDisputeInquiry is a customer's bank that asks about a payment; no money has
	// moved.
	AlertDisputeInquiry AlertKind = "dispute_inquiry"
	// AlertDisputeOpened is a customer's bank that took a payment back. It has a
	// deadline for our answer.
	AlertDisputeOpened AlertKind = "dispute_opened"
	// AlertDisputeLost is a dispute that the bank decided for its customer.
	AlertDisputeLost AlertKind = "dispute_lost"
	// AlertDisputeWon is a dispute that the bank decided for us. The ticket is void.
	AlertDisputeWon AlertKind = "dispute_won"
	// AlertSeatsNotFreed is an undoing that found the booking in a state that it did
	// not expect.
	AlertSeatsNotFreed AlertKind = "seats_not_freed"
	// AlertShowCancelledNotRefunded is a booking of a cancelled show that could not be
	// cancelled.
	AlertShowCancelledNotRefunded AlertKind = "show_cancelled_not_refunded"
	// AlertShowChangeNotSettled is a booking of a changed show, without a workflow,
	// that could not be settled.
	AlertShowChangeNotSettled AlertKind = "show_change_not_settled"
	// AlertMessageVendorDenied is a vendor of messages that does not let us in.
	AlertMessageVendorDenied AlertKind = "message_vendor_denied"
	// AlertMessageUnconfirmed is a message that may or may not have been sent.
	AlertMessageUnconfirmed AlertKind = "message_unconfirmed"
	// AlertMessageRefused is a message that a push service refuses: it is as we make it, so
	// others may be refused, too.
	AlertMessageRefused AlertKind = "message_refused"
	// AlertStepStuck is a step of a workflow that fails for a reason that retries cannot
	// fix. The step goes on when a person has fixed it.
	AlertStepStuck AlertKind = "step_stuck"
	// AlertStepFailing is a step of a workflow that has failed many times, for any reason.
	AlertStepFailing AlertKind = "step_failing"
	// AlertWorkflowMissing is a booking whose workflow is gone.
	AlertWorkflowMissing AlertKind = "workflow_missing"
	// AlertTextMessages is a day on which many codes were sent by SMS: they cost money.
	AlertTextMessages AlertKind = "text_messages"
)

// AlertKinds lists every kind.
func AlertKinds() []AlertKind {
	return []AlertKind{
		AlertPaymentMismatch, AlertPaidTwice, AlertMoneyNotGivenBack, AlertRefundRefused, AlertRefundedOutside,
		AlertRefundFailed, AlertDisputeInquiry, AlertDisputeOpened, AlertDisputeLost, AlertDisputeWon,
		AlertSeatsNotFreed, AlertShowCancelledNotRefunded, AlertShowChangeNotSettled, AlertMessageVendorDenied,
		AlertMessageUnconfirmed, AlertMessageRefused, AlertStepStuck, AlertStepFailing, AlertWorkflowMissing, AlertTextMessages,
	}
}
