package schema

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// Booking is a customer's purchase of seats of one show.
type Booking struct {
	bun.BaseModel `bun:"table:bookings,alias:b"`

	// ID is the booking's identity, derived from customer and idempotency key.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// CustomerID is the account that books.
	CustomerID uuid.UUID `bun:"customer_id,type:uuid"`
	// ShowID is the show booked.
	ShowID uuid.UUID `bun:"show_id,type:uuid"`
	// Status is where the booking stands.
	Status booking.Status `bun:"status"`
	// Seats are all the seats asked for; they stay after the claims are gone.
	Seats []string `bun:"seats,array"`
	// Quote is the price as it was agreed.
	Quote booking.Quote `bun:"quote,type:jsonb"`
	// Total is what was paid, or is to be, in minor units. The quote's total is
	// less when the customer of a moved show went to a cheaper one.
	Total int64 `bun:"total"`
	// Currency is that of every amount here, ISO 4217.
	Currency string `bun:"currency"`
	// HoldExpiresAt is the hold's end, by the database's clock.
	HoldExpiresAt time.Time `bun:"hold_expires_at"`
	// FetchBy is until when the hold waits for its answer to be fetched; null when it was
	// fetched or need not be.
	FetchBy *time.Time `bun:"fetch_by"`
	// RequestHash tells a repeat of the request from another one under its key.
	RequestHash string `bun:"request_hash"`
	// RefundDue is what of it goes back, in minor units: by a cancellation, or
	// because another show cost less.
	RefundDue int64 `bun:"refund_due"`
	// Refunds are the terms of cancellation it was made under; null for a booking from
	// before they were kept.
	Refunds *booking.CancellationPolicy `bun:"refunds,type:jsonb"`
	// PaidWith is what it was sold for, "provider/reference"; empty when it was not, or
	// before that was kept.
	PaidWith string `bun:"paid_with"`
	// Version rises with every entry of the timeline.
	Version int64 `bun:"version"`
	// CreatedAt is when the seats were held.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// SeatClaim says who has a seat of a show. A seat without one is free.
type SeatClaim struct {
	bun.BaseModel `bun:"table:seat_claims,alias:cl"`

	// ShowID is the show.
	ShowID uuid.UUID `bun:"show_id,pk,type:uuid"`
	// Seat is its id in the layout, for example "C7".
	Seat string `bun:"seat,pk"`
	// BookingID is who has it.
	BookingID uuid.UUID `bun:"booking_id,type:uuid"`
	// State is held or sold.
	State string `bun:"state"`
	// HeldUntil is when others may take it: null when sold, infinity while a
	// payment is in doubt.
	HeldUntil pgtype.Timestamptz `bun:"held_until,nullzero,type:timestamptz"`
}
