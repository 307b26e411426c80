package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// The terms of cancellation change between a booking and its cancellation. The refund that
// is quoted and the refund that is made both follow the terms that the booking was made
// under.
func TestABookingKeepsItsTermsOfCancellation(t *testing.T) {
	t.Parallel()
	generous := booking.CancellationPolicy{{Until: time.Hour, Percent: 80}}
	w := newWorld(t, func(o *Options) { o.Bookings.Policy.Refunds = generous })
	kept := w.bought(t, w.customer, "k-generous", "A01")
	unkept := w.bought(t, w.customer, "k-older", "A02")
	w.exec(`UPDATE bookings SET refunds = NULL WHERE id = $1`, unkept.ID)

	w.options.Bookings.Policy.Refunds = booking.CancellationPolicy{{Until: time.Hour, Percent: 10}}
	w.serve()
	harsh := w.bought(t, w.customer, "k-harsh", "A03")
	w.options.Bookings.Policy.Refunds = booking.CancellationPolicy{}
	w.serve()
	nothing := w.bought(t, w.customer, "k-nothing", "A04")
	w.options.Bookings.Policy.Refunds = booking.CancellationPolicy{{Until: time.Hour, Percent: 50}}
	w.serve()

	for name, c := range map[string]struct {
		of      booking.Booking
		percent int64
	}{
		"generous terms":             {kept, 80},
		"harsh terms":                {harsh, 10},
		"nothing back":               {nothing, 0},
		"from before they were kept": {unkept, 50}, // today's are the best guess
	} {
		t.Run(name, func(t *testing.T) {
			path := "/v1/bookings/" + c.of.ID
			var quote booking.CancellationQuote
			w.do(t, call{token: w.customer, method: "GET", path: path + "/cancellation-quote", status: 200}).into(t, &quote)
			assert.Equal(t, c.percent, quote.Percent)
			if c.of.ID == unkept.ID {
				return
			}
			after := w.do(t, call{token: w.customer, method: "POST", path: path + "/cancel", status: 200}).booking(t)
			if quote.Refund.Amount == 0 {
				assert.Nil(t, after.Refund)
				return
			}
			require.NotNil(t, after.Refund)
			assert.Equal(t, quote.Refund, after.Refund.Amount)
		})
	}
}
