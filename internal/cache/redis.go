package cache

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// channelPrefix keeps hints apart from other data in the same Redis.
	channelPrefix = "boxoffice:hint:"
	// queueLength bounds the hints that wait for Redis; more are dropped.
	queueLength = 1024
	// publishWithin bounds one exchange with Redis, and how long Close waits.
	publishWithin = 250 * time.Millisecond
	// coolDown is how long hints are dropped unsent after Redis failed, so that an
	// outage costs one attempt per second and not one per booking.
	coolDown = time.Second
)

// RedisBus carries hints between processes through Redis pub/sub. Subscribers in
// the publishing process are woken directly, so that a process still gets its own hints
// while Redis is down.
type RedisBus struct {
	client   *redis.Client
	pubsub   *redis.PubSub
	local    *LocalBus
	queue    chan string
	ready    atomic.Bool // the pattern is subscribed
	stop     context.CancelFunc
	stopping context.Context
	running  sync.WaitGroup
}

// NewRedisBus makes a bus on the Redis at a redis:// or rediss:// URL. It does
// not wait for Redis: the connection is made, and made again, in the background.
func NewRedisBus(url string) (*RedisBus, error) {
	options, err := clientOptions(url)
	if err != nil {
		return nil, err
	}
	bus := &RedisBus{
		client: redis.NewClient(options),
		local:  NewLocalBus(),
		queue:  make(chan string, queueLength),
	}
	bus.stopping, bus.stop = context.WithCancel(context.Background())
	// One subscription per process, for any number of topics: hints are few and small, and
	// fanning them out here spares Redis a subscription per watcher.
	bus.pubsub = bus.client.PSubscribe(bus.stopping)
	bus.running.Go(bus.send)
	bus.running.Go(bus.receive)
	return bus, nil
}

// clientOptions make a client that would rather fail than wait.
func clientOptions(url string) (*redis.Options, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("cache: redis url: %w", err)
	}
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.DialTimeout = publishWithin
	options.WriteTimeout = publishWithin
	options.ContextTimeoutEnabled = true
	// Both would put commands on the wire that older servers refuse.
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	redis.SetLogger(logger{})
	return options, nil
}

// Publish implements Bus. The caller never waits for Redis.
func (b *RedisBus) Publish(ctx context.Context, topic string) {
	b.local.Publish(ctx, topic)
	select {
	case b.queue <- topic:
	default:
	}
}

// Subscribe implements Bus.
func (b *RedisBus) Subscribe(ctx context.Context, topic string) (<-chan struct{}, func()) {
	return b.local.Subscribe(ctx, topic)
}

// Ping asks whether Redis answers, for readiness reports.
func (b *RedisBus) Ping(ctx context.Context) error {
	if err := b.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("cache: ping redis: %w", err)
	}
	return nil
}

// Close sends what is queued, if Redis takes it at once, and disconnects.
func (b *RedisBus) Close() error {
	b.stop()
	_ = b.pubsub.Close() // ends receive; a broken connection has nothing to add
	b.running.Wait()
	if err := b.client.Close(); err != nil {
		return fmt.Errorf("cache: close redis: %w", err)
	}
	return nil
}

// send drains the queue into Redis, everything that waits in one exchange.
func (b *RedisBus) send() {
	var silentUntil time.Time
	for {
		var topics map[string]struct{}
		select {
		case topic := <-b.queue:
			topics = b.drain(topic)
		case <-b.stopping.Done():
			if topics = b.drain(); len(topics) > 0 && time.Now().After(silentUntil) {
				_ = b.exchange(topics)
			}
			return
		}
		if time.Now().Before(silentUntil) {
			continue
		}
		if err := b.exchange(topics); err != nil {
			silentUntil = time.Now().Add(coolDown)
			slog.Warn("hints are not sent: redis is away", "error", err)
		}
	}
}

func (b *RedisBus) exchange(topics map[string]struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), publishWithin)
	defer cancel()
	_, err := b.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for topic := range topics {
			pipe.Publish(ctx, channelPrefix+topic, "")
		}
		return nil
	})
	return err
}

// drain takes all that is queued, each topic once.
func (b *RedisBus) drain(first ...string) map[string]struct{} {
	topics := make(map[string]struct{}, 1)
	for _, topic := range first {
		topics[topic] = struct{}{}
	}
	for {
		select {
		case topic := <-b.queue:
			topics[topic] = struct{}{}
		default:
			return topics
		}
	}
}

// receive wakes this process's subscribers. The client reconnects by itself;
// what was published meanwhile is lost, so a new subscription wakes every subscriber.
func (b *RedisBus) receive() {
	messages := b.pubsub.ChannelWithSubscriptions(
		redis.WithChannelHealthCheckInterval(time.Second), redis.WithChannelSize(queueLength))
	// Asked for after the channel listens, or its confirmation would be lost. An
	// error is no news: the pattern is remembered and sent with the connection.
	_ = b.pubsub.PSubscribe(b.stopping, channelPrefix+"*")
	for message := range messages {
		switch m := message.(type) {
		case *redis.Subscription:
			b.ready.Store(true)
			b.local.wakeAll()
		case *redis.Message:
			b.local.Publish(b.stopping, strings.TrimPrefix(m.Channel, channelPrefix))
		}
	}
}

// logger keeps the client's chatter about reconnecting out of the normal log.
type logger struct{}

// Printf implements the client's logging interface.
func (logger) Printf(ctx context.Context, format string, args ...any) {
	slog.DebugContext(ctx, "redis client", "message", fmt.Sprintf(format, args...))
}
