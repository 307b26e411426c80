package accounts

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

const issuer = "https://boxoffice.example"

var (
	somebody = Account{ID: "7b0a7a3e-6a0e-4a41-8f5e-3f0e6f6f3b10", Role: "customer"}
	family   = "0d1f6f0a-8b1c-4f0b-9a53-1e2f3a4b5c6d"
)

func newTokenKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func newTokens(t *testing.T, keys ...ed25519.PrivateKey) *Tokens {
	t.Helper()
	tokens, err := NewTokens(keys, issuer)
	require.NoError(t, err)
	return tokens
}

func TestIssueAndVerify(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, newTokenKey(t))
	token, err := tokens.Issue(somebody, family)
	require.NoError(t, err)
	claims, err := tokens.Verify(token)
	require.NoError(t, err)
	assert.Equal(t, &Claims{Subject: somebody.ID, Role: "customer", SessionFamily: family}, claims)
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, newTokenKey(t))
	token, err := tokens.Issue(somebody, family)
	require.NoError(t, err)
	at := func(d time.Duration) error {
		later := time.Now().Add(d)
		tokens.now = func() time.Time { return later }
		_, err := tokens.Verify(token)
		return err
	}
	assert.NoError(t, at(tokenLife+leeway-5*time.Second))
	assert.ErrorContains(t, at(tokenLife+leeway+5*time.Second), "expired")
	assert.NoError(t, at(-leeway+5*time.Second))
	assert.Error(t, at(-leeway-5*time.Second), "issued in the future")
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	oldKey, newKey := newTokenKey(t), newTokenKey(t)
	before, both, after := newTokens(t, oldKey), newTokens(t, newKey, oldKey), newTokens(t, newKey)
	token, err := before.Issue(somebody, family)
	require.NoError(t, err)
	_, err = both.Verify(token)
	assert.NoError(t, err)
	_, err = after.Verify(token)
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	token, err = both.Issue(somebody, family)
	require.NoError(t, err)
	_, err = after.Verify(token)
	assert.NoError(t, err)
}

// Fault 56: alg none, key confusion, wrong audience, kid traversal, and relatives.
func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	key := newTokenKey(t)
	tokens := newTokens(t, key)
	public := key.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})

	type forgery struct {
		method jwt.SigningMethod
		key    any
		header map[string]any
		claims func(*wireClaims)
	}
	good := forgery{method: jwt.SigningMethodEdDSA, key: key}
	sign := func(t *testing.T, f forgery) string {
		t.Helper()
		now := time.Now()
		claims := wireClaims{
			RegisteredClaims: jwt.RegisteredClaims{
				Issuer: issuer, Subject: somebody.ID, Audience: jwt.ClaimStrings{audience},
				IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
			},
			Role: "admin", Family: family,
		}
		if f.claims != nil {
			f.claims(&claims)
		}
		token := jwt.NewWithClaims(f.method, claims)
		token.Header["kid"], token.Header["typ"] = tokens.signerID, tokenType
		for name, value := range f.header {
			token.Header[name] = value
		}
		signed, err := token.SignedString(f.key)
		require.NoError(t, err)
		return signed
	}
	_, err = tokens.Verify(sign(t, good))
	require.NoError(t, err, "the forger's tools work")

	for name, f := range map[string]forgery{
		"alg none":                      {method: jwt.SigningMethodNone, key: jwt.UnsafeAllowNoneSignatureType},
		"HS256 with the public key":     {method: jwt.SigningMethodHS256, key: []byte(public)},
		"HS256 with the public PEM":     {method: jwt.SigningMethodHS256, key: publicPEM},
		"another key under our id":      {method: jwt.SigningMethodEdDSA, key: newTokenKey(t)},
		"unknown kid":                   {method: good.method, key: key, header: map[string]any{"kid": "other"}},
		"kid is a path":                 {method: good.method, key: key, header: map[string]any{"kid": "../../../../dev/null"}},
		"kid is a number":               {method: good.method, key: key, header: map[string]any{"kid": 1}},
		"no kid, own key in the header": {method: good.method, key: newTokenKey(t), header: map[string]any{"kid": "", "jwk": newJWK(public)}},
		"another type of token":         {method: good.method, key: key, header: map[string]any{"typ": "JWT"}},
		"wrong audience":                {method: good.method, key: key, claims: func(c *wireClaims) { c.Audience = jwt.ClaimStrings{"scanner"} }},
		"no audience":                   {method: good.method, key: key, claims: func(c *wireClaims) { c.Audience = nil }},
		"wrong issuer":                  {method: good.method, key: key, claims: func(c *wireClaims) { c.Issuer = "https://evil.example" }},
		"no expiry":                     {method: good.method, key: key, claims: func(c *wireClaims) { c.ExpiresAt = nil }},
		"expired":                       {method: good.method, key: key, claims: func(c *wireClaims) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute)) }},
		"not yet issued":                {method: good.method, key: key, claims: func(c *wireClaims) { c.IssuedAt = jwt.NewNumericDate(time.Now().Add(time.Minute)) }},
		"subject is not an id":          {method: good.method, key: key, claims: func(c *wireClaims) { c.Subject = "admin" }},
		"no session":                    {method: good.method, key: key, claims: func(c *wireClaims) { c.Family = "" }},
		"no role":                       {method: good.method, key: key, claims: func(c *wireClaims) { c.Role = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims, err := tokens.Verify(sign(t, f))
			assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
			assert.Nil(t, claims)
		})
	}
	head, rest, _ := strings.Cut(sign(t, good), ".")
	payload, signature, _ := strings.Cut(rest, ".")
	for name, token := range map[string]string{
		"empty": "", "words": "let me in", "no signature": head + "." + payload + ".", "cut": head + "." + payload,
		"other payload": head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"`+uuid.NewString()+`"}`)) + "." + signature,
		"long":          strings.Repeat("a.", 1<<16),
	} {
		_, err := tokens.Verify(token)
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), name)
	}
}

func TestJWKSVerifiesOurTokens(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, newTokenKey(t), newTokenKey(t))
	var set jwkSet
	require.NoError(t, json.Unmarshal(tokens.JWKS(), &set))
	require.Len(t, set.Keys, 2)
	assert.Equal(t, "OKP", set.Keys[0].Type)
	assert.NotContains(t, string(tokens.JWKS()), `"d"`, "the private part")

	token, err := tokens.Issue(somebody, family)
	require.NoError(t, err)
	_, err = jwt.Parse(token, func(parsed *jwt.Token) (any, error) {
		assert.Equal(t, set.Keys[0].ID, parsed.Header["kid"])
		x, err := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
		return ed25519.PublicKey(x), err
	})
	assert.NoError(t, err)
}

// The example of RFC 8037, appendix A.3.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	require.NoError(t, err)
	assert.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", newJWK(x).ID)
}

func TestTokensNeedAKey(t *testing.T) {
	t.Parallel()
	_, err := NewTokens(nil, issuer)
	assert.Error(t, err)
}
