package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// Postgres is killed while holds are under way. Each hold is complete or absent, and a
// retry with the same key gets it.
func TestFault05_PostgresKilledDuringHolds(t *testing.T) {
	const buyers = 15
	s := newStage(t)
	people := crowdOf(t, buyers)
	held, errs := make([]booking.Booking, buyers), make([]error, buyers)
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(buyers, buyers, func(i int) {
			key, order := NewKey(), For(s.show, SeatName(i/5, 2*(i%5)), SeatName(i/5, 2*(i%5)+1))
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), afterRestart)
			defer cancel()
			errs[i] = Persist(ctx, func() (err error) { held[i], _, err = people[i].Book(ctx, key, order); return err })
		})
	}()
	require.True(t, poll(t.Context(), soon, func() bool {
		var n int
		err := world.DB.QueryRow(t.Context(), `SELECT count(*) FROM bookings WHERE show_id = $1`, s.show).Scan(&n)
		return err == nil && n > 0
	}))
	s.kill("postgres")
	<-done
	for i, err := range errs {
		if assert.NoError(t, err, "buyer %d", i) {
			assert.Equal(t, booking.StatusHeld, held[i].Status, "buyer %d", i)
		}
	}
	assert.Equal(t, buyers, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1 AND status = 'held'`, s.show))
}

// Without Temporal, sold bookings can be read and nothing can be sold. Sales that were
// under way go on afterward, with money that came in the meantime.
func TestFault46_TemporalAway(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	require.NoError(t, world.Platform.StopChild(t.Context(), "temporal"))
	back := func() {
		ctx, cancel := context.WithTimeout(context.Background(), afterRestart)
		defer cancel()
		assert.NoError(t, world.Platform.RestartChild(ctx, "temporal"))
	}
	restarted := false
	t.Cleanup(func() {
		if !restarted {
			back()
		}
	})

	seats, err := Seats(t.Context(), world.API, s.show)
	require.NoError(t, err, "seat maps are read from the database")
	assert.Equal(t, []string{"A1"}, seats.Held)
	still, err := c.Booking(t.Context(), b.ID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusHeld, still.Status)

	key, order := NewKey(), For(s.show, "B1")
	begun := time.Now()
	_, answer, err := c.Book(t.Context(), key, order)
	assert.Equal(t, http.StatusServiceUnavailable, StatusOf(err), "%v after %s", err, time.Since(begun))
	assert.NotEmpty(t, answer.Header.Get("Retry-After"))
	s.pay(b)

	back()
	restarted = true
	s.awaitDone(c, b.ID, afterRestart)
	var second booking.Booking
	ctx, cancel := context.WithTimeout(t.Context(), afterRestart)
	defer cancel()
	require.NoError(t, Persist(ctx, func() (err error) { second, _, err = c.Book(ctx, key, order); return err }))
	assert.Equal(t, booking.StatusHeld, second.Status)
}
