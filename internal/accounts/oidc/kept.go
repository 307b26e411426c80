package oidc

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// keptFor is how long what an issuer publishes counts without asking again: so long a
	// key that the issuer has taken back still verifies.
	keptFor = time.Hour
	// staleFor is how long the last good answer counts while the issuer gives none.
	staleFor = 24 * time.Hour
	// renewEvery is for callers that miss something in a good answer: any client can make
	// them do so, with a key id that does not exist.
	renewEvery = 10 * time.Second
	// retryEvery is for an issuer that does not answer.
	retryEvery = time.Second
)

// kept is a document of an issuer, fetched when it is needed first.
type kept[T any] struct {
	fetch func(context.Context) (T, error)
	now   func() time.Time

	mu      sync.Mutex
	value   T
	at      time.Time // of the last good answer; zero is never
	renewed time.Time
	failed  time.Time
	asked   *question[T] // under way; nil without
}

// question is one request to an issuer, for all who need its answer.
type question[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// get gives the document. renew asks for one that is newer than what get gave before; it
// may give the same, if the issuer was asked for a newer one moments ago.
func (k *kept[T]) get(ctx context.Context, renew bool) (T, error) {
	value, usable, asked := k.look(ctx, renew)
	if asked == nil {
		if !usable {
			return value, errors.New("the issuer did not answer moments ago")
		}
		return value, nil
	}
	select {
	case <-ctx.Done():
		return value, ctx.Err()
	case <-asked.done:
		if asked.err == nil {
			return asked.value, nil
		}
		if usable {
			return value, nil
		}
		return value, asked.err
	}
}

// look gives what there is, and the question to wait for, if there is one.
func (k *kept[T]) look(ctx context.Context, renew bool) (value T, usable bool, asked *question[T]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	since := func(at time.Time) time.Duration {
		if at.IsZero() {
			return staleFor
		}
		return now.Sub(at)
	}
	usable = since(k.at) < staleFor
	due := since(k.at) >= keptFor
	ask := due && since(k.failed) >= retryEvery
	if renew && usable && since(k.renewed) >= renewEvery {
		ask, k.renewed = true, now
	}
	if ask && k.asked == nil {
		k.asked = &question[T]{done: make(chan struct{})}
		go k.ask(ctx, k.asked)
	}
	if ask || renew || due {
		asked = k.asked
	}
	return k.value, usable, asked
}

// ask keeps a good answer. A bad one leaves the last good one. Others wait for the same
// answer, so it does not end with the request that asked first.
func (k *kept[T]) ask(ctx context.Context, q *question[T]) {
	q.value, q.err = k.fetch(context.WithoutCancel(ctx))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = nil
	if q.err != nil {
		k.failed = k.now()
	} else {
		k.value, k.at, k.failed = q.value, k.now(), time.Time{}
	}
	close(q.done)
}
