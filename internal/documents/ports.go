package documents

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The ports. Every method may fail with the code unavailable: the store did not answer in
// time, and a repeat is harmless. Times are UTC and kept to the millisecond.

// Preferences keeps a profile for each person.
type Preferences interface {
	// Get gives the profile of a person, with version 0 when it has not been written.
	Get(ctx context.Context, person uuid.UUID) (Profile, error)
	// Put writes a profile if the stored one still has p.Version, and gives the new version.
	// Codes: conflict when another writer was first, validation_failed.
	Put(ctx context.Context, person uuid.UUID, p Profile) (version int64, err error)
	// Delete removes the profile of a person, if there is one.
	Delete(ctx context.Context, person uuid.UUID) error
	// DeleteVersion removes the profile of a person if it still has a version. Code: conflict when
	// another writer was first.
	DeleteVersion(ctx context.Context, person uuid.UUID, version int64) error
}

// Events keeps what happened, for as long as its kind is kept.
type Events interface {
	// Append adds events, at most MostAppended. One whose id is there already changes nothing,
	// whatever it says. One that is wrong is refused and does not stop the others. The error
	// is about the whole batch: a repeat adds what is missing.
	Append(ctx context.Context, events []Event) (Appended, error)
	// Recent gives events of a person, the newest first. Code: validation_failed for a cursor
	// of another list.
	Recent(ctx context.Context, q RecentQuery) (Page, error)
	// Scan gives all events of a kind, the oldest first, a page at a time. Events that
	// happened before the cursor and arrive later are not in the pages that follow.
	Scan(ctx context.Context, q ScanQuery) (Page, error)
	// Forget deletes all events of a person and says how many there were. Events that a Sink
	// still has arrive later: ask again after a minute.
	Forget(ctx context.Context, person uuid.UUID) (int, error)
	// Expire deletes up to limit events whose time is over. No read gives them, deleted or not.
	Expire(ctx context.Context, limit int) (int, error)
}

// Counters keeps how often something happened to a film, by city and day. They are derived
// from events and outlive them.
type Counters interface {
	// Fold counts the events of some kinds, from one day to another, both included, and writes
	// what it finds. A counter never goes down: events that were forgotten or have expired stay
	// counted, folds that run at the same time agree, and a repeat changes nothing. What takes
	// something back is an event of its own kind. Code: validation_failed.
	Fold(ctx context.Context, from, to Day, kinds ...Kind) error
	// Range gives the counters of a city by day, film and kind. Code: validation_failed.
	Range(ctx context.Context, q RangeQuery) (CountPage, error)
	// Top gives the films with the highest scores, the highest first; equal ones by id.
	Top(ctx context.Context, q TopQuery) ([]Scored, error)
	// Expire deletes up to limit counters whose time is over.
	Expire(ctx context.Context, limit int) (int, error)
}

// Lists keeps lists of films until their time is over.
type Lists interface {
	// Put keeps a list under its key for the given time. An older list, by MadeAt, never
	// replaces a newer one. Code: validation_failed.
	Put(ctx context.Context, l List, ttl time.Duration) error
	// Get gives the list of a key, unless its time is over.
	Get(ctx context.Context, key string) (l List, found bool, err error)
	// Drop removes the list of a key, if there is one.
	Drop(ctx context.Context, key string) error
	// Forget removes all lists of a person and says how many there were.
	Forget(ctx context.Context, person uuid.UUID) (int, error)
	// Expire deletes up to limit lists whose time is over. No read gives them, deleted or not.
	Expire(ctx context.Context, limit int) (int, error)
}

// Models keeps versions of models, and which of them is in use.
type Models interface {
	// Put keeps a version. It is there whole or not at all. A repeat with the same content
	// changes nothing. Codes: conflict when the version has other content, validation_failed.
	Put(ctx context.Context, m Model) error
	// Swap puts a version in use if from is in use now (empty for none). The version that was
	// in use stays, as Previous. Codes: conflict, not_found when there is no version to.
	Swap(ctx context.Context, name, from, to string) error
	// InUse says which versions are in use; without any, the zero value.
	InUse(ctx context.Context, name string) (InUse, error)
	// Read gives a version. Code: not_found.
	Read(ctx context.Context, name, version string) (Model, error)
	// Prune deletes all versions of a name but the newest ones, the one in use and the one
	// before it, and says how many.
	Prune(ctx context.Context, name string, newest int) (int, error)
}
