package paypal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// maxWebhook bounds what is hashed and parsed; events are a few kilobytes.
	maxWebhook = 1 << 20
	// ahead is how far PayPal's clock may be before ours.
	ahead = 5 * time.Minute
)

// Webhook checks an event's signature and its age, and tells which payment it is about.
// The signature is checked here, with a certificate that is kept, and not by asking
// PayPal. The event's own figures are not used: its handler asks PayPal, because events
// come late and in any order. Codes: unavailable when the certificate, or PayPal's answer
// to which order it is about, cannot be had now.
// https://developer.paypal.com/api/rest/webhooks/rest/
func (p *Provider) Webhook(ctx context.Context, body []byte, header http.Header) (booking.PaymentEvent, error) {
	if len(body) > maxWebhook {
		return booking.PaymentEvent{}, malformed(fmt.Errorf("%d bytes", len(body)))
	}
	if err := p.verify(ctx, body, header, time.Now()); err != nil {
		if errors.Is(err, errAway) {
			p.log.WarnContext(ctx, "cannot check an event of paypal", "error", err)
			return booking.PaymentEvent{}, booking.E(booking.CodeUnavailable, "The event cannot be checked now.").Wrap(err)
		}
		return booking.PaymentEvent{}, malformed(err)
	}
	var event struct {
		ID       string          `json:"id"`
		Type     string          `json:"event_type"`
		Resource json.RawMessage `json:"resource"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return booking.PaymentEvent{}, malformed(err)
	}
	if event.ID == "" || event.Type == "" {
		return booking.PaymentEvent{}, malformed(errors.New("no event"))
	}
	told := booking.PaymentEvent{Provider: Name, ID: event.ID, Type: event.Type}
	if !aboutPayment(told.Type) {
		return told, nil
	}
	var about resource
	if err := json.Unmarshal(event.Resource, &about); err != nil {
		return booking.PaymentEvent{}, malformed(fmt.Errorf("event's resource: %w", err))
	}
	orderID, err := p.subject(ctx, told.Type, about)
	if err != nil {
		return booking.PaymentEvent{}, booking.E(booking.CodeUnavailable, "PayPal cannot say now which payment the event is about.").Wrap(err)
	}
	told.Reference = orderID
	told.BookingID, _, _ = readCustomID(about.customID())
	return told, nil
}

// transmission is what the signature covers, beside the body and the webhook's id.
type transmission struct {
	id, at    string
	signature []byte
}

// verify tries every webhook id, because a rolled one overlaps with its successor.
func (p *Provider) verify(ctx context.Context, body []byte, header http.Header, now time.Time) error {
	sent := transmission{id: header.Get("Paypal-Transmission-Id"), at: header.Get("Paypal-Transmission-Time")}
	if sent.id == "" {
		return errors.New("no transmission id")
	}
	if algorithm := header.Get("Paypal-Auth-Algo"); algorithm != "SHA256withRSA" {
		return fmt.Errorf("algorithm %q", algorithm)
	}
	at, err := time.Parse(time.RFC3339, sent.at)
	if err != nil {
		return errors.New("no transmission time")
	}
	if age := now.Sub(at); age > p.tolerance || age < -ahead {
		return fmt.Errorf("sent %s ago", age.Round(time.Second))
	}
	if sent.signature, err = base64.StdEncoding.DecodeString(header.Get("Paypal-Transmission-Sig")); err != nil || len(sent.signature) == 0 {
		return errors.New("no signature")
	}
	certificate, err := p.certs.at(ctx, header.Get("Paypal-Cert-Url"), now)
	if err != nil {
		return err
	}
	for _, webhookID := range p.webhookIDs {
		if sent.signed(certificate, webhookID, body) {
			return nil
		}
	}
	return errors.New("the signature does not hold")
}

func (t transmission) signed(certificate *x509.Certificate, webhookID string, body []byte) bool {
	key, isRSA := certificate.PublicKey.(*rsa.PublicKey)
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s|%s|%s|%d", t.id, t.at, webhookID, crc32.ChecksumIEEE(body))))
	return isRSA && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature) == nil
}

// aboutPayment tells which events change what is known of a payment.
// https://developer.paypal.com/api/rest/webhooks/event-names/
func aboutPayment(kind string) bool {
	for _, family := range []string{
		"CHECKOUT.ORDER.", "CHECKOUT.PAYMENT-APPROVAL.", "PAYMENT.AUTHORIZATION.", "PAYMENT.CAPTURE.", "PAYMENT.REFUND.", "CUSTOMER.DISPUTE.",
	} {
		if strings.HasPrefix(kind, family) {
			return true
		}
	}
	return false
}

// resource is the object of an event, of any kind.
type resource struct {
	ID       string `json:"id"`
	OrderID  string `json:"order_id"` // of an approval that was reversed
	CustomID string `json:"custom_id"`
	Units    []struct {
		CustomID string `json:"custom_id"`
	} `json:"purchase_units"`
	Transactions []struct {
		ID     string `json:"seller_transaction_id"`
		Custom string `json:"custom"`
	} `json:"disputed_transactions"`

	related
}

func (r resource) customID() string {
	switch {
	case r.CustomID != "":
		return r.CustomID
	case len(r.Units) > 0:
		return r.Units[0].CustomID
	case len(r.Transactions) > 0:
		return r.Transactions[0].Custom
	}
	return ""
}

// subject finds the order: the object itself, what it says it belongs to, or what PayPal
// says when it is asked. Empty for what belongs to no order.
func (p *Provider) subject(ctx context.Context, kind string, about resource) (string, error) {
	switch {
	case isID(about.OrderID):
		return about.OrderID, nil
	case strings.HasPrefix(kind, "CHECKOUT.") && isID(about.ID):
		return about.ID, nil
	case strings.HasPrefix(kind, "CUSTOMER.DISPUTE."):
		for _, one := range about.Transactions {
			if orderID, err := p.orderOf(ctx, capturesPath, one.ID); err != nil || orderID != "" {
				return orderID, err
			}
		}
		return "", nil
	}
	orderID, err := p.orderFrom(ctx, about.related)
	if err != nil || orderID != "" {
		return orderID, err
	}
	switch { // it says nothing
	case strings.HasPrefix(kind, "PAYMENT.AUTHORIZATION."):
		return p.orderOf(ctx, authorizationsPath, about.ID)
	case strings.HasPrefix(kind, "PAYMENT.CAPTURE."):
		return p.orderOf(ctx, capturesPath, about.ID)
	}
	return "", nil
}

func malformed(err error) error {
	return booking.E(booking.CodeMalformed, "This is not an event signed by PayPal.").Wrap(err)
}
