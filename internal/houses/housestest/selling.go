package housestest

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func (s *suite) confirm() {
	order, first := s.bought(3)
	for range 2 {
		again, err := s.House.Confirm(s.ctx(), order)
		require.NoError(s, err)
		assert.Equal(s, first.Codes, again.Codes)
		assert.Equal(s, first.Number, again.Number)
		s.isSale(order, again)
	}
	found := s.finds(order)
	s.isSale(order, found)
	assert.Equal(s, first.Codes, found.Codes)
	// Its hold's end is no end of a sale.
	s.Advance(s.T, s.HoldFor+time.Minute)
	s.isSale(order, s.finds(order))

	byKey := s.held(1)
	state, err := s.House.Confirm(s.ctx(), forgotten(byKey))
	require.NoError(s, err)
	s.isSale(byKey, state)
	s.books(nil, orders{order, byKey}, 2)
}

func (s *suite) confirmManyAtOnce() {
	order := s.held(2)
	for _, err := range atOnce(8, func(int) error { _, err := s.House.Confirm(s.ctx(), order); return err }) {
		if err != nil {
			s.code(booking.CodeHouseUnavailable, err)
		}
	}
	state, err := s.House.Confirm(s.ctx(), order)
	require.NoError(s, err)
	s.isSale(order, state)
	s.books(nil, orders{order}, 1)
}

func (s *suite) confirmAfterTheEnd() {
	order := s.held(2)
	s.Advance(s.T, s.HoldFor+time.Minute)
	for range 2 {
		_, err := s.House.Confirm(s.ctx(), order)
		s.code(booking.CodeHoldLost, err)
	}
	s.isGone(order)

	released := s.held(1)
	require.NoError(s, s.House.Release(s.ctx(), released))
	_, err := s.House.Confirm(s.ctx(), released)
	s.code(booking.CodeHoldLost, err)

	_, err = s.House.Confirm(s.ctx(), s.order(1))
	s.codes(err, booking.CodeHoldLost, booking.CodeNotFound)
	s.books(nil, nil, 0)
}

// What the customer pays and what the house wants are one sum, or nothing is sold.
func (s *suite) confirmWithAWrongTotal() {
	for _, off := range []int64{-1, 1, 100} {
		order := s.held(2)
		wrong := order
		wrong.Terms.Seats = append([]booking.HouseSeat(nil), order.Terms.Seats...)
		wrong.Terms.Seats[1].Price.Amount += off
		_, err := s.House.Confirm(s.ctx(), wrong)
		s.code(booking.CodePriceChanged, err)
		s.stands(booking.HouseHeld, order, s.finds(order))
		state, err := s.House.Confirm(s.ctx(), order)
		require.NoError(s, err)
		s.isSale(order, state)
	}
}

func (s *suite) confirmReplyLost() {
	var all orders
	for _, trouble := range []trouble{ReplyLost, FailedDone, HalfAnswer} {
		order := s.held(2)
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpConfirm})
		_, err := s.House.Confirm(s.ctx(), order)
		s.code(booking.CodeHouseUnavailable, err)
		found := s.finds(order)
		s.isSale(order, found)
		again, err := s.House.Confirm(s.ctx(), order)
		require.NoError(s, err)
		assert.Equal(s, found.Codes, again.Codes)
		all = append(all, order)
	}
	s.books(nil, all, len(all))
}

// A house that takes its time says confirming, and the sale is made once.
func (s *suite) confirmingForLong() {
	order := s.held(2)
	s.Fault(s.T, Fault{Trouble: Pending, Operation: OpConfirm, Polls: 6})
	state, err := s.House.Confirm(s.ctx(), order)
	require.NoError(s, err)
	s.stands(booking.HouseConfirming, order, state)
	state, err = s.House.Confirm(s.ctx(), order)
	require.NoError(s, err, "a repeat meanwhile")
	s.stands(booking.HouseConfirming, order, state)
	s.codes(s.House.Release(s.ctx(), order), booking.CodeConflict, booking.CodeHouseUnavailable)
	require.Eventually(s, func() bool {
		state = s.finds(order)
		if state.Status == booking.HouseConfirming {
			s.stands(booking.HouseConfirming, order, state)
		}
		return state.Status == booking.HouseConfirmed
	}, patience, 10*time.Millisecond)
	s.isSale(order, state)
	s.books(nil, orders{order}, 1)
}

func (s *suite) confirmingInVain() {
	order := s.held(2)
	s.Fault(s.T, Fault{Trouble: PendingFailed, Operation: OpConfirm, Polls: 3})
	state, err := s.House.Confirm(s.ctx(), order)
	require.NoError(s, err)
	s.stands(booking.HouseConfirming, order, state)
	require.Eventually(s, func() bool {
		state = s.finds(order)
		return state.Status != booking.HouseConfirming
	}, patience, 10*time.Millisecond)
	assert.Contains(s, []booking.HouseOrderStatus{booking.HouseHeld, booking.HouseLapsed, booking.HouseNone}, state.Status)
	assert.Empty(s, state.Codes)
	assert.Equal(s, 0, s.Books(s.T, s.show.ID).Sales)
}

// A sale with a code too few is no answer: the customer could not get in.
func (s *suite) wrongNumberOfCodes() {
	order := s.held(3)
	s.Fault(s.T, Fault{Trouble: WrongCodes, Operation: OpConfirm})
	_, err := s.House.Confirm(s.ctx(), order)
	s.code(booking.CodeHouseUnavailable, err)
	s.Fault(s.T, Fault{Trouble: WrongCodes, Operation: OpFind})
	_, err = s.House.Find(s.ctx(), order)
	s.code(booking.CodeHouseUnavailable, err)
	s.isSale(order, s.finds(order))
	s.books(nil, orders{order}, 1)
}

// Money was taken, and the theater's confirmation failed or was lost and only logged: a
// complaint about many shops. Whatever happens to the confirmation, the adapter says it, and
// asking again leads to one sale with all of its codes.
func (s *suite) noSaleWithoutCodes() {
	const slow = 400 * time.Millisecond
	troubles := []trouble{Failed, FailedDone, ReplyLost, HalfAnswer, Slow, Unreachable, WrongCodes, Pending}
	for i, trouble := range troubles {
		order := s.orderOf(s.show0()[i])
		_, err := s.House.Hold(s.ctx(), order)
		require.NoError(s, err)
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpConfirm, Delay: slow, Polls: 2})
		hurried, cancel := context.WithTimeout(s.ctx(), slow/4)
		_, err = s.House.Confirm(hurried, order)
		cancel()
		if trouble == Slow {
			s.code(booking.CodeHouseUnavailable, err)
		}
		require.Eventually(s, func() bool {
			state, err := s.House.Find(s.ctx(), order)
			if err == nil && state.Status == booking.HouseHeld {
				state, err = s.House.Confirm(s.ctx(), order)
			}
			return err == nil && state.Status == booking.HouseConfirmed
		}, patience, 20*time.Millisecond)
		s.isSale(order, s.finds(order))
		assert.Equal(s, i+1, s.Books(s.T, s.show.ID).Sales, "trouble %d", trouble)
	}
}

// show0 are the show's seats, whatever the case has asked for.
func (s *suite) show0() []booking.HouseSeat { return seatsOf(s.show) }

func (s *suite) cancel() {
	order, state := s.bought(2)
	for _, known := range (orders{order, order, forgotten(order)}) {
		require.NoError(s, s.House.Cancel(s.ctx(), known))
		assert.Equal(s, booking.HouseCancelled, s.finds(order).Status)
	}
	for _, code := range state.Codes {
		assert.False(s, s.Gate(s.T, code), "a cancelled ticket opens the door")
	}
	s.books(nil, nil, 1)
	next := s.orderOf(order.Terms.Seats...)
	_, err := s.House.Hold(s.ctx(), next)
	require.NoError(s, err, "the seats are on sale again")

	s.books(orders{next}, nil, 1)
	s.code(booking.CodeNotFound, s.House.Cancel(s.ctx(), s.order(1)))
}

func (s *suite) cancelAfterTheCutOff() {
	order, state := s.bought(2)
	s.Advance(s.T, time.Until(s.show.StartsAt)+time.Minute)
	for range 2 {
		s.code(booking.CodeNotCancellable, s.House.Cancel(s.ctx(), order))
	}
	found := s.finds(order)
	s.stands(booking.HouseConfirmed, order, found)
	assert.Equal(s, state.Codes, found.Codes)
	s.books(nil, orders{order}, 1)
}

func (s *suite) cancelReplyLost() {
	for _, trouble := range []trouble{ReplyLost, FailedDone, HalfAnswer} {
		order, _ := s.bought(2)
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpCancel})
		s.code(booking.CodeHouseUnavailable, s.House.Cancel(s.ctx(), order))
		assert.Equal(s, booking.HouseCancelled, s.finds(order).Status)
		require.NoError(s, s.House.Cancel(s.ctx(), order))
	}
	s.books(nil, nil, 3)
}

func (s *suite) cancelledAtTheCounter() {
	order, state := s.bought(2)
	s.CancelAtCounter(s.T, order.Reference)
	found := s.finds(order)
	assert.Equal(s, booking.HouseCancelled, found.Status)
	require.NoError(s, s.House.Cancel(s.ctx(), order))
	for _, code := range state.Codes {
		assert.False(s, s.Gate(s.T, code))
	}
	listed := s.listed()
	require.Len(s, listed, 1)
	assert.Equal(s, booking.HouseCancelled, listed[0].Status)
}

func (s *suite) cancelManyAtOnce() {
	order, _ := s.bought(2)
	for _, err := range atOnce(8, func(int) error { return s.House.Cancel(s.ctx(), order) }) {
		assert.NoError(s, err)
	}
	s.books(nil, nil, 1)
}

// A show that is cancelled while its customer pays is not sold.
func (s *suite) confirmOfACancelledShow() {
	order := s.held(2)
	s.CancelShow(s.T, s.show.ID)
	for range 2 {
		_, err := s.House.Confirm(s.ctx(), order)
		s.codes(err, booking.CodeShowNotOnSale, booking.CodeHoldLost)
	}
	require.NoError(s, s.House.Release(s.ctx(), order))
	s.books(nil, nil, 0)
}
