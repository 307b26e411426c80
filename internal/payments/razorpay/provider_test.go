package razorpay_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/razorpay"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	_, err := razorpay.New(razorpay.Options{APIURL: "sandbox", PublicURL: "tickets.example", WebhookSecrets: []string{" "}, CaptureWithin: time.Minute})
	for _, problem := range []string{"rzp_", "no key secret", "empty webhook", `"sandbox"`, `"tickets.example/pay/razorpay/{order}"`, "not 1m0s"} {
		require.ErrorContains(t, err, problem)
	}
	_, err = razorpay.New(razorpay.Options{KeyID: "rzp_live_1", KeySecret: "s", PublicURL: "https://tickets.example"})
	require.ErrorContains(t, err, "no webhook secret")
}

// What goes over the wire: the key, the receipt, the notes and how the order is captured.
func TestOpenAsksForManualCapture(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	var asked []string
	var body map[string]any
	provider := answering(t, func(w http.ResponseWriter, req *http.Request) {
		user, secret, _ := req.BasicAuth()
		assert.Equal(t, []string{keyID, keySecret}, []string{user, secret})
		asked = append(asked, req.Method+" "+req.URL.String())
		if req.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"entity":"collection","count":0,"items":[]}`)
			return
		}
		assert.NoError(t, json.NewDecoder(req.Body).Decode(&body))
		_, _ = io.WriteString(w, `{"id":"order_1","amount":45000,"currency":"INR","status":"created","notes":{"booking_id":"`+id+`","attempt":"2"}}`)
	})
	state, err := provider.Open(t.Context(), booking.PaymentRequest{BookingID: id, Attempt: 2, Amount: seats, Key: id + "-open-2"})
	require.NoError(t, err)
	assert.Equal(t, []string{"GET /v1/orders?receipt=" + id + "-2", "POST /v1/orders"}, asked)
	assert.Equal(t, map[string]any{
		"amount": 45000.0, "currency": "INR", "receipt": id + "-2", "unique_receipt": true,
		"notes":   map[string]any{"booking_id": id, "attempt": "2"},
		"payment": map[string]any{"capture": "manual", "capture_options": map[string]any{"manual_expiry_period": 1440.0, "refund_speed": "normal"}},
	}, body)
	assert.Equal(t, "https://tickets.example/pay/razorpay/order_1", state.CheckoutURL)
	assert.Equal(t, []any{id, 2}, []any{state.BookingID, state.Attempt})
}

// answering is a provider whose vendor is a function.
func answering(t *testing.T, vendor http.HandlerFunc) *razorpay.Provider {
	t.Helper()
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	return newProvider(t, server.URL, currentSecret)
}

func said(status int, code, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "description": text, "reason": "NA"}})
	}
}

// Each answer has its meaning: the outcome is unknown, the vendor failed, or it refuses.
func TestAnswersThatAreNoSuccess(t *testing.T) {
	t.Parallel()
	page := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		assert.Fail(t, "the redirect was followed")
		_, _ = io.WriteString(w, `{"id":"order_1"}`)
	}))
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		vendor http.HandlerFunc
		want   booking.Code
	}{
		"unknown id":      {said(400, "BAD_REQUEST_ERROR", "The id provided does not exist"), booking.CodeNotFound},
		"no id":           {said(400, "BAD_REQUEST_ERROR", "order_1 is not a valid id"), booking.CodeNotFound},
		"refused":         {said(400, "BAD_REQUEST_ERROR", "The amount must be valid"), booking.CodePaymentRefused},
		"wrong key":       {said(401, "BAD_REQUEST_ERROR", "Authentication failed"), booking.CodeProviderError},
		"too many":        {said(429, "BAD_REQUEST_ERROR", "Too many requests"), booking.CodeProviderUnavailable},
		"in progress":     {said(409, "BAD_REQUEST_ERROR", "Request in progress"), booking.CodeProviderUnavailable},
		"failed":          {said(500, "SERVER_ERROR", "Trouble"), booking.CodeProviderError},
		"gateway":         {said(502, "GATEWAY_ERROR", "Trouble"), booking.CodeProviderError},
		"a page":          {page(502, "<html>Bad gateway</html>"), booking.CodeProviderUnavailable},
		"an empty 200":    {page(200, ""), booking.CodeProviderUnavailable},
		"a 200 of none":   {page(200, "{}"), booking.CodeProviderUnavailable},
		"too large a 200": {page(200, `{"id":"`+strings.Repeat("x", 5<<20)+`"}`), booking.CodeProviderUnavailable},
		"a redirect": {func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, elsewhere.URL, http.StatusTemporaryRedirect)
		}, booking.CodeProviderUnavailable},
	} {
		_, err := answering(t, c.vendor).Get(t.Context(), "order_1")
		require.Error(t, err, name)
		assert.Equal(t, c.want, booking.CodeOf(err), "%s: %v", name, err)
	}
}

// Errors and logs end up with others: neither a key nor what Razorpay wrote is in them.
func TestErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	for _, vendor := range []http.HandlerFunc{
		said(400, "BAD_REQUEST_ERROR", "customer@example.com is refused"),
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		server := httptest.NewServer(vendor)
		t.Cleanup(server.Close)
		var log bytes.Buffer
		o := options(server.URL, currentSecret)
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		provider, err := razorpay.New(o)
		require.NoError(t, err)
		_, err = provider.Get(t.Context(), "order_1")
		require.Error(t, err)
		for _, secret := range []string{keySecret, currentSecret, "customer@example.com"} {
			assert.NotContains(t, log.String()+err.Error(), secret)
		}
		assert.NotEmpty(t, log.String())
	}
}

// A webhook that names no order is checked again later when Razorpay cannot be asked now.
func TestWebhookIsUnavailableWhileItCannotAsk(t *testing.T) {
	t.Parallel()
	body := []byte(`{"entity":"event","event":"refund.failed","payload":{"refund":{"entity":{"id":"rfnd_1","payment_id":"pay_1"}}}}`)
	header := http.Header{"X-Razorpay-Signature": {signature(currentSecret, body)}}
	_, err := answering(t, said(500, "SERVER_ERROR", "Trouble")).Webhook(t.Context(), body, header)
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
	event, err := answering(t, said(400, "BAD_REQUEST_ERROR", "The id provided does not exist")).Webhook(t.Context(), body, header)
	require.NoError(t, err)
	assert.Empty(t, event.Reference, "of another account")
	assert.Len(t, event.ID, 64, "without an id the body is its own")
}

// The list has three parts of Razorpay's, and goes on from a cursor.
func TestListPayments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want := map[string]bool{}
	for range 30 {
		reference := b.opened()
		b.pay(t, reference, map[string]any{"card": goodCard})
		want[reference] = true
	}
	disputed := b.captured()
	want[disputed] = true
	b.pull(t, "/disputes", map[string]any{"payment": disputed}, nil)
	got, disputes := map[string]bool{}, 0
	for _, state := range b.listed(span()) {
		got[state.Reference] = true
		assert.Equal(t, b.booking, state.BookingID)
		disputes = max(disputes, len(state.Disputes))
	}
	assert.Equal(t, want, got)
	assert.Equal(t, 1, disputes)
	past := booking.PaymentSpan{From: time.Now().Add(-2 * time.Hour), Until: time.Now().Add(-time.Hour)}
	assert.Empty(t, b.listed(past))
	for _, cursor := range []string{"orders:0", "payments", "payments:-1", "payments:x"} {
		_, err := b.ListPayments(t.Context(), booking.PaymentSpan{Cursor: cursor})
		assert.Equal(t, booking.CodeValidation, booking.CodeOf(err), cursor)
	}
}

// A payment of an earlier span is listed where it was refunded, and where it was disputed.
func TestListPaymentsThatMovedLater(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	refunded, disputed := b.captured(), b.captured()
	made := time.Now().Unix()
	require.Eventually(t, func() bool { return time.Now().Unix() > made }, 5*time.Second, 10*time.Millisecond)
	from := time.Now()
	b.pull(t, "/payments/"+refunded+"/refund", map[string]any{"amount": 100}, nil)
	b.pull(t, "/disputes", map[string]any{"payment": disputed}, nil)
	var got []string
	for _, state := range b.listed(booking.PaymentSpan{From: from, Until: from.Add(time.Hour)}) {
		got = append(got, state.Reference)
	}
	assert.Equal(t, []string{refunded, disputed}, got)
}

// Two orders of one receipt, as accounts without unique receipts may have: the first counts.
func TestOpenTakesTheFirstOfTwoOrders(t *testing.T) {
	t.Parallel()
	provider := answering(t, func(w http.ResponseWriter, req *http.Request) {
		assert.Equal(t, http.MethodGet, req.Method)
		_, _ = io.WriteString(w, `{"items":[
			{"id":"order_2","amount":45000,"currency":"INR","status":"created","notes":[],"created_at":20},
			{"id":"order_1","amount":45000,"currency":"INR","status":"created","notes":[],"created_at":10}]}`)
	})
	state, err := provider.Open(t.Context(), booking.PaymentRequest{BookingID: uuid.NewString(), Attempt: 1, Amount: seats})
	require.NoError(t, err)
	assert.Equal(t, "order_1", state.Reference)
}

// troubled is a bench whose log can be read, and which breaks an operation of the vendor.
func troubled(t *testing.T) (b *bench, log *bytes.Buffer, breaks func(operation string, status int)) {
	t.Helper()
	b, log = newBench(t), &bytes.Buffer{}
	o := options(b.url+"/razorpay", currentSecret)
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	provider, err := razorpay.New(o)
	require.NoError(t, err)
	b.Provider = provider
	return b, log, func(operation string, status int) {
		raw, err := json.Marshal(map[string]any{"vendor": "razorpay", "operation": operation, "fault": "error", "status": status})
		require.NoError(t, err)
		answer, err := http.Post(b.url+"/faults", "application/json", bytes.NewReader(raw))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusCreated, answer.StatusCode)
	}
}

// The list of disputes decides nothing about a capture or a refund. Without it they go on; only
// the list of payments, which exists for what was missed, fails.
func TestDisputesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 500, 503} {
		b, log, breaks := troubled(t)
		reference := b.captured()
		b.pull(t, "/disputes", map[string]any{"payment": reference, "phase": "retrieval"}, nil)
		require.Len(t, b.stands(reference).Disputes, 1)
		breaks("disputes.list", status)

		state := b.stands(reference)
		assert.Equal(t, []any{booking.PaymentCaptured, seats.Amount}, []any{state.Status, state.Captured}, status)
		assert.Empty(t, state.Disputes)
		assert.Contains(t, log.String(), "without its disputes")
		assert.NotContains(t, log.String(), "customer@example.com")

		// The answer to the capture was lost: the repeat looks, and it is captured.
		state, err := b.Capture(t.Context(), b.step(reference))
		require.NoError(t, err, status)
		assert.Equal(t, seats.Amount, state.Captured)
		state, err = b.Void(t.Context(), b.step(reference))
		require.NoError(t, err, status)
		assert.Equal(t, seats.Amount, state.Captured)
		state, err = b.Refund(t.Context(), b.step(reference))
		require.NoError(t, err, status)
		assert.Equal(t, []any{booking.PaymentRefunded, seats.Amount}, []any{state.Status, state.Refunded}, status)

		_, err = b.ListPayments(t.Context(), span())
		require.Error(t, err, "a day without its disputes would look well")
	}
}

// The vendor lists payments of which it then knows nothing; the day's others are told of.
func TestListPaymentsLeavesOutWhatIsNotThere(t *testing.T) {
	t.Parallel()
	missing := said(400, "BAD_REQUEST_ERROR", "The id provided does not exist")
	routes := map[string]string{
		"/v1/payments":                `{"items":[{"id":"pay_1","order_id":"order_1"},{"id":"pay_2","order_id":"order_2"}]}`,
		"/v1/refunds":                 `{"items":[{"id":"rfnd_3","payment_id":"pay_3"}]}`,
		"/v1/disputes":                `{"items":[]}`,
		"/v1/orders/order_2":          `{"id":"order_2","amount":45000,"currency":"INR","notes":[]}`,
		"/v1/orders/order_2/payments": `{"items":[{"id":"pay_2","order_id":"order_2","amount":45000,"currency":"INR","status":"authorized"}]}`,
	}
	var log bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if answer, known := routes[req.URL.Path]; known {
			_, _ = io.WriteString(w, answer)
			return
		}
		missing(w, req)
	}))
	t.Cleanup(server.Close)
	o := options(server.URL, currentSecret)
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	provider, err := razorpay.New(o)
	require.NoError(t, err)
	b := &bench{Provider: provider, t: t}
	listed := b.listed(span())
	require.Len(t, listed, 1)
	assert.Equal(t, "order_2", listed[0].Reference)
	for _, id := range []string{"id=pay_1", "id=rfnd_3"} {
		assert.Contains(t, log.String(), id)
	}
}

// Razorpay takes the money of a dispute when it is lost, and says what it has taken.
func TestDisputesByWhatWasDeducted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dispute string
		status  booking.DisputeStatus
		amount  int64
		untaken bool
	}{
		"open, nothing taken":         {`"status":"open","phase":"chargeback","amount_deducted":0`, booking.DisputeInquiry, 10_000, false},
		"under review, nothing taken": {`"status":"under_review","phase":"arbitration"`, booking.DisputeInquiry, 10_000, false},
		"open, taken":                 {`"status":"open","phase":"chargeback","amount_deducted":9000`, booking.DisputeOpen, 9_000, false},
		"taken while it only asked":   {`"status":"open","phase":"retrieval","amount_deducted":9000`, booking.DisputeOpen, 9_000, false},
		"lost":                        {`"status":"lost","phase":"chargeback","amount_deducted":8000`, booking.DisputeLost, 8_000, false},
		"lost, not deducted yet":      {`"status":"lost","phase":"chargeback","amount_deducted":0`, booking.DisputeLost, 10_000, false},
		"won":                         {`"status":"won","phase":"chargeback","amount_deducted":0`, booking.DisputeWon, 10_000, true},
		"won, and the deduction told": {`"status":"won","phase":"chargeback","amount_deducted":9000`, booking.DisputeWon, 9_000, false},
		"closed":                      {`"status":"closed","phase":"fraud","amount_deducted":0`, booking.DisputeClosed, 10_000, false},
		"closed, of a chargeback":     {`"status":"closed","phase":"chargeback","amount_deducted":0`, booking.DisputeWon, 10_000, true},
		"an unknown word":             {`"status":"later","phase":"chargeback","amount_deducted":0`, booking.DisputeInquiry, 10_000, false},
		"an unknown word, taken":      {`"status":"later","phase":"chargeback","amount_deducted":1`, booking.DisputeOpen, 1, false},
	} {
		routes := map[string]string{
			"/v1/orders/order_1":          `{"id":"order_1","amount":45000,"currency":"INR","notes":[]}`,
			"/v1/orders/order_1/payments": `{"items":[{"id":"pay_1","amount":45000,"currency":"INR","status":"captured","captured":true}]}`,
			"/v1/payments/pay_1/refunds":  `{"items":[]}`,
			"/v1/disputes":                `{"items":[{"id":"disp_1","payment_id":"pay_1","amount":10000,` + c.dispute + `}]}`,
		}
		state, err := answering(t, func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.WriteString(w, routes[req.URL.Path])
		}).Get(t.Context(), "order_1")
		require.NoError(t, err, name)
		assert.Equal(t, []booking.Dispute{{Reference: "disp_1", Status: c.status, Amount: c.amount, Untaken: c.untaken}}, state.Disputes, name)
	}
}

// Only of rupees is it sure in which currency the fee is.
func TestFeeOfRupeesOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	assert.EqualValues(t, 1_062, b.stands(b.captured()).Fee)
	dollars := booking.Money{Amount: 4_500, Currency: "USD"}
	state, err := b.Open(t.Context(), booking.PaymentRequest{BookingID: uuid.NewString(), Attempt: 1, Amount: dollars})
	require.NoError(t, err)
	b.pay(t, state.Reference, map[string]any{"card": goodCard})
	step := b.step(state.Reference)
	step.Amount = dollars
	_, err = b.Capture(t.Context(), step)
	require.NoError(t, err)
	state = b.stands(state.Reference)
	assert.Equal(t, []int64{4_500, 0}, []int64{state.Captured, state.Fee})
}

// A list of disputes that does not come does not use up the time of a capture.
func TestDisputesThatDoNotCome(t *testing.T) {
	t.Parallel()
	routes := map[string]string{
		"/v1/orders/order_1":          `{"id":"order_1","amount":45000,"currency":"INR","notes":[]}`,
		"/v1/orders/order_1/payments": `{"items":[{"id":"pay_1","amount":45000,"currency":"INR","status":"captured","captured":true}]}`,
		"/v1/payments/pay_1/refunds":  `{"items":[]}`,
	}
	provider := answering(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/v1/disputes" {
			<-req.Context().Done()
			return
		}
		_, _ = io.WriteString(w, routes[req.URL.Path])
	})
	began := time.Now()
	state, err := provider.Get(t.Context(), "order_1")
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentCaptured, state.Status)
	assert.Less(t, time.Since(began), 15*time.Second, "the client waits for 30")
}
