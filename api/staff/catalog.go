package staff

import (
	"context"
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// mountCatalog mounts movies, theaters, screens and layouts. Here only the role is checked;
// the store checks whose theater it is.
func (s *service) mountCatalog() {
	const movies, theaters, screens, layouts = "/v1/admin/movies", "/v1/admin/theaters", "/v1/admin/screens", "/v1/admin/layouts"
	store := s.Staff
	s.AllowBodies(movies, 1<<20) // credits, other names and a synopsis, all escaped
	s.AllowBodies(movies+"/{id}", 1<<20)
	s.Get(movies, s.listMovies)
	s.Post(movies, created(store.CreateMovie))
	s.Get(movies+"/{id}", readOne("movie", store.Movie))
	s.Route(http.MethodPatch, movies+"/{id}", edited("movie", store.EditMovie))
	s.Post(movies+"/{id}/retire", commanded("movie", store.RetireMovie))
	s.Post(movies+"/{id}/restore", commanded("movie", store.RestoreMovie))

	s.Get(theaters, s.listTheaters)
	s.Post(theaters, created(store.CreateTheater))
	s.Get(theaters+"/{id}", readOne("theater", store.Theater))
	s.Route(http.MethodPatch, theaters+"/{id}", edited("theater", store.EditTheater))
	s.Post(theaters+"/{id}/retire", commanded("theater", store.RetireTheater))
	s.Post(theaters+"/{id}/restore", commanded("theater", store.RestoreTheater))

	s.Get(screens, s.listScreens)
	s.Post(screens, created(store.CreateScreen))
	s.Get(screens+"/{id}", readOne("screen", store.Screen))
	s.Route(http.MethodPatch, screens+"/{id}", edited("screen", store.EditScreen))
	s.Post(screens+"/{id}/retire", commanded("screen", store.RetireScreen))
	s.Post(screens+"/{id}/restore", commanded("screen", store.RestoreScreen))

	s.AllowBodies(screens+"/{id}/layouts", 1<<20) // thousands of seats with their places
	s.Get(screens+"/{id}/layouts", s.listLayouts)
	s.Post(screens+"/{id}/layouts", s.createLayout)
	s.Get(layouts+"/{id}", readOne("layout", store.Layout))
}

func (s *service) listMovies(w http.ResponseWriter, r *http.Request) error {
	limit, limitErr := rest.Limit(r)
	retired, retiredErr := flag(r, "retired")
	query := r.URL.Query()
	return answerPage(w, rest.Invalid(limitErr, retiredErr), func() ([]staff.Movie, string, error) {
		return s.Staff.Movies(r.Context(), staff.MovieFilter{
			Text: query.Get("q"), Retired: retired, Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (s *service) listTheaters(w http.ResponseWriter, r *http.Request) error {
	limit, limitErr := rest.Limit(r)
	retired, retiredErr := flag(r, "retired")
	mine, mineErr := flag(r, "mine")
	query := r.URL.Query()
	return answerPage(w, rest.Invalid(limitErr, retiredErr, mineErr), func() ([]staff.Theater, string, error) {
		return s.Staff.Theaters(r.Context(), rest.ActorOf(r), staff.TheaterFilter{
			City: query.Get("city"), Mine: mine != nil && *mine, Retired: retired, Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (s *service) listScreens(w http.ResponseWriter, r *http.Request) error {
	limit, limitErr := rest.Limit(r)
	retired, retiredErr := flag(r, "retired")
	query := r.URL.Query()
	return answerPage(w, rest.Invalid(limitErr, retiredErr), func() ([]staff.Screen, string, error) {
		return s.Staff.Screens(r.Context(), staff.ScreenFilter{
			TheaterID: query.Get("theater_id"), Retired: retired, Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (s *service) listLayouts(w http.ResponseWriter, r *http.Request) error {
	screen, err := rest.PathUUID(r, "screen")
	if err != nil {
		return err
	}
	limit, err := rest.Limit(r)
	return answerPage(w, err, func() ([]staff.LayoutVersion, string, error) {
		return s.Staff.Layouts(r.Context(), screen, limit, r.URL.Query().Get("cursor"))
	})
}

func (s *service) createLayout(w http.ResponseWriter, r *http.Request) error {
	screen, err := rest.PathUUID(r, "screen")
	if err != nil {
		return err
	}
	return created(func(ctx context.Context, actor audit.Actor, layout booking.Layout) (staff.Layout, error) {
		return s.Staff.CreateLayout(ctx, actor, screen, layout)
	})(w, r)
}

// flag reads true or false from the query; nil when it is left out.
func flag(r *http.Request, name string) (*bool, error) {
	var value bool
	switch r.URL.Query().Get(name) {
	case "":
		return nil, nil
	case "true":
		value = true
	case "false":
	default:
		return nil, booking.Invalid(booking.FieldError{Field: name, Message: "Must be true or false."})
	}
	return &value, nil
}
