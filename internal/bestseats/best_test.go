package bestseats

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// A drawing is a hall from above, the screen on top. A lower-case letter or a dot
// is a free place, anything else is a taken place or no place at all:
//
//	.  a seat        o  half a sofa        w  a wheelchair space   c  a companion seat
//	*  a seat that should be offered; O, W, C likewise for the other kinds
//	#  a seat that is taken; x, half a taken sofa      a space: no seat
func drawn(t testing.TB, drawing string) (now shows.SeatMap, want []string) {
	t.Helper()
	now = shows.SeatMap{Held: []string{}, Sold: []string{}, Prices: map[string]booking.Money{
		"gold": {Amount: 45000, Currency: "INR"}, "silver": {Amount: 30000, Currency: "INR"}}}
	kinds := map[rune]booking.SeatType{
		'o': booking.SeatSofa, 'O': booking.SeatSofa, 'x': booking.SeatSofa,
		'w': booking.SeatWheelchair, 'W': booking.SeatWheelchair, 'c': booking.SeatCompanion, 'C': booking.SeatCompanion,
	}
	for i, line := range strings.Split(strings.Trim(drawing, "\n"), "\n") {
		line, category, _ := strings.Cut(strings.TrimLeft(line, "\t"), ":")
		row := booking.Row{Label: string(rune('A' + i)), Category: "gold"}
		if category != "" {
			row.Category = category
		}
		for x, c := range line {
			if c == ' ' {
				continue
			}
			kind, ok := kinds[c]
			if !ok {
				kind = booking.SeatStandard
			}
			seat := booking.Seat{ID: fmt.Sprintf("%s%02d", row.Label, x+1), X: float64(x + 1), Type: kind}
			row.Seats = append(row.Seats, seat)
			if c == '#' || c == 'x' {
				now.Sold = append(now.Sold, seat.ID)
			}
			if strings.ContainsRune("*OWC", c) {
				want = append(want, seat.ID)
			}
		}
		now.Layout.Rows = append(now.Layout.Rows, row)
	}
	now.Terms = booking.Terms{Layout: now.Layout, Currency: "INR", Prices: map[string]int64{"gold": 45000, "silver": 30000}}
	return now, want
}

func TestBestSeatsAsDrawn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hall    string
		wish    Wish
		apart   bool // not together
		soldOut bool
	}{
		"center, two thirds back": {wish: Wish{Count: 2}, hall: `
			..........
			..........
			....**....
			..........`},
		"further back rather than further front": {wish: Wish{Count: 2}, hall: `
			..........
			..........
			..........
			##########
			....**....
			..........`},
		"odd groups around the middle seat": {wish: Wish{Count: 3}, hall: `
			.......
			..***..`},
		"an aisle splits a row": {wish: Wish{Count: 4}, hall: `
			... ......
			... ****..`},
		"no orphan beside an aisle": {wish: Wish{Count: 2}, hall: `
			###### #
			#...** #`},
		"no orphan beside a taken seat": {wish: Wish{Count: 2}, hall: `
			##########
			##...**###`},
		"an orphan is worse than a worse place": {wish: Wish{Count: 2}, hall: `
			##**####
			#...####
			########`},
		"an orphan when it cannot be avoided": {wish: Wish{Count: 2}, hall: `
			########
			#.**####
			########`},
		"one seat where it leaves no other alone": {wish: Wish{Count: 1}, hall: `
			########
			#*#..###
			########`},
		"sofas go whole": {wish: Wish{Count: 2}, hall: `
			#######
			xx OO oo`},
		"two sofas for four": {wish: Wish{Count: 4}, hall: `
			######
			OOOO##`},
		"no sofa for one": {wish: Wish{Count: 1}, soldOut: true, hall: `
			####
			oooo`},
		"a sofa and a seat for three": {wish: Wish{Count: 3}, hall: `
			oooo
			#OO*`},
		"no half of a sofa whose other half is sold": {wish: Wish{Count: 2}, soldOut: true, hall: `
			xo ox
			#####`},
		"seats across an aisle are no sofa": {wish: Wish{Count: 2}, soldOut: true, hall: `
			o o
			###`},
		"wheelchair and companion seats are not for others": {wish: Wish{Count: 2}, soldOut: true, hall: `
			wc.cw
			#####`},
		"a wheelchair space and its companion": {wish: Wish{Count: 2, Accessible: true}, hall: `
			......
			WC..c#`},
		"a wheelchair space alone": {wish: Wish{Count: 1, Accessible: true}, hall: `
			......
			#c..cW`},
		"a wheelchair space, its companion and friends": {wish: Wish{Count: 4, Accessible: true}, hall: `
			.......
			WC**.c#`},
		"one wheelchair space each": {wish: Wish{Count: 3, Accessible: true}, hall: `
			......
			w##c.#
			##CWC#`},
		"the companion of another is left to them": {wish: Wish{Count: 3, Accessible: true}, apart: true, hall: `
			##*###
			WCc###`},
		"without a companion seat, a neighbor": {wish: Wish{Count: 2, Accessible: true}, hall: `
			.........
			#c....*W#`},
		"company has to be beside": {wish: Wish{Count: 2, Accessible: true}, soldOut: true, hall: `
			......
			w#..#w`},
		"no wheelchair space": {wish: Wish{Count: 2, Accessible: true}, soldOut: true, hall: `
			......
			#c..c#`},
		"a category": {wish: Wish{Count: 2, Category: "silver"}, hall: `
			..**..:silver
			......
			......`},
		"a category that is full": {wish: Wish{Count: 2, Category: "silver"}, soldOut: true, hall: `
			.#####:silver
			......
			......`},
		"a category without a price": {wish: Wish{Count: 2}, hall: `
			......
			......
			..**..
			......:velvet
			......:velvet
			......:velvet`},
		"apart: behind each other": {wish: Wish{Count: 4}, apart: true, hall: `
			..######
			####**##
			####**##
			..######`},
		"apart: the fewest groups": {wish: Wish{Count: 4}, apart: true, hall: `
			###.#.#.#
			#########
			##***##.#
			.#.#*#.##`},
		"apart: near rather than in one row": {wish: Wish{Count: 4}, apart: true, hall: `
			############
			**########..
			**##########
			############`},
		"apart: all that is left": {wish: Wish{Count: 3}, apart: true, hall: `
			*####
			####*
			#*###`},
		"apart: a sofa here, a seat there": {wish: Wish{Count: 3}, apart: true, hall: `
			#oo#.
			###*#
			OO###`},
		"two groups in one stretch": {wish: Wish{Count: 4}, apart: true, hall: `
			#####
			OO.OO`},
		"too few": {wish: Wish{Count: 4}, soldOut: true, hall: `
			.####
			####.
			#.###`},
		"sofas for three": {wish: Wish{Count: 3}, soldOut: true, hall: `
			oo oo
			oo oo`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, want := drawn(t, c.hall)
			got, ok := newFloor(now, c.wish.Category).seat(c.wish)
			require.Equal(t, !c.soldOut, ok, "%v", got.seats)
			if c.soldOut {
				return
			}
			assert.Equal(t, want, got.seats)
			assert.Equal(t, c.apart, got.groups > 1)
			_, err := booking.NewQuote(now.Terms, got.seats)
			assert.NoError(t, err)
		})
	}
}
