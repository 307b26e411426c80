package activities

import (
	"context"

	"github.com/boxoffice/boxoffice/booking"
)

// Inventory is the seats of all shows and the bookings that claim them. Every
// method is one transaction, safe to repeat. Errors carry a booking.Code.
type Inventory interface {
	// Hold claims all the seats or none. Codes: seats_unavailable,
	// show_not_on_sale, too_many_holds, too_many_unpaid_holds, hold_limit_reached,
	// validation_failed, started_late.
	Hold(ctx context.Context, req booking.HoldRequest) (booking.Held, error)
	// ExtendHold moves the hold's end from where the caller knows it to be; when it
	// is elsewhere, an earlier try moved it. Codes: conflict, hold_lost,
	// hold_not_extendable.
	ExtendHold(ctx context.Context, extension booking.Extension) (booking.Held, error)
	// KeepHold makes a hold last until its payment's outcome is known. Codes:
	// conflict, hold_lost.
	KeepHold(ctx context.Context, bookingID string) error
	// Confirm sells the seats for a payment and issues the ticket. Codes: hold_lost,
	// also for a payment that is to go back; show_not_on_sale; payment_refused for a card
	// that has bought as many seats of the show as it may.
	Confirm(ctx context.Context, bookingID string, paid booking.PaymentState) (booking.Confirmed, error)
	// DecideLate decides about a payment that came after its booking had ended. Code:
	// unavailable while the booking has not ended.
	DecideLate(ctx context.Context, late booking.PaymentState, rebook bool) (booking.LateDecision, error)
	// End frees the seats of a booking that was never confirmed.
	End(ctx context.Context, end booking.Ending) error
	// Cancel undoes a confirmation. Code: not_cancellable.
	Cancel(ctx context.Context, c booking.Cancellation) error
	// OweRefund promises a share of what was paid for a sold booking. Code: not_cancellable
	// when it was not sold.
	OweRefund(ctx context.Context, bookingID string, percent int64, reason string) (booking.OwedRefund, error)
	// Booking reads one booking. Code: not_found.
	Booking(ctx context.Context, bookingID string) (booking.Booking, error)
	// Alert tells staff about something a person has to look at.
	Alert(ctx context.Context, a booking.Alert) error
}

// Choices are what customers want of shows that were moved. Every method is one
// transaction, safe to repeat. Errors carry a booking.Code.
type Choices interface {
	// Choose stores the choice of a moved show's customer, once, and moves the booking if
	// that is the choice. Codes: not_found, choice_closed, not_cancellable,
	// validation_failed, show_not_on_sale, seats_unavailable.
	Choose(ctx context.Context, c booking.Choice) (booking.Chosen, error)
	// Changed tells whether a booking's show was cancelled or moved after the booking
	// was made.
	Changed(ctx context.Context, bookingID string) (bool, error)
}

// Books are our own records of the money: payments and ledger. Recording the
// same state twice changes nothing, and nothing moves back.
type Books interface {
	// Record stores what a provider said of a payment: the payment's row, the
	// ledger's rows for every movement not yet there, and the timeline.
	Record(ctx context.Context, state booking.PaymentState) error
	// MarkInDoubt records that a provider has not answered about a booking's payment.
	MarkInDoubt(ctx context.Context, bookingID, provider, reference string) error
	// Adopt moves a payment to the booking made for it after its own had ended.
	Adopt(ctx context.Context, provider, reference, bookingID string) error
	// SpentKeys tells how many idempotency keys of a step are spent.
	SpentKeys(ctx context.Context, step string) (int, error)
	// SpendKey writes down that the first n keys of a step are spent, and answers
	// how many are. The number never falls.
	SpendKey(ctx context.Context, step string, n int) (spent int, err error)
}

// PaymentProvider is one payment vendor. Every call is a request to the vendor;
// keys make repeats harmless. Codes: provider_unavailable when the outcome is
// unknown (no answer in time, connection lost, told to slow down),
// provider_error when the vendor answered that it failed (the cause is
// booking.ErrKeySpent when a retry with the same key gets the same answer forever),
// payment_refused when it refuses permanently, not_found.
type PaymentProvider interface {
	Name() string
	Open(ctx context.Context, req booking.PaymentRequest) (booking.PaymentState, error)
	Get(ctx context.Context, reference string) (booking.PaymentState, error)
	Capture(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
	Void(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
	Refund(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
}

// Authorizer is a PaymentProvider whose customers only approve a payment: the money is
// reserved when we authorize it. Its other calls never authorize.
type Authorizer interface {
	// Authorize reserves the money of a payment that the customer has approved. A payment
	// that was not approved, or is past it, is no error: the answer has its state. A
	// declined one is failed, and may be approved again.
	Authorize(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
}

// PaymentLister is a PaymentProvider that lists its own books, for reconciliation.
type PaymentLister interface {
	// ListPayments gives the payments that were created, refunded or disputed in the span,
	// by the vendor's own lists. One may come more than once.
	ListPayments(ctx context.Context, span booking.PaymentSpan) (booking.PaymentPage, error)
}

// Messages sends one notification, once: it finds the recipient, renders the
// text, records the row and hands it to the channel's vendor. Codes:
// provider_unavailable or provider_error when it should be tried again.
type Messages interface {
	Send(ctx context.Context, n booking.Notification) error
}

// Browsers knows whom messages by push are for.
type Browsers interface {
	// Await tells whether any browser may lack a message.
	Await(ctx context.Context, n booking.Notification) (bool, error)
}

// Vendor guards the fast path to one vendor.
type Vendor interface {
	// Try runs a call within the vendor's rate if the vendor is well, and says
	// fast_path_skipped without running it otherwise.
	Try(ctx context.Context, call func(context.Context) error) error
	// Report runs a call unguarded and remembers whether the vendor was well.
	Report(ctx context.Context, call func(context.Context) error) error
}

// Lane has room for so many a second.
type Lane interface {
	// Allow tells whether there is room now, and takes it.
	Allow() bool
}
