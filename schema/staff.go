package schema

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// TheaterManager lets an account run a theater.
type TheaterManager struct {
	bun.BaseModel `bun:"table:theater_managers,alias:tm"`

	// AccountID is the manager's.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// TheaterID is the house.
	TheaterID uuid.UUID `bun:"theater_id,pk,type:uuid"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// DoorTheater lets an account work at the door of a theater.
type DoorTheater struct {
	bun.BaseModel `bun:"table:door_theaters,alias:dt"`

	// AccountID is the account of who works there.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// TheaterID is the house.
	TheaterID uuid.UUID `bun:"theater_id,pk,type:uuid"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// PriceCard is what new shows of a theater charge. A show copies it: changing the
// card changes no show.
type PriceCard struct {
	bun.BaseModel `bun:"table:price_cards,alias:pc"`

	// ID is the card's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// TheaterID is the house whose card it is.
	TheaterID uuid.UUID `bun:"theater_id,type:uuid"`
	// Name is unique in the theater, for example "Weekend".
	Name string `bun:"name"`
	// Prices gives the minor units per seat of each category, in the theater's
	// currency.
	Prices map[string]int64 `bun:"prices,type:jsonb"`
	// FeePerSeat is our fee in minor units, its own tax included.
	FeePerSeat int64 `bun:"fee_per_seat"`
	// TaxBasisPoints is the tax on the seat prices, in hundredths of a percent.
	TaxBasisPoints int64 `bun:"tax_basis_points"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// AuditEntry says who changed what. The table is append-only and holds nothing
// personal: people are account ids.
type AuditEntry struct {
	bun.BaseModel `bun:"table:audit_log,alias:al"`

	// ID orders the entries.
	ID int64 `bun:"id,pk,autoincrement"`
	// At is when the transaction of the change began.
	At time.Time `bun:"at,nullzero,default:now()"`
	// ActorID is the account that did it; null for the program itself.
	ActorID *uuid.UUID `bun:"actor_id,type:uuid"`
	// ActorRole is the role in which it was done; "system" for the program.
	ActorRole string `bun:"actor_role"`
	// Action is a verb, for example "create".
	Action string `bun:"action"`
	// Entity is the kind of thing, for example "show".
	Entity string `bun:"entity"`
	// EntityID says which one.
	EntityID string `bun:"entity_id"`
	// TheaterID is whose house it was about; null for what belongs to none.
	TheaterID *uuid.UUID `bun:"theater_id,type:uuid"`
	// Before is the thing as it was; null for a creation.
	Before json.RawMessage `bun:"before,type:jsonb,nullzero,default:'null'"`
	// After is the thing as it is; null for a deletion.
	After json.RawMessage `bun:"after,type:jsonb,nullzero,default:'null'"`
	// RequestID finds the request in the logs.
	RequestID string `bun:"request_id"`
}
