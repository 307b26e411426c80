package cache

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = 10 * time.Second

func heard(hints <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-hints:
			return true
		default:
			return false
		}
	}
}

func TestLocalBusCoalescesHints(t *testing.T) {
	t.Parallel()
	bus := NewLocalBus()
	mine, leave := bus.Subscribe(t.Context(), "show:1")
	other, leaveOther := bus.Subscribe(t.Context(), "show:2")
	defer leaveOther()

	for range 100 {
		bus.Publish(t.Context(), "show:1")
	}
	assert.True(t, heard(mine)())
	assert.False(t, heard(mine)(), "a hundred publishes are one hint")
	assert.False(t, heard(other)(), "another topic's hint")

	leave()
	bus.Publish(t.Context(), "show:1")
	assert.False(t, heard(mine)(), "hint after leaving")
}

func TestLocalBusForgetsSubscribersWhoseContextEnded(t *testing.T) {
	t.Parallel()
	bus := NewLocalBus()
	ctx, cancel := context.WithCancel(t.Context())
	_, leave := bus.Subscribe(ctx, "show:1")
	cancel()
	require.Eventually(t, func() bool {
		bus.mu.Lock()
		defer bus.mu.Unlock()
		return len(bus.topics) == 0
	}, patience, time.Millisecond)
	leave() // harmless afterwards
}

func newRedisBus(t *testing.T, server *miniredis.Miniredis) *RedisBus {
	t.Helper()
	bus, err := NewRedisBus("redis://" + server.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, bus.Close()) })
	return bus
}

// passes tells whether hints of one process reach another.
func passes(t *testing.T, from, to *RedisBus, topic string) {
	t.Helper()
	hints, leave := to.Subscribe(t.Context(), topic)
	defer leave()
	require.Eventually(t, func() bool {
		from.Publish(t.Context(), topic)
		return heard(hints)()
	}, patience, 10*time.Millisecond, "a hint crosses")
}

func TestRedisBusCarriesHintsBetweenProcesses(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	one, other := newRedisBus(t, server), newRedisBus(t, server)
	require.Eventually(t, other.ready.Load, patience, time.Millisecond)

	hints, leave := other.Subscribe(t.Context(), "show:1")
	defer leave()
	silent, leaveSilent := other.Subscribe(t.Context(), "show:2")
	defer leaveSilent()
	one.Publish(t.Context(), "show:1")
	require.Eventually(t, heard(hints), patience, time.Millisecond)
	assert.False(t, heard(silent)())
	assert.NoError(t, one.Ping(t.Context()))
}

func TestFault49_RedisKilledAndBack(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	one, other := newRedisBus(t, server), newRedisBus(t, server)
	passes(t, one, other, "show:1")

	server.Close()
	require.Error(t, one.Ping(t.Context()))
	own, leave := one.Subscribe(t.Context(), "show:2")
	defer leave()
	began := time.Now()
	for range 2 * queueLength {
		one.Publish(t.Context(), "show:2")
	}
	assert.Less(t, time.Since(began), time.Second, "publishing waits for no subscriber")
	assert.True(t, heard(own)(), "a process gets its own hints while redis is down")

	missed, leaveMissed := other.Subscribe(t.Context(), "show:3")
	defer leaveMissed()
	require.NoError(t, server.Restart())
	require.Eventually(t, heard(missed), patience, 10*time.Millisecond,
		"a subscriber that may have missed a hint is woken when the connection is back")
	passes(t, one, other, "show:1")
}

func TestRedisBusStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.NewMiniRedis()
	require.NoError(t, server.Start())
	address := server.Addr()
	server.Close()

	began := time.Now()
	bus, err := NewRedisBus("redis://" + address)
	require.NoError(t, err)
	assert.Less(t, time.Since(began), time.Second)
	defer func() { assert.NoError(t, bus.Close()) }()

	require.NoError(t, server.StartAddr(address))
	defer server.Close()
	passes(t, bus, newRedisBus(t, server), "booking:1")
	require.Eventually(t, bus.ready.Load, patience, 10*time.Millisecond)
}

func TestRedisBusRefusesABadURL(t *testing.T) {
	t.Parallel()
	_, err := NewRedisBus("http://localhost")
	require.Error(t, err)
}
