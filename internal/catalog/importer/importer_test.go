package importer_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog/importer"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// result is a summary with what was reported on the way.
type result struct {
	importer.Summary
	problems []string
}

func load(t *testing.T, db *database.DB, content string, o importer.Options) result {
	t.Helper()
	r, err := tryLoad(t.Context(), db, content, o)
	require.NoError(t, err)
	return r
}

func tryLoad(ctx context.Context, db *database.DB, content string, o importer.Options) (r result, err error) {
	o.Report = func(p importer.Problem) { r.problems = append(r.problems, p.String()) }
	r.Summary, err = importer.Run(ctx, db, strings.NewReader(content), o)
	return r, err
}

func movies(lines ...string) (string, importer.Options) {
	return strings.Join(lines, "\n"), importer.Options{Kind: importer.Movies, Name: "movies.jsonl"}
}

func csvOf(kind importer.Kind, rows ...string) (string, importer.Options) {
	return strings.Join(rows, "\n"), importer.Options{Kind: kind, Format: importer.CSV}
}

func query[T any](t *testing.T, db *database.DB, sql string, args ...any) (value T) {
	t.Helper()
	require.NoError(t, db.Pool.QueryRow(t.Context(), sql, args...).Scan(&value))
	return value
}

func version(t *testing.T, db *database.DB) int64 {
	return query[int64](t, db, `SELECT version FROM catalog_version`)
}

// films finds the list of real films beside the repository.
func films(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		if content, err := os.ReadFile(filepath.Join(dir, "shared", "data", "films", "films.jsonl")); err == nil {
			return string(content)
		}
	}
	t.Skip("SKIPPED: the 12,833 real films (../shared/data/films/films.jsonl beside the repository) are not here; the importer was not tried on them")
	return ""
}

func TestRealFilms(t *testing.T) {
	t.Parallel()
	content := films(t)
	db := databasetest.New(t)
	o := importer.Options{Kind: importer.Movies, Name: "films.jsonl"}
	started := time.Now()
	r := load(t, db, content, o)
	t.Logf("%d lines in %s", r.Lines(), time.Since(started))
	assert.Equal(t, importer.Summary{Added: 12829, Repeated: 4, Written: true}, r.Summary)
	assert.Equal(t, []string{
		"8857: note: Is the film of line 8800 again, and was left out.",
		"9160: note: Is the film of line 9122 again, and was left out.",
		"9164: note: Is the film of line 8913 again, and was left out.",
		"11827: note: Is the film of line 11823 again, and was left out.",
	}, r.problems)
	assert.Equal(t, r.Added, query[int64](t, db, `SELECT count(*) FROM movies`))
	assert.EqualValues(t, 2, query[int64](t, db, `SELECT count(*) FROM movies WHERE title = 'Treasure Island' AND year = 1972`))

	o.Restart = true
	started = time.Now()
	r = load(t, db, content, o)
	t.Logf("again in %s", time.Since(started))
	assert.Equal(t, importer.Summary{Unchanged: 12829, Repeated: 4, Written: true}, r.Summary)
}
