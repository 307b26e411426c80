package judged

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTitlesAreComparedByTheirWords(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Amélie": "amelie", "Spider-Man: Far from Home": "spider man far from home", "Fast & Furious": "fast and furious",
		"Ocean's Eleven": "oceans eleven", " What? ": "what", "…": "",
	} {
		assert.Equal(t, want, fold(title), title)
	}
	assert.Equal(t, "godfather", bare("the godfather"))
	assert.Equal(t, "the", bare("the"))
	assert.Equal(t, "them", bare("them"))
}

func TestAJudgeKnowsTwins(t *testing.T) {
	t.Parallel()
	list := []Film{{Title: "Heat", Year: 1986}, {Title: "HEAT", Year: 1995}, {Title: "Hear", Year: 2000}}
	for name, test := range map[string]struct {
		query       Query
		found       []int
		first, five int
	}{
		"the film":             {Query{"heat", 1, false}, []int{1, 0}, 1, 1},
		"its twin":             {Query{"heat", 1, false}, []int{0}, 1, 1},
		"its twin, by year":    {Query{"heat 1995", 1, true}, []int{0, 1}, 0, 1},
		"another before it":    {Query{"heat", 1, false}, []int{2, 0}, 0, 1},
		"the sixth":            {Query{"heat", 1, false}, []int{2, 2, 2, 2, 2, 1}, 0, 0},
		"nothing":              {Query{"heat", 1, false}, nil, 0, 0},
		"another in its stead": {Query{"heat", 1, false}, []int{2}, 0, 0},
	} {
		v, missed := Judge(list, []Query{test.query}, func(string) []int { return test.found })
		assert.Equal(t, Verdict{1, test.first, test.five}, v, name)
		assert.Len(t, missed, 1-test.first, name)
		for _, m := range missed {
			assert.Contains(t, m.Describe(list), test.query.Text)
		}
	}
}

func TestATypoIsOneEdit(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	kinds := map[int]bool{}
	for range 500 {
		wrong := Typo(random, "amélie")
		assert.NotEqual(t, "amélie", wrong)
		kinds[len([]rune(wrong))-6] = true
		first := firstTypo(random, "heat")
		assert.True(t, first == "eat" || strings.HasSuffix(first, "eat"), first)
	}
	assert.Equal(t, map[int]bool{-1: true, 0: true, 1: true}, kinds)
	assert.Equal(t, "interst", beginning("interstella"), "three fifths")
}

func TestMovieLensNames(t *testing.T) {
	t.Parallel()
	for title, want := range map[string][]string{
		"Toy Story (1995)":                         {"Toy Story"},
		"Usual Suspects, The (1995)":               {"The Usual Suspects"},
		"Seven (a.k.a. Se7en) (1995)":              {"Seven", "Se7en"},
		"City of Lost Children, The (Cité) (1995)": {"The City of Lost Children", "Cité"},
	} {
		names, year := movieLensNames(title)
		assert.Equal(t, want, names)
		assert.Equal(t, 1995, year)
	}
	names, _ := movieLensNames("Babylon 5")
	assert.Empty(t, names)
}

// The sets are the same in every run, each of the size it says.
func TestSets(t *testing.T) {
	t.Parallel()
	list, err := Films()
	if errors.Is(err, ErrNoFilms) {
		t.Skip("NOT JUDGED:", err)
	}
	require.NoError(t, err)
	sets, again := Sets(list), Sets(list)
	assert.Equal(t, sets, again)
	for _, set := range sets {
		assert.Greater(t, len(set.Queries), 900, set.Name)
	}
	assert.Len(t, Grow(list, len(list)+100), len(list)+100)
	rated, err := Ratings(list)
	if errors.Is(err, ErrNoRatings) {
		t.Skip("NOT JUDGED:", err)
	}
	require.NoError(t, err)
	total := 0
	for _, n := range rated {
		total += n
	}
	assert.Greater(t, total, 75_000, "four of five ratings are of films on the list")
	for _, b := range ShortBeginnings(list, rated) {
		assert.Len(t, b.Queries, perSet)
		for _, q := range b.Queries {
			assert.LessOrEqual(t, len([]rune(q.Text)), 5)
		}
	}
}
