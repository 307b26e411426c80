package search

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/search/judged"
)

// finding asks as customers do, people and all.
func finding(x *Index) func(string) []int {
	return func(text string) []int {
		var places []int
		for _, hit := range x.Search(Query{Text: text, Limit: 5, Now: noon}).Items {
			place, _ := strconv.Atoi(hit.Slug)
			places = append(places, place)
		}
		return places
	}
}

// hold asks a set of queries and holds what it has to reach.
func hold(t *testing.T, x *Index, list []judged.Film, set judged.Set) judged.Verdict {
	t.Helper()
	v, missed := judged.Judge(list, set.Queries, finding(x))
	t.Logf("%-38s %5d queries  @1 %.4f  @5 %.4f", set.Name, v.Queries, v.At1(), v.At5())
	for _, m := range missed[:min(5, len(missed))] {
		t.Log("    ", m.Describe(list))
	}
	assert.GreaterOrEqual(t, v.At1(), set.At1, set.Name)
	assert.GreaterOrEqual(t, v.At5(), set.At5, set.Name)
	return v
}

// TestJudged prints recall on the real list and holds its thresholds. The catalog
// knows how popular its films are, as a real one does, which hides little-known films from
// customers who look for them. All sets draw titles in the same way, except those of a few
// letters.
func TestJudged(t *testing.T) {
	t.Parallel()
	list := films(t)
	rated, err := judged.Ratings(list)
	if errors.Is(err, judged.ErrNoRatings) {
		t.Skip("NOT JUDGED:", err)
	}
	require.NoError(t, err)
	movies := moviesOf(list)
	unknown := Build(Snapshot{Movies: slices.Clone(movies)})
	for i, popularity := range judged.Popularity(rated) {
		movies[i].Popularity = popularity
	}
	x := Build(Snapshot{Movies: movies})
	for _, set := range judged.Sets(list) {
		hold(t, x, list, set)
		if set.Name == judged.SixtyPercent {
			set.Name, set.At5 = set.Name+", all equally unknown", 0.96
			hold(t, unknown, list, set)
		}
	}
	for _, set := range judged.ShortBeginnings(list, rated) {
		v := hold(t, x, list, set.Set)
		t.Logf("%-38s %5s          @1 %.4f  @5 %.4f", "    the best that can be done", "", set.Ideal.At1(), set.Ideal.At5())
		assert.GreaterOrEqual(t, v.At5(), 0.94*set.Ideal.At5(), set.Name)
	}
}

// TestJudgedPeople asks for people of the real list, with a typo.
func TestJudgedPeople(t *testing.T) {
	t.Parallel()
	x := Build(Snapshot{Movies: moviesOf(films(t))})
	random := rand.New(rand.NewPCG(4, 4))
	var exact, wrong judged.Verdict
	for _, i := range random.Perm(len(x.people)) {
		name := x.people[i].name
		if exact.Queries == 1000 || len(normalize(name)) < 7 {
			continue
		}
		for query, v := range map[string]*judged.Verdict{strings.ToLower(name): &exact, judged.Typo(random, strings.ToLower(name)): &wrong} {
			v.Count(slices.IndexFunc(x.byPerson.find(queryWords(query), false), func(h hit) bool {
				return normalize(x.people[h.owner].name) == normalize(name)
			}))
		}
	}
	t.Logf("%-38s %5d queries  @1 %.4f  @5 %.4f", "person, exact", exact.Queries, exact.At1(), exact.At5())
	t.Logf("%-38s %5d queries  @1 %.4f  @5 %.4f", "person, one typo", wrong.Queries, wrong.At1(), wrong.At5())
	assert.GreaterOrEqual(t, exact.At1(), 0.99)
	assert.GreaterOrEqual(t, wrong.At1(), 0.95)
	assert.GreaterOrEqual(t, wrong.At5(), 0.98)
}

// TestJudgedNothing asks the real list for what it does not have.
func TestJudgedNothing(t *testing.T) {
	t.Parallel()
	x := Build(Snapshot{Movies: moviesOf(films(t))})
	queries, empty := 0, 0
	for _, w := range writtenQueries(t) {
		if len(w.Want) > 0 {
			continue
		}
		queries++
		right, shown := w.right(x.Search(Query{Text: w.Query}))
		if right {
			empty++
		} else {
			t.Logf("%q found %s", w.Query, shown)
		}
	}
	t.Logf("%-38s %5d queries  %d found nothing", "must find nothing", queries, empty)
	assert.GreaterOrEqual(t, float64(empty)/float64(queries), 0.9)
}
