package bookings

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// Store is the bookings on Postgres. It implements activities.Inventory,
// activities.Standings and activities.SoldBookings.
type Store struct {
	pool  *pgxpool.Pool
	shows *shows.Store
	gate  *gate
	// perCard is how many seats of a show one card may buy; 0 is no limit.
	perCard int
}

// Option changes a Store.
type Option func(*Store)

// WithCardLimit bounds how many seats of a show are sold to one card. 0 is no limit.
func WithCardLimit(seats int) Option { return func(s *Store) { s.perCard = seats } }

// New makes a store on the shows that are booked.
func New(known *shows.Store, options ...Option) *Store {
	s := &Store{pool: known.Pool(), shows: known, gate: newGate(known.Pool())}
	for _, o := range options {
		o(s)
	}
	return s
}

func translate(step string, err error) error { return shows.Translate("bookings: "+step, err) }

// requestIDs are the ids of a request to book.
type requestIDs struct{ booking, customer, show uuid.UUID }

// parseRequest reads the ids of a request, and names every invalid one.
func parseRequest(bookingID, customerID, showID string) (requestIDs, error) {
	var ids requestIDs
	var fieldErrors booking.FieldErrors
	read := func(field, value string) uuid.UUID {
		id, err := uuid.Parse(value)
		if err != nil {
			fieldErrors.Add(field, "This is not an id.")
		}
		return id
	}
	ids.booking, ids.customer, ids.show =
		read("booking_id", bookingID), read("customer_id", customerID), read("show_id", showID)
	return ids, fieldErrors.Err()
}
