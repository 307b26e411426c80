package seats

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// WatchBooking gives a booking's version, and again after each change, until the
// context ends; then the channel is closed. A reader that falls behind misses
// versions but never the last.
func (f *Feed) WatchBooking(ctx context.Context, bookingID string) <-chan int64 {
	versions := make(chan int64, 1)
	id, err := uuid.Parse(bookingID)
	if err != nil || !f.start(func() { f.follow(ctx, id, versions) }) {
		close(versions)
	}
	return versions
}

// follow serves one watcher: it passes hints on to the common looks, and leaves
// when the context ends.
func (f *Feed) follow(ctx context.Context, id uuid.UUID, versions chan int64) {
	hints, leave := f.hints.Subscribe(ctx, bookingTopic(id.String()))
	defer leave()
	if f.bookings.add(id, versions) {
		f.start(f.lookAtBookings)
	}
	defer f.bookings.remove(id, versions)
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.running.Done():
			return
		case <-hints:
			f.bookings.suspect(id)
		}
	}
}

// lookAtBookings looks at all watched bookings with one query per round, so that
// ten thousand open streams cost the database one statement per second. It runs
// while anybody watches.
func (f *Feed) lookAtBookings() {
	poll := time.NewTicker(pollBookings)
	defer poll.Stop()
	for {
		var ids []uuid.UUID
		select {
		case <-f.running.Done():
			return
		case <-poll.C:
			var anybody bool
			if ids, anybody = f.bookings.all(); !anybody {
				return
			}
		case <-f.bookings.wake:
			ids = f.bookings.suspects()
		}
		err := f.look(func(ctx context.Context) error { return f.readVersions(ctx, ids) })
		if err != nil {
			slog.Debug("booking versions not read", "error", err)
		}
		pause(f.running, settle)
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
		f.bookings.tell(id, version)
		return nil
	})
	return translate("booking versions", err)
}

// bookingFeed knows who watches which booking, and what they were told.
type bookingFeed struct {
	wake chan struct{} // somebody is suspected

	mu       sync.Mutex
	looking  bool
	watchers map[uuid.UUID]map[chan int64]int64 // with the version told last
	hinted   map[uuid.UUID]struct{}
}

func newBookingFeed() *bookingFeed {
	return &bookingFeed{
		wake:     make(chan struct{}, 1),
		watchers: map[uuid.UUID]map[chan int64]int64{},
		hinted:   map[uuid.UUID]struct{}{},
	}
}

// add admits a watcher and has its booking looked at. It tells whether somebody
// has to begin looking.
func (b *bookingFeed) add(id uuid.UUID, versions chan int64) (begin bool) {
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

func (b *bookingFeed) remove(id uuid.UUID, versions chan int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watchers[id], versions)
	if len(b.watchers[id]) == 0 {
		delete(b.watchers, id)
	}
	close(versions)
}

// suspect has a booking looked at soon.
func (b *bookingFeed) suspect(id uuid.UUID) {
	b.mu.Lock()
	b.hinted[id] = struct{}{}
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *bookingFeed) suspects() []uuid.UUID {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := slices.Collect(maps.Keys(b.hinted))
	clear(b.hinted)
	return ids
}

// all gives every watched booking. With none, looking ends.
func (b *bookingFeed) all() (ids []uuid.UUID, anybody bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looking = len(b.watchers) > 0
	return slices.Collect(maps.Keys(b.watchers)), b.looking
}

// tell passes a version on to those who do not know it, in place of one that they
// have not read yet.
func (b *bookingFeed) tell(id uuid.UUID, version int64) {
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
