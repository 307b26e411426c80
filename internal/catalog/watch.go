package catalog

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/database"
)

const (
	// Poll is how often a Watch looks by itself.
	Poll = time.Second

	// settle gathers the hints of a burst, such as an import, into one look.
	settle = 50 * time.Millisecond
	// chase is how soon a replica is asked again that has not caught up.
	chase = 50 * time.Millisecond
	// mostBehind is how long reads stay with a replica that does not catch up. With
	// the poll it is what a change takes at most to be read.
	mostBehind = 750 * time.Millisecond
	askWithin  = 750 * time.Millisecond
)

// Watch knows which version of the catalog is read now, and, with a replica,
// where: there while it keeps up, else on the primary. What is read after
// Version was asked is of that version or a later one.
type Watch struct {
	primary *pgxpool.Pool
	replica *database.Replica // nil without one
	log     *slog.Logger

	version atomic.Int64 // 0 while it is not known
	blind   atomic.Bool  // the last look saw nothing

	mu sync.Mutex // one look at a time
	// The replica is late since goalAt while it has not reached goal.
	goal   int64
	goalAt time.Time
}

// NewWatch has seen nothing yet. Reads must go through primary.Reading(replica).
func NewWatch(primary *database.DB, replica *database.Replica, log *slog.Logger) *Watch {
	return &Watch{primary: primary.Pool, replica: replica, log: log}
}

// Hints tells when the catalog may have changed. They come from the primary: a
// standby sends none.
func (w *Watch) Hints(ctx context.Context) <-chan struct{} {
	return database.Listen(ctx, w.primary, "catalog", database.Quiet, w.log)
}

// Version is that of the database that catalog reads go to; known is false
// before the first look, and after a write whose version could not be seen.
func (w *Watch) Version() (version int64, known bool) {
	version = w.version.Load()
	return version, version > 0
}

// Run keeps looking until the context ends. A hint asks for a look soon; the
// poll is what can be relied on.
func (w *Watch) Run(ctx context.Context, hints <-chan struct{}, poll time.Duration) {
	for {
		next := poll
		if late := w.look(ctx, false); late {
			next = min(poll, chase)
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case _, open := <-hints:
			if !open {
				hints = nil
			}
			wait(ctx, settle)
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Changed is called after a write of this process: what is read from now on
// contains it. If that cannot be made sure, no version is known until the next
// look that succeeds.
func (w *Watch) Changed(ctx context.Context) {
	w.look(context.WithoutCancel(ctx), true) // the change stays, also when the caller is gone
}

// look reads the versions and decides where reads go. The replica is asked
// first, so that a true standby never seems to be ahead.
func (w *Watch) look(ctx context.Context, own bool) (late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var replica int64
	var errReplica error
	if w.replica != nil {
		replica, errReplica = ask(ctx, w.replica.Pool())
	}
	primary, errPrimary := ask(ctx, w.primary)
	if ctx.Err() != nil {
		return false
	}
	w.noteSight(errPrimary, own)
	switch {
	case w.replica == nil && errPrimary != nil, errReplica != nil && errPrimary != nil:
		if own {
			w.version.Store(0)
		}
	case w.replica == nil:
		w.version.Store(primary)
	case errReplica != nil:
		w.readPrimary(primary, errReplica.Error())
	case errPrimary != nil:
		w.readReplicaAlone(replica, own)
	default:
		return w.compare(replica, primary, own)
	}
	return false
}

func ask(ctx context.Context, pool *pgxpool.Pool) (version int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	if err := pool.QueryRow(ctx, `SELECT version FROM catalog_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read catalog_version: %w", err)
	}
	return version, nil
}

// noteSight logs only what changes: a poll a second would fill the log.
func (w *Watch) noteSight(err error, own bool) {
	if blind := err != nil; w.blind.Swap(blind) != blind || blind && own {
		if blind {
			w.log.Warn("the catalog's version cannot be seen", "error", err)
		} else {
			w.log.Info("the catalog's version is seen again")
		}
	}
}

// compare decides with both in sight.
func (w *Watch) compare(replica, primary int64, own bool) (late bool) {
	if w.goalAt.IsZero() || replica >= w.goal {
		w.goal, w.goalAt = primary, time.Now()
	}
	late = replica < primary
	using := w.replica.InUse()
	// To go back to the replica, or there for the first time, it must have what
	// has been read already.
	enough, known := w.Version()
	if !known {
		enough = primary
	}
	switch {
	case replica > primary:
		w.readPrimary(primary, "it does not follow this primary")
		return false
	case own && late:
		w.readPrimary(primary, "it has yet to see a change made here")
	case using && late && time.Since(w.goalAt) > mostBehind:
		w.readPrimary(primary, "it is late")
	case !using && replica < enough:
		w.version.Store(primary)
	default:
		w.version.Store(replica)
		w.replica.Use(true, "it is up to date")
	}
	return late && (using || time.Since(w.goalAt) < mostBehind)
}

// readPrimary stops the use of the replica before it names the version that only
// the primary has for sure.
func (w *Watch) readPrimary(version int64, why string) {
	w.replica.Use(false, why)
	w.version.Store(version)
}

// readReplicaAlone is for a primary that is away. A version that goes back is
// named before it is read, so that a reader can tell.
func (w *Watch) readReplicaAlone(version int64, own bool) {
	if own {
		w.version.Store(0)
		return
	}
	w.version.Store(version)
	w.replica.Use(true, "the primary does not answer")
}
