package housestest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// Run puts an adapter through every case.
func Run(t *testing.T, setup Setup) {
	cases := []struct {
		name string
		run  func(*suite)
	}{
		{"Hold", (*suite).hold},
		{"HoldAllOrNothing", (*suite).holdAllOrNothing},
		{"TwoAtOnceForOneSeat", (*suite).twoAtOnceForOneSeat},
		{"HoldTwice", (*suite).holdTwice},
		{"HoldTwiceAtOnce", (*suite).holdTwiceAtOnce},
		{"HoldTwiceOfOtherSeats", (*suite).holdTwiceOfOtherSeats},
		{"DuplicateRefused", (*suite).duplicateRefused},
		{"HoldReplyLost", (*suite).holdReplyLost},
		{"PriceChanged", (*suite).priceChanged},
		{"NotOnSale", (*suite).notOnSale},
		{"HoldEndsEarly", (*suite).holdEndsEarly},
		{"EndMissing", (*suite).endMissing},
		{"ClockOff", (*suite).clockOff},
		{"Extend", (*suite).extend},
		{"Release", (*suite).release},
		{"ReleaseReplyLost", (*suite).releaseReplyLost},
		{"Confirm", (*suite).confirm},
		{"ConfirmManyAtOnce", (*suite).confirmManyAtOnce},
		{"ConfirmAfterTheEnd", (*suite).confirmAfterTheEnd},
		{"ConfirmWithAWrongTotal", (*suite).confirmWithAWrongTotal},
		{"ConfirmReplyLost", (*suite).confirmReplyLost},
		{"ConfirmingForLong", (*suite).confirmingForLong},
		{"ConfirmingInVain", (*suite).confirmingInVain},
		{"WrongNumberOfCodes", (*suite).wrongNumberOfCodes},
		{"Scenario24NoSaleWithoutCodes", (*suite).noSaleWithoutCodes},
		{"ConfirmOfACancelledShow", (*suite).confirmOfACancelledShow},
		{"Cancel", (*suite).cancel},
		{"CancelManyAtOnce", (*suite).cancelManyAtOnce},
		{"CancelAfterTheCutOff", (*suite).cancelAfterTheCutOff},
		{"CancelReplyLost", (*suite).cancelReplyLost},
		{"CancelledAtTheCounter", (*suite).cancelledAtTheCounter},
		{"UnknownIDs", (*suite).unknownIDs},
		{"Unavailable", (*suite).unavailable},
		{"Failing", (*suite).failing},
		{"HalfAnswer", (*suite).halfAnswer},
		{"Denied", (*suite).denied},
		{"ProgramChanges", (*suite).programChanges},
		{"ProgramPages", (*suite).programPages},
		{"ProgramGap", (*suite).programGap},
		{"ProgramFeed", (*suite).programFeed},
		{"TimeZones", (*suite).timeZones},
		{"SeatMap", (*suite).seatMap},
		{"LayoutChanged", (*suite).layoutChanged},
		{"CachedSeats", (*suite).cachedSeats},
		{"Sold", (*suite).sold},
		{"SoldPages", (*suite).soldPages},
		{"Chaos", (*suite).chaos},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &suite{T: t, Harness: setup.New(t), setup: setup}
			s.open()
			c.run(s)
		})
	}
}

// suite is one case with a house of its own.
type suite struct {
	*testing.T
	Harness
	setup Setup
	show  booking.HouseShow
	free  []booking.HouseSeat // standard seats that no order of the case has asked for
}

// patience is more than any call without a fault takes.
const patience = 10 * time.Second

func (s *suite) ctx() context.Context { return s.Context() }

// open chooses the show of the case: one that is on sale.
func (s *suite) open() {
	s.Helper()
	for _, show := range s.program("") {
		if !show.Cancelled && time.Until(show.StartsAt) > time.Hour && len(show.Categories) > 1 {
			s.show, s.free = show, seatsOf(show)
			return
		}
	}
	require.Fail(s, "no show is on sale")
}

// seatsOf are the standard seats of a show, those of two categories in turn.
func seatsOf(show booking.HouseShow) []booking.HouseSeat {
	prices := map[string]booking.Money{}
	for _, category := range show.Categories {
		prices[category.ID] = category.Price
	}
	var first, others []booking.HouseSeat
	for _, row := range show.Rows {
		for _, place := range row.Seats {
			if place.Type != booking.SeatStandard {
				continue
			}
			seat := booking.HouseSeat{
				Seat: row.Label + place.Name, Address: place.Address, Category: row.Category, Price: prices[row.Category],
			}
			if row.Category == show.Categories[0].ID {
				first = append(first, seat)
			} else {
				others = append(others, seat)
			}
		}
	}
	var mixed []booking.HouseSeat
	for i := range min(len(first), len(others)) {
		mixed = append(mixed, first[i], others[i])
	}
	return mixed
}

// program reads the program to its end, from a cursor.
func (s *suite) program(cursor string) []booking.HouseShow {
	s.Helper()
	shows, _ := s.programFrom(cursor)
	return shows
}

// programFrom also gives the cursor of what changes later.
func (s *suite) programFrom(cursor string) (shows []booking.HouseShow, next string) {
	s.Helper()
	for range 100 {
		page, err := s.House.Program(s.ctx(), cursor)
		require.NoError(s, err)
		require.NotEmpty(s, page.Next)
		shows, cursor = append(shows, page.Shows...), page.Next
		if !page.More {
			return shows, cursor
		}
	}
	require.Fail(s, "the program has no end")
	return nil, ""
}

// order is for the next n free seats.
func (s *suite) order(n int) booking.HouseOrder {
	s.Helper()
	require.GreaterOrEqual(s, len(s.free), n, "the show has too few seats for the case")
	seats := s.free[:n]
	s.free = s.free[n:]
	return s.orderOf(seats...)
}

func (s *suite) orderOf(seats ...booking.HouseSeat) booking.HouseOrder {
	return booking.HouseOrder{BookingID: uuid.NewString(), Attempt: 1, Terms: booking.HouseTerms{
		TheaterID: uuid.NewString(), Show: s.show.ID, Seats: slices.Clone(seats),
	}}
}

// held is an order whose seats the house holds.
func (s *suite) held(n int) booking.HouseOrder {
	s.Helper()
	order := s.order(n)
	state, err := s.House.Hold(s.ctx(), order)
	require.NoError(s, err)
	order.Reference = state.Reference
	return order
}

// bought is an order that the house has sold.
func (s *suite) bought(n int) (booking.HouseOrder, booking.HouseState) {
	s.Helper()
	order := s.held(n)
	state, err := s.House.Confirm(s.ctx(), order)
	require.NoError(s, err)
	s.isSale(order, state)
	return order, state
}

// forgotten is the order as we know it when its answer was lost.
func forgotten(order booking.HouseOrder) booking.HouseOrder {
	order.Reference = ""
	return order
}

func addresses(order booking.HouseOrder) (all []string) {
	for _, seat := range order.Terms.Seats {
		all = append(all, seat.Address)
	}
	return all
}

// stands checks what a house says of an order that it has.
func (s *suite) stands(status booking.HouseOrderStatus, order booking.HouseOrder, state booking.HouseState) {
	s.Helper()
	assert.Equal(s, status, state.Status)
	assert.NotEmpty(s, state.Reference)
	if order.Reference != "" {
		assert.Equal(s, order.Reference, state.Reference)
	}
	if state.Key != "" {
		assert.Equal(s, order.Key(), state.Key)
	}
	assert.Equal(s, order.Terms.Show, state.Show)
	assert.Equal(s, order.Terms.Total(), state.Total)
	assert.ElementsMatch(s, addresses(order), state.Addresses)
	if status != booking.HouseConfirmed && status != booking.HouseCancelled {
		assert.Empty(s, state.Codes)
	}
}

// isHold checks a hold and its end.
func (s *suite) isHold(order booking.HouseOrder, state booking.HouseState) {
	s.Helper()
	s.stands(booking.HouseHeld, order, state)
	s.lasts(s.HoldFor, state)
}

// lasts allows for the seconds in which some houses count, and for a slow machine.
func (s *suite) lasts(want time.Duration, state booking.HouseState) {
	s.Helper()
	assert.LessOrEqual(s, state.Left, want+time.Second, "a hold that ends later here than there")
	assert.Greater(s, state.Left, want-20*time.Second)
}

// isSale checks a sale: each seat has a code of its own that opens the door.
func (s *suite) isSale(order booking.HouseOrder, state booking.HouseState) {
	s.Helper()
	s.stands(booking.HouseConfirmed, order, state)
	assert.NotEmpty(s, state.Number)
	assert.Len(s, state.Codes, len(order.Terms.Seats))
	seen := map[string]bool{}
	for _, address := range addresses(order) {
		code := state.Codes[address]
		assert.NotEmpty(s, code, address)
		assert.False(s, seen[code], "one code for two seats")
		assert.True(s, s.Gate(s.T, code), "the code of %s does not open the door", address)
		seen[code] = true
	}
}

// finds asks for an order by our own reference alone.
func (s *suite) finds(order booking.HouseOrder) booking.HouseState {
	s.Helper()
	return s.findsAs(forgotten(order))
}

func (s *suite) findsAs(order booking.HouseOrder) booking.HouseState {
	s.Helper()
	state, err := s.House.Find(s.ctx(), order)
	require.NoError(s, err)
	return state
}

// isGone checks that the house holds and sells nothing for an order.
func (s *suite) isGone(order booking.HouseOrder) {
	s.Helper()
	assert.Contains(s, []booking.HouseOrderStatus{booking.HouseLapsed, booking.HouseNone}, s.finds(order).Status)
	books := s.Books(s.T, order.Terms.Show)
	for _, address := range addresses(order) {
		assert.NotContains(s, books.Held, address)
		assert.NotContains(s, books.Sold, address)
	}
}

func (s *suite) code(want booking.Code, err error) {
	s.Helper()
	require.Error(s, err)
	assert.Equal(s, want, booking.CodeOf(err), "%v", err)
}

func (s *suite) codes(err error, want ...booking.Code) {
	s.Helper()
	require.Error(s, err)
	assert.Contains(s, want, booking.CodeOf(err), "%v", err)
}

// seats are those that an error names.
func seatsIn(err error) []string {
	var known *booking.Error
	if !errors.As(err, &known) {
		return nil
	}
	return known.Seats
}

// books checks what the house itself has noted of the show.
func (s *suite) books(held, sold []booking.HouseOrder, sales int) {
	s.Helper()
	all := func(orders []booking.HouseOrder) (out []string) {
		for _, order := range orders {
			out = append(out, addresses(order)...)
		}
		return out
	}
	books := s.Books(s.T, s.show.ID)
	assert.ElementsMatch(s, all(held), books.Held, "held")
	assert.ElementsMatch(s, all(sold), books.Sold, "sold")
	assert.Equal(s, sales, books.Sales, "sales")
}

type orders = []booking.HouseOrder
