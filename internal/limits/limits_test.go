package limits

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/cache"
)

func budgets(account, address int) map[Kind]cache.Quota {
	return map[Kind]cache.Quota{ByAccount: {Requests: account, Per: time.Minute}, ByAddress: {Requests: address, Per: time.Minute}}
}

// clock is a Limiter's own.
func clock(l *Limiter) *time.Time {
	now := time.Now()
	l.now = func() time.Time { return now }
	return &now
}

// redis is a shared count that may be away.
type redis struct {
	own   *ledgers
	away  atomic.Bool
	asked atomic.Int64
}

func (r *redis) Take(_ context.Context, group, client string, quota cache.Quota) (cache.Taken, error) {
	r.asked.Add(1)
	if r.away.Load() {
		return cache.Taken{}, cache.ErrRatesAway
	}
	_, taken := r.own.take(group, []bill{{"", client, quota}}, time.Now(), 1, false)
	return taken[0], nil
}

func newRedis() *redis { return &redis{own: newLedgers(1000)} }

func address(text string) []Client { return Address(netip.MustParseAddr(text)) }

func TestWhoPays(t *testing.T) {
	t.Parallel()
	l := New(nil, 1)
	both := append([]Client{Account("a")}, address("203.0.113.7")...)
	for name, test := range map[string]struct {
		group   Group
		clients []Client
		want    []string
	}{
		"an account alone":         {Group{Name: "g", Budgets: budgets(5, 5)}, both, []string{"g-per-account"}},
		"with a brake, both":       {Group{Name: "g", Budgets: budgets(5, 5), Brake: true}, both, []string{"g-per-account", "g-per-address"}},
		"without an account":       {Group{Name: "g", Budgets: budgets(5, 5)}, both[1:], []string{"g-per-address"}},
		"networks of IPv6":         {Group{Name: "g", Budgets: budgets(5, 5)}, address("2001:db8::1"), []string{"g-per-address", "g-per-network-56", "g-per-network-48"}},
		"nobody has a budget":      {Group{Name: "g"}, both, nil},
		"an exempt group":          {Group{Name: "g", Budgets: budgets(5, 5), Exempt: true}, both, nil},
		"free for who asks little": {Group{Name: "g", Budgets: budgets(50, 50), Free: 10}, both, nil},
	} {
		d := l.Take(t.Context(), test.group, test.clients...)
		assert.True(t, d.Allowed, name)
		var got []string
		for _, p := range d.Policies {
			got = append(got, p.Name)
		}
		assert.Equal(t, test.want, got, name)
	}
}

func TestARefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	l := New(nil, 1)
	now := clock(l)
	group := Group{Name: "refusals", Budgets: budgets(3, 0)}
	before := testutil.ToFloat64(refused.WithLabelValues("refusals"))
	for i := range 3 {
		d := l.Take(t.Context(), group, Account("a"))
		require.True(t, d.Allowed)
		assert.Equal(t, 2-i, d.Policies[0].Left)
	}
	d := l.Take(t.Context(), group, Account("a"))
	require.False(t, d.Allowed)
	assert.Equal(t, []string{"refusals-per-account"}, d.Violated())
	assert.GreaterOrEqual(t, d.Retry, 20*time.Second, "never too early")
	assert.Less(t, d.Retry, 24*time.Second)
	assert.InDelta(t, before+1, testutil.ToFloat64(refused.WithLabelValues("refusals")), 0)
	assert.True(t, l.Take(t.Context(), group, Account("b")).Allowed, "another account")
	*now = now.Add(d.Retry)
	assert.True(t, l.Take(t.Context(), group, Account("a")).Allowed)
}

// A million addresses of one network are one client, and fill no memory.
func TestFault59_ANetworkOfIPv6IsOneClient(t *testing.T) {
	t.Parallel()
	l := New(nil, 1)
	clock(l)
	group := Group{Name: "g", Budgets: budgets(0, 10)}
	take := func(prefix string, times int) (allowed int) {
		for range times {
			if l.Take(t.Context(), group, address(fmt.Sprintf("%s%x:%x", prefix, rand.N(0xffff), rand.N(0xffff)))...).Allowed {
				allowed++
			}
		}
		return allowed
	}
	assert.Equal(t, 10, take("2001:db8:0:1::", 100_000))
	assert.Equal(t, 3, l.own.by["g"].Len(), "of /64, /56 and /48")
	all := 10
	for i := 2; i < 0x400; i++ { // other networks of 64 bits in the same of 48
		all += take(fmt.Sprintf("2001:db8:0:%x::", i*0x10), 1)
	}
	assert.Equal(t, 100, all, "one of 48 bits has ten times as much")
	assert.Equal(t, 1, take("2001:db8:1:1::", 1), "another of 48 bits")
}

// Redis goes away under load: what clients have used stays used, and log-ins get stricter.
func TestWithoutRedisNoGroupIsOpen(t *testing.T) {
	t.Parallel()
	shared := newRedis()
	l := New(shared, 1)
	clock(l)
	logins := Group{Name: "logins", Budgets: budgets(0, 40), Alone: 4}
	reads := Group{Name: "reads", Budgets: budgets(0, 40)}
	take := func(group Group, times int) (allowed int) {
		for range times {
			if l.Take(t.Context(), group, address("203.0.113.7")...).Allowed {
				allowed++
			}
		}
		return allowed
	}
	require.Equal(t, 8, take(logins, 8))
	require.Equal(t, 8, take(reads, 8))
	shared.away.Store(true)
	assert.Equal(t, 8, take(logins, 100), "a quarter of the 32 that are left")
	assert.Equal(t, 32, take(reads, 100))
}

// Invented clients do not wash a real count away.
func TestStrictGroupsRefuseWhatTheyCannotCount(t *testing.T) {
	t.Parallel()
	shared := newRedis()
	shared.away.Store(true)
	l := New(shared, 1)
	l.own = newLedgers(100)
	now := clock(l)
	group := Group{Name: "codes", Budgets: map[Kind]cache.Quota{ByAccount: {Requests: 4, Per: time.Minute}}, Alone: 2}
	take := func(who string) bool { return l.Take(t.Context(), group, Account(who)).Allowed }
	require.True(t, take("victim@example.com"))
	require.True(t, take("victim@example.com"))
	allowed := 0
	for i := range 1000 {
		if take(fmt.Sprintf("invented%d@example.com", i)) {
			allowed++
		}
	}
	assert.Equal(t, 99, allowed)
	assert.False(t, take("victim@example.com"))
	*now = now.Add(time.Minute)
	assert.True(t, take("late@example.com"), "what is full again makes room")
}

// A flood of one client does not reach Redis.
func TestAFloodIsRefusedInTheProcess(t *testing.T) {
	t.Parallel()
	shared := newRedis()
	l := New(shared, 1)
	group := Group{Name: "g", Budgets: budgets(10, 0)}
	refusals := 0
	for range 1000 {
		if !l.Take(t.Context(), group, Account("a")).Allowed {
			refusals++
		}
	}
	assert.GreaterOrEqual(t, refusals, 985)
	assert.LessOrEqual(t, shared.asked.Load(), int64(16))
	assert.True(t, l.Take(t.Context(), group, Account("b")).Allowed)
}

func TestWhatIsFreeAsksNobody(t *testing.T) {
	t.Parallel()
	shared := newRedis()
	l := New(shared, 1)
	clock(l)
	group := Group{Name: "reads", Budgets: budgets(0, 100), Free: 10}
	for range 10 {
		assert.True(t, l.Free(group, address("203.0.113.7")...))
	}
	assert.False(t, l.Free(group, address("203.0.113.7")...))
	assert.Zero(t, shared.asked.Load())
	assert.True(t, l.Take(t.Context(), group, address("203.0.113.7")...).Allowed)
	assert.EqualValues(t, 1, shared.asked.Load())
}

func TestTheFactorIsForAllBudgets(t *testing.T) {
	t.Parallel()
	l := New(nil, 0.5)
	clock(l)
	group := Group{Name: "g", Budgets: map[Kind]cache.Quota{ByAccount: {Requests: 4, Per: time.Minute}}}
	for _, want := range []bool{true, true, false} {
		assert.Equal(t, want, l.Take(t.Context(), group, Account("partner")).Allowed)
	}
}
