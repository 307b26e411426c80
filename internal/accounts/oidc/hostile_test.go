package oidc_test

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc/oidctest"
)

func segment(value any) string {
	text, _ := json.Marshal(value)
	return base64.RawURLEncoding.EncodeToString(text)
}

// unsigned is a token with a header of its own and a signature that is made by hand.
func unsigned(header, claims map[string]any, sign func(input string) []byte) string {
	input := segment(header) + "." + segment(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

// hmacWith signs with the public key as if it were a shared secret.
func hmacWith(secret []byte) func(string) []byte {
	return func(input string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}

// vectors are what an issuer, or who stands between, may try; reason is what the log says.
func vectors(t *testing.T) map[string]struct {
	change func(*oidctest.Issuer)
	reason string
} {
	claim := func(name string, value any) func(*oidctest.Issuer) {
		return func(i *oidctest.Issuer) { i.Claims[name] = value }
	}
	forge := func(f func(claims map[string]any) string) func(*oidctest.Issuer) {
		return func(i *oidctest.Issuer) { i.Forge = f }
	}
	foreign := oidctest.NewKey(t, "one")
	unknown := oidctest.NewKey(t, "seven")
	nameless := oidctest.NewKey(t, "")
	now := time.Now()
	return map[string]struct {
		change func(*oidctest.Issuer)
		reason string
	}{
		"issuer of another":         {claim("iss", "https://evil.example"), "issued by a different provider"},
		"issuer that begins alike":  {func(i *oidctest.Issuer) { i.Claims["iss"] = i.URL + "/evil" }, "issued by a different provider"},
		"issuer missing":            {claim("iss", nil), "issued by a different provider"},
		"audience of another":       {claim("aud", "another-client"), "expected audience"},
		"audience missing":          {claim("aud", nil), "expected audience"},
		"two audiences without azp": {claim("aud", []string{oidctest.ClientID, "another-client"}), "authorized_party"},
		"azp of another":            {claim("azp", "another-client"), "authorized_party"},
		"nonce of another":          {claim("nonce", "another"), "nonce"},
		"nonce missing":             {claim("nonce", nil), "nonce"},
		"nonce empty":               {claim("nonce", ""), "nonce"},
		"expired":                   {claim("exp", now.Add(-2*time.Minute).Unix()), "expired"},
		"expiry missing":            {claim("exp", nil), "expired"},
		"not valid yet":             {claim("nbf", now.Add(10*time.Minute).Unix()), "nbf"},
		"issued in the future":      {claim("iat", now.Add(2*time.Minute).Unix()), "issued_in_the_future"},
		"issued long ago":           {claim("iat", now.Add(-time.Hour).Unix()), "issued_long_ago"},
		"issued never":              {claim("iat", nil), "issued_at_missing"},
		"subject missing":           {claim("sub", nil), "subject"},
		"subject empty":             {claim("sub", ""), "subject"},
		"subject too long":          {claim("sub", strings.Repeat("x", 256)), "subject"},
		"subject in other letters":  {func(i *oidctest.Issuer) { i.Claims["SUB"] = "victim"; i.Claims["sub"] = nil }, "subject"},
		"subject is a number":       {claim("sub", 7), "id_token"},
		"access token of another":   {claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "access_token_hash"},
		"signature of another key":  {func(i *oidctest.Issuer) { i.Signs = &foreign }, "signature is of another key"},
		"key id unknown":            {func(i *oidctest.Issuer) { i.Signs = &unknown }, "no key of the issuer"},
		"no key id, two keys":       {func(i *oidctest.Issuer) { i.Signs = &nameless; i.Keys = append(i.Keys, unknown) }, "names no key"},
		"no key id, another key":    {func(i *oidctest.Issuer) { i.Signs = &nameless }, "signature is of another key"},
		"algorithm none": {forge(func(c map[string]any) string {
			return unsigned(map[string]any{"alg": "none", "kid": "one"}, c, func(string) []byte { return nil })
		}), "id_token"},
		"algorithm None": {forge(func(c map[string]any) string {
			return unsigned(map[string]any{"alg": "None"}, c, func(string) []byte { return nil })
		}), "id_token"},
		"three parts, no signature": {forge(func(c map[string]any) string {
			return segment(map[string]any{"alg": "ES256", "kid": "one"}) + "." + segment(c) + "."
		}), "id_token"},
		"no token at all":      {func(i *oidctest.Issuer) { i.Token = func(body map[string]any) { delete(body, "id_token") } }, "id_token_size"},
		"token is no text":     {func(i *oidctest.Issuer) { i.Token = func(body map[string]any) { body["id_token"] = 7 } }, "id_token_size"},
		"token of 17 kB":       {claim("padding", strings.Repeat("x", 17<<10)), "id_token_size"},
		"answer of a megabyte": {claim("padding", strings.Repeat("x", 1<<20)), "token_request"},
		"header names a key of its own": {forge(func(c map[string]any) string {
			return unsigned(map[string]any{"alg": "ES256", "jku": "https://evil.example/keys", "kid": "evil"}, c, func(string) []byte { return make([]byte, 64) })
		}), "no key of the issuer"},
		"critical header that we do not know": {forge(func(c map[string]any) string {
			return unsigned(map[string]any{"alg": "ES256", "kid": "one", "crit": []string{"evil"}, "evil": true}, c, func(string) []byte { return make([]byte, 64) })
		}), "signature is of another key"},
		"answer with the issuer of another": {func(i *oidctest.Issuer) { i.Answer = func(v url.Values) { v.Set("iss", "https://other.example") } }, "answer_of_another_issuer"},
		"answer without the issuer that it promises": {func(i *oidctest.Issuer) {
			i.Discovery = map[string]any{"authorization_response_iss_parameter_supported": true}
		}, "answer_without_issuer"},
		"answer with an error":          {func(i *oidctest.Issuer) { i.Answer = func(v url.Values) { v.Set("error", "access_denied") } }, "answered_access_denied"},
		"answer with an error in lines": {func(i *oidctest.Issuer) { i.Answer = func(v url.Values) { v.Set("error", "x\nlevel=ERROR") } }, "answered_other"},
		"answer without a code":         {func(i *oidctest.Issuer) { i.Answer = func(v url.Values) { v.Del("code") } }, "code"},
		"code of another":               {func(i *oidctest.Issuer) { i.Answer = func(v url.Values) { v.Set("code", "made-up") } }, "token_request_400_invalid_grant"},
		"UserInfo of another person": {func(i *oidctest.Issuer) {
			i.Claims["email"] = nil
			i.UserInfo = map[string]any{"sub": "victim", "email": "victim@example.com", "email_verified": true}
		}, "userinfo_of_another_person"},
		"UserInfo of no person": {func(i *oidctest.Issuer) {
			i.Claims["email"] = nil
			i.UserInfo = map[string]any{"email": "victim@example.com", "email_verified": true}
		}, "userinfo_of_another_person"},
		"key set of a broken page": {func(i *oidctest.Issuer) { i.KeyStatus, i.KeyBody = http.StatusOK, "<html>Away</html>" }, "id_token"},
		"key set of 300 kB": {func(i *oidctest.Issuer) {
			i.KeyStatus, i.KeyBody = http.StatusOK, strings.Replace(i.KeySet(), "{", `{"padding":"`+strings.Repeat("x", 300<<10)+`",`, 1)
		}, "id_token"},
		"key set of 1 MB": {func(i *oidctest.Issuer) {
			i.KeyStatus, i.KeyBody = http.StatusOK, `{"keys":["`+strings.Repeat("x", 1<<20)+`"]}`
		}, "id_token"},
		"key set without keys": {func(i *oidctest.Issuer) { i.KeyStatus, i.KeyBody = http.StatusOK, `{"keys":[]}` }, "id_token"},
	}
}

func TestHostileIssuers(t *testing.T) {
	t.Parallel()
	for name, vector := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := oidctest.New(t)
			issuer.Set(vector.change)
			person, err := logIn(t, newProvider(t, issuer.URL, nil), issuer)
			refused(t, err, vector.reason)
			assert.Equal(t, oidc.Person{}, person)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "access-", "no token in the log")
		})
	}
}

// The public key, in every form that could be taken for the secret of HS256.
func TestHS256WithThePublicKey(t *testing.T) {
	t.Parallel()
	issuer := oidctest.New(t)
	public := issuer.Keys[0].Private.Public().(*ecdsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	raw, err := public.Bytes()
	require.NoError(t, err)
	for _, secret := range [][]byte{der, raw, []byte(oidctest.ClientSecret), nil} {
		issuer.Set(func(i *oidctest.Issuer) {
			i.Forge = func(c map[string]any) string {
				return unsigned(map[string]any{"alg": "HS256", "kid": "one"}, c, hmacWith(secret))
			}
		})
		_, err = logIn(t, newProvider(t, issuer.URL, nil), issuer)
		refused(t, err, "unexpected signature algorithm")
	}
}

func TestAnHonestIssuer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*oidctest.Issuer){
		"as it comes":            func(*oidctest.Issuer) {},
		"EdDSA":                  func(i *oidctest.Issuer) { i.Keys = []oidctest.Key{oidctest.NewEdKey(t, "ed")} },
		"one key without a name": func(i *oidctest.Issuer) { i.Keys[0].ID = "" },
		"one key, and a token that names none": func(i *oidctest.Issuer) {
			nameless := i.Keys[0]
			nameless.ID, i.Signs = "", &nameless
		},
		"two audiences and azp": func(i *oidctest.Issuer) {
			i.Claims["aud"], i.Claims["azp"] = []string{"another", oidctest.ClientID}, oidctest.ClientID
		},
		"names itself": func(i *oidctest.Issuer) {
			i.Discovery = map[string]any{"authorization_response_iss_parameter_supported": true}
			i.Answer = func(v url.Values) { v.Set("iss", i.URL) }
		},
		"address by UserInfo": func(i *oidctest.Issuer) {
			i.Claims = map[string]any{"sub": "person-1"}
			i.UserInfo = map[string]any{"sub": "person-1", "email": "asha@example.com", "email_verified": "true", "name": "Asha O'Neill"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := oidctest.New(t)
			issuer.Set(change)
			person, err := logIn(t, newProvider(t, issuer.URL, nil), issuer)
			require.NoError(t, err)
			assert.Equal(t, oidc.Person{Issuer: issuer.URL, Subject: "person-1", Email: "asha@example.com", EmailVerified: true, Name: "Asha O'Neill"}, person)
		})
	}
}

func TestA3_EmailVerifiedIsTrueOrNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"missing": false, `null`: false, `false`: false, `"false"`: false, `"true"`: true, `true`: true, `1`: false,
		`"1"`: false, `"True"`: false, `" true"`: false, `{}`: false, `[true]`: false, `""`: false,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			issuer := oidctest.New(t)
			issuer.Set(func(i *oidctest.Issuer) {
				delete(i.Claims, "email_verified")
				if text != "missing" {
					i.Claims["email_verified"] = json.RawMessage(text)
				}
			})
			person, err := logIn(t, newProvider(t, issuer.URL, nil), issuer)
			require.NoError(t, err)
			assert.Equal(t, "asha@example.com", person.Email)
			assert.Equal(t, want, person.EmailVerified)
		})
	}
	t.Run("in other letters", func(t *testing.T) {
		t.Parallel()
		issuer := oidctest.New(t)
		issuer.Set(func(i *oidctest.Issuer) {
			delete(i.Claims, "email_verified")
			i.Claims["Email_Verified"] = true
		})
		person, err := logIn(t, newProvider(t, issuer.URL, nil), issuer)
		require.NoError(t, err)
		assert.False(t, person.EmailVerified)
	})
}

func TestScenario2_AddressAndFlagAreOfOneDocument(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*oidctest.Issuer)
		email  string
		proved bool
	}{
		"token says a, UserInfo b": {func(i *oidctest.Issuer) {
			i.Claims["email"], i.UserInfo = "a@example.com", map[string]any{"sub": "person-1", "email": "b@example.com", "email_verified": false}
		}, "a@example.com", true},
		"token has the flag, UserInfo the address": {func(i *oidctest.Issuer) {
			i.Claims["email"], i.UserInfo = nil, map[string]any{"sub": "person-1", "email": "b@example.com"}
		}, "b@example.com", false},
		"token has the address, UserInfo the flag": {func(i *oidctest.Issuer) {
			i.Claims["email"], i.Claims["email_verified"] = "a@example.com", nil
			i.UserInfo = map[string]any{"sub": "person-1", "email": "a@example.com", "email_verified": true}
		}, "a@example.com", false},
		"token has the flag, no address": {func(i *oidctest.Issuer) { i.Claims["email"] = nil }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := oidctest.New(t)
			issuer.Set(test.change)
			person, err := logIn(t, newProvider(t, issuer.URL, nil), issuer)
			require.NoError(t, err)
			assert.Equal(t, test.email, person.Email)
			assert.Equal(t, test.proved, person.EmailVerified)
		})
	}
}

func TestA6_ANonceIsNeededOnBothSides(t *testing.T) {
	t.Parallel()
	issuer := oidctest.New(t)
	issuer.Set(func(i *oidctest.Issuer) { i.Claims["nonce"] = "" })
	p := newProvider(t, issuer.URL, nil)
	secrets := oidc.NewSecrets()
	secrets.Nonce = ""
	address, err := p.Start(t.Context(), redirect, secrets)
	require.NoError(t, err)
	_, err = p.Finish(t.Context(), redirect, secrets, answerOf(issuer.LogIn(address).Query()))
	refused(t, err, "nonce")
}

func TestA7_ClocksMayBeAMinuteApart(t *testing.T) {
	t.Parallel()
	for ahead, reason := range map[time.Duration]string{
		0: "", 30 * time.Second: "", -30 * time.Second: "", 50 * time.Second: "",
		10 * time.Minute: "issued_in_the_future", -10 * time.Minute: "expired",
	} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			issuer := oidctest.New(t)
			issuer.Set(func(i *oidctest.Issuer) { i.Clock = ahead })
			_, err := logIn(t, newProvider(t, issuer.URL, nil), issuer)
			if reason == "" {
				require.NoError(t, err)
			} else {
				assert.Contains(t, reasonOf(err), reason)
			}
		})
	}
	// A token that ended half a minute ago, by our clock.
	issuer := oidctest.New(t)
	issuer.Set(func(i *oidctest.Issuer) { i.Claims["exp"] = time.Now().Add(-30 * time.Second).Unix() })
	_, err := logIn(t, newProvider(t, issuer.URL, nil), issuer)
	require.NoError(t, err)
}

func TestACodeWorksOnceAndWithItsVerifier(t *testing.T) {
	t.Parallel()
	issuer := oidctest.New(t)
	p := newProvider(t, issuer.URL, nil)
	secrets := oidc.NewSecrets()
	address, err := p.Start(t.Context(), redirect, secrets)
	require.NoError(t, err)
	first := answerOf(issuer.LogIn(address).Query())
	_, err = p.Finish(t.Context(), redirect, secrets, first)
	require.NoError(t, err)
	_, err = p.Finish(t.Context(), redirect, secrets, first)
	refused(t, err, "token_request_400_invalid_grant")
	assert.NotContains(t, err.Error(), first.Code)

	stolen := answerOf(issuer.LogIn(address).Query())
	another := secrets
	another.Verifier = oidc.NewSecrets().Verifier
	_, err = p.Finish(t.Context(), redirect, another, stolen)
	refused(t, err, "token_request_400_invalid_grant")
}

func TestA12_TheAnswerOfAnotherIssuerIsSentToNone(t *testing.T) {
	t.Parallel()
	a, b := oidctest.New(t), oidctest.New(t)
	p := newProvider(t, a.URL, nil)
	secrets := oidc.NewSecrets()
	_, err := p.Start(t.Context(), redirect, secrets)
	require.NoError(t, err)
	address, err := newProvider(t, b.URL, nil).Start(t.Context(), redirect, secrets)
	require.NoError(t, err)
	back := answerOf(b.LogIn(address).Query())
	back.Issuer = b.URL
	_, err = p.Finish(t.Context(), redirect, secrets, back)
	refused(t, err, "answer_of_another_issuer")
	assert.Zero(t, a.Hits("/token"))
	assert.Zero(t, b.Hits("/token"))
}

func TestA17_SpellingsOfAnIssuerAreOne(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"https://id.example", "https://id.example/", "https://ID.example", "HTTPS://id.example/"} {
		assert.Equal(t, "https://id.example", newProvider(t, written, nil).Issuer())
	}
	assert.Equal(t, "https://id.example/Realm", newProvider(t, "https://id.example/Realm/", nil).Issuer())
}

func TestA24_TheIssuerAsksWhichAccount(t *testing.T) {
	t.Parallel()
	issuer := oidctest.New(t)
	address, err := newProvider(t, issuer.URL, nil).Start(t.Context(), redirect, oidc.NewSecrets())
	require.NoError(t, err)
	asked, err := url.Parse(address)
	require.NoError(t, err)
	q := asked.Query()
	assert.Equal(t, "select_account", q.Get("prompt"))
	assert.Equal(t, "S256", q.Get("code_challenge_method"))
	assert.Equal(t, "openid email profile", q.Get("scope"))
	assert.Equal(t, redirect, q.Get("redirect_uri"))
	for _, random := range []string{"state", "nonce", "code_challenge"} {
		assert.Len(t, q.Get(random), 43, random)
	}
}

func TestDiscoveryThatLeadsElsewhere(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]map[string]any{
		"another issuer":      {"issuer": "https://evil.example"},
		"no PKCE":             {"code_challenge_methods_supported": []string{"plain"}},
		"no key set":          {"jwks_uri": nil},
		"a file of our own":   {"jwks_uri": "file:///etc/passwd"},
		"token to no address": {"token_endpoint": "/token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := oidctest.New(t)
			issuer.Set(func(i *oidctest.Issuer) { i.Discovery = document })
			_, err := newProvider(t, issuer.URL, nil).Start(t.Context(), redirect, oidc.NewSecrets())
			refused(t, err, "discovery")
		})
	}
}

// An issuer that is not said to be private is not looked for inside.
func TestAnIssuerInsideIsNotReached(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"https://127.0.0.1:1", "https://[::1]", "https://169.254.169.254"} {
		p, err := oidc.New(oidc.Options{ID: "fake", Issuer: issuer, ClientID: "x", ClientSecret: "x"})
		require.NoError(t, err)
		_, err = p.Start(t.Context(), redirect, oidc.NewSecrets())
		refused(t, err, "not on the public internet")
	}
	_, err := oidc.New(oidc.Options{ID: "fake", Issuer: "http://id.example", ClientID: "x", ClientSecret: "x"})
	require.ErrorContains(t, err, "not encrypted")
}
