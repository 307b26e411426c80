// Package staff serves what staff do: bookings of customers, the catalog, shows and their
// changes, accounts, alerts, the audit log, and the codec of the Temporal UI.
package staff

import (
	"context"
	"errors"
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/internal/houses"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/workflows"
)

// Options are what the service needs; what follows Policy may be left out.
type Options struct {
	// Staff changes the catalog.
	Staff *staff.Store
	// Alerts are what a person has to look at.
	Alerts   *alerts.Store
	Shows    *shows.Store
	Bookings *bookings.Store
	// Changes are shows that are cancelled or moved.
	Changes *showchanges.Store
	Saga    Saga
	// Settlements are the theaters' money.
	Settlements Settlements
	// Reconciliations are what the daily comparison with the payment providers found.
	Reconciliations Reconciliations
	// Keys are the service keys of partners.
	Keys *servicekeys.Store
	// Houses are the theaters that sell from their own system.
	Houses *houses.Store
	// Policy is for the workflows that staff start.
	Policy booking.Policy
	// Changed is called after a change, before it is answered. Default nothing.
	Changed func(context.Context)
	// HouseHealth tells which of them this process leaves alone; nil does not tell.
	HouseHealth HouseHealth
	// Codec decodes workflow payloads for the Temporal UI at /codec/, for staff. CodecOpen
	// opens it to everyone, which is for a developer's machine.
	Codec     http.Handler
	CodecOpen bool
}

// Saga is what the service asks of the workflows; see api/saga.
type Saga interface {
	Update(ctx context.Context, bookingID, update string, args ...any) error
	GiveBack(ctx context.Context, b booking.Booking, request workflows.RefundRequest, policy booking.Policy) error
	RefundShow(ctx context.Context, in workflows.RefundShowInput, show booking.ShowSummary) error
	ChangeShow(ctx context.Context, in workflows.ShowChangeInput, show booking.ShowSummary) (booking.ShowChange, error)
	ChangeProgress(ctx context.Context, change booking.ShowChange) (workflows.ChangeProgress, error)
	PauseChange(ctx context.Context, change booking.ShowChange, show booking.ShowSummary) error
	ResumeChange(ctx context.Context, change booking.ShowChange, show booking.ShowSummary) error
}

type service struct {
	*rest.Server
	Options
}

// Mount adds the routes. The error names everything that is missing.
func Mount(server *rest.Server, options Options) error {
	if err := errors.Join(
		rest.Need(options.Staff != nil, "admin", "Staff"),
		rest.Need(options.Alerts != nil, "admin", "Alerts"),
		rest.Need(options.Shows != nil, "admin", "Shows"),
		rest.Need(options.Bookings != nil, "admin", "Bookings"),
		rest.Need(options.Changes != nil, "admin", "Changes"),
		rest.Need(options.Saga != nil, "admin", "Saga"),
		rest.Need(options.Settlements != nil, "admin", "Settlements"),
		rest.Need(options.Reconciliations != nil, "admin", "Reconciliations"),
		rest.Need(options.Keys != nil, "admin", "ServiceKeys"),
		rest.Need(options.Houses != nil, "admin", "Houses"),
	); err != nil {
		return err
	}
	s := &service{server, options}
	if s.Changed != nil {
		s.Use(s.noteChanges)
	}
	s.mountBookings()
	s.mountCatalog()
	s.mountAccounts()
	s.mountKeys()
	s.mountAudit()
	s.mountAlerts()
	s.mountShows()
	s.mountChanges()
	s.mountHouses()
	s.Get("/v1/theaters/{id}/settlement", s.settlement)
	s.mountReconciliations()
	s.mountCodec()
	return nil
}
