package tastes

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// Feedback is what a person says about a movie.
type Feedback string

// The answers. None takes back what was said.
const (
	Like     Feedback = "like"
	NotForMe Feedback = "not_for_me"
	None     Feedback = "none"
)

// Say keeps what a person says about a movie, in place of what they said before. The same
// again changes nothing. Codes: validation_failed, unavailable; conflict when twenty other
// writers were first.
func (s *Service) Say(ctx context.Context, person, film uuid.UUID, said Feedback) (Preferences, error) {
	if said != Like && said != NotForMe && said != None {
		return Preferences{}, booking.Invalid(booking.FieldError{Field: "feedback", Message: "Choose like, not_for_me or none."})
	}
	// What was said of a movie that is gone since can be taken back.
	if said != None {
		if there, err := s.catalog.HasMovie(ctx, film); err != nil {
			return Preferences{}, err
		} else if !there {
			return Preferences{}, booking.Invalid(booking.FieldError{Field: "movie_id", Message: "There is no such movie. GET /v1/movies lists them."})
		}
	}
	// Events have the same id when it is tried again: after a writer who was first, and by a
	// client whose first try did not get as far as the profile.
	first := int64(-1)
	return s.change(ctx, person, nil, func(p *documents.Profile) (bool, error) {
		before := *p
		if err := said.about(film, p); err != nil {
			return false, err
		}
		kind, tell := told(film, before, *p)
		if tell {
			if first < 0 {
				first = before.Version
			}
			id := documents.EventID(kind, person.String(), film.String(), strconv.FormatInt(first, 10))
			if err := s.record(ctx, documents.Event{ID: id, Kind: kind, At: time.Now(), Person: person, Film: film}); err != nil {
				return false, err
			}
		}
		return !slices.Equal(before.Films, p.Films) || !slices.Equal(before.NotForMe, p.NotForMe), nil
	})
}

// about writes what is said over a profile. Code: validation_failed when there is no room.
func (f Feedback) about(film uuid.UUID, p *documents.Profile) error {
	if f != Like {
		p.Films = without(p.Films, film)
	}
	if f != NotForMe {
		p.NotForMe = without(p.NotForMe, film)
	}
	switch f {
	case Like:
		return add(&p.Films, film, documents.MostStated)
	case NotForMe:
		return add(&p.NotForMe, film, documents.MostNotForMe)
	default:
		return nil
	}
}

func add(list *[]uuid.UUID, film uuid.UUID, most int) error {
	switch {
	case slices.Contains(*list, film):
		return nil
	case len(*list) >= most:
		wrong := booking.FieldErrors{}
		wrong.Add("feedback", `You have said this of %d movies, which is the most. Take one back with "none" first.`, most)
		return wrong.Err()
	}
	*list = append(slices.Clone(*list), film)
	return nil
}

// told says which event a change of a profile is. Without personalization nothing is noted
// of what a person does.
func told(film uuid.UUID, before, after documents.Profile) (kind documents.Kind, tell bool) {
	was, is := slices.Contains(before.NotForMe, film), slices.Contains(after.NotForMe, film)
	switch {
	case was == is || after.Personalization == documents.Off:
		return "", false
	case is:
		return documents.KindNotForMe, true
	default:
		return documents.KindNotForMeWithdrawn, true
	}
}

// record writes an event at once: a person waits for the answer, and hears when it failed.
func (s *Service) record(ctx context.Context, event documents.Event) error {
	done, err := s.store.Events.Append(ctx, []documents.Event{event})
	if err != nil {
		return err
	}
	for _, refused := range done.Refused {
		return refused.Err
	}
	return nil
}
