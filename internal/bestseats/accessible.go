package bestseats

import (
	"math"

	"github.com/boxoffice/boxoffice/booking"
)

// seatAccessible seats one person in a wheelchair space and the others beside
// them: first a person who comes with them, in the companion seat where it is free.
// People for whom the block has no room sit as near as possible; a wheelchair user with
// company always has a neighbor.
func (h *floor) seatAccessible(people int) (chosen, bool) {
	best, cost := chosen{}, math.Inf(1)
	for r, row := range h.rows {
		if !row.wanted {
			continue
		}
		for i, s := range row.spots {
			if s.kind != booking.SeatWheelchair || !s.free {
				continue
			}
			for _, beside := range row.company(i, people) {
				beside.row = r
				out, price := h.joinUp(beside, people)
				if price < cost {
					best, cost = out, price
				}
			}
		}
	}
	return best, !math.IsInf(cost, 1)
}

// joinUp gives the best choice whose first group is the one beside a wheelchair
// space, with its cost.
func (h *floor) joinUp(first spotRange, people int) (chosen, float64) {
	row := h.rows[first.row]
	middle := point{(row.spots[first.first].x + row.spots[first.first+first.size-1].x) / 2, first.row}
	cost := groupCost + row.leftAlone(first)*orphanCost
	mate := people == 1
	for _, s := range row.spots[first.first : first.first+first.size] {
		cost += h.cost(s.x, first.row)
		mate = mate || s.kind == booking.SeatCompanion
	}
	if !mate {
		cost += mateCost
	}
	if first.size == people {
		return h.chosen(nil, pick{groups: 1}, []spotRange{first}), cost
	}
	h.occupy(first, false)
	defer h.occupy(first, true)
	pieces := h.pieces()
	others, ok := newChooser(len(pieces), people-first.size).
		choose(pieces, h.pulled(pieces, middle), splitLeave)
	if !ok {
		return chosen{}, math.Inf(1)
	}
	others.groups++
	return h.chosen(pieces, others, []spotRange{first}), cost + others.cost
}

func (h *floor) occupy(spots spotRange, free bool) {
	for i := range spots.size {
		h.rows[spots.row].spots[spots.first+i].free = free
	}
}

// company gives every group that could sit around a wheelchair space, one or at
// least two and at most so many people.
func (r floorRow) company(wheelchair, people int) []spotRange {
	if people == 1 {
		return []spotRange{{first: wheelchair, size: 1}}
	}
	var groups []spotRange
	for first := wheelchair; first >= 0; first-- {
		if !r.fits(first, wheelchair) {
			break
		}
		for end := wheelchair + 1; end-first <= people; end++ {
			if end-first > 1 && r.halves(first, end) {
				groups = append(groups, spotRange{first: first, size: end - first})
			}
			if end == len(r.spots) || !r.spots[end].joined || !r.fits(end, wheelchair) {
				break
			}
		}
		if !r.spots[first].joined {
			break
		}
	}
	return groups
}

// fits tells whether a spot may belong to the group around a wheelchair space: not
// another wheelchair space, nor a companion seat that is beside another one.
func (r floorRow) fits(i, wheelchair int) bool {
	s := r.spots[i]
	switch {
	case i == wheelchair:
		return true
	case !s.free, s.kind == booking.SeatWheelchair:
		return false
	case s.kind == booking.SeatCompanion:
		return i == wheelchair-1 || i == wheelchair+1
	default:
		return s.kind != booking.SeatSofa || s.sofa != 0
	}
}

// halves tells that a group has no half of a sofa.
func (r floorRow) halves(first, end int) bool {
	for i := first; i < end; i++ {
		if other := i + r.spots[i].sofa; other < first || other >= end {
			return false
		}
	}
	return true
}

// leftAlone counts the single seats that a group leaves beside it.
func (r floorRow) leftAlone(group spotRange) float64 {
	alone := 0.0
	end := group.first + group.size
	if left := group.first - 1; left >= 0 && r.spots[group.first].joined && r.single(left) &&
		(!r.spots[left].joined || r.sellableAt(left-1) == 0) {
		alone++
	}
	if end < len(r.spots) && r.spots[end].joined && r.single(end) &&
		(end+1 == len(r.spots) || !r.spots[end+1].joined || r.sellableAt(end+1) == 0) {
		alone++
	}
	return alone
}

func (r floorRow) single(i int) bool { return r.sellable(i) == 1 }

// sellableAt is sellable for either half of a sofa.
func (r floorRow) sellableAt(i int) int {
	if r.spots[i].sofa == -1 {
		return r.sellable(i - 1)
	}
	return r.sellable(i)
}
