package bestseats

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// A request for the best seats without a wheelchair space gets neither a wheelchair space
// nor a companion seat, before and after the release. Every offer can be held.
func TestBestSeatsKeepAccessibleSeatsForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	h := showstest.New(t)
	inventory := bookings.New(h.Shows)
	h.Seller = inventory
	choose := func(show string, wish Wish) (Offer, error) {
		now, err := seatmap.New(h.Shows).SeatMap(t.Context(), show)
		require.NoError(t, err)
		return Choose(now, wish)
	}
	for _, begins := range []time.Duration{3 * time.Hour, time.Hour} {
		show := h.AccessibleShow(begins)
		for _, row := range showstest.Hall().Rows { // only row E is left
			seats := make([]string, 0, len(row.Seats))
			for _, seat := range row.Seats {
				seats = append(seats, seat.ID)
			}
			h.Sold(show, seats...)
		}
		offer, err := choose(show, Wish{Count: 4})
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"E3", "E4", "E7", "E8"}, offer.Seats)
		_, err = choose(show, Wish{Count: 5})
		showstest.Code(t, booking.CodeSeatsUnavailable, err)
		offer, err = choose(show, Wish{Count: 4, Accessible: true})
		require.NoError(t, err)
		req := showstest.Request(show, h.Customer(), offer.Seats...)
		req.Accessible = new(true)
		_, err = inventory.Hold(t.Context(), req)
		require.NoError(t, err)
	}
}

// In any hall: an offer never has a seat that its customer may not have yet.
func TestBestSeatsNeverOfferWhatTheRuleRefuses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		hall := drawHall(r, "...##o wwccx")
		now, _ := drawn(t, hall)
		spread := rapid.SampledFrom([]float64{0.8, 1, 1.25, 1.4, 1.6}).Draw(r, "seat width")
		for _, row := range now.Layout.Rows {
			for i := range row.Seats {
				row.Seats[i].X *= spread
			}
		}
		wish := Wish{Count: rapid.IntRange(1, 5).Draw(r, "count"), Accessible: rapid.Bool().Draw(r, "accessible")}
		got, ok := newFloor(now, "").seat(wish)
		if !ok {
			return
		}
		rule := booking.AccessibleRule(now.Layout, got.seats, &wish.Accessible)
		require.False(r, rule.Applies(), "%v in\n%s", got.seats, hall)
		if !wish.Accessible {
			for _, row := range now.Layout.Rows {
				for _, seat := range row.Seats {
					special := seat.Type == booking.SeatWheelchair || seat.Type == booking.SeatCompanion
					require.False(r, special && strings.Contains(strings.Join(got.seats, " "), seat.ID), "%v in\n%s", got.seats, hall)
				}
			}
		}
	})
}
