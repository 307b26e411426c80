package housestest

import (
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func ids(shows []booking.HouseShow) (all []string) {
	for _, show := range shows {
		all = append(all, show.ID)
	}
	return all
}

// soon is a time without a change of the clock near it: timeZones is about those.
func (s *suite) soon(hours int) time.Time {
	at := time.Now().Add(time.Duration(hours) * time.Hour).Truncate(time.Minute)
	_, before := at.Add(-3 * time.Hour).In(s.Zone).Zone()
	if _, after := at.Add(3 * time.Hour).In(s.Zone).Zone(); before != after {
		return at.Add(24 * time.Hour)
	}
	return at
}

// After the full program come changes alone, each once.
func (s *suite) programChanges() {
	page, err := s.House.Program(s.ctx(), "")
	require.NoError(s, err)
	assert.True(s, page.Full)
	assert.NotEmpty(s, page.Shows)
	shows, cursor := s.programFrom("")
	assert.Contains(s, ids(shows), s.show.ID)
	for range 2 {
		page, err = s.House.Program(s.ctx(), cursor)
		require.NoError(s, err)
		assert.Empty(s, page.Shows)
		assert.False(s, page.Full, "a page without changes says nothing of other shows")
		assert.False(s, page.More)
	}
	change := func(id string) booking.HouseShow {
		s.Helper()
		page, err := s.House.Program(s.ctx(), cursor)
		require.NoError(s, err)
		require.Equal(s, []string{id}, ids(page.Shows))
		assert.False(s, page.Full)
		cursor = page.Next
		return page.Shows[0]
	}
	starts := s.soon(5)
	added := s.AddShow(s.T, starts)
	show := change(added)
	assert.True(s, show.StartsAt.Equal(starts), "%s, not %s", show.StartsAt, starts)
	assert.True(s, show.EndsAt.Equal(starts.Add(2*time.Hour)), show.EndsAt)
	assert.False(s, show.Cancelled)

	s.MoveShow(s.T, added, starts.Add(45*time.Minute))
	show = change(added)
	assert.True(s, show.StartsAt.Equal(starts.Add(45*time.Minute)), show.StartsAt)

	category := show.Categories[0]
	s.SetPrice(s.T, added, category.ID, category.Price.Amount+150)
	assert.Equal(s, booking.Money{Amount: category.Price.Amount + 150, Currency: s.Currency}, change(added).Categories[0].Price)

	s.CancelShow(s.T, added)
	assert.True(s, change(added).Cancelled)
	s.CancelShow(s.T, s.show.ID)
	assert.True(s, change(s.show.ID).Cancelled)
}

// A long program comes in pages. What changes while they are read comes after them.
func (s *suite) programPages() {
	want := ids(s.program(""))
	for i := range 110 {
		want = append(want, s.AddShow(s.T, s.soon(30).Add(time.Duration(i)*time.Minute)))
	}
	var got []string
	cursor := ""
	for pages := 0; ; pages++ {
		page, err := s.House.Program(s.ctx(), cursor)
		require.NoError(s, err)
		assert.True(s, page.Full, "page %d", pages)
		got, cursor = append(got, ids(page.Shows)...), page.Next
		if pages == 0 {
			assert.True(s, page.More)
			s.CancelShow(s.T, page.Shows[0].ID)
			got = got[1:] // it comes again
		}
		if !page.More {
			break
		}
		require.Less(s, pages, 100)
	}
	for _, show := range s.program(cursor) {
		assert.False(s, slices.Contains(got, show.ID), "%s comes again", show.ID)
		assert.True(s, show.Cancelled)
		got = append(got, show.ID)
	}
	assert.ElementsMatch(s, want, slices.Compact(slices.Sorted(slices.Values(got))))
}

// A cursor that the house no longer knows starts again with a full program: nothing that
// happened in between is missed.
func (s *suite) programGap() {
	_, cursor := s.programFrom("")
	added := s.AddShow(s.T, s.soon(5))
	s.ForgetChanges(s.T)
	for _, gone := range []string{cursor, "no such cursor", `<&">`} {
		page, err := s.House.Program(s.ctx(), gone)
		require.NoError(s, err, gone)
		assert.True(s, page.Full, gone)
		shows := page.Shows
		if page.More {
			shows = append(shows, s.program(page.Next)...)
		}
		assert.Contains(s, ids(shows), added, gone)
		assert.Contains(s, ids(shows), s.show.ID, gone)
	}
}

// Feeds go wrong. The adapter passes on what can be read, and its cursor loses nothing.
func (s *suite) programFeed() {
	for i, trouble := range []trouble{FeedTwice, FeedShuffled, FeedOmits, FeedLate} {
		_, cursor := s.programFrom("")
		want := []string{s.AddShow(s.T, s.soon(5+3*i)), s.AddShow(s.T, s.soon(6+3*i)), s.AddShow(s.T, s.soon(7+3*i))}
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpProgram})
		shows, next := s.programFrom(cursor)
		got := ids(shows)
		slices.Sort(got)
		got = slices.Compact(got)
		switch trouble {
		case FeedTwice, FeedShuffled:
			assert.ElementsMatch(s, want, got, trouble)
		case FeedOmits:
			assert.Subset(s, want, got, trouble)
			assert.Less(s, len(got), len(want))
			assert.Subset(s, ids(s.program("")), want, "the next full program has it")
		case FeedLate:
			assert.Subset(s, want, got, trouble)
			assert.Less(s, len(got), len(want))
			assert.ElementsMatch(s, want, append(got, ids(s.program(next))...), "what was late comes later")
		}
		_, last := s.programFrom(next)
		assert.Empty(s, s.program(last), "nothing comes twice")
		later := s.AddShow(s.T, s.soon(30+i))
		assert.Equal(s, []string{later}, ids(s.program(last)))
	}
}

// changes are the two times of the next year at which the house's clocks change.
func (s *suite) clockChanges() (spring, autumn time.Time) {
	s.Helper()
	offset := func(at time.Time) int {
		_, seconds := at.In(s.Zone).Zone()
		return seconds
	}
	at := time.Now().Truncate(time.Hour).Add(48 * time.Hour)
	for range 366 * 24 {
		next := at.Add(time.Hour)
		switch {
		case offset(next) > offset(at):
			spring = next
		case offset(next) < offset(at):
			autumn = next
		}
		at = next
	}
	require.False(s, spring.IsZero() || autumn.IsZero(), "the clocks of %s do not change", s.Zone)
	return spring, autumn
}

// Shows on the nights on which the clocks change start and end when they do.
func (s *suite) timeZones() {
	spring, autumn := s.clockChanges()
	type night struct{ starts, told time.Time }
	exact := func(at time.Time) night { return night{at, at} }
	nights := []night{
		exact(spring.Add(-30 * time.Minute)), exact(spring), exact(spring.Add(30 * time.Minute)), exact(spring.Add(-26 * time.Hour)),
		exact(autumn.Add(-30 * time.Minute)), exact(autumn.Add(-90 * time.Minute)), exact(autumn.Add(time.Hour)), exact(autumn.Add(26 * time.Hour)),
	}
	// The hour before the change comes again after it.
	twice := exact(autumn.Add(30 * time.Minute))
	if s.setup.LocalTimes {
		twice.told = twice.starts.Add(-time.Hour)
	}
	for _, night := range append(nights, twice) {
		_, cursor := s.programFrom("")
		id := s.AddShow(s.T, night.starts)
		shows := s.program(cursor)
		require.Equal(s, []string{id}, ids(shows))
		assert.True(s, shows[0].StartsAt.Equal(night.told), "%s, not %s", shows[0].StartsAt, night.told)
		assert.Equal(s, 2*time.Hour, shows[0].EndsAt.Sub(shows[0].StartsAt))
	}
}

// Every seat of the map has a place of its own, and the house takes and gives back its name
// unchanged.
func (s *suite) seatMap() {
	categories := map[string]bool{}
	for _, category := range s.show.Categories {
		categories[category.ID] = true
		assert.Positive(s, category.Price.Amount)
		assert.Equal(s, s.Currency, category.Price.Currency)
		assert.NotEmpty(s, category.Name)
	}
	seen := map[string]bool{}
	names := map[string]bool{}
	for _, row := range s.show.Rows {
		assert.True(s, categories[row.Category], "row %s has a category without a price", row.Label)
		last := -1.0
		for _, seat := range row.Seats {
			assert.NotEmpty(s, seat.Address)
			assert.False(s, seen[seat.Address], "%s is two seats", seat.Address)
			assert.False(s, names[row.Label+seat.Name], "%s%s is two seats", row.Label, seat.Name)
			assert.Greater(s, seat.X, last, "places along the row")
			assert.Contains(s, []booking.SeatType{
				booking.SeatStandard, booking.SeatRecliner, booking.SeatSofa, booking.SeatWheelchair, booking.SeatCompanion,
			}, seat.Type)
			seen[seat.Address], names[row.Label+seat.Name], last = true, true, seat.X
		}
	}
	assert.NotEmpty(s, s.show.Movie.Title)
	assert.Positive(s, s.show.Movie.Minutes)
	assert.NotEmpty(s, s.show.Screen)

	// One after the other, so that no neighbor can stand in for another.
	for _, seat := range s.show0()[:6] {
		order := s.orderOf(seat)
		state, err := s.House.Hold(s.ctx(), order)
		require.NoError(s, err)
		s.isHold(order, state)
		s.books(orders{order}, nil, 0)
		require.NoError(s, s.House.Release(s.ctx(), order))
	}
	order, state := s.bought(3)
	assert.ElementsMatch(s, addresses(order), state.Addresses)
	counter := s.order(1)
	s.SellAtCounter(s.T, s.show.ID, counter.Terms.Seats[0].Address)
	if s.setup.AlwaysCached {
		return // cachedSeats asks how old it may be
	}
	taken, err := s.House.Seats(s.ctx(), s.show.ID)
	require.NoError(s, err)
	assert.True(s, taken.Exact)
	assert.WithinDuration(s, time.Now(), taken.AsOf, time.Minute)
	assert.ElementsMatch(s, append(addresses(order), addresses(counter)...), taken.Addresses)
}

// A seat that is taken out of the room after it was sold stays sold, and is never sold again.
func (s *suite) layoutChanged() {
	_, cursor := s.programFrom("")
	order, state := s.bought(2)
	gone := order.Terms.Seats[0]
	s.RemoveSeat(s.T, s.show.ID, gone.Address)
	shows := s.program(cursor)
	require.Equal(s, []string{s.show.ID}, ids(shows))
	for _, row := range shows[0].Rows {
		for _, seat := range row.Seats {
			assert.NotEqual(s, gone.Address, seat.Address)
		}
	}
	assert.NotEqual(s, s.show.Version, shows[0].Version)
	found := s.finds(order)
	s.isSale(order, found)
	assert.Equal(s, state.Codes, found.Codes)

	empty := s.order(1)
	s.RemoveSeat(s.T, s.show.ID, empty.Terms.Seats[0].Address)
	_, err := s.House.Hold(s.ctx(), empty)
	s.code(booking.CodeHouseRefused, err)
	require.NoError(s, s.House.Cancel(s.ctx(), order))
	_, err = s.House.Hold(s.ctx(), s.orderOf(gone))
	s.code(booking.CodeHouseRefused, err)
	s.books(nil, nil, 1)
}

// The list of free seats may be old, and says so. The hold decides.
func (s *suite) cachedSeats() {
	_, err := s.House.Seats(s.ctx(), s.show.ID)
	require.NoError(s, err)
	s.Fault(s.T, Fault{Trouble: Cached, Operation: OpSeats})
	order := s.order(1)
	s.SellAtCounter(s.T, s.show.ID, order.Terms.Seats[0].Address)
	s.SetClock(s.T, 7*time.Minute) // a house whose clock is wrong says the same
	s.Advance(s.T, 5*time.Minute)
	taken, err := s.House.Seats(s.ctx(), s.show.ID)
	require.NoError(s, err)
	assert.False(s, taken.Exact)
	assert.NotContains(s, taken.Addresses, addresses(order)[0])
	assert.WithinDuration(s, time.Now().Add(-5*time.Minute), taken.AsOf, 20*time.Second)
	_, err = s.House.Hold(s.ctx(), order)
	s.code(booking.CodeSeatsUnavailable, err)
}

// listed are the orders of the show that the house says we have sold or cancelled.
func (s *suite) listed() (all []booking.HouseState) {
	s.Helper()
	cursor := ""
	for range 100 {
		page, err := s.House.Sold(s.ctx(), s.show.ID, cursor)
		require.NoError(s, err)
		all = append(all, page.Orders...)
		if page.Next == "" {
			return all
		}
		cursor = page.Next
	}
	require.Fail(s, "the list has no end")
	return nil
}

func (s *suite) sold() {
	assert.Empty(s, s.listed())
	want := map[string]booking.HouseOrder{}
	for range 2 {
		order, _ := s.bought(2)
		want[order.Key()] = order
	}
	cancelled, _ := s.bought(1)
	require.NoError(s, s.House.Cancel(s.ctx(), cancelled))
	want[cancelled.Key()] = cancelled
	s.held(1)
	s.SellAtCounter(s.T, s.show.ID, s.order(1).Terms.Seats[0].Address)

	listed := s.listed()
	require.Len(s, listed, len(want), "holds and the counter's sales are not in it")
	for _, state := range listed {
		order, ours := want[state.Key]
		require.True(s, ours, "key %q", state.Key)
		if order.Key() == cancelled.Key() {
			assert.Equal(s, booking.HouseCancelled, state.Status)
			continue
		}
		s.stands(booking.HouseConfirmed, order, state)
		assert.Equal(s, s.finds(order).Number, state.Number)
	}
	elsewhere := s.AddShow(s.T, s.soon(9))
	page, err := s.House.Sold(s.ctx(), elsewhere, "")
	require.NoError(s, err)
	assert.Empty(s, page.Orders)
}

// A long list comes in pages, with each order once.
func (s *suite) soldPages() {
	var want []string
	for i := range 24 {
		order, _ := s.bought(1)
		want = append(want, order.Key())
		if i%6 == 0 {
			s.held(1)
		}
	}
	var got []string
	for _, state := range s.listed() {
		got = append(got, state.Key)
	}
	assert.ElementsMatch(s, want, got)
}
