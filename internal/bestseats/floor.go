package bestseats

import (
	"cmp"
	"math"
	"slices"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// floor is a seat map as an usher sees it, who leads people to their seats.
type floor struct {
	rows    []floorRow
	centerX float64
	bestRow float64
}

type floorRow struct {
	category string
	wanted   bool // of the category asked for
	spots    []spot
}

// spot is one place of the layout.
type spot struct {
	id   string
	x    float64
	kind booking.SeatType
	free bool
	// joined tells that no aisle is between this and the spot before it.
	joined bool
	// sofa is how far away in the row the other half is: 1, -1, or 0 for what is no
	// half of a sofa that could be sold.
	sofa int
}

// spotRange is some spots side by side.
type spotRange struct{ row, first, size int }

// piece is what is sold as one to people who need no wheelchair space: a free
// seat, or a free sofa.
type piece struct {
	row, first, size int
	x                float64
	// begins tells that no other free piece is directly on its left.
	begins bool
}

func newFloor(seatMap shows.SeatMap, category string) *floor {
	h := &floor{bestRow: float64(len(seatMap.Layout.Rows)-1) * twoThirds}
	steps := usualSteps(seatMap.Layout)
	left, right := math.Inf(1), math.Inf(-1)
	for _, row := range seatMap.Layout.Rows {
		// A category without a price cannot be sold.
		_, priced := seatMap.Prices[row.Category]
		out := floorRow{category: row.Category, wanted: priced && (category == "" || category == row.Category)}
		out.spots = make([]spot, len(row.Seats))
		for i, seat := range row.Seats {
			left, right = min(left, seat.X), max(right, seat.X)
			out.spots[i] = spot{
				id: seat.ID, x: seat.X, kind: seat.Type,
				free:   seatMap.Free(seat.ID),
				joined: i > 0 && !aisle(row.Seats[i-1], seat, steps),
			}
		}
		pairSofas(out.spots)
		h.rows = append(h.rows, out)
	}
	h.centerX = (left + right) / 2
	return h
}

// pairSofas finds the halves as booking.NewQuote does: in their order along the
// row. Halves that are not side by side are not offered.
func pairSofas(spots []spot) {
	half := -1
	for i := range spots {
		if spots[i].kind != booking.SeatSofa {
			continue
		}
		if half < 0 {
			half = i
			continue
		}
		if half == i-1 && spots[i].joined {
			spots[half].sofa, spots[i].sofa = 1, -1
		}
		half = -1
	}
}

// widths of seats in standard seats, as far as they differ.
var widths = map[booking.SeatType]float64{booking.SeatRecliner: 1.5, booking.SeatWheelchair: 1.5}

func width(kind booking.SeatType) float64 {
	if w, ok := widths[kind]; ok {
		return w
	}
	return 1
}

type neighbors struct{ left, right booking.SeatType }

// usualSteps gives how far apart neighbors of two kinds stand. A layout may give
// recliners the room they take, or put one on every whole number: the smaller
// step is the one without an aisle.
func usualSteps(layout booking.Layout) map[neighbors]float64 {
	steps := map[neighbors]float64{}
	for _, row := range layout.Rows {
		for i := 1; i < len(row.Seats); i++ {
			a, b := row.Seats[i-1], row.Seats[i]
			pair, step := neighbors{a.Type, b.Type}, b.X-a.X
			known, ok := steps[pair]
			if !ok {
				known = (width(a.Type) + width(b.Type)) / 2
			}
			steps[pair] = min(known, step)
		}
	}
	return steps
}

// aisle tells whether an aisle is between two neighbors in a row. Half a seat of room
// between two sofas is not an aisle.
func aisle(a, b booking.Seat, steps map[neighbors]float64) bool {
	const narrowest = 0.75
	return b.X-a.X-steps[neighbors{a.Type, b.Type}] >= narrowest
}

// pieces lists what is free for people who need no wheelchair space.
func (h *floor) pieces() []piece {
	var all []piece
	for r, row := range h.rows {
		if !row.wanted {
			continue
		}
		end := -1 // of the piece before, while nothing is between
		for i := 0; i < len(row.spots); i++ {
			size := row.sellable(i)
			if size == 0 {
				continue
			}
			last := row.spots[i+size-1]
			all = append(all, piece{
				row: r, first: i, size: size, x: (row.spots[i].x + last.x) / 2,
				begins: end != i || !row.spots[i].joined,
			})
			i += size - 1
			end = i + 1
		}
	}
	return all
}

// sellable gives how many spots from here on are sold as one: 1, 2 for a sofa, 0
// for what is not to be had.
func (r floorRow) sellable(i int) int {
	s := r.spots[i]
	switch {
	case !s.free, s.kind == booking.SeatWheelchair, s.kind == booking.SeatCompanion:
		return 0
	case s.kind != booking.SeatSofa:
		return 1
	case s.sofa == 1 && r.spots[i+1].free:
		return 2
	default:
		return 0
	}
}

// cost of a place, by its distance from the best one.
func (h *floor) cost(x float64, row int) float64 {
	back := float64(row) - h.bestRow
	return distance(x-h.centerX, back)
}

func distance(across, back float64) float64 {
	if back < 0 {
		back *= -inFront
	} else {
		back *= behind
	}
	return min(across*across+back*back, farthest*farthest)
}

func (h *floor) costs(pieces []piece) []float64 {
	costs := make([]float64, len(pieces))
	for i, p := range pieces {
		costs[i] = float64(p.size) * h.cost(p.x, p.row)
	}
	return costs
}

// point is somewhere on the floor.
type point struct {
	x   float64
	row int
}

// pulled costs draw a divided group toward a middle.
func (h *floor) pulled(pieces []piece, middle point) []float64 {
	costs := h.costs(pieces)
	for i, p := range pieces {
		// Neither front nor back: two rows are as far from each other either way.
		apart := distance(p.x-middle.x, math.Abs(float64(p.row-middle.row)))
		costs[i] += splitPull * float64(p.size) * apart
	}
	return costs
}

// middles gives the middles of the free stretches, the best first.
func (h *floor) middles(pieces []piece) []point {
	var all []point
	for first := 0; first < len(pieces); {
		end := stretch(pieces, first)
		all = append(all, point{(pieces[first].x + pieces[end-1].x) / 2, pieces[first].row})
		first = end
	}
	slices.SortStableFunc(all, func(a, b point) int { return cmp.Compare(h.cost(a.x, a.row), h.cost(b.x, b.row)) })
	return all
}

// stretch gives the end of the free stretch that begins with a piece.
func stretch(pieces []piece, first int) (end int) {
	end = first + 1
	for end < len(pieces) && !pieces[end].begins {
		end++
	}
	return end
}

// around gives the free stretches that reach into the neighborhood of a place, and
// where their pieces are among all.
func (h *floor) around(pieces []piece, middle point) (some []piece, where []int) {
	const near = 10.0
	for first := 0; first < len(pieces); {
		end := stretch(pieces, first)
		back := behind * math.Abs(float64(pieces[first].row-middle.row))
		if back <= near && pieces[first].x <= middle.x+near && pieces[end-1].x >= middle.x-near {
			for at := first; at < end; at++ {
				some, where = append(some, pieces[at]), append(where, at)
			}
		}
		first = end
	}
	return some, where
}
