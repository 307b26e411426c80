package password

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHashMatchesOnlyItsPassword(t *testing.T) {
	t.Parallel()
	hash, err := Hash(t.Context(), "correct horse")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false} {
		got, err := Matches(t.Context(), password, hash)
		require.NoError(t, err)
		assert.Equal(t, want, got, password)
	}
	again, err := Hash(t.Context(), "correct horse")
	require.NoError(t, err)
	assert.NotEqual(t, hash, again, "salted")
}

func TestNobodyMatchesNothing(t *testing.T) {
	t.Parallel()
	got, err := Matches(t.Context(), "nobody's", "")
	require.NoError(t, err)
	assert.False(t, got, "not even the decoy's own password")
}

// Not parallel: it takes every turn there is.
func TestRushWaitsItsTurn(t *testing.T) {
	for range cap(busy) {
		require.NoError(t, enter(t.Context()))
		t.Cleanup(leave)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Hash(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
	_, err = Matches(ctx, "x", "")
	require.ErrorIs(t, err, context.Canceled)
}

// Not parallel: it takes every turn there is, and every place to wait.
func TestTheQueueHasAnEnd(t *testing.T) {
	for range cap(busy) {
		require.NoError(t, enter(t.Context()))
		t.Cleanup(leave)
	}
	for range cap(queue) {
		queue <- struct{}{}
		t.Cleanup(func() { <-queue })
	}
	_, err := Hash(t.Context(), "x")
	require.ErrorIs(t, err, ErrBusy)
	_, err = Matches(t.Context(), "x", "")
	require.ErrorIs(t, err, ErrBusy)
	assert.LessOrEqual(t, cap(busy), max(1, runtime.NumCPU()/2), "sales keep a share of the processor")
}
