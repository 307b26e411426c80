package recommend

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// inverse is P = (X'X + ridge·I)^-1 of people × films X. It is kept over whichever of the two there
// are fewer of: over people it is P = (I - X' G X) / ridge with G = (XX' + ridge·I)^-1, by Woodbury's
// identity. Both give the same numbers; memory and time follow the smaller side.
type inverse struct {
	ridge    float64
	rows     [][]int32 // the films of each person
	columns  [][]int32 // the people of each film
	byPeople bool
	side     int
	dense    []float64 // side × side, both halves
}

// invert takes 8 bytes for each pair of the smaller side, and works in place.
func invert(ctx context.Context, rows [][]int32, films int, ridge float64, step func()) (*inverse, error) {
	p := &inverse{ridge: ridge, rows: rows, columns: columnsOf(rows, films)}
	p.byPeople = len(rows) < films
	of, through := p.columns, p.rows
	if p.byPeople {
		of, through = p.rows, p.columns
	}
	p.side = len(of)
	p.dense = make([]float64, p.side*p.side)
	for i, others := range of {
		line := p.line(i)
		for _, other := range others {
			for _, j := range through[other] {
				line[j]++
			}
		}
		line[i] += ridge
	}
	return p, p.solve(ctx, step)
}

func (p *inverse) line(i int) []float64 { return p.dense[i*p.side : (i+1)*p.side] }

// block is how many lines are swept at once: enough that most of the work is in products of
// matrices, and few enough that what one takes fits into a processor's cache.
const block = 256

// blocksOf is how many blocks a side has.
func blocksOf(side int) int { return (side + block - 1) / block }

// solve puts the inverse in place of the matrix. It sweeps one block after the other: with the
// matrix as [[A, B], [B', D]] it becomes [[-A⁻¹, A⁻¹B], [B'A⁻¹, D - B'A⁻¹B]], and when all blocks
// have had their turn, it is the inverse with its sign changed. That is as much work as by Cholesky,
// nearly all of it in products of equal size, for all cores, and it can be stopped within any of
// them. step is called after each block. The order of all sums is fixed.
func (p *inverse) solve(ctx context.Context, step func()) error {
	s := &sweep{inverse: p, was: make([]float64, block*p.side), is: make([]float64, block*p.side)}
	for from := 0; from < p.side; from += block {
		if err := s.block(ctx, from, min(block, p.side-from)); err != nil {
			return err
		}
		step()
	}
	for i := range p.side { // both halves, so that a line is in one piece
		line := p.line(i)
		for j := range i {
			line[j] = p.dense[j*p.side+i]
		}
		for j := i; j < p.side; j++ {
			line[j] = -line[j]
		}
	}
	return nil
}

// sweep is the memory of solve: the lines of a block as they were, and multiplied by the inverse of
// the block.
type sweep struct {
	*inverse
	was, is []float64
}

// part is n lines and m columns of a matrix with side columns, from one line and column on.
func (p *inverse) part(of []float64, line, column, n, m int) blas64.General {
	return blas64.General{Rows: n, Cols: m, Stride: p.side, Data: of[line*p.side+column : (line+n-1)*p.side+column+m]}
}

// block sweeps n lines from one on. Of the matrix, only the upper half is read and written.
func (s *sweep) block(ctx context.Context, from, n int) error {
	for k := range n { // what is left of the block is in the columns above it
		line := s.was[k*s.side : (k+1)*s.side]
		for j := range from {
			line[j] = s.dense[j*s.side+from+k]
		}
		for j := range n {
			line[from+j] = s.dense[(from+min(j, k))*s.side+from+max(j, k)]
		}
		copy(line[from+n:], s.line(from + k)[from+n:])
	}
	pivot, ok := inverseOf(s.part(s.was, 0, from, n, n))
	if !ok {
		return errors.New("lambda: the likings have no inverse with it; make it larger than 0")
	}
	tiles := blocksOf(s.side)
	each(tiles, func() func(int) {
		return func(tile int) {
			at, m := tile*block, min(block, s.side-tile*block)
			blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, pivot, s.part(s.was, 0, at, n, m), 0, s.part(s.is, 0, at, n, m))
		}
	})
	each(tiles*(tiles+1)/2, func() func(int) {
		return func(tile int) {
			right := 0
			for ; tile > right; right++ {
				tile -= right + 1
			}
			i, j := tile*block, right*block
			if ctx.Err() == nil && i != from && j != from {
				high, wide := min(block, s.side-i), min(block, s.side-j)
				blas64.Gemm(blas.Trans, blas.NoTrans, -1, s.part(s.was, 0, i, n, high), s.part(s.is, 0, j, n, wide), 1, s.part(s.dense, i, j, high, wide))
			}
		}
	})
	for k := range n {
		line := s.is[k*s.side : (k+1)*s.side]
		for j := range from {
			s.dense[j*s.side+from+k] = line[j]
		}
		copy(s.line(from + k)[from+n:], line[from+n:])
		for j := k; j < n; j++ {
			s.dense[(from+k)*s.side+from+j] = -pivot.Data[k*n+j]
		}
	}
	return ctx.Err()
}

// inverseOf is the inverse of a small matrix, or false if it has none that is above zero.
func inverseOf(m blas64.General) (blas64.General, bool) {
	n := m.Rows
	out := blas64.General{Rows: n, Cols: n, Stride: n, Data: make([]float64, n*n)}
	for i := range n {
		copy(out.Data[i*n:(i+1)*n], m.Data[i*m.Stride:])
	}
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: n, Data: out.Data})
	if ok {
		_, ok = lapack64.Potri(factor)
	}
	for i := range n {
		for j := range i {
			out.Data[i*n+j] = out.Data[j*n+i]
		}
	}
	return out, ok
}

func (p *inverse) worker(context.Context) func(v []weights, out [][]float64) bool {
	var people, product []float64
	if p.byPeople {
		people, product = make([]float64, p.side), make([]float64, p.side)
	}
	return func(v []weights, out [][]float64) bool {
		for i := range v {
			p.times(v[i], out[i], people, product)
		}
		return true
	}
}

// times is P·v for a v of few films. people and product have a place for each person when the inverse
// is over people.
func (p *inverse) times(v weights, out, people, product []float64) {
	clear(out)
	if !p.byPeople {
		for k, film := range v.films {
			floats.AddScaled(out, v.weights[k], p.line(int(film)))
		}
		return
	}
	clear(people)
	clear(product)
	for k, film := range v.films {
		for _, person := range p.columns[film] {
			people[person] += v.weights[k]
		}
		out[film] = v.weights[k] / p.ridge
	}
	for person, weight := range people {
		if weight != 0 {
			floats.AddScaled(product, weight, p.line(person))
		}
	}
	for person, weight := range product {
		for _, film := range p.rows[person] {
			out[film] -= weight / p.ridge
		}
	}
}

// weights are numbers of some films.
type weights struct {
	films   []int32
	weights []float64
}

// one is the v of a single film, so that P·v is its column.
func one(film int32) weights { return weights{[]int32{film}, []float64{1}} }

// each calls do for every number below n, on all cores.
func each(n int, worker func() func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			do := worker()
			for i := next.Add(1) - 1; int(i) < n; i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wait.Wait()
}
