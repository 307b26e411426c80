// Package limits decides whether a client may ask now. A group of requests has a budget for
// each kind of client; Redis keeps the account, for all processes together, and this process
// does while Redis is away.
//
// What does not live here: which route is in which group, and what a refusal looks like over
// HTTP.
package limits

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/networks"
)

// Kind is what a client is known by.
type Kind string

// The kinds of clients.
const (
	ByAddress Kind = "address"
	ByAccount Kind = "account"
	ByKey     Kind = "service-key"
)

// Client is one identity. A request may have several, and each of them pays.
type Client struct {
	Kind Kind
	// Name tells the policies of one kind apart: account, address, network-48.
	Name string
	// ID never leaves the process as it is.
	ID string
	// Share is how many budgets it has: more clients are behind a larger network.
	Share int
	// Own replaces the budget of the group, for a client that has one of its own.
	Own cache.Quota
}

// Address gives the networks of an address, the smallest first.
func Address(address netip.Addr) []Client {
	var all []Client
	for i, n := range networks.Of(address) {
		name := string(ByAddress)
		if i > 0 {
			name = "network-" + strconv.Itoa(n.Bits())
		}
		all = append(all, Client{Kind: ByAddress, Name: name, ID: n.String(), Share: n.Share})
	}
	return all
}

// Account is a client by its account.
func Account(id string) Client {
	return Client{Kind: ByAccount, Name: string(ByAccount), ID: id, Share: 1}
}

// Key is a client by its service key, with the budget that the key has.
func Key(id string, own cache.Quota) Client {
	return Client{Kind: ByKey, Name: string(ByKey), ID: id, Share: 1, Own: own}
}

// Group is requests that share budgets.
type Group struct {
	Name string
	// Budgets by kind of client. A kind without one does not pay.
	Budgets map[Kind]cache.Quota
	// Brake has the addresses pay also when the account is known. Otherwise the account
	// pays alone: a whole campus may be behind one address.
	Brake bool
	// Free is the part of a budget that this process gives without asking Redis: one in so
	// many. It keeps clients that ask little out of Redis. 0 is no part.
	Free int
	// Alone is how many requests one counts for while Redis is away, when each process
	// counts for itself. Default 1. With more than 1 the group also refuses clients that it
	// has no place to count for.
	Alone int
	// Silent groups do not say what is left: it would help who guesses.
	Silent bool
	// Exempt groups have no limit.
	Exempt bool
}

// Policy is one budget of one client, and what is left of it.
type Policy struct {
	Name  string
	Quota cache.Quota
	cache.Taken
}

// Decision is the answer to one request.
type Decision struct {
	Allowed bool
	// Retry is when to come again, if it is not allowed: never before a budget has
	// something left, and spread, so that not all come at once.
	Retry time.Duration
	// Policies are the budgets that were asked, in this order. None when the request was
	// free of them.
	Policies []Policy
}

// Violated names the budgets that refused.
func (d Decision) Violated() []string {
	var names []string
	for _, p := range d.Policies {
		if !p.Allowed {
			names = append(names, p.Name)
		}
	}
	return names
}

// Shared counts for all processes together. Its only error is that it is away.
type Shared interface {
	Take(ctx context.Context, group, client string, quota cache.Quota) (cache.Taken, error)
}

// Limiter decides. Make it with New.
type Limiter struct {
	shared Shared // nil without Redis
	factor float64
	now    func() time.Time
	own    *ledgers
}

// New makes a Limiter. Without a shared count this process is taken for the only one. The
// factor is for all budgets: 1 is what the groups say, 2 twice as much.
func New(shared Shared, factor float64) *Limiter {
	return &Limiter{shared: shared, factor: factor, now: time.Now, own: newLedgers(remembered)}
}

// bill is what one client pays in one group.
type bill struct {
	policy, id string
	quota      cache.Quota
}

func (l *Limiter) bills(group Group, clients []Client) []bill {
	var all []bill
	known := false
	for _, c := range clients {
		quota, pays := group.Budgets[c.Kind]
		if !pays || c.Kind == ByAddress && known && !group.Brake {
			continue
		}
		known = known || c.Kind == ByAccount
		if c.Own.Requests > 0 {
			quota = c.Own
		}
		quota.Requests = max(1, int(float64(quota.Requests*c.Share)*l.factor))
		all = append(all, bill{group.Name + "-per-" + c.Name, c.Name + "|" + c.ID, quota})
	}
	return all
}

// Take counts a request of a client in a group. Pass what is narrow first: an account, then
// the networks from the smallest on. A request that the first refuses costs the larger
// networks nothing, so that one noisy client does not use up what its neighbors share.
func (l *Limiter) Take(ctx context.Context, group Group, clients ...Client) Decision {
	bills := l.bills(group, clients)
	if group.Exempt || len(bills) == 0 {
		return Decision{Allowed: true}
	}
	if group.Free > 0 && l.free(group, bills) {
		return Decision{Allowed: true}
	}
	d, away := l.ask(ctx, group, bills)
	if away {
		d = l.alone(group, bills)
	}
	if !d.Allowed {
		refused.WithLabelValues(group.Name).Inc()
		d.Retry += rand.N(time.Second + d.Retry/10)
	}
	return d
}

// Free tells whether a request costs nothing yet, and counts it then. It asks nothing
// outside of the process. What is not free has to Take.
func (l *Limiter) Free(group Group, clients ...Client) bool {
	return group.Exempt || group.Free > 0 && l.free(group, l.bills(group, clients))
}

func (l *Limiter) free(group Group, bills []bill) bool {
	small := make([]bill, 0, len(bills))
	for _, b := range bills {
		b.quota.Requests = max(1, b.quota.Requests/group.Free)
		small = append(small, b)
	}
	allowed, _ := l.own.take(group.Name+"|free", small, l.now(), 1, false)
	return allowed
}

// ask takes from the shared budgets. A client that this process knows to have used up its own
// costs no exchange, so that a flood does not reach Redis.
func (l *Limiter) ask(ctx context.Context, group Group, bills []bill) (d Decision, away bool) {
	if l.shared == nil {
		return d, true
	}
	if d, known := l.knownRefusal(group, bills); known {
		return d, false
	}
	d.Allowed = true
	for _, b := range bills {
		taken, err := l.shared.Take(ctx, group.Name, b.id, b.quota)
		if err != nil {
			return Decision{}, true
		}
		d.Policies = append(d.Policies, Policy{b.policy, b.quota, taken})
		if !taken.Allowed {
			d.Allowed, d.Retry = false, taken.After
			l.own.block(group.Name, b, l.now(), taken.After)
			return d, false
		}
	}
	// Counted here, too: when Redis goes away, this is what clients have used.
	l.own.take(group.Name, bills, l.now(), 1, false)
	return d, false
}

func (l *Limiter) knownRefusal(group Group, bills []bill) (Decision, bool) {
	for _, b := range bills {
		if wait := l.own.blocked(group.Name, b, l.now()); wait > 0 {
			return Decision{Retry: wait, Policies: []Policy{{b.policy, b.quota, cache.Taken{After: wait, Full: b.quota.Per}}}}, true
		}
	}
	return Decision{}, false
}

// alone takes from the budgets of this process.
func (l *Limiter) alone(group Group, bills []bill) Decision {
	cost := 1
	if l.shared != nil {
		cost = max(1, group.Alone)
	}
	allowed, taken := l.own.take(group.Name, bills, l.now(), cost, group.Alone > 1)
	d := Decision{Allowed: allowed}
	for i, t := range taken {
		d.Policies = append(d.Policies, Policy{bills[i].policy, bills[i].quota, t})
		if !t.Allowed {
			d.Retry = max(d.Retry, t.After)
		}
	}
	return d
}
