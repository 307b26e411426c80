// Package tastes is what customers say about what they like and what they need: their
// preferences, and their feedback to a movie or a booking. They are kept in the document store,
// and here a person reads what else it has of them.
//
// What does not live here: lists that are made from it, writing down what people did without
// saying anything, and which messages an account wants (internal/accounts).
package tastes

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// Catalog is what is asked about movies.
type Catalog interface {
	// Tags gives all genres and certificates of movies, as the catalog writes them.
	Tags(ctx context.Context) (genres, certificates []string, err error)
	// HasMovie tells whether there is a movie, also one that left the catalog.
	HasMovie(ctx context.Context, id uuid.UUID) (bool, error)
}

// Bookings is what is asked about bookings.
type Bookings interface {
	// Owns tells whether a booking is this person's, in any status.
	Owns(ctx context.Context, person, booking uuid.UUID) (bool, error)
}

// Service reads and changes what people say. Errors of the document store have the code
// unavailable when it is away.
type Service struct {
	store    *documents.Store
	catalog  Catalog
	bookings Bookings
}

// New makes a Service.
func New(store *documents.Store, catalog Catalog, bookings Bookings) *Service {
	return &Service{store, catalog, bookings}
}

// Preferences are what a person said. Lists are never nil.
type Preferences struct {
	// Version is 0 until something is said. It is for compare-and-set.
	Version int64 `json:"version"`

	Personalization bool     `json:"personalization"`
	Languages       []string `json:"languages"`
	Genres          []string `json:"genres"`
	Certificate     string   `json:"certificate"`
	Accessibility   []string `json:"accessibility"`

	// Liked and NotForMe are movies, from feedback.
	Liked    []uuid.UUID `json:"liked"`
	NotForMe []uuid.UUID `json:"not_for_me"`
	// LeftOut are bookings, from feedback.
	LeftOut []uuid.UUID `json:"left_out"`
}

// Get reads what a person said. Code: unavailable.
func (s *Service) Get(ctx context.Context, person uuid.UUID) (Preferences, error) {
	stored, err := s.store.Preferences.Get(ctx, person)
	return shown(stored), err
}

// shown is a profile as its owner reads it.
func shown(p documents.Profile) Preferences {
	return Preferences{
		Version: p.Version, Personalization: p.Personalization != documents.Off,
		Languages: listed(p.Languages), Genres: listed(p.Genres), Certificate: p.Certificate, Accessibility: listed(p.Accessibility),
		Liked: listed(p.Films), NotForMe: listed(p.NotForMe), LeftOut: listed(p.LeftOut),
	}
}

// listed gives an empty list for a nil one, which would be null in JSON.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Put replaces what a person chose. What came from feedback stays. With a version it does so
// only if that one is stored. Codes: conflict, validation_failed, unavailable.
func (s *Service) Put(ctx context.Context, person uuid.UUID, choice Choice, version *int64) (Preferences, error) {
	genres, certificates, err := s.catalog.Tags(ctx)
	if err != nil {
		return Preferences{}, err
	}
	return s.change(ctx, person, version, func(p *documents.Profile) (bool, error) {
		// What a person chose earlier stays good when the catalog has lost it since.
		checked, err := choice.check(append(genres, p.Genres...), append(certificates, p.Certificate))
		if err != nil {
			return false, err
		}
		checked.over(p)
		return true, nil
	})
}

// Forget deletes all that the document store knows of a person, but for two things: who turned
// personalization off did not ask to have it turned on again, and that they had it forgotten keeps
// what is made from bookings from coming back. Codes: unavailable, after which a
// repeat deletes what is left; conflict when twenty other writers were first.
func (s *Service) Forget(ctx context.Context, person uuid.UUID) error {
	for left := attempts; ; left-- {
		err := s.forgetProfile(ctx, person)
		switch {
		case err == nil:
			if err := s.store.ForgetActivity(ctx, person); err != nil {
				return err
			}
			return s.record(ctx, documents.Event{ID: uuid.New(), Kind: documents.KindForgotten, At: time.Now(), Person: person})
		case booking.CodeOf(err) != booking.CodeConflict || left == 1:
			return err
		}
	}
}

// forgetProfile deletes what it has read: the choice may be made at the same moment. Code: conflict.
func (s *Service) forgetProfile(ctx context.Context, person uuid.UUID) error {
	profile, err := s.store.Preferences.Get(ctx, person)
	switch {
	case err != nil || profile.Version == 0:
		return err
	case profile.Personalization == documents.Off:
		_, err = s.store.Preferences.Put(ctx, person, documents.Profile{Version: profile.Version, Personalization: documents.Off})
		return err
	default:
		return s.store.Preferences.DeleteVersion(ctx, person, profile.Version)
	}
}

// attempts is how often a change is tried while other writers are first. Each time one of
// them has got through, so it is more than a person has devices.
const attempts = 20

// change changes a profile by compare-and-set. edit tells whether it changed anything; it
// runs again when another writer was first.
func (s *Service) change(ctx context.Context, person uuid.UUID, version *int64, edit func(*documents.Profile) (bool, error)) (Preferences, error) {
	for left := attempts; ; left-- {
		profile, err := s.store.Preferences.Get(ctx, person)
		if err != nil {
			return Preferences{}, err
		}
		if version != nil && *version != profile.Version {
			return Preferences{}, documents.Conflict("The preferences were changed meanwhile: they have version %d. Read them again, then repeat the change.", profile.Version)
		}
		changed, err := edit(&profile)
		if err != nil {
			return Preferences{}, err
		}
		if !changed {
			return shown(profile), nil
		}
		written, err := s.store.Preferences.Put(ctx, person, profile)
		switch {
		case err == nil:
			profile.Version = written
			return shown(profile), nil
		case booking.CodeOf(err) != booking.CodeConflict || version != nil || left == 1:
			return Preferences{}, err
		}
	}
}

// without gives a list without one movie.
func without(list []uuid.UUID, film uuid.UUID) []uuid.UUID {
	return slices.DeleteFunc(slices.Clone(list), func(id uuid.UUID) bool { return id == film })
}
