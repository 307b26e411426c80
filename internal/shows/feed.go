package shows

import (
	"context"
	"sync"
	"time"
)

// Hints is what a feed needs of a bus: a wake-up when a topic may have changed.
// They may get lost, so a feed also polls.
type Hints interface {
	Subscribe(ctx context.Context, topic string) (<-chan struct{}, func())
}

const (
	// settle is the least time between two looks at the same thing: a burst of
	// hints is one look.
	settle = 50 * time.Millisecond
	// lookWithin bounds one look at the database.
	lookWithin = 5 * time.Second
)

// Background runs the parts of a feed until it is closed.
type Background struct {
	running context.Context
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// NewBackground makes one in which nothing runs yet. Close ends it.
func NewBackground() *Background {
	b := &Background{}
	b.running, b.stop = context.WithCancel(context.Background())
	return b
}

// Running gives a context that ends with Close.
func (b *Background) Running() context.Context { return b.running }

// Close ends all parts and waits until nothing runs any more.
func (b *Background) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.stop()
	b.done.Wait()
}

// Start runs a part until Close. It refuses afterwards.
func (b *Background) Start(part func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.done.Go(part)
	return true
}

// Look runs a read of the database within its time.
func (b *Background) Look(read func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(b.running, lookWithin)
	defer cancel()
	return read(ctx)
}

// Settle waits a little between two looks at the same thing, or less when Close
// comes.
func (b *Background) Settle() {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-b.running.Done():
	case <-timer.C:
	}
}
