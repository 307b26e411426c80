package seatmap

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func seatMapOf(t *testing.T, feed *Feed, show string) *Picture {
	t.Helper()
	picture, err := feed.SeatMap(t.Context(), show)
	require.NoError(t, err)
	return picture
}

func tagOf(t *testing.T, picture *Picture) string {
	t.Helper()
	document, err := picture.Document()
	require.NoError(t, err)
	return document.ETag
}

func TestKeptSeatMapIsNewAfterAHint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	show := h.Show()
	empty := seatMapOf(t, feed, show)
	held := h.Held(show, "A1")
	assert.Equal(t, []string{"A1"}, seatMapOf(t, feed, show).Held, "at once, not after a while")
	_, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	sold := seatMapOf(t, feed, show)
	assert.Equal(t, []string{"A1"}, sold.Sold)

	document, err := sold.Document()
	require.NoError(t, err)
	var read shows.SeatMap
	require.NoError(t, json.Unmarshal(document.Body, &read))
	assert.Equal(t, sold.Version, read.Version)
	assert.Equal(t, showstest.Hall(), read.Layout)
	assert.NotEqual(t, tagOf(t, empty), document.ETag)
}

func TestFault6_SeatMapIsAtMostASecondOldWhenHintsAreLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	show := h.Show()
	seatMapOf(t, feed, show)
	began := time.Now()
	h.Held(show, "A1")
	for {
		asked := time.Now()
		picture := seatMapOf(t, feed, show)
		if len(picture.Held) == 1 {
			break
		}
		require.Less(t, asked.Sub(began), mapFresh, "an old map was given")
	}
	// The database decides: the map alone gives no one a seat.
	_, err := h.bookings.Hold(t.Context(), showstest.Request(show, h.Customer(), "A1"))
	showstest.Code(t, booking.CodeSeatsUnavailable, err)

	h.Held(show, "A2")
	feed.Changed(show)
	assert.Equal(t, []string{"A1", "A2"}, seatMapOf(t, feed, show).Held, "what this process knows of is seen at once")
}

func TestKeptSeatMapWatchedIsNewAfterAChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	show := h.Show()
	_, watcher := watch(t, feed, show)
	h.Held(show, "A1")
	feed.Changed(show)
	assert.Equal(t, []string{"A1"}, seatMapOf(t, feed, show).Held)
	assert.Equal(t, []string{"A1"}, nextDelta(t, watcher).Held, "watchers are told, too")
	first, _ := watch(t, feed, show)
	assert.Equal(t, []string{"A1"}, first.Held)
}

func TestKeptSeatMapIsReadOnceForMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	show := h.Show()
	tx, err := h.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(t.Context(), `LOCK TABLE seat_claims IN ACCESS EXCLUSIVE MODE`) // every read waits
	require.NoError(t, err)

	kept := feed.kept(show)
	reads := func() *reading {
		kept.mu.Lock()
		defer kept.mu.Unlock()
		return kept.reading
	}
	ask := func() (*Picture, error) { return feed.SeatMap(t.Context(), show) }
	var asking sync.WaitGroup
	early, late := make([]*Picture, 50), make([]*Picture, 50)
	failed := make(chan error, 100)
	askAll := func(into []*Picture) {
		for i := range into {
			asking.Go(func() {
				var err error
				if into[i], err = ask(); err != nil {
					failed <- err
				}
			})
		}
	}
	askAll(early)
	require.Eventually(t, func() bool { return reads() != nil }, showstest.Patience, showstest.Glance)
	first := reads()
	// A request after a change must not be answered by a read that began before the change.
	feed.Changed(show)
	askAll(late)
	require.NoError(t, tx.Rollback(t.Context()))
	asking.Wait()
	require.Empty(t, failed)
	for _, picture := range late {
		assert.Same(t, late[0], picture)
	}
	assert.NotSame(t, first.picture, late[0])
	for _, picture := range early {
		assert.Contains(t, []*Picture{first.picture, late[0]}, picture, "two reads served all")
	}
}

func TestKeptSeatMapsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bus := h.Bus
	feed := h.feed(bus)
	_, err := feed.SeatMap(t.Context(), uuid.NewString())
	showstest.Code(t, booking.CodeNotFound, err)
	_, err = feed.SeatMap(t.Context(), "x")
	showstest.Code(t, booking.CodeNotFound, err)
	_, err = feed.Watch(t.Context(), uuid.NewString(), "")
	showstest.Code(t, booking.CodeNotFound, err)
	assert.Zero(t, feed.maps.Len(), "shows that do not exist take no room")
	assert.Empty(t, feed.shows)

	var kept []*keptMap
	for i := range mapsKept + 1 {
		kept = append(kept, feed.kept(strconv.Itoa(i)))
	}
	assert.Equal(t, mapsKept, feed.maps.Len())
	bus.Publish(t.Context(), shows.ShowTopic("0"))
	bus.Publish(t.Context(), shows.ShowTopic("1"))
	assert.Empty(t, kept[0].hints, "what was dropped no longer listens")
	assert.Len(t, kept[1].hints, 1)
}

func TestEntityTagsAreTheSameForAllReplicas(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, other := h.Show(), h.Show()
	h.Held(show, "A1")
	one, two := h.feed(showstest.Deaf{}), h.feed(showstest.Deaf{})
	first := tagOf(t, seatMapOf(t, one, show))
	assert.Equal(t, first, tagOf(t, seatMapOf(t, two, show)))
	assert.NotEqual(t, first, tagOf(t, seatMapOf(t, one, other)))
	one.Changed(show)
	assert.Equal(t, first, tagOf(t, seatMapOf(t, one, show)), "a new read of the same seats")
	for _, change := range []string{
		`UPDATE shows SET prices = '{"silver": 1, "gold": 2}' WHERE id = $1`,
		`UPDATE shows SET sales_close_at = now() WHERE id = $1`,
		`UPDATE shows SET status = 'cancelled' WHERE id = $1`,
	} {
		h.Exec(change, show)
		one.Changed(show)
		changed := tagOf(t, seatMapOf(t, one, show))
		assert.NotEqual(t, first, changed, change)
		first = changed
	}
}

func TestVersionsGrowWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	show := h.Show()
	before := seatMapOf(t, feed, show)
	kept := feed.kept(show)
	looking := &reading{began: time.Now(), ended: make(chan struct{}), picture: later(before.SeatMap, "A1")}
	looking.picture.Version = before.Version - time.Hour.Microseconds()
	kept.finish(looking, nil)
	assert.Equal(t, before.Version+1, seatMapOf(t, feed, show).Version)
}

func TestSeatMapWithoutADatabaseIsNotAnOldOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(showstest.Deaf{})
	show := h.Show()
	seatMapOf(t, feed, show)
	feed.Changed(show)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	tx, err := h.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(t.Context(), `LOCK TABLE seat_claims IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	_, err = feed.SeatMap(gone, show)
	showstest.Code(t, booking.CodeUnavailable, err)
}
