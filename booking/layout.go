package booking

import "slices"

// SeatType says what a place in a layout is.
type SeatType string

// The seat types. Sofas are sold in pairs; a companion seat belongs to the
// wheelchair space beside it.
const (
	SeatStandard   SeatType = "standard"
	SeatRecliner   SeatType = "recliner"
	SeatSofa       SeatType = "sofa"
	SeatWheelchair SeatType = "wheelchair"
	SeatCompanion  SeatType = "companion"
)

// Layout is the seating of a screen, the row nearest to the screen first. A
// stored layout never changes: an edit makes a new version.
type Layout struct {
	Rows []Row `json:"rows"`
}

// Row is a line of seats that share a price category.
type Row struct {
	Label    string `json:"label"`
	Category string `json:"category"`
	Seats    []Seat `json:"seats"`
}

// Seat is a place, named row + number. X is its place along the row in seat
// widths; a gap is an aisle, a fraction a stagger.
type Seat struct {
	ID   string   `json:"id"`
	X    float64  `json:"x"`
	Type SeatType `json:"type"`
}

// Category gives the price category of a seat, false when the layout has no
// such seat.
func (l Layout) Category(seat string) (string, bool) {
	for _, row := range l.Rows {
		if slices.ContainsFunc(row.Seats, func(s Seat) bool { return s.ID == seat }) {
			return row.Category, true
		}
	}
	return "", false
}

// Capacity counts the seats.
func (l Layout) Capacity() int {
	n := 0
	for _, row := range l.Rows {
		n += len(row.Seats)
	}
	return n
}
