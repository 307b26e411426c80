package houses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/sealing"
)

// Options are what a Store needs beside the database.
type Options struct {
	// Box opens and seals the credentials of houses.
	Box *sealing.Box
	// Changed is called after the seats or the terms of a show changed, as shows.Store.Changed
	// is. Nil: no one watches.
	Changed func(ctx context.Context, showID, bookingID string)
	// MoneyKept is how long each payment provider keeps authorized money for us, by its name.
	MoneyKept map[string]time.Duration
	// Charging tells which prices can be charged; nil checks none.
	Charging booking.Charging
}

// Store is the houses on Postgres.
type Store struct {
	pool *pgxpool.Pool
	Options
}

// New makes a store.
func New(pool *pgxpool.Pool, o Options) *Store {
	if o.Changed == nil {
		o.Changed = func(context.Context, string, string) {}
	}
	return &Store{pool: pool, Options: o}
}

// Settings say how a house is reached, and on which terms we sell for it.
type Settings struct {
	TheaterID string
	// Adapter is the manner of its system, and Address its URL.
	Adapter, Address string
	// Credentials are what its system wants to see from us; they are stored sealed.
	Credentials map[string]string
	// Options are what else the adapter must know. Two are for all adapters: fee_per_seat, our
	// fee in minor units, and tax_basis_points, the tax on the house's prices in hundredths of
	// a percent. Both are 0 when left out.
	Options map[string]string
	// Version rises with each change of the fields above.
	Version int64
	// PausedAt is since when its shows are not sold; nil while they are.
	PausedAt     *time.Time
	PausedReason string
	// Name, TimeZone and Currency are the theater's.
	Name, TimeZone, Currency string
}

const readSettings = `SELECT h.adapter, h.address, h.credentials, h.settings, h.version, h.paused_at, h.paused_reason,
		t.name, t.time_zone, t.currency
	FROM houses h JOIN theaters t ON t.id = h.theater_id WHERE h.theater_id = $1`

// House reads the settings of a house. Code: not_found, also for a theater whose seats we sell
// ourselves.
func (s *Store) House(ctx context.Context, theaterID string) (Settings, error) {
	h, sealed, err := s.read(ctx, theaterID)
	if err != nil {
		return Settings{}, err
	}
	h.Credentials, err = s.open(h.TheaterID, sealed)
	return h, err
}

// read is House with the credentials as they are stored.
func (s *Store) read(ctx context.Context, theaterID string) (h Settings, sealed []byte, err error) {
	id, err := parseID("theater", theaterID)
	if err != nil {
		return Settings{}, nil, err
	}
	h.TheaterID = id.String()
	err = s.pool.QueryRow(ctx, readSettings, id).Scan(&h.Adapter, &h.Address, &sealed, &h.Options, &h.Version,
		&h.PausedAt, &h.PausedReason, &h.Name, &h.TimeZone, &h.Currency)
	return h, sealed, wrap(err, "read the house of theater %s", id)
}

// belongsTo binds sealed credentials to their theater.
func belongsTo(theaterID string) string { return "house_credentials:" + theaterID }

func (s *Store) open(theaterID string, sealed []byte) (map[string]string, error) {
	credentials := map[string]string{}
	if sealed == nil {
		return credentials, nil
	}
	if s.Box == nil {
		return nil, errors.New("houses: there is no key to open credentials with")
	}
	text, err := s.Box.Open(sealed, belongsTo(theaterID))
	if err != nil {
		return nil, fmt.Errorf("houses: credentials of theater %s: %w", theaterID, err)
	}
	if err := json.Unmarshal(text, &credentials); err != nil {
		return nil, fmt.Errorf("houses: credentials of theater %s: %w", theaterID, err)
	}
	return credentials, nil
}

func (s *Store) seal(theaterID string, credentials map[string]string) ([]byte, error) {
	if len(credentials) == 0 {
		return nil, nil
	}
	if s.Box == nil {
		return nil, errors.New("houses: there is no key to seal credentials with")
	}
	text, err := json.Marshal(credentials)
	if err != nil {
		return nil, fmt.Errorf("houses: credentials of theater %s: %w", theaterID, err)
	}
	return s.Box.Seal(text, belongsTo(theaterID)), nil
}

// All lists the theaters that are houses.
func (s *Store) All(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT theater_id::text FROM houses ORDER BY theater_id`)
	if err != nil {
		return nil, wrap(err, "list the houses")
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return all, wrap(err, "list the houses")
}

func parseID(what, text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.UUID{}, booking.E(booking.CodeNotFound, "There is no such %s.", what).Wrap(err)
	}
	return id, nil
}

// wrap names a step for the log. A row that is not there is not_found; a database that does
// not answer is unavailable, and the step can be repeated.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	var ours *booking.Error
	if errors.As(err, &ours) {
		return err
	}
	err = fmt.Errorf("houses: "+format+": %w", append(args, err)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return booking.E(booking.CodeNotFound, "There is no such theater with a system of its own.").Wrap(err)
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return err
	}
	return booking.E(booking.CodeUnavailable, "This cannot be answered right now. Try again in a moment.").Wrap(err)
}
