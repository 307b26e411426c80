package paymentstest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// A provider that lists has every payment with money in its list, as Get answers it, also one
// whose refund or dispute alone falls into the span. Whether an unpaid one is in it is the
// vendor's matter. A provider that does not list says so in Setup.
func (s *suite) listing() {
	provider, can := s.Provider.(lister)
	require.Equal(s, s.setup.Lists, can, "Setup.Lists says whether the provider lists its payments")
	if !can {
		return
	}
	began := time.Now().Add(-time.Minute)
	open, paid := s.opened(), s.captured()
	refunded, disputed := s.captured(), s.captured()
	_, err := s.Provider.Refund(s.ctx(), s.step(refunded, s.price.Amount/3))
	require.NoError(s, err)
	s.Dispute(s.T, disputed)

	all := s.listed(provider, began, time.Now().Add(time.Minute))
	for _, reference := range []string{open, paid, refunded, disputed} {
		if _, listed := all[reference]; reference == open && !listed {
			continue
		}
		asked, err := s.Provider.Get(s.ctx(), reference)
		require.NoError(s, err)
		assert.Equal(s, asked, all[reference], "as Get answers it")
	}
	delete(all, open)
	assert.Len(s, all, 3)
	assert.Equal(s, s.price.Amount/3, all[refunded].Refunded)
	assert.Len(s, all[disputed].Disputes, 1)

	assert.Empty(s, s.listed(provider, began.Add(-24*time.Hour), began), "an earlier span")
	assert.Empty(s, s.listed(provider, began.Add(24*time.Hour), began.Add(48*time.Hour)), "a later span")

	_, err = provider.ListPayments(s.ctx(), booking.PaymentSpan{From: began, Until: time.Now(), Cursor: "no cursor of ours"})
	s.code(booking.CodeValidation, err)
}

// listed goes through all pages of a span.
func (s *suite) listed(provider lister, from, until time.Time) map[string]booking.PaymentState {
	s.Helper()
	all := map[string]booking.PaymentState{}
	span := booking.PaymentSpan{From: from, Until: until}
	for range 100 {
		page, err := provider.ListPayments(s.ctx(), span)
		require.NoError(s, err)
		for _, state := range page.Payments {
			if before, twice := all[state.Reference]; twice {
				assert.Equal(s, before, state, "the same, in whichever list it is")
			}
			all[state.Reference] = state
		}
		if span.Cursor = page.Next; span.Cursor == "" {
			return all
		}
	}
	require.Fail(s, "the list does not end")
	return nil
}
