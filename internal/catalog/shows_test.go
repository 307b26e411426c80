package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/schema"
)

// house is one theater in a zone, with one film and one screen.
type house struct {
	db      *database.DB
	store   *catalog.Store
	movie   *schema.Movie
	theater *schema.Theater
	screen  *schema.Screen
	layout  *schema.Layout
}

func newHouse(t *testing.T, timeZone string) *house {
	t.Helper()
	db := databasetest.New(t)
	city := &schema.City{ID: uuid.New(), Slug: "city", Name: "City", Country: "GB", TimeZone: timeZone, Currency: "GBP"}
	h := &house{db: db, store: catalog.New(db)}
	h.movie = &schema.Movie{ID: uuid.New(), Slug: "film", Title: "Film", Aliases: []string{}, Year: 2026, RuntimeMinutes: 90,
		Genres: []string{}, Languages: []string{"en"}, Credits: []schema.Credit{}}
	h.theater = &schema.Theater{ID: uuid.New(), Slug: "house", CityID: city.ID, Name: "House", TimeZone: timeZone, Currency: "GBP", Amenities: []string{}}
	h.screen = &schema.Screen{ID: uuid.New(), TheaterID: h.theater.ID, Name: "1"}
	h.layout = &schema.Layout{ID: uuid.New(), ScreenID: h.screen.ID, Version: 1, Capacity: 1}
	for _, row := range []any{city, h.movie, h.theater, h.screen, h.layout} {
		_, err := db.Bun.NewInsert().Model(row).Exec(t.Context())
		require.NoError(t, err)
	}
	return h
}

func (h *house) show(t *testing.T, starts time.Time, changes ...func(*schema.Show)) schema.Show {
	t.Helper()
	show := &schema.Show{
		ID: uuid.New(), MovieID: h.movie.ID, TheaterID: h.theater.ID, ScreenID: h.screen.ID, LayoutID: h.layout.ID,
		StartsAt: starts, EndsAt: starts.Add(2 * time.Hour), Format: "2D", Language: "en",
		SalesOpenAt: time.Now().Add(-time.Hour), SalesCloseAt: starts, Currency: "GBP", Prices: map[string]int64{"gold": 999},
	}
	if !show.SalesCloseAt.After(show.SalesOpenAt) {
		show.SalesOpenAt = show.SalesCloseAt.Add(-time.Hour)
	}
	for _, change := range changes {
		change(show)
	}
	// Every show has a screen to itself, so that none is in another's way.
	screen := &schema.Screen{ID: uuid.New(), TheaterID: h.theater.ID, Name: show.ID.String()}
	_, err := h.db.Bun.NewInsert().Model(screen).Exec(t.Context())
	require.NoError(t, err)
	show.ScreenID = screen.ID
	_, err = h.db.Bun.NewInsert().Model(show).Exec(t.Context())
	require.NoError(t, err)
	return *show
}

func (h *house) listed(t *testing.T, date string) []uuid.UUID {
	t.Helper()
	byMovie, err := h.store.MovieShows(t.Context(), "film", "city", date)
	require.NoError(t, err)
	byTheater, err := h.store.TheaterShows(t.Context(), "house", date)
	require.NoError(t, err)
	movies, _, err := h.store.Movies(t.Context(), catalog.MovieFilter{City: "city", Date: date})
	require.NoError(t, err)
	var ids, other []uuid.UUID
	for _, group := range byMovie.Items {
		for _, show := range group.Shows {
			ids = append(ids, show.ID)
		}
	}
	for _, group := range byTheater.Items {
		for _, show := range group.Shows {
			other = append(other, show.ID)
		}
	}
	require.Equal(t, ids, other)
	require.Equal(t, len(ids) > 0, len(movies) > 0, "the film is listed when it has such a show")
	return ids
}

func TestOnlyWhatCanBeBookedIsListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	now := time.Now()
	tomorrow := now.Add(24 * time.Hour)
	want := h.show(t, tomorrow)
	hidden := []schema.Show{
		h.show(t, now.Add(-time.Minute), func(s *schema.Show) { s.SalesCloseAt = s.EndsAt }), // runs already
		h.show(t, now.Add(-48*time.Hour)),
		h.show(t, tomorrow, func(s *schema.Show) { s.Status = booking.ShowCancelled }),
		h.show(t, tomorrow, func(s *schema.Show) { s.SalesOpenAt = now.Add(time.Hour) }),
		h.show(t, tomorrow, func(s *schema.Show) { s.SalesCloseAt = now.Add(-time.Second) }),
	}
	assert.Equal(t, []uuid.UUID{want.ID}, h.listed(t, ""))
	for _, show := range hidden {
		read, err := h.store.Show(t.Context(), show.ID.String())
		require.NoError(t, err, "a link to it still works")
		assert.Equal(t, show.Status, read.Status)
	}
}

func TestWhatWasRetiredIsNotListedButAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	cities, err := h.store.Cities(t.Context())
	require.NoError(t, err)
	require.Len(t, cities, 1)
	for _, table := range []string{"movies", "theaters", "screens"} {
		_, err := h.db.Pool.Exec(t.Context(), `UPDATE `+table+` SET retired_at = now()`)
		require.NoError(t, err)
	}
	assert.Empty(t, allMovies(t, h.store, catalog.MovieFilter{}))
	assert.Empty(t, allTheaters(t, h.store, catalog.TheaterFilter{}))
	assert.Empty(t, allTheaters(t, h.store, catalog.TheaterFilter{Near: "0,0"}))
	cities, err = h.store.Cities(t.Context())
	require.NoError(t, err)
	assert.Empty(t, cities, "without a theater there is nothing to find there")

	movie, err := h.store.Movie(t.Context(), "film")
	require.NoError(t, err)
	assert.NotNil(t, movie.RetiredAt)
	theater, err := h.store.Theater(t.Context(), "house")
	require.NoError(t, err)
	assert.NotNil(t, theater.RetiredAt)
	assert.Empty(t, theater.Screens)
}

// What helps people in is told of house, hall and show.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	_, err := h.db.Pool.Exec(t.Context(), `UPDATE theaters SET accessibility = '{hearing_loop}'`)
	require.NoError(t, err)
	_, err = h.db.Pool.Exec(t.Context(), `UPDATE layouts SET layout = $1`, booking.Layout{Rows: []booking.Row{
		{Label: "A", Category: "gold", Seats: []booking.Seat{{ID: "A1", X: 1, Type: booking.SeatWheelchair},
			{ID: "A2", X: 2, Type: booking.SeatCompanion}, {ID: "A3", X: 3, Type: booking.SeatStandard}}},
		{Label: "B", Category: "gold", Seats: []booking.Seat{{ID: "B1", X: 1, Type: booking.SeatWheelchair}}},
	}})
	require.NoError(t, err)
	plain := h.show(t, time.Now().Add(time.Hour))
	adapted := h.show(t, time.Now().Add(2*time.Hour), func(s *schema.Show) { s.Captions, s.AudioDescription, s.Relaxed = true, true, true })

	theater, err := h.store.Theater(t.Context(), "house")
	require.NoError(t, err)
	assert.Equal(t, []string{"hearing_loop"}, theater.Accessibility)
	require.Len(t, theater.Screens, 1)
	assert.Equal(t, 2, theater.Screens[0].WheelchairSpaces)
	for show, has := range map[uuid.UUID]bool{plain.ID: false, adapted.ID: true} {
		read, err := h.store.Show(t.Context(), show.String())
		require.NoError(t, err)
		assert.Equal(t, []bool{has, has, has}, []bool{read.Captions, read.AudioDescription, read.Relaxed})
		assert.Equal(t, 2, read.WheelchairSpaces)
	}
}

// A day is the theater's day and not that of UTC, also when the clocks change.
func TestADateIsTheTheatersDay(t *testing.T) {
	t.Parallel()
	for _, timeZone := range []string{"Asia/Kolkata", "America/New_York", "Europe/London", "Pacific/Kiritimati", "Pacific/Pago_Pago"} {
		t.Run(timeZone, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, timeZone)
			local := zone(t, timeZone)
			for _, day := range []time.Time{
				time.Now().In(local).AddDate(0, 0, 2), nextClockChange(local), // 23 or 25 hours long
			} {
				at := func(offset, hour, minute int) time.Time {
					return time.Date(day.Year(), day.Month(), day.Day()+offset, hour, minute, 0, 0, local)
				}
				h.show(t, at(-1, 23, 55))
				first, last := h.show(t, at(0, 0, 5)), h.show(t, at(0, 23, 55))
				h.show(t, at(1, 0, 5))
				assert.Equal(t, []uuid.UUID{first.ID, last.ID}, h.listed(t, day.Format(time.DateOnly)), day)

				read, err := h.store.Show(t.Context(), last.ID.String())
				require.NoError(t, err)
				assert.Equal(t, day.Format(time.DateOnly)+"T23:55:00", read.LocalTime)
				assert.Equal(t, time.UTC, read.StartsAt.Location())
				assert.True(t, read.StartsAt.Equal(last.StartsAt.Truncate(time.Microsecond)))
				assert.Equal(t, timeZone, read.TimeZone)
			}
		})
	}
}

// nextClockChange is the next day that is not 24 hours long, or a day in two months in a
// zone without one.
func nextClockChange(local *time.Location) time.Time {
	now := time.Now().In(local)
	for offset := 3; offset < 400; offset++ {
		midnight := time.Date(now.Year(), now.Month(), now.Day()+offset, 0, 0, 0, 0, local)
		next := time.Date(now.Year(), now.Month(), now.Day()+offset+1, 0, 0, 0, 0, local)
		if next.Sub(midnight) != 24*time.Hour {
			return midnight
		}
	}
	return now.AddDate(0, 2, 0)
}

func TestShapes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	show := h.show(t, time.Now().Add(time.Hour))
	read, err := h.store.Show(t.Context(), show.ID.String())
	require.NoError(t, err)
	assert.Equal(t, strings.Fields(`audio_description captions ends_at format id language local_time movie prices relaxed
		sales_close_at sales_open_at screen starts_at status subtitles theater time_zone wheelchair_spaces`), keysOf(t, read))
	assert.Equal(t, map[string]booking.Money{"gold": {Amount: 999, Currency: "GBP"}}, read.Prices)

	movie, err := h.store.Movie(t.Context(), "film")
	require.NoError(t, err)
	assert.Equal(t, strings.Fields(`aliases certificate credits formats genres id languages next_show_at rating
		runtime_minutes slug synopsis title year`), keysOf(t, movie))
	assert.NotNil(t, movie.Aliases, "[] rather than null")
	assert.NotNil(t, movie.Genres)
	assert.NotNil(t, movie.Credits)

	theaters, _, err := h.store.Theaters(t.Context(), catalog.TheaterFilter{Near: "0,0"})
	require.NoError(t, err)
	assert.Equal(t, strings.Fields(`accessibility address amenities city city_name currency distance_km id lat lon name slug time_zone`), keysOf(t, theaters[0]))
	assert.Zero(t, *theaters[0].DistanceKM)
	assert.NotNil(t, theaters[0].Amenities)
	assert.NotNil(t, theaters[0].Accessibility)

	_, err = h.db.Pool.Exec(t.Context(), `DELETE FROM shows`)
	require.NoError(t, err)
	movie, err = h.store.Movie(t.Context(), "film")
	require.NoError(t, err)
	assert.Empty(t, movie.Formats)
	assert.NotNil(t, movie.Formats)
	assert.Nil(t, movie.NextShowAt)
	none, err := h.store.MovieShows(t.Context(), "film", "", "")
	require.NoError(t, err)
	assert.NotNil(t, none.Items)
}
