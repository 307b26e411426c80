package main

import (
	"context"
	"fmt"
	"slices"

	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/internal/search"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/temporal"
)

type apiCommand struct {
	Services []string `help:"Services to serve, by comma: accounts, catalog, search, bookings, payments, recommendations, admin. All when left out."`
}

// Run serves the API.
func (c *apiCommand) Run(ctx context.Context) error {
	p, err := openPlatform(ctx, config.API)
	if err != nil {
		return err
	}
	defer p.close()
	options, err := p.apiOptions(ctx)
	if err != nil {
		return err
	}
	options.Services = c.Services
	if len(c.Services) == 0 || slices.Contains(c.Services, api.ServiceSearch) {
		options.Search = p.openSearch(ctx)
		options.Ready["search"] = options.Search.Ready
	}
	handler, err := api.New(options)
	if err != nil {
		return err
	}
	if err := p.serveMetrics(); err != nil {
		return err
	}
	return serve(ctx, p.config.APIAddr, handler, p.log)
}

func (p *platform) apiOptions(ctx context.Context) (api.Options, error) {
	tokens, err := accounts.NewTokens(p.config.JWTKeys, p.config.PublicURL)
	if err != nil {
		return api.Options{}, err
	}
	codec, err := temporal.CodecHandler(codecKeys(p.config))
	if err != nil {
		return api.Options{}, fmt.Errorf("payload codec: %w", err)
	}
	reading, err := p.openReading(ctx)
	if err != nil {
		return api.Options{}, err
	}
	known := shows.New(p.db.Pool, p.bus.Publish, shows.WithCharging(charging))
	booked := bookings.New(known)
	feed, bookingFeed := seatmap.NewFeed(seatmap.New(known), p.bus), bookings.NewFeed(booked, p.bus)
	p.closers = append(p.closers, feed.Close, bookingFeed.Close)
	return api.Options{
		Accounts:             accounts.New(p.db, tokens, accounts.Limits{PerNetwork: p.config.LoginTries}),
		Catalog:              catalog.New(reading.db),
		Documents:            reading.documents,
		Versions:             reading.watch,
		Reviews:              catalog.NewReviews(p.db),
		Staff:                staff.New(p.db, staff.WithCharging(charging)),
		Alerts:               alerts.New(p.db.Pool),
		Shows:                known,
		Bookings:             booked,
		Changes:              showchanges.New(known, booked),
		Feed:                 feed,
		BookingFeed:          bookingFeed,
		Tickets:              bookings.NewTickets(p.config.TicketKeys[0]),
		Payments:             payments.New(p.db.Pool, p.bus.Publish),
		Providers:            map[string]api.Provider{stripe.Name: p.stripe},
		Saga:                 api.NewSaga(p.temporal),
		Policy:               p.config.Policy(),
		RebookLatePayments:   p.config.LatePayments == config.LateRebook,
		PublicURL:            p.config.PublicURL,
		StripePublishableKey: p.config.StripePublishableKey,
		// Without Redis everything works, only later: it is no reason to send
		// customers elsewhere.
		Ready:                map[string]func(context.Context) error{"postgres": p.db.Ping, "temporal": p.askTemporal, "payload_keys": p.askKeys},
		Helpful:              reading.helpful,
		CORSOrigins:          p.config.CORSOrigins,
		MaxStreamsPerAddress: p.config.StreamsPerAddress, MaxStreamsPerAccount: p.config.StreamsPerAccount,
		TrustedProxies: p.config.Proxies,
		Codec:          codec,
		CodecOpen:      p.config.Dev(),
		Logger:         p.log,
		Version:        version(),
		Closing:        ctx,
	}, nil
}

// openSearch keeps an index of the catalog fresh until the process stops. Until
// it is there for the first time, /readyz says so.
func (p *platform) openSearch(ctx context.Context) *search.Engine {
	ctx, cancel := context.WithCancel(ctx)
	source, engine := search.NewPostgres(p.db.Pool, p.log), search.NewEngine(p.log)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = engine.Run(ctx, source, source.Hints(ctx), search.Poll) // it ends only with the context
	}()
	p.closers = append(p.closers, func() {
		cancel()
		<-ended
	})
	return engine
}

func (p *platform) askTemporal(ctx context.Context) error {
	_, err := p.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

func (p *platform) askKeys(context.Context) error { return p.ring.Fits() }
