package database_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/migrate"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/schema/functions"
	"github.com/boxoffice/boxoffice/schema/migrations"
)

func TestFreshAndFormerDatabasesGetTheSameFunctions(t *testing.T) {
	t.Parallel()
	fresh := databasetest.New(t)
	former := emptyDatabase(t)
	migrateAsFormer(t, former)
	require.ErrorContains(t, database.CheckMigrated(t.Context(), former), "boxoffice migrate")

	require.NoError(t, database.Migrate(t.Context(), former, nil))
	require.NoError(t, database.CheckMigrated(t.Context(), former))
	want := functionsOf(t, fresh)
	assert.NotEmpty(t, want)
	assert.Equal(t, want, functionsOf(t, former))
}

func TestEveryFunctionHasOneFile(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	definition := regexp.MustCompile(`(?m)^CREATE OR REPLACE FUNCTION (\w+)\(`)
	fileOf := map[string]string{}
	for name, text := range functionTexts(t) {
		for _, found := range definition.FindAllStringSubmatch(text, -1) {
			if former, twice := fileOf[found[1]]; twice && former != name {
				t.Errorf("%s is defined in %s and in %s", found[1], former, name)
			}
			fileOf[found[1]] = name
		}
		assert.NotRegexp(t, `(?mi)^\s*CREATE\s+(FUNCTION|TRIGGER)\b`, text, "%s must be able to run again: CREATE OR REPLACE", name)
	}
	for signature := range functionsOf(t, db) {
		name, _, _ := strings.Cut(signature, "(")
		assert.Contains(t, fileOf, name, "the database has %s, and no file of schema/functions defines it", signature)
	}
}

// Migrate does not check the bodies, because files call each other. Once all are
// there, every body must be valid, and every file able to run again.
func TestFunctionBodiesAreValid(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	before := functionsOf(t, db)
	for name, text := range functionTexts(t) {
		_, err := db.Pool.Exec(t.Context(), text)
		assert.NoError(t, err, name)
	}
	assert.Equal(t, before, functionsOf(t, db))
}

func TestAChangedFunctionIsAppliedAgain(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	current := functionsOf(t, db)
	replaceFunction(t, db)
	// As if the file had had another text until now.
	_, err := db.Pool.Exec(t.Context(), `UPDATE schema_functions SET checksum = 'former' WHERE file = 'audit.sql'`)
	require.NoError(t, err)
	require.ErrorContains(t, database.CheckMigrated(t.Context(), db), "audit.sql: run boxoffice migrate")

	var steps []string
	require.NoError(t, database.Migrate(t.Context(), db, func(step string) { steps = append(steps, step) }))
	assert.Equal(t, []string{"functions: audit.sql"}, steps, "and only this one")
	assert.Equal(t, current, functionsOf(t, db))
	assert.NoError(t, database.CheckMigrated(t.Context(), db))
}

func TestFunctionsOfANewerVersionStay(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	current := functionsOf(t, db)
	replaceFunction(t, db)
	newer := functionsOf(t, db)
	_, err := db.Pool.Exec(t.Context(),
		`INSERT INTO schema_functions (file, checksum, applied_by) VALUES ('audit.sql', 'newer', 'v2')`)
	require.NoError(t, err)

	assert.NoError(t, database.CheckMigrated(t.Context(), db), "an older process may start beside newer ones")
	var steps []string
	require.NoError(t, database.Migrate(t.Context(), db, func(step string) { steps = append(steps, step) }))
	assert.Equal(t, []string{"functions: audit.sql stays as a newer version has it"}, steps)
	assert.Equal(t, newer, functionsOf(t, db))

	require.NoError(t, database.Migrate(t.Context(), db, nil, database.WithOwnFunctions()))
	assert.Equal(t, current, functionsOf(t, db))
}

// A transaction has all changed functions or none.
func TestAFileThatFailsLeavesTheOthersAsTheyWere(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	before := functionsOf(t, db)
	// The result of this one is another now, so Postgres refuses timeline.sql.
	_, err := db.Pool.Exec(t.Context(), `
		DROP FUNCTION add_booking_event(uuid, text, text, text);
		CREATE FUNCTION add_booking_event(uuid, text, text, text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
		UPDATE schema_functions SET checksum = 'former'`)
	require.NoError(t, err)
	replaceFunction(t, db)
	broken := functionsOf(t, db)

	require.ErrorContains(t, database.Migrate(t.Context(), db, nil), "apply the functions of timeline.sql")
	assert.Equal(t, broken, functionsOf(t, db))
	assert.NotEqual(t, before, broken)
}

func replaceFunction(t *testing.T, db *database.DB) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(),
		`CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	require.NoError(t, err)
}

// functionsOf gives the definitions of our functions by signature; extensions
// have theirs.
func functionsOf(t *testing.T, db *database.DB) map[string]string {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
			SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`)
	require.NoError(t, err)
	defer rows.Close()
	definitions := map[string]string{}
	for rows.Next() {
		var signature, definition string
		require.NoError(t, rows.Scan(&signature, &definition))
		definitions[signature] = definition
	}
	require.NoError(t, rows.Err())
	return definitions
}

func functionTexts(t *testing.T) map[string]string {
	t.Helper()
	names, err := fs.Glob(functions.FS, "*.sql")
	require.NoError(t, err)
	texts := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(functions.FS, name)
		require.NoError(t, err)
		texts[name] = string(text)
	}
	require.NotEmpty(t, texts)
	return texts
}

func emptyDatabase(t *testing.T) *database.DB {
	t.Helper()
	db := databasetest.New(t)
	_, err := db.Pool.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	require.NoError(t, err)
	return db
}

// migrateAsFormer does what the release before schema/functions did.
func migrateAsFormer(t *testing.T, db *database.DB) {
	t.Helper()
	const last = database.LastMarkedApart
	known := fstest.MapFS{}
	names, err := fs.Glob(migrations.FS, "*.up.sql")
	require.NoError(t, err)
	for _, name := range names {
		if name[:len(last)] > last {
			continue
		}
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		known[name] = &fstest.MapFile{Data: text}
	}
	numbered := migrate.NewMigrations()
	require.NoError(t, numbered.Discover(known))
	migrator := migrate.NewMigrator(db.Bun, numbered, migrate.WithMarkAppliedOnSuccess(true))
	require.NoError(t, migrator.Init(t.Context()))
	_, err = migrator.Migrate(t.Context())
	require.NoError(t, err)
}
