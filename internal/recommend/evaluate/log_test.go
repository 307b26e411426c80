package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Figures from Wilson's and Newcombe's papers, as many others reprint them.
func TestIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ share, n, low, high float64 }{
		{0.1, 100, 0.0552, 0.1744},
		{0, 10, 0, 0.2775},
		{1, 10, 0.7225, 1},
		{0.5, 2, 0.0945, 0.9055},
		{81. / 263, 263, 0.2553, 0.3662},
		{15. / 148, 148, 0.0624, 0.1605},
		{1. / 29, 29, 0.0061, 0.1718},
	} {
		got := wilson(c.share, c.n)
		assert.InDelta(t, c.low, got.Low, 0.0001, "%+v", c)
		assert.InDelta(t, c.high, got.High, 0.0001, "%+v", c)
		assert.Equal(t, c.share, got.Share)
	}
	assert.Equal(t, Rate{High: 1}, wilson(0, 0), "nothing is known of none")

	d := wilson(56./70, 70).minus(wilson(48./80, 80))
	assert.InDelta(t, 0.2, d.Value, 1e-9)
	assert.InDelta(t, 0.0524, d.Low, 0.0001)
	assert.InDelta(t, 0.3339, d.High, 0.0001)
	none := wilson(0, 10).minus(wilson(0, 20))
	assert.Less(t, none.Low, 0.0)
	assert.Greater(t, none.High, 0.0)
	assert.False(t, wilson(0.5, 10).minus(wilson(0, 0)).Known)
}

// Of a hundred people who are shown ten movies each, and who open all or none of them, as much is
// known as of a hundred movies.
func TestOnePersonsClicksAreAlike(t *testing.T) {
	t.Parallel()
	var alike, apart []trial
	for i := range 1000 {
		alike = append(alike, trial{fmt.Sprint(i / 10), i/10%5 == 0, 1})
		apart = append(apart, trial{fmt.Sprint(i), i%5 == 0, 1})
	}
	assert.InDelta(t, 0.2, rateOf(alike).Share, 1e-9)
	assert.InDelta(t, 100, rateOf(alike).Of, 2)
	assert.InDelta(t, 1000, rateOf(apart).Of, 2)
	even := slices.Clone(alike)
	for i := range even {
		even[i].won = i%10 < 2
	}
	assert.InDelta(t, 1000, rateOf(even).Of, 1e-6, "people who are more alike than by chance make an interval no narrower")

	// Simulated: of 300 logs with people who differ, the interval has the true rate about as often as it says.
	random := rand.New(rand.NewPCG(4, 4))
	held := 0
	const logs = 300
	for range logs {
		var trials []trial
		for person := range 150 {
			inclined := 0.02 + 0.36*random.Float64() // 0.2 in the mean
			for range 1 + random.IntN(30) {
				trials = append(trials, trial{fmt.Sprint(person), random.Float64() < inclined, 1})
			}
		}
		if r := rateOf(trials); r.Low <= 0.2 && 0.2 <= r.High {
			held++
		}
	}
	assert.InDelta(t, 0.95, float64(held)/logs, 0.04)
}

// A place is filled by chance with a tenth, from two films. One is opened always, the other never. All
// clicks over all in view says how good the order was; weighed by propensity, how good the films are.
func TestWeightsUndoTheOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 5))
	var log Log
	for i := range 20_000 {
		e := Entry{List: fmt.Sprint(i), Film: "good", Model: "m", Position: 2, Propensity: 0.9, At: at(0)}
		if random.Float64() < 0.1 {
			e.Film, e.Propensity = "bad", 0.1
		}
		log.Shown = append(log.Shown, e)
		if e.Film == "good" {
			log.Opened = append(log.Opened, e)
		}
	}
	arm := Rates(log, Popularity)[0]
	assert.InDelta(t, 0.9, arm.Rate.Share, 0.01)
	assert.InDelta(t, 0.5, arm.Weighted.Share, 0.03)
	assert.Less(t, arm.Weighted.Of, 0.5*arm.Rate.Of, "few that weigh much tell less")
	assert.True(t, arm.Weighted.Low < 0.5 && 0.5 < arm.Weighted.High)
}

func at(hours float64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(hours * float64(time.Hour)))
}

// A small log, by hand. The lists are of a model, of popularity, and of a visitor.
func smallLog() Log {
	shown := func(list, film, person, model string, position int, hours float64) Entry {
		return Entry{List: list, Film: film, Person: person, Model: model, Position: position, Propensity: 1, At: at(hours)}
	}
	return Log{
		Shown: []Entry{
			shown("l1", "a", "ann", "m1", 1, 0), shown("l1", "b", "ann", "m1", 2, 0), shown("l1", "c", "ann", "m1", 12, 0),
			shown("l1", "a", "ann", "m1", 1, 1), // reported again
			shown("l2", "a", "ann", "m1", 3, 24), shown("l3", "a", "bob", Popularity, 1, 0), shown("l3", "b", "bob", Popularity, 4, 0),
			shown("l4", "a", "", Popularity, 1, 0), shown("l5", "a", "ann", "m1", 1, 300),
		},
		Opened: []Entry{
			shown("l1", "b", "ann", "m1", 2, 0.1), shown("l1", "b", "ann", "m1", 2, 0.2), shown("l4", "a", "", Popularity, 1, 0.1),
			shown("l6", "d", "bob", Popularity, 7, 5), // its impression was lost
		},
		Booked: []Booked{
			{"ann", "a", at(30)}, {"ann", "a", at(40)}, // of l2, which was the last before
			{"ann", "b", at(24*7 + 0.01)}, // too late
			{"bob", "b", at(24 * 7)}, {"ann", "c", at(-1)}, {"eve", "a", at(2)}, {"", "a", at(1)},
		},
		Until: at(24 * 14),
	}
}

func TestRatesByHand(t *testing.T) {
	t.Parallel()
	log := smallLog()
	want := Rates(log, Popularity)
	require.Len(t, want, 2)
	model, popular := want[0], want[1]
	assert.Equal(t, "m1", model.Model)
	assert.Equal(t, []int{3, 5, 1, 1}, []int{model.Lists, model.Shown, model.People, model.Opened})
	assert.InDelta(t, 0.2, model.Rate.Share, 1e-9)
	assert.Equal(t, []int{4, 1}, []int{model.BookedOf, model.Booked}, "of the last list it is not known yet; two bookings of one film in view count once")
	assert.InDelta(t, 0.25, model.BookedRate.Share, 1e-9)
	assert.Equal(t, Popularity, popular.Model)
	assert.Equal(t, []int{3, 4, 1, 2}, []int{popular.Lists, popular.Shown, popular.People, popular.Opened}, "what was opened was in view")
	assert.Equal(t, []int{3, 1}, []int{popular.BookedOf, popular.Booked}, "a visitor's bookings are not known")

	assert.True(t, model.Compared)
	assert.False(t, popular.Compared)
	assert.InDelta(t, 1./5-1./3, model.MoreOpened.Value, 1e-9, "people with an account alone")
	assert.InDelta(t, 1./4-1./3, model.MoreBooks.Value, 1e-9)

	var counts []int
	for _, place := range model.Places {
		counts = append(counts, place.Shown)
	}
	assert.Equal(t, []int{2, 1, 1, 0, 0, 1}, counts)
	assert.InDelta(t, 1, model.Places[1].Rate.Share, 1e-9)

	for range 10 {
		random := rand.New(rand.NewPCG(6, 6))
		random.Shuffle(len(log.Shown), func(i, j int) { log.Shown[i], log.Shown[j] = log.Shown[j], log.Shown[i] })
		random.Shuffle(len(log.Opened), func(i, j int) { log.Opened[i], log.Opened[j] = log.Opened[j], log.Opened[i] })
		random.Shuffle(len(log.Booked), func(i, j int) { log.Booked[i], log.Booked[j] = log.Booked[j], log.Booked[i] })
		assert.Equal(t, want, Rates(log, Popularity), "in any order")
	}
	assert.False(t, Rates(log, "none")[0].Compared)
}

// A model that is better is found to be so, and one that is not is not.
func TestALogTellsABetterModel(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	log := Log{Until: at(24 * 30)}
	for person := range 3000 {
		model, opens := []string{Popularity, "as good", "better"}[person%3], []float64{0.10, 0.10, 0.15}[person%3]
		for place := range 10 {
			e := Entry{List: fmt.Sprint("list ", person), Film: fmt.Sprint(place), Person: fmt.Sprint(person), Model: model, Position: place + 1, Propensity: 1, At: at(0)}
			log.Shown = append(log.Shown, e)
			if random.Float64() < opens/float64(place+1) {
				log.Opened = append(log.Opened, e)
				log.Booked = append(log.Booked, Booked{e.Person, e.Film, at(5)})
			}
		}
	}
	arms := Rates(log, Popularity)
	same, better := arms[0], arms[1]
	require.Equal(t, "better", better.Model)
	assert.Greater(t, better.MoreOpened.Low, 0.0)
	assert.Greater(t, better.MoreBooks.Low, 0.0)
	assert.True(t, same.MoreOpened.Low < 0 && same.MoreOpened.High > 0, "%+v", same.MoreOpened)
	for i := 1; i < 3; i++ {
		assert.Less(t, better.Places[i].Rate.Share, better.Places[i-1].Rate.Share, "the first place is opened most")
	}
}

func TestTheReportOfALog(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, ReportLog(smallLog(), 30, &out))
	for _, line := range []string{
		"| m1         | 3 | 5 | 1 | 1 | 20.00 % | 3.62 to 62.45 ", "| more than popularity, people with an account | opened, points | 95 %",
		"| booked within 7 days", "of whom nothing is known", "6 to 10",
	} {
		assert.Contains(t, out.String(), line)
	}
	assert.NotContains(t, out.String(), "NaN")

	log := smallLog()
	for i := range log.Shown {
		if log.Shown[i].Person == "bob" {
			log.Shown[i].Model = Control
		}
	}
	out.Reset()
	require.NoError(t, ReportLog(log, 30, &out))
	assert.Contains(t, out.String(), "| more than popularity_arm, people with an account")
	assert.NotContains(t, out.String(), "of whom nothing is known")

	log = smallLog()
	for _, list := range [][]Entry{log.Shown, log.Opened} {
		for i := range list {
			list[i].Model = "m1"
		}
	}
	out.Reset()
	require.NoError(t, ReportLog(log, 30, &out))
	assert.Contains(t, out.String(), "No list came from popularity")

	out.Reset()
	require.NoError(t, ReportLog(Log{Booked: make([]Booked, 7)}, 14, &out))
	assert.Equal(t, "In the last 14 days no movie of a list came into view, so there is nothing to compare. Apps report what did by POST /v1/me/impressions. There were 7 bookings.\n", out.String())
}
