package catalog

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
)

// reviewsFresh makes browsers ask each time, so that customers find their new review in the
// list.
const reviewsFresh = 0

func (s *service) listReviews(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	if err != nil {
		return err
	}
	reviews, err := s.Reviews.List(r.Context(), mux.Vars(r)["id"], limit, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	return rest.AnswerCached(w, r, reviewsFresh, reviews)
}

func (s *service) myReview(w http.ResponseWriter, r *http.Request) error {
	review, err := s.Reviews.Mine(r.Context(), mux.Vars(r)["id"], accountOf(r))
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, review)
}

func (s *service) putReview(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Rating int    `json:"rating"`
		Text   string `json:"text"`
	}
	if err := rest.Decode(w, r, &body); err != nil {
		return err
	}
	review, created, err := s.Reviews.Put(r.Context(), mux.Vars(r)["id"], accountOf(r), body.Rating, body.Text)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return rest.Answer(w, status, review)
}

func (s *service) deleteReview(w http.ResponseWriter, r *http.Request) error {
	if err := s.Reviews.Delete(r.Context(), mux.Vars(r)["id"], accountOf(r)); err != nil {
		return err
	}
	return rest.NoContent(w)
}

// accountOf is for handlers behind SignedIn.
func accountOf(r *http.Request) uuid.UUID { return rest.ActorOf(r).AccountID }
