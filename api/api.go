package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/internal/lettering"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/search"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// The services of which a process may serve some.
const (
	ServiceAccounts        = "accounts"
	ServiceCatalog         = "catalog"
	ServiceSearch          = "search"
	ServiceBookings        = "bookings"
	ServicePayments        = "payments"
	ServiceRecommendations = "recommendations"
	ServiceAdmin           = "admin"
)

// Services lists all of them.
func Services() []string {
	return []string{ServiceAccounts, ServiceCatalog, ServiceSearch, ServiceBookings,
		ServicePayments, ServiceRecommendations, ServiceAdmin}
}

// Options is what the API is made of. The stores a process needs follow from its
// services; Accounts is needed by all that ask who is calling.
type Options struct {
	// Services says which routes are mounted; empty means all, and search only
	// when there is an engine.
	Services []string

	Accounts *accounts.Service
	Catalog  *catalog.Store
	Reviews  *catalog.Reviews
	Search   *search.Engine // kept fresh by whoever made it
	// Documents keeps answers of the catalog, and Versions says of which version of
	// it they are. Without either, every read asks the database.
	Documents *cache.Documents
	Versions  Versions
	// Staff changes the catalog.
	Staff *staff.Store
	// Alerts are what a person has to look at.
	Alerts   *alerts.Store
	Shows    *shows.Store
	Bookings *bookings.Store
	// Changes are shows that are cancelled or moved.
	Changes *showchanges.Store
	// Feed tells of the seats of shows, BookingFeed of bookings.
	Feed        *seatmap.Feed
	BookingFeed *bookings.Feed
	Tickets     *bookings.Tickets
	Payments    *payments.Store
	// Providers are the payment providers by name. A booking names one.
	Providers map[string]Provider
	// Saga reaches the workflows; see NewSaga.
	Saga Saga

	// Policy travels with every booking that is made here.
	Policy booking.Policy
	// RebookLatePayments tries the same seats again for money that came too late,
	// before it is given back.
	RebookLatePayments bool
	// PublicURL is the address by which browsers reach this API, without a slash
	// at its end.
	PublicURL string
	// StripePublishableKey turns the checkout page on.
	StripePublishableKey string

	// Ready are the dependencies that /readyz asks, by name.
	Ready map[string]func(context.Context) error
	// Helpful are those without which everything works, only slower: /readyz tells
	// of them and does not fail.
	Helpful map[string]func(context.Context) error
	// CORSOrigins are the web origins that may call the API from a browser; "*"
	// admits all.
	CORSOrigins []string
	// Codec decodes workflow payloads for the Temporal UI at /codec/, for staff;
	// with CodecOpen for everybody, which is for a machine of one's own.
	Codec     http.Handler
	CodecOpen bool

	Logger *slog.Logger
	// Version of the program, for /healthz.
	Version string
	// RequestTimeout ends every request but streams. Default 20 s, which leaves
	// the workflows' answers their 10.
	RequestTimeout time.Duration
	// MaxStreams bounds the open event streams, MaxStreamsPerAddress those of one
	// address, behind which a whole campus may sit, and MaxStreamsPerAccount those of
	// one account. Default 10,000, 200 and 20.
	MaxStreams           int
	MaxStreamsPerAddress int
	MaxStreamsPerAccount int
	// StreamFor is about how long one event stream goes on before its client connects
	// again. Default an hour.
	StreamFor time.Duration
	// TrustedProxies are those whose X-Forwarded-For counts. Default none.
	TrustedProxies []netip.Prefix
	// Closing ends all streams, so that a server can shut down gracefully.
	// Default never.
	Closing context.Context
	// Now is the clock for what is shown only; decisions follow the database's.
	Now func() time.Time
}

// The summaries' memory saves a query per booking.
const (
	summariesKept = 4096
	summaryFresh  = time.Minute
)

type api struct {
	Options
	router    *mux.Router
	summaries *expirable.LRU[string, booking.ShowSummary]
	shortcuts shortcuts
	turnstile *bookings.Turnstile
	checks    singleflight.Group // payments being asked about, by booking
	streams   *streamPlaces
	prints    singleflight.Group // tickets being drawn
	// letters is made when the first ticket is printed.
	letters func() (*lettering.Setter, error)
	// foreignProxy is for the one warning about it.
	foreignProxy sync.Once
	// starts bound new bookings, by payment provider: one that is slow must not keep
	// bookings with another away.
	starts map[string]*starts
}

// New makes the API's handler.
func New(options Options) (http.Handler, error) {
	a, err := build(options)
	if err != nil {
		return nil, err
	}
	// The order, outside in: every answer is observed; preflights need no route.
	return a.observe(secure(a.cors(a.shortcuts.take(a.bounded(a.refuseOdd(a.router)))))), nil
}

func build(options Options) (*api, error) {
	options = withDefaults(options)
	a := &api{
		Options: options,
		// A path that is not clean is not found: the router's redirect would name the host
		// that the request named.
		router:    mux.NewRouter().SkipClean(true),
		summaries: expirable.NewLRU[string, booking.ShowSummary](summariesKept, nil, summaryFresh),
		shortcuts: newShortcuts(),
		turnstile: bookings.NewTurnstile(),
		starts:    map[string]*starts{},
		letters:   sync.OnceValues(func() (*lettering.Setter, error) { return lettering.New(options.Logger) }),
		streams:   newStreamPlaces(options.MaxStreams, options.MaxStreamsPerAddress, options.MaxStreamsPerAccount),
	}
	for name := range options.Providers {
		a.starts[name] = newStarts(a.Logger.With("provider", name))
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	document, err := openapiJSON()
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	a.router.Use(noteRoute, a.noteChanges)
	a.router.NotFoundHandler = http.HandlerFunc(a.notFound)
	a.router.MethodNotAllowedHandler = http.HandlerFunc(a.methodNotAllowed)
	a.mountAlways(document)
	for service, mount := range map[string]func(){
		ServiceAccounts: a.mountAccounts,
		ServiceCatalog:  a.mountCatalog,
		ServiceSearch:   a.mountSearch,
		ServiceBookings: a.mountBookings,
		ServicePayments: a.mountPayments,
		ServiceAdmin:    a.mountAdmin,
	} {
		if slices.Contains(a.Services, service) {
			mount()
		}
	}
	return a, nil
}

func withDefaults(o Options) Options {
	if len(o.Services) == 0 {
		o.Services = Services()
		if o.Search == nil {
			o.Services = slices.DeleteFunc(o.Services, func(service string) bool { return service == ServiceSearch })
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 20 * time.Second
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 10_000
	}
	if o.MaxStreamsPerAddress == 0 {
		o.MaxStreamsPerAddress = 200
	}
	if o.MaxStreamsPerAccount == 0 {
		o.MaxStreamsPerAccount = 20
	}
	if o.StreamFor == 0 {
		o.StreamFor = streamFor
	}
	if o.Closing == nil {
		o.Closing = context.Background()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	return o
}

// check names everything that is missing at once, before the first customer
// finds it.
func (a *api) check() error {
	var missing []error
	need := func(ok bool, what string, services ...string) {
		for _, service := range services {
			if !ok && slices.Contains(a.Services, service) {
				missing = append(missing, fmt.Errorf("api: service %s needs %s", service, what))
			}
		}
	}
	for _, service := range a.Services {
		if !slices.Contains(Services(), service) {
			missing = append(missing, fmt.Errorf("api: no service %q; there are %s", service, strings.Join(Services(), ", ")))
		}
	}
	need(a.Accounts != nil, "Accounts", ServiceAccounts, ServiceCatalog, ServiceBookings, ServiceAdmin)
	need(a.Catalog != nil, "Catalog", ServiceCatalog)
	need(a.Reviews != nil, "Reviews", ServiceCatalog)
	need(a.Staff != nil, "Staff", ServiceAdmin)
	need(a.Alerts != nil, "Alerts", ServiceAdmin)
	need(a.Search != nil, "Search", ServiceSearch)
	need(a.Shows != nil, "Shows", ServiceBookings, ServiceAdmin)
	need(a.Bookings != nil, "Bookings", ServiceBookings, ServicePayments, ServiceAdmin)
	need(a.Changes != nil, "Changes", ServiceBookings, ServiceAdmin)
	need(a.Feed != nil, "Feed", ServiceCatalog, ServiceBookings)
	need(a.BookingFeed != nil, "BookingFeed", ServiceBookings)
	need(a.Tickets != nil, "Tickets", ServiceBookings)
	need(a.Payments != nil, "Payments", ServicePayments)
	need(len(a.Providers) > 0, "Providers", ServiceBookings, ServicePayments)
	need(a.Saga != nil, "Saga", ServiceBookings, ServicePayments, ServiceAdmin)
	need(a.Policy.HoldFor > 0, "Policy", ServiceBookings, ServicePayments)
	return errors.Join(missing...)
}
