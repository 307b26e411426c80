package recommend

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// C7, C8, C14 in one: two groups with tastes of their own, a moment after which nothing is read, a
// film that is booked only later, and one that opens tomorrow.
func TestD8_HonestMeasuresOfPersonalLists(t *testing.T) {
	t.Parallel()
	w := newWorld(60, 300, 8)
	cut := start.Add(5500 * time.Minute) // most people have two of eight bookings after it
	thriller := Facts{Genres: []string{"Thriller"}, Cast: []string{"Gunner 1"}, Year: 2025}
	w.data.Films = append(w.data.Films, Film{ID: "canary", Facts: thriller}, Film{ID: "opens tomorrow", Facts: thriller})
	const canary, opens = 60, 61
	for person := range w.data.People { // all of them book the canary, later than all else
		w.data.People[person] = append(w.data.People[person], Liking{canary, cut.AddDate(0, 0, 9)})
	}
	onSale := func(at time.Time) []int32 { // a film runs for some days
		var list []int32
		for film := range int32(60) {
			if (int(film)+at.Day())%3 > 0 {
				list = append(list, film)
			}
		}
		return list
	}
	before, cases := SplitAt(w.data, cut, onSale)
	m, err := Train(t.Context(), before, testOptions())
	require.NoError(t, err)

	require.Greater(t, len(cases.List), 250)
	for _, c := range cases.List {
		assert.NotContains(t, c.Candidates, int32(opens))
		assert.NotContains(t, c.History, int32(canary))
	}
	assert.Zero(t, m.counts[canary], "no booking of the future counts")
	for person := range 20 {
		scores := m.Score(historyOf(before, person), Tastes{}, w.data.Films)
		assert.Equal(t, scores[opens], scores[canary], "a film that is booked only later is as cold as one that never is")
	}

	popular := world{before}.popular()
	for group := range 2 {
		var of Cases
		of.Films = cases.Films
		for _, c := range cases.List {
			if int(c.Target)%2 == group {
				of.List = append(of.List, c)
			}
		}
		require.Greater(t, len(of.List), 100)
		baseline := MeasureOf("after", of.List, func(c Case) []float64 {
			scores := make([]float64, len(c.Candidates))
			for i, film := range c.Candidates {
				scores[i] = popular[w.data.Films[film].ID]
			}
			return scores
		})
		ours := m.Measure("after", of)
		t.Logf("group %d of %d: popularity %.3f, ours %.3f", group, ours.Cases, baseline.NDCG, ours.NDCG)
		assert.Equal(t, baseline.Cases, ours.Cases)
		assert.Greater(t, ours.NDCG, 1.2*baseline.NDCG, "group %d", group)
	}

	below := 0
	until, _ := SplitAt(w.data, cut.AddDate(0, 0, 5), nil) // a Thursday
	m, err = Train(t.Context(), until, testOptions())
	require.NoError(t, err)
	candidates := slices.Delete(w.candidates(), canary, canary+1) // the film that is just like it
	for person := range 40 {
		history := historyOf(until, person)
		r := Request{History: history, Candidates: candidates, Popular: world{until}.popular(), N: 100, Filters: []Filter{NotThese(idsOf(history))}}
		list := m.ForYou(r)
		place, found := personal(list, "opens tomorrow")
		require.True(t, found, "a list of the model")
		if middle := len(list.Items) / 2; person%2 == 0 {
			assert.Less(t, place, middle, "who sees thrillers has it above the middle")
		} else {
			below += place - middle
		}
		_, found = personal((*Model)(nil).ForYou(r), "opens tomorrow")
		assert.False(t, found, "a list without a model does not pass")
	}
	assert.Positive(t, below, "who sees romances has it below the middle; not all of them, for a few like its year more than films that fail")
}

// personal is the place of a film in a list that a model made.
func personal(list List, film string) (place int, found bool) {
	place = slices.Index(ids(list), film)
	return place, list.Source == FromModel && place >= 0
}

func historyOf(data Data, person int) []Seen { return world{data}.history(person) }

// A booking that was refunded leaves nothing: not in the model, not in what is popular, and not in
// which film speaks for which. Events come again, in another order.
func TestC10_ARefundLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(20, 60, 31)
	var kept []Event
	for person, row := range w.data.People {
		for _, liking := range row {
			id := fmt.Sprint(person, "-", liking.Film)
			kept = append(kept, Event{ID: id, Kind: Paid, Person: fmt.Sprintf("person-%02d", person), Film: w.data.Films[liking.Film].ID, City: "pune", Booking: id, Seats: 1 + person%6, At: liking.At})
		}
	}
	all := slices.Clone(kept)
	for person := range 60 { // each books two films of the other kind, which the theater cancels
		for _, film := range []int{(person + 1) % 2, (person+1)%2 + 2} {
			id := fmt.Sprint(person, "-cancelled-", film)
			e := Event{ID: id, Kind: Paid, Person: fmt.Sprintf("person-%02d", person), Film: w.data.Films[film].ID, City: "pune", Booking: id, Seats: 4, At: start.AddDate(0, 0, 1)}
			all = append(all, e, Event{ID: id + "-back", Kind: Refunded, Person: e.Person, Booking: id, Seats: 4, At: start.AddDate(0, 0, 2)})
		}
	}
	all = append(all, all[100:]...)
	random := rand.New(rand.NewPCG(10, 10))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })

	want, got := Fold(kept), Fold(all)
	later := start.AddDate(0, 1, 0)
	assert.Equal(t, want.Popular("pune", later, 240*time.Hour), got.Popular("pune", later, 240*time.Hour))
	assert.Equal(t, want.Likings(w.data.Films), got.Likings(w.data.Films))
	model := func(s State) *Model {
		m, err := Train(t.Context(), s.Likings(w.data.Films), testOptions())
		require.NoError(t, err)
		return m
	}
	a, b := model(want), model(got)
	r := Request{History: w.history(0), Candidates: w.candidates(), Popular: w.popular(), N: 20}
	assert.Equal(t, a.Similar(r, w.data.Films[0]), b.Similar(r, w.data.Films[0]))
	assert.Equal(t, a.ForYou(r), b.ForYou(r))
}

// Of a list of ten, four came into view. The report is sent three times, each time under other ids; a
// prefetch loads the rest, which no one sees.
func TestC12_WhatCameIntoViewCountsOnce(t *testing.T) {
	t.Parallel()
	var events []Event
	for try := range 3 {
		for film := range 4 {
			events = append(events, Event{ID: fmt.Sprint(try, "-", film), Kind: Impression, Person: "ann", List: "l1", Film: fmt.Sprint(film), At: start})
		}
	}
	for film := range 10 {
		events = append(events, Event{ID: fmt.Sprint("page ", film), Kind: Viewed, Person: "ann", Film: fmt.Sprint(film), At: start})
	}
	assert.Equal(t, 4, Fold(events).Impressions())
	again := append(events, Event{ID: "of another list", Kind: Impression, Person: "ann", List: "l2", Film: "0", At: start})
	assert.Equal(t, 5, Fold(again).Impressions())
	assert.Empty(t, Fold(again).History("ann"), "to be in view says nothing about taste")
}
