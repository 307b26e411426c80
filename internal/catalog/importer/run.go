package importer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/audit"
)

// run is one import under way.
type run struct {
	Options
	kind   kind
	conn   *pgx.Conn
	in     source
	digest string
	size   int64

	sum  Summary
	line int // the last one that is behind us
	done int // the last one that an earlier import wrote
}

// batch is some lines of the file after they were read.
type batch struct {
	refused  int64
	problems []Problem
	last     int // line
	final    bool
}

// recallState reads how far an earlier import of the same content came. One that
// ended with refusals begins again: what was missing may be there by now.
func (r *run) recallState(ctx context.Context) error {
	var (
		lines    int
		sum      Summary
		finished bool
	)
	err := r.conn.QueryRow(ctx, `SELECT lines_done, added, changed, refused, finished FROM imports WHERE kind = $1 AND digest = $2`,
		string(r.Kind), r.digest).Scan(&lines, &sum.Added, &sum.Changed, &sum.Refused, &finished)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("look how far an earlier import came: %w", err)
	case r.Restart, finished && sum.Refused > 0, !finished && r.Strict:
		return nil
	case finished:
		sum.AlreadyImported = true
	default:
		sum.ResumedAfter = lines
	}
	r.sum, r.done = sum, lines
	return nil
}

// all reads the file to its end. Otherwise than in batches it is one transaction
// when nothing of it may stay (a dry run) or nothing may be missing (strict).
func (r *run) all(ctx context.Context) error {
	if err := r.recallLines(ctx); err != nil {
		return err
	}
	if r.DryRun || r.Strict {
		return r.asOne(ctx)
	}
	return r.batches(func(next *batch) (sum Summary, err error) {
		err = pgx.BeginFunc(ctx, r.conn, func(tx pgx.Tx) error {
			sum, err = r.write(ctx, tx, next)
			return err
		})
		sum.Written = true
		return sum, err
	})
}

// batches reads the file to its end and writes it batch by batch.
func (r *run) batches(write func(next *batch) (Summary, error)) error {
	for {
		next, err := r.readUntil(0)
		if err != nil {
			return err
		}
		sum, err := write(&next)
		if err != nil {
			return fmt.Errorf("write the batch that ends with line %d: %w", next.last, err)
		}
		r.sum, r.line = sum, next.last
		r.after(next)
		if next.final {
			return nil
		}
	}
}

// errNothing rolls back what must not stay.
var errNothing = errors.New("nothing is to be written")

func (r *run) asOne(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, r.conn, func(tx pgx.Tx) error {
		err := r.batches(func(next *batch) (Summary, error) { return r.write(ctx, tx, next) })
		if err == nil && (r.DryRun || r.sum.Refused > 0) {
			return errNothing
		}
		return err
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	r.sum.Written = err == nil
	return err
}

// recallLines reads again what an earlier import has written: later lines may
// repeat it.
func (r *run) recallLines(ctx context.Context) error {
	for r.line < r.done {
		next, err := r.readUntil(r.done)
		if err != nil {
			return err
		}
		if err := pgx.BeginFunc(ctx, r.conn, func(tx pgx.Tx) error { return r.kind.recall(ctx, tx) }); err != nil {
			return fmt.Errorf("recall lines up to %d: %w", next.last, err)
		}
		r.line = next.last
		if next.final {
			break
		}
	}
	return nil
}

// readUntil reads the lines of a batch, none of them behind a line (0: as many as
// a batch has).
func (r *run) readUntil(end int) (batch, error) {
	next := batch{last: r.line}
	for range r.BatchLines {
		if end > 0 && next.last >= end {
			break
		}
		rec, problems, err := r.in.next()
		if errors.Is(err, io.EOF) {
			next.final = true
			break
		}
		if err != nil {
			return next, fmt.Errorf("read the file after line %d: %w", next.last, err)
		}
		next.last = rec.line
		f := findings{line: rec.line, columns: rec.columns, all: problems}
		if !f.refused() {
			r.kind.take(rec, &f)
		}
		if f.refused() {
			next.refused++
		}
		next.problems = append(next.problems, f.all...)
	}
	return next, nil
}

// write writes a batch and how far the file has come with it.
func (r *run) write(ctx context.Context, tx pgx.Tx, next *batch) (Summary, error) {
	// Each writer of the catalog raises this first. Held until the end, no process
	// changes what the lines are compared with.
	if _, err := tx.Exec(ctx, `SELECT version FROM catalog_version FOR UPDATE`); err != nil {
		return Summary{}, fmt.Errorf("lock the catalog: %w", err)
	}
	wrote, problems, err := r.kind.write(ctx, tx)
	if err != nil {
		return Summary{}, err
	}
	next.problems = append(next.problems, problems...)
	sum := r.sum
	sum.Added += wrote.Added
	sum.Changed += wrote.Changed
	sum.Unchanged += wrote.Unchanged
	sum.Repeated += wrote.Repeated
	sum.Refused += wrote.Refused + next.refused
	_, err = tx.Exec(ctx, `
		INSERT INTO imports (kind, digest, lines_done, added, changed, refused, finished) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (kind, digest) DO UPDATE SET lines_done = excluded.lines_done, added = excluded.added,
			changed = excluded.changed, refused = excluded.refused, finished = excluded.finished, updated_at = now()`,
		string(r.Kind), r.digest, next.last, sum.Added, sum.Changed, sum.Refused, next.final)
	if err != nil {
		return Summary{}, fmt.Errorf("note how far the file has come: %w", err)
	}
	if !next.final {
		return sum, nil
	}
	return sum, audit.Record(ctx, audit.Pgx(tx), audit.Entry{
		Actor: audit.System(""), Action: "import", Entity: "import", EntityID: r.digest,
		After: map[string]any{
			"kind": r.Kind, "file": r.Name, "lines": next.last,
			"added": sum.Added, "changed": sum.Changed, "refused": sum.Refused,
		},
	})
}

func (r *run) after(b batch) {
	r.tell(b.problems)
	if r.Progress != nil {
		r.Progress(Progress{Summary: r.sum, Line: r.line, Bytes: min(r.in.read(), r.size), Size: r.size})
	}
}

func (r *run) tell(problems []Problem) {
	if r.Report == nil {
		return
	}
	for _, p := range byLine(problems) {
		r.Report(p)
	}
}
