package demo

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moments are times of the week, of the day and of the year at which a program
// could go wrong: clock changes, midnights that differ between cities, leap day.
var moments = map[string]time.Time{
	"an ordinary Thursday":             time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC),
	"late evening in India":            time.Date(2026, 6, 12, 18, 20, 0, 0, time.UTC),
	"late evening in New York":         time.Date(2026, 6, 13, 3, 30, 0, 0, time.UTC),
	"the day London springs forward":   time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC),
	"the eve of London falling back":   time.Date(2026, 10, 24, 22, 50, 0, 0, time.UTC),
	"the eve of New York springing":    time.Date(2027, 3, 13, 20, 0, 0, 0, time.UTC),
	"the day New York falls back":      time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC),
	"a week that ends in leap day":     time.Date(2028, 2, 24, 6, 0, 0, 0, time.UTC),
	"the last seconds of the old year": time.Date(2026, 12, 31, 23, 59, 59, 999, time.UTC),
}

type house struct {
	theater Theater
	screen  Screen
	zone    *time.Location
}

func houses(t *testing.T) map[uuid.UUID]house {
	t.Helper()
	byScreen := map[uuid.UUID]house{}
	for _, theater := range Theaters() {
		zone, err := time.LoadLocation(theater.TimeZone)
		require.NoError(t, err)
		for _, screen := range theater.Screens {
			byScreen[screen.ID] = house{theater, screen, zone}
		}
	}
	return byScreen
}

func films() map[uuid.UUID]film {
	byID := map[uuid.UUID]film{}
	for _, m := range Movies() {
		byID[m.ID] = m
	}
	return byID
}

// eachProgram runs a subtest for the coming week of every moment.
func eachProgram(t *testing.T, check func(t *testing.T, now time.Time, shows []Show)) {
	for name, now := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, now, Program(now, 7))
		})
	}
}

func TestProgramIsAlwaysAhead(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, now time.Time, shows []Show) {
		screens := houses(t)
		soon := 0
		for _, s := range shows {
			require.True(t, s.StartsAt.After(now))
			require.Equal(t, time.UTC, s.StartsAt.Location())
			zone := screens[s.ScreenID].zone
			year, month, today := now.In(zone).Date()
			end := time.Date(year, month, today+7, 0, 0, 0, 0, zone)
			require.True(t, s.StartsAt.Before(end), "starts within 7 local days")
			if s.StartsAt.Before(now.Add(24 * time.Hour)) {
				soon++
			}
		}
		assert.Greater(t, soon, 100, "shows within 24 hours")
	})
}

func TestProgramNeverOverlaps(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, _ time.Time, shows []Show) {
		free := map[uuid.UUID]time.Time{}
		catalog := films()
		for _, s := range shows {
			require.False(t, s.StartsAt.Before(free[s.ScreenID]), "20 minutes of cleaning before %s", s.StartsAt)
			require.Zero(t, s.StartsAt.Minute()%5)
			require.Zero(t, s.StartsAt.Second())
			runtime := time.Duration(catalog[s.MovieID].RuntimeMinutes) * time.Minute
			require.GreaterOrEqual(t, s.EndsAt.Sub(s.StartsAt), runtime)
			free[s.ScreenID] = s.EndsAt.Add(20 * time.Minute)
		}
	})
}

func TestProgramShowsWhatScreenAndFilmAllow(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, _ time.Time, shows []Show) {
		screens, catalog := houses(t), films()
		id := once[uuid.UUID](t, "show id")
		for _, s := range shows {
			id(s.ID)
			h, movie := screens[s.ScreenID], catalog[s.MovieID]
			require.Equal(t, h.theater.ID, s.TheaterID)
			require.Equal(t, h.theater.Currency, s.Currency)
			require.Contains(t, h.screen.Formats, s.Format)
			require.Contains(t, movie.Formats, s.Format)
			require.Contains(t, movie.Languages, s.Language)
			local := s.StartsAt.In(h.zone)
			require.True(t, local.Hour() >= 8, "%s is no hour to start", local)
		}
	})
}

func TestProgramPricesEveryCategoryOfTheLayout(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, _ time.Time, shows []Show) {
		screens := houses(t)
		for _, s := range shows {
			categories := map[string]bool{}
			for _, row := range screens[s.ScreenID].screen.Layout.Rows {
				categories[row.Category] = true
			}
			require.ElementsMatch(t, slices.Collect(maps.Keys(categories)), slices.Collect(maps.Keys(s.Prices)))
			for category, price := range s.Prices {
				require.Positive(t, price, category)
			}
		}
	})
}

func TestProgramFillsEveryCityEveryDay(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, now time.Time, shows []Show) {
		screens := houses(t)
		days := map[uuid.UUID]map[string]int{}
		for _, s := range shows {
			h := screens[s.ScreenID]
			if days[h.theater.CityID] == nil {
				days[h.theater.CityID] = map[string]int{}
			}
			days[h.theater.CityID][s.StartsAt.In(h.zone).Format(time.DateOnly)]++
		}
		for _, city := range Cities() {
			zone, err := time.LoadLocation(city.TimeZone)
			require.NoError(t, err)
			year, month, today := now.In(zone).Date()
			for offset := 1; offset < 7; offset++ {
				day := time.Date(year, month, today+offset, 12, 0, 0, 0, zone).Format(time.DateOnly)
				assert.GreaterOrEqual(t, days[city.ID][day], 20, "%s on %s", city.Slug, day)
			}
		}
	})
}

func TestProgramShowsEveryFilmWithinTheWeek(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, _ time.Time, shows []Show) {
		on := map[uuid.UUID]bool{}
		for _, s := range shows {
			on[s.MovieID] = true
		}
		for id, movie := range films() {
			assert.True(t, on[id], movie.Slug)
		}
	})
}

func TestProgramIsStableWithinTheDay(t *testing.T) {
	t.Parallel()
	morning := time.Date(2026, 11, 19, 4, 0, 0, 0, time.UTC)
	evening := morning.Add(9 * time.Hour)
	first, again := Program(morning, 7), Program(morning, 7)
	assert.Equal(t, first, again)

	var remaining []Show
	for _, s := range first {
		if s.StartsAt.After(evening) {
			remaining = append(remaining, s)
		}
	}
	// At four in the morning UTC it is still yesterday evening in New York, so
	// the later run sees one more local day there and only there.
	newYork := map[uuid.UUID]bool{}
	for id, h := range houses(t) {
		newYork[id] = h.theater.TimeZone == "America/New_York"
	}
	inNewYork := func(s Show) bool { return newYork[s.ScreenID] }
	later := slices.DeleteFunc(Program(evening, 7), inNewYork)
	assert.Equal(t, slices.DeleteFunc(remaining, inNewYork), later)
}

// The doors open by the wall clock, also after a clock change in the night.
func TestProgramOpensByTheLocalClock(t *testing.T) {
	t.Parallel()
	screens := houses(t)
	for _, change := range []string{"2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01"} {
		sunday, err := time.Parse(time.DateOnly, change)
		require.NoError(t, err)
		opens := map[uuid.UUID]map[string]string{}
		for _, s := range Program(sunday.AddDate(0, 0, -3), 7) {
			local := s.StartsAt.In(screens[s.ScreenID].zone)
			if opens[s.ScreenID] == nil {
				opens[s.ScreenID] = map[string]string{}
			}
			date, clock := local.Format(time.DateOnly), local.Format("15:04")
			if first, ok := opens[s.ScreenID][date]; !ok || clock < first {
				opens[s.ScreenID][date] = clock
			}
		}
		for screen, days := range opens {
			before := sunday.AddDate(0, 0, -1).Format(time.DateOnly)
			after := sunday.AddDate(0, 0, 1).Format(time.DateOnly)
			assert.NotEmpty(t, days[change], screens[screen].theater.Slug)
			assert.Equal(t, days[before], days[change], screens[screen].theater.Slug)
			assert.Equal(t, days[before], days[after], screens[screen].theater.Slug)
		}
	}
}

func TestProgramAgreesOnDaysTwoRunsShare(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC)
	tomorrow := today.Add(24 * time.Hour)
	known := map[uuid.UUID]Show{}
	for _, s := range Program(today, 7) {
		known[s.ID] = s
	}
	shared := 0
	for _, s := range Program(tomorrow, 7) {
		if before, ok := known[s.ID]; ok {
			require.Equal(t, before, s)
			shared++
		}
	}
	assert.Greater(t, shared, 6*40*3)
}

// A day that is over still leaves something to book.
func TestProgramOfOneDayIsNeverEmpty(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)
	for hour := range 24 {
		now := midnight.Add(time.Duration(hour)*time.Hour + 25*time.Minute)
		theaters := map[uuid.UUID]bool{}
		for _, s := range Program(now, 1) {
			require.True(t, s.StartsAt.After(now) && s.StartsAt.Before(now.Add(24*time.Hour)))
			theaters[s.TheaterID] = true
		}
		assert.Len(t, theaters, 12, "at %s", now)
	}
	assert.Empty(t, Program(midnight, 0))
}

func TestProgramIsABelievableDay(t *testing.T) {
	t.Parallel()
	shows := Program(time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), 7)
	screens, catalog := houses(t), films()
	formats, languages := map[string]int{}, map[string]int{}
	full := map[uuid.UUID]map[string]int{}
	var bigHall, smallHall, bigShows, smallShows float64
	for _, s := range shows {
		h := screens[s.ScreenID]
		formats[s.Format]++
		languages[s.Language]++
		if full[s.ScreenID] == nil {
			full[s.ScreenID] = map[string]int{}
		}
		full[s.ScreenID][s.StartsAt.In(h.zone).Format(time.DateOnly)]++
		switch capacity := h.screen.Layout.Capacity(); {
		case capacity >= 240:
			bigHall += catalog[s.MovieID].Popularity
			bigShows++
		case capacity <= 72:
			smallHall += catalog[s.MovieID].Popularity
			smallShows++
		}
	}
	for _, format := range []string{"2D", "3D", "IMAX", "4DX", "Dolby"} {
		assert.GreaterOrEqual(t, formats[format], 15, format)
	}
	for _, language := range []string{"en", "hi", "ta", "te", "kn", "ml", "ko", "ja", "fr", "de"} {
		assert.GreaterOrEqual(t, languages[language], 6, language)
	}
	assert.Greater(t, bigHall/bigShows, smallHall/smallShows+8, "blockbusters play in big halls")
	total, screenDays := 0, 0
	for _, days := range full {
		for date, n := range days {
			if date <= "2026-11-16" {
				continue
			}
			total += n
			screenDays++
			assert.True(t, n >= 4 && n <= 7, "%d shows in a day", n)
		}
	}
	assert.InDelta(t, 5.2, float64(total)/float64(screenDays), 0.4, "shows per screen and day")
}

func TestProgramChargesMoreInTheEveningAndAtTheWeekend(t *testing.T) {
	t.Parallel()
	type slot struct {
		screen           uuid.UUID
		format, category string
	}
	lowest, highest := map[string]map[slot]int64{}, map[string]map[slot]int64{}
	screens := houses(t)
	for _, s := range Program(time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), 7) {
		local := s.StartsAt.In(screens[s.ScreenID].zone)
		band := "weekday"
		switch day := local.Weekday(); {
		case day == time.Saturday || day == time.Sunday:
			band = "weekend"
		case day == time.Friday:
			continue
		}
		if local.Hour() < 17 {
			band += " matinee"
		} else {
			band += " evening"
		}
		if lowest[band] == nil {
			lowest[band], highest[band] = map[slot]int64{}, map[slot]int64{}
		}
		for category, price := range s.Prices {
			at := slot{s.ScreenID, s.Format, category}
			if low, ok := lowest[band][at]; !ok || price < low {
				lowest[band][at] = price
			}
			highest[band][at] = max(highest[band][at], price)
		}
	}
	compared := 0
	for _, pair := range [][2]string{
		{"weekday matinee", "weekday evening"},
		{"weekend matinee", "weekend evening"},
		{"weekday evening", "weekend evening"},
	} {
		for at, price := range highest[pair[0]] {
			if dearer, ok := lowest[pair[1]][at]; ok {
				compared++
				assert.Greater(t, dearer, price, "%v: %s against %s", at, pair[1], pair[0])
			}
		}
	}
	assert.Greater(t, compared, 200)
}

func TestProgramHasSomethingForEveryone(t *testing.T) {
	t.Parallel()
	shows := Program(time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), 7)
	screens, catalog := houses(t), films()
	var captioned, described, relaxed int
	for _, s := range shows {
		h := screens[s.ScreenID]
		can := func(code string) bool { return slices.Contains(h.theater.Accessibility, code) }
		if s.Captions {
			captioned++
			require.True(t, can("captions") || s.Subtitles == s.Language)
		}
		if s.AudioDescription {
			described++
			require.True(t, can("audio_description"))
			require.Equal(t, catalog[s.MovieID].Languages[0], s.Language)
		}
		if s.Relaxed {
			relaxed++
			require.True(t, can("relaxed"))
			require.Less(t, s.StartsAt.In(h.zone).Hour(), 12)
		}
	}
	t.Logf("of %d shows %d captioned, %d described, %d relaxed", len(shows), captioned, described, relaxed)
	assert.Greater(t, captioned, len(shows)/50)
	assert.Greater(t, described, len(shows)/50)
	assert.GreaterOrEqual(t, relaxed, 5)
	assert.Less(t, captioned+described, len(shows)/2, "a filter for it has to leave something out")
}
