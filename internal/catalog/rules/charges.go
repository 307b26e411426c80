package rules

import (
	"maps"
	"slices"

	"github.com/boxoffice/boxoffice/booking"
)

// Charges are what a show or a price card asks for its seats, in minor units of
// Currency.
type Charges struct {
	Currency       string
	Prices         map[string]int64 // by category
	FeePerSeat     int64
	TaxBasisPoints int64
}

// Chargeable checks that the payment providers charge what a booking of one seat
// costs, and that every price and fee is a multiple of their unit: then every
// booking's total is. A nil charging knows no limits. at is the path of the object
// and end what follows a price's own name.
func (f Report) Chargeable(charging booking.Charging, c Charges, at, end string) {
	if charging == nil {
		return
	}
	limits, taken := charging(c.Currency)
	if !taken {
		f(at+"prices", "No payment provider of this platform charges %s. Change the theater's currency first.", c.Currency)
		return
	}
	money := func(amount int64) booking.Money { return booking.Money{Amount: amount, Currency: c.Currency} }
	fits := func(field string, amount int64) bool {
		if !limits.Fits(amount) {
			f(field, "Must be a multiple of %d: the payment provider charges in steps of %s.", limits.Unit, money(limits.Unit))
		}
		return limits.Fits(amount)
	}
	if !fits(at+"fee_per_seat"+end, c.FeePerSeat) {
		return
	}
	for _, category := range slices.Sorted(maps.Keys(c.Prices)) {
		price, field := c.Prices[category], at+"prices."+category+end
		if !fits(field, price) {
			continue
		}
		seat := price + c.FeePerSeat + limits.Tax(price, c.TaxBasisPoints)
		switch {
		case seat < limits.Least:
			f(field, "A seat costs %s with fee and tax. The payment provider charges at least %s.", money(seat), money(limits.Least))
		case limits.Most > 0 && seat > limits.Most:
			f(field, "A seat costs %s with fee and tax. The payment provider charges at most %s.", money(seat), money(limits.Most))
		}
	}
}

// ChargedIn checks that the payment providers charge a currency.
func (f Report) ChargedIn(charging booking.Charging, field string, code *string) {
	if charging == nil || code == nil || !currencyKnown(*code) {
		return
	}
	if _, taken := charging(*code); !taken {
		f(field, "No payment provider of this platform charges %s. Choose another currency.", *code)
	}
}
