package stripe

import (
	"testing"

	iso "github.com/bojanz/currency"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// Every currency of ISO 4217 that Stripe takes, there and back, from the least to
// the most: an amount means the same in major units on both sides.
func TestEveryCurrencyThereAndBack(t *testing.T) {
	t.Parallel()
	// What Stripe's page says of decimals; everything else has two.
	decimals := map[string]int{
		"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "JPY": 0, "KMF": 0, "KRW": 0, "MGA": 0, "PYG": 0, "RWF": 0,
		"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3,
	}
	checked := 0
	for _, currency := range iso.GetCurrencyCodes() {
		limits, taken := Limits(currency)
		if !taken {
			continue
		}
		checked++
		stripes, special := decimals[currency]
		if !special {
			stripes = 2
		}
		assert.Positive(t, limits.Unit, currency)
		assert.True(t, limits.Fits(limits.Least) && limits.Fits(limits.Most), "%s: %+v", currency, limits)
		assert.Less(t, limits.Least, limits.Most, currency)
		for _, ours := range []int64{0, limits.Unit, limits.Least, 1_234_560 * limits.Unit, limits.Most} {
			theirs, err := toStripe(booking.Money{Amount: ours, Currency: currency})
			require.NoError(t, err, currency)
			// The same number in major units: ours / 10^exponent = theirs / 10^decimals.
			assert.Equal(t, ours*power(stripes), theirs*power(booking.Exponent(currency)), "%s %d is %d at Stripe", currency, ours, theirs)
			assert.Equal(t, ours, fromStripe(theirs, currency), currency)
			switch currency {
			case "BHD", "JOD", "KWD", "OMR", "TND":
				assert.Zero(t, theirs%10, currency)
			case "ISK", "UGX":
				assert.Zero(t, theirs%100, currency)
			}
		}
	}
	assert.Greater(t, checked, 125)
}

func power(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

func TestAmountsByExample(t *testing.T) {
	t.Parallel()
	tests := []struct {
		ours   booking.Money
		theirs int64
		err    string
	}{
		{booking.Money{Amount: 45_000, Currency: "INR"}, 45_000, ""},
		{booking.Money{Amount: 1_800, Currency: "JPY"}, 1_800, ""},
		{booking.Money{Amount: 2_490, Currency: "ISK"}, 249_000, ""},
		{booking.Money{Amount: 20_000, Currency: "UGX"}, 2_000_000, ""},
		{booking.Money{Amount: 1_500_000, Currency: "MGA"}, 15_000, ""},
		{booking.Money{Amount: 1_500_020, Currency: "MGA"}, 0, "Stripe knows no MGA 15000.20: amounts are multiples of MGA 1.00."},
		{booking.Money{Amount: 4_570, Currency: "KWD"}, 4_570, ""},
		{booking.Money{Amount: 4_575, Currency: "KWD"}, 0, "Stripe knows no KWD 4.575: amounts are multiples of KWD 0.010."},
	}
	for _, test := range tests {
		t.Run(test.ours.String(), func(t *testing.T) {
			t.Parallel()
			theirs, err := toStripe(test.ours)
			assert.Equal(t, test.theirs, theirs)
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err))
			assert.ErrorContains(t, err, test.err)
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]booking.Limits{
		"USD": {Unit: 1, Least: 50, Most: 99_999_999},
		"INR": {Unit: 1, Least: 50, Most: 999_999_999},
		"ISK": {Unit: 1, Least: 1, Most: 999_999},
		"MGA": {Unit: 100, Least: 100, Most: 9_999_999_900},
		"KWD": {Unit: 10, Least: 10, Most: 99_999_990},
		"HUF": {Unit: 1, Least: 17_500, Most: 99_999_999},
	} {
		got, taken := Limits(currency)
		assert.True(t, taken, currency)
		assert.Equal(t, want, got, currency)
	}
	for _, none := range []string{"KPW", "IQD", "XXX", "usd", ""} {
		_, taken := Limits(none)
		assert.False(t, taken, none)
	}
}
