package catalog

import (
	"context"
	"net/http"
	"strconv"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/paging"
)

var (
	pageParams = []param{{name: "limit", fallback: strconv.Itoa(paging.Default)}, {name: "cursor"}}

	readCities = &read{name: "cities", kept: stillKept}
	readMovies = &read{name: "movies", kept: timedKept, params: append([]param{{name: "city"}, {name: "date"}, {name: "genre"},
		{name: "language"}, {name: "format"}, {name: "certificate"}, {name: "sort", fallback: "popularity"}}, pageParams...)}
	readMovie        = &read{name: "movie", kept: timedKept}
	readMovieShows   = &read{name: "movie shows", kept: timedKept, params: []param{{name: "city"}, {name: "date"}}}
	readTheaters     = &read{name: "theaters", kept: stillKept, params: append([]param{{name: "city"}, {name: "near", rare: true}}, pageParams...)}
	readTheater      = &read{name: "theater", kept: stillKept}
	readTheaterShows = &read{name: "theater shows", kept: timedKept, params: []param{{name: "date"}}}
	readShow         = &read{name: "show", kept: timedKept}
	readHome         = &read{name: "home", kept: timedKept, params: []param{{name: "city"}, {name: "date"}}}
)

func (s *service) getHome(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readHome, func(ctx context.Context, q question) (any, error) {
		return s.Catalog.Home(ctx, q.get("city"), q.get("date"))
	})
}

func (s *service) listCities(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readCities, func(ctx context.Context, _ question) (any, error) {
		cities, err := s.Catalog.Cities(ctx)
		return rest.PageOf(cities, ""), err
	})
}

func (s *service) listMovies(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readMovies, func(ctx context.Context, q question) (any, error) {
		limit, err := q.limit()
		if err != nil {
			return nil, err
		}
		movies, next, err := s.Catalog.Movies(ctx, catalog.MovieFilter{
			City: q.get("city"), Date: q.get("date"), Genre: q.get("genre"), Language: q.get("language"),
			Format: q.get("format"), Certificate: q.get("certificate"), Sort: q.get("sort"),
			Limit: limit, Cursor: q.get("cursor"),
		})
		return rest.PageOf(movies, next), err
	})
}

func (s *service) getMovie(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readMovie, func(ctx context.Context, q question) (any, error) {
		return s.Catalog.Movie(ctx, q.id)
	})
}

func (s *service) showsOfMovie(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readMovieShows, func(ctx context.Context, q question) (any, error) {
		return s.Catalog.MovieShows(ctx, q.id, q.get("city"), q.get("date"))
	})
}

func (s *service) listTheaters(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readTheaters, func(ctx context.Context, q question) (any, error) {
		limit, err := q.limit()
		if err != nil {
			return nil, err
		}
		theaters, next, err := s.Catalog.Theaters(ctx, catalog.TheaterFilter{
			City: q.get("city"), Near: q.get("near"), Limit: limit, Cursor: q.get("cursor"),
		})
		return rest.PageOf(theaters, next), err
	})
}

func (s *service) getTheater(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readTheater, func(ctx context.Context, q question) (any, error) {
		return s.Catalog.Theater(ctx, q.id)
	})
}

func (s *service) showsOfTheater(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readTheaterShows, func(ctx context.Context, q question) (any, error) {
		return s.Catalog.TheaterShows(ctx, q.id, q.get("date"))
	})
}

func (s *service) getShow(w http.ResponseWriter, r *http.Request) error {
	return s.answerFromCatalog(w, r, readShow, func(ctx context.Context, q question) (any, error) {
		return s.Catalog.Show(ctx, q.id)
	})
}
