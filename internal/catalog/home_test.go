package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/schema"
)

func (h *house) home(t *testing.T, date string) catalog.Home {
	t.Helper()
	home, err := h.store.Home(t.Context(), "city", date)
	require.NoError(t, err)
	return home
}

// film adds another film.
func (h *house) film(t *testing.T, slug string, changes ...func(*schema.Movie)) *schema.Movie {
	t.Helper()
	movie := *h.movie
	movie.ID, movie.Slug, movie.Title = uuid.New(), slug, slug
	for _, change := range changes {
		change(&movie)
	}
	_, err := h.db.Bun.NewInsert().Model(&movie).Exec(t.Context())
	require.NoError(t, err)
	return &movie
}

func of(movie *schema.Movie) func(*schema.Show) {
	return func(s *schema.Show) { s.MovieID = movie.ID }
}

// later is a show that is planned and not sold yet.
func later(s *schema.Show) { s.SalesOpenAt = time.Now().Add(time.Minute) }

// shown is the shows of a home screen, by film.
func shown(home catalog.Home) map[string][]uuid.UUID {
	shows := map[string][]uuid.UUID{}
	for _, item := range home.Movies {
		for _, show := range item.Shows {
			shows[item.Movie.Slug] = append(shows[item.Movie.Slug], show.ID)
		}
	}
	return shows
}

func slugs(movies []catalog.Movie) []string {
	slugs := []string{}
	for _, movie := range movies {
		slugs = append(slugs, movie.Slug)
	}
	return slugs
}

// A cinema day is from 05:00 to 05:00 on the theater's clock, also when the clocks change.
func TestHomeFilesAShowAtNightUnderTheEveningBefore(t *testing.T) {
	t.Parallel()
	for _, timeZone := range []string{"Asia/Kolkata", "America/New_York", "Europe/London", "Pacific/Kiritimati", "Pacific/Pago_Pago"} {
		t.Run(timeZone, func(t *testing.T) {
			t.Parallel()
			local, h := zone(t, timeZone), newHouse(t, timeZone)
			for _, day := range []time.Time{
				time.Now().In(local).AddDate(0, 0, 3), nextClockChange(local), nextClockChange(local).AddDate(0, 0, -1),
			} {
				_, err := h.db.Pool.Exec(t.Context(), `DELETE FROM shows`)
				require.NoError(t, err)
				at := func(offset, hour, minute int) time.Time {
					return time.Date(day.Year(), day.Month(), day.Day()+offset, hour, minute, 0, 0, local)
				}
				before := h.show(t, at(0, 4, 59))
				first, evening := h.show(t, at(0, 5, 0)), h.show(t, at(0, 23, 55))
				night, last := h.show(t, at(1, 0, 10)), h.show(t, at(1, 4, 59))
				after := h.show(t, at(1, 5, 0))
				days := []string{at(-1, 12, 0).Format(time.DateOnly), at(0, 12, 0).Format(time.DateOnly), at(1, 12, 0).Format(time.DateOnly)}
				for date, want := range map[string][]uuid.UUID{
					days[0]: {before.ID}, "": {before.ID}, // the first day is shown unless another is chosen
					days[1]: {first.ID, evening.ID, night.ID, last.ID}, days[2]: {after.ID},
				} {
					home := h.home(t, date)
					assert.Equal(t, days, home.Days)
					assert.Equal(t, want, shown(home)["film"], "%s in %v", date, days)
				}
				assert.Equal(t, days[0], h.home(t, "").Date)
				assert.Equal(t, days[2], h.home(t, days[2]).Date)
			}
		})
	}
}

func TestHomeShowsWhatCanBeBooked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	now := time.Now()
	next := h.show(t, now.Add(30*time.Hour))
	day := h.home(t, "").Days
	require.Len(t, day, 1)
	for name, change := range map[string]func(*schema.Show){
		"runs already":   func(s *schema.Show) { s.StartsAt, s.SalesCloseAt = now.Add(-time.Minute), s.EndsAt },
		"over":           func(s *schema.Show) { s.StartsAt, s.EndsAt = now.Add(-48*time.Hour), now.Add(-46*time.Hour) },
		"cancelled":      func(s *schema.Show) { s.Status = booking.ShowCancelled },
		"not sold yet":   func(s *schema.Show) { s.SalesOpenAt = now.Add(time.Hour) },
		"sold no longer": func(s *schema.Show) { s.SalesCloseAt = now.Add(-time.Second) },
	} {
		h.show(t, now.Add(29*time.Hour), change)
		home := h.home(t, "")
		assert.Equal(t, day, home.Days, name)
		assert.Equal(t, map[string][]uuid.UUID{"film": {next.ID}}, shown(home), name)
	}

	_, err := h.db.Pool.Exec(t.Context(), `UPDATE shows SET sales_close_at = now() WHERE id = $1`, next.ID)
	require.NoError(t, err)
	assert.Empty(t, h.home(t, "").Movies, "a show leaves when its sale ends")
	assert.Empty(t, h.home(t, "").Days)
}

func TestHomeOfACityWithoutShows(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Pacific/Kiritimati")
	today := func() string {
		return time.Now().In(zone(t, "Pacific/Kiritimati")).Add(-5 * time.Hour).Format(time.DateOnly)
	}
	before := today()
	home := h.home(t, "")
	assert.Contains(t, []string{before, today()}, home.Date, "the day may begin meanwhile")
	assert.Equal(t, "city", home.City.Slug)
	assert.Equal(t, []string{}, home.Days)
	assert.NotNil(t, home.Movies, "[] rather than null")
	assert.Empty(t, home.Movies)
	assert.NotNil(t, home.ComingSoon)
	assert.Empty(t, home.ComingSoon)
	assert.Equal(t, strings.Fields(`city coming_soon date days movies`), keysOf(t, home))
	assert.Equal(t, "2020-02-02", h.home(t, "2020-02-02").Date, "a day of the past is empty, too")
}

func TestHomeOffersTwoWeeks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	noon := time.Now().In(zone(t, "Europe/London"))
	noon = time.Date(noon.Year(), noon.Month(), noon.Day(), 12, 0, 0, 0, noon.Location())
	var want []string
	for n := range 16 { // every second day
		day := noon.AddDate(0, 0, 2+2*n)
		want = append(want, day.Format(time.DateOnly))
		h.show(t, day)
	}
	assert.Equal(t, want[:14], h.home(t, "").Days)
	assert.Len(t, h.home(t, want[15]).Movies, 1, "a link to a later day works")
}

func TestHomeSaysHowFullAShowIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	_, err := h.db.Pool.Exec(t.Context(), `UPDATE layouts SET capacity = 20`)
	require.NoError(t, err)
	starts := time.Now().Add(30 * time.Hour)
	claim := func(show schema.Show, count int, state string, heldUntil *time.Time) {
		t.Helper()
		_, err := h.db.Pool.Exec(t.Context(), `INSERT INTO seat_claims (show_id, seat, booking_id, state, held_until)
			SELECT $1, $3 || n, gen_random_uuid(), $3, $4 FROM generate_series(1, $2::int) n`, show.ID, count, state, heldUntil)
		require.NoError(t, err)
	}
	until, expired := starts, time.Now().Add(-time.Second)
	want := map[uuid.UUID]string{}
	for _, test := range []struct {
		sold, held int
		want       string
	}{{0, 0, "plenty"}, {5, 4, "plenty"}, {6, 4, "filling"}, {17, 0, "filling"}, {17, 1, "last_seats"}, {0, 19, "last_seats"}, {15, 5, "sold_out"}} {
		show := h.show(t, starts)
		claim(show, test.sold, "sold", nil)
		claim(show, test.held, "held", &until)
		want[show.ID] = test.want
	}
	freed := h.show(t, starts)
	claim(freed, 20, "held", &expired)
	want[freed.ID] = "plenty"

	got := map[uuid.UUID]string{}
	for _, show := range h.home(t, "").Movies[0].Shows {
		got[show.ID] = string(show.Availability)
	}
	assert.Equal(t, want, got)
}

// Films are in the order of their next start, shows by start, of all theaters of the city
// and of no other.
func TestHomeIsInTheOrderOfTheNextStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	day := time.Now().In(zone(t, "Europe/London")).AddDate(0, 0, 2)
	at := func(hour int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, day.Location())
	}
	other := *h.theater
	other.ID, other.Slug, other.Name = uuid.New(), "annex", "Annex"
	abroad := &schema.City{ID: uuid.New(), Slug: "abroad", Name: "Abroad", Country: "FR", TimeZone: "Europe/Paris", Currency: "EUR"}
	away := other
	away.ID, away.Slug, away.CityID = uuid.New(), "away", abroad.ID
	for _, row := range []any{&other, abroad, &away} {
		_, err := h.db.Bun.NewInsert().Model(row).Exec(t.Context())
		require.NoError(t, err)
	}
	in := func(theater schema.Theater) func(*schema.Show) {
		return func(s *schema.Show) { s.TheaterID = theater.ID }
	}
	early, popular := h.film(t, "early"), h.film(t, "popular", func(m *schema.Movie) { m.Popularity = 9 })
	third := h.show(t, at(20))
	first, second := h.show(t, at(14)), h.show(t, at(17), in(other))
	of9, of21 := h.show(t, at(9), of(early)), h.show(t, at(21), of(early))
	same := h.show(t, at(14), of(popular), func(s *schema.Show) { s.Format = "IMAX" })
	h.show(t, at(8), in(away))

	home := h.home(t, "")
	var order []string
	for _, item := range home.Movies {
		order = append(order, item.Movie.Slug)
		assert.Equal(t, item.Shows[0].StartsAt, *item.Movie.NextShowAt)
	}
	assert.Equal(t, []string{"early", "popular", "film"}, order)
	assert.Equal(t, map[string][]uuid.UUID{"early": {of9.ID, of21.ID}, "popular": {same.ID}, "film": {first.ID, second.ID, third.ID}}, shown(home))
	assert.Equal(t, []string{"IMAX"}, home.Movies[1].Movie.Formats)
	assert.Equal(t, "annex", home.Movies[2].Shows[1].Theater.Slug)
}

// A show says the same as among the shows of its film, and a film as in the list.
func TestHomeRepeatsWhatTheListsSay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Asia/Kolkata")
	show := h.show(t, time.Now().Add(30*time.Hour), func(s *schema.Show) {
		s.Format, s.Language, s.Subtitles, s.Prices = "IMAX", "fr", "en", map[string]int64{"gold": 900, "silver": 450, "sofa": 1200}
	})
	_, err := h.db.Pool.Exec(t.Context(), `INSERT INTO movie_ratings (movie_id, sum, count) VALUES ($1, 9, 2)`, h.movie.ID)
	require.NoError(t, err)

	home := h.home(t, "")
	movies := allMovies(t, h.store, catalog.MovieFilter{City: "city"})
	cities, err := h.store.Cities(t.Context())
	require.NoError(t, err)
	assert.Equal(t, cities[0], home.City)
	require.Len(t, home.Movies, 1)
	assert.Equal(t, movies[0], home.Movies[0].Movie)
	require.Len(t, home.Movies[0].Shows, 1)
	got := home.Movies[0].Shows[0]
	listed, err := h.store.Show(t.Context(), show.ID.String())
	require.NoError(t, err)
	assert.Equal(t, listed.StartsAt, got.StartsAt)
	assert.Equal(t, []string{listed.LocalTime, listed.TimeZone, listed.Format, listed.Language, listed.Subtitles, listed.Screen.Name, listed.Theater.Name},
		[]string{got.LocalTime, got.TimeZone, got.Format, got.Language, got.Subtitles, got.Screen, got.Theater.Name})
	assert.Equal(t, booking.Money{Amount: 450, Currency: "GBP"}, got.PriceFrom)
	assert.Equal(t, strings.Fields(`availability format id language local_time price_from screen starts_at subtitles theater time_zone`), keysOf(t, got))
}

func TestHomeAnnouncesWhatComesSoon(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	now := time.Now()
	released := func(days int) func(*schema.Movie) {
		day := now.In(zone(t, "Europe/London")).AddDate(0, 0, days)
		return func(m *schema.Movie) { m.ReleaseDate = &day }
	}
	retired := func(m *schema.Movie) { m.RetiredAt = &now }
	h.film(t, "out already", released(-1))
	h.film(t, "no day is known")
	h.film(t, "withdrawn", released(9), retired)
	h.film(t, "in 9 days", released(9))
	h.film(t, "in 9 days and wanted", released(9), func(m *schema.Movie) { m.Popularity = 5 })
	h.film(t, "in 30 days", released(30))

	planned := h.film(t, "planned", released(-100))
	h.show(t, now.Add(20*24*time.Hour), of(planned), later, func(s *schema.Show) { s.Format = "IMAX" })
	next := h.show(t, now.Add(6*24*time.Hour), of(planned), later)
	again := h.film(t, "between two runs")
	h.show(t, now.Add(-5*24*time.Hour), of(again))
	h.show(t, now.Add(5*24*time.Hour), of(again), later)
	onSale := h.film(t, "on sale for a later day", released(-1))
	h.show(t, now.Add(8*24*time.Hour), of(onSale))
	cancelled := h.film(t, "cancelled")
	h.show(t, now.Add(5*24*time.Hour), of(cancelled), later, func(s *schema.Show) { s.Status = booking.ShowCancelled })

	preview := h.film(t, "preview", released(3))
	h.show(t, now.Add(4*24*time.Hour), of(preview))
	h.show(t, now.Add(24*time.Hour))

	home := h.home(t, "")
	assert.Equal(t, []string{"preview", "planned", "in 9 days and wanted", "in 9 days", "in 30 days"}, slugs(home.ComingSoon))
	assert.Equal(t, []string{"2D", "IMAX"}, home.ComingSoon[1].Formats)
	assert.True(t, next.StartsAt.Truncate(time.Microsecond).Equal(*home.ComingSoon[1].NextShowAt))
	assert.Equal(t, time.UTC, home.ComingSoon[1].NextShowAt.Location())
	assert.Nil(t, home.ComingSoon[2].NextShowAt)
	assert.Equal(t, []string{}, home.ComingSoon[2].Formats)

	thatDay := h.home(t, home.Days[1])
	assert.Contains(t, shown(thatDay), "preview")
	assert.NotContains(t, slugs(thatDay.ComingSoon), "preview", "it is shown already")

	for n := range 12 {
		h.film(t, fmt.Sprint("many", n), released(2))
	}
	assert.Len(t, h.home(t, "").ComingSoon, 12)
}
