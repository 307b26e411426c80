package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

// link links a provider from inside, and gives where the browser ends.
func (v *visitor) link(t testing.TB, token string) string {
	t.Helper()
	var to struct{ Location string }
	v.ask(t, call{method: "POST", path: "/v1/me/identities/house", token: token, body: `{"return_to":"/account?linked=house"}`, status: http.StatusCreated}).into(t, &to)
	return v.finish(t, v.back(t, to.Location))
}

func TestA21_LinkingNeedsAFreshSessionAndIsTold(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.browser()
	ask := call{method: "POST", path: "/v1/me/identities/house", token: f.customer, body: `{}`}
	forbidden := func(code string) {
		t.Helper()
		c := ask
		c.status, c.code = http.StatusForbidden, code
		got := b.ask(t, c)
		assert.Empty(t, got.header.Get("Set-Cookie"))
	}
	forbidden("email_not_confirmed") // a stranger who waits for the owner of the address
	f.confirmEmail(t, f.customerID)
	f.exec(`UPDATE session_devices SET began_at = now() - interval '1 hour'`)
	f.exec(`UPDATE sessions SET created_at = now() - interval '1 hour'`)
	forbidden("confirmation_needed") // a stolen session
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM oauth_starts`))
	f.do(t, call{method: "POST", path: "/v1/me/confirm", token: f.customer, body: `{"password":"long enough to pass"}`, status: http.StatusNoContent})

	// The address at the provider is another one, and not verified: the owner has decided.
	f.claim("email", "work@example.com")
	f.claim("email_verified", false)
	assert.Equal(t, "/account?linked=house", b.link(t, f.customer))
	assert.Empty(t, b.cookies[sessionCookie], "linking begins no session")
	assert.Len(t, f.identities(t, f.customer), 1)
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM letters WHERE kind = 'identity_changed' AND recipient = 'asha@example.com'`))
	assert.Equal(t, f.customerID, f.me(t, f.browser().entered(t)).ID)
	assert.Equal(t, "/account?linked=house", b.link(t, f.customer), "again changes nothing")
	assert.Len(t, f.identities(t, f.customer), 1)

	// An identity has one account.
	f.confirmEmail(t, f.one(t, `SELECT id::text FROM accounts WHERE email = 'ben@example.com'`))
	f.exec(`DELETE FROM letters`)
	f.exec(`UPDATE session_devices SET began_at = now()`)
	other := f.browser()
	other.refused(t, other.link(t, f.other), "identity_of_another_account")
	assert.Empty(t, f.identities(t, f.other))
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM letters`))
}

func TestA21_ALinkEndsWithTheSessionThatAsked(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	b := f.browser()
	begin := func() string {
		var to struct{ Location string }
		b.ask(t, call{method: "POST", path: "/v1/me/identities/house", token: f.customer, body: `{}`, status: http.StatusCreated}).into(t, &to)
		return b.back(t, to.Location)
	}
	back := begin()
	other := f.browser()
	other.refused(t, other.finish(t, back), "state") // a link that was sent to another person
	f.do(t, call{method: "DELETE", path: "/v1/sessions", token: f.customer, status: http.StatusNoContent})
	b.refused(t, b.finish(t, back), "session_ended")
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities`))
}

func TestAPageOfAnotherOriginLinksNothing(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	for _, path := range []string{"/v1/me/identities/house", "/v1/browser-sessions/identity"} {
		f.do(t, call{method: "POST", path: path, token: f.customer, body: `{}`, headers: map[string]string{"Sec-Fetch-Site": "cross-site"},
			status: http.StatusForbidden, code: "cross_origin_request"})
	}
	for _, bad := range []string{"//evil.example", `/\\evil.example`} {
		f.do(t, call{method: "POST", path: "/v1/me/identities/house", token: f.customer, body: `{"return_to":"` + bad + `"}`, status: http.StatusUnprocessableEntity})
	}
	// A guest has no log-in that one could be added to.
	var guest accounts.TokenPair
	f.do(t, call{method: "POST", path: "/v1/guests", body: `{"email":"guest@example.com"}`, status: http.StatusCreated}).into(t, &guest)
	f.do(t, call{method: "POST", path: "/v1/me/identities/house", token: guest.AccessToken, body: `{}`, status: http.StatusConflict, code: "conflict"})
}

func TestA20_TheLastWayToLogInStays(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.browser()
	token := b.entered(t)
	id := f.identities(t, token)[0].ID.String()
	remove := call{method: "DELETE", path: "/v1/me/identities/" + id, token: token, status: http.StatusConflict, code: "conflict"}
	f.do(t, remove)
	missing := remove
	missing.path, missing.status, missing.code = "/v1/me/identities/"+uuid.NewString(), http.StatusNotFound, "not_found"
	f.do(t, missing)
	strange := remove
	strange.token, strange.status, strange.code = f.customer, http.StatusNotFound, "not_found"
	f.do(t, strange)

	// With a password there are two ways.
	f.do(t, call{method: "POST", path: "/v1/accounts/password-reset", body: `{"email":"maya@example.com"}`, status: http.StatusAccepted})
	proof := uuid.MustParse(f.one(t, `SELECT id::text FROM proofs WHERE purpose = 'reset'`))
	f.do(t, call{method: "PUT", path: "/v1/accounts/password", status: http.StatusNoContent,
		body: fields{"token": newCodes(t, f.tokenKey).Token("reset", proof), "password": "four words stand here"}.with(nil)})
	token = b.entered(t)
	stale := remove
	stale.token, stale.status, stale.code = token, http.StatusForbidden, "confirmation_needed"
	f.exec(`UPDATE session_devices SET began_at = now() - interval '1 hour'`)
	f.exec(`UPDATE sessions SET created_at = now() - interval '1 hour'`)
	f.do(t, stale)
	f.do(t, call{method: "POST", path: "/v1/me/confirm", token: token, body: `{"password":"four words stand here"}`, status: http.StatusNoContent})
	remove.token, remove.status, remove.code = token, http.StatusNoContent, ""
	f.exec(`DELETE FROM letters`)
	f.do(t, remove)
	assert.Empty(t, f.identities(t, token))
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM letters WHERE kind = 'identity_changed'`))
	// The provider now meets an account that is another way's: it links nothing by itself.
	assert.Contains(t, f.browser().logIn(t), "/login?link=house")
}

func TestA20_OfTwoRemovalsAtOnceOneWins(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	token := f.browser().entered(t)
	account := f.me(t, token).ID
	for range 5 {
		f.exec(`DELETE FROM identities`)
		for range 2 {
			f.exec(`INSERT INTO identities (account_id, provider, issuer, subject) VALUES ($1, 'house', $2, gen_random_uuid()::text)`, account, f.issuer.URL)
		}
		all := f.identities(t, token)
		require.Len(t, all, 2)
		answers := make(chan int, 2)
		for _, one := range all {
			go func() {
				answers <- f.send(t, call{method: "DELETE", path: "/v1/me/identities/" + one.ID.String(), token: token}).status
			}()
		}
		got := []int{<-answers, <-answers}
		assert.ElementsMatch(t, []int{http.StatusNoContent, http.StatusConflict}, got)
		assert.Len(t, f.identities(t, token), 1)
	}
}

func TestA22_AfterARecoveryIdentitiesAreThereToReview(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	b := f.browser()
	b.link(t, f.customer)
	own := f.browser().entered(t)
	f.do(t, call{method: "POST", path: "/v1/accounts/password-reset", body: `{"email":"asha@example.com"}`, status: http.StatusAccepted})
	proof := uuid.MustParse(f.one(t, `SELECT id::text FROM proofs WHERE purpose = 'reset'`))
	f.do(t, call{method: "PUT", path: "/v1/accounts/password", status: http.StatusNoContent,
		body: fields{"token": newCodes(t, f.tokenKey).Token("reset", proof), "password": "four words stand here"}.with(nil)})
	f.do(t, call{method: "PATCH", path: "/v1/me", token: own, body: `{}`, status: http.StatusUnauthorized})
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM sessions WHERE account_id = $1 AND revoked_at IS NULL`, f.customerID))
	var tokens accounts.TokenPair
	f.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"asha@example.com","password":"four words stand here"}`, status: http.StatusCreated}).into(t, &tokens)
	all := f.identities(t, tokens.AccessToken)
	require.Len(t, all, 1)
	f.do(t, call{method: "DELETE", path: "/v1/me/identities/" + all[0].ID.String(), token: tokens.AccessToken, status: http.StatusNoContent})
	again := f.browser()
	again.logIn(t)
	assert.NotEqual(t, f.customerID, f.me(t, again.token(t)).ID)
}

// Who takes an address back takes the account back, too: what a thief linked is gone.
func TestA22_TakingAnAddressBackRemovesIdentities(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	f.browser().link(t, f.customer)
	f.do(t, call{method: "POST", path: "/v1/me/email", token: f.customer, body: `{"email":"thief@example.com"}`, status: http.StatusAccepted})
	f.do(t, call{method: "POST", path: "/v1/me/email/confirm", token: f.customer, body: fields{"code": f.mailed(t, "new_email")}.with(nil), status: http.StatusOK})
	undo := uuid.MustParse(f.one(t, `SELECT id::text FROM proofs WHERE purpose = 'undo_email'`))
	f.do(t, call{method: "POST", path: "/v1/accounts/email-undo", body: fields{"token": newCodes(t, f.tokenKey).Token("undo_email", undo)}.with(nil), status: http.StatusNoContent})
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities`))
	b := f.browser()
	assert.True(t, strings.HasPrefix(b.logIn(t), "/account"), "the provider's person has an account of their own now")
	assert.NotEqual(t, f.customerID, f.me(t, b.token(t)).ID)
}
