package payments

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

func TestWebhookFindsWhetherMoneyIsOwed(t *testing.T) {
	t.Parallel()
	bought := func(status booking.Status, reference string) booking.Booking {
		return booking.Booking{
			Status: status, Ticket: &booking.Ticket{},
			Payment: &booking.PaymentView{Provider: "stripe", Reference: reference, Status: booking.PaymentCaptured},
		}
	}
	taken := booking.PaymentState{Provider: "stripe", Reference: "pi_1", Captured: 100, Refunded: 75}
	assert.True(t, owesMoney(taken))
	assert.True(t, owesMoney(booking.PaymentState{Authorized: 1}))
	assert.False(t, owesMoney(booking.PaymentState{Captured: 5, Refunded: 5}))
	assert.True(t, settledBy(bought(booking.StatusConfirmed, "pi_1"), taken))
	assert.True(t, settledBy(bought(booking.StatusCancelled, "pi_1"), taken), "the rest is the fee")
	assert.False(t, settledBy(bought(booking.StatusConfirmed, "pi_2"), taken), "paid twice")
	assert.False(t, settledBy(bought(booking.StatusExpired, "pi_1"), taken))
	assert.False(t, settledBy(booking.Booking{Status: booking.StatusConfirmed}, taken))
	letGo := bought(booking.StatusCancelled, "pi_1")
	letGo.Ticket = nil
	assert.False(t, settledBy(letGo, taken), "a hold that was let go owes nothing to a payment")

	held := bought(booking.StatusHeld, "pi_1")
	assert.True(t, noNews(held, booking.PaymentState{Provider: "stripe", Reference: "pi_1", Status: booking.PaymentOpen}))
	assert.False(t, noNews(held, booking.PaymentState{Provider: "stripe", Reference: "pi_1", Status: booking.PaymentFailed}))
	assert.False(t, noNews(held, booking.PaymentState{Provider: "stripe", Reference: "pi_1", Status: booking.PaymentAuthorized}))
	assert.False(t, noNews(bought(booking.StatusConfirmed, "pi_2"), taken), "paid twice")

	echo := booking.PaymentState{Provider: "stripe", Reference: "pi_1", Status: booking.PaymentCaptured, Captured: 100}
	sold := bought(booking.StatusConfirmed, "pi_1")
	assert.True(t, noNews(sold, echo))
	sold.Payment.Status = booking.PaymentAuthorized
	assert.False(t, noNews(sold, echo), "the task that sold it may have been lost: wake the workflow")
}
