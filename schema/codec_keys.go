package schema

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// CodecKey is a key that encrypts, or has encrypted, what Temporal stores.
type CodecKey struct {
	bun.BaseModel `bun:"table:codec_keys,alias:ck"`

	// ID is the key's name in TEMPORAL_CODEC_KEYS.
	ID string `bun:"id,pk"`
	// Proof is a fixed text that the key encrypted: who can read it has the key.
	Proof []byte `bun:"proof"`
	// FirstUsed is when a process first had it in front.
	FirstUsed time.Time `bun:"first_used,nullzero,default:now()"`
	// LastUsed is when a process was last seen that has it in front.
	LastUsed time.Time `bun:"last_used,nullzero,default:now()"`
	// RetiredAt is when an operator said that no process needs it any more.
	RetiredAt *time.Time `bun:"retired_at"`
}

// CodecKeyHolder is a process that runs, with its keys.
type CodecKeyHolder struct {
	bun.BaseModel `bun:"table:codec_key_holders,alias:ckh"`

	// Process is a random id.
	Process uuid.UUID `bun:"process,pk,type:uuid"`
	// Name is what an operator knows it by: its kind, host and number.
	Name string `bun:"name"`
	// Keys are the names of its keys, the one that encrypts first.
	Keys []string `bun:"keys,array"`
	// SeenAt is when it last said so.
	SeenAt time.Time `bun:"seen_at,nullzero,default:now()"`
}
