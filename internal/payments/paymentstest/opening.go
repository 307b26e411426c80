package paymentstest

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func (s *suite) open() {
	state, err := s.Provider.Open(s.ctx(), s.request())
	require.NoError(s, err)
	s.stands(isOpen, state)
	assert.NotEmpty(s, state.CheckoutURL)
	s.asked(isOpen, state.Reference)
	s.books(0, 0)
}

func (s *suite) openIsIdempotentByKey() {
	req := s.request()
	first, err := s.Provider.Open(s.ctx(), req)
	require.NoError(s, err)
	again, err := s.Provider.Open(s.ctx(), req)
	require.NoError(s, err)
	assert.Equal(s, first, again)

	other := req
	other.Amount.Amount++
	_, err = s.Provider.Open(s.ctx(), other)
	s.code(booking.CodePaymentRefused, err)

	second := s.request()
	another, err := s.Provider.Open(s.ctx(), second)
	require.NoError(s, err)
	assert.NotEqual(s, first.Reference, another.Reference)
}

// A caller that ran out of patience asks again while the vendor is still at it:
// there is one payment in the end.
func (s *suite) openWhileUnderWay() {
	s.Fault(s.T, Fault{Trouble: Slow, Operation: OpOpen, Delay: 500 * time.Millisecond})
	req := s.request()
	hasty, cancel := context.WithTimeout(s.ctx(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Provider.Open(hasty, req)
	s.code(booking.CodeProviderUnavailable, err)

	references := map[string]bool{}
	require.Eventually(s, func() bool {
		state, err := s.Provider.Open(s.ctx(), req)
		if err != nil {
			s.code(booking.CodeProviderUnavailable, err)
			return false
		}
		references[state.Reference] = true
		return true
	}, 10*time.Second, 50*time.Millisecond)
	state, err := s.Provider.Open(s.ctx(), req)
	require.NoError(s, err)
	references[state.Reference] = true
	assert.Len(s, references, 1)
}

// An approval reserves nothing; authorizing reserves once. Where the customer's click
// authorizes, there is no such call.
func (s *suite) approvedIsNotAuthorized() {
	authorizer, can := s.Provider.(authorizer)
	require.Equal(s, s.setup.NeedsAuthorize, can)
	reference := s.opened()
	if !can {
		s.pays(reference)
		s.asked(s.isAuthorized(), reference)
		return
	}
	s.stands(isOpen, s.reserve(reference)) // not approved: nothing happens
	s.Authorize(s.T, reference)
	s.asked(standing{Status: booking.PaymentApproved}, reference)
	_, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	s.code(booking.CodePaymentRefused, err)

	s.Fault(s.T, Fault{Trouble: ReplyLost, Operation: OpAuthorize})
	step := s.step(reference, s.price.Amount)
	_, err = authorizer.Authorize(s.ctx(), step)
	s.lost(err)
	for range 2 {
		state, err := authorizer.Authorize(s.ctx(), step)
		require.NoError(s, err)
		s.stands(s.isAuthorized(), state)
	}
	s.stands(s.isAuthorized(), s.reserve(reference)) // a new key
	_, err = authorizer.Authorize(s.ctx(), s.step(reference[:len(reference)-4]+"0000", s.price.Amount))
	s.code(booking.CodeNotFound, err)
	s.books(0, 0)
}

func (s *suite) declinedThenPaid() {
	reference := s.opened()
	for range 2 {
		s.declines(reference)
		if s.setup.NeedsAuthorize {
			// The answer to our authorizing said so. The customer may approve again.
			s.asked(isOpen, reference)
			continue
		}
		s.asked(isFailed, reference)
	}
	s.pays(reference)
	s.asked(s.isAuthorized(), reference)
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	s.books(s.price.Amount, 0)
}

func (s *suite) challengeAbandoned() {
	reference := s.opened()
	s.Challenge(s.T, reference)
	s.asked(isOpen, reference)
	state, err := s.Provider.Void(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	s.stands(isVoided, state)
	_, err = s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	s.code(booking.CodePaymentRefused, err)
	s.books(0, 0)
}
