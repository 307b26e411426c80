// Package catalog serves what everyone may read: cities, movies, theaters, shows, their
// seats, and reviews. Staff change the catalog elsewhere (api/staff).
package catalog

import (
	"errors"
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// Options are what the service needs. Only the cache may be left out.
type Options struct {
	Catalog *catalog.Store
	Reviews *catalog.Reviews
	Feed    *seatmap.Feed
	Shows   *shows.Store
	// Documents keeps answers, and Versions says of which version of the catalog they
	// are. Without either, every read asks the database.
	Documents *cache.Documents
	Versions  versions
}

type service struct {
	*rest.Server
	Options
}

// Mount adds the routes. The error names everything that is missing.
func Mount(server *rest.Server, options Options) error {
	if err := errors.Join(
		rest.Need(options.Catalog != nil, "catalog", "Catalog"),
		rest.Need(options.Reviews != nil, "catalog", "Reviews"),
		rest.Need(options.Feed != nil, "catalog", "Feed"),
		rest.Need(options.Shows != nil, "catalog", "Shows"),
	); err != nil {
		return err
	}
	s := &service{server, options}
	// A review has up to 2,000 characters; an emoji takes 12 bytes when it is escaped.
	s.AllowBodies("/v1/movies/{id}/reviews", 32<<10)
	s.Get("/v1/home", s.getHome)
	s.Get("/v1/cities", s.listCities)
	s.Get("/v1/movies", s.listMovies)
	s.Get("/v1/movies/{id}", s.getMovie)
	s.Get("/v1/movies/{id}/shows", s.showsOfMovie)
	s.Get("/v1/movies/{id}/reviews", s.listReviews)
	s.Route(http.MethodPut, "/v1/movies/{id}/reviews", s.putReview)
	s.Route(http.MethodDelete, "/v1/movies/{id}/reviews", s.deleteReview)
	s.Get("/v1/movies/{id}/reviews/mine", s.myReview)
	s.Get("/v1/theaters", s.listTheaters)
	s.Get("/v1/theaters/{id}", s.getTheater)
	s.Get("/v1/theaters/{id}/shows", s.showsOfTheater)
	s.Get("/v1/shows/{id}", s.getShow)
	s.Get("/v1/shows/{id}/seats", s.getSeats)
	s.Get("/v1/shows/{id}/seats/stream", s.watchSeats)
	s.Get("/v1/shows/{id}/best-seats", s.bestSeats)
	s.Get("/v1/shows/{id}/quote", s.quoteSeats)
	return nil
}
