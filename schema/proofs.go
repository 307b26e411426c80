package schema

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Proof is one code or link that was sent. What is sent is derived from its ID.
type Proof struct {
	bun.BaseModel `bun:"table:proofs,alias:pr"`

	// ID is the proof's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid,nullzero,default:gen_random_uuid()"`
	// AccountID is whose it is; null when the address that was asked for has no account.
	AccountID *uuid.UUID `bun:"account_id,type:uuid"`
	// Purpose is what it proves or allows.
	Purpose string `bun:"purpose"`
	// Recipient is the e-mail address, in lower case, or the number that it was sent to.
	Recipient string `bun:"recipient"`
	// CreatedAt is when it was asked for.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// CodeUntil is until when the code counts.
	CodeUntil time.Time `bun:"code_until"`
	// LinkUntil is until when the link counts.
	LinkUntil time.Time `bun:"link_until"`
	// Tries is how many codes were compared.
	Tries int `bun:"tries"`
	// UsedAt is when it was used; null while it was not.
	UsedAt *time.Time `bun:"used_at"`
}

// ProvenAddress is an address that its owner has proved.
type ProvenAddress struct {
	bun.BaseModel `bun:"table:proven_addresses,alias:pa"`

	// AccountID is whose it is.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// Channel is email or sms.
	Channel string `bun:"channel,pk"`
	// Address is the e-mail address, in lower case, or the number.
	Address string `bun:"address"`
	// InSession tells that the account's owner was logged in, or set a password.
	InSession bool `bun:"in_session"`
	// ProvenAt is when.
	ProvenAt time.Time `bun:"proven_at,nullzero,default:now()"`
}

// Letter is a message about an account.
type Letter struct {
	bun.BaseModel `bun:"table:letters,alias:le"`

	// ID is the letter's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid,nullzero,default:gen_random_uuid()"`
	// AccountID is whose account it is about.
	AccountID *uuid.UUID `bun:"account_id,type:uuid"`
	// Kind selects the text.
	Kind string `bun:"kind"`
	// Channel is email or sms.
	Channel string `bun:"channel"`
	// Recipient is where it goes.
	Recipient string `bun:"recipient"`
	// Language is what it is written in, a BCP 47 tag.
	Language string `bun:"language,nullzero,default:'en'"`
	// ProofID is the proof whose code or link it carries; null without one.
	ProofID *uuid.UUID `bun:"proof_id,type:uuid"`
	// Facts are what the text speaks of.
	Facts json.RawMessage `bun:"facts,type:jsonb,nullzero,default:'{}'"`
	// CreatedAt is when it was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// Status is waiting, sent or dropped.
	Status string `bun:"status,nullzero,default:'waiting'"`
	// Attempts is how often it was handed to a vendor.
	Attempts int `bun:"attempts"`
	// TryAfter is when it is handed over, or again.
	TryAfter time.Time `bun:"try_after,nullzero,default:now()"`
	// Failure is why the last attempt failed, without personal data.
	Failure string `bun:"failure"`
}

// EmailChange is a change of an account's address that can be undone from the old one.
type EmailChange struct {
	bun.BaseModel `bun:"table:email_changes,alias:ec"`

	// ProofID is the link that undoes it.
	ProofID uuid.UUID `bun:"proof_id,pk,type:uuid"`
	// AccountID is the account.
	AccountID uuid.UUID `bun:"account_id,type:uuid"`
	// OldEmail is the address before.
	OldEmail string `bun:"old_email"`
	// NewEmail is the address after.
	NewEmail string `bun:"new_email"`
	// ChangedAt is when.
	ChangedAt time.Time `bun:"changed_at,nullzero,default:now()"`
}

// SessionConfirmation is a session whose owner wrote the password again.
type SessionConfirmation struct {
	bun.BaseModel `bun:"table:session_confirmations,alias:sc"`

	// Family is the session.
	Family uuid.UUID `bun:"family,pk,type:uuid"`
	// AccountID is whose it is.
	AccountID uuid.UUID `bun:"account_id,type:uuid"`
	// ConfirmedAt is when.
	ConfirmedAt time.Time `bun:"confirmed_at,nullzero,default:now()"`
}

// Preferences are how an account's owner wants to be spoken to. Empty is not chosen.
type Preferences struct {
	bun.BaseModel `bun:"table:preferences,alias:pf"`

	// AccountID is the account.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// Locale is a BCP 47 tag.
	Locale string `bun:"locale"`
	// TimeZone is a name of the IANA database.
	TimeZone string `bun:"time_zone"`
	// HomeCity is the slug of a city.
	HomeCity string `bun:"home_city"`
}

// UnwantedMessage is a kind of message that a customer does not want by a channel.
type UnwantedMessage struct {
	bun.BaseModel `bun:"table:unwanted_messages,alias:um"`

	// AccountID is the customer.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// Channel is email, sms or push.
	Channel string `bun:"channel,pk"`
	// Kind is tickets, changes or reminders.
	Kind string `bun:"kind,pk"`
	// Since is when it was turned off.
	Since time.Time `bun:"since,nullzero,default:now()"`
}

// Guest is an account without a password.
type Guest struct {
	bun.BaseModel `bun:"table:guests,alias:g"`

	// AccountID is the account; its own address is invented.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// Email is where the guest wants the ticket.
	Email string `bun:"email"`
	// CreatedAt is when the guest began.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// ClaimedBooking is a guest's booking that an account took over.
type ClaimedBooking struct {
	bun.BaseModel `bun:"table:claimed_bookings,alias:cb"`

	// BookingID is the booking.
	BookingID uuid.UUID `bun:"booking_id,pk,type:uuid"`
	// GuestID is the guest's account.
	GuestID uuid.UUID `bun:"guest_id,type:uuid"`
	// AccountID is who has it now.
	AccountID uuid.UUID `bun:"account_id,type:uuid"`
	// ClaimedAt is since when.
	ClaimedAt time.Time `bun:"claimed_at,nullzero,default:now()"`
}
