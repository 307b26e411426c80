package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
)

// How long answers of the catalog may be kept. A show that goes off sale is
// refused by the hold, whatever a stale list says.
const (
	citiesFresh = 5 * time.Minute
	moviesFresh = 30 * time.Second
	showsFresh  = 15 * time.Second
)

func (a *api) listCities(w http.ResponseWriter, r *http.Request) {
	cities, err := a.Catalog.Cities(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, citiesFresh, pageOf(cities, ""))
}

func (a *api) listMovies(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	query := r.URL.Query()
	movies, next, err := a.Catalog.Movies(r.Context(), catalog.MovieFilter{
		City: query.Get("city"), Date: query.Get("date"), Genre: query.Get("genre"), Language: query.Get("language"),
		Format: query.Get("format"), Certificate: query.Get("certificate"), Sort: query.Get("sort"),
		Limit: limit, Cursor: query.Get("cursor"),
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, moviesFresh, pageOf(movies, next))
}

func (a *api) getMovie(w http.ResponseWriter, r *http.Request) {
	movie, err := a.Catalog.Movie(r.Context(), mux.Vars(r)["id"])
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, moviesFresh, movie)
}

func (a *api) showsOfMovie(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	shows, err := a.Catalog.MovieShows(r.Context(), mux.Vars(r)["id"], query.Get("city"), query.Get("date"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, showsFresh, shows)
}

func (a *api) listTheaters(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	query := r.URL.Query()
	theaters, next, err := a.Catalog.Theaters(r.Context(), catalog.TheaterFilter{
		City: query.Get("city"), Near: query.Get("near"), Limit: limit, Cursor: query.Get("cursor"),
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, moviesFresh, pageOf(theaters, next))
}

func (a *api) getTheater(w http.ResponseWriter, r *http.Request) {
	theater, err := a.Catalog.Theater(r.Context(), mux.Vars(r)["id"])
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, moviesFresh, theater)
}

func (a *api) showsOfTheater(w http.ResponseWriter, r *http.Request) {
	shows, err := a.Catalog.TheaterShows(r.Context(), mux.Vars(r)["id"], r.URL.Query().Get("date"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, showsFresh, shows)
}

func (a *api) getShow(w http.ResponseWriter, r *http.Request) {
	show, err := a.Catalog.Show(r.Context(), mux.Vars(r)["id"])
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerCached(w, r, showsFresh, show)
}

// showSummary labels a booking's workflow for support staff. Nothing is decided
// by it, so it may be as old as the summaries' memory.
func (a *api) showSummary(ctx context.Context, showID string) (booking.ShowSummary, error) {
	if known, ok := a.summaries.Get(showID); ok {
		return known, nil
	}
	show, err := a.Catalog.Show(ctx, showID)
	if err != nil {
		return booking.ShowSummary{}, err
	}
	summary := booking.ShowSummary{
		ID: show.ID.String(), MovieID: show.Movie.ID.String(), MovieSlug: show.Movie.Slug, MovieTitle: show.Movie.Title,
		TheaterID: show.Theater.ID.String(), TheaterSlug: show.Theater.Slug, TheaterName: show.Theater.Name,
		Address: show.Theater.Address, ScreenName: show.Screen.Name, StartsAt: show.StartsAt, EndsAt: show.EndsAt,
		TimeZone: show.TimeZone, Format: show.Format, Language: show.Language, Status: show.Status,
	}
	a.summaries.Add(showID, summary)
	return summary, nil
}
