package houses

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/showchanges"
)

func TestProgramIsTakenIn(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	starts := tomorrow()
	other := listed("s2", starts.Add(3*time.Hour))
	other.Movie.Title = "The Red Shoes"
	applied := r.full(listed("s1", starts), other)
	assert.Equal(t, 2, applied.Added)
	assert.Empty(t, applied.Changes)
	show := r.show("s1")
	assert.True(t, r.onSale(show))
	assert.Equal(t, []string{show, r.show("s2")}, r.told())
	assert.Equal(t, "the-lamp", r.text(`SELECT slug FROM movies m JOIN shows s ON s.movie_id = m.id WHERE s.id = $1`, show), "the film that is there")
	assert.Equal(t, "the-red-shoes", r.text(`SELECT slug FROM movies m JOIN shows s ON s.movie_id = m.id WHERE s.id = $1`, r.show("s2")))
	assert.JSONEq(t, `{"silver": 30000, "gold": 45000}`, r.text(`SELECT prices::text FROM shows WHERE id = $1`, show))
	assert.Equal(t, int64(2000), r.Number(`SELECT fee_per_seat FROM shows WHERE id = $1`, show))
	assert.JSONEq(t, `{"silver": "0001", "gold": "0002"}`, r.text(`SELECT categories::text FROM house_shows WHERE show_id = $1`, show))
	assert.Equal(t, "2/1/3", r.text(`SELECT seats->>'C3' FROM house_shows WHERE show_id = $1`, show))
	assert.Equal(t, int64(1), r.Number(`SELECT count(*) FROM layouts l JOIN screens sc ON sc.id = l.screen_id WHERE sc.name = 'Audi 1'`), "one seating, one layout")
	assert.Equal(t, "1", r.text(`SELECT program_cursor FROM houses WHERE program_as_of IS NOT NULL AND program_full_at IS NOT NULL AND program_began_at IS NULL`))

	before := r.terms(show)
	applied = r.full(listed("s1", starts), other)
	assert.Equal(t, booking.HouseApplied{Listed: 2}, applied, "a repeat changes nothing")
	assert.Equal(t, before, r.terms(show))
	assert.Empty(t, r.told())

	held := r.Held(show, "C1")
	assert.NotEmpty(t, held)
	dearer := listed("s1", starts)
	dearer.Categories[1].Price.Amount = 50000
	applied = r.delta(dearer)
	assert.Equal(t, 1, applied.Changed)
	assert.Greater(t, r.terms(show), before, "a hold on the old price is refused")
	assert.JSONEq(t, `{"silver": 30000, "gold": 50000}`, r.text(`SELECT prices::text FROM shows WHERE id = $1`, show))
	assert.True(t, r.onSale(r.show("s2")), "a delta says nothing about the others")
}

func TestShowThatAFullProgramLacksIsNotSold(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	starts := tomorrow()
	one, two := listed("s1", starts), listed("s2", starts.Add(3*time.Hour))
	r.full(one, two)
	show := r.show("s2")
	before := r.terms(show)
	// The first page of a full program does not have it, the last one does.
	page := booking.HousePage{Shows: []booking.HouseShow{one}, Full: true, More: true, Next: "a"}
	_, err := r.store.ApplyProgram(t.Context(), r.Theater, page)
	require.NoError(t, err)
	assert.True(t, r.onSale(show))
	assert.Equal(t, 0, r.full(two).Stopped)
	assert.True(t, r.onSale(r.show("s1")))

	assert.Equal(t, 1, r.full(one).Stopped)
	assert.False(t, r.onSale(show))
	assert.Equal(t, int64(1), r.Number(`SELECT count(*) FROM shows WHERE id = $1`, show), "it is not deleted")
	assert.Greater(t, r.terms(show), before)
	assert.Equal(t, 0, r.full(one).Stopped, "once")
	assert.Equal(t, 1, r.delta(two).Changed, "it is there again")
	assert.True(t, r.onSale(show))

	// A program that is not full as a whole stops nothing.
	_, err = r.store.ApplyProgram(t.Context(), r.Theater, page)
	require.NoError(t, err)
	assert.Equal(t, 0, r.delta().Stopped)
	assert.True(t, r.onSale(show))
}

func TestWhenAFullProgramIsDue(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	cursor, err := r.store.BeginProgram(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Empty(t, cursor)
	r.full()
	cursor, err = r.store.BeginProgram(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Equal(t, "1", cursor)
	require.NoError(t, r.store.ProgramFailed(t.Context(), r.Theater, "No answer.\nAt all."))
	all, err := r.store.Statuses(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, all[0].Failures)
	assert.Equal(t, "No answer. At all.", all[0].Error)
	r.Exec(`UPDATE houses SET program_full_at = now() - interval '25 hours'`)
	cursor, err = r.store.BeginProgram(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Empty(t, cursor, "a day later it starts again")
	// One that was interrupted goes on where it was.
	_, err = r.store.ApplyProgram(t.Context(), r.Theater, booking.HousePage{Full: true, More: true, Next: "page 2"})
	require.NoError(t, err)
	cursor, err = r.store.BeginProgram(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Equal(t, "page 2", cursor)
}

func TestUnmappedShowIsUnsellable(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*booking.HouseShow){
		"a seat without an address": func(s *booking.HouseShow) { s.Rows[1].Seats[2].Address = "" },
		"one address twice":         func(s *booking.HouseShow) { s.Rows[1].Seats[2].Address = s.Rows[0].Seats[0].Address },
		"a row without a price":     func(s *booking.HouseShow) { s.Rows[1].Category = "0009" },
		"another currency":          func(s *booking.HouseShow) { s.Categories[0].Price.Currency = "USD" },
		"two rows of one name":      func(s *booking.HouseShow) { s.Rows[1].Label = "A" },
		"two categories, one name":  func(s *booking.HouseShow) { s.Categories[1].Name = "silver!" },
		"a name that is no number":  func(s *booking.HouseShow) { s.Rows[0].Seats[0].Name = "x" },
		"no seats":                  func(s *booking.HouseShow) { s.Rows = nil },
		"no end":                    func(s *booking.HouseShow) { s.EndsAt = s.StartsAt },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			starts := tomorrow()
			spoiled := listed("s1", starts)
			spoil(&spoiled)
			assert.Equal(t, 1, r.full(spoiled).Unsellable)
			assert.Equal(t, int64(0), r.Number(`SELECT count(*) FROM house_shows`))
			require.Len(t, r.alerts(booking.AlertHouseShowUnsellable), 1)
			assert.Contains(t, r.alerts(booking.AlertHouseShowUnsellable)[0], "Orpheum, show s1")

			r.full(listed("s1", starts))
			show := r.show("s1")
			assert.True(t, r.onSale(show))
			before := r.terms(show)
			applied := r.delta(spoiled)
			assert.Equal(t, 1, applied.Stopped)
			assert.False(t, r.onSale(show))
			assert.Greater(t, r.terms(show), before)
			assert.Equal(t, 0, r.delta(spoiled).Stopped, "once")
			assert.Len(t, r.alerts(booking.AlertHouseShowUnsellable), 1)
			r.delta(listed("s1", starts))
			assert.True(t, r.onSale(show), "repaired")
		})
	}
}

func TestShowWithoutBookingsMovesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	starts := tomorrow()
	one, two := listed("s1", starts), listed("s2", starts.Add(3*time.Hour))
	r.full(one, two)
	// They change places: each is in the other's way for a moment.
	one.StartsAt, one.EndsAt, two.StartsAt, two.EndsAt = two.StartsAt.Add(time.Hour), two.EndsAt.Add(time.Hour), one.StartsAt, one.EndsAt
	applied := r.delta(one, two)
	assert.Empty(t, applied.Changes)
	assert.Equal(t, 2, applied.Changed)
	assert.Empty(t, r.alerts(booking.AlertHouseShowUnsellable))
	assert.Equal(t, int64(1), r.Number(`SELECT count(*) FROM shows WHERE id = $1 AND starts_at = $2`, r.show("s1"), one.StartsAt))
	// Two at one time on one screen cannot be.
	two.StartsAt, two.EndsAt = one.StartsAt, one.EndsAt
	assert.Equal(t, 1, r.delta(two).Unsellable)
	assert.False(t, r.onSale(r.show("s2")))
	assert.Contains(t, r.alerts(booking.AlertHouseShowUnsellable)[0], "overlaps")
	one.Screen = "Audi 2"
	r.delta(one)
	applied, err := r.store.ApplyPending(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Equal(t, 1, applied.Changed, "what waited is tried again")
	assert.True(t, r.onSale(r.show("s2")))
}

func TestBookingsOfAMovedShowAreToldFirst(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	starts := tomorrow()
	r.full(listed("s1", starts))
	show := r.show("s1")
	r.Sold(show, "C1", "C2")
	moved := listed("s1", starts.Add(time.Hour))
	moved.Screen = "Audi 2"
	applied := r.delta(moved)
	require.Len(t, applied.Changes, 1)
	change := applied.Changes[0]
	assert.Equal(t, booking.ChangeRescheduled, change.Kind)
	assert.True(t, change.StartsAt.Equal(moved.StartsAt))
	assert.NotEmpty(t, change.ScreenID)
	assert.False(t, r.onSale(show), "until then it is not sold")
	again, err := r.store.ApplyPending(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Equal(t, []booking.ShowChangeRequest{change}, again.Changes, "the same change, until it is made")

	changes := showchanges.New(r.Shows, bookings.New(r.Shows))
	_, err = changes.ChangeShow(t.Context(), change)
	require.NoError(t, err)
	again, err = r.store.ApplyPending(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Empty(t, again.Changes)
	assert.Equal(t, 1, again.Changed)
	assert.True(t, r.onSale(show))
	assert.Equal(t, int64(0), r.Number(`SELECT count(*) FROM house_shows WHERE pending IS NOT NULL OR unsellable <> ''`))

	// Back again: another change.
	back := r.delta(listed("s1", starts))
	require.Len(t, back.Changes, 1)
	assert.NotEqual(t, change.ChangeID, back.Changes[0].ChangeID)
	r.Exec(`UPDATE house_shows SET pending_at = now() - interval '1 hour'`)
	_, err = r.store.ApplyPending(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Len(t, r.alerts(booking.AlertHouseShowUnsellable), 1, "one that is not carried out for long is told")
}

func TestShowThatTheHouseCancels(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	row := listed("s1", tomorrow())
	r.full(row)
	show := r.show("s1")
	r.Sold(show, "C1")
	row.Cancelled = true
	applied := r.delta(row)
	require.Len(t, applied.Changes, 1)
	assert.Equal(t, booking.ChangeCancelled, applied.Changes[0].Kind)
	assert.False(t, r.onSale(show))
	changes := showchanges.New(r.Shows, bookings.New(r.Shows))
	_, err := changes.ChangeShow(t.Context(), applied.Changes[0])
	require.NoError(t, err)
	applied, err = r.store.ApplyPending(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Empty(t, applied.Changes)
	assert.Equal(t, booking.HouseApplied{Listed: 1}, r.delta(row))
	// One that is cancelled before we listed it is no show at all.
	unheard := listed("s2", tomorrow())
	unheard.Cancelled = true
	assert.Equal(t, 0, r.delta(unheard).Added)
}

func TestSeatingThatChangesUnderASoldShow(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	row := listed("s1", tomorrow())
	r.full(row)
	show := r.show("s1")
	r.Sold(show, "C1")
	require.NoError(t, r.store.WriteTaken(t.Context(), show, booking.HouseTaken{Addresses: []string{"1/0/4"}}))
	wider := listed("s1", row.StartsAt)
	wider.Rows[0].Seats = wider.Rows[0].Seats[:3] // without A4, which the house itself has
	assert.Equal(t, 1, r.delta(wider).Changed, "seats without bookings may go")
	assert.Equal(t, int64(7), r.Number(`SELECT capacity FROM layouts l JOIN shows s ON s.layout_id = l.id WHERE s.id = $1`, show))
	broken := listed("s1", row.StartsAt)
	broken.Rows[1].Seats[0].Address = "9/9/9"
	assert.Equal(t, 1, r.delta(broken).Unsellable)
	assert.False(t, r.onSale(show))
	assert.Contains(t, r.alerts(booking.AlertHouseShowUnsellable)[0], "seat C1")
}

func TestPastShowsAreLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	assert.Equal(t, 0, r.full(listed("s1", time.Now().Add(-time.Hour))).Added)
	row := listed("s2", tomorrow())
	r.full(row)
	r.Exec(`UPDATE shows SET starts_at = now() - interval '1 minute' WHERE id = $1`, r.show("s2"))
	row.Cancelled = true
	assert.Empty(t, r.delta(row).Changes)
	_, err := r.store.ApplyProgram(t.Context(), uuid.NewString(), booking.HousePage{})
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}
