// Package postgres keeps documents in Postgres, in a schema of their own and with a pool of
// their own: a flood of events takes no connection from bookings. It is the default, on the
// platform's own database; another address moves the documents to another one.
//
// What does not live here: the rules that every store keeps (package documents).
package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/documents/postgres/migrations"
	"github.com/boxoffice/boxoffice/internal/outage"
)

// schema is where the documents are.
const schema = "documents"

const (
	// maxConns is what a process takes of the server's connections for documents.
	maxConns = 8
	// answerWithin bounds what a request waits for, appendWithin what a batch of events waits
	// for, and workWithin what a job waits for: a fold, a model, a deletion.
	answerWithin = 3 * time.Second
	appendWithin = 15 * time.Second
	workWithin   = 2 * time.Minute
)

// Open gives a store that connects when it is first asked: one that is away keeps no process
// from starting. The pool_* parameters of the address win over the store's own size.
func Open(ctx context.Context, url string, options documents.Options, opts ...database.Option) (*documents.Store, error) {
	opts = append([]database.Option{database.WithMaxConns(maxConns), database.WithName("boxoffice documents")}, opts...)
	db, err := database.OpenLater(ctx, url, append(opts, database.WithSchema(schema))...)
	if err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	s := store{db: db.Pool, options: options.Complete()}
	return &documents.Store{
		Name:        "Postgres schema " + schema,
		Preferences: preferences{s}, Events: events{s}, Counters: counters{s}, Lists: lists{s}, Models: models{s},
		Ping: func(ctx context.Context) error {
			if err := database.CheckMigratedApart(ctx, db, migrations.FS); err != nil {
				return fmt.Errorf("documents: %w", err)
			}
			return nil
		},
		Close: db.Close,
	}, nil
}

// Migrate brings the schema of the documents up to date, as database.Migrate does for the
// platform's.
func Migrate(ctx context.Context, url string, progress func(string), opts ...database.MigrateOption) error {
	db, err := database.Open(ctx, url, database.WithName("boxoffice migrate documents"), database.WithSchema(schema))
	if err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	defer db.Close()
	if err := database.MigrateApart(ctx, db, migrations.FS, progress, opts...); err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	return nil
}

// store is what the ports share.
type store struct {
	db      *pgxpool.Pool
	options documents.Options
}

// notMade are states of a database without our schema or a table of it: boxoffice migrate has
// not run yet.
var notMade = []string{"3F000", "42P01"}

// explain gives the errors of a database that is away their code. A server that lets no one in
// is away, whatever it says: it may be starting, moving, or out of room. So is one that was
// not migrated.
func explain(err error, doing string) error {
	var (
		refused  *pgconn.ConnectError
		answered *pgconn.PgError
	)
	switch {
	case err == nil:
		return nil
	case outage.Is(err), errors.As(err, &refused),
		errors.As(err, &answered) && slices.Contains(notMade, answered.Code):
		return documents.Unavailable(fmt.Errorf("documents: %s: %w", doing, err))
	default:
		return fmt.Errorf("documents: %s: %w", doing, err)
	}
}

// perhaps is a column that is null for uuid.Nil.
func perhaps(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

// exec runs a statement of a request and says how many rows it changed.
func (s store) exec(ctx context.Context, doing, sql string, args ...any) (int, error) {
	return s.execWithin(ctx, answerWithin, doing, sql, args...)
}

func (s store) execWithin(ctx context.Context, limit time.Duration, doing, sql string, args ...any) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done, err := s.db.Exec(ctx, sql, args...)
	if err != nil {
		return 0, explain(err, doing)
	}
	return int(done.RowsAffected()), nil
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, s store, doing string, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, explain(err, doing)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, explain(err, doing)
	}
	return all, nil
}

// one reads the row of a query, if there is one.
func (s store) one(ctx context.Context, doing, sql string, args, into []any) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = s.db.QueryRow(ctx, sql, args...).Scan(into...)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, explain(err, doing)
}

// expire deletes rows of a table whose time is over. Locked rows are left to the next run.
func (s store) expire(ctx context.Context, table string, limit int) (int, error) {
	return s.execWithin(ctx, workWithin, "expire "+table, fmt.Sprintf(`DELETE FROM documents.%[1]s WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM documents.%[1]s WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2 FOR UPDATE SKIP LOCKED))`, table),
		s.options.Moment(), limit)
}
