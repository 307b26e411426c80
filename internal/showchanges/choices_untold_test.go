package showchanges

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// Bookings are notified one after the other. A customer who cancels before being notified
// gets a full refund, even if the terms of cancellation give less.
func TestCancellationBeforeTheNoticeIsRefundedInFull(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(h *house, b booking.Held)
		all     bool
	}{
		"nothing happened": {func(*house, booking.Held) {}, false},
		"cancelled":        {func(h *house, b booking.Held) { h.changed(h.cancelRequest(b.Show.ID)) }, true},
		"moved":            {func(h *house, b booking.Held) { h.changed(h.moveRequest(b.Show.ID, time.Hour)) }, true},
		"moved twice": {func(h *house, b booking.Held) {
			h.tell(h.changed(h.moveRequest(b.Show.ID, time.Hour)).ID)
			h.changed(h.moveRequest(b.Show.ID, time.Hour))
		}, true},
		"about to be told": {func(h *house, b booking.Held) {
			h.next(h.changed(h.moveRequest(b.Show.ID, time.Hour)).ID, 1)
		}, true},
		// From here on the customer chooses, and is held to the choice.
		"told": {func(h *house, b booking.Held) { h.tell(h.changed(h.moveRequest(b.Show.ID, time.Hour)).ID) }, false},
		"keeps, before it was told": {func(h *house, b booking.Held) {
			change := h.changed(h.moveRequest(b.Show.ID, time.Hour)).ID
			h.next(change, 1)
			_, err := h.store.Choose(h.T.Context(), wish(b.BookingID, change, booking.ChoiceKeep))
			require.NoError(h.T, err)
		}, false},
		"came after the move": {func(h *house, b booking.Held) {
			h.changed(h.moveRequest(b.Show.ID, time.Hour))
			h.Exec(`UPDATE bookings SET created_at = clock_timestamp() WHERE id = $1`, b.BookingID)
		}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			b := h.Sold(h.Show(), "A1")
			test.prepare(h, b)
			all, err := h.store.AllComesBack(t.Context(), b.BookingID)
			require.NoError(t, err)
			assert.Equal(t, test.all, all)

			for range 2 {
				require.NoError(t, h.bookings.Cancel(t.Context(), booking.Cancellation{
					BookingID: b.BookingID, Refund: booking.Money{Amount: 1, Currency: "INR"}, Detail: "Ill."}))
			}
			want := int64(1)
			if test.all {
				want = b.Quote.Total.Amount
			}
			assert.Equal(t, want, h.Number(`SELECT refund_due FROM bookings WHERE id = $1`, b.BookingID))
			h.checkInvariants(b.Show.ID)
		})
	}
}

// A customer moves to another show while their show is being cancelled. The choice waits
// for the cancellation: otherwise a booking of the other show would be notified that its
// show does not take place.
func TestMoveWaitsForAChangeUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from, to := h.Show(), h.Show()
	b := h.Sold(from, "A1")
	changeID := h.moveShow(from, time.Hour)

	tx, err := h.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), `UPDATE shows SET status = 'cancelled' WHERE id = $1`, from)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `INSERT INTO show_changes (id, show_id, kind, reason, old_starts_at, requested_by, created_at)
		VALUES (gen_random_uuid(), $1, 'cancelled', 'The roof leaks.', now(), gen_random_uuid(), clock_timestamp())`, from)
	require.NoError(t, err)

	chosen := make(chan error, 1)
	go func() {
		_, err := h.store.Choose(context.WithoutCancel(t.Context()), moveTo(b.BookingID, changeID, to, "A1"))
		chosen <- err
	}()
	require.Eventually(t, func() bool {
		return len(chosen) > 0 || h.Number(`SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%choose_change%'`) > 0
	}, showstest.Patience, showstest.Glance, "the choice neither waits nor is done")
	require.NoError(t, tx.Commit(t.Context()))
	showstest.Code(t, booking.CodeChoiceClosed, <-chosen)
	assert.Empty(t, h.Claims(to))
	h.checkInvariants(from)
}

func TestChangedIsWhatHappenedSinceTheBooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	changed := func(bookingID string) bool {
		t.Helper()
		changed, err := h.store.Changed(t.Context(), bookingID)
		require.NoError(t, err)
		return changed
	}
	before := h.Held(show, "A1").BookingID
	assert.False(t, changed(before))
	h.changed(h.moveRequest(show, time.Hour))
	assert.True(t, changed(before))
	assert.False(t, changed(h.Held(show, "A2").BookingID))
	assert.False(t, changed(h.Held(h.Show(), "A1").BookingID))
}

func TestAnotherScreenIsOnTheTimeline(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.Sold(h.Show(), "A1")
	h.moveShow(b.Show.ID, time.Hour)
	h.Exec(`DELETE FROM show_change_bookings`)
	h.Exec(`DELETE FROM booking_events WHERE event = 'rescheduled'`)
	h.Exec(`UPDATE show_changes SET old_starts_at = new_starts_at`)
	h.Exec(`INSERT INTO show_change_bookings (change_id, booking_id) SELECT id, $1 FROM show_changes`, b.BookingID)
	after, err := h.bookings.Booking(t.Context(), b.BookingID)
	require.NoError(t, err)
	assert.Equal(t, "To another screen, at the same time.", after.Timeline[len(after.Timeline)-1].Detail)
}
