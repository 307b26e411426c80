package evaluate

import (
	"context"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// Result is how good a method is.
type Result struct {
	Method string
	Chosen string            // its options, chosen by the bookings before those that judge
	Judged recommend.Measure // by bookings that no method has seen, neither to train nor to choose
	Took   time.Duration     // to train

	options recommend.Options // of ours
}

// Grids are what is tried for each method.
type Grids struct {
	Neighbors []int
	Shrink    []float64
	IALS      []ialsOptions
	EASE      []float64
	Start     recommend.Options // ours begins with
	Ours      recommend.Grid
	Strong    StrongGrids
}

// QuickGrids have what the full ones chose.
func QuickGrids() Grids {
	start := recommend.DefaultOptions()
	start.Recent, start.Floor, start.Few = 5, 0, 0
	return Grids{
		Neighbors: []int{20}, Shrink: []float64{10},
		IALS:  []ialsOptions{{size: 64, unseen: 0.1, ridge: 0.01, epochs: 8, randomness: 1}},
		EASE:  []float64{100},
		Start: start, Strong: QuickStrong(),
	}
}

// FullGrids take many minutes.
func FullGrids() Grids {
	g := Grids{
		Neighbors: []int{10, 20, 50, 100, 200}, Shrink: []float64{0, 10, 100},
		EASE:  []float64{10, 30, 100, 300, 1000, 3000},
		Start: recommend.DefaultOptions(), Ours: recommend.DefaultGrid(), Strong: FullStrong(),
	}
	for _, size := range []int{32, 64, 128} {
		for _, unseen := range []float64{0.03, 0.1, 0.3} {
			for _, ridge := range []float64{0.003, 0.01} {
				g.IALS = append(g.IALS, ialsOptions{size: size, unseen: unseen, ridge: ridge, epochs: 8, randomness: 1})
			}
		}
	}
	return g
}

// LastOne leaves the last film of each person out and asks each method to find it among all films
// that the person had not rated. Options are chosen by the film before the last one. Names of
// methods are in the order of the table; ours is the last.
func LastOne(ctx context.Context, r *Ratings, g Grids, progress func(string)) ([]Result, error) {
	data := recommend.Data{Films: r.Films, People: r.People}
	l := lastOne{progress: progress}
	var choosing, judging recommend.Data
	choosing, l.choose = recommend.LeaveLast(data, 2)
	judging, l.judge = recommend.LeaveLast(data, 1)
	l.choosing, l.judging = trainingOf(choosing), trainingOf(judging)

	methods := []contender{{"popularity", []maker{{"", func(t *training) (scorer, error) { return popularity(t), nil }}}}, {method: "item-kNN"}, {method: "iALS"}, {method: "EASE"}}
	for _, k := range g.Neighbors {
		for _, shrink := range g.Shrink {
			methods[1].makers = append(methods[1].makers, maker{fmt.Sprintf("%d neighbors, shrink %g", k, shrink), func(t *training) (scorer, error) { return itemKNN(t, k, shrink), nil }})
		}
	}
	for _, o := range g.IALS {
		methods[2].makers = append(methods[2].makers, maker{fmt.Sprintf("size %d, unseen %g, ridge %g", o.size, o.unseen, o.ridge), func(t *training) (scorer, error) { return ials(t, o), nil }})
	}
	for _, lambda := range g.EASE {
		methods[3].makers = append(methods[3].makers, maker{fmt.Sprintf("lambda %g", lambda), func(t *training) (scorer, error) { return plainEASE(t, lambda) }})
	}
	var results []Result
	for _, m := range methods {
		result, err := l.run(ctx, m)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	ours, err := l.ours(ctx, choosing, judging, g)
	return append(results, ours), err
}

type lastOne struct {
	choosing, judging *training
	choose, judge     recommend.Cases
	progress          func(string)
}

// contender is a method with all options that are tried.
type contender struct {
	method string
	makers []maker
}

type maker struct {
	options string
	make    func(*training) (scorer, error)
}

func (l *lastOne) run(ctx context.Context, c contender) (Result, error) {
	best, chosen := -1.0, c.makers[0]
	tried := c.makers
	if len(tried) == 1 {
		tried = nil // there is nothing to choose
	}
	for _, m := range tried {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		score, err := m.make(l.choosing)
		if err != nil {
			return Result{}, err
		}
		measure := measure("before the last", l.choose, score)
		l.progress(fmt.Sprintf("%s, %s: %.4f to choose by", c.method, m.options, measure.NDCG))
		if measure.NDCG > best {
			best, chosen = measure.NDCG, m
		}
	}
	began := time.Now()
	score, err := chosen.make(l.judging)
	if err != nil {
		return Result{}, err
	}
	took := time.Since(began)
	return Result{Method: c.method, Chosen: chosen.options, Judged: measure("the last", l.judge, score), Took: took}, nil
}

// measure asks a method that scores all films.
func measure(split string, cases recommend.Cases, score scorer) recommend.Measure {
	return recommend.MeasureOf(split, cases.List, func(c recommend.Case) []float64 {
		all := score(c.History)
		scores := make([]float64, len(c.Candidates))
		for i, film := range c.Candidates {
			scores[i] = all[film]
		}
		return scores
	})
}

func (l *lastOne) ours(ctx context.Context, choosing, judging recommend.Data, g Grids) (Result, error) {
	o := g.Start
	if len(g.Ours.Lambda) > 0 {
		trial, err := recommend.Choose(ctx, choosing, l.choose, o, g.Ours)
		if err != nil {
			return Result{}, err
		}
		o = trial.Options
		l.progress(fmt.Sprintf("ours: %.4f to choose by", trial.Measure.NDCG))
	}
	began := time.Now()
	model, err := recommend.Train(ctx, judging, o)
	if err != nil {
		return Result{}, err
	}
	took := time.Since(began)
	options := fmt.Sprintf("lambda %g, delta %g, recent %g, floor %g, few %g", o.Lambda, o.Delta, o.Recent, o.Floor, o.Few)
	return Result{Ours, options, model.Measure("the last", l.judge), took, o}, nil
}

// Ours is the method that this project has.
const Ours = "Boxoffice"
