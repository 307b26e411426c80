package stripe_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/refund"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/paymentstest"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

var (
	_ activities.PaymentProvider = (*stripe.Provider)(nil)
	_ activities.PaymentLister   = (*stripe.Provider)(nil)
	_ payments.Webhooks          = (*stripe.Provider)(nil)
)

const (
	testKey        = "sk_test_conformance"
	currentSecret  = "whsec_current"
	previousSecret = "whsec_previous"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	paymentstest.Run(t, paymentstest.Setup{New: newHarness, Charging: stripe.Limits, StoresFailures: true, SignsTime: true, Lists: true})
}

// vendor is a sandbox of the test's own.
type vendor struct {
	url      string
	intents  paymentintent.Client // the customer's browser, and the dashboard
	refunds  refund.Client
	disputes dispute.Client
}

func newVendor(t *testing.T) vendor {
	t.Helper()
	box := sandboxtest.New(t)
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		URL: sdk.String(box), LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull},
	})
	return vendor{
		url: box, intents: paymentintent.Client{B: backend, Key: testKey},
		refunds: refund.Client{B: backend, Key: testKey}, disputes: dispute.Client{B: backend, Key: testKey},
	}
}

func newProvider(t *testing.T, apiURL string, secrets ...string) *stripe.Provider {
	t.Helper()
	provider, err := stripe.New(stripe.Options{
		SecretKey: testKey, APIURL: apiURL, WebhookSecrets: secrets,
		PublicURL: "https://tickets.example", Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return provider
}

func newHarness(t *testing.T) paymentstest.Harness {
	v := newVendor(t)
	return paymentstest.Harness{
		Provider: newProvider(t, v.url, currentSecret, previousSecret),
		Rotated:  newProvider(t, v.url, currentSecret),
		Authorize: func(t *testing.T, reference string) {
			require.NoError(t, v.pay(reference, "pm_card_visa"))
		},
		Decline: func(t *testing.T, reference string) {
			require.Error(t, v.pay(reference, "pm_card_chargeDeclined"))
		},
		Challenge: func(t *testing.T, reference string) {
			require.NoError(t, v.pay(reference, "pm_card_authenticationRequired"))
		},
		CaptureElsewhere: func(t *testing.T, reference string, amount int64) {
			_, err := v.intents.Capture(reference, &sdk.PaymentIntentCaptureParams{AmountToCapture: &amount})
			require.NoError(t, err)
		},
		Dispute: func(t *testing.T, reference string) {
			v.pull(t, "/sandbox/stripe/disputes", map[string]any{"payment_intent": reference})
		},
		DecideDispute: func(t *testing.T, reference string, won bool) {
			list := v.disputes.List(&sdk.DisputeListParams{PaymentIntent: &reference})
			require.True(t, list.Next(), "%v", list.Err())
			status := map[bool]string{true: "won", false: "lost"}[won]
			v.pull(t, "/sandbox/stripe/disputes/"+list.Dispute().ID+"/decide", map[string]any{"status": status})
		},
		FailRefund: func(t *testing.T, reference string) {
			list := v.refunds.List(&sdk.RefundListParams{PaymentIntent: &reference})
			require.True(t, list.Next(), "%v", list.Err())
			v.pull(t, "/sandbox/stripe/refunds/"+list.Refund().ID+"/fail", map[string]any{"reason": "lost_or_stolen_card"})
		},
		Shows: v.shows,
		Fault: v.box().Fault,
		Books: v.box().Books,
		Sign:  sign,
	}
}

func (v vendor) pay(reference, method string) error {
	_, err := v.intents.Confirm(reference, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String(method)})
	return err
}

// pull moves one of the sandbox's levers.
func (v vendor) pull(t *testing.T, path string, body map[string]any) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	answer, err := http.Post(v.url+path, "application/json", bytes.NewReader(raw))
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Less(t, answer.StatusCode, 300, path)
}

// shows reads the vendor's own page, on which the customer pays.
func (v vendor) shows(t *testing.T, reference string) string {
	t.Helper()
	intent, err := v.intents.Get(reference, nil)
	require.NoError(t, err)
	answer, err := http.Get(v.url + "/checkout/" + reference + "?client_secret=" + intent.ClientSecret)
	require.NoError(t, err)
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	currency := strings.ToUpper(string(intent.Currency))
	found := regexp.MustCompile(`([\d,.]+) ` + currency).FindSubmatch(page)
	require.NotNil(t, found, "no amount in %s on the page", currency)
	shown := strings.ReplaceAll(string(found[1]), ",", "")
	if currency == "ISK" || currency == "UGX" { // written with two decimals, which the currencies do not have
		whole, none := strings.CutSuffix(shown, ".00")
		require.True(t, none, shown)
		return whole
	}
	return shown
}

// box are the sandbox's switches and books.
func (v vendor) box() paymentstest.Box {
	return paymentstest.Box{URL: v.url, Vendor: "stripe", Operations: map[paymentstest.Operation]string{
		paymentstest.OpOpen:    "payment_intents.create",
		paymentstest.OpGet:     "payment_intents.retrieve",
		paymentstest.OpCapture: "payment_intents.capture",
		paymentstest.OpVoid:    "payment_intents.cancel",
		paymentstest.OpRefund:  "refunds.create",
	}}
}

// sign makes an event as Stripe documents it.
func sign(t *testing.T, h paymentstest.Hook) ([]byte, http.Header) {
	t.Helper()
	metadata := map[string]string{"booking_id": h.BookingID}
	intent := map[string]any{"id": h.Reference, "object": "payment_intent", "metadata": metadata}
	charge := map[string]any{"id": "ch_1", "object": "charge", "payment_intent": h.Reference, "metadata": metadata}
	event := map[string]any{"id": h.ID, "object": "event", "api_version": sdk.APIVersion}
	about := func(kind string, object any) {
		event["type"], event["data"] = kind, map[string]any{"object": object}
	}
	switch h.Subject {
	case paymentstest.AboutAuthorization:
		about("payment_intent.amount_capturable_updated", intent)
	case paymentstest.AboutDecline:
		about("payment_intent.payment_failed", intent)
	case paymentstest.AboutCapture:
		about("charge.captured", charge)
	case paymentstest.AboutRefund:
		about("charge.refunded", charge)
	case paymentstest.AboutDispute:
		about("charge.dispute.created", map[string]any{
			"id": "dp_1", "object": "dispute", "payment_intent": intent, "metadata": map[string]string{},
		})
	case paymentstest.AboutFailedRefund:
		about("refund.failed", map[string]any{
			"id": "re_1", "object": "refund", "payment_intent": h.Reference, "metadata": metadata, "status": "failed",
		})
	case paymentstest.AboutNothingOfOurs:
		about("customer.created", map[string]any{"id": "cus_1", "object": "customer"})
	}
	if h.OtherVersion {
		event["api_version"] = "2029-01-01.later"
	}
	body, err := json.Marshal(event)
	require.NoError(t, err)
	secret := map[paymentstest.Secret]string{
		paymentstest.Current: currentSecret, paymentstest.Previous: previousSecret, paymentstest.Unknown: "whsec_unknown",
	}[h.Secret]
	return signBody(body, secret, cmp.Or(h.At, time.Now()))
}

func signBody(body []byte, secret string, at time.Time) ([]byte, http.Header) {
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at})
	return signed.Payload, http.Header{"Stripe-Signature": {signed.Header}}
}
