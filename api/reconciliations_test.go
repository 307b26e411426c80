package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/razorpay"
)

// reconciledDays is a page as clients read it.
type reconciledDays struct {
	Items      []booking.ReconciledDay `json:"items"`
	NextCursor string                  `json:"next_cursor"`
}

// What a run found is there for staff, with the amounts of both sides and what was done.
func TestReconciliationsAreReadByStaff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	_, err := w.provider.Refund(t.Context(), booking.MoneyStep{BookingID: b.ID, Provider: "stripe", Reference: b.Payment.Reference,
		Amount: booking.Money{Amount: 700, Currency: "INR"}, Key: "desk"})
	require.NoError(t, err)
	stray := w.atVendor(t, 45_000, map[string]string{"order": "66"})
	result, _ := w.reconcile(t)
	today := time.Now().UTC().Format(time.DateOnly)

	var days reconciledDays
	w.do(t, call{token: w.support, method: "GET", path: "/v1/reconciliations", status: http.StatusOK}).into(t, &days)
	require.Len(t, days.Items, 1)
	day := days.Items[0]
	assert.Equal(t, []any{"stripe", result.Day, result.Listed, 2, 1}, []any{day.Provider, day.Day, day.Listed, day.Findings, day.Alerted})
	require.NotNil(t, day.FinishedAt)
	assert.False(t, day.FinishedAt.Before(day.BeganAt))

	var one struct {
		booking.ReconciledDay
		Items []booking.Found `json:"items"`
	}
	path := "/v1/reconciliations/stripe/" + today
	w.do(t, call{token: w.admin, method: "GET", path: path, status: http.StatusOK}).into(t, &one)
	assert.Equal(t, day, one.ReconciledDay)
	found := map[string]booking.Found{}
	for _, f := range one.Items {
		found[f.Reference] = f
	}
	refund := found[b.Payment.Reference]
	assert.Equal(t, booking.FindingRefundOutside, refund.Kind)
	assert.Equal(t, "recorded", refund.Done)
	assert.Equal(t, &b.ID, refund.BookingID)
	assert.Equal(t, &booking.Money{Amount: 0, Currency: "INR"}, refund.Ours)
	assert.Equal(t, &booking.Money{Amount: 700, Currency: "INR"}, refund.Theirs)
	assert.Equal(t, booking.FindingStray, found[stray].Kind)
	assert.Equal(t, "alerted", found[stray].Done)
	assert.Nil(t, found[stray].BookingID)
	assert.Nil(t, found[stray].Ours)

	for _, token := range []string{w.customer, w.manager} {
		w.do(t, call{token: token, method: "GET", path: path, status: http.StatusForbidden, code: "forbidden"})
		w.do(t, call{token: token, method: "GET", path: "/v1/reconciliations", status: http.StatusForbidden, code: "forbidden"})
	}
	for _, nowhere := range []string{"stripe/2026-01-01", "tea/" + today, "stripe/today", "stripe/0000-01-01", "%ff/" + today} {
		w.do(t, call{token: w.admin, method: "GET", path: "/v1/reconciliations/" + nowhere, status: http.StatusNotFound, code: "not_found", without: true})
	}
	w.do(t, call{token: w.admin, method: "GET", path: "/v1/reconciliations?provider=%ff", status: http.StatusUnprocessableEntity, code: "validation_failed", without: true})
	for _, odd := range []string{"?limit=0", "?cursor=x"} {
		w.do(t, call{token: w.admin, method: "GET", path: "/v1/reconciliations" + odd, status: http.StatusUnprocessableEntity, code: "validation_failed", without: true})
		w.do(t, call{token: w.admin, method: "GET", path: path + odd, status: http.StatusUnprocessableEntity, code: "validation_failed", without: true})
	}
}

// Days and findings come in pages, the newest day first; a day that runs has no end.
func TestReconciliationsInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO reconciliations (provider, day, began_at, finished_at)
		SELECT p, d, now(), CASE WHEN d < '2026-11-03' THEN now() END
		FROM unnest(ARRAY['paypal', 'razorpay', 'stripe']) p, generate_series('2026-11-01'::date, '2026-11-03', '1 day') d`)
	w.exec(`INSERT INTO reconciliation_findings (provider, reference, kind, currency, day, run, done)
		SELECT 'razorpay', 'order_' || n, 'stray_payment', 'INR', '2026-11-02', 'run', CASE WHEN n = 1 THEN 'came_back' ELSE 'alerted' END
		FROM generate_series(1, 5) n`)

	read := func(query string) (all []string, pages int) {
		t.Helper()
		cursor := ""
		for {
			var page reconciledDays
			w.do(t, call{token: w.support, method: "GET", path: "/v1/reconciliations?limit=2" + query + cursor, status: http.StatusOK}).into(t, &page)
			pages++
			for _, day := range page.Items {
				name := day.Day[8:] + " " + day.Provider
				if day.FinishedAt == nil {
					name += " runs"
				}
				all = append(all, name)
			}
			if page.NextCursor == "" {
				return all, pages
			}
			cursor = "&cursor=" + page.NextCursor
		}
	}
	all, pages := read("")
	assert.Equal(t, []string{"03 stripe runs", "03 razorpay runs", "03 paypal runs", "02 stripe", "02 razorpay", "02 paypal",
		"01 stripe", "01 razorpay", "01 paypal"}, all)
	assert.Equal(t, 5, pages)
	all, _ = read("&provider=paypal")
	assert.Equal(t, []string{"03 paypal runs", "02 paypal", "01 paypal"}, all)
	all, _ = read("&provider=tea")
	assert.Empty(t, all)

	var references []string
	cursor := ""
	for {
		var page struct {
			Findings, Alerted int
			Items             []booking.Found
			NextCursor        string `json:"next_cursor"`
		}
		got := w.do(t, call{token: w.support, method: "GET", path: "/v1/reconciliations/razorpay/2026-11-02?limit=2" + cursor, status: http.StatusOK})
		require.NoError(t, json.Unmarshal(got.body, &page))
		assert.Equal(t, []int{5, 4}, []int{page.Findings, page.Alerted})
		for _, f := range page.Items {
			references = append(references, f.Reference)
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	assert.Equal(t, "order_1 order_2 order_3 order_4 order_5", strings.Join(references, " "))
}

// What we released at Razorpay goes back when the time for its capture has passed. When it does
// not, the daily run says so, once; when it is back, a run resolves that.
func TestMoneyReleasedAtRazorpayComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	provider, err := razorpay.New(razorpay.Options{KeyID: "rzp_test_released", KeySecret: "secret", APIURL: w.sandbox + "/razorpay",
		WebhookSecrets: []string{"secret"}, PublicURL: "https://tickets.example", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	b := w.book(t, w.customer, "k", "A01")
	state, err := provider.Open(t.Context(), booking.PaymentRequest{BookingID: b.ID, Provider: "razorpay", Attempt: 2, Amount: b.Quote.Total})
	require.NoError(t, err)
	pull := func(lever, body string) {
		t.Helper()
		answer, err := http.Post(w.sandbox+"/sandbox/razorpay/orders/"+state.Reference+"/"+lever, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
	pull("pay", `{"card":"4100280000001007"}`)
	voided, err := provider.Void(t.Context(), booking.MoneyStep{BookingID: b.ID, Provider: "razorpay", Reference: state.Reference, Amount: b.Quote.Total})
	require.NoError(t, err)
	require.NoError(t, w.options.Payments.Payments.Record(t.Context(), voided))
	alerts := func() string {
		return w.text(`SELECT coalesce(string_agg(kind || ' ' || openings || CASE WHEN resolved_at IS NULL THEN '' ELSE ' resolved' END, ', '), 'none')
			FROM alerts`)
	}
	first, _ := w.reconcileWith(t, "razorpay", provider)
	assert.Empty(t, first.Found, "in time")

	w.exec(`UPDATE released_money SET due_at = now() - interval '25 hours'`)
	for range 2 {
		again, _ := w.reconcileWith(t, "razorpay", provider)
		assert.Equal(t, map[booking.FindingKind]int{booking.FindingNotBack: 1}, again.Found)
		assert.Equal(t, "released_not_back 1", alerts())
	}
	pull("lapse", `{}`)
	last, _ := w.reconcileWith(t, "razorpay", provider)
	assert.Empty(t, last.Found)
	assert.Equal(t, "released_not_back 1 resolved", alerts())
	assert.Equal(t, "came_back", w.text(`SELECT done FROM reconciliation_findings`))
}
