package accounts_test

import (
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

// A token works only where it was given.
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
	_, err := s.Refresh(t.Context(), apps.RefreshToken, home)
	require.NoError(t, err, "both sessions go on")
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
