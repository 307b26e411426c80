package schema

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Account is a customer or a member of staff who can log in.
type Account struct {
	bun.BaseModel `bun:"table:accounts,alias:a"`

	// ID is the account's identity, and the subject of its access tokens.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// Email is as the customer wrote it; unique without regard to case.
	Email string `bun:"email"`
	// PasswordHash is argon2id in its usual encoding, parameters included.
	PasswordHash string `bun:"password_hash"`
	// Name is how the customer wants to be addressed.
	Name string `bun:"name"`
	// Phone is E.164; empty when the customer gave none.
	Phone string `bun:"phone"`
	// Role says what the account may do.
	Role string `bun:"role,nullzero,default:'customer'"`
	// CreatedAt is when the account was made.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// Session is one refresh token. Each use replaces it by the next of its family;
// a second use of the same token means that it was copied.
type Session struct {
	bun.BaseModel `bun:"table:sessions,alias:se"`

	// ID is the token's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// Family is what one login grew into; it is revoked as a whole.
	Family uuid.UUID `bun:"family,type:uuid"`
	// AccountID is who logged in.
	AccountID uuid.UUID `bun:"account_id,type:uuid"`
	// RefreshHash is the SHA-256 of the token, which itself is not kept.
	RefreshHash []byte `bun:"refresh_hash"`
	// CreatedAt is when the token was handed out.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// ExpiresAt is when it stops working.
	ExpiresAt time.Time `bun:"expires_at"`
	// RotatedAt is when it was replaced by the next; null while it is current.
	RotatedAt *time.Time `bun:"rotated_at"`
	// RevokedAt is when it was taken back; null while it was not.
	RevokedAt *time.Time `bun:"revoked_at"`
}

// SessionDevice is what the owner sees of a session. Each refresh token takes it from the
// one before; a token that the release before handed out has none.
type SessionDevice struct {
	bun.BaseModel `bun:"table:session_devices,alias:sd"`

	// SessionID is the refresh token.
	SessionID uuid.UUID `bun:"session_id,pk,type:uuid"`
	// Browser is the family of the browser that logged in; empty when it is not known.
	Browser string `bun:"browser"`
	// System is the family of its operating system; empty when it is not known.
	System string `bun:"system"`
	// BeganAt is when the owner logged in.
	BeganAt time.Time `bun:"began_at,nullzero,default:now()"`
}

// SessionSuccessor is a refresh token that was replaced moments ago, with the one that
// replaced it.
type SessionSuccessor struct {
	bun.BaseModel `bun:"table:session_successors,alias:ss"`

	// SessionID is the token that was replaced.
	SessionID uuid.UUID `bun:"session_id,pk,type:uuid"`
	// Successor is the token that replaced it.
	Successor uuid.UUID `bun:"successor,type:uuid"`
	// Sealed is the successor itself, encrypted with a key that the replaced token gives.
	Sealed []byte `bun:"sealed"`
	// CreatedAt is when the transaction of the replacement began.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// SecurityEvent is something that the owner of an account should know of.
type SecurityEvent struct {
	bun.BaseModel `bun:"table:security_events,alias:sv"`

	// ID is the event's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid,nullzero,default:gen_random_uuid()"`
	// AccountID is whose account it is about.
	AccountID uuid.UUID `bun:"account_id,type:uuid"`
	// Kind is what happened: refresh_reused.
	Kind string `bun:"kind"`
	// Session is the family of the session that it is about; null when it is about none.
	Session *uuid.UUID `bun:"session,type:uuid"`
	// CreatedAt is when it happened.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// Suspension keeps an account from logging in until an administrator restores it.
type Suspension struct {
	bun.BaseModel `bun:"table:suspensions,alias:su"`

	// AccountID is the account.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// SuspendedAt is since when. Who did it and why is in the audit log.
	SuspendedAt time.Time `bun:"suspended_at,nullzero,default:now()"`
}

// PushSubscription is a browser that takes messages by web push.
type PushSubscription struct {
	bun.BaseModel `bun:"table:push_subscriptions,alias:ps"`

	// ID is the subscription's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid,nullzero,default:gen_random_uuid()"`
	// AccountID is whose messages it gets: the account that registered it last.
	AccountID uuid.UUID `bun:"account_id,type:uuid"`
	// Endpoint is the address at the browser's push service. Who knows it can send
	// nothing without our key.
	Endpoint string `bun:"endpoint"`
	// P256DH is the browser's public key, an uncompressed point of P-256.
	P256DH []byte `bun:"p256dh"`
	// Auth is the secret that the browser shares with us.
	Auth []byte `bun:"auth"`
	// Language is the one that the app is shown in there, a BCP 47 tag.
	Language string `bun:"language,nullzero,default:'en'"`
	// Session is the family of the session that registered it last; null when the release
	// before did.
	Session *uuid.UUID `bun:"session,type:uuid"`
	// CreatedAt is when the account first registered it.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// LastSeenAt is when the account last registered it.
	LastSeenAt time.Time `bun:"last_seen_at,nullzero,default:now()"`
}
