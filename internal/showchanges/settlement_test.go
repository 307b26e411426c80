package showchanges

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// A customer moves to another show while the old show is being cancelled: the cancellation
// no longer applies to that booking.
func TestSettlementSkipsBookingsThatMovedToAnotherShow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, other := h.Show(), h.Show()
	told, begun := h.Sold(show, "A1"), h.Sold(show, "A2")
	change := h.changed(h.cancelRequest(show))
	tasks := h.next(change.ID, 100)
	require.Len(t, tasks, 2)
	require.NoError(t, h.store.TaskDone(t.Context(), change.ID, booking.ChangeTask{BookingID: told.BookingID, Kind: booking.TaskTell}))
	h.Exec(`UPDATE bookings SET show_id = $2 WHERE show_id = $1`, show, other)

	h.longAgo(change.ID)
	assert.Empty(t, h.next(change.ID, 100), "no task looks for them")
	for _, b := range []booking.Held{told, begun} {
		left, err := h.store.Settlement(t.Context(), change.ID, b.BookingID)
		require.NoError(t, err)
		assert.True(t, left.Elsewhere)
	}
	assert.Equal(t, booking.ChangeCount{Told: 2, Settled: 2}, h.count(change.ID))
	finished, err := h.store.FinishChange(t.Context(), change.ID)
	require.NoError(t, err)
	assert.True(t, finished)
}

// A booking that ended before the change reached it is not notified.
func TestSettlementKnowsWhoWasCancelledSince(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	ranOut, earlier, since := h.Held(show, "A1"), h.Sold(show, "A2"), h.Sold(show, "A3")
	cancel := func(b booking.Held) {
		t.Helper()
		require.NoError(t, h.bookings.Cancel(t.Context(), booking.Cancellation{BookingID: b.BookingID, Refund: b.Quote.Total}))
	}
	change := h.changed(h.cancelRequest(show))
	h.tell(change.ID)
	require.NoError(t, h.bookings.End(t.Context(), booking.Ending{BookingID: ranOut.BookingID, Status: booking.StatusExpired}))
	cancel(earlier)
	h.Exec(`UPDATE booking_events SET at = at - interval '1 hour' WHERE booking_id = $1`, earlier.BookingID)
	cancel(since)
	for b, want := range map[string]bool{ranOut.BookingID: false, earlier.BookingID: false, since.BookingID: true} {
		left, err := h.store.Settlement(t.Context(), change.ID, b)
		require.NoError(t, err)
		assert.Equal(t, want, left.CancelledSince)
	}
	_, err := h.store.Settlement(t.Context(), uuid.NewString(), since.BookingID)
	showstest.Code(t, booking.CodeNotFound, err)
}

func TestSettlement(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held, sold := h.Held(show, "A1"), h.Sold(show, "A2")
	h.moneySays(held.BookingID, "authorized", 0, 0)
	h.moneySays(sold.BookingID, "captured", sold.Quote.Total.Amount, 0)
	change := h.changed(h.cancelRequest(show))
	h.tell(change.ID)

	left, err := h.store.Settlement(t.Context(), change.ID, held.BookingID)
	require.NoError(t, err)
	require.Len(t, left.GiveBack, 1)
	assert.Nil(t, left.Refund)
	left, err = h.store.Settlement(t.Context(), change.ID, sold.BookingID)
	require.NoError(t, err)
	assert.Nil(t, left.Refund, "nothing is owed before the booking is cancelled")
	assert.Equal(t, sold.Quote.Total, left.Total)
	require.NoError(t, h.bookings.Cancel(t.Context(), booking.Cancellation{BookingID: sold.BookingID, Refund: left.Total}))
	left, err = h.store.Settlement(t.Context(), change.ID, sold.BookingID)
	require.NoError(t, err)
	require.NotNil(t, left.Refund)
	assert.Equal(t, booking.MoneyStep{BookingID: sold.BookingID, Provider: "stripe", Reference: "pi_" + sold.BookingID,
		Amount: sold.Quote.Total}, *left.Refund)

	// A booking that needs a person is counted, and a repeat of the request retries it.
	require.NoError(t, h.bookings.End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusCancelled}))
	h.moneySays(held.BookingID, "voided", 0, 0)
	require.NoError(t, h.store.FailSettlement(t.Context(), change.ID, sold.BookingID, "The card is closed."))
	count := h.count(change.ID)
	assert.Equal(t, 1, count.Failed)
	assert.Equal(t, 1, count.Settled)
	finished, err := h.store.FinishChange(t.Context(), change.ID)
	require.NoError(t, err)
	assert.True(t, finished)
	req := h.cancelRequest(show)
	req.ChangeID = change.ID
	assert.Nil(t, h.changed(req).FinishedAt)
	assert.Equal(t, 1, h.count(change.ID).InFlight)
}
