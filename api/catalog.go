package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
)

var (
	pageParams = []param{{name: "limit", fallback: strconv.Itoa(defaultLimit)}, {name: "cursor"}}

	readCities = &read{name: "cities", kept: stillKept}
	readMovies = &read{name: "movies", kept: timedKept, params: append([]param{{name: "city"}, {name: "date"}, {name: "genre"},
		{name: "language"}, {name: "format"}, {name: "certificate"}, {name: "sort", fallback: "popularity"}}, pageParams...)}
	readMovie        = &read{name: "movie", kept: timedKept}
	readMovieShows   = &read{name: "movie shows", kept: timedKept, params: []param{{name: "city"}, {name: "date"}}}
	readTheaters     = &read{name: "theaters", kept: stillKept, params: append([]param{{name: "city"}, {name: "near", rare: true}}, pageParams...)}
	readTheater      = &read{name: "theater", kept: stillKept}
	readTheaterShows = &read{name: "theater shows", kept: timedKept, params: []param{{name: "date"}}}
	readShow         = &read{name: "show", kept: timedKept}
)

func (a *api) listCities(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readCities, func(ctx context.Context, _ question) (any, error) {
		cities, err := a.Catalog.Cities(ctx)
		return pageOf(cities, ""), err
	})
}

func (a *api) listMovies(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readMovies, func(ctx context.Context, q question) (any, error) {
		limit, err := q.limit()
		if err != nil {
			return nil, err
		}
		movies, next, err := a.Catalog.Movies(ctx, catalog.MovieFilter{
			City: q.get("city"), Date: q.get("date"), Genre: q.get("genre"), Language: q.get("language"),
			Format: q.get("format"), Certificate: q.get("certificate"), Sort: q.get("sort"),
			Limit: limit, Cursor: q.get("cursor"),
		})
		return pageOf(movies, next), err
	})
}

func (a *api) getMovie(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readMovie, func(ctx context.Context, q question) (any, error) {
		return a.Catalog.Movie(ctx, q.id)
	})
}

func (a *api) showsOfMovie(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readMovieShows, func(ctx context.Context, q question) (any, error) {
		return a.Catalog.MovieShows(ctx, q.id, q.get("city"), q.get("date"))
	})
}

func (a *api) listTheaters(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readTheaters, func(ctx context.Context, q question) (any, error) {
		limit, err := q.limit()
		if err != nil {
			return nil, err
		}
		theaters, next, err := a.Catalog.Theaters(ctx, catalog.TheaterFilter{
			City: q.get("city"), Near: q.get("near"), Limit: limit, Cursor: q.get("cursor"),
		})
		return pageOf(theaters, next), err
	})
}

func (a *api) getTheater(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readTheater, func(ctx context.Context, q question) (any, error) {
		return a.Catalog.Theater(ctx, q.id)
	})
}

func (a *api) showsOfTheater(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readTheaterShows, func(ctx context.Context, q question) (any, error) {
		return a.Catalog.TheaterShows(ctx, q.id, q.get("date"))
	})
}

func (a *api) getShow(w http.ResponseWriter, r *http.Request) {
	a.answerFromCatalog(w, r, readShow, func(ctx context.Context, q question) (any, error) {
		return a.Catalog.Show(ctx, q.id)
	})
}

// showSummary labels a booking's workflow for support staff. Nothing is decided
// by it, so it may be as old as the summaries' memory; that there is such a show
// is for the primary to say.
func (a *api) showSummary(ctx context.Context, showID string) (booking.ShowSummary, error) {
	if known, ok := a.summaries.Get(showID); ok {
		return known, nil
	}
	summary, err := a.Shows.Summary(ctx, showID)
	if err != nil {
		return booking.ShowSummary{}, err
	}
	a.summaries.Add(showID, summary)
	return summary, nil
}
