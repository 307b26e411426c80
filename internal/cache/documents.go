package cache

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

// Documents keeps answers that many people ask for: in this process, bounded by
// bytes, and behind that in Redis, so that processes share what one has made.
// What is asked for often stays, however many things are asked for once (W-TinyLFU). A
// missing answer is made once, for all requests that wait for it.
//
// A key says everything that an answer depends on, the version of what it was
// made from included: nothing is ever taken back, old keys are asked for no
// more. Nothing personal belongs here.
type Documents struct {
	local  *otter.Cache[string, kept]
	shared *Shared // nil without one
	making singleflight.Group
	now    func() time.Time
}

// MostBytes is what a process keeps by default.
const MostBytes = 64 << 20

// largest keeps one answer from pushing out all others.
const largest = 4 << 20

type kept struct {
	document *Document
	until    time.Time
}

// NewDocuments keeps up to mostBytes in this process, and shares them through
// Redis unless shared is nil.
func NewDocuments(mostBytes int, shared *Shared) *Documents {
	d := &Documents{shared: shared, now: time.Now}
	d.local = otter.Must(&otter.Options[string, kept]{
		MaximumWeight: uint64(mostBytes),
		Weigher:       func(key string, k kept) uint32 { return uint32(len(key) + k.document.size()) },
		// Old versions leave by themselves; a moment more does no harm, because until is
		// checked, too.
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, kept]) time.Duration {
			return time.Until(e.Value.until) + time.Second
		}),
	})
	return d
}

// maker makes an answer. Unless keep, it is given to the requests that wait for it and then
// forgotten.
type maker func(ctx context.Context) (document *Document, keep bool, err error)

// Get gives the answer of a key, at most ttl old. An error goes to the requests that
// waited, and is never kept. make goes on when the caller has left, so its context has no
// deadline: it must set one.
func (d *Documents) Get(ctx context.Context, key string, ttl time.Duration, make maker) (*Document, error) {
	if document, ok := d.Peek(key); ok {
		return document, nil
	}
	made := d.making.DoChan(key, func() (any, error) {
		if document, ok := d.Peek(key); ok { // made between looking and asking
			return document, nil
		}
		return d.obtain(context.WithoutCancel(ctx), key, ttl, safely(make))
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case result := <-made:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*Document), nil
	}
}

// safely turns a panic into an error: it would end the process, since no caller that
// could recover waits in the goroutine that makes.
func safely(make maker) maker {
	return func(ctx context.Context) (document *Document, keep bool, err error) {
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("cache: panic: %v\n%s", cause, debug.Stack())
			}
		}()
		return make(ctx)
	}
}

// Peek gives the answer that this process has.
func (d *Documents) Peek(key string) (*Document, bool) {
	k, ok := d.local.GetIfPresent(key)
	if !ok || !d.now().Before(k.until) {
		return nil, false
	}
	return k.document, true
}

func (d *Documents) obtain(ctx context.Context, key string, ttl time.Duration, make maker) (*Document, error) {
	if d.shared != nil {
		if document, left := d.shared.get(ctx, key); document != nil {
			d.keep(key, document, min(left, ttl))
			return document, nil
		}
	}
	began := d.now()
	document, keep, err := make(ctx)
	if err != nil {
		return nil, err
	}
	// The answer's age counts from the start of making it, when its data was current.
	if left := ttl - d.now().Sub(began); keep && left > 0 && document.size() <= largest {
		d.keep(key, document, left)
		if d.shared != nil {
			d.shared.set(ctx, key, document, left)
		}
	}
	return document, nil
}

func (d *Documents) keep(key string, document *Document, ttl time.Duration) {
	d.local.Set(key, kept{document, d.now().Add(ttl)})
}

// Close ends what goes on in the background.
func (d *Documents) Close() { d.local.StopAllGoroutines() }
