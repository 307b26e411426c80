package database

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/boxoffice/boxoffice/schema/migrations"
)

// migrationLock is the advisory lock under which one process at a time migrates
// a database. bun's own lock is a row, which a killed process leaves behind.
const migrationLock = 0x626f786f // "boxo"

// MigrateOption changes what Migrate does.
type MigrateOption func(*migrateOptions)

type migrateOptions struct {
	ownFunctions bool
}

// WithOwnFunctions puts this binary's functions back where a newer version has
// replaced them. Without it they stay: they keep to what this binary calls, and
// processes of the newer version may be running.
func WithOwnFunctions() MigrateOption {
	return func(o *migrateOptions) { o.ownFunctions = true }
}

// Migrate applies the migrations and then the functions (package
// schema/functions) that the database does not have yet, and names each to
// progress (nil: nobody listens). Processes that start together take turns, and
// all but the first find nothing to do.
func Migrate(ctx context.Context, db *DB, progress func(string), opts ...MigrateOption) error {
	var options migrateOptions
	for _, opt := range opts {
		opt(&options)
	}
	if progress == nil {
		progress = func(string) {}
	}
	unlock, err := lockMigrations(ctx, db.Pool)
	if err != nil {
		return err
	}
	defer unlock()

	numbered := migrate.NewMigrations()
	if err := numbered.Discover(migrations.FS); err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	migrator := migrate.NewMigrator(db.Bun, numbered,
		migrate.WithMarkAppliedOnSuccess(true),
		migrate.BeforeMigration(func(_ context.Context, _ bun.IConn, m *migrate.Migration) error {
			progress("migrating: " + m.String())
			return nil
		}))
	if err := migrator.Init(ctx); err != nil {
		return fmt.Errorf("prepare the table of migrations: %w", err)
	}
	if _, err := migrator.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return applyFunctions(ctx, db, options.ownFunctions, progress)
}

// CheckMigrated says whether this binary's migrations and functions are all
// there. A process that serves customers checks; it does not migrate.
func CheckMigrated(ctx context.Context, db *DB) error {
	numbered := migrate.NewMigrations()
	if err := numbered.Discover(migrations.FS); err != nil {
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
	return checkFunctions(ctx, db)
}

func lockMigrations(ctx context.Context, pool *pgxpool.Pool) (unlock func(), err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to migrate: %w", err)
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		conn.Release()
		return nil, fmt.Errorf("wait for another migration: %w", err)
	}
	return func() {
		// The lock belongs to the session: ending it lets go even when the
		// caller's context is over.
		_ = conn.Hijack().Close(context.WithoutCancel(ctx))
	}, nil
}
