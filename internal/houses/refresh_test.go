package houses

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestALookAsksTheHouseWhenWhatIsHereIsOld(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	var asked atomic.Int64
	refresher := func() *Refresher {
		one := NewRefresher(r.store, func(_ context.Context, theater, external string) (booking.HouseTaken, error) {
			asked.Add(1)
			assert.Equal(t, r.Theater, theater)
			assert.Equal(t, "s1", external)
			return booking.HouseTaken{Addresses: []string{"1/0/1"}, AsOf: time.Now(), Exact: true}, nil
		}, slog.New(slog.DiscardHandler))
		t.Cleanup(one.Close)
		return one
	}
	first, second := refresher(), refresher()
	for range 10 {
		first.Look(show)
		second.Look(show)
	}
	require.Eventually(t, func() bool { return len(r.Claims(show)) == 1 }, 10*time.Second, 5*time.Millisecond)
	first.wait.Wait()
	second.wait.Wait()
	assert.EqualValues(t, 1, asked.Load(), "one process asks, once")

	r.Exec(`UPDATE house_shows SET seats_asked_at = now() - interval '20 seconds'`)
	third := refresher()
	third.Look(show)
	require.Eventually(t, func() bool { return asked.Load() == 2 }, 10*time.Second, 5*time.Millisecond)
}

func TestALookDoesNotWaitForAHouse(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	begun := make(chan struct{})
	one := NewRefresher(r.store, func(ctx context.Context, _, _ string) (booking.HouseTaken, error) {
		close(begun)
		<-ctx.Done()
		return booking.HouseTaken{}, booking.E(booking.CodeHouseUnavailable, "No answer.")
	}, slog.New(slog.DiscardHandler))
	one.Look(r.show("s1"))
	<-begun
	one.Look(r.show("s1"))
	one.Close() // ends the question
	assert.Empty(t, r.Claims(r.show("s1")))
}
