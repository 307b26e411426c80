package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	accountsapi "github.com/boxoffice/boxoffice/api/accounts"
	bookingsapi "github.com/boxoffice/boxoffice/api/bookings"
	catalogapi "github.com/boxoffice/boxoffice/api/catalog"
	paymentsapi "github.com/boxoffice/boxoffice/api/payments"
	recommendationsapi "github.com/boxoffice/boxoffice/api/recommendations"
	"github.com/boxoffice/boxoffice/api/rest"
	searchapi "github.com/boxoffice/boxoffice/api/search"
	staffapi "github.com/boxoffice/boxoffice/api/staff"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/search"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

// The services of which a process may serve some.
const (
	serviceAccounts        = "accounts"
	serviceCatalog         = "catalog"
	serviceSearch          = "search"
	serviceBookings        = "bookings"
	servicePayments        = "payments"
	serviceRecommendations = "recommendations"
	serviceAdmin           = "admin"
	serviceWeb             = "web" // the app: its pages, not data
)

// Services lists all of them.
func Services() []string {
	return []string{serviceAccounts, serviceCatalog, serviceSearch, serviceBookings,
		servicePayments, serviceRecommendations, serviceAdmin, serviceWeb}
}

// Options are what each service needs, and what they share. A process uses only the options
// of the services that it serves.
type Options struct {
	// Services says which routes are mounted; empty means all, search only when there
	// is an engine, and web only when there is an app.
	Services []string

	// HTTP is what all services share. Its Verify, Standing and Fresh are set from Accounts,
	// Keys from ServiceKeys, GroupOf and Keyed from the table of limits, HTTPS from PublicURL.
	HTTP rest.Options
	// Accounts is needed by all services that ask who is calling.
	Accounts *accounts.Service
	// ServiceKeys are those of partners. Without them none counts; admin needs them.
	ServiceKeys *servicekeys.Store
	// PublicURL is where browsers reach the platform, for the sessions of accounts. With
	// https their cookie is Secure.
	PublicURL string
	Catalog   catalogapi.Options
	Search    *search.Engine // kept fresh by its owner
	Bookings  bookingsapi.Options
	Payments  paymentsapi.Options
	Tastes    *tastes.Service // of the service recommendations
	// Recommendations are lists, of the same service.
	Recommendations *recommendations.Service
	Staff           staffapi.Options // its Changed is set from Catalog.Versions, its Keys from ServiceKeys
	Health          Health
	// Web answers at all addresses that are not the API's.
	Web http.Handler
}

// New makes the API's handler.
func New(options Options) (http.Handler, error) {
	server, err := build(options)
	if err != nil {
		return nil, err
	}
	return server.Handler(), nil
}

func build(o Options) (*rest.Server, error) {
	if len(o.Services) == 0 {
		o.Services = slices.DeleteFunc(Services(), func(service string) bool {
			return service == serviceSearch && o.Search == nil || service == serviceWeb && o.Web == nil
		})
	}
	if o.Accounts != nil {
		o.HTTP.Verify, o.HTTP.Standing, o.HTTP.Fresh = o.Accounts.Verify, o.Accounts.Standing, o.Accounts.Fresh
	}
	if o.Bookings.Links != nil {
		o.HTTP.Linked = o.Bookings.Links.Sent
	}
	if o.Catalog.Versions != nil {
		o.Staff.Changed = o.Catalog.Versions.Changed
	}
	o.HTTP.Keys, o.HTTP.Keyed, o.Staff.Keys = o.ServiceKeys, partners, o.ServiceKeys
	o.HTTP.GroupOf, o.HTTP.HTTPS = groupOf, strings.HasPrefix(o.PublicURL, "https://")
	server := rest.New(o.HTTP)
	if err := mountAlways(server, o.Health); err != nil {
		return nil, err
	}
	return server, errors.Join(o.mount(server), server.Complete())
}

// mount mounts the services that are served. The error names everything that is missing
// at once, before the first customer finds it.
func (o Options) mount(server *rest.Server) error {
	var wrong []error
	for _, service := range o.Services {
		if !slices.Contains(Services(), service) {
			wrong = append(wrong, fmt.Errorf("api: no service %q; there are %s", service, strings.Join(Services(), ", ")))
		}
	}
	for _, service := range []string{serviceCatalog, serviceBookings, serviceRecommendations, serviceAdmin} {
		if slices.Contains(o.Services, service) {
			wrong = append(wrong, rest.Need(o.Accounts != nil, service, "Accounts"))
		}
	}
	for _, service := range []struct {
		name  string
		mount func() error
	}{
		{serviceAccounts, func() error { return accountsapi.Mount(server, o.Accounts, o.PublicURL) }},
		{serviceCatalog, func() error { return catalogapi.Mount(server, o.Catalog) }},
		{serviceSearch, func() error { return searchapi.Mount(server, o.Search) }},
		{serviceBookings, func() error { return bookingsapi.Mount(server, o.Bookings) }},
		{servicePayments, func() error { return paymentsapi.Mount(server, o.Payments) }},
		{serviceRecommendations, func() error { return recommendationsapi.Mount(server, o.Tastes, o.Recommendations) }},
		{serviceAdmin, func() error { return staffapi.Mount(server, o.Staff) }},
		{serviceWeb, func() error { return o.mountWeb(server) }}, // the last: it has the addresses that are left
	} {
		if slices.Contains(o.Services, service.name) {
			wrong = append(wrong, service.mount())
		}
	}
	return errors.Join(wrong...)
}

// mountWeb serves the app at the addresses that are not the API's.
func (o Options) mountWeb(server *rest.Server) error {
	if err := rest.Need(o.Web != nil, serviceWeb, "Web"); err != nil {
		return err
	}
	return server.Pages(o.Web)
}
