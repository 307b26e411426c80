package payments

import (
	"cmp"

	"github.com/boxoffice/boxoffice/booking"
)

// JoinCharging is what all the providers charge that take a currency, each by its own
// table: a customer may pay a booking with any of them. A currency that none takes is not
// charged.
func JoinCharging(providers ...booking.Charging) booking.Charging {
	return func(currency string) (booking.Limits, bool) {
		all, charged := booking.Limits{Unit: 1}, false
		for _, charging := range providers {
			one, taken := charging(currency)
			if !taken {
				continue
			}
			charged = true
			unit := max(one.Unit, 1)
			all.Unit = all.Unit / greatestDivisor(all.Unit, unit) * unit
			all.Least = max(all.Least, one.Least)
			if one.Most > 0 {
				all.Most = min(cmp.Or(all.Most, one.Most), one.Most)
			}
		}
		if !charged {
			return booking.Limits{}, false
		}
		return all, true
	}
}

func greatestDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
