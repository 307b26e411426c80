package database_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/schema/migrations"
)

// smallTables stay small, so that a scan or an index build under a lock is short.
// All others grow with customers, shows or time.
var smallTables = []string{
	"cities", "theaters", "screens", "layouts", "movies", "price_cards", "theater_managers",
	"catalog_version", "imports", "show_changes", "bun_migrations",
}

// unused are tables ("name") and columns ("table.column") that the former release
// does not use any more, so that a migration may drop them. Each has the release
// that stopped using it.
var unused = map[string]string{}

// Every migration since the release that made the rules keeps to them, in the
// database itself: what it did to the tables that were there is compared.
func TestMigrationsKeepCustomersAndFormerVersionsGoing(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	migrateAsFormer(t, db)
	conn, err := db.Pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()

	names, err := fs.Glob(migrations.FS, "*.up.sql")
	require.NoError(t, err)
	for _, name := range names {
		if name[:len(database.LastMarkedApart)] <= database.LastMarkedApart {
			continue
		}
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		switch {
		case strings.HasSuffix(name, ".concurrently.up.sql"), strings.HasSuffix(name, ".batches.up.sql"):
			for _, statement := range database.SplitStatements(string(text)) {
				_, err := conn.Exec(t.Context(), statement)
				require.NoError(t, err, name)
				if strings.HasSuffix(name, ".batches.up.sql") {
					assert.Contains(t, statement, "LIMIT", "%s: a batch has a size", name)
				}
			}
		default:
			_, err := conn.Exec(t.Context(), `BEGIN`)
			require.NoError(t, err)
			for _, problem := range problemsOf(t, conn.Conn(), string(text)) {
				t.Errorf("%s: %s", name, problem)
			}
			_, err = conn.Exec(t.Context(), `COMMIT`)
			require.NoError(t, err)
		}
	}
}

// What the rules find, and what they let pass.
func TestProblemsOfMigrationsAreFound(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	conn, err := db.Pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for text, problems := range map[string][]string{
		`CREATE TABLE things (id integer PRIMARY KEY, booking_id uuid NOT NULL REFERENCES bookings);
			CREATE INDEX things_booking ON things (booking_id)`: nil,
		`ALTER TABLE bookings ADD COLUMN things text NOT NULL DEFAULT ''`:                            nil,
		`ALTER TABLE bookings ADD COLUMN things text`:                                                nil,
		`ALTER TABLE bookings ADD CHECK (total < 1000000000) NOT VALID`:                              nil,
		`ALTER TABLE cities ADD COLUMN mayors integer NOT NULL DEFAULT 1 CHECK (mayors > 0)`:         nil,
		`CREATE INDEX cities_name ON cities (name)`:                                                  nil,
		`CREATE INDEX bookings_total ON bookings (total)`:                                            {"index bookings_total locks bookings against writes"},
		`ALTER TABLE bookings ADD UNIQUE (request_hash)`:                                             {"index bookings_request_hash_key locks bookings against writes"},
		`ALTER TABLE bookings ALTER COLUMN total TYPE numeric`:                                       {"bookings is rewritten"},
		`ALTER TABLE bookings ADD COLUMN things uuid NOT NULL DEFAULT gen_random_uuid()`:             {"bookings is rewritten"},
		`ALTER TABLE bookings ADD COLUMN things integer GENERATED ALWAYS AS (1) STORED`:              {"bookings is rewritten"},
		`ALTER TABLE bookings ADD CHECK (total < 1000000000)`:                                        {"bookings_total_check1 reads all of bookings under a lock"},
		`ALTER TABLE seat_claims ADD FOREIGN KEY (booking_id) REFERENCES bookings`:                   {"seat_claims_booking_id_fkey reads all of seat_claims under a lock"},
		`ALTER TABLE idempotency_keys ALTER COLUMN created_at DROP NOT NULL`:                         nil,
		`ALTER TABLE alerts ALTER COLUMN booking_id SET NOT NULL`:                                    {"alerts.booking_id became NOT NULL"},
		`ALTER TABLE cities ADD COLUMN mayor text NOT NULL`:                                          {"cities.mayor is NOT NULL without a default"},
		`ALTER TABLE cities DROP COLUMN country`:                                                     {"cities.country is gone"},
		`ALTER TABLE cities RENAME COLUMN country TO land`:                                           {"cities.country is gone"},
		`ALTER TABLE cities RENAME TO towns`:                                                         {"cities is gone"},
		`DROP TABLE imports`:                                                                         {"imports is gone"},
		`UPDATE bookings SET total = total`:                                                          {"rows of bookings are changed in one transaction"},
		`DELETE FROM sessions`:                                                                       {"rows of sessions are changed in one transaction"},
		`UPDATE cities SET name = name`:                                                              nil,
		`CREATE FUNCTION things() RETURNS void LANGUAGE sql AS ''`:                                   {"function things() is defined"},
		`CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'`: {"function refuse_change() is defined"},
		`DROP FUNCTION next_shows`:                                                                   {"function next_shows(uuid,integer,integer) is dropped"},
		`CREATE TABLE ended (id integer); COMMIT`:                                                    {"it ends its own transaction"},
	} {
		t.Run(text, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), `BEGIN`)
			require.NoError(t, err)
			found := problemsOf(t, conn.Conn(), text)
			_, err = conn.Exec(t.Context(), `ROLLBACK`)
			require.NoError(t, err)
			if len(problems) == 0 {
				assert.Empty(t, found)
			}
			for _, problem := range problems {
				assert.Contains(t, strings.Join(found, "\n"), problem)
			}
		})
	}
}

// problemsOf runs a migration in the transaction that the connection is in, and
// says what it did to the tables and functions that were there.
func problemsOf(t *testing.T, conn *pgx.Conn, text string) (problems []string) {
	t.Helper()
	before := shapeOf(t, conn)
	_, err := conn.Exec(t.Context(), text)
	require.NoError(t, err)
	if conn.PgConn().TxStatus() != 'T' {
		return []string{"it ends its own transaction: SQL and mark would come apart"}
	}
	after := shapeOf(t, conn)
	return slices.Concat(
		before.lost(after), before.rewritten(after), before.locked(after), before.columnsRefuse(after), before.functionsDefined(after),
		before.rowsChanged(t, conn))
}

// shape is what a schema consists of, as far as the rules go. Keys are names.
type shape struct {
	tables      map[string]string // the file of its rows
	columns     map[string]string // "table.column": "required", "not null" or ""
	indexes     map[string]string // its table
	constraints map[string]string // "table.constraint" of those that check rows: "checked" or "not valid"
	functions   map[string]string // by signature: its version
}

func shapeOf(t *testing.T, conn *pgx.Conn) shape {
	t.Helper()
	return shape{
		tables: pairs(t, conn, `SELECT relname, relfilenode::text FROM pg_class
			WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`),
		columns: pairs(t, conn, `SELECT c.relname || '.' || a.attname,
				CASE WHEN a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' THEN 'required' WHEN a.attnotnull THEN 'not null' ELSE '' END
			FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
			WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped`),
		indexes: pairs(t, conn, `SELECT i.relname, c.relname FROM pg_index x
			JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
			WHERE c.relnamespace = 'public'::regnamespace`),
		constraints: pairs(t, conn, `SELECT c.relname || '.' || k.conname, CASE WHEN k.convalidated THEN 'checked' ELSE 'not valid' END
			FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
			WHERE c.relnamespace = 'public'::regnamespace AND k.contype IN ('c', 'f')`),
		// Extensions have functions of their own.
		functions: pairs(t, conn, `SELECT p.oid::regprocedure::text, p.xmin::text FROM pg_proc p
			WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
				SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`),
	}
}

func pairs(t *testing.T, conn *pgx.Conn, query string) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	require.NoError(t, err)
	found := map[string]string{}
	var key, value string
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		found[key] = value
		return nil
	})
	require.NoError(t, err)
	return found
}

// grows says whether a table was there before, and grows.
func (s shape) grows(table string) bool {
	_, there := s.tables[table]
	return there && !slices.Contains(smallTables, table)
}

func (s shape) lost(after shape) (problems []string) {
	for name := range s.tables {
		if _, there := after.tables[name]; !there && unused[name] == "" {
			problems = append(problems, name+" is gone, and the former version may use it: stop using it first, drop it one release later, and say so in unused")
		}
	}
	for name := range s.columns {
		table, _, _ := strings.Cut(name, ".")
		_, tableThere := after.tables[table]
		if _, there := after.columns[name]; tableThere && !there && unused[name] == "" {
			problems = append(problems, name+" is gone, and the former version may use it: add the new one beside it, drop the old one a release later, and say so in unused")
		}
	}
	return problems
}

func (s shape) rewritten(after shape) (problems []string) {
	for name, file := range s.tables {
		if now, there := after.tables[name]; there && now != file && s.grows(name) {
			problems = append(problems, name+" is rewritten while nobody can use it: add a column that may be null, and fill it with a .batches.up.sql")
		}
	}
	return problems
}

func (s shape) locked(after shape) (problems []string) {
	for name, table := range after.indexes {
		if _, there := s.indexes[name]; !there && s.grows(table) {
			problems = append(problems, fmt.Sprintf("building index %s locks %s against writes: CREATE INDEX CONCURRENTLY IF NOT EXISTS in a .concurrently.up.sql", name, table))
		}
	}
	for name, state := range after.constraints {
		table, constraint, _ := strings.Cut(name, ".")
		if _, there := s.constraints[name]; !there && state == "checked" && s.grows(table) {
			problems = append(problems, fmt.Sprintf("%s reads all of %s under a lock: ADD CONSTRAINT … NOT VALID here, VALIDATE CONSTRAINT in a migration after it", constraint, table))
		}
	}
	return problems
}

func (s shape) columnsRefuse(after shape) (problems []string) {
	for name, state := range after.columns {
		table, _, _ := strings.Cut(name, ".")
		was, there := s.columns[name]
		switch _, tableThere := s.tables[table]; {
		case !tableThere, state == "":
		case !there && state == "required":
			problems = append(problems, name+" is NOT NULL without a default: the former version inserts rows without it")
		case there && was == "":
			problems = append(problems, name+" became NOT NULL, and the former version may leave it out: CHECK (… IS NOT NULL) NOT VALID one release after all versions fill it")
		}
	}
	return problems
}

func (s shape) functionsDefined(after shape) (problems []string) {
	for name, version := range after.functions {
		if s.functions[name] != version {
			problems = append(problems, "function "+name+" is defined: its place is schema/functions")
		}
	}
	for name := range s.functions {
		if _, there := after.functions[name]; !there {
			problems = append(problems, "function "+name+" is dropped: its place is schema/functions")
		}
	}
	return problems
}

// rowsChanged knows who wrote by the lock.
func (s shape) rowsChanged(t *testing.T, conn *pgx.Conn) (problems []string) {
	t.Helper()
	for table := range pairs(t, conn, `SELECT c.relname, '' FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
		WHERE l.pid = pg_backend_pid() AND l.mode = 'RowExclusiveLock' AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`) {
		if s.grows(table) {
			problems = append(problems, "rows of "+table+" are changed in one transaction: use a .batches.up.sql")
		}
	}
	return problems
}
