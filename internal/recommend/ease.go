package recommend

import (
	"context"
	"math"
	"slices"
	"sync/atomic"
)

// table is a sparse matrix by columns. Column j has the films that speak for film j, or against it,
// and how much.
type table struct {
	Starts  []int32 // of each column, and the end of the last one
	Films   []int32
	Weights []float32
}

func (t *table) column(film int32) (films []int32, weights []float32) {
	from, to := t.Starts[film], t.Starts[film+1]
	return t.Films[from:to], t.Weights[from:to]
}

func tableOf(columns []weights) table {
	t := table{Starts: make([]int32, 1, len(columns)+1)}
	for _, c := range columns {
		t.Films = append(t.Films, c.films...)
		for _, w := range c.weights {
			t.Weights = append(t.Weights, float32(w))
		}
		t.Starts = append(t.Starts, int32(len(t.Films)))
	}
	return t
}

// ease solves EASE (Steck 2019) with a pull towards what similar is: it makes
//
//	‖X - XB‖² + lambda·‖B‖² + delta·‖B - R‖²   smallest, with a diagonal of zeros,
//
// whose solution is B = I + delta·PR - P·diag(c), P = (X'X + (lambda+delta)·I)^-1, with c so that the
// diagonal is zero. X has a 1 for each film that a person has seen, R is alike: how similar films
// are, by columns; nil without delta. Of each column, the keep largest weights stay, by their size
// and whatever their sign: what speaks against a film counts, too.
//
// The columns of P are found by conjugate gradients where that is the faster way, which it is for
// thousands of people who have each seen a few films; else, the whole of P is.
func ease(ctx context.Context, rows [][]int32, films int, o Options, alike []weights, done *progress) ([]weights, error) {
	if c, ok := affordable(ctx, rows, films, o); ok {
		done.begin("weighing which film speaks for which", 1, films)
		if columns, ok := easeColumns(ctx, c, films, o, alike, done); ok || ctx.Err() != nil {
			return columns, ctx.Err()
		}
	}
	done.begin("solving who chooses what", 0.9, blocksOf(min(len(rows), films)))
	p, err := invert(ctx, rows, films, o.Lambda+o.Delta, done.step)
	if err != nil {
		return nil, err
	}
	done.begin("keeping the largest weights of each film", 1, films)
	columns, _ := easeColumns(ctx, p, films, o, alike, done)
	return columns, ctx.Err()
}

// solver knows P = (X'X + ridge·I)^-1 in some way.
type solver interface {
	// worker is for one goroutine. It puts P·v of each v into its place of out, which has a place for
	// each film; or it says that it cannot, or was told to stop. There are at most as many v as lanes.
	worker(ctx context.Context) func(v []weights, out [][]float64) bool
}

// easeColumns are the columns of B, or false if the solver could not solve one.
func easeColumns(ctx context.Context, p solver, films int, o Options, alike []weights, done *progress) ([]weights, bool) {
	columns := make([]weights, films)
	var failed atomic.Bool
	each((films+lanes-1)/lanes, func() func(int) {
		times := p.worker(ctx)
		var pick picker
		var own, similar []weights
		of, pulled := numbers(lanes, films), numbers(lanes, films)
		return func(group int) {
			if ctx.Err() != nil || failed.Load() {
				return
			}
			from, to := group*lanes, min(group*lanes+lanes, films)
			own, similar = own[:0], similar[:0]
			for film := from; film < to; film++ {
				own = append(own, one(int32(film)))
				if o.Delta > 0 {
					similar = append(similar, alike[film])
				}
			}
			if !times(own, of) || !times(similar, pulled) {
				failed.Store(true)
				return
			}
			for film := from; film < to; film++ {
				easeColumn(film, of[film-from], pulled[film-from], o.Delta)
				columns[film] = pick.largest(of[film-from], o.Keep)
				done.step()
			}
		}
	})
	return columns, !failed.Load()
}

// easeColumn makes a column of P, and P times what is similar, into a column of B.
func easeColumn(film int, column, pulled []float64, delta float64) {
	scale := (1 + delta*pulled[film]) / column[film]
	for i := range column {
		column[i] = delta*pulled[i] - scale*column[i]
	}
	column[film] = 0 // exactly, not but for rounding
}

// numbers are n rows of zeros.
func numbers(n, size int) [][]float64 {
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, size)
	}
	return rows
}

// picker finds the largest numbers of columns, again and again in the same memory: at this size,
// garbage would double what the process takes.
type picker struct {
	at   []int32
	heap []float64
}

// largest are the n numbers that are furthest from zero, by film; all of them when n is 0. What is
// zero but for rounding is left out.
func (p *picker) largest(column []float64, n int) weights {
	p.at = p.at[:0]
	for film, w := range column {
		if math.Abs(w) > 1e-9 {
			p.at = append(p.at, int32(film))
		}
	}
	if n > 0 && len(p.at) > n {
		least, equal := p.nthLargest(column, n)
		p.at = slices.DeleteFunc(p.at, func(film int32) bool {
			size := math.Abs(column[film])
			if size == least {
				equal--
				return equal < 0 // of equals, the first ones stay
			}
			return size < least
		})
	}
	out := weights{films: slices.Clone(p.at), weights: make([]float64, len(p.at))}
	for i, film := range p.at {
		out.weights[i] = column[film]
	}
	return out
}

// nthLargest is the n-th largest size of a number, and how many of the n largest have it. The n
// largest so far are a heap with the least of them at its root.
func (p *picker) nthLargest(column []float64, n int) (least float64, equal int) {
	p.heap = slices.Grow(p.heap[:0], n)[:n]
	clear(p.heap)
	heap := p.heap
	for _, film := range p.at {
		size := math.Abs(column[film])
		if size <= heap[0] {
			continue
		}
		place := 0
		for child := 1; child < n; child = 2*place + 1 {
			if child+1 < n && heap[child+1] < heap[child] {
				child++
			}
			if heap[child] >= size {
				break
			}
			heap[place], place = heap[child], child
		}
		heap[place] = size
	}
	for _, size := range heap {
		if size == heap[0] {
			equal++
		}
	}
	return heap[0], equal
}
