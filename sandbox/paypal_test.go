package sandbox

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plutov/paypal/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plutov is a client of others.
func (b *bench) plutov() *paypal.Client {
	b.t.Helper()
	c, err := paypal.NewClient("client", "secret", b.url+"/paypal")
	require.NoError(b.t, err)
	return c
}

func paypalUnit() []paypal.PurchaseUnitRequest {
	return []paypal.PurchaseUnitRequest{{
		CustomID: "b-1.1", Description: "2 seats, Friday", Amount: &paypal.PurchaseUnitAmount{Currency: "USD", Value: "20.00"},
	}}
}

// paypalCall makes a plain request to PayPal's API.
func (b *bench) paypalCall(method, path, body string, headers ...string) (int, map[string]any) {
	b.t.Helper()
	if len(b.paypalToken) == 0 {
		token, err := b.plutov().GetAccessToken(b.t.Context())
		require.NoError(b.t, err)
		b.paypalToken = token.Token
	}
	headers = append(headers, "Authorization", "Bearer "+b.paypalToken, "Content-Type", "application/json")
	status, raw := b.send(method, "/paypal"+path, body, headers...)
	if raw == "" {
		return status, nil
	}
	return status, decodeJSON[map[string]any](b.t, raw)
}

func issueOf(answer map[string]any) string {
	details, _ := answer["details"].([]any)
	if len(details) == 0 {
		return ""
	}
	return details[0].(map[string]any)["issue"].(string)
}

func paypalOrderBody(amount paypalMoney) string {
	return fmt.Sprintf(`{"intent":"AUTHORIZE","purchase_units":[{"amount":{"currency_code":%q,"value":%q},"custom_id":"b-1.1"}],
		"payment_source":{"paypal":{"experience_context":{"return_url":"https://tickets.example/back?x=1","cancel_url":"https://tickets.example/away"}}}}`,
		amount.CurrencyCode, amount.Value)
}

func (b *bench) paypalOrder(amount paypalMoney, headers ...string) string {
	b.t.Helper()
	if len(headers) == 0 {
		headers = []string{"PayPal-Request-Id", sortableID()}
	}
	status, answer := b.paypalCall("POST", "/v2/checkout/orders", paypalOrderBody(amount), headers...)
	require.Contains(b.t, []int{http.StatusOK, http.StatusCreated}, status, answer)
	return answer["id"].(string)
}

func (b *bench) approve(id, account string) {
	b.t.Helper()
	status, back := b.send("POST", "/paypal/checkoutnow?token="+id, url.Values{"account": {account}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
	require.Equal(b.t, http.StatusSeeOther, status, back)
	require.Contains(b.t, back, "token="+id)
}

var twentyDollars = paypalMoney{"USD", "20.00"}

// A client that others wrote for the real PayPal works here, as far as its own faults
// allow.
func TestPaypalByAnotherClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.plutov()
	ctx := t.Context()
	o, err := c.CreateOrderWithPaypalRequestID(ctx, paypal.OrderIntentAuthorize, paypalUnit(), nil,
		&paypal.ApplicationContext{ReturnURL: "https://tickets.example/back", CancelURL: "https://tickets.example/away"}, "open-1")
	require.NoError(t, err)
	again, err := c.CreateOrderWithPaypalRequestID(ctx, paypal.OrderIntentAuthorize, paypalUnit(), nil,
		&paypal.ApplicationContext{ReturnURL: "https://tickets.example/back", CancelURL: "https://tickets.example/away"}, "open-1")
	require.NoError(t, err)
	assert.Equal(t, o.ID, again.ID)
	assert.Equal(t, paypal.OrderStatusCreated, o.Status)

	var refused *paypal.ErrorResponse
	_, err = c.AuthorizeOrder(ctx, o.ID, paypal.AuthorizeOrderRequest{})
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "ORDER_NOT_APPROVED", refused.Details[0].Issue)
	b.approve(o.ID, paypalPays)
	_, err = c.AuthorizeOrder(ctx, o.ID, paypal.AuthorizeOrderRequest{})
	require.NoError(t, err)

	// Its order does not know authorizations; ours is asked.
	_, full := b.paypalCall("GET", "/v2/checkout/orders/"+o.ID, "")
	authorizationID := full["purchase_units"].([]any)[0].(map[string]any)["payments"].(map[string]any)["authorizations"].([]any)[0].(map[string]any)["id"].(string)
	authorization, err := c.GetAuthorization(ctx, authorizationID)
	require.NoError(t, err)
	assert.Equal(t, "CREATED", authorization.Status)
	assert.Equal(t, "b-1.1", authorization.CustomID)
	taken, err := c.CaptureAuthorizationWithPaypalRequestId(ctx, authorizationID,
		&paypal.PaymentCaptureRequest{Amount: &paypal.Money{Currency: "USD", Value: "20.00"}, FinalCapture: true}, "capture-1")
	require.NoError(t, err)
	assert.Equal(t, "COMPLETED", taken.Status)
	back, err := c.RefundCaptureWithPaypalRequestId(ctx, taken.ID,
		paypal.RefundCaptureRequest{Amount: &paypal.Money{Currency: "USD", Value: "5.00"}}, "refund-1")
	require.NoError(t, err)
	assert.Equal(t, "COMPLETED", back.Status)
	details, err := c.CapturedDetail(ctx, taken.ID)
	require.NoError(t, err)
	assert.Equal(t, "PARTIALLY_REFUNDED", details.Status)
	assert.Equal(t, "1.19", details.SellerReceivableBreakdown.PaypalFee.Value)
	order, err := c.GetOrder(ctx, o.ID)
	require.NoError(t, err)
	assert.Equal(t, paypal.OrderStatusCompleted, order.Status)
	assert.Equal(t, taken.ID, order.PurchaseUnits[0].Payments.Captures[0].ID)

	list, err := c.ListTransactions(ctx, &paypal.TransactionSearchRequest{StartDate: time.Now().Add(-time.Hour), EndDate: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	assert.Len(t, list.TransactionDetails, 2)
	assert.Equal(t, []moneyTotal{{Currency: "USD", Captured: 2000, Refunded: 500, Net: 1500}}, b.readBooks().PayPal.Totals)

	// It cannot read the empty answer to a void, which is done.
	second := b.paypalOrder(twentyDollars)
	b.approve(second, paypalPays)
	_, answer := b.paypalCall("POST", "/v2/checkout/orders/"+second+"/authorize", "")
	id := answer["purchase_units"].([]any)[0].(map[string]any)["payments"].(map[string]any)["authorizations"].([]any)[0].(map[string]any)["id"].(string)
	_, err = c.VoidAuthorization(ctx, id)
	require.ErrorIs(t, err, io.EOF)
	authorization, err = c.GetAuthorization(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, "VOIDED", authorization.Status)
}

func TestPaypalRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	status, answer := b.paypalCall("GET", "/v2/checkout/orders/5O190127TN364715T", "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Equal(t, "RESOURCE_NOT_FOUND", answer["name"])
	assert.Equal(t, "INVALID_RESOURCE_ID", issueOf(answer))
	assert.NotEmpty(t, answer["debug_id"])

	for wrong, want := range map[paypalMoney]string{
		{"INR", "450.00"}: "INVALID_CURRENCY_CODE", {"JPY", "500.00"}: "DECIMALS_NOT_SUPPORTED", {"HUF", "2990.50"}: "DECIMALS_NOT_SUPPORTED",
		{"TWD", "1.0"}: "DECIMALS_NOT_SUPPORTED", {"USD", "1.005"}: "DECIMAL_PRECISION", {"USD", "0.00"}: "CANNOT_BE_ZERO_OR_NEGATIVE",
		{"USD", "-1.00"}: "CANNOT_BE_NEGATIVE", {"USD", "10000000.00"}: "MAX_VALUE_EXCEEDED", {"USD", "twenty"}: "INVALID_PARAMETER_SYNTAX",
	} {
		body := fmt.Sprintf(`{"intent":"AUTHORIZE","purchase_units":[{"amount":{"currency_code":%q,"value":%q}}]}`, wrong.CurrencyCode, wrong.Value)
		_, answer := b.paypalCall("POST", "/v2/checkout/orders", body)
		assert.Equal(t, want, issueOf(answer), wrong)
	}
	_, answer = b.paypalCall("POST", "/v2/checkout/orders", paypalOrderBody(twentyDollars))
	assert.Equal(t, "PAYPAL_REQUEST_ID_REQUIRED", issueOf(answer))
	id := b.paypalOrder(twentyDollars)
	for op, want := range map[string]string{
		`[{"op":"replace","path":"/purchase_units/@reference_id=='default'/custom_id","value":"b-2"}]`:   "",
		`[{"op":"add","path":"/purchase_units/@reference_id=='default'/custom_id","value":"b-2"}]`:       "INVALID_PATCH_OPERATION",
		`[{"op":"replace","path":"/purchase_units/@reference_id=='default'/description","value":"new"}]`: "INVALID_PATCH_OPERATION",
		`[{"op":"replace","path":"/purchase_units/@reference_id=='other'/custom_id","value":"b-2"}]`:     "NOT_PATCHABLE",
		`[{"op":"replace","path":"/status","value":"APPROVED"}]`:                                         "NOT_PATCHABLE",
		`{}`: "MALFORMED_REQUEST_JSON",
	} {
		_, answer := b.paypalCall("PATCH", "/v2/checkout/orders/"+id, op)
		assert.Equal(t, want, issueOf(answer), op)
	}
	for header, want := range map[string]int{
		`{"mock_application_codes":"INSTRUMENT_DECLINED"}`: 422, `{"mock_application_codes":["INTERNAL_SERVER_ERROR"]}`: 500,
		`{"mock_application_codes":"RESOURCE_NOT_FOUND"}`: 404,
	} {
		status, _ := b.paypalCall("POST", "/v2/checkout/orders/"+id+"/authorize", "", "PayPal-Mock-Response", header)
		assert.Equal(t, want, status, header)
	}
	status, raw := b.send("GET", "/paypal/v2/checkout/orders/"+id, "", "Authorization", "Bearer A21AAx")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, raw, "invalid_token")
	status, raw = b.send("POST", "/paypal/v1/oauth2/token", "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, raw, "invalid_client")
}

// A request id answers with what the first did, as it stands now; for another request it
// is refused.
func TestPaypalRequestIDs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.paypalOrder(twentyDollars, "PayPal-Request-Id", "open-1")
	b.approve(id, paypalPays)
	body := paypalOrderBody(twentyDollars)
	status, answer := b.paypalCall("POST", "/v2/checkout/orders", body, "PayPal-Request-Id", "open-1")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, id, answer["id"])
	assert.Equal(t, "APPROVED", answer["status"], "as it stands now")
	status, answer = b.paypalCall("POST", "/v2/checkout/orders", strings.Replace(body, "20.00", "21.00", 1), "PayPal-Request-Id", "open-1")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Equal(t, "DUPLICATE_REQUEST_ID", issueOf(answer))
	b.send("POST", "/sandbox/paypal/clock", `{"advance_seconds":21600}`)
	b.paypalToken = "" // nine hours are not over, but a fresh one does no harm
	status, _ = b.paypalCall("POST", "/v2/checkout/orders", body, "PayPal-Request-Id", "open-1")
	assert.Equal(t, http.StatusCreated, status, "PayPal forgets after six hours")
}

// Minimal and full answers, and a void without a body.
func TestPaypalPrefer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.paypalOrder(twentyDollars)
	b.approve(id, paypalPays)
	_, answer := b.paypalCall("POST", "/v2/checkout/orders/"+id+"/authorize", "", "Prefer", "return=representation")
	assert.Contains(t, answer, "payer")
	authorization := answer["purchase_units"].([]any)[0].(map[string]any)["payments"].(map[string]any)["authorizations"].([]any)[0].(map[string]any)["id"].(string)
	path := "/v2/payments/authorizations/" + authorization + "/void"
	status, none := b.paypalCall("POST", path, "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Nil(t, none)
	status, answer = b.paypalCall("POST", path, "")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Equal(t, "PREVIOUSLY_VOIDED", issueOf(answer))
	status, answer = b.paypalCall("POST", "/v2/payments/authorizations/"+authorization+"/capture", "")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Equal(t, "AUTHORIZATION_VOIDED", issueOf(answer))
}

func TestPaypalFaults(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fault(`{"vendor":"paypal","fault":"error","operation":"orders.create","status":503,"times":1}`)
	status, answer := b.paypalCall("POST", "/v2/checkout/orders", `{}`)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "SERVICE_UNAVAILABLE", answer["name"])
	id := b.paypalOrder(twentyDollars)
	b.approve(id, paypalPays)
	b.fault(`{"vendor":"paypal","fault":"reply_lost","operation":"orders.authorize","times":1}`)
	req, err := http.NewRequest("POST", b.url+"/paypal/v2/checkout/orders/"+id+"/authorize", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+b.paypalToken)
	_, err = http.DefaultClient.Do(req)
	require.Error(t, err)
	_, answer = b.paypalCall("GET", "/v2/checkout/orders/"+id, "")
	assert.Equal(t, "COMPLETED", answer["status"], "done all the way")
	status, _ = b.send("POST", "/faults", `{"vendor":"paypal","fault":"error","store":true}`)
	assert.Equal(t, http.StatusBadRequest, status)
}

// The pages: the accounts, the way back without paying, an order that is over.
func TestPaypalPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.paypalOrder(paypalMoney{"JPY", "1800"})
	status, page := b.send("GET", "/paypal/checkoutnow?token="+id, "")
	assert.Equal(t, http.StatusOK, status)
	for _, want := range []string{"1800 JPY", "declined@example.com", "https://tickets.example/away?token=" + id} {
		assert.Contains(t, page, want)
	}
	b.approve(id, paypalDenies)
	_, answer := b.paypalCall("POST", "/v2/checkout/orders/"+id+"/authorize", "")
	assert.Equal(t, "COMPLETED", answer["status"])
	status, page = b.send("GET", "/paypal/checkoutnow?token="+id, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "nothing more to do")
	status, _ = b.send("GET", "/paypal/checkoutnow?token=none", "")
	assert.Equal(t, http.StatusNotFound, status)
	_, page = b.send("GET", "/", "")
	assert.Contains(t, page, "buyer@example.com")
}

// Events go out in their order, signed by a certificate below the root that is shown, and
// a process that was killed goes on where it was.
func TestPaypalEventsSurvive(t *testing.T) {
	t.Parallel()
	type sent struct {
		header http.Header
		body   []byte
	}
	arrived := make(chan sent, 100)
	var refuse atomic.Bool
	refuse.Store(true)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		if refuse.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		arrived <- sent{req.Header, body}
	}))
	defer receiver.Close()
	file := t.TempDir() + "/sandbox.db"
	with := func(o *Options) { o.DataFile, o.PayPalWebhookURL, o.PayPalWebhookID = file, receiver.URL, "WEBHOOK1" }
	var id string
	t.Run("before", func(t *testing.T) {
		b := newBench(t, with)
		id = b.paypalOrder(twentyDollars, "PayPal-Request-Id", "open-1")
		b.approve(id, paypalPays)
		b.send("POST", "/sandbox/paypal/clock", `{"advance_seconds":3600}`)
	})
	refuse.Store(false)
	b := newBench(t, with)
	status, answer := b.paypalCall("POST", "/v2/checkout/orders/"+id+"/authorize", "")
	require.Equal(t, http.StatusCreated, status, answer)
	_, root := b.send("GET", "/sandbox/paypal/root.pem", "")
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM([]byte(root)))
	var kinds []string
	for range 2 {
		one := <-arrived
		var event struct {
			Type    string    `json:"event_type"`
			Created time.Time `json:"create_time"`
		}
		require.NoError(t, json.Unmarshal(one.body, &event))
		kinds = append(kinds, event.Type)
		address := one.header.Get("Paypal-Cert-Url")
		status, text := b.send("GET", strings.TrimPrefix(address[strings.Index(address, "/paypal"):], b.url), "")
		require.Equal(t, http.StatusOK, status)
		block, _ := pem.Decode([]byte(text))
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		_, err = certificate.Verify(x509.VerifyOptions{Roots: pool, DNSName: paypalCertName, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		require.NoError(t, err)
		assert.True(t, bytes.HasSuffix([]byte(certificate.Subject.CommonName), []byte(".paypal.com")))
		assert.IsType(t, &rsa.PublicKey{}, certificate.PublicKey)
		text = one.header.Get("Paypal-Transmission-Id") + "|" + one.header.Get("Paypal-Transmission-Time") + "|WEBHOOK1|" +
			fmt.Sprint(crc32.ChecksumIEEE(one.body))
		signature, err := base64.StdEncoding.DecodeString(one.header.Get("Paypal-Transmission-Sig"))
		require.NoError(t, err)
		require.NoError(t, certificate.CheckSignature(x509.SHA256WithRSA, []byte(text), signature))
	}
	slices.Sort(kinds)
	assert.Equal(t, []string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.AUTHORIZATION.CREATED"}, kinds)
	assert.Greater(t, time.Until(b.paypal.now()), 59*time.Minute, "its clock stays where it was put")

	settled := func() bool { return b.readBooks().Webhooks.Pending == 0 }
	require.Eventually(t, settled, soon, often)
	_, raw := b.send("GET", "/sandbox/paypal/deliveries?state=delivered&order="+id, "")
	list := decodeJSON[struct{ Deliveries []deliveryView }](t, raw).Deliveries
	require.Len(t, list, 2)
	status, raw = b.send("POST", "/sandbox/paypal/events/"+list[0].EventID+"/resend", "")
	require.Equal(t, http.StatusOK, status, raw)
	assert.Contains(t, string((<-arrived).body), list[0].EventID)
	status, _ = b.send("POST", "/sandbox/paypal/events/WH-0/resend", "")
	assert.Equal(t, http.StatusNotFound, status)
	require.Eventually(t, settled, soon, often)

	b.send("POST", "/reset", "")
	_, same := b.send("GET", "/sandbox/paypal/root.pem", "")
	assert.Equal(t, root, same, "receivers know the root")
	assert.Empty(t, b.readBooks().PayPal.Payments)
}
