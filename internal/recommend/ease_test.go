package recommend

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// denseOf writes columns as a matrix, by film and column.
func denseOf(columns []weights) [][]float64 {
	b := make([][]float64, len(columns))
	for i := range b {
		b[i] = make([]float64, len(columns))
	}
	for j, column := range columns {
		for k, i := range column.films {
			b[i][j] = column.weights[k]
		}
	}
	return b
}

func randomRows(random *rand.Rand, people, films int) [][]int32 {
	rows := make([][]int32, people)
	for person := range rows {
		for film := range films {
			if random.IntN(4) == 0 {
				rows[person] = append(rows[person], int32(film))
			}
		}
	}
	return rows
}

func randomAlike(random *rand.Rand, films int) []weights {
	alike := make([]weights, films)
	for j := range alike {
		for i := range films {
			if i != j && random.IntN(3) == 0 {
				alike[j].films = append(alike[j].films, int32(i))
				alike[j].weights = append(alike[j].weights, random.Float64())
			}
		}
	}
	return alike
}

func solved(t interface {
	require.TestingT
	Context() context.Context
}, rows [][]int32, films int, o Options, alike []weights) [][]float64 {
	columns, err := ease(t.Context(), rows, films, o, alike, progressOf(t.Context()))
	require.NoError(t, err)
	return denseOf(columns)
}

// The gradient of what is made smallest is zero off the diagonal, whichever side was inverted.
func TestEASEIsTheSmallest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		people, films := rapid.IntRange(1, 25).Draw(t, "people"), rapid.IntRange(1, 25).Draw(t, "films")
		o := Options{Lambda: rapid.Float64Range(0.5, 50).Draw(t, "lambda"), Delta: rapid.SampledFrom([]float64{0, 0.5, 20}).Draw(t, "delta")}
		rows, alike := randomRows(random, people, films), randomAlike(random, films)
		b, r := solved(t, rows, films, o, alike), denseOf(alike)
		gradient := make([][]float64, films)
		for i := range gradient {
			gradient[i] = make([]float64, films)
			for j := range films {
				gradient[i][j] = o.Lambda*b[i][j] + o.Delta*(b[i][j]-r[i][j])
			}
		}
		for _, row := range rows {
			score, seen := make([]float64, films), make([]float64, films)
			for _, i := range row {
				seen[i] = 1
				for j := range films {
					score[j] += b[i][j]
				}
			}
			for _, i := range row {
				for j := range films {
					gradient[i][j] += score[j] - seen[j]
				}
			}
		}
		for i := range films {
			if b[i][i] != 0 {
				t.Fatalf("diagonal %d is %v", i, b[i][i])
			}
			for j := range films {
				if i != j && math.Abs(gradient[i][j]) > 1e-6 {
					t.Fatalf("gradient at %d, %d is %v", i, j, gradient[i][j])
				}
			}
		}
	})
}

func TestEASEOfToys(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	alike := randomAlike(random, 12)
	t.Run("without likings it is the pull alone", func(t *testing.T) {
		t.Parallel()
		b, r := solved(t, nil, 12, Options{Lambda: 3, Delta: 2}, alike), denseOf(alike)
		for i := range b {
			for j := range b {
				assert.InDelta(t, r[i][j]*2/(3+2), b[i][j], 1e-12)
			}
		}
	})
	t.Run("without a pull, what is alike counts for nothing", func(t *testing.T) {
		t.Parallel()
		rows := randomRows(random, 30, 12)
		assert.Equal(t, solved(t, rows, 12, Options{Lambda: 3}, nil), solved(t, rows, 12, Options{Lambda: 3}, alike))
	})
	t.Run("a film that no one has seen has no weights, and others have negative ones", func(t *testing.T) {
		t.Parallel()
		rows := randomRows(rand.New(rand.NewPCG(3, 3)), 60, 11)
		b := solved(t, rows, 12, Options{Lambda: 3}, nil)
		negative := 0
		for i := range b {
			assert.Zero(t, b[i][11])
			assert.Zero(t, b[11][i])
			for j := range b {
				if b[i][j] < 0 {
					negative++
				}
			}
		}
		assert.Positive(t, negative, "what speaks against a film is kept")
	})
}

func TestOnlyTheLargestWeightsStay(t *testing.T) {
	t.Parallel()
	column := []float64{0, 0.5, -3, 2, 1e-12, 0.5, -0.1}
	assert.Equal(t, weights{[]int32{1, 2, 3}, []float64{0.5, -3, 2}}, new(picker).largest(column, 3), "of equals the first")
	assert.Equal(t, []int32{1, 2, 3, 5, 6}, new(picker).largest(column, 0).films)
	rapid.Check(t, func(t *rapid.T) {
		column := rapid.SliceOf(rapid.Map(rapid.IntRange(-9, 9), func(n int) float64 { return float64(n) })).Draw(t, "column")
		n := rapid.IntRange(1, 12).Draw(t, "n")
		got := new(picker).largest(column, n)
		sizes, kept := []float64{}, []float64{}
		for _, w := range column {
			if w != 0 {
				sizes = append(sizes, math.Abs(w))
			}
		}
		for i, film := range got.films {
			assert.InDelta(t, column[film], got.weights[i], 0)
			kept = append(kept, math.Abs(got.weights[i]))
		}
		slices.Sort(sizes)
		slices.Sort(kept)
		assert.Equal(t, sizes[max(0, len(sizes)-n):], kept)
		assert.True(t, slices.IsSorted(got.films))
	})
}

func TestAFilmSeenTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	d := Data{People: [][]Liking{{{Film: 1}, {Film: 2}, {Film: 1}}}}
	assert.Equal(t, [][]int32{{2, 1}}, d.rows(), "where it was seen last")
}

func TestTrainingRefuses(t *testing.T) {
	t.Parallel()
	films := []Film{{ID: "a"}, {ID: "b"}}
	for name, test := range map[string]struct {
		data   Data
		change func(*Options)
		says   string
	}{
		"no films":             {Data{}, nil, "films: there are none"},
		"two films of one id":  {Data{Films: []Film{{ID: "a"}, {ID: "a"}}}, nil, `place 1 has the id "a"`},
		"a film without an id": {Data{Films: []Film{{}}}, nil, "empty"},
		"an unknown film":      {Data{Films: films, People: [][]Liking{{{Film: 2}}}}, nil, "row 0 names the film 2 of 2"},
		"no lambda":            {Data{Films: films}, func(o *Options) { o.Lambda = 0 }, "lambda is 0: choose a number above 0"},
		"no number":            {Data{Films: films}, func(o *Options) { o.Delta = math.NaN() }, "delta is NaN: choose 0 or more"},
		"floor":                {Data{Films: films}, func(o *Options) { o.Floor = 2 }, "floor is 2: choose at most 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := DefaultOptions()
			if test.change != nil {
				test.change(&o)
			}
			_, err := Train(t.Context(), test.data, o)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

// With fewer weights than films, the films that most people have seen have them, and the others are
// scored by their facts.
func TestFilmsBeyondTheLargest(t *testing.T) {
	t.Parallel()
	w := newWorld(60, 150, 1)
	o := testOptions()
	o.MaxFilms = 20
	m, err := Train(t.Context(), w.data, o)
	require.NoError(t, err)
	with := 0
	for film := range w.data.Films {
		films, _ := m.weights.column(int32(film))
		if len(films) > 0 {
			with++
		}
	}
	assert.Equal(t, 20, with)
}
