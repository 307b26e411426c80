package housestest

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

type asking = func(context.Context) error

// each runs a case for every operation, on an order that is ready for it.
func (s *suite) each(run func(op Operation, call asking)) {
	s.Helper()
	on := func(order booking.HouseOrder, call func(context.Context, booking.HouseOrder) (booking.HouseState, error)) asking {
		return func(ctx context.Context) error {
			_, err := call(ctx, order)
			return err
		}
	}
	run(OpHold, on(s.order(1), s.House.Hold))
	if !s.setup.NoExtend {
		run(OpExtend, on(s.held(1), s.House.Extend))
	}
	run(OpFind, on(s.held(1), s.House.Find))
	run(OpConfirm, on(s.held(1), s.House.Confirm))
	held := s.held(1)
	run(OpRelease, func(ctx context.Context) error { return s.House.Release(ctx, held) })
	sold, _ := s.bought(1)
	run(OpCancel, func(ctx context.Context) error { return s.House.Cancel(ctx, sold) })
	run(OpProgram, func(ctx context.Context) error { _, err := s.House.Program(ctx, ""); return err })
	run(OpSeats, func(ctx context.Context) error { _, err := s.House.Seats(ctx, s.show.ID); return err })
	run(OpSold, func(ctx context.Context) error { _, err := s.House.Sold(ctx, s.show.ID, ""); return err })
}

// A house that does not answer costs the caller its own deadline and no more, and leaves a code
// that says that nothing is known.
func (s *suite) unavailable() {
	const patient, slow = 150 * time.Millisecond, 800 * time.Millisecond
	s.each(func(op Operation, call asking) {
		s.Fault(s.T, Fault{Trouble: Slow, Operation: op, Delay: slow})
		ctx, cancel := context.WithTimeout(s.ctx(), patient)
		defer cancel()
		began := time.Now()
		err := call(ctx)
		assert.Less(s, time.Since(began), slow, op)
		s.code(booking.CodeHouseUnavailable, err)
		require.ErrorIs(s, err, context.DeadlineExceeded, op)
		require.Eventually(s, func() bool { return call(s.ctx()) == nil }, patience, 20*time.Millisecond, op)

		for _, trouble := range []trouble{Unreachable, ReplyLost} {
			s.Fault(s.T, Fault{Trouble: trouble, Operation: op})
			s.code(booking.CodeHouseUnavailable, s.repeatable(op, call))
		}
	})
	gone, cancel := context.WithCancel(s.ctx())
	cancel()
	_, err := s.House.Find(gone, s.order(1))
	s.code(booking.CodeHouseUnavailable, err)
	require.ErrorIs(s, err, context.Canceled)
}

// repeatable is a call that reaches the house also after it was made once.
func (s *suite) repeatable(op Operation, again asking) error {
	s.Helper()
	ctx := s.ctx()
	switch op {
	case OpHold:
		order := s.orderOf(s.show0()[len(s.show0())-1])
		_, err := s.House.Hold(ctx, order)
		require.NoError(s, s.House.Release(ctx, order))
		return err
	case OpConfirm:
		order := s.held(1)
		_, err := s.House.Confirm(ctx, order)
		return err
	case OpRelease:
		return s.House.Release(ctx, s.held(1))
	case OpCancel:
		order := s.held(1)
		_, err := s.House.Confirm(ctx, order)
		require.NoError(s, err)
		return s.House.Cancel(ctx, order)
	default:
		return again(ctx)
	}
}

// A house that says that it failed is another matter: it has answered, and did nothing.
func (s *suite) failing() {
	s.each(func(op Operation, call asking) {
		before := s.Books(s.T, s.show.ID)
		s.Fault(s.T, Fault{Trouble: Failed, Operation: op})
		err := call(s.ctx())
		require.Error(s, err, op)
		s.code(booking.CodeHouseError, err)
		assert.Equal(s, before, s.Books(s.T, s.show.ID), op)
		require.NoError(s, call(s.ctx()), op)
	})
}

// Half an answer tells nothing, even where the missing half has no news.
func (s *suite) halfAnswer() {
	s.each(func(op Operation, call asking) {
		s.Fault(s.T, Fault{Trouble: HalfAnswer, Operation: op})
		err := call(s.ctx())
		require.Error(s, err, op)
		s.code(booking.CodeHouseUnavailable, err)
		require.NoError(s, call(s.ctx()), op)
	})
}

// Credentials that the house does not take are ours to correct: nothing has happened.
func (s *suite) denied() {
	order, held := s.order(1), s.held(1)
	_, err := s.Denied.Hold(s.ctx(), order)
	s.code(booking.CodeHouseError, err)
	_, err = s.Denied.Confirm(s.ctx(), held)
	s.code(booking.CodeHouseError, err)
	_, err = s.Denied.Find(s.ctx(), held)
	s.code(booking.CodeHouseError, err)
	s.code(booking.CodeHouseError, s.Denied.Release(s.ctx(), held))
	s.code(booking.CodeHouseError, s.Denied.Cancel(s.ctx(), held))
	_, err = s.Denied.Program(s.ctx(), "")
	s.code(booking.CodeHouseError, err)
	s.books(orders{held}, nil, 0)
}

func (s *suite) unknownIDs() {
	unknown := s.order(1)
	assert.Equal(s, booking.HouseNone, s.finds(unknown).Status)
	for _, reference := range []string{"no/such?order", "../1", `<&">`, "0"} {
		strange := unknown
		strange.Reference = reference
		state, err := s.House.Find(s.ctx(), strange)
		require.NoError(s, err)
		assert.Equal(s, booking.HouseNone, state.Status, "the key counts, not %q", reference)
	}
	// A house may give its references again: that of another order is no reason to touch it.
	other, strange := s.held(1), s.order(1)
	strange.Reference = other.Reference
	assert.Equal(s, booking.HouseNone, s.findsAs(strange).Status)
	require.NoError(s, s.House.Release(s.ctx(), strange))
	_, err := s.House.Confirm(s.ctx(), strange)
	s.codes(err, booking.CodeHoldLost, booking.CodeNotFound)
	s.stands(booking.HouseHeld, other, s.finds(other))
	for _, show := range []string{"no/such?show", `<&">`, "00000000-0000-4000-8000-000000000000", "987654321"} {
		_, err := s.House.Seats(s.ctx(), show)
		s.code(booking.CodeNotFound, err)
		order := s.orderOf(unknown.Terms.Seats...)
		order.Terms.Show = show
		_, err = s.House.Hold(s.ctx(), order)
		s.codes(err, booking.CodeNotFound, booking.CodeShowNotOnSale)
		_, err = s.House.Sold(s.ctx(), show, "")
		s.code(booking.CodeNotFound, err)
	}
	seat := s.order(1).Terms.Seats[0]
	for _, address := range []string{"no such place", "", `<&">`, seat.Address + seat.Address} {
		wrong := seat
		wrong.Address = address
		_, err := s.House.Hold(s.ctx(), s.orderOf(wrong))
		s.code(booking.CodeHouseRefused, err)
	}
	for _, category := range []string{"no such category", s.otherCategory(seat)} {
		wrong := seat
		wrong.Category = category
		_, err := s.House.Hold(s.ctx(), s.orderOf(wrong))
		s.codes(err, booking.CodeHouseRefused, booking.CodePriceChanged)
	}
	s.books(orders{other}, nil, 0)
}

func (s *suite) otherCategory(seat booking.HouseSeat) string {
	for _, category := range s.show.Categories {
		if category.ID != seat.Category {
			return category.ID
		}
	}
	return ""
}
