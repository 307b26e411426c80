package recommend

import (
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
func invert(rows [][]int32, films int, ridge float64) (*inverse, error) {
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
	return p, p.solve()
}

func (p *inverse) line(i int) []float64 { return p.dense[i*p.side : (i+1)*p.side] }

// solve puts the inverse in place of the matrix.
func (p *inverse) solve() error {
	if p.side == 0 {
		return nil
	}
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: p.side, Stride: p.side, Data: p.dense})
	if ok {
		_, ok = lapack64.Potri(factor)
	}
	if !ok {
		return errors.New("lambda: the likings have no inverse with it; make it larger than 0")
	}
	for i := range p.side { // the lower half, so that a line is in one piece
		line := p.line(i)
		for j := range i {
			line[j] = p.dense[j*p.side+i]
		}
	}
	return nil
}

// times is P·v for a v of few films. out has a place for each film; scratch is from room.
func (p *inverse) times(v weights, out []float64, scratch *scratch) {
	clear(out)
	if !p.byPeople {
		for k, film := range v.films {
			floats.AddScaled(out, v.weights[k], p.line(int(film)))
		}
		return
	}
	clear(scratch.people)
	clear(scratch.product)
	for k, film := range v.films {
		for _, person := range p.columns[film] {
			scratch.people[person] += v.weights[k]
		}
		out[film] = v.weights[k] / p.ridge
	}
	for person, weight := range scratch.people {
		if weight != 0 {
			floats.AddScaled(scratch.product, weight, p.line(person))
		}
	}
	for person, weight := range scratch.product {
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

// scratch is the memory of one goroutine.
type scratch struct {
	people, product []float64 // by person; empty where they are not needed
	column, pulled  []float64 // by film
	picker
}

func (p *inverse) room() *scratch {
	s := &scratch{column: make([]float64, len(p.columns)), pulled: make([]float64, len(p.columns))}
	if p.byPeople {
		s.people, s.product = make([]float64, p.side), make([]float64, p.side)
	}
	return s
}

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
