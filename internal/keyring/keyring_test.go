package keyring_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/keyring"
	"github.com/boxoffice/boxoffice/internal/temporal"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

var (
	a        = temporal.Key{ID: "a", Secret: []byte("01234567890123456789012345678901")}
	b        = temporal.Key{ID: "b", Secret: []byte("abcdefghijabcdefghijabcdefghijab")}
	anotherA = temporal.Key{ID: "a", Secret: []byte("zbcdefghijabcdefghijabcdefghijab")}
)

func join(t *testing.T, pool *pgxpool.Pool, name string, keys ...temporal.Key) (*keyring.Ring, error) {
	t.Helper()
	return keyring.Join(t.Context(), keyring.Options{Pool: pool, Keys: keys, Process: name, Logger: slog.New(slog.DiscardHandler)})
}

func TestProcessWithoutAKeyInUseIsRefused(t *testing.T) {
	t.Parallel()
	pool := databasetest.New(t).Pool
	_, err := join(t, pool, "worker", a)
	require.NoError(t, err)
	_, err = join(t, pool, "api", a)
	require.NoError(t, err)

	_, err = join(t, pool, "worker", b)
	var misfit *keyring.MisfitError
	require.ErrorAs(t, err, &misfit)
	assert.Equal(t, "a", misfit.KeyID)
	require.ErrorContains(t, err, `TEMPORAL_CODEC_KEYS: key "a" is in use since`)
	require.ErrorContains(t, err, "this process does not have it. Add it after the first key")

	_, err = join(t, pool, "worker", anotherA)
	require.ErrorContains(t, err, "another secret under this name")
}

// A key is added everywhere, then put in front, then the old one is retired.
func TestKeysRotateInTwoSteps(t *testing.T) {
	t.Parallel()
	pool := databasetest.New(t).Pool
	old, err := join(t, pool, "worker", a)
	require.NoError(t, err)

	_, err = join(t, pool, "api", b, a)
	require.ErrorContains(t, err, `key "b" is in front, but worker`, "the steps in the wrong order")
	require.ErrorContains(t, err, "First add it after the other keys")

	_, err = join(t, pool, "worker", a, b)
	require.NoError(t, err)
	require.NoError(t, old.Leave(t.Context()))
	_, err = join(t, pool, "api", b, a)
	require.NoError(t, err, "every process has it")

	_, err = join(t, pool, "worker", a)
	require.ErrorContains(t, err, `key "b" is in use`, "no way back without it")
	_, err = join(t, pool, "worker", b)
	require.ErrorContains(t, err, `key "a" is in use`, "bookings under way need the old one")

	_, err = pool.Exec(t.Context(), `UPDATE codec_keys SET retired_at = now() WHERE id = 'a'`)
	require.NoError(t, err)
	_, err = join(t, pool, "worker", b)
	require.NoError(t, err)
}

func TestProcessThatDiedHoldsUpNoRotation(t *testing.T) {
	t.Parallel()
	pool := databasetest.New(t).Pool
	_, err := join(t, pool, "worker", a)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `UPDATE codec_key_holders SET seen_at = now() - interval '61 seconds'`)
	require.NoError(t, err)
	_, err = join(t, pool, "worker", b, a)
	require.NoError(t, err)
}

// The first process under this rule may follow others that used any of its keys.
func TestFirstProcessRegistersAllItsKeys(t *testing.T) {
	t.Parallel()
	pool := databasetest.New(t).Pool
	_, err := join(t, pool, "worker", b, a)
	require.NoError(t, err)
	_, err = join(t, pool, "worker", b)
	require.ErrorContains(t, err, `key "a" is in use`)
}

func TestRunningProcessIsToldThatItLacksAKey(t *testing.T) {
	t.Parallel()
	pool := databasetest.New(t).Pool
	ring, err := join(t, pool, "worker", a)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan error, 10)
	go ring.Watch(ctx, func(err error) { told <- err })

	foreign := &temporal.UnreadableError{KeyID: "nobody's", Cause: "this process does not have it"}
	ring.Unreadable(foreign)
	require.NoError(t, ring.Fits(), "a payload of an unknown key stops no process")

	proof, err := b.Proof()
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `INSERT INTO codec_keys (id, proof) VALUES ('b', $1)`, proof)
	require.NoError(t, err)
	ring.Unreadable(&temporal.UnreadableError{KeyID: "b", Cause: "this process does not have it"})
	select {
	case err := <-told:
		var misfit *keyring.MisfitError
		require.True(t, errors.As(err, &misfit))
		assert.Equal(t, "b", misfit.KeyID)
	case <-time.After(10 * time.Second):
		t.Fatal("it was not told")
	}
	require.Error(t, ring.Fits())

	_, err = pool.Exec(t.Context(), `UPDATE codec_keys SET retired_at = now() WHERE id = 'b'`)
	require.NoError(t, err)
	ring.Unreadable(foreign)
	require.Eventually(t, func() bool { return ring.Fits() == nil }, 10*time.Second, 10*time.Millisecond)
	assert.Empty(t, told, "it is told once")
}
