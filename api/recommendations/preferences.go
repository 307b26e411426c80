package recommendations

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

func (s *service) getPreferences(w http.ResponseWriter, r *http.Request) error {
	preferences, err := s.tastes.Get(r.Context(), person(r))
	return answer(w, preferences, err)
}

func (s *service) putPreferences(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		tastes.Choice
		// Version is that of the preferences which these replace; nil replaces any.
		Version *int64 `json:"version"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	preferences, err := s.tastes.Put(r.Context(), person(r), request.Choice, request.Version)
	return answer(w, preferences, err)
}

func (s *service) deletePreferences(w http.ResponseWriter, r *http.Request) error {
	if err := s.tastes.Forget(r.Context(), person(r)); err != nil {
		return err
	}
	return rest.NoContent(w)
}

// giveFeedback is about a movie or about a booking, never both: the answers are different ones.
func (s *service) giveFeedback(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		MovieID   *string         `json:"movie_id"`
		BookingID *string         `json:"booking_id"`
		Feedback  tastes.Feedback `json:"feedback"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	switch {
	case request.BookingID == nil:
		film, err := idIn("movie_id", request.MovieID, "Write a movie's id, a UUID. GET /v1/movies lists them. For a booking write booking_id.")
		if err != nil {
			return err
		}
		preferences, err := s.tastes.Say(r.Context(), person(r), film, request.Feedback)
		return answer(w, preferences, err)
	case request.MovieID != nil:
		return booking.Invalid(booking.FieldError{Field: "booking_id", Message: "Write movie_id or booking_id, not both."})
	default:
		id, err := idIn("booking_id", request.BookingID, "Write a booking's id, a UUID. GET /v1/bookings lists yours.")
		if err != nil {
			return err
		}
		preferences, err := s.tastes.SayOfBooking(r.Context(), person(r), id, request.Feedback)
		return answer(w, preferences, err)
	}
}

// listActivity is what was noted of the person, the newest first.
func (s *service) listActivity(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	if err != nil {
		return err
	}
	items, next, err := s.tastes.Activity(r.Context(), person(r), limit, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, rest.PageOf(items, next))
}

// idIn reads the id in a field.
func idIn(field string, text *string, fix string) (uuid.UUID, error) {
	if text != nil {
		if id, err := uuid.Parse(*text); err == nil {
			return id, nil
		}
	}
	return uuid.Nil, booking.Invalid(booking.FieldError{Field: field, Message: fix})
}

func answer(w http.ResponseWriter, preferences tastes.Preferences, err error) error {
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, preferences)
}

// person is for handlers behind SignedIn.
func person(r *http.Request) uuid.UUID { return rest.ActorOf(r).AccountID }
