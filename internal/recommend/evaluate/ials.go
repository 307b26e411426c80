package evaluate

import (
	"math/rand/v2"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// ialsOptions are those of Rendle et al. 2021, who found that older papers had not tuned them.
type ialsOptions struct {
	size       int     // numbers of each person and film
	unseen     float64 // what a film that was not seen weighs; one that was weighs 1 more
	ridge      float64 // per weight of a row
	epochs     int
	randomness uint64
}

// factors are size numbers for each row.
type factors struct {
	size int
	data []float64
}

func (f factors) row(i int) []float64 { return f.data[i*f.size : (i+1)*f.size] }

// ials factors people × films by alternating least squares over what was seen and, with less weight,
// over all that was not. A person at request time is solved for from what they have seen.
func ials(t *training, o ialsOptions) scorer {
	random := rand.New(rand.NewPCG(o.randomness, 1))
	people, films := factors{o.size, make([]float64, len(t.rows)*o.size)}, factors{o.size, make([]float64, t.films*o.size)}
	for i := range films.data {
		films.data[i] = random.NormFloat64() * 0.1
	}
	for range o.epochs {
		solveAll(people, films, t.rows, o)
		solveAll(films, people, t.people, o)
	}
	gram := gramOf(films)
	return func(seen []int32) []float64 {
		person := make([]float64, o.size)
		solveRow(person, films, gram, seen, o, make([]float64, o.size*o.size))
		scores := make([]float64, t.films)
		for film := range scores {
			scores[film] = floats.Dot(person, films.row(film))
		}
		return scores
	}
}

// solveAll makes each row of out from the rows of fixed that belong to it.
func solveAll(out, fixed factors, belongs [][]int32, o ialsOptions) {
	gram := gramOf(fixed)
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		wait.Go(func() {
			room := make([]float64, o.size*o.size)
			for i := worker; i < len(belongs); i += workers {
				solveRow(out.row(i), fixed, gram, belongs[i], o, room)
			}
		})
	}
	wait.Wait()
}

// solveRow finds the row that explains what was seen best.
func solveRow(row []float64, fixed factors, gram []float64, seen []int32, o ialsOptions, room []float64) {
	n := o.size
	clear(row)
	for i, sum := range gram {
		room[i] = o.unseen * sum
	}
	for _, other := range seen {
		v := fixed.row(int(other))
		floats.Add(row, v)
		blas64.Syr(1, blas64.Vector{N: n, Inc: 1, Data: v}, blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: n, Data: room})
	}
	ridge := o.ridge * (float64(len(seen)) + o.unseen*float64(len(fixed.data)/n))
	for i := range n {
		room[i*n+i] += ridge + 1e-9
	}
	if factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: n, Data: room}); ok {
		lapack64.Potrs(factor, blas64.General{Rows: n, Cols: 1, Stride: 1, Data: row})
	}
}

func gramOf(f factors) []float64 {
	gram := make([]float64, f.size*f.size)
	all := blas64.General{Rows: len(f.data) / f.size, Cols: f.size, Stride: f.size, Data: f.data}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, all, all, 0, blas64.General{Rows: f.size, Cols: f.size, Stride: f.size, Data: gram})
	return gram
}
