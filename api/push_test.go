package api

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

const (
	// pushKey and the browser's keys are those of RFC 8291, section 5.
	pushKey       = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
	browserKey    = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	browserSecret = "BTBZMqHH6r4Tts7J_aSIgg"

	pushSandbox = "http://127.0.0.1:8090"
)

func browser(endpoint string) string {
	return fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, endpoint, browserKey, browserSecret)
}

// subscribe registers a browser. The status tells whether it is new to the account.
func (w *world) subscribe(token, endpoint string, status int) {
	w.t.Helper()
	w.do(w.t, call{method: "PUT", path: "/v1/me/push-subscriptions", token: token, body: browser(endpoint), status: status})
}

// browsers are the endpoints of an account, the one seen last at the end.
func (w *world) browsers(accountID string) (endpoints []string) {
	w.t.Helper()
	rows, err := w.db.Pool.Query(w.t.Context(), `SELECT endpoint FROM push_subscriptions WHERE account_id = $1 ORDER BY last_seen_at`, accountID)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var endpoint string
		require.NoError(w.t, rows.Scan(&endpoint))
		endpoints = append(endpoints, endpoint)
	}
	return endpoints
}

func TestBrowserSubscribesAndUnsubscribes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, call{method: "GET", path: "/v1/push/key", status: http.StatusOK, holds: []string{`{"public_key":"` + pushKey + `"}`}})

	const first, second = "https://push.example/s/1", "https://push.example/s/2"
	w.subscribe(w.customer, first, http.StatusCreated)
	w.subscribe(w.customer, second, http.StatusCreated)
	w.subscribe(w.customer, first, http.StatusNoContent)
	assert.Equal(t, []string{second, first}, w.browsers(w.customerID), "a repeat says that it is in use")

	for range 2 {
		w.do(t, call{method: "DELETE", path: "/v1/me/push-subscriptions", token: w.other, body: `{"endpoint":"` + first + `"}`, status: http.StatusNoContent})
	}
	assert.Len(t, w.browsers(w.customerID), 2, "another account's browser stays")
	for range 2 {
		w.do(t, call{method: "DELETE", path: "/v1/me/push-subscriptions", token: w.customer, body: `{"endpoint":"` + first + `"}`, status: http.StatusNoContent})
	}
	assert.Equal(t, []string{second}, w.browsers(w.customerID))

	w.subscribe(w.other, second, http.StatusCreated)
	assert.Empty(t, w.browsers(w.customerID), "a browser is the account's that registered it last")
	w.subscribe(w.customer, second, http.StatusCreated)
	assert.Equal(t, []string{second}, w.browsers(w.customerID))

	w.exec(`DELETE FROM push_subscriptions`) // the push service has said that it is gone
	w.subscribe(w.customer, second, http.StatusCreated)

	w.exec(`DELETE FROM accounts WHERE id = $1`, w.customerID)
	assert.Empty(t, w.browsers(w.customerID), "subscriptions are erased with the account")
	w.do(t, call{method: "PUT", path: "/v1/me/push-subscriptions", token: w.customer, body: browser(first), status: http.StatusUnauthorized, code: "unauthenticated"})
}

func TestAnEleventhBrowserReplacesTheOldest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 10 {
		w.subscribe(w.customer, fmt.Sprintf("https://push.example/s/%d", i), http.StatusCreated)
	}
	w.subscribe(w.customer, "https://push.example/s/0", http.StatusNoContent)
	w.subscribe(w.customer, "https://push.example/s/new", http.StatusCreated)
	browsers := w.browsers(w.customerID)
	assert.Len(t, browsers, 10)
	assert.Equal(t, "https://push.example/s/new", browsers[9])
	assert.Contains(t, browsers, "https://push.example/s/0", "it was seen later than the next one")
	assert.NotContains(t, browsers, "https://push.example/s/1")
}

func TestSubscriptionsThatDoNotPassNameTheField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const good = "https://push.example/s/1"
	for name, test := range map[string]struct{ body, field, message string }{
		"nothing":             {`{}`, "endpoint", "Must not be empty."},
		"not encrypted":       {browser("http://push.example/s/1"), "endpoint", "https://"},
		"another port":        {browser("https://push.example:8443/s/1"), "endpoint", "port"},
		"inside":              {browser("https://10.0.0.1/s/1"), "endpoint", "public internet"},
		"metadata service":    {browser("https://169.254.169.254/latest"), "endpoint", "public internet"},
		"beside the sandbox":  {browser(pushSandbox + ".evil.example/s/1"), "endpoint", "https://"},
		"too long":            {browser("https://push.example/" + strings.Repeat("x", 2000)), "endpoint", "at most"},
		"key of another size": {strings.Replace(browser(good), browserKey, browserKey[:86], 1), "keys.p256dh", "65 bytes"},
		"key off the curve":   {strings.Replace(browser(good), browserKey, "B"+strings.Repeat("A", 85)+"E", 1), "keys.p256dh", "a point of P-256"},
		"key that is no text": {strings.Replace(browser(good), browserKey, "!", 1), "keys.p256dh", "base64url"},
		"secret too short":    {strings.Replace(browser(good), browserSecret, "BTBZMqHH6r4Tts7J", 1), "keys.auth", "16 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var problem struct {
				Errors []struct{ Field, Message string }
			}
			w.do(t, call{method: "PUT", path: "/v1/me/push-subscriptions", token: w.customer, body: test.body,
				status: http.StatusUnprocessableEntity, code: "validation_failed"}).into(t, &problem)
			require.NotEmpty(t, problem.Errors)
			assert.Equal(t, test.field, problem.Errors[0].Field)
			assert.Contains(t, problem.Errors[0].Message, test.message)
		})
	}
	w.do(t, call{method: "DELETE", path: "/v1/me/push-subscriptions", token: w.customer, body: `{}`,
		status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"endpoint"`}})
	w.subscribe(w.customer, pushSandbox+"/push/1", http.StatusCreated)
}

func TestLanguageIsTheBrowsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.subscribe(w.customer, "https://push.example/s/1", http.StatusCreated)
	for accepts, want := range map[string]string{"hi-IN,en;q=0.5": "hi-IN", "*": "en", "": "en", "%%": "en", "x;q=0": "en"} {
		w.do(t, call{method: "PUT", path: "/v1/me/push-subscriptions", token: w.customer, body: browser("https://push.example/s/1"),
			headers: map[string]string{"Accept-Language": accepts}, status: http.StatusNoContent})
		var language string
		require.NoError(t, w.db.Pool.QueryRow(t.Context(), `SELECT language FROM push_subscriptions`).Scan(&language))
		assert.Equal(t, want, language, accepts)
	}
}

func TestLanguageIsTheAppsWhereItNamesOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.subscribe(w.customer, "https://push.example/s/1", http.StatusCreated)
	put := func(language string, status int, holds ...string) {
		t.Helper()
		body := strings.TrimSuffix(browser("https://push.example/s/1"), "}") + fmt.Sprintf(`,"language":%q}`, language)
		w.do(t, call{method: "PUT", path: "/v1/me/push-subscriptions", token: w.customer, body: body,
			headers: map[string]string{"Accept-Language": "hi-IN"}, status: status, holds: holds})
	}
	for _, test := range []struct{ named, want string }{{"ar", "ar"}, {"en-in", "en-IN"}, {"", "hi-IN"}} {
		put(test.named, http.StatusNoContent)
		var language string
		require.NoError(t, w.db.Pool.QueryRow(t.Context(), `SELECT language FROM push_subscriptions`).Scan(&language))
		assert.Equal(t, test.want, language, test.named)
	}
	for _, named := range []string{"%%", "und", "notalanguage", "en-" + strings.Repeat("x-abcdefgh", 5)} {
		put(named, http.StatusUnprocessableEntity, `"language"`, "Write a language tag such as hi")
	}
}

func TestPushMayBeOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens, err := accounts.NewTokens([]ed25519.PrivateKey{testKey(t)}, "https://tickets.example")
	require.NoError(t, err)
	w.options.Accounts = accounts.New(w.db, tokens, accounts.Limits{})
	w.serve()
	var signedIn accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"asha@example.com","password":"long enough to pass"}`,
		status: http.StatusCreated}).into(t, &signedIn)
	w.do(t, call{method: "GET", path: "/v1/push/key", status: http.StatusNotFound, code: "not_found", holds: []string{"push are off"}})
	w.do(t, call{method: "PUT", path: "/v1/me/push-subscriptions", token: signedIn.AccessToken, body: browser("https://push.example/s/1"),
		status: http.StatusNotFound, code: "not_found"})
}
