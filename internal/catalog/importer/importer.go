package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
)

// Kind says what a file is about.
type Kind string

// The kinds of files.
const (
	ofMovies   Kind = "movies"
	ofTheaters Kind = "theaters"
	ofShows    Kind = "shows"
)

// Format is how a file is written.
type Format string

// The formats.
const (
	JSONLines Format = "jsonl"
	CSV       Format = "csv"
)

// usualBatch is how many lines a transaction has unless Options say otherwise.
const usualBatch = 1000

// Options say how a file is imported.
type Options struct {
	Kind   Kind
	Format Format
	// Name is the file's, for the audit log. Without its directory: that may be a
	// person's.
	Name string
	// DryRun checks everything, the database's constraints too, and writes nothing.
	DryRun bool
	// Strict writes the whole file or, when a line is refused, nothing of it.
	Strict bool
	// Restart forgets how far an earlier import of the same content came.
	Restart bool
	// BatchLines is how many lines are one transaction; 0 means 1000.
	BatchLines int
	// Charging refuses prices and currencies that the payment providers do not
	// charge; nil checks none.
	Charging booking.Charging
	// Report gets every problem, in the order of lines, batch by batch.
	Report func(Problem)
	// Progress is called for every batch after it was written.
	Progress func(Progress)
}

// Progress is how far an import is.
type Progress struct {
	Summary
	// Line is the last line behind it; Bytes of Size are.
	Line        int
	Bytes, Size int64
}

// Summary counts the results of a file's lines.
type Summary struct {
	Added     int64 // were new
	Changed   int64 // were there, and differed
	Unchanged int64 // were there exactly so
	Repeated  int64 // said again what an earlier line says
	Refused   int64
	// ResumedAfter is the last line that an earlier, unfinished import of the same
	// content wrote; its counts are included.
	ResumedAfter int
	// AlreadyImported says that an earlier import finished this content without a
	// refusal, so nothing was done. The counts are of that one.
	AlreadyImported bool
	// Written is false after a dry run, and when Strict met a refusal.
	Written bool
}

// Lines counts all of them.
func (s Summary) Lines() int64 { return s.Added + s.Changed + s.Unchanged + s.Repeated + s.Refused }

var errHeader = errors.New("the header row cannot be used")

// ErrBusy ends an import while another one of its kind runs.
var ErrBusy = errors.New("another import of this kind is running")

// kind reads and writes the lines of a kind of file. It is fed by one goroutine.
type kind interface {
	// fields are those that a line may have.
	fields() spec
	// prepare gets the connection ready.
	prepare(ctx context.Context, conn *pgx.Conn) error
	// take checks a line and keeps it for the batch unless it is refused.
	take(rec record, f *findings)
	// write writes the lines that were taken. The catalog is locked meanwhile.
	write(ctx context.Context, tx pgx.Tx) (Summary, []Problem, error)
	// recall notes the lines that were taken, which an earlier import has written.
	recall(ctx context.Context, tx pgx.Tx) error
}

func kindOf(o Options) (kind, error) {
	switch o.Kind {
	case ofMovies:
		return newMovies(), nil
	case ofTheaters:
		return newTheaters(o.Format, o.Charging), nil
	case ofShows:
		return newShows(o.Charging), nil
	}
	return nil, fmt.Errorf("there is no kind %q of files", o.Kind)
}

// Run imports a file. The summary holds what was written also when there is an
// error; the same call goes on from there. Errors: ErrBusy, and those
// of the file, the database and the context.
func Run(ctx context.Context, db *database.DB, file io.ReadSeeker, o Options) (Summary, error) {
	what, err := kindOf(o)
	if err != nil {
		return Summary{}, err
	}
	if o.BatchLines <= 0 {
		o.BatchLines = usualBatch
	}
	digest, size, err := digestOf(file)
	if err != nil {
		return Summary{}, err
	}
	// A session of its own: it has temporary tables, and the lock that makes a
	// second import wait ends with it, also when we are killed.
	pooled, err := db.Pool.Acquire(ctx)
	if err != nil {
		return Summary{}, fmt.Errorf("connect: %w", err)
	}
	conn := pooled.Hijack()
	defer hangUp(ctx, conn)
	if err := lockKind(ctx, conn, o.Kind); err != nil {
		return Summary{}, err
	}
	if err := what.prepare(ctx, conn); err != nil {
		return Summary{}, err
	}
	run := &run{Options: o, kind: what, conn: conn, digest: digest, size: size}
	if err := run.recallState(ctx); err != nil || run.sum.AlreadyImported {
		return run.sum, err
	}
	if run.in, err = run.open(file); err != nil {
		return run.sum, err
	}
	err = run.all(ctx)
	return run.sum, err
}

// hangUp also ends what a canceled context has left behind on the connection.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// Nothing depends on the goodbye, but the lock would outlive it for a moment.
	_, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`)
	_ = conn.Close(ctx)
}

func digestOf(file io.ReadSeeker) (digest string, size int64, err error) {
	hash := sha256.New()
	if size, err = io.Copy(hash, file); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return "", 0, fmt.Errorf("read the file: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), size, nil
}

// importLock is the first half of the advisory locks, the kind the second.
const importLock = 0x696d70 // "imp"

func lockKind(ctx context.Context, conn *pgx.Conn, k Kind) error {
	// The session of an import that was killed is there for a moment longer.
	if _, err := conn.Exec(ctx, `SET lock_timeout = '3s'`); err != nil {
		return fmt.Errorf("look for another import: %w", err)
	}
	_, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1, hashtext($2))`, importLock, string(k))
	why, fromServer := errors.AsType[*pgconn.PgError](err)
	switch {
	case fromServer && why.Code == "55P03": // lock_not_available
		return ErrBusy
	case err != nil:
		return fmt.Errorf("wait for another import: %w", err)
	}
	// Staff's changes are short, and worth waiting for.
	if _, err := conn.Exec(ctx, `RESET lock_timeout`); err != nil {
		return fmt.Errorf("look for another import: %w", err)
	}
	return nil
}

func (r *run) open(file io.Reader) (source, error) {
	if r.Format != CSV {
		in, err := openJSONLines(file)
		if err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		return in, nil
	}
	in, problems, err := openCSV(file, r.kind.fields())
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if len(problems) > 0 {
		r.tell(problems)
		return nil, errHeader
	}
	return in, nil
}
