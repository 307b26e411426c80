package accounts_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

func elsewhere(n int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf("198.51.%d.%d/32", 100+n/250, n%250))
}

// guesses tries wrong passwords and counts what came of them.
func guesses(t *testing.T, s *accounts.Service, email string, n int, where func(int) netip.Prefix) (compared, refused int) {
	t.Helper()
	var mu sync.Mutex
	var crowd sync.WaitGroup
	for i := range n {
		crowd.Go(func() {
			_, err := s.Login(t.Context(), email, fmt.Sprintf("wrong password %d", i), where(i))
			mu.Lock()
			defer mu.Unlock()
			switch booking.CodeOf(err) {
			case booking.CodeUnauthenticated:
				compared++
			case booking.CodeTooManyRequests:
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

// Somebody guesses the password of an account: soon they are refused, and its owner is
// not. Whether there is such an account, the limits do not tell.
func TestFault58_GuessesAreRefusedAndTheOwnerIsNot(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 20})
	register(t, s)
	for _, email := range []string{"asha@example.com", "nobody@example.com"} {
		at := func(int) netip.Prefix { return elsewhere(len(email)) }
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
	_, err := s.Login(t.Context(), " ASHA@example.com ", goodPassword, home)
	require.NoError(t, err)
}

// The same from many networks at a time: an owner who was there before comes in.
func TestFault58_GuessesFromManyNetworks(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 20})
	register(t, s)
	_, err := s.Login(t.Context(), "asha@example.com", goodPassword, home)
	require.NoError(t, err)
	compared := 0
	for range 5 { // few at a time, or the queue for the processor would refuse them
		some, _ := guesses(t, s, "asha@example.com", 40, func(i int) netip.Prefix { return elsewhere(compared + i) })
		compared += some
	}
	assert.InDelta(t, 100, compared, 45, "in all")
	_, err = s.Login(t.Context(), "asha@example.com", goodPassword, elsewhere(4000))
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(err))
	_, err = s.Login(t.Context(), "asha@example.com", goodPassword, home)
	require.NoError(t, err)
}

// A campus behind one address: right passwords have no limit but the queue.
func TestManyOwnersBehindOneAddress(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 5})
	register(t, s)
	for range 30 {
		_, err := s.Login(t.Context(), "asha@example.com", goodPassword, home)
		require.NoError(t, err)
	}
	for n := range 5 {
		_, err := s.Register(t.Context(), accounts.Registration{Email: fmt.Sprintf("n%d@example.com", n), Password: goodPassword, Name: "N"}, elsewhere(1))
		require.NoError(t, err)
	}
	_, err := s.Register(t.Context(), accounts.Registration{Email: "n5@example.com", Password: goodPassword, Name: "N"}, elsewhere(1))
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(err))
}

// What nobody's password or address can be is not looked at.
func TestLongCredentialsReachNothing(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	db.Close()
	for _, long := range [][2]string{{"asha@example.com", string(make([]byte, 1<<20))}, {string(make([]byte, 1<<20)), goodPassword}} {
		_, err := s.Login(t.Context(), long[0], long[1], home)
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	}
}
