package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

// codeOf is what an authenticator app shows so many steps from now, by the database's clock.
func (w *world) codeOf(t testing.TB, secret string, steps int64) string {
	t.Helper()
	var now, seconds int64
	// Not in the last seconds of a step: another one would begin before the code is compared.
	require.Eventually(t, func() bool {
		err := w.db.Pool.QueryRow(t.Context(), `SELECT at / 30, at % 30 FROM (SELECT floor(extract(epoch FROM clock_timestamp()))::bigint at) clock`).Scan(&now, &seconds)
		return err == nil && seconds < 24
	}, 2*soon, 10*often)
	code, err := hotp.GenerateCode(secret, uint64(now+steps))
	require.NoError(t, err)
	return code
}

// guard sets up an authenticator app, and gives its secret and the recovery codes.
func (w *world) guard(t testing.TB, token string) (secret string, recovery []string) {
	t.Helper()
	var begun accounts.NewTOTP
	w.do(t, call{token: token, method: "POST", path: "/v1/me/factors/totp", status: http.StatusCreated}).into(t, &begun)
	var codes struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
	confirmed := w.do(t, call{token: token, method: "POST", path: "/v1/me/factors/totp/confirm", status: http.StatusOK,
		body: fields{"code": w.codeOf(t, begun.Secret, -1)}.with(nil)})
	confirmed.into(t, &codes)
	assert.Equal(t, "no-store", confirmed.header.Get("Cache-Control"))
	require.Len(t, codes.RecoveryCodes, 10)
	return begun.Secret, codes.RecoveryCodes
}

const ashasLogin = `{"email":"asha@example.com","password":"long enough to pass"}`

func (w *world) half(t testing.TB, path, login string) accounts.SecondStep {
	t.Helper()
	var step accounts.SecondStep
	got := w.do(t, call{method: "POST", path: path, body: login, status: http.StatusAccepted, lacks: []string{"token"}})
	assert.Empty(t, got.header.Values("Set-Cookie"), "there is no session yet")
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	got.into(t, &step)
	return step
}

func TestSigningInWithASecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/me/factors", status: http.StatusOK, holds: []string{`"totp_since":null`, `"recovery_codes":0`, `"required":false`}})
	secret, recovery := w.guard(t, w.customer)
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/me/factors", status: http.StatusOK, holds: []string{`"recovery_codes":10`}, lacks: []string{secret}})
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/me/factors/totp", status: http.StatusConflict, code: "conflict"})

	step := w.half(t, "/v1/sessions", ashasLogin)
	assert.Equal(t, []accounts.Way{"totp", "recovery_code"}, step.Ways)
	assert.Equal(t, 300, step.ExpiresIn)
	second := func(more fields) string { return fields{"challenge": step.Challenge}.with(more) }
	w.do(t, call{method: "POST", path: "/v1/sessions/second-factor", body: second(fields{"code": "12345"}),
		status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"field":"code"`}})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/second-factor", body: second(fields{"code": w.codeOf(t, secret, 0)}),
		status: http.StatusUnauthorized, code: "unauthenticated"})
	var tokens accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/sessions/second-factor", body: second(fields{"code": w.codeOf(t, secret, 0)}), status: http.StatusCreated}).into(t, &tokens)
	w.do(t, call{token: tokens.AccessToken, method: "GET", path: "/v1/me", status: http.StatusOK})
	w.do(t, call{method: "POST", path: "/v1/sessions/second-factor", body: second(fields{"code": w.codeOf(t, secret, 0)}),
		status: http.StatusUnauthorized, code: "unauthenticated"})

	step = w.half(t, "/v1/browser-sessions", ashasLogin)
	got := w.do(t, call{method: "POST", path: "/v1/browser-sessions/second-factor", body: second(fields{"recovery_code": recovery[3]}),
		status: http.StatusCreated, lacks: []string{"refresh_token"}})
	assert.Contains(t, got.header.Get("Set-Cookie"), "__Host-boxoffice_session=b.")
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/second-factor", body: second(fields{"recovery_code": recovery[3]}),
		headers: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: http.StatusForbidden, code: "cross_origin_request"})

	w.do(t, call{token: tokens.AccessToken, method: "POST", path: "/v1/me/factors/recovery-codes", status: http.StatusCreated})
	w.exec(`UPDATE session_factors SET passed_at = now() - interval '1 hour'`)
	for _, c := range []call{
		{method: "POST", path: "/v1/me/factors/recovery-codes"},
		{method: "DELETE", path: "/v1/me/factors/totp"},
	} {
		c.token, c.status, c.code = tokens.AccessToken, http.StatusForbidden, "confirmation_needed"
		w.do(t, c)
	}
	w.exec(`UPDATE totp_factors SET last_step = 0`)
	w.do(t, call{token: tokens.AccessToken, method: "POST", path: "/v1/me/confirm", body: `{"password":"long enough to pass"}`,
		status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"field":"code"`}})
	w.do(t, call{token: tokens.AccessToken, method: "POST", path: "/v1/me/confirm", status: http.StatusNoContent,
		body: fields{"password": "long enough to pass", "code": w.codeOf(t, secret, 0)}.with(nil)})
	w.do(t, call{token: tokens.AccessToken, method: "DELETE", path: "/v1/me/factors/totp", status: http.StatusNoContent})
	w.do(t, call{method: "POST", path: "/v1/sessions", body: ashasLogin, status: http.StatusCreated})
}

func TestWrongCodesWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.guard(t, w.customer)
	for range 5 {
		step := w.half(t, "/v1/sessions", ashasLogin)
		w.do(t, call{method: "POST", path: "/v1/sessions/second-factor", body: fields{"challenge": step.Challenge, "code": "x"}.with(nil), status: http.StatusUnprocessableEntity})
	}
	step := w.half(t, "/v1/sessions", ashasLogin)
	got := w.do(t, call{method: "POST", path: "/v1/sessions/second-factor", body: fields{"challenge": step.Challenge, "code": "x"}.with(nil),
		status: http.StatusTooManyRequests, code: "too_many_requests"})
	wait, err := time.ParseDuration(got.header.Get("Retry-After") + "s")
	require.NoError(t, err)
	assert.Greater(t, wait, 10*time.Second)
}

// A member of staff without a second factor logs in, and may do as a customer may.
func TestStaffNeedASecondFactor(t *testing.T) {
	t.Parallel()
	db := newWorld(t)
	factors := testFactors(t)
	factors.StaffMust = true
	db.options.Accounts = newAccounts(t, db.db, db.tokenKey, accounts.WithFactors(factors))
	db.serve()
	w := db
	work := call{method: "GET", path: "/v1/admin/audit"}
	asStaff := func(token string, status int, code string) {
		t.Helper()
		c := work
		c.token, c.status, c.code = token, status, code
		w.do(t, c)
	}
	for _, token := range []string{w.support, w.manager, w.admin} {
		asStaff(token, http.StatusForbidden, "second_factor_required")
		w.do(t, call{token: token, method: "GET", path: "/v1/bookings", status: http.StatusOK})
	}
	asStaff(w.customer, http.StatusForbidden, "forbidden")
	w.do(t, call{token: w.admin, method: "GET", path: "/v1/me/factors", status: http.StatusOK, holds: []string{`"required":true`}})
	w.do(t, call{token: w.admin, method: "POST", path: "/v1/admin/movies", body: `{}`, status: http.StatusForbidden, code: "second_factor_required"})

	secret, _ := w.guard(t, w.admin)
	asStaff(w.admin, http.StatusOK, "")
	w.do(t, call{token: w.admin, method: "GET", path: "/v1/me/factors", status: http.StatusOK, holds: []string{`"required":false`}})
	step := w.half(t, "/v1/sessions", `{"email":"ada@example.com","password":"long enough to pass"}`)
	var tokens accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/sessions/second-factor", status: http.StatusCreated,
		body: fields{"challenge": step.Challenge, "code": w.codeOf(t, secret, 0)}.with(nil)}).into(t, &tokens)
	asStaff(tokens.AccessToken, http.StatusOK, "")
	w.do(t, call{token: tokens.AccessToken, method: "DELETE", path: "/v1/me/factors/totp", status: http.StatusNoContent})
	asStaff(tokens.AccessToken, http.StatusForbidden, "second_factor_required")
	asStaff(w.admin, http.StatusForbidden, "second_factor_required")
}
