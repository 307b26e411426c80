package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

// cached makes another API process over the same database, with a cache of its
// own in front, and in Redis unless the address is empty. Its watch has seen the
// catalog once.
func (w *world) cached(redis string) *world {
	w.t.Helper()
	var shared *cache.Shared
	if redis != "" {
		identity, err := w.db.Identity(w.t.Context())
		require.NoError(w.t, err)
		shared, err = cache.NewShared("redis://"+redis, slog.New(slog.DiscardHandler), identity)
		require.NoError(w.t, err)
		w.t.Cleanup(func() { assert.NoError(w.t, shared.Close()) })
	}
	process := *w
	documents := cache.NewDocuments(cache.MostBytes, shared)
	w.t.Cleanup(documents.Close)
	watch := catalog.NewWatch(w.db, nil, slog.New(slog.DiscardHandler))
	watch.Changed(w.t.Context())
	process.options.Catalog.Documents, process.options.Catalog.Versions = documents, watch
	process.serve()
	return &process
}

// watches keeps a process's version fresh until the test ends.
func (w *world) watches(hints bool) {
	w.t.Helper()
	watch := w.options.Catalog.Versions.(*catalog.Watch)
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	var told <-chan struct{}
	if hints {
		told = watch.Hints(ctx)
	}
	go func() {
		defer close(ended)
		watch.Run(ctx, told, catalog.Poll)
	}()
	w.t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// quietly changes the catalog without raising its version: what is read
// afterwards tells whether it came from the database.
func (w *world) quietly(statement string, args ...any) {
	w.t.Helper()
	tx, err := w.db.Pool.Begin(context.Background())
	require.NoError(w.t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(context.Background(), `SET LOCAL session_replication_role = replica`)
	require.NoError(w.t, err)
	_, err = tx.Exec(context.Background(), statement, args...)
	require.NoError(w.t, err)
	require.NoError(w.t, tx.Commit(context.Background()))
}

func (w *world) catalogPaths() []string {
	return []string{"/v1/home?city=pune", "/v1/cities", "/v1/movies", "/v1/movies?city=pune&limit=5", "/v1/movies/amelie", "/v1/movies/amelie/shows?city=pune",
		"/v1/theaters", "/v1/theaters/lotus", "/v1/theaters/lotus/shows", "/v1/shows/" + w.show}
}

func TestCatalogReadsComeFromTheCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t).cached("")
	fromDatabase := map[string]reply{}
	for _, path := range w.catalogPaths() {
		fromDatabase[path] = w.do(t, call{method: "GET", path: path, status: http.StatusOK})
	}
	w.quietly(`UPDATE movies SET title = 'changed'`)
	w.quietly(`UPDATE theaters SET name = 'changed'`)
	w.quietly(`UPDATE cities SET name = 'changed'`)
	for _, path := range w.catalogPaths() {
		first := fromDatabase[path]
		for range 2 { // by the router, and past it
			again := w.do(t, call{method: "GET", path: path, status: http.StatusOK, lacks: []string{"changed"}})
			assert.Equal(t, string(first.body), string(again.body), path)
			for _, name := range []string{"ETag", "Content-Type", "Cache-Control", "X-Content-Type-Options"} {
				assert.Equal(t, first.header.Get(name), again.header.Get(name), "%s %s", path, name)
			}
			assert.NotEqual(t, first.header.Get("X-Request-Id"), again.header.Get("X-Request-Id"))
		}
		assert.Equal(t, "public, max-age=1", first.header.Get("Cache-Control"))
		head := w.do(t, call{method: "HEAD", path: path, status: http.StatusOK})
		assert.Empty(t, head.body)
		same := w.do(t, call{method: "GET", path: path, status: http.StatusNotModified, headers: map[string]string{"If-None-Match": first.header.Get("ETag")}})
		assert.Empty(t, same.body)
		assert.Equal(t, first.header.Get("ETag"), same.header.Get("ETag"))
	}
	w.options.Catalog.Versions.Changed(t.Context())
	w.do(t, call{method: "GET", path: "/v1/movies/amelie", lacks: []string{"changed"}}) // the version is the same
	w.exec(`UPDATE movies SET year = 2002`)
	w.options.Catalog.Versions.Changed(t.Context())
	w.do(t, call{method: "GET", path: "/v1/movies/amelie", holds: []string{"changed", "2002"}})
}

func TestCatalogQueriesShareACachedAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t).cached("")
	w.do(t, call{method: "GET", path: "/v1/movies?city=pune&language=fr", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/v1/movies", status: http.StatusOK})
	w.quietly(`UPDATE movies SET title = 'changed'`)
	for _, query := range []string{"language=fr&city=pune", "language=fr&city=pune&limit=20&sort=popularity&genre=", "city=pune&language=fr&utm_source=mail&x=1",
		"city=pune&city=mumbai&language=fr", "", "?", "limit=20", "near=1,2"} {
		w.do(t, call{method: "GET", path: "/v1/movies?" + query, status: http.StatusOK, lacks: []string{"changed"}, without: true})
	}
	for _, query := range []string{"city=pune&language=fr&limit=19", "city=pune", "language=fr", "city=pune&language=fr&sort=title", "genre=romance"} {
		w.do(t, call{method: "GET", path: "/v1/movies?" + query, status: http.StatusOK, holds: []string{"changed"}})
	}
}

func TestAnswersThatAreNotCached(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	w := newWorld(t).cached(redis.Addr())

	near := "/v1/theaters?near=18.5,73.8"
	w.do(t, call{method: "GET", path: near, status: http.StatusOK})
	w.quietly(`UPDATE theaters SET name = 'Lily'`)
	w.do(t, call{method: "GET", path: near, status: http.StatusOK, holds: []string{"Lily"}})

	long := "/v1/movies?genre=" + strings.Repeat("a", 513)
	w.do(t, call{method: "GET", path: long, status: http.StatusOK})
	assert.Empty(t, redis.Keys(), "whereabouts and long words are not kept")

	w.do(t, call{method: "GET", path: "/v1/movies/metropolis", status: http.StatusNotFound, code: "not_found"})
	w.quietly(`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES (gen_random_uuid(), 'metropolis', 'Metropolis', 1927, 153)`)
	w.do(t, call{method: "GET", path: "/v1/movies/metropolis", status: http.StatusOK})
	for range 2 {
		w.do(t, call{method: "GET", path: "/v1/movies?limit=0&sort=x", status: http.StatusUnprocessableEntity, code: "validation_failed"})
	}

	// A customer who signs in, books and reads leaves no personal data in the cache.
	b := w.book(t, w.customer, "k-personal", "A01")
	for _, path := range append(w.catalogPaths(), "/v1/me", "/v1/bookings", "/v1/bookings/"+b.ID, "/v1/shows/"+w.show+"/seats") {
		w.do(t, call{token: w.customer, method: "GET", path: path, status: http.StatusOK})
	}
	require.NotEmpty(t, redis.Keys())
	for _, name := range redis.Keys() {
		content, err := redis.Get(name)
		require.NoError(t, err)
		assert.Contains(t, content, "application/json")
		for _, secret := range []string{"asha", w.customerID, w.customer, b.ID} {
			assert.NotContains(t, content, secret)
		}
	}
}

func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, catalog.SeedFor(t.Context(), w.db, time.Now(), 2, nil))
	w = w.cached("")
	const path = "/v1/movies?city=mumbai"
	plain := w.do(t, call{method: "GET", path: path, headers: map[string]string{"Accept-Encoding": "identity"}})
	assert.Empty(t, plain.header.Get("Content-Encoding"))
	assert.Contains(t, plain.header.Values("Vary"), "Accept-Encoding")
	for accepts, compressed := range map[string]bool{
		"gzip": true, "deflate, GZIP ;q=0.5": true, "br;q=1.0, gzip;q=0.8, *;q=0.1": true,
		"gzip;q=0": false, "gzip; q=0.000": false, "br": false, "*": false,
	} {
		got := w.send(t, call{method: "GET", path: path, headers: map[string]string{"Accept-Encoding": accepts}, without: true})
		assert.Equal(t, compressed, got.header.Get("Content-Encoding") == "gzip", accepts)
		assert.Equal(t, compressed, len(got.body) < len(plain.body)/2, accepts)
		assert.Equal(t, compressed, got.header.Get("ETag") != plain.header.Get("ETag"), "a strong tag names bytes: %s", accepts)
		for _, tag := range []string{got.header.Get("ETag"), plain.header.Get("ETag"), "*"} {
			same := w.send(t, call{method: "GET", path: path, without: true,
				headers: map[string]string{"Accept-Encoding": accepts, "If-None-Match": tag}})
			assert.Equal(t, http.StatusNotModified, same.status, "%s %s", accepts, tag)
			assert.Empty(t, same.header.Get("Content-Encoding"))
			assert.Contains(t, same.header.Values("Vary"), "Accept-Encoding")
		}
	}
}

// A change by staff is read at once where it was made, and soon by another API
// process, with hints and without.
func TestCatalogChangesReachOtherProcesses(t *testing.T) {
	t.Parallel()
	for name, hints := range map[string]bool{"hints": true, "only the poll": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := miniredis.RunT(t)
			w := newWorld(t)
			one, other := w.cached(redis.Addr()), w.cached(redis.Addr())
			one.watches(hints)
			other.watches(hints)
			paths := []string{"/v1/movies", "/v1/movies/amelie", "/v1/movies/amelie/shows", "/v1/theaters/lotus/shows", "/v1/shows/" + w.show}
			best := soon // of two: the machine may be busy with other tests
			for _, title := range []string{"Amélie Poulain", "Le Fabuleux Destin"} {
				for _, process := range []*world{one, other} {
					for _, path := range paths {
						process.do(t, call{method: "GET", path: path, status: http.StatusOK, lacks: []string{title}})
					}
				}
				one.do(t, call{token: w.admin, method: "PATCH", path: "/v1/admin/movies/" + w.find(`SELECT id FROM movies`),
					body: `{"title":"` + title + `"}`, status: http.StatusOK})
				changed := time.Now()
				for _, path := range paths {
					one.do(t, call{method: "GET", path: path, status: http.StatusOK, holds: []string{title}})
				}
				for _, path := range paths {
					require.Eventually(t, func() bool {
						return strings.Contains(string(other.do(t, call{method: "GET", path: path, status: http.StatusOK}).body), title)
					}, soon, often, path)
				}
				best = min(best, time.Since(changed))
			}
			assert.Less(t, best, 2*time.Second)
			t.Logf("all %d reads of the other process had it after %s", len(paths), best.Round(time.Millisecond))
		})
	}
}

// versions stands still, or is not known.
type versions struct {
	version int64
	changes atomic.Int64
}

func (v *versions) Version() (int64, bool)  { return v.version, v.version > 0 }
func (v *versions) Changed(context.Context) { v.changes.Add(1) }

func TestOnlySuccessfulChangesByStaffAreNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	process, v := *w, &versions{}
	process.options.Catalog.Versions = v
	process.serve()
	movie := "/v1/admin/movies/" + w.find(`SELECT id FROM movies`)
	for _, c := range []struct {
		call
		changes int64
	}{
		{call{token: w.admin, method: "PATCH", path: movie, body: `{"year":2001}`, status: http.StatusOK}, 1},
		{call{token: w.admin, method: "PATCH", path: movie, body: `{"year":0}`, status: http.StatusUnprocessableEntity}, 0},
		{call{token: w.customer, method: "PATCH", path: movie, body: `{"year":2002}`, status: http.StatusForbidden}, 0},
		{call{token: w.admin, method: "GET", path: movie, status: http.StatusOK}, 0},
		{call{token: w.customer, method: "PATCH", path: "/v1/me", body: `{"name":"Asha"}`, status: http.StatusOK}, 0},
	} {
		before := v.changes.Load()
		process.do(t, c.call)
		assert.Equal(t, c.changes, v.changes.Load()-before, "%s %s", c.method, c.path)
	}
}

// Without a known version every read asks the database.
func TestAnUnknownCatalogVersionIsNotCached(t *testing.T) {
	t.Parallel()
	w := newWorld(t).cached("")
	w.options.Catalog.Versions = &versions{}
	w.serve()
	w.do(t, call{method: "GET", path: "/v1/movies/amelie", holds: []string{"Amélie"}})
	w.quietly(`UPDATE movies SET title = 'changed'`)
	w.do(t, call{method: "GET", path: "/v1/movies/amelie", holds: []string{"changed"}})
}

func TestFault6_StaleOrFlushedCacheSellsNothing(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	w := newWorld(t).cached(redis.Addr()) // no one watches, so it stays stale
	page := "/v1/shows/" + w.show
	w.do(t, call{method: "GET", path: page, holds: []string{`"status":"scheduled"`}})
	w.exec(`UPDATE shows SET prices = '{"gold": 99000}' WHERE id = $1`, w.show)
	b := w.book(t, w.customer, "k-price", "A01")
	assert.EqualValues(t, 99000, b.Quote.Seats[0].Price.Amount, "the price is the database's")
	w.do(t, call{method: "GET", path: page, holds: []string{"45000"}, lacks: []string{"99000"}})
	w.do(t, call{token: w.other, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A01"),
		headers: map[string]string{"Idempotency-Key": "k-taken"}, status: http.StatusConflict, code: "seats_unavailable"})

	w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, w.show)
	w.do(t, call{method: "GET", path: page, holds: []string{`"status":"scheduled"`}})
	refused := call{token: w.other, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A02"),
		headers: map[string]string{"Idempotency-Key": "k-cancelled"}, status: http.StatusConflict, code: "show_not_on_sale"}
	w.do(t, refused)

	redis.FlushAll()
	w.do(t, call{method: "GET", path: page, status: http.StatusOK})
	w.do(t, refused)
	fresh := w.cached(redis.Addr())
	fresh.do(t, call{method: "GET", path: page, holds: []string{`"status":"cancelled"`}})
}

func TestFault49_RedisKilledWhileReading(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	w := newWorld(t).cached(redis.Addr())
	w.watches(true)
	var (
		wait  sync.WaitGroup
		reads atomic.Int64
	)
	ctx, stop := context.WithCancel(t.Context())
	for range 4 {
		wait.Go(func() {
			for ctx.Err() == nil {
				for _, path := range w.catalogPaths() {
					got := w.send(t, call{method: "GET", path: path, without: true})
					assert.Equal(t, http.StatusOK, got.status, "%s: %s", path, got.body)
					reads.Add(1)
				}
			}
		})
	}
	defer wait.Wait()
	defer stop()
	goesOn := func(title string) {
		t.Helper()
		sofar := reads.Load()
		w.exec(`UPDATE movies SET title = $1`, title)
		require.Eventually(t, func() bool {
			return reads.Load() > sofar+100 && strings.Contains(string(w.send(t, call{method: "GET", path: "/v1/movies/amelie"}).body), title)
		}, soon, often, "right, if slower")
	}
	goesOn("with Redis")
	redis.Close()
	goesOn("without Redis")
	goesOn("still without Redis")
	require.NoError(t, redis.Restart())
	goesOn("with Redis again")
}

func TestFault49_ReadinessTellsOfTheReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Health.Helpful = map[string]func(context.Context) error{"postgres_replica": func(context.Context) error { return errors.New("away") }}
	})
	w.do(t, call{method: "GET", path: "/readyz", status: http.StatusOK, holds: []string{`"status":"ready"`, `"postgres_replica":"down"`, `"postgres":"ok"`}})
}

// The standby gets no changes here, and every process still reads it. So the shown catalog
// is stale, but no decision uses stale data.
func TestReplicaDecidesNothing(t *testing.T) {
	t.Parallel()
	servers := databasetest.NewReplicated(t)
	replica, err := database.OpenReplica(t.Context(), servers.StandbyURL(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(replica.Close)
	w := newWorldOn(t, servers.DB, func(o *Options) { o.Catalog.Catalog = catalog.New(servers.DB.Reading(replica)) })
	replica.Use(true, "test")
	page, seatsPath := "/v1/shows/"+w.show, "/v1/shows/"+w.show+"/seats"
	require.Eventually(t, func() bool { return w.send(t, call{method: "GET", path: page}).status == http.StatusOK }, soon, often)
	servers.OnStandby(t, `SELECT pg_wal_replay_pause()`)
	w.exec(`UPDATE shows SET prices = '{"gold": 99000}' WHERE id = $1`, w.show)

	w.do(t, call{method: "GET", path: page, status: http.StatusOK, holds: []string{"45000"}, lacks: []string{"99000"}})
	b := w.book(t, w.customer, "k-replica", "A01")
	assert.EqualValues(t, 99000, b.Quote.Seats[0].Price.Amount)
	require.Eventually(t, func() bool {
		return strings.Contains(string(w.do(t, call{method: "GET", path: seatsPath, status: http.StatusOK}).body), `"held":["A01"]`)
	}, soon, often, "the seat map is the primary's")
	taken := call{token: w.other, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A01"),
		headers: map[string]string{"Idempotency-Key": "k-late"}, status: http.StatusConflict, code: "seats_unavailable"}
	w.do(t, taken)
	newShow := w.find(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices)
		SELECT gen_random_uuid(), movie_id, theater_id, screen_id, layout_id, starts_at + interval '1 day', ends_at + interval '1 day', format, language,
			sales_open_at, sales_close_at + interval '1 day', currency, prices FROM shows WHERE id = '` + w.show + `' RETURNING id`)
	w.do(t, call{method: "GET", path: "/v1/shows/" + newShow, status: http.StatusNotFound, code: "not_found"})
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", body: bookBody(newShow, "A03"),
		headers: map[string]string{"Idempotency-Key": "k-new"}, status: http.StatusCreated})
	w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, w.show)
	taken.body, taken.code = bookBody(w.show, "A02"), "show_not_on_sale"
	taken.headers = map[string]string{"Idempotency-Key": "k-cancelled"}
	w.do(t, taken)
	w.do(t, call{method: "GET", path: page, holds: []string{`"status":"scheduled"`}})
	assert.True(t, replica.InUse())

	servers.OnStandby(t, `SELECT pg_wal_replay_resume()`)
	require.Eventually(t, func() bool {
		return strings.Contains(string(w.do(t, call{method: "GET", path: page}).body), string(booking.ShowCancelled))
	}, soon, often)
	servers.Standby.Kill()
	for range 20 {
		w.do(t, call{method: "GET", path: page + "?" + url.Values{"x": {time.Now().String()}}.Encode(), status: http.StatusOK, without: true})
	}
}
