package schema

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Review is what a customer thinks of a film; one each.
type Review struct {
	bun.BaseModel `bun:"table:reviews,alias:r"`

	// MovieID is the film.
	MovieID uuid.UUID `bun:"movie_id,pk,type:uuid"`
	// AccountID is the customer's.
	AccountID uuid.UUID `bun:"account_id,pk,type:uuid"`
	// Rating is from 1 to 5 stars.
	Rating int `bun:"rating"`
	// Text is plain text; empty when only stars were given.
	Text string `bun:"text"`
	// CreatedAt is when it was first written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when it was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// MovieRating sums up a film's reviews, kept by a trigger as they change.
type MovieRating struct {
	bun.BaseModel `bun:"table:movie_ratings,alias:mr"`

	// MovieID is the film.
	MovieID uuid.UUID `bun:"movie_id,pk,type:uuid"`
	// Sum is that of all stars.
	Sum int64 `bun:"sum"`
	// Count is how many reviews there are.
	Count int64 `bun:"count"`
}
