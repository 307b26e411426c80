package razorpay

import "github.com/boxoffice/boxoffice/booking"

// decimals are the currencies that we charge through Razorpay, and how many decimals its amounts
// have. All are those of ISO 4217, in which the rest of Boxoffice counts, so no amount is
// converted; currencies of which that is not sure are left out.
// https://razorpay.com/docs/payments/international-payments
var decimals = map[string]int{
	"INR": 2, "USD": 2, "EUR": 2, "GBP": 2, "AUD": 2, "CAD": 2, "CHF": 2, "CNY": 2, "AED": 2, "SGD": 2, "HKD": 2,
	"HUF": 2, "ILS": 2, "KES": 2, "LKR": 2, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "PHP": 2, "QAR": 2, "SAR": 2,
	"SEK": 2, "DKK": 2, "THB": 2, "TWD": 2, "ZAR": 2, "NPR": 2,
	"JPY": 0,
	"KWD": 3, "BHD": 3, "OMR": 3,
}

// most is 500,000.00 INR, what an account takes at once before Razorpay raises it. In other
// currencies the same figure is a bound of ours: Razorpay names none.
const most = 50_000_000

// Limits tells what Razorpay charges in a currency, in minor units of ISO 4217; false when it
// does not charge it. The least is one whole unit: Razorpay says so of the rupee. It is a
// booking.Charging.
func Limits(currency string) (booking.Limits, bool) {
	digits, taken := decimals[currency]
	if !taken {
		return booking.Limits{}, false
	}
	limits := booking.Limits{Unit: 1, Least: 1, Most: most}
	for range digits {
		limits.Least *= 10
	}
	if digits == 3 {
		limits.Unit = 10 // the last decimal has to be 0
	}
	return limits, true
}

// chargeable refuses an amount outside of Limits. The check of prices keeps that from customers.
func chargeable(m booking.Money) error {
	limits, taken := Limits(m.Currency)
	switch {
	case !taken:
		return booking.E(booking.CodePaymentRefused, "Razorpay does not charge %s.", m.Currency)
	case m.Amount < limits.Least, m.Amount > limits.Most, !limits.Fits(m.Amount):
		return booking.E(booking.CodePaymentRefused, "Razorpay does not charge %s.", m)
	}
	return nil
}
