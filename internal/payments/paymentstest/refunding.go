package paymentstest

import (
	"context"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// A refund's amount is the total in the end, so every repeat asks for the same,
// and a larger total asks for more, with any key.
func (s *suite) refundInParts() {
	reference := s.captured()
	totals := []int64{10_000, 10_000, 25_000, 10_000, s.price.Amount, s.price.Amount}
	step := s.step(reference, 0)
	var most int64
	for _, total := range totals {
		most = max(most, total)
		want := standing{Status: booking.PaymentCaptured, Captured: s.price.Amount, Refunded: most}
		if most == s.price.Amount {
			want.Status = booking.PaymentRefunded
		}
		step.Amount.Amount = total
		for range 2 {
			state, err := s.Provider.Refund(s.ctx(), step)
			require.NoError(s, err)
			s.stands(want, state)
			s.asked(want, reference)
		}
		s.books(s.price.Amount, most)
	}
	s.settles(s.isRefunded(), reference)
}

// settles wants refunds that the vendor finishes later to be pending before and not after.
func (s *suite) settles(want standing, reference string) {
	s.Helper()
	pending := func() int64 {
		state, err := s.Provider.Get(s.ctx(), reference)
		require.NoError(s, err)
		s.stands(want, state)
		return state.RefundsPending
	}
	if !s.setup.RefundsLater {
		assert.Zero(s, pending())
		return
	}
	assert.Equal(s, want.Refunded, pending())
	s.SettleRefunds(s.T, reference)
	assert.Zero(s, pending())
}

func (s *suite) refundRefused() {
	open, authorized, captured := s.opened(), s.authorized(), s.captured()
	for _, reference := range []string{open, authorized} {
		_, err := s.Provider.Refund(s.ctx(), s.step(reference, s.price.Amount))
		s.code(booking.CodePaymentRefused, err)
	}
	_, err := s.Provider.Refund(s.ctx(), s.step(captured, s.price.Amount+1))
	s.code(booking.CodePaymentRefused, err)
	foreign := s.step(captured, s.price.Amount)
	foreign.Amount.Currency = "EUR"
	_, err = s.Provider.Refund(s.ctx(), foreign)
	s.code(booking.CodePaymentMismatch, err)
	s.asked(s.isCaptured(), captured)
	s.books(s.price.Amount, 0)
}

func (s *suite) refundReplyLost() {
	reference := s.captured()
	for _, trouble := range []trouble{ReplyLost, FailedDone} {
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpRefund})
	}
	step := s.step(reference, 20_000)
	if _, err := s.Provider.Refund(s.ctx(), step); err != nil {
		require.Contains(s, []booking.Code{booking.CodeProviderUnavailable, booking.CodeProviderError}, booking.CodeOf(err))
	}
	isPart := standing{Status: booking.PaymentCaptured, Captured: s.price.Amount, Refunded: 20_000}
	state, err := s.Provider.Refund(s.ctx(), step)
	require.NoError(s, err)
	s.stands(isPart, state)
	state, err = s.Provider.Refund(s.ctx(), s.step(reference, 20_000)) // another key
	require.NoError(s, err)
	s.stands(isPart, state)
	s.books(s.price.Amount, 20_000)
}

func (s *suite) refundManyAtOnce() {
	reference := s.captured()
	step := s.step(reference, 20_000)
	s.atOnce(10, func(int) error {
		_, err := s.Provider.Refund(context.Background(), step)
		return err
	})
	_, err := s.Provider.Refund(s.ctx(), step)
	require.NoError(s, err)
	s.books(s.price.Amount, 20_000)
}

// A refund that came back is not refunded money any more, and the same total may be asked
// for again, even with the key of the failed refund.
func (s *suite) refundFailsLater() {
	reference := s.captured()
	step := s.step(reference, 20_000)
	_, err := s.Provider.Refund(s.ctx(), step)
	require.NoError(s, err)
	s.FailRefund(s.T, reference)

	state, err := s.Provider.Get(s.ctx(), reference)
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	assert.EqualValues(s, 20_000, state.RefundsFailed)
	s.books(s.price.Amount, 0)

	again := s.step(reference, 20_000)
	state, err = s.Provider.Refund(s.ctx(), again)
	require.NoError(s, err)
	s.stands(standing{Status: booking.PaymentCaptured, Captured: s.price.Amount, Refunded: 20_000}, state)
	assert.EqualValues(s, 20_000, state.RefundsFailed, "the running total stays")
	s.books(s.price.Amount, 20_000)
}

// A dispute is money that the bank has, until it is won. It is no refund, and
// nothing can be refunded while it is open.
func (s *suite) dispute() {
	for _, won := range []bool{true, false} {
		reference := s.captured()
		s.Dispute(s.T, reference)
		state := s.disputed(reference, booking.DisputeOpen)
		s.stands(s.isCaptured(), state)
		_, err := s.Provider.Refund(s.ctx(), s.step(reference, s.price.Amount))
		s.code(booking.CodePaymentRefused, err)

		s.DecideDispute(s.T, reference, won)
		if won {
			s.disputed(reference, booking.DisputeWon)
		} else {
			s.disputed(reference, booking.DisputeLost)
		}
	}
	untouched, err := s.Provider.Get(s.ctx(), s.captured())
	require.NoError(s, err)
	assert.Empty(s, untouched.Disputes)
}

// disputed wants a payment to have one dispute, of all of it.
func (s *suite) disputed(reference string, status booking.DisputeStatus) booking.PaymentState {
	s.Helper()
	state, err := s.Provider.Get(s.ctx(), reference)
	require.NoError(s, err)
	require.Len(s, state.Disputes, 1)
	assert.NotEmpty(s, state.Disputes[0].Reference)
	assert.Equal(s, status, state.Disputes[0].Status)
	assert.Equal(s, s.price.Amount, state.Disputes[0].Amount)
	return state
}
