package housestest

import (
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// atOnce runs a call many times together and gives the errors.
func atOnce(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	running.Wait()
	return errs
}

func (s *suite) hold() {
	order := s.order(3)
	state, err := s.House.Hold(s.ctx(), order)
	require.NoError(s, err)
	s.isHold(order, state)
	s.isHold(order, s.finds(order))
	s.books(orders{order}, nil, 0)
	taken, err := s.House.Seats(s.ctx(), s.show.ID)
	require.NoError(s, err)
	assert.Subset(s, taken.Addresses, addresses(order))
}

// A seat that the counter has sold costs the whole hold, and the others stay free.
func (s *suite) holdAllOrNothing() {
	order := s.order(3)
	gone := order.Terms.Seats[1]
	s.SellAtCounter(s.T, s.show.ID, gone.Address)
	_, err := s.House.Hold(s.ctx(), order)
	s.code(booking.CodeSeatsUnavailable, err)
	if s.setup.NamesSeats {
		assert.Equal(s, []string{gone.Seat}, seatsIn(err), "by our names")
	} else {
		assert.Empty(s, seatsIn(err), "never a guess")
	}
	s.isGone(s.orderWithout(order, gone))
	s.books(nil, nil, 0)

	again := s.orderOf(order.Terms.Seats[0], order.Terms.Seats[2])
	again.BookingID, again.Attempt = order.BookingID, 2
	state, err := s.House.Hold(s.ctx(), again)
	require.NoError(s, err, "another attempt has a key of its own")
	s.isHold(again, state)
	s.books(orders{again}, nil, 0)
}

func (s *suite) orderWithout(order booking.HouseOrder, seat booking.HouseSeat) booking.HouseOrder {
	var kept []booking.HouseSeat
	for _, one := range order.Terms.Seats {
		if one != seat {
			kept = append(kept, one)
		}
	}
	order.Terms.Seats = kept
	return order
}

func (s *suite) twoAtOnceForOneSeat() {
	wanted := s.order(3).Terms.Seats
	// Each order wants the seat in the middle and one beside it.
	all := orders{s.orderOf(wanted[0], wanted[1]), s.orderOf(wanted[1], wanted[2]), s.orderOf(wanted[1]), s.orderOf(wanted[2], wanted[1], wanted[0])}
	errs := atOnce(len(all), func(i int) error { _, err := s.House.Hold(s.ctx(), all[i]); return err })
	var won orders
	for i, err := range errs {
		if err == nil {
			won = append(won, all[i])
			continue
		}
		s.code(booking.CodeSeatsUnavailable, err)
	}
	require.Len(s, won, 1)
	s.books(won, nil, 0)
}

func (s *suite) holdTwice() {
	order := s.order(2)
	first, err := s.House.Hold(s.ctx(), order)
	require.NoError(s, err)
	second, err := s.House.Hold(s.ctx(), order)
	require.NoError(s, err)
	assert.Equal(s, first.Reference, second.Reference)
	s.isHold(order, second)
	s.books(orders{order}, nil, 0)
}

// Repeats that run together may have to be asked again; they never take more seats.
func (s *suite) holdTwiceAtOnce() {
	order := s.order(2)
	for _, err := range atOnce(8, func(int) error { _, err := s.House.Hold(s.ctx(), order); return err }) {
		if err != nil {
			s.code(booking.CodeHouseUnavailable, err)
		}
	}
	s.books(orders{order}, nil, 0)
	s.isHold(order, s.finds(order))
}

// An order that repeats its key with other seats gets what the key holds.
func (s *suite) holdTwiceOfOtherSeats() {
	order, others := s.held(2), s.order(2)
	others.BookingID = order.BookingID
	state, err := s.House.Hold(s.ctx(), others)
	require.NoError(s, err)
	s.isHold(order, state)
	s.books(orders{order}, nil, 0)
}

func (s *suite) duplicateRefused() {
	order := s.order(2)
	s.Fault(s.T, Fault{Trouble: ReplyLost, Operation: OpHold})
	_, err := s.House.Hold(s.ctx(), order)
	s.code(booking.CodeHouseUnavailable, err)
	s.Fault(s.T, Fault{Trouble: DuplicateRefused, Operation: OpHold})
	state, err := s.House.Hold(s.ctx(), order)
	require.NoError(s, err)
	s.isHold(order, state)
	s.books(orders{order}, nil, 0)
}

func (s *suite) holdReplyLost() {
	var all orders
	for _, trouble := range []trouble{ReplyLost, FailedDone, HalfAnswer} {
		order := s.order(2)
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpHold})
		_, err := s.House.Hold(s.ctx(), order)
		s.code(booking.CodeHouseUnavailable, err)
		state := s.finds(order)
		s.isHold(order, state)
		order.Reference = state.Reference
		again, err := s.House.Hold(s.ctx(), forgotten(order))
		require.NoError(s, err)
		s.isHold(order, again)
		all = append(all, order)
	}
	s.books(all, nil, 0)
}

// The customer has seen the old price: nothing may stay held at the new one.
func (s *suite) priceChanged() {
	order := s.order(2)
	dear := order.Terms.Seats[0]
	s.SetPrice(s.T, s.show.ID, dear.Category, dear.Price.Amount+50)
	_, err := s.House.Hold(s.ctx(), order)
	s.code(booking.CodePriceChanged, err)
	s.isGone(order)
	s.books(nil, nil, 0)

	again := order
	again.Attempt, again.Terms.Seats = 2, append([]booking.HouseSeat(nil), order.Terms.Seats...)
	for i, seat := range again.Terms.Seats {
		if seat.Category == dear.Category {
			again.Terms.Seats[i].Price.Amount += 50
		}
	}
	state, err := s.House.Hold(s.ctx(), again)
	require.NoError(s, err)
	s.isHold(again, state)
}

func (s *suite) notOnSale() {
	started := s.AddShow(s.T, time.Now().Add(time.Hour).Truncate(time.Minute))
	order := s.order(1)
	order.Terms.Show = started
	s.Advance(s.T, 90*time.Minute)
	_, err := s.House.Hold(s.ctx(), order)
	s.code(booking.CodeShowNotOnSale, err)
	s.Advance(s.T, -90*time.Minute)

	cancelled := s.AddShow(s.T, time.Now().Add(3*time.Hour).Truncate(time.Minute))
	s.CancelShow(s.T, cancelled)
	order.Terms.Show = cancelled
	_, err = s.House.Hold(s.ctx(), order)
	s.code(booking.CodeShowNotOnSale, err)
	assert.Empty(s, s.Books(s.T, cancelled).Held)
}

func (s *suite) holdEndsEarly() {
	order := s.order(2)
	s.Fault(s.T, Fault{Trouble: EndsEarly, Operation: OpHold})
	state, err := s.House.Hold(s.ctx(), order)
	require.NoError(s, err)
	order.Reference = state.Reference
	require.Eventually(s, func() bool { return s.finds(order).Status == booking.HouseLapsed }, patience, 50*time.Millisecond)
	_, err = s.House.Confirm(s.ctx(), order)
	s.code(booking.CodeHoldLost, err)
	s.isGone(order)
	require.NoError(s, s.House.Release(s.ctx(), order))
}

func (s *suite) endMissing() {
	order := s.order(2)
	s.Fault(s.T, Fault{Trouble: NoEnd, Operation: OpHold})
	state, err := s.House.Hold(s.ctx(), order)
	require.NoError(s, err)
	s.stands(booking.HouseHeld, order, state)
	// The adapter may know what the house is set to; it never says more.
	assert.LessOrEqual(s, state.Left, s.HoldFor)
	assert.GreaterOrEqual(s, state.Left, time.Duration(0))
}

// What is left of a hold is counted by one clock: how wrong that is does not matter.
func (s *suite) clockOff() {
	for _, off := range []time.Duration{7 * time.Minute, -7 * time.Minute} {
		s.SetClock(s.T, off)
		order := s.order(1)
		state, err := s.House.Hold(s.ctx(), order)
		require.NoError(s, err)
		s.isHold(order, state)
		s.Advance(s.T, 3*time.Minute)
		state = s.finds(order)
		s.stands(booking.HouseHeld, order, state)
		s.lasts(s.HoldFor-3*time.Minute, state)
	}
}

func (s *suite) extend() {
	order := s.held(2)
	s.Advance(s.T, 3*time.Minute)
	state, err := s.House.Extend(s.ctx(), order)
	if s.setup.NoExtend {
		s.code(booking.CodeHoldNotExtendable, err)
		state = s.finds(order)
		s.stands(booking.HouseHeld, order, state)
		s.lasts(s.HoldFor-3*time.Minute, state)
		return
	}
	require.NoError(s, err)
	s.isHold(order, state)
	s.Advance(s.T, s.HoldFor-2*time.Minute)
	s.stands(booking.HouseHeld, order, s.finds(order))
	s.Advance(s.T, 3*time.Minute)
	_, err = s.House.Extend(s.ctx(), order)
	s.code(booking.CodeHoldLost, err)
	s.isGone(order)
	_, err = s.House.Extend(s.ctx(), s.order(1))
	s.codes(err, booking.CodeNotFound, booking.CodeHoldLost)
}

func (s *suite) release() {
	order := s.held(2)
	for range 2 {
		require.NoError(s, s.House.Release(s.ctx(), order))
		s.isGone(order)
	}
	require.NoError(s, s.House.Release(s.ctx(), forgotten(order)))

	byKey := s.held(1)
	require.NoError(s, s.House.Release(s.ctx(), forgotten(byKey)))
	s.isGone(byKey)

	lapsed := s.held(1)
	s.Advance(s.T, s.HoldFor+time.Minute)
	require.NoError(s, s.House.Release(s.ctx(), lapsed))
	s.isGone(lapsed)

	never := s.order(1)
	require.NoError(s, s.House.Release(s.ctx(), never))
	s.isGone(never)

	// The seats of a released order are for the next one.
	next := s.orderOf(order.Terms.Seats...)
	_, err := s.House.Hold(s.ctx(), next)
	require.NoError(s, err)

	sold, state := s.bought(2)
	s.code(booking.CodeConflict, s.House.Release(s.ctx(), sold))
	s.code(booking.CodeConflict, s.House.Release(s.ctx(), forgotten(sold)))
	assert.Equal(s, state.Codes, s.finds(sold).Codes)
	s.books(orders{next}, orders{sold}, 1)
}

func (s *suite) releaseReplyLost() {
	for _, trouble := range []trouble{ReplyLost, HalfAnswer} {
		order := s.held(2)
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpRelease})
		s.code(booking.CodeHouseUnavailable, s.House.Release(s.ctx(), order))
		s.isGone(order)
		require.NoError(s, s.House.Release(s.ctx(), order))
	}
	s.books(nil, nil, 0)
}
