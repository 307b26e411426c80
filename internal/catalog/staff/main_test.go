package staff_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// office is a database with one city, two theaters, and people of each role. The
// manager runs the first theater.
type office struct {
	t              *testing.T
	db             *database.DB
	store          *staff.Store
	admin          audit.Actor
	manager        audit.Actor
	support        audit.Actor
	theater, other uuid.UUID
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db := databasetest.New(t)
	o := &office{t: t, db: db, store: staff.New(db, staff.WithResolver(someHosts))}
	o.exec(`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES (gen_random_uuid(), 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.52, 73.86)`)
	o.admin, o.manager, o.support = o.person(booking.RoleAdmin), o.person(booking.RoleTheaterManager), o.person(booking.RoleSupport)
	o.theater, o.other = o.house("Lotus"), o.house("Regal")
	o.exec(`INSERT INTO theater_managers (account_id, theater_id) VALUES ($1, $2)`, o.manager.AccountID, o.theater)
	return o
}

func (o *office) exec(statement string, args ...any) {
	o.t.Helper()
	_, err := o.db.Pool.Exec(context.Background(), statement, args...)
	require.NoError(o.t, err)
}

func (o *office) person(role string) audit.Actor {
	id := uuid.New()
	o.exec(`INSERT INTO accounts (id, email, password_hash, name, role) VALUES ($1, $2, 'x', 'Somebody', $3)`,
		id, id.String()+"@example.com", role)
	return audit.Actor{AccountID: id, Role: role, RequestID: "request-" + role}
}

func (o *office) house(name string) uuid.UUID {
	o.t.Helper()
	theater, err := o.store.CreateTheater(o.t.Context(), o.admin, staff.TheaterFields{
		City: new("pune"), Name: &name, Address: new("1 Main Street"), Lat: new(18.5), Lon: new(73.8)})
	require.NoError(o.t, err)
	return theater.ID
}

func (o *office) movie(title string) staff.Movie {
	o.t.Helper()
	movie, err := o.store.CreateMovie(o.t.Context(), o.admin, rules.Movie{Title: &title, Year: new(2001)})
	require.NoError(o.t, err)
	return movie
}

func (o *office) screen(theater uuid.UUID, name string) staff.Screen {
	o.t.Helper()
	screen, err := o.store.CreateScreen(o.t.Context(), o.admin, staff.ScreenFields{TheaterID: new(theater.String()), Name: &name})
	require.NoError(o.t, err)
	return screen
}

// show plans a film for an interval from now, such as "2 days" or "-1 hour".
func (o *office) show(movie uuid.UUID, screen staff.Screen, layout uuid.UUID, from string) uuid.UUID {
	o.t.Helper()
	id := uuid.New()
	o.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices)
		VALUES ($1, $2, $3, $4, $5, now() + $6::interval, now() + $6::interval + interval '2 hours', '2D', 'fr',
			now() - interval '30 days', now() + $6::interval, 'INR', '{"gold": 45000}')`,
		id, movie, screen.TheaterID, screen.ID, layout, from)
	return id
}

// log reads the audit entries of a thing, the newest first.
func (o *office) log(entity string, id uuid.UUID) []audit.Item {
	o.t.Helper()
	items, _, err := o.store.Audit(o.t.Context(), o.admin, audit.Filter{Entity: entity, EntityID: id.String(), Limit: 100})
	require.NoError(o.t, err)
	return items
}

func rendered(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	require.NoError(t, err)
	return string(content)
}

// fieldsOf names the fields that an error is about.
func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var refused *booking.Error
	require.True(t, errors.As(err, &refused), "%v", err)
	var fields []string
	for _, f := range refused.Fields {
		fields = append(fields, f.Field)
	}
	return fields
}

// hosts is a resolver without a network. Names end in their dot.
type hosts map[string]string

func (h hosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	address, known := h[host]
	if !known {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if address == "" {
		return nil, &net.DNSError{Err: "timeout", Name: host, IsTimeout: true}
	}
	return []netip.Addr{netip.MustParseAddr(address)}, nil
}

var someHosts = hosts{"images.example.": "93.184.215.14", "inside.example.": "10.0.0.7", "slow.example.": ""}
