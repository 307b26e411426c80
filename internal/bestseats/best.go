package bestseats

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// Wish is how a customer would like to sit.
type Wish struct {
	Count    int
	Category string // of seats; any when empty
	// Accessible asks for a wheelchair space, with the others beside it.
	Accessible bool
}

// Offer is the best that is left. It promises nothing: the hold of package
// bookings is what decides.
type Offer struct {
	ShowID  string   `json:"show_id"`
	Version int64    `json:"version"`
	Seats   []string `json:"seats"` // row by row, from the left
	// Together tells that they are one group in one row.
	Together   bool          `json:"together"`
	Categories []string      `json:"categories"`
	Quote      booking.Quote `json:"quote"`
}

// Choose offers the best free seats of a map. Codes: validation_failed,
// show_not_on_sale, seats_unavailable.
func Choose(now shows.SeatMap, wish Wish) (Offer, error) {
	if err := wish.check(now); err != nil {
		return Offer{}, err
	}
	if !now.OnSale {
		return Offer{}, shows.NotOnSale()
	}
	chosen, ok := newFloor(now, wish.Category).seat(wish)
	if !ok {
		return Offer{}, wish.unmet()
	}
	quote, err := booking.NewQuote(now.Terms, chosen.seats)
	if err != nil {
		return Offer{}, fmt.Errorf("bestseats: quote: %w", err)
	}
	return Offer{
		ShowID: now.ShowID, Version: now.Version, Seats: chosen.seats, Together: chosen.groups == 1,
		Categories: chosen.categories, Quote: quote,
	}, nil
}

func (w Wish) check(now shows.SeatMap) error {
	var fieldErrors booking.FieldErrors
	if w.Count < 1 || w.Count > booking.MaxSeats {
		fieldErrors.Add("count", "Must be from 1 to %d.", booking.MaxSeats)
	}
	if _, ok := now.Prices[w.Category]; w.Category != "" && !ok {
		names := slices.Sorted(maps.Keys(now.Prices))
		fieldErrors.Add("category", "This show has %s.", strings.Join(names, ", "))
	}
	return fieldErrors.Err()
}

func (w Wish) unmet() error {
	what := "seats"
	if w.Accessible {
		what = "seats with a wheelchair space among them"
	}
	if w.Category != "" {
		what = w.Category + " " + what
	}
	return booking.E(booking.CodeSeatsUnavailable, "This show does not have that many %s left.", what)
}

// How places are compared. A seat costs the square of its distance from the place
// where the picture and the sound are mixed to be right: the middle of the hall,
// two thirds back. Distances are in seat widths; a row further back counts two,
// which is about its depth, and a row further front three, because looking up is
// worse than looking from afar. The seats of a group cost their sum.
//
// The rest is a matter of rank, and the weights keep the ranks apart:
//
//  1. as few groups as possible; one is "together". A gap along the row splits a
//     block, since people across an aisle do not sit together;
//  2. for a wheelchair user, a companion seat beside them rather than another;
//  3. as few orphans as possible: a single seat that could then be sold only to a person
//     who comes alone;
//  4. the cost.
//
// A group that cannot sit together is more often than not the last in a full
// hall. Then what matters is how near to each other they are, so a seat also costs
// the square of its distance from the middle of the group, four times as much as
// from the best place, and an orphan is only as bad as sitting two widths away.
//
// Wheelchair spaces and the companion seats beside them are kept for requests that ask for
// them, even when all other seats are gone. Sofas go whole, to two people at a time.
const (
	behind     = 2.0
	inFront    = 3.0
	twoThirds  = 2.0 / 3.0
	farthest   = 300.0 // beyond this every seat is equally bad
	groupCost  = 1e9
	mateCost   = 1e8
	orphanCost = 1e6
	splitPull  = 4.0
	splitLeave = 4.0
)

// seating chosen for a wish.
type chosen struct {
	seats      []string
	categories []string
	groups     int
}

func (h *floor) seat(wish Wish) (chosen, bool) {
	if wish.Accessible {
		return h.seatAccessible(wish.Count)
	}
	pieces := h.pieces()
	c := newChooser(len(pieces), wish.Count)
	picked, ok := c.choose(pieces, h.costs(pieces), orphanCost)
	if !ok {
		return chosen{}, false
	}
	if picked.groups > 1 {
		picked = h.closest(c, pieces, picked)
	}
	return h.chosen(pieces, picked, nil), true
}

// enough is how many divisions are compared. They are tried from the best place of
// the hall outwards, so what comes later is hardly better.
const enough = 32

// closest looks for as few groups that are nearer to each other. It takes free
// stretches for the middle, and seats people around it.
func (h *floor) closest(c *chooser, pieces []piece, fallback pick) pick {
	best, cost, found := fallback, math.Inf(1), 0
	for _, middle := range h.middles(pieces) {
		near, where := h.around(pieces, middle)
		picked, ok := c.choose(near, h.pulled(near, middle), splitLeave)
		if !ok || picked.groups != fallback.groups {
			continue
		}
		if picked.cost < cost {
			for n, at := range picked.at {
				picked.at[n] = where[at]
			}
			best, cost = picked, picked.cost
		}
		if found++; found == enough {
			break
		}
	}
	return best
}

// chosen names what was picked, and the spots beside it.
func (h *floor) chosen(pieces []piece, picked pick, also []spotRange) chosen {
	ranges := slices.Clone(also)
	for _, at := range picked.at {
		ranges = append(ranges, spotRange{pieces[at].row, pieces[at].first, pieces[at].size})
	}
	slices.SortFunc(ranges, func(a, b spotRange) int {
		if a.row != b.row {
			return a.row - b.row
		}
		return a.first - b.first
	})
	out := chosen{groups: picked.groups}
	for _, r := range ranges {
		row := h.rows[r.row]
		for _, s := range row.spots[r.first : r.first+r.size] {
			out.seats = append(out.seats, s.id)
		}
		if !slices.Contains(out.categories, row.category) {
			out.categories = append(out.categories, row.category)
		}
	}
	return out
}
