package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// Each call that moves money happens at the provider, and its answer is lost.
func TestFault11_ReplyLost(t *testing.T) {
	lose := func(s *stage, operation string) Fault {
		return s.breakVendor(Fault{Vendor: "stripe", Fault: "reply_lost", Operation: operation, Times: 1})
	}
	t.Run("open", func(t *testing.T) {
		s := newStage(t)
		c := s.customer()
		fault := lose(s, "payment_intents.create")
		b := s.book(c, "A1")
		s.awaitHit(fault, 1)
		s.onlyIntent(b.ID)
		s.pay(b)
		s.awaitDone(c, b.ID, soon)
	})
	t.Run("capture", func(t *testing.T) {
		s := newStage(t)
		c := s.customer()
		b := s.book(c, "A1")
		fault := lose(s, "payment_intents.capture")
		s.pay(b)
		s.awaitDone(c, b.ID, soon)
		s.awaitHit(fault, 1)
		assert.Equal(t, b.Quote.Total.Amount, s.onlyIntent(b.ID).Captured)
	})
	t.Run("void", func(t *testing.T) {
		s := newStage(t)
		c := s.customer()
		b := s.book(c, "A1")
		fault := lose(s, "payment_intents.cancel")
		_, err := c.Cancel(t.Context(), b.ID)
		require.NoError(t, err)
		s.awaitHit(fault, 1)
		s.awaitIntent(b.Payment.Reference, "a canceled payment", soon, func(p Payment) bool { return p.Status == "canceled" })
	})
	t.Run("refund", func(t *testing.T) { refundReplyLost(t) })
}

// The provider failed, and keeps that answer under the key forever.
func TestFault12_StoredFailure(t *testing.T) {
	for _, operation := range []string{"payment_intents.create", "payment_intents.capture"} {
		t.Run(operation, func(t *testing.T) {
			s := newStage(t)
			c := s.customer()
			fault := s.breakVendor(Fault{Vendor: "stripe", Fault: "error", Operation: operation, Store: true, Times: 1})
			b := s.book(c, "A1", "A2")
			s.pay(b)
			s.awaitDone(c, b.ID, soon)
			s.awaitHit(fault, 1)
			assert.Equal(t, b.Quote.Total.Amount, s.onlyIntent(b.ID).Captured)
		})
	}
}

// The worker dies between the capture request and its answer.
func TestFault13_WorkerKilledDuringACharge(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	fault := s.breakVendor(Fault{Vendor: "stripe", Fault: "latency", Operation: "payment_intents.capture", DurationMS: 1500, Times: 1})
	s.pay(b)
	s.awaitHit(fault, 1)
	s.kill("worker")
	s.awaitDone(c, b.ID, afterRestart)
	paid := s.onlyIntent(b.ID)
	assert.Equal(t, b.Quote.Total.Amount, paid.Captured)
	assert.Zero(t, paid.Refunded)
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM ledger WHERE booking_id = $1 AND movement = 'capture'`, b.ID))
}

func TestFault14_Declined(t *testing.T) {
	t.Run("and paid with another card", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		c := s.customer()
		b := s.book(c, "A1")
		s.decline(b)
		s.await(c, b.ID, "the decline to be shown", soon, func(b booking.Booking) bool {
			return countEvents(b, booking.EventDeclined) == 1
		})
		s.pay(b)
		done := s.awaitDone(c, b.ID, soon)
		assert.Equal(t, 1, countEvents(done, booking.EventDeclined))
	})
	t.Run("until the last try", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		c := s.customer()
		b := s.book(c, "A1")
		tries := booking.DefaultPolicy().PaymentTries
		for i := range tries {
			s.decline(b)
			if i < tries-1 {
				// Each decline has its own webhook; two at once would look like one.
				s.awaitDeclines(c, b.ID, i+1)
			}
		}
		failed := s.awaitStatus(c, b.ID, booking.StatusPaymentFailed, soon)
		freed := at(failed, booking.EventPaymentFailed).Sub(s.lastWebhook(b.Payment.Reference))
		assert.Less(t, freed, time.Second, "the seats are free at once after the last word of the provider")
		seats, err := Seats(t.Context(), world.API, s.show)
		require.NoError(t, err)
		assert.Empty(t, seats.Held)
		s.awaitIntent(b.Payment.Reference, "a canceled payment", soon, func(p Payment) bool { return p.Status == "canceled" })
	})
}

// awaitDeclines waits until the booking's workflow has counted so many: the next
// decline would otherwise hide behind the one before.
func (s *stage) awaitDeclines(c *Customer, id string, n int) {
	s.Helper()
	var state struct {
		Declines int `json:"declines"`
	}
	require.True(s, poll(s.Context(), soon, func() bool {
		answer, err := world.Temporal.QueryWorkflow(s.Context(), "booking-"+id, "", "status")
		return err == nil && answer.Get(&state) == nil && state.Declines == n
	}), "%d declines counted instead of %d\n%s", state.Declines, n, s.story(c, id))
}

// lastWebhook is when we took the provider's last word about a failed payment.
func (s *stage) lastWebhook(reference string) time.Time {
	s.Helper()
	var at time.Time
	require.NoError(s, world.DB.QueryRow(s.Context(), `SELECT max(received_at) FROM webhook_inbox
		WHERE reference = $1 AND type = 'payment_intent.payment_failed'`, reference).Scan(&at))
	return at
}

func at(b booking.Booking, event booking.Event) time.Time {
	i := slices.IndexFunc(b.Timeline, func(e booking.TimelineEntry) bool { return e.Event == event })
	if i < 0 {
		return time.Time{}
	}
	return b.Timeline[i].At
}

func TestFault15_ThreeDSecure(t *testing.T) {
	t.Run("abandoned", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		c := s.hastyCustomer()
		b := s.book(c, "A1")
		intent, err := world.Sandbox.Pay(t.Context(), b.Payment, ThreeDS)
		require.NoError(t, err)
		require.Equal(t, "requires_action", intent.Status)
		s.awaitStatus(c, b.ID, booking.StatusExpired, hastyHold+soon)
		s.awaitIntent(intent.ID, "a canceled payment", soon, func(p Payment) bool { return p.Status == "canceled" })
	})
	t.Run("completed", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		c := s.customer()
		b := s.book(c, "A1")
		intent, err := world.Sandbox.Pay(t.Context(), b.Payment, ThreeDS)
		require.NoError(t, err)
		require.NoError(t, world.Sandbox.CompleteChallenge(t.Context(), intent))
		s.awaitDone(c, b.ID, soon)
	})
}

// The amount at the provider is not what the booking costs.
func TestFault18_AmountDiffers(t *testing.T) {
	t.Parallel()
	for name, difference := range map[string]int64{"more": 100, "less": -100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := s.customer()
			b := s.book(c, "A1")
			other := strconv.FormatInt(b.Quote.Total.Amount+difference, 10)
			_, err := world.Sandbox.Desk(t.Context(), "/v1/payment_intents/"+b.Payment.Reference, url.Values{"amount": {other}})
			require.NoError(t, err)
			s.pay(b)
			failed := s.awaitStatus(c, b.ID, booking.StatusPaymentFailed, soon)
			assert.Nil(t, failed.Ticket)
			s.awaitIntent(b.Payment.Reference, "the money let go", soon, func(p Payment) bool { return p.Status == "canceled" })
			s.wantAlert(b.ID, "payment_mismatch")
		})
	}
}

func (s *stage) wantAlert(bookingID, kind string) {
	s.Helper()
	require.True(s, poll(s.Context(), soon, func() bool {
		return s.count(`SELECT count(*) FROM alerts WHERE booking_id = $1 AND kind = $2`, bookingID, kind) > 0
	}), "staff was not alerted of %s", kind)
}

// Two payments of one booking, both paid: the second comes from a tab, and our platform
// does not know that payment.
func TestFault19_PaidTwice(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"before the sale": true, "after the sale": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := s.customer()
			b := s.book(c, "A1")
			second, err := world.Sandbox.Desk(t.Context(), "/v1/payment_intents", url.Values{
				"amount": {strconv.FormatInt(b.Quote.Total.Amount, 10)}, "currency": {b.Quote.Total.Currency},
				"capture_method": {"manual"}, "metadata[booking_id]": {b.ID}, "metadata[attempt]": {"2"},
			})
			require.NoError(t, err)
			pay := func() {
				_, err := world.Sandbox.PayIntent(t.Context(), second, Visa)
				require.NoError(t, err)
			}
			if early {
				pay()
				s.pay(b)
			} else {
				s.pay(b)
				s.awaitDone(c, b.ID, soon)
				pay()
			}
			s.awaitIntent(second.ID, "the second payment given back", soon, func(p Payment) bool { return p.Status == "canceled" })
			done := s.awaitStatus(c, b.ID, booking.StatusConfirmed, soon)
			assert.Nil(t, done.Ticket.VoidedAt, "the valid ticket stays")
			s.awaitIntent(b.Payment.Reference, "the first payment kept", soon, func(p Payment) bool {
				return p.Captured == b.Quote.Total.Amount && p.Refunded == 0
			})
			s.wantAlert(b.ID, "paid_twice")
		})
	}
}

// Staff capture half of what was authorized at the provider's dashboard, before the webhook
// of the authorization arrives.
func TestFault22_PartialCapture(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1", "A2")
	silence := s.breakVendor(Fault{Vendor: "webhooks", Fault: "drop"})
	s.pay(b)
	half := b.Quote.Total.Amount / 2
	_, err := world.Sandbox.Desk(t.Context(), "/v1/payment_intents/"+b.Payment.Reference+"/capture",
		url.Values{"amount_to_capture": {strconv.FormatInt(half, 10)}})
	require.NoError(t, err)
	s.repair(silence)

	_, err = c.CheckPayment(t.Context(), b.ID)
	require.NoError(t, err)
	failed := s.awaitStatus(c, b.ID, booking.StatusPaymentFailed, soon)
	assert.Nil(t, failed.Ticket, "half the money is no sale")
	s.awaitIntent(b.Payment.Reference, "the half given back", soon, func(p Payment) bool {
		return p.Captured == half && p.Refunded == half
	})
	s.wantAlert(b.ID, "payment_mismatch")
}

// A payment can be opened again within the hold; the first is closed.
func TestPaymentIsOpenedAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	again, err := c.ReopenPayment(t.Context(), b.ID)
	require.NoError(t, err)
	require.NotEqual(t, b.Payment.Reference, again.Payment.Reference)
	_, err = world.Sandbox.Pay(t.Context(), b.Payment, Visa)
	assert.Equal(t, http.StatusBadRequest, StatusOf(err), "the first tab can no longer pay: %v", err)
	s.pay(again)
	s.awaitDone(c, b.ID, soon)
}
