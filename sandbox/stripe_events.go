package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

var (
	retrieveEvent = operation{name: "events.retrieve", run: runRetrieveEvent}
	listEvents    = operation{name: "events.list", run: runListEvents, params: append([]string{"type", "types", "delivery_success"}, listParams...)}
)

type event struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            eventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int          `json:"pending_webhooks"`
	Request         eventRequest `json:"request"`
	Type            string       `json:"type"`
}

type eventData struct {
	Object json.RawMessage `json:"object"`
}

type eventRequest struct {
	ID             *string `json:"id"`
	IdempotencyKey *string `json:"idempotency_key"`
}

// emit records an event with the object as it is now, and queues its
// delivery. lane is the payment intent, whose events are kept in order.
func (a *stripeAPI) emit(t *tx, c *call, kind, lane string, object any) error {
	ev := &event{
		ID: newStripeID("evt"), Object: "event", APIVersion: a.apiVersion, Created: c.now.Unix(),
		Data: eventData{Object: mustJSON(object)}, Type: kind,
		Request: eventRequest{ID: optional(c.requestID), IdempotencyKey: optional(c.key)},
	}
	wanted := a.webhooks.wants(vendorStripe, kind)
	if wanted {
		ev.PendingWebhooks = 1
	}
	if err := t.put(bucketEvents, ev.ID, ev); err != nil {
		return err
	}
	if !wanted {
		return nil
	}
	return a.webhooks.record(t, a.faults, &delivery{EventID: ev.ID, Lane: lane, Type: kind, Created: c.now})
}

func runRetrieveEvent(_ *stripeAPI, t *tx, c *call) (any, error) {
	ev, err := find[event](t, bucketEvents, "event", c.id, "id")
	if err != nil {
		return nil, err
	}
	return ev, countPending(t, ev)
}

// countPending tells how many deliveries of the event are still owed.
func countPending(t *tx, ev *event) error {
	d, err := get[delivery](t, bucketDeliveries, ev.ID)
	ev.PendingWebhooks = 0
	if d != nil && d.State == deliveryPending {
		ev.PendingWebhooks = 1
	}
	return err
}

func runListEvents(_ *stripeAPI, t *tx, c *call) (any, error) {
	kind, kinds := c.form.text("type"), c.form.list("types")
	out, err := list(t, c, bucketEvents, "/v1/events", func(ev *event) (int64, bool) {
		return ev.Created, matchesType(ev.Type, kind) && (len(kinds) == 0 || slices.Contains(kinds, ev.Type))
	})
	if err != nil {
		return nil, err
	}
	for _, ev := range out.(*listObject).Data {
		if err := countPending(t, ev.(*event)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// matchesType understands a trailing star: charge.*
func matchesType(kind, pattern string) bool {
	prefix, star := strings.CutSuffix(pattern, "*")
	return pattern == "" || kind == pattern || (star && strings.HasPrefix(kind, prefix))
}

// deliveryView is a delivery as the sandbox shows it.
type deliveryView struct {
	EventID       string            `json:"event"`
	Type          string            `json:"type"`
	PaymentIntent string            `json:"payment_intent,omitempty"`
	Lane          string            `json:"lane"`
	State         string            `json:"state"`
	Created       time.Time         `json:"created"`
	NextAttempt   *time.Time        `json:"next_attempt,omitempty"`
	Attempts      []deliveryAttempt `json:"attempts"`
}

// serveDeliveries shows the newest deliveries with every attempt made.
func (a *stripeAPI) serveDeliveries(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	limit := readLimit(q.Get("limit"), 100, 1000)
	views := []deliveryView{}
	err := a.store.view(func(t *tx) error {
		return eachNewest(t, bucketDeliveries, "", func(_ string, d *delivery) (bool, error) {
			if pi := q.Get("payment_intent"); d.vendor() != vendorStripe || pi != "" && pi != d.Lane {
				return true, nil
			}
			if state := q.Get("state"); state != "" && state != d.State {
				return true, nil
			}
			views = append(views, d.view())
			return len(views) < limit, nil
		})
	})
	writeResult(w, a.log, map[string]any{"deliveries": views}, err)
}

// serveResend delivers an event once more, in any state.
func (a *stripeAPI) serveResend(w http.ResponseWriter, req *http.Request) {
	id := mux.Vars(req)["id"]
	var found *event
	err := a.store.update(func(t *tx) (err error) {
		if found, err = get[event](t, bucketEvents, id); err != nil || found == nil {
			return err
		}
		d, err := get[delivery](t, bucketDeliveries, id)
		if err != nil {
			return err
		}
		if d == nil {
			d = &delivery{EventID: id, Lane: id, Type: found.Type, Created: time.Now().UTC()}
		}
		d.Copies, d.NotBefore, d.Swap = 1, time.Time{}, false
		return a.webhooks.queue(t, d)
	})
	if err == nil && found == nil {
		writeProblem(w, http.StatusNotFound, "No such event: "+id)
		return
	}
	writeResult(w, a.log, map[string]any{"event": id, "state": deliveryPending}, err)
}

// stripeSubscription is the endpoint that Stripe's events go to.
func stripeSubscription(o Options) subscription {
	return subscription{
		url: o.StripeWebhookURL,
		wants: func(kind string) bool {
			return slices.ContainsFunc(o.StripeWebhookEvents, func(pattern string) bool { return matchesType(kind, pattern) })
		},
		headers: func(body []byte, _ string, at time.Time) http.Header {
			return http.Header{
				"Content-Type":     {"application/json; charset=utf-8"},
				"User-Agent":       {"Stripe/1.0 (+https://stripe.com/docs/webhooks)"},
				"Stripe-Signature": {signWebhook(body, at, o.StripeWebhookSecrets)},
			}
		},
	}
}

// signWebhook makes the Stripe-Signature header: one v1 for each secret, as
// Stripe does while a secret is being rolled.
// https://docs.stripe.com/webhooks#verify-manually
func signWebhook(body []byte, at time.Time, secrets []string) string {
	header := fmt.Sprintf("t=%d", at.Unix())
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = fmt.Fprintf(mac, "%d.", at.Unix())
		_, _ = mac.Write(body)
		header += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return header
}
