package recommend

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// C6, C10, C11, C12. The events come in any order, and each up to three times.
func TestD7_WhatCountsAsALiking(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return start.Add(time.Duration(hour) * time.Hour) }
	events := []Event{
		{ID: "1", Kind: Paid, Person: "ann", Film: "six seats", City: "pune", Booking: "b1", Seats: 6, At: at(1)},
		{ID: "2", Kind: Paid, Person: "ann", Film: "refunded", City: "pune", Booking: "b2", Seats: 3, At: at(2)},
		{ID: "3", Kind: Refunded, Person: "ann", Booking: "b2", Seats: 1, At: at(3)},
		{ID: "4", Kind: Refunded, Person: "ann", Booking: "b2", Seats: 2, At: at(4)},
		{ID: "5", Kind: Paid, Person: "ann", Film: "disliked", City: "pune", Booking: "b3", Seats: 2, At: at(5)},
		{ID: "6", Kind: NotForMe, Person: "ann", Film: "disliked", At: at(6)},
		{ID: "7", Kind: NotForMe, Person: "ann", Film: "forgiven", At: at(7)},
		{ID: "8", Kind: ForMeAgain, Person: "ann", Film: "forgiven", At: at(8)},
		{ID: "9", Kind: Paid, Person: "bob", Film: "partly refunded", City: "pune", Booking: "b4", Seats: 3, At: at(9)},
		{ID: "10", Kind: Refunded, Person: "bob", Booking: "b4", Seats: 2, At: at(10)},
		{ID: "11", Kind: Paid, Person: "bob", Film: "six seats", City: "goa", Booking: "b5", Seats: 1, At: at(11)},
		{ID: "12", Kind: "of a later version", Person: "bob", Film: "six seats", At: at(11)},
	}
	for i := range 500 { // held by a few, never paid; and pages opened
		events = append(events,
			Event{ID: fmt.Sprint("held-", i), Kind: Held, Person: fmt.Sprint("bot-", i%3), Film: "pushed", City: "pune", Booking: fmt.Sprint("h", i), Seats: 10, At: at(12)},
			Event{ID: fmt.Sprint("viewed-", i), Kind: Viewed, Person: fmt.Sprint("bot-", i%3), Film: "pushed", City: "pune", At: at(12)})
	}
	for _, id := range []string{"i1", "i2", "i3"} { // one report, sent three times with new ids
		events = append(events, Event{ID: id, Kind: Impression, Person: "ann", Film: "six seats", List: "l1", At: at(13)})
	}
	films := []Film{{ID: "six seats"}, {ID: "refunded"}, {ID: "disliked"}, {ID: "pushed"}, {ID: "partly refunded"}}
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		s := Fold(events)
		data := s.Likings(films)
		assert.Equal(t, []int32{2, 0, 0, 0, 1}, countsOf(data.rows(), len(films)))
		assert.Equal(t, []string{"disliked", "six seats"}, s.Booked("ann"))
		assert.Equal(t, []string{"six seats"}, idsOf(s.History("ann")))
		assert.Equal(t, []string{"disliked"}, s.Disliked("ann"))
		assert.Equal(t, []string{"partly refunded", "six seats"}, idsOf(s.History("bob")))
		assert.Equal(t, 1, s.Impressions())
		assert.Equal(t, map[string]float64{"six seats": 1, "disliked": 1, "partly refunded": 1}, rounded(s.Popular("pune", at(14), 1e6*time.Hour)))
		assert.InDelta(t, 2, s.Popular("", at(14), 1e6*time.Hour)["six seats"], 0.01)
		assert.Empty(t, s.Popular("pune", at(0), time.Hour), "nothing of the future")

		events = append(events, events[random.IntN(len(events))])
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	}
}

func rounded(popular map[string]float64) map[string]float64 {
	for film, value := range popular {
		popular[film] = float64(int(value + 0.5))
	}
	return popular
}

func TestC6_ADislikedFilmComesBackOnlyWhenItMay(t *testing.T) {
	t.Parallel()
	w := newWorld(40, 120, 1)
	m := w.train(t)
	events := []Event{{ID: "1", Kind: NotForMe, Person: "ann", Film: "film-00", At: start}}
	r := Request{Candidates: w.candidates(), Popular: w.popular(), N: 40}
	for name, path := range paths(m, w.data.Films[10]) {
		r.Filters = []Filter{NotThese(Fold(events).Disliked("ann"))}
		assert.NotContains(t, ids(path(r)), "film-00", name)
		r.Filters = []Filter{NotThese(Fold(append(events, Event{ID: "2", Kind: ForMeAgain, Person: "ann", Film: "film-00", At: start.Add(1)})).Disliked("ann"))}
		assert.Contains(t, ids(path(r)), "film-00", name)
	}
}

func TestC11_NoAccountMakesAFilmPopular(t *testing.T) {
	t.Parallel()
	var events []Event
	add := func(person, film string, at time.Time) {
		id := fmt.Sprint("b", len(events))
		events = append(events, Event{ID: id, Kind: Paid, Person: person, Film: film, City: "pune", Booking: id, Seats: 1, At: at})
	}
	for i := range 50 {
		add("fan", "one film again and again", start.Add(time.Duration(i)*time.Minute))
		add("reseller", fmt.Sprint("film ", i), start.Add(time.Duration(i)*time.Minute))
	}
	add("ann", "two people", start)
	add("bob", "two people", start)
	popular := Fold(events).Popular("pune", start.Add(time.Hour), 1e6*time.Hour)
	assert.InDelta(t, 1, popular["one film again and again"], 0.01)
	assert.InDelta(t, 2, popular["two people"], 0.01)
	total := 0.0
	for _, value := range popular {
		total += value
	}
	assert.InDelta(t, 1+2+filmsADay, total, 0.01, "of fifty films in a day, three count")
}

func TestPopularityFades(t *testing.T) {
	t.Parallel()
	events := []Event{
		{ID: "1", Kind: Paid, Person: "ann", Film: "old", City: "pune", Booking: "1", Seats: 1, At: start},
		{ID: "2", Kind: Paid, Person: "ann", Film: "new", City: "pune", Booking: "2", Seats: 1, At: start.AddDate(0, 0, 7)},
	}
	popular := Fold(events).Popular("pune", start.AddDate(0, 0, 14), 7*24*time.Hour)
	require.Len(t, popular, 2)
	assert.InDelta(t, 0.25, popular["old"], 1e-9)
	assert.InDelta(t, 0.5, popular["new"], 1e-9)
}
