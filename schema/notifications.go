package schema

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// Notification is one message to the customer of a booking. The row exists
// before the vendor is asked, so that each message is handed over once.
type Notification struct {
	bun.BaseModel `bun:"table:notifications,alias:n"`

	// ID goes to the vendor as the message's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid,nullzero,default:gen_random_uuid()"`
	// BookingID is the booking it is about.
	BookingID uuid.UUID `bun:"booking_id,type:uuid"`
	// Channel is the way it goes.
	Channel booking.Channel `bun:"channel"`
	// Notice is what it is about.
	Notice booking.Notice `bun:"notice"`
	// Sequence tells a repeat on purpose from a retry; the first has 0.
	Sequence int `bun:"sequence"`
	// Status is pending, sending, sent, unconfirmed, failed or skipped.
	Status string `bun:"status,nullzero,default:'pending'"`
	// Vendor is who has it; empty before it was handed over.
	Vendor string `bun:"vendor"`
	// VendorID is the vendor's id of it; empty when it gave none.
	VendorID string `bun:"vendor_id"`
	// Attempts is how often it was handed over.
	Attempts int `bun:"attempts"`
	// Failure is the vendor's reason for refusing it, without personal data.
	Failure string `bun:"failure"`
	// Offers are the shows it offers, as package notify writes them.
	Offers json.RawMessage `bun:"offers,type:jsonb,nullzero,default:'[]'"`
	// CreatedAt is when it was asked for.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}
