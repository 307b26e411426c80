package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// razorpayAccount is the merchant's account in events.
const razorpayAccount = "acc_BoxofficeDemo1"

// tell records an event with the objects as they are now and queues it. Razorpay's events are
// snapshots: a body may say more than the event's name.
// https://razorpay.com/docs/webhooks/payloads/payments
func (a *razorpayAPI) tell(t *tx, now time.Time, kind string, p *razorpayPayment, more map[string]any) error {
	payload := map[string]any{"payment": map[string]any{"entity": p}}
	contains := []string{"payment"}
	for name, object := range more {
		payload[name] = map[string]any{"entity": object}
		contains = append(contains, name)
	}
	slices.Sort(contains)
	body, err := json.Marshal(map[string]any{
		"entity": "event", "account_id": razorpayAccount, "event": kind, "contains": contains,
		"payload": payload, "created_at": now.Unix(),
	})
	if err != nil {
		return fmt.Errorf("sandbox: razorpay event: %w", err)
	}
	return a.webhooks.emit(t, a.faults, vendorRazorpay, kind, newRazorpayID("evt"), cmp.Or(p.order(), p.ID), body, now)
}

// razorpayHeaders sign a webhook: with one secret, over the body alone. The event's id is not
// covered. https://razorpay.com/docs/webhooks/validate-test
func razorpayHeaders(secret string) func(body []byte, eventID string, at time.Time) http.Header {
	return func(body []byte, eventID string, _ time.Time) http.Header {
		h := http.Header{}
		h.Set("Content-Type", "application/json")
		h.Set("User-Agent", "Razorpay-Webhook/v1")
		h.Set("X-Razorpay-Signature", razorpaySignature(secret, body))
		h.Set("X-Razorpay-Event-Id", eventID)
		return h
	}
}
