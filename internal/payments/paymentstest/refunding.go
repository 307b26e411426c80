package paymentstest

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// A refund's amount is the total in the end, so every repeat asks for the same,
// and a larger total asks for more, whatever the key.
func (s *suite) refundInParts() {
	reference := s.captured()
	totals := []int64{10_000, 10_000, 25_000, 10_000, price.Amount, price.Amount}
	step := s.step(reference, 0)
	var most int64
	for _, total := range totals {
		most = max(most, total)
		want := standing{Status: booking.PaymentCaptured, Captured: price.Amount, Refunded: most}
		if most == price.Amount {
			want.Status = booking.PaymentRefunded
		}
		step.Amount.Amount = total
		for range 2 {
			state, err := s.Provider.Refund(s.ctx(), step)
			require.NoError(s, err)
			s.stands(want, state)
			s.asked(want, reference)
		}
		s.books(price.Amount, most)
	}
}

func (s *suite) refundRefused() {
	open, authorized, captured := s.opened(), s.authorized(), s.captured()
	for _, reference := range []string{open, authorized} {
		_, err := s.Provider.Refund(s.ctx(), s.step(reference, price.Amount))
		s.code(booking.CodePaymentRefused, err)
	}
	_, err := s.Provider.Refund(s.ctx(), s.step(captured, price.Amount+1))
	s.code(booking.CodePaymentRefused, err)
	foreign := s.step(captured, price.Amount)
	foreign.Amount.Currency = "USD"
	_, err = s.Provider.Refund(s.ctx(), foreign)
	s.code(booking.CodePaymentMismatch, err)
	s.asked(isCaptured, captured)
	s.books(price.Amount, 0)
}

func (s *suite) refundReplyLost() {
	reference := s.captured()
	for _, trouble := range []Trouble{ReplyLost, FailedDone} {
		s.Fault(s.T, Fault{Trouble: trouble, Operation: OpRefund})
	}
	step := s.step(reference, 20_000)
	if _, err := s.Provider.Refund(s.ctx(), step); err != nil {
		require.Contains(s, []booking.Code{booking.CodeProviderUnavailable, booking.CodeProviderError}, booking.CodeOf(err))
	}
	isPart := standing{Status: booking.PaymentCaptured, Captured: price.Amount, Refunded: 20_000}
	state, err := s.Provider.Refund(s.ctx(), step)
	require.NoError(s, err)
	s.stands(isPart, state)
	state, err = s.Provider.Refund(s.ctx(), s.step(reference, 20_000)) // another key
	require.NoError(s, err)
	s.stands(isPart, state)
	s.books(price.Amount, 20_000)
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
	s.books(price.Amount, 20_000)
}
