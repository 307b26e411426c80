package recommendations

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/recommendations"
)

func (s *service) getRecommendations(w http.ResponseWriter, r *http.Request) error {
	ask, err := s.ask(r)
	if err != nil {
		return err
	}
	list, err := s.lists.ForPerson(r.Context(), ask)
	return answerList(w, list, err)
}

func (s *service) listSimilar(w http.ResponseWriter, r *http.Request) error {
	ask, err := s.ask(r)
	if err != nil {
		return err
	}
	list, err := s.lists.Similar(r.Context(), ask, mux.Vars(r)["id"])
	return answerList(w, list, err)
}

func (s *service) reportImpressions(w http.ResponseWriter, r *http.Request) error {
	caller, err := s.callerIfAny(r)
	if err != nil {
		return err
	}
	var request recommendations.Reports
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := s.lists.Report(r.Context(), caller, request); err != nil {
		return err
	}
	return rest.NoContent(w)
}

// ask reads what a list is asked for. Codes: unauthenticated, validation_failed.
func (s *service) ask(r *http.Request) (recommendations.Ask, error) {
	caller, err := s.callerIfAny(r)
	if err != nil {
		return recommendations.Ask{}, err
	}
	var wrong booking.FieldErrors
	query := r.URL.Query()
	ask := recommendations.Ask{Person: caller, City: query.Get("city"), Date: query.Get("date")}
	if text := query.Get("limit"); text != "" {
		if ask.Limit, err = strconv.Atoi(text); err != nil || ask.Limit < 1 || ask.Limit > recommendations.MostListed {
			wrong.Add("limit", "Must be a whole number from 1 to %d.", recommendations.MostListed)
		}
	}
	if text := query.Get("near"); text != "" {
		lat, lon, ok := rest.Point(text)
		if !ok {
			wrong.Add("near", rest.WrongPoint)
		}
		ask.Near = &recommendations.Point{Lat: lat, Lon: lon}
	}
	return ask, wrong.Err()
}

// callerIfAny is uuid.Nil for a visitor. Like all that only reads, it does not ask the database
// whether the session goes on. Code: unauthenticated for a token that is no longer good.
func (s *service) callerIfAny(r *http.Request) (uuid.UUID, error) {
	caller, err := s.CallerIfAny(r)
	if err != nil || caller.AccountID == "" {
		return uuid.Nil, err
	}
	return uuid.Parse(caller.AccountID)
}

// answerList sends a list, which is for one person at one moment: no cache keeps it.
func answerList(w http.ResponseWriter, list recommendations.List, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return rest.Answer(w, http.StatusOK, list)
}
