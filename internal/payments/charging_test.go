package payments_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments"
)

// A theater that takes two providers charges what both charge, and what one alone does.
func TestJoinCharging(t *testing.T) {
	t.Parallel()
	table := func(limits map[string]booking.Limits) booking.Charging {
		return func(currency string) (booking.Limits, bool) {
			l, taken := limits[currency]
			return l, taken
		}
	}
	one := table(map[string]booking.Limits{
		"HUF": {Unit: 1, Least: 17_500, Most: 99_999_999}, "KWD": {Unit: 10, Least: 10}, "XOF": {Unit: 4, Most: 900}, "EUR": {},
	})
	two := table(map[string]booking.Limits{"HUF": {Unit: 100, Least: 100, Most: 5_000_000}, "XOF": {Unit: 6}, "EUR": {}})
	both := payments.JoinCharging(one, two)
	for currency, want := range map[string]booking.Limits{
		"HUF": {Unit: 100, Least: 17_500, Most: 5_000_000},
		"XOF": {Unit: 12, Most: 900},
		"EUR": {Unit: 1},
		"KWD": {Unit: 10, Least: 10},
	} {
		got, taken := both(currency)
		assert.True(t, taken, currency)
		assert.Equal(t, want, got, currency)
	}
	_, taken := both("CUP")
	assert.False(t, taken, "no provider charges it")
}
