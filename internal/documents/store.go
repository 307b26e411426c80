package documents

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// Store is a database of documents, open.
type Store struct {
	// Name is for the log and for people: which database it is, without its address.
	Name string

	Preferences Preferences
	Events      Events
	Counters    Counters
	Lists       Lists
	Models      Models

	// Ping asks the database for a sign of life.
	Ping func(context.Context) error
	// Close gives its connections back.
	Close func()
}

// Options are what a store needs to be told. The zero value is for production.
type Options struct {
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Kept says how long documents are kept; what is zero is as in DefaultRetention.
	Kept Retention
}

// Retention is how long documents are kept. Each document gets the end of its time when it
// is written: a later change is for later documents.
type Retention struct {
	// Events is for the kinds that Kinds does not name.
	Events time.Duration
	// Kinds has the kinds with a time of their own.
	Kinds map[Kind]time.Duration
	// Counters counts from the end of a counter's day.
	Counters time.Duration
}

const aDay = 24 * time.Hour

// DefaultRetention keeps what a person did for two years, what was merely shown for a
// quarter of one, and counters, which name no person, for two years.
func DefaultRetention() Retention {
	return Retention{
		Events:   90 * aDay,
		Counters: 730 * aDay,
		Kinds: map[Kind]time.Duration{
			KindClick: 180 * aDay, KindBooking: 730 * aDay, KindBookingWithdrawn: 730 * aDay, KindReview: 730 * aDay,
			KindNotForMe: 730 * aDay, KindNotForMeWithdrawn: 730 * aDay, KindLeaveOut: 730 * aDay, KindLeaveOutWithdrawn: 730 * aDay, KindForgotten: 730 * aDay,
		},
	}
}

// Of is how long events of a kind are kept.
func (r Retention) Of(kind Kind) time.Duration {
	if kept, named := r.Kinds[kind]; named {
		return kept
	}
	return r.Events
}

// Complete fills in what was left out.
func (o Options) Complete() Options {
	standard := DefaultRetention()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Kept.Events == 0 {
		o.Kept.Events = standard.Events
	}
	if o.Kept.Counters == 0 {
		o.Kept.Counters = standard.Counters
	}
	if o.Kept.Kinds == nil {
		o.Kept.Kinds = standard.Kinds
	}
	return o
}

// Moment is the clock's time, as stores keep times.
func (o Options) Moment() time.Time { return Milliseconds(o.Now()) }

// Forget deletes everything that names a person. Interrupted, it is repeated; what a Sink
// still has arrives later, so ask again after a minute.
func (s *Store) Forget(ctx context.Context, person uuid.UUID) error {
	if err := s.Preferences.Delete(ctx, person); err != nil {
		return err
	}
	return s.ForgetActivity(ctx, person)
}

// ForgetActivity is Forget without the profile.
func (s *Store) ForgetActivity(ctx context.Context, person uuid.UUID) error {
	if _, err := s.Lists.Forget(ctx, person); err != nil {
		return err
	}
	_, err := s.Events.Forget(ctx, person)
	return err
}

// Milliseconds is a time as stores keep it: MongoDB knows nothing finer.
func Milliseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Unavailable is for stores: the error of a database that is away.
func Unavailable(cause error) error {
	return booking.E(booking.CodeUnavailable, "This cannot be answered right now. Try again in a moment.").Wrap(cause)
}

// Conflict is for stores: another writer was first.
func Conflict(format string, args ...any) *booking.Error {
	return booking.E(booking.CodeConflict, format, args...)
}
