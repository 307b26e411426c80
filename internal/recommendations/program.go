package recommendations

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/schema"
)

// program is what could be booked in a city at a moment. It never changes.
type program struct {
	readAt time.Time
	films  []film
}

// film is a movie with its shows that can be booked, by start.
type film struct {
	recommend.Film
	card    Movie
	shows   []*showing
	release time.Time
	popular float64 // in the catalog, from 0 to 100
	// free and languages are of all its shows.
	free      int
	languages []string
}

// showing is a show with at least one free seat.
type showing struct {
	Show
	local    time.Time // the theater's wall clock, as if it were UTC
	day      string    // the cinema day
	lat, lon float64
	// captions, described, relaxed and wheelchair say what the show has for people who need it.
	captions, described, relaxed, wheelchair bool
	free                                     int
}

// daysAhead is how many cinema days are looked at.
const daysAhead = 14

// cinemaDay files a show at 00:10 under the evening before, as the first screen does.
const cinemaDay = `(s.starts_at AT TIME ZONE t.time_zone - interval '5 hours')::date`

// readProgram reads the shows of a city that can be booked now, with the seats that are free:
// those that are neither sold nor held. Shows without one are left out.
const readProgram = `
SELECT s.id, s.movie_id, s.starts_at, to_char(s.starts_at AT TIME ZONE t.time_zone, 'YYYY-MM-DD"T"HH24:MI:SS') AS local_time,
	to_char(` + cinemaDay + `, 'YYYY-MM-DD') AS day, s.format, s.language, s.subtitles, s.captions, s.audio_description, s.relaxed,
	l.wheelchair_spaces, l.capacity, s.currency, s.prices, sc.name AS screen,
	t.id AS theater_id, t.slug AS theater_slug, t.name AS theater_name, t.time_zone, t.lat, t.lon,
	(SELECT count(*) FROM seat_claims AS c WHERE c.show_id = s.id AND (c.state = 'sold' OR c.held_until >= now())) AS taken
FROM theaters AS t JOIN shows AS s ON s.theater_id = t.id
JOIN screens AS sc ON sc.id = s.screen_id JOIN layouts AS l ON l.id = s.layout_id
WHERE t.city_id = ? AND t.retired_at IS NULL AND s.status = 'scheduled' AND s.starts_at > now()
	AND s.starts_at < now() + make_interval(days => ?) AND now() BETWEEN s.sales_open_at AND s.sales_close_at
ORDER BY s.starts_at, s.id`

type programRow struct {
	ID               uuid.UUID
	MovieID          uuid.UUID
	StartsAt         time.Time
	LocalTime        string
	Day              string
	Format           string
	Language         string
	Subtitles        string
	Captions         bool
	AudioDescription bool
	Relaxed          bool
	WheelchairSpaces int
	Capacity         int
	Currency         string
	Prices           map[string]int64 `bun:"type:jsonb"`
	Screen           string
	TheaterID        uuid.UUID
	TheaterSlug      string
	TheaterName      string
	TimeZone         string
	Lat, Lon         float64
	Taken            int
}

func loadProgram(ctx context.Context, db *bun.DB, city uuid.UUID) (*program, error) {
	now := time.Now()
	var rows []programRow
	if err := db.NewRaw(readProgram, city, daysAhead).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read the program of a city: %w", err)
	}
	shows := map[uuid.UUID][]*showing{}
	for _, row := range rows {
		if s, bookable := row.showing(); bookable {
			shows[row.MovieID] = append(shows[row.MovieID], &s)
		}
	}
	p := &program{readAt: now}
	if len(shows) == 0 {
		return p, nil
	}
	ids := make([]uuid.UUID, 0, len(shows))
	for id := range shows {
		ids = append(ids, id)
	}
	var movies []schema.Movie
	if err := db.NewSelect().Model(&movies).Where("id IN (?)", bun.List(ids)).Where("retired_at IS NULL").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the movies of a program: %w", err)
	}
	for _, m := range movies {
		p.films = append(p.films, filmOf(m, shows[m.ID]))
	}
	slices.SortFunc(p.films, func(a, b film) int { return cmp.Compare(a.ID, b.ID) })
	return p, nil
}

func filmOf(m schema.Movie, shows []*showing) film {
	f := film{
		Film:  recommend.Film{ID: m.ID.String(), Facts: factsOf(m).Prepared()},
		card:  movieOf(m),
		shows: shows, popular: m.Popularity,
	}
	if m.ReleaseDate != nil {
		f.release = *m.ReleaseDate
	}
	return f.counted()
}

// counted is the film with what its shows have together.
func (f film) counted() film {
	f.free, f.languages = 0, nil
	for _, s := range f.shows {
		f.free += s.free
		if !slices.Contains(f.languages, s.Language) {
			f.languages = append(f.languages, s.Language)
		}
	}
	return f
}

// of is the film with those of its shows that a person can go to: of a day, if one is named.
func (f film) of(p *person, day string) film {
	if day == "" && p.fitsAll() {
		return f // a large city has ten thousand shows
	}
	shows := f.shows
	f.shows = nil
	for _, s := range shows {
		if (day == "" || s.day == day) && p.fits(s) {
			f.shows = append(f.shows, s)
		}
	}
	return f.counted()
}

func movieOf(m schema.Movie) Movie {
	return Movie{ID: m.ID, Slug: m.Slug, Title: m.Title, RuntimeMinutes: m.RuntimeMinutes, Genres: listed(m.Genres),
		Certificate: m.Certificate, Year: m.Year, Languages: listed(m.Languages), PosterURL: m.PosterURL}
}

// listed gives an empty list for a nil one, which would be null in JSON.
func listed(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (r programRow) showing() (s showing, bookable bool) {
	free := r.Capacity - r.Taken
	local, err := time.Parse("2006-01-02T15:04:05", r.LocalTime)
	if free <= 0 || err != nil {
		return s, false
	}
	lowest := booking.Money{Currency: r.Currency}
	if prices := slices.Collect(maps.Values(r.Prices)); len(prices) > 0 {
		lowest.Amount = slices.Min(prices)
	}
	return showing{
		Show: Show{
			ID: r.ID, StartsAt: r.StartsAt.UTC(), LocalTime: r.LocalTime, TimeZone: r.TimeZone,
			Theater: Theater{ID: r.TheaterID, Slug: r.TheaterSlug, Name: r.TheaterName}, Screen: r.Screen,
			Format: r.Format, Language: r.Language, Subtitles: r.Subtitles,
			Availability: booking.AvailabilityOf(r.Capacity, r.Taken), PriceFrom: lowest, Habits: []recommend.Habit{},
		},
		local: local, day: r.Day, lat: r.Lat, lon: r.Lon, free: free,
		captions: r.Captions, described: r.AudioDescription, relaxed: r.Relaxed, wheelchair: r.WheelchairSpaces > 0,
	}, true
}

// has tells whether a show has what makes it accessible, by its code; none that is not known.
func (s *showing) has(need string) bool {
	switch need {
	case "captions":
		return s.captions
	case "audio_description":
		return s.described
	case "relaxed":
		return s.relaxed
	case "wheelchair_spaces":
		return s.wheelchair
	}
	return false
}
