package recommend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// on is a wall clock: 2025-11-07 is a Friday.
func on(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

// fridays are n visits of Friday evenings at a theater, a week apart, at 450 a seat in row F.
func fridays(theater string, n int) (visits []Visit) {
	for i := range n {
		visits = append(visits, Visit{Theater: theater, Local: on("2025-08-01 19:15").AddDate(0, 0, 7*i), PricePerSeat: 45000, Currency: "INR", Rows: []string{"F", "F"}})
	}
	return visits
}

func visit(theater, at string, rows ...string) Visit {
	return Visit{Theater: theater, Local: on(at), PricePerSeat: 45000, Currency: "INR", Rows: rows}
}

func showing(id, theater, at string) Showing {
	return Showing{ID: id, Theater: theater, Local: on(at), PriceFrom: 45000, Currency: "INR", KM: -1}
}

func idsOfShows(chosen []ChosenShow) (ids []string) {
	for _, c := range chosen {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestHabitsOfAShow(t *testing.T) {
	t.Parallel()
	all := []Habit{HabitTheater, HabitWeekday, HabitTime, HabitPrice}
	at := func(theater, local string, price int64, currency string) Showing {
		return Showing{Theater: theater, Local: on(local), PriceFrom: price, Currency: currency, KM: -1}
	}
	usual := at("rex", "2025-11-07 19:15", 45000, "INR")
	with := func(change func(*Showing)) Showing {
		s := usual
		change(&s)
		return s
	}
	late := []Visit{visit("rex", "2025-10-03 23:50"), visit("rex", "2025-10-11 00:20"), visit("rex", "2025-10-18 00:10")} // all of Fridays
	for name, c := range map[string]struct {
		visits []Visit
		show   Showing
		want   []Habit
		row    string
	}{
		"no visits":            {nil, usual, []Habit{}, ""},
		"one visit":            {fridays("rex", 1), usual, []Habit{}, ""},
		"all of it is usual":   {fridays("rex", 4), usual, all, "F"},
		"two are a habit":      {fridays("rex", 2), usual, all, "F"},
		"another theater":      {fridays("rex", 4), with(func(s *Showing) { s.Theater = "eros" }), all[1:], ""},
		"another weekday":      {fridays("rex", 4), with(func(s *Showing) { s.Local = on("2025-11-08 19:15") }), []Habit{HabitTheater, HabitTime, HabitPrice}, "F"},
		"90 minutes later":     {fridays("rex", 4), with(func(s *Showing) { s.Local = on("2025-11-07 20:45") }), all, "F"},
		"91 minutes later":     {fridays("rex", 4), with(func(s *Showing) { s.Local = on("2025-11-07 20:46") }), []Habit{HabitTheater, HabitWeekday, HabitPrice}, "F"},
		"90 minutes earlier":   {fridays("rex", 4), with(func(s *Showing) { s.Local = on("2025-11-07 17:45") }), all, "F"},
		"a tenth dearer":       {fridays("rex", 4), with(func(s *Showing) { s.PriceFrom = 49500 }), all, "F"},
		"more than that":       {fridays("rex", 4), with(func(s *Showing) { s.PriceFrom = 49501 }), all[:3], "F"},
		"from half":            {fridays("rex", 4), with(func(s *Showing) { s.PriceFrom = 22500 }), all, "F"},
		"from less than half":  {fridays("rex", 4), with(func(s *Showing) { s.PriceFrom = 22499 }), all[:3], "F"},
		"in another currency":  {fridays("rex", 4), with(func(s *Showing) { s.Currency = "EUR" }), all[:3], "F"},
		"late shows":           {late, at("rex", "2025-11-08 00:15", 45000, "INR"), all, ""},
		"the day's end is one": {late, at("rex", "2025-11-07 23:00", 45000, "INR"), all, ""},
		"the next day at 05:00": {late, at("rex", "2025-11-08 05:00", 45000, "INR"),
			[]Habit{HabitTheater, HabitPrice}, ""},
		"the day until 04:59": {late, at("rex", "2025-11-08 04:59", 45000, "INR"),
			[]Habit{HabitTheater, HabitWeekday, HabitPrice}, ""},
		"free seats say no price": {[]Visit{{Theater: "rex", Local: on("2025-10-03 19:15"), Currency: "INR"}, {Theater: "rex", Local: on("2025-10-10 19:15"), Currency: "INR"}}, usual, all[:3], ""},
		"no two prices alike": {[]Visit{
			{Theater: "rex", Local: on("2025-10-03 19:15"), PricePerSeat: 10000, Currency: "INR"},
			{Theater: "rex", Local: on("2025-10-10 19:15"), PricePerSeat: 45000, Currency: "INR"},
		}, usual, all[:3], ""},
		"three theaters, each once": {[]Visit{visit("rex", "2025-10-03 19:15"), visit("eros", "2025-10-10 19:15"), visit("roxy", "2025-10-17 19:15")}, usual, all[1:], ""},
		"two theaters at one time": {[]Visit{
			visit("rex", "2025-10-03 19:15"), visit("eros", "2025-10-03 19:15"), visit("rex", "2025-10-10 19:15"), visit("eros", "2025-10-10 19:15"),
		}, usual, all[1:], ""},
		"moved to another theater": {append(fridays("rex", 6), visit("eros", "2025-10-31 19:15"), visit("eros", "2025-11-01 19:15")), usual, all, "F"},
		"moved long ago":           {append(fridays("eros", 6), fridays("rex", 12)[6:]...), usual, all, "F"},
		"too few of many": {append(fridays("eros", 12), visit("rex", "2025-11-01 19:15", "F"), visit("rex", "2025-11-02 19:15", "F")),
			usual, all[1:], "F"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := HabitsOf(c.visits).Choose([]Showing{c.show}, 3)
			assert.Equal(t, []ChosenShow{{ID: c.show.ID, Habits: c.want, Row: c.row}}, got)
		})
	}
}

// As many visits to each theater: the later ones count more.
func TestRecentVisitsCountMore(t *testing.T) {
	t.Parallel()
	visits := append(fridays("old", 5), fridays("new", 10)[5:]...)
	for range 20 {
		rand.Shuffle(len(visits), func(i, j int) { visits[i], visits[j] = visits[j], visits[i] })
		h := HabitsOf(visits)
		got := h.Choose([]Showing{showing("a", "old", "2025-11-07 19:15"), showing("b", "new", "2025-11-07 19:15")}, 2)
		assert.Equal(t, []string{"b", "a"}, idsOfShows(got))
		assert.NotContains(t, got[1].Habits, HabitTheater)
	}
}

func TestUsualRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		visits []Visit
		want   string
	}{
		"one visit is no habit":  {[]Visit{visit("rex", "2025-10-03 19:15", "C", "C", "C")}, ""},
		"the only one, two rows": {[]Visit{visit("rex", "2025-10-03 19:15", "C", "D")}, ""},
		"two visits, two rows":   {[]Visit{visit("rex", "2025-10-03 19:15", "C"), visit("rex", "2025-10-10 19:15", "D")}, ""},
		"twice of three":         {[]Visit{visit("rex", "2025-10-03 19:15", "C"), visit("rex", "2025-10-10 19:15", "D"), visit("rex", "2025-10-17 19:15", "C")}, "C"},
		"twice each": {[]Visit{visit("rex", "2025-10-03 19:15", "C"), visit("rex", "2025-10-10 19:15", "D"),
			visit("rex", "2025-10-17 19:15", "C"), visit("rex", "2025-10-24 19:15", "D")}, ""},
		"ten seats are one visit": {[]Visit{visit("rex", "2025-10-03 19:15", "C", "C", "C", "C"), visit("rex", "2025-10-10 19:15", "D")}, ""},
		"at another theater":      {[]Visit{visit("eros", "2025-10-03 19:15", "C"), visit("eros", "2025-10-10 19:15", "C")}, ""},
		"of each theater its own": {[]Visit{visit("eros", "2025-10-03 19:15", "C"), visit("eros", "2025-10-10 19:15", "C"), visit("rex", "2025-10-17 19:15", "H"), visit("rex", "2025-10-24 19:15", "H")}, "H"},
		"seats without rows":      {[]Visit{visit("rex", "2025-10-03 19:15", ""), visit("rex", "2025-10-10 19:15")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := HabitsOf(c.visits).Choose([]Showing{showing("a", "rex", "2025-11-07 19:15")}, 1)
			assert.Equal(t, c.want, got[0].Row)
		})
	}
}

func TestShowsInTheirOrder(t *testing.T) {
	t.Parallel()
	far := func(s Showing, km float64) Showing {
		s.KM = km
		return s
	}
	for name, c := range map[string]struct {
		visits []Visit
		shows  []Showing
		n      int
		want   []string
	}{
		"none":                            {fridays("rex", 4), nil, 3, nil},
		"none asked for":                  {nil, []Showing{showing("a", "rex", "2025-11-07 19:15")}, -1, nil},
		"the soonest first":               {nil, []Showing{showing("b", "rex", "2025-11-08 10:00"), showing("a", "rex", "2025-11-07 23:00"), showing("c", "eros", "2025-11-08 12:00")}, 3, []string{"a", "b", "c"}},
		"the nearer first":                {nil, []Showing{far(showing("b", "rex", "2025-11-07 19:00"), 12), far(showing("a", "eros", "2025-11-07 19:30"), 2)}, 2, []string{"a", "b"}},
		"much sooner is better than near": {nil, []Showing{far(showing("b", "rex", "2025-11-08 19:00"), 0.1), far(showing("a", "eros", "2025-11-07 19:00"), 8)}, 2, []string{"a", "b"}},
		"not known is far":                {nil, []Showing{showing("c", "rex", "2025-11-07 19:00"), far(showing("a", "eros", "2025-11-07 19:10"), 1), far(showing("b", "roxy", "2025-11-07 19:05"), 20)}, 3, []string{"a", "c", "b"}},
		"no number is not known":          {nil, []Showing{far(showing("a", "rex", "2025-11-07 19:00"), math.NaN()), far(showing("b", "eros", "2025-11-07 19:10"), math.Inf(1))}, 2, []string{"a", "b"}},
		"of equal ones by id":             {nil, []Showing{showing("c", "eros", "2025-11-07 19:00"), showing("a", "roxy", "2025-11-07 19:00"), showing("b", "rex", "2025-11-07 19:00")}, 2, []string{"a", "b"}},
		"one of a theater and an hour": {nil, []Showing{showing("a", "rex", "2025-11-07 19:00"), showing("x", "rex", "2025-11-07 19:15"), showing("y", "rex", "2025-11-07 19:59"),
			showing("b", "rex", "2025-11-07 20:00"), showing("c", "eros", "2025-11-07 22:15")}, 3, []string{"a", "b", "c"}},
		"unless there are no others": {nil, []Showing{showing("b", "rex", "2025-11-07 19:15"), showing("a", "rex", "2025-11-07 19:00"), showing("c", "rex", "2025-11-07 19:30")}, 3, []string{"a", "b", "c"}},
		"others come before it":      {nil, []Showing{showing("a", "rex", "2025-11-07 19:00"), showing("x", "rex", "2025-11-07 19:30"), showing("b", "eros", "2025-11-12 10:00")}, 3, []string{"a", "b", "x"}},
		"what is usual before what is soon": {fridays("rex", 4), []Showing{showing("c", "rex", "2025-11-05 10:00"), showing("d", "eros", "2025-11-05 14:00"),
			showing("a", "rex", "2025-11-07 19:30"), showing("b", "rex", "2025-11-08 19:30")}, 4, []string{"a", "b", "c", "d"}},
		"the next Friday of two":              {fridays("rex", 4), []Showing{showing("b", "rex", "2025-11-14 19:15"), showing("a", "rex", "2025-11-07 19:15")}, 2, []string{"a", "b"}},
		"time and weekday before the theater": {fridays("rex", 4), []Showing{showing("b", "rex", "2025-11-05 10:00"), showing("a", "eros", "2025-11-07 19:15")}, 2, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := HabitsOf(c.visits).Choose(c.shows, c.n)
			assert.NotNil(t, got)
			assert.Equal(t, c.want, idsOfShows(got))
		})
	}
}

// "Friday, 19:15, your usual row": a wall clock in any zone is what it shows.
func TestTheZoneOfAShowIsNotRead(t *testing.T) {
	t.Parallel()
	mumbai := time.FixedZone("IST", 5*3600+1800)
	visits, show := fridays("rex", 3), showing("a", "rex", "2025-11-07 19:15")
	want := HabitsOf(visits).Choose([]Showing{show}, 1)
	for i, v := range visits {
		visits[i].Local = time.Date(v.Local.Year(), v.Local.Month(), v.Local.Day(), v.Local.Hour(), v.Local.Minute(), 0, 0, mumbai)
	}
	assert.Equal(t, want, HabitsOf(visits).Choose([]Showing{show}, 1))
	assert.Len(t, want[0].Habits, 4)
}

// Habits are made once for a request, and read for each of its films.
func TestThousandsOfShows(t *testing.T) {
	t.Parallel()
	var shows []Showing
	for i := range 2000 {
		s := showing(fmt.Sprintf("show-%04d", i), fmt.Sprint("theater-", i%40), "2025-11-01 10:00")
		s.Local = s.Local.Add(time.Duration(i*7919%20_160) * time.Minute)
		s.KM = float64(i % 31)
		shows = append(shows, s)
	}
	var visits []Visit
	for i := range 2000 {
		visits = append(visits, Visit{Theater: fmt.Sprint("theater-", i%3), Local: on("2015-01-02 19:15").AddDate(0, 0, i), PricePerSeat: int64(30000 + i), Currency: "INR", Rows: []string{fmt.Sprint(i % 5)}})
	}
	began := time.Now()
	h := HabitsOf(visits)
	want := h.Choose(shows, 3)
	if took := time.Since(began); took > time.Second {
		t.Errorf("2,000 visits and 2,000 shows took %s, which is not fast", took)
	}
	assert.Len(t, want, 3)
	for range 5 {
		rand.Shuffle(len(shows), func(i, j int) { shows[i], shows[j] = shows[j], shows[i] })
		rand.Shuffle(len(visits), func(i, j int) { visits[i], visits[j] = visits[j], visits[i] })
		assert.Equal(t, want, HabitsOf(visits).Choose(shows, 3), "in any order")
	}
	assert.Len(t, h.Choose(shows, 5000), 2000, "not more than there are")
	before := slices.Clone(shows)
	h.Choose(shows, 3)
	assert.Equal(t, before, shows, "shows are only read")
}

func BenchmarkChooseShows(b *testing.B) {
	var shows []Showing
	for i := range 2000 {
		shows = append(shows, showing(fmt.Sprint(i), fmt.Sprint(i%40), "2025-11-01 10:00"))
	}
	h := HabitsOf(fridays("rex", 50))
	for b.Loop() {
		h.Choose(shows, 3)
	}
}
