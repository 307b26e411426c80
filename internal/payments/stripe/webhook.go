package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/boxoffice/boxoffice/booking"
)

// maxWebhook bounds what is hashed and parsed; events are a few kilobytes.
const maxWebhook = 1 << 20

// Webhook checks an event's signature and its age, and tells which payment it is
// about. The event's own figures are not used: its handler asks Stripe,
// because events come late and in any order.
// https://docs.stripe.com/webhooks/signature
func (p *Provider) Webhook(_ context.Context, body []byte, header http.Header) (booking.PaymentEvent, error) {
	if len(body) > maxWebhook {
		return booking.PaymentEvent{}, malformed(fmt.Errorf("%d bytes", len(body)))
	}
	event, err := p.verify(body, header.Get("Stripe-Signature"))
	if err != nil {
		return booking.PaymentEvent{}, malformed(err)
	}
	if event.ID == "" || event.Type == "" || event.Data == nil {
		return booking.PaymentEvent{}, malformed(errors.New("no event"))
	}
	told := booking.PaymentEvent{Provider: Name, ID: event.ID, Type: string(event.Type)}
	if !aboutPayment(told.Type) {
		return told, nil
	}
	told.Reference, told.BookingID, err = subject(event.Data.Raw)
	if err != nil {
		return booking.PaymentEvent{}, malformed(err)
	}
	return told, nil
}

// verify tries every secret, because a rolled one overlaps with its successor.
func (p *Provider) verify(body []byte, signature string) (stripe.Event, error) {
	var failures []error
	for _, secret := range p.secrets {
		event, err := webhook.ConstructEventWithOptions(body, signature, secret, webhook.ConstructEventOptions{
			Tolerance: p.tolerance,
			// Events are rendered in the account's API version, which moves on
			// without us. Only ids are read from them, and those do not change.
			IgnoreAPIVersionMismatch: true,
		})
		if err == nil {
			return event, nil
		}
		failures = append(failures, err)
	}
	return stripe.Event{}, errors.Join(failures...)
}

// aboutPayment tells which events change what is known of a payment. A refund
// that fails later comes as refund.failed or, in accounts of older API versions,
// as charge.refund.updated.
func aboutPayment(kind string) bool {
	for _, family := range []string{"payment_intent.", "charge.dispute.", "charge.refund.", "refund."} {
		if strings.HasPrefix(kind, family) {
			return true
		}
	}
	return kind == string(stripe.EventTypeChargeCaptured) || kind == string(stripe.EventTypeChargeRefunded)
}

// subject finds the payment intent: the object itself, or what a charge, a refund
// or a dispute belongs to. Metadata names a booking only if it is one of ours.
func subject(raw json.RawMessage) (reference, bookingID string, err error) {
	var object struct {
		ID            string            `json:"id"`
		Object        string            `json:"object"`
		PaymentIntent json.RawMessage   `json:"payment_intent"`
		Metadata      map[string]string `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return "", "", fmt.Errorf("event object: %w", err)
	}
	reference = object.ID
	if object.Object != "payment_intent" {
		if reference, err = expandable(object.PaymentIntent); err != nil {
			return "", "", fmt.Errorf("event object's payment intent: %w", err)
		}
	}
	if id, err := uuid.Parse(object.Metadata[metaBooking]); err == nil {
		bookingID = id.String()
	}
	return reference, bookingID, nil
}

// expandable reads a reference that is an id, an object or null.
func expandable(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	if id, ok := stripe.ParseID(raw); ok {
		return id, nil
	}
	var object struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(raw, &object)
	return object.ID, err
}

func malformed(err error) error {
	return booking.E(booking.CodeMalformed, "This is not an event signed by Stripe.").Wrap(err)
}
