package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // theaters run on local time, also in an image without zone files

	"github.com/google/uuid"
)

// Show is one screening. EndsAt includes trailers and, where the custom is to
// have one, the interval. Subtitles is empty or a BCP 47 language.
type Show struct {
	ID               uuid.UUID
	MovieID          uuid.UUID
	ScreenID         uuid.UUID
	TheaterID        uuid.UUID
	StartsAt         time.Time
	EndsAt           time.Time
	Format           string
	Language         string
	Subtitles        string
	Captions         bool
	AudioDescription bool
	Relaxed          bool
	Prices           map[string]int64 // category → minor units
	Currency         string
}

// CleaningMinutes lie between two shows on a demo screen.
const CleaningMinutes = 20

const (
	trailers   = 10 * time.Minute
	interval   = 15 * time.Minute
	cleaning   = CleaningMinutes * time.Minute
	startsOn   = 5 * time.Minute // starts are rounded up to this
	nextScreen = 10              // minutes between the first shows of two screens, so that the foyer copes
)

// Program gives the shows that start after now in the given number of local
// days, today included. A screen's day depends on the screen and the date alone,
// so runs on the same day, and the days that two runs share, agree in every
// show and id. A theater whose day is over adds what it shows in the next 24
// hours, so that there is always something to book.
func Program(now time.Time, days int) []Show {
	var shows []Show
	for _, t := range world().theaters {
		shows = append(shows, t.program(now, days)...)
	}
	slices.SortFunc(shows, func(a, b Show) int {
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), slices.Compare(a.ScreenID[:], b.ScreenID[:]))
	})
	return shows
}

func (t theater) program(now time.Time, days int) []Show {
	zone, err := time.LoadLocation(t.TimeZone)
	if err != nil {
		panic(fmt.Sprintf("demo: theater %s: %v", t.Slug, err))
	}
	year, month, today := now.In(zone).Date()
	var shows []Show
	for offset := range days {
		for _, show := range t.day(time.Date(year, month, today+offset, 0, 0, 0, 0, zone)) {
			if show.StartsAt.After(now) {
				shows = append(shows, show)
			}
		}
	}
	if len(shows) > 0 || days <= 0 {
		return shows
	}
	for _, show := range t.day(time.Date(year, month, today+1, 0, 0, 0, 0, zone)) {
		if show.StartsAt.Before(now.Add(24 * time.Hour)) {
			shows = append(shows, show)
		}
	}
	return shows
}

// day gives every show of the theater on a local date.
func (t theater) day(date time.Time) []Show {
	var shows []Show
	for i := range t.Screens {
		shows = append(shows, t.screenDay(i, date)...)
	}
	return shows
}

// screenDay fills a screen from opening to the last start. Opening and closing
// are read off the local wall clock; everything between is elapsed time, which
// is why a clock change in the night neither overlaps two shows nor moves one.
func (t theater) screenDay(screen int, date time.Time) []Show {
	choice := newChooser(t, screen, date)
	at := onClock(date, t.opens+screen*nextScreen)
	last := onClock(date, t.lastShow)
	var shows []Show
	for !at.After(last) {
		movie, format := choice.film(at)
		language, subtitles := choice.version(movie)
		ends := at.Add(t.length(movie))
		show := Show{
			ID:      stableID("show", t.Screens[screen].ID.String(), at.UTC().Format(time.RFC3339)),
			MovieID: movie.ID, ScreenID: t.Screens[screen].ID, TheaterID: t.ID,
			StartsAt: at.UTC(), EndsAt: ends.UTC(),
			Format: format, Language: language, Subtitles: subtitles,
			Prices: t.prices(t.Screens[screen].Layout, at, format), Currency: t.Currency,
		}
		t.adapt(&show, movie, at)
		shows = append(shows, show)
		at = roundUp(ends.Add(cleaning), startsOn)
	}
	return shows
}

// adapt says what a show does for people who hear, see or sit differently, as far
// as the house can. It asks the show's id and not the dice, so that it moves no
// other choice of the day.
func (t theater) adapt(show *Show, m film, at time.Time) {
	can := func(code string) bool { return slices.Contains(t.Accessibility, code) }
	lot := show.ID[len(show.ID)-1]
	weekendMorning := (at.Weekday() == time.Saturday || at.Weekday() == time.Sunday) && at.Hour() < 12
	show.Relaxed = can("relaxed") && weekendMorning && lot%2 == 0
	// Subtitles in the language that is spoken are for people who cannot hear it.
	show.Captions = show.Subtitles == show.Language || can("captions") && (show.Relaxed || lot%6 == 0)
	// A description is recorded in the language of the original.
	show.AudioDescription = can("audio_description") && show.Language == m.Languages[0] && lot%3 != 0
}

// length is how long a film occupies a screen. Indian theaters stop every
// feature for an interval.
func (t theater) length(m film) time.Duration {
	length := trailers + time.Duration(m.RuntimeMinutes)*time.Minute
	if t.city.Country == "IN" {
		length += interval
	}
	return length
}

// onClock is the moment at which the date's local wall clock shows the minutes.
func onClock(date time.Time, minutes int) time.Time {
	year, month, day := date.Date()
	return time.Date(year, month, day, 0, minutes, 0, 0, date.Location())
}

// roundUp works on absolute time: every zone in use is whole steps off UTC.
func roundUp(at time.Time, step time.Duration) time.Time {
	return at.Add(step - 1).Truncate(step)
}

func clockMinutes(clock string) int {
	at, err := time.Parse("15:04", clock)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err))
	}
	return at.Hour()*60 + at.Minute()
}

func yearOf(date string) int {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err))
	}
	return day.Year()
}
