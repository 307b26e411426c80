package paymentstest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// amounts are prices in currencies of every kind, and what the cardholder's bank
// shows in major units.
var amounts = []struct {
	price booking.Money
	shows string
}{
	{booking.Money{Amount: 45_000, Currency: "INR"}, "450.00"},
	{booking.Money{Amount: 1_250, Currency: "EUR"}, "12.50"},
	{booking.Money{Amount: 1_800, Currency: "JPY"}, "1800"},
	{booking.Money{Amount: 15_000, Currency: "KRW"}, "15000"},
	{booking.Money{Amount: 2_490, Currency: "ISK"}, "2490"},
	{booking.Money{Amount: 20_000, Currency: "UGX"}, "20000"},
	{booking.Money{Amount: 1_500_000, Currency: "MGA"}, "15000"},
	{booking.Money{Amount: 350_000, Currency: "HUF"}, "3500.00"},
	{booking.Money{Amount: 32_000, Currency: "TWD"}, "320.00"},
	{booking.Money{Amount: 4_570, Currency: "KWD"}, "4.570"},
	{booking.Money{Amount: 18_500, Currency: "TND"}, "18.500"},
}

// The charge is the price, in any unit that the vendor counts in; a refund of half is half.
func (s *suite) currencies() {
	covered := 0
	for _, c := range amounts {
		limits, charged := s.setup.Charging(c.price.Currency)
		if !charged {
			continue
		}
		covered++
		require.True(s, limits.Fits(c.price.Amount), "the provider says that it cannot charge %s", c.price)
		req := s.request()
		req.Amount = c.price
		opened, err := s.Provider.Open(s.ctx(), req)
		require.NoError(s, err, c.price.Currency)
		assert.Equal(s, c.price, booking.Money{Amount: opened.Amount, Currency: opened.Currency})
		assert.Equal(s, c.shows, s.Shows(s.T, opened.Reference), c.price.Currency)
		s.Authorize(s.T, opened.Reference)

		step := s.step(opened.Reference, 0)
		step.Amount = c.price
		if s.setup.NeedsAuthorize {
			_, err = s.Provider.(authorizer).Authorize(s.ctx(), step)
			require.NoError(s, err, c.price.Currency)
			step.Key = s.key()
		}
		taken, err := s.Provider.Capture(s.ctx(), step)
		require.NoError(s, err, c.price.Currency)
		assert.Equal(s, c.price.Amount, taken.Captured, c.price.Currency)

		step = s.step(opened.Reference, 0)
		step.Amount = booking.Money{Amount: c.price.Amount / 2 / limits.Unit * limits.Unit, Currency: c.price.Currency}
		back, err := s.Provider.Refund(s.ctx(), step)
		require.NoError(s, err, c.price.Currency)
		assert.Equal(s, step.Amount.Amount, back.Refunded, c.price.Currency)
		s.askedIn(c.price, step.Amount.Amount, opened.Reference)
	}
	assert.Greater(s, covered, 1)
}

func (s *suite) askedIn(price booking.Money, refunded int64, reference string) {
	s.Helper()
	got, err := s.Provider.Get(s.ctx(), reference)
	require.NoError(s, err)
	assert.Equal(s, []any{price.Amount, price.Amount, refunded, price.Currency},
		[]any{got.Amount, got.Captured, got.Refunded, got.Currency})
}

// The provider permanently refuses the amounts that it calls not chargeable. The vendor
// takes the amounts that the provider calls chargeable.
func (s *suite) limits() {
	for _, c := range amounts {
		limits, charged := s.setup.Charging(c.price.Currency)
		if !charged {
			continue
		}
		try := func(amount int64) error {
			req := s.request()
			req.Amount = booking.Money{Amount: amount, Currency: c.price.Currency}
			_, err := s.Provider.Open(s.ctx(), req)
			return err
		}
		for _, amount := range []int64{limits.Least, limits.Most} {
			require.NoError(s, try(amount), "%s %d", c.price.Currency, amount)
		}
		refused := []int64{0, -limits.Unit, limits.Most + limits.Unit}
		if limits.Least > limits.Unit {
			refused = append(refused, limits.Least-limits.Unit)
		}
		if limits.Unit > 1 {
			refused = append(refused, c.price.Amount+1, c.price.Amount+limits.Unit/2)
		}
		for _, amount := range refused {
			err := try(amount)
			require.Error(s, err, "%s %d", c.price.Currency, amount)
			s.code(booking.CodePaymentRefused, err)
		}
	}
	s.books(0, 0)
}
