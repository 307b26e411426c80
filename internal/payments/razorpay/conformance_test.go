package razorpay_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/paymentstest"
	"github.com/boxoffice/boxoffice/internal/payments/razorpay"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

var (
	_ activities.PaymentProvider = (*razorpay.Provider)(nil)
	_ activities.PaymentLister   = (*razorpay.Provider)(nil)
	_ payments.Webhooks          = (*razorpay.Provider)(nil)
)

const (
	keyID          = "rzp_test_conformance"
	keySecret      = "key secret of the tests"
	currentSecret  = "webhook secret"
	previousSecret = "webhook secret of yesterday"

	goodCard  = "4100280000001007"
	emptyCard = "4100280000080001"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	paymentstest.Run(t, paymentstest.Setup{
		Lists: true,
		New:   newHarness, Charging: razorpay.Limits,
		VoidIsLater: true, WholeCaptureOnly: true, RefundsLater: true, NoClose: true,
	})
}

// vendor is a sandbox of the test's own. Its clock stands still.
type vendor struct{ url string }

func newVendor(t *testing.T) vendor {
	t.Helper()
	return vendor{url: sandboxtest.New(t)}
}

func options(apiURL string, secrets ...string) razorpay.Options {
	return razorpay.Options{
		KeyID: keyID, KeySecret: keySecret, APIURL: apiURL, WebhookSecrets: secrets,
		PublicURL: "https://tickets.example", Logger: slog.New(slog.DiscardHandler),
	}
}

func newProvider(t *testing.T, apiURL string, secrets ...string) *razorpay.Provider {
	t.Helper()
	provider, err := razorpay.New(options(apiURL, secrets...))
	require.NoError(t, err)
	return provider
}

func newHarness(t *testing.T) paymentstest.Harness {
	v := newVendor(t)
	return paymentstest.Harness{
		Provider: newProvider(t, v.url+"/razorpay", currentSecret, previousSecret),
		Rotated:  newProvider(t, v.url+"/razorpay", currentSecret),
		Authorize: func(t *testing.T, reference string) {
			require.Equal(t, "authorized", v.pay(t, reference, map[string]any{"card": goodCard}).Payment.Status)
		},
		Decline: func(t *testing.T, reference string) {
			require.Equal(t, "failed", v.pay(t, reference, map[string]any{"card": emptyCard}).Payment.Status)
		},
		Challenge: func(t *testing.T, reference string) {
			require.Equal(t, "created", v.pay(t, reference, map[string]any{"card": goodCard, "pending": true}).Payment.Status)
		},
		CaptureElsewhere: func(t *testing.T, reference string, _ int64) {
			v.pull(t, "/payments/"+reference+"/capture", nil, nil)
		},
		Lapse: func(t *testing.T, reference string) { v.pull(t, "/orders/"+reference+"/lapse", nil, nil) },
		GivenBack: func(t *testing.T, reference string) (sum int64) {
			for _, one := range v.payments(t, reference) {
				if !one.Captured {
					sum += one.AmountRefunded
				}
			}
			return sum
		},
		SettleRefunds: func(t *testing.T, reference string) {
			v.pull(t, "/refunds/settle", map[string]any{"payment": reference}, nil)
		},
		Dispute: func(t *testing.T, reference string) {
			v.pull(t, "/disputes", map[string]any{"payment": reference}, nil)
		},
		DecideDispute: func(t *testing.T, reference string, won bool) {
			status := map[bool]string{true: "won", false: "lost"}[won]
			v.pull(t, "/disputes/"+v.disputeOf(t, reference)+"/decide", map[string]any{"status": status}, nil)
		},
		FailRefund: func(t *testing.T, reference string) { v.pull(t, "/refunds/"+reference+"/fail", nil, nil) },
		Shows:      v.shows,
		Fault:      v.box().Fault,
		Books:      v.box().Books,
		Sign:       sign,
	}
}

// wirePayment is what the tests read of a payment.
type wirePayment struct {
	ID             string
	Status         string
	Captured       bool
	AmountRefunded int64 `json:"amount_refunded"`
}

// paid is the answer of the sandbox's customer.
type paid struct {
	Payment wirePayment
	Return  struct {
		Payment   string `json:"razorpay_payment_id"`
		Order     string `json:"razorpay_order_id"`
		Signature string `json:"razorpay_signature"`
	}
}

func (v vendor) pay(t *testing.T, reference string, means map[string]any) (out paid) {
	t.Helper()
	v.pull(t, "/orders/"+reference+"/pay", means, &out)
	return out
}

// pull moves one of the sandbox's levers.
func (v vendor) pull(t *testing.T, path string, body map[string]any, into any) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	if body == nil {
		raw = nil
	}
	answer, err := http.Post(v.url+"/sandbox/razorpay"+path, "application/json", bytes.NewReader(raw))
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s: %s", path, text)
	if into != nil {
		require.NoError(t, json.Unmarshal(text, into))
	}
}

// api asks Razorpay as another program would.
func (v vendor) api(t *testing.T, path string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.url+"/razorpay/v1"+path, nil)
	require.NoError(t, err)
	req.SetBasicAuth(keyID, keySecret)
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode, path)
	require.NoError(t, json.NewDecoder(answer.Body).Decode(into))
}

func (v vendor) payments(t *testing.T, order string) []wirePayment {
	t.Helper()
	var list struct{ Items []wirePayment }
	v.api(t, "/orders/"+order+"/payments", &list)
	return list.Items
}

func (v vendor) disputeOf(t *testing.T, order string) string {
	t.Helper()
	var list struct {
		Items []struct {
			ID      string
			Payment string `json:"payment_id"`
		}
	}
	v.api(t, "/disputes", &list)
	for _, one := range list.Items {
		if one.Payment == v.payments(t, order)[0].ID {
			return one.ID
		}
	}
	require.Fail(t, "no dispute")
	return ""
}

// shows reads the vendor's own page, on which the customer pays.
func (v vendor) shows(t *testing.T, reference string) string {
	t.Helper()
	answer, err := http.Get(v.url + "/razorpay/checkout/" + reference)
	require.NoError(t, err)
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	found := regexp.MustCompile(`class="amount">[^\d]*([\d,.]+) [A-Z]{3}`).FindSubmatch(page)
	require.NotNil(t, found, "no amount on the page")
	return strings.ReplaceAll(string(found[1]), ",", "")
}

// box are the sandbox's switches and books.
func (v vendor) box() paymentstest.Box {
	return paymentstest.Box{URL: v.url, Vendor: "razorpay", Operations: map[paymentstest.Operation]string{
		paymentstest.OpOpen:    "orders.create",
		paymentstest.OpGet:     "orders.retrieve",
		paymentstest.OpCapture: "payments.capture",
		paymentstest.OpVoid:    "orders.update",
		paymentstest.OpRefund:  "refunds.create",
	}}
}

// sign makes an event as Razorpay documents it.
func sign(t *testing.T, h paymentstest.Hook) ([]byte, http.Header) {
	t.Helper()
	notes := map[string]string{"booking_id": h.BookingID}
	payment := map[string]any{"id": "pay_00000000000001", "entity": "payment", "order_id": h.Reference, "notes": notes}
	payload := map[string]any{"payment": map[string]any{"entity": payment}}
	kind := ""
	with := func(what, name string, object map[string]any) {
		kind = what
		if name != "" {
			payload[name] = map[string]any{"entity": object}
		}
	}
	belongs := map[string]any{"id": "rfnd_0000000000001", "payment_id": "pay_00000000000001", "notes": []string{}}
	switch h.Subject {
	case paymentstest.AboutAuthorization:
		with("payment.authorized", "", nil)
	case paymentstest.AboutDecline:
		with("payment.failed", "", nil)
	case paymentstest.AboutCapture:
		with("order.paid", "order", map[string]any{"id": h.Reference, "entity": "order", "notes": notes})
	case paymentstest.AboutRefund:
		with("refund.processed", "refund", belongs)
	case paymentstest.AboutDispute:
		payment["notes"] = []string{} // as empty notes come
		with("payment.dispute.created", "dispute", belongs)
	case paymentstest.AboutFailedRefund:
		with("refund.failed", "refund", belongs)
	case paymentstest.AboutNothingOfOurs:
		payload = map[string]any{"settlement": map[string]any{"entity": map[string]any{"id": "setl_1"}}}
		with("settlement.processed", "", nil)
	}
	event := map[string]any{"entity": "event", "account_id": "acc_1", "event": kind, "payload": payload, "created_at": 1_700_000_000}
	if h.OtherVersion {
		event["version"], payload["later"] = "2.0", map[string]any{"entity": []int{1}}
	}
	body, err := json.Marshal(event)
	require.NoError(t, err)
	secret := map[paymentstest.Secret]string{
		paymentstest.Current: currentSecret, paymentstest.Previous: previousSecret, paymentstest.Unknown: "another",
	}[h.Secret]
	return body, http.Header{"X-Razorpay-Signature": {signature(secret, body)}, "X-Razorpay-Event-Id": {h.ID}}
}

func signature(secret string, text []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}
