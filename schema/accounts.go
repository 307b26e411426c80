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
	// CreatedAt is when the account first registered it.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// LastSeenAt is when the account last registered it.
	LastSeenAt time.Time `bun:"last_seen_at,nullzero,default:now()"`
}
