package evaluate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

const (
	// heldOutPeople is the share of people that no method is trained on. As many others choose the
	// options.
	heldOutPeople = 0.2
	// foldedIn is the share of the films of such a person that a method is told.
	foldedIn = 0.8
	// recallOf and ndcgOf are how far down a list is looked, as others do who publish this measure.
	recallOf, ndcgOf = 20, 100
)

// Strong is how good a method is for people whom it was not trained on.
type Strong struct {
	Method, Chosen string
	People         int
	// Recall is of the films to be found, or of twenty if they are more, the share that is among the
	// first twenty. NDCG is that of the first hundred.
	Recall, NDCG float64
	// RecallError and NDCGError are standard errors: how much other people would change them.
	RecallError, NDCGError float64
}

// StrongGrids are what is tried for the methods that have something to choose.
type StrongGrids struct {
	Neighbors []int
	Lambda    []float64
	Recent    []float64 // of ours
}

// QuickStrong has what the full one chose.
func QuickStrong() StrongGrids {
	return StrongGrids{Neighbors: []int{200}, Lambda: []float64{100}, Recent: []float64{0}}
}

// FullStrong takes minutes.
func FullStrong() StrongGrids {
	return StrongGrids{Neighbors: []int{20, 50, 200}, Lambda: []float64{30, 100, 300, 1000}, Recent: []float64{0, 5, 20}}
}

// stranger is a person whom no method was trained on.
type stranger struct {
	told   []int32 // the oldest first
	hidden map[int32]bool
}

// StrongGeneralization trains on some people and asks about others: given most of their films, which
// ones are the rest? The rest is drawn by chance and not by time, as Liang et al. do (Variational
// Autoencoders for Collaborative Filtering, 2018), so what was seen last tells nothing here. All films
// are candidates that a person was not said to have seen.
func StrongGeneralization(ctx context.Context, r *Ratings, seed uint64, start recommend.Options, g StrongGrids, progress func(string)) ([]Strong, error) {
	random := rand.New(rand.NewPCG(seed, 20))
	order := random.Perm(len(r.People))
	n := int(heldOutPeople * float64(len(order)))
	data := recommend.Data{Films: r.Films}
	for _, person := range order[2*n:] {
		data.People = append(data.People, r.People[person])
	}
	strangers := func(people []int) (list []stranger) {
		for _, person := range people {
			list = append(list, strangerOf(r.People[person], random))
		}
		return list
	}
	choosing, judging := strangers(order[n:2*n]), strangers(order[:n])
	known := trainingOf(data)
	quick := QuickGrids()

	methods := []contender{
		{"popularity", []maker{{"", func(t *training) (scorer, error) { return popularity(t), nil }}}},
		{method: "item-kNN"},
		{"iALS", []maker{{"size 64, unseen 0.1, ridge 0.01", func(t *training) (scorer, error) { return ials(t, quick.IALS[0]), nil }}}},
		{method: "EASE"}, {method: Ours},
	}
	for _, k := range g.Neighbors {
		methods[1].makers = append(methods[1].makers, maker{fmt.Sprintf("%d neighbors, shrink 10", k), func(t *training) (scorer, error) { return itemKNN(t, k, 10), nil }})
	}
	for _, lambda := range g.Lambda {
		methods[3].makers = append(methods[3].makers, maker{fmt.Sprintf("lambda %g", lambda), func(t *training) (scorer, error) { return plainEASE(t, lambda) }})
		for _, recent := range g.Recent {
			methods[4].makers = append(methods[4].makers, maker{fmt.Sprintf("lambda %g, recent %g", lambda, recent), func(*training) (scorer, error) {
				o := start
				o.Lambda, o.Recent = lambda, recent
				return oursOf(ctx, data, o)
			}})
		}
	}
	var results []Strong
	for _, m := range methods {
		result, err := strongest(ctx, m, known, choosing, judging, progress)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

// strangerOf hides some of a person's films, at least one.
func strangerOf(row []recommend.Liking, random *rand.Rand) stranger {
	s := stranger{hidden: map[int32]bool{}}
	hide := max(1, len(row)-int(foldedIn*float64(len(row))))
	for _, at := range random.Perm(len(row))[:hide] {
		s.hidden[row[at].Film] = true
	}
	for _, liking := range row {
		if !s.hidden[liking.Film] {
			s.told = append(s.told, liking.Film)
		}
	}
	return s
}

// oursOf asks our model as a server does: with the films of a person, and no row of theirs in it.
func oursOf(ctx context.Context, data recommend.Data, o recommend.Options) (scorer, error) {
	model, err := recommend.Train(ctx, data, o)
	if err != nil {
		return nil, err
	}
	return func(told []int32) []float64 {
		history := make([]recommend.Seen, len(told))
		for i, film := range told {
			history[i].Film = data.Films[film]
		}
		return model.Score(history, recommend.Tastes{}, data.Films)
	}, nil
}

// strongest chooses options by some strangers, and judges them by others.
func strongest(ctx context.Context, c contender, known *training, choosing, judging []stranger, progress func(string)) (Strong, error) {
	best, chosen := -1.0, c.makers[0].options
	var of scorer
	for _, m := range c.makers {
		if err := ctx.Err(); err != nil {
			return Strong{}, err
		}
		score, err := m.make(known)
		if err != nil {
			return Strong{}, err
		}
		if len(c.makers) > 1 {
			_, ndcg := judge(choosing, score)
			mean, _ := meanOf(ndcg)
			progress(fmt.Sprintf("people held out: %s, %s: NDCG@%d %.4f to choose by", c.method, m.options, ndcgOf, mean))
			if mean <= best {
				continue
			}
			best = mean
		}
		chosen, of = m.options, score
	}
	recall, ndcg := judge(judging, of)
	result := Strong{Method: c.method, Chosen: chosen, People: len(judging)}
	result.Recall, result.RecallError = meanOf(recall)
	result.NDCG, result.NDCGError = meanOf(ndcg)
	return result, nil
}

// judge asks a method about each person.
func judge(people []stranger, score scorer) (recall, ndcg []float64) {
	for _, s := range people {
		list := first(score(s.told), s.told, ndcgOf)
		found, gain, most := 0.0, 0.0, 0.0
		for place, film := range list {
			if s.hidden[film] {
				gain += 1 / math.Log2(float64(place)+2)
				if place < recallOf {
					found++
				}
			}
		}
		for place := range min(len(s.hidden), ndcgOf) {
			most += 1 / math.Log2(float64(place)+2)
		}
		recall = append(recall, found/float64(min(len(s.hidden), recallOf)))
		ndcg = append(ndcg, gain/most)
	}
	return recall, ndcg
}

// first gives the n films with the highest scores that the person was not said to have seen. Films
// with equal scores keep their order.
func first(scores []float64, told []int32, n int) []int32 {
	had := make(map[int32]bool, len(told))
	for _, film := range told {
		had[film] = true
	}
	list := make([]int32, 0, len(scores))
	for film := range scores {
		if !had[int32(film)] {
			list = append(list, int32(film))
		}
	}
	slices.SortStableFunc(list, func(a, b int32) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	return list[:min(n, len(list))]
}

// meanOf is a mean and its standard error.
func meanOf(values []float64) (mean, off float64) {
	n := float64(len(values))
	if n == 0 {
		return 0, 0
	}
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		off += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(off) / n
}
