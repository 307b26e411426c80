package payments

import (
	"cmp"

	"github.com/boxoffice/boxoffice/booking"
)

// JoinCharging is what all the providers charge, each by its own table: a customer
// may pay a booking with any of them.
func JoinCharging(providers ...booking.Charging) booking.Charging {
	return func(currency string) (booking.Limits, bool) {
		all := booking.Limits{Unit: 1}
		for _, charging := range providers {
			one, taken := charging(currency)
			if !taken {
				return booking.Limits{}, false
			}
			unit := max(one.Unit, 1)
			all.Unit = all.Unit / greatestDivisor(all.Unit, unit) * unit
			all.Least = max(all.Least, one.Least)
			if one.Most > 0 {
				all.Most = min(cmp.Or(all.Most, one.Most), one.Most)
			}
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
