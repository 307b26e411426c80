package seats

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

var _ activities.Inventory = (*Store)(nil)

const (
	patience = 20 * time.Second
	glance   = 5 * time.Millisecond
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// house is a database with one screen, and what tests do in it.
type house struct {
	t     testing.TB
	pool  *pgxpool.Pool
	store *Store
	city, movie, theater,
	screen, layout string

	mu        sync.Mutex
	published []string
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, databasetest.New(t).Pool)
}

func newHouseOn(t testing.TB, pool *pgxpool.Pool) *house {
	t.Helper()
	h := &house{t: t, pool: pool}
	h.store = New(h.pool, func(_ context.Context, topic string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.published = append(h.published, topic)
	})
	h.city, h.movie, h.theater, h.screen = uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	h.exec(`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES ($1, 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.5, 73.9)`, h.city)
	h.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES ($1, 'the-lamp', 'The Lamp', 2026, 121)`, h.movie)
	h.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		VALUES ($1, 'orpheum', $2, 'Orpheum', '1 Mill Road', 18.5, 73.9, 'Asia/Kolkata', 'INR')`, h.theater, h.city)
	h.exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1, $2, 'Screen 1')`, h.screen, h.theater)
	h.layout = h.addLayout(1, hall())
	return h
}

// hall has four rows of eight seats: A and B silver, C gold, D gold sofas.
func hall() booking.Layout {
	var layout booking.Layout
	for _, row := range []booking.Row{
		{Label: "A", Category: "silver"}, {Label: "B", Category: "silver"}, {Label: "C", Category: "gold"}, {Label: "D", Category: "gold"},
	} {
		for x := 1; x <= 8; x++ {
			seat := booking.Seat{ID: fmt.Sprintf("%s%d", row.Label, x), X: float64(x), Type: booking.SeatStandard}
			if row.Label == "D" {
				seat.Type = booking.SeatSofa
			}
			row.Seats = append(row.Seats, seat)
		}
		layout.Rows = append(layout.Rows, row)
	}
	return layout
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	_, err := h.pool.Exec(h.t.Context(), sql, args...)
	require.NoError(h.t, err)
}

func (h *house) number(sql string, args ...any) int64 {
	h.t.Helper()
	var n int64
	require.NoError(h.t, h.pool.QueryRow(h.t.Context(), sql, args...).Scan(&n))
	return n
}

func (h *house) addLayout(version int, layout booking.Layout) string {
	h.t.Helper()
	document, err := json.Marshal(layout)
	require.NoError(h.t, err)
	id := uuid.NewString()
	h.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) VALUES ($1, $2, $3, $4, $5)`,
		id, h.screen, version, document, layout.Capacity())
	return id
}

// show puts a show on sale, on a screen of its own so that none is in another's
// way: silver 300.00, gold 450.00, fee 20.00 a seat, 18 % tax.
func (h *house) show() string {
	h.t.Helper()
	id, screen := uuid.NewString(), uuid.NewString()
	h.exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1::uuid, $2, $1::text)`, screen, h.theater)
	h.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
		VALUES ($1, $2, $3, $4, $5, now() + interval '2 days', now() + interval '2 days 3 hours', '2D', 'hi',
			now() - interval '1 day', now() + interval '2 days', 'INR', '{"silver": 30000, "gold": 45000}', 2000, 1800)`,
		id, h.movie, h.theater, screen, h.layout)
	return id
}

func (h *house) customer() string { return h.customerWithPhone("") }

func (h *house) customerWithPhone(phone string) string {
	h.t.Helper()
	id := uuid.NewString()
	h.exec(`INSERT INTO accounts (id, email, password_hash, name, phone) VALUES ($1::uuid, $1::text || '@example.com', '', 'Asha', $2)`,
		id, phone)
	return id
}

func request(show, customer string, seats ...string) booking.HoldRequest {
	return booking.HoldRequest{
		BookingID: uuid.NewString(), CustomerID: customer, ShowID: show, Seats: seats,
		HoldFor: 8 * time.Minute, MaxHolds: 1000, RequestHash: "hash",
	}
}

// held holds seats for a new customer.
func (h *house) held(show string, seats ...string) booking.Held {
	h.t.Helper()
	held, err := h.store.Hold(h.t.Context(), request(show, h.customer(), seats...))
	require.NoError(h.t, err)
	return held
}

// sold is held and confirmed.
func (h *house) sold(show string, seats ...string) booking.Held {
	h.t.Helper()
	held := h.held(show, seats...)
	_, err := h.confirm(h.t.Context(), held.BookingID)
	require.NoError(h.t, err)
	return held
}

// confirm sells seats; what was paid with does not matter.
func (h *house) confirm(ctx context.Context, bookingID string) (booking.Confirmed, error) {
	return h.store.Confirm(ctx, bookingID, booking.PaymentState{})
}

// expire makes a hold run out now, and its grace with it.
func (h *house) expire(bookingID string) {
	h.t.Helper()
	require.NoError(h.t, expire(h.t.Context(), h.pool, bookingID))
}

func expire(ctx context.Context, pool *pgxpool.Pool, bookingID string) error {
	_, err := pool.Exec(ctx, `WITH mine AS (
			SELECT show_id, seat FROM seat_claims WHERE booking_id = $1 AND state = 'held' ORDER BY seat FOR UPDATE)
		UPDATE seat_claims c SET held_until = clock_timestamp() - interval '1 millisecond'
		FROM mine WHERE c.show_id = mine.show_id AND c.seat = mine.seat AND c.booking_id = $1 AND c.state = 'held'`, bookingID)
	return err
}

// claims gives who has which seat, by the database: "A1" → "sold <booking>".
func (h *house) claims(show string) map[string]string {
	h.t.Helper()
	rows, err := h.pool.Query(h.t.Context(), `SELECT seat, state || ' ' || booking_id FROM seat_claims WHERE show_id = $1`, show)
	require.NoError(h.t, err)
	defer rows.Close()
	claims := map[string]string{}
	for rows.Next() {
		var seat, state string
		require.NoError(h.t, rows.Scan(&seat, &state))
		claims[seat] = state
	}
	require.NoError(h.t, rows.Err())
	return claims
}

func (h *house) topics() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	topics := h.published
	h.published = nil
	return topics
}

// checkInvariants compares claims, bookings and seat map: invariants 1, 2, 9.
func (h *house) checkInvariants(show string) {
	h.t.Helper()
	assert.Zero(h.t, h.number(`SELECT count(*) FROM (
		SELECT seat FROM bookings b, unnest(b.seats) seat WHERE b.show_id = $1 AND b.status = 'confirmed'
		GROUP BY seat HAVING count(*) > 1) twice`, show), "1: a seat has two confirmed bookings")
	assert.Zero(h.t, h.number(`SELECT count(*) FROM bookings b WHERE b.show_id = $1 AND b.status = 'confirmed'
		AND b.seats <> ARRAY(SELECT seat::text FROM seat_claims c WHERE c.booking_id = b.id AND c.state = 'sold' ORDER BY seat)`,
		show), "1: a confirmed booking without its seats")
	assert.Zero(h.t, h.number(`SELECT count(*) FROM bookings b WHERE b.show_id = $1 AND b.status = 'held' AND
		(SELECT count(*) FROM seat_claims c WHERE c.booking_id = b.id AND c.held_until >= clock_timestamp())
		NOT IN (0, cardinality(b.seats))`, show), "2: part of a hold")
	assert.Zero(h.t, h.number(`SELECT count(*) FROM seat_claims c LEFT JOIN bookings b ON b.id = c.booking_id
		WHERE c.show_id = $1 AND b.status IS DISTINCT FROM CASE c.state WHEN 'sold' THEN 'confirmed' ELSE 'held' END`,
		show), "9: a claim that no booking stands behind")
	seatMap, err := h.store.SeatMap(h.t.Context(), show)
	require.NoError(h.t, err)
	taken := map[string]bool{}
	for _, seat := range append(seatMap.Held, seatMap.Sold...) {
		_, exists := seatMap.Layout.Category(seat)
		assert.True(h.t, exists && !taken[seat], "9: seat %s is claimed twice or does not exist", seat)
		taken[seat] = true
	}
}

// code asserts that an error carries a code and gives it.
func code(t testing.TB, want booking.Code, err error) *booking.Error {
	t.Helper()
	var e *booking.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, want, e.Code, "%v", err)
	return e
}
