package recommend

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Visit is a show that a person booked, in the past or to come.
type Visit struct {
	Theater      string    // id
	Local        time.Time // start on the theater's wall clock; the zone is not read
	PricePerSeat int64     // in minor units; 0 or less says nothing about prices
	Currency     string
	Rows         []string // that they sat in
}

// Showing is a show that can be booked.
type Showing struct {
	ID, Theater string
	Local       time.Time // start on the theater's wall clock; the zone is not read
	PriceFrom   int64     // of the cheapest seat, in minor units
	Currency    string
	KM          float64 // from the person to the theater; below 0 when it is not known
}

// Habit is what of a show is as the person usually has it.
type Habit string

// The habits, those that count most first.
const (
	HabitTheater Habit = "theater"
	HabitTime    Habit = "time"    // of the day
	HabitWeekday Habit = "weekday" // of the cinema's day, see dayBegins
	HabitPrice   Habit = "price"
)

// ChosenShow is one of the best shows for a person.
type ChosenShow struct {
	ID     string
	Habits []Habit // that it meets, in the order theater, weekday, time, price; never nil
	Row    string  // that the person usually has at this theater; empty when no row is usual
}

const (
	// dayBegins is when a cinema's day begins: a show at 00:30 is of the evening before.
	dayBegins = 5 * time.Hour
	// leastVisits and leastShare are the evidence for a habit: so many visits, and such a share of
	// all, where visits weigh by how recent they are.
	leastVisits = 2
	leastShare  = 0.5
	// visitsForHalf is how many later visits halve the weight of one.
	visitsForHalf = 8
	// mostVisits are read; those before them weigh nothing.
	mostVisits = 200
	// nearTime is how far from the usual time a show is at that time. Bands of the day would part
	// 17:55 from 18:00.
	nearTime = 90 * time.Minute
	// A price is usual from half of it, as a hall that has the usual seats has cheaper ones, to a
	// tenth above it. Prices of visits are alike that differ by a quarter.
	cheapest, dearest, alikePrice = 0.5, 1.1, 0.25
	// apart is how far from each other the shows of one theater are chosen, while there are others.
	apart = time.Hour
	// kmAsLater is how much later a show may begin to be as good as one that is a kilometer farther.
	kmAsLater = 10 * time.Minute
	// farthest is the distance, in km, above which all are equally far.
	farthest = 100
	// rounding is by how much sums may differ that are equal.
	rounding = 1e-9
)

// habits are all, in the order that shows name them. Their worth orders shows: where and when decide
// more than the price, and time with weekday more than the theater alone.
var habits = [...]struct {
	habit Habit
	worth int
}{{HabitTheater, 5}, {HabitWeekday, 3}, {HabitTime, 4}, {HabitPrice, 1}}

// met says of each of habits whether a show meets it.
type met [len(habits)]bool

// Habits are what a person usually chooses. The zero value is a person without habits.
type Habits struct {
	theater string            // read only if known
	weekday time.Weekday      // read only if known
	minute  float64           // from the beginning of the cinema's day; read only if known
	prices  map[string]usual  // by currency
	rows    map[string]string // by theater

	hasTheater, hasWeekday, hasMinute bool
}

// usual is a price per seat, in minor units.
type usual float64

// HabitsOf finds out what is usual in a person's visits, in any order. It takes two visits, and half
// of all by weight, to make a habit; later visits weigh more. Of a row it is enough that it was had
// twice, more often than any other, or at the only visit of a theater.
func HabitsOf(visits []Visit) Habits {
	var h Habits
	visits = latest(visits)
	weights := recency(visits)
	var theaters tally[string]
	var days tally[time.Weekday]
	for i, v := range visits {
		theaters.add(v.Theater, weights[i])
		days.add(weekdayOf(wall(v.Local)), weights[i])
	}
	h.theater, h.hasTheater = theaters.usual()
	h.weekday, h.hasWeekday = days.usual()
	h.minute, h.hasMinute = usualMinute(visits, weights)
	h.prices = usualPrices(visits, weights)
	h.rows = usualRows(visits)
	return h
}

// Choose gives the n best shows, the best first: those that meet most habits, then those that begin
// soon and are near. Of a theater's shows within an hour there is one, while there are others.
func (h Habits) Choose(shows []Showing, n int) []ChosenShow {
	if n <= 0 || len(shows) == 0 {
		return []ChosenShow{}
	}
	list := h.rank(shows)
	var first, rest []int // places in list
	for i := range list {
		if len(first) == n {
			break
		}
		beside := slices.ContainsFunc(first, func(k int) bool {
			return list[k].Theater == list[i].Theater && list[k].start.Sub(list[i].start).Abs() < apart
		})
		if beside {
			rest = append(rest, i)
		} else {
			first = append(first, i)
		}
	}
	first = append(first, rest...)
	chosen := make([]ChosenShow, 0, min(n, len(first)))
	for _, i := range first[:min(n, len(first))] {
		chosen = append(chosen, ChosenShow{ID: list[i].ID, Habits: list[i].met.list(), Row: h.rows[list[i].Theater]})
	}
	return chosen
}

// ranked is a show with what orders it.
type ranked struct {
	*Showing
	start time.Time
	met   met
	worth int
	later time.Duration // than the soonest, with the way to it
}

func (h Habits) rank(shows []Showing) []ranked {
	list := make([]ranked, len(shows))
	soonest, far := wall(shows[0].Local), 0.0 // far is what is not known
	for i := range shows {
		start := wall(shows[i].Local)
		list[i] = ranked{Showing: &shows[i], start: start, met: h.metBy(shows[i], start)}
		for k, meets := range list[i].met {
			if meets {
				list[i].worth += habits[k].worth
			}
		}
		if start.Before(soonest) {
			soonest = start
		}
		far = max(far, distance(shows[i].KM, 0))
	}
	for i := range list {
		list[i].later = list[i].start.Sub(soonest) + time.Duration(distance(list[i].KM, far)*float64(kmAsLater))
	}
	slices.SortFunc(list, func(a, b ranked) int {
		if order := cmp.Or(cmp.Compare(b.worth, a.worth), cmp.Compare(a.later, b.later)); order != 0 {
			return order
		}
		return cmp.Or(a.start.Compare(b.start), strings.Compare(a.ID, b.ID))
	})
	return list
}

// metBy says which habits a show meets.
func (h Habits) metBy(show Showing, start time.Time) met {
	price, priced := h.prices[show.Currency]
	from := float64(show.PriceFrom)
	return met{
		h.hasTheater && show.Theater == h.theater,
		h.hasWeekday && weekdayOf(start) == h.weekday,
		h.hasMinute && math.Abs(minuteOf(start)-h.minute) <= nearTime.Minutes(),
		priced && from >= cheapest*float64(price) && from <= dearest*float64(price),
	}
}

// list names the habits that are met.
func (m met) list() []Habit {
	list := []Habit{}
	for k, meets := range m {
		if meets {
			list = append(list, habits[k].habit)
		}
	}
	return list
}

// distance is in km; unknown is given for one that is not known.
func distance(km, unknown float64) float64 {
	if !(km >= 0) { // not a number is not known either
		return unknown
	}
	return min(km, farthest)
}

// wall is what the clock on the wall shows, in a zone that all times can be compared in.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// weekdayOf is the weekday that the cinema's day is called by.
func weekdayOf(wall time.Time) time.Weekday { return wall.Add(-dayBegins).Weekday() }

// minuteOf counts from the beginning of the cinema's day, so that 23:50 is near 00:20.
func minuteOf(wall time.Time) float64 {
	day := wall.Add(-dayBegins)
	return float64(day.Hour()*60 + day.Minute())
}

// latest are the visits that still weigh something, the last first. Of one moment the order is the
// same for any order that they come in.
func latest(visits []Visit) []Visit {
	list := slices.Clone(visits)
	slices.SortFunc(list, func(a, b Visit) int {
		return cmp.Or(wall(b.Local).Compare(wall(a.Local)), strings.Compare(a.Theater, b.Theater),
			strings.Compare(a.Currency, b.Currency), cmp.Compare(a.PricePerSeat, b.PricePerSeat), slices.Compare(a.Rows, b.Rows))
	})
	return list[:min(len(list), mostVisits)]
}

// recency weighs each visit: half for each visitsForHalf visits after it. Visits of one moment weigh
// the same.
func recency(latest []Visit) []float64 {
	weights := make([]float64, len(latest))
	after := 0
	for i, v := range latest {
		if i > 0 && wall(v.Local).Before(wall(latest[i-1].Local)) {
			after = i
		}
		weights[i] = math.Exp2(-float64(after) / visitsForHalf)
	}
	return weights
}

// tally counts visits by what they were like.
type tally[T comparable] struct {
	visits map[T]int
	weight map[T]float64
	all    float64
}

func (t *tally[T]) add(value T, weight float64) {
	if t.visits == nil {
		t.visits, t.weight = map[T]int{}, map[T]float64{}
	}
	t.visits[value]++
	t.weight[value] += weight
	t.all += weight
}

// usual is the value with the evidence of a habit; of two that share all equally, none.
func (t *tally[T]) usual() (value T, found bool) {
	for v, weight := range t.weight {
		if t.visits[v] < leastVisits || weight < leastShare*t.all-rounding {
			continue
		}
		if found {
			var none T
			return none, false
		}
		value, found = v, true
	}
	return value, found
}

// usualMinute is the middle of the visits around the one that has most of the others near it, if
// those are evidence enough.
func usualMinute(visits []Visit, weights []float64) (minute float64, found bool) {
	minutes := make([]float64, len(visits))
	for i, v := range visits {
		minutes[i] = minuteOf(wall(v.Local))
	}
	all, most, center := 0.0, 0.0, 0.0
	for i := range visits {
		all += weights[i]
		near, n := 0.0, 0
		for k := range visits {
			if math.Abs(minutes[k]-minutes[i]) <= nearTime.Minutes() {
				near += weights[k]
				n++
			}
		}
		better := near > most+rounding || near > most-rounding && minutes[i] < center
		if n >= leastVisits && better {
			most, center = near, minutes[i]
		}
	}
	if most == 0 || most < leastShare*all-rounding {
		return 0, false
	}
	sum, weight := 0.0, 0.0
	for k := range visits {
		if math.Abs(minutes[k]-center) <= nearTime.Minutes() {
			sum += weights[k] * minutes[k]
			weight += weights[k]
		}
	}
	return sum / weight, true
}

// usualPrices are the middle prices per seat of those currencies in which most visits cost about the
// same.
func usualPrices(visits []Visit, weights []float64) map[string]usual {
	type paid struct{ price, weight float64 }
	by := map[string][]paid{}
	for i, v := range visits {
		if v.PricePerSeat > 0 {
			by[v.Currency] = append(by[v.Currency], paid{float64(v.PricePerSeat), weights[i]})
		}
	}
	prices := map[string]usual{}
	for currency, list := range by {
		slices.SortFunc(list, func(a, b paid) int { return cmp.Or(cmp.Compare(a.price, b.price), cmp.Compare(a.weight, b.weight)) })
		all := 0.0
		for _, p := range list {
			all += p.weight
		}
		middle, below := 0.0, 0.0
		for _, p := range list {
			if below += p.weight; below >= all/2 {
				middle = p.price
				break
			}
		}
		alike, n := 0.0, 0
		for _, p := range list {
			if math.Abs(p.price-middle) <= alikePrice*middle {
				alike += p.weight
				n++
			}
		}
		if n >= leastVisits && alike >= leastShare*all-rounding {
			prices[currency] = usual(middle)
		}
	}
	return prices
}

// usualRows are the rows that were had most often, by theater, in two visits or more. Two rows that
// were had equally often give none.
func usualRows(visits []Visit) map[string]string {
	counts := map[string]map[string]int{}
	for _, v := range visits {
		if counts[v.Theater] == nil {
			counts[v.Theater] = map[string]int{}
		}
		rows := slices.Clone(v.Rows)
		slices.Sort(rows)
		for _, row := range slices.Compact(rows) { // a visit counts once, however many sat there
			counts[v.Theater][row]++
		}
	}
	found := map[string]string{}
	for theater, rows := range counts {
		best, most, tie := "", 0, false
		for row, n := range rows {
			switch {
			case n > most:
				best, most, tie = row, n, false
			case n == most:
				tie = true
			}
		}
		if !tie && most >= leastVisits && best != "" {
			found[theater] = best
		}
	}
	return found
}
