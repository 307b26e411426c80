package stripe

import (
	"strings"

	"github.com/boxoffice/boxoffice/booking"
)

// Stripe counts money in minor units of its own: mostly those of ISO 4217, in which
// the rest of Boxoffice counts. This file is the only place that knows the
// difference. https://docs.stripe.com/currencies

// currencies are those that Stripe charges.
var currencies = set(`
	AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD
	CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD
	HNL HTG HUF IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD
	MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
	PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TND TOP TRY TTD TWD
	TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW`)

// ratio is how Stripe's amounts relate to ours.
type ratio struct {
	times int64 // Stripe's amount is ours times this,
	over  int64 // divided by this
	unit  int64 // and ours is a multiple of this
}

// ratios are those that are not 1:1.
var ratios = map[string]ratio{
	// No decimals in ISO 4217; Stripe wants two, and both 0.
	"ISK": {times: 100, over: 1, unit: 1},
	"UGX": {times: 100, over: 1, unit: 1},
	// Two decimals in ISO 4217; Stripe takes none.
	"MGA": {times: 1, over: 100, unit: 100},
	// Three decimals; Stripe wants the last one to be 0.
	"BHD": {times: 1, over: 1, unit: 10},
	"JOD": {times: 1, over: 1, unit: 10},
	"KWD": {times: 1, over: 1, unit: 10},
	"OMR": {times: 1, over: 1, unit: 10},
	"TND": {times: 1, over: 1, unit: 10},
}

// leastCharge is the least that Stripe charges, in its own units. The account's
// settlement currency decides; a charge in another currency has to be worth as
// much, which cannot be known in advance.
var leastCharge = map[string]int64{
	"AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
	"GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50,
	"PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}

// Most amounts have at most eight digits. Some cards allow more; these bounds hold
// for every way to pay.
const mostCharge = 99_999_999

var moreCharge = map[string]int64{"IDR": 999_999_999_999, "INR": 999_999_999}

// Limits tells what Stripe charges in a currency, in minor units of ISO 4217; false
// when it does not charge it. It is a booking.Charging.
func Limits(currency string) (booking.Limits, bool) {
	if !currencies[currency] {
		return booking.Limits{}, false
	}
	r := ratioOf(currency)
	most, more := moreCharge[currency]
	if !more {
		most = mostCharge
	}
	ours := func(amount int64) int64 { return amount * r.over / r.times }
	return booking.Limits{
		Unit:  r.unit,
		Least: max(ours(leastCharge[currency]), r.unit),
		Most:  ours(most) / r.unit * r.unit,
	}, true
}

// toStripe is an amount in Stripe's units. Code: payment_refused when Stripe has no
// such amount; the check of prices keeps that from customers.
func toStripe(m booking.Money) (int64, error) {
	r := ratioOf(m.Currency)
	if m.Amount%r.unit != 0 {
		return 0, booking.E(booking.CodePaymentRefused, "Stripe knows no %s: amounts are multiples of %s.",
			m, booking.Money{Amount: r.unit, Currency: m.Currency})
	}
	return m.Amount * r.times / r.over, nil
}

// fromStripe is an amount of Stripe's in minor units of ISO 4217.
func fromStripe(amount int64, currency string) int64 {
	r := ratioOf(currency)
	return amount * r.over / r.times
}

func ratioOf(currency string) ratio {
	if r, special := ratios[currency]; special {
		return r
	}
	return ratio{times: 1, over: 1, unit: 1}
}

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}
