// Package showstest is the house that the tests of shows and of all that stands on
// them work in: a database with one theater, shows in it, customers, and seats that
// they hold. Only tests import it.
package showstest

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/shows"
)

const (
	// Patience is how long a test waits for what has to come.
	Patience = 20 * time.Second
	// Glance is the time between two looks of a test that waits.
	Glance = 5 * time.Millisecond
)

// seller holds and sells seats for the house. Tests give it bookings.Store.
type seller interface {
	Hold(ctx context.Context, req booking.HoldRequest) (booking.Held, error)
	Confirm(ctx context.Context, bookingID string, paid booking.PaymentState) (booking.Confirmed, error)
}

// House is a database with one screen, and what tests do in it.
type House struct {
	T     testing.TB
	Pool  *pgxpool.Pool
	Shows *shows.Store
	// Bus has the hints that Shows publishes.
	Bus *cache.LocalBus
	// Seller has to be set before Held, Sold and Confirm are called.
	Seller seller
	// The ids of the city, of the theater, and of the layout of its shows.
	City, Theater, Layout string

	movie, screen string

	mu        sync.Mutex
	published []string
}

// New makes a house on a database of its own.
func New(t testing.TB) *House {
	t.Helper()
	return NewOn(t, databasetest.New(t).Pool)
}

// NewOn makes a house on an empty database.
func NewOn(t testing.TB, pool *pgxpool.Pool) *House {
	t.Helper()
	h := &House{T: t, Pool: pool, Bus: cache.NewLocalBus()}
	h.Shows = shows.New(pool, h.publish)
	h.City, h.movie, h.Theater, h.screen = uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	h.Exec(`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES ($1, 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.5, 73.9)`, h.City)
	h.Exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES ($1, 'the-lamp', 'The Lamp', 2026, 121)`, h.movie)
	h.Exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		VALUES ($1, 'orpheum', $2, 'Orpheum', '1 Mill Road', 18.5, 73.9, 'Asia/Kolkata', 'INR')`, h.Theater, h.City)
	h.Exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1, $2, 'Screen 1')`, h.screen, h.Theater)
	h.Layout = h.AddLayout(1, Hall())
	return h
}

func (h *House) publish(ctx context.Context, topic string) {
	h.mu.Lock()
	h.published = append(h.published, topic)
	h.mu.Unlock()
	h.Bus.Publish(ctx, topic)
}

// Topics gives what was published since the last call.
func (h *House) Topics() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	topics := h.published
	h.published = nil
	return topics
}

// Exec runs a statement.
func (h *House) Exec(sql string, args ...any) {
	h.T.Helper()
	_, err := h.Pool.Exec(h.T.Context(), sql, args...)
	require.NoError(h.T, err)
}

// Number reads one number.
func (h *House) Number(sql string, args ...any) int64 {
	h.T.Helper()
	var n int64
	require.NoError(h.T, h.Pool.QueryRow(h.T.Context(), sql, args...).Scan(&n))
	return n
}

// AddLayout gives the screen another layout.
func (h *House) AddLayout(version int, layout booking.Layout) string {
	h.T.Helper()
	document, err := json.Marshal(layout)
	require.NoError(h.T, err)
	id := uuid.NewString()
	h.Exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) VALUES ($1, $2, $3, $4, $5)`,
		id, h.screen, version, document, layout.Capacity())
	return id
}

// Show puts a show on sale, on a screen of its own so that none is in another's
// way: silver 300.00, gold 450.00, fee 20.00 a seat, 18 % tax.
func (h *House) Show() string {
	h.T.Helper()
	id, screen := uuid.NewString(), uuid.NewString()
	h.Exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1::uuid, $2, $1::text)`, screen, h.Theater)
	h.Exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
		VALUES ($1, $2, $3, $4, $5, now() + interval '2 days', now() + interval '2 days 3 hours', '2D', 'hi',
			now() - interval '1 day', now() + interval '2 days', 'INR', '{"silver": 30000, "gold": 45000}', 2000, 1800)`,
		id, h.movie, h.Theater, screen, h.Layout)
	return id
}

// AccessibleShow is a show in Hall with a row E of gold, which begins after a while:
// a companion seat, a wheelchair space, and two ordinary seats, twice.
func (h *House) AccessibleShow(begins time.Duration) string {
	h.T.Helper()
	show := h.Show()
	h.Exec(`UPDATE shows SET layout_id = $2, starts_at = clock_timestamp() + $3::interval, ends_at = clock_timestamp() + $3::interval + interval '2 hours',
		sales_close_at = clock_timestamp() + interval '2 days' WHERE id = $1`, show, h.AddLayout(100+int(h.Number(`SELECT count(*) FROM layouts`)), accessibleHall()), begins)
	return show
}

// Customer makes an account.
func (h *House) Customer() string {
	h.T.Helper()
	id := uuid.NewString()
	h.Exec(`INSERT INTO accounts (id, email, password_hash, name) VALUES ($1::uuid, $1::text || '@example.com', '', 'Asha')`, id)
	return id
}

// Request asks to hold seats.
func Request(show, customer string, seats ...string) booking.HoldRequest {
	return booking.HoldRequest{
		BookingID: uuid.NewString(), CustomerID: customer, ShowID: show, Seats: seats,
		HoldFor: 8 * time.Minute, MaxHolds: 1000, RequestHash: "hash",
	}
}

// Held holds seats for a new customer.
func (h *House) Held(show string, seats ...string) booking.Held {
	h.T.Helper()
	held, err := h.Seller.Hold(h.T.Context(), Request(show, h.Customer(), seats...))
	require.NoError(h.T, err)
	return held
}

// Sold is Held and confirmed.
func (h *House) Sold(show string, seats ...string) booking.Held {
	h.T.Helper()
	held := h.Held(show, seats...)
	_, err := h.Confirm(h.T.Context(), held.BookingID)
	require.NoError(h.T, err)
	return held
}

// Confirm sells seats, with any payment.
func (h *House) Confirm(ctx context.Context, bookingID string) (booking.Confirmed, error) {
	return h.Seller.Confirm(ctx, bookingID, booking.PaymentState{})
}

// Expire makes a hold run out now, and its grace with it.
func (h *House) Expire(bookingID string) {
	h.T.Helper()
	require.NoError(h.T, h.TryExpire(h.T.Context(), bookingID))
}

// TryExpire is Expire for a test that meets errors itself.
func (h *House) TryExpire(ctx context.Context, bookingID string) error {
	_, err := h.Pool.Exec(ctx, `WITH mine AS (
			SELECT show_id, seat FROM seat_claims WHERE booking_id = $1 AND state = 'held' ORDER BY seat FOR UPDATE)
		UPDATE seat_claims c SET held_until = clock_timestamp() - interval '1 millisecond'
		FROM mine WHERE c.show_id = mine.show_id AND c.seat = mine.seat AND c.booking_id = $1 AND c.state = 'held'`, bookingID)
	return err
}

// Claims gives who has which seat, by the database: "A1" → "sold <booking>".
func (h *House) Claims(show string) map[string]string {
	h.T.Helper()
	rows, err := h.Pool.Query(h.T.Context(), `SELECT seat, state || ' ' || booking_id FROM seat_claims WHERE show_id = $1`, show)
	require.NoError(h.T, err)
	defer rows.Close()
	claims := map[string]string{}
	for rows.Next() {
		var seat, state string
		require.NoError(h.T, rows.Scan(&seat, &state))
		claims[seat] = state
	}
	require.NoError(h.T, rows.Err())
	return claims
}

// CheckInvariants compares claims, bookings and seat map of a show: invariants 1,
// 2, 9.
func (h *House) CheckInvariants(seatMap shows.SeatMap) {
	h.T.Helper()
	show := seatMap.ShowID
	assert.Zero(h.T, h.Number(`SELECT count(*) FROM (
		SELECT seat FROM bookings b, unnest(b.seats) seat WHERE b.show_id = $1 AND b.status = 'confirmed'
		GROUP BY seat HAVING count(*) > 1) twice`, show), "1: a seat has two confirmed bookings")
	assert.Zero(h.T, h.Number(`SELECT count(*) FROM bookings b WHERE b.show_id = $1 AND b.status = 'confirmed'
		AND b.seats <> ARRAY(SELECT seat::text FROM seat_claims c WHERE c.booking_id = b.id AND c.state = 'sold' ORDER BY seat)`,
		show), "1: a confirmed booking without its seats")
	assert.Zero(h.T, h.Number(`SELECT count(*) FROM bookings b WHERE b.show_id = $1 AND b.status = 'held' AND
		(SELECT count(*) FROM seat_claims c WHERE c.booking_id = b.id AND c.held_until >= clock_timestamp())
		NOT IN (0, cardinality(b.seats))`, show), "2: part of a hold")
	assert.Zero(h.T, h.Number(`SELECT count(*) FROM seat_claims c LEFT JOIN bookings b ON b.id = c.booking_id
		WHERE c.show_id = $1 AND c.booking_id <> '00000000-0000-0000-0000-000000000000' AND b.status IS DISTINCT FROM CASE c.state WHEN 'sold' THEN 'confirmed' ELSE 'held' END`,
		show), "9: a claim that no booking stands behind")
	taken := map[string]bool{}
	for _, seat := range append(seatMap.Held, seatMap.Sold...) {
		_, exists := seatMap.Layout.Category(seat)
		assert.True(h.T, exists && !taken[seat], "9: seat %s is claimed twice or does not exist", seat)
		taken[seat] = true
	}
}

// Code asserts that an error carries a code and gives it.
func Code(t testing.TB, want booking.Code, err error) *booking.Error {
	t.Helper()
	var e *booking.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, want, e.Code, "%v", err)
	return e
}
