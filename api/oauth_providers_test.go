package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts/oidc/oidctest"
)

func TestAProviderThatIsAway(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.use(t, providerOf(t, "house", "http://127.0.0.1:1"))
	b := f.browser()
	got := b.ask(t, call{method: "GET", path: "/v1/oauth/house/start", status: http.StatusSeeOther})
	b.refused(t, got.header.Get("Location"), "discovery")
	f.confirmEmail(t, f.customerID)
	f.do(t, call{method: "POST", path: "/v1/me/identities/house", token: f.customer, body: `{}`, status: http.StatusServiceUnavailable, code: "unavailable"})
	f.do(t, call{method: "GET", path: "/v1/oauth/none/start", status: http.StatusNotFound, code: "not_found"})
}

// The cookie that binds an answer comes along from the provider's page, and is no session.
func TestTheCookieBeforeALogIn(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	got := f.do(t, call{method: "GET", path: "/v1/oauth/house/start", status: http.StatusSeeOther})
	cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
	require.NoError(t, err)
	assert.Equal(t, &http.Cookie{Name: "__Host-boxoffice_oauth", Value: cookie.Value, Path: "/", MaxAge: int((20 * time.Minute).Seconds()),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode, Raw: cookie.Raw}, cookie)
	assert.Len(t, cookie.Value, 43)
	// One that a stranger could have planted beside it does not count.
	b := f.browser()
	back := b.start(t, "house", "/account")
	got = f.do(t, call{method: "GET", path: back, status: http.StatusSeeOther, headers: map[string]string{
		"Cookie": "__Host-boxoffice_oauth=" + b.cookies["__Host-boxoffice_oauth"] + "; __Host-boxoffice_oauth=planted"}})
	b.refused(t, got.header.Get("Location"), "state")
}

// The whole way with a provider by others.
func TestLoggingInByAProviderOfOthers(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	server := oidctest.NewServer(t, f.options.PublicURL+"/v1/oauth/house/callback")
	f.use(t, providerOf(t, "house", server.URL))
	logIn := func() string {
		b := f.browser()
		got := b.ask(t, call{method: "GET", path: "/v1/oauth/house/start?return_to=/account", status: http.StatusSeeOther})
		require.Equal(t, "/account", b.finish(t, server.LogIn(got.header.Get("Location")).RequestURI()))
		return b.token(t)
	}
	me := f.me(t, logIn())
	assert.Equal(t, "maya@example.com", me.Email)
	assert.Equal(t, "Maya Rao", me.Name)
	assert.Equal(t, me.ID, f.me(t, logIn()).ID)
}
