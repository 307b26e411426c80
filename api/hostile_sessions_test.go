package api

import (
	"bufio"
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

// sendAs sends headers as they are given, also two of a name.
func (w *world) sendAs(t *testing.T, method, path, body string, headers http.Header) (int, http.Header) {
	t.Helper()
	request := w.request(t, call{method: method, path: path, body: body})
	for name, values := range headers {
		request.Header[name] = values
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, response.Header
}

// Fault 56: an access token in the wrong place or form.
func TestFault56_HostileAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair := w.signIn(t, "asha@example.com")
	b := &tab{world: w}
	b.logIn(t)
	good := pair.AccessToken
	two := func(first, second string) http.Header { return http.Header{"Authorization": {first, second}} }
	one := func(value string) http.Header { return http.Header{"Authorization": {value}} }
	for name, c := range map[string]struct {
		query   string
		headers http.Header
	}{
		"no header":                        {},
		"in the address":                   {query: "?access_token=" + good},
		"in the address, as token":         {query: "?token=" + good},
		"in the address, as Authorization": {query: "?Authorization=Bearer%20" + good},
		"in another header":                {headers: http.Header{"X-Access-Token": {good}}},
		"in a proxy's header":              {headers: http.Header{"Proxy-Authorization": {"Bearer " + good}}},
		"in a cookie":                      {headers: http.Header{"Cookie": {"access_token=" + good}}},
		"as the session's cookie":          {headers: http.Header{"Cookie": {b.cookie.Name + "=" + good}}},
		"two headers, both good":           {headers: two("Bearer "+good, "Bearer "+good)},
		"two headers, the first good":      {headers: two("Bearer "+good, "Bearer x")},
		"two headers, the last good":       {headers: two("Bearer x", "Bearer "+good)},
		"two headers, one of basic":        {headers: two("Basic YTpi", "Bearer "+good)},
		"two tokens in one header":         {headers: one("Bearer " + good + ", Bearer " + good)},
		"without a scheme":                 {headers: one(good)},
		"as Basic":                         {headers: one("Basic " + good)},
		"as DPoP":                          {headers: one("DPoP " + good)},
		"as a scheme like Bearer":          {headers: one("Веarer " + good)}, // the first two letters are Cyrillic
		"with a tab":                       {headers: one("Bearer\t" + good)},
		"in quotes":                        {headers: one(`Bearer "` + good + `"`)},
		"Bearer alone":                     {headers: one("Bearer")},
		"Bearer and a space":               {headers: one("Bearer ")},
		"Bearer twice":                     {headers: one("Bearer Bearer " + good)},
		"a refresh token of an app":        {headers: one("Bearer " + pair.RefreshToken)},
		"a refresh token of a browser":     {headers: one("Bearer " + b.cookie.Value)},
		"the session's cookie alone":       {headers: http.Header{"Cookie": {b.cookie.Name + "=" + b.cookie.Value}}},
		"huge":                             {headers: one("Bearer " + strings.Repeat("a", 100_000))},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/v1/me", "/v1/me/sessions", "/v1/admin/bookings"} {
				status, header := w.sendAs(t, "GET", path+c.query, "", c.headers)
				assert.Equal(t, http.StatusUnauthorized, status, path)
				assert.Contains(t, header.Get("WWW-Authenticate"), "Bearer")
			}
		})
	}
	status, _ := w.sendAs(t, "GET", "/v1/me", "", one("bearer "+good))
	assert.Equal(t, http.StatusOK, status, "the scheme is read without regard to case")
}

// A token by our own key for a session that is not the account's, or with a role that the
// account does not have.
func TestFault56_ForgedSessionsAndRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(jwt.MapClaims)
		status int
	}{
		"session of another account": {func(c jwt.MapClaims) { c["sid"] = w.sessionOf(w.admin) }, 401},
		"session that never was":     {func(c jwt.MapClaims) { c["sid"] = uuid.NewString() }, 401},
		"session of zeros":           {func(c jwt.MapClaims) { c["sid"] = uuid.Nil.String() }, 401},
		"account that never was":     {func(c jwt.MapClaims) { c["sub"] = uuid.NewString() }, 401},
		"account of another":         {func(c jwt.MapClaims) { c["sub"] = w.claimsOf(w.admin).Subject }, 401},
		"role of an administrator":   {func(c jwt.MapClaims) { c["role"] = "admin" }, 403},
		"role of a manager":          {func(c jwt.MapClaims) { c["role"] = "theater_manager" }, 403},
		"role that there is not":     {func(c jwt.MapClaims) { c["role"] = "root" }, 403},
	} {
		t.Run(name, func(t *testing.T) {
			token := forgedFrom(t, w, w.customer, c.change)
			w.do(t, call{token: token, method: "GET", path: "/v1/admin/bookings", status: c.status})
			w.do(t, call{token: token, method: "GET", path: "/v1/admin/audit", status: c.status})
		})
	}
}

// A refresh token in the wrong place, form or state.
func TestFault57_HostileRefreshes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const cookieName = "__Host-boxoffice_session"
	b := &tab{world: w}
	b.logIn(t)
	app := w.signIn(t, "asha@example.com")
	cookie := b.cookie.Value
	for name, lines := range map[string][]string{
		"no cookie":                {},
		"empty":                    {cookieName + "="},
		"two cookies, both good":   {cookieName + "=" + cookie + "; " + cookieName + "=" + cookie},
		"two cookies, one planted": {cookieName + "=b.planted; " + cookieName + "=" + cookie},
		"two lines of cookies":     {cookieName + "=" + cookie, cookieName + "=b.planted"},
		"name without its prefix":  {"boxoffice_session=" + cookie},
		"another prefix":           {"__Secure-boxoffice_session=" + cookie},
		"prefix in lower case":     {"__host-boxoffice_session=" + cookie},
		"name in upper case":       {strings.ToUpper(cookieName) + "=" + cookie},
		"in quotes":                {cookieName + `="` + cookie + `"`},
		"percent-encoded":          {cookieName + "=" + strings.Replace(cookie, ".", "%2E", 1)},
		"without its mark":         {cookieName + "=" + cookie[2:]},
		"its mark in upper case":   {cookieName + "=B." + cookie[2:]},
		"cut":                      {cookieName + "=" + cookie[:len(cookie)-1]},
		"longer":                   {cookieName + "=" + cookie + "A"},
		"a token of an app":        {cookieName + "=" + app.RefreshToken},
		"an app's, with the mark":  {cookieName + "=b." + app.RefreshToken},
		"an access token":          {cookieName + "=" + app.AccessToken},
		"SQL":                      {cookieName + "=b.' OR '1'='1"},
		"huge":                     {cookieName + "=b." + strings.Repeat("a", 100_000)},
	} {
		t.Run("cookie: "+name, func(t *testing.T) {
			headers := http.Header{"Sec-Fetch-Site": {"same-origin"}}
			if len(lines) > 0 {
				headers["Cookie"] = lines
			}
			status, _ := w.sendAs(t, "POST", "/v1/browser-sessions/refresh", "", headers)
			assert.Equal(t, http.StatusUnauthorized, status)
		})
	}
	for name, token := range map[string]string{
		"a cookie's": cookie, "a cookie's without its mark": cookie[2:], "an access token": app.AccessToken, "not known": "x",
		"cut": app.RefreshToken[1:], "with a space": app.RefreshToken + " ", "padded": app.RefreshToken + "=", "with the mark": "b." + app.RefreshToken,
		"SQL": "' OR '1'='1", "as long as a body may be": strings.Repeat("a", 8000),
	} {
		t.Run("body: "+name, func(t *testing.T) {
			w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + token + `"}`, status: http.StatusUnauthorized, code: "unauthenticated"})
		})
	}
	for name, headers := range map[string]map[string]string{
		"another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, "a sibling": {"Sec-Fetch-Site": "same-site"},
		"no origin": {"Sec-Fetch-Site": "cross-site", "Origin": "null"}, "an old browser": {"Origin": "https://evil.example"},
	} {
		t.Run("cross-origin: "+name, func(t *testing.T) {
			b.ask(t, call{method: "POST", path: "/v1/browser-sessions/refresh", headers: headers, status: http.StatusForbidden, code: "cross_origin_request"})
			b.ask(t, call{method: "DELETE", path: "/v1/browser-sessions", headers: headers, status: http.StatusForbidden, code: "cross_origin_request"})
		})
	}
	for body, status := range map[string]int{
		`{"refresh_token":"\u0000"}`: 400, `{"refresh_token":"` + strings.Repeat("a", 100_000) + `"}`: 413, `{"refresh_token":["x"]}`: 400, `{"refresh_token":""}`: 422, `{}`: 422,
	} {
		got, _ := w.sendAs(t, "POST", "/v1/sessions/refresh", body, http.Header{"Content-Type": {"application/json"}})
		assert.Equal(t, status, got, "%.40s", body)
	}
	b.refresh(t) // neither session was harmed
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + app.RefreshToken + `"}`, status: http.StatusOK})

	for name, end := range map[string]string{
		"expired":          `UPDATE sessions SET expires_at = now() WHERE account_id = $1`,
		"past its end":     `UPDATE session_devices SET began_at = now() - interval '91 days' WHERE session_id IN (SELECT id FROM sessions WHERE account_id = $1)`,
		"replaced":         `UPDATE sessions SET rotated_at = now() - interval '1 hour' WHERE account_id = $1`,
		"revoked":          `UPDATE sessions SET revoked_at = now() WHERE account_id = $1`,
		"of a suspended":   `INSERT INTO suspensions (account_id) VALUES ($1)`,
		"of one that went": `DELETE FROM accounts WHERE id = $1`,
	} {
		t.Run("session: "+name, func(t *testing.T) {
			who := strings.ReplaceAll(name, " ", ".")
			id := w.claimsOf(w.staffOf(who, "customer")).Subject
			pair := w.signIn(t, who+"@example.com")
			w.exec(end, id)
			w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + pair.RefreshToken + `"}`, status: http.StatusUnauthorized, code: "unauthenticated"})
		})
	}
}

// Scenario 4: three tabs refresh at once and one answer is cut.
func TestScenario4_ThreeTabsAndALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inner := w.server.Config.Handler
	cutting := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Cut") == "" {
			inner.ServeHTTP(out, r)
			return
		}
		inner.ServeHTTP(httptest.NewRecorder(), r) // the commit is done, the answer goes nowhere
		panic(http.ErrAbortHandler)
	}))
	cutting.Start()
	t.Cleanup(cutting.Close)
	w.server = cutting
	b := &tab{world: w}
	b.logIn(t)
	first := b.cookie

	cut := w.request(t, call{method: "POST", path: "/v1/browser-sessions/refresh", headers: map[string]string{
		"X-Cut": "1", "Sec-Fetch-Site": "same-origin", "Cookie": first.Name + "=" + first.Value}})
	var tabs [3]*tab
	var group sync.WaitGroup
	group.Go(func() {
		_, err := http.DefaultTransport.RoundTrip(cut)
		assert.Error(t, err)
	})
	for i := range tabs {
		tabs[i] = &tab{w, first}
		group.Go(func() { tabs[i].refresh(t) })
	}
	group.Wait()
	retried := &tab{w, first}
	retried.refresh(t)
	for _, other := range tabs {
		assert.Equal(t, retried.cookie.Raw, other.cookie.Raw, "byte for byte")
	}
	assert.NotEqual(t, first.Value, retried.cookie.Value)
	retried.refresh(t)
	assert.Equal(t, "1", w.text(`SELECT count(*) FROM sessions WHERE family = (SELECT n.family FROM sessions n JOIN session_successors s ON s.successor = n.id LIMIT 1)
		AND rotated_at IS NULL AND revoked_at IS NULL`))
}

// Keys of access tokens overlap: the old one's tokens work until it is dropped.
func TestFault56_KeysOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, next := w.tokenKey, testKey(t)
	me := call{token: w.customer, method: "GET", path: "/v1/me", status: http.StatusOK}
	for _, c := range []struct {
		keys   []ed25519.PrivateKey
		status int
	}{{[]ed25519.PrivateKey{old, next}, 200}, {[]ed25519.PrivateKey{next, old}, 200}, {[]ed25519.PrivateKey{next}, 401}} {
		tokens, err := accounts.NewTokens(c.keys, "https://tickets.example")
		require.NoError(t, err)
		w.options.Accounts = accounts.New(w.db, tokens, accounts.Limits{})
		w.serve()
		me.status = c.status
		w.do(t, me)
	}
}

// Fault 65, and accounts B9: each kind of end closes the streams that are open.
func TestFault65_EveryEndClosesStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.HTTP.Streams.Recheck = 20 * time.Millisecond })
	for i, c := range []struct {
		name string
		end  func(account, session string)
	}{
		{"demoted", func(account, _ string) { w.exec(`UPDATE accounts SET role = 'customer' WHERE id = $1`, account) }},
		{"suspended", func(account, _ string) {
			w.do(t, call{token: w.admin, method: "POST", path: "/v1/admin/accounts/" + account + "/suspend", body: `{"reason":"Left"}`, status: http.StatusOK})
		}},
		{"logged out", func(_, session string) { assert.NoError(t, w.options.Accounts.Logout(t.Context(), session)) }},
		{"logged out everywhere", func(account, _ string) { assert.NoError(t, w.options.Accounts.EndSessions(t.Context(), account, "")) }},
		{"past its end", func(_, session string) { w.exec(`UPDATE sessions SET expires_at = now() WHERE family = $1`, session) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := w.staffOf(strings.ReplaceAll(c.name, " ", "."), "support")
			b := w.book(t, token, "watched", []string{"A01", "A02", "A03", "A04", "A05"}[i])
			request := w.request(t, call{token: token, method: "GET", path: "/v1/bookings/" + b.ID + "/stream"})
			response, err := http.DefaultTransport.RoundTrip(request)
			require.NoError(t, err)
			defer response.Body.Close()
			require.Equal(t, http.StatusOK, response.StatusCode)
			lines := bufio.NewScanner(response.Body)
			for lines.Scan() && !strings.HasPrefix(lines.Text(), "data:") {
			}
			claims := w.claimsOf(token)
			c.end(claims.Subject, claims.SessionFamily)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for lines.Scan() {
				}
			}()
			select {
			case <-ended:
			case <-time.After(soon):
				assert.Fail(t, "the stream goes on")
			}
		})
	}
}
