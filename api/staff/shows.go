package staff

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// mountShows mounts shows, price cards and programs. Here only the role is checked; the
// store checks whose theater it is.
func (s *service) mountShows() {
	s.Get("/v1/admin/shows", s.listShows)
	s.Post("/v1/admin/shows", s.createShow)
	s.Get("/v1/admin/shows/{id}", s.getShow)
	s.Route(http.MethodPatch, "/v1/admin/shows/{id}", s.editShow)
	s.Route(http.MethodDelete, "/v1/admin/shows/{id}", s.deleteShow)

	s.Get("/v1/admin/prices", s.listPriceCards)
	s.Post("/v1/admin/prices", s.createPriceCard)
	s.Get("/v1/admin/prices/{id}", s.getPriceCard)
	s.Route(http.MethodPatch, "/v1/admin/prices/{id}", s.changePriceCard)
	s.Route(http.MethodDelete, "/v1/admin/prices/{id}", s.deletePriceCard)

	s.Post("/v1/admin/screens/{id}/program", s.planProgram)
}

func (s *service) listShows(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	query := r.URL.Query()
	return answerPage(w, err, func() ([]staff.Show, string, error) {
		return s.Staff.Shows(r.Context(), rest.ActorOf(r), staff.ShowFilter{
			TheaterID: query.Get("theater_id"), ScreenID: query.Get("screen_id"), MovieID: query.Get("movie_id"),
			From: query.Get("from"), To: query.Get("to"), Status: query.Get("status"),
			Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (s *service) createShow(w http.ResponseWriter, r *http.Request) error {
	var request staff.NewShow
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	show, err := s.Staff.CreateShow(r.Context(), rest.ActorOf(r), request)
	if err != nil {
		return failInTheWay(w, err)
	}
	w.Header().Set("Location", "/v1/admin/shows/"+show.ID.String())
	return answerShow(w, http.StatusCreated, show)
}

func (s *service) getShow(w http.ResponseWriter, r *http.Request) error {
	show, err := s.Staff.Show(r.Context(), rest.ActorOf(r), mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	return answerShow(w, http.StatusOK, show)
}

func (s *service) editShow(w http.ResponseWriter, r *http.Request) error {
	var request staff.ShowEdit
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	show, err := s.Staff.EditShow(r.Context(), rest.ActorOf(r), mux.Vars(r)["id"], request, unlessChanged(r))
	if err != nil {
		return failInTheWay(w, err)
	}
	return answerShow(w, http.StatusOK, show)
}

func (s *service) deleteShow(w http.ResponseWriter, r *http.Request) error {
	if err := s.Staff.DeleteShow(r.Context(), rest.ActorOf(r), mux.Vars(r)["id"]); err != nil {
		return err
	}
	return rest.NoContent(w)
}

// answerShow sends a show with the entity tag of its terms, so that the sale of a seat does
// not make an editor's tag stale.
func answerShow(w http.ResponseWriter, status int, show staff.Show) error {
	terms, err := json.Marshal(show.Terms())
	if err != nil {
		return fmt.Errorf("render the terms of a show: %w", err)
	}
	w.Header().Set("ETag", cache.ETag(terms))
	return rest.Answer(w, status, show)
}

// inTheWay is a problem that names the shows that prevent a change, in extension members
// (RFC 9457, section 3.2).
type inTheWay struct {
	rest.Problem
	Show      *staff.InTheWay  `json:"show,omitempty"`
	Conflicts []staff.Conflict `json:"conflicts,omitempty"`
}

// failInTheWay is fail for what may overlap another show.
func failInTheWay(w http.ResponseWriter, err error) error {
	var document inTheWay
	var overlap *staff.Overlap
	var refused *staff.ProgramRefused
	switch {
	case errors.As(err, &overlap):
		document.Show = &overlap.With
	case errors.As(err, &refused):
		document.Conflicts = refused.Conflicts
	default:
		return err
	}
	document.Problem = rest.ProblemOf(err)
	body, marshalErr := json.Marshal(document)
	if marshalErr != nil {
		return fmt.Errorf("render what is in the way: %w", marshalErr)
	}
	rest.WriteProblem(w, document.Status, document.Code, body)
	return nil
}
