package importer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// table is one that rows are copied into by way of a temporary table beside it.
type table struct {
	name    string
	columns []string // the first is id
	stamped bool     // has updated_at, which no trigger sets
}

// outcome says which rows, by id, were written. The others were there as they are.
type outcome struct{ added, changed map[uuid.UUID]bool }

func newOutcome() outcome { return outcome{map[uuid.UUID]bool{}, map[uuid.UUID]bool{}} }

func (o outcome) include(more outcome) {
	maps.Copy(o.added, more.added)
	maps.Copy(o.changed, more.changed)
}

func (t table) beside() string { return "import_" + t.name }

// prepare makes the temporary table. It lives as long as the connection.
func (t table) prepare(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, fmt.Sprintf(`CREATE TEMPORARY TABLE %s AS SELECT %s FROM %s WITH NO DATA`,
		t.beside(), strings.Join(t.columns, ", "), t.name))
	if err != nil {
		return fmt.Errorf("make a table beside %s: %w", t.name, err)
	}
	return nil
}

// put copies rows into the temporary table and drops those that are in the table
// exactly so: a statement that writes raises the version of the catalog even when
// no row differs.
func (t table) put(ctx context.Context, tx pgx.Tx, rows [][]any) (left int64, err error) {
	if _, err := tx.Exec(ctx, `TRUNCATE `+t.beside()); err != nil {
		return 0, fmt.Errorf("empty %s: %w", t.beside(), err)
	}
	copied, err := tx.CopyFrom(ctx, pgx.Identifier{t.beside()}, t.columns, pgx.CopyFromRows(rows))
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", t.name, err)
	}
	same, err := tx.Exec(ctx, fmt.Sprintf(`DELETE FROM %s b USING %s t WHERE t.id = b.id AND (%s) IS NOT DISTINCT FROM (%s)`,
		t.beside(), t.name, t.list("t.", t.columns), t.list("b.", t.columns)))
	if err != nil {
		return 0, fmt.Errorf("compare %s: %w", t.name, err)
	}
	return copied - same.RowsAffected(), nil
}

func (t table) list(prefix string, columns []string) string {
	return prefix + strings.Join(columns, ", "+prefix)
}

// write adds the rows that are new and corrects those that differ.
func (t table) write(ctx context.Context, tx pgx.Tx, rows [][]any) (outcome, error) {
	if len(rows) == 0 {
		return outcome{}, nil
	}
	if left, err := t.put(ctx, tx, rows); err != nil || left == 0 {
		return outcome{}, err
	}
	sets := make([]string, 0, len(t.columns))
	for _, column := range t.columns[1:] {
		sets = append(sets, column+" = excluded."+column)
	}
	if t.stamped {
		sets = append(sets, "updated_at = now()")
	}
	columns := strings.Join(t.columns, ", ")
	return collect(ctx, tx, fmt.Sprintf(
		`INSERT INTO %s (%s) SELECT %s FROM %s ON CONFLICT (id) DO UPDATE SET %s RETURNING id, xmax = 0`,
		t.name, columns, columns, t.beside(), strings.Join(sets, ", ")))
}

// collect runs a statement that returns the ids it wrote and whether each is new.
// A row that was updated carries the id of the transaction that locked it.
func collect(ctx context.Context, tx pgx.Tx, statement string, args ...any) (outcome, error) {
	o := newOutcome()
	var (
		id  uuid.UUID
		new bool
	)
	rows, _ := tx.Query(ctx, statement, args...) // its error is that of the rows
	_, err := pgx.ForEachRow(rows, []any{&id, &new}, func() error {
		if new {
			o.added[id] = true
		} else {
			o.changed[id] = true
		}
		return nil
	})
	return o, err
}

// isolate writes lines from..to as one, and when the database refuses them halves
// them until the lines that it refuses stand alone. Those are told to refuse; the
// others are written.
func isolate(ctx context.Context, tx pgx.Tx, from, to int,
	write func(tx pgx.Tx, from, to int) error, refuse func(at int, why *pgconn.PgError)) error {
	if from == to {
		return nil
	}
	err := pgx.BeginFunc(ctx, tx, func(inner pgx.Tx) error { return write(inner, from, to) }) // a savepoint
	why, fromServer := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return nil
	case !fromServer || !refusesData(why):
		return err
	case to-from == 1:
		refuse(from, why)
		return nil
	}
	middle := (from + to) / 2
	if err := isolate(ctx, tx, from, middle, write, refuse); err != nil {
		return err
	}
	return isolate(ctx, tx, middle, to, write, refuse)
}

// refusesData tells a fault of a row from one of the server or of ours: classes
// 22 and 23 of SQLSTATE, data exceptions and violated constraints.
func refusesData(err *pgconn.PgError) bool {
	return strings.HasPrefix(err.Code, "22") || strings.HasPrefix(err.Code, "23")
}
