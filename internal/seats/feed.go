package seats

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Hints is what the feed needs of a bus: a wake-up when a topic may have changed.
// They may get lost, so the feed also polls.
type Hints interface {
	Subscribe(ctx context.Context, topic string) (<-chan struct{}, func())
}

const (
	// settle is the least time between two looks at the same thing: a burst of
	// hints is one look.
	settle = 50 * time.Millisecond
	// pollBookings is the guarantee when hints are lost, as mapFresh is for shows. A
	// hold that runs out gives no hint at all and is seen by the poll.
	pollBookings = time.Second
	// eventsWaiting is how many events a slow reader may be behind. Then it is
	// dropped; it may come back and catch up.
	eventsWaiting = 16
	// lookWithin bounds one look at the database.
	lookWithin = 5 * time.Second
)

var errFeedClosed = errors.New("seats: the feed is closed")

// Feed tells readers and watchers about seats and bookings. However many want to
// know about the same show, the process asks the database once.
type Feed struct {
	store *Store
	hints Hints

	running context.Context
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	shows    map[string]*showFeed // that somebody watches
	maps     *lru.Cache[string, *keptMap]
	bookings *bookingFeed
}

// NewFeed makes a feed over a store. Close ends it.
func NewFeed(store *Store, hints Hints) *Feed {
	f := &Feed{store: store, hints: hints, shows: map[string]*showFeed{}, bookings: newBookingFeed()}
	f.running, f.stop = context.WithCancel(context.Background())
	var err error
	if f.maps, err = lru.NewWithEvict(mapsKept, func(_ string, dropped *keptMap) { dropped.leave() }); err != nil {
		panic(err) // only for a size below one
	}
	return f
}

// Close drops all watchers and waits until nothing runs any more.
func (f *Feed) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	f.done.Wait()
}

// start runs a part of the feed until Close. It refuses afterwards.
func (f *Feed) start(part func()) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.startLocked(part)
}

func (f *Feed) startLocked(part func()) bool {
	if f.closed {
		return false
	}
	f.done.Go(part)
	return true
}

// look runs a read of the database within its time.
func (f *Feed) look(read func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(f.running, lookWithin)
	defer cancel()
	return read(ctx)
}

// pause waits, or less when the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
