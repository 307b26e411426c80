package booking

// Limits are what a payment provider charges in one currency, in minor units of
// ISO 4217. The zero value knows no limits.
type Limits struct {
	// Unit is the smallest step: every amount is a multiple of it.
	Unit int64
	// Least and Most bound one charge; 0 means no bound.
	Least, Most int64
}

// Charging tells what can be charged in a currency, and false for a currency in
// which nothing can.
type Charging func(currency string) (Limits, bool)

// Fits tells whether an amount is a multiple of the unit.
func (l Limits) Fits(amount int64) bool { return amount%l.unit() == 0 }

// Charges tells whether one charge of this amount is possible.
func (l Limits) Charges(amount int64) bool {
	return l.Fits(amount) && amount >= l.Least && (l.Most <= 0 || amount <= l.Most)
}

// Tax is the tax on an amount, rounded half up to a multiple of the unit.
func (l Limits) Tax(amount, basisPoints int64) int64 {
	const whole = 10_000
	return (amount*basisPoints + whole/2*l.unit()) / (whole * l.unit()) * l.unit()
}

func (l Limits) unit() int64 { return max(l.Unit, 1) }

// refuse says why a booking's total cannot be charged; nil when it can. Code:
// validation_failed, or show_not_on_sale when no choice of seats would help.
func (l Limits) refuse(total Money) error {
	switch {
	case !l.Fits(total.Amount):
		// The price was set before the provider's limits were known to us.
		return E(CodeShowNotOnSale, "The price of this show cannot be charged: the theater has to correct it.")
	case total.Amount < l.Least:
		return Invalid(FieldError{"seats", "These seats cost " + total.String() + ", and a payment is at least " +
			Money{l.Least, total.Currency}.String() + ". Choose more seats."})
	case l.Most > 0 && total.Amount > l.Most:
		return Invalid(FieldError{"seats", "These seats cost " + total.String() + ", and a payment is at most " +
			Money{l.Most, total.Currency}.String() + ". Choose fewer seats."})
	default:
		return nil
	}
}
