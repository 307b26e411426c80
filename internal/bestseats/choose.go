package bestseats

import "math"

// pick is a choice among pieces.
type pick struct {
	at     []int // indexes, in order
	groups int
	cost   float64
}

// What is on the left of a piece, as far as a choice depends on it.
const (
	wall         = iota // nothing that is free: an aisle, a wall, a taken seat
	wallThenOne         // a single free seat, and then that
	taken               // a piece of the choice
	takenThenOne        // a single free seat, and then a piece of the choice
	room                // more than a single free seat
	lefts
)

// leaving gives what is on the left after a piece was left free.
func leaving(left, size int) int {
	switch {
	case size > 1: // half a sofa is never alone
		return room
	case left == wall:
		return wallThenOne
	case left == taken:
		return takenThenOne
	default:
		return room
	}
}

// chooser is the state of a choice. Its tables are flat, and used again for the
// next choice: a full hall is tried from hundreds of places.
type chooser struct {
	people    int
	orphan    float64
	now, next []float64 // by people seated and what is on the left
	trail     []step    // per piece, how each entry of next came to be
	borders   []uint8   // per piece that begins a stretch, how the last one ended
}

// step is what was done about a piece, and what was on its left.
type step struct {
	left uint8
	took bool
}

// newChooser makes one for choices among so many pieces at most.
func newChooser(pieces, people int) *chooser {
	return &chooser{
		people:  people,
		now:     make([]float64, (people+1)*lefts),
		next:    make([]float64, (people+1)*lefts),
		trail:   make([]step, pieces*(people+1)*lefts),
		borders: make([]uint8, pieces*(people+1)),
	}
}

// choose finds the cheapest way to seat all people of the wish. What it minimizes is a sum
// over pieces, groups and orphans, so one pass from left to right through all rows finds
// the best of all choices: for each number of people seated so far, and for each state of
// the seat on the left, it keeps the cheapest way to get there. That is about 50
// comparisons per seat.
func (c *chooser) choose(pieces []piece, costs []float64, orphan float64) (pick, bool) {
	c.orphan = orphan
	for at := range c.now {
		c.now[at] = math.Inf(1)
	}
	c.now[c.place(0, wall)] = 0
	for i, p := range pieces {
		if p.begins {
			c.border(i)
		}
		c.pass(i, p.size, costs[i])
	}
	last, cost := c.settle(c.people)
	if math.IsInf(cost, 1) {
		return pick{}, false
	}
	return pick{at: c.back(pieces, last), groups: int(cost / groupCost), cost: cost}, true
}

func (c *chooser) place(seated, left int) int { return seated*lefts + left }

// settle ends a stretch: what is the cheapest way to have seated so many? A single
// seat between the choice and the end is an orphan. One that is a whole stretch
// was one before.
func (c *chooser) settle(seated int) (left int, cost float64) {
	cost = math.Inf(1)
	for l := range lefts {
		price := c.now[c.place(seated, l)]
		if l == takenThenOne {
			price += c.orphan
		}
		if price < cost {
			left, cost = l, price
		}
	}
	return left, cost
}

func (c *chooser) border(i int) {
	for seated := range c.people + 1 {
		left, cost := c.settle(seated)
		c.borders[i*(c.people+1)+seated] = uint8(left)
		for l := range lefts {
			c.now[c.place(seated, l)] = math.Inf(1)
		}
		c.now[c.place(seated, wall)] = cost
	}
}

// pass goes past a piece, whether the piece was taken or left.
func (c *chooser) pass(i, size int, cost float64) {
	for at := range c.next {
		c.next[at] = math.Inf(1)
	}
	for seated := range c.people + 1 {
		for left := range lefts {
			soFar := c.now[c.place(seated, left)]
			if math.IsInf(soFar, 1) {
				continue
			}
			c.offer(i, seated, leaving(left, size), soFar, step{uint8(left), false})
			if seated+size > c.people {
				continue
			}
			if left != taken {
				soFar += groupCost
			}
			if left == wallThenOne || left == takenThenOne {
				soFar += c.orphan
			}
			c.offer(i, seated+size, taken, soFar+cost, step{uint8(left), true})
		}
	}
	c.now, c.next = c.next, c.now
}

func (c *chooser) offer(i, seated, left int, cost float64, by step) {
	if at := c.place(seated, left); cost < c.next[at] {
		c.next[at] = cost
		c.trail[i*len(c.next)+at] = by
	}
}

// back follows the trail from the end to the beginning.
func (c *chooser) back(pieces []piece, left int) []int {
	var at []int
	seated := c.people
	for i := len(pieces) - 1; i >= 0; i-- {
		by := c.trail[i*len(c.next)+c.place(seated, left)]
		if by.took {
			at = append(at, i)
			seated -= pieces[i].size
		}
		left = int(by.left)
		if pieces[i].begins {
			left = int(c.borders[i*(c.people+1)+seated])
		}
	}
	return at
}
