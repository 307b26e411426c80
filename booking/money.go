package booking

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is an amount in minor units (paise, pence, cents) of an ISO 4217
// currency.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// exponents lists the currencies of ISO 4217 whose minor unit is not a hundredth.
// A library has this list, but this package imports the standard library alone; a
// test compares every currency with the library's. Vendors differ from ISO: their
// lists are in their adapters.
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// Exponent tells how many decimals a currency has: its minor unit is 10^-Exponent.
// It is 2 for a code that ISO 4217 does not have.
func Exponent(currency string) int {
	if exponent, special := exponents[currency]; special {
		return exponent
	}
	return 2
}

// Add sums two amounts of one currency. It panics when the currencies differ:
// that is a programming error, never input.
func (m Money) Add(o Money) Money {
	if m.Currency != o.Currency {
		panic(fmt.Sprintf("booking: adding %s to %s", o.Currency, m.Currency))
	}
	return Money{m.Amount + o.Amount, m.Currency}
}

// String shows the amount in major units, for example "INR 450.00".
func (m Money) String() string {
	exponent := Exponent(m.Currency)
	sign, amount := "", m.Amount
	if amount < 0 {
		sign, amount = "-", -amount
	}
	digits := strconv.FormatInt(amount, 10)
	if exponent > 0 {
		if len(digits) <= exponent {
			digits = strings.Repeat("0", exponent+1-len(digits)) + digits
		}
		digits = digits[:len(digits)-exponent] + "." + digits[len(digits)-exponent:]
	}
	return m.Currency + " " + sign + digits
}
