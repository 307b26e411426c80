package cache

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

const (
	// ratePrefix keeps rates apart from other data in the same Redis. The library puts
	// "rate:" before it.
	ratePrefix = "boxoffice:"
	markPrefix = "mark:"
	// rateWithin bounds one exchange. Who waits for it is a customer.
	rateWithin = 50 * time.Millisecond
)

// ErrRatesAway is the answer when Redis does not say.
var ErrRatesAway = errors.New("cache: rates: redis is away")

// Quota is how many requests there may be in a time. So many may also come at once (GCRA).
type Quota struct {
	Requests int
	Per      time.Duration
}

// Interval is the time after which one more request is allowed.
func (q Quota) Interval() time.Duration { return q.Per / time.Duration(q.Requests) }

// Taken is the answer to one request.
type Taken struct {
	Allowed bool
	// Left is how many more may come now.
	Left int
	// After is when the next may come, if this one may not. Full is when all of the quota is
	// there again.
	After, Full time.Duration
}

// Rates counts requests in Redis, for all processes together. Redis keeps one time for each
// key, by its own clock, until the quota is full again.
type Rates struct {
	client  *redis.Client
	limiter *redis_rate.Limiter
	secret  []byte
	within  time.Duration
	breaker *gobreaker.CircuitBreaker[Taken]
}

// NewRates uses the Redis at a redis:// or rediss:// URL. The secret makes names of keys of
// what clients are known by, so that Redis holds neither addresses nor e-mail: processes
// with the same secret count together.
func NewRates(url string, secret []byte, log *slog.Logger) (*Rates, error) {
	return NewPatientRates(url, secret, rateWithin, log)
}

// NewPatientRates bounds one exchange with Redis itself: tests on a busy machine wait longer.
func NewPatientRates(url string, secret []byte, within time.Duration, log *slog.Logger) (*Rates, error) {
	options, err := clientOptions(url)
	if err != nil {
		return nil, err
	}
	options.ReadTimeout = within
	options.WriteTimeout = within
	options.PoolTimeout = within
	options.MinIdleConns = 1 // connecting may take longer than an exchange
	client := redis.NewClient(options)
	r := &Rates{client: client, limiter: redis_rate.NewLimiter(client), secret: secret, within: within}
	r.breaker = gobreaker.NewCircuitBreaker[Taken](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     coolDown,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= failuresInARow },
		// A client that hangs up says nothing of Redis.
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				log.Warn("rates are not shared, each process counts alone: redis is away or slow")
			case to == gobreaker.StateClosed:
				log.Info("rates are shared again")
			}
		},
	})
	return r, nil
}

// Close disconnects.
func (r *Rates) Close() error {
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("cache: close redis: %w", err)
	}
	return nil
}

// Take counts a request of a client, if its quota allows it. The group keeps the quotas of
// one client apart. Error: ErrRatesAway.
func (r *Rates) Take(ctx context.Context, group, client string, quota Quota) (Taken, error) {
	key := r.name(group, client)
	return r.ask(ctx, func(ctx context.Context) (Taken, error) { return r.take(ctx, key, quota, 1) })
}

// Look is what Take would say. It counts nothing. Error: ErrRatesAway.
func (r *Rates) Look(ctx context.Context, group, client string, quota Quota) (Taken, error) {
	key := r.name(group, client)
	return r.ask(ctx, func(ctx context.Context) (Taken, error) {
		taken, err := r.take(ctx, key, quota, 0)
		taken.Allowed = taken.Left > 0
		if !taken.Allowed { // one is there when all but one less than the quota are missing
			taken.After = max(taken.Full-time.Duration(quota.Requests-1)*quota.Interval(), 0)
		}
		return taken, err
	})
}

// Mark remembers a client for a time, for all processes. Error: ErrRatesAway.
func (r *Rates) Mark(ctx context.Context, group, client string, life time.Duration) error {
	key := markPrefix + r.name(group, client)
	_, err := r.ask(ctx, func(ctx context.Context) (Taken, error) {
		return Taken{}, r.client.Set(ctx, key, 1, life).Err()
	})
	return err
}

// Marked tells whether a client is remembered. Error: ErrRatesAway.
func (r *Rates) Marked(ctx context.Context, group, client string) (bool, error) {
	key := markPrefix + r.name(group, client)
	found, err := r.ask(ctx, func(ctx context.Context) (Taken, error) {
		n, err := r.client.Exists(ctx, key).Result()
		return Taken{Allowed: n > 0}, err
	})
	return found.Allowed, err
}

// ask is one exchange with Redis, as long as the breaker lets it through.
func (r *Rates) ask(ctx context.Context, exchange func(context.Context) (Taken, error)) (Taken, error) {
	taken, err := r.breaker.Execute(func() (Taken, error) {
		ctx, cancel := context.WithTimeout(ctx, r.within)
		defer cancel()
		return exchange(ctx)
	})
	if err != nil {
		return Taken{}, fmt.Errorf("%w: %w", ErrRatesAway, err)
	}
	return taken, nil
}

func (r *Rates) take(ctx context.Context, key string, quota Quota, n int) (Taken, error) {
	limit := redis_rate.Limit{Rate: quota.Requests, Burst: quota.Requests, Period: quota.Per}
	result, err := r.limiter.AllowN(ctx, key, limit, n)
	if err == nil && result.ResetAfter > quota.Per+time.Second {
		// No client is ever further in debt than its quota. So the clock of Redis was set back,
		// or another server took over: the time that is stored would refuse for that long.
		if err = r.limiter.Reset(ctx, key); err == nil {
			result, err = r.limiter.AllowN(ctx, key, limit, n)
		}
	}
	if err != nil {
		return Taken{}, err
	}
	return Taken{Allowed: result.Allowed > 0, Left: result.Remaining, After: max(result.RetryAfter, 0), Full: result.ResetAfter}, nil
}

// name is one key, named as a whole: a cluster has to know where it is.
func (r *Rates) name(group, client string) string {
	sum := hmac.New(sha256.New, r.secret)
	sum.Write([]byte(client))
	return ratePrefix + group + ":" + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18])
}
