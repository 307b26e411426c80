package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/api"
	bookingsapi "github.com/boxoffice/boxoffice/api/bookings"
	catalogapi "github.com/boxoffice/boxoffice/api/catalog"
	paymentsapi "github.com/boxoffice/boxoffice/api/payments"
	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/api/saga"
	staffapi "github.com/boxoffice/boxoffice/api/staff"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/internal/codes"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/links"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/sealing"
	"github.com/boxoffice/boxoffice/internal/search"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/tastes"
	"github.com/boxoffice/boxoffice/internal/temporal"
)

type apiCommand struct {
	Services []string `help:"Services to serve, by comma: accounts, catalog, search, bookings, payments, recommendations, admin, web. All when left out."`
}

// Run serves the API.
func (c *apiCommand) Run(ctx context.Context) error {
	p, err := openPlatform(ctx, config.API)
	if err != nil {
		return err
	}
	defer p.close()
	options, err := p.apiOptions(ctx, named(c.Services, "recommendations"))
	if err != nil {
		return err
	}
	options.Services = c.Services
	if named(c.Services, "search") {
		options.Search = p.openSearch(ctx)
		options.Health.Ready["search"] = options.Search.Ready
	}
	if named(c.Services, "web") {
		if options.Web, err = p.webHandler(options.Catalog, options.Bookings.Links); err != nil {
			return err
		}
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

// named tells whether a list names something; an empty list names all.
func named(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

// apiOptions are what all services need. lists says whether recommendations are served: only then is
// a model read, which may have 256 MB.
func (p *platform) apiOptions(ctx context.Context, lists bool) (api.Options, error) {
	tokens, err := accounts.NewTokens(p.config.JWTKeys, p.config.PublicURL)
	if err != nil {
		return api.Options{}, err
	}
	opening, err := links.New(p.config.PublicURL, p.config.TicketKeys)
	if err != nil {
		return api.Options{}, err
	}
	made, err := codes.New(p.config.TicketKeys)
	if err != nil {
		return api.Options{}, err
	}
	box, err := sealing.New(p.config.FactorKeys...)
	if err != nil {
		return api.Options{}, fmt.Errorf("FACTOR_KEYS: %w", err)
	}
	party, err := accounts.NewRelyingParty(p.config.PublicURL)
	if err != nil {
		return api.Options{}, err
	}
	if off := party.Off(); off != "" {
		p.log.Warn("passkeys are off", "reason", off)
	}
	codec, err := temporal.CodecHandler(codecKeys(p.config))
	if err != nil {
		return api.Options{}, fmt.Errorf("payload codec: %w", err)
	}
	reading, err := p.openReading(ctx)
	if err != nil {
		return api.Options{}, err
	}
	store, err := p.openDocuments(ctx)
	if err != nil {
		return api.Options{}, err
	}
	reading.helpful["documents"] = store.Ping
	rates, err := p.openRates()
	if err != nil {
		return api.Options{}, err
	}
	known := shows.New(p.db.Pool, p.bus.Publish, shows.WithCharging(charging), shows.WithSystemsOff(p.config.TheaterSystemsOff))
	booked := bookings.New(known)
	remote, registry, err := p.openHouses(known)
	if err != nil {
		return api.Options{}, err
	}
	changes := showchanges.New(known, booked)
	feed, bookingFeed := seatmap.NewFeed(seatmap.New(known, seatmap.WithLook(p.refresher(remote, registry).Look)), p.bus), bookings.NewFeed(booked, p.bus)
	p.closers = append(p.closers, feed.Close, bookingFeed.Close)
	reaching, policy := saga.New(p.temporal), p.config.Policy()
	var choices []accounts.Option
	if !p.config.Guests {
		choices = append(choices, accounts.WithoutGuests())
	}
	if rates != nil {
		choices = append(choices, accounts.WithSharedTries(rates))
	}
	providers, err := p.identityProviders()
	if err != nil {
		return api.Options{}, err
	}
	offered, health := p.offeredProviders()
	options := api.Options{
		HTTP: rest.Options{
			Logger: p.log, CORSOrigins: p.config.CORSOrigins, TrustedProxies: p.config.Proxies, Closing: ctx,
			Limits:  p.openLimits(rates),
			Streams: rest.StreamLimits{PerAddress: p.config.StreamsPerAddress, PerAccount: p.config.StreamsPerAccount},
		},
		PublicURL: p.config.PublicURL, ServiceKeys: servicekeys.New(p.db.Pool),
		Accounts: accounts.New(p.db, tokens, accounts.Limits{PerNetwork: p.config.LoginTries}, append(choices,
			accounts.WithSessionEnd(p.config.SessionsEndAfter),
			accounts.WithPush(accounts.Push{PublicKey: p.config.VAPIDPublicKey, SandboxURL: p.config.PushSandboxURL}),
			accounts.WithCodes(made, p.bus.Publish),
			accounts.WithProviders(providers, p.config.PublicURL),
			accounts.WithTextMessages(accounts.TextMessages{Countries: p.config.SMSCountries, PerDay: p.config.SMSCodesPerDay}),
			accounts.WithPasskeys(party),
			accounts.WithFactors(accounts.FactorOptions{Box: box, StaffMust: bool(p.config.StaffSecondFactor)}))...),
		Catalog: catalogapi.Options{
			Catalog: catalog.New(reading.db), Reviews: catalog.NewReviews(p.db), Feed: feed, Shows: known,
			Documents: reading.documents, Versions: reading.watch,
		},
		Tastes: tastes.New(store, catalog.New(p.db), booked), // not a replica, which may not have a new movie yet
		Bookings: bookingsapi.Options{
			Shows: known, Bookings: booked, Changes: changes, Feed: feed, BookingFeed: bookingFeed, Tickets: bookings.NewTickets(p.config.TicketKeys[0]), Links: opening,
			Providers: p.config.Offered(), Choices: offered, Health: health, Saga: reaching, Policy: policy, Guard: p.guardHolds,
		},
		Payments: paymentsapi.Options{
			Payments: payments.New(p.db.Pool, p.bus.Publish), Bookings: booked,
			Providers: p.webhookReaders(), Saga: reaching, Policy: policy,
			RebookLate:           p.config.RebookLate(),
			StripePublishableKey: p.config.StripePublishableKey, Razorpay: p.razorpayCheckout(),
		},
		Staff: staffapi.Options{
			Staff: staff.New(p.db, staff.WithCharging(charging), staff.WithProviders(p.providersCharge())), Alerts: alerts.New(p.db.Pool), Shows: known, Bookings: booked, Changes: changes,
			Saga: reaching, Policy: policy, Settlements: payments.New(p.db.Pool, nil), Reconciliations: payments.New(p.db.Pool, nil),
			Houses: remote, HouseHealth: registry, Codec: codec, CodecOpen: p.config.Dev(),
		},
		Health: api.Health{
			Version: version(),
			// Without Redis everything works, only with more delay: that is no reason to
			// fail readiness.
			Ready:   map[string]func(context.Context) error{"postgres": p.db.Ping, "temporal": p.askTemporal, "payload_keys": p.askKeys},
			Helpful: reading.helpful,
		},
	}
	if lists {
		options.Recommendations = p.openRecommendations(reading.db, store)
	}
	if p.config.StripePublishableKey != "" {
		options.Bookings.CheckoutURL = strings.TrimSuffix(p.config.PublicURL, "/") + "/pay/"
	}
	return options, nil
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
