package seatmap

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// page is a browser that knows nothing but what the events say.
type page struct {
	t       require.TestingT
	seats   map[string]string // "held", "sold" or "free"
	version int64
	lastID  string
}

func (p *page) see(events ...*Event) {
	for _, event := range events {
		switch value := event.Value.(type) {
		case shows.SeatMap:
			require.Equal(p.t, eventSnapshot, event.Name)
			p.seats = told(value)
			p.version = value.Version
		case Delta:
			require.Equal(p.t, eventSeats, event.Name)
			require.NotNil(p.t, p.seats, "a delta on nothing")
			require.Greater(p.t, value.Version, p.version, "a page that compares versions would ignore it")
			p.set("held", value.Held)
			p.set("sold", value.Sold)
			p.set("free", value.Released)
			p.version = value.Version
		}
		p.lastID = event.ID
	}
}

func (p *page) set(state string, seats []string) {
	for _, seat := range seats {
		p.seats[seat] = state
	}
}

func told(seatMap shows.SeatMap) map[string]string {
	all := map[string]string{}
	for _, row := range seatMap.Layout.Rows {
		for _, seat := range row.Seats {
			all[seat.ID] = "free"
		}
	}
	for _, seat := range seatMap.Held {
		all[seat] = "held"
	}
	for _, seat := range seatMap.Sold {
		all[seat] = "sold"
	}
	return all
}

// comesBack reconnects to a process and sees what brings it to the present.
func (p *page) comesBack(t *testing.T, feed *Feed, show string) *Watcher {
	watcher, err := feed.Watch(t.Context(), show, p.lastID)
	require.NoError(p.t, err)
	p.see(watcher.First...)
	return watcher
}

func kinds(events []*Event) []string {
	var names []string
	for _, event := range events {
		names = append(names, event.Name)
	}
	return names
}

func TestReconnectingWatcherGetsTheMissedDeltas(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.Bus)
	show := h.Show()
	_, staying := watch(t, feed, show)
	p := &page{t: t}
	watcher := p.comesBack(t, feed, show)
	watcher.Leave()

	again := p.comesBack(t, feed, show)
	assert.Empty(t, again.First, "nothing was missed")
	again.Leave()

	h.Held(show, "A1")
	nextDelta(t, staying)
	h.Held(show, "A2")
	nextDelta(t, staying)
	again = p.comesBack(t, feed, show)
	defer again.Leave()
	assert.Equal(t, []string{eventSeats, eventSeats}, kinds(again.First))
	assert.Equal(t, "held", p.seats["A1"])
	assert.Equal(t, "held", p.seats["A2"])
}

// chainOf is a process that looks at a show when it is told to.
func chainOf(name string) *showFeed {
	return &showFeed{id: "show", chain: name, watchers: map[*Watcher]struct{}{}, idle: make(chan struct{}, 1)}
}

func TestReconnectingWatcherOfAnotherReplicaGetsEverySeat(t *testing.T) {
	t.Parallel()
	empty := newPicture(withTerms(shows.SeatMap{ShowID: "show", Version: 1, OnSale: true, Held: []string{}, Sold: []string{}},
		booking.Terms{Version: 7, Layout: showstest.Hall()}))
	comes := later(empty.SeatMap, "A1")
	goes := later(comes.SeatMap, "B2")
	join := func(p *page, at *showFeed, now *Picture) []*Event {
		last, _ := parsePosition(p.lastID)
		watcher, ok, err := at.join(now, last)
		require.NoError(t, err)
		require.True(t, ok)
		p.see(watcher.First...)
		return watcher.First
	}
	// This process looks once before and once after a hold that comes and goes; the
	// other one looks in between, and tells the page.
	here, there := chainOf("here"), chainOf("there")
	join(&page{t: t}, here, empty)
	p := &page{t: t}
	join(p, there, comes)
	require.Equal(t, "held", p.seats["A1"])

	first := join(p, here, goes)
	if assert.Equal(t, []string{eventSeats}, kinds(first)) {
		assert.Len(t, first[0].Value.(Delta).Released, showstest.Hall().Capacity()-1)
	}
	assert.Equal(t, told(goes.SeatMap), p.seats)
	// No event of this chain mentions the seat: replaying them would have left the page
	// with a hold that no longer exists.
	for _, event := range here.recent {
		delta := event.Value.(Delta)
		assert.NotContains(t, slices.Concat(delta.Held, delta.Sold, delta.Released), "A1")
	}
}

func TestReconnectingWatcherNeverSeesAnOlderMap(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	here, there := h.feed(showstest.Deaf{}), h.feed(showstest.Deaf{})
	show := h.Show()
	watch(t, here, show)
	h.Held(show, "A1")
	p := &page{t: t}
	p.comesBack(t, there, show).Leave()
	require.Equal(t, "held", p.seats["A1"])
	p.comesBack(t, here, show).Leave()
	require.Equal(t, "held", p.seats["A1"], "the map that is kept here is older than what the page knows")
}

func TestReconnectingWatcherWithAnOldOrForeignIDGetsASnapshot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bus := h.Bus
	feed := h.feed(bus)
	show := h.Show()
	_, staying := watch(t, feed, show)
	refresher, err := feed.show(show)
	require.NoError(t, err)
	now := refresher.position()
	elsewhere := func(change func(*position)) string {
		at := now
		change(&at)
		return at.String()
	}
	for name, c := range map[string]struct {
		id   string
		want []string
	}{
		"the present":              {now.String(), nil},
		"another chain, earlier":   {elsewhere(func(p *position) { p.chain, p.version = "x", p.version-1 }), []string{eventSeats}},
		"this chain, too early":    {elsewhere(func(p *position) { p.version-- }), []string{eventSeats}},
		"from the future":          {elsewhere(func(p *position) { p.version += time.Hour.Microseconds() }), []string{eventSnapshot}},
		"another chain, later":     {elsewhere(func(p *position) { p.chain, p.version = "x", p.version+time.Hour.Microseconds() }), []string{eventSnapshot}},
		"other terms":              {elsewhere(func(p *position) { p.terms-- }), []string{eventSnapshot}},
		"before sales opened":      {elsewhere(func(p *position) { p.onSale = false }), []string{eventSnapshot}},
		"a version of another API": {"12", []string{eventSnapshot}},
		"nonsense":                 {"1.2.3.4.5", []string{eventSnapshot}},
		"no numbers":               {"a.1.b.c", []string{eventSnapshot}},
		"nothing":                  {"", []string{eventSnapshot}},
	} {
		watcher, err := feed.Watch(t.Context(), show, c.id)
		require.NoError(t, err)
		watcher.Leave()
		assert.Equal(t, c.want, kinds(watcher.First), name)
	}

	// The chain forgets: an id from before what it remembers gets all seats.
	first := refresher.position().String()
	seatMap := seatMapOf(t, feed, show).SeatMap
	seatMap.Version += time.Hour.Microseconds()
	for i := range recentKept + 1 {
		picture := later(seatMap, fmt.Sprintf("A%d", i%2+1))
		seatMap = picture.SeatMap
		refresher.mu.Lock()
		require.NoError(t, refresher.advance(picture))
		refresher.mu.Unlock()
		nextDelta(t, staying)
	}
	catchUp := func(id string) []*Event {
		at, ok := parsePosition(id)
		require.True(t, ok)
		refresher.mu.Lock()
		defer refresher.mu.Unlock()
		events, err := refresher.catchUp(at)
		require.NoError(t, err)
		return events
	}
	assert.Len(t, refresher.recent, recentKept)
	events := catchUp(first)
	require.Len(t, events, 1)
	assert.Len(t, events[0].Value.(Delta).Released, showstest.Hall().Capacity()-1)
	oldest := refresher.recent[0]
	assert.Len(t, catchUp(oldest.ID), recentKept-1)
}

// A page that hops between two processes, losing its connection at any moment,
// ends with the truth, and never sees the present go backwards.
func TestPagesThatHopBetweenReplicasEndWithTheTruth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bus := h.Bus
	replicas := []*Feed{h.feed(bus), h.feed(bus)}
	customer := h.Customer()
	var names []string
	for _, row := range showstest.Hall().Rows[:3] {
		for _, seat := range row.Seats {
			names = append(names, seat.ID)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		show := h.Show()
		var bookings []string
		p := &page{t: r}
		at := p.comesBack(t, replicas[0], show)
		defer func() { at.Leave() }()
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"hold", "hold", "sell", "free", "expire", "read", "hop", "hop", "look"}).Draw(r, "step") {
			case "hold":
				req := showstest.Request(show, customer, rapid.SampledFrom(names).Draw(r, "seat"))
				if _, err := h.bookings.Hold(t.Context(), req); err == nil {
					bookings = append(bookings, req.BookingID)
				}
			case "sell":
				if len(bookings) > 0 {
					_, _ = h.Confirm(t.Context(), rapid.SampledFrom(bookings).Draw(r, "booking"))
				}
			case "free":
				if len(bookings) > 0 {
					id := rapid.SampledFrom(bookings).Draw(r, "booking")
					_ = h.bookings.End(t.Context(), booking.Ending{BookingID: id, Status: booking.StatusExpired})
					_ = h.bookings.Cancel(t.Context(), booking.Cancellation{BookingID: id})
				}
			case "expire": // without a hint
				if len(bookings) > 0 {
					require.NoError(r, h.TryExpire(t.Context(), rapid.SampledFrom(bookings).Draw(r, "booking")))
				}
			case "look": // by one of the two, at its own moment
				replica := rapid.SampledFrom(replicas).Draw(r, "replica")
				replica.Changed(show)
				_, err := replica.SeatMap(t.Context(), show)
				require.NoError(r, err)
			case "read": // some of what is there
				for range rapid.IntRange(0, 3).Draw(r, "events") {
					p.readOne(at)
				}
			case "hop":
				at.Leave()
				at = p.comesBack(t, replicas[rapid.IntRange(0, 1).Draw(r, "replica")], show)
			}
		}
		truth, err := h.store.SeatMap(t.Context(), show)
		require.NoError(r, err)
		deadline := time.Now().Add(showstest.Patience)
		for !assert.ObjectsAreEqual(told(truth), p.seats) {
			require.True(r, time.Now().Before(deadline), "the page says %v, the database %v", p.seats, told(truth))
			select {
			case event, open := <-at.Events:
				require.True(r, open)
				p.see(event)
			case <-time.After(showstest.Glance):
			}
		}
	})
}

func (p *page) readOne(from *Watcher) {
	select {
	case event, open := <-from.Events:
		if open {
			p.see(event)
		}
	default:
	}
}
