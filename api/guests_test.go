package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// codeTo is the code of the newest proof that was sent to an address.
func (w *world) codeTo(t testing.TB, address string) string {
	t.Helper()
	var proof uuid.UUID
	var purpose string
	require.NoError(t, w.db.Pool.QueryRow(t.Context(), `SELECT id, purpose FROM proofs WHERE recipient = $1 ORDER BY created_at DESC LIMIT 1`, address).
		Scan(&proof, &purpose))
	return newCodes(t, w.tokenKey).Code(purpose, proof)
}

func (w *world) guest(t testing.TB, email string) string {
	t.Helper()
	var tokens accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/guests", body: fields{"email": email}.with(nil), status: http.StatusCreated}).into(t, &tokens)
	return tokens.AccessToken
}

func TestAGuestPaysAfterTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.guest(t, "Gita@example.com")
	b := w.book(t, token, "guest-1", "A01", "A02")
	path := "/v1/bookings/" + b.ID
	assert.True(t, b.ConfirmEmail)
	assert.Empty(t, b.Payment.ClientSecret)
	assert.Empty(t, b.Payment.CheckoutURL)
	w.do(t, call{token: token, method: "POST", path: path + "/payment", body: `{"provider":"stripe"}`, status: http.StatusForbidden, code: "email_not_confirmed"})

	w.do(t, call{token: token, method: "POST", path: "/v1/me/verification/confirm", body: `{"channel":"email","code":"12345"}`,
		status: http.StatusUnprocessableEntity, code: "code_wrong"})
	w.do(t, call{token: token, method: "POST", path: "/v1/me/verification/confirm", status: http.StatusOK,
		body: fields{"channel": "email", "code": w.codeTo(t, "gita@example.com")}.with(nil), holds: []string{`"email_verified":true`, `"guest":true`}})
	now := w.do(t, call{token: token, method: "GET", path: path, status: http.StatusOK}).booking(t)
	assert.False(t, now.ConfirmEmail)
	assert.NotEmpty(t, now.Payment.ClientSecret)
	assert.NotEmpty(t, now.Payment.CheckoutURL)
	assert.Greater(t, now.Version, b.Version, "a page that watches is told")

	w.pay(t, now.Payment.Reference, "pm_card_visa")
	paid := w.do(t, call{token: token, method: "POST", path: path + "/payment/check", status: http.StatusOK}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, paid.Status)
	w.do(t, call{token: w.other, method: "GET", path: path, status: http.StatusNotFound})

	// The owner of the mailbox takes the booking over with an account.
	var owner accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/accounts", body: `{"email":"gita@example.com","password":"long enough to pass","name":"Gita"}`, status: http.StatusCreated})
	w.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"gita@example.com","password":"long enough to pass"}`, status: http.StatusCreated}).into(t, &owner)
	w.do(t, call{token: owner.AccessToken, method: "GET", path: path, status: http.StatusNotFound})
	w.do(t, call{token: owner.AccessToken, method: "POST", path: "/v1/me/verification/confirm", status: http.StatusOK,
		body: fields{"channel": "email", "code": w.codeTo(t, "gita@example.com")}.with(nil)})
	w.do(t, call{token: owner.AccessToken, method: "GET", path: path, status: http.StatusOK, holds: []string{`"status":"confirmed"`}})
}

// The seats stay while the address is written again.
func TestAGuestCorrectsTheAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.guest(t, "gtia@example.com")
	b := w.book(t, token, "guest-1", "A01")
	mistyped := w.codeTo(t, "gtia@example.com")
	to := func(email string, status int, code booking.Code) {
		t.Helper()
		w.do(t, call{token: token, method: "POST", path: "/v1/me/email", body: fields{"email": email}.with(nil), status: status, code: string(code)})
	}
	to("no address", http.StatusUnprocessableEntity, booking.CodeValidation)
	to("gita@example.com", http.StatusAccepted, "")
	w.do(t, call{token: token, method: "GET", path: "/v1/me", status: http.StatusOK, holds: []string{`"email":"gita@example.com"`, `"email_verified":false`}})
	written := func(code string, status int) {
		t.Helper()
		w.do(t, call{token: token, method: "POST", path: "/v1/me/verification/confirm", body: fields{"channel": "email", "code": code}.with(nil), status: status})
	}
	written(mistyped, http.StatusUnprocessableEntity)
	written(w.codeTo(t, "gita@example.com"), http.StatusOK)
	now := w.do(t, call{token: token, method: "GET", path: "/v1/bookings/" + b.ID, status: http.StatusOK}).booking(t)
	assert.False(t, now.ConfirmEmail)
	assert.Equal(t, b.Seats, now.Seats)
	to("other@example.com", http.StatusConflict, booking.CodeConflict)
}

func TestGuestsBehindOneNetworkAndWithoutASwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Accounts = newAccounts(t, w.db, w.tokenKey)
	for i := range 40 {
		w.guest(t, "guest"+string(rune('a'+i%26))+string(rune('a'+i/26))+"@example.com")
	}
	w.options.Accounts = newAccounts(t, w.db, w.tokenKey, accounts.WithoutGuests())
	w.serve()
	w.do(t, call{method: "POST", path: "/v1/guests", body: `{"email":"gita@example.com"}`, status: http.StatusNotFound, code: "not_found"})
	w.do(t, call{method: "POST", path: "/v1/browser-sessions/guest", body: `{"email":"gita@example.com"}`, status: http.StatusNotFound, code: "not_found"})
}

// The answer to a forgotten password does not tell whether an address has an account.
func TestAForgottenPasswordTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.do(t, call{method: "POST", path: "/v1/accounts/password-reset", body: `{"email":"asha@example.com"}`, status: http.StatusAccepted})
	unknown := w.do(t, call{method: "POST", path: "/v1/accounts/password-reset", body: `{"email":"noone@example.com"}`, status: http.StatusAccepted})
	assert.Equal(t, known.body, unknown.body)
	for _, header := range []string{"Content-Type", "Cache-Control", "Content-Length", "Retry-After"} {
		assert.Equal(t, known.header.Get(header), unknown.header.Get(header), header)
	}
}

func TestAChoiceWithoutAValueTurnsNothingOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(body string, status int, holds ...string) {
		t.Helper()
		w.do(t, call{token: w.customer, method: "PUT", path: "/v1/me/notifications", body: body, status: status, holds: holds})
	}
	put(`{}`, http.StatusUnprocessableEntity, `"field":"items"`)
	put(`{"items":[{"channel":"sms","kind":"reminders"}]}`, http.StatusUnprocessableEntity, `"field":"items[0].wanted"`)
	put(`{"items":[]}`, http.StatusOK, `{"channel":"sms","kind":"reminders","wanted":true,"required":false}`)
	put(`{"items":[{"channel":"sms","kind":"reminders","wanted":false}]}`, http.StatusOK, `{"channel":"sms","kind":"reminders","wanted":false,"required":false}`)
}
