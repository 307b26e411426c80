package shows

import (
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// SeatMap is a show's seats at a moment. Held and Sold are sorted; every other
// seat of the layout is free. It is shared between watchers: read only. Package
// seatmap reads it, package bestseats chooses from it.
type SeatMap struct {
	ShowID  string             `json:"show_id"`
	Version int64              `json:"version"`
	Status  booking.ShowStatus `json:"status"`
	// OnSale tells whether a hold would be accepted at this moment.
	OnSale bool `json:"on_sale"`
	// Paused says that it would not because the theater's own system does not sell here at
	// present. AsOf is when that system last said which seats are taken; nil when they are ours
	// to sell, or when it has not.
	Paused bool                     `json:"paused,omitempty"`
	AsOf   *time.Time               `json:"as_of,omitempty"`
	Layout booking.Layout           `json:"layout"`
	Prices map[string]booking.Money `json:"prices"`
	// AccessibleUntil is until when wheelchair spaces and companion seats are kept for
	// customers who need them; nil when the layout has none.
	AccessibleUntil *time.Time `json:"accessible_until,omitempty"`
	Held            []string   `json:"held"`
	Sold            []string   `json:"sold"`

	// Terms are what layout and prices come from.
	Terms booking.Terms `json:"-"`
}

// Free tells whether a seat is neither held nor sold.
func (m *SeatMap) Free(seat string) bool {
	_, held := slices.BinarySearch(m.Held, seat)
	_, sold := slices.BinarySearch(m.Sold, seat)
	return !held && !sold
}
