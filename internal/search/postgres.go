package search

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/database"
)

// Poll is how often an engine over Postgres should look by itself, so that a
// change is found within 2 s by this alone: reading and building take their time.
const Poll = time.Second

// Postgres is the catalog in our own database.
type Postgres struct {
	pool  *pgxpool.Pool
	log   *slog.Logger
	quiet time.Duration
}

// NewPostgres reads the catalog through a pool.
func NewPostgres(pool *pgxpool.Pool, log *slog.Logger) *Postgres {
	return &Postgres{pool: pool, log: log, quiet: database.Quiet}
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// version reads the number that triggers raise with every change of the catalog.
func (p *Postgres) version(ctx context.Context) (string, error) { return versionOf(ctx, p.pool) }

func versionOf(ctx context.Context, db querier) (string, error) {
	var version int64
	if err := db.QueryRow(ctx, `SELECT version FROM catalog_version`).Scan(&version); err != nil {
		return "", fmt.Errorf("read catalog_version: %w", err)
	}
	return strconv.FormatInt(version, 10), nil
}

// load reads everything as it was at one moment, the version included.
func (p *Postgres) load(ctx context.Context) (s Snapshot, err error) {
	moment := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, p.pool, moment, func(tx pgx.Tx) error {
		s, err = load(ctx, tx)
		return err
	})
	return s, err
}

func load(ctx context.Context, db querier) (s Snapshot, err error) {
	if s.Version, err = versionOf(ctx, db); err != nil {
		return s, err
	}
	if s.Cities, err = rowsOf[City](ctx, db, `SELECT id, slug, name FROM cities ORDER BY id`); err != nil {
		return s, fmt.Errorf("read cities: %w", err)
	}
	if s.Theaters, err = rowsOf[Theater](ctx, db, `
		SELECT id, city_id, slug, name, address, lat, lon, time_zone, accessibility FROM theaters
		WHERE retired_at IS NULL ORDER BY id`); err != nil {
		return s, fmt.Errorf("read theaters: %w", err)
	}
	if s.Movies, err = rowsOf[Movie](ctx, db, `
		SELECT id, slug, title, original_title, aliases, year, popularity, genres, languages, certificate, credits
		FROM movies WHERE retired_at IS NULL ORDER BY id`); err != nil {
		return s, fmt.Errorf("read movies: %w", err)
	}
	if s.Shows, err = loadShows(ctx, db); err != nil {
		return s, fmt.Errorf("read shows: %w", err)
	}
	return s, nil
}

// loadShows reads what can still be booked or will be: selling begins and ends
// without a change of the catalog, so the index looks at the times itself.
func loadShows(ctx context.Context, db querier) ([]Show, error) {
	type row struct {
		Show
		Prices map[string]int64
	}
	rows, err := rowsOf[row](ctx, db, `
		SELECT s.id, movie_id, theater_id, starts_at, sales_open_at, sales_close_at, format, language, subtitles, currency, prices,
			array_remove(ARRAY[CASE WHEN captions THEN 'captions' END, CASE WHEN audio_description THEN 'audio_description' END,
				CASE WHEN relaxed THEN 'relaxed' END, CASE WHEN wheelchair_spaces > 0 THEN 'wheelchair_spaces' END], NULL) AS access
		FROM shows s JOIN layouts l ON l.id = s.layout_id
		WHERE status = 'scheduled' AND starts_at > now() AND sales_close_at > now() ORDER BY s.id`)
	if err != nil {
		return nil, err
	}
	shows := make([]Show, len(rows))
	for i, r := range rows {
		shows[i] = r.Show
		if prices := slices.Sorted(maps.Values(r.Prices)); len(prices) > 0 {
			shows[i].PriceMin, shows[i].PriceMax = prices[0], prices[len(prices)-1]
		}
	}
	return shows, nil
}

// rowsOf reads columns into the fields of their names; the index knows more
// about a theater or a show than the database does.
func rowsOf[T any](ctx context.Context, db querier, query string) ([]T, error) {
	rows, _ := db.Query(ctx, query) // its error is that of the rows
	return pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
}

// Hints tells when the catalog may have changed, until the context ends.
func (p *Postgres) Hints(ctx context.Context) <-chan struct{} {
	return database.Listen(ctx, p.pool, "catalog", p.quiet, p.log)
}
