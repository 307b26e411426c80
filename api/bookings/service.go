// Package bookings serves what customers do with their bookings: to make one, to pay, to
// cancel, to choose after a show was changed, and to get the ticket. What happens to a
// booking is decided in its workflow and in the database.
package bookings

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/hoarding"
	"github.com/boxoffice/boxoffice/internal/lettering"
	"github.com/boxoffice/boxoffice/internal/links"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/workflows"
)

// Options are what the service needs; only CheckoutURL may be left out.
type Options struct {
	Shows    *shows.Store
	Bookings *bookings.Store
	// Changes are shows that are cancelled or moved.
	Changes *showchanges.Store
	// Feed tells of the seats of shows, BookingFeed of bookings.
	Feed        *seatmap.Feed
	BookingFeed *bookings.Feed
	Tickets     *bookings.Tickets
	// Links open a booking for reading without a log-in.
	Links *links.Links
	// Providers are the names of the payment providers, in the platform's order. A booking
	// has one of them.
	Providers []string
	// Choices are those of them that a theater takes.
	Choices Choices
	// Health learns how each provider answers. Without one for a provider, it counts as well.
	Health map[string]Health
	Saga   Saga
	// Policy travels with every booking that is made here.
	Policy booking.Policy
	// Guard has the limits against hoarding. Nil: none.
	Guard *hoarding.Guard
	// CheckoutURL is the first part of the URLs of our own checkout page; the payment's
	// secret follows it.
	CheckoutURL string
}

// Saga is what the service asks of a booking's workflow; see api/saga.
type Saga interface {
	Hold(ctx context.Context, in workflows.BookingInput, show booking.ShowSummary) (workflows.HoldAnswer, error)
	Update(ctx context.Context, bookingID, update string, args ...any) error
}

// The summaries' memory saves a query per booking.
const (
	summariesKept = 4096
	summaryFresh  = time.Minute
)

type service struct {
	*rest.Server
	Options
	summaries *expirable.LRU[string, booking.ShowSummary]
	turnstile *bookings.Turnstile
	checks    singleflight.Group // payments being asked about, by booking
	prints    singleflight.Group // tickets being drawn
	// letters is made when the first ticket is printed.
	letters func() (*lettering.Setter, error)
	// starts bound new bookings, by payment provider: a slow provider must not block
	// bookings with another.
	starts map[string]*starts
}

// Mount adds the routes. The error names everything that is missing.
func Mount(server *rest.Server, options Options) error {
	if err := options.check(); err != nil {
		return err
	}
	s := &service{
		Server: server, Options: options,
		summaries: expirable.NewLRU[string, booking.ShowSummary](summariesKept, nil, summaryFresh),
		turnstile: bookings.NewTurnstile(),
		letters:   sync.OnceValues(func() (*lettering.Setter, error) { return lettering.New(server.Logger) }),
		starts:    map[string]*starts{},
	}
	for _, name := range options.Providers {
		s.starts[name] = newStarts(server.Logger.With("provider", name))
	}
	// A hold is quick and moves no money: it does not wait until the session was looked up.
	s.Post("/v1/bookings", s.createBooking)
	s.Get("/v1/bookings", s.listBookings)
	s.Get("/v1/bookings/{id}", s.getBooking)
	s.Get("/v1/bookings/{id}/stream", s.watchBooking)
	s.Route(http.MethodDelete, "/v1/bookings/{id}/link", s.forgetLink)
	s.Post("/v1/bookings/{id}/payment", s.reopenPayment)
	s.Post("/v1/bookings/{id}/payment/check", s.checkPayment)
	s.Post("/v1/bookings/{id}/extend", s.extendHold)
	s.Post("/v1/bookings/{id}/cancel", s.cancel)
	s.Get("/v1/bookings/{id}/cancellation-quote", s.cancellationQuote)
	s.Get("/v1/bookings/{id}/change", s.bookingChange)
	s.Post("/v1/bookings/{id}/change", s.chooseChange)
	s.Get("/v1/bookings/{id}/ticket", s.ticket)
	s.Get("/v1/bookings/{id}/ticket.png", s.ticketPNG)
	s.Get("/v1/bookings/{id}/ticket.pdf", s.ticketPDF)
	s.Get("/v1/bookings/{id}/ticket.ics", s.ticketICS)
	return nil
}

func (o Options) check() error {
	return errors.Join(
		rest.Need(o.Shows != nil, "bookings", "Shows"),
		rest.Need(o.Bookings != nil, "bookings", "Bookings"),
		rest.Need(o.Changes != nil, "bookings", "Changes"),
		rest.Need(o.BookingFeed != nil, "bookings", "BookingFeed"),
		rest.Need(o.Feed != nil, "bookings", "Feed"),
		rest.Need(o.Tickets != nil, "bookings", "Tickets"),
		rest.Need(o.Links != nil, "bookings", "Links"),
		rest.Need(len(o.Providers) > 0, "bookings", "Providers"),
		rest.Need(o.Choices != nil, "bookings", "Choices"),
		rest.Need(o.Saga != nil, "bookings", "Saga"),
		rest.Need(o.Policy.HoldFor > 0, "bookings", "Policy"),
	)
}

// showSummary labels a booking's workflow for support staff. It decides nothing, so it may
// be as old as the summaries' memory; the primary decides whether the show exists.
func (s *service) showSummary(ctx context.Context, showID string) (booking.ShowSummary, error) {
	if known, ok := s.summaries.Get(showID); ok {
		return known, nil
	}
	summary, err := s.Shows.Summary(ctx, showID)
	if err != nil {
		return booking.ShowSummary{}, err
	}
	s.summaries.Add(showID, summary)
	return summary, nil
}
