package bookings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// unfetched is a hold whose answer waits.
func (h *house) unfetched(show string, seats ...string) booking.HoldRequest {
	h.T.Helper()
	req := showstest.Request(show, h.Customer(), seats...)
	req.FetchWithin = 30 * time.Second
	_, err := h.store.Hold(h.T.Context(), req)
	require.NoError(h.T, err)
	return req
}

// passed makes the time to fetch the answer pass, and so much more.
func (h *house) passed(bookingID string, more time.Duration) {
	h.T.Helper()
	h.Exec(`UPDATE bookings SET fetch_by = clock_timestamp() - $2::interval WHERE id = $1`, bookingID, more)
	h.Expire(bookingID)
}

// left is how long the claims of a hold still last.
func (h *house) left(bookingID string) time.Duration {
	h.T.Helper()
	return time.Duration(h.Number(`SELECT min(extract(epoch FROM least(held_until, now() + interval '1 day') - clock_timestamp()))::bigint
		FROM seat_claims WHERE booking_id = $1`, bookingID)) * time.Second
}

func saved(hash string) Answer { return Answer{RequestHash: hash, Status: 201, Body: []byte(`{}`)} }

func TestAHoldKeepsItsSeatsOnceItsAnswerIsFetched(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	for name, fetch := range map[string]func(req booking.HoldRequest) error{
		"by the request that asked for it": func(req booking.HoldRequest) error {
			_, err := h.store.SaveFetched(t.Context(), req.CustomerID, "k", req.BookingID, saved("hash"))
			return err
		},
		"by reading the booking": func(req booking.HoldRequest) error {
			_, err := h.store.CustomerBooking(t.Context(), req.CustomerID, req.BookingID)
			return err
		},
		"by listing the customer's bookings": func(req booking.HoldRequest) error {
			_, _, err := h.store.CustomerBookings(t.Context(), req.CustomerID, "", 0, "")
			return err
		},
		"by staff who extend it": func(req booking.HoldRequest) error {
			_, err := h.store.ExtendHold(t.Context(), booking.Extension{BookingID: req.BookingID, By: time.Second})
			return err
		},
		"by a payment in doubt": func(req booking.HoldRequest) error { return h.store.KeepHold(t.Context(), req.BookingID) },
	} {
		t.Run(name, func(t *testing.T) {
			req := h.unfetched(show, "A1", "A2")
			defer func() {
				require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: req.BookingID, Status: booking.StatusExpired}))
			}()
			assert.LessOrEqual(t, h.left(req.BookingID), 30*time.Second)
			_, err := h.store.Booking(t.Context(), req.BookingID)
			require.NoError(t, err)
			assert.LessOrEqual(t, h.left(req.BookingID), 30*time.Second, "staff and our own steps fetch nothing")

			require.NoError(t, fetch(req))
			assert.Greater(t, h.left(req.BookingID), 7*time.Minute)
			untold, err := h.store.EndAbandoned(t.Context())
			require.NoError(t, err)
			assert.Empty(t, untold)
			assert.Len(t, h.Claims(show), 2)
		})
	}
	untouched := h.Held(show, "B1")
	assert.Greater(t, h.left(untouched.BookingID), 7*time.Minute, "a hold that need not be fetched")
	short := showstest.Request(show, h.Customer(), "B2")
	short.HoldFor, short.FetchWithin = 10*time.Second, 30*time.Second
	_, err := h.store.Hold(t.Context(), short)
	require.NoError(t, err)
	b, err := h.store.Booking(t.Context(), short.BookingID)
	require.NoError(t, err)
	assert.False(t, b.Unfetched, "a hold that is shorter needs no such time")
}

func TestSeatsOfAHoldThatIsNotFetchedAreFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	gone := h.unfetched(show, "A1", "A2")
	h.passed(gone.BookingID, 0)

	seatMap, err := h.maps.SeatMap(t.Context(), show)
	require.NoError(t, err)
	assert.Empty(t, seatMap.Held)
	// It does not count against its customer either.
	again := showstest.Request(show, gone.CustomerID, "B1")
	again.MaxHolds = 1
	_, err = h.store.Hold(t.Context(), again)
	require.NoError(t, err)

	// A rival takes one of the two. The other one does not stay behind as half a hold.
	rival := h.Held(show, "A2", "A3")
	_, err = h.store.SaveFetched(t.Context(), gone.CustomerID, "k", gone.BookingID, saved("hash"))
	showstest.Code(t, booking.CodeHoldLost, err)
	assert.Zero(t, h.Number(`SELECT count(*) FROM idempotency_keys`), "an answer that is not true is not stored")
	_, err = h.store.Hold(t.Context(), gone)
	showstest.Code(t, booking.CodeHoldLost, err)
	seen, err := h.store.CustomerBooking(t.Context(), gone.CustomerID, gone.BookingID)
	require.NoError(t, err, "the booking stays readable")
	assert.Equal(t, booking.StatusExpired, seen.Status, "no customer sees a checkout for seats that others have")
	listed, _, err := h.store.CustomerBookings(t.Context(), gone.CustomerID, "", 10, "")
	require.NoError(t, err)
	assert.Equal(t, booking.StatusExpired, listed[len(listed)-1].Status)
	untold, err := h.store.EndAbandoned(t.Context())
	require.NoError(t, err)
	assert.Empty(t, untold, "its time is not over for so long yet")
	h.checkInvariants(show)

	// No other customer took a seat: a customer who comes back late still gets the seats.
	lucky := h.unfetched(show, "C1", "C2")
	h.passed(lucky.BookingID, 10*time.Second)
	_, err = h.store.EndAbandoned(t.Context())
	require.NoError(t, err)
	_, err = h.store.SaveFetched(t.Context(), lucky.CustomerID, "k", lucky.BookingID, saved("hash"))
	require.NoError(t, err)
	assert.Greater(t, h.left(lucky.BookingID), 7*time.Minute)
	_, err = h.store.Confirm(t.Context(), rival.BookingID, booking.PaymentState{})
	require.NoError(t, err)
	h.checkInvariants(show)
}

func TestAbandonedHoldsEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	gone := h.unfetched(show, "A1", "A2")
	waiting := h.unfetched(show, "B1")
	paid := h.unfetched(show, "B2")
	_, err := h.store.Confirm(t.Context(), paid.BookingID, booking.PaymentState{})
	require.NoError(t, err)
	h.passed(gone.BookingID, abandonedAfter+time.Second)
	h.Held(show, "A2") // a rival; what is left of the hold goes, too
	h.Topics()

	untold, err := h.store.EndAbandoned(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{gone.BookingID}, untold)
	assert.Contains(t, h.Topics(), "show:"+show)
	ended, err := h.store.Booking(t.Context(), gone.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusExpired, ended.Status)
	assert.NotContains(t, h.Claims(show), "A1")
	assert.Contains(t, h.Claims(show), "B1")

	_, err = h.store.SaveFetched(t.Context(), gone.CustomerID, "k", gone.BookingID, saved("hash"))
	showstest.Code(t, booking.CodeHoldLost, err)
	_, err = h.store.Hold(t.Context(), gone)
	showstest.Code(t, booking.CodeHoldLost, err)

	// Its workflow is signaled until the signal succeeds.
	untold, err = h.store.EndAbandoned(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{gone.BookingID}, untold)
	require.NoError(t, h.store.AbandonedTold(t.Context(), gone.BookingID))
	untold, err = h.store.EndAbandoned(t.Context())
	require.NoError(t, err)
	assert.Empty(t, untold)
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: gone.BookingID, Status: booking.StatusExpired}),
		"the workflow finds its work done")

	require.NoError(t, h.store.AbandonedTold(t.Context(), waiting.BookingID))
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM bookings WHERE fetch_by IS NOT NULL`), "one that waits is not touched")
	h.checkInvariants(show)
}

// The workflow may ask again for a hold whose answer it lost; the customer can have
// the answer only after that.
func TestARepeatedHoldWaitsToBeFetchedFromThenOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	req := h.unfetched(show, "A1")
	h.passed(req.BookingID, 5*time.Second)
	held, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	assert.Greater(t, held.ExpiresIn, 7*time.Minute)
	left := h.left(req.BookingID)
	assert.Greater(t, left, 20*time.Second)
	assert.LessOrEqual(t, left, 30*time.Second)

	_, err = h.store.SaveFetched(t.Context(), req.CustomerID, "k", req.BookingID, saved("hash"))
	require.NoError(t, err)
	_, err = h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	assert.Greater(t, h.left(req.BookingID), 7*time.Minute, "one that was fetched stays so")
}

func TestAHoldThatBeginsTooLate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	late := showstest.Request(show, h.Customer(), "A1")
	late.TooLate = true
	_, err := h.store.Hold(t.Context(), late)
	showstest.Code(t, booking.CodeStartedLate, err)
	assert.Empty(t, h.Claims(show))

	// What an earlier try of the same step held is kept: its customer may know of it.
	there := h.unfetched(show, "A1")
	there.TooLate = true
	held, err := h.store.Hold(t.Context(), there)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1"}, held.Seats)
}
