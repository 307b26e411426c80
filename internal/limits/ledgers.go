package limits

import (
	"math"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/internal/cache"
)

// remembered is how many clients of a group this process counts for.
const remembered = 50_000

// ledgers are the counts of this process. Each group has its own, so that clients of one do
// not push those of another out.
type ledgers struct {
	most int

	mu sync.Mutex
	by map[string]*lru.Cache[string, *account]
}

// account is what one client has used.
type account struct {
	tokens *rate.Limiter
	// blocked is until when Redis refuses.
	blocked time.Time
}

func newLedgers(most int) *ledgers {
	return &ledgers{most: most, by: map[string]*lru.Cache[string, *account]{}}
}

// take counts for all bills or for none. Without a place for a new client, the one that was
// away for longest makes room; a strict group refuses instead, unless that one has all of its
// budget again: else invented clients would wash real counts away.
func (l *ledgers) take(group string, bills []bill, now time.Time, cost int, strict bool) (bool, []cache.Taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	accounts, taken, allowed := make([]*account, len(bills)), make([]cache.Taken, len(bills)), true
	for i, b := range bills {
		accounts[i] = l.open(group, b, now, strict)
		taken[i] = cache.Taken{After: b.quota.Interval()}
		if accounts[i] != nil {
			taken[i] = stateOf(accounts[i].tokens, now, cost)
		}
		allowed = allowed && taken[i].Allowed
	}
	if !allowed {
		return false, taken
	}
	for i, a := range accounts {
		a.tokens.AllowN(now, min(cost, a.tokens.Burst()))
		left := stateOf(a.tokens, now, cost)
		taken[i].Left, taken[i].Full = left.Left, left.Full
	}
	return true, taken
}

// open is nil when there is no place.
func (l *ledgers) open(group string, b bill, now time.Time, strict bool) *account {
	ledger := l.by[group]
	if ledger == nil {
		ledger, _ = lru.New[string, *account](l.most) // the size is valid
		l.by[group] = ledger
	}
	if a, there := ledger.Get(b.id); there {
		return a
	}
	if strict && ledger.Len() >= l.most {
		if _, oldest, _ := ledger.GetOldest(); oldest.tokens.TokensAt(now) < float64(oldest.tokens.Burst()) {
			return nil
		}
	}
	a := &account{tokens: rate.NewLimiter(rate.Every(b.quota.Interval()), b.quota.Requests)}
	ledger.Add(b.id, a)
	return a
}

// stateOf is what a request of a cost would find.
func stateOf(limiter *rate.Limiter, now time.Time, cost int) cache.Taken {
	tokens, burst := limiter.TokensAt(now), float64(limiter.Burst())
	need := math.Min(float64(cost), burst)
	wait := func(missing float64) time.Duration {
		return time.Duration(max(missing, 0) / float64(limiter.Limit()) * float64(time.Second))
	}
	return cache.Taken{
		Allowed: tokens >= need, Left: int(max(tokens, 0)) / cost, After: wait(need - tokens), Full: wait(burst - tokens),
	}
}

// block remembers a refusal of Redis.
func (l *ledgers) block(group string, b bill, now time.Time, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.open(group, b, now, false); a != nil {
		a.blocked = now.Add(wait)
	}
}

// blocked is for how long Redis still refuses.
func (l *ledgers) blocked(group string, b bill, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ledger := l.by[group]; ledger != nil {
		if a, there := ledger.Peek(b.id); there {
			return a.blocked.Sub(now)
		}
	}
	return 0
}
