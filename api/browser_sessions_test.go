package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

const ashas = `{"email":"asha@example.com","password":"long enough to pass"}`

// tab is a page in a browser, as far as the session's cookie goes.
type tab struct {
	*world
	cookie *http.Cookie
}

// ask sends a request with the cookie and keeps the one of the answer.
func (b *tab) ask(t *testing.T, c call) reply {
	t.Helper()
	if c.headers = maps.Clone(c.headers); c.headers == nil {
		c.headers = map[string]string{"Sec-Fetch-Site": "same-origin"}
	}
	if b.cookie != nil && b.cookie.MaxAge >= 0 {
		c.headers["Cookie"] = b.cookie.Name + "=" + b.cookie.Value
	}
	got := b.do(t, c)
	for _, line := range got.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		b.cookie = cookie
	}
	return got
}

func (b *tab) logIn(t *testing.T) (accessToken string) {
	t.Helper()
	return accessOf(t, b.ask(t, call{method: "POST", path: "/v1/browser-sessions", body: ashas, status: http.StatusCreated}))
}

func (b *tab) refresh(t *testing.T) (accessToken string) {
	t.Helper()
	return accessOf(t, b.ask(t, call{method: "POST", path: "/v1/browser-sessions/refresh", status: http.StatusOK}))
}

// ended refreshes in vain: the cookie is deleted.
func (b *tab) ended(t *testing.T) {
	t.Helper()
	got := b.ask(t, call{method: "POST", path: "/v1/browser-sessions/refresh", status: http.StatusUnauthorized, code: "unauthenticated"})
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	if assert.NotNil(t, b.cookie) {
		assert.Equal(t, &http.Cookie{Name: "__Host-boxoffice_session", Path: "/", MaxAge: -1, HttpOnly: true, Secure: true,
			SameSite: http.SameSiteStrictMode, Raw: b.cookie.Raw}, b.cookie)
	}
}

func accessOf(t *testing.T, got reply) string {
	t.Helper()
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	var members map[string]json.RawMessage
	got.into(t, &members)
	assert.Len(t, members, 3, "there is no refresh token in the body: %s", got.body)
	var tokens accounts.TokenPair
	got.into(t, &tokens)
	assert.Equal(t, "Bearer", tokens.TokenType)
	assert.Equal(t, 15*60, tokens.ExpiresIn)
	return tokens.AccessToken
}

func TestBrowserSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := func(accessToken string) {
		t.Helper()
		w.do(t, call{method: "GET", path: "/v1/me", token: accessToken, status: http.StatusOK, holds: []string{"asha@example.com"}})
	}
	b := &tab{world: w}
	b.ended(t)
	b.cookie = nil

	me(b.logIn(t))
	first := b.cookie
	assert.Equal(t, &http.Cookie{Name: "__Host-boxoffice_session", Value: first.Value, Path: "/", MaxAge: 30 * 24 * 60 * 60,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode, Raw: first.Raw}, first)
	me(b.refresh(t))
	second := b.cookie
	assert.NotEqual(t, first.Value, second.Value)
	assert.Equal(t, first.MaxAge, second.MaxAge)

	// Another tab had sent the same cookie.
	other := &tab{w, first}
	me(other.refresh(t))
	assert.Equal(t, second.Value, other.cookie.Value)
	b.cookie = other.cookie
	b.refresh(t)

	last := b.cookie
	got := b.ask(t, call{method: "DELETE", path: "/v1/browser-sessions", status: http.StatusNoContent})
	assert.Equal(t, `"cache"`, got.header.Get("Clear-Site-Data"))
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Equal(t, -1, b.cookie.MaxAge)
	assert.Empty(t, b.cookie.Value)
	for _, old := range []*http.Cookie{first, second, last} {
		(&tab{w, old}).ended(t)
	}
	for _, again := range []*http.Cookie{nil, last, {Name: last.Name, Value: "x"}} {
		(&tab{w, again}).ask(t, call{method: "DELETE", path: "/v1/browser-sessions", status: http.StatusNoContent})
	}
}

// A cookie that was replaced longer ago than seconds is a copy.
func TestFault57_ACopyOfACookieEndsItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &tab{world: w}
	b.logIn(t)
	stolen := b.cookie
	b.refresh(t)
	w.exec(`UPDATE sessions SET rotated_at = rotated_at - interval '11 seconds'`)
	owners := b.cookie
	(&tab{w, stolen}).ended(t)
	(&tab{w, owners}).ended(t)
}

func TestALogInEndsTheSessionThatTheBrowserHad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &tab{world: w}
	b.logIn(t)
	before := b.cookie
	b.ask(t, call{method: "POST", path: "/v1/browser-sessions", status: http.StatusUnauthorized, code: "unauthenticated",
		body: `{"email":"asha@example.com","password":"a wrong password"}`})
	assert.Equal(t, before, b.cookie, "a wrong password changes nothing")
	b.refresh(t)
	before = b.cookie
	b.logIn(t)
	(&tab{w, before}).ended(t)
	b.refresh(t)
}

// A token of an app is no cookie, and a cookie is no token.
func TestRefreshTokensStayWhereTheyWereGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &tab{world: w}
	b.logIn(t)
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + b.cookie.Value + `"}`,
		status: http.StatusUnauthorized, code: "unauthenticated"})
	w.do(t, call{method: "GET", path: "/v1/me", headers: map[string]string{"Cookie": b.cookie.Name + "=" + b.cookie.Value},
		status: http.StatusUnauthorized, code: "unauthenticated"})
	var tokens accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/sessions", body: ashas, status: http.StatusCreated}).into(t, &tokens)
	(&tab{w, &http.Cookie{Name: b.cookie.Name, Value: tokens.RefreshToken}}).ended(t)
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + tokens.RefreshToken + `"}`, status: http.StatusOK})
	b.refresh(t)
}

// WebKit takes no Secure cookie over http.
func TestCookieOfAPlatformOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.PublicURL = "http://127.0.0.1:8080" })
	b := &tab{world: w}
	b.logIn(t)
	assert.Equal(t, &http.Cookie{Name: "boxoffice_session", Value: b.cookie.Value, Path: "/", MaxAge: 30 * 24 * 60 * 60,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Raw: b.cookie.Raw}, b.cookie)
	b.refresh(t)
	b.ask(t, call{method: "DELETE", path: "/v1/browser-sessions", status: http.StatusNoContent})
	assert.Equal(t, &http.Cookie{Name: "boxoffice_session", Path: "/", MaxAge: -1, HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Raw: b.cookie.Raw}, b.cookie)
}

func TestBrowserSessionsAreForOurOwnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.HTTP.CORSOrigins = []string{"https://app.example"} })
	b := &tab{world: w}
	requests := []call{
		{method: "POST", path: "/v1/browser-sessions", body: ashas},
		{method: "POST", path: "/v1/browser-sessions/refresh"},
		{method: "DELETE", path: "/v1/browser-sessions"},
	}
	for name, headers := range map[string]map[string]string{
		"another site":              {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		"another host of the site":  {"Sec-Fetch-Site": "same-site", "Origin": "https://blog.tickets.example"},
		"a page without an origin":  {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
		"a link, without an origin": {"Sec-Fetch-Site": "cross-site"},
		"an origin of CORS":         {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"},
		"an old browser":            {"Origin": "https://evil.example"},
		"the public host over http": {"Origin": "http://tickets.example"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &tab{world: w}
			b.logIn(t)
			for _, c := range requests {
				before, cookie := w.rows(), b.cookie
				c.headers, c.status, c.code, c.holds = headers, http.StatusForbidden, "cross_origin_request",
					[]string{"https://tickets.example", "/v1/sessions"}
				b.ask(t, c)
				assert.Equal(t, before, w.rows())
				assert.Equal(t, cookie, b.cookie)
			}
			b.refresh(t)
		})
	}
	for name, headers := range map[string]map[string]string{
		"a page of ours":                  {"Sec-Fetch-Site": "same-origin", "Origin": w.server.URL},
		"an old browser":                  {"Origin": w.server.URL},
		"the public address, by a proxy":  {"Origin": "https://tickets.example"},
		"an address that a person typed":  {"Sec-Fetch-Site": "none"},
		"a program that is not a browser": {},
	} {
		t.Run(name, func(t *testing.T) {
			for i, c := range requests {
				c.headers, c.status = headers, []int{http.StatusCreated, http.StatusOK, http.StatusNoContent}[i]
				b.ask(t, c)
			}
		})
	}
}

func TestTheSessionsOfBrowsersNeedAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, wrong := range []string{"", "tickets.example", "ftp://tickets.example", "https://"} {
		w.options.PublicURL = wrong
		_, err := New(w.options)
		assert.ErrorContains(t, err, "PublicURL", wrong)
	}
}
