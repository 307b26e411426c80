package codes_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/codes"
)

func key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return key
}

func made(t *testing.T, keys ...ed25519.PrivateKey) *codes.Codes {
	t.Helper()
	c, err := codes.New(keys)
	require.NoError(t, err)
	return c
}

func TestCodesAreBoundToTheirProofAndPurpose(t *testing.T) {
	t.Parallel()
	c, proof := made(t, key(t)), uuid.New()
	code := c.Code("email", proof)
	assert.Regexp(t, `^\d{6}$`, code)
	assert.True(t, c.Matches(code, "email", proof))
	for name, typed := range map[string]string{"empty": "", "short": code[:5], "long": code + "0", "spaces": " " + code} {
		assert.False(t, c.Matches(typed, "email", proof), name)
	}
	others := 0
	for range 20 { // one in a million each
		if c.Matches(code, "phone", proof) || c.Matches(code, "email", uuid.New()) {
			others++
		}
	}
	assert.LessOrEqual(t, others, 1)
}

func TestTokensAreGenuineForOnePurpose(t *testing.T) {
	t.Parallel()
	c, proof := made(t, key(t)), uuid.New()
	token := c.Token("reset", proof)
	read, genuine := c.Proof(token, "reset")
	assert.True(t, genuine)
	assert.Equal(t, proof, read)
	for name, other := range map[string]string{
		"empty": "", "cut": token[:len(token)-1], "longer": token + "A", "padded": token + "=", "first changed": "A" + token[1:],
		"of another key": made(t, key(t)).Token("reset", proof), "not base64": "%" + token[1:],
	} {
		if other == token {
			continue // the first character was an A
		}
		_, genuine := c.Proof(other, "reset")
		assert.False(t, genuine, name)
	}
	_, genuine = c.Proof(token, "email")
	assert.False(t, genuine, "for another purpose")
}

func TestKeysCanBeRotated(t *testing.T) {
	t.Parallel()
	before, after, proof := key(t), key(t), uuid.New()
	old, both, next := made(t, before), made(t, after, before), made(t, after)
	code, token := old.Code("email", proof), old.Token("email", proof)
	assert.True(t, both.Matches(code, "email", proof))
	_, genuine := both.Proof(token, "email")
	assert.True(t, genuine)
	_, genuine = next.Proof(token, "email")
	assert.False(t, genuine, "after the old key is gone")
	_, err := codes.New(nil)
	assert.ErrorContains(t, err, "key is missing")
}
