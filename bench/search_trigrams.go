package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/database/pglocal"
	"github.com/boxoffice/boxoffice/internal/search/judged"
)

// trigrams is a Postgres that searches titles with pg_trgm, the way its manual
// tells (appendix F, "pg_trgm"): a trigram index, the most similar first.
type trigrams struct {
	conn *pgx.Conn
	stop func()
	err  error // the first that a search met
}

// mostSimilar leaves the threshold at its default. A lower one of 0.1, and a GiST
// index read in order of distance, find more where two letters are wrong and are
// 15 to 40 times slower than this already at the size of the real list.
const mostSimilar = `SELECT place FROM titles WHERE title % $1 ORDER BY similarity(title, $1) DESC, popularity DESC, place LIMIT 5`

// openTrigrams uses the server of DATABASE_URL, or starts one of its own.
func openTrigrams(ctx context.Context) (*trigrams, error) {
	address, stop := os.Getenv("DATABASE_URL"), func() {}
	if address == "" {
		dir, err := os.MkdirTemp("", "boxoffice-bench-")
		if err != nil {
			return nil, err
		}
		server, err := pglocal.Start(ctx, pglocal.Options{DataDir: dir})
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		address, stop = server.URL("postgres"), func() {
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			if err := errors.Join(server.Stop(ending), os.RemoveAll(dir)); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
			}
		}
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		stop()
		return nil, fmt.Errorf("connect: %w", err)
	}
	pg := &trigrams{conn: conn, stop: stop}
	if _, err := conn.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS pg_trgm`); err != nil {
		pg.close()
		return nil, fmt.Errorf("pg_trgm, of PostgreSQL's contrib: %w", err)
	}
	return pg, nil
}

func (pg *trigrams) close() {
	_ = pg.conn.Close(context.Background()) // nothing depends on the goodbye
	pg.stop()
}

// load makes a table of the titles that lasts as long as the connection.
func (pg *trigrams) load(ctx context.Context, list []judged.Film, popularity []float64) (f finder, err error) {
	_, err = pg.conn.Exec(ctx, `DROP TABLE IF EXISTS titles;
		CREATE TEMPORARY TABLE titles (place integer, title text, popularity double precision)`)
	if err != nil {
		return f, err
	}
	rows := pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
		return []any{i, list[i].Title, popularity[i]}, nil
	})
	if _, err := pg.conn.CopyFrom(ctx, pgx.Identifier{"titles"}, []string{"place", "title", "popularity"}, rows); err != nil {
		return f, fmt.Errorf("copy titles: %w", err)
	}
	start := time.Now()
	if _, err := pg.conn.Exec(ctx, `CREATE INDEX ON titles USING gin (title gin_trgm_ops)`); err != nil {
		return f, err
	}
	f = finder{name: "pg_trgm", find: pg.find(ctx), built: time.Since(start)}
	if _, err := pg.conn.Exec(ctx, `ANALYZE titles`); err != nil {
		return f, err
	}
	err = pg.conn.QueryRow(ctx, `SELECT pg_indexes_size('titles'::regclass)`).Scan(&f.bytes)
	return f, err
}

func (pg *trigrams) find(ctx context.Context) func(string) []int {
	return func(text string) []int {
		rows, err := pg.conn.Query(ctx, mostSimilar, text)
		if err == nil {
			var places []int
			if places, err = pgx.CollectRows(rows, pgx.RowTo[int]); err == nil {
				return places
			}
		}
		if pg.err == nil {
			pg.err = err
		}
		return nil
	}
}
