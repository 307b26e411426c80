package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

// phone is a browser with an authenticator, as far as passkeys go.
type phone struct {
	*world
	party  virtualwebauthn.RelyingParty
	device virtualwebauthn.Authenticator
	key    virtualwebauthn.Credential
	cookie string
}

func newPhone(w *world) *phone {
	return &phone{world: w, party: virtualwebauthn.RelyingParty{ID: "tickets.example", Origin: "https://tickets.example"},
		device: virtualwebauthn.NewAuthenticator(), key: newKey()}
}

type passkeyRequest struct {
	PublicKey json.RawMessage `json:"public_key"`
}

// credential is the body of an answer.
func credential(answer string) string { return `{"credential":` + answer + `}` }

// add adds a passkey to the account of a token, and gives its id.
func (p *phone) add(t *testing.T, token string) accounts.Passkey {
	t.Helper()
	var request passkeyRequest
	begun := p.do(t, call{token: token, method: "POST", path: "/v1/me/factors/passkeys", status: http.StatusCreated})
	begun.into(t, &request)
	assert.Equal(t, "no-store", begun.header.Get("Cache-Control"))
	options, err := virtualwebauthn.ParseAttestationOptions(string(request.PublicKey))
	require.NoError(t, err)
	p.device.Options.UserHandle = []byte(options.UserID)
	var made accounts.Passkey
	p.do(t, call{token: token, method: "POST", path: "/v1/me/factors/passkeys/confirm", status: http.StatusCreated,
		headers: map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		body:    credential(virtualwebauthn.CreateAttestationResponse(p.party, p.device, p.key, *options))}).into(t, &made)
	return made
}

func (p *phone) headers() map[string]string {
	headers := map[string]string{"Sec-Fetch-Site": "same-origin"}
	if p.cookie != "" {
		headers["Cookie"] = "__Host-boxoffice_session_passkey=" + p.cookie
	}
	return headers
}

// sign asks for a log-in and signs it.
func (p *phone) sign(t *testing.T) string {
	t.Helper()
	var request passkeyRequest
	asked := p.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey/options", headers: p.headers(), status: http.StatusCreated})
	asked.into(t, &request)
	cookie, err := http.ParseSetCookie(asked.header.Get("Set-Cookie"))
	require.NoError(t, err)
	if p.cookie != "" {
		assert.Equal(t, p.cookie, cookie.Value, "another tab of the browser waits, too")
	}
	p.cookie = cookie.Value
	assert.Equal(t, &http.Cookie{Name: "__Host-boxoffice_session_passkey", Value: p.cookie, Path: "/", MaxAge: 3600, HttpOnly: true, Secure: true,
		SameSite: http.SameSiteStrictMode, Raw: cookie.Raw}, cookie)
	options, err := virtualwebauthn.ParseAssertionOptions(string(request.PublicKey))
	require.NoError(t, err)
	return credential(virtualwebauthn.CreateAssertionResponse(p.party, p.device, p.key, *options))
}

func TestSigningInByAPasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPhone(w)
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/me/factors", status: http.StatusOK, holds: []string{`"passkeys":[]`, `"passkeys_off":null`}})
	made := p.add(t, w.customer)
	assert.Equal(t, "Firefox, Linux", made.Name)

	signed := p.sign(t)
	got := w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: signed, headers: p.headers(), status: http.StatusCreated, lacks: []string{"refresh_token"}})
	assert.Contains(t, got.header.Get("Set-Cookie"), "__Host-boxoffice_session=b.")
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	var tokens accounts.TokenPair
	got.into(t, &tokens)
	w.do(t, call{token: tokens.AccessToken, method: "GET", path: "/v1/me/factors", status: http.StatusOK, holds: []string{made.ID.String(), `"synced":false`}})
	w.do(t, call{token: tokens.AccessToken, method: "PATCH", path: "/v1/me/factors/passkeys/" + made.ID.String(), body: `{"name":"My laptop"}`, status: http.StatusNoContent})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: signed, headers: p.headers(), status: http.StatusUnauthorized, code: "unauthenticated"})

	signed = p.sign(t)
	for name, headers := range map[string]map[string]string{
		"no cookie":      {"Sec-Fetch-Site": "same-origin"},
		"another cookie": {"Cookie": "__Host-boxoffice_session_passkey=" + strings.Repeat("x", 43)},
		"two cookies":    {"Cookie": "__Host-boxoffice_session_passkey=" + p.cookie + "; __Host-boxoffice_session_passkey=" + p.cookie},
	} {
		c := call{name: name, method: "POST", path: "/v1/browser-sessions/passkey", body: signed, headers: headers, status: http.StatusUnauthorized, code: "unauthenticated"}
		w.do(t, c)
	}
	cross := p.headers()
	cross["Sec-Fetch-Site"] = "cross-site"
	for _, path := range []string{"/v1/browser-sessions/passkey", "/v1/browser-sessions/passkey/options"} {
		w.do(t, call{method: "POST", path: path, body: signed, headers: cross, status: http.StatusForbidden, code: "cross_origin_request"})
	}
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: credential(`{"id":"` + strings.Repeat("x", 2<<20) + `"}`), headers: p.headers(),
		status: http.StatusRequestEntityTooLarge, code: "body_too_large"})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: `{}`, headers: p.headers(), status: http.StatusUnprocessableEntity, code: "validation_failed"})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: signed, headers: p.headers(), status: http.StatusCreated})

	w.do(t, call{token: tokens.AccessToken, method: "DELETE", path: "/v1/me/factors/passkeys/" + made.ID.String(), status: http.StatusNoContent})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: p.sign(t), headers: p.headers(), status: http.StatusUnauthorized, code: "passkey_unknown"})
}

func TestConfirmingByAPasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPhone(w)
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/me/confirm/passkey", status: http.StatusConflict, code: "conflict"})
	made := p.add(t, w.customer)
	w.exec(`UPDATE session_devices SET began_at = now() - interval '1 hour'`)
	w.exec(`UPDATE session_factors SET passed_at = now() - interval '1 hour'`)
	path := "/v1/me/factors/passkeys/" + made.ID.String()
	w.do(t, call{token: w.customer, method: "DELETE", path: path, status: http.StatusForbidden, code: "confirmation_needed"})
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/me/confirm", body: `{}`, status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"field":"password"`}})

	var request passkeyRequest
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/me/confirm/passkey", status: http.StatusCreated}).into(t, &request)
	options, err := virtualwebauthn.ParseAssertionOptions(string(request.PublicKey))
	require.NoError(t, err)
	assert.True(t, p.key.IsAllowedForAssertion(*options), "the options name the passkeys of the account")
	body := `{"passkey":` + virtualwebauthn.CreateAssertionResponse(p.party, p.device, p.key, *options) + `}`
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/me/confirm", body: body, status: http.StatusNoContent})
	w.do(t, call{token: w.customer, method: "DELETE", path: path, status: http.StatusNoContent})
}

// Scenario 9 over HTTP: a problem that says what to do, and no 500.
func TestScenario9_AChangedPasskeyIsAProblemWithAWayOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPhone(w)
	p.add(t, w.customer)
	p.device.Options.BackupEligible, p.device.Options.BackupState = true, true
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: p.sign(t), headers: p.headers(), status: http.StatusConflict, code: "passkey_changed",
		holds: []string{"Log in another way, remove it and add it again."}})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions", body: ashas, status: http.StatusCreated})
}

// Where the public address is an IP address, passkeys are off and say why; all else works.
func TestPasskeysAreOffAtAnIPAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.PublicURL = "http://127.0.0.1:8080"
	w.options.Accounts = newAccounts(t, w.db, w.tokenKey, accounts.WithPasskeys(testParty(t, w.options.PublicURL)))
	w.serve()
	for _, path := range []string{"/v1/browser-sessions/passkey/options", "/v1/me/factors/passkeys", "/v1/me/confirm/passkey"} {
		w.do(t, call{token: w.customer, method: "POST", path: path, status: http.StatusNotFound, code: "passkeys_off", holds: []string{"127.0.0.1 is an IP address"}})
	}
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/me/factors", status: http.StatusOK, holds: []string{`"passkeys_off":"Passkeys belong to a domain`}})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions", body: ashas, status: http.StatusCreated})
}

// A session by passkey is complete for staff, who must show a second factor.
func TestStaffSignInByAPasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	factors := testFactors(t)
	factors.StaffMust = true
	w.options.Accounts = newAccounts(t, w.db, w.tokenKey, accounts.WithFactors(factors))
	w.serve()
	p := newPhone(w)
	w.do(t, call{token: w.admin, method: "GET", path: "/v1/admin/audit", status: http.StatusForbidden, code: "second_factor_required"})
	p.add(t, w.admin)
	w.do(t, call{token: w.admin, method: "GET", path: "/v1/admin/audit", status: http.StatusOK})
	var tokens accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/passkey", body: p.sign(t), headers: p.headers(), status: http.StatusCreated}).into(t, &tokens)
	w.do(t, call{token: tokens.AccessToken, method: "GET", path: "/v1/admin/audit", status: http.StatusOK})
}

// newKey has coordinates of whole length: the library cuts zeros off their beginning, and one
// key in a hundred is refused for that.
func newKey() virtualwebauthn.Credential {
	const whole = 77 // bytes of a COSE key of P-256 (RFC 9053, section 7.1.1)
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}
