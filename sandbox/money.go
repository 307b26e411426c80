package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// Currencies that Stripe takes, and those without or with three decimals.
// https://docs.stripe.com/currencies
var (
	currencies = strings.Fields(`
		aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad
		cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd
		hnl hrk htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad
		mdl mga mkd mmk mnt mop mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr
		pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd
		tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw`)
	zeroDecimal  = strings.Fields("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
	threeDecimal = strings.Fields("bhd jod kwd omr tnd")
	// wholeOnly have two decimals in the API, and both are 0.
	wholeOnly = strings.Fields("isk ugx")
	symbols   = map[string]string{"usd": "$", "eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥"}
)

// minimums are the least that Stripe charges when the account settles in the
// currency. https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
var minimums = map[string]int64{
	"usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
	"eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300,
	"nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}

// maximumAmount is the most that Stripe charges: eight digits, with exceptions.
func maximumAmount(currency string) int64 {
	switch currency {
	case "idr":
		return 999_999_999_999
	case "inr":
		return 999_999_999
	default:
		return 99_999_999
	}
}

// refuseStep refuses an amount that the currency does not have.
func refuseStep(param string, amount int64, currency string) *stripeError {
	step := int64(1)
	switch {
	case slices.Contains(threeDecimal, currency):
		step = 10
	case slices.Contains(wholeOnly, currency):
		step = 100
	}
	if amount%step == 0 {
		return nil
	}
	return invalidRequest("parameter_invalid_integer", param, "Invalid amount: in "+strings.ToUpper(currency)+
		" an amount has to be divisible by "+strconv.FormatInt(step, 10)+".")
}

func decimals(currency string) int {
	switch {
	case slices.Contains(zeroDecimal, currency):
		return 0
	case slices.Contains(threeDecimal, currency):
		return 3
	default:
		return 2
	}
}

// formatMoney writes 45000 inr as ₹450.00 INR.
func formatMoney(amount int64, currency string) string {
	text := strconv.FormatInt(amount, 10)
	n := decimals(currency)
	for len(text) <= n {
		text = "0" + text
	}
	whole, fraction := text[:len(text)-n], text[len(text)-n:]
	out := symbols[currency] + groupThousands(whole)
	if fraction != "" {
		out += "." + fraction
	}
	return out + " " + strings.ToUpper(currency)
}

func groupThousands(digits string) string {
	var b strings.Builder
	for i, r := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}
