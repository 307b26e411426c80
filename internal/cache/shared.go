package cache

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

const (
	// documentPrefix keeps documents apart from other data in the same Redis.
	documentPrefix = "boxoffice:document:"
	// exchangeWithin bounds one exchange about a document: a request that waits could
	// ask the database instead.
	exchangeWithin = 30 * time.Millisecond
	// failuresInARow open the breaker: then Redis is left alone for coolDown, and
	// one exchange tries it.
	failuresInARow = 3
)

// Shared is the part of a cache that lives in Redis. Nothing that goes wrong
// there is an error: the answer is not there, that is all.
type Shared struct {
	client  *redis.Client
	prefix  string
	breaker *gobreaker.CircuitBreaker[any]
	within  time.Duration // of one exchange
}

// NewShared uses the Redis at a redis:// or rediss:// URL. Only processes with
// equal tags share: a tag names the build that rendered an answer and the
// database that it came from.
func NewShared(url string, log *slog.Logger, tag ...string) (*Shared, error) {
	return newShared(url, exchangeWithin, log, tag...)
}

func newShared(url string, within time.Duration, log *slog.Logger, tag ...string) (*Shared, error) {
	options, err := clientOptions(url)
	if err != nil {
		return nil, err
	}
	options.ReadTimeout = within
	options.WriteTimeout = within
	options.PoolTimeout = within
	options.MinIdleConns = 1 // connecting may take longer than an exchange
	s := &Shared{client: redis.NewClient(options), prefix: documentPrefix, within: within}
	for _, part := range tag {
		s.prefix += digest(part) + ":"
	}
	s.breaker = gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     coolDown,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= failuresInARow },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				log.Warn("answers are not shared: redis is away or slow")
			case to == gobreaker.StateClosed:
				log.Info("answers are shared again")
			}
		},
	})
	return s, nil
}

// Close disconnects.
func (s *Shared) Close() error {
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("cache: close redis: %w", err)
	}
	return nil
}

// get gives nil for none. The time an answer has left comes from Redis, since
// clocks of machines differ.
func (s *Shared) get(ctx context.Context, key string) (document *Document, left time.Duration) {
	name := s.name(key)
	var (
		content *redis.StringCmd
		life    *redis.DurationCmd
	)
	if !s.exchange(ctx, func(ctx context.Context) error {
		_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			content, life = pipe.Get(ctx, name), pipe.PTTL(ctx, name)
			return nil
		})
		return err
	}) {
		return nil, 0
	}
	raw, err := content.Bytes()
	if err != nil || life.Val() <= 0 {
		return nil, 0
	}
	if document, err = decodeDocument(key, raw); err != nil {
		return nil, 0
	}
	return document, life.Val()
}

func (s *Shared) set(ctx context.Context, key string, document *Document, ttl time.Duration) {
	s.exchange(ctx, func(ctx context.Context) error {
		return s.client.Set(ctx, s.name(key), document.encode(key), ttl).Err()
	})
}

// exchange tells whether Redis answered.
func (s *Shared) exchange(ctx context.Context, do func(context.Context) error) bool {
	_, err := s.breaker.Execute(func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, s.within)
		defer cancel()
		if err := do(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		return nil, nil
	})
	return err == nil
}

// name is short and plain for every text that a client puts into a filter.
func (s *Shared) name(key string) string { return s.prefix + digest(key) }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:15])
}
