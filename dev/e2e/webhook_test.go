package e2e

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestFault24_EveryWebhookFiveTimes(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "duplicate", Copies: 5})
	done := s.buy(c, "A1", "A2")
	s.awaitDelivered(done.Payment.Reference)
	done = s.awaitDone(c, done.ID, soon)
	for _, event := range []booking.Event{booking.EventAuthorized, booking.EventConfirmed, booking.EventCaptured} {
		assert.Equal(t, 1, countEvents(done, event), "%s in %v", event, events(done))
	}
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM ledger WHERE booking_id = $1 AND movement = 'capture'`, done.ID))
}

func TestFault25_CapturedBeforeAuthorized(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	// The webhook of the authorization waits for that of the capture; a payment check has
	// made the capture possible.
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "reorder", Operation: "payment_intent.amount_capturable_updated", DurationMS: 60_000})
	s.pay(b)
	_, err := c.CheckPayment(t.Context(), b.ID)
	require.NoError(t, err)
	s.awaitDone(c, b.ID, soon)
	s.awaitDelivered(b.Payment.Reference)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM webhook_inbox authorized JOIN webhook_inbox captured USING (reference)
		WHERE reference = $1 AND authorized.type = 'payment_intent.amount_capturable_updated'
			AND captured.type = 'charge.captured' AND captured.received_at < authorized.received_at`,
		b.Payment.Reference), "they came in the wrong order")
	done := s.awaitDone(c, b.ID, soon)
	assert.Equal(t, 1, countEvents(done, booking.EventConfirmed))
	assert.Equal(t, 1, countEvents(done, booking.EventCaptured))
}

// The webhook of a decline comes after the sale, first late and then redelivered.
func TestFault26_FailedAfterCaptured(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "drop", Operation: "payment_intent.payment_failed", Times: 1})
	s.decline(b)
	s.pay(b)
	s.awaitDone(c, b.ID, soon)

	deliveries, err := world.Sandbox.Deliveries(t.Context(), b.Payment.Reference)
	require.NoError(t, err)
	late := ""
	for _, d := range deliveries {
		if d.Type == "payment_intent.payment_failed" {
			late = d.EventID
		}
	}
	require.NotEmpty(t, late, "no such event among %+v", deliveries)
	require.NoError(t, world.Sandbox.Resend(t.Context(), late))
	require.True(t, poll(t.Context(), soon, func() bool {
		return s.count(`SELECT count(*) FROM webhook_inbox WHERE event_id = $1 AND processed_at IS NOT NULL`, late) == 1
	}), "the late event was not taken\n%s", s.story(c, b.ID))
	done := s.awaitDone(c, b.ID, soon)
	assert.Equal(t, booking.PaymentCaptured, done.Payment.Status)
	assert.Zero(t, countEvents(done, booking.EventVoided)+countEvents(done, booking.EventRefunded))
}

// awaitDelivered waits until no event of a payment is on its way to us.
func (s *stage) awaitDelivered(reference string) {
	s.Helper()
	var last []Delivery
	require.True(s, poll(s.Context(), soon, func() bool {
		var err error
		if last, err = world.Sandbox.Deliveries(s.Context(), reference); err != nil || len(last) == 0 {
			return false
		}
		for _, d := range last {
			if d.State != "delivered" {
				return false
			}
		}
		return true
	}), "webhooks of %s are still on their way: %+v", reference, last)
}

func TestFault27_NotSignedByStripe(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	body := eventAbout("payment_intent.amount_capturable_updated", b.Payment.Reference, b.ID)
	now := time.Now()
	good := world.Sandbox.Sign(body, now)
	for name, forged := range map[string]struct {
		body      []byte
		signature string
	}{
		"no signature":        {body, ""},
		"nonsense":            {body, "t=1,v1=00"},
		"another secret":      {body, signWith("whsec_of_somebody_else", body, now)},
		"an old timestamp":    {body, world.Sandbox.Sign(body, now.Add(-time.Hour))},
		"altered white space": {append(bytes.Clone(body), ' '), good},
		"an altered name":     {bytes.Replace(body, []byte("succeeded"), []byte("succeedee"), 1), good},
	} {
		_, err := deliverSigned(t, world.API, forged.body, forged.signature)
		assert.Equal(t, http.StatusBadRequest, StatusOf(err), "%s: %v", name, err)
	}
	assert.Zero(t, s.count(`SELECT count(*) FROM webhook_inbox WHERE reference = $1 AND type = 'payment_intent.amount_capturable_updated'`,
		b.Payment.Reference), "a forged event was taken in")
	s.awaitStatus(c, b.ID, booking.StatusHeld, soon)
}

// Events with a valid signature that must still be refused: events of payments that are not
// ours, and a false claim about our payment.
func TestFault28_NotAboutOurs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	amount := strconv.FormatInt(b.Quote.Total.Amount, 10)
	open := func(extra url.Values) Intent {
		form := url.Values{"amount": {amount}, "currency": {b.Quote.Total.Currency}, "capture_method": {"manual"}}
		for name, value := range extra {
			form[name] = value
		}
		intent, err := world.Sandbox.Desk(t.Context(), "/v1/payment_intents", form)
		require.NoError(t, err)
		return intent
	}
	for name, event := range map[string][]byte{
		"another product's payment":   eventAbout("payment_intent.succeeded", open(nil).ID, b.ID),
		"a booking that is not there": eventAbout("payment_intent.succeeded", open(url.Values{"metadata[booking_id]": {"5b0c5c5e-6d5f-4c4a-8f8e-0a4f3f6f2a11"}}).ID, b.ID),
		"a payment that is not there": eventAbout("payment_intent.succeeded", "pi_0123456789abcdefghijklmn", b.ID),
	} {
		_, err := deliver(t, world.API, event)
		assert.Equal(t, http.StatusBadRequest, StatusOf(err), "%s: %v", name, err)
	}
	// The provider is asked, and says that the payment is unpaid.
	_, err := deliver(t, world.API, eventAbout("payment_intent.succeeded", b.Payment.Reference, b.ID))
	require.NoError(t, err)
	still := s.awaitStatus(c, b.ID, booking.StatusHeld, soon)
	assert.Nil(t, still.Ticket)
	s.pay(b)
	s.awaitDone(c, b.ID, soon)
}

// The payment exists and is paid while our own call that opens it has not
// returned: the first answer is lost, the second slow.
func TestFault29_WebhookBeforeOurCallReturned(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	s.breakVendor(Fault{Vendor: "stripe", Fault: "reply_lost", Operation: "payment_intents.create", Times: 1})
	s.breakVendor(Fault{Vendor: "stripe", Fault: "latency", Operation: "payment_intents.create", DurationMS: 1800, Times: 2})
	type booked struct {
		b   booking.Booking
		err error
	}
	answered := make(chan booked, 1)
	go func() {
		b, _, err := c.Book(context.WithoutCancel(t.Context()), NewKey(), For(s.show, "A1"))
		answered <- booked{b, err}
	}()
	var intent Payment
	require.True(t, poll(t.Context(), soon, func() bool {
		books, err := world.Sandbox.Books(t.Context())
		for _, p := range books.Stripe.Payments {
			if s.count(`SELECT count(*) FROM bookings WHERE id::text = $1 AND show_id = $2`, p.Metadata["booking_id"], s.show) == 1 {
				intent = p
			}
		}
		return err == nil && intent.ID != ""
	}), "no payment was opened")
	full, err := world.Sandbox.Intent(t.Context(), intent.ID)
	require.NoError(t, err)
	_, err = world.Sandbox.PayIntent(t.Context(), full, Visa)
	require.NoError(t, err)

	answer := <-answered
	require.NoError(t, answer.err)
	assert.Equal(t, intent.ID, answer.b.Payment.Reference)
	done := s.awaitDone(c, answer.b.ID, soon)
	assert.Equal(t, 1, countEvents(done, booking.EventConfirmed))
	s.onlyIntent(done.ID)
}

func TestFault30_AllWebhooksLost(t *testing.T) {
	t.Run("the browser asks", func(t *testing.T) {
		s := newStage(t)
		c := s.customer()
		s.breakVendor(Fault{Vendor: "webhooks", Fault: "drop"})
		b := s.book(c, "A1")
		s.pay(b)
		_, err := c.CheckPayment(t.Context(), b.ID)
		require.NoError(t, err)
		s.awaitDone(c, b.ID, soon)
	})
	t.Run("the end of the hold asks", func(t *testing.T) {
		s := newStage(t)
		c := s.hastyCustomer()
		s.breakVendor(Fault{Vendor: "webhooks", Fault: "drop"})
		b := s.book(c, "A1")
		s.pay(b)
		s.awaitDone(c, b.ID, hastyHold+soon)
	})
}
