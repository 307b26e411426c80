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

// watch begins to watch, as somebody new.
func watch(t testing.TB, feed *Feed, show string) (SeatMap, *Watcher) {
	t.Helper()
	watcher, err := feed.Watch(t.Context(), show, "")
	require.NoError(t, err)
	t.Cleanup(watcher.Leave)
	require.Len(t, watcher.First, 1)
	require.Equal(t, EventSnapshot, watcher.First[0].Name)
	return watcher.First[0].Value.(SeatMap), watcher
}

func nextDelta(t *testing.T, watcher *Watcher) Delta {
	t.Helper()
	event := next(t, watcher.Events)
	require.Equal(t, EventSeats, event.Name)
	return event.Value.(Delta)
}

func TestFeedTellsEveryChangeOfSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.hinted())
	show := h.show()
	h.sold(show, "B1")
	first, watcher := watch(t, feed, show)
	assert.Equal(t, []string{"B1"}, first.Sold)

	held := h.held(show, "A1", "A2")
	delta := nextDelta(t, watcher)
	assert.Equal(t, Delta{Version: delta.Version, Held: []string{"A1", "A2"}, Sold: []string{}, Released: []string{}}, delta)
	assert.Greater(t, delta.Version, first.Version)

	_, err := h.confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	sold := nextDelta(t, watcher)
	assert.Equal(t, Delta{Version: sold.Version, Held: []string{}, Sold: []string{"A1", "A2"}, Released: []string{}}, sold)
	assert.Greater(t, sold.Version, delta.Version)

	require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{BookingID: held.BookingID}))
	assert.Equal(t, []string{"A1", "A2"}, nextDelta(t, watcher).Released)
}

func TestFeedEncodesAnEventOnceForAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.hinted())
	show := h.show()
	_, one := watch(t, feed, show)
	_, other := watch(t, feed, show)
	assert.Same(t, one.First[0], other.First[0])
	h.held(show, "A1")
	event := next(t, one.Events)
	assert.Same(t, event, next(t, other.Events))

	body, err := json.Marshal(event.Value)
	require.NoError(t, err)
	assert.Equal(t, "id: "+event.ID+"\nevent: seats\ndata: "+string(body)+"\n\n", string(event.Frame))
}

func TestFeedPollsWhenHintsAreLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(deaf{})
	show := h.show()
	held := h.held(show, "A1")
	_, watcher := watch(t, feed, show)
	versions := feed.WatchBooking(t.Context(), held.BookingID)
	assert.EqualValues(t, 1, next(t, versions))

	h.expire(held.BookingID) // a hold that runs out gives no hint anyway
	assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Released)
	_, err := h.confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Sold)
	assert.EqualValues(t, 2, next(t, versions))
}

func TestFeedSharesOneRefresherAndStopsWithTheLastWatcher(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.hinted())
	show := h.show()
	running := func() int {
		feed.mu.Lock()
		defer feed.mu.Unlock()
		return len(feed.shows)
	}
	var watching []*Watcher
	for range 50 {
		_, watcher := watch(t, feed, show)
		watching = append(watching, watcher)
	}
	assert.Equal(t, 1, running())
	h.held(show, "A1")
	for _, watcher := range watching {
		assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Held)
	}
	for _, watcher := range watching {
		watcher.Leave()
		closes(t, watcher.Events)
	}
	require.Eventually(t, func() bool { return running() == 0 }, patience, glance)
	first, watcher := watch(t, feed, show)
	assert.Equal(t, []string{"A1"}, first.Held, "and starts again")
	h.held(show, "A2")
	assert.Equal(t, []string{"A2"}, nextDelta(t, watcher).Held)
}

// later gives a picture of the same show with other seats held.
func later(of SeatMap, held ...string) *Picture {
	of.Version++
	of.Held = held
	return newPicture(of)
}

func TestSlowReaderIsDroppedAndNobodyElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(deaf{})
	show := h.show()
	seatMap, slow := watch(t, feed, show)
	_, quick := watch(t, feed, show)
	refresher, err := feed.show(show)
	require.NoError(t, err)
	seatMap.Version += time.Hour.Microseconds() // above what the poll reads meanwhile
	var lastID string
	for i := range eventsWaiting + 1 {
		picture := later(seatMap, fmt.Sprintf("A%d", i))
		seatMap = picture.SeatMap
		refresher.mu.Lock()
		require.NoError(t, refresher.advance(picture))
		refresher.mu.Unlock()
		assert.Equal(t, seatMap.Version, nextDelta(t, quick).Version)
		if i == 0 {
			lastID = next(t, slow.Events).ID
		}
	}
	refresher.mu.Lock()
	require.NoError(t, refresher.advance(later(seatMap, "B1")))
	refresher.mu.Unlock()
	nextDelta(t, quick)
	closes(t, slow.Events)

	back, err := feed.Watch(t.Context(), show, lastID)
	require.NoError(t, err)
	defer back.Leave()
	assert.Len(t, back.First, eventsWaiting+1, "whoever was dropped comes back for what it missed")
}

func TestFeedSendsANewSnapshotOnTheSameStreamWhenTermsChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bus := h.hinted()
	feed := h.feed(bus)
	show := h.show()
	first, watcher := watch(t, feed, show)
	assert.True(t, first.OnSale)
	change := func(sql string) SeatMap {
		h.exec(sql, show)
		bus.Publish(t.Context(), showTopic(show))
		event := next(t, watcher.Events)
		require.Equal(t, EventSnapshot, event.Name)
		return event.Value.(SeatMap)
	}
	dearer := change(`UPDATE shows SET prices = '{"silver": 1, "gold": 2}' WHERE id = $1`)
	assert.EqualValues(t, 2, dearer.Prices["gold"].Amount)
	assert.Greater(t, dearer.Version, first.Version)

	h.held(show, "A1")
	assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Held, "and then goes on")

	cancelled := change(`UPDATE shows SET status = 'cancelled' WHERE id = $1`)
	assert.Equal(t, booking.ShowCancelled, cancelled.Status)
	assert.False(t, cancelled.OnSale)
}

func TestFeedTellsWhenSalesClose(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(deaf{})
	show := h.show()
	h.exec(`UPDATE shows SET sales_close_at = now() + interval '1 second' WHERE id = $1`, show)
	first, watcher := watch(t, feed, show)
	if !first.OnSale {
		t.Skip("this machine was asleep for a second")
	}
	event := next(t, watcher.Events)
	require.Equal(t, EventSnapshot, event.Name, "nobody wrote anything; the clock did")
	assert.False(t, event.Value.(SeatMap).OnSale)
	assert.Equal(t, booking.ShowScheduled, event.Value.(SeatMap).Status)
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
	_, err := h.confirm(t.Context(), held.BookingID)
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
	_, watcher := watch(t, feed, show)
	versions := feed.WatchBooking(t.Context(), h.held(show, "A1").BookingID)
	feed.Close()
	closes(t, watcher.Events)
	closes(t, versions)
	_, err := feed.Watch(t.Context(), show, "")
	code(t, booking.CodeUnavailable, err)
	closes(t, feed.WatchBooking(t.Context(), uuid.NewString()))
	_, err = feed.Watch(t.Context(), "x", "")
	code(t, booking.CodeNotFound, err)
}
