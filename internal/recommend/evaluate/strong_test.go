package evaluate

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// People whom no method was trained on. The films to be found are drawn by chance, so what we know of
// the order of a person's films is no help here: ours is about as good as EASE, which it is made of.
func TestPeopleWhoAreHeldOut(t *testing.T) {
	t.Parallel()
	r := ratings(t)
	results, err := StrongGeneralization(t.Context(), r, strongSeed, QuickGrids().Start, QuickStrong(), func(step string) { t.Log(step) })
	require.NoError(t, err)
	require.Len(t, results, 5)
	for _, result := range results {
		t.Logf("%-10s Recall@20 %.4f ± %.4f, NDCG@100 %.4f ± %.4f (%s)", result.Method, result.Recall, result.RecallError, result.NDCG, result.NDCGError, result.Chosen)
		assert.Equal(t, len(r.People)/5, result.People)
	}
	popularity, ease, ours := results[0], results[3], results[4]
	assert.InDelta(t, 0.1617, popularity.Recall, 0.0001, "popularity has no options: it shows that the measure is right")
	assert.InDelta(t, 0.2036, popularity.NDCG, 0.0001)
	assert.Greater(t, ours.NDCG, 1.7*popularity.NDCG)
	assert.Greater(t, ours.NDCG, 0.95*ease.NDCG)
	assert.Greater(t, ours.Recall, 0.93*ease.Recall)
}

func TestHeldOutPeopleOfTwoKinds(t *testing.T) {
	t.Parallel()
	d := likings(40, 80)
	r := &Ratings{Films: d.Films, People: d.People}
	grids := StrongGrids{Neighbors: []int{10}, Lambda: []float64{1e9, 5}, Recent: []float64{0}}
	var steps []string
	results, err := StrongGeneralization(t.Context(), r, 3, QuickGrids().Start, grids, func(step string) { steps = append(steps, step) })
	require.NoError(t, err)
	assert.Len(t, steps, 4, "two methods have two options")
	for _, result := range results[1:] {
		assert.Equal(t, 16, result.People)
		assert.Greater(t, result.NDCG, results[0].NDCG, "%+v", result)
	}
	for _, result := range results[3:] {
		assert.Contains(t, result.Chosen, "lambda 5", "chosen by other people")
	}
	again, err := StrongGeneralization(t.Context(), r, 3, QuickGrids().Start, grids, func(string) {})
	require.NoError(t, err)
	assert.Equal(t, results[:2], again[:2], "the same draw has the same people")

	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = StrongGeneralization(stopped, r, 3, QuickGrids().Start, grids, func(string) {})
	assert.ErrorIs(t, err, context.Canceled)
}

// Two films are to be found; one is at the first place, one at the third.
func TestRecallAndNDCGByHand(t *testing.T) {
	t.Parallel()
	score := func([]int32) []float64 { return []float64{9, 5, 4, 3, 3, 0} }
	recall, ndcg := judge([]stranger{{told: []int32{0}, hidden: map[int32]bool{1: true, 3: true}}}, score)
	assert.Equal(t, []float64{1}, recall)
	assert.InDelta(t, (1+0.5)/(1+1/math.Log2(3)), ndcg[0], 1e-9)
	assert.Equal(t, []int32{1, 2, 3}, first(score(nil), []int32{0}, 3), "of equal ones the first")

	many := stranger{hidden: map[int32]bool{}}
	scores := make([]float64, 200)
	for film := range 200 {
		scores[film] = float64(-film)
		many.hidden[int32(film)] = film%2 == 0
	}
	for film := int32(1); film < 200; film += 2 {
		delete(many.hidden, film)
	}
	recall, _ = judge([]stranger{many}, func([]int32) []float64 { return scores })
	assert.InDelta(t, 0.5, recall[0], 1e-9, "of twenty places, ten are right")

	mean, off := meanOf([]float64{1, 2, 3})
	assert.InDelta(t, 2, mean, 1e-9)
	assert.InDelta(t, math.Sqrt2/3, off, 1e-9)
}
