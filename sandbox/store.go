package sandbox

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/boxoffice/boxoffice/sandbox/house"
)

// One bucket per kind of object. Ids are time-ordered, so the order of a
// bucket's keys is the order of creation and lists need no index.
var (
	bucketIntents      = []byte("payment_intents")
	bucketCharges      = []byte("charges")
	bucketRefunds      = []byte("refunds")
	bucketMethods      = []byte("payment_methods")
	bucketDisputes     = []byte("disputes")
	bucketEvents       = []byte("events") // Stripe's, who lists them
	bucketVendorEvents = []byte("vendor_events")
	bucketDeliveries   = []byte("deliveries")
	bucketPending      = []byte("pending_deliveries")
	bucketIdempotency  = []byte("idempotency_keys")
	bucketMessages     = []byte("messages")
	bucketBodies       = []byte("message_bodies")
	bucketIndex        = []byte("index")
	bucketFaults       = []byte("faults")
	bucketBrowsers     = []byte("push_subscriptions")
	bucketAgents       = []byte("push_agents")
	bucketWaiting      = []byte("push_waiting")
)

var allBuckets = slices.Concat([][]byte{
	bucketIntents, bucketCharges, bucketRefunds, bucketMethods, bucketDisputes,
	bucketEvents, bucketVendorEvents, bucketDeliveries, bucketPending, bucketIdempotency,
	bucketMessages, bucketBodies, bucketIndex, bucketFaults, bucketBrowsers, bucketAgents, bucketWaiting,
	bucketRazorpayOrders, bucketRazorpayPayments, bucketRazorpayRefunds, bucketRazorpayDisputes, bucketRazorpayKeys, bucketRazorpayDue,
	bucketPaypalOrders, bucketPaypalRequests, bucketPaypalTokens, bucketPaypalSettings,
}, house.Buckets)

// store is the bbolt file behind everything.
type store struct {
	db      *bbolt.DB
	tempDir string // removed at close when the caller named no file
}

// openStore opens the data file, or a temporary one when path is empty.
//
// NoSync: what a killed process has written stays in the kernel's page cache,
// and bbolt writes its meta page last, so only a power failure can hurt. That
// is the right price for a stand-in, and it keeps a write well below a
// millisecond.
func openStore(path string) (*store, error) {
	s := &store{}
	if path == "" {
		dir, err := os.MkdirTemp("", "boxoffice-sandbox-")
		if err != nil {
			return nil, fmt.Errorf("sandbox: temporary data file: %w", err)
		}
		s.tempDir = dir
		path = filepath.Join(dir, "sandbox.db")
	} else if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("sandbox: data folder: %w", err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         5 * time.Second, // another process may still be letting go of the file
		NoSync:          true,
		NoGrowSync:      true,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: 64 << 20, // growing the map waits for all readers
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox: open %s: %w", path, err)
	}
	s.db = db
	if err := s.update(func(t *tx) error { return t.createBuckets() }); err != nil {
		return nil, fmt.Errorf("sandbox: prepare %s: %w", path, err)
	}
	return s, nil
}

func (s *store) close() error {
	err := s.db.Close()
	if s.tempDir != "" {
		_ = os.RemoveAll(s.tempDir)
	}
	return err
}

func (s *store) update(fn func(*tx) error) error {
	return s.db.Update(func(b *bbolt.Tx) error { return fn(&tx{b}) })
}

func (s *store) view(fn func(*tx) error) error {
	return s.db.View(func(b *bbolt.Tx) error { return fn(&tx{b}) })
}

// wipe empties every bucket.
func (s *store) wipe() error {
	return s.update(func(t *tx) error {
		for _, name := range allBuckets {
			if err := t.DeleteBucket(name); err != nil {
				return fmt.Errorf("delete bucket %s: %w", name, err)
			}
		}
		return t.createBuckets()
	})
}

// tx is one transaction; values are stored as JSON.
type tx struct{ *bbolt.Tx }

func (t *tx) createBuckets() error {
	for _, name := range allBuckets {
		if _, err := t.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return nil
}

func (t *tx) put(bucket []byte, key string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s/%s: %w", bucket, key, err)
	}
	return t.Bucket(bucket).Put([]byte(key), raw)
}

func (t *tx) delete(bucket []byte, key string) error {
	return t.Bucket(bucket).Delete([]byte(key))
}

// get returns nil when there is no such key.
func get[T any](t *tx, bucket []byte, key string) (*T, error) {
	raw := t.Bucket(bucket).Get([]byte(key))
	if raw == nil {
		return nil, nil
	}
	return decode[T](bucket, []byte(key), raw)
}

func decode[T any](bucket, key, raw []byte) (*T, error) {
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fmt.Errorf("decode %s/%s: %w", bucket, key, err)
	}
	return &value, nil
}

// each walks a bucket, oldest first, until fn answers false.
func each[T any](t *tx, bucket []byte, fn func(key string, value *T) (bool, error)) error {
	c := t.Bucket(bucket).Cursor()
	return walk(bucket, fn, c.Next, first(c.First()))
}

// eachFrom walks a bucket towards the newest, starting at the key.
func eachFrom[T any](t *tx, bucket []byte, from string, fn func(key string, value *T) (bool, error)) error {
	c := t.Bucket(bucket).Cursor()
	return walk(bucket, fn, c.Next, first(c.Seek([]byte(from))))
}

// eachNewest walks a bucket, newest first, starting below the key before (or
// at the newest when it is empty), until fn answers false.
func eachNewest[T any](t *tx, bucket []byte, before string, fn func(key string, value *T) (bool, error)) error {
	c := t.Bucket(bucket).Cursor()
	start := first(c.Last())
	if before != "" {
		// Seek lands at the key or behind it; when it runs off the end
		// everything is older, and Last is the right start.
		if k, _ := c.Seek([]byte(before)); k != nil {
			start = first(c.Prev())
		} else {
			start = first(c.Last())
		}
	}
	return walk(bucket, fn, c.Prev, start)
}

type entry struct{ key, value []byte }

func first(key, value []byte) entry { return entry{key, value} }

func walk[T any](bucket []byte, fn func(string, *T) (bool, error), next func() ([]byte, []byte), at entry) error {
	for ; at.key != nil; at = first(next()) {
		value, err := decode[T](bucket, at.key, at.value)
		if err != nil {
			return err
		}
		more, err := fn(string(at.key), value)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// addIndex notes that id is found under the given terms.
func (t *tx) addIndex(id string, terms ...string) error {
	return t.Bucket(bucketIndex).Put(append(indexPrefix(terms), id...), []byte{})
}

// lookup returns the ids found under the terms, oldest first.
func (t *tx) lookup(terms ...string) []string {
	var ids []string
	prefix := indexPrefix(terms)
	c := t.Bucket(bucketIndex).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		ids = append(ids, string(k[len(prefix):]))
	}
	return ids
}

// indexPrefix writes each term behind its length, so that no term can be
// mistaken for the beginning of another.
func indexPrefix(terms []string) []byte {
	var key []byte
	for _, term := range terms {
		key = binary.AppendUvarint(key, uint64(len(term)))
		key = append(key, term...)
	}
	return key
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var lastTick atomic.Int64

// tick is the clock in microseconds, but never twice the same.
func tick() int64 {
	for {
		last := lastTick.Load()
		now := max(time.Now().UnixMicro(), last+1)
		if lastTick.CompareAndSwap(last, now) {
			return now
		}
	}
}

// sortableID returns nine characters that sort by time.
func sortableID() string {
	var out [9]byte
	n := tick()
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}

func randomText(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	for i, b := range raw {
		raw[i] = base62[int(b)%62]
	}
	return string(raw)
}

// newStripeID has the length and look of Stripe's: pi_3, then 23 characters.
func newStripeID(prefix string) string {
	return prefix + "_3" + sortableID() + randomText(14)
}
