package saga

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// Many updates of one booking follow each other; those of another booking do not wait for
// them, and an update that waits too long fails with booking_busy.
func TestUpdatesOfABookingFollowEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(2)
		var inside, most, done atomic.Int64
		var crowd sync.WaitGroup
		for range 50 {
			crowd.Go(func() {
				leave, err := l.enter(t.Context(), "one")
				if !assert.NoError(t, err) {
					return
				}
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(100 * time.Millisecond)
				inside.Add(-1)
				leave()
				done.Add(1)
			})
		}
		synctest.Wait()
		began := time.Now()
		leave, err := l.enter(t.Context(), "another")
		require.NoError(t, err)
		assert.Zero(t, time.Since(began))
		leave()
		impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err = l.enter(impatient, "one")
		assert.Equal(t, booking.CodeBusy, booking.CodeOf(err))
		crowd.Wait()
		assert.EqualValues(t, 2, most.Load())
		assert.EqualValues(t, 50, done.Load())
		assert.Empty(t, l.all, "nothing stays behind")
	})
}
