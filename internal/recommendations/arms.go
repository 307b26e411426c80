package recommendations

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// Arms divide the accounts among ways to make lists, so that the ways can be compared. Numbers are
// percent of the accounts; all others get the model in use.
type Arms struct {
	// Popularity gets what is popular in the city.
	Popularity int
	// Previous gets the model that was in use before.
	Previous int
}

// PopularityArm is what impressions of lists name instead of a model when the account was drawn to
// get what is popular, though a model could have made its list. Lists of those of whom nothing is
// known are named otherwise: they do other things, and are no fair comparison.
const PopularityArm = recommend.ControlArm

type arm int

const (
	armCurrent arm = iota
	armPopularity
	armPrevious
)

// of gives the arm of an account, which stays the same while the numbers do: an account that is in
// a small arm is also in a larger one.
func (a Arms) of(account uuid.UUID) arm {
	switch at := int(hashOf(account, "arms") % 100); {
	case at < a.Popularity:
		return armPopularity
	case at >= 100-a.Previous:
		return armPrevious
	}
	return armCurrent
}

// hashOf is a number that belongs to an account and a purpose.
func hashOf(account uuid.UUID, purpose string) uint64 {
	sum := sha256.Sum256(append(account[:], purpose...))
	return binary.BigEndian.Uint64(sum[:])
}
