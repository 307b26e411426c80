package seats

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
)

// Store is the seat inventory on Postgres. It implements activities.Inventory.
type Store struct {
	pool    *pgxpool.Pool
	publish func(context.Context, string)
	shows   *showCache
	gate    *gate
}

// Option changes how New builds a Store.
type Option func(*Store)

// WithCharging prices bookings so that the payment providers can charge them.
func WithCharging(charging booking.Charging) Option {
	return func(s *Store) { s.shows.charging = charging }
}

// New makes a store. publish is told "show:<id>" and "booking:<id>" after each
// change; nil tells nobody.
func New(pool *pgxpool.Pool, publish func(context.Context, string), options ...Option) *Store {
	if publish == nil {
		publish = func(context.Context, string) {}
	}
	s := &Store{
		pool:    pool,
		publish: publish,
		shows:   newShowCache(pool),
		gate:    newGate(pool),
	}
	for _, option := range options {
		option(s)
	}
	return s
}

func showTopic(showID string) string       { return "show:" + showID }
func bookingTopic(bookingID string) string { return "booking:" + bookingID }

// changed tells watchers to look again.
func (s *Store) changed(ctx context.Context, showID, bookingID string) {
	// The change is committed: its hint goes out even if the caller has left.
	ctx = context.WithoutCancel(ctx)
	if showID != "" {
		s.publish(ctx, showTopic(showID))
	}
	s.publish(ctx, bookingTopic(bookingID))
}

// parseID reads an id that came from outside. What is not a UUID cannot be found.
func parseID(what, id string) (uuid.UUID, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return uuid.UUID{}, booking.E(booking.CodeNotFound, "There is no such %s.", what).Wrap(err)
	}
	return parsed, nil
}

// requestIDs are the ids of a request to book.
type requestIDs struct{ booking, customer, show uuid.UUID }

// parseRequest reads the ids of a request, and names every one that is none.
func parseRequest(bookingID, customerID, showID string) (requestIDs, error) {
	var ids requestIDs
	var problems []booking.FieldError
	read := func(field, value string) uuid.UUID {
		id, err := uuid.Parse(value)
		if err != nil {
			problems = append(problems, booking.FieldError{Field: field, Message: "This is not an id."})
		}
		return id
	}
	ids.booking, ids.customer, ids.show =
		read("booking_id", bookingID), read("customer_id", customerID), read("show_id", showID)
	if len(problems) > 0 {
		return ids, booking.Invalid(problems...)
	}
	return ids, nil
}
