package api

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc/oidctest"
)

// federated is a world with an identity provider, "house".
type federated struct {
	*world
	issuer *oidctest.Issuer
	log    *lockedLog
}

// lockedLog is what the API logs.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func providerOf(t testing.TB, id, issuer string) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(oidc.Options{ID: id, Name: "The House", Issuer: issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Private: true})
	require.NoError(t, err)
	return p
}

func newFederated(t *testing.T, more ...*oidc.Provider) *federated {
	t.Helper()
	f := &federated{world: newWorld(t), issuer: oidctest.New(t), log: new(lockedLog)}
	f.issuer.Set(func(i *oidctest.Issuer) {
		i.Claims = map[string]any{"sub": "person-1", "email": "maya@example.com", "email_verified": true, "name": "Maya Rao"}
	})
	f.use(t, append([]*oidc.Provider{providerOf(t, "house", f.issuer.URL)}, more...)...)
	return f
}

func (f *federated) use(t testing.TB, providers ...*oidc.Provider) {
	t.Helper()
	f.options.HTTP.Logger = slog.New(slog.NewTextHandler(f.log, nil))
	f.options.Accounts = newAccounts(t, f.db, f.tokenKey, accounts.WithProviders(providers, f.options.PublicURL))
	f.serve()
}

func (f *federated) claim(name string, value any) {
	f.issuer.Set(func(i *oidctest.Issuer) { i.Claims[name] = value })
}

// one reads a text from the database.
func (w *world) one(t testing.TB, query string, args ...any) (text string) {
	t.Helper()
	require.NoError(t, w.db.Pool.QueryRow(t.Context(), query, args...).Scan(&text), query)
	return text
}

func (w *world) number(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, w.db.Pool.QueryRow(t.Context(), query, args...).Scan(&n), query)
	return n
}

// visitor is a browser with all its cookies.
type visitor struct {
	*federated
	cookies map[string]string
}

func (f *federated) browser() *visitor { return &visitor{f, map[string]string{}} }

// ask sends the cookies that a browser would: what is not from our pages comes without the
// strict one.
func (v *visitor) ask(t testing.TB, c call) reply {
	t.Helper()
	c.headers = maps.Clone(c.headers)
	if c.headers == nil {
		c.headers = map[string]string{"Sec-Fetch-Site": "same-origin"}
	}
	var all []string
	for name, value := range v.cookies {
		if !(strings.Contains(name, "session") && c.headers["Sec-Fetch-Site"] == "cross-site") {
			all = append(all, name+"="+value)
		}
	}
	if len(all) > 0 {
		c.headers["Cookie"] = strings.Join(all, "; ")
	}
	got := v.do(t, c)
	for _, line := range got.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		assert.True(t, cookie.HttpOnly && cookie.Secure && strings.HasPrefix(cookie.Name, "__Host-"), line)
		if cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		} else {
			v.cookies[cookie.Name] = cookie.Value
		}
	}
	return got
}

// start goes to the provider, and gives what comes back.
func (v *visitor) start(t testing.TB, provider, returnTo string) string {
	t.Helper()
	got := v.ask(t, call{method: "GET", path: "/v1/oauth/" + provider + "/start?return_to=" + url.QueryEscape(returnTo), status: http.StatusSeeOther})
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	return v.back(t, got.header.Get("Location"))
}

// back is the person at the issuer, and gives the path that the browser comes back to.
func (v *visitor) back(t testing.TB, address string) string {
	t.Helper()
	to := v.issuer.LogIn(address)
	assert.Equal(t, "tickets.example", to.Host)
	return to.RequestURI()
}

// finish comes back from the issuer, and gives where the browser goes then.
func (v *visitor) finish(t testing.TB, path string) string {
	t.Helper()
	got := v.ask(t, call{method: "GET", path: path, status: http.StatusSeeOther, headers: map[string]string{"Sec-Fetch-Site": "cross-site"}})
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"))
	return got.header.Get("Location")
}

func (v *visitor) logIn(t testing.TB) string {
	t.Helper()
	return v.finish(t, v.start(t, "house", "/account"))
}

const sessionCookie = "__Host-boxoffice_session"

// entered expects a session, and gives its access token.
func (v *visitor) entered(t testing.TB) string {
	t.Helper()
	require.Equal(t, "/account", v.logIn(t))
	return v.token(t)
}

func (v *visitor) token(t testing.TB) string {
	t.Helper()
	require.NotEmpty(t, v.cookies[sessionCookie])
	var tokens accounts.TokenPair
	v.ask(t, call{method: "POST", path: "/v1/browser-sessions/refresh", status: http.StatusOK}).into(t, &tokens)
	return tokens.AccessToken
}

// refused expects the one text, no session, and the reason in the log only.
func (v *visitor) refused(t testing.TB, location, reason string) {
	t.Helper()
	to, err := url.Parse(location)
	require.NoError(t, err)
	assert.Equal(t, "/login", to.Path, location)
	assert.Equal(t, "provider", to.Query().Get("error"))
	assert.Len(t, to.Query(), 2)
	assert.Empty(t, v.cookies[sessionCookie])
	id := to.Query().Get("request")
	require.NotEmpty(t, id)
	for line := range strings.Lines(v.log.String()) {
		if strings.Contains(line, id) && strings.Contains(line, "by a provider") {
			assert.Contains(t, line, reason)
			return
		}
	}
	assert.Fail(t, "the log has no reason", "%s", v.log)
}

func (f *federated) me(t testing.TB, token string) accounts.Account {
	t.Helper()
	var me accounts.Account
	f.do(t, call{method: "GET", path: "/v1/me", token: token, status: http.StatusOK}).into(t, &me)
	return me
}

func (f *federated) identities(t testing.TB, token string) []accounts.OwnIdentity {
	t.Helper()
	var all struct{ Items []accounts.OwnIdentity }
	f.do(t, call{method: "GET", path: "/v1/me/identities", token: token, status: http.StatusOK}).into(t, &all)
	return all.Items
}

// mailed is the code of the last letter of a kind.
func (f *federated) mailed(t testing.TB, purpose string) string {
	t.Helper()
	proof := uuid.MustParse(f.one(t, `SELECT id::text FROM proofs WHERE purpose = $1 ORDER BY created_at DESC LIMIT 1`, purpose))
	return newCodes(t, f.tokenKey).Code(purpose, proof)
}

func (v *visitor) prove(t testing.TB, code string, status int, problem string) reply {
	t.Helper()
	return v.ask(t, call{method: "POST", path: "/v1/browser-sessions/identity", body: fields{"code": code}.with(nil), status: status, code: problem})
}

// confirmEmail proves the address of an account in its session.
func (f *federated) confirmEmail(t testing.TB, account string) {
	t.Helper()
	f.exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session) SELECT id, 'email', lower(email), true FROM accounts WHERE id = $1
		ON CONFLICT (account_id, channel) DO UPDATE SET in_session = true`, account)
}
