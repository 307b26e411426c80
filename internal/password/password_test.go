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
	hash, err := Hash(t.Context(), Strangers, "correct horse")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false} {
		got, err := Matches(t.Context(), Strangers, password, hash)
		require.NoError(t, err)
		assert.Equal(t, want, got, password)
	}
	again, err := Hash(t.Context(), Strangers, "correct horse")
	require.NoError(t, err)
	assert.NotEqual(t, hash, again, "salted")
}

func TestNoPasswordMatchesAnUnknownAccount(t *testing.T) {
	t.Parallel()
	got, err := Matches(t.Context(), Strangers, "nobody's", "")
	require.NoError(t, err)
	assert.False(t, got, "not even the decoy's own password")
}

// Not parallel: it takes every turn there is.
func TestRushWaitsItsTurn(t *testing.T) {
	strangers := lanes[Strangers]
	for range cap(strangers.busy) {
		require.NoError(t, strangers.enter(t.Context()))
		t.Cleanup(func() { <-strangers.busy })
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Hash(ctx, Strangers, "x")
	require.ErrorIs(t, err, context.Canceled)
	_, err = Matches(ctx, Strangers, "x", "")
	require.ErrorIs(t, err, context.Canceled)
}

// Not parallel: it takes every turn there is, and every place to wait.
func TestPasswordQueueIsBounded(t *testing.T) {
	strangers := lanes[Strangers]
	for range cap(strangers.busy) {
		require.NoError(t, strangers.enter(t.Context()))
		t.Cleanup(func() { <-strangers.busy })
	}
	for range cap(strangers.queue) {
		strangers.queue <- struct{}{}
		t.Cleanup(func() { <-strangers.queue })
	}
	_, err := Hash(t.Context(), Strangers, "x")
	require.ErrorIs(t, err, ErrBusy)
	_, err = Matches(t.Context(), Strangers, "x", "")
	require.ErrorIs(t, err, ErrBusy)
	// Known owners do not queue behind them.
	_, err = Matches(t.Context(), Known, "x", "")
	require.NoError(t, err)
	assert.LessOrEqual(t, cap(strangers.busy), max(1, runtime.NumCPU()/2), "sales keep a share of the processor")
}
