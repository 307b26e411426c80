package evaluate

import (
	"cmp"
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// NewFilm is how well films are recommended that no one has seen yet.
type NewFilm struct {
	Films, People int     // that were hidden; who saw any of them
	Popular       float64 // NDCG@10 of an order by what only the future knows: how many will see each
	GenreCosine   float64 // NDCG@10 of how alike the genres are to those that a person saw
	Ours          float64
	FactsLambda   float64 // as chosen
}

// hiddenShare is the share of films that is hidden, of those that at least hiddenSeen people rated.
const (
	hiddenShare = 0.1
	hiddenSeen  = 5
)

// NewFilms hides films, as if they had not opened, and asks who will see which of them. What a fact
// costs is chosen by other films, which are hidden before. Only facts that a film has before it
// opens are read: genres, year and cast.
func NewFilms(ctx context.Context, r *Ratings, seed uint64, lambdas []float64) (NewFilm, error) {
	judged := hide(r, nil, seed)
	chosen := hide(r, judged, seed+1)
	var result NewFilm
	most := -1.0
	for _, lambda := range lambdas {
		ndcg, _, err := foretell(ctx, r, chosen, judged, lambda)
		if err != nil {
			return NewFilm{}, err
		}
		if ndcg > most {
			most, result.FactsLambda = ndcg, lambda
		}
	}
	var err error
	if result.Ours, result.People, err = foretell(ctx, r, judged, nil, result.FactsLambda); err != nil {
		return NewFilm{}, err
	}
	result.Films = len(judged)
	counts := ratedBy(r)
	result.Popular, _ = ndcgOfMany(r, judged, func([]int32) []float64 { return counts })
	result.GenreCosine, _ = ndcgOfMany(r, judged, genreCosine(r))
	return result, nil
}

// foretell trains without the hidden films, and asks about those of the first list.
func foretell(ctx context.Context, r *Ratings, hidden, alsoHidden map[int32]bool, lambda float64) (float64, int, error) {
	data := recommend.Data{Films: r.Films}
	for _, row := range r.People {
		var seen []recommend.Liking
		for _, liking := range row {
			if !hidden[liking.Film] && !alsoHidden[liking.Film] {
				seen = append(seen, liking)
			}
		}
		data.People = append(data.People, seen)
	}
	o := recommend.DefaultOptions()
	o.FactsLambda = lambda
	o.Recent = 0   // a hidden film may be of any time of a person's life, not of its end
	o.MaxFilms = 1 // films that no one has seen have no weights, so none are needed
	model, err := recommend.Train(ctx, data, o)
	if err != nil {
		return 0, 0, err
	}
	places := slices.Sorted(maps.Keys(hidden))
	films := make([]recommend.Film, len(places))
	for i, film := range places {
		films[i] = r.Films[film]
	}
	ndcg, people := ndcgOfMany(r, hidden, func(seen []int32) []float64 {
		var history []recommend.Seen
		for _, film := range seen {
			if !alsoHidden[film] {
				history = append(history, recommend.Seen{Film: r.Films[film]})
			}
		}
		scores := make([]float64, len(r.Films))
		for i, score := range model.Score(history, recommend.Tastes{}, films) {
			scores[places[i]] = score
		}
		return scores
	})
	return ndcg, people, nil
}

func hide(r *Ratings, not map[int32]bool, seed uint64) map[int32]bool {
	random := rand.New(rand.NewPCG(seed, 9))
	hidden := map[int32]bool{}
	for film, n := range ratedBy(r) {
		if n >= hiddenSeen && random.Float64() < hiddenShare && !not[int32(film)] {
			hidden[int32(film)] = true
		}
	}
	return hidden
}

func ratedBy(r *Ratings) []float64 {
	counts := make([]float64, len(r.Films))
	for _, row := range r.People {
		for _, liking := range row {
			counts[liking.Film]++
		}
	}
	return counts
}

// ndcgOfMany is the mean over people of the NDCG@10 of an order of the hidden films, where each that
// the person saw is right. It also says how many people saw any.
func ndcgOfMany(r *Ratings, hidden map[int32]bool, score scorer) (float64, int) {
	order := slices.Sorted(maps.Keys(hidden))
	sum, people := 0.0, 0
	for _, row := range r.People {
		var seen []int32
		right := map[int32]bool{}
		for _, liking := range row {
			if hidden[liking.Film] {
				right[liking.Film] = true
			} else {
				seen = append(seen, liking.Film)
			}
		}
		if len(right) == 0 {
			continue
		}
		people++
		scores := score(seen)
		ranked := slices.Clone(order)
		slices.SortStableFunc(ranked, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
		got, best := 0.0, 0.0
		for place := range min(10, len(ranked)) {
			worth := 1 / math.Log2(float64(place)+2)
			if right[ranked[place]] {
				got += worth
			}
			if place < len(right) {
				best += worth
			}
		}
		sum += got / best
	}
	return sum / float64(max(people, 1)), people
}

// genreCosine is the cosine between a film's genres and how often a person saw each.
func genreCosine(r *Ratings) scorer {
	return func(seen []int32) []float64 {
		taste := map[string]float64{}
		for _, film := range seen {
			for _, genre := range r.Films[film].Genres {
				taste[genre]++
			}
		}
		scores := make([]float64, len(r.Films))
		for i, film := range r.Films {
			for _, genre := range film.Genres {
				scores[i] += taste[genre] / math.Sqrt(float64(len(film.Genres)))
			}
		}
		return scores
	}
}
