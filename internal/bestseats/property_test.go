package bestseats

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// ordinary gives what could be sold to people without a wheelchair: free seats, and
// free sofas. It knows nothing of how choices are made. Places in drawings are one
// apart.
func ordinary(now shows.SeatMap) map[string]bool {
	all := map[string]bool{}
	free := func(seat booking.Seat) bool { return !slices.Contains(now.Sold, seat.ID) }
	for _, row := range now.Layout.Rows {
		var sofas []int
		for i, seat := range row.Seats {
			switch seat.Type {
			case booking.SeatStandard:
				all[seat.ID] = free(seat)
			case booking.SeatSofa:
				sofas = append(sofas, i)
			}
		}
		for pair := range slices.Chunk(sofas, 2) {
			if len(pair) == 2 && pair[1] == pair[0]+1 {
				a, b := row.Seats[pair[0]], row.Seats[pair[1]]
				whole := b.X-a.X == 1 && free(a) && free(b)
				all[a.ID], all[b.ID] = whole, whole
			}
		}
	}
	return all
}

// sizeUp measures a choice: in how many groups people sit, and how many free seats it newly
// leaves alone.
func sizeUp(now shows.SeatMap, choice []string) (groups, orphans int) {
	forSale := ordinary(now)
	for _, row := range now.Layout.Rows {
		neighbor := func(i, j int, is func(string) bool) bool {
			return j >= 0 && j < len(row.Seats) && (row.Seats[j].X-row.Seats[i].X)*(row.Seats[j].X-row.Seats[i].X) == 1 && is(row.Seats[j].ID)
		}
		chosen := func(id string) bool { return slices.Contains(choice, id) }
		left := func(id string) bool { return forSale[id] && !chosen(id) }
		before := func(id string) bool { return forSale[id] }
		for i, seat := range row.Seats {
			if chosen(seat.ID) && !neighbor(i, i-1, chosen) {
				groups++
			}
			wasAlone := !neighbor(i, i-1, before) && !neighbor(i, i+1, before)
			isAlone := !neighbor(i, i-1, left) && !neighbor(i, i+1, left)
			if seat.Type == booking.SeatStandard && left(seat.ID) && isAlone && !wasAlone {
				orphans++
			}
		}
	}
	return groups, orphans
}

// choices calls visit with every choice of so many of these seats that a booking
// could have.
func choices(now shows.SeatMap, from []string, count int, visit func([]string)) {
	var pickFrom func(at int, picked []string)
	pickFrom = func(at int, picked []string) {
		if len(picked) == count {
			if _, err := booking.NewQuote(now.Terms, picked); err == nil {
				visit(picked)
			}
			return
		}
		for i := at; i <= len(from)-(count-len(picked)); i++ {
			pickFrom(i+1, append(picked[:len(picked):len(picked)], from[i]))
		}
	}
	pickFrom(0, nil)
}

func forSale(now shows.SeatMap) []string {
	var free []string
	for id, ok := range ordinary(now) {
		if ok {
			free = append(free, id)
		}
	}
	return free
}

func drawHall(r *rapid.T, places string) string {
	row := rapid.StringOfN(rapid.SampledFrom([]rune(places)), 3, 9, -1)
	var rows []string
	for range rapid.IntRange(1, 4).Draw(r, "rows") {
		rows = append(rows, strings.ReplaceAll(row.Draw(r, "row"), "o", "oo"))
	}
	if !strings.ContainsAny(strings.Join(rows, ""), ".#ocwx") {
		rows[0] = "."
	}
	return strings.Join(rows, "\n")
}

func TestBestSeatsAgainstEveryChoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		hall := drawHall(r, "....###o wcx")
		now, _ := drawn(t, hall)
		count := rapid.IntRange(1, 4).Draw(r, "count")
		got, ok := newFloor(now, "").seat(Wish{Count: count})

		possible, fewest, least := false, 0, 0
		choices(now, forSale(now), count, func(choice []string) {
			groups, orphans := sizeUp(now, choice)
			if !possible || groups < fewest || groups == fewest && orphans < least {
				possible, fewest, least = true, groups, orphans
			}
		})
		require.Equal(r, possible, ok, "%s", hall)
		if !ok {
			return
		}
		sound(r, now, got, count)
		groups, orphans := sizeUp(now, got.seats)
		require.Equal(r, groups, got.groups, "%v", got.seats)
		require.Equal(r, fewest, groups, "more groups than needed: %v in\n%s", got.seats, hall)
		if groups == 1 {
			require.Equal(r, least, orphans, "orphans that could be avoided: %v in\n%s", got.seats, hall)
		}
	})
}

// sound checks what holds of every offer.
func sound(r *rapid.T, now shows.SeatMap, got chosen, count int) {
	require.Len(r, got.seats, count)
	_, err := booking.NewQuote(now.Terms, got.seats)
	require.NoError(r, err, "what is offered can be booked")
	for _, seat := range got.seats {
		require.NotContains(r, now.Sold, seat)
	}
}

// accompanied tells whether a choice is one for a wheelchair user and company: one
// wheelchair space, a companion beside it if the group has more people, and no companion
// seat but those beside it.
func accompanied(now shows.SeatMap, choice []string) bool {
	wheelchairs, good := 0, true
	for _, row := range now.Layout.Rows {
		chosen := func(i, beside int, kinds ...booking.SeatType) bool {
			return i >= 0 && i < len(row.Seats) && slices.Contains(choice, row.Seats[i].ID) &&
				(row.Seats[i].X-row.Seats[beside].X)*(row.Seats[i].X-row.Seats[beside].X) == 1 &&
				(len(kinds) == 0 || slices.Contains(kinds, row.Seats[i].Type))
		}
		for i, seat := range row.Seats {
			if !slices.Contains(choice, seat.ID) {
				continue
			}
			switch seat.Type {
			case booking.SeatWheelchair:
				wheelchairs++
				good = good && (len(choice) == 1 || chosen(i-1, i) || chosen(i+1, i))
			case booking.SeatCompanion:
				good = good && (chosen(i-1, i, booking.SeatWheelchair) || chosen(i+1, i, booking.SeatWheelchair))
			}
		}
	}
	return good && wheelchairs == 1
}

func TestBestSeatsWithAWheelchairAgainstEveryChoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		hall := drawHall(r, "...##o wwccx")
		now, _ := drawn(t, hall)
		count := rapid.IntRange(1, 4).Draw(r, "count")
		got, ok := newFloor(now, "").seat(Wish{Count: count, Accessible: true})

		from := forSale(now)
		for _, row := range now.Layout.Rows {
			for _, seat := range row.Seats {
				if seat.Type == booking.SeatWheelchair || seat.Type == booking.SeatCompanion {
					from = append(from, seat.ID)
				}
			}
		}
		fewest := 0
		choices(now, from, count, func(choice []string) {
			if groups, _ := sizeUp(now, choice); accompanied(now, choice) && (fewest == 0 || groups < fewest) {
				fewest = groups
			}
		})
		require.Equal(r, fewest > 0, ok, "%v in\n%s", got.seats, hall)
		if !ok {
			return
		}
		sound(r, now, got, count)
		require.True(r, accompanied(now, got.seats), "%v in\n%s", got.seats, hall)
		groups, _ := sizeUp(now, got.seats)
		require.Equal(r, fewest, groups, "more groups than needed: %v in\n%s", got.seats, hall)
		require.Equal(r, groups == 1, got.groups == 1)
	})
}

func TestBestSeatsOfRealHalls(t *testing.T) {
	t.Parallel()
	layout := showstest.Stadium()
	var names []string
	for _, row := range layout.Rows {
		for _, seat := range row.Seats {
			names = append(names, seat.ID)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		now := shows.SeatMap{Layout: layout, Prices: map[string]booking.Money{"gold": {Amount: 1, Currency: "INR"}}, Held: []string{},
			Terms: booking.Terms{Layout: layout, Currency: "INR", Prices: map[string]int64{"gold": 1}}}
		free := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 60, rapid.ID[string]).Draw(r, "free")
		for _, name := range names {
			if !slices.Contains(free, name) {
				now.Sold = append(now.Sold, name)
			}
		}
		slices.Sort(now.Sold)
		count := rapid.IntRange(1, booking.MaxSeats).Draw(r, "count")
		got, ok := newFloor(now, "").seat(Wish{Count: count})
		require.Equal(r, len(free) >= count, ok)
		if ok {
			sound(r, now, got, count)
		}
	})
}

// Real layouts give seats the room they take.
func TestAisles(t *testing.T) {
	t.Parallel()
	row := func(kinds string, xs ...float64) booking.Row {
		all := map[rune]booking.SeatType{'s': booking.SeatStandard, 'r': booking.SeatRecliner, 'o': booking.SeatSofa,
			'w': booking.SeatWheelchair, 'c': booking.SeatCompanion}
		var out booking.Row
		for i, kind := range kinds {
			out.Seats = append(out.Seats, booking.Seat{ID: fmt.Sprint(i), X: xs[i], Type: all[kind]})
		}
		return out
	}
	for name, c := range map[string]struct {
		row  booking.Row
		want string // | where an aisle is
	}{
		"seats one apart":                {row("ssss", 1, 2, 4, 5), "ss|ss"},
		"staggered":                      {row("sss", 1.5, 2.5, 4.5), "ss|s"},
		"recliners with room":            {row("rrr", 1.75, 3.25, 5.75), "rr|r"},
		"recliners on whole numbers":     {row("rrr", 1, 2, 4), "rr|r"},
		"sofas half a seat apart":        {row("oooo", 1, 2, 3.5, 4.5), "oooo"},
		"an aisle between sofas":         {row("oooo", 1, 2, 4, 5), "oo|oo"},
		"a wheelchair space is wider":    {row("wcs", 1.25, 2.5, 3.5), "wcs"},
		"an aisle beside a wheelchair":   {row("sw", 1, 3.25), "s|w"},
		"nothing but half a seat of air": {row("ss", 1, 2.5), "ss"},
	} {
		steps := usualSteps(booking.Layout{Rows: []booking.Row{c.row}})
		got := ""
		for i, seat := range c.row.Seats {
			if i > 0 && aisle(c.row.Seats[i-1], seat, steps) {
				got += "|"
			}
			got += string(seat.Type[0])
			if seat.Type == booking.SeatSofa {
				got = got[:len(got)-1] + "o"
			}
		}
		require.Equal(t, c.want, got, name)
	}
}

func BenchmarkBestSeats(b *testing.B) {
	layout := showstest.Stadium()
	layout.Rows = layout.Rows[:20]
	for i := range layout.Rows {
		layout.Rows[i].Seats = layout.Rows[i].Seats[:30]
	}
	all := shows.SeatMap{Layout: layout, Held: []string{}, Sold: []string{}, Prices: map[string]booking.Money{"gold": {Amount: 1, Currency: "INR"}}}
	scattered := all
	for _, row := range layout.Rows {
		for i, seat := range row.Seats {
			if i%3 == 2 {
				scattered.Sold = append(scattered.Sold, seat.ID)
			}
		}
	}
	slices.Sort(scattered.Sold)
	for _, c := range []struct {
		name  string
		now   shows.SeatMap
		count int
	}{{"empty/2", all, 2}, {"empty/10", all, 10}, {"pairs/2", scattered, 2}, {"pairs/10", scattered, 10}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, ok := newFloor(c.now, "").seat(Wish{Count: c.count}); !ok {
					b.Fatal("no seats")
				}
			}
		})
	}
}
