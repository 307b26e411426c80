package schema

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// ShowChange is a show that was cancelled or moved after it went on sale.
type ShowChange struct {
	bun.BaseModel `bun:"table:show_changes,alias:ch"`

	// ID is the change's identity, and that of its workflow.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// ShowID is the show.
	ShowID uuid.UUID `bun:"show_id,type:uuid"`
	// Kind says what happened to it.
	Kind booking.ChangeKind `bun:"kind"`
	// Reason is what customers are told.
	Reason string `bun:"reason"`
	// OldStartsAt is when it was to start.
	OldStartsAt time.Time `bun:"old_starts_at"`
	// NewStartsAt is when a moved show starts now.
	NewStartsAt *time.Time `bun:"new_starts_at"`
	// DecideBy is until when customers of a moved show may choose.
	DecideBy *time.Time `bun:"decide_by"`
	// DefaultChoice holds for those who do not.
	DefaultChoice booking.ChangeChoice `bun:"default_choice"`
	// RequestedBy is the account of staff.
	RequestedBy uuid.UUID `bun:"requested_by,type:uuid"`
	// RequestHash tells a repeat of the request from another under the same key.
	RequestHash string `bun:"request_hash"`
	// CreatedAt is when the show was changed.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// FinishedAt is when the last booking was settled.
	FinishedAt *time.Time `bun:"finished_at"`
}

// ShowChangeBooking is what became of one booking of a changed show. The row is
// there from the moment somebody is about to tell the booking.
type ShowChangeBooking struct {
	bun.BaseModel `bun:"table:show_change_bookings,alias:cb"`

	// ChangeID is the change.
	ChangeID uuid.UUID `bun:"change_id,pk,type:uuid"`
	// BookingID is the booking.
	BookingID uuid.UUID `bun:"booking_id,pk,type:uuid"`
	// ToldAt is when its workflow had surely heard.
	ToldAt *time.Time `bun:"told_at,default:now()"`
	// Choice is what the customer wants; empty until there is a choice.
	Choice booking.ChangeChoice `bun:"choice"`
	// ChosenBy is customer or default.
	ChosenBy string `bun:"chosen_by"`
	// ChosenAt is when.
	ChosenAt *time.Time `bun:"chosen_at"`
	// AskedAt is when the booking's workflow was last asked to carry it out.
	AskedAt *time.Time `bun:"asked_at"`
	// SettledAt is when the choice had been carried out.
	SettledAt *time.Time `bun:"settled_at"`
	// Failure is why a person has to settle it.
	Failure string `bun:"failure"`
}
