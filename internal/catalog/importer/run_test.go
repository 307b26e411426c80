package importer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog/importer"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

// numbered are as many films, each of its own title.
func numbered(from, to int) []string {
	var lines []string
	for n := from; n <= to; n++ {
		lines = append(lines, fmt.Sprintf(`{"title":"Film %d","year":1999}`, n))
	}
	return lines
}

func fingerprint(t *testing.T, db *database.DB) string {
	return query[string](t, db, `SELECT count(*) || md5(coalesce(string_agg(m::text, '|' ORDER BY id), '')) FROM movies m`)
}

func TestSecondImportChangesNothing(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(append(numbered(1, 30), wholeMovie)...)
	assert.EqualValues(t, 31, load(t, db, content, o).Added)
	rows, at := fingerprint(t, db), version(t, db)

	r := load(t, db, content, o)
	assert.True(t, r.AlreadyImported)
	assert.EqualValues(t, 31, r.Added, "by the first")

	o.Restart = true
	r = load(t, db, content, o)
	assert.Equal(t, importer.Summary{Unchanged: 31, Written: true}, r.Summary)
	assert.Equal(t, rows, fingerprint(t, db))
	assert.Equal(t, at, version(t, db), "copies of the catalog need not look again")
}

func TestFewStatementsRaiseTheVersion(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	before := version(t, db)
	content, o := movies(numbered(1, 95)...)
	o.BatchLines = 10
	load(t, db, content, o)
	assert.EqualValues(t, 2*10, version(t, db)-before, "one statement for each batch, which may insert and may update")
}

// An interrupted import goes on after its last batch, from any point.
func TestResume(t *testing.T) {
	t.Parallel()
	lines := numbered(1, 100)
	lines[4], lines[12], lines[71] = `{"title":"","year":1999}`, `{"title":"Film 3","year":1999}`, `{"title":"FILM 2","year":1999}`
	for name, stopped := range map[string]func(ctx context.Context, cancel func(), db *database.DB) func(importer.Progress){
		"canceled between batches": func(_ context.Context, cancel func(), _ *database.DB) func(importer.Progress) {
			return func(p importer.Progress) {
				if p.Line == 30 {
					cancel()
				}
			}
		},
		"connection killed": func(ctx context.Context, _ func(), db *database.DB) func(importer.Progress) {
			return func(p importer.Progress) {
				if p.Line == 30 {
					_, _ = db.Pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
						AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := databasetest.New(t)
			content, o := movies(lines...)
			o.BatchLines = 10
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o.Progress = stopped(t.Context(), cancel, db)
			r, err := tryLoad(ctx, db, content, o)
			require.Error(t, err)
			assert.EqualValues(t, 28, r.Added)
			assert.EqualValues(t, 28, query[int](t, db, `SELECT count(*) FROM movies`))
			assert.Equal(t, []string{"5: title: Must not be empty.", "13: note: Is the film of line 3 again, and was left out."}, r.problems)
			assert.Zero(t, query[int](t, db, `SELECT count(*) FROM audit_log`))

			o.Progress = nil
			o.BatchLines = 7 // need not be the same
			r = load(t, db, content, o)
			assert.Equal(t, importer.Summary{Added: 97, Repeated: 1, Refused: 1, ResumedAfter: 30, Written: true}, r.Summary)
			assert.Equal(t, []string{"72: note: Is the film of line 2 again, and was left out."}, r.problems, "what was before the stop is known")
			assert.EqualValues(t, 97, query[int](t, db, `SELECT count(*) FROM movies`))
		})
	}
}

func TestRestartAndStrictBeginAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*importer.Options){
		"restart": func(o *importer.Options) { o.Restart = true },
		"strict":  func(o *importer.Options) { o.Strict = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := databasetest.New(t)
			content, o := movies(numbered(1, 30)...)
			o.BatchLines = 10
			ctx, cancel := context.WithCancel(t.Context())
			o.Progress = func(importer.Progress) { cancel() }
			_, err := tryLoad(ctx, db, content, o)
			require.Error(t, err)
			o.Progress = nil
			change(&o)
			assert.Equal(t, importer.Summary{Added: 20, Unchanged: 10, Written: true}, load(t, db, content, o).Summary)
		})
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	_, err := db.Pool.Exec(t.Context(), `ALTER TABLE movies ADD CONSTRAINT no_poison CHECK (title <> 'Poison')`)
	require.NoError(t, err)
	content, o := movies(append(numbered(1, 25), `{"title":"x","year":1}`, `{"title":"Poison","year":1999}`)...)
	o.DryRun, o.BatchLines = true, 10
	at := version(t, db)
	r := load(t, db, content, o)
	assert.Equal(t, importer.Summary{Added: 25, Refused: 2}, r.Summary)
	require.Len(t, r.problems, 2)
	assert.Equal(t, "26: year: Must be from 1874 to 2200.", r.problems[0])
	assert.Contains(t, r.problems[1], "no_poison", "the database was asked")
	for _, table := range []string{"movies", "imports", "audit_log"} {
		assert.Zero(t, query[int](t, db, `SELECT count(*) FROM `+table), table)
	}
	assert.Equal(t, at, version(t, db))
	o.DryRun = false
	assert.EqualValues(t, 25, load(t, db, content, o).Added)
}

func TestStrictIsAllOrNothing(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(append(numbered(1, 25), `{"title":"x"}`)...)
	o.Strict, o.BatchLines = true, 10
	r := load(t, db, content, o)
	assert.EqualValues(t, 1, r.Refused)
	assert.False(t, r.Written)
	assert.Zero(t, query[int](t, db, `SELECT count(*) FROM movies`))
	assert.Zero(t, query[int](t, db, `SELECT count(*) FROM imports`))

	content, _ = movies(numbered(1, 25)...)
	assert.Equal(t, importer.Summary{Added: 25, Written: true}, load(t, db, content, o).Summary)
	assert.EqualValues(t, 25, query[int](t, db, `SELECT count(*) FROM movies`))
}

// One line that the database refuses takes no other with it.
func TestLinesThatTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	_, err := db.Pool.Exec(t.Context(), `ALTER TABLE movies ADD CONSTRAINT no_poison CHECK (title NOT LIKE 'Poison%')`)
	require.NoError(t, err)
	lines := numbered(1, 50)
	for _, n := range []int{1, 23, 24, 50} {
		lines[n-1] = fmt.Sprintf(`{"title":"Poison %d","year":1999}`, n)
	}
	content, o := movies(lines...)
	r := load(t, db, content, o)
	assert.Equal(t, importer.Summary{Added: 46, Refused: 4, Written: true}, r.Summary)
	require.Len(t, r.problems, 4)
	for i, line := range []string{"1: ", "23: ", "24: ", "50: "} {
		assert.True(t, strings.HasPrefix(r.problems[i], line), r.problems[i])
	}

	// Refused lines are tried again: what was in their way may be gone.
	_, err = db.Pool.Exec(t.Context(), `ALTER TABLE movies DROP CONSTRAINT no_poison`)
	require.NoError(t, err)
	assert.Equal(t, importer.Summary{Added: 4, Unchanged: 46, Written: true}, load(t, db, content, o).Summary)
	assert.True(t, load(t, db, content, o).AlreadyImported)
}

func TestAuditOfAnImport(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(append(numbered(1, 25), `{}`)...)
	o.BatchLines = 10
	load(t, db, content, o)
	var actor, role, after string
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT coalesce(actor_id::text, ''), actor_role, after FROM audit_log
		WHERE action = 'import' AND entity = 'import'`).Scan(&actor, &role, &after))
	assert.Equal(t, "system", role)
	assert.Empty(t, actor)
	assert.JSONEq(t, `{"kind":"movies","file":"movies.jsonl","lines":26,"added":25,"changed":0,"refused":1}`, after)
	assert.Equal(t, 1, query[int](t, db, `SELECT count(*) FROM audit_log`))
}

func TestOneImportOfAKindAtATime(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(numbered(1, 20)...)
	o.BatchLines = 10
	var second, other error
	o.Progress = func(p importer.Progress) {
		if p.Line == 10 {
			_, second = importer.Run(t.Context(), db, strings.NewReader(`{"title":"x","year":1999}`), importer.Options{Kind: importer.Movies})
			_, other = importer.Run(t.Context(), db, strings.NewReader(``), importer.Options{Kind: importer.Theaters})
		}
	}
	load(t, db, content, o)
	assert.ErrorIs(t, second, importer.ErrBusy)
	assert.NoError(t, other)
}

// Staff go on while a file is imported; what they write is seen.
func TestStaffWriteMeanwhile(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(numbered(1, 20)...)
	o.BatchLines = 10
	o.Progress = func(p importer.Progress) {
		if p.Line == 10 {
			_, err := db.Pool.Exec(t.Context(), `INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES (gen_random_uuid(), 'film-15', 'Film 15', 1999, 90)`)
			assert.NoError(t, err)
		}
	}
	assert.Equal(t, importer.Summary{Added: 19, Unchanged: 1, Written: true}, load(t, db, content, o).Summary)
}

func TestProgress(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(numbered(1, 25)...)
	o.BatchLines = 10
	var lines []int
	o.Progress = func(p importer.Progress) {
		lines = append(lines, p.Line)
		assert.EqualValues(t, len(content), p.Size)
		assert.Equal(t, p.Line == 25, p.Bytes == p.Size)
	}
	load(t, db, content, o)
	assert.Equal(t, []int{10, 20, 25}, lines)
}

func TestProblemIsReportedOnceItsBatchIsWritten(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(`{"title":"x"}`, `{"title":"A","year":1999}`)
	o.Report = func(importer.Problem) {
		assert.Equal(t, 1, query[int](t, db, `SELECT count(*) FROM movies`))
	}
	_, err := importer.Run(t.Context(), db, strings.NewReader(content), o)
	require.NoError(t, err)
}

func TestImportsRow(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := movies(append(numbered(1, 3), `{}`)...)
	load(t, db, content, o)
	var row map[string]any
	require.NoError(t, json.Unmarshal([]byte(query[string](t, db, `SELECT to_json(i) FROM imports i`)), &row))
	assert.Equal(t, "movies", row["kind"])
	assert.Len(t, row["digest"], 64)
	assert.EqualValues(t, 4, row["lines_done"])
	assert.EqualValues(t, 1, row["refused"])
	assert.Equal(t, true, row["finished"])
}
