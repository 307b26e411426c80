package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc/oidctest"
)

func TestLoggingInByAProvider(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.do(t, call{method: "GET", path: "/v1/oauth/providers", status: http.StatusOK, holds: []string{`{"items":[{"id":"house","name":"The House"}]}`}})
	b := f.browser()
	token := b.entered(t)
	me := f.me(t, token)
	assert.Equal(t, "maya@example.com", me.Email)
	assert.True(t, me.EmailVerified)
	assert.Equal(t, "Maya Rao", me.Name)
	assert.Equal(t, "customer", me.Role)
	assert.False(t, me.Guest)
	assert.NotContains(t, b.cookies, "__Host-boxoffice_oauth", "its work is done")
	all := f.identities(t, token)
	require.Len(t, all, 1)
	assert.Equal(t, "The House", all[0].Name)
	// The second log-in reaches the same account, and the session that the browser had ends.
	former := b.cookies[sessionCookie]
	token = b.entered(t)
	assert.Equal(t, me.ID, f.me(t, token).ID)
	(&tab{f.world, &http.Cookie{Name: sessionCookie, Value: former}}).ended(t)
	assert.Equal(t, me.ID, f.me(t, f.browser().entered(t)).ID)
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM identities`))
	// It has no password: none works, and it can be chosen by a mail.
	f.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"maya@example.com","password":"long enough to pass"}`, status: http.StatusUnauthorized})
	f.do(t, call{method: "POST", path: "/v1/me/confirm", token: token, body: `{"password":"x"}`, status: http.StatusConflict, code: "conflict"})
	f.do(t, call{method: "POST", path: "/v1/accounts/password-reset", body: `{"email":"maya@example.com"}`, status: http.StatusAccepted})
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM letters WHERE kind = 'reset_password'`))
	for _, secret := range []string{"access-", "eyJ", "maya@example.com"} {
		assert.NotContains(t, f.log.String(), secret)
	}
}

func TestScenario1_AnAccountThatWaitedForItsOwner(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	// An attacker registers the address, never proves it, and writes into the account.
	const attackers = `{"email":"Maya@example.com","password":"the attacker knows it"}`
	f.do(t, call{method: "POST", path: "/v1/accounts", status: http.StatusCreated,
		body: `{"email":"Maya@example.com","password":"the attacker knows it","name":"Call +1 555 for help","phone":"+919820012345"}`})
	var tokens accounts.TokenPair
	f.do(t, call{method: "POST", path: "/v1/sessions", body: attackers, status: http.StatusCreated}).into(t, &tokens)
	f.guard(t, tokens.AccessToken)
	// A program that opens links has opened that of the mail.
	f.exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session) SELECT id, 'email', lower(email), false FROM accounts WHERE lower(email) = 'maya@example.com'`)

	token := f.browser().entered(t)
	me := f.me(t, token)
	assert.Equal(t, "Maya Rao", me.Name)
	assert.Empty(t, me.Phone)
	assert.True(t, me.EmailVerified)
	f.do(t, call{method: "POST", path: "/v1/sessions", body: attackers, status: http.StatusUnauthorized, code: "unauthenticated"})
	f.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: fields{"refresh_token": tokens.RefreshToken}.with(nil), status: http.StatusUnauthorized})
	f.do(t, call{method: "PATCH", path: "/v1/me", token: tokens.AccessToken, body: `{"name":"Still here"}`, status: http.StatusUnauthorized})
	f.do(t, call{method: "GET", path: "/v1/me/factors", token: token, status: http.StatusOK, holds: []string{`"totp_since":null`, `"recovery_codes":0`}})
	f.do(t, call{method: "GET", path: "/v1/bookings", token: token, status: http.StatusOK, holds: []string{`"items":[]`}})
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM accounts WHERE lower(email) = 'maya@example.com'`))
}

// With bookings the account does not vanish: the owner of the address decides, with a code.
func TestScenario1_AnAccountWithBookingsThatWaitedForItsOwner(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	const attackers = `{"email":"maya@example.com","password":"the attacker knows it"}`
	f.do(t, call{method: "POST", path: "/v1/accounts", status: http.StatusCreated,
		body: `{"email":"maya@example.com","password":"the attacker knows it","name":"Call +1 555 for help","phone":"+919820012345"}`})
	var tokens accounts.TokenPair
	f.do(t, call{method: "POST", path: "/v1/sessions", body: attackers, status: http.StatusCreated}).into(t, &tokens)
	f.guard(t, tokens.AccessToken)
	held := f.book(t, tokens.AccessToken, uuid.NewString(), "A01")

	b := f.browser()
	assert.Equal(t, "/login?link=house&return_to=%2Faccount", b.logIn(t))
	assert.Empty(t, b.cookies[sessionCookie])
	b.prove(t, f.mailed(t, "link"), http.StatusCreated, "")
	token := b.token(t)
	me := f.me(t, token)
	assert.Equal(t, "Maya Rao", me.Name)
	assert.Empty(t, me.Phone)
	f.do(t, call{method: "GET", path: "/v1/bookings", token: token, status: http.StatusOK, holds: []string{`"items":[]`}})
	f.do(t, call{method: "GET", path: "/v1/bookings/" + held.ID, token: token, status: http.StatusNotFound})
	f.do(t, call{method: "POST", path: "/v1/sessions", body: attackers, status: http.StatusUnauthorized})
	f.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: fields{"refresh_token": tokens.RefreshToken}.with(nil), status: http.StatusUnauthorized})
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM totp_factors`))
	// No mail goes to the address about bookings that its owner did not make.
	assert.Empty(t, f.one(t, `SELECT mail_of(customer_id) FROM bookings WHERE id = $1`, held.ID))
}

func TestA1_AnAttackersPendingLinksAreWorthless(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.do(t, call{method: "POST", path: "/v1/accounts", status: http.StatusCreated, body: `{"email":"maya@example.com","password":"the attacker knows it","name":"X"}`})
	f.do(t, call{method: "POST", path: "/v1/accounts/password-reset", body: `{"email":"maya@example.com"}`, status: http.StatusAccepted})
	proof := uuid.MustParse(f.one(t, `SELECT id::text FROM proofs WHERE purpose = 'reset'`))
	f.browser().entered(t)
	f.do(t, call{method: "PUT", path: "/v1/accounts/password", status: http.StatusGone, code: "link_over",
		body: fields{"token": newCodes(t, f.tokenKey).Token("reset", proof), "password": "the attacker again"}.with(nil)})
}

func TestA2_AnAddressThatIsNotVerifiedLinksNothing(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	for _, verified := range []any{nil, false, "false", 1} {
		for _, address := range []string{"asha@example.com", "nobody@example.com"} {
			f.claim("email", address)
			f.claim("email_verified", verified)
			b := f.browser()
			before := f.rows()
			b.refused(t, b.logIn(t), "email_not_verified")
			assert.Equal(t, before, f.rows())
		}
	}
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities`))
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identity_offers`))
}

func TestA2_AnExistingAccountIsLinkedByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	f.claim("email", "Asha@EXAMPLE.com")
	b := f.browser()
	before := f.number(t, `SELECT count(*) FROM sessions`)
	assert.Equal(t, "/login?link=house&return_to=%2Faccount", b.logIn(t))
	assert.Empty(t, b.cookies[sessionCookie])
	assert.Equal(t, before, f.number(t, `SELECT count(*) FROM sessions`))
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities`))
	assert.Equal(t, "asha@example.com", f.one(t, `SELECT recipient FROM letters WHERE kind = 'link_identity'`), "to the stored address")

	code := f.mailed(t, "link")
	f.browser().prove(t, code, http.StatusUnauthorized, "unauthenticated") // another browser
	b.prove(t, "000000", http.StatusUnprocessableEntity, "code_wrong")
	b.prove(t, f.mailed(t, "link"), http.StatusCreated, "")
	token := b.token(t)
	assert.Equal(t, f.customerID, f.me(t, token).ID)
	assert.Len(t, f.identities(t, token), 1)
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM letters WHERE kind = 'identity_changed' AND account_id = $1`, f.customerID), "the owner is told")
	f.do(t, call{method: "POST", path: "/v1/sessions", body: ashas, status: http.StatusCreated}) // the password stays
	assert.Equal(t, f.customerID, f.me(t, f.browser().entered(t)).ID)
	b.prove(t, code, http.StatusUnauthorized, "unauthenticated")
}

func TestA2_GuessesOfTheCodeAreFew(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	f.claim("email", "asha@example.com")
	b := f.browser()
	b.logIn(t)
	for range 5 {
		b.prove(t, "000000", http.StatusUnprocessableEntity, "code_wrong")
	}
	b.prove(t, f.mailed(t, "link"), http.StatusUnprocessableEntity, "code_wrong")
}

// A code by mail is one factor: an account with a second one shows that, too, before its
// identity is linked.
func TestA2_ASecondFactorIsAskedBeforeTheLink(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	secret, recovery := f.guard(t, f.customer)
	f.claim("email", "asha@example.com")
	b := f.browser()
	b.logIn(t)
	var step accounts.SecondStep
	b.prove(t, f.mailed(t, "link"), http.StatusAccepted, "").into(t, &step)
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities`))
	second := func(more fields, status int) {
		b.ask(t, call{method: "POST", path: "/v1/browser-sessions/second-factor", body: fields{"challenge": step.Challenge}.with(more), status: status})
	}
	second(fields{"code": "12345"}, http.StatusUnprocessableEntity)
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities`))
	second(fields{"code": f.codeOf(t, secret, 0)}, http.StatusCreated)
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM identities WHERE account_id = $1`, f.customerID))

	// From then on the provider is the first step.
	b = f.browser()
	to, err := url.Parse(b.logIn(t))
	require.NoError(t, err)
	assert.Equal(t, "/login", to.Path)
	assert.Equal(t, "/account", to.Query().Get("return_to"))
	assert.Empty(t, b.cookies[sessionCookie])
	fragment, err := url.ParseQuery(to.Fragment)
	require.NoError(t, err)
	assert.Equal(t, []string{"totp", "recovery_code"}, fragment["way"])
	step.Challenge = fragment.Get("challenge")
	second(fields{"recovery_code": recovery[0]}, http.StatusCreated)
	assert.Equal(t, f.customerID, f.me(t, b.token(t)).ID)
}

func TestA4_UserInfoOfAnotherPersonEntersNothing(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.issuer.Set(func(i *oidctest.Issuer) {
		i.Claims["email"] = nil
		i.UserInfo = map[string]any{"sub": "victim", "email": "asha@example.com", "email_verified": true}
	})
	b := f.browser()
	b.refused(t, b.logIn(t), "userinfo_of_another_person")
}

// The token says a@, UserInfo says b@: b@ is not verified, and its account is not linked.
func TestScenario2_SplitClaimsLinkNothing(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	f.issuer.Set(func(i *oidctest.Issuer) {
		i.Claims["email"] = "maya@example.com"
		i.UserInfo = map[string]any{"sub": "person-1", "email": "asha@example.com"}
	})
	token := f.browser().entered(t)
	assert.NotEqual(t, f.customerID, f.me(t, token).ID)
	f.issuer.Set(func(i *oidctest.Issuer) {
		i.Claims = map[string]any{"sub": "person-2", "email_verified": true}
		i.UserInfo = map[string]any{"sub": "person-2", "email": "asha@example.com"}
	})
	b := f.browser()
	b.refused(t, b.logIn(t), "email_not_verified")
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities WHERE account_id = $1`, f.customerID))
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identity_offers`))
}

func TestScenario3_KeysChangeWhilePeopleLogIn(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.browser().entered(t)
	f.issuer.Set(func(i *oidctest.Issuer) { i.Keys = []oidctest.Key{oidctest.NewKey(t, "two")} })
	f.browser().entered(t)
	assert.Equal(t, 2, f.issuer.Hits("/keys"))
}

func TestA5_AnotherAddressLaterChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	id := f.me(t, f.browser().entered(t)).ID
	for _, address := range []any{"other@example.com", "asha@example.com", nil} {
		f.claim("email", address)
		me := f.me(t, f.browser().entered(t))
		assert.Equal(t, id, me.ID)
		assert.Equal(t, "maya@example.com", me.Email, "the address that was proved here stays")
	}
	f.claim("email", "maya@example.com")
	f.claim("email_verified", false)
	assert.Equal(t, id, f.me(t, f.browser().entered(t)).ID, "the subject decides, not the address")
}

func TestA11_AnAnswerCountsOnceInTheBrowserThatAsked(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	t.Run("another browser", func(t *testing.T) {
		mine, other := f.browser(), f.browser()
		back := mine.start(t, "house", "/account")
		other.refused(t, other.finish(t, back), "state") // without a cookie
		other.start(t, "house", "/account")
		other.refused(t, other.finish(t, back), "state") // with its own
		assert.Equal(t, "/account", mine.finish(t, back), "the one that asked is not disturbed")
	})
	t.Run("twice", func(t *testing.T) {
		b := f.browser()
		back := b.start(t, "house", "/account")
		assert.Equal(t, "/account", b.finish(t, back))
		again := f.browser()
		again.cookies = map[string]string{}
		again.refused(t, again.finish(t, back), "state")
	})
	t.Run("at once", func(t *testing.T) {
		b := f.browser()
		back := b.start(t, "house", "/account")
		ends := make(chan string, 8)
		for range cap(ends) {
			one := f.browser()
			one.cookies["__Host-boxoffice_oauth"] = b.cookies["__Host-boxoffice_oauth"]
			go func() { ends <- one.finish(t, back) }()
		}
		passed := 0
		for range cap(ends) {
			if <-ends == "/account" {
				passed++
			}
		}
		assert.Equal(t, 1, passed)
	})
	t.Run("too late", func(t *testing.T) {
		b := f.browser()
		back := b.start(t, "house", "/account")
		f.exec(`UPDATE oauth_starts SET expires_at = now() - interval '1 second'`)
		b.refused(t, b.finish(t, back), "state")
	})
	t.Run("two pages of one browser", func(t *testing.T) {
		b := f.browser()
		first, second := b.start(t, "house", "/account"), b.start(t, "house", "/tickets")
		secret := b.cookies["__Host-boxoffice_oauth"]
		assert.Equal(t, "/tickets", b.finish(t, second))
		b.cookies["__Host-boxoffice_oauth"] = secret // sent before the other page was answered
		assert.Equal(t, "/account", b.finish(t, first))
	})
	for name, path := range map[string]string{
		"no state": "?code=x", "empty": "", "made up": "?code=x&state=" + strings.Repeat("A", 43), "state twice": "?code=x&state=a&state=b",
		"long": "?code=x&state=" + strings.Repeat("A", 4000), "odd": "?code=%C3%A9&state=%F0%9F%8E%AC",
	} {
		t.Run(name, func(t *testing.T) {
			b := f.browser()
			b.start(t, "house", "/account")
			b.refused(t, b.finish(t, "/v1/oauth/house/callback"+path), "state")
		})
	}
	b := f.browser()
	b.refused(t, b.finish(t, "/v1/oauth/elsewhere/callback?state=x"), "unknown_provider")
	assert.NotContains(t, f.log.String(), "provider=elsewhere")
	for _, column := range []string{"state_hash", "browser_hash"} {
		assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM oauth_starts WHERE length(`+column+`) <> 32`), "hashes only")
	}
}

func TestA12_TheAnswerOfAnotherProviderIsRefused(t *testing.T) {
	t.Parallel()
	other := oidctest.New(t)
	f := newFederated(t, providerOf(t, "other", other.URL))
	// Begun at one provider, answered at the address of the other, and the other way round.
	b := f.browser()
	back := b.start(t, "house", "/account")
	b.refused(t, b.finish(t, strings.Replace(back, "/oauth/house/", "/oauth/other/", 1)), "state")
	assert.Zero(t, other.Hits("/token"))
	// The answer names the other issuer.
	back = b.start(t, "house", "/account")
	b.refused(t, b.finish(t, back+"&iss="+url.QueryEscape(other.URL)), "answer_of_another_issuer")
	assert.Zero(t, f.issuer.Hits("/token"))
	assert.Zero(t, other.Hits("/token"))
}

func TestA13_TheWayBackStaysOnOurPages(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	for _, bad := range []string{"//evil.example", `/\evil.example`, "/%5Cevil.example", "/%2F%2Fevil.example", "\t//evil.example", "https:evil.example", "https://evil.example/"} {
		got := f.do(t, call{method: "GET", path: "/v1/oauth/house/start?return_to=" + url.QueryEscape(bad), status: http.StatusUnprocessableEntity,
			code: "validation_failed", holds: []string{`"field":"return_to"`}})
		assert.Empty(t, got.header.Get("Location"))
	}
	b := f.browser()
	assert.Equal(t, "/ok?x=1#f", b.finish(t, b.start(t, "house", "/ok?x=1#f")))
	// It is looked at again when it is used.
	b = f.browser()
	back := b.start(t, "house", "/account")
	f.exec(`UPDATE oauth_starts SET return_to = '//evil.example'`)
	b.refused(t, b.finish(t, back), "return_to")
}

// Some providers give the name once, and it may have got lost.
func TestA16_ANameMayBeMissing(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	for i, name := range []any{nil, "", "A\nB", "A\u202eB", strings.Repeat("x", 200), "<b>Maya</b>"} {
		f.issuer.Set(func(s *oidctest.Issuer) {
			s.Claims["sub"], s.Claims["email"], s.Claims["name"] = uuid.NewString(), "maya"+string(rune('a'+i))+"@example.com", name
		})
		me := f.me(t, f.browser().entered(t))
		assert.NotContains(t, me.Name, "\n")
		assert.LessOrEqual(t, len(me.Name), 100)
	}
	// The exchange passed, and then the database was away: the second log-in has no name.
	f.exec(`ALTER TABLE identities ADD CONSTRAINT broken CHECK (subject <> 'late')`)
	f.issuer.Set(func(s *oidctest.Issuer) {
		s.Claims["sub"], s.Claims["email"], s.Claims["name"] = "late", "late@example.com", "Once"
	})
	b := f.browser()
	b.refused(t, b.logIn(t), "failed")
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM accounts WHERE email = 'late@example.com'`), "all or nothing")
	f.exec(`ALTER TABLE identities DROP CONSTRAINT broken`)
	f.claim("name", nil)
	assert.Empty(t, f.me(t, f.browser().entered(t)).Name)
}

func TestA18_AnIssuerGivesNoRole(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.issuer.Set(func(i *oidctest.Issuer) {
		i.Claims["email"], i.Claims["role"], i.Claims["roles"], i.Claims["groups"] = "boss@cinema.example", "admin", []string{"admin"}, []string{"admin"}
	})
	token := f.browser().entered(t)
	assert.Equal(t, "customer", f.me(t, token).Role)
	f.do(t, call{method: "GET", path: "/v1/admin/audit", token: token, status: http.StatusForbidden})
}

// The accounts of staff are made by others, often without a proof of the address: no provider
// takes them over.
func TestA18_TheAccountOfStaffStays(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.claim("email", "ada@example.com")
	b := f.browser()
	assert.Contains(t, b.logIn(t), "/login?link=house")
	b.prove(t, f.mailed(t, "link"), http.StatusConflict, "conflict")
	assert.Equal(t, "admin", f.one(t, `SELECT role FROM accounts WHERE email = 'ada@example.com'`))
	assert.Equal(t, 0, f.number(t, `SELECT count(*) FROM identities`))
	f.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"ada@example.com","password":"long enough to pass"}`, status: http.StatusCreated})
}

func TestA19_SpellingsOfAnAddress(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.confirmEmail(t, f.customerID)
	f.do(t, call{method: "POST", path: "/v1/accounts", status: http.StatusCreated, body: `{"email":"k@example.com","password":"four words stand here","name":"K"}`})
	f.confirmEmail(t, f.one(t, `SELECT id::text FROM accounts WHERE email = 'k@example.com'`))
	f.claim("email", "ASHA@Example.COM")
	assert.Contains(t, f.browser().logIn(t), "/login?link=house")
	for _, other := range []string{"\u212a@example.com", "ash\u0430@example.com", "asha\u200b@example.com", "ａsha@example.com", "asha", "@example.com", "asha@@example.com", "a b@example.com"} {
		f.claim("email", other)
		b := f.browser()
		b.refused(t, b.logIn(t), "email_form")
	}
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM identity_offers`))
}

func TestASuspendedAccountIsNotEnteredByAProvider(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	id := f.me(t, f.browser().entered(t)).ID
	f.exec(`INSERT INTO suspensions (account_id) VALUES ($1)`, id)
	b := f.browser()
	b.refused(t, b.logIn(t), "account_suspended")
	// Nor is a suspended account replaced, whose address was never proved.
	f.exec(`DELETE FROM identities`)
	f.exec(`DELETE FROM proven_addresses`)
	b.refused(t, b.logIn(t), "account_suspended")
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM accounts WHERE id = $1`, id))
}

func TestTwoFirstLogInsMakeOneAccount(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	ends := make(chan string, 6)
	for range cap(ends) {
		b := f.browser()
		back := b.start(t, "house", "/account")
		go func() { ends <- b.finish(t, back) }()
	}
	for range cap(ends) {
		assert.Equal(t, "/account", <-ends)
	}
	assert.Equal(t, 1, f.number(t, `SELECT count(*) FROM accounts WHERE email = 'maya@example.com'`))
}
