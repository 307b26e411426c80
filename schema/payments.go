package schema

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// Payment is one payment at a provider. A booking may have several: each
// provider change opens another, and only one is ever captured.
type Payment struct {
	bun.BaseModel `bun:"table:payments,alias:p"`

	// ID is our own identity of it.
	ID uuid.UUID `bun:"id,pk,type:uuid,nullzero,default:gen_random_uuid()"`
	// BookingID is what it pays for.
	BookingID uuid.UUID `bun:"booking_id,type:uuid"`
	// Attempt counts the payments of a booking, from 1.
	Attempt int `bun:"attempt"`
	// Provider is the vendor's name, for example "stripe".
	Provider string `bun:"provider"`
	// Reference is the provider's own id of it.
	Reference string `bun:"reference"`
	// Status is where the money stands; it only moves forward.
	Status booking.PaymentStatus `bun:"status"`
	// Amount is what it is for, in minor units.
	Amount int64 `bun:"amount"`
	// Currency is that of the three amounts, ISO 4217.
	Currency string `bun:"currency"`
	// Captured is the running total taken.
	Captured int64 `bun:"captured"`
	// Refunded is the running total given back.
	Refunded int64 `bun:"refunded"`
	// RefundsFailed is the running total of refunds that came back to us; Refunded does
	// not count them.
	RefundsFailed int64 `bun:"refunds_failed"`
	// ClientSecret lets the customer's browser pay it, and nothing else.
	ClientSecret string `bun:"client_secret"`
	// CheckoutURL is the page where it is paid; empty when there is none.
	CheckoutURL string `bun:"checkout_url"`
	// Failure is the provider's reason for the last decline, for the customer.
	Failure string `bun:"failure"`
	// CreatedAt is when it was opened.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// LedgerEntry is one movement of money. Entries are only ever added.
type LedgerEntry struct {
	bun.BaseModel `bun:"table:ledger,alias:le"`

	// ID orders the entries.
	ID int64 `bun:"id,pk,autoincrement"`
	// BookingID is the booking whose money moved.
	BookingID uuid.UUID `bun:"booking_id,type:uuid"`
	// Provider is the vendor that moved it.
	Provider string `bun:"provider"`
	// Reference is the provider's id of the payment.
	Reference string `bun:"reference"`
	// Movement is the direction, see booking.Movement.
	Movement booking.Movement `bun:"movement"`
	// Amount is what moved, in minor units.
	Amount int64 `bun:"amount"`
	// Total is the running total of this movement of this payment afterwards; it
	// makes a repeated record recognizable.
	Total int64 `bun:"total"`
	// Currency is that of both amounts, ISO 4217.
	Currency string `bun:"currency"`
	// At is when it was recorded.
	At time.Time `bun:"at,nullzero,default:clock_timestamp()"`
}

// WebhookEvent is what a provider told us, kept so that a repeat has no effect.
type WebhookEvent struct {
	bun.BaseModel `bun:"table:webhook_inbox,alias:w"`

	// Provider is who told.
	Provider string `bun:"provider,pk"`
	// EventID is the provider's id of the event.
	EventID string `bun:"event_id,pk"`
	// Type is the provider's name for what happened.
	Type string `bun:"type"`
	// Reference is the payment it is about, by the provider's id.
	Reference string `bun:"reference"`
	// BookingID is the booking it is about; null when the event names none.
	BookingID *uuid.UUID `bun:"booking_id,type:uuid"`
	// ReceivedAt is when it first came.
	ReceivedAt time.Time `bun:"received_at,nullzero,default:now()"`
	// ProcessedAt is when its effect was handed on; null before, and then a
	// repeat is worked again.
	ProcessedAt *time.Time `bun:"processed_at"`
	// Outcome is what became of it, for staff.
	Outcome string `bun:"outcome"`
}

// PaymentKeys counts the idempotency keys of one step of a payment that are spent.
type PaymentKeys struct {
	bun.BaseModel `bun:"table:payment_keys,alias:ky"`

	// Step is the first key of the step, for example "<booking>-capture-<reference>".
	Step string `bun:"step,pk"`
	// Spent is how many keys the provider keeps a failure under.
	Spent int `bun:"spent"`
	// UpdatedAt is when the number last rose. Providers forget keys: after some days
	// the row is of no use.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// LatePayment is what was decided about money that came after its booking had ended.
type LatePayment struct {
	bun.BaseModel `bun:"table:late_payments,alias:lp"`

	// Provider is the vendor of the payment.
	Provider string `bun:"provider,pk"`
	// Reference is the provider's id of the payment.
	Reference string `bun:"reference,pk"`
	// Decision is rebook or return.
	Decision booking.LateDecision `bun:"decision"`
	// DecidedAt is when it was decided last.
	DecidedAt time.Time `bun:"decided_at,nullzero,default:clock_timestamp()"`
}

// Dispute is a bank that asks for the money of a payment back.
type Dispute struct {
	bun.BaseModel `bun:"table:disputes,alias:dp"`

	// Provider is the vendor of the payment.
	Provider string `bun:"provider,pk"`
	// Dispute is the provider's id of it.
	Dispute string `bun:"dispute,pk"`
	// Reference is the provider's id of the payment.
	Reference string `bun:"reference"`
	// Status is how far it has come; it only moves forward.
	Status booking.DisputeStatus `bun:"status"`
	// Amount is what it is about, in minor units.
	Amount int64 `bun:"amount"`
	// Currency is the amount's, ISO 4217.
	Currency string `bun:"currency"`
	// Reason is the bank's, by the provider's name for it.
	Reason string `bun:"reason"`
	// OpenedAt is when we first knew of it.
	OpenedAt time.Time `bun:"opened_at,nullzero,default:clock_timestamp()"`
	// UpdatedAt is when its status last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:clock_timestamp()"`
}
