package paypal_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
)

var anEvent = []byte(`{"id":"WH-1","event_type":"PAYMENT.AUTHORIZATION.CREATED","resource":{"id":"0AW2184448108334S",` +
	`"custom_id":"7f0e1c0e-4b1e-4e0e-9d3a-0d9b7a3e5f10.2","supplementary_data":{"related_ids":{"order_id":"5O190127TN364715T"}}}}`)

// Whatever is not PayPal's own word to this webhook is refused.
// github.com/paypal/PayPal-PHP-SDK/issues/922, /720
func TestReported20Signature(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook, previousWebhook)
	hear := func(header http.Header) (booking.PaymentEvent, error) { return p.Webhook(t.Context(), anEvent, header) }
	sum := fmt.Sprint(crc32.ChecksumIEEE(anEvent))
	by := func(address string) http.Header {
		return signed(t, "b5d0a1b0", currentWebhook, address, time.Now(), sum)
	}

	event, err := hear(by(v.certs.server.URL + goodCertificate))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentEvent{
		Provider: "paypal", ID: "WH-1", Type: "PAYMENT.AUTHORIZATION.CREATED",
		Reference: "5O190127TN364715T", BookingID: "7f0e1c0e-4b1e-4e0e-9d3a-0d9b7a3e5f10",
	}, event)

	other := newAuthority(t)
	elliptic256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	spoiled := func(change func(*x509.Certificate)) string {
		return v.certs.put("/certs/"+t.Name()+time.Now().String(), v.certs.root.issue(t, change, rsaKey()))
	}
	for name, header := range map[string]http.Header{
		"the event's id for the webhook's": signed(t, "b5d0a1b0", "WH-1", v.certs.server.URL+goodCertificate, time.Now(), sum),
		"another subscription's id":        signed(t, "b5d0a1b0", "0EH40505U7160970P", v.certs.server.URL+goodCertificate, time.Now(), sum),
		"a checksum with a sign": signed(t, "b5d0a1b0", currentWebhook, v.certs.server.URL+goodCertificate, time.Now(),
			fmt.Sprint(int32(crc32.ChecksumIEEE(anEvent)))),
		"another body's checksum": signed(t, "b5d0a1b0", currentWebhook, v.certs.server.URL+goodCertificate, time.Now(), "1"),
		"too old":                 signed(t, "b5d0a1b0", currentWebhook, v.certs.server.URL+goodCertificate, time.Now().Add(-74*time.Hour), sum),
		"from the future":         signed(t, "b5d0a1b0", currentWebhook, v.certs.server.URL+goodCertificate, time.Now().Add(time.Hour), sum),

		"another host":                 by("https://certs.example.com/CERT-1"),
		"a host that ends like it":     by("https://evilpaypal.com/CERT-1"),
		"the name as another's part":   by("https://api.paypal.com.example.com/CERT-1"),
		"a user before the host":       by("https://api.paypal.com@example.com/CERT-1"),
		"a port of its own":            by("https://api.paypal.com:8443/CERT-1"),
		"no encryption":                by("http://api.paypal.com/CERT-1"),
		"the sandbox's host elsewhere": by(strings.Replace(v.certs.server.URL, "127.0.0.1", "localhost", 1) + goodCertificate),
		"a file":                       by("file:///etc/ssl/cert.pem"),
		"no address":                   by(""),

		"no such certificate":      by(v.certs.server.URL + "/certs/none"),
		"no certificate":           by(v.certs.put("/certs/text", []byte("certificate"))),
		"too large":                by(v.certs.put("/certs/large", []byte(strings.Repeat("x", 100<<10)))),
		"another root":             by(v.certs.put("/certs/root", other.issue(t, nil, rsaKey()))),
		"another kind of key":      by(v.certs.put("/certs/key", v.certs.root.issue(t, nil, elliptic256))),
		"expired":                  by(spoiled(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })),
		"not valid yet":            by(spoiled(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })),
		"another name":             by(spoiled(func(c *x509.Certificate) { c.DNSNames = []string{"paypal.com.example.com"} })),
		"a name that ends like it": by(spoiled(func(c *x509.Certificate) { c.DNSNames = []string{"evilpaypal.com"} })),
		"an authority":             by(spoiled(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })),
		"a redirect": by(v.certs.serve("/certs/moved", func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, goodCertificate, http.StatusFound)
		})),
	} {
		event, err := hear(header)
		assert.Equal(t, booking.CodeMalformed, booking.CodeOf(err), name)
		assert.Equal(t, booking.PaymentEvent{}, event, name)
	}
	for name, change := range map[string]string{"PAYPAL-AUTH-ALGO": "none", "PAYPAL-TRANSMISSION-SIG": "AAAA", "PAYPAL-TRANSMISSION-ID": "another"} {
		header := by(v.certs.server.URL + goodCertificate)
		header.Set(name, change)
		_, err := hear(header)
		assert.Equal(t, booking.CodeMalformed, booking.CodeOf(err), name)
	}
}

// A certificate that is not known yet and cannot be fetched says nothing against the
// event. A known one needs no network.
func TestReported20CertificateAway(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	good := v.certs.sign(t, anEvent, currentWebhook, time.Now())
	away := v.provider(t, currentWebhook)
	v.certs.serve("/certs/ill", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err := away.Webhook(t.Context(), anEvent,
		signed(t, "1", currentWebhook, v.certs.server.URL+"/certs/ill", time.Now(), fmt.Sprint(crc32.ChecksumIEEE(anEvent))))
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))

	known := v.provider(t, currentWebhook)
	var group sync.WaitGroup
	v.certs.slow.Store(int64(100 * time.Millisecond))
	before := v.certs.asked.Load()
	for range 20 {
		group.Go(func() {
			_, err := known.Webhook(t.Context(), anEvent, good)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.EqualValues(t, 1, v.certs.asked.Load()-before, "one question for all")
	v.certs.server.Close()
	_, err = known.Webhook(t.Context(), anEvent, good)
	require.NoError(t, err, "it is kept")
	_, err = away.Webhook(t.Context(), anEvent, good)
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err), "it is not")
}

// What an event does not say is asked, and what belongs to no order has no reference.
// github.com/the-events-calendar/event-tickets/issues/4466
func TestReported16EventsThatNameNoOrder(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	opened := open(t, p)
	captureID := v.taken(t, opened.Reference)
	authorizationID := v.order(t, opened.Reference).Units[0].Payments.Authorizations[0].ID
	hear := func(kind, resource string) (booking.PaymentEvent, error) {
		body := []byte(`{"id":"WH-1","event_type":"` + kind + `","resource":` + resource + `}`)
		return p.Webhook(t.Context(), body, v.certs.sign(t, body, currentWebhook, time.Now()))
	}
	for kind, resource := range map[string]string{
		"CHECKOUT.ORDER.APPROVED":            `{"id":"` + opened.Reference + `"}`,
		"CHECKOUT.PAYMENT-APPROVAL.REVERSED": `{"order_id":"` + opened.Reference + `"}`,
		"PAYMENT.AUTHORIZATION.VOIDED":       `{"id":"` + authorizationID + `"}`,
		"PAYMENT.CAPTURE.COMPLETED":          `{"id":"` + captureID + `"}`,
		"PAYMENT.CAPTURE.PENDING":            `{"id":"1","links":[{"rel":"up","href":"https://x/v2/payments/authorizations/` + authorizationID + `"}]}`,
		"PAYMENT.CAPTURE.REVERSED":           `{"id":"1","links":[{"rel":"up","href":"https://x/v2/payments/captures/` + captureID + `"}]}`,
		"PAYMENT.REFUND.PENDING":             `{"id":"1","supplementary_data":{"related_ids":{"capture_id":"` + captureID + `"}}}`,
		"CUSTOMER.DISPUTE.UPDATED":           `{"disputed_transactions":[{"seller_transaction_id":"` + captureID + `"}]}`,
	} {
		event, err := hear(kind, resource)
		require.NoError(t, err, kind)
		assert.Equal(t, opened.Reference, event.Reference, kind)
	}
	for kind, resource := range map[string]string{
		"PAYMENT.CAPTURE.REFUNDED": `{"id":"1","links":[{"rel":"up","href":"https://x/v2/payments/captures/0000000000000000X"}]}`,
		"PAYMENT.CAPTURE.PENDING":  `{"id":"../../v1/oauth2/token"}`,
		"CUSTOMER.DISPUTE.CREATED": `{}`,
	} {
		event, err := hear(kind, resource)
		require.NoError(t, err, kind)
		assert.Empty(t, event.Reference, kind)
	}
	v.faulty(t, map[string]any{"vendor": "paypal", "fault": "error", "operation": "captures.get", "times": 1})
	_, err := hear("PAYMENT.CAPTURE.COMPLETED", `{"id":"`+captureID+`"}`)
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err), "PayPal sends it again")
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := paypal.New(paypal.Options{
		APIURL: "nope", ReturnURL: "/here", WebhookIDs: []string{" "}, CertificateHosts: []string{"paypal.com"},
		CertificateURL: "certs", CertificateRoots: []byte("none"),
	})
	require.Error(t, err)
	for _, problem := range []string{
		"no client id", "no client secret", "empty webhook id", `API address "nope"`, `return address "/here"`,
		`"paypal.com" does not begin with a dot`, `certificate address "certs"`, "no certificate among the roots",
	} {
		assert.ErrorContains(t, err, problem)
	}
	_, err = paypal.New(paypal.Options{ClientID: "c", ClientSecret: "s", WebhookIDs: []string{"1"}, PublicURL: "https://tickets.example"})
	assert.NoError(t, err)
}
