package shows

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
)

// TermsTries is how often a statement is retried when the terms of sale change under it.
const TermsTries = 3

// Store knows the shows on Postgres. The stores of the packages above stand on one.
type Store struct {
	pool    *pgxpool.Pool
	publish func(context.Context, string)
	shows   *showCache
	off     []string // kinds of theaters' own systems that sell nothing
}

// Option changes how New builds a Store.
type Option func(*Store)

// WithCharging prices bookings so that the payment providers can charge them.
func WithCharging(charging booking.Charging) Option {
	return func(s *Store) { s.shows.charging = charging }
}

// WithSystemsOff names the kinds of theaters' own systems that operators have switched off: their
// shows are paused, as far as this process sells them.
func WithSystemsOff(adapters []string) Option { return func(s *Store) { s.off = adapters } }

// New makes a store. publish is told "show:<id>" and "booking:<id>" after each
// change; nil publishes nothing.
func New(pool *pgxpool.Pool, publish func(context.Context, string), options ...Option) *Store {
	if publish == nil {
		publish = func(context.Context, string) {}
	}
	s := &Store{pool: pool, publish: publish, shows: newShowCache(pool)}
	for _, option := range options {
		option(s)
	}
	return s
}

// Pool gives the connections to the database.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// ShowTopic is what is published when a show has changed.
func ShowTopic(showID string) string { return "show:" + showID }

// BookingTopic is what is published when a booking has changed.
func BookingTopic(bookingID string) string { return "booking:" + bookingID }

// Changed tells watchers to look again at a show, at a booking, or at both. An
// empty id stands for none.
func (s *Store) Changed(ctx context.Context, showID, bookingID string) {
	// The change is committed: its hint goes out even if the caller has left.
	ctx = context.WithoutCancel(ctx)
	if showID != "" {
		s.publish(ctx, ShowTopic(showID))
	}
	if bookingID != "" {
		s.publish(ctx, BookingTopic(bookingID))
	}
}

// ParseID reads an id that came from outside. What is not a UUID cannot be found.
func ParseID(what, id string) (uuid.UUID, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return uuid.UUID{}, booking.E(booking.CodeNotFound, "There is no such %s.", what).Wrap(err)
	}
	return parsed, nil
}
