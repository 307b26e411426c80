package seats

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/cache"
)

// deaf is a bus that loses every hint.
type deaf struct{}

func (deaf) Subscribe(context.Context, string) (<-chan struct{}, func()) { return nil, func() {} }

func (h *house) feed(hints Hints) *Feed {
	h.t.Helper()
	feed := NewFeed(h.store, hints)
	h.t.Cleanup(feed.Close)
	return feed
}

// hinted makes the store publish to a bus.
func (h *house) hinted() *cache.LocalBus {
	bus := cache.NewLocalBus()
	h.store.publish = bus.Publish
	return bus
}

func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value, ok := <-from:
		require.True(t, ok, "the channel is closed")
		return value
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

func closes[T any](t *testing.T, from <-chan T) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case _, ok := <-from:
			if !ok {
				return
			}
		case <-deadline:
			require.FailNow(t, "the channel stays open")
		}
	}
}

func TestSeatMap(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.show()
	empty, err := h.store.SeatMap(t.Context(), show)
	require.NoError(t, err)
	document, err := json.Marshal(empty)
	require.NoError(t, err)
	assert.Contains(t, string(document), `"held":[],"sold":[]`)

	h.held(show, "B2", "A1")
	h.sold(show, "C7")
	h.expire(h.held(show, "A5").BookingID)
	seatMap, err := h.store.SeatMap(t.Context(), show)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1", "B2"}, seatMap.Held, "an expired hold is free")
	assert.Equal(t, []string{"C7"}, seatMap.Sold)
	assert.Equal(t, booking.Money{Amount: 45000, Currency: "INR"}, seatMap.Prices["gold"])
	assert.Equal(t, hall(), seatMap.Layout)
	assert.Greater(t, seatMap.Version, empty.Version)

	h.exec(`UPDATE shows SET prices = '{"silver": 1, "gold": 2}' WHERE id = $1`, show)
	seatMap, err = h.store.SeatMap(t.Context(), show)
	require.NoError(t, err)
	assert.EqualValues(t, 2, seatMap.Prices["gold"].Amount, "prices are never stale")
	for _, id := range []string{uuid.NewString(), "x"} {
		_, err = h.store.SeatMap(t.Context(), id)
		code(t, booking.CodeNotFound, err)
	}
}

func TestFeedTellsEveryChangeOfSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.hinted())
	show := h.show()
	h.sold(show, "B1")
	first, deltas, err := feed.Watch(t.Context(), show)
	require.NoError(t, err)
	assert.Equal(t, []string{"B1"}, first.Sold)

	held := h.held(show, "A1", "A2")
	delta := next(t, deltas)
	assert.Equal(t, Delta{Version: delta.Version, Held: []string{"A1", "A2"}, Sold: []string{}, Released: []string{}}, delta)
	assert.Greater(t, delta.Version, first.Version)

	_, err = h.store.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	sold := next(t, deltas)
	assert.Equal(t, Delta{Version: sold.Version, Held: []string{}, Sold: []string{"A1", "A2"}, Released: []string{}}, sold)
	assert.Greater(t, sold.Version, delta.Version)

	require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{BookingID: held.BookingID}))
	assert.Equal(t, []string{"A1", "A2"}, next(t, deltas).Released)
}

func TestFeedPollsWhenHintsAreLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(deaf{})
	show := h.show()
	held := h.held(show, "A1")
	_, deltas, err := feed.Watch(t.Context(), show)
	require.NoError(t, err)
	versions := feed.WatchBooking(t.Context(), held.BookingID)
	assert.EqualValues(t, 1, next(t, versions))

	h.expire(held.BookingID) // a hold that runs out gives no hint anyway
	assert.Equal(t, []string{"A1"}, next(t, deltas).Released)
	_, err = h.store.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1"}, next(t, deltas).Sold)
	assert.EqualValues(t, 2, next(t, versions))
}

func TestFeedSharesOneRefresherAndStopsWithTheLastWatcher(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bus := h.hinted()
	feed := h.feed(bus)
	show := h.show()
	running := func() int {
		feed.mu.Lock()
		defer feed.mu.Unlock()
		return len(feed.shows)
	}
	var leave []context.CancelFunc
	var watching []<-chan Delta
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		_, deltas, err := feed.Watch(ctx, show)
		require.NoError(t, err)
		leave, watching = append(leave, cancel), append(watching, deltas)
	}
	assert.Equal(t, 1, running())
	h.held(show, "A1")
	for _, deltas := range watching {
		assert.Equal(t, []string{"A1"}, next(t, deltas).Held)
	}
	for i := range leave {
		leave[i]()
		closes(t, watching[i])
	}
	require.Eventually(t, func() bool { return running() == 0 }, patience, glance)
	first, deltas, err := feed.Watch(t.Context(), show)
	require.NoError(t, err, "and starts again")
	assert.Equal(t, []string{"A1"}, first.Held)
	h.held(show, "A2")
	assert.Equal(t, []string{"A2"}, next(t, deltas).Held)
}

func TestFeedDropsSlowReadersOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(deaf{})
	show := h.show()
	seatMap, slow, err := feed.Watch(t.Context(), show)
	require.NoError(t, err)
	_, quick, err := feed.Watch(t.Context(), show)
	require.NoError(t, err)
	refresher, err := feed.show(t.Context(), show)
	require.NoError(t, err)
	for i := range deltasWaiting + 1 {
		// The same version again and again: a clock that stands still.
		seatMap.Held = []string{fmt.Sprintf("A%d", i)}
		refresher.mu.Lock()
		refresher.advance(seatMap)
		refresher.mu.Unlock()
		delta := next(t, quick)
		assert.Equal(t, seatMap.Version+int64(i)+1, delta.Version, "versions grow all the same")
	}
	closes(t, slow)
}

func TestFeedSendsWatchersForANewSnapshotWhenTermsChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bus := h.hinted()
	feed := h.feed(bus)
	show := h.show()
	_, deltas, err := feed.Watch(t.Context(), show)
	require.NoError(t, err)
	h.exec(`UPDATE shows SET prices = '{"silver": 1, "gold": 2}' WHERE id = $1`, show)
	bus.Publish(t.Context(), showTopic(show))
	closes(t, deltas)
	again, _, err := feed.Watch(t.Context(), show)
	require.NoError(t, err)
	assert.EqualValues(t, 2, again.Prices["gold"].Amount)
}

func TestFeedOfABooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.hinted())
	held := h.held(h.show(), "A1")
	ctx, cancel := context.WithCancel(t.Context())
	versions := feed.WatchBooking(ctx, held.BookingID)
	other := feed.WatchBooking(t.Context(), held.BookingID)
	assert.EqualValues(t, 1, next(t, versions))
	assert.EqualValues(t, 1, next(t, other))
	_, err := h.store.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.EqualValues(t, 2, next(t, versions))

	require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{BookingID: held.BookingID}))
	assert.EqualValues(t, 3, next(t, versions))
	require.Eventually(t, func() bool { return next(t, other) == 3 }, patience, glance, "a slow reader gets the last")
	cancel()
	closes(t, versions)
	closes(t, feed.WatchBooking(t.Context(), "not an id"))
}

func TestFeedCloses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.hinted())
	show := h.show()
	_, deltas, err := feed.Watch(t.Context(), show)
	require.NoError(t, err)
	versions := feed.WatchBooking(t.Context(), h.held(show, "A1").BookingID)
	feed.Close()
	closes(t, deltas)
	closes(t, versions)
	_, _, err = feed.Watch(t.Context(), show)
	code(t, booking.CodeUnavailable, err)
	closes(t, feed.WatchBooking(t.Context(), uuid.NewString()))
	_, _, err = feed.Watch(t.Context(), "x")
	code(t, booking.CodeNotFound, err)
}
