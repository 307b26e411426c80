package database_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

func TestMigrateTwiceAndTogether(t *testing.T) {
	t.Parallel()
	url := databasetest.URL(t)
	db, err := database.Open(t.Context(), url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Pool.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	require.NoError(t, err)
	require.ErrorContains(t, database.CheckMigrated(t.Context(), db), "boxoffice migrate")

	const processes = 4
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		steps []string
	)
	for range processes {
		group.Go(func() {
			one, err := database.Open(t.Context(), url)
			if !assert.NoError(t, err) {
				return
			}
			defer one.Close()
			assert.NoError(t, database.Migrate(t.Context(), one, func(step string) {
				mu.Lock()
				defer mu.Unlock()
				if !strings.HasPrefix(step, "waiting") {
					steps = append(steps, step)
				}
			}))
		})
	}
	group.Wait()

	var applied, files int
	require.NoError(t, db.Pool.QueryRow(t.Context(),
		`SELECT (SELECT count(*) FROM bun_migrations), (SELECT count(*) FROM schema_functions)`).Scan(&applied, &files))
	assert.Positive(t, applied)
	assert.Positive(t, files)
	assert.Len(t, steps, applied+files, "each migration and each file of functions runs once")
	assert.NoError(t, database.CheckMigrated(t.Context(), db))

	_, err = db.Pool.Exec(t.Context(), `DELETE FROM bun_migrations WHERE id = (SELECT max(id) FROM bun_migrations)`)
	require.NoError(t, err)
	assert.ErrorContains(t, database.CheckMigrated(t.Context(), db), "lacks 1 migration")
}

func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	var viaPool, viaBun time.Time
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT now()`).Scan(&viaPool))
	require.NoError(t, db.Bun.NewRaw(`SELECT now()`).Scan(t.Context(), &viaBun))
	assert.Equal(t, time.UTC, viaPool.Location())
	assert.Equal(t, time.UTC, viaBun.Location())
}

func TestBunLeavesNoPreparedStatements(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	for i := range 20 {
		var got int
		require.NoError(t, db.Bun.NewRaw(`SELECT ?::int`, i).Scan(t.Context(), &got))
		require.Equal(t, i, got)
	}
	conn, err := db.Pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	var bun int
	require.NoError(t, conn.QueryRow(t.Context(),
		`SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT %::int'`).Scan(&bun))
	assert.Zero(t, bun)
}

func TestOpenNamesTheProblemWithoutThePassword(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"nobody listens": "postgres://u:hunter2@127.0.0.1:1/x",
		"no URL":         "postgres://u:hunter2@127.0.0.1:port/x",
		"empty":          "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := database.Open(t.Context(), url)
			require.ErrorContains(t, err, "database")
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestPoolSizeOfTheURLWins(t *testing.T) {
	t.Parallel()
	db, err := database.Open(t.Context(), databasetest.URL(t)+"&pool_max_conns=4")
	require.NoError(t, err)
	defer db.Close()
	assert.EqualValues(t, 4, db.Pool.Config().MaxConns)
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	one, other := databasetest.New(t), databasetest.New(t)
	_, err := one.Pool.Exec(t.Context(), `CREATE TABLE mine ()`)
	require.NoError(t, err)
	var found bool
	require.NoError(t, other.Pool.QueryRow(t.Context(), `SELECT to_regclass('mine') IS NOT NULL`).Scan(&found))
	assert.False(t, found)
}
