package documents

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
)

// Day is a day of UTC, counted from 1 January 1970.
type Day int

// DayOf is the day that a time is in.
func DayOf(t time.Time) Day {
	return Day(math.Floor(float64(t.Unix()) / aDay.Seconds()))
}

// Start is the first moment of the day.
func (d Day) Start() time.Time { return time.Unix(int64(d)*int64(aDay.Seconds()), 0).UTC() }

func (d Day) String() string { return d.Start().Format(time.DateOnly) }

// mostDays bounds what one query reads.
const mostDays = 400

// CounterKey is what a counter counts.
type CounterKey struct {
	City uuid.UUID // uuid.Nil for events without a city
	Day  Day
	Film uuid.UUID
	Kind Kind
}

// String sorts as counters are sorted.
func (k CounterKey) String() string {
	return strings.Join([]string{k.City.String(), k.Day.String(), k.Film.String(), string(k.Kind)}, "|")
}

// ReadCounterKey reads what String wrote. Code: validation_failed.
func ReadCounterKey(text string) (CounterKey, error) {
	foreign := booking.Invalid(paging.Foreign())
	parts := strings.Split(text, "|")
	if len(parts) != 4 {
		return CounterKey{}, foreign
	}
	city, noCity := uuid.Parse(parts[0])
	day, noDay := time.Parse(time.DateOnly, parts[1])
	film, noFilm := uuid.Parse(parts[2])
	if noCity != nil || noDay != nil || noFilm != nil || !word.MatchString(parts[3]) {
		return CounterKey{}, foreign
	}
	return CounterKey{City: city, Day: DayOf(day), Film: film, Kind: Kind(parts[3])}, nil
}

// Count is a counter.
type Count struct {
	CounterKey
	// Events is how many there were.
	Events int
	// People is how many different people they were of. Events without a person do not count.
	People int
}

// RangeQuery asks for counters of a city.
type RangeQuery struct {
	City     uuid.UUID // uuid.Nil for events without a city
	From, To Day       // both included, 400 days at most
	Film     uuid.UUID // uuid.Nil for all
	Kinds    []Kind    // all when empty
	Cursor   string    // Next of the page before; empty for the first
	Limit    int       // 1000 when zero, 5000 at most
}

// Size is how many counters a page has.
func (q RangeQuery) Size() int { return limit(q.Limit, 1000, 5000) }

// After is the last key of the page before; nil for the first. Code: validation_failed.
func (q RangeQuery) After() (*CounterKey, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return nil, booking.Invalid(paging.Foreign())
	}
	key, err := ReadCounterKey(string(text))
	if err != nil || key.City != q.City {
		return nil, booking.Invalid(paging.Foreign())
	}
	return &key, nil
}

// CheckDays is for stores. Code: validation_failed.
func CheckDays(from, to Day) error {
	var wrong problems
	wrong.time("from", from.Start())
	wrong.time("to", to.Start())
	if to < from || to-from >= mostDays {
		wrong.Add("to", "Choose a day from %s to %s.", from, from+mostDays-1)
	}
	return wrong.Err()
}

// CheckFold is for stores. Code: validation_failed.
func CheckFold(from, to Day, kinds []Kind) error {
	if len(kinds) == 0 {
		return booking.Invalid(booking.FieldError{Field: "kinds", Message: "Name the kinds to count."})
	}
	return CheckDays(from, to)
}

// CountPage is a part of a list of counters.
type CountPage struct {
	Counts []Count
	Next   string // empty when this is the last
}

// CutCounts is for stores: it makes a page of rows of which one more was read than it has.
func CutCounts(rows []Count, size int) CountPage {
	page, next := paging.Cut(rows, size, func(last Count) string {
		return base64.RawURLEncoding.EncodeToString([]byte(last.CounterKey.String()))
	})
	return CountPage{Counts: page, Next: next}
}

// TopQuery asks for the films with the highest scores. A film's score is the sum, over kinds
// and days, of its counters times the weight of the kind; a counter is worth half as much for
// each half-life between its day and To.
type TopQuery struct {
	City     uuid.UUID // uuid.Nil for all cities
	From, To Day       // both included, 400 days at most
	// HalfLife is in days; 0 is no decay.
	HalfLife float64
	// Weights names the kinds that count. A negative one takes back.
	Weights map[Kind]float64
	// People counts different people each day, not events.
	People bool
	Limit  int // 20 when zero, 1000 at most
}

// Size is how many films are asked for.
func (q TopQuery) Size() int { return limit(q.Limit, 20, 1000) }

// Check finds what a store would not take. Code: validation_failed.
func (q TopQuery) Check() error {
	var wrong problems
	wrong.between("half_life", q.HalfLife, 0, math.MaxInt32)
	if len(q.Weights) == 0 {
		wrong.Add("weights", "Name the kinds that count.")
	}
	for _, weight := range q.Weights {
		wrong.between("weights", weight, -math.MaxInt32, math.MaxInt32)
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return CheckDays(q.From, q.To)
}

// Kinds are the kinds that count, sorted.
func (q TopQuery) Kinds() []Kind {
	kinds := make([]Kind, 0, len(q.Weights))
	for kind := range q.Weights {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// Worth is what one event of a counter adds to a score.
func (q TopQuery) Worth(key CounterKey) float64 {
	worth := q.Weights[key.Kind]
	if q.HalfLife > 0 {
		worth *= math.Pow(0.5, float64(q.To-key.Day)/q.HalfLife)
	}
	return worth
}

// Best is for stores that add the scores up here.
func (q TopQuery) Best(scores map[uuid.UUID]float64) []Scored {
	best := make([]Scored, 0, len(scores))
	for film, score := range scores {
		if score > 0 {
			best = append(best, Scored{Film: film, Score: score})
		}
	}
	slices.SortFunc(best, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), bytes.Compare(a.Film[:], b.Film[:]))
	})
	return best[:min(len(best), q.Size())]
}

// Scored is a film with its score, which is above 0.
type Scored struct {
	Film  uuid.UUID
	Score float64
}

// Until is when the time of a day's counters is over.
func (d Day) Until(kept Retention) time.Time { return (d + 1).Start().Add(kept.Counters) }
