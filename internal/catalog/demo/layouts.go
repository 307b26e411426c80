package demo

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
)

// rowLabels skips I and O, which people read as 1 and 0.
const rowLabels = "ABCDEFGHJKLMNPQRSTUVWXYZ"

// plan describes a hall from the screen backwards, in bands of equal rows.
type plan []band

// band is some rows of one category. Seats is read left to right as the
// audience sees it: s standard, r recliner, o sofa, w wheelchair space, c
// companion, each with a count in front, and _ for an aisle. Staggered bands
// shift every second row by half a seat, so that people look between heads.
type band struct {
	Rows     int    `json:"rows"`
	Category string `json:"category"`
	Seats    string `json:"seats"`
	Stagger  bool   `json:"stagger"`
}

// place is a kind of seat and the room it takes, in standard seat widths.
type place struct {
	kind  booking.SeatType
	width float64
}

var places = map[byte]place{
	's': {booking.SeatStandard, 1},
	'r': {booking.SeatRecliner, 1.5},
	'o': {booking.SeatSofa, 1},
	'w': {booking.SeatWheelchair, 1.5},
	'c': {booking.SeatCompanion, 1},
}

const (
	aisleWidth = 1.0
	sofaGap    = 0.5 // between two sofas, none within one
)

func readPlans() map[string]booking.Layout {
	var plans map[string]plan
	readTable("layouts.json", &plans)
	layouts := make(map[string]booking.Layout, len(plans))
	for name, p := range plans {
		layout, err := p.expand()
		if err != nil {
			panic(fmt.Sprintf("demo: plan %s: %v", name, err))
		}
		layouts[name] = layout
	}
	return layouts
}

// expand turns a plan into rows of named seats. Rows are centered on the middle
// of the hall, so a row that is narrower than the next fans in toward the screen.
func (p plan) expand() (booking.Layout, error) {
	var layout booking.Layout
	for _, b := range p {
		for range b.Rows {
			n := len(layout.Rows)
			if n == len(rowLabels) {
				return booking.Layout{}, fmt.Errorf("more than %d rows", len(rowLabels))
			}
			seats, err := b.row(rowLabels[n : n+1])
			if err != nil {
				return booking.Layout{}, err
			}
			if b.Stagger && n%2 == 1 {
				shift(seats, 0.5)
			}
			layout.Rows = append(layout.Rows, booking.Row{Label: rowLabels[n : n+1], Category: b.Category, Seats: seats})
		}
	}
	alignLeft(layout)
	return layout, nil
}

// row lays out one row with its middle at x = 0.
func (b band) row(label string) ([]booking.Seat, error) {
	var seats []booking.Seat
	edge, sofas := 0.0, 0
	for token := range strings.FieldsSeq(b.Seats) {
		if token == "_" {
			edge += aisleWidth
			continue
		}
		seat, ok := places[token[len(token)-1]]
		if !ok {
			return nil, fmt.Errorf("row %s: unknown seat %q", label, token)
		}
		count := 1
		if digits := token[:len(token)-1]; digits != "" {
			var err error
			if count, err = strconv.Atoi(digits); err != nil {
				return nil, fmt.Errorf("row %s: seat %q: %w", label, token, err)
			}
		}
		for i := range count {
			if seat.kind == booking.SeatSofa {
				if sofas%2 == 0 && i > 0 {
					edge += sofaGap
				}
				sofas++
			}
			seats = append(seats, booking.Seat{
				ID: label + strconv.Itoa(len(seats)+1), X: edge + seat.width/2, Type: seat.kind,
			})
			edge += seat.width
		}
	}
	shift(seats, -edge/2)
	return seats, nil
}

func shift(seats []booking.Seat, by float64) {
	for i := range seats {
		seats[i].X += by
	}
}

// alignLeft moves the whole hall so that its leftmost seat is at 1, where seat
// maps start to draw. Quarter seats are the finest step that the widths give.
func alignLeft(layout booking.Layout) {
	left := math.Inf(1)
	for _, row := range layout.Rows {
		left = min(left, row.Seats[0].X)
	}
	for _, row := range layout.Rows {
		shift(row.Seats, 1-left)
	}
}
