package accounts

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/networks"
	"github.com/boxoffice/boxoffice/internal/password"
)

// Limits bound how passwords are tried. Zero is no bound.
type Limits struct {
	// PerNetwork is how many wrong passwords and new accounts a minute come from one
	// network: a whole campus may be behind it, so right passwords do not count.
	PerNetwork int
}

const (
	// pairBurst and pairEvery are for one account from one network.
	pairBurst, pairEvery = 10, 30 * time.Second
	// knownBurst and knownEvery are the same limits where the owner was seen. Only clients
	// in her own network can use them up; her sessions go on meanwhile.
	knownBurst, knownEvery = 30, 10 * time.Second
	// accountBurst and accountEvery are for one account from all networks together that
	// its owner was not seen in lately.
	accountBurst, accountEvery = 100, 10 * time.Second
	// mostDebt is how many concurrent tries may go beyond the limit.
	mostDebt = 8
	// atOnce is how many passwords of one network are compared or wait at a time.
	atOnce = 8
	// How many networks, and how many accounts, are remembered.
	remembered, rememberedFor = 100_000, time.Hour
	knownFor                  = 30 * 24 * time.Hour
)

// pair is an account, named by its address, and a network. Either may be missing.
type pair struct {
	network netip.Prefix
	email   string
}

// tries keeps count in this process, and with Redis also for all of them together.
type tries struct {
	limits Limits
	shared SharedTries // nil: each process counts alone
	now    func() time.Time

	mu sync.Mutex
	// The buckets of networks are kept apart, so that invented accounts do not push them
	// out. Only a failure makes a bucket: a refused request costs no memory.
	byNetwork *expirable.LRU[netip.Prefix, *rate.Limiter]
	byAccount *expirable.LRU[pair, *rate.Limiter]
	known     *expirable.LRU[pair, time.Time] // where owners were seen; when Redis was told
	working   map[netip.Prefix]int
}

func newTries(limits Limits) *tries {
	return &tries{
		limits: limits, now: time.Now, working: map[netip.Prefix]int{},
		byNetwork: expirable.NewLRU[netip.Prefix, *rate.Limiter](remembered, nil, rememberedFor),
		byAccount: expirable.NewLRU[pair, *rate.Limiter](remembered, nil, rememberedFor),
		known:     expirable.NewLRU[pair, time.Time](remembered, nil, knownFor),
	}
}

// try is one password on its way.
type try struct {
	of       *tries
	networks []networks.Network
	by       pair
	known    bool // that the owner was in this network lately
	pays     []bucket
}

// bucket is what a failure is counted in.
type bucket struct {
	of    pair
	limit rate.Limit
	burst int
}

// begin lets a password be compared, of an account or of one to be. The caller ends the
// try. Code: too_many_requests, which says nothing of whether the account exists.
func (t *tries) begin(ctx context.Context, address netip.Addr, email string) (*try, error) {
	one := &try{of: t, networks: networks.Of(address)}
	one.by = pair{one.networks[0].Prefix, email}
	if t.limits.PerNetwork == 0 {
		return one, nil
	}
	one.known = email != "" && t.isKnown(ctx, one.by)
	one.pays = t.bucketsOf(one)
	wait := t.waitHere(one)
	if wait == 0 { // who this process refuses costs no question to Redis
		wait = t.waitThere(ctx, one.pays)
	}
	if wait == 0 {
		wait = t.enters(one)
	}
	if wait > 0 {
		return nil, tooMany(booking.CodeTooManyRequests, "There were too many tries. Wait a little, then try again.", wait)
	}
	return one, nil
}

func (t *tries) waitHere(one *try) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range one.pays {
		wait = max(wait, t.wait(b))
	}
	return wait
}

// enters counts the try as one at work, unless too many of its network are. It looks at the
// buckets again: others may have failed since.
func (t *tries) enters(one *try) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range one.pays {
		wait = max(wait, t.wait(b))
	}
	for _, n := range one.networks {
		if wait == 0 && !one.known && t.working[n.Prefix] >= atOnce*n.Share {
			wait = time.Second
		}
	}
	if wait > 0 {
		return wait
	}
	for _, n := range one.networks {
		t.working[n.Prefix]++
	}
	return 0
}

func (t *tries) bucketsOf(one *try) []bucket {
	if one.known { // what strangers do beside her does not keep her out
		return []bucket{{one.by, rate.Every(knownEvery), knownBurst}}
	}
	var all []bucket
	for _, n := range one.networks {
		most := t.limits.PerNetwork * n.Share
		all = append(all, bucket{pair{network: n.Prefix}, rate.Every(time.Minute / time.Duration(most)), most})
	}
	if one.by.email != "" {
		all = append(all, bucket{one.by, rate.Every(pairEvery), pairBurst},
			bucket{pair{email: one.by.email}, rate.Every(accountEvery), accountBurst})
	}
	return all
}

func (t *tries) limiter(b bucket) (*rate.Limiter, bool) {
	if b.of.email == "" {
		return t.byNetwork.Get(b.of.network)
	}
	return t.byAccount.Get(b.of)
}

// wait is how long the bucket is still empty.
func (t *tries) wait(b bucket) time.Duration {
	limiter, there := t.limiter(b)
	if !there {
		return 0
	}
	tokens := limiter.TokensAt(t.now())
	if tokens >= 1 {
		return 0
	}
	return time.Duration((1 - tokens) / float64(limiter.Limit()) * float64(time.Second))
}

// end lets the next one of the network in.
func (one *try) end() {
	t := one.of
	if t.limits.PerNetwork == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range one.networks {
		if t.working[n.Prefix]--; t.working[n.Prefix] == 0 {
			delete(t.working, n.Prefix)
		}
	}
}

// counts is for a wrong password, and for a new account.
func (one *try) counts(ctx context.Context) {
	t := one.of
	t.countThere(ctx, one.pays)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range one.pays {
		limiter, there := t.limiter(b)
		if !there {
			limiter = rate.NewLimiter(b.limit, b.burst)
		}
		if limiter.TokensAt(t.now()) > -mostDebt {
			limiter.ReserveN(t.now(), 1)
		}
		if b.of.email == "" {
			t.byNetwork.Add(b.of.network, limiter)
		} else {
			t.byAccount.Add(b.of, limiter)
		}
	}
}

// lane is where the password waits for its turn: an owner in her own network does not queue
// behind attackers who guess.
func (one *try) lane() password.Lane {
	if one.known {
		return password.Known
	}
	return password.Strangers
}

// tooMany spreads the retries over time.
func tooMany(code booking.Code, text string, wait time.Duration) error {
	return booking.E(code, "%s", text).In(wait + rand.N(time.Second+wait/10))
}

// hashing says when too many passwords wait to be compared.
func hashing(err error) error {
	if errors.Is(err, password.ErrBusy) {
		return tooMany(booking.CodeUnavailable, "Too many people are logging in right now. Try again shortly.", 2*time.Second)
	}
	return err
}
