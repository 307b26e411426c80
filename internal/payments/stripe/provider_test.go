package stripe_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
)

const (
	reference = "pi_3OneTwoThree"
	bookingID = "6a2f41a3-c54c-4a5b-8a1b-0e5b3b0c9d11"
	secret    = reference + "_secret_hush"
)

// answering is a provider whose vendor gives one answer to everything, and what
// was logged.
func answering(t *testing.T, status int, body string) (*stripe.Provider, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Request-Id", "req_1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	log := &bytes.Buffer{}
	provider, err := stripe.New(stripe.Options{
		SecretKey: testKey, APIURL: server.URL, WebhookSecrets: []string{currentSecret},
		CheckoutURL: "https://pay.example/{payment_intent}?for={booking}",
		Logger:      slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	return provider, log
}

func intent(rest string) string {
	return fmt.Sprintf(`{"id":%q,"object":"payment_intent","amount":45000,"currency":"inr","client_secret":%q,
		"metadata":{"booking_id":%q,"attempt":"2"},%s}`, reference, secret, bookingID, rest)
}

func TestState(t *testing.T) {
	t.Parallel()
	charge := func(captured, refunded int64) string {
		return fmt.Sprintf(`"latest_charge":{"id":"ch_1","object":"charge","amount":45000,"amount_captured":%d,"amount_refunded":%d}`, captured, refunded)
	}
	type money struct{ authorized, captured, refunded int64 }
	tests := []struct {
		name    string
		body    string
		status  booking.PaymentStatus
		money   money
		failure string
	}{
		{"new", `"status":"requires_payment_method"`, booking.PaymentOpen, money{}, ""},
		{"declined", `"status":"requires_payment_method","last_payment_error":{"type":"card_error","message":"Your card was declined."}`,
			booking.PaymentFailed, money{}, "Your card was declined."},
		{"tried again after a decline", `"status":"requires_confirmation","last_payment_error":{"type":"card_error","message":"Old."}`,
			booking.PaymentOpen, money{}, ""},
		{"at the bank", `"status":"requires_action"`, booking.PaymentOpen, money{}, ""},
		{"processing", `"status":"processing"`, booking.PaymentOpen, money{}, ""},
		{"a status of the future", `"status":"requires_patience"`, booking.PaymentOpen, money{}, ""},
		{"authorized", `"status":"requires_capture","amount_capturable":45000,` + charge(0, 0),
			booking.PaymentAuthorized, money{authorized: 45000}, ""},
		{"captured", `"status":"succeeded","amount_received":45000,` + charge(45000, 0),
			booking.PaymentCaptured, money{captured: 45000}, ""},
		{"charge not expanded", `"status":"succeeded","amount_received":45000,"latest_charge":"ch_1"`,
			booking.PaymentCaptured, money{captured: 45000}, ""},
		{"refunded in part", `"status":"succeeded","amount_received":45000,` + charge(45000, 10000),
			booking.PaymentCaptured, money{captured: 45000, refunded: 10000}, ""},
		{"refunded", `"status":"succeeded","amount_received":45000,` + charge(45000, 45000),
			booking.PaymentRefunded, money{captured: 45000, refunded: 45000}, ""},
		{"captured in part: the rest was released, not refunded", `"status":"succeeded","amount_received":30000,` + charge(30000, 15000),
			booking.PaymentCaptured, money{captured: 30000}, ""},
		{"voided before it was authorized", `"status":"canceled"`, booking.PaymentVoided, money{}, ""},
		{"voided: Stripe calls the released charge refunded", `"status":"canceled",` + charge(0, 45000),
			booking.PaymentVoided, money{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, _ := answering(t, http.StatusOK, intent(tt.body))
			got, err := provider.Get(t.Context(), reference)
			require.NoError(t, err)
			assert.Equal(t, booking.PaymentState{
				Provider: "stripe", Reference: reference, BookingID: bookingID, Attempt: 2, Status: tt.status,
				Amount: 45000, Authorized: tt.money.authorized, Captured: tt.money.captured, Refunded: tt.money.refunded,
				Currency: "INR", ClientSecret: secret, Failure: tt.failure,
				CheckoutURL: "https://pay.example/" + reference + "?for=" + bookingID,
			}, got)
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	stripeError := func(kind, code, message string) string {
		return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":%q,"payment_intent":%s,
			"payment_method":{"billing_details":{"name":"Jo Bloggs","email":"jo@example.test"}}}}`,
			kind, code, message, intent(`"status":"requires_payment_method"`))
	}
	const internal = "No such parameter: hush"
	tests := []struct {
		name    string
		status  int
		body    string
		code    booking.Code
		message string
	}{
		{"its own failure", 500, stripeError("api_error", "", internal), booking.CodeProviderError, "The payment provider reported a failure of its own."},
		{"overloaded", 503, stripeError("api_error", "", internal), booking.CodeProviderError, "The payment provider reported a failure of its own."},
		{"too fast", 429, stripeError("invalid_request_error", "rate_limit", internal), booking.CodeProviderUnavailable, "The payment provider is busy."},
		{"under way", 409, stripeError("idempotency_error", "idempotency_key_in_use", internal), booking.CodeProviderUnavailable, "The payment provider is busy."},
		{"wrong key", 401, stripeError("invalid_request_error", "", internal), booking.CodeProviderError, "The payment provider did not let us in."},
		{"key reused", 400, stripeError("idempotency_error", "", internal), booking.CodePaymentRefused, "The payment provider refused the request."},
		{"bad request", 400, stripeError("invalid_request_error", "parameter_unknown", internal), booking.CodePaymentRefused, "The payment provider refused the request."},
		{"card", 402, stripeError("card_error", "card_declined", "Your card was declined."), booking.CodePaymentRefused, "Your card was declined."},
		{"unknown", 404, stripeError("invalid_request_error", "resource_missing", internal), booking.CodeNotFound, "Stripe has no such payment."},
		{"a gateway's page", 502, "<html>hush</html>", booking.CodeProviderUnavailable, "The payment provider did not answer."},
		{"no JSON", 200, "hush", booking.CodeProviderUnavailable, "The payment provider did not answer."},
		{"a redirect", 302, "", booking.CodeProviderUnavailable, "The payment provider did not answer."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, log := answering(t, tt.status, tt.body)
			step := booking.MoneyStep{BookingID: bookingID, Reference: reference, Amount: booking.Money{Amount: 1, Currency: "INR"}, Key: "k"}
			_, err := provider.Capture(t.Context(), step)
			require.Error(t, err)
			assert.Equal(t, tt.code, booking.CodeOf(err))
			var e *booking.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.message, e.Message)
			assert.Contains(t, log.String(), reference)
			// Errors travel into logs and histories that outlive the customer.
			for _, private := range []string{"hush", "Jo Bloggs", "jo@example.test", testKey} {
				assert.NotContains(t, err.Error(), private)
				assert.NotContains(t, log.String(), private)
			}
		})
	}
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	provider := newProvider(t, server.URL, currentSecret)
	_, err := provider.Get(t.Context(), reference)
	assert.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err))
}

func TestOptions(t *testing.T) {
	t.Parallel()
	_, err := stripe.New(stripe.Options{APIURL: "sandbox", WebhookSecrets: []string{""}, PublicURL: "tickets.example"})
	require.Error(t, err)
	for _, problem := range []string{"no secret key", "empty webhook", `"sandbox"`, `"tickets.example/pay/{booking}"`} {
		assert.ErrorContains(t, err, problem)
	}
	_, err = stripe.New(stripe.Options{SecretKey: "sk_live_x", PublicURL: "https://tickets.example"})
	assert.ErrorContains(t, err, "no webhook signing secret")

	v := newVendor(t)
	own := newProvider(t, v.url, currentSecret)
	state, err := own.Open(t.Context(), booking.PaymentRequest{
		BookingID: bookingID, Attempt: 1, Amount: booking.Money{Amount: 45_000, Currency: "INR"}, Key: "k",
	})
	require.NoError(t, err)
	assert.Equal(t, "https://tickets.example/pay/"+bookingID, state.CheckoutURL)
}
