package paypal_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/paymentstest"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

var (
	_ activities.PaymentProvider = (*paypal.Provider)(nil)
	_ activities.Authorizer      = (*paypal.Provider)(nil)
	_ activities.PaymentLister   = (*paypal.Provider)(nil)
	_ payments.Webhooks          = (*paypal.Provider)(nil)
)

const (
	currentWebhook  = "1JE4291016473214C"
	previousWebhook = "8PT597110X687430L"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, refundsLater := range map[string]bool{"RefundsAtOnce": false, "RefundsLater": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			paymentstest.Run(t, paymentstest.Setup{
				Lists:    true,
				New:      func(t *testing.T) paymentstest.Harness { return newHarness(t, refundsLater) },
				Charging: paypal.Limits, SignsTime: true, Tolerance: 73 * time.Hour,
				Price:          booking.Money{Amount: 45_000, Currency: "USD"},
				NeedsAuthorize: true, NoClose: true, RefundsLater: refundsLater,
			})
		})
	}
}

// vendor is a sandbox of the test's own, and the host of its own certificates.
type vendor struct {
	url   string
	certs *certificateHost
}

func newVendor(t *testing.T) vendor {
	t.Helper()
	return vendor{url: sandboxtest.New(t), certs: newCertificateHost(t)}
}

func (v vendor) options(webhookIDs ...string) paypal.Options {
	return paypal.Options{
		ClientID: "client", ClientSecret: "secret", APIURL: v.url + "/paypal", WebhookIDs: webhookIDs,
		CertificateURL: v.certs.server.URL, CertificateRoots: v.certs.root.pem,
		PublicURL: "https://tickets.example", Brand: "Boxoffice", Logger: slog.New(slog.DiscardHandler),
	}
}

func (v vendor) provider(t *testing.T, webhookIDs ...string) *paypal.Provider {
	t.Helper()
	provider, err := paypal.New(v.options(webhookIDs...))
	require.NoError(t, err)
	return provider
}

func newHarness(t *testing.T, refundsLater bool) paymentstest.Harness {
	v := newVendor(t)
	if refundsLater {
		v.pull(t, "/settings", map[string]any{"refunds_pending": true})
	}
	return paymentstest.Harness{
		Provider:  v.provider(t, currentWebhook, previousWebhook),
		Rotated:   v.provider(t, currentWebhook),
		Authorize: func(t *testing.T, reference string) { v.approve(t, reference, "buyer@example.com") },
		Decline:   func(t *testing.T, reference string) { v.approve(t, reference, "declined@example.com") },
		Challenge: func(t *testing.T, reference string) { // the customer reads the page, and stays there
			answer, err := http.Get(v.url + "/paypal/checkoutnow?token=" + reference)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusOK, answer.StatusCode)
		},
		CaptureElsewhere: func(t *testing.T, reference string, amount int64) {
			v.pull(t, "/orders/"+reference+"/capture", map[string]any{"amount": dollars(amount)})
		},
		Dispute: func(t *testing.T, reference string) { v.pull(t, "/orders/"+reference+"/dispute", nil) },
		DecideDispute: func(t *testing.T, reference string, won bool) {
			outcome := map[bool]string{true: "RESOLVED_SELLER_FAVOUR", false: "RESOLVED_BUYER_FAVOUR"}[won]
			v.pull(t, "/disputes/"+v.disputes(t, reference)[0]+"/decide", map[string]any{"outcome": outcome})
		},
		SettleRefunds: func(t *testing.T, reference string) {
			for _, one := range v.order(t, reference).refunds() {
				if one.Status == "PENDING" {
					v.pull(t, "/refunds/"+one.ID+"/settle", map[string]any{"status": "COMPLETED"})
				}
			}
		},
		FailRefund: func(t *testing.T, reference string) {
			all := v.order(t, reference).refunds()
			v.pull(t, "/refunds/"+all[len(all)-1].ID+"/settle", map[string]any{"status": "FAILED"})
		},
		Shows: v.shows,
		Fault: v.box().Fault,
		Books: v.box().Books,
		Sign:  v.sign,
	}
}

func dollars(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// pull moves one of the sandbox's levers.
func (v vendor) pull(t *testing.T, path string, body map[string]any) (answer string) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	if body == nil {
		raw = nil
	}
	return v.post(t, "/sandbox/paypal"+path, raw)
}

func (v vendor) post(t *testing.T, path string, body []byte) (answer string) {
	t.Helper()
	res, err := http.Post(v.url+path, "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Less(t, res.StatusCode, 300, "%s: %s", path, raw)
	return string(raw)
}

// approve is the customer's click on PayPal's page.
func (v vendor) approve(t *testing.T, reference, account string) {
	t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.PostForm(v.url+"/paypal/checkoutnow?token="+reference, url.Values{"account": {account}})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	back, err := res.Location()
	require.NoError(t, err)
	assert.Equal(t, reference, back.Query().Get("token"))
	assert.NotEmpty(t, back.Query().Get("PayerID"))
}

// theirs is an order as PayPal shows it.
type theirs struct {
	Status string
	Units  []struct {
		CustomID string `json:"custom_id"`
		Payments struct {
			Authorizations, Captures, Refunds []struct{ ID, Status string }
		}
	} `json:"purchase_units"`
}

func (o theirs) refunds() []struct{ ID, Status string } { return o.Units[0].Payments.Refunds }

// get asks PayPal's API without the provider.
func (v vendor) get(t *testing.T, path string, into any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, v.url+"/paypal"+path, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+v.token(t))
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode, path)
	require.NoError(t, json.NewDecoder(res.Body).Decode(into))
}

func (v vendor) token(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, v.url+"/paypal/v1/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	require.NoError(t, err)
	req.SetBasicAuth("client", "secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var token struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&token))
	return token.Token
}

func (v vendor) order(t *testing.T, reference string) (o theirs) {
	t.Helper()
	v.get(t, "/v2/checkout/orders/"+reference, &o)
	return o
}

func (v vendor) disputes(t *testing.T, reference string) (ids []string) {
	t.Helper()
	var list struct {
		Items []struct {
			ID string `json:"dispute_id"`
		}
	}
	v.get(t, "/v1/customer/disputes?disputed_transaction_id="+v.order(t, reference).Units[0].Payments.Captures[0].ID, &list)
	for _, one := range list.Items {
		ids = append(ids, one.ID)
	}
	return ids
}

// shows reads the page on which the customer agrees. Forint and dollars of Taiwan have
// two decimals in ISO 4217, which PayPal does not write.
func (v vendor) shows(t *testing.T, reference string) string {
	t.Helper()
	answer, err := http.Get(v.url + "/paypal/checkoutnow?token=" + reference)
	require.NoError(t, err)
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	found := regexp.MustCompile(`<h1 class="amount">([\d.]+) ([A-Z]{3})</h1>`).FindSubmatch(page)
	require.NotNil(t, found, "no amount on the page")
	shown, currency := string(found[1]), string(found[2])
	if currency == "HUF" || currency == "TWD" {
		require.NotContains(t, shown, ".")
		shown += ".00"
	}
	return shown
}

var operations = map[paymentstest.Operation]string{
	paymentstest.OpOpen: "orders.create", paymentstest.OpGet: "orders.get", paymentstest.OpAuthorize: "orders.authorize",
	paymentstest.OpCapture: "authorizations.capture", paymentstest.OpVoid: "authorizations.void", paymentstest.OpRefund: "captures.refund",
}

// box are the sandbox's switches and books.
func (v vendor) box() paymentstest.Box {
	return paymentstest.Box{URL: v.url, Vendor: "paypal", Operations: operations}
}

func (v vendor) faulty(t *testing.T, body map[string]any) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	v.post(t, "/faults", raw)
}

// faultsOff makes PayPal well again, and tells what struck.
func (v vendor) faultsOff(t *testing.T) (hits []int) {
	t.Helper()
	answer, err := http.Get(v.url + "/faults")
	require.NoError(t, err)
	defer answer.Body.Close()
	var list struct{ Faults []struct{ Hits int } }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&list))
	for _, one := range list.Faults {
		hits = append(hits, one.Hits)
	}
	req, err := http.NewRequest(http.MethodDelete, v.url+"/faults", http.NoBody)
	require.NoError(t, err)
	gone, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, gone.Body.Close())
	return hits
}

// ledger is which payments PayPal's own books have.
type ledger struct {
	PayPal struct {
		Payments []struct{ ID string }
	}
}

func (v vendor) ledger(t *testing.T) (l ledger) {
	t.Helper()
	answer, err := http.Get(v.url + "/books")
	require.NoError(t, err)
	defer answer.Body.Close()
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&l))
	return l
}

// taken captures the order at PayPal, and tells the capture's id: events of refunds and
// disputes name only that.
func (v vendor) taken(t *testing.T, reference string) (captureID string) {
	t.Helper()
	o := v.order(t, reference)
	if len(o.Units[0].Payments.Captures) == 0 {
		v.approve(t, reference, "buyer@example.com")
		req, err := http.NewRequest(http.MethodPost, v.url+"/paypal/v2/checkout/orders/"+reference+"/authorize", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+v.token(t))
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusCreated, res.StatusCode)
		v.pull(t, "/orders/"+reference+"/capture", nil)
		o = v.order(t, reference)
	}
	return o.Units[0].Payments.Captures[0].ID
}

// sign makes an event as PayPal documents it.
func (v vendor) sign(t *testing.T, h paymentstest.Hook) ([]byte, http.Header) {
	t.Helper()
	custom := h.BookingID + ".1"
	event := map[string]any{"id": h.ID, "event_version": "1.0", "resource_version": "2.0", "create_time": time.Now().UTC()}
	if h.OtherVersion {
		event["event_version"], event["resource_version"] = "9.0", "9.0"
	}
	about := func(kind string, resource map[string]any) { event["event_type"], event["resource"] = kind, resource }
	related := map[string]any{"related_ids": map[string]any{"order_id": h.Reference}}
	up := func(kind, id string) []map[string]string {
		return []map[string]string{{"rel": "up", "href": "https://api.paypal.com/v2/payments/" + kind + "/" + id}}
	}
	switch h.Subject {
	case paymentstest.AboutAuthorization:
		about("PAYMENT.AUTHORIZATION.CREATED", map[string]any{"id": "0AW2184448108334S", "custom_id": custom, "supplementary_data": related})
	case paymentstest.AboutDecline:
		about("PAYMENT.CAPTURE.DENIED", map[string]any{"id": "42311647XV020574X", "custom_id": custom, "supplementary_data": related})
	case paymentstest.AboutCapture:
		about("PAYMENT.CAPTURE.COMPLETED", map[string]any{"id": "42311647XV020574X", "custom_id": custom, "supplementary_data": related})
	case paymentstest.AboutRefund:
		about("PAYMENT.CAPTURE.REFUNDED", map[string]any{"id": "1JU08902781691411", "custom_id": custom, "links": up("captures", v.taken(t, h.Reference))})
	case paymentstest.AboutDispute:
		about("CUSTOMER.DISPUTE.CREATED", map[string]any{"dispute_id": "PP-R-NKG-10098110",
			"disputed_transactions": []map[string]any{{"seller_transaction_id": v.taken(t, h.Reference)}}})
	case paymentstest.AboutFailedRefund:
		about("PAYMENT.REFUND.FAILED", map[string]any{"id": "1JU08902781691411", "links": up("captures", v.taken(t, h.Reference))})
	case paymentstest.AboutNothingOfOurs:
		about("VAULT.PAYMENT-TOKEN.CREATED", map[string]any{"id": "nkq2y9g"})
	}
	body, err := json.Marshal(event)
	require.NoError(t, err)
	webhookID := map[paymentstest.Secret]string{
		paymentstest.Current: currentWebhook, paymentstest.Previous: previousWebhook, paymentstest.Unknown: h.ID, // the commonest mistake
	}[h.Secret]
	return body, v.certs.sign(t, body, webhookID, cmp.Or(h.At, time.Now()))
}
