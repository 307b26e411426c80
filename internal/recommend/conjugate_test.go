package recommend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byGradients is the way by conjugate gradients, whatever it costs.
func byGradients(rows [][]int32, films int, o Options) *conjugate {
	return &conjugate{ridge: o.Lambda + o.Delta, rows: rows, columns: columnsOf(rows, films), most: 10_000}
}

// furthest is how far any weight of columns is from the same of others.
func furthest(a, b [][]float64) (far float64) {
	for i := range a {
		for j := range a[i] {
			far = max(far, math.Abs(a[i][j]-b[i][j]))
		}
	}
	return far
}

// naiveEASE are the weights by the naive inverse, by film and column.
func naiveEASE(rows [][]int32, films int, lambda float64) [][]float64 {
	p := naiveInverse(rows, films, lambda)
	for j := range films {
		scale := p[j][j]
		for i := range films {
			p[i][j] /= -scale
		}
		p[j][j] = 0
	}
	return p
}

// Where rounding allows it, all weights are as near to those of a naive inverse as is said; elsewhere
// it is not taken.
func TestConjugateGradientsAreExact(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ people, films int }{{1, 1}, {5, 30}, {30, 5}, {200, 300}, {400, 203}} {
		for _, lambda := range []float64{1e-3, 0.5, 10, 100, 1e4} {
			t.Run(fmt.Sprintf("%d people, %d films, lambda %v", size.people, size.films, lambda), func(t *testing.T) {
				t.Parallel()
				rows, o := skewedRows(rand.New(rand.NewPCG(8, 8)), size.people, size.films), Options{Lambda: lambda}
				c := byGradients(rows, size.films, o)
				if !c.holds() {
					assert.InDelta(t, 1e-3, lambda, 0, "no other is that badly scaled")
					_, ok := affordable(t.Context(), rows, size.films, o)
					assert.False(t, ok)
					return
				}
				assert.True(t, lambda > 1e-3 || size.people == 1)
				columns, ok := easeColumns(t.Context(), c, size.films, o, nil, progressOf(t.Context()))
				require.True(t, ok)
				assert.Less(t, furthest(naiveEASE(rows, size.films, lambda), denseOf(columns)), exact)
			})
		}
	}
}

func TestConjugateGradientsWithAPull(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(9, 9))
	rows, alike := skewedRows(random, 150, 100), randomAlike(random, 100)
	for _, delta := range []float64{0.1, 10, 1000} {
		o := Options{Lambda: 20, Delta: delta}
		p, err := invert(t.Context(), rows, 100, o.Lambda+o.Delta, func() {})
		require.NoError(t, err)
		want, _ := easeColumns(t.Context(), p, 100, o, alike, progressOf(t.Context()))
		got, ok := easeColumns(t.Context(), byGradients(rows, 100, o), 100, o, alike, progressOf(t.Context()))
		require.True(t, ok)
		assert.Less(t, furthest(denseOf(want), denseOf(got)), exact, "delta %v", delta)
	}
}

// In a city where most of a film's weights are left out, both ways keep the same ones but for those
// at the edge, and weigh them alike.
func TestBothWaysKeepTheSameWeights(t *testing.T) {
	t.Parallel()
	const films = 500
	rows := cityRows(400, films)
	for _, lambda := range []float64{3, 30, 300} {
		o := Options{Lambda: lambda, Keep: 40}
		p, err := invert(t.Context(), rows, films, lambda, func() {})
		require.NoError(t, err)
		want, _ := easeColumns(t.Context(), p, films, o, nil, progressOf(t.Context()))
		got, ok := easeColumns(t.Context(), byGradients(rows, films, o), films, o, nil, progressOf(t.Context()))
		require.True(t, ok)
		kept, same, far := 0, 0, 0.0
		a, b := denseOf(want), denseOf(got)
		for i := range a {
			for j := range a {
				if a[i][j] != 0 {
					kept++
					if b[i][j] != 0 {
						same++
						far = max(far, math.Abs(a[i][j]-b[i][j]))
					}
				}
			}
		}
		assert.Less(t, far, exact, "lambda %v", lambda)
		assert.Greater(t, kept, 20*films)
		assert.Greater(t, float64(same), 0.999*float64(kept), "lambda %v", lambda)
	}
}

// What is hard to solve is in none of the probes: it begins by conjugate gradients, gives them up,
// and the inverse finds the weights. What is done does not become less.
func TestTheInverseTakesOver(t *testing.T) {
	t.Parallel()
	const films, people = 400, 350
	random := rand.New(rand.NewPCG(10, 10))
	rows := make([][]int32, people)
	for person := range rows {
		for range 6 {
			film := int32(random.IntN(films))
			if film%(films/probes) >= lanes && !slices.Contains(rows[person], film) {
				rows[person] = append(rows[person], film)
			}
		}
	}
	o := Options{Lambda: 0.05}
	c, ok := affordable(t.Context(), rows, films, o)
	require.True(t, ok, "no probe was hard")
	_, ok = easeColumns(t.Context(), c, films, o, nil, progressOf(t.Context()))
	require.False(t, ok, "some films are")

	var phases []string
	var shares []float64
	columns, err := ease(t.Context(), rows, films, o, nil, progressOf(WithProgress(t.Context(), func(phase string, done float64) {
		if len(phases) == 0 || phases[len(phases)-1] != phase {
			phases = append(phases, phase)
		}
		shares = append(shares, done)
	})))
	require.NoError(t, err)
	p, err := invert(t.Context(), rows, films, o.Lambda, func() {})
	require.NoError(t, err)
	want, _ := easeColumns(t.Context(), p, films, o, nil, progressOf(t.Context()))
	assert.Equal(t, want, columns)
	assert.Equal(t, []string{"weighing which film speaks for which", "solving who chooses what", "keeping the largest weights of each film"}, phases)
	assert.True(t, slices.IsSorted(shares), "%v", shares)
}

// The inverse is taken for few people with many likings each, and conjugate gradients for many.
func TestTheFasterWayIsTaken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		people, films int
		lambda        float64
		gradients     bool
	}{
		"a city":                            {2000, 2500, 100, true},
		"more people than films":            {4000, 3000, 100, true},
		"hardly any lambda":                 {2000, 2500, 0.1, false},
		"a club":                            {50, 2500, 100, false},
		"so few films that it is no matter": {2000, 50, 100, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := cityRows(test.people, test.films)
			_, ok := affordable(t.Context(), rows, test.films, Options{Lambda: test.lambda})
			assert.Equal(t, test.gradients, ok)
		})
	}
}

// cityRows are people with 10 to 50 films each, popular by Zipf's law.
func cityRows(people, films int) [][]int32 {
	random := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(random, 1.05, 20, uint64(films-1))
	rows := make([][]int32, people)
	for person := range rows {
		for range 10 + random.IntN(41) {
			if film := int32(zipf.Uint64()); !slices.Contains(rows[person], film) {
				rows[person] = append(rows[person], film)
			}
		}
	}
	return rows
}
