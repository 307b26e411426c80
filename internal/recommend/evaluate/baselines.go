package evaluate

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// training is what the other methods are given: who has seen what, without order.
type training struct {
	films  int
	rows   [][]int32 // by person
	people [][]int32 // by film
}

func trainingOf(data recommend.Data) *training {
	t := &training{films: len(data.Films), people: make([][]int32, len(data.Films))}
	for person, likings := range data.People {
		var row []int32
		for _, liking := range likings {
			if !slices.Contains(row, liking.Film) {
				row = append(row, liking.Film)
				t.people[liking.Film] = append(t.people[liking.Film], int32(person))
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// scorer scores all films for someone who has seen some of them.
type scorer func(seen []int32) []float64

// popularity counts how many people have seen a film.
func popularity(t *training) scorer {
	counts := make([]float64, t.films)
	for film, people := range t.people {
		counts[film] = float64(len(people))
	}
	return func([]int32) []float64 { return counts }
}

// neighbor is a film that people see who see another one.
type neighbor struct {
	film     int32
	nearness float64
}

// itemKNN adds up how near a film is to those that were seen: the cosine of who has seen them, with
// shrink added below the line, of the k nearest films only.
func itemKNN(t *training, k int, shrink float64) scorer {
	near := make([][]neighbor, t.films) // of each film, those among whose nearest it is
	both := make([]float64, t.films)
	for film, people := range t.people {
		clear(both)
		for _, person := range people {
			for _, other := range t.rows[person] {
				both[other]++
			}
		}
		var list []neighbor
		for other, n := range both {
			if n > 0 && other != film {
				size := math.Sqrt(float64(len(people)) * float64(len(t.people[other])))
				list = append(list, neighbor{int32(other), n / (size + shrink)})
			}
		}
		slices.SortFunc(list, func(a, b neighbor) int {
			return cmp.Or(cmp.Compare(b.nearness, a.nearness), cmp.Compare(a.film, b.film))
		})
		for _, n := range list[:min(k, len(list))] {
			near[n.film] = append(near[n.film], neighbor{int32(film), n.nearness})
		}
	}
	return func(seen []int32) []float64 {
		scores := make([]float64, t.films)
		for _, film := range seen {
			for _, n := range near[film] {
				scores[n.film] += n.nearness
			}
		}
		return scores
	}
}

// plainEASE is EASE as it was published, all weights kept and all that was seen counted alike. It is
// written apart from ours, so that each checks the other. It never makes the weights: with
// G = (XX' + lambda·I)^-1 over people, xP = (x - X'GXx) / lambda.
func plainEASE(t *training, lambda float64) (scorer, error) {
	n := len(t.rows)
	g := make([]float64, n*n)
	for _, people := range t.people {
		for _, a := range people {
			for _, b := range people {
				g[int(a)*n+int(b)]++
			}
		}
	}
	for i := range n {
		g[i*n+i] += lambda
	}
	if err := invert(g, n); err != nil {
		return nil, err
	}
	diagonal := make([]float64, t.films)
	for film, people := range t.people {
		sum := 0.0
		for _, a := range people {
			for _, b := range people {
				sum += g[int(a)*n+int(b)]
			}
		}
		diagonal[film] = (1 - sum) / lambda
	}
	return func(seen []int32) []float64 {
		had := make([]float64, n)
		for _, film := range seen {
			for _, person := range t.people[film] {
				had[person]++
			}
		}
		weights := make([]float64, n)
		blas64.Gemv(blas.NoTrans, 1, blas64.General{Rows: n, Cols: n, Stride: n, Data: g},
			blas64.Vector{N: n, Inc: 1, Data: had}, 0, blas64.Vector{N: n, Inc: 1, Data: weights})
		scores := make([]float64, t.films)
		for film, people := range t.people {
			for _, person := range people {
				scores[film] += weights[person]
			}
			scores[film] /= lambda * diagonal[film]
		}
		return scores // of films that were seen they are wrong; those are no candidates
	}, nil
}

// invert puts the inverse of a symmetric matrix in its place.
func invert(a []float64, n int) error {
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: n, Data: a})
	if ok {
		_, ok = lapack64.Potri(factor)
	}
	if !ok {
		return errors.New("the matrix has no inverse: its ridge has to be larger")
	}
	for i := range n {
		for j := range i {
			a[i*n+j] = a[j*n+i]
		}
	}
	return nil
}
