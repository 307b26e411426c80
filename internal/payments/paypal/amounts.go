package paypal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
)

// PayPal writes amounts as decimals, some currencies without any. This file is the only
// place that knows how. https://developer.paypal.com/api/rest/reference/currency-codes/

// money is an amount of PayPal's.
type money struct {
	Currency string `json:"currency_code"`
	Value    string `json:"value"`
}

// exponents are the minor digits of ISO 4217 of the currencies that PayPal receives. INR
// is not one of them; BRL, MYR and CNY it takes only within their countries, and then we
// do not offer them either, because an account does not say where it is.
var exponents = map[string]int{
	"AUD": 2, "CAD": 2, "CHF": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "ILS": 2, "JPY": 0,
	"MXN": 2, "NOK": 2, "NZD": 2, "PHP": 2, "PLN": 2, "SEK": 2, "SGD": 2, "THB": 2, "TWD": 2, "USD": 2,
}

// wholeOnly are those that PayPal takes without decimals.
var wholeOnly = map[string]bool{"HUF": true, "JPY": true, "TWD": true}

// mostUnits is the most that we ask for: seven digits before the decimals. The account's
// own limits may be lower, and PayPal tells of them only when it refuses.
const mostUnits = 9_999_999

// Limits tells what PayPal charges in a currency, in minor units of ISO 4217; false when
// it does not receive it. It is a booking.Charging.
func Limits(currency string) (booking.Limits, bool) {
	exponent, received := exponents[currency]
	if !received {
		return booking.Limits{}, false
	}
	major := int64(1)
	for range exponent {
		major *= 10
	}
	if wholeOnly[currency] {
		return booking.Limits{Unit: major, Least: major, Most: mostUnits * major}, true
	}
	return booking.Limits{Unit: 1, Least: 1, Most: mostUnits*major + major - 1}, true
}

// toPayPal writes an amount. Code: payment_refused when PayPal has no such amount; the
// check of prices keeps that from customers.
func toPayPal(m booking.Money) (money, error) {
	limits, received := Limits(m.Currency)
	switch {
	case !received:
		return money{}, booking.E(booking.CodePaymentRefused, "PayPal receives no %s.", m.Currency)
	case !limits.Fits(m.Amount):
		return money{}, booking.E(booking.CodePaymentRefused, "PayPal knows no %s: amounts are multiples of %s.",
			m, booking.Money{Amount: limits.Unit, Currency: m.Currency})
	case m.Amount < limits.Least, m.Amount > limits.Most:
		return money{}, booking.E(booking.CodePaymentRefused, "PayPal does not take an amount of this size.")
	}
	exponent := exponents[m.Currency]
	digits := strconv.FormatInt(m.Amount, 10)
	if missing := exponent + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-exponent], digits[len(digits)-exponent:]
	if wholeOnly[m.Currency] || exponent == 0 {
		return money{m.Currency, whole}, nil
	}
	return money{m.Currency, whole + "." + fraction}, nil
}

// minor reads an amount of PayPal's, in minor units of ISO 4217.
func (m *money) minor() (int64, error) {
	if m == nil {
		return 0, errors.New("no amount")
	}
	exponent, known := exponents[m.Currency]
	if !known {
		exponent = 2 // of another system on the same account
	}
	whole, fraction, _ := strings.Cut(m.Value, ".")
	if len(fraction) > exponent {
		if strings.Trim(fraction[exponent:], "0") != "" {
			return 0, fmt.Errorf("amount %q of %s has too many decimals", m.Value, m.Currency)
		}
		fraction = fraction[:exponent]
	}
	amount, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", exponent-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount %q of %s: %w", m.Value, m.Currency, err)
	}
	return amount, nil
}
