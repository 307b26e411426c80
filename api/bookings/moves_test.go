package bookings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// A person in a wheelchair is never moved to an armchair: one space is offered, so two
// people who need one are offered nothing.
func TestMoveHasAsManyWheelchairSpaces(t *testing.T) {
	t.Parallel()
	layout := booking.Layout{Rows: []booking.Row{{Label: "H", Category: "gold", Seats: []booking.Seat{
		{ID: "H1", X: 1, Type: booking.SeatWheelchair}, {ID: "H2", X: 2, Type: booking.SeatCompanion},
		{ID: "H3", X: 3, Type: booking.SeatStandard}, {ID: "H4", X: 4, Type: booking.SeatStandard},
		{ID: "H5", X: 5, Type: booking.SeatCompanion}, {ID: "H6", X: 6, Type: booking.SeatWheelchair},
	}}}}
	terms := booking.Terms{ShowID: "s", Status: booking.ShowScheduled, Currency: "INR", Prices: map[string]int64{"gold": 45000},
		SalesOpenAt: time.Now().Add(-time.Hour), SalesCloseAt: time.Now().Add(time.Hour), Layout: layout}
	there := &seatmap.Picture{SeatMap: shows.SeatMap{ShowID: "s", OnSale: true, Layout: layout, Terms: terms,
		Prices: map[string]booking.Money{"gold": {Amount: 45000, Currency: "INR"}}}}

	for name, c := range map[string]struct {
		seats []string
		moves bool
	}{
		"no space":   {[]string{"H3", "H4"}, true},
		"one space":  {[]string{"H1", "H2"}, true},
		"two spaces": {[]string{"H1", "H6"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quote, err := booking.NewQuote(terms, c.seats)
			require.NoError(t, err)
			wanted := wheelchairSpaces(layout, c.seats)
			found, moves := bestMove(booking.Booking{Seats: c.seats, Quote: quote}, there, wanted)
			assert.Equal(t, c.moves, moves)
			if moves {
				assert.Len(t, found.Seats, len(c.seats))
				assert.Equal(t, wanted, wheelchairSpaces(layout, found.Seats))
			}
		})
	}
}
