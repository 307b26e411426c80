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

// Feedback is what a person says about a movie, or about a booking of theirs.
type Feedback string

// The answers about a movie. None takes back what was said.
const (
	Like     Feedback = "like"
	NotForMe Feedback = "not_for_me"
	None     Feedback = "none"
)

// The answers about a booking: it shall not shape what is recommended, for example because it
// was for a child, or it shall again.
const (
	LeaveOut Feedback = "leave_out"
	Count    Feedback = "count"
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
	note := s.note(person, film, documents.Event{Film: film}, documents.KindNotForMe, documents.KindNotForMeWithdrawn)
	return s.change(ctx, person, nil, func(p *documents.Profile) (bool, error) {
		before := *p
		if err := said.about(film, p); err != nil {
			return false, err
		}
		if err := note(ctx, before, before.NotForMe, p.NotForMe); err != nil {
			return false, err
		}
		return !slices.Equal(before.Films, p.Films) || !slices.Equal(before.NotForMe, p.NotForMe), nil
	})
}

// SayOfBooking keeps whether a booking of the person shapes what is recommended to them. The
// same again changes nothing. Codes: as of Say.
func (s *Service) SayOfBooking(ctx context.Context, person, id uuid.UUID, said Feedback) (Preferences, error) {
	if said != LeaveOut && said != Count {
		return Preferences{}, booking.Invalid(booking.FieldError{Field: "feedback", Message: "Of a booking, choose leave_out or count."})
	}
	owned := false
	about := documents.Event{EventFacts: documents.EventFacts{Details: map[string]string{documents.DetailBooking: id.String()}}}
	note := s.note(person, id, about, documents.KindLeaveOut, documents.KindLeaveOutWithdrawn)
	return s.change(ctx, person, nil, func(p *documents.Profile) (bool, error) {
		before := *p
		// What is left out was theirs, and can be taken back when the booking is gone since.
		if !owned && !slices.Contains(p.LeftOut, id) {
			var err error
			if owned, err = s.bookings.Owns(ctx, person, id); err != nil {
				return false, err
			}
			if !owned {
				return false, booking.Invalid(booking.FieldError{Field: "booking_id", Message: "You have no such booking. GET /v1/bookings lists yours."})
			}
		}
		if said == Count {
			p.LeftOut = without(p.LeftOut, id)
		} else if err := add(&p.LeftOut, id, documents.MostLeftOut, `You have left out %d bookings, which is the most. Let one "count" first.`); err != nil {
			return false, err
		}
		if err := note(ctx, before, before.LeftOut, p.LeftOut); err != nil {
			return false, err
		}
		return !slices.Equal(before.LeftOut, p.LeftOut), nil
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
		return add(&p.Films, film, documents.MostStated, tooMany)
	case NotForMe:
		return add(&p.NotForMe, film, documents.MostNotForMe, tooMany)
	default:
		return nil
	}
}

const tooMany = `You have said this of %d movies, which is the most. Take one back with "none" first.`

// add adds an id, once. full is the text for a list that has the most; it gets their number.
func add(list *[]uuid.UUID, id uuid.UUID, most int, full string) error {
	switch {
	case slices.Contains(*list, id):
		return nil
	case len(*list) >= most:
		wrong := booking.FieldErrors{}
		wrong.Add("feedback", full, most)
		return wrong.Err()
	}
	*list = append(slices.Clone(*list), id)
	return nil
}

// note gives a function that writes an event when a list of a profile got an id (kind put) or
// lost it (kind taken). Without personalization nothing is noted of what a person does.
//
// Events have the same id when a change is tried again: after a writer who was first, and by a
// client whose first try did not get as far as the profile.
func (s *Service) note(person, id uuid.UUID, event documents.Event, put, taken documents.Kind) func(ctx context.Context, before documents.Profile, was, is []uuid.UUID) error {
	first := int64(-1)
	return func(ctx context.Context, before documents.Profile, was, is []uuid.UUID) error {
		had, has := slices.Contains(was, id), slices.Contains(is, id)
		if had == has || before.Personalization == documents.Off {
			return nil
		}
		if first < 0 {
			first = before.Version
		}
		event.Kind, event.At, event.Person = put, time.Now(), person
		if had {
			event.Kind = taken
		}
		event.ID = documents.EventID(event.Kind, person.String(), id.String(), strconv.FormatInt(first, 10))
		return s.record(ctx, event)
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
