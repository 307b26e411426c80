package recommend

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Kind is what an event says.
type Kind string

// The kinds of events. Others are passed over, so that a newer process may write more.
const (
	Paid       Kind = "paid"       // a booking was paid
	Refunded   Kind = "refunded"   // seats of a booking were refunded, by the customer's wish or the theater's
	Held       Kind = "held"       // seats were held; says nothing about taste, and is not counted
	Viewed     Kind = "viewed"     // a film's page was opened; not counted either
	Impression Kind = "impression" // a film of a list was in view
	NotForMe   Kind = "not_for_me" // the person never wants to see this film suggested
	ForMeAgain Kind = "for_me"     // takes that back
	LeaveOut   Kind = "leave_out"  // this booking shall not shape suggestions
	CountAgain Kind = "count"      // takes that back
)

// Event is one thing that happened. One id is one event, however often it comes.
type Event struct {
	ID     string
	Kind   Kind
	Person string // the account
	Film   string
	City   string
	At     time.Time

	Booking  string // of paid, refunded, leave_out and count
	Seats    int    // that were paid or refunded
	Children int    // of those, at a child's price
	List     string // of an impression
}

// State is what events come to. The order in which they came, and repeats, change nothing.
type State struct {
	people      map[string]*record
	impressions map[impression]bool
}

type record struct {
	bookings map[string]*purchase
	notForMe map[string]Event // the last word about each film
}

type purchase struct {
	paid     Event
	refunded int   // seats
	counting Event // the last word of leave_out and count
}

type impression struct{ list, film string }

// Fold makes a state of all events, in any order.
func Fold(events []Event) State {
	s := State{people: map[string]*record{}, impressions: map[impression]bool{}}
	seen := make(map[string]bool, len(events))
	for _, e := range events {
		if !seen[e.ID] {
			seen[e.ID] = true
			s.add(e)
		}
	}
	return s
}

func (s State) add(e Event) {
	switch e.Kind {
	case Impression:
		s.impressions[impression{e.List, e.Film}] = true
	case NotForMe, ForMeAgain:
		words := s.record(e.Person).notForMe
		words[e.Film] = later(words[e.Film], e)
	case Paid:
		s.purchase(e).paid = e
	case Refunded:
		s.purchase(e).refunded += e.Seats
	case LeaveOut, CountAgain:
		p := s.purchase(e)
		p.counting = later(p.counting, e)
	}
}

// later is the last of two events; of two at one time, the one of the larger id, so that the order
// in which they came does not matter.
func later(a, b Event) Event {
	if cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) > 0 {
		return a
	}
	return b
}

func (s State) record(person string) *record {
	r := s.people[person]
	if r == nil {
		r = &record{bookings: map[string]*purchase{}, notForMe: map[string]Event{}}
		s.people[person] = r
	}
	return r
}

func (s State) purchase(e Event) *purchase {
	bookings := s.record(e.Person).bookings
	p := bookings[e.Booking]
	if p == nil {
		p = &purchase{}
		bookings[e.Booking] = p
	}
	return p
}

// counts says that the booking was paid and that a seat of it was not refunded. Who did not come,
// or gave the ticket away, chose the film: it counts.
func (p *purchase) counts() bool { return p.paid.ID != "" && p.paid.Seats > p.refunded }

// purchases are those of a person that count, the oldest first.
func (s State) purchases(person string) []*purchase {
	r := s.people[person]
	if r == nil {
		return nil
	}
	var list []*purchase
	for _, p := range r.bookings {
		if p.counts() {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *purchase) int {
		return cmp.Or(a.paid.At.Compare(b.paid.At), strings.Compare(a.paid.ID, b.paid.ID))
	})
	return list
}

// History is what shapes a person's suggestions, the oldest first: films of paid bookings, each once,
// without those that the person does not want and without bookings that they left out.
func (s State) History(person string) []Seen {
	disliked := s.Disliked(person)
	var history []Seen
	for _, p := range s.purchases(person) {
		if p.counting.Kind == LeaveOut || slices.Contains(disliked, p.paid.Film) {
			continue
		}
		history = slices.DeleteFunc(history, func(h Seen) bool { return h.ID == p.paid.Film })
		history = append(history, Seen{Film: Film{ID: p.paid.Film}, Children: p.paid.Children > 0})
	}
	return history
}

// Booked are the films that a person has tickets for or has seen, sorted, whatever they left out of
// their suggestions.
func (s State) Booked(person string) []string {
	var films []string
	for _, p := range s.purchases(person) {
		films = append(films, p.paid.Film)
	}
	slices.Sort(films)
	return slices.Compact(films)
}

// Disliked are the films that are not for this person, sorted.
func (s State) Disliked(person string) []string {
	var films []string
	if r := s.people[person]; r != nil {
		for film, word := range r.notForMe {
			if word.Kind == NotForMe {
				films = append(films, film)
			}
		}
	}
	slices.Sort(films)
	return films
}

// Likings are what a model is trained on: a row for each person who has a history, by account.
// Films that are not in the list are left out.
func (s State) Likings(films []Film) Data {
	places := make(map[string]int32, len(films))
	for i, film := range films {
		places[film.ID] = int32(i)
	}
	data := Data{Films: films}
	for _, account := range s.accounts() {
		disliked := s.Disliked(account)
		var row []Liking
		for _, p := range s.purchases(account) {
			at, known := places[p.paid.Film]
			if known && p.counting.Kind != LeaveOut && !slices.Contains(disliked, p.paid.Film) {
				row = append(row, Liking{at, p.paid.At})
			}
		}
		if len(row) > 0 {
			data.People = append(data.People, row)
		}
	}
	return data
}

func (s State) accounts() []string {
	accounts := make([]string, 0, len(s.people))
	for account := range s.people {
		accounts = append(accounts, account)
	}
	slices.Sort(accounts)
	return accounts
}

// Impressions are how often films were in view: once in each list, however often that was reported.
func (s State) Impressions() int { return len(s.impressions) }

// filmsADay is how many films one account makes popular on one day. More is not taste.
const filmsADay = 3

// Popular is how popular films are in a city at a moment; in all cities for "". Each account counts
// once for a film, with its first booking, and half as much with each half-life that has gone by
// since. Only what was paid and not refunded counts, and of one account filmsADay a day.
func (s State) Popular(city string, now time.Time, halfLife time.Duration) map[string]float64 {
	popular := map[string]float64{}
	for _, account := range s.accounts() {
		had := map[string]bool{}
		days := map[string]int{}
		for _, p := range s.purchases(account) {
			day := p.paid.At.UTC().Format(time.DateOnly)
			if p.paid.At.After(now) || city != "" && p.paid.City != city || had[p.paid.Film] || days[day] >= filmsADay {
				continue
			}
			had[p.paid.Film] = true
			days[day]++
			popular[p.paid.Film] += math.Exp2(-float64(now.Sub(p.paid.At)) / float64(halfLife))
		}
	}
	return popular
}
