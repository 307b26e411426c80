// Package cache holds what the processes of the platform share, but do not depend on.
//
// A Bus carries hints: "something about this topic has changed, look again".
// Hints are lossy and coalesced, and nothing is right or wrong because of one:
// a listener also polls. Documents keeps answers that many people ask for,
// in this process and in Redis.
//
// What does not live here: anything that must arrive or must be right (that is
// the database), anything personal, and what the answers mean.
package cache

import (
	"context"
	"sync"
)

// Bus passes hints from publishers to subscribers. Topics are "show:<id>" and
// "booking:<id>"; a hint is published after the commit that it is about.
type Bus interface {
	// Publish never blocks and never fails: a hint that cannot be delivered is
	// dropped.
	Publish(ctx context.Context, topic string)
	// Subscribe gives a channel on which a hint appears after one or more
	// publishes, until the returned function is called or the context ends.
	Subscribe(ctx context.Context, topic string) (<-chan struct{}, func())
}

// LocalBus is the bus of a single process.
type LocalBus struct {
	mu     sync.Mutex
	topics map[string]map[chan struct{}]struct{}
}

// NewLocalBus makes a bus without subscribers.
func NewLocalBus() *LocalBus {
	return &LocalBus{topics: map[string]map[chan struct{}]struct{}{}}
}

// Publish implements Bus.
func (b *LocalBus) Publish(_ context.Context, topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for hints := range b.topics[topic] {
		wake(hints)
	}
}

// Subscribe implements Bus.
func (b *LocalBus) Subscribe(ctx context.Context, topic string) (<-chan struct{}, func()) {
	hints := make(chan struct{}, 1)
	b.mu.Lock()
	if b.topics[topic] == nil {
		b.topics[topic] = map[chan struct{}]struct{}{}
	}
	b.topics[topic][hints] = struct{}{}
	b.mu.Unlock()

	leave := func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.topics[topic], hints)
		if len(b.topics[topic]) == 0 {
			delete(b.topics, topic)
		}
	}
	stop := context.AfterFunc(ctx, leave)
	return hints, func() {
		stop()
		leave()
	}
}

// wakeAll hints at everything: for when hints may have been missed.
func (b *LocalBus) wakeAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, subscribers := range b.topics {
		for hints := range subscribers {
			wake(hints)
		}
	}
}

// wake leaves a hint unless one is waiting already.
func wake(hints chan struct{}) {
	select {
	case hints <- struct{}{}:
	default:
	}
}
