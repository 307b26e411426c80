package sandbox

import (
	"bytes"
	"cmp"
	"context"
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
	Vendor    string // empty is Stripe
	EventID   string
	Lane      string // the payment
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
	v := deliveryView{EventID: d.EventID, Type: d.Type, PaymentIntent: d.Lane, Lane: d.Lane, State: d.State, Created: d.Created, Attempts: d.Attempts}
	if v.Attempts == nil {
		v.Attempts = []deliveryAttempt{}
	}
	if d.State == deliveryPending && !d.NotBefore.IsZero() {
		v.NextAttempt = &d.NotBefore
	}
	return v
}

// subscription is where one vendor's events go, and how they are signed.
type subscription struct {
	url   string // empty: nowhere
	wants func(eventType string) bool
	// headers are those of one attempt, the signature among them.
	headers func(body []byte, eventID string, at time.Time) http.Header
}

// dispatcher delivers events of all vendors. First attempts of one payment's events
// are made in order; an event that was refused is tried again on its own and
// delays no other.
type dispatcher struct {
	store     *store
	log       *slog.Logger
	to        map[string]subscription // by vendor
	client    *http.Client
	retryBase time.Duration
	retryCap  time.Duration
	schedule  lanes
}

// subscribe says where a vendor's events go. It is called before run.
func (d *dispatcher) subscribe(vendor string, s subscription) { d.to[vendor] = s }

func (d *dispatcher) wants(vendor, kind string) bool {
	s := d.to[vendor]
	return s.url != "" && s.wants(kind)
}

// emit keeps an event of a vendor and queues it, in the transaction that made it. lane
// keeps the order of one payment's events.
func (d *dispatcher) emit(t *tx, f *faults, vendor, eventType, eventID, lane string, body []byte, at time.Time) error {
	if err := t.Bucket(bucketVendorEvents).Put([]byte(eventID), body); err != nil || !d.wants(vendor, eventType) {
		return err
	}
	return d.record(t, f, &delivery{Vendor: vendor, EventID: eventID, Lane: lane, Type: eventType, Created: at})
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
	body, err := d.payload(dl)
	if err != nil || body == nil {
		if err != nil && !errors.Is(err, bbolterrors.ErrDatabaseNotOpen) {
			d.log.Error("sandbox: read event", "event", dl.EventID, "error", err)
		}
		return false // the books were wiped, or are closed
	}
	attempts := make([]deliveryAttempt, max(1, dl.Copies))
	var copies sync.WaitGroup
	for i := range attempts {
		copies.Go(func() { attempts[i] = d.send(ctx, dl, body) })
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

func (d *dispatcher) payload(dl *delivery) ([]byte, error) {
	bucket := bucketVendorEvents
	if dl.vendor() == vendorStripe {
		bucket = bucketEvents
	}
	var body []byte
	err := d.store.view(func(t *tx) error {
		body = bytes.Clone(t.Bucket(bucket).Get([]byte(dl.EventID)))
		return nil
	})
	return body, err
}

func (d *dispatcher) send(ctx context.Context, dl *delivery, body []byte) deliveryAttempt {
	start := time.Now()
	attempt := deliveryAttempt{At: start.UTC()}
	to := d.to[dl.vendor()]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err == nil {
		req.Header = to.headers(body, dl.EventID, start)
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

// vendorStripe is the vendor of deliveries that name none.
const vendorStripe = "stripe"

func (d *delivery) vendor() string { return cmp.Or(d.Vendor, vendorStripe) }

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
