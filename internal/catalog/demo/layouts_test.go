package demo

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// eachScreen runs a subtest for every screen of the demo world.
func eachScreen(t *testing.T, check func(t *testing.T, s Screen)) {
	for _, theater := range Theaters() {
		for _, screen := range theater.Screens {
			t.Run(theater.Slug+"/"+screen.Name, func(t *testing.T) {
				t.Parallel()
				check(t, screen)
			})
		}
	}
}

func TestLayoutsNameEverySeatOnce(t *testing.T) {
	t.Parallel()
	eachScreen(t, func(t *testing.T, s Screen) {
		seat, label := once[string](t, "seat"), once[string](t, "row")
		previous := ""
		for _, row := range s.Layout.Rows {
			label(row.Label)
			assert.NotContains(t, "IO", row.Label)
			assert.Greater(t, row.Label, previous, "rows run from the screen backwards")
			previous = row.Label
			for i, place := range row.Seats {
				seat(place.ID)
				assert.Equal(t, fmt.Sprintf("%s%d", row.Label, i+1), place.ID)
			}
		}
	})
}

// Sizes are what bookings under load and seat maps are tried on: small, large,
// and one hall of exactly 200.
func TestLayoutsComeInManySizes(t *testing.T) {
	t.Parallel()
	sizes := map[int]int{}
	for _, theater := range Theaters() {
		for _, screen := range theater.Screens {
			capacity := screen.Layout.Capacity()
			assert.True(t, capacity >= 60 && capacity <= 320, screen.Name)
			sizes[capacity]++
		}
	}
	assert.Equal(t, 1, sizes[200])
	assert.Positive(t, sizes[60])
	assert.Positive(t, sizes[320])
	assert.GreaterOrEqual(t, len(sizes), 12)
}

func TestLayoutsHaveRoomBetweenSeats(t *testing.T) {
	t.Parallel()
	widths := map[booking.SeatType]float64{
		booking.SeatStandard: 1, booking.SeatCompanion: 1, booking.SeatSofa: 1,
		booking.SeatRecliner: 1.5, booking.SeatWheelchair: 1.5,
	}
	eachScreen(t, func(t *testing.T, s Screen) {
		leftmost := s.Layout.Rows[0].Seats[0].X
		for _, row := range s.Layout.Rows {
			require.NotEmpty(t, row.Seats)
			leftmost = min(leftmost, row.Seats[0].X)
			for i := 1; i < len(row.Seats); i++ {
				left, right := row.Seats[i-1], row.Seats[i]
				need := (widths[left.Type] + widths[right.Type]) / 2
				assert.GreaterOrEqual(t, right.X-left.X, need, "%s and %s overlap", left.ID, right.ID)
			}
		}
		assert.InDelta(t, 1, leftmost, 0.001)
	})
}

func TestLayoutsSeatCompanionsBesideWheelchairs(t *testing.T) {
	t.Parallel()
	eachScreen(t, func(t *testing.T, s Screen) {
		wheelchairs := 0
		for _, row := range s.Layout.Rows {
			for i, seat := range row.Seats {
				if seat.Type != booking.SeatWheelchair {
					continue
				}
				wheelchairs++
				left := i > 0 && isCompanion(row.Seats[i-1], seat)
				right := i+1 < len(row.Seats) && isCompanion(row.Seats[i+1], seat)
				assert.True(t, left || right, "%s has nobody beside it", seat.ID)
			}
		}
		assert.Positive(t, wheelchairs)
	})
}

func isCompanion(seat, of booking.Seat) bool {
	return seat.Type == booking.SeatCompanion && max(seat.X-of.X, of.X-seat.X) <= 1.25
}

// A sofa is its row's first and second sofa seat, third and fourth, and so on.
func TestLayoutsPairSofas(t *testing.T) {
	t.Parallel()
	pairs := 0
	for _, theater := range Theaters() {
		for _, screen := range theater.Screens {
			for _, row := range screen.Layout.Rows {
				var sofas []booking.Seat
				for _, seat := range row.Seats {
					if seat.Type == booking.SeatSofa {
						sofas = append(sofas, seat)
					}
				}
				require.Zero(t, len(sofas)%2, "%s row %s", screen.Name, row.Label)
				for i := 0; i < len(sofas); i += 2 {
					pairs++
					assert.InDelta(t, 1, sofas[i+1].X-sofas[i].X, 0.001, "%s row %s", screen.Name, row.Label)
					if i > 0 {
						assert.Greater(t, sofas[i].X-sofas[i-1].X, 1.0, "a gap parts two sofas")
					}
				}
			}
		}
	}
	assert.Positive(t, pairs)
}

func TestLayoutsHaveAislesAndStaggeredRows(t *testing.T) {
	t.Parallel()
	aisles, staggered := 0, 0
	for _, theater := range Theaters() {
		for _, screen := range theater.Screens {
			for r, row := range screen.Layout.Rows {
				for i := 1; i < len(row.Seats); i++ {
					if row.Seats[i].X-row.Seats[i-1].X >= 2 {
						aisles++
					}
				}
				if r == 0 {
					continue
				}
				ahead := screen.Layout.Rows[r-1].Seats[0].X
				if offset := row.Seats[0].X - ahead; offset != float64(int(offset)) {
					staggered++
				}
			}
		}
	}
	assert.Greater(t, aisles, 200)
	assert.Greater(t, staggered, 100)
}
