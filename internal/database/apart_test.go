package database_test

import (
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

// apartFiles are the migrations of a part with tables of its own.
func apartFiles() fstest.MapFS {
	return fstest.MapFS{
		"20990101000001_things.up.sql":                 {Data: []byte(`CREATE TABLE things (id integer);`)},
		"20990101000002_things_id.concurrently.up.sql": {Data: []byte(`CREATE INDEX CONCURRENTLY IF NOT EXISTS things_id ON things (id);`)},
	}
}

func TestMigrationsApart(t *testing.T) {
	t.Parallel()
	url := databasetest.URL(t)
	openApart := func() *database.DB {
		db, err := database.Open(t.Context(), url, database.WithSchema("apart"))
		require.NoError(t, err)
		t.Cleanup(db.Close)
		return db
	}
	apart, files := openApart(), apartFiles()
	require.ErrorContains(t, database.CheckMigratedApart(t.Context(), apart, files), `no schema "apart": run boxoffice migrate`)

	var (
		group sync.WaitGroup
		said  steps
	)
	for range 3 {
		one := openApart()
		group.Go(func() { assert.NoError(t, database.MigrateApart(t.Context(), one, files, said.add)) })
	}
	group.Wait()
	require.NoError(t, database.CheckMigratedApart(t.Context(), apart, files))
	assert.Equal(t, 2, count(t, apart, `SELECT count(*) FROM bun_migrations`), "each once, in books of their own")
	assert.Equal(t, 1, count(t, apart, `SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('apart.things_id') AND indisvalid`))

	platform, err := database.Open(t.Context(), url)
	require.NoError(t, err)
	defer platform.Close()
	require.NoError(t, database.CheckMigrated(t.Context(), platform))
	assert.Zero(t, count(t, platform, `SELECT count(*) FROM bun_migrations WHERE name LIKE '2099%'`))
	assert.Zero(t, count(t, platform, `SELECT count(*) FROM pg_class WHERE relname = 'things' AND relnamespace = 'public'::regnamespace`))

	files["20990101000003_more.up.sql"] = &fstest.MapFile{Data: []byte(`CREATE TABLE more ()`)}
	require.ErrorContains(t, database.CheckMigratedApart(t.Context(), apart, files), "lacks 1 migration")
	require.ErrorContains(t, database.MigrateApart(t.Context(), platform, files, nil), "without a schema of its own")
}

// A pool of connections in between that drops the schema would mix the tables up.
func TestMigrationsApartNeedTheirSchema(t *testing.T) {
	t.Parallel()
	url := databasetest.URL(t)
	first, err := database.Open(t.Context(), url, database.WithSchema("apart"))
	require.NoError(t, err)
	defer first.Close()
	require.NoError(t, database.MigrateApart(t.Context(), first, apartFiles(), nil))
	db, err := database.Open(t.Context(), url, database.WithSchema("apart"), database.WithMaxConns(1))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Pool.Exec(t.Context(), `SET search_path = public`)
	require.NoError(t, err)
	require.ErrorContains(t, database.CheckMigratedApart(t.Context(), db, apartFiles()), `the schema is "public" and not "apart"`)
}

func TestOpenLaterWaitsForNoServer(t *testing.T) {
	t.Parallel()
	db, err := database.OpenLater(t.Context(), "postgres://u@127.0.0.1:1/x")
	require.NoError(t, err)
	defer db.Close()
	require.ErrorContains(t, db.Ping(t.Context()), "does not answer")
	_, err = database.OpenLater(t.Context(), "")
	require.Error(t, err)
}
