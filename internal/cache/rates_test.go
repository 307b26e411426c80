package cache

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var threeAMinute = Quota{Requests: 3, Per: time.Minute}

func openRates(t *testing.T, server *miniredis.Miniredis) *Rates {
	t.Helper()
	r, err := NewPatientRates("redis://"+server.Addr(), []byte("secret"), 5*time.Second, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

func TestRatesAreSharedByProcesses(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	one, two := openRates(t, server), openRates(t, server)
	for i, r := range []*Rates{one, two, one} {
		taken, err := r.Take(t.Context(), "logins", "address|203.0.113.7/32", threeAMinute)
		require.NoError(t, err)
		assert.True(t, taken.Allowed)
		assert.Equal(t, 2-i, taken.Left)
	}
	taken, err := two.Take(t.Context(), "logins", "address|203.0.113.7/32", threeAMinute)
	require.NoError(t, err)
	assert.False(t, taken.Allowed)
	assert.Positive(t, taken.After)
	assert.LessOrEqual(t, taken.After, 20*time.Second)
	taken, err = two.Take(t.Context(), "holds", "address|203.0.113.7/32", threeAMinute)
	require.NoError(t, err)
	assert.True(t, taken.Allowed, "another group")
}

// Redis knows neither addresses nor people, and forgets.
func TestRatesKeepNothingPersonalAndNothingForLong(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	r := openRates(t, server)
	_, err := r.Take(t.Context(), "codes", "recipient|asha@example.com", threeAMinute)
	require.NoError(t, err)
	require.Len(t, server.Keys(), 1)
	key := server.Keys()[0]
	assert.True(t, strings.HasPrefix(key, "rate:boxoffice:codes:"), key)
	assert.NotContains(t, key, "asha")
	assert.Positive(t, server.TTL(key))
	assert.LessOrEqual(t, server.TTL(key), time.Minute)
	other, err := NewPatientRates("redis://"+server.Addr(), []byte("another secret"), 5*time.Second, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, other.Close()) })
	assert.NotEqual(t, other.name("codes", "x"), r.name("codes", "x"), "without the secret the name cannot be computed")
}

// The clock of Redis counts. When it is set back, or another server takes over, the time that
// is stored does not refuse for hours.
func TestRatesSurviveAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	now := time.Now()
	server.SetTime(now)
	r := openRates(t, server)
	for range 3 {
		_, err := r.Take(t.Context(), "holds", "x", threeAMinute)
		require.NoError(t, err)
	}
	taken, err := r.Take(t.Context(), "holds", "x", threeAMinute)
	require.NoError(t, err)
	require.False(t, taken.Allowed)

	server.SetTime(now.Add(-3 * time.Hour))
	taken, err = r.Take(t.Context(), "holds", "x", threeAMinute)
	require.NoError(t, err)
	assert.True(t, taken.Allowed)
	assert.LessOrEqual(t, taken.Full, time.Minute)
}

func TestRatesSayWhenRedisIsAway(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	r := openRates(t, server)
	_, err := r.Take(t.Context(), "holds", "x", threeAMinute)
	require.NoError(t, err)
	server.Close()
	for range 2 * failuresInARow {
		_, err = r.Take(t.Context(), "holds", "x", threeAMinute)
		require.ErrorIs(t, err, ErrRatesAway)
	}
	require.NoError(t, server.Restart())
	require.Eventually(t, func() bool {
		_, err := r.Take(t.Context(), "holds", "x", threeAMinute)
		return err == nil
	}, patience, 50*time.Millisecond)
}

// Looking counts nothing, and says when the next one may come.
func TestRatesLookWithoutCounting(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	now := time.Now()
	server.SetTime(now)
	r := openRates(t, server)
	look := func() Taken {
		taken, err := r.Look(t.Context(), "wrong", "x", threeAMinute)
		require.NoError(t, err)
		return taken
	}
	for range 5 {
		assert.Equal(t, Taken{Allowed: true, Left: 3}, look())
	}
	assert.Empty(t, server.Keys(), "an invented client leaves nothing")
	for range 3 {
		_, err := r.Take(t.Context(), "wrong", "x", threeAMinute)
		require.NoError(t, err)
	}
	empty := look()
	assert.False(t, empty.Allowed)
	assert.InDelta(t, 20, empty.After.Seconds(), 0.1)
	server.SetTime(now.Add(21 * time.Second))
	assert.True(t, look().Allowed)
	server.SetTime(now.Add(-3 * time.Hour))
	assert.True(t, look().Allowed, "a clock that was set back does not refuse for hours")
}

func TestRatesRememberMarks(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	one, two := openRates(t, server), openRates(t, server)
	marked := func(client string) bool {
		is, err := two.Marked(t.Context(), "known", client)
		require.NoError(t, err)
		return is
	}
	assert.False(t, marked("x"))
	require.NoError(t, one.Mark(t.Context(), "known", "x", time.Hour))
	assert.True(t, marked("x"))
	assert.False(t, marked("y"))
	server.FastForward(61 * time.Minute)
	assert.False(t, marked("x"))
}
