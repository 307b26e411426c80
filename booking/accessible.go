package booking

import (
	"fmt"
	"slices"
)

// SeatRule is the reasons against selling some seats before a show's accessible seats are
// released to everyone (Terms.AccessibleUntil). The zero value is nothing: the seats may be
// sold at once.
type SeatRule struct {
	refusals []seatRefusal
}

type seatRefusal struct{ seat, before, fix string }

// AccessibleRule finds the seats among these that are for people who use a wheelchair, and
// for their companions:
//
//   - a companion seat without a wheelchair space of the same booking beside it;
//   - a wheelchair space, when the customer says that it is not needed. Only a customer who
//     names one of the spaces gets one, so a name counts as asking.
//
// It looks at the layout only. The database decides whether the time has come.
func AccessibleRule(layout Layout, seats []string, accessible *bool) SeatRule {
	var rule SeatRule
	for _, row := range layout.Rows {
		for i, seat := range row.Seats {
			refusal := seatRefusal{seat: seat.ID}
			switch {
			case !seat.accessible() || !slices.Contains(seats, seat.ID):
				continue
			case seat.Type == SeatCompanion && !withWheelchair(row, i, seats):
				refusal.before = "is a companion seat. Until %s it is sold only with the wheelchair space beside it."
				refusal.fix = "Choose another seat, or take that space, too."
			case seat.Type == SeatWheelchair && accessible != nil && !*accessible:
				refusal.before = "is a wheelchair space. Until %s it is sold only to people who need it."
				refusal.fix = `Choose another seat, or send "accessible": true if one of you needs it.`
			default:
				continue
			}
			rule.refusals = append(rule.refusals, refusal)
		}
	}
	return rule
}

// Applies tells whether there is a reason against the seats before the release.
func (r SeatRule) Applies() bool { return len(r.refusals) > 0 }

// Refuse names every seat that the rule is about, and the fix. until is the time
// of the release as the customer reads it.
func (r SeatRule) Refuse(until string) *Error {
	fields := make([]FieldError, len(r.refusals))
	for i, at := range r.refusals {
		fields[i] = FieldError{"seats", at.seat + " " + fmt.Sprintf(at.before, until) + " " + at.fix}
	}
	return Invalid(fields...)
}

// HasAccessible tells whether a layout has seats that the rule is about.
func (l Layout) HasAccessible() bool {
	for _, row := range l.Rows {
		if slices.ContainsFunc(row.Seats, Seat.accessible) {
			return true
		}
	}
	return false
}

func (s Seat) accessible() bool { return s.Type == SeatWheelchair || s.Type == SeatCompanion }

// withWheelchair tells whether a companion seat has a wheelchair space beside it
// that is chosen, too.
func withWheelchair(row Row, companion int, chosen []string) bool {
	// Their middles are 1.25 seat widths apart; an aisle adds three quarters at least.
	const aisle = 2.0
	for _, i := range []int{companion - 1, companion + 1} {
		if i < 0 || i >= len(row.Seats) {
			continue
		}
		space := row.Seats[i]
		apart := max(space.X-row.Seats[companion].X, row.Seats[companion].X-space.X)
		if space.Type == SeatWheelchair && apart < aisle && slices.Contains(chosen, space.ID) {
			return true
		}
	}
	return false
}
