package api

import (
	"bufio"
	"context"
	"net/http"
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

// claimsOf reads a token of ours.
func (w *world) claimsOf(token string) *accounts.Claims {
	w.t.Helper()
	claims, err := w.options.Accounts.Verify(token)
	require.NoError(w.t, err)
	return claims
}

func (w *world) sessionOf(token string) string { return w.claimsOf(token).SessionFamily }

// another begins one more session of a token's account.
func (w *world) another(token string) string {
	w.t.Helper()
	claims := w.claimsOf(token)
	id := uuid.New()
	w.exec(`INSERT INTO sessions (id, family, account_id, refresh_hash, expires_at) VALUES ($1, $1, $2, $3, now() + interval '1 day')`,
		id, claims.Subject, id[:])
	return forgedFrom(w.t, w, token, func(c jwt.MapClaims) { c["sid"] = id.String() })
}

// forgedFrom signs changed claims with our own key.
func forgedFrom(t testing.TB, w *world, token string, change func(jwt.MapClaims)) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	require.NoError(t, err)
	claims := parsed.Claims.(jwt.MapClaims)
	change(claims)
	next := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	next.Header["kid"], next.Header["typ"] = parsed.Header["kid"], parsed.Header["typ"]
	signed, err := next.SignedString(w.tokenKey)
	require.NoError(t, err)
	return signed
}

type sessionList struct {
	Items []accounts.OwnSession `json:"items"`
}

const firefoxOnAndroid = "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0"

func TestACustomerSeesAndEndsSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var phone accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/sessions", status: http.StatusCreated, headers: map[string]string{"User-Agent": firefoxOnAndroid},
		body: `{"email":"asha@example.com","password":"long enough to pass"}`}).into(t, &phone)
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", status: http.StatusOK,
		body: `{"refresh_token":"` + phone.RefreshToken + `"}`}).into(t, &phone)

	var list sessionList
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/me/sessions", status: http.StatusOK}).into(t, &list)
	require.Len(t, list.Items, 2)
	assert.True(t, list.Items[0].Current)
	assert.Equal(t, w.sessionOf(w.customer), list.Items[0].ID.String())
	other := list.Items[1]
	assert.False(t, other.Current)
	assert.Equal(t, [2]string{"Firefox", "Android"}, [2]string{other.Browser, other.System}, "also after a refresh")
	assert.True(t, other.LastUsedAt.After(other.CreatedAt))

	one := "/v1/me/sessions/" + other.ID.String()
	w.do(t, call{token: w.other, method: "DELETE", path: one, status: http.StatusNotFound, code: "not_found"})
	w.do(t, call{token: phone.AccessToken, method: "PATCH", path: "/v1/me", body: `{}`, status: http.StatusOK})
	for range 2 {
		w.do(t, call{token: w.customer, method: "DELETE", path: one, status: http.StatusNoContent})
	}
	w.do(t, call{token: phone.AccessToken, method: "PATCH", path: "/v1/me", body: `{}`, status: http.StatusUnauthorized, code: "unauthenticated"})
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + phone.RefreshToken + `"}`, status: http.StatusUnauthorized})
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/me/sessions", status: http.StatusOK}).into(t, &list)
	assert.Len(t, list.Items, 1)

	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions?except_current=perhaps", status: http.StatusUnprocessableEntity, code: "validation_failed"})
	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions?except_current=true", status: http.StatusNoContent})
	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions", status: http.StatusNoContent})
	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions", status: http.StatusUnauthorized, code: "unauthenticated"})
	w.do(t, call{token: w.other, method: "PATCH", path: "/v1/me", body: `{}`, status: http.StatusOK})
}

func TestHostileSessionIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"x", "1%20OR%201=1", "%27;--", uuid.NewString(), uuid.Nil.String(), strings.Repeat("a", 4000), "..%2f", "%F0%9F%8E%AC", "*"} {
		w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions/" + id, status: http.StatusNotFound, code: "not_found"})
	}
	w.do(t, call{token: w.customer, method: "PATCH", path: "/v1/me", body: `{}`, status: http.StatusOK})
}

// What a staff member may do counts at once, whatever the token says.
func TestFault65_StaffRightsEndAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.admin
	for name, c := range map[string]struct {
		end              func(account, session string)
		staff, own, read int
	}{
		"nothing":    {func(string, string) {}, 200, 200, 200},
		"demoted":    {func(account, _ string) { w.exec(`UPDATE accounts SET role = 'customer' WHERE id = $1`, account) }, 403, 200, 200},
		"logged out": {func(_, session string) { w.exec(`UPDATE sessions SET revoked_at = now() WHERE family = $1`, session) }, 401, 401, 200},
		"one token of its session revoked": {func(account, session string) {
			w.exec(`INSERT INTO sessions (id, family, account_id, refresh_hash, expires_at, revoked_at)
				VALUES (gen_random_uuid(), $2, $1, uuid_send(gen_random_uuid()), now(), now())`, account, session)
		}, 401, 401, 200},
		"expired": {func(_, session string) { w.exec(`UPDATE sessions SET expires_at = now() WHERE family = $1`, session) }, 401, 401, 200},
		"suspended": {func(account, _ string) {
			w.do(t, call{token: ada, method: "POST", path: "/v1/admin/accounts/" + account + "/suspend", body: `{"reason":"Left"}`, status: http.StatusOK})
		}, 401, 401, 200},
		"logged out everywhere": {func(account, _ string) { assert.NoError(t, w.options.Accounts.EndSessions(t.Context(), account, "")) }, 401, 401, 200},
		"deleted":               {func(account, _ string) { w.exec(`DELETE FROM accounts WHERE id = $1`, account) }, 401, 401, 401},
	} {
		t.Run(name, func(t *testing.T) {
			token := w.staffOf(strings.ReplaceAll(name, " ", "."), "support")
			claims := w.claimsOf(token)
			w.do(t, call{token: token, method: "GET", path: "/v1/admin/bookings", status: http.StatusOK})
			c.end(claims.Subject, claims.SessionFamily)
			w.do(t, call{token: token, method: "GET", path: "/v1/admin/bookings", status: c.staff})
			w.do(t, call{token: token, method: "GET", path: "/v1/admin/audit", status: c.staff})
			w.do(t, call{token: token, method: "PATCH", path: "/v1/me", body: `{}`, status: c.own})
			w.do(t, call{token: token, method: "GET", path: "/v1/me", status: c.read})
		})
	}
	// A role given counts, too, with the token of before.
	w.exec(`UPDATE accounts SET role = 'support' WHERE id = $1`, w.customerID)
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/admin/bookings", status: http.StatusOK})
	// Neither a token without a session nor one with the session of another account.
	for _, session := range []any{nil, "", uuid.NewString(), w.sessionOf(w.admin)} {
		token := forgedFrom(t, w, w.support, func(c jwt.MapClaims) { c["sid"] = session })
		w.do(t, call{token: token, method: "GET", path: "/v1/admin/bookings", status: http.StatusUnauthorized, code: "unauthenticated"})
	}
}

func TestFault65_TheCodecAsksTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Staff.Codec = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) })
	})
	decode := call{token: w.support, method: "POST", path: "/codec/decode", body: `{}`, status: http.StatusOK, without: true}
	w.do(t, decode)
	w.exec(`UPDATE accounts SET role = 'customer' WHERE email = 'sue@example.com'`)
	decode.status = http.StatusForbidden
	w.do(t, decode)
}

// An open stream ends soon after the session of who watches.
func TestFault65_StreamsEndWithTheSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"logged out": `UPDATE sessions SET revoked_at = now() WHERE account_id = $1`,
		"demoted":    `UPDATE accounts SET role = 'customer' WHERE id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.HTTP.Streams.Recheck = 20 * time.Millisecond })
			b := w.book(t, w.support, "watched", "A01")
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			request := w.request(t, call{token: w.support, method: "GET", path: "/v1/bookings/" + b.ID + "/stream"}).WithContext(ctx)
			response, err := http.DefaultTransport.RoundTrip(request)
			require.NoError(t, err)
			defer response.Body.Close()
			require.Equal(t, http.StatusOK, response.StatusCode)
			lines := bufio.NewScanner(response.Body)
			for lines.Scan() && !strings.HasPrefix(lines.Text(), "data:") {
			}
			w.exec(end, w.claimsOf(w.support).Subject)
			for lines.Scan() {
			}
			assert.NoError(t, ctx.Err(), "the server ended it")
		})
	}
}

func TestSuspensionOfAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	self := "/v1/admin/accounts/" + w.claimsOf(w.admin).Subject
	ben := "/v1/admin/accounts/" + w.claimsOf(w.other).Subject
	before := w.signIn(t, "ben@example.com")
	tag := w.do(t, call{token: w.admin, method: "GET", path: ben, status: http.StatusOK, lacks: []string{"suspended_at"}}).header.Get("ETag")
	w.do(t, call{token: w.admin, method: "POST", path: ben + "/suspend", body: `{"reason":" "}`, status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"reason"`}})
	w.do(t, call{token: w.admin, method: "POST", path: self + "/suspend", body: `{"reason":"x"}`, status: http.StatusConflict, code: "conflict"})
	w.do(t, call{token: w.admin, method: "PATCH", path: self, body: `{"role":"support"}`, status: http.StatusConflict, code: "conflict"})
	w.do(t, call{token: w.admin, method: "POST", path: ben + "/suspend", body: `{"reason":"Sold tickets on"}`, status: http.StatusOK,
		headers: map[string]string{"If-Match": tag}, holds: []string{"suspended_at"}})
	w.do(t, call{token: w.admin, method: "POST", path: ben + "/restore", body: `{"reason":"x"}`, status: http.StatusPreconditionFailed,
		headers: map[string]string{"If-Match": tag}, code: "precondition_failed"})

	right, wrong := `{"email":"ben@example.com","password":"long enough to pass"}`, `{"email":"ben@example.com","password":"not the right one"}`
	for _, path := range []string{"/v1/sessions", "/v1/browser-sessions"} {
		w.do(t, call{method: "POST", path: path, body: right, status: http.StatusForbidden, code: "account_suspended"})
		w.do(t, call{method: "POST", path: path, body: wrong, status: http.StatusUnauthorized, code: "unauthenticated", lacks: []string{"suspend"}})
	}
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + before.RefreshToken + `"}`, status: http.StatusUnauthorized})

	w.do(t, call{token: w.admin, method: "POST", path: ben + "/restore", body: `{"reason":"It was somebody else"}`, status: http.StatusOK, lacks: []string{"suspended_at"}})
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + before.RefreshToken + `"}`, status: http.StatusUnauthorized})
	w.signIn(t, "ben@example.com")
	log := string(w.do(t, call{token: w.admin, method: "GET", path: "/v1/admin/audit?entity=account", status: http.StatusOK}).body)
	for _, words := range []string{`"suspend"`, "Sold tickets on", `"restore"`, "It was somebody else"} {
		assert.Contains(t, log, words)
	}
}

// Of two administrators who act against each other at once, one is left, who can log in.
func TestOfTwoAdministratorsOneIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, does := range []struct{ method, path, body string }{
		{"PATCH", "", `{"role":"customer"}`}, {"POST", "/suspend", `{"reason":"x"}`}, {"PATCH", "", `{"role":"customer"}`}, {"POST", "/suspend", `{"reason":"x"}`},
	} {
		w.exec(`UPDATE accounts SET role = 'customer'`)
		two := []string{w.staffOf("first"+string(rune('a'+i)), "admin"), w.staffOf("second"+string(rune('a'+i)), "admin")}
		var group sync.WaitGroup
		for n, token := range two {
			group.Go(func() {
				w.do(t, call{token: token, method: does.method, body: does.body, path: "/v1/admin/accounts/" + w.claimsOf(two[1-n]).Subject + does.path})
			})
		}
		group.Wait()
		assert.Equal(t, "1", w.text(`SELECT count(*) FROM accounts a WHERE role = 'admin' AND NOT EXISTS (SELECT FROM suspensions WHERE account_id = a.id)`))
	}
}

// Messages name movies and seats: they end with the session that asked for them.
func TestMessagesEndWithTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone, laptop := w.another(w.customer), w.another(w.customer)
	left := func() string {
		return w.text(`SELECT coalesce(string_agg(right(endpoint, 6), ',' ORDER BY endpoint), '') FROM push_subscriptions`)
	}
	w.subscribe(w.customer, "https://push.example/mypage", http.StatusCreated)
	w.subscribe(phone, "https://push.example/mobile", http.StatusCreated)
	w.subscribe(laptop, "https://push.example/laptop", http.StatusCreated)
	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions/" + w.sessionOf(phone), status: http.StatusNoContent})
	assert.Equal(t, "laptop,mypage", left())
	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions?except_current=true", status: http.StatusNoContent})
	assert.Equal(t, "mypage", left())
	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/me/sessions", status: http.StatusNoContent})
	assert.Empty(t, left())
}
