// Package keyring makes sure that every process can read what the others encrypt
// into Temporal. A process stores in the database which payload keys it has. At its start,
// and from then on all the time, it proves that it has every key in use. A process that
// lacks one is refused at its start, and notified while it runs.
//
// What does not live here: the encryption, which is package temporal's; and what a
// process does that is told, which the command decides.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/temporal"
)

const (
	// every is how often a process says that it runs, and looks whether its keys fit.
	every = 15 * time.Second
	// alive is how long after that it counts as running.
	alive = 4 * every
	// loudEvery is how often an unreadable payload is logged; all are counted.
	loudEvery = 10 * time.Second
	// forgetAfter is when a process that did not say goodbye is removed.
	forgetAfter = "1 day"
)

// Options says whose keys they are.
type Options struct {
	Pool    *pgxpool.Pool
	Keys    temporal.Keys // at least one; the first encrypts
	Process string        // its kind, for readers of errors
	Logger  *slog.Logger
}

// Ring is the keys of this process among those of all.
type Ring struct {
	Options
	id     uuid.UUID
	misfit atomic.Pointer[MisfitError]
	loud   atomic.Int64 // unix nanoseconds of the last log line
	wake   chan struct{}
}

// MisfitError says that this process lacks a key that is in use.
type MisfitError struct {
	KeyID string
	Since time.Time // when it was first used
	Cause string
}

// Error implements error. It names the setting and the fix.
func (e *MisfitError) Error() string {
	return fmt.Sprintf("TEMPORAL_CODEC_KEYS: key %q is in use since %s, and %s. Add it after the first key; "+
		"if nothing needs it any more, retire it (docs/operating.md)", e.KeyID, e.Since.UTC().Format(time.RFC3339), e.Cause)
}

// Join proves that this process has every key in use, and says which keys it has. The
// error is a MisfitError, or says that the first key is used too early: when a running
// process does not have it yet.
func Join(ctx context.Context, opts Options) (*Ring, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	r := &Ring{Options: opts, id: uuid.New(), wake: make(chan struct{}, 1)}
	err := pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		// One process after the other: two must not put two new keys in front.
		if _, err := tx.Exec(ctx, `LOCK TABLE codec_keys IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		if err := r.check(ctx, tx); err != nil {
			return err
		}
		if err := r.register(ctx, tx); err != nil {
			return err
		}
		return r.announce(ctx, tx)
	})
	if err != nil {
		return nil, fmt.Errorf("payload keys: %w", err)
	}
	return r, nil
}

// Leave says that this process has ended.
func (r *Ring) Leave(ctx context.Context) error {
	_, err := r.Pool.Exec(ctx, `DELETE FROM codec_key_holders WHERE process = $1`, r.id)
	return err
}

// Fits gives a MisfitError as long as this process lacks a key.
func (r *Ring) Fits() error {
	if misfit := r.misfit.Load(); misfit != nil {
		return misfit
	}
	return nil
}

// Watch checks until the context ends whether the keys still fit, and soon after a failed
// read. It calls misfits each time that they stop fitting.
func (r *Ring) Watch(ctx context.Context, misfits func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake:
		}
		err := r.beat(ctx)
		var misfit *MisfitError
		switch {
		case errors.As(err, &misfit):
			if r.misfit.Swap(misfit) == nil {
				r.Logger.ErrorContext(ctx, "this process lacks a payload key", "key", misfit.KeyID, "error", misfit)
				misfits(misfit)
			}
		case err == nil:
			if r.misfit.Swap(nil) != nil {
				r.Logger.InfoContext(ctx, "the payload keys fit again")
			}
		case ctx.Err() == nil:
			// Not knowing is no reason to stop: the database is down for all processes.
			r.Logger.WarnContext(ctx, "payload keys not checked", "error", err)
		}
		fits.Set(oneIf(r.misfit.Load() == nil))
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// Unreadable records a payload that could not be read: it logs an error and checks the keys
// in use. If they all fit, the payload is foreign, and only its own workflow waits.
func (r *Ring) Unreadable(err *temporal.UnreadableError) {
	unreadable.Inc()
	now := time.Now().UnixNano()
	if last := r.loud.Load(); now-last > int64(loudEvery) && r.loud.CompareAndSwap(last, now) {
		r.Logger.Error("a payload cannot be read; it is left for a process that can", "key", err.KeyID, "error", err)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Ring) beat(ctx context.Context) error {
	return pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		if err := r.announce(ctx, tx); err != nil {
			return err
		}
		return r.check(ctx, tx)
	})
}

// check reads the proof of every key in use.
func (r *Ring) check(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT id, proof, first_used FROM codec_keys WHERE retired_at IS NULL ORDER BY first_used, id`)
	if err != nil {
		return err
	}
	type inUse struct {
		ID    string
		Proof []byte
		Since time.Time
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[inUse])
	if err != nil {
		return err
	}
	for _, key := range all {
		var unreadable *temporal.UnreadableError
		if err := r.Keys.Read(key.Proof); errors.As(err, &unreadable) {
			return &MisfitError{KeyID: key.ID, Since: key.Since, Cause: unreadable.Cause}
		} else if err != nil {
			return err
		}
	}
	return nil
}

// register makes the first key one that is in use, if every running process has it.
// The first process of all registers all of its keys: earlier ones may have used them.
func (r *Ring) register(ctx context.Context, tx pgx.Tx) error {
	var used, known bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM codec_keys),
			EXISTS (SELECT FROM codec_keys WHERE id = $1 AND retired_at IS NULL)`, r.Keys[0].ID).Scan(&used, &known); err != nil || known {
		return err
	}
	keys := r.Keys[:1]
	if !used {
		keys = r.Keys
	}
	if err := r.everybodyHas(ctx, tx, r.Keys[0].ID); err != nil {
		return err
	}
	for _, key := range keys {
		proof, err := key.Proof()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO codec_keys (id, proof) VALUES ($1, $2)
			ON CONFLICT (id) DO UPDATE SET proof = excluded.proof, last_used = now(), retired_at = NULL`, key.ID, proof); err != nil {
			return err
		}
	}
	return nil
}

func (r *Ring) everybodyHas(ctx context.Context, tx pgx.Tx, key string) error {
	rows, err := tx.Query(ctx, `SELECT name FROM codec_key_holders
		WHERE seen_at > now() - make_interval(secs => $1) AND NOT $2 = ANY(keys) ORDER BY name`, alive.Seconds(), key)
	if err != nil {
		return err
	}
	without, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(without) == 0 {
		return err
	}
	return fmt.Errorf("TEMPORAL_CODEC_KEYS: key %q is in front, but %s cannot read it yet. First add it after the other keys "+
		"in every process; when all of them have it, put it in front (a process that ended without notice counts for %s more)",
		key, strings.Join(without, ", "), alive)
}

// announce says that this process runs, and with which keys.
func (r *Ring) announce(ctx context.Context, tx pgx.Tx) error {
	var ids []string
	for _, key := range r.Keys {
		ids = append(ids, key.ID)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO codec_key_holders (process, name, keys) VALUES ($1, $2, $3)
		ON CONFLICT (process) DO UPDATE SET seen_at = now()`, r.id, r.name(), ids); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM codec_key_holders WHERE seen_at < now() - interval '`+forgetAfter+`'`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE codec_keys SET last_used = now() WHERE id = $1 AND retired_at IS NULL`, ids[0])
	return err
}

func (r *Ring) name() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return fmt.Sprintf("%s %s/%d", r.Process, host, os.Getpid())
}
