package accounts

import (
	"context"
	"net/netip"
	"time"

	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/networks"
)

// SharedTries counts wrong passwords for all processes together, and remembers where owners
// were seen. A client is counted under a name that does not tell who it is. Its only error is
// that it is away: each process counts alone then. *cache.Rates is one.
type SharedTries interface {
	// Take counts one, Look only looks.
	Take(ctx context.Context, group, client string, quota cache.Quota) (cache.Taken, error)
	Look(ctx context.Context, group, client string, quota cache.Quota) (cache.Taken, error)
	Mark(ctx context.Context, group, client string, life time.Duration) error
	Marked(ctx context.Context, group, client string) (bool, error)
}

const (
	wrongGroup, knownGroup = "wrong", "known"
	// toldEvery is how often Redis is told of an owner who stays where she is.
	toldEvery = 24 * time.Hour
)

// WithSharedTries has all processes count wrong passwords together.
func WithSharedTries(shared SharedTries) Option {
	return func(s *Service) { s.tries.shared = shared }
}

// id is the name that Redis keeps, as an HMAC.
func (p pair) id() string { return p.network.String() + "|" + p.email }

// quota is the bucket as Redis counts it: all at once, then evenly.
func (b bucket) quota() cache.Quota {
	return cache.Quota{Requests: b.burst, Per: time.Duration(float64(b.burst) / float64(b.limit) * float64(time.Second))}
}

// waitThere is how long other processes have used the buckets up.
func (t *tries) waitThere(ctx context.Context, buckets []bucket) (wait time.Duration) {
	if t.shared == nil {
		return 0
	}
	for _, b := range buckets {
		looked, err := t.shared.Look(ctx, wrongGroup, b.of.id(), b.quota())
		if err != nil {
			return wait // this process goes on with what it counted itself
		}
		if !looked.Allowed {
			wait = max(wait, looked.After, time.Millisecond)
		}
	}
	return wait
}

func (t *tries) countThere(ctx context.Context, buckets []bucket) {
	if t.shared == nil {
		return
	}
	// Who hangs up after a wrong password pays for it, too.
	ctx = context.WithoutCancel(ctx)
	for _, b := range buckets {
		if _, err := t.shared.Take(ctx, wrongGroup, b.of.id(), b.quota()); err != nil {
			return
		}
	}
}

// isKnown tells whether the owner was seen there lately, by any process.
func (t *tries) isKnown(ctx context.Context, where pair) bool {
	if t.known.Contains(where) {
		return true
	}
	if t.shared == nil {
		return false
	}
	known, err := t.shared.Marked(ctx, knownGroup, where.id())
	return err == nil && known
}

// seen remembers where the owner is.
func (t *tries) seen(ctx context.Context, address netip.Addr, email string) {
	where := pair{networks.Of(address)[0].Prefix, email}
	told, known := t.known.Get(where)
	if now := t.now(); t.shared != nil && (!known || now.Sub(told) > toldEvery) {
		if t.shared.Mark(ctx, knownGroup, where.id(), knownFor) == nil {
			told = now
		}
	}
	t.known.Add(where, told)
}
