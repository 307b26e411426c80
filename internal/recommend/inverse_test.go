package recommend

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// naiveInverse is of rows'·rows + ridge·I, by elimination with pivots.
func naiveInverse(rows [][]int32, films int, ridge float64) [][]float64 {
	a := make([][]float64, films) // with the identity to the right
	for i := range a {
		a[i] = make([]float64, 2*films)
		a[i][i], a[i][films+i] = ridge, 1
	}
	for _, row := range rows {
		for _, i := range row {
			for _, j := range row {
				a[i][j]++
			}
		}
	}
	for k := range films {
		best := k
		for i := k; i < films; i++ {
			if math.Abs(a[i][k]) > math.Abs(a[best][k]) {
				best = i
			}
		}
		a[k], a[best] = a[best], a[k]
		pivot := a[k][k]
		for j := range a[k] {
			a[k][j] /= pivot
		}
		for i := range a {
			if factor := a[i][k]; i != k && factor != 0 {
				for j := k; j < 2*films; j++ {
					a[i][j] -= factor * a[k][j]
				}
			}
		}
	}
	for i := range a {
		a[i] = a[i][films:]
	}
	return a
}

// skewedRows are people who mostly see the same few films, as in any city.
func skewedRows(random *rand.Rand, people, films int) [][]int32 {
	rows := make([][]int32, people)
	for person := range rows {
		for range 3 + random.IntN(20) {
			film := int32(float64(films) * math.Pow(random.Float64(), 3))
			if !slices.Contains(rows[person], film) {
				rows[person] = append(rows[person], film)
			}
		}
	}
	return rows
}

// Over films and over people, in one block and in several, and with a ridge that is next to nothing
// or more than all likings.
func TestTheInverseIsTheNaiveOne(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ people, films int }{{1, 1}, {40, 30}, {30, 40}, {500, block}, {600, block + 1}, {block + 1, 300}, {2*block + 7, 300}} {
		for _, ridge := range []float64{1e-3, 1, 100, 1e4} {
			t.Run(fmt.Sprintf("%d people, %d films, ridge %v", size.people, size.films, ridge), func(t *testing.T) {
				t.Parallel()
				rows := skewedRows(rand.New(rand.NewPCG(7, 7)), size.people, size.films)
				want := naiveInverse(rows, size.films, ridge)
				p, err := invert(t.Context(), rows, size.films, ridge, func() {})
				require.NoError(t, err)
				times, column, worst := p.worker(t.Context()), numbers(1, size.films), 0.0
				for film := range size.films {
					require.True(t, times([]weights{one(int32(film))}, column))
					for i, got := range column[0] {
						worst = max(worst, math.Abs(got-want[i][film]))
					}
				}
				// No element is larger than 1/ridge. The badly scaled ones lose 7 digits of 16.
				assert.Less(t, worst*ridge, 1e-9)
			})
		}
	}
}

func TestAMatrixWithoutAnInverse(t *testing.T) {
	t.Parallel()
	_, err := invert(t.Context(), [][]int32{{0, 1}, {0, 1}, {0, 1}}, 2, 0, func() {})
	assert.ErrorContains(t, err, "make it larger than 0")
}

func TestATrainingSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(2*block+10, 2*block+10, 31)
	for name, test := range map[string]struct {
		lambda float64
		phases []string
	}{
		"by an inverse":          {0.01, []string{"learning from the films' facts", "solving who chooses what", "keeping the largest weights of each film"}},
		"by conjugate gradients": {1000, []string{"learning from the films' facts", "weighing which film speaks for which"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testOptions()
			o.Lambda = test.lambda
			var phases []string
			var shares []float64
			m, err := Train(WithProgress(t.Context(), func(phase string, done float64) {
				if len(phases) == 0 || phases[len(phases)-1] != phase {
					phases = append(phases, phase)
				}
				shares = append(shares, done)
			}), w.data, o)
			require.NoError(t, err)
			again, err := Train(t.Context(), w.data, o)
			require.NoError(t, err)
			assert.Equal(t, again, m, "the same model again, for each order of the others")
			assert.Equal(t, test.phases, phases)
			assert.True(t, slices.IsSorted(shares), "%v", shares)
			assert.Zero(t, shares[0])
			assert.InDelta(t, 1, shares[len(shares)-1], 0)
			assert.Greater(t, len(shares), 20)
		})
	}
}

// However far it is, it ends with the next step, and has said so little after.
func TestATrainingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(2*block+10, 2*block+10, 32)
	for _, lambda := range []float64{0.01, 1000} {
		for _, at := range []float64{0, 0.05, 0.3, 0.91} {
			o := testOptions()
			o.Lambda = lambda
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			after := 0
			_, err := Train(WithProgress(ctx, func(_ string, done float64) {
				if ctx.Err() != nil {
					after++
				}
				if done >= at {
					cancel()
				}
			}), w.data, o)
			require.ErrorIs(t, err, context.Canceled, "lambda %v, at %v", lambda, at)
			assert.LessOrEqual(t, after, 2+2*lanes, "lambda %v, at %v", lambda, at)
		}
	}
}
