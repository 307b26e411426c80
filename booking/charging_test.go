package booking

import (
	"testing"
	"time"

	"github.com/bojanz/currency"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Our table of exponents is short so that this package needs no library; here the
// library checks all of it.
func TestExponentsAreThoseOfISO4217(t *testing.T) {
	t.Parallel()
	codes := currency.GetCurrencyCodes()
	require.Greater(t, len(codes), 150)
	for _, code := range codes {
		want, known := currency.GetDigits(code)
		require.True(t, known)
		assert.Equal(t, int(want), Exponent(code), code)
	}
	for code := range exponents {
		// Funds codes that no library for payments lists.
		assert.True(t, currency.IsValid(code) || code == "CLF", code)
	}
}

var dinars = Limits{Unit: 10, Least: 10, Most: 99_999_990}

func inDinars() Terms {
	terms := terms()
	terms.Currency, terms.Limits = "KWD", dinars
	terms.Prices = map[string]int64{"silver": 3_330, "gold": 4_570}
	terms.FeePerSeat, terms.TaxBasisPoints = 250, 1_750
	return terms
}

// For every price and every cancellation, the charge, the refund and what we keep are
// multiples of the provider's unit.
func TestAmountsFitTheProvidersUnit(t *testing.T) {
	t.Parallel()
	starts := time.Date(2026, 11, 1, 20, 0, 0, 0, time.UTC)
	for tax := int64(0); tax <= 3_000; tax += 7 {
		with := inDinars()
		with.TaxBasisPoints = tax
		quote, err := NewQuote(with, []string{"B1", "A1"})
		require.NoError(t, err)
		assert.EqualValues(t, 10, quote.Unit)
		assert.True(t, dinars.Fits(quote.Total.Amount), "%s with a tax of %d", quote.Total, tax)
		exact := perTenThousandths(quote, tax)
		assert.LessOrEqual(t, abs(quote.Taxes.Amount*10_000-exact), int64(5*10_000), "off by half a unit at most")
		for percent := int64(0); percent <= 100; percent++ {
			policy := CancellationPolicy{{Until: time.Hour, Percent: percent}}
			back := policy.Quote(quote, starts, starts.Add(-2*time.Hour))
			assert.True(t, dinars.Fits(back.Refund.Amount), back.Refund)
			assert.Equal(t, quote.Total, back.Refund.Add(back.Kept))
			assert.True(t, dinars.Fits(quote.Share(percent).Amount))
		}
	}
}

func perTenThousandths(q Quote, tax int64) (exact int64) {
	for _, seat := range q.Seats {
		exact += seat.Price.Amount * tax
	}
	return exact
}

func abs(n int64) int64 { return max(n, -n) }

func TestTotalsThatCannotBeCharged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Terms)
		code   Code
		says   string
	}{
		{"in steps of the provider's", func(*Terms) {}, "", ""},
		{"a price from before the limits", func(t *Terms) { t.Prices["gold"] = 4_575 }, CodeShowNotOnSale, "The price of this show cannot be charged"},
		{"too little", func(t *Terms) { t.Limits.Least = 6_000 }, CodeValidation, "a payment is at least KWD 6.000"},
		{"too much", func(t *Terms) { t.Limits.Most = 5_000 }, CodeValidation, "a payment is at most KWD 5.000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			with := inDinars()
			test.change(&with)
			_, err := NewQuote(with, []string{"B1"})
			if test.code == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, test.code, CodeOf(err))
			var refusal *Error
			require.ErrorAs(t, err, &refusal)
			told := refusal.Message
			for _, field := range refusal.Fields {
				told += " " + field.Field + " " + field.Message
			}
			assert.Contains(t, told, test.says)
		})
	}
}

func TestShareWithoutUnitIsRoundedToTheMinorUnit(t *testing.T) {
	t.Parallel()
	quote := Quote{Total: Money{999, "INR"}}
	assert.Equal(t, Money{499, "INR"}, quote.Share(50))
	assert.Equal(t, Money{999, "INR"}, quote.Share(130))
	assert.Equal(t, Money{0, "INR"}, quote.Share(-1))
}
