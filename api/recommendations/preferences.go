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

func (s *service) giveFeedback(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		MovieID  string          `json:"movie_id"`
		Feedback tastes.Feedback `json:"feedback"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	film, err := uuid.Parse(request.MovieID)
	if err != nil {
		return booking.Invalid(booking.FieldError{Field: "movie_id", Message: "Write a movie's id, a UUID. GET /v1/movies lists them."})
	}
	preferences, err := s.tastes.Say(r.Context(), person(r), film, request.Feedback)
	return answer(w, preferences, err)
}

func answer(w http.ResponseWriter, preferences tastes.Preferences, err error) error {
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, preferences)
}

// person is for handlers behind SignedIn.
func person(r *http.Request) uuid.UUID { return rest.ActorOf(r).AccountID }
