package search

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// show is a Show with everything as numbers. Day and band are on the theater's
// clock.
type show struct {
	id                 uuid.UUID
	startsAt           int64 // Unix seconds
	opens, closes      int64 // between these it is sold
	priceMin, priceMax int64
	access             uint64
	movie, theater     uint32
	day                int32 // since 1970-01-01
	format             uint16
	language           uint16
	subtitles          uint16 // a number in languages, too
	currency           uint16
	band               uint8
}

var bandNames = []string{"morning", "afternoon", "evening", "night"}

// bandOf is the part of the day that an hour belongs to. Shows after midnight
// belong to the night before, as people see it, though not to its date.
func bandOf(hour int) uint8 {
	switch {
	case hour < 4 || hour >= 21:
		return 3
	case hour < 12:
		return 0
	case hour < 17:
		return 1
	}
	return 2
}

func dayOf(t time.Time) int32 {
	y, m, d := t.Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func dayName(day int32) string {
	return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly)
}

// layShows groups shows by movie. A show whose movie or theater is not in the
// snapshot is left out.
func (x *Index) layShows(list []Show) {
	movies, theaters := map[uuid.UUID]uint32{}, map[uuid.UUID]uint32{}
	for i, m := range x.movies {
		movies[m.ID] = uint32(i)
	}
	for i, t := range x.theaters {
		theaters[t.ID] = uint32(i)
	}
	x.shows = make([]show, 0, len(list))
	for _, s := range list {
		movie, known := movies[s.MovieID]
		theater, placed := theaters[s.TheaterID]
		if known && placed {
			x.shows = append(x.shows, x.compile(s, movie, theater))
		}
	}
	slices.SortFunc(x.shows, func(a, b show) int {
		return cmp.Or(cmp.Compare(a.movie, b.movie), cmp.Compare(a.startsAt, b.startsAt), slices.Compare(a.id[:], b.id[:]))
	})
	x.showsOf = make([]uint32, len(x.movies)+1)
	for _, s := range x.shows {
		x.showsOf[s.movie+1]++
	}
	for i := range x.movies {
		x.showsOf[i+1] += x.showsOf[i]
	}
}

func (x *Index) compile(s Show, movie, theater uint32) show {
	house := &x.theaters[theater]
	local := s.StartsAt.In(x.zones[house.zone])
	closes := s.StartsAt.Unix()
	if !s.SalesCloseAt.IsZero() {
		closes = min(closes, s.SalesCloseAt.Unix())
	}
	return show{
		id: s.ID, startsAt: s.StartsAt.Unix(), opens: s.SalesOpenAt.Unix(), closes: closes, movie: movie, theater: theater,
		priceMin: s.PriceMin, priceMax: s.PriceMax, currency: x.currencies.number(s.Currency),
		access: house.access | x.accessBits(s.Access), day: dayOf(local), band: bandOf(local.Hour()),
		format: x.formats.number(s.Format), language: x.languages.number(s.Language), subtitles: x.languages.number(s.Subtitles),
	}
}

func (s *show) onSale(now int64) bool { return s.opens <= now && now <= s.closes }

// window is a span of Unix seconds, the end not included.
type window struct{ from, to int64 }

// dateWindow is when a date begins and ends on a theater's clock. An unknown
// date has no time at all.
func dateWindow(date string, now time.Time, zone *time.Location) window {
	local := now.In(zone)
	at := func(days, hour int) int64 {
		return time.Date(local.Year(), local.Month(), local.Day()+days, hour, 0, 0, 0, zone).Unix()
	}
	switch date {
	case "today":
		return window{at(0, 0), at(1, 0)}
	case "tomorrow":
		return window{at(1, 0), at(2, 0)}
	case "tonight":
		if local.Hour() < 4 { // the night is not over yet
			return window{at(-1, 17), at(0, 4)}
		}
		return window{at(0, 17), at(1, 4)}
	case "weekend":
		friday := (int(time.Friday) - int(local.Weekday()) + 7) % 7
		if local.Weekday() == time.Saturday || local.Weekday() == time.Sunday {
			friday -= 7 // it is under way
		}
		return window{at(friday, 17), at(friday+3, 0)}
	}
	day, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		return window{}
	}
	return window{day.Unix(), time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone).Unix()}
}

// KnownBand says whether a time band means anything.
func KnownBand(band string) bool { return slices.Contains(bandNames, strings.ToLower(band)) }

// KnownDate says whether a date filter means anything.
func KnownDate(date string) bool {
	return dateWindow(date, time.Unix(0, 0), time.UTC) != window{}
}

// distanceKM is the way over the globe's surface, by the haversine formula.
func distanceKM(lat1, lon1, lat2, lon2 float64) float64 {
	const earth, degree = 6371.0, math.Pi / 180
	sinLat := math.Sin((lat2 - lat1) * degree / 2)
	sinLon := math.Sin((lon2 - lon1) * degree / 2)
	h := sinLat*sinLat + math.Cos(lat1*degree)*math.Cos(lat2*degree)*sinLon*sinLon
	return 2 * earth * math.Asin(math.Sqrt(min(1, h)))
}
