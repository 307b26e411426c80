package documents

import (
	"math"
	"time"

	"github.com/google/uuid"
)

// MostListed is how many films a list has at most.
const MostListed = 500

// longestList is how long a list is kept at most.
const longestList = 30 * aDay

// List is films in an order, made for a person or for many. What is on sale, and what the
// person has seen, may have changed since: its reader filters.
type List struct {
	// Key says what the list is for, for example a person, a place in the app and a city.
	Key string `json:"-"`
	// ID is what impressions and clicks name.
	ID string `json:"id"`
	// Person is uuid.Nil when the list is for many.
	Person uuid.UUID `json:"-"`
	MadeAt time.Time `json:"-"`
	// City is what the list is about; uuid.Nil when it is about none.
	City uuid.UUID `json:"city,omitzero"`
	// Model is the version that made it.
	Model string `json:"model,omitempty"`
	// Fallback says why it is not what was asked for; empty when it is.
	Fallback string `json:"fallback,omitempty"`
	Items    []Item `json:"items"`
}

// Item is a film of a list.
type Item struct {
	Film uuid.UUID `json:"film"`
	// Score orders the list; only scores of one list can be compared.
	Score float64 `json:"score"`
	// Propensity is how probable it was that the film would be in this place, above 0 to 1;
	// 0 when it was not drawn.
	Propensity float64 `json:"propensity,omitempty"`
	// Reason is a code that the app has words for; Because is the film that it is about.
	Reason  string    `json:"reason,omitempty"`
	Because uuid.UUID `json:"because,omitzero"`
}

// Check finds what a store would not take. Code: validation_failed.
func (l List) Check(ttl time.Duration) error {
	var wrong problems
	if l.Key == "" {
		wrong.Add("key", "Give the list a key.")
	}
	wrong.text("key", l.Key, 300)
	wrong.text("id", l.ID, 100)
	wrong.text("model", l.Model, 100)
	wrong.text("fallback", l.Fallback, 100)
	wrong.time("made_at", l.MadeAt)
	wrong.number("items", len(l.Items), MostListed)
	for _, item := range l.Items {
		wrong.between("items.score", item.Score, -math.MaxFloat64, math.MaxFloat64)
		wrong.between("items.propensity", item.Propensity, 0, 1)
		wrong.text("items.reason", item.Reason, 100)
	}
	if ttl <= 0 || ttl > longestList {
		wrong.Add("ttl", "Choose a time above 0, up to %s.", longestList)
	}
	return wrong.Err()
}
