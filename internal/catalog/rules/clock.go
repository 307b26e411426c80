package rules

import (
	"slices"
	"time"
)

const (
	localMinute = "2006-01-02T15:04"
	// LocalSecond is how times on a theater's clock are written.
	LocalSecond = "2006-01-02T15:04:05"
)

// WrongZone says what to write for a time zone.
const WrongZone = "Write a time zone of the IANA database, for example Asia/Kolkata."

// ZoneKnown tells whether a name is that of a time zone. "Local" and "localtime" would
// be this machine's.
func ZoneKnown(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local" && name != "localtime"
}

// Zone loads the zone of a theater, which was loaded once before it was stored.
func Zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// OnClock gives the moments at which a zone's clock shows what wall shows in UTC:
// one as a rule, none when the clock is put forward over it, and two, the earlier
// first, when it is put back over it.
func OnClock(wall time.Time, zone *time.Location) []time.Time {
	var moments []time.Time
	// The offsets of the day before and of the day after are those on both sides of
	// a change at that time; no zone is more than 14 hours away from UTC.
	for _, apart := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := wall.Add(apart).In(zone).Zone()
		moment := wall.Add(-time.Duration(offset) * time.Second)
		if shows(moment, zone, wall) && !slices.ContainsFunc(moments, moment.Equal) {
			moments = append(moments, moment)
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	return moments
}

func shows(moment time.Time, zone *time.Location, wall time.Time) bool {
	return moment.In(zone).Format(LocalSecond) == wall.Format(LocalSecond)
}

// LocalStart reads a time on a theater's clock. One that the clock shows twice
// needs its offset from UTC behind it. It reports a problem, and then it gives false.
func (f Report) LocalStart(field, text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{localMinute + "Z07:00", LocalSecond + "Z07:00"} {
		if moment, err := time.Parse(layout, text); err == nil {
			if seen := moment.In(zone).Format(LocalSecond); seen != moment.Format(LocalSecond) {
				f(field, "At that moment the theater's clock (%s) shows %s. Leave the offset out, or use starts_at.", zone, seen)
				return time.Time{}, false
			}
			return f.WholeMinute(field, moment.UTC())
		}
	}
	wall, err := time.Parse(localMinute, text)
	if err != nil {
		if wall, err = time.Parse(LocalSecond, text); err != nil {
			f(field, "Write a time on the theater's clock, for example 2026-03-29T18:30.")
			return time.Time{}, false
		}
	}
	switch moments := OnClock(wall, zone); len(moments) {
	case 0:
		f(field, "This time does not exist: the theater's clock (%s) is put forward over it.", zone)
		return time.Time{}, false
	case 1:
		return f.WholeMinute(field, moments[0])
	default:
		f(field, "The theater's clock (%s) shows this time twice. Write %s or %s.", zone,
			moments[0].In(zone).Format(localMinute+"Z07:00"), moments[1].In(zone).Format(localMinute+"Z07:00"))
		return time.Time{}, false
	}
}

// Moment reads a time of RFC 3339. Nil for none; it reports a problem, and then it gives nil.
func (f Report) Moment(field string, text *string) *time.Time {
	if text == nil {
		return nil
	}
	moment, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		f(field, "Write a time as RFC 3339 has it, for example 2026-03-29T18:30:00Z.")
		return nil
	}
	moment, fine := f.WholeMinute(field, moment.UTC())
	if !fine {
		return nil
	}
	return &moment
}

// WholeMinute refuses what no clock of a theater shows, and years that Postgres
// or a typing error would make of a date.
func (f Report) WholeMinute(field string, moment time.Time) (time.Time, bool) {
	if !moment.Equal(moment.Truncate(time.Minute)) {
		f(field, "Must be a whole minute.")
		return time.Time{}, false
	}
	if moment.Year() < 2000 || moment.Year() > 2199 {
		f(field, "Must be a year from 2000 to 2199.")
		return time.Time{}, false
	}
	return moment, true
}
