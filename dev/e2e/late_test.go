package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// expireUnclosed lets a hold run out while the provider refuses to close its
// payment, so that the customer can still pay it afterwards.
func (s *stage) expireUnclosed(c *Customer, seats ...string) booking.Booking {
	s.Helper()
	refusal := s.breakVendor(Fault{Vendor: "stripe", Fault: "error", Operation: "payment_intents.cancel", Status: 400})
	b := s.book(c, seats...)
	s.awaitStatus(c, b.ID, booking.StatusExpired, hastyHold+soon)
	s.wantAlert(b.ID, "money_not_given_back")
	s.awaitSagaEnds(b)
	s.repair(refusal)
	return b
}

// awaitSagaEnds waits until the booking's workflow is over: money that comes after that is
// late.
func (s *stage) awaitSagaEnds(b booking.Booking) {
	s.Helper()
	require.True(s, poll(s.Context(), soon, func() bool {
		about, err := world.Temporal.DescribeWorkflowExecution(s.Context(), workflows.BookingWorkflowID(b.ID), "")
		return err == nil && about.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}), "the workflow of booking %s does not end", b.ID)
}

func TestFault16_PaidTooLateSeatsGone(t *testing.T) {
	s := newStage(t)
	late, other := s.hastyCustomer(), s.customer()
	b := s.expireUnclosed(late, "A1", "A2")
	s.buy(other, "A2")

	s.pay(b)
	s.awaitIntent(b.Payment.Reference, "the money let go", soon, func(p Payment) bool { return p.Status == "canceled" })
	s.awaitStatus(late, b.ID, booking.StatusExpired, soon)
	require.True(t, poll(t.Context(), soon, func() bool { return s.told(b.ID, booking.NoticePaymentReturned) > 0 }),
		"the customer is told\n%s", s.story(late, b.ID))
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1 AND status = 'confirmed'`, s.show))
}

func TestFault17_PaidTooLateSeatsFree(t *testing.T) {
	t.Run("rebooked", func(t *testing.T) {
		s := newStage(t)
		c := s.hastyCustomer()
		b := s.expireUnclosed(c, "A1", "A2")
		s.pay(b)
		var again string
		require.True(t, poll(t.Context(), soon, func() bool {
			return world.DB.QueryRow(t.Context(), `SELECT id::text FROM bookings WHERE show_id = $1 AND status = 'confirmed'`,
				s.show).Scan(&again) == nil
		}), "no booking was made of the late payment\n%s", s.story(c, b.ID))
		done := s.awaitDone(c, again, soon)
		assert.Equal(t, []string{"A1", "A2"}, done.Seats)
		assert.Equal(t, b.Payment.Reference, done.Payment.Reference)
		s.awaitIntent(b.Payment.Reference, "the money kept", soon, func(p Payment) bool {
			return p.Captured == b.Quote.Total.Amount && p.Refunded == 0
		})
		s.awaitStatus(c, b.ID, booking.StatusExpired, soon)
	})
	t.Run("with a payment that our books do not know", func(t *testing.T) {
		s := newStage(t)
		c := s.hastyCustomer()
		b := s.book(c, "A1", "A2")
		stray, err := world.Sandbox.Desk(t.Context(), "/v1/payment_intents", url.Values{
			"amount": {strconv.FormatInt(b.Quote.Total.Amount, 10)}, "currency": {b.Quote.Total.Currency},
			"capture_method": {"manual"}, "metadata[booking_id]": {b.ID}, "metadata[attempt]": {"2"},
		})
		require.NoError(t, err)
		s.awaitStatus(c, b.ID, booking.StatusExpired, hastyHold+soon)
		s.awaitSagaEnds(b)
		_, err = world.Sandbox.PayIntent(t.Context(), stray, Visa)
		require.NoError(t, err)
		s.awaitIntent(stray.ID, "the money kept for a new booking, or let go", soon, func(p Payment) bool {
			sold := s.count(`SELECT count(*) FROM bookings WHERE show_id = $1 AND status = 'confirmed'`, s.show) == 1
			return sold && p.Captured == b.Quote.Total.Amount || !sold && p.Status == "canceled"
		})
		t.Logf("bookings: %v", s.statuses())
	})
	t.Run("given back where the policy says so", func(t *testing.T) {
		s := newStage(t)
		c := s.hastyCustomer()
		strict, err := world.NewReplica(t.Context(), "strict", map[string]string{"LATE_PAYMENTS": "refund"})
		require.NoError(t, err)
		t.Cleanup(strict.Kill)
		b := s.expireUnclosed(c, "A1", "A2")

		// The provider's webhook goes to the replica with the other policy.
		s.breakVendor(Fault{Vendor: "webhooks", Fault: "drop"})
		s.pay(b)
		answer, err := deliver(t, strict.Address, eventAbout("payment_intent.amount_capturable_updated", b.Payment.Reference, b.ID))
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, answer.Status)
		s.awaitIntent(b.Payment.Reference, "the money let go", soon, func(p Payment) bool { return p.Status == "canceled" })
		assert.Equal(t, 1, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1`, s.show), "nothing is booked again")
		require.True(t, poll(t.Context(), soon, func() bool { return s.told(b.ID, booking.NoticePaymentReturned) > 0 }),
			"the customer is told\n%s", s.story(c, b.ID))
	})
}

// statuses lists how the show's bookings ended.
func (s *stage) statuses() (all []string) {
	s.Helper()
	require.NoError(s, world.DB.QueryRow(s.Context(), `SELECT array_agg(status ORDER BY created_at) FROM bookings WHERE show_id = $1`,
		s.show).Scan(&all))
	return all
}

// eventAbout is an event as Stripe words it, of a payment that it names.
func eventAbout(kind, intent, bookingID string) []byte {
	body, err := json.Marshal(map[string]any{
		"id": "evt_" + NewKey(), "object": "event", "type": kind, "api_version": "2024-06-20",
		"created": time.Now().Unix(), "livemode": false,
		"data": map[string]any{"object": map[string]any{
			"id": intent, "object": "payment_intent", "status": "succeeded",
			"metadata": map[string]string{"booking_id": bookingID},
		}},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// deliver sends an event to a replica, signed as Stripe signs.
func deliver(t *testing.T, api string, body []byte) (Answer, error) {
	t.Helper()
	return deliverSigned(t, api, body, world.Sandbox.Sign(body, time.Now()))
}

func deliverSigned(t *testing.T, api string, body []byte, signature string) (Answer, error) {
	t.Helper()
	return send(t.Context(), request{
		method: http.MethodPost, address: api + "/v1/webhooks/stripe", body: body,
		header: map[string]string{"Stripe-Signature": signature},
	}, nil)
}
