package api

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/shows"
)

func TestCatalogOfTheDemoWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, catalog.SeedFor(t.Context(), w.db, time.Now(), 2, nil))

	var movies rest.Page[catalog.Movie]
	w.do(t, call{method: "GET", path: "/v1/movies?city=mumbai&limit=2", status: http.StatusOK}).into(t, &movies)
	require.Len(t, movies.Items, 2)
	require.NotEmpty(t, movies.NextCursor)
	var second rest.Page[catalog.Movie]
	w.do(t, call{method: "GET", path: "/v1/movies?city=mumbai&limit=2&cursor=" + movies.NextCursor, status: http.StatusOK}).into(t, &second)
	assert.NotEqual(t, movies.Items[0].ID, second.Items[0].ID)

	movie := movies.Items[0]
	w.do(t, call{method: "GET", path: "/v1/movies/" + movie.Slug, status: http.StatusOK, holds: []string{movie.Title}})
	var listed catalog.MovieShows
	w.do(t, call{method: "GET", path: "/v1/movies/" + movie.ID.String() + "/shows?city=mumbai", status: http.StatusOK}).into(t, &listed)
	require.NotEmpty(t, listed.Items)
	show := listed.Items[0].Shows[0]

	var theaters rest.Page[catalog.Theater]
	w.do(t, call{method: "GET", path: "/v1/theaters?near=19.07,72.87", status: http.StatusOK}).into(t, &theaters)
	require.NotEmpty(t, theaters.Items)
	assert.NotNil(t, theaters.Items[0].DistanceKM)
	w.do(t, call{method: "GET", path: "/v1/theaters/" + theaters.Items[0].Slug, status: http.StatusOK, holds: []string{`"screens"`}})
	w.do(t, call{method: "GET", path: "/v1/theaters/" + theaters.Items[0].Slug + "/shows", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/v1/shows/" + show.ID.String(), status: http.StatusOK, holds: []string{`"local_time"`, `"theater"`}})

	var seatMap shows.SeatMap
	w.do(t, call{method: "GET", path: "/v1/shows/" + show.ID.String() + "/seats", status: http.StatusOK}).into(t, &seatMap)
	assert.NotEmpty(t, seatMap.Layout.Rows)
	assert.Positive(t, seatMap.Version)
}

// What the first screen shows leads to everything else.
func TestHomeOfTheDemoWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Late in the evening nothing of today is left to buy.
	require.NoError(t, catalog.SeedFor(t.Context(), w.db, time.Now(), 4, nil))
	var home catalog.Home
	w.do(t, call{method: "GET", path: "/v1/home?city=mumbai", status: http.StatusOK}).into(t, &home)
	assert.Equal(t, "Mumbai", home.City.Name)
	require.GreaterOrEqual(t, len(home.Days), 3)
	assert.Equal(t, home.Days[0], home.Date)
	require.NotEmpty(t, home.Movies)
	show := home.Movies[0].Shows[0]
	// By slugs: JSON writes the & of some titles as \u0026.
	w.do(t, call{method: "GET", path: "/v1/movies/" + home.Movies[0].Movie.Slug, status: http.StatusOK, holds: []string{`"slug":"` + home.Movies[0].Movie.Slug + `"`}})
	w.do(t, call{method: "GET", path: "/v1/theaters/" + show.Theater.Slug, status: http.StatusOK, holds: []string{`"slug":"` + show.Theater.Slug + `"`}})
	w.do(t, call{method: "GET", path: "/v1/shows/" + show.ID.String(), status: http.StatusOK, holds: []string{show.LocalTime, show.Screen}})

	byID := w.do(t, call{method: "GET", path: "/v1/home?date=" + home.Days[1] + "&city=" + home.City.ID.String(), status: http.StatusOK})
	byID.into(t, &home)
	assert.Equal(t, home.Days[1], home.Date)
	assert.NotEmpty(t, home.Movies)
}

func TestHomeOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var home catalog.Home
	w.do(t, call{method: "GET", path: "/v1/home?city=pune", status: http.StatusOK, holds: []string{`"price_from":{"amount":45000,"currency":"INR"}`,
		`"availability":"plenty"`, `"screen":"Screen 1"`, `"slug":"lotus"`, `"title":"Amélie"`, w.show}, lacks: []string{w.past, w.closed}}).into(t, &home)
	assert.Len(t, home.Days, 1)

	w.book(t, w.customer, "k-home", "A01")
	w.exec(`INSERT INTO seat_claims (show_id, seat, booking_id, state) SELECT show_id, 'x' || n, id, 'sold' FROM bookings, generate_series(1, 53) n`)
	w.do(t, call{method: "GET", path: "/v1/home?city=pune", status: http.StatusOK, holds: []string{`"availability":"last_seats"`}})
	w.exec(`UPDATE shows SET status = 'cancelled'`)
	w.do(t, call{method: "GET", path: "/v1/home?city=pune", status: http.StatusOK, holds: []string{`"days":[],"movies":[],"coming_soon":[]`}})

	for query, fields := range map[string][]string{
		"": {`"field":"city"`, "Say which city"}, "?city=atlantis": {`"field":"city"`, "There is no such city. GET /v1/cities lists them."},
		"?city=pune&date=27.11.2026": {`"field":"date"`, "YYYY-MM-DD"}, "?date=x": {`"field":"city"`, `"field":"date"`},
	} {
		w.do(t, call{method: "GET", path: "/v1/home" + query, status: http.StatusUnprocessableEntity, code: "validation_failed", holds: fields})
	}
}

func TestReadsHaveAnETag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/home?city=pune", "/v1/cities", "/v1/movies", "/v1/movies/amelie", "/v1/theaters/lotus", "/v1/shows/" + w.show,
		"/v1/shows/" + w.show + "/seats", "/.well-known/jwks.json", "/openapi.json"} {
		first := w.do(t, call{method: "GET", path: path, status: http.StatusOK})
		etag := first.header.Get("ETag")
		require.NotEmpty(t, etag, path)
		assert.Contains(t, first.header.Get("Cache-Control"), "max-age=", path)
		again := w.do(t, call{method: "GET", path: path, headers: map[string]string{"If-None-Match": `"x", ` + etag}, status: http.StatusNotModified})
		assert.Empty(t, again.body, path)
		assert.Equal(t, etag, again.header.Get("ETag"), path)
		head := w.do(t, call{method: "HEAD", path: path, status: http.StatusOK})
		assert.Empty(t, head.body, path)
	}

	// The tag follows the seats, not the clock that versions them.
	seatsPath := "/v1/shows/" + w.show + "/seats"
	before := w.do(t, call{method: "GET", path: seatsPath}).header.Get("ETag")
	w.book(t, w.customer, "k-etag", "A01")
	changed := w.do(t, call{method: "GET", path: seatsPath, headers: map[string]string{"If-None-Match": before}, status: http.StatusOK})
	var seatMap shows.SeatMap
	changed.into(t, &seatMap)
	assert.Equal(t, []string{"A01"}, seatMap.Held)
	assert.True(t, json.Valid(changed.body))
}
