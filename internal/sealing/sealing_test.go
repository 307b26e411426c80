package sealing_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/sealing"
)

func box(t *testing.T, keys ...byte) *sealing.Box {
	t.Helper()
	var all [][]byte
	for _, key := range keys {
		all = append(all, bytes.Repeat([]byte{key}, sealing.KeySize))
	}
	b, err := sealing.New(all...)
	require.NoError(t, err)
	return b
}

func TestSealedOpensForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	b := box(t, 1)
	sealed := b.Seal([]byte("secret"), "totp:asha")
	assert.NotContains(t, string(sealed), "secret")
	assert.NotEqual(t, sealed, b.Seal([]byte("secret"), "totp:asha"), "each has a nonce of its own")
	opened, err := b.Open(sealed, "totp:asha")
	require.NoError(t, err)
	assert.Equal(t, "secret", string(opened))
	for name, owner := range map[string]string{"another account": "totp:ben", "another column": "otpt:asha", "none": ""} {
		_, err := b.Open(sealed, owner)
		assert.ErrorIs(t, err, sealing.ErrNotOpened, name)
	}
	for n := range sealed {
		changed := bytes.Clone(sealed)
		changed[n] ^= 1
		_, err := b.Open(changed, "totp:asha")
		assert.ErrorIs(t, err, sealing.ErrNotOpened, "byte %d", n)
		_, err = b.Open(sealed[:n], "totp:asha")
		assert.ErrorIs(t, err, sealing.ErrNotOpened, "cut to %d bytes", n)
	}
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	before, both, after := box(t, 1), box(t, 2, 1), box(t, 2)
	old := before.Seal([]byte("secret"), "a")
	opened, err := both.Open(old, "a")
	require.NoError(t, err)
	assert.Equal(t, "secret", string(opened))
	renewed := both.Seal(opened, "a")
	_, err = after.Open(renewed, "a")
	require.NoError(t, err, "the first key seals")
	_, err = after.Open(old, "a")
	require.ErrorIs(t, err, sealing.ErrNotOpened)
	_, err = before.Open(renewed, "a")
	require.ErrorIs(t, err, sealing.ErrNotOpened)
	assert.NotEqual(t, old[:5], renewed[:5], "rows of a key can be counted")
}

func TestKeysHaveTheirLength(t *testing.T) {
	t.Parallel()
	_, err := sealing.New()
	require.ErrorContains(t, err, "no key")
	_, err = sealing.New(make([]byte, 16))
	require.ErrorContains(t, err, "16 bytes")
}
