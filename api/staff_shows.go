package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// mountStaffShows mounts shows, price cards and programs. Whose theater it is, is
// for the store to say: here it is only about roles.
func (a *api) mountStaffShows() {
	reader := func(handler http.HandlerFunc) http.HandlerFunc {
		return a.withRole(handler, roleSupport, roleManager, roleAdmin)
	}
	writer := func(handler http.HandlerFunc) http.HandlerFunc {
		return a.withRole(handler, roleManager, roleAdmin)
	}
	a.get("/v1/admin/shows", reader(a.staffListShows))
	a.post("/v1/admin/shows", writer(a.staffCreateShow))
	a.get("/v1/admin/shows/{id}", reader(a.staffGetShow))
	a.route(http.MethodPatch, "/v1/admin/shows/{id}", writer(a.staffChangeShow))
	a.route(http.MethodDelete, "/v1/admin/shows/{id}", writer(a.staffDeleteShow))

	a.get("/v1/admin/prices", reader(a.staffListPriceCards))
	a.post("/v1/admin/prices", writer(a.staffCreatePriceCard))
	a.get("/v1/admin/prices/{id}", reader(a.staffGetPriceCard))
	a.route(http.MethodPatch, "/v1/admin/prices/{id}", writer(a.staffChangePriceCard))
	a.route(http.MethodDelete, "/v1/admin/prices/{id}", writer(a.staffDeletePriceCard))

	a.post("/v1/admin/screens/{id}/program", writer(a.staffPlanProgram))
}

func (a *api) staffListShows(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	query := r.URL.Query()
	answerPage(a, w, r, err, func() ([]staff.Show, string, error) {
		return a.Staff.Shows(r.Context(), actorOf(r), staff.ShowFilter{
			TheaterID: query.Get("theater_id"), ScreenID: query.Get("screen_id"), MovieID: query.Get("movie_id"),
			From: query.Get("from"), To: query.Get("to"), Status: query.Get("status"),
			Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (a *api) staffCreateShow(w http.ResponseWriter, r *http.Request) {
	var request staff.NewShow
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	show, err := a.Staff.CreateShow(r.Context(), actorOf(r), request)
	if err != nil {
		a.failInTheWay(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/admin/shows/"+show.ID.String())
	a.answerShow(w, r, http.StatusCreated, show)
}

func (a *api) staffGetShow(w http.ResponseWriter, r *http.Request) {
	show, err := a.Staff.Show(r.Context(), actorOf(r), mux.Vars(r)["id"])
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerShow(w, r, http.StatusOK, show)
}

func (a *api) staffChangeShow(w http.ResponseWriter, r *http.Request) {
	var request staff.ShowChange
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	show, err := a.Staff.ChangeShow(r.Context(), actorOf(r), mux.Vars(r)["id"], request, unlessChanged(r))
	if err != nil {
		a.failInTheWay(w, r, err)
		return
	}
	a.answerShow(w, r, http.StatusOK, show)
}

func (a *api) staffDeleteShow(w http.ResponseWriter, r *http.Request) {
	if err := a.Staff.DeleteShow(r.Context(), actorOf(r), mux.Vars(r)["id"]); err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// answerShow sends a show with the entity tag of its terms: an editor is not put
// off by every seat that is sold meanwhile.
func (a *api) answerShow(w http.ResponseWriter, r *http.Request, status int, show staff.Show) {
	terms, err := json.Marshal(show.Terms())
	if err != nil {
		a.fail(w, r, fmt.Errorf("render the terms of a show: %w", err))
		return
	}
	w.Header().Set("ETag", etagOf(terms))
	a.answer(w, r, status, show)
}

// inTheWay is a problem that names the shows because of which something cannot
// be: members of its own, as RFC 9457, section 3.2, provides for.
type inTheWay struct {
	problem
	Show      *staff.InTheWay  `json:"show,omitempty"`
	Conflicts []staff.Conflict `json:"conflicts,omitempty"`
}

// failInTheWay is fail for what may overlap another show.
func (a *api) failInTheWay(w http.ResponseWriter, r *http.Request, err error) {
	var document inTheWay
	var overlap *staff.Overlap
	var refused *staff.ProgramRefused
	switch {
	case errors.As(err, &overlap):
		document.Show = &overlap.With
	case errors.As(err, &refused):
		document.Conflicts = refused.Conflicts
	default:
		a.fail(w, r, err)
		return
	}
	var kind problemKind
	document.problem, kind = problemOf(err)
	body, marshalErr := json.Marshal(document)
	if marshalErr != nil {
		a.fail(w, r, fmt.Errorf("render what is in the way: %w", marshalErr))
		return
	}
	writeProblem(w, kind, document.Code, body)
}
