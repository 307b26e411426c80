package oidc_test

import (
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc/oidctest"
)

const redirect = "https://tickets.example/v1/oauth/fake/callback"

// clock is moved by hand, from now on.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

func newProvider(t *testing.T, issuer string, now func() time.Time) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(oidc.Options{ID: "fake", Name: "Fake", Issuer: issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret,
		Private: true, Now: now})
	require.NoError(t, err)
	return p
}

// logIn is one whole log-in at the issuer.
func logIn(t *testing.T, p *oidc.Provider, issuer *oidctest.Issuer) (oidc.Person, error) {
	t.Helper()
	secrets := oidc.NewSecrets()
	address, err := p.Start(t.Context(), redirect, secrets)
	require.NoError(t, err)
	back := issuer.LogIn(address).Query()
	assert.Equal(t, secrets.State, back.Get("state"))
	return p.Finish(t.Context(), redirect, secrets, answerOf(back))
}

func answerOf(back url.Values) oidc.Answer {
	return oidc.Answer{Code: back.Get("code"), Issuer: back.Get("iss"), Failure: back.Get("error")}
}

func refused(t *testing.T, err error, reason string) {
	t.Helper()
	var refusal *oidc.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Contains(t, refusal.Error(), reason)
}

// reasonOf is empty for no error.
func reasonOf(err error) string {
	var refusal *oidc.Refusal
	if errors.As(err, &refusal) {
		return refusal.Error()
	}
	return ""
}
