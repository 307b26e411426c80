package paypal_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/keys"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
	"github.com/boxoffice/boxoffice/sandbox"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

// listed reads every page.
func listed(t *testing.T, p *paypal.Provider, span booking.PaymentSpan) (byReference map[string]booking.PaymentState, pages int) {
	t.Helper()
	byReference = map[string]booking.PaymentState{}
	for {
		page, err := p.ListPayments(t.Context(), span)
		require.NoError(t, err)
		pages++
		for _, one := range page.Payments {
			byReference[one.Reference] = one
		}
		if span.Cursor = page.Next; page.Next == "" {
			return byReference, pages
		}
	}
}

// What PayPal has can be listed without knowing it: money that waits, money that was
// taken, a refund that staff made at PayPal, a dispute. An order without money is in no
// list. github.com/odoo/odoo/issues/285080
func TestReported07ListPayments(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	from := time.Now().Add(-time.Minute)
	open(t, p)
	waiting := authorized(t, v, p, "buyer@example.com")
	taken := func() booking.PaymentState {
		state := authorized(t, v, p, "buyer@example.com")
		_, err := p.Capture(t.Context(), step(state, "capture"))
		require.NoError(t, err)
		return state
	}
	whole, back, disputed := taken(), taken(), taken()
	v.pull(t, "/orders/"+back.Reference+"/refund", map[string]any{"amount": "5.00"})
	v.pull(t, "/orders/"+disputed.Reference+"/dispute", map[string]any{"stage": "INQUIRY"})

	all, _ := listed(t, p, booking.PaymentSpan{From: from, Until: time.Now().Add(time.Minute)})
	assert.Len(t, all, 4)
	assert.Equal(t, booking.PaymentAuthorized, all[waiting.Reference].Status)
	assert.Equal(t, whole.BookingID, all[whole.Reference].BookingID)
	assert.Equal(t, twenty.Amount, all[whole.Reference].Captured)
	assert.EqualValues(t, 119, all[whole.Reference].Fee, "3.49 % and 0.49")
	assert.EqualValues(t, 500, all[back.Reference].Refunded)
	require.Len(t, all[disputed.Reference].Disputes, 1)
	assert.Equal(t, booking.DisputeInquiry, all[disputed.Reference].Disputes[0].Status)

	// Later, only what happened in the span.
	v.pull(t, "/clock", map[string]any{"advance_seconds": 3600})
	later := time.Now().Add(59 * time.Minute)
	v.pull(t, "/orders/"+whole.Reference+"/refund", nil)
	v.pull(t, "/disputes/"+v.disputes(t, disputed.Reference)[0]+"/decide", map[string]any{"outcome": "CANCELED_BY_BUYER"})
	all, _ = listed(t, p, booking.PaymentSpan{From: later, Until: later.Add(time.Hour)})
	assert.Len(t, all, 2)
	assert.Equal(t, booking.PaymentRefunded, all[whole.Reference].Status)
	assert.Equal(t, booking.DisputeClosed, all[disputed.Reference].Disputes[0].Status)

	for range 20 {
		taken()
	}
	all, pages := listed(t, p, booking.PaymentSpan{From: from, Until: later.Add(time.Hour)})
	assert.Len(t, all, 24)
	assert.Equal(t, 2, pages, "45 transactions in one page, and the disputes")

	_, err := p.ListPayments(t.Context(), booking.PaymentSpan{From: from, Until: from.Add(32 * 24 * time.Hour)})
	assert.Error(t, err)
	_, err = p.ListPayments(t.Context(), booking.PaymentSpan{From: from, Until: later, Cursor: "x"})
	assert.Equal(t, booking.CodeValidation, booking.CodeOf(err))
}

// A payment that another system made on the same account is listed, and belongs to no
// booking of ours, whatever its amount. github.com/frappe/payments/issues/19
func TestReported23StrangersPayment(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	body := `{"intent":"AUTHORIZE","purchase_units":[{"amount":{"currency_code":"USD","value":"20.00"},"custom_id":"order 66.1"}],
		"application_context":{"return_url":"https://shop.example/back"}}`
	req, err := http.NewRequest(http.MethodPost, v.url+"/paypal/v2/checkout/orders", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+v.token(t))
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var made struct{ ID string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&made))
	captureID := v.taken(t, made.ID)

	all, _ := listed(t, p, booking.PaymentSpan{From: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Minute)})
	require.Contains(t, all, made.ID)
	assert.Empty(t, all[made.ID].BookingID)
	assert.Equal(t, twenty.Amount, all[made.ID].Captured)
	event := []byte(`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"` + captureID + `","custom_id":"order 66.1"}}`)
	told, err := p.Webhook(t.Context(), event, v.certs.sign(t, event, currentWebhook, time.Now()))
	require.NoError(t, err)
	assert.Equal(t, made.ID, told.Reference)
	assert.Empty(t, told.BookingID)
}

// The events that the sandbox sends, with its own certificate, are good.
func TestSandboxEvents(t *testing.T) {
	t.Parallel()
	type sent struct {
		body   []byte
		header http.Header
	}
	arrived := make(chan sent, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		arrived <- sent{body, req.Header}
	}))
	defer receiver.Close()
	root := keys.New("SANDBOX_PAYPAL_ROOT")
	box := sandboxtest.New(t, func(o *sandbox.Options) {
		o.PayPalWebhookURL, o.PayPalWebhookID, o.PayPalRoot = receiver.URL, currentWebhook, []byte(root)
	})

	v := vendor{url: box, certs: newCertificateHost(t)}
	o := v.options(currentWebhook)
	o.CertificateURL = box + "/paypal/v1/notifications/certs/"
	answer, err := http.Get(box + "/sandbox/paypal/root.pem")
	require.NoError(t, err)
	defer answer.Body.Close()
	shown, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Contains(t, root, string(shown), "the certificate alone, without its key")
	o.CertificateRoots = []byte(root)
	p, err := paypal.New(o)
	require.NoError(t, err)

	state := authorized(t, v, p, "buyer@example.com")
	_, err = p.Capture(t.Context(), step(state, "capture"))
	require.NoError(t, err)
	v.pull(t, "/orders/"+state.Reference+"/refund", map[string]any{"amount": "5.00"})
	v.pull(t, "/orders/"+state.Reference+"/dispute", nil)
	for _, want := range []string{
		"CHECKOUT.ORDER.APPROVED", "PAYMENT.AUTHORIZATION.CREATED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED", "CUSTOMER.DISPUTE.CREATED",
	} {
		select {
		case one := <-arrived:
			event, err := p.Webhook(t.Context(), one.body, one.header)
			require.NoError(t, err, want)
			assert.Equal(t, want, event.Type)
			assert.Equal(t, state.Reference, event.Reference, want)
			if want != "PAYMENT.CAPTURE.REFUNDED" { // staff at PayPal's pages wrote no custom_id
				assert.Equal(t, state.BookingID, event.BookingID, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no %s came", want)
		}
	}
}
