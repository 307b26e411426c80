package houses

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func (r *remote) allot(show string, seats ...string) error {
	_, err := r.store.Allot(r.T.Context(), audit.System(""), show, NewAllotment{Seats: seats})
	return err
}

// A hold that is under way when seats are given, or go back, is either seen, or finds new terms:
// no booking takes a seat for the theater's that is ours, or the other way round.
func TestAnAllotmentAndAHoldWaitForEachOther(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	for round := range 20 {
		var held booking.Held
		var holds, allots error
		var both errgroup.Group
		seats := []string{"A1"}
		if round%2 == 1 {
			seats = []string{"A2"} // A1 goes back
		}
		both.Go(func() error {
			held, holds = r.Seller.Hold(t.Context(), showstest.Request(show, r.Customer(), "A1"))
			return nil
		})
		both.Go(func() error {
			allots = r.allot(show, seats...)
			return nil
		})
		require.NoError(t, both.Wait())
		require.NoError(t, holds)
		given := r.Number(`SELECT count(*) FROM house_allotments WHERE show_id = $1 AND seat = 'A1'`, show) == 1
		assert.Equal(t, given, held.House.Allotted, "round %d: allots %v", round, allots)
		if allots != nil {
			assert.Contains(t, []booking.Code{booking.CodeConflict, booking.CodeSeatsUnavailable}, booking.CodeOf(allots))
		}
		require.NoError(t, r.Seller.(*bookings.Store).End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusExpired}))
		require.NoError(t, r.allot(show, seats...))
	}
}

// The answers of the theater, holds and changes of an allotment at once: none waits for another in
// a circle.
func TestAllotmentsInARush(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	var rush errgroup.Group
	for round := range 8 {
		rush.Go(func() error {
			_, err := r.store.Allot(t.Context(), audit.System(""), show, NewAllotment{Seats: []string{"A1", "C1"}[:round%3%2+1], KeptForUs: true})
			return unlessRefused(err)
		})
		rush.Go(func() error {
			held, err := r.Seller.Hold(t.Context(), showstest.Request(show, r.Customer(), "C1"))
			if err != nil {
				return unlessRefused(err)
			}
			return r.Seller.(*bookings.Store).End(context.WithoutCancel(t.Context()), booking.Ending{BookingID: held.BookingID, Status: booking.StatusExpired})
		})
		rush.Go(func() error {
			return r.store.WriteTaken(t.Context(), show, booking.HouseTaken{Addresses: []string{"1/0/1", "2/1/1"}[:round%3], AsOf: time.Now()})
		})
	}
	require.NoError(t, rush.Wait())
	_, err := r.store.Allotment(t.Context(), uuid.NewString())
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}

// unlessRefused is an error that is no refusal.
func unlessRefused(err error) error {
	switch booking.CodeOf(err) {
	case booking.CodeSeatsUnavailable, booking.CodeConflict, booking.CodeUnavailable:
		return nil // taken by another, or the terms changed too often
	}
	return err
}
