package recommend

import (
	"context"
	"errors"
)

// Grid is what [Choose] tries. An empty list keeps what the options say.
type Grid struct {
	Lambda, Delta []float64
	Recent, Floor []float64
	Few           []float64
}

// DefaultGrid is what was worth trying where we measured.
func DefaultGrid() Grid {
	return Grid{
		Lambda: []float64{10, 30, 100, 300, 1000},
		Recent: []float64{0, 1, 2, 3, 5, 10},
		Floor:  []float64{0, 0.1, 0.2},
		Few:    []float64{0, 1, 3, 10},
	}
}

// Trial is one point of a grid, and how good it was.
type Trial struct {
	Options Options
	Measure Measure
}

// Choose trains on data with the numbers of the grid, and gives the options that foretell the cases
// best. The cases must not be those that the chosen model is judged by. It goes along one number
// after the other, lambda first, and trains once for each lambda and delta; of equals, the first
// wins.
func Choose(ctx context.Context, data Data, cases Cases, o Options, grid Grid) (Trial, error) {
	if len(cases.List) == 0 {
		return Trial{}, errors.New("cases: there are none to choose by; choose an earlier moment to split at")
	}
	best := Trial{Options: o, Measure: Measure{NDCG: -1}}
	var of *Model
	for _, lambda := range orThis(grid.Lambda, o.Lambda) {
		for _, delta := range orThis(grid.Delta, o.Delta) {
			tried := o
			tried.Lambda, tried.Delta = lambda, delta
			m, err := Train(ctx, data, tried)
			if err != nil {
				return Trial{}, err
			}
			if best.better(m, tried, cases) {
				of = m
			}
		}
	}
	for _, recent := range grid.Recent {
		for _, floor := range orThis(grid.Floor, o.Floor) {
			tried := best.Options
			tried.Recent, tried.Floor = recent, floor
			best.better(of, tried, cases)
		}
	}
	for _, few := range grid.Few {
		tried := best.Options
		tried.Few = few
		best.better(of, tried, cases)
	}
	return best, ctx.Err()
}

// better measures a model with other options of scoring, and keeps what is better.
func (t *Trial) better(m *Model, o Options, cases Cases) bool {
	tried := *m // the arrays are shared, and never change
	tried.options = o
	measure := tried.Measure("choose", cases)
	if measure.NDCG <= t.Measure.NDCG {
		return false
	}
	*t = Trial{o, measure}
	return true
}

func orThis(list []float64, value float64) []float64 {
	if len(list) == 0 {
		return []float64{value}
	}
	return list
}
