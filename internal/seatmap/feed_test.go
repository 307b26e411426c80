package seatmap

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func TestSeatMap(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	empty, err := h.store.SeatMap(t.Context(), show)
	require.NoError(t, err)
	document, err := json.Marshal(empty)
	require.NoError(t, err)
	assert.Contains(t, string(document), `"held":[],"sold":[]`)

	h.Held(show, "B2", "A1")
	h.Sold(show, "C7")
	h.Expire(h.Held(show, "A5").BookingID)
	seatMap, err := h.store.SeatMap(t.Context(), show)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1", "B2"}, seatMap.Held, "an expired hold is free")
	assert.Equal(t, []string{"C7"}, seatMap.Sold)
	assert.Equal(t, booking.Money{Amount: 45000, Currency: "INR"}, seatMap.Prices["gold"])
	assert.Equal(t, showstest.Hall(), seatMap.Layout)
	assert.Greater(t, seatMap.Version, empty.Version)

	h.Exec(`UPDATE shows SET prices = '{"silver": 1, "gold": 2}' WHERE id = $1`, show)
	seatMap, err = h.store.SeatMap(t.Context(), show)
	require.NoError(t, err)
	assert.EqualValues(t, 2, seatMap.Prices["gold"].Amount, "prices are never stale")
	for _, id := range []string{uuid.NewString(), "x"} {
		_, err = h.store.SeatMap(t.Context(), id)
		showstest.Code(t, booking.CodeNotFound, err)
	}
}

// watch begins to watch, as a new client.
func watch(t testing.TB, feed *Feed, show string) (shows.SeatMap, *Watcher) {
	t.Helper()
	watcher, err := feed.Watch(t.Context(), show, "")
	require.NoError(t, err)
	t.Cleanup(watcher.Leave)
	require.Len(t, watcher.First, 1)
	require.Equal(t, eventSnapshot, watcher.First[0].Name)
	return watcher.First[0].Value.(shows.SeatMap), watcher
}

func nextDelta(t *testing.T, watcher *Watcher) Delta {
	t.Helper()
	event := showstest.Next(t, watcher.Events)
	require.Equal(t, eventSeats, event.Name)
	return event.Value.(Delta)
}

func TestFeedTellsEveryChangeOfSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	show := h.Show()
	h.Sold(show, "B1")
	first, watcher := watch(t, feed, show)
	assert.Equal(t, []string{"B1"}, first.Sold)

	held := h.Held(show, "A1", "A2")
	delta := nextDelta(t, watcher)
	assert.Equal(t, Delta{Version: delta.Version, Held: []string{"A1", "A2"}, Sold: []string{}, Released: []string{}}, delta)
	assert.Greater(t, delta.Version, first.Version)

	_, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	sold := nextDelta(t, watcher)
	assert.Equal(t, Delta{Version: sold.Version, Held: []string{}, Sold: []string{"A1", "A2"}, Released: []string{}}, sold)
	assert.Greater(t, sold.Version, delta.Version)

	require.NoError(t, h.bookings.Cancel(t.Context(), booking.Cancellation{BookingID: held.BookingID}))
	assert.Equal(t, []string{"A1", "A2"}, nextDelta(t, watcher).Released)
}

func TestFeedEncodesAnEventOnceForAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	show := h.Show()
	_, one := watch(t, feed, show)
	_, other := watch(t, feed, show)
	assert.Same(t, one.First[0], other.First[0])
	h.Held(show, "A1")
	event := showstest.Next(t, one.Events)
	assert.Same(t, event, showstest.Next(t, other.Events))

	body, err := json.Marshal(event.Value)
	require.NoError(t, err)
	assert.Equal(t, "id: "+event.ID+"\nevent: seats\ndata: "+string(body)+"\n\n", string(event.Frame))
}

func TestFeedPollsWhenHintsAreLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	show := h.Show()
	held := h.Held(show, "A1")
	_, watcher := watch(t, feed, show)

	h.Expire(held.BookingID) // a hold that runs out gives no hint anyway
	assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Released)
	_, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Sold)
}

func TestFeedSharesOneRefresherAndStopsWithTheLastWatcher(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	show := h.Show()
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
	h.Held(show, "A1")
	for _, watcher := range watching {
		assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Held)
	}
	for _, watcher := range watching {
		watcher.Leave()
		showstest.Closes(t, watcher.Events)
	}
	require.Eventually(t, func() bool { return running() == 0 }, showstest.Patience, showstest.Glance)
	first, watcher := watch(t, feed, show)
	assert.Equal(t, []string{"A1"}, first.Held, "and starts again")
	h.Held(show, "A2")
	assert.Equal(t, []string{"A2"}, nextDelta(t, watcher).Held)
}

// later gives a picture of the same show with other seats held.
func later(of shows.SeatMap, held ...string) *Picture {
	of.Version++
	of.Held = held
	return newPicture(of)
}

func TestFeedDropsOnlyTheSlowReader(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	show := h.Show()
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
			lastID = showstest.Next(t, slow.Events).ID
		}
	}
	refresher.mu.Lock()
	require.NoError(t, refresher.advance(later(seatMap, "B1")))
	refresher.mu.Unlock()
	nextDelta(t, quick)
	showstest.Closes(t, slow.Events)

	back, err := feed.Watch(t.Context(), show, lastID)
	require.NoError(t, err)
	defer back.Leave()
	assert.Len(t, back.First, eventsWaiting+1, "a watcher that was dropped comes back for what it missed")
}

func TestFeedSendsANewSnapshotOnTheSameStreamWhenTermsChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bus := h.Bus
	feed := h.feed(bus)
	show := h.Show()
	first, watcher := watch(t, feed, show)
	assert.True(t, first.OnSale)
	change := func(sql string) shows.SeatMap {
		h.Exec(sql, show)
		bus.Publish(t.Context(), shows.ShowTopic(show))
		event := showstest.Next(t, watcher.Events)
		require.Equal(t, eventSnapshot, event.Name)
		return event.Value.(shows.SeatMap)
	}
	dearer := change(`UPDATE shows SET prices = '{"silver": 1, "gold": 2}' WHERE id = $1`)
	assert.EqualValues(t, 2, dearer.Prices["gold"].Amount)
	assert.Greater(t, dearer.Version, first.Version)

	h.Held(show, "A1")
	assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Held, "and then goes on")

	cancelled := change(`UPDATE shows SET status = 'cancelled' WHERE id = $1`)
	assert.Equal(t, booking.ShowCancelled, cancelled.Status)
	assert.False(t, cancelled.OnSale)
}

func TestFeedTellsWhenSalesClose(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	show := h.Show()
	h.Exec(`UPDATE shows SET sales_close_at = now() + interval '1 second' WHERE id = $1`, show)
	first, watcher := watch(t, feed, show)
	if !first.OnSale {
		t.Skip("this machine was asleep for a second")
	}
	event := showstest.Next(t, watcher.Events)
	require.Equal(t, eventSnapshot, event.Name, "no write happened; only the clock moved")
	assert.False(t, event.Value.(shows.SeatMap).OnSale)
	assert.Equal(t, booking.ShowScheduled, event.Value.(shows.SeatMap).Status)
}

func TestFeedCloses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	show := h.Show()
	_, watcher := watch(t, feed, show)
	feed.Close()
	showstest.Closes(t, watcher.Events)
	_, err := feed.Watch(t.Context(), show, "")
	showstest.Code(t, booking.CodeUnavailable, err)
	_, err = feed.Watch(t.Context(), "x", "")
	showstest.Code(t, booking.CodeNotFound, err)
}
