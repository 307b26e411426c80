package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	bbolterrors "go.etcd.io/bbolt/errors"
)

// The result of a delivery.
const (
	deliveryPending   = "pending"
	deliveryDelivered = "delivered"
	deliveryDropped   = "dropped"   // a fault swallowed it
	deliveryAbandoned = "abandoned" // refused for days
)

const (
	deliveryWorkers  = 16
	deliveryMaxAge   = 72 * time.Hour // as long as Stripe keeps trying: https://docs.stripe.com/webhooks#retries
	keptAttempts     = 20
	swapHoldDefault  = 2 * time.Second
	deliveryMaxReply = 64 << 10
)

// delivery is one event's way to the receiver.
type delivery struct {
	EventID   string
	Lane      string // the payment intent
	Type      string
	Created   time.Time
	State     string
	NotBefore time.Time
	Copies    int  // how often the next attempt sends it, side by side
	Swap      bool // wait for the next event of the lane, then follow it
	Tries     int
	Attempts  []deliveryAttempt // the latest ones
}

type deliveryAttempt struct {
	At         time.Time `json:"at"`
	Status     int       `json:"status,omitempty"`
	Error      string    `json:"error,omitempty"`
	DurationMS int64     `json:"duration_ms"`
}

func (a deliveryAttempt) refused() bool { return a.Status < 200 || a.Status >= 300 }

func (d *delivery) view() deliveryView {
	v := deliveryView{EventID: d.EventID, Type: d.Type, PaymentIntent: d.Lane, State: d.State, Created: d.Created, Attempts: d.Attempts}
	if v.Attempts == nil {
		v.Attempts = []deliveryAttempt{}
	}
	if d.State == deliveryPending && !d.NotBefore.IsZero() {
		v.NextAttempt = &d.NotBefore
	}
	return v
}

// dispatcher delivers events. First attempts of one payment intent's events
// are made in order; an event that was refused is tried again on its own and
// delays no other, as at Stripe.
type dispatcher struct {
	store     *store
	log       *slog.Logger
	url       string
	secrets   []string
	enabled   []string
	client    *http.Client
	retryBase time.Duration
	retryCap  time.Duration
	schedule  lanes
}

func (d *dispatcher) wants(kind string) bool {
	matches := func(pattern string) bool { return matchesType(kind, pattern) }
	return d.url != "" && slices.ContainsFunc(d.enabled, matches)
}

// record decides, with the faults, how the event will be delivered.
func (d *dispatcher) record(t *tx, f *faults, dl *delivery) error {
	hit, err := f.matchIn(t, "webhooks", dl.Type)
	if err != nil {
		return err
	}
	if hit.Drop {
		dl.State = deliveryDropped
		return t.put(bucketDeliveries, dl.EventID, dl)
	}
	dl.Copies, dl.Swap = max(1, hit.Copies), hit.Swap
	if hold := max(hit.Wait, hit.SwapHold); hold > 0 {
		dl.NotBefore = dl.Created.Add(hold)
	}
	return d.queue(t, dl)
}

// queue keeps the delivery and hands it to the workers once the transaction
// is committed, so no event tells of what was rolled back.
func (d *dispatcher) queue(t *tx, dl *delivery) error {
	dl.State = deliveryPending
	t.OnCommit(func() { d.schedule.add(dl.Lane, dl) })
	return errors.Join(t.put(bucketDeliveries, dl.EventID, dl), t.put(bucketPending, dl.EventID, true))
}

// run delivers until the context ends. What is pending is taken from the
// store, so that a restart goes on where the last process stopped.
func (d *dispatcher) run(ctx context.Context) error {
	if err := d.schedule.open(d.pending); err != nil {
		return fmt.Errorf("sandbox: load pending webhooks: %w", err)
	}
	stop := context.AfterFunc(ctx, d.schedule.close)
	defer stop()
	var workers sync.WaitGroup
	for range deliveryWorkers {
		workers.Go(func() { d.work(ctx) })
	}
	workers.Wait()
	return nil
}

func (d *dispatcher) pending() ([]*delivery, error) {
	var out []*delivery
	err := d.store.view(func(t *tx) error {
		return each(t, bucketPending, func(id string, _ *bool) (bool, error) {
			dl, err := get[delivery](t, bucketDeliveries, id)
			if dl != nil {
				dl.startOver()
				out = append(out, dl)
			}
			return true, err
		})
	})
	return out, err
}

// startOver forgets how long to hold back: a receiver that refused the event may well
// have been restarted with us. A delay that a fault asked for stays.
func (d *delivery) startOver() {
	if d.Tries > 0 {
		d.Tries, d.NotBefore = 1, time.Time{}
	}
}

func (d *dispatcher) work(ctx context.Context) {
	for {
		l, dl := d.schedule.next()
		if l == nil {
			return
		}
		again := d.deliver(ctx, dl)
		d.schedule.done(l)
		if again {
			d.schedule.add(dl.EventID, dl)
		}
	}
}

// deliver makes one attempt; again tells whether another one is owed.
func (d *dispatcher) deliver(ctx context.Context, dl *delivery) (again bool) {
	body, err := d.payload(dl.EventID)
	if err != nil || body == nil {
		if err != nil && !errors.Is(err, bbolterrors.ErrDatabaseNotOpen) {
			d.log.Error("sandbox: read event", "event", dl.EventID, "error", err)
		}
		return false // the books were wiped, or are closed
	}
	attempts := make([]deliveryAttempt, max(1, dl.Copies))
	var copies sync.WaitGroup
	for i := range attempts {
		copies.Go(func() { attempts[i] = d.send(ctx, body) })
	}
	copies.Wait()
	if ctx.Err() != nil {
		return false // still pending in the store; the next run takes it up
	}
	again, err = d.settle(dl, attempts)
	if err != nil {
		d.log.Error("sandbox: record delivery", "event", dl.EventID, "error", err)
	}
	return again
}

func (d *dispatcher) payload(eventID string) ([]byte, error) {
	var body []byte
	err := d.store.view(func(t *tx) error {
		body = bytes.Clone(t.Bucket(bucketEvents).Get([]byte(eventID)))
		return nil
	})
	return body, err
}

func (d *dispatcher) send(ctx context.Context, body []byte) deliveryAttempt {
	start := time.Now()
	attempt := deliveryAttempt{At: start.UTC()}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
		req.Header.Set("Stripe-Signature", signWebhook(body, start, d.secrets))
		var res *http.Response
		if res, err = d.client.Do(req); err == nil {
			attempt.Status = res.StatusCode
			_, _ = io.CopyN(io.Discard, res.Body, deliveryMaxReply) // so that the connection is used again
			_ = res.Body.Close()
		}
	}
	if err != nil {
		attempt.Error = err.Error()
	}
	attempt.DurationMS = time.Since(start).Milliseconds()
	return attempt
}

// settle writes the attempts down and plans the next one. It works on dl, the
// only copy that a worker holds, and on the stored record.
func (d *dispatcher) settle(dl *delivery, attempts []deliveryAttempt) (again bool, err error) {
	dl.Tries++
	dl.Attempts = append(dl.Attempts, attempts...)
	dl.Attempts = dl.Attempts[max(0, len(dl.Attempts)-keptAttempts):]
	dl.Copies = 1
	switch {
	case !slices.ContainsFunc(attempts, deliveryAttempt.refused):
		dl.State = deliveryDelivered
	case time.Since(dl.Created) > deliveryMaxAge:
		dl.State = deliveryAbandoned
	default:
		dl.NotBefore = time.Now().UTC().Add(d.backoff(dl.Tries))
	}
	err = d.store.update(func(t *tx) error {
		if t.Bucket(bucketDeliveries).Get([]byte(dl.EventID)) == nil {
			dl.State = deliveryDropped // wiped meanwhile
			return nil
		}
		if err := t.put(bucketDeliveries, dl.EventID, dl); err != nil || dl.State == deliveryPending {
			return err
		}
		return t.delete(bucketPending, dl.EventID)
	})
	return dl.State == deliveryPending, err
}

// backoff doubles from the base to the cap.
func (d *dispatcher) backoff(tries int) time.Duration {
	wait := d.retryBase
	for range tries - 1 {
		if wait *= 2; wait >= d.retryCap {
			return d.retryCap
		}
	}
	return min(wait, d.retryCap)
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
