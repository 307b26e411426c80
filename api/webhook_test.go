package api

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

// What Stripe sends when a card was authorized.
const authorized = "payment_intent.amount_capturable_updated"

// money is captured minus refunded over all our books.
func (w *world) money(t testing.TB) (kept int64) {
	t.Helper()
	totals, err := w.options.Payments.Payments.Totals(context.Background())
	require.NoError(t, err)
	for _, total := range totals {
		kept += total.Kept()
	}
	return kept
}

func (w *world) outcome(t testing.TB, eventID string) string {
	t.Helper()
	var outcome string
	require.NoError(t, w.db.Pool.QueryRow(context.Background(),
		`SELECT outcome FROM webhook_inbox WHERE event_id = $1`, eventID).Scan(&outcome))
	return outcome
}

func TestFault24_TheSameWebhookFiveTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	c := event(t, "evt_1", authorized, b.Payment.Reference, nil)
	c.status = 200
	var wait sync.WaitGroup
	for range 5 {
		wait.Go(func() { w.do(t, c) })
	}
	wait.Wait()
	c.holds = []string{`"duplicate"`}
	w.do(t, c)

	b = w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, b.Status)
	rows := w.rows()
	assert.Equal(t, 1, rows["webhook_inbox"])
	assert.Equal(t, 1, rows["tickets"])
	assert.Equal(t, 2, rows["ledger"], "authorize and capture")
	assert.Equal(t, b.Quote.Total.Amount, w.money(t))
	// The first copy to settle may be one that came after the sale.
	assert.Contains(t, []string{"signalled", "already_settled"}, w.outcome(t, "evt_1"))
}

// The workflow always gets the provider's current state, never the event's.
func TestFault25_CapturedBeforeAuthorized(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	for i, kind := range []string{"payment_intent.succeeded", authorized, "payment_intent.created"} {
		c := event(t, fmt.Sprint("evt_", i), kind, b.Payment.Reference, nil)
		c.status = 200
		w.do(t, c)
	}
	b = w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, b.Status)
	assert.Equal(t, booking.PaymentCaptured, b.Payment.Status)
	assert.Equal(t, b.Quote.Total.Amount, w.money(t))
	signals, _ := w.saga.heard()
	require.Len(t, signals, 1, "what came after told the workflow nothing new")
	assert.Equal(t, booking.PaymentAuthorized, signals[0].Status, "asked, not believed")
}

func TestFault26_FailedAfterCaptured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	c := event(t, "evt_late", "payment_intent.payment_failed", b.Payment.Reference, nil)
	c.status = 200
	w.do(t, c)
	again := w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, again.Status)
	assert.Equal(t, booking.PaymentCaptured, again.Payment.Status)
	assert.Equal(t, "already_settled", w.outcome(t, "evt_late"))
	signals, _ := w.saga.heard()
	assert.Empty(t, signals)
}

// A capture that no step of ours asked for, here at the dashboard, is an alert at the first
// event that says so, and at no other; our own captures raise no alert.
func TestACaptureThatWeDidNotAskFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	says := func(id, reference string) {
		c := event(t, id, "payment_intent.succeeded", reference, nil)
		c.status = 200
		w.do(t, c)
	}
	unasked := func() string {
		return w.text(`SELECT coalesce(string_agg(detail || ' ' || openings, ', '), 'none') FROM alerts WHERE kind = 'capture_unasked'`)
	}
	ours := w.bought(t, w.customer, "ours", "A01")
	says("evt_ours", ours.Payment.Reference)
	assert.Equal(t, "none", unasked())

	b := w.book(t, w.customer, "k", "A02")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	_, err := w.vendor.Capture(b.Payment.Reference, nil)
	require.NoError(t, err)
	says("evt_1", b.Payment.Reference)
	want := fmt.Sprintf("stripe %s: %s was captured, and no step of ours asked for it 1", b.Payment.Reference, b.Quote.Total)
	assert.Equal(t, want, unasked())
	assert.Equal(t, "webhook evt_1", w.text(`SELECT run FROM reconciliation_findings WHERE kind = 'capture_unasked'`))

	w.exec(`UPDATE alerts SET resolved_at = now()`)
	says("evt_2", b.Payment.Reference)
	w.reconcile(t)
	assert.Equal(t, want, unasked(), "once for a payment")
	assert.Equal(t, "0", w.text(`SELECT count(*)::text FROM alerts WHERE kind = 'capture_unasked' AND resolved_at IS NULL`))
}

// Staff refund at the provider's own dashboard: the workflow must be notified.
func TestRefundsAtTheDashboardSignalTheWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	_, err := w.provider.Refund(t.Context(), booking.MoneyStep{
		BookingID: b.ID, Provider: "stripe", Reference: b.Payment.Reference,
		Amount: booking.Money{Amount: 100, Currency: "INR"}, Key: "desk"})
	require.NoError(t, err)
	c := event(t, "evt_1", "charge.refunded", b.Payment.Reference, nil)
	c.status, c.holds = 200, []string{"signalled"}
	w.do(t, c)
	signals, _ := w.saga.heard()
	require.Len(t, signals, 1)
	assert.EqualValues(t, 100, signals[0].Refunded)
}

func TestFault27_WebhooksNotSignedByStripeAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	before := w.rows()
	signedWith := func(secret string) func(*webhook.UnsignedPayload) {
		return func(p *webhook.UnsignedPayload) { p.Secret = secret }
	}
	old := func(p *webhook.UnsignedPayload) { p.Timestamp = time.Now().Add(-10 * time.Minute) }
	bad := map[string]call{
		"wrong secret": event(t, "evt_1", authorized, b.Payment.Reference, nil, signedWith("whsec_guess")),
		"empty secret": event(t, "evt_1", authorized, b.Payment.Reference, nil, signedWith("")),
		"old":          event(t, "evt_1", authorized, b.Payment.Reference, nil, old),
	}
	altered := event(t, "evt_1", authorized, b.Payment.Reference, nil)
	altered.body = strings.Replace(altered.body, `{`, `{ `, 1)
	bad["altered white space"] = altered
	unsigned := event(t, "evt_1", authorized, b.Payment.Reference, nil)
	unsigned.headers = nil
	bad["unsigned"] = unsigned
	for name, c := range bad {
		t.Run(name, func(t *testing.T) {
			c.status, c.code = 400, "malformed_request"
			w.do(t, c)
			assert.Equal(t, before, w.rows(), "no effect")
		})
	}
	signals, _ := w.saga.heard()
	assert.Empty(t, signals)
}

func TestFault28_EventsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	intent := func(metadata map[string]string) string {
		params := &sdk.PaymentIntentParams{Amount: sdk.Int64(100), Currency: sdk.String("inr"),
			CaptureMethod: sdk.String("manual"), Metadata: metadata}
		made, err := w.vendor.New(params)
		require.NoError(t, err)
		return made.ID
	}
	stranger := uuid.NewString()
	for name, c := range map[string]call{
		"a payment Stripe does not show us": event(t, "evt_1", authorized, "pi_somebodyelses", nil),
		"another product's payment":         event(t, "evt_2", authorized, intent(nil), nil),
		"a booking we do not have":          event(t, "evt_3", authorized, intent(map[string]string{"booking_id": stranger}), nil),
		"a booking that is no id":           event(t, "evt_4", authorized, intent(map[string]string{"booking_id": "'; --"}), nil),
	} {
		t.Run(name, func(t *testing.T) {
			before := w.rows()
			c.status, c.code = 400, string(rest.CodeWebhookNotOurs)
			w.do(t, c)
			before["webhook_inbox"]++
			assert.Equal(t, before, w.rows(), "only the inbox knows")
		})
	}
	assert.Equal(t, "not_ours", w.outcome(t, "evt_3"))

	// An event that names a customer's booking, about a payment that is not its own.
	b := w.book(t, w.customer, "k", "A01")
	foreign := event(t, "evt_5", authorized, "pi_somebodyelses", map[string]string{"booking_id": b.ID})
	foreign.status, foreign.code = 400, string(rest.CodeWebhookNotOurs)
	w.do(t, foreign)
	signals, late := w.saga.heard()
	assert.Empty(t, signals)
	assert.Empty(t, late)
}

// The webhook is here before our own call has returned: the payment's row is not
// there yet, only what we wrote on the payment itself.
func TestFault29_WebhookBeforeOurOwnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	w.exec(`DELETE FROM payments WHERE booking_id = $1`, b.ID)
	c := event(t, "evt_1", authorized, b.Payment.Reference, nil)
	w.send(t, c)
	signals, _ := w.saga.heard()
	require.Len(t, signals, 1, "the workflow was told")
	assert.Equal(t, b.ID, signals[0].BookingID)

	// The stand-in saga needs the payment's row; a workflow has it in its state.
	require.NoError(t, w.options.Payments.Payments.Record(t.Context(), signals[0]))
	c.status = 200
	w.do(t, c)
	assert.Equal(t, 1, w.rows()["tickets"])
	assert.Equal(t, b.Quote.Total.Amount, w.money(t))
}

func TestFault31_BothSecretsWhileOneIsRolled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	for _, secret := range []string{currentSecret, oldSecret} {
		c := event(t, "evt_"+secret, "payment_intent.created", b.Payment.Reference, nil,
			func(p *webhook.UnsignedPayload) { p.Secret = secret })
		c.status = 200
		w.do(t, c)
	}
}

func TestWebhooksThatCannotBeAcceptedComeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	c := event(t, "evt_1", authorized, b.Payment.Reference, nil)

	w.saga.away.Store(true)
	c.status, c.code = 503, "unavailable"
	got := w.do(t, c)
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	w.saga.away.Store(false)
	c.status, c.code = 200, ""
	w.do(t, c)
	assert.Equal(t, 1, w.rows()["tickets"], "the second delivery was worked, because the first was not settled")

	about := event(t, "evt_2", "customer.created", "cus_1", nil)
	about.status, about.holds = 200, []string{`"ignored"`}
	w.do(t, about)

	w.db.Close()
	c = event(t, "evt_3", authorized, b.Payment.Reference, nil)
	c.status, c.code = 503, "unavailable"
	w.do(t, c)
}

func TestWebhookOfAnEndedBookingStartsALatePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Payments.RebookLate = true })
	b := w.book(t, w.customer, "k", "A01")
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: 200})

	// No one paid: nothing to do.
	c := event(t, "evt_1", "payment_intent.created", b.Payment.Reference, nil)
	c.status, c.holds = 200, []string{"already_settled"}
	w.do(t, c)

	// Paid after the end: the late-payment workflow refunds it or books again.
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	c = event(t, "evt_2", authorized, b.Payment.Reference, nil)
	c.status, c.holds = 200, []string{"late_payment"}
	w.do(t, c)
	_, late := w.saga.heard()
	require.Len(t, late, 1)
	assert.Equal(t, b.ID, late[0].Payment.BookingID)
	assert.Equal(t, booking.PaymentAuthorized, late[0].Payment.Status)
	assert.True(t, late[0].Rebook)
	assert.Equal(t, w.options.Bookings.Policy, late[0].Policy)

	// The echo of our own refund is no late payment.
	b = w.bought(t, w.customer, "k2", "A02")
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: 200})
	w.exec(`UPDATE payments SET refunded = 0`) // a fee was kept
	c = event(t, "evt_3", "charge.refunded", b.Payment.Reference, nil)
	c.status, c.holds = 200, []string{"already_settled"}
	w.do(t, c)
	_, late = w.saga.heard()
	assert.Len(t, late, 1)
}
