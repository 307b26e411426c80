package judged

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
)

// beginnings are three to five letters of a title, as people type them into a
// box that completes. Ideal is how a search does that shows the best known of all
// titles that begin so: with so few letters more than five often do, and no one
// can do better without reading thoughts.
type beginnings struct {
	Set
	Ideal Verdict
}

// wellKnown is how many films people look for while typing: what most of the
// ratings are about, and more than is on anywhere at a time.
const wellKnown = 1000

// ShortBeginnings draws films by how many people rated them: of the well-known
// ones, of all, and every title as often as any other.
func ShortBeginnings(list []Film, rated []int) []beginnings {
	order := make([]int, len(list)) // best known first
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rated[b], rated[a]), cmp.Compare(list[b].Year, list[a].Year))
	})
	alike := make([]int, len(list))
	for i := range alike {
		alike[i] = 1
	}
	best := make([]int, len(list))
	for _, i := range order[:min(wellKnown, len(order))] {
		best[i] = rated[i]
	}
	return []beginnings{
		shortBeginnings(list, order, best, Set{Name: "3 to 5 letters, well-known films", At5: 0.94}),
		shortBeginnings(list, order, rated, Set{Name: "3 to 5 letters, all that were rated"}),
		shortBeginnings(list, order, alike, Set{Name: "3 to 5 letters, every title alike"}),
	}
}

func shortBeginnings(list []Film, order, weights []int, set Set) beginnings {
	out := beginnings{Set: set}
	random := rand.New(rand.NewPCG(9, 9))
	folded, bared := make([]string, len(list)), make([]string, len(list))
	sums := make([]int, len(list))
	total := 0
	for i, f := range list {
		folded[i] = fold(f.Title)
		bared[i] = bare(folded[i])
		total += weights[i]
		sums[i] = total
	}
	for len(out.Queries) < perSet {
		film, _ := slices.BinarySearch(sums, 1+random.IntN(total))
		title := []rune(bared[film])
		if len(title) < 5 {
			continue
		}
		typed := strings.TrimSpace(string(title[:3+random.IntN(3)]))
		out.Queries = append(out.Queries, Query{Text: typed, Film: film})
		before := 0
		for _, i := range order {
			if folded[i] == folded[film] {
				break
			}
			if strings.HasPrefix(folded[i], typed) || strings.HasPrefix(bared[i], typed) {
				before++
			}
		}
		out.Ideal.Count(before)
	}
	return out
}

// Popularity is how well known a film is from 0 to 100, as a catalog has it.
func Popularity(rated []int) []float64 {
	most := 1
	for _, n := range rated {
		most = max(most, n)
	}
	out := make([]float64, len(rated))
	for i, n := range rated {
		out[i] = 100 * float64(n) / float64(most)
	}
	return out
}
