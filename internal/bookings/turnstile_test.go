package bookings

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTurnstileIsAllOrNone(t *testing.T) {
	t.Parallel()
	gate := NewTurnstile()
	leave, wait := gate.Enter("show", []string{"C7", "C8"})
	require.NotNil(t, leave)
	require.Nil(t, wait)

	crossing, wait := gate.Enter("show", []string{"C6", "C7"})
	require.Nil(t, crossing)
	other, _ := gate.Enter("show", []string{"C6"})
	require.NotNil(t, other, "a request that was not let in must not keep a seat busy")
	elsewhere, _ := gate.Enter("another show", []string{"C7"})
	require.NotNil(t, elsewhere)

	leave()
	<-wait
	other()
	crossing, _ = gate.Enter("show", []string{"C6", "C7"})
	require.NotNil(t, crossing)
	crossing()
	elsewhere()
	assert.Empty(t, gate.busy, "no request inside, nothing remembered")
}

func TestTurnstileLetsOneInAtATime(t *testing.T) {
	t.Parallel()
	gate := NewTurnstile()
	var inside, most, entries atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for {
				leave, wait := gate.Enter("show", []string{"A1", "A2"})
				if leave == nil {
					<-wait
					continue
				}
				most.Store(max(most.Load(), inside.Add(1)))
				entries.Add(1)
				inside.Add(-1)
				leave()
				return
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, most.Load())
	assert.EqualValues(t, 64, entries.Load())
}
