package accounts

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
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
