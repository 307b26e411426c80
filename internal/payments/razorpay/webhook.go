package razorpay

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// maxWebhook bounds what is hashed and parsed; events are a few kilobytes.
const maxWebhook = 1 << 20

// event is what Razorpay posts. Its objects are snapshots, of which only ids are read.
type event struct {
	Entity  string `json:"entity"`
	Event   string `json:"event"`
	Payload struct {
		Payment *struct{ Entity payment } `json:"payment"`
		Order   *struct{ Entity order }   `json:"order"`
		Refund  *struct{ Entity refund }  `json:"refund"`
		Dispute *struct{ Entity dispute } `json:"dispute"`
	} `json:"payload"`
}

// Webhook checks an event's signature and tells which payment it is about. The event's own
// figures are not used: its handler asks Razorpay, because events come late, again and in any
// order. The signature covers the body alone: neither when it was made nor its id, so a repeat
// of the id may only save work.
// https://razorpay.com/docs/webhooks/validate-test
//
// Code: unavailable when the event names no order and Razorpay cannot be asked for it now.
func (p *Provider) Webhook(ctx context.Context, body []byte, header http.Header) (booking.PaymentEvent, error) {
	if len(body) > maxWebhook {
		return booking.PaymentEvent{}, malformed(fmt.Errorf("%d bytes", len(body)))
	}
	if !signedBy(p.secrets, body, header.Get("X-Razorpay-Signature")) {
		return booking.PaymentEvent{}, malformed(errors.New("signature"))
	}
	var told event
	if err := json.Unmarshal(body, &told); err != nil {
		return booking.PaymentEvent{}, malformed(errors.New("no JSON"))
	}
	if told.Entity != "event" || told.Event == "" {
		return booking.PaymentEvent{}, malformed(errors.New("no event"))
	}
	out := booking.PaymentEvent{Provider: Name, ID: header.Get("X-Razorpay-Event-Id"), Type: told.Event}
	if out.ID == "" {
		sum := sha256.Sum256(body)
		out.ID = hex.EncodeToString(sum[:])
	}
	var err error
	out.Reference, out.BookingID, err = p.subject(ctx, told)
	if err != nil {
		return booking.PaymentEvent{}, err
	}
	return out, nil
}

// subject finds the order. A refund or a dispute may come without its payment, which is asked
// for then.
func (p *Provider) subject(ctx context.Context, told event) (reference, bookingID string, err error) {
	if !aboutPayment(told.Event) {
		return "", "", nil
	}
	about := told.Payload
	if about.Order != nil {
		return about.Order.Entity.ID, bookingOf(about.Order.Entity.Notes), nil
	}
	if about.Payment != nil && about.Payment.Entity.ID != "" {
		return about.Payment.Entity.OrderID, bookingOf(about.Payment.Entity.Notes), nil
	}
	paymentID := ""
	switch {
	case about.Refund != nil:
		paymentID = about.Refund.Entity.PaymentID
	case about.Dispute != nil:
		paymentID = about.Dispute.Entity.PaymentID
	}
	if !isID("pay", paymentID) {
		return "", "", nil
	}
	found, err := p.client.payment(ctx, paymentID)
	if err == nil {
		return found.OrderID, bookingOf(found.Notes), nil
	}
	if err = p.fail(ctx, paymentID, err); booking.CodeOf(err) == booking.CodeNotFound {
		return "", "", nil
	}
	return "", "", booking.E(booking.CodeUnavailable, "The event's payment could not be looked up. Deliver the event again.").Wrap(err)
}

// aboutPayment tells which events change what is known of a payment: those of payments, their
// disputes included, of orders and of refunds.
func aboutPayment(kind string) bool {
	for _, family := range []string{"payment.", "order.", "refund."} {
		if strings.HasPrefix(kind, family) && !strings.HasPrefix(kind, "payment.downtime.") {
			return true
		}
	}
	return false
}

// bookingOf reads a note only if it names one of ours.
func bookingOf(pairs notes) string {
	id, err := uuid.Parse(pairs[noteBooking])
	if err != nil {
		return ""
	}
	return id.String()
}

// ReturnSigned tells whether checkout's return to our page was made by Razorpay: a hex
// HMAC-SHA256 of the order, which has to be ours, and the payment, with the key's secret. It
// does not tell that money was captured, so it is a hint to ask.
// https://razorpay.com/docs/payments/payment-gateway/web-integration/standard
func (p *Provider) ReturnSigned(reference, paymentID, signature string) bool {
	return signedBy([]string{p.keySecret}, []byte(reference+"|"+paymentID), signature)
}

// signedBy compares in constant time. It tries every secret, because one that is changed
// overlaps with its successor.
func signedBy(secrets []string, text []byte, signature string) bool {
	given, err := hex.DecodeString(signature)
	if err != nil || len(given) == 0 {
		return false
	}
	signed := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write(text)
		signed = hmac.Equal(mac.Sum(nil), given) || signed
	}
	return signed
}

func malformed(err error) error {
	return booking.E(booking.CodeMalformed, "This is not an event signed by Razorpay.").Wrap(err)
}
