package api

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
)

// reviewsFresh makes browsers ask each time, so that who has written a review
// finds it in the list.
const reviewsFresh = 0

func (a *api) listReviews(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	reviews, err := a.Reviews.List(r.Context(), mux.Vars(r)["id"], limit, r.URL.Query().Get("cursor"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, reviewsFresh, reviews)
}

func (a *api) myReview(w http.ResponseWriter, r *http.Request) {
	review, err := a.Reviews.Mine(r.Context(), mux.Vars(r)["id"], accountOf(r))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, review)
}

func (a *api) putReview(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Rating int    `json:"rating"`
		Text   string `json:"text"`
	}
	if err := decode(w, r, &body); err != nil {
		a.fail(w, r, err)
		return
	}
	review, created, err := a.Reviews.Put(r.Context(), mux.Vars(r)["id"], accountOf(r), body.Rating, body.Text)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	a.answer(w, r, status, review)
}

func (a *api) deleteReview(w http.ResponseWriter, r *http.Request) {
	if err := a.Reviews.Delete(r.Context(), mux.Vars(r)["id"], accountOf(r)); err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// accountOf is for handlers behind signedIn.
func accountOf(r *http.Request) uuid.UUID { return actorOf(r).AccountID }
