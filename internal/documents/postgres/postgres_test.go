package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/documents/documentstest"
	"github.com/boxoffice/boxoffice/internal/documents/postgres"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

func open(t testing.TB, o documents.Options) (store *documents.Store, url string) {
	t.Helper()
	url = databasetest.URL(t)
	require.NoError(t, postgres.Migrate(t.Context(), url, nil))
	store, err := postgres.Open(t.Context(), url, o, database.WithName(t.Name()))
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store, url
}

func TestPostgresIsAStoreOfDocuments(t *testing.T) {
	t.Parallel()
	documentstest.Run(t, documentstest.Setup{Open: func(t *testing.T, o documents.Options) *documents.Store {
		store, _ := open(t, o)
		return store
	}})
}

// The documents are beside the platform's own tables, and neither sees the other's books.
func TestMigrationsAreApart(t *testing.T) {
	t.Parallel()
	url := databasetest.URL(t)
	store, err := postgres.Open(t.Context(), url, documents.Options{})
	require.NoError(t, err)
	defer store.Close()
	require.ErrorContains(t, store.Ping(t.Context()), "boxoffice migrate")

	var steps []string
	require.NoError(t, postgres.Migrate(t.Context(), url, func(step string) { steps = append(steps, step) }))
	assert.Len(t, steps, 1)
	steps = nil
	require.NoError(t, postgres.Migrate(t.Context(), url, func(step string) { steps = append(steps, step) }))
	assert.Empty(t, steps, "all is there")
	require.NoError(t, store.Ping(t.Context()))

	platform, err := database.Open(t.Context(), url)
	require.NoError(t, err)
	defer platform.Close()
	require.NoError(t, database.CheckMigrated(t.Context(), platform))
	require.NoError(t, database.Migrate(t.Context(), platform, nil))
	var public, own int
	require.NoError(t, platform.Pool.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM bun_migrations WHERE name LIKE '20261129%'),
		(SELECT count(*) FROM documents.bun_migrations)`).Scan(&public, &own))
	assert.Zero(t, public)
	assert.Equal(t, 1, own)
}

func TestEveryColumnSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	_, url := open(t, documents.Options{})
	db, err := database.Open(t.Context(), url)
	require.NoError(t, err)
	defer db.Close()
	var columns, without int
	require.NoError(t, db.Pool.QueryRow(t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace = 'documents'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'bun\_%'`).Scan(&columns, &without))
	assert.Greater(t, columns, 30)
	assert.Zero(t, without)
}

// A server that is away at the start costs the documents, not the process.
func TestAServerThatIsAway(t *testing.T) {
	t.Parallel()
	store, err := postgres.Open(t.Context(), "postgres://u@127.0.0.1:1/none?sslmode=disable", documents.Options{})
	require.NoError(t, err)
	defer store.Close()
	_, err = store.Preferences.Get(t.Context(), uuid.New())
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err), err)
	assert.Error(t, store.Ping(t.Context()))
	require.ErrorContains(t, postgres.Migrate(t.Context(), "postgres://u@127.0.0.1:1/none?sslmode=disable", nil), "documents")
}

// The server lets no one in for a while and ends every session. Requests notice nothing; all
// events arrive, each once, when it is back.
func TestSinkWhileThePostgresIsAway(t *testing.T) {
	t.Parallel()
	store, url := open(t, documents.Options{})
	parsed, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	name := parsed.Database
	parsed.Database = "postgres"
	admin, err := pgx.ConnectConfig(t.Context(), parsed)
	require.NoError(t, err)
	defer func() { assert.NoError(t, admin.Close(context.WithoutCancel(t.Context()))) }()
	let := func(in bool) {
		t.Helper()
		_, err := admin.Exec(t.Context(), fmt.Sprintf(`ALTER DATABASE %s ALLOW_CONNECTIONS %t`, name, in))
		require.NoError(t, err)
	}
	var said log
	sink := documents.NewSink(store.Events, slog.New(slog.NewTextHandler(&said, nil)))
	person, began := uuid.New(), time.Now()
	add := func() {
		for range 150 {
			sink.Add(documents.Event{ID: uuid.New(), Kind: documents.KindView, At: began, Person: person})
		}
	}
	stored := func() int {
		n, q := 0, documents.RecentQuery{Person: person, Limit: 500}
		page, err := store.Events.Recent(t.Context(), q)
		if err == nil {
			n = len(page.Events)
		}
		return n
	}
	add()
	require.Eventually(t, func() bool { return stored() == 150 }, time.Minute, 10*time.Millisecond)

	let(false)
	_, err = admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, name)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := store.Events.Recent(t.Context(), documents.RecentQuery{Person: person})
		return booking.CodeOf(err) == booking.CodeUnavailable
	}, time.Minute, 10*time.Millisecond)
	add()
	require.Eventually(t, func() bool { return said.times("the document store is away") > 1 }, time.Minute, 10*time.Millisecond)
	assert.Zero(t, said.times("events cannot be stored"))
	let(true)
	require.Eventually(t, func() bool { return stored() == 300 }, time.Minute, 10*time.Millisecond)
	sink.Close(t.Context())
}

// log counts what is said.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) times(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), message)
}
