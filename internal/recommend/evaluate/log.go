package evaluate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// Entry is a movie of a list that came into view, or was opened. Of a list and a film there is one
// of each; more of the same count once.
type Entry struct {
	List, Film string
	Person     string // empty for visitors and for people who want no personalization
	Model      string // the version that made the list, or what it was made from without one
	Position   int    // from 1
	Propensity float64
	At         time.Time
}

// Booked is a booking that was paid. What was refunded is left out by who reads the log.
type Booked struct {
	Person, Film string
	At           time.Time
}

// Log is what lists showed in a span of time, and what came of it.
type Log struct {
	Shown, Opened []Entry
	Booked        []Booked
	Until         time.Time // when the log was read
}

const (
	// Popularity is the name of lists from popularity, with which models are compared.
	Popularity = "popularity"
	// Control is the name of such lists of accounts that were drawn to get no model. Where there
	// are any, models are compared with these: popularity also has all of whom nothing is known.
	Control = recommend.ControlArm
	// bookedWithin is how long after it was in view a film may be booked to count.
	bookedWithin = 7 * 24 * time.Hour
)

// Arm is how good the lists of one model were.
type Arm struct {
	Model                 string
	Lists, Shown, People  int // people with an account
	Opened, Booked        int
	Rate                  Rate // of those in view, opened
	Weighted              Rate // the same, each weighing 1/propensity
	BookedOf              int  // in view of people with an account, for bookedWithin
	BookedRate            Rate
	MoreOpened, MoreBooks Difference // than of the arm that it is compared with
	Compared              bool       // with it: false for that arm itself, and without one
	Places                []Place
}

// Place is some positions of lists.
type Place struct {
	From, To int // To is 0 for no end
	Shown    int
	Rate     Rate // opened
}

// places are the positions that are counted together.
var places = []Place{{From: 1, To: 1}, {From: 2, To: 2}, {From: 3, To: 3}, {From: 4, To: 5}, {From: 6, To: 10}, {From: 11}}

// seen is a film in view, with what came of it.
type seen struct {
	Entry
	opened, booked bool
}

// who is whose doing it is: a person, or a visitor, who is a list.
func (s *seen) who() string {
	if s.Person != "" {
		return "person " + s.Person
	}
	return "list " + s.List
}

// Rates counts what came of lists, by model, in the order of their names. baseline names the arm with
// which the others are compared, in what people with an account did: visitors get one kind of list.
//
// A film that was opened was in view. A booking counts for the film in view that was the last before
// it, of this person and film, within seven days; of those younger than that, it is not known yet.
func Rates(log Log, baseline string) []Arm {
	shown := join(log)
	byModel := map[string][]*seen{}
	for _, s := range shown {
		byModel[s.Model] = append(byModel[s.Model], s)
	}
	arms := make([]Arm, 0, len(byModel))
	for model, list := range byModel {
		arms = append(arms, armOf(model, list, log.Until))
	}
	slices.SortFunc(arms, func(a, b Arm) int { return strings.Compare(a.Model, b.Model) })
	at := slices.IndexFunc(arms, func(a Arm) bool { return a.Model == baseline })
	if at < 0 {
		return arms
	}
	opened, booked := clicksOf(byModel[baseline]), arms[at].BookedRate
	for i := range arms {
		if i == at {
			continue
		}
		arms[i].Compared = true
		arms[i].MoreOpened = clicksOf(byModel[arms[i].Model]).minus(opened)
		arms[i].MoreBooks = arms[i].BookedRate.minus(booked)
	}
	return arms
}

// join puts together what belongs together, in the order of time.
func join(log Log) []*seen {
	type key struct{ list, film string }
	of := map[key]*seen{}
	add := func(e Entry) *seen {
		k := key{e.List, e.Film}
		if of[k] == nil || e.At.Before(of[k].At) {
			was := of[k]
			of[k] = &seen{Entry: e}
			if was != nil {
				of[k].opened = was.opened
			}
		}
		return of[k]
	}
	for _, e := range log.Shown {
		add(e)
	}
	for _, e := range log.Opened {
		add(e).opened = true
	}
	shown := make([]*seen, 0, len(of))
	for _, s := range of {
		shown = append(shown, s)
	}
	slices.SortFunc(shown, func(a, b *seen) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.List, b.List), strings.Compare(a.Film, b.Film))
	})
	attribute(shown, log.Booked)
	return shown
}

// attribute gives each booking to the film in view that was the last before it.
func attribute(shown []*seen, bookings []Booked) {
	type key struct{ person, film string }
	of := map[key][]*seen{}
	for _, s := range shown {
		if s.Person != "" {
			of[key{s.Person, s.Film}] = append(of[key{s.Person, s.Film}], s)
		}
	}
	for _, b := range bookings {
		for _, s := range slices.Backward(of[key{b.Person, b.Film}]) {
			if !s.At.After(b.At) {
				s.booked = s.booked || b.At.Sub(s.At) <= bookedWithin
				break
			}
		}
	}
}

func armOf(model string, list []*seen, until time.Time) Arm {
	a := Arm{Model: model, Shown: len(list)}
	lists, people := map[string]bool{}, map[string]bool{}
	var opened, weighted, booked []trial
	byPlace := make([][]trial, len(places))
	for _, s := range list {
		lists[s.List] = true
		once := trial{who: s.who(), won: s.opened, weight: 1}
		opened = append(opened, once)
		if s.opened {
			a.Opened++
		}
		weighted = append(weighted, trial{once.who, s.opened, 1 / drawn(s.Propensity)})
		if at := placeOf(s.Position); at >= 0 {
			byPlace[at] = append(byPlace[at], once)
		}
		if s.Person == "" {
			continue
		}
		people[s.Person] = true
		if until.Sub(s.At) >= bookedWithin {
			booked = append(booked, trial{once.who, s.booked, 1})
			if s.booked {
				a.Booked++
			}
		}
	}
	a.Lists, a.People, a.BookedOf = len(lists), len(people), len(booked)
	a.Rate, a.Weighted, a.BookedRate = rateOf(opened), rateOf(weighted), rateOf(booked)
	for i, trials := range byPlace {
		place := places[i]
		place.Shown, place.Rate = len(trials), rateOf(trials)
		a.Places = append(a.Places, place)
	}
	return a
}

// clicksOf is the rate of what people with an account had in view.
func clicksOf(list []*seen) Rate {
	var trials []trial
	for _, s := range list {
		if s.Person != "" {
			trials = append(trials, trial{s.who(), s.opened, 1})
		}
	}
	return rateOf(trials)
}

// drawn is the probability with which a film got its place; what was not drawn is sure.
func drawn(propensity float64) float64 {
	if propensity <= 0 || propensity > 1 {
		return 1
	}
	return propensity
}

// placeOf is where a position is counted; -1 for none.
func placeOf(position int) int {
	return slices.IndexFunc(places, func(p Place) bool { return position >= p.From && (p.To == 0 || position <= p.To) })
}
