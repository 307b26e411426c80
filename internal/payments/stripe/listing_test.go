package stripe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
)

// A day has more payments than Stripe gives at once: each is on one page, none is left out.
func TestListsOfManyPages(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	provider := newProvider(t, v.url, currentSecret)
	const payments = 203
	opened := map[string]int{}
	for range payments {
		state, err := provider.Open(t.Context(), booking.PaymentRequest{BookingID: uuid.NewString(), Provider: stripe.Name, Attempt: 1,
			Amount: booking.Money{Amount: 45_000, Currency: "INR"}, Description: "Kite", ExpiresAt: time.Now().Add(time.Hour), Key: uuid.NewString()})
		require.NoError(t, err)
		opened[state.Reference] = 0
	}
	span := booking.PaymentSpan{From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)}
	var sizes []int
	for {
		page, err := provider.ListPayments(t.Context(), span)
		require.NoError(t, err)
		sizes = append(sizes, len(page.Payments))
		for _, state := range page.Payments {
			opened[state.Reference]++
		}
		if span.Cursor = page.Next; span.Cursor == "" {
			break
		}
		require.Less(t, len(sizes), 10)
	}
	assert.Equal(t, []int{100, 100, 3, 0, 0}, sizes, "intents, then refunds, then disputes")
	assert.Len(t, opened, payments)
	for reference, times := range opened {
		assert.Equal(t, 1, times, reference)
	}
}

// A captured payment's transaction tells Stripe's fee, in the currency of the account.
func TestListsTellTheFee(t *testing.T) {
	t.Parallel()
	const intent = `{"id":"pi_%d","object":"payment_intent","status":"succeeded","currency":"isk","amount":45000,"amount_received":45000,
		"latest_charge":{"id":"ch_1","amount":45000,"amount_captured":45000,"balance_transaction":%s}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Contains(t, r.URL.Query()["expand[1]"], "data.latest_charge.balance_transaction")
		fmt.Fprintf(w, `{"object":"list","has_more":false,"data":[%s,%s,%s]}`,
			fmt.Sprintf(intent, 1, `{"id":"txn_1","fee":1300,"currency":"isk"}`),
			fmt.Sprintf(intent, 2, `{"id":"txn_2","fee":1300,"currency":"eur"}`), fmt.Sprintf(intent, 3, `null`))
	}))
	t.Cleanup(server.Close)
	page, err := newProvider(t, server.URL, currentSecret).ListPayments(t.Context(), booking.PaymentSpan{From: time.Now().Add(-time.Hour), Until: time.Now()})
	require.NoError(t, err)
	require.Len(t, page.Payments, 3)
	assert.EqualValues(t, 13, page.Payments[0].Fee, "in units of ISO 4217, which has no decimals of this currency")
	assert.Zero(t, page.Payments[1].Fee, "unknown in the payment's currency")
	assert.Zero(t, page.Payments[2].Fee)
}

// A dispute that was won took money only if the account's balance says so.
func TestDisputesByWhatWasWithdrawn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dispute string
		status  booking.DisputeStatus
		untaken bool
	}{
		"won":                   {`"status":"won","balance_transactions":[{"id":"txn_1"},{"id":"txn_2"}]`, booking.DisputeWon, false},
		"won, nothing taken":    {`"status":"won","balance_transactions":[]`, booking.DisputeWon, true},
		"lost":                  {`"status":"lost","balance_transactions":[{"id":"txn_1"}]`, booking.DisputeLost, false},
		"open":                  {`"status":"needs_response","balance_transactions":[]`, booking.DisputeOpen, false},
		"an inquiry, withdrawn": {`"status":"warning_closed","balance_transactions":[]`, booking.DisputeClosed, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/disputes" {
				fmt.Fprint(w, `{"object":"list","has_more":false,"data":[{"id":"dp_1","object":"dispute","amount":45000,"currency":"inr",`+c.dispute+`}]}`)
				return
			}
			fmt.Fprint(w, `{"id":"pi_1","object":"payment_intent","status":"succeeded","currency":"inr","amount":45000,"amount_received":45000,
				"latest_charge":{"id":"ch_1","amount":45000,"amount_captured":45000,"disputed":true}}`)
		}))
		state, err := newProvider(t, server.URL, currentSecret).Get(t.Context(), "pi_1")
		server.Close()
		require.NoError(t, err, name)
		assert.Equal(t, []booking.Dispute{{Reference: "dp_1", Status: c.status, Amount: 45_000, Untaken: c.untaken}}, state.Disputes, name)
	}
}
