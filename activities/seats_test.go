package activities_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// oneBooking is an inventory of a single booking, and the choices about it.
type oneBooking struct {
	activities.Inventory
	activities.Choices
	booking booking.Booking
	changed bool
}

func (o oneBooking) Booking(context.Context, string) (booking.Booking, error) { return o.booking, nil }
func (o oneBooking) Changed(context.Context, string) (bool, error)            { return o.changed, nil }

// Money that came too late buys the seats that it was meant for, or is refunded.
func TestFault17_WhatIsMadeAgain(t *testing.T) {
	t.Parallel()
	price := booking.Money{Amount: 45_000, Currency: "INR"}
	for name, c := range map[string]struct {
		status  booking.Status
		changed bool
		paid    int64
		want    bool
	}{
		"expired":         {status: booking.StatusExpired, paid: 45_000, want: true},
		"the show moved":  {status: booking.StatusExpired, paid: 45_000, changed: true},
		"too little":      {status: booking.StatusExpired, paid: 44_999},
		"cancelled":       {status: booking.StatusCancelled, paid: 45_000},
		"confirmed twice": {status: booking.StatusConfirmed, paid: 45_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := booking.Booking{ID: uuid.NewString(), Status: c.status, Quote: booking.Quote{Total: price}}
			one := oneBooking{booking: old, changed: c.changed}
			steps := activities.Seats{Inventory: one, Choices: one}
			plan, err := steps.PlanRebooking(t.Context(), booking.PaymentState{
				BookingID: old.ID, Provider: "stripe", Reference: "pi_1", Status: booking.PaymentAuthorized,
				Amount: c.paid, Authorized: c.paid, Currency: "INR",
			})
			require.NoError(t, err)
			assert.Equal(t, c.want, plan.Possible)
		})
	}
}
