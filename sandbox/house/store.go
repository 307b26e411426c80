package house

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"
)

// The buckets. Keys begin with the site's id and a slash, which no id has.
var (
	bucketSites      = []byte("house_sites")
	bucketShows      = []byte("house_shows")
	bucketTaken      = []byte("house_taken")      // by show, what is held and sold
	bucketOrders     = []byte("house_orders")     // by id
	bucketReferences = []byte("house_references") // the clients' own names of orders
	bucketOfShow     = []byte("house_of_show")    // orders by show
	bucketCodes      = []byte("house_codes")      // what opens doors
)

// Buckets are those that the database has to have.
var Buckets = [][]byte{bucketSites, bucketShows, bucketTaken, bucketOrders, bucketReferences, bucketOfShow, bucketCodes}

func put(t *bbolt.Tx, bucket []byte, key string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s/%s: %w", bucket, key, err)
	}
	return t.Bucket(bucket).Put([]byte(key), raw)
}

// get gives nil when there is no such key.
func get[T any](t *bbolt.Tx, bucket []byte, key string) (*T, error) {
	raw := t.Bucket(bucket).Get([]byte(key))
	if raw == nil {
		return nil, nil
	}
	return decode[T](bucket, key, raw)
}

func decode[T any](bucket []byte, key string, raw []byte) (*T, error) {
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fmt.Errorf("decode %s/%s: %w", bucket, key, err)
	}
	return &value, nil
}

// each walks the keys with the prefix that come after it and the text after, in their order,
// until fn answers false.
func each[T any](t *bbolt.Tx, bucket []byte, prefix, after string, fn func(rest string, value *T) (bool, error)) error {
	c := t.Bucket(bucket).Cursor()
	start := []byte(prefix + after)
	for key, raw := c.Seek(start); bytes.HasPrefix(key, []byte(prefix)); key, raw = c.Next() {
		if after != "" && bytes.Equal(key, start) {
			continue
		}
		value, err := decode[T](bucket, string(key), raw)
		if err != nil {
			return err
		}
		if more, err := fn(string(key[len(prefix):]), value); err != nil || !more {
			return err
		}
	}
	return nil
}
