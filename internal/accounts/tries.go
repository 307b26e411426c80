package accounts

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/password"
)

// Limits bound how passwords are tried. What is zero has no bound.
type Limits struct {
	// PerNetwork is how many wrong passwords and new accounts a minute come from one
	// network: a whole campus may be behind it, so right passwords do not count.
	PerNetwork int
}

const (
	// pairBurst and pairEvery are for one account from one network.
	pairBurst, pairEvery = 10, 30 * time.Second
	// accountBurst and accountEvery are for one account from all networks together that
	// its owner has not logged in from lately: the owner is not locked out by others.
	accountBurst, accountEvery = 100, 10 * time.Second
	// atOnce is how many passwords of one network are compared or wait at a time.
	atOnce = 8
	// Of so many networks and accounts is remembered how they behaved, and for how long.
	remembered, rememberedFor = 100_000, time.Hour
	knownFor                  = 30 * 24 * time.Hour
)

// from is who tries: an account, named by its address, from a network.
type from struct {
	network netip.Prefix
	email   string
}

// tries keeps count, in this process alone. Another one has a count of its own.
type tries struct {
	limits Limits
	now    func() time.Time

	mu      sync.Mutex
	buckets *expirable.LRU[from, *rate.Limiter]
	known   *expirable.LRU[from, struct{}] // where owners logged in from
	working map[netip.Prefix]int
}

func newTries(limits Limits) *tries {
	return &tries{
		limits: limits, now: time.Now, working: map[netip.Prefix]int{},
		buckets: expirable.NewLRU[from, *rate.Limiter](remembered, nil, rememberedFor),
		known:   expirable.NewLRU[from, struct{}](remembered, nil, knownFor),
	}
}

// try is one password on its way.
type try struct {
	of   *tries
	by   from
	pays []*rate.Limiter // those that a failure is counted in
}

// begin lets a password be compared. The caller ends the try. Code:
// too_many_requests, which says nothing of whether the account exists.
func (t *tries) begin(by from) (*try, error) {
	one := &try{of: t, by: by}
	if t.limits.PerNetwork == 0 {
		return one, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	perNetwork := rate.Every(time.Minute / time.Duration(t.limits.PerNetwork))
	one.pays = append(one.pays, t.bucket(from{network: by.network}, perNetwork, t.limits.PerNetwork))
	if by.email != "" {
		one.pays = append(one.pays, t.bucket(by, rate.Every(pairEvery), pairBurst))
		if !t.known.Contains(by) {
			one.pays = append(one.pays, t.bucket(from{email: by.email}, rate.Every(accountEvery), accountBurst))
		}
	}
	var wait time.Duration
	for _, bucket := range one.pays {
		if tokens := bucket.TokensAt(t.now()); tokens < 1 {
			wait = max(wait, time.Duration((1-tokens)/float64(bucket.Limit())*float64(time.Second)))
		}
	}
	if wait == 0 && t.working[by.network] >= atOnce {
		wait = time.Second
	}
	if wait > 0 {
		return nil, tooMany(booking.CodeTooManyRequests, "There were too many tries. Wait a little, then try again.", wait)
	}
	t.working[by.network]++
	return one, nil
}

func (t *tries) bucket(of from, limit rate.Limit, burst int) *rate.Limiter {
	bucket, there := t.buckets.Get(of)
	if !there {
		bucket = rate.NewLimiter(limit, burst)
	}
	t.buckets.Add(of, bucket) // and keep it longer
	return bucket
}

// end lets the next one of the network in.
func (one *try) end() {
	t := one.of
	if t.limits.PerNetwork == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.working[one.by.network]--; t.working[one.by.network] == 0 {
		delete(t.working, one.by.network)
	}
}

// counts is for a wrong password, and for a new account.
func (one *try) counts() {
	for _, bucket := range one.pays {
		bucket.ReserveN(one.of.now(), 1) // into debt, if others were on their way at the same time
	}
}

// succeeded remembers where the owner is.
func (one *try) succeeded() { one.of.known.Add(one.by, struct{}{}) }

// tooMany spreads those who come back.
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
