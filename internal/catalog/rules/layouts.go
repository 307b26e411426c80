package rules

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	maxRows       = 200
	maxSeats      = 5_000
	maxSeatNumber = 999
	maxCategories = 12
	widest        = 500 // seat widths
	// Two places that belong together have no aisle between them. A wheelchair
	// space takes the width of one and a half seats.
	together = 1.25
)

var (
	rowLabel = regexp.MustCompile(`^[A-Z0-9]{1,3}$`)
	seatTail = regexp.MustCompile(`^[0-9]{1,3}$`)
	category = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)

	seatTypes = []booking.SeatType{
		booking.SeatStandard, booking.SeatRecliner, booking.SeatSofa, booking.SeatWheelchair, booking.SeatCompanion,
	}
)

// layoutCheck walks through a layout and collects what is wrong with it.
type layoutCheck struct {
	Report
	labels     map[string]bool
	seats      map[string]bool
	categories map[string]bool
}

// Layout checks the seats of a screen.
func (f Report) Layout(layout booking.Layout) {
	c := layoutCheck{Report: f, labels: map[string]bool{}, seats: map[string]bool{}, categories: map[string]bool{}}
	switch capacity := layout.Capacity(); {
	case len(layout.Rows) == 0:
		c.Report("rows", "A layout has at least one row.")
	case len(layout.Rows) > maxRows:
		c.Report("rows", "A layout has at most %d rows.", maxRows)
	case capacity > maxSeats:
		c.Report("rows", "A layout has at most %d seats, not %d.", maxSeats, capacity)
	default:
		for i, row := range layout.Rows {
			c.row(fmt.Sprintf("rows[%d]", i), row)
		}
		if len(c.categories) > maxCategories {
			c.Report("rows", "A layout has at most %d categories.", maxCategories)
		}
	}
}

func (c *layoutCheck) row(at string, row booking.Row) {
	switch {
	case !rowLabel.MatchString(row.Label):
		c.Report(at+".label", "Use one to three capital letters and digits.")
	case c.labels[row.Label]:
		c.Report(at+".label", "Another row is called %s, too.", row.Label)
	}
	c.labels[row.Label] = true
	if category.MatchString(row.Category) {
		c.categories[row.Category] = true
	} else {
		c.Report(at+".category", "Use at most 30 small letters, digits and underscores, for example gold.")
	}
	if len(row.Seats) == 0 {
		c.Report(at+".seats", "A row has at least one seat.")
	}
	numbers := map[int]bool{}
	for i, seat := range row.Seats {
		c.seat(fmt.Sprintf("%s.seats[%d]", at, i), row, i, numbers)
		c.seats[seat.ID] = true
	}
	c.sofas(at, row.Seats)
}

func (c *layoutCheck) seat(at string, row booking.Row, i int, numbers map[int]bool) {
	seat := row.Seats[i]
	tail, ofRow := strings.CutPrefix(seat.ID, row.Label)
	number, _ := strconv.Atoi(tail)
	switch {
	case !ofRow || !seatTail.MatchString(tail) || number < 1:
		c.Report(at+".id", "Is the row's label and a number up to %d, for example %s7.", maxSeatNumber, row.Label)
	case c.seats[seat.ID] || numbers[number]: // A1 and A01 would be the same to people
		c.Report(at+".id", "Another seat is called %s, too.", seat.ID)
	}
	numbers[number] = true
	if !slices.Contains(seatTypes, seat.Type) {
		c.Report(at+".type", "Choose standard, recliner, sofa, wheelchair or companion.")
	}
	switch {
	case !(seat.X >= 0 && seat.X <= widest) || math.IsNaN(seat.X):
		c.Report(at+".x", "Must be from 0 to %d seat widths.", widest)
	case i > 0 && seat.X <= row.Seats[i-1].X:
		c.Report(at+".x", "Must be greater than that of the seat before.")
	}
	if seat.Type == booking.SeatCompanion && !besideWheelchair(row.Seats, i) {
		c.Report(at+".type", "A companion seat stands right beside a wheelchair space.")
	}
}

func besideWheelchair(seats []booking.Seat, i int) bool {
	for _, n := range []int{i - 1, i + 1} {
		if n >= 0 && n < len(seats) && seats[n].Type == booking.SeatWheelchair && near(seats[n], seats[i]) {
			return true
		}
	}
	return false
}

func near(a, b booking.Seat) bool { return math.Abs(a.X-b.X) <= together }

// sofas checks what a booking relies on: a row's sofa seats pair up in their
// order, the first with the second, the third with the fourth.
func (c *layoutCheck) sofas(at string, seats []booking.Seat) {
	for i := 0; i < len(seats); i++ {
		if seats[i].Type != booking.SeatSofa {
			continue
		}
		if i+1 == len(seats) || seats[i+1].Type != booking.SeatSofa || !near(seats[i], seats[i+1]) {
			c.Report(fmt.Sprintf("%s.seats[%d].type", at, i), "A sofa is two seats side by side: %s has no other half.", seats[i].ID)
			continue
		}
		i++ // the other half
	}
}
