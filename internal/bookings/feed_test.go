package bookings

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func TestFeedOfABooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	held := h.Held(h.Show(), "A1")
	ctx, cancel := context.WithCancel(t.Context())
	versions := feed.Watch(ctx, held.BookingID)
	other := feed.Watch(t.Context(), held.BookingID)
	assert.EqualValues(t, 1, showstest.Next(t, versions))
	assert.EqualValues(t, 1, showstest.Next(t, other))
	_, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.EqualValues(t, 2, showstest.Next(t, versions))

	require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{BookingID: held.BookingID}))
	assert.EqualValues(t, 3, showstest.Next(t, versions))
	require.Eventually(t, func() bool { return showstest.Next(t, other) == 3 }, showstest.Patience, showstest.Glance, "a slow reader gets the last")
	cancel()
	showstest.Closes(t, versions)
	showstest.Closes(t, feed.Watch(t.Context(), "not an id"))
}

func TestFeedOfABookingPollsWhenHintsAreLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	held := h.Held(h.Show(), "A1")
	versions := feed.Watch(t.Context(), held.BookingID)
	assert.EqualValues(t, 1, showstest.Next(t, versions))
	h.Expire(held.BookingID)
	_, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.EqualValues(t, 2, showstest.Next(t, versions))
}

func TestFeedOfABookingCloses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	versions := feed.Watch(t.Context(), h.Held(h.Show(), "A1").BookingID)
	feed.Close()
	showstest.Closes(t, versions)
	showstest.Closes(t, feed.Watch(t.Context(), uuid.NewString()))
}
