package saga

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/boxoffice/boxoffice/booking"
)

// updatesAtOnce is how many updates of one booking this process has on their way. A
// workflow takes ten; when more come at the same time, the server (1.32) may answer none
// of them for minutes. This low limit leaves room for several replicas of the API.
const updatesAtOnce = 2

// lanes lets a few in at a time for each booking. The others wait for their turn, in the
// order in which they came.
type lanes struct {
	each int64

	mu  sync.Mutex
	all map[string]*lane
}

type lane struct {
	*semaphore.Weighted
	users int // who are in it or wait
}

func newLanes(each int64) *lanes { return &lanes{each: each, all: map[string]*lane{}} }

// enter waits for a turn. Code: booking_busy when the context ends before.
func (l *lanes) enter(ctx context.Context, bookingID string) (leave func(), err error) {
	l.mu.Lock()
	one, there := l.all[bookingID]
	if !there {
		one = &lane{Weighted: semaphore.NewWeighted(l.each)}
		l.all[bookingID] = one
	}
	one.users++
	l.mu.Unlock()
	if err := one.Acquire(ctx, 1); err != nil {
		l.left(bookingID, one)
		return nil, booking.E(booking.CodeBusy, "Too much is asked of this booking at once. Ask again in a moment.").Wrap(err)
	}
	return func() {
		one.Release(1)
		l.left(bookingID, one)
	}, nil
}

func (l *lanes) left(bookingID string, one *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(l.all, bookingID)
	}
}
