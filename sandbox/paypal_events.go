package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

const vendorPaypal = "paypal"

// emit tells the subscriber of a change, in the transaction that made it. The order is
// the lane.
func (a *paypalAPI) emit(t *tx, o *paypalOrder, kind, resourceType string, resource paypalView) error {
	id := "WH-" + sortableID() + strings.ToUpper(randomText(8)) + "-" + strings.ToUpper(randomText(17))
	version := "2.0"
	if resourceType == "dispute" {
		version = "1.0"
	}
	body := mustJSON(paypalView{
		"id": id, "event_version": "1.0", "resource_version": version, "create_time": a.now().Format("2006-01-02T15:04:05.000Z"),
		"resource_type": resourceType, "event_type": kind, "summary": kind + " for order " + o.ID, "resource": resource,
		"links": []paypalLink{a.link("self", "GET", "/v1/notifications/webhooks-events/"+id)},
	})
	return a.webhooks.emit(t, a.faults, vendorPaypal, kind, id, o.ID, body, time.Now().UTC())
}

// paypalSubscription is the webhook that PayPal's events go to.
func (a *paypalAPI) subscription(o Options) subscription {
	return subscription{
		url: o.PayPalWebhookURL,
		wants: func(kind string) bool {
			return slices.ContainsFunc(o.PayPalWebhookEvents, func(pattern string) bool { return matchesType(kind, pattern) })
		},
		headers: func(body []byte, _ string, at time.Time) http.Header {
			headers, err := a.keys.sign(body, o.PayPalWebhookID, at)
			if err != nil {
				a.log.Error("sandbox: sign PayPal event", "error", err)
			}
			return headers
		},
	}
}

// sign makes the headers of one transmission: a signature over its id, its time, the
// webhook's id and the body's CRC-32.
// https://developer.paypal.com/api/rest/webhooks/rest/#link-eventheadervalidation
func (k *paypalKeys) sign(body []byte, webhookID string, at time.Time) (http.Header, error) {
	signer, address, err := k.signer()
	if err != nil {
		return http.Header{}, err
	}
	id, sent := paypalTransmissionID(), at.UTC().Format(time.RFC3339)
	text := fmt.Sprintf("%s|%s|%s|%d", id, sent, webhookID, crc32.ChecksumIEEE(body))
	sum := sha256.Sum256([]byte(text))
	signature, err := signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return http.Header{}, fmt.Errorf("sign: %w", err)
	}
	header := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "PayPal/AUHD-214.0-58130127",
		"Paypal-Transmission-Id": id, "Paypal-Transmission-Time": sent, "Paypal-Auth-Algo": "SHA256withRSA",
		"Paypal-Cert-Url": address, "Paypal-Transmission-Sig": base64.StdEncoding.EncodeToString(signature),
		"Paypal-Auth-Version": "v2",
	} {
		header.Set(name, value)
	}
	return header, nil
}

func paypalTransmissionID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	text := hex.EncodeToString(raw)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// serveCertificate is what PAYPAL-CERT-URL leads to: the certificate alone, in PEM.
func (a *paypalAPI) serveCertificate(w http.ResponseWriter, req *http.Request) {
	hit := a.faults.match(a.store, a.name, "certs.get", false)
	hit.wait(a.closing)
	text, err := a.keys.certificate(req.URL.Path)
	switch {
	case hit.Lost:
		loseReply(w)
	case hit.fails():
		w.WriteHeader(hit.Status)
	case err == nil && text == nil:
		w.WriteHeader(http.StatusNotFound)
	default:
		writeText(w, a.log, text, err)
	}
}

// serveRoot is the root under which the certificates of events are.
func (a *paypalAPI) serveRoot(w http.ResponseWriter, _ *http.Request) {
	root, err := a.keys.rootPEM()
	writeText(w, a.log, root, err)
}

func writeText(w http.ResponseWriter, log *slog.Logger, text []byte, err error) {
	if err != nil {
		writeResult(w, log, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(text)
}

// serveDeliveries shows the newest deliveries with every attempt made.
func (a *paypalAPI) serveDeliveries(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	limit := readLimit(q.Get("limit"), 100, 1000)
	views := []deliveryView{}
	err := a.store.view(func(t *tx) error {
		return eachNewest(t, bucketDeliveries, "", func(_ string, d *delivery) (bool, error) {
			order, state := q.Get("order"), q.Get("state")
			if d.vendor() != vendorPaypal || order != "" && order != d.Lane || state != "" && state != d.State {
				return true, nil
			}
			view := d.view()
			view.PaymentIntent = "" // Stripe's word
			views = append(views, view)
			return len(views) < limit, nil
		})
	})
	writeResult(w, a.log, map[string]any{"deliveries": views}, err)
}

// serveResend delivers an event once more, in any state.
func (a *paypalAPI) serveResend(w http.ResponseWriter, req *http.Request) {
	id := mux.Vars(req)["id"]
	var found *delivery
	err := a.store.update(func(t *tx) (err error) {
		if found, err = get[delivery](t, bucketDeliveries, id); err != nil || found == nil || found.vendor() != vendorPaypal {
			return err
		}
		found.Copies, found.NotBefore, found.Swap = 1, time.Time{}, false
		return a.webhooks.queue(t, found)
	})
	if err == nil && (found == nil || found.vendor() != vendorPaypal) {
		writeProblem(w, http.StatusNotFound, "PayPal has delivered no such event: "+id)
		return
	}
	writeResult(w, a.log, map[string]any{"event": id, "state": deliveryPending}, err)
}
