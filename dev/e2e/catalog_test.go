package e2e

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// visibleWithin is the promise: every replica of the API shows a manager's change within
// this time.
const visibleWithin = 2 * time.Second

// catalogWorld is a manager and an administrator at the platform's own replica,
// and another replica that customers read from.
type catalogWorld struct {
	*testing.T
	admin, manager *Customer
	other          string // address
}

func newCatalogWorld(t *testing.T) *catalogWorld {
	t.Helper()
	admin, err := world.Staff(t.Context(), "admin")
	require.NoError(t, err)
	manager, err := world.Staff(t.Context(), "theater_manager")
	require.NoError(t, err)
	other, err := world.NewReplica(t.Context(), "reading-"+strings.ToLower(rand.Text()[:4]), nil)
	require.NoError(t, err)
	t.Cleanup(other.Kill)
	return &catalogWorld{T: t, admin: admin, manager: manager, other: other.Address}
}

// do makes a change as staff.
func (w *catalogWorld) do(who *Customer, method, path string, body, out any) {
	w.Helper()
	_, err := who.call(w.Context(), method, path, body, out)
	require.NoError(w, err, "%s %s", method, path)
}

// get reads at the other replica.
func (w *catalogWorld) get(path string, out any) error {
	_, err := send(w.Context(), request{method: http.MethodGet, address: w.other + path}, out)
	return err
}

// sees wants something to be true at the other replica in time.
func (w *catalogWorld) sees(what string, look func() bool) {
	w.Helper()
	changed := time.Now()
	require.True(w, poll(w.Context(), visibleWithin, look), "not visible at the other replica within %s: %s", visibleWithin, what)
	w.Logf("%s: visible after %s", what, time.Since(changed).Round(time.Millisecond))
}

type named struct {
	ID    string `json:"id"`
	Slug  string `json:"slug"`
	Title string `json:"title"`
}

type listed[T any] struct {
	Items []T `json:"items"`
}

// film makes a movie that no other test knows.
func (w *catalogWorld) film() (movie named, word string) {
	w.Helper()
	word = "zq" + strings.ToLower(rand.Text()[:10])
	w.do(w.admin, http.MethodPost, "/v1/admin/movies", map[string]any{
		"title": "The " + word, "year": 2026, "runtime_minutes": 100, "popularity": 100, "languages": []string{"en"},
	}, &movie)
	return movie, word
}

// show puts a movie on a screen of the manager's.
func (w *catalogWorld) show(movie string) (show struct {
	ID string `json:"id"`
}) {
	w.Helper()
	var theaters listed[struct {
		ID       string `json:"id"`
		Currency string `json:"currency"`
	}]
	w.do(w.manager, http.MethodGet, "/v1/admin/theaters?mine=true", nil, &theaters)
	require.NotEmpty(w, theaters.Items, "the manager of the demo data runs a theater")
	theater := theaters.Items[0]
	var screen named
	w.do(w.manager, http.MethodPost, "/v1/admin/screens", map[string]any{"theater_id": theater.ID, "name": "Screen " + rand.Text()[:6]}, &screen)
	w.do(w.manager, http.MethodPost, "/v1/admin/screens/"+screen.ID+"/layouts", booking.Layout{Rows: []booking.Row{{
		Label: "A", Category: "gold", Seats: []booking.Seat{{ID: "A1", X: 1, Type: booking.SeatStandard}, {ID: "A2", X: 2, Type: booking.SeatStandard}},
	}}}, nil)
	w.do(w.manager, http.MethodPost, "/v1/admin/shows", map[string]any{
		"movie_id": movie, "screen_id": screen.ID, "starts_at": time.Now().Add(72 * time.Hour).UTC().Truncate(time.Minute).Format(time.RFC3339),
		"format": "2D", "language": "en", "prices": map[string]any{"gold": map[string]any{"amount": 30000, "currency": theater.Currency}},
	}, &show)
	return show
}

// A change by staff at one process soon shows at another process: in the list, on the page,
// in the search and on the seat map.
func TestChangesReachAnotherReplica(t *testing.T) {
	w := newCatalogWorld(t)
	movie, word := w.film()
	w.sees("a new movie on the list", func() bool {
		var movies listed[named]
		return w.get("/v1/movies?limit=100", &movies) == nil && containsMovie(movies.Items, movie.ID)
	})
	w.sees("a new movie's page", func() bool { return w.get("/v1/movies/"+movie.Slug, nil) == nil })
	w.sees("a new movie in the search", func() bool { return len(w.found(word)) == 1 })

	show := w.show(movie.ID)
	w.sees("a new show on the movie's page of shows", func() bool {
		var shows listed[any]
		return w.get("/v1/movies/"+movie.Slug+"/shows", &shows) == nil && len(shows.Items) == 1
	})
	w.sees("a new show in the search", func() bool { return len(w.found(word+"&format=2D")) == 1 })
	w.sees("the seats of a new show", func() bool { return w.price(show.ID) == 30000 })

	var renamed named
	w.do(w.admin, http.MethodPatch, "/v1/admin/movies/"+movie.ID, map[string]any{"title": "Another " + word}, &renamed)
	w.sees("a new title on the page", func() bool {
		var page named
		return w.get("/v1/movies/"+movie.ID, &page) == nil && page.Title == "Another "+word
	})
	w.sees("a new title on the show", func() bool {
		var page struct{ Movie named }
		return w.get("/v1/shows/"+show.ID, &page) == nil && page.Movie.Title == "Another "+word
	})
	w.do(w.manager, http.MethodPatch, "/v1/admin/shows/"+show.ID,
		map[string]any{"prices": map[string]any{"gold": map[string]any{"amount": 20000, "currency": w.currency(show.ID)}}}, nil)
	w.sees("a new price on the seat map", func() bool { return w.price(show.ID) == 20000 })

	w.do(w.manager, http.MethodDelete, "/v1/admin/shows/"+show.ID, nil, nil)
	w.sees("a show that is gone", func() bool { return StatusOf(w.get("/v1/shows/"+show.ID, nil)) == http.StatusNotFound })
	w.do(w.admin, http.MethodPost, "/v1/admin/movies/"+movie.ID+"/retire", nil, nil)
	w.sees("a retired movie leaves the list", func() bool {
		var movies listed[named]
		return w.get("/v1/movies?limit=100", &movies) == nil && !containsMovie(movies.Items, movie.ID)
	})
	w.sees("a retired movie is not found", func() bool { return len(w.found(word)) == 0 })
}

func containsMovie(movies []named, id string) bool {
	for _, movie := range movies {
		if movie.ID == id {
			return true
		}
	}
	return false
}

func (w *catalogWorld) found(query string) []any {
	var found listed[any]
	if w.get("/v1/search?q="+query, &found) != nil {
		return nil
	}
	return found.Items
}

func (w *catalogWorld) seatMap(show string) (seats struct {
	Prices map[string]booking.Money `json:"prices"`
}) {
	_ = w.get("/v1/shows/"+show+"/seats", &seats)
	return seats
}

func (w *catalogWorld) price(show string) int64     { return w.seatMap(show).Prices["gold"].Amount }
func (w *catalogWorld) currency(show string) string { return w.seatMap(show).Prices["gold"].Currency }

// While a replica rebuilds its index again and again, its search keeps answering, and never
// from an older index than before.
func TestRebuildsNeverBlockTheSearch(t *testing.T) {
	const changes, readers = 30, 6
	w := newCatalogWorld(t)
	movie, word := w.film()
	w.sees("the movie", func() bool { return len(w.found(word)) == 1 })

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var (
		wait     sync.WaitGroup
		answered atomic.Int64
		slowest  atomic.Int64
		versions sync.Map
	)
	for range readers {
		wait.Go(func() {
			var last int64
			for ctx.Err() == nil {
				var answer struct {
					IndexVersion int64 `json:"index_version,string"`
				}
				begun := time.Now()
				err := w.get("/v1/search?q="+word, &answer)
				if ctx.Err() != nil {
					return
				}
				if !assert.NoError(t, err) || !assert.GreaterOrEqual(t, answer.IndexVersion, last, "the index went back") {
					return
				}
				last = answer.IndexVersion
				versions.Store(last, true)
				answered.Add(1)
				slowest.Store(max(slowest.Load(), int64(time.Since(begun))))
			}
		})
	}
	for n := range changes {
		w.do(w.admin, http.MethodPatch, "/v1/admin/movies/"+movie.ID, map[string]any{"popularity": float64(n)}, nil)
	}
	var version int64
	require.NoError(t, world.DB.QueryRow(t.Context(), `SELECT version FROM catalog_version`).Scan(&version))
	w.sees("the last change", func() bool { _, seen := versions.Load(version); return seen })
	stop()
	wait.Wait()
	seen := 0
	versions.Range(func(any, any) bool { seen++; return true })
	assert.Greater(t, seen, 2, "the index was rebuilt between the queries")
	t.Logf("%d answers during %d changes, from %d indexes; the slowest took %s", answered.Load(), changes, seen, time.Duration(slowest.Load()))
}
