package bookings

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/shows"
)

// pollEvery is the guarantee when hints are lost.
const pollEvery = time.Second

// Feed tells watchers when a booking has changed. The process asks the database once for
// all of them.
type Feed struct {
	store      *Store
	hints      shows.Hints
	background *shows.Background
	watched    *watchedBookings
}

// NewFeed makes a feed over a store. Close ends it.
func NewFeed(store *Store, hints shows.Hints) *Feed {
	return &Feed{store: store, hints: hints, background: shows.NewBackground(), watched: newWatchedBookings()}
}

// Close drops all watchers and waits until nothing runs any more.
func (f *Feed) Close() { f.background.Close() }

// Watch gives a booking's version, and again after each change, until the
// context ends; then the channel is closed. A reader that falls behind misses
// versions but never the last.
func (f *Feed) Watch(ctx context.Context, bookingID string) <-chan int64 {
	versions := make(chan int64, 1)
	id, err := uuid.Parse(bookingID)
	if err != nil || !f.background.Start(func() { f.follow(ctx, id, versions) }) {
		close(versions)
	}
	return versions
}

// follow serves one watcher: it passes hints on to the common reader, and leaves when the
// context ends.
func (f *Feed) follow(ctx context.Context, id uuid.UUID, versions chan int64) {
	hints, leave := f.hints.Subscribe(ctx, shows.BookingTopic(id.String()))
	defer leave()
	if f.watched.add(id, versions) {
		f.background.Start(f.lookAtBookings)
	}
	defer f.watched.remove(id, versions)
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.background.Running().Done():
			return
		case <-hints:
			f.watched.suspect(id)
		}
	}
}

// lookAtBookings looks at all watched bookings with one query per round, so that
// ten thousand open streams cost the database one statement per second. It runs
// while any client watches.
func (f *Feed) lookAtBookings() {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		var ids []uuid.UUID
		select {
		case <-f.background.Running().Done():
			return
		case <-poll.C:
			var anybody bool
			if ids, anybody = f.watched.all(); !anybody {
				return
			}
		case <-f.watched.wake:
			ids = f.watched.suspects()
		}
		err := f.background.Look(func(ctx context.Context) error { return f.readVersions(ctx, ids) })
		if err != nil {
			slog.Debug("booking versions not read", "error", err)
		}
		f.background.Settle()
	}
}

func (f *Feed) readVersions(ctx context.Context, ids []uuid.UUID) error {
	rows, err := f.store.pool.Query(ctx, `SELECT id, version FROM bookings WHERE id = ANY ($1)`, ids)
	if err != nil {
		return translate("booking versions", err)
	}
	var id uuid.UUID
	var version int64
	_, err = pgx.ForEachRow(rows, []any{&id, &version}, func() error {
		f.watched.tell(id, version)
		return nil
	})
	return translate("booking versions", err)
}

// watchedBookings has the watchers of each booking, and the version that each was sent.
type watchedBookings struct {
	wake chan struct{} // a booking is marked as suspected

	mu       sync.Mutex
	looking  bool
	watchers map[uuid.UUID]map[chan int64]int64 // with the version told last
	hinted   map[uuid.UUID]struct{}
}

func newWatchedBookings() *watchedBookings {
	return &watchedBookings{
		wake:     make(chan struct{}, 1),
		watchers: map[uuid.UUID]map[chan int64]int64{},
		hinted:   map[uuid.UUID]struct{}{},
	}
}

// add admits a watcher and has its booking looked at. It tells whether the caller has to
// start the reader.
func (b *watchedBookings) add(id uuid.UUID, versions chan int64) (begin bool) {
	b.mu.Lock()
	if b.watchers[id] == nil {
		b.watchers[id] = map[chan int64]int64{}
	}
	b.watchers[id][versions] = -1
	begin = !b.looking
	b.looking = true
	b.mu.Unlock()
	b.suspect(id)
	return begin
}

func (b *watchedBookings) remove(id uuid.UUID, versions chan int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watchers[id], versions)
	if len(b.watchers[id]) == 0 {
		delete(b.watchers, id)
	}
	close(versions)
}

// suspect has a booking looked at soon.
func (b *watchedBookings) suspect(id uuid.UUID) {
	b.mu.Lock()
	b.hinted[id] = struct{}{}
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *watchedBookings) suspects() []uuid.UUID {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := slices.Collect(maps.Keys(b.hinted))
	clear(b.hinted)
	return ids
}

// all gives every watched booking. With none, looking ends.
func (b *watchedBookings) all() (ids []uuid.UUID, anybody bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looking = len(b.watchers) > 0
	return slices.Collect(maps.Keys(b.watchers)), b.looking
}

// tell sends a version to the watchers that do not have it. It replaces a version that they
// have not read yet.
func (b *watchedBookings) tell(id uuid.UUID, version int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for versions, told := range b.watchers[id] {
		if told == version {
			continue
		}
		b.watchers[id][versions] = version
		select {
		case <-versions:
		default:
		}
		versions <- version
	}
}
