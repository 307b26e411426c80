package api

import (
	"crypto/ed25519"
	"net/http"
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

// Guesses are counted by client address, which a client cannot forge.
func TestFault58_LogInsHaveLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens, err := accounts.NewTokens([]ed25519.PrivateKey{testKey(t)}, "https://tickets.example")
	require.NoError(t, err)
	w.options.Accounts = accounts.New(w.db, tokens, accounts.Limits{PerNetwork: 3})
	logIn := func(forwarded string, status int, code string) reply {
		t.Helper()
		return w.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"nobody@example.com","password":"a wrong password"}`,
			headers: map[string]string{"X-Forwarded-For": forwarded}, status: status, code: code})
	}

	w.serve() // behind no proxy
	for i := range 3 {
		logIn("203.0.113."+strconv.Itoa(i), http.StatusUnauthorized, "unauthenticated")
	}
	refused := logIn("203.0.113.9", http.StatusTooManyRequests, "too_many_requests")
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	assert.Positive(t, seconds)
	w.do(t, call{method: "POST", path: "/v1/browser-sessions", body: `{"email":"asha@example.com","password":"long enough to pass"}`,
		status: http.StatusTooManyRequests, code: "too_many_requests"})

	w.options.HTTP.TrustedProxies = []netip.Prefix{loopback}
	w.serve()
	for range 3 {
		logIn("203.0.113.1", http.StatusUnauthorized, "unauthenticated")
	}
	logIn("198.51.100.1, 203.0.113.1", http.StatusTooManyRequests, "too_many_requests")
	logIn("203.0.113.2", http.StatusUnauthorized, "unauthenticated")
}
