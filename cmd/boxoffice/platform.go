package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/hoarding"
	"github.com/boxoffice/boxoffice/internal/keyring"
	"github.com/boxoffice/boxoffice/internal/payments/razorpay"
	"github.com/boxoffice/boxoffice/internal/temporal"
)

// platform is what the API and the workers both stand on.
type platform struct {
	config   config.Config
	log      *slog.Logger
	db       *database.DB
	bus      cache.Bus
	temporal client.Client
	ring     *keyring.Ring
	misfit   chan error // that this process lacks a payload key
	// providers are the payment providers, in the platform's order.
	providers []paymentProvider
	razorpay  *razorpay.Provider // nil without an account there
	// guardHolds has the limits against hoarding; nil when they are off.
	guardHolds *hoarding.Guard
	theaters   *http.Client // to the systems of theaters
	// collectors are the metrics of services that this process opened.
	collectors []prometheus.Collector
	closers    []func()
}

func openPlatform(ctx context.Context, process config.Process) (*platform, error) {
	cfg, log, err := load(process)
	if err != nil {
		return nil, err
	}
	if !cfg.Push() {
		log.Info("messages by push are off: VAPID_PRIVATE_KEY is not set")
	}
	p := &platform{config: cfg, log: log}
	if err := p.open(ctx, process); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *platform) open(ctx context.Context, process config.Process) (err error) {
	cfg := p.config
	if p.db, err = database.Open(ctx, cfg.DatabaseURL, database.WithName("boxoffice "+string(process))); err != nil {
		return err
	}
	p.closers = append(p.closers, p.db.Close)
	if err := database.CheckMigrated(ctx, p.db); err != nil {
		return err
	}
	if err := p.openBus(); err != nil {
		return err
	}
	if err := p.joinRing(ctx, process); err != nil {
		return err
	}
	if p.temporal, err = temporal.Dial(temporal.Options{
		Address: cfg.TemporalAddress, Namespace: cfg.TemporalNamespace, Keys: codecKeys(cfg), Logger: p.log,
		Worker: process == config.Worker, Unreadable: p.ring.Unreadable, MayWrite: p.ring.Fits,
	}); err != nil {
		return err
	}
	p.closers = append(p.closers, p.temporal.Close)
	if p.guardHolds, err = p.openGuard(); err != nil {
		return err
	}
	return p.openProviders()
}

// joinRing proves that this process can read what the others encrypt, and keeps checking.
// misfit is called when it no longer can.
func (p *platform) joinRing(ctx context.Context, process config.Process) (err error) {
	if p.ring, err = keyring.Join(ctx, keyring.Options{
		Pool: p.db.Pool, Keys: codecKeys(p.config), Process: string(process), Logger: p.log,
	}); err != nil {
		return err
	}
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.misfit = make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.ring.Watch(watching, func(err error) {
			select {
			case p.misfit <- err:
			default: // the first reason is enough
			}
		})
	}()
	p.closers = append(p.closers, func() {
		cancel()
		<-ended
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
		defer cancel()
		if err := p.ring.Leave(leaving); err != nil {
			p.log.Warn("leave the payload keys", "error", err)
		}
	})
	return nil
}

// leaveWithin bounds the goodbye to a database that may be away.
const leaveWithin = 2 * time.Second

func (p *platform) openBus() error {
	if p.config.RedisURL == "" {
		p.bus = cache.NewLocalBus()
		return nil
	}
	bus, err := cache.NewRedisBus(p.config.RedisURL)
	if err != nil {
		return fmt.Errorf("open Redis: %w", err)
	}
	p.bus = bus
	p.closers = append(p.closers, func() {
		if err := bus.Close(); err != nil {
			p.log.Warn("close Redis", "error", err)
		}
	})
	return nil
}

// close lets go in the reverse order of opening.
func (p *platform) close() {
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
}

func codecKeys(cfg config.Config) temporal.Keys {
	keys := make(temporal.Keys, 0, len(cfg.TemporalCodecKeys))
	for _, key := range cfg.TemporalCodecKeys {
		keys = append(keys, temporal.Key(key))
	}
	return keys
}
