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
	// AlertMoneyUnrecorded is money at a provider that our books did not have: an event was
	// missed. It was recorded.
	AlertMoneyUnrecorded AlertKind = "money_unrecorded"
	// AlertBooksDiffer is a payment whose amounts at the provider are not those of our books.
	// Nothing was done.
	AlertBooksDiffer AlertKind = "books_differ"
	// AlertCaptureUnasked is a capture that no step of ours asked for, for example made at the
	// provider's dashboard or by a setting of the account.
	AlertCaptureUnasked AlertKind = "capture_unasked"
	// AlertReleasedNotBack is money that we released, and that its provider still has a day
	// after it had to go back.
	AlertReleasedNotBack AlertKind = "released_not_back"
	// AlertStrayPayment is money at a provider that buys nothing: it names no booking of
	// ours, or one that has ended or was paid otherwise, whose money goes back.
	AlertStrayPayment AlertKind = "stray_payment"
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
	// AlertHouseSaleOrphan is an order that a theater's own system keeps for us and that has no
	// booking here any more. AlertHouseSaleMissing is a booking that the theater does not know as
	// sold, and AlertHouseSaleDiffers one that it sold otherwise.
	AlertHouseSaleOrphan  AlertKind = "house_sale_orphan"
	AlertHouseSaleMissing AlertKind = "house_sale_missing"
	AlertHouseSaleDiffers AlertKind = "house_sale_differs"
	// AlertHouseCancelRefused is a cancellation that the customer asked for in time, and that the
	// theater's own system refused when it answered.
	AlertHouseCancelRefused AlertKind = "house_cancel_refused"
	// AlertHouseUndecided is a paid booking about whose sale the theater's own system has not
	// decided for half of the time that the provider keeps the authorized money.
	AlertHouseUndecided AlertKind = "house_sale_undecided"
	// AlertHouseShowUnsellable is a show of a theater's own system that has a seat or a price
	// that we cannot map. It is not on sale.
	AlertHouseShowUnsellable AlertKind = "house_show_unsellable"
	// AlertPasskeyCopied is a passkey whose count of signatures went back.
	AlertPasskeyCopied AlertKind = "passkey_copied"
)

// AlertKinds lists every kind.
func AlertKinds() []AlertKind {
	return []AlertKind{
		AlertPaymentMismatch, AlertPaidTwice, AlertMoneyNotGivenBack, AlertRefundRefused, AlertRefundedOutside,
		AlertMoneyUnrecorded, AlertBooksDiffer, AlertCaptureUnasked, AlertReleasedNotBack, AlertStrayPayment,
		AlertRefundFailed, AlertDisputeInquiry, AlertDisputeOpened, AlertDisputeLost, AlertDisputeWon,
		AlertSeatsNotFreed, AlertShowCancelledNotRefunded, AlertShowChangeNotSettled, AlertMessageVendorDenied,
		AlertMessageUnconfirmed, AlertMessageRefused, AlertStepStuck, AlertStepFailing, AlertWorkflowMissing, AlertTextMessages,
		AlertPasskeyCopied, AlertHouseSaleOrphan, AlertHouseSaleMissing, AlertHouseSaleDiffers, AlertHouseCancelRefused,
		AlertHouseUndecided, AlertHouseShowUnsellable,
	}
}
