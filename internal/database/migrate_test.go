package database_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

// The numbers of the tests' own migrations are past every real one.
const (
	plain        = "29990101000001_plain.up.sql"
	concurrently = "29990101000002_index.concurrently.up.sql"
	batches      = "29990101000003_fill.batches.up.sql"
)

func one(name, text string) fstest.MapFS {
	return fstest.MapFS{name: &fstest.MapFile{Data: []byte(text)}}
}

// steps collects progress.
type steps struct {
	mu    sync.Mutex
	lines []string
}

func (s *steps) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *steps) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

func count(t *testing.T, db *database.DB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, db.Pool.QueryRow(t.Context(), query, args...).Scan(&n))
	return n
}

func marks(t *testing.T, db *database.DB, file string) int {
	t.Helper()
	name, _, _ := strings.Cut(file, "_")
	return count(t, db, `SELECT count(*) FROM bun_migrations WHERE name = $1`, name)
}

// killAtMark makes the server end the session that writes a mark, once: the
// moment between a migration's SQL and its mark.
func killAtMark(t *testing.T, db *database.DB) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), `
		CREATE SEQUENCE kills;
		CREATE FUNCTION kill_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('kills') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER kill_once BEFORE INSERT ON bun_migrations FOR EACH ROW EXECUTE FUNCTION kill_once()`)
	require.NoError(t, err)
}

func TestKilledBetweenSQLAndMark(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, text string
		// there counts what the migration makes.
		there string
	}{
		"in a transaction": {plain, `CREATE TABLE things (id integer); INSERT INTO things VALUES (1)`,
			`SELECT count(*) FROM pg_class WHERE relname = 'things'`},
		"an index, concurrently": {concurrently, `CREATE INDEX CONCURRENTLY IF NOT EXISTS cities_name ON cities (name);`,
			`SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('cities_name') AND indisvalid`},
		"in batches": {batches, `INSERT INTO numbers SELECT count(*) + 1 FROM numbers HAVING count(*) < 5;`,
			`SELECT (count(*) = 5)::integer FROM numbers`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := databasetest.New(t)
			_, err := db.Pool.Exec(t.Context(), `CREATE TABLE numbers (n integer)`)
			require.NoError(t, err)
			killAtMark(t, db)

			err = database.Migrate(t.Context(), db, nil, database.WithMigrations(one(test.file, test.text)))
			require.Error(t, err)
			require.Zero(t, marks(t, db, test.file), "it was killed before the mark")

			require.NoError(t, database.Migrate(t.Context(), db, nil, database.WithMigrations(one(test.file, test.text))))
			assert.Equal(t, 1, marks(t, db, test.file))
			assert.Equal(t, 1, count(t, db, test.there))
		})
	}
}

// Releases before this one marked a migration after its transaction. Every migration that
// they left without a mark is marked.
func TestAFormerMigrationWithoutItsMark(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	migrateAsFormer(t, db)
	names := appliedNames(t, db)
	require.NotEmpty(t, names)
	for _, name := range slices.Backward(names) {
		_, err := db.Pool.Exec(t.Context(), `DELETE FROM bun_migrations WHERE name = $1`, name)
		require.NoError(t, err)
		require.NoError(t, database.Migrate(t.Context(), db, nil))
		assert.Equal(t, 1, marks(t, db, name+"_"))
	}
	require.NoError(t, database.CheckMigrated(t.Context(), db))
	assert.Equal(t, functionsOf(t, databasetest.New(t)), functionsOf(t, db))
}

func appliedNames(t *testing.T, db *database.DB) []string {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `SELECT name FROM bun_migrations ORDER BY name`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

// From now on a table that is there already is a mistake to look at.
func TestANewMigrationDoesNotPassForAppliedByItself(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	err := database.Migrate(t.Context(), db, nil, database.WithMigrations(one(plain, `CREATE TABLE cities (id integer)`)))
	require.ErrorContains(t, err, `29990101000001_plain: ERROR: relation "cities" already exists`)
	assert.Zero(t, marks(t, db, plain))
}

// lockCities is a customer's transaction that is open until it lets go.
func lockCities(t *testing.T, db *database.DB, mode string) (letGo func()) {
	t.Helper()
	customer, err := db.Pool.Begin(t.Context())
	require.NoError(t, err)
	letGo = sync.OnceFunc(func() { _ = customer.Rollback(context.WithoutCancel(t.Context())) })
	t.Cleanup(letGo)
	_, err = customer.Exec(t.Context(), "LOCK TABLE cities IN "+mode+" MODE")
	require.NoError(t, err)
	return letGo
}

func TestMigrationWaitsForALockNotLong(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	letGo := lockCities(t, db, "ACCESS SHARE")

	var said steps
	migrated := make(chan error, 1)
	go func() {
		migrated <- database.Migrate(t.Context(), db, said.add, database.WithLockTimeout(50*time.Millisecond),
			database.WithMigrations(one(plain, `ALTER TABLE cities ADD COLUMN mayor text`)))
	}()
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "trying again in 1s") }, 20*time.Second, 5*time.Millisecond,
		"it gives up its place in the queue")
	// The one who comes after it does not wait.
	_, err := db.Pool.Exec(t.Context(), `SET statement_timeout = '20s'; SELECT FROM cities`)
	require.NoError(t, err)

	letGo()
	require.NoError(t, <-migrated)
	assert.Equal(t, 1, marks(t, db, plain))
	assert.Contains(t, said.String(), "the oldest transaction is of "+t.Name())
	assert.Contains(t, said.String(), "LOCK TABLE cities")
}

func TestMigrationGivesUpWithoutALock(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	letGo := lockCities(t, db, "ACCESS SHARE")

	err := database.Migrate(t.Context(), db, nil, database.WithLockTimeout(20*time.Millisecond), database.WithPatience(0),
		database.WithMigrations(one(plain, `ALTER TABLE cities ADD COLUMN mayor text`)))
	require.ErrorContains(t, err, "got no lock within 0s")
	assert.ErrorContains(t, err, "the oldest transaction is of")
	letGo()
}

func TestStatementTimeoutOfAMigrationIsNamed(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	err := database.Migrate(t.Context(), db, nil, database.WithStatementTimeout(20*time.Millisecond),
		database.WithMigrations(one(plain, `CREATE TABLE things (id integer); SELECT pg_sleep(60)`)))
	require.ErrorContains(t, err, "longer than 20ms (MIGRATE_STATEMENT_TIMEOUT)")
	assert.Zero(t, marks(t, db, plain))
	assert.Zero(t, count(t, db, `SELECT count(*) FROM pg_class WHERE relname = 'things'`), "and undone")
}

// The build of an index is killed half-way, which leaves half an index.
func TestAnIndexThatWasNotBuiltToItsEndIsBuiltAgain(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	index := one(concurrently, "-- A comment.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS cities_name\n    ON cities (name);")
	// The build waits for this one to end.
	letGo := lockCities(t, db, "ROW EXCLUSIVE")
	migrated := make(chan error, 1)
	go func() { migrated <- database.Migrate(t.Context(), db, nil, database.WithMigrations(index)) }()
	const half = `SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('cities_name') AND NOT indisvalid`
	require.Eventually(t, func() bool { return count(t, db, half) == 1 }, 20*time.Second, 5*time.Millisecond)
	builder := count(t, db, `SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database()`)
	assert.Equal(t, 1, count(t, db, `SELECT pg_terminate_backend($1)::integer`, builder))
	require.Error(t, <-migrated)
	letGo()
	require.Equal(t, 1, count(t, db, half), "what a crash leaves")

	var said steps
	require.NoError(t, database.Migrate(t.Context(), db, said.add, database.WithMigrations(index)))
	assert.Contains(t, said.String(), "dropping index cities_name, which was not built to its end")
	assert.Equal(t, 1, count(t, db, `SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('cities_name') AND indisvalid`))
	assert.Equal(t, 1, marks(t, db, concurrently))
}

// A unique index that cannot be built would refuse rows if it stayed.
func TestAnIndexThatCannotBeBuiltDoesNotStay(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	_, err := db.Pool.Exec(t.Context(), `CREATE TABLE numbers (n integer); INSERT INTO numbers VALUES (1), (1)`)
	require.NoError(t, err)
	err = database.Migrate(t.Context(), db, nil,
		database.WithMigrations(one(concurrently, `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS numbers_n ON numbers (n);`)))
	require.ErrorContains(t, err, "could not create unique index")
	assert.Zero(t, count(t, db, `SELECT count(*) FROM pg_class WHERE relname = 'numbers_n'`))
	_, err = db.Pool.Exec(t.Context(), `INSERT INTO numbers VALUES (1)`)
	assert.NoError(t, err)
}

// CREATE INDEX CONCURRENTLY waits for all statements under way. A process that
// waits for its turn must not be one of them.
func TestAnIndexIsBuiltWhileOthersWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	index := one(concurrently, `CREATE INDEX CONCURRENTLY IF NOT EXISTS cities_name ON cities (name);`)
	letGo := lockCities(t, db, "ROW EXCLUSIVE")

	var first, second steps
	results := make(chan error, 2)
	go func() { results <- database.Migrate(t.Context(), db, first.add, database.WithMigrations(index)) }()
	require.Eventually(t, func() bool { return strings.Contains(first.String(), "migrating") }, 20*time.Second, 5*time.Millisecond)
	go func() { results <- database.Migrate(t.Context(), db, second.add, database.WithMigrations(index)) }()
	require.Eventually(t, func() bool { return strings.Contains(second.String(), "waiting") }, 20*time.Second, 5*time.Millisecond)
	letGo()
	assert.NoError(t, <-results)
	assert.NoError(t, <-results)
	assert.Equal(t, 1, marks(t, db, concurrently))
}

func TestOnlyIndexesAreBuiltOutsideOfATransaction(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	for _, text := range []string{
		`CREATE INDEX CONCURRENTLY cities_name ON cities (name);`,
		`CREATE INDEX IF NOT EXISTS cities_name ON cities (name);`,
		`UPDATE cities SET name = name;`,
	} {
		err := database.Migrate(t.Context(), db, nil, database.WithMigrations(one(concurrently, text)))
		assert.ErrorContains(t, err, "can run outside of a transaction, not: "+strings.TrimSuffix(text, ";"))
	}
}

func TestAMigrationOfAnUnknownKindIsRefused(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	err := database.Migrate(t.Context(), db, nil, database.WithMigrations(one("29990101000004_fill.batch.up.sql", `SELECT 1`)))
	require.ErrorContains(t, err, "migration 29990101000004_fill has no file that ends in .up.sql, .concurrently.up.sql or .batches.up.sql")
}

func TestBatchesAreTransactionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	_, err := db.Pool.Exec(t.Context(), `
		CREATE TABLE numbers (n integer, done xid8);
		INSERT INTO numbers SELECT generate_series(1, 25)`)
	require.NoError(t, err)
	require.NoError(t, database.Migrate(t.Context(), db, nil, database.WithMigrations(one(batches,
		`UPDATE numbers SET done = pg_current_xact_id()
		WHERE n IN (SELECT n FROM numbers WHERE done IS NULL ORDER BY n LIMIT 10);`))))
	assert.Equal(t, 3, count(t, db, `SELECT count(DISTINCT done) FROM numbers`))
	assert.Zero(t, count(t, db, `SELECT count(*) FROM numbers WHERE done IS NULL`))
	assert.Equal(t, 1, marks(t, db, batches))
}

// The words of a server whose package was upgraded under it.
func TestAServerWhoseFilesWereReplacedIsNamed(t *testing.T) {
	t.Parallel()
	for _, message := range []string{
		`could not load library "/usr/lib/postgresql/15/lib/plpgsql.so": /usr/lib/postgresql/15/lib/plpgsql.so: undefined symbol: AtEOXact_LogicalCtl`,
		`incompatible library "/usr/lib/postgresql/17/lib/plpgsql.so": version mismatch`,
		`could not access file "$libdir/plpgsql": No such file or directory`,
	} {
		err := database.ExplainServer(&pgconn.PgError{Severity: "ERROR", Code: "XX000", Message: message})
		assert.ErrorIs(t, err, database.ErrServerReplaced)
		assert.ErrorContains(t, err, "start the server again")
		assert.ErrorContains(t, err, message)
	}
	assert.NotErrorIs(t, database.ExplainServer(&pgconn.PgError{Message: "deadlock detected"}), database.ErrServerReplaced)
	assert.NotErrorIs(t, database.ExplainServer(errors.New("could not load library")), database.ErrServerReplaced)
	assert.NoError(t, database.ExplainServer(nil))
}

// The real thing, as far as it goes without an upgrade: PL/pgSQL's library
// cannot be loaded.
func TestMigrateNamesAServerThatCannotLoadPLpgSQL(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	_, err := db.Pool.Exec(t.Context(), `UPDATE pg_proc SET probin = '$libdir/of_another_version' WHERE proname = 'plpgsql_inline_handler'`)
	require.NoError(t, err)
	fresh, err := database.Open(context.WithoutCancel(t.Context()), db.Pool.Config().ConnString())
	require.NoError(t, err)
	defer fresh.Close()
	require.ErrorIs(t, database.Migrate(t.Context(), fresh, nil), database.ErrServerReplaced)
	assert.ErrorIs(t, database.CheckMigrated(t.Context(), fresh), database.ErrServerReplaced)
}
