package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun/migrate"

	"github.com/boxoffice/boxoffice/schema/functions"
	"github.com/boxoffice/boxoffice/schema/migrations"
)

// migrationLock is the advisory lock under which one process at a time migrates
// a database. bun's own lock is a row, which a killed process leaves behind.
const migrationLock = 0x626f786f // "boxo"

// askForLockEvery is how often a process that waits for its turn asks again.
const askForLockEvery = 200 * time.Millisecond

// What Migrate does without options.
const (
	defaultLockTimeout      = 3 * time.Second
	defaultStatementTimeout = time.Minute
	defaultPatience         = 10 * time.Minute
)

// MigrateOption changes what Migrate does.
type MigrateOption func(*migrateOptions)

type migrateOptions struct {
	lockTimeout      time.Duration
	statementTimeout time.Duration
	patience         time.Duration
	ownFunctions     bool
	progress         func(string)
	migrations       fs.FS
}

// WithLockTimeout bounds how long a statement may wait for a lock (default: 3 s).
// All that comes after it waits behind it: customers, too.
func WithLockTimeout(d time.Duration) MigrateOption {
	return func(o *migrateOptions) { o.lockTimeout = d }
}

// WithStatementTimeout bounds each statement that runs in a transaction (default:
// 1 min), because it may hold locks that customers wait for. What runs outside of
// one, CREATE INDEX CONCURRENTLY, has no bound.
func WithStatementTimeout(d time.Duration) MigrateOption {
	return func(o *migrateOptions) { o.statementTimeout = d }
}

// WithPatience is how long a migration that got no lock is tried again (default:
// 10 min).
func WithPatience(d time.Duration) MigrateOption {
	return func(o *migrateOptions) { o.patience = d }
}

// WithOwnFunctions puts this binary's functions back where a newer version has
// replaced them. Without it they stay: they keep to what this binary calls, and
// processes of the newer version may be running.
func WithOwnFunctions() MigrateOption {
	return func(o *migrateOptions) { o.ownFunctions = true }
}

// Migrate applies the migrations and then the functions (package
// schema/functions) that the database does not have yet, and names each to
// progress (nil: no progress is told). Processes that start together take turns, and
// all but the first find nothing to do. Interrupted at any point, it goes on from
// there the next time.
func Migrate(ctx context.Context, db *DB, progress func(string), opts ...MigrateOption) error {
	conn, m, err := startMigrating(ctx, db, progress, opts)
	if err != nil {
		return err
	}
	// The lock belongs to the session: ending it lets go even when the caller's
	// context is over.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	if err := m.runMigrations(ctx, db); err != nil {
		return explainServer(err)
	}
	return explainServer(m.runFunctions(ctx, functions.FS))
}

// MigrateApart is Migrate for a part of the platform whose tables are in a schema of their
// own, perhaps in another database: db was opened WithSchema, which is made if it is not
// there. Its migrations have books of their own in that schema. It has no functions.
func MigrateApart(ctx context.Context, db *DB, source fs.FS, progress func(string), opts ...MigrateOption) error {
	schema := db.Pool.Config().ConnConfig.RuntimeParams["search_path"]
	if schema == "" {
		return errors.New("the database was opened without a schema of its own")
	}
	opts = append(opts, func(o *migrateOptions) { o.migrations = source })
	conn, m, err := startMigrating(ctx, db, progress, opts)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	if _, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{schema}.Sanitize()); err != nil {
		return fmt.Errorf("make schema %s: %w", schema, err)
	}
	if err := checkSchema(ctx, db); err != nil {
		return err
	}
	return explainServer(m.runMigrations(ctx, db))
}

// startMigrating waits for its turn. The connection has the lock; closing it lets go.
func startMigrating(ctx context.Context, db *DB, progress func(string), opts []MigrateOption) (*pgx.Conn, *migrator, error) {
	options := migrateOptions{
		lockTimeout:      defaultLockTimeout,
		statementTimeout: defaultStatementTimeout,
		patience:         defaultPatience,
		progress:         progress,
		migrations:       migrations.FS,
	}
	if progress == nil {
		options.progress = func(string) {}
	}
	for _, opt := range opts {
		opt(&options)
	}
	conn, err := lockMigrations(ctx, db.Pool, options.progress)
	if err != nil {
		return nil, nil, err
	}
	if err := tryPLpgSQL(ctx, conn); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, nil, err
	}
	return conn, &migrator{conn: conn, migrateOptions: options}, nil
}

// checkSchema: something between us and the server, such as a pool of connections, can lose
// the schema that db was opened with. Then the tables would be mixed with the platform's own.
func checkSchema(ctx context.Context, db *DB) error {
	want, have := db.Pool.Config().ConnConfig.RuntimeParams["search_path"], ""
	if err := db.Pool.QueryRow(ctx, `SELECT coalesce(current_schema(), '')`).Scan(&have); err != nil {
		return fmt.Errorf("ask for the schema: %w", err)
	}
	if have == "" {
		return fmt.Errorf("the database has no schema %q: run boxoffice migrate", want)
	}
	if have != want {
		return fmt.Errorf("the schema is %q and not %q: a pool of connections in between has to pass search_path on, or run the migrations", have, want)
	}
	return nil
}

// CheckMigrated says whether this binary's migrations and functions are all
// there. A process that serves customers checks; it does not migrate.
func CheckMigrated(ctx context.Context, db *DB) error {
	if err := checkMigrations(ctx, db, migrations.FS); err != nil {
		return err
	}
	if err := checkFunctions(ctx, db); err != nil {
		return err
	}
	return tryPLpgSQL(ctx, db.Pool)
}

// CheckMigratedApart is CheckMigrated for what MigrateApart migrates.
func CheckMigratedApart(ctx context.Context, db *DB, source fs.FS) error {
	if err := checkSchema(ctx, db); err != nil {
		return err
	}
	return checkMigrations(ctx, db, source)
}

func checkMigrations(ctx context.Context, db *DB, source fs.FS) error {
	numbered := migrate.NewMigrations()
	if err := numbered.Discover(source); err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	var exists bool
	if err := db.Pool.QueryRow(ctx, `SELECT to_regclass('bun_migrations') IS NOT NULL`).Scan(&exists); err != nil {
		return fmt.Errorf("look for the table of migrations: %w", err)
	}
	if !exists {
		return errors.New("the database is empty: run boxoffice migrate")
	}
	known, err := migrate.NewMigrator(db.Bun, numbered).MigrationsWithStatus(ctx)
	if err != nil {
		return fmt.Errorf("read the state of the migrations: %w", err)
	}
	if missing := known.Unapplied(); len(missing) > 0 {
		return fmt.Errorf("the database lacks %d migrations, the first is %s: run boxoffice migrate", len(missing), missing[0])
	}
	return nil
}

// lockMigrations waits for its turn and gives the connection that has it. All
// that is migrated runs on this one connection: a server that still works for a
// process that was killed keeps the lock until it is done.
//
// It asks again and again and does not wait inside the server: CREATE INDEX
// CONCURRENTLY waits for every statement that began before it, so that it would
// wait for the one that waits for its lock.
func lockMigrations(ctx context.Context, pool *pgxpool.Pool, progress func(string)) (conn *pgx.Conn, err error) {
	pooled, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to migrate: %w", err)
	}
	conn = pooled.Hijack()
	defer func() {
		if err != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	ticker := time.NewTicker(askForLockEvery)
	defer ticker.Stop()
	for asked := 0; ; asked++ {
		var locked bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, migrationLock).Scan(&locked); err != nil {
			return nil, fmt.Errorf("wait for another migration: %w", err)
		}
		if locked {
			return conn, nil
		}
		if asked == 0 {
			progress("waiting: another process is migrating this database")
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another migration: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}
