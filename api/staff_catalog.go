package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// mountStaffCatalog mounts movies, theaters, screens and layouts. Whose theater it
// is, is for the store to say: here it is only about roles.
func (a *api) mountStaffCatalog() {
	const movies, theaters, screens, layouts = "/v1/admin/movies", "/v1/admin/theaters", "/v1/admin/screens", "/v1/admin/layouts"
	store := a.Staff
	reader := func(handler http.HandlerFunc) http.HandlerFunc {
		return a.withRole(handler, roleSupport, roleManager, roleAdmin)
	}
	manager := func(handler http.HandlerFunc) http.HandlerFunc {
		return a.withRole(handler, roleManager, roleAdmin)
	}
	admin := func(handler http.HandlerFunc) http.HandlerFunc { return a.withRole(handler, roleAdmin) }

	a.get(movies, reader(a.staffListMovies))
	a.post(movies, admin(created(a, store.CreateMovie)))
	a.get(movies+"/{id}", reader(readOne(a, "movie", store.Movie)))
	a.route(http.MethodPatch, movies+"/{id}", admin(changed(a, "movie", store.ChangeMovie)))
	a.post(movies+"/{id}/retire", admin(commanded(a, "movie", store.RetireMovie)))
	a.post(movies+"/{id}/restore", admin(commanded(a, "movie", store.RestoreMovie)))

	a.get(theaters, reader(a.staffListTheaters))
	a.post(theaters, admin(created(a, store.CreateTheater)))
	a.get(theaters+"/{id}", reader(readOne(a, "theater", store.Theater)))
	a.route(http.MethodPatch, theaters+"/{id}", manager(changed(a, "theater", store.ChangeTheater)))
	a.post(theaters+"/{id}/retire", admin(commanded(a, "theater", store.RetireTheater)))
	a.post(theaters+"/{id}/restore", admin(commanded(a, "theater", store.RestoreTheater)))

	a.get(screens, reader(a.staffListScreens))
	a.post(screens, manager(created(a, store.CreateScreen)))
	a.get(screens+"/{id}", reader(readOne(a, "screen", store.Screen)))
	a.route(http.MethodPatch, screens+"/{id}", manager(changed(a, "screen", store.ChangeScreen)))
	a.post(screens+"/{id}/retire", manager(commanded(a, "screen", store.RetireScreen)))
	a.post(screens+"/{id}/restore", manager(commanded(a, "screen", store.RestoreScreen)))

	a.get(screens+"/{id}/layouts", reader(a.staffListLayouts))
	a.post(screens+"/{id}/layouts", manager(a.staffCreateLayout))
	a.get(layouts+"/{id}", reader(readOne(a, "layout", store.Layout)))
}

func (a *api) staffListMovies(w http.ResponseWriter, r *http.Request) {
	limit, limitErr := limitOf(r)
	retired, retiredErr := flagOf(r, "retired")
	query := r.URL.Query()
	answerPage(a, w, r, invalidTogether(limitErr, retiredErr), func() ([]staff.Movie, string, error) {
		return a.Staff.Movies(r.Context(), staff.MovieFilter{
			Text: query.Get("q"), Retired: retired, Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (a *api) staffListTheaters(w http.ResponseWriter, r *http.Request) {
	limit, limitErr := limitOf(r)
	retired, retiredErr := flagOf(r, "retired")
	mine, mineErr := flagOf(r, "mine")
	query := r.URL.Query()
	answerPage(a, w, r, invalidTogether(limitErr, retiredErr, mineErr), func() ([]staff.Theater, string, error) {
		return a.Staff.Theaters(r.Context(), actorOf(r), staff.TheaterFilter{
			City: query.Get("city"), Mine: mine != nil && *mine, Retired: retired, Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (a *api) staffListScreens(w http.ResponseWriter, r *http.Request) {
	limit, limitErr := limitOf(r)
	retired, retiredErr := flagOf(r, "retired")
	query := r.URL.Query()
	answerPage(a, w, r, invalidTogether(limitErr, retiredErr), func() ([]staff.Screen, string, error) {
		return a.Staff.Screens(r.Context(), staff.ScreenFilter{
			TheaterID: query.Get("theater_id"), Retired: retired, Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (a *api) staffListLayouts(w http.ResponseWriter, r *http.Request) {
	screen, err := idOf(r, "screen")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	limit, err := limitOf(r)
	answerPage(a, w, r, err, func() ([]staff.LayoutVersion, string, error) {
		return a.Staff.Layouts(r.Context(), screen, limit, r.URL.Query().Get("cursor"))
	})
}

func (a *api) staffCreateLayout(w http.ResponseWriter, r *http.Request) {
	screen, err := idOf(r, "screen")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	created(a, func(ctx context.Context, actor audit.Actor, layout booking.Layout) (staff.Layout, error) {
		return a.Staff.CreateLayout(ctx, actor, screen, layout)
	})(w, r)
}

// answerPage reads a page and answers with it, unless the request is wrong.
func answerPage[T any](a *api, w http.ResponseWriter, r *http.Request, wrong error, read func() ([]T, string, error)) {
	if wrong != nil {
		a.fail(w, r, wrong)
		return
	}
	items, next, err := read()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, pageOf(items, next))
}

// readOne answers with one thing and its entity tag, which a change may send back
// as If-Match.
func readOne[T any](a *api, what string, read func(context.Context, uuid.UUID) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := idOf(r, what)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		value, err := read(r.Context(), id)
		a.answerEdited(w, r, http.StatusOK, value, err)
	}
}

// created makes a thing from the body.
func created[Fields, T any](a *api, create func(context.Context, audit.Actor, Fields) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var fields Fields
		if err := decode(w, r, &fields); err != nil {
			a.fail(w, r, err)
			return
		}
		value, err := create(r.Context(), actorOf(r), fields)
		a.answerEdited(w, r, http.StatusCreated, value, err)
	}
}

// changed sets the fields of the body.
func changed[Fields, T any](
	a *api, what string, change func(context.Context, audit.Actor, uuid.UUID, Fields, staff.Precondition) (T, error),
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := idOf(r, what)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		var fields Fields
		if err := decode(w, r, &fields); err != nil {
			a.fail(w, r, err)
			return
		}
		value, err := change(r.Context(), actorOf(r), id, fields, unlessChanged(r))
		a.answerEdited(w, r, http.StatusOK, value, err)
	}
}

// commanded does something to a thing that needs no words.
func commanded[T any](
	a *api, what string, command func(context.Context, audit.Actor, uuid.UUID, staff.Precondition) (T, error),
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := idOf(r, what)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		value, err := command(r.Context(), actorOf(r), id, unlessChanged(r))
		a.answerEdited(w, r, http.StatusOK, value, err)
	}
}

// answerEdited sends what staff work on, with its entity tag. It is never kept: who
// edits wants what is true now.
func (a *api) answerEdited(w http.ResponseWriter, r *http.Request, status int, value any, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	body, err := json.Marshal(value)
	if err != nil {
		a.fail(w, r, fmt.Errorf("render %T: %w", value, err))
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("ETag", etagOf(body))
	write(w, status, jsonType, body)
}

// unlessChanged reads If-Match (RFC 9110, section 13.1.1): a thing that is not
// what its editor saw stays as it is. Nil without the header.
func unlessChanged(r *http.Request) staff.Precondition {
	wanted := strings.Join(r.Header.Values("If-Match"), ",")
	if wanted == "" {
		return nil
	}
	return func(current any) error {
		body, err := json.Marshal(current)
		if err != nil {
			return fmt.Errorf("render %T: %w", current, err)
		}
		for tag := range strings.SplitSeq(wanted, ",") {
			// The comparison is strong: a weak tag never fits.
			if tag = strings.TrimSpace(tag); tag == "*" || tag == etagOf(body) {
				return nil
			}
		}
		return booking.E(codePreconditionFailed, "It was changed meanwhile. Read it again, and decide anew.")
	}
}

// idOf reads the id in the path. Anything else names nothing: 404.
func idOf(r *http.Request, what string) (uuid.UUID, error) {
	id, err := uuid.Parse(mux.Vars(r)["id"])
	if err != nil {
		return uuid.Nil, booking.E(booking.CodeNotFound, "There is no such %s.", what)
	}
	return id, nil
}

// flagOf reads true or false from the query; nil when it is left out.
func flagOf(r *http.Request, name string) (*bool, error) {
	var flag bool
	switch r.URL.Query().Get(name) {
	case "":
		return nil, nil
	case "true":
		flag = true
	case "false":
	default:
		return nil, booking.Invalid(booking.FieldError{Field: name, Message: "Must be true or false."})
	}
	return &flag, nil
}
