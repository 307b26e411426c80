package accounts_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/database"
)

func loginBrowser(t *testing.T, s *accounts.Service) accounts.TokenPair {
	t.Helper()
	pair, err := s.LoginBrowser(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err)
	return pair
}

// refreshed uses a browser's token that is still good.
func refreshed(t *testing.T, s *accounts.Service, pair accounts.TokenPair) accounts.TokenPair {
	t.Helper()
	next, err := s.RefreshBrowser(t.Context(), pair.RefreshToken, home)
	require.NoError(t, err)
	return next
}

func assertEnded(t *testing.T, s *accounts.Service, pair accounts.TokenPair) {
	t.Helper()
	_, err := s.RefreshBrowser(t.Context(), pair.RefreshToken, home)
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "%v", err)
}

func familyOf(t *testing.T, s *accounts.Service, pair accounts.TokenPair) string {
	t.Helper()
	claims, err := s.Verify(pair.AccessToken)
	require.NoError(t, err)
	return claims.SessionFamily
}

// later lets time pass: everything that was replaced was replaced that much earlier.
func later(t *testing.T, db *database.DB, seconds int) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), `UPDATE sessions SET rotated_at = rotated_at - $1 * interval '1 second'`, seconds)
	require.NoError(t, err)
}

// Two tabs send the same cookie, or an answer is lost.
func TestABrowserMayRepeatItsLastRefresh(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	account := register(t, s)
	first := loginBrowser(t, s)
	second := refreshed(t, s, first)
	later(t, db, 25)
	again := refreshed(t, s, first)
	assert.NotContains(t, []string{first.RefreshToken, second.RefreshToken}, again.RefreshToken)
	claims, err := s.Verify(again.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, account.ID, claims.Subject)
	assert.Equal(t, familyOf(t, s, first), claims.SessionFamily)

	// The browser keeps one of the two, any of them. Its use replaces both.
	later(t, db, 900)
	third := refreshed(t, s, second)
	later(t, db, 900)
	refreshed(t, s, third)
}

// Fault 57, as above: a browser's token is stolen.
func TestReusedBrowserTokenEndsTheFamily(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	register(t, s)
	t.Run("after the time for repeats", func(t *testing.T) {
		first := loginBrowser(t, s)
		second := refreshed(t, s, first)
		later(t, db, 31)
		assertEnded(t, s, first)
		assertEnded(t, s, second)
	})
	t.Run("a token before the last", func(t *testing.T) {
		first := loginBrowser(t, s)
		second := refreshed(t, s, first)
		third := refreshed(t, s, second)
		assertEnded(t, s, first)
		assertEnded(t, s, third)
	})
	t.Run("by a thief who was quick enough for a repeat", func(t *testing.T) {
		stolen := loginBrowser(t, s)
		owners, thiefs := refreshed(t, s, stolen), refreshed(t, s, stolen)
		thiefs = refreshed(t, s, thiefs)
		later(t, db, 31)
		assertEnded(t, s, owners)
		assertEnded(t, s, thiefs)
	})
}

// Apps have no second tab: to their tokens no repeat is allowed, by no way.
func TestTokensStayWithTheirKeeper(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	register(t, s)
	apps, browsers := login(t, s), loginBrowser(t, s)
	for _, token := range []string{apps.RefreshToken, "b." + apps.RefreshToken, browsers.RefreshToken[2:], "b.", ""} {
		_, err := s.RefreshBrowser(t.Context(), token, home)
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "%q", token)
	}
	for _, token := range []string{browsers.RefreshToken, browsers.RefreshToken[2:]} {
		_, err := s.Refresh(t.Context(), token, home)
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "%q", token)
	}
	require.NoError(t, s.LogoutBrowser(t.Context(), apps.RefreshToken))
	refreshed(t, s, browsers)
	next, err := s.Refresh(t.Context(), apps.RefreshToken, home)
	require.NoError(t, err, "both sessions go on")
	_, err = s.Refresh(t.Context(), apps.RefreshToken, home)
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	_, err = s.Refresh(t.Context(), next.RefreshToken, home)
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
}

func TestManyTabsRefreshAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	register(t, s)
	pairs := []accounts.TokenPair{loginBrowser(t, s)}
	family := familyOf(t, s, pairs[0])
	for range 3 { // the second time each tab has a token of its own
		var (
			group sync.WaitGroup
			mu    sync.Mutex
			next  []accounts.TokenPair
		)
		for i := range 8 {
			group.Go(func() {
				pair, err := s.RefreshBrowser(t.Context(), pairs[i%len(pairs)].RefreshToken, home)
				if assert.NoError(t, err) {
					mu.Lock()
					defer mu.Unlock()
					next = append(next, pair)
				}
			})
		}
		group.Wait()
		require.Len(t, next, 8)
		for _, pair := range next {
			assert.Equal(t, family, familyOf(t, s, pair))
		}
		pairs = next
	}
}

func TestLogoutBrowser(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	register(t, s)
	other := loginBrowser(t, s)
	first := loginBrowser(t, s)
	second := refreshed(t, s, first)
	again := refreshed(t, s, first)
	require.NoError(t, s.LogoutBrowser(t.Context(), first.RefreshToken), "a tab may have the token of before")
	for _, pair := range []accounts.TokenPair{first, second, again} {
		assertEnded(t, s, pair)
	}
	for _, token := range []string{first.RefreshToken, "b.unknown", "b.", ""} {
		assert.NoError(t, s.LogoutBrowser(t.Context(), token), "%q", token)
	}
	refreshed(t, s, other)
}

// A log-in of a browser and one of an app use the same tries.
func TestFault58_BrowsersHaveTheSameLimits(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{PerNetwork: 3})
	for range 3 {
		_, err := s.LoginBrowser(t.Context(), "asha@example.com", "a wrong password", accounts.Client{Address: home})
		require.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	}
	for _, logIn := range []func() error{
		func() error {
			_, err := s.LoginBrowser(t.Context(), "x@example.com", goodPassword, accounts.Client{Address: home})
			return err
		},
		func() error {
			_, err := s.Login(t.Context(), "x@example.com", goodPassword, accounts.Client{Address: home})
			return err
		},
	} {
		assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(logIn()))
	}
}
