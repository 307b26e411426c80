package booking

import (
	"slices"
	"time"
)

// PaymentRequest asks a provider to open a payment that is authorized by the
// customer and captured by us.
type PaymentRequest struct {
	BookingID   string `json:"booking_id"`
	Provider    string `json:"provider"`
	Attempt     int    `json:"attempt"` // 1 for the first payment opened for a booking
	Amount      Money  `json:"amount"`
	Description string `json:"description"`
	// ReturnURL is where the provider's page sends the customer back to, in whatever browser
	// that may be; CancelURL where to without having paid.
	ReturnURL string    `json:"return_url,omitempty"`
	CancelURL string    `json:"cancel_url,omitempty"`
	ExpiresAt time.Time `json:"expires_at"` // the hold's end; a provider that supports it ends the payment at this time
	// Key makes the request idempotent at the provider.
	Key string `json:"key,omitempty"`
}

// PaymentState is what a provider says of a payment now.
type PaymentState struct {
	Provider  string        `json:"provider"`
	Reference string        `json:"reference"` // the provider's own id
	BookingID string        `json:"booking_id"`
	Attempt   int           `json:"attempt"`
	Status    PaymentStatus `json:"status"`
	// Amount is what the payment is for; Authorized what is reserved and not yet
	// taken; Captured is a running total; Refunded is what was refunded without a later
	// failure. Minor units of Currency.
	Amount       int64  `json:"amount"`
	Authorized   int64  `json:"authorized"`
	Captured     int64  `json:"captured"`
	Refunded     int64  `json:"refunded"`
	Currency     string `json:"currency"`
	ClientSecret string `json:"client_secret,omitempty"`
	CheckoutURL  string `json:"checkout_url,omitempty"`
	// Failure is the provider's reason for the last decline, empty without a decline. Safe
	// to show.
	Failure string `json:"failure,omitempty"`
	// Try is the provider's id of the customer's last try to pay. It tells two declines
	// from one decline that is delivered twice.
	Try string `json:"try,omitempty"`
	// Card names the card that the money is from: an HMAC in hex, the same for each payment
	// with it. Empty when the provider does not say.
	Card string `json:"card,omitempty"`
	// RefundsFailed is the running total of refunds that came back to us after the
	// provider had made them, for example because the card was closed. Refunded
	// does not count them any more.
	RefundsFailed int64 `json:"refunds_failed,omitempty"`
	// RefundsPending is the part of Refunded that the provider has not finished.
	RefundsPending int64 `json:"refunds_pending,omitempty"`
	// Disputes are the times that the customer's bank asked for the money back.
	Disputes []Dispute `json:"disputes,omitempty"`
	// AfterVoid says that the money came after we had voided the payment, because the
	// provider cannot close one.
	AfterVoid bool `json:"after_void,omitempty"`
	// BackLater says that a voided authorization goes back to the customer only when it ends,
	// after days.
	BackLater bool `json:"back_later,omitempty"`
	// Releasing is what of released money the provider has not given back yet, and BackBy when
	// the time for its capture has passed: after that it has to go back.
	Releasing int64     `json:"releasing,omitempty"`
	BackBy    time.Time `json:"back_by,omitzero"`
	// Mismatch says what staff must know of money that does not fit, for example a second
	// payment of one order. Empty when all fits.
	Mismatch string `json:"mismatch,omitempty"`
	// Fee is what the provider keeps of the payment, in minor units of Currency; 0 when it
	// does not say.
	Fee int64 `json:"fee,omitempty"`
}

// Dispute is a customer's bank that asks for the money of a payment back.
type Dispute struct {
	Reference string        `json:"reference"` // the provider's own id
	Status    DisputeStatus `json:"status"`
	Amount    int64         `json:"amount"` // minor units of the payment's currency
	Reason    string        `json:"reason,omitempty"`
	// Untaken is said of a won dispute: by the provider's own words no money was ever taken for
	// it. One that our books know to have taken money has brought it back even so.
	Untaken bool `json:"untaken,omitempty"`
}

// DisputeStatus is how far a dispute has come. It only moves forward.
type DisputeStatus string

// The dispute statuses. An inquiry asks before any money moves; an open dispute
// has taken the money; a won one has brought it back.
const (
	DisputeInquiry DisputeStatus = "inquiry"
	DisputeClosed  DisputeStatus = "closed" // an inquiry that came to nothing
	DisputeOpen    DisputeStatus = "open"
	DisputeLost    DisputeStatus = "lost"
	DisputeWon     DisputeStatus = "won"
)

// Rank orders the statuses; it is 0 for none. In SQL it is dispute_rank.
func (s DisputeStatus) Rank() int {
	return slices.Index([]DisputeStatus{"", DisputeInquiry, DisputeClosed, DisputeOpen, DisputeLost, DisputeWon}, s)
}

// TakesMoney tells whether the bank has the money while the dispute stands so.
func (s DisputeStatus) TakesMoney() bool { return s == DisputeOpen || s == DisputeLost }

// TakenBack tells whether a bank has the money of this payment, or a part.
func (s PaymentState) TakenBack() bool {
	return slices.ContainsFunc(s.Disputes, func(d Dispute) bool { return d.Status.TakesMoney() })
}

// Pays tells whether the payment is for exactly this, and all of it is reserved
// or taken.
func (s PaymentState) Pays(total Money) bool {
	return s.Currency == total.Currency && s.Amount == total.Amount &&
		s.Authorized+s.Captured == total.Amount && s.Refunded == 0
}

// LateDecision is the decision about money that came after its booking had ended.
type LateDecision string

// The decisions. Settled means that the booking was sold for this very payment.
const (
	LateSettled LateDecision = "settled"
	LateRebook  LateDecision = "rebook"
	LateReturn  LateDecision = "return"
)

// MoneyStep asks a provider to capture, void or refund.
type MoneyStep struct {
	BookingID string `json:"booking_id"`
	Provider  string `json:"provider"`
	Reference string `json:"reference"`
	// Amount is the total to have captured or refunded in the end, not an
	// increment: a repeat of the step asks for the same end.
	Amount Money `json:"amount"`
	// Try counts the customer's declined tries before this step, when the step is one that
	// each try needs again.
	Try int `json:"try,omitempty"`
	// Key makes the request idempotent at the provider.
	Key string `json:"key,omitempty"`
}

// PaymentSpan is a span of time of which a provider lists its payments.
type PaymentSpan struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"` // not itself in the span
	// Cursor is PaymentPage.Next of the page before; empty for the first.
	Cursor string `json:"cursor,omitempty"`
}

// PaymentPage is one page of a provider's list of payments.
type PaymentPage struct {
	Payments []PaymentState `json:"payments"`
	Next     string         `json:"next,omitempty"` // empty on the last page
}

// PaymentEvent is what a provider's webhook says, once its signature holds.
type PaymentEvent struct {
	Provider  string
	ID        string // the provider's event id, unique per provider
	Type      string
	Reference string
	BookingID string // from the payment's metadata; empty when it carries none
}
