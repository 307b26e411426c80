package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun/migrate"
)

// lastMarkedApart is the last migration of the releases that wrote a migration's
// mark after its transaction. One of these can be there without its mark.
const lastMarkedApart = "20261122000006"

// migrator does the work of Migrate.
type migrator struct {
	migrateOptions
	conn *pgx.Conn // has the lock
}

// migration is a file that is to be applied.
type migration struct {
	name  string // its number, by which bun_migrations knows it
	title string // number and comment
	kind  string
	text  string
	group int64
}

// The kinds of migrations, which end a file's name.
const (
	kindTransaction  = ".up.sql"
	kindConcurrently = ".concurrently.up.sql"
	kindBatches      = ".batches.up.sql"
)

func (m *migrator) runMigrations(ctx context.Context, db *DB) error {
	missing, err := m.missing(ctx, db)
	if err != nil {
		return err
	}
	for _, one := range missing {
		m.progress("migrating: " + one.title)
		apply := m.inTransaction
		switch one.kind {
		case kindConcurrently:
			apply = m.concurrently
		case kindBatches:
			apply = m.inBatches
		}
		if err := m.patiently(ctx, one.title, func() error { return apply(ctx, one) }); err != nil {
			return fmt.Errorf("migrate the database: %s: %w", one.title, err)
		}
	}
	return nil
}

// missing lists what the database does not have yet. bun keeps the books.
func (m *migrator) missing(ctx context.Context, db *DB) ([]migration, error) {
	numbered := migrate.NewMigrations()
	if err := numbered.Discover(m.migrations); err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	books := migrate.NewMigrator(db.Bun, numbered)
	if err := books.Init(ctx); err != nil {
		return nil, fmt.Errorf("prepare the table of migrations: %w", err)
	}
	known, err := books.MigrationsWithStatus(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of the migrations: %w", err)
	}
	var missing []migration
	for _, one := range known.Unapplied() {
		read := migration{name: one.Name, title: one.String(), group: known.LastGroupID() + 1}
		if err := read.from(m.migrations); err != nil {
			return nil, err
		}
		missing = append(missing, read)
	}
	return missing, nil
}

// from reads the one file that the migration is.
func (one *migration) from(source fs.FS) error {
	for _, kind := range []string{kindTransaction, kindConcurrently, kindBatches} {
		text, err := fs.ReadFile(source, one.title+kind)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("read the migrations: %w", err)
		case one.kind != "":
			return fmt.Errorf("migration %s has two files: %s and %s", one.title, one.kind, kind)
		default:
			one.kind, one.text = kind, string(text)
		}
	}
	if one.kind == "" {
		return fmt.Errorf("migration %s has no file that ends in %s, %s or %s", one.title, kindTransaction, kindConcurrently, kindBatches)
	}
	return nil
}

// patiently tries again what failed because of a lock: it is undone, so that
// customers who waited behind it go on, and is tried a little later.
func (m *migrator) patiently(ctx context.Context, title string, apply func() error) error {
	giveUp := time.Now().Add(m.patience)
	for pause := time.Second; ; pause = min(2*pause, 15*time.Second) {
		err := apply()
		if !failedOnLock(err) {
			return m.explainTimeout(err)
		}
		if time.Now().Add(pause).After(giveUp) {
			return fmt.Errorf("got no lock within %s: %w%s", m.patience, err, m.oldestTransaction(ctx))
		}
		m.progress(fmt.Sprintf("%s: no lock (%v)%s; trying again in %s", title, err, m.oldestTransaction(ctx), pause))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// inTransaction applies a migration and its mark together: both are there, or
// neither.
func (m *migrator) inTransaction(ctx context.Context, one migration) error {
	err := m.transaction(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, one.text); err != nil {
			return err
		}
		return mark(ctx, tx, one)
	})
	if isDuplicate(err) && one.name <= lastMarkedApart {
		// Such a file was one transaction: a part of it that is there means all
		// of it is.
		m.progress(one.title + ": is there already; a migration that was killed left it without its mark")
		return mark(ctx, m.conn, one)
	}
	return err
}

// transaction runs what is bounded by the two timeouts.
func (m *migrator) transaction(ctx context.Context, work func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, m.conn, func(tx pgx.Tx) error {
		if err := setTimeouts(ctx, tx, "SET LOCAL", m.lockTimeout, m.statementTimeout); err != nil {
			return err
		}
		return work(tx)
	})
}

// concurrently applies statements outside of a transaction that keep no customer
// waiting, so that they may wait as long as they need. A run that was killed is
// repeated: an index that is whole stays, half of one is dropped.
func (m *migrator) concurrently(ctx context.Context, one migration) error {
	statements, err := concurrentStatements(one.text)
	if err != nil {
		return err
	}
	if err := setTimeouts(ctx, m.conn, "SET", 0, 0); err != nil {
		return err
	}
	for _, statement := range statements {
		if err := m.dropInvalid(ctx, statement.index); err != nil {
			return err
		}
		if _, err := m.conn.Exec(ctx, statement.text); err != nil {
			// An index that failed would slow down every write from now on, and a
			// unique one would refuse some.
			return errors.Join(err, m.dropInvalid(ctx, statement.index))
		}
	}
	return mark(ctx, m.conn, one)
}

func (m *migrator) dropInvalid(ctx context.Context, index string) error {
	if m.conn.IsClosed() {
		return nil // the next run does it
	}
	var invalid bool
	err := m.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid)`,
		index).Scan(&invalid)
	if err != nil {
		return fmt.Errorf("look at index %s: %w", index, err)
	}
	if !invalid {
		return nil
	}
	m.progress("dropping index " + index + ", which was not built to its end")
	if _, err := m.conn.Exec(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+index); err != nil {
		return fmt.Errorf("drop the unfinished index %s: %w", index, err)
	}
	return nil
}

// inBatches repeats each statement, a transaction each time, until it changes no
// more rows. A run that was killed goes on where it stopped.
func (m *migrator) inBatches(ctx context.Context, one migration) error {
	for _, statement := range splitStatements(one.text) {
		said, total := time.Now(), int64(0)
		for {
			var changed int64
			err := m.transaction(ctx, func(tx pgx.Tx) error {
				result, err := tx.Exec(ctx, statement)
				changed = result.RowsAffected()
				return err
			})
			if err != nil {
				return err
			}
			if changed == 0 {
				break
			}
			if total += changed; time.Since(said) > 10*time.Second {
				said = time.Now()
				m.progress(fmt.Sprintf("%s: %d rows so far", one.title, total))
			}
		}
	}
	return mark(ctx, m.conn, one)
}

// executor is a connection or a transaction.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func mark(ctx context.Context, db executor, one migration) error {
	if _, err := db.Exec(ctx, `INSERT INTO bun_migrations (name, group_id) VALUES ($1, $2)`, one.name, one.group); err != nil {
		return fmt.Errorf("mark it as applied: %w", err)
	}
	return nil
}

func setTimeouts(ctx context.Context, db executor, set string, lock, statement time.Duration) error {
	_, err := db.Exec(ctx, fmt.Sprintf(`%[1]s lock_timeout = %[2]d; %[1]s statement_timeout = %[3]d`,
		set, lock.Milliseconds(), statement.Milliseconds()))
	if err != nil {
		return fmt.Errorf("set the timeouts: %w", err)
	}
	return nil
}

type concurrentStatement struct{ text, index string }

// What a .concurrently.up.sql file may hold: statements that can be repeated.
var concurrentIndex = regexp.MustCompile(
	`(?is)^(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS|DROP\s+INDEX\s+CONCURRENTLY\s+IF\s+EXISTS)\s+(\w+)`)

func concurrentStatements(text string) ([]concurrentStatement, error) {
	var statements []concurrentStatement
	for _, statement := range splitStatements(text) {
		found := concurrentIndex.FindStringSubmatch(statement)
		if found == nil {
			return nil, fmt.Errorf("only CREATE [UNIQUE] INDEX CONCURRENTLY IF NOT EXISTS and DROP INDEX CONCURRENTLY IF EXISTS can run outside of a transaction, not: %s", statement)
		}
		statements = append(statements, concurrentStatement{text: statement, index: found[1]})
	}
	return statements, nil
}

// splitStatements cuts a file after the lines that end in a semicolon, and leaves
// out lines that are comments.
func splitStatements(text string) []string {
	var (
		statements []string
		lines      []string
	)
	for line := range strings.Lines(text + "\n;") {
		line = strings.TrimRight(line, " \t\r\n")
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		line, ends := strings.CutSuffix(line, ";")
		lines = append(lines, line)
		if !ends {
			continue
		}
		if statement := strings.TrimSpace(strings.Join(lines, "\n")); statement != "" {
			statements = append(statements, statement)
		}
		lines = nil
	}
	return statements
}

func hasCode(err error, codes ...string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && slices.Contains(codes, refused.Code)
}

// failedOnLock: lock_not_available, deadlock_detected.
func failedOnLock(err error) bool { return hasCode(err, "55P03", "40P01") }

// isDuplicate: a table, column, constraint or function that is there already.
func isDuplicate(err error) bool { return hasCode(err, "42P07", "42701", "42710", "42723") }

// explainTimeout names the setting behind query_canceled.
func (m *migrator) explainTimeout(err error) error {
	if !hasCode(err, "57014") {
		return err
	}
	return fmt.Errorf("a statement took longer than %s (MIGRATE_STATEMENT_TIMEOUT) and was undone: %w", m.statementTimeout, err)
}

// oldestTransaction says who probably has the lock: the one that has been
// in a transaction for longest.
func (m *migrator) oldestTransaction(ctx context.Context) string {
	var who string
	err := m.conn.QueryRow(ctx, `SELECT format('; the oldest transaction is of %s, process %s, for %s s: %s',
			coalesce(nullif(application_name, ''), 'somebody'), pid, extract(epoch FROM now() - xact_start)::integer, left(query, 100))
		FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
		ORDER BY xact_start LIMIT 1`).Scan(&who)
	if err != nil { // it does not exist, or the message goes without it
		return ""
	}
	return who
}
