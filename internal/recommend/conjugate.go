package recommend

import (
	"context"
	"math"
)

// conjugate solves P·v, P = (X'X + ridge·I)^-1, without P: by conjugate gradients, which need only
// products with X. What most people have not seen costs nothing then, and nothing of the size of
// films × films is ever in memory. How long it takes depends on the ridge: the smaller it is, the
// more steps. [affordable] says whether it is worth it.
type conjugate struct {
	ridge   float64
	rows    [][]int32 // the films of each person
	columns [][]int32 // the people of each film
	most    int       // steps after which it gives up
}

// lanes are how many v are solved at once. Eight numbers are one line of a processor's cache, so a
// film that someone has seen is fetched once for all of them.
const lanes = 8

type lane [lanes]float64

// exact is how far any weight between two films may be from the exact one. A weight is -Pij/Pjj, and
// Pjj is at least 1/Ajj, so it is kept when what is left of the equation, as a vector, is at most
// exact·ridge/Ajj long. What is seen is a tenth of it, or less.
const exact = 1e-6

// gradients is the memory of one goroutine.
type gradients struct {
	x, rest, along, slope []lane // by film: the solution, what is left, the direction, A times it
	people                []lane // by person: X times the direction
}

func (c *conjugate) worker(ctx context.Context) func(right []weights, out [][]float64) bool {
	g := c.room()
	return func(right []weights, out [][]float64) bool {
		if len(right) == 0 {
			return true
		}
		if _, ok := c.solve(ctx, g, right); !ok {
			return false
		}
		for i := range g.x {
			for l := range right {
				out[l][i] = g.x[i][l]
			}
		}
		return true
	}
}

func (c *conjugate) room() *gradients {
	films := len(c.columns)
	return &gradients{
		x: make([]lane, films), rest: make([]lane, films), along: make([]lane, films), slope: make([]lane, films),
		people: make([]lane, len(c.rows)),
	}
}

// solve leaves P·v of up to so many v as there are lanes in g.x, and says after how many steps. It is
// false when it has not come near enough after most, or was told to stop. Each step is scaled by the
// diagonal, so that a film that everyone has seen does not hold the others up.
func (c *conjugate) solve(ctx context.Context, g *gradients, right []weights) (steps int, ok bool) {
	limit, size := c.start(g, right)
	for steps = 1; steps <= c.most && ctx.Err() == nil; steps++ {
		share := ratio(size, c.slopes(g))
		length, next := c.move(g, share)
		near := true
		for l := range limit {
			near = near && length[l] <= limit[l]*limit[l]
		}
		if near {
			return steps, true
		}
		c.turn(g, ratio(next, size))
		size = next
	}
	return steps, false
}

// start is at x = 0. It gives how long what is left may be in the end.
func (c *conjugate) start(g *gradients, right []weights) (limit, size lane) {
	clear(g.x)
	clear(g.rest)
	clear(g.along)
	for l, v := range right {
		limit[l] = math.Inf(1)
		for k, film := range v.films {
			w := v.weights[k]
			g.rest[film][l] = w
			g.along[film][l] = w / c.diagonal(film)
			size[l] += w * g.along[film][l]
			limit[l] = min(limit[l], exact*c.ridge/c.diagonal(film))
		}
	}
	return limit, size
}

// diagonal is Ajj of a film.
func (c *conjugate) diagonal(film int32) float64 {
	return c.ridge + float64(len(c.columns[film]))
}

// slopes multiplies the direction by A = X'X + ridge·I, and gives the product of both.
func (c *conjugate) slopes(g *gradients) (product lane) {
	for person, row := range c.rows {
		to := &g.people[person]
		to[0], to[1], to[2], to[3], to[4], to[5], to[6], to[7] = sum(g.along, row)
	}
	for film, column := range c.columns {
		to, along := &g.slope[film], &g.along[film]
		to[0], to[1], to[2], to[3], to[4], to[5], to[6], to[7] = sum(g.people, column)
		for l := range lanes {
			slope := to[l] + c.ridge*along[l]
			to[l] = slope
			product[l] += slope * along[l]
		}
	}
	return product
}

// sum adds up some places. It is where nearly all of the time goes, and eight variables stay in a
// processor's registers where an array does not.
func sum(of []lane, places []int32) (s0, s1, s2, s3, s4, s5, s6, s7 float64) {
	for _, i := range places {
		v := &of[i]
		s0 += v[0]
		s1 += v[1]
		s2 += v[2]
		s3 += v[3]
		s4 += v[4]
		s5 += v[5]
		s6 += v[6]
		s7 += v[7]
	}
	return s0, s1, s2, s3, s4, s5, s6, s7
}

// move goes this share of the direction. It gives the length of what is left, squared, and its size
// by the diagonal.
func (c *conjugate) move(g *gradients, share lane) (length, size lane) {
	for i := range g.x {
		x, rest, along, slope, scale := &g.x[i], &g.rest[i], &g.along[i], &g.slope[i], 1/c.diagonal(int32(i))
		for l := range lanes {
			x[l] += share[l] * along[l]
			left := rest[l] - share[l]*slope[l]
			rest[l] = left
			left *= left
			length[l] += left
			size[l] += left * scale
		}
	}
	return length, size
}

// turn makes the next direction out of what is left and a share of the one before.
func (c *conjugate) turn(g *gradients, share lane) {
	for i := range g.along {
		along, rest, scale := &g.along[i], &g.rest[i], 1/c.diagonal(int32(i))
		for l := range lanes {
			along[l] = rest[l]*scale + share[l]*along[l]
		}
	}
}

// ratio is 0 where there is nothing left to divide: that lane is solved exactly.
func ratio(a, b lane) (out lane) {
	for l := range out {
		if b[l] > 0 {
			out[l] = a[l] / b[l]
		}
	}
	return out
}

// probes are how many lanes of films tell how many steps all of them take.
const probes = 8

// affordable is the way by conjugate gradients if it is exact and takes less time than the inverse.
// That is known by the steps that some films take, not by a clock, so that the same data and options
// are always solved in the same way.
func affordable(ctx context.Context, rows [][]int32, films int, o Options) (*conjugate, bool) {
	c := &conjugate{ridge: o.Lambda + o.Delta, rows: rows, columns: columnsOf(rows, films)}
	byInverse, byStep := c.inverseCost(), c.stepCost()
	if o.Delta > 0 {
		byStep *= 2 // what is similar is solved, too
	}
	if byInverse < 2*byStep || !c.holds() {
		return nil, false
	}
	c.most = int(byInverse / byStep)
	g, every := c.room(), (films+probes-1)/probes
	for from := 0; from < films; from += every {
		var right []weights
		for film := from; film < min(from+lanes, films); film++ {
			right = append(right, one(int32(film)))
		}
		if _, ok := c.solve(ctx, g, right); !ok {
			return nil, false
		}
	}
	c.most *= 2 // others may take some more, and to give up then costs most
	return c, true
}

// Nanoseconds, where we measured.
const (
	perProduct  = 0.2  // a multiplication or addition of an inverse
	perScaled   = 0.35 // a number of a line of it that is added to another
	perScatter  = 1.2  // a number that is added to a film's
	perLiking   = 0.7  // a liking, in one step of conjugate gradients for one film
	perVariable = 3.0  // a film, the same
)

// inverseCost is what an inverse and the weights from it take, in nanoseconds.
func (c *conjugate) inverseCost() float64 {
	people, films := float64(len(c.rows)), float64(len(c.columns))
	if people < films {
		return perProduct*people*people*people + c.likings()*(perScaled*people+perScatter*films)
	}
	return perProduct * films * films * films
}

// stepCost is what one step for all films takes, in nanoseconds.
func (c *conjugate) stepCost() float64 {
	films := float64(len(c.columns))
	return films * (perLiking*c.likings() + perVariable*films)
}

func (c *conjugate) likings() (n float64) {
	for _, row := range c.rows {
		n += float64(len(row))
	}
	return n
}

// holds says that rounding is far below what [exact] asks for. What conjugate gradients believe to be
// left and what is left differ by rounding times the largest eigenvalue over the least one. The
// former is at most the largest sum of a line of X'X + ridge·I, the latter at least the ridge.
func (c *conjugate) holds() bool {
	const rounding = 1e-14 // of a hundred steps
	largest, seen := 0.0, 0
	for _, column := range c.columns {
		line := 0
		for _, person := range column {
			line += len(c.rows[person])
		}
		largest, seen = max(largest, float64(line)), max(seen, len(column))
	}
	return rounding*(largest+c.ridge)/c.ridge < exact*c.ridge/(c.ridge+float64(seen))
}
