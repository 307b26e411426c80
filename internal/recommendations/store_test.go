package recommendations

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/documents"
)

// slowPreferences take three seconds to answer, while slow.
type slowPreferences struct {
	documents.Preferences
	slow  atomic.Bool
	asked atomic.Int64
}

func (s *slowPreferences) Get(ctx context.Context, _ uuid.UUID) (documents.Profile, error) {
	s.asked.Add(1)
	if !s.slow.Load() {
		return documents.Profile{Certificate: "CBFC U"}, nil
	}
	select {
	case <-time.After(3 * time.Second):
		return documents.Profile{}, nil
	case <-ctx.Done():
		return documents.Profile{}, documents.Unavailable(ctx.Err())
	}
}

// A store that is slow has one request at a time wait for it, and what was known of a person counts.
func TestASlowStoreKeepsFewWaiting(t *testing.T) {
	t.Parallel()
	store := &slowPreferences{}
	p := newProfiles(store)
	known := uuid.New()
	_, _, answered := p.of(t.Context(), known)
	require.True(t, answered)

	store.slow.Store(true)
	started := time.Now()
	profile, isKnown, answered := p.of(t.Context(), known)
	assert.Less(t, time.Since(started), time.Second)
	assert.True(t, isKnown)
	assert.False(t, answered)
	assert.Equal(t, "CBFC U", profile.Certificate)
	assert.False(t, p.there())

	require.Eventually(t, p.there, 10*time.Second, 10*time.Millisecond, "it is asked again")
	before := store.asked.Load()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { p.of(t.Context(), uuid.New()) })
	}
	all.Wait()
	assert.EqualValues(t, 1, store.asked.Load()-before)

	store.slow.Store(false)
	require.Eventually(t, func() bool {
		_, _, answered := p.of(t.Context(), known)
		return answered
	}, 10*time.Second, 10*time.Millisecond)
	before = store.asked.Load()
	for range 10 {
		p.of(t.Context(), known)
	}
	assert.EqualValues(t, 10, store.asked.Load()-before, "as before")
}
