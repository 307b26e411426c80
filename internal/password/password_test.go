package password

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHashMatchesOnlyItsPassword(t *testing.T) {
	t.Parallel()
	hash, err := Hash(t.Context(), Strangers, "correct horse")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=2,p=1$"), hash)
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

func TestWeakHashesAreFound(t *testing.T) {
	t.Parallel()
	for cost, want := range map[Cost]bool{{19, 2}: true, {64, 1}: true, {64, 2}: false, {65, 3}: false} {
		of := cost.params()
		hash, err := argon2id.CreateHash("x", &of)
		require.NoError(t, err)
		assert.Equal(t, want, Weak(hash), "%+v", cost)
	}
	assert.True(t, Weak("no hash"))
}

// The time of a wrong password does not tell whether there is an account, nor how old its
// hash is. Not parallel: it measures.
func TestFault58_TimesDoNotTellWhetherAnAccountExists(t *testing.T) {
	old := Cost{Memory: 19, Passes: 2}.params()
	former, err := argon2id.CreateHash("right", &old)
	require.NoError(t, err)
	current, err := argon2id.CreateHash("right", &params)
	require.NoError(t, err)
	hashes := map[string]string{"an account": current, "none": "", "an old account": former}
	took := map[string][]time.Duration{}
	for range 8 { // in turns; the first of each makes the decoy and the heap
		for name, hash := range hashes {
			began := time.Now()
			matches, err := Matches(t.Context(), Known, "wrong", hash)
			took[name] = append(took[name], time.Since(began))
			require.NoError(t, err)
			require.False(t, matches)
		}
	}
	// The fastest: what else runs on the machine only adds.
	fastest := func(name string) float64 { return slices.Min(took[name]).Seconds() }
	for name := range hashes {
		ratio := fastest(name) / fastest("an account")
		t.Logf("%s: %.2f", name, ratio)
		assert.InDelta(t, 1, ratio, 0.4, name)
	}
}

// OWASP ASVS 5.0, 6.2.8 and 6.2.9.
func TestLongPasswordsCountAsTheyWereTyped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("velvet Otter ", 10)[:128]
	hash, err := Hash(t.Context(), Strangers, long)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		typed string
		want  bool
	}{
		"as it was":        {long, true},
		"another end":      {long[:127] + "!", false},
		"cut":              {long[:64], false},
		"in lower case":    {strings.ToLower(long), false},
		"a space in front": {" " + long, false},
		"a space behind":   {long + " ", false},
	} {
		got, err := Matches(t.Context(), Strangers, c.typed, hash)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, name)
	}
}
