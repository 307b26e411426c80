package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// told are the messages and the workflows that a reconciliation told.
type told struct {
	mu    sync.Mutex
	moved []string
	sent  []string
}

func (t *told) Moved(_ context.Context, bookingID string, state booking.PaymentState, _ booking.Policy) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moved = append(t.moved, bookingID+" "+state.Reference)
	return nil
}

func (t *told) Send(_ context.Context, n booking.Notification) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent = append(t.sent, string(n.Notice)+" "+n.BookingID)
	return nil
}

// reconcile compares the sandbox's list of today with the books, and does what follows: the
// workflows are real, and so are the books, the provider and its vendor.
func (w *world) reconcile(t *testing.T) (workflows.ReconcileResult, *told) {
	t.Helper()
	return w.reconcileWith(t, "stripe", w.provider)
}

// listing is a provider that lists its payments.
type listing interface {
	activities.PaymentProvider
	activities.PaymentLister
}

func (w *world) reconcileWith(t *testing.T, name string, provider listing) (workflows.ReconcileResult, *told) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	books, heard := w.options.Payments.Payments, &told{}
	asking := &activities.Payments{Providers: map[string]activities.PaymentProvider{name: provider}, Books: books}
	effects := workers.Activities{
		Seats:    &activities.Seats{Inventory: w.options.Bookings.Bookings, Choices: w.options.Bookings.Changes, Books: books},
		Payments: asking,
		Reconciliation: &activities.Reconciliation{
			Payments: asking, Listers: map[string]activities.PaymentLister{name: provider}, Books: books, Told: heard,
		},
		Notifications: &activities.Notifications{Messages: heard},
		Sweep:         &activities.Sweep{Standings: w.options.Bookings.Bookings},
	}
	for _, queue := range workers.Queues() {
		workers.Register(env, queue, effects)
	}
	env.ExecuteWorkflow(workflows.ReconcileWorkflow, workflows.ReconcileInput{
		Provider: name, Day: time.Now().UTC().Format(time.DateOnly), Policy: booking.DefaultPolicy()})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.ReconcileResult
	require.NoError(t, env.GetWorkflowResult(&result))
	return result, heard
}

// vendorsBooks are all books of the sandbox.
func (w *world) vendorsBooks(t *testing.T) string {
	t.Helper()
	answer, err := http.Get(w.sandbox + "/books")
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(body)
}

// standsAt is what the vendor says of a payment.
func (w *world) standsAt(t *testing.T, reference string) booking.PaymentState {
	t.Helper()
	state, err := w.provider.Get(t.Context(), reference)
	require.NoError(t, err)
	return state
}

// atVendor is a payment that was made without us: its metadata are what it is given.
func (w *world) atVendor(t *testing.T, amount int64, metadata map[string]string) string {
	t.Helper()
	intent, err := w.vendor.New(&sdk.PaymentIntentParams{
		Amount: &amount, Currency: sdk.String("inr"), CaptureMethod: sdk.String("manual"), Metadata: metadata,
		Params: sdk.Params{Context: t.Context()},
	})
	require.NoError(t, err)
	w.pay(t, intent.ID, "pm_card_visa")
	_, err = w.vendor.Capture(intent.ID, nil)
	require.NoError(t, err)
	return intent.ID
}

// each is one thing that reconciliation finds, and what has to be there afterward.
type discrepancy struct {
	found map[booking.FindingKind]int
	back  int // payments whose money goes back
	done  string
	alert booking.AlertKind
	check func(t *testing.T)
}

// TestReconciliationFindsAndHealsOnce makes one discrepancy at the vendor, reconciles, and
// reconciles once more: the second time nothing is new, nothing moves and no alert opens.
func TestReconciliationFindsAndHealsOnce(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(t *testing.T, w *world) discrepancy{
		"nothing": func(t *testing.T, w *world) discrepancy {
			w.bought(t, w.customer, "k", "A01")
			w.book(t, w.customer, "open", "A02")
			return discrepancy{}
		},
		"a lost payment": func(t *testing.T, w *world) discrepancy {
			b := w.bought(t, w.customer, "k", "A01")
			w.exec(`DELETE FROM ledger`)
			w.exec(`DELETE FROM payments`)
			return discrepancy{map[booking.FindingKind]int{booking.FindingLostPayment: 1}, 0, "recorded", booking.AlertMoneyUnrecorded,
				func(t *testing.T) { assert.Equal(t, b.Quote.Total.Amount, w.money(t), "it is in the books again") }}
		},
		"a payment that was lost, for a booking that has ended": func(t *testing.T, w *world) discrepancy {
			b := w.book(t, w.customer, "k", "A01")
			lost := w.atVendor(t, b.Quote.Total.Amount, map[string]string{"booking_id": b.ID, "attempt": "2"})
			w.exec(`UPDATE bookings SET status = 'expired' WHERE id = $1`, b.ID)
			return discrepancy{map[booking.FindingKind]int{booking.FindingLostPayment: 1, booking.FindingCaptureUnasked: 1,
				booking.FindingLatePayment: 1}, 1, "recorded", booking.AlertMoneyUnrecorded, func(t *testing.T) {
				assert.Equal(t, booking.PaymentRefunded, w.standsAt(t, lost).Status)
				assert.Zero(t, w.money(t))
			}}
		},
		"stray money of a booking that was paid otherwise": func(t *testing.T, w *world) discrepancy {
			b := w.bought(t, w.customer, "k", "A01")
			second, err := w.provider.Open(t.Context(), booking.PaymentRequest{BookingID: b.ID, Provider: "stripe", Attempt: 2,
				Amount: b.Quote.Total, Description: "Amélie", ExpiresAt: time.Now().Add(time.Hour), Key: uuid.NewString()})
			require.NoError(t, err)
			require.NoError(t, w.options.Payments.Payments.Record(t.Context(), second))
			w.pay(t, second.Reference, "pm_card_visa")
			return discrepancy{map[booking.FindingKind]int{booking.FindingLatePayment: 1}, 1, "give_back", booking.AlertStrayPayment,
				func(t *testing.T) {
					assert.Equal(t, booking.PaymentVoided, w.standsAt(t, second.Reference).Status)
					assert.Equal(t, booking.PaymentCaptured, w.standsAt(t, b.Payment.Reference).Status, "what it was sold for stays")
					assert.Equal(t, b.Quote.Total.Amount, w.money(t))
				}}
		},
		"a refund at the dashboard": func(t *testing.T, w *world) discrepancy {
			b := w.bought(t, w.customer, "k", "A01")
			_, err := w.provider.Refund(t.Context(), booking.MoneyStep{BookingID: b.ID, Provider: "stripe", Reference: b.Payment.Reference,
				Amount: booking.Money{Amount: 700, Currency: "INR"}, Key: "desk"})
			require.NoError(t, err)
			return discrepancy{map[booking.FindingKind]int{booking.FindingRefundOutside: 1}, 0, "recorded", booking.AlertRefundedOutside,
				func(t *testing.T) { assert.Equal(t, b.Quote.Total.Amount-700, w.money(t)) }}
		},
		"an amount that differs": func(t *testing.T, w *world) discrepancy {
			b := w.bought(t, w.customer, "k", "A01")
			w.exec(`UPDATE payments SET amount = amount + 100, captured = captured + 100`)
			return discrepancy{map[booking.FindingKind]int{booking.FindingAmountDiffers: 1}, 0, "alerted", booking.AlertBooksDiffer,
				func(t *testing.T) { assert.Equal(t, b.Quote.Total.Amount, w.money(t), "nothing was recorded") }}
		},
		"a part that was captured at the dashboard": func(t *testing.T, w *world) discrepancy {
			b := w.book(t, w.customer, "k", "A01")
			w.pay(t, b.Payment.Reference, "pm_card_visa")
			_, err := w.vendor.Capture(b.Payment.Reference, &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(10_000)})
			require.NoError(t, err)
			return discrepancy{map[booking.FindingKind]int{booking.FindingAmountDiffers: 1, booking.FindingCaptureUnasked: 1}, 0, "alerted",
				booking.AlertBooksDiffer, func(t *testing.T) { assert.Zero(t, w.money(t)) }}
		},
		"all of it captured at the dashboard": func(t *testing.T, w *world) discrepancy {
			b := w.book(t, w.customer, "k", "A01")
			w.pay(t, b.Payment.Reference, "pm_card_visa")
			_, err := w.vendor.Capture(b.Payment.Reference, nil)
			require.NoError(t, err)
			return discrepancy{map[booking.FindingKind]int{booking.FindingLostCapture: 1, booking.FindingCaptureUnasked: 1}, 0, "alerted",
				booking.AlertCaptureUnasked, func(t *testing.T) { assert.Equal(t, b.Quote.Total.Amount, w.money(t), "it is in the books") }}
		},
		// Our workflow saw the capture and sold the seats for it. What came first is in the books.
		"captured at the dashboard, and sold then": func(t *testing.T, w *world) discrepancy {
			b := w.bought(t, w.customer, "k", "A01")
			w.exec(`UPDATE ledger SET at = (SELECT min(at) FROM booking_events WHERE event = 'confirmed') - interval '1 second'
				WHERE movement = 'capture'`)
			return discrepancy{map[booking.FindingKind]int{booking.FindingCaptureUnasked: 1}, 0, "alerted", booking.AlertCaptureUnasked,
				func(t *testing.T) { assert.Equal(t, b.Quote.Total.Amount, w.money(t)) }}
		},
		"a dispute": func(t *testing.T, w *world) discrepancy {
			b := w.bought(t, w.customer, "k", "A01")
			answer, err := http.Post(w.sandbox+"/sandbox/stripe/disputes", "application/json",
				strings.NewReader(fmt.Sprintf(`{"payment_intent":%q}`, b.Payment.Reference)))
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			return discrepancy{map[booking.FindingKind]int{booking.FindingDispute: 1}, 0, "recorded", booking.AlertDisputeOpened,
				func(t *testing.T) {
					assert.Equal(t, fmt.Sprint(b.Quote.Total.Amount), w.text(`SELECT sum(amount)::text FROM ledger WHERE movement = 'chargeback'`))
				}}
		},
		"a payment that the vendor does not know": func(t *testing.T, w *world) discrepancy {
			b := w.book(t, w.customer, "k", "A01")
			require.NoError(t, w.options.Payments.Payments.Record(t.Context(), booking.PaymentState{
				Provider: "stripe", Reference: "pi_nowhere", BookingID: b.ID, Attempt: 2, Status: booking.PaymentCaptured,
				Amount: b.Quote.Total.Amount, Captured: b.Quote.Total.Amount, Currency: "INR"}))
			return discrepancy{map[booking.FindingKind]int{booking.FindingUnknown: 1}, 0, "alerted", booking.AlertBooksDiffer,
				func(t *testing.T) { assert.Equal(t, b.Quote.Total.Amount, w.money(t), "the books stay as they are") }}
		},
		// Scenario 23: two bookings may cost the same, so an amount proves nothing.
		"a stray payment": func(t *testing.T, w *world) discrepancy {
			b := w.book(t, w.customer, "k", "A01")
			stray := w.atVendor(t, b.Quote.Total.Amount, map[string]string{"order": "66"})
			return discrepancy{map[booking.FindingKind]int{booking.FindingStray: 1}, 0, "alerted", booking.AlertStrayPayment,
				func(t *testing.T) {
					assert.Equal(t, booking.PaymentCaptured, w.standsAt(t, stray).Status, "not ours to give back")
					assert.Zero(t, w.money(t))
				}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := make(t, w)
			first, heard := w.reconcile(t)
			assert.Equal(t, want.found, orNone(first.Found))
			assert.Equal(t, want.back, first.GivenBack)
			total := 0
			for _, n := range want.found {
				total += n
			}
			assert.Equal(t, total, first.New)
			if want.check != nil {
				want.check(t)
				assert.Equal(t, "1", w.text(`SELECT count(*)::text FROM alerts WHERE kind = $1`, string(want.alert)))
				assert.Contains(t, w.text(`SELECT string_agg(done, ' ') FROM reconciliation_findings`), want.done)
			}
			if want.back > 0 {
				assert.NotEmpty(t, heard.sent, "the customer is told")
				assert.Contains(t, w.text(`SELECT string_agg(done, ' ') FROM reconciliation_findings`), "give_back")
			}

			ours, theirs := w.rows(), w.vendorsBooks(t)
			second, heardToo := w.reconcile(t)
			assert.Zero(t, second.New)
			assert.Zero(t, second.GivenBack)
			assert.Empty(t, heardToo.moved)
			assert.Empty(t, heardToo.sent)
			assert.Equal(t, ours, w.rows(), "a repeat changes nothing")
			assert.JSONEq(t, theirs, w.vendorsBooks(t))
			assert.Equal(t, "0", w.text(`SELECT count(*)::text FROM reconciliation_payments`))
			if want.check != nil {
				want.check(t)
			}
		})
	}
}

// orNone is nil for an empty map.
func orNone(found map[booking.FindingKind]int) map[booking.FindingKind]int {
	if len(found) == 0 {
		return nil
	}
	return found
}

const settled = "/settlement?from=2026-01-01&to=2026-12-31"

func TestSettlementOfATheater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theater := w.text(`SELECT id::text FROM theaters`)
	path := "/v1/theaters/" + theater + "/settlement"
	today := w.text(`SELECT (now() AT TIME ZONE 'Asia/Kolkata')::date::text`)
	days := "?from=" + today + "&to=" + today
	b := w.bought(t, w.customer, "k", "A01", "A02")

	var report booking.SettlementReport
	w.do(t, call{token: w.admin, method: "GET", path: path + days, status: http.StatusOK}).into(t, &report)
	money := func(amount int64) booking.Money { return booking.Money{Amount: amount, Currency: "INR"} }
	row := booking.SettlementRow{Day: today, Provider: "stripe", Currency: "INR", Bookings: 1, Captured: b.Quote.Total,
		Refunded: money(0), ChargedBack: money(0), BookingFees: b.Quote.Fees, Taxes: b.Quote.Taxes, Unsold: money(0),
		Owed: money(b.Quote.Total.Amount - b.Quote.Fees.Amount)}
	total := row
	total.Day = ""
	assert.Equal(t, booking.SettlementReport{TheaterID: theater, TimeZone: "Asia/Kolkata", From: today, To: today,
		Days: []booking.SettlementRow{row}, Totals: []booking.SettlementRow{total}}, report)

	sheet := w.do(t, call{token: w.support, method: "GET", path: path + days + "&format=csv", status: http.StatusOK})
	assert.Equal(t, "text/csv; charset=utf-8", sheet.header.Get("Content-Type"))
	assert.Contains(t, sheet.header.Get("Content-Disposition"), "settlement-"+theater+"-"+today+"-"+today+".csv")
	amounts := "stripe,INR,1,1102.00,0.00,0.00,40.00,162.00,unknown,0.00,1062.00\r\n"
	assert.Equal(t, "day,provider,currency,bookings,captured,refunded,charged_back,booking_fees,taxes,provider_fees,unsold,owed_to_theater\r\n"+
		today+","+amounts+"total,"+amounts, string(sheet.body))

	for query, field := range map[string]string{
		"":                               "from",
		"?from=2026-02-30&to=2026-03-01": "from",
		"?from=2026-03-01&to=soon":       "to",
		"?from=2026-03-02&to=2026-03-01": "to",
		"?from=2026-01-01&to=2027-01-02": "to",
		days + "&format=pdf":             "format",
	} {
		refused := w.do(t, call{token: w.admin, method: "GET", path: path + query, status: http.StatusUnprocessableEntity, code: "validation_failed"})
		var problem struct{ Errors []booking.FieldError }
		require.NoError(t, json.Unmarshal(refused.body, &problem))
		require.NotEmpty(t, problem.Errors, query)
		assert.Equal(t, field, problem.Errors[0].Field, query)
	}
	w.do(t, call{token: w.admin, method: "GET", path: path + "?from=2025-12-31&to=2026-12-31", status: http.StatusOK})
	w.do(t, call{token: w.manager, method: "GET", path: path + days, status: http.StatusForbidden, code: "forbidden"})
	w.do(t, call{token: w.admin, method: "GET", path: "/v1/theaters/" + uuid.NewString() + settled, status: http.StatusNotFound, code: "not_found"})
}
