package showchanges

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// bookingReader reads the bookings that a change concerns.
type bookingReader interface {
	// Booking reads one booking. Code: not_found.
	Booking(ctx context.Context, bookingID string) (booking.Booking, error)
}

// Store is the changes of shows on Postgres. It implements activities.Changes and
// activities.Choices.
type Store struct {
	pool     *pgxpool.Pool
	shows    *shows.Store
	bookings bookingReader
}

// New makes a store on the shows that change, and their bookings.
func New(known *shows.Store, bookings bookingReader) *Store {
	return &Store{pool: known.Pool(), shows: known, bookings: bookings}
}

func translate(step string, err error) error { return shows.Translate("showchanges: "+step, err) }
