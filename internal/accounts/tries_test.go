package accounts_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func elsewhere(n int) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("198.51.%d.%d", 100+n/250, n%250))
}

// guesses tries wrong passwords and counts the answers.
func guesses(t *testing.T, s *accounts.Service, email string, n int, where func(int) netip.Addr) (compared, refused int) {
	t.Helper()
	var mu sync.Mutex
	var crowd sync.WaitGroup
	for i := range n {
		crowd.Go(func() {
			_, err := s.Login(t.Context(), email, fmt.Sprintf("wrong password %d", i), accounts.Client{Address: where(i)})
			mu.Lock()
			defer mu.Unlock()
			switch booking.CodeOf(err) {
			case booking.CodeUnauthenticated:
				compared++
			case booking.CodeTooManyRequests, booking.CodeUnavailable: // by a limit, or by the queue
				refused++
				var e *booking.Error
				assert.True(t, errors.As(err, &e) && e.RetryAfter >= time.Second, "it says when: %v", err)
			default:
				t.Errorf("unexpected: %v", err)
			}
		})
	}
	crowd.Wait()
	return compared, refused
}

// An attacker guesses the password of an account: soon the attacker is refused, and the
// owner is not. The limits do not tell whether the account exists.
func TestFault58_GuessesAreRefusedAndTheOwnerIsNot(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 20})
	register(t, s)
	for _, email := range []string{"asha@example.com", "nobody@example.com"} {
		at := func(int) netip.Addr { return elsewhere(len(email)) }
		compared := 0
		// Another spelling of the address is no other account.
		for _, spelling := range []string{email, strings.ToUpper(email), " " + email + "\u200b"} {
			some, refused := guesses(t, s, spelling, 100, at)
			assert.Equal(t, 100, some+refused)
			compared += some
		}
		assert.LessOrEqual(t, compared, 10+8, "ten, and those that were on their way: %s", email)
		assert.GreaterOrEqual(t, compared, 10, email)
	}
	_, err := s.Login(t.Context(), " ASHA@example.com ", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err)
}

// The same from many networks at a time: an owner who logged in there before can still log
// in.
func TestFault58_GuessesFromManyNetworks(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 20})
	register(t, s)
	_, err := s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err)
	compared := 0
	for range 10 { // few at a time, or the queue for the processor would refuse them
		some, _ := guesses(t, s, "asha@example.com", 20, func(i int) netip.Addr { return elsewhere(compared + i) })
		compared += some
	}
	assert.InDelta(t, 100, compared, 45, "in all")
	_, err = s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: elsewhere(4000)})
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(err))
	_, err = s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err)
}

// A campus behind one address: right passwords have no limit but the queue.
func TestManyOwnersBehindOneAddress(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 5})
	register(t, s)
	for range 30 {
		_, err := s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
		require.NoError(t, err)
	}
	for n := range 5 {
		_, err := s.Register(t.Context(), accounts.Registration{Email: fmt.Sprintf("n%d@example.com", n), Password: goodPassword, Name: "N"}, elsewhere(1))
		require.NoError(t, err)
	}
	_, err := s.Register(t.Context(), accounts.Registration{Email: "n5@example.com", Password: goodPassword, Name: "N"}, elsewhere(1))
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(err))
}

// A password or an address that is too long to be real is refused without a look-up.
func TestLongCredentialsAreRefusedBeforeTheLookup(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	db.Close()
	for _, long := range [][2]string{{"asha@example.com", string(make([]byte, 1<<20))}, {string(make([]byte, 1<<20)), goodPassword}} {
		_, err := s.Login(t.Context(), long[0], long[1], accounts.Client{Address: home})
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	}
}

// An attacker has a whole /48 of IPv6, as a rented machine has: it does not count as 65,536
// clients.
func TestFault58_ALargeNetworkIsNotManyClients(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 2})
	register(t, s)
	compared := 0
	for i := range 60 {
		at := netip.MustParseAddr(fmt.Sprintf("2001:db8:7:%x::1", i))
		_, err := s.Login(t.Context(), fmt.Sprintf("n%d@example.com", i), "a wrong password", accounts.Client{Address: at})
		if booking.CodeOf(err) == booking.CodeUnauthenticated {
			compared++
		}
	}
	assert.LessOrEqual(t, compared, 2*10+1, "ten times what one client may")
}

// A refused network uses up no other client's limit, even if it invents many accounts.
func TestFault58_RefusedTriesLeaveNothing(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 3})
	register(t, s)
	try := func(email string, from int) booking.Code {
		_, err := s.Login(t.Context(), email, "a wrong password", accounts.Client{Address: elsewhere(from)})
		return booking.CodeOf(err)
	}
	for range 3 {
		require.Equal(t, booking.CodeUnauthenticated, try("asha@example.com", 1))
		require.Equal(t, booking.CodeUnauthenticated, try("nobody@example.com", 2))
	}
	for i := range 110_000 {
		require.Equal(t, booking.CodeTooManyRequests, try(fmt.Sprintf("n%d@example.com", i), 1))
	}
	assert.Equal(t, booking.CodeTooManyRequests, try("x@example.com", 2), "the other one's limit is still there")
}

// Others in the same place have used up its tries: an owner who was seen there can log in,
// also an owner whom a process knows only by her session.
func TestFault58_OwnersAreKnownByTheirSessions(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 3})
	register(t, s)
	pair, err := s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: elsewhere(1)})
	require.NoError(t, err)
	for i := range 4 {
		_, _ = s.Login(t.Context(), fmt.Sprintf("n%d@example.com", i), "a wrong password", accounts.Client{Address: home})
	}
	_, err = s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(err), "she was never seen here")
	_, err = s.Refresh(t.Context(), pair.RefreshToken, home)
	require.NoError(t, err)
	_, err = s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	assert.NoError(t, err)
}

// Wrong passwords are spread over the replicas: together they count as those of one.
func TestFault58_ReplicasCountTogether(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	db := databasetest.New(t)
	replica := func() *accounts.Service {
		rates, err := cache.NewPatientRates("redis://"+redis.Addr(), []byte("secret"), 5*time.Second, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, rates.Close()) })
		return serviceOn(t, db, accounts.Limits{PerNetwork: 1000}, accounts.WithSharedTries(rates))
	}
	one, two, three := replica(), replica(), replica()
	register(t, one)
	_, err := one.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err)

	compared := 0
	for i := range 30 {
		s := []*accounts.Service{one, two, three}[i%3]
		some, _ := guesses(t, s, "asha@example.com", 1, func(int) netip.Addr { return elsewhere(7) })
		compared += some
	}
	assert.InDelta(t, 10, compared, 2, "ten from one network, and what came back meanwhile")
	for i := range 120 {
		guesses(t, []*accounts.Service{one, two}[i%2], "asha@example.com", 1, func(int) netip.Addr { return elsewhere(100 + i) })
	}
	_, err = three.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: elsewhere(4000)})
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(err), "the third replica knows of them")
	_, err = three.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err, "it knows where the owner was seen by another replica")
	for _, key := range redis.Keys() {
		assert.NotContains(t, key, "asha")
		assert.Positive(t, redis.TTL(key), key)
	}

	redis.Close() // each goes on alone: never open, and never shut for the owner
	some, refused := guesses(t, three, "asha@example.com", 40, func(int) netip.Addr { return elsewhere(9) })
	assert.Positive(t, refused)
	assert.LessOrEqual(t, some, 10+8)
	_, err = one.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err)
}
