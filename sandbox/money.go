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
	zeroDecimal  = strings.Fields("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf")
	threeDecimal = strings.Fields("bhd jod kwd omr tnd")
	symbols      = map[string]string{"usd": "$", "eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥"}
)

// minimumAmount is the least that Stripe charges.
// https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
func minimumAmount(currency string) int64 {
	switch currency {
	case "usd", "eur", "inr", "aud", "cad", "chf", "nzd", "sgd", "brl", "jpy":
		return 50
	case "gbp":
		return 30
	default:
		return 1
	}
}

const maximumAmount = 99_999_999

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
