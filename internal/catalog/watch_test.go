package catalog_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

const (
	soon  = 20 * time.Second
	often = 10 * time.Millisecond
)

var quiet = slog.New(slog.DiscardHandler)

// watching runs a Watch until the test ends.
func watching(t *testing.T, w *catalog.Watch, hints <-chan struct{}, poll time.Duration) *catalog.Watch {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx, hints, poll)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	require.Eventually(t, func() bool { _, known := w.Version(); return known }, soon, often)
	return w
}

func rename(t *testing.T, db *database.DB, title string) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), `INSERT INTO movies (id, slug, title, year, runtime_minutes)
		VALUES (gen_random_uuid(), 'amelie', $1, 2001, 122) ON CONFLICT (slug) DO UPDATE SET title = $1`, title)
	require.NoError(t, err)
}

func rises(t *testing.T, w *catalog.Watch, above int64) int64 {
	t.Helper()
	var version int64
	require.Eventually(t, func() bool {
		version, _ = w.Version()
		return version > above
	}, soon, often)
	return version
}

func TestWatchFollowsTheCatalog(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, catalog.Poll, time.Second, "a change is read within two seconds, by the poll alone")
	for name, start := range map[string]func(*testing.T, *catalog.Watch){
		"by hints":    func(t *testing.T, w *catalog.Watch) { watching(t, w, w.Hints(t.Context()), time.Hour) },
		"by the poll": func(t *testing.T, w *catalog.Watch) { watching(t, w, nil, catalog.Poll) },
		"by itself":   func(t *testing.T, w *catalog.Watch) { w.Changed(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := databasetest.New(t)
			w := catalog.NewWatch(db, nil, quiet)
			_, known := w.Version()
			require.False(t, known)
			start(t, w)
			before, _ := w.Version()
			rename(t, db, "Amélie")
			if name == "by itself" {
				w.Changed(t.Context())
			}
			rises(t, w, before)
		})
	}
}

// After a write that could not be seen, no version may be claimed.
func TestWatchThatCannotSeeItsOwnWrite(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	other, err := database.Open(t.Context(), db.Pool.Config().ConnString())
	require.NoError(t, err)
	w := catalog.NewWatch(other, nil, quiet)
	w.Changed(t.Context())
	_, known := w.Version()
	require.True(t, known)
	other.Close()
	w.Changed(t.Context())
	_, known = w.Version()
	assert.False(t, known)
}

// replicated is a catalog over a primary and a standby.
type replicated struct {
	*databasetest.Replicated
	replica *database.Replica
	watch   *catalog.Watch
	store   *catalog.Store
	onSpare atomic.Int64 // statements that the replica was asked
}

func (r *replicated) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if data.SQL != `SELECT version FROM catalog_version` {
		r.onSpare.Add(1)
	}
	return ctx
}
func (*replicated) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func newReplicated(t *testing.T) *replicated {
	t.Helper()
	r := &replicated{Replicated: databasetest.NewReplicated(t)}
	var err error
	r.replica, err = database.OpenReplica(t.Context(), r.StandbyURL(), quiet, database.WithTracer(r), database.WithName("catalog reads"))
	require.NoError(t, err)
	t.Cleanup(r.replica.Close)
	r.store = catalog.New(r.DB.Reading(r.replica))
	r.watch = catalog.NewWatch(r.DB, r.replica, quiet)
	return r
}

func (r *replicated) title(t *testing.T) string {
	t.Helper()
	movie, err := r.store.Movie(t.Context(), "amelie")
	require.NoError(t, err, "a read never fails because of the replica")
	return movie.Title
}

func (r *replicated) shows(t *testing.T, title string) {
	t.Helper()
	require.Eventually(t, func() bool { return r.title(t) == title }, soon, often, title)
}

func TestReplicaTakesReads(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	rename(t, r.DB, "Amélie")
	watching(t, r.watch, r.watch.Hints(t.Context()), catalog.Poll)
	require.Eventually(t, r.replica.InUse, soon, often)
	before := r.onSpare.Load()
	r.shows(t, "Amélie")
	assert.Greater(t, r.onSpare.Load(), before, "the standby was asked")
	assert.NoError(t, r.replica.Ready(t.Context()))

	// Everything that the store can read comes out the same.
	seed(t, r.DB, time.Now())
	var version int64
	require.NoError(t, r.DB.Pool.QueryRow(t.Context(), `SELECT version FROM catalog_version`).Scan(&version))
	rises(t, r.watch, version-1)
	require.Eventually(t, r.replica.InUse, soon, often)
	primary := catalog.New(r.DB)
	for _, read := range []func(*catalog.Store) (any, error){
		func(s *catalog.Store) (any, error) { return s.Cities(t.Context()) },
		func(s *catalog.Store) (any, error) {
			movies, _, err := s.Movies(t.Context(), catalog.MovieFilter{City: "mumbai"})
			return movies, err
		},
		func(s *catalog.Store) (any, error) { return s.Movie(t.Context(), "oppenheimer") },
		func(s *catalog.Store) (any, error) { return s.MovieShows(t.Context(), "oppenheimer", "mumbai", "") },
		func(s *catalog.Store) (any, error) {
			theaters, _, err := s.Theaters(t.Context(), catalog.TheaterFilter{Near: "19,72.8"})
			return theaters, err
		},
	} {
		want, err := read(primary)
		require.NoError(t, err)
		got, err := read(r.store)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}

	there, err := database.Open(t.Context(), r.StandbyURL())
	require.NoError(t, err)
	t.Cleanup(there.Close)
	its, err := there.Identity(t.Context())
	require.NoError(t, err)
	ours, err := r.DB.Identity(t.Context())
	require.NoError(t, err)
	assert.Equal(t, ours, its, "a copy is the same database")
	others, err := databasetest.New(t).Identity(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, ours, others)

	_, err = r.replica.Pool().Exec(t.Context(), `UPDATE movies SET title = 'x'`)
	assert.ErrorContains(t, err, "read-only transaction")
}

// The session is read only by itself, not because the server is a standby: here
// it is not one.
func TestReplicaTakesNoWrites(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	replica, err := database.OpenReplica(t.Context(), db.Pool.Config().ConnString(), quiet)
	require.NoError(t, err)
	t.Cleanup(replica.Close)
	replica.Use(true, "test")
	view := db.Reading(replica)
	_, err = view.Bun.ExecContext(t.Context(), `INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon) VALUES (gen_random_uuid(), 'x', 'X', 'IN', 'UTC', 'INR', 0, 0)`)
	require.ErrorContains(t, err, "read-only transaction")
	_, err = view.Bun.QueryContext(t.Context(), `DELETE FROM movies RETURNING id`)
	require.ErrorContains(t, err, "read-only transaction")
	assert.True(t, replica.InUse(), "that was our mistake, not the replica's")
}

func TestReplicaThatFallsBehind(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	rename(t, r.DB, "before")
	watching(t, r.watch, r.watch.Hints(t.Context()), catalog.Poll)
	require.Eventually(t, r.replica.InUse, soon, often)
	r.shows(t, "before")

	r.OnStandby(t, `SELECT pg_wal_replay_pause()`)
	version, _ := r.watch.Version()
	rename(t, r.DB, "after")
	rises(t, r.watch, version)
	assert.Equal(t, "after", r.title(t), "and not once it is late")
	assert.Error(t, r.replica.Ready(t.Context()))

	r.OnStandby(t, `SELECT pg_wal_replay_resume()`)
	require.Eventually(t, r.replica.InUse, soon, often)
	assert.Equal(t, "after", r.title(t))

	// One's own write is read at once, however late the standby is.
	r.OnStandby(t, `SELECT pg_wal_replay_pause()`)
	rename(t, r.DB, "own")
	r.watch.Changed(t.Context())
	assert.Equal(t, "own", r.title(t))
	r.OnStandby(t, `SELECT pg_wal_replay_resume()`)
	require.Eventually(t, r.replica.InUse, soon, often)
	assert.Equal(t, "own", r.title(t))
}

func TestReplicaThatIsKilledOrPromoted(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *replicated){
		"killed":   func(_ *testing.T, r *replicated) { r.Standby.Kill() },
		"promoted": func(t *testing.T, r *replicated) { r.OnStandby(t, `SELECT pg_promote()`) },
		"severed": func(t *testing.T, r *replicated) {
			r.OnStandby(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'catalog reads'`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReplicated(t)
			rename(t, r.DB, "before")
			watching(t, r.watch, nil, catalog.Poll)
			require.Eventually(t, r.replica.InUse, soon, often)
			ctx, stop := context.WithCancel(t.Context())
			var reads atomic.Int64
			failed := make(chan error, 4)
			for range cap(failed) {
				go func() {
					for ctx.Err() == nil {
						if _, err := r.store.Movie(t.Context(), "amelie"); err != nil {
							failed <- err
							return
						}
						reads.Add(1)
					}
					failed <- nil
				}()
			}
			more := func() {
				sofar := reads.Load()
				require.Eventually(t, func() bool { return reads.Load() > sofar+50 || len(failed) > 0 }, soon, often)
			}
			more()
			lose(t, r)
			more()
			rename(t, r.DB, "after")
			r.shows(t, "after")
			stop()
			for range cap(failed) {
				assert.NoError(t, <-failed)
			}
		})
	}
}

// While the primary is down, reads still work.
func TestReplicaAlone(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	rename(t, r.DB, "kept")
	watching(t, r.watch, nil, catalog.Poll)
	require.Eventually(t, r.replica.InUse, soon, often)
	r.shows(t, "kept")
	r.Primary.Kill()
	r.watch.Changed(t.Context())
	_, known := r.watch.Version()
	assert.False(t, known, "what was written last cannot be seen")
	assert.Equal(t, "kept", r.title(t))
	require.Eventually(t, func() bool { _, known := r.watch.Version(); return known }, soon, often)
	assert.Equal(t, "kept", r.title(t))
}
