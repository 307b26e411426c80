package showstest

import (
	"fmt"

	"github.com/boxoffice/boxoffice/booking"
)

// Hall has four rows of eight seats: A and B silver, C gold, D gold sofas.
func Hall() booking.Layout {
	var layout booking.Layout
	for _, row := range []booking.Row{
		{Label: "A", Category: "silver"}, {Label: "B", Category: "silver"}, {Label: "C", Category: "gold"}, {Label: "D", Category: "gold"},
	} {
		for x := 1; x <= 8; x++ {
			seat := booking.Seat{ID: fmt.Sprintf("%s%d", row.Label, x), X: float64(x), Type: booking.SeatStandard}
			if row.Label == "D" {
				seat.Type = booking.SeatSofa
			}
			row.Seats = append(row.Seats, seat)
		}
		layout.Rows = append(layout.Rows, row)
	}
	return layout
}

// accessibleHall is Hall with a row E of gold: a companion seat, a wheelchair
// space, and two ordinary seats, twice.
func accessibleHall() booking.Layout {
	layout := Hall()
	kinds := []booking.SeatType{booking.SeatCompanion, booking.SeatWheelchair, booking.SeatStandard, booking.SeatStandard}
	row := booking.Row{Label: "E", Category: "gold"}
	for i := range 8 {
		row.Seats = append(row.Seats, booking.Seat{ID: "E" + string(rune('1'+i)), X: float64(i + 1), Type: kinds[i%4]})
	}
	layout.Rows = append(layout.Rows, row)
	return layout
}

// Stadium has 1,040 seats in one category.
func Stadium() booking.Layout {
	var layout booking.Layout
	for label := 'A'; label <= 'Z'; label++ {
		row := booking.Row{Label: string(label), Category: "gold"}
		for x := 1; x <= 40; x++ {
			row.Seats = append(row.Seats, booking.Seat{ID: fmt.Sprintf("%c%d", label, x), X: float64(x), Type: booking.SeatStandard})
		}
		layout.Rows = append(layout.Rows, row)
	}
	return layout
}
