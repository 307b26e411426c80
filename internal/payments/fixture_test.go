package payments_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/payments"
)

var _ activities.Books = (*payments.Store)(nil)

func TestMain(m *testing.M) { databasetest.Main(m) }

// books is a store on a database of the test's own, with what it published.
type books struct {
	*payments.Store
	t  *testing.T
	db *database.DB

	mu     sync.Mutex
	topics []string
}

func newBooks(t *testing.T) *books {
	t.Helper()
	b := &books{t: t, db: databasetest.New(t)}
	b.Store = payments.New(b.db.Pool, func(_ context.Context, topic string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.topics = append(b.topics, topic)
	})
	_, err := b.db.Pool.Exec(t.Context(), `
		WITH city AS (INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
			VALUES (gen_random_uuid(), 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.5, 73.9) RETURNING id),
		theater AS (INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
			SELECT gen_random_uuid(), 'lotus', id, 'Lotus', '1 Main Street', 18.5, 73.9, 'Asia/Kolkata', 'INR' FROM city RETURNING id),
		screen AS (INSERT INTO screens (id, theater_id, name)
			SELECT gen_random_uuid(), id, 'One' FROM theater RETURNING id, theater_id),
		layout AS (INSERT INTO layouts (id, screen_id, version, layout, capacity)
			SELECT gen_random_uuid(), id, 1, '{"rows":[]}', 1 FROM screen RETURNING id),
		movie AS (INSERT INTO movies (id, slug, title, year, runtime_minutes)
			VALUES (gen_random_uuid(), 'kite', 'Kite', 2025, 100) RETURNING id),
		show AS (INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
				sales_open_at, sales_close_at, currency, prices)
			SELECT gen_random_uuid(), movie.id, screen.theater_id, screen.id, layout.id, now() + interval '1 day',
				now() + interval '26 hours', '2d', 'en', now(), now() + interval '1 day', 'INR', '{}'
			FROM movie, screen, layout RETURNING id)
		INSERT INTO accounts (id, email, password_hash, name) VALUES (gen_random_uuid(), 'a@example.test', 'x', 'A')`)
	require.NoError(t, err)
	return b
}

// booking makes a held booking.
func (b *books) booking() string {
	b.t.Helper()
	id := uuid.NewString()
	_, err := b.db.Pool.Exec(context.Background(), `
		INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash)
		SELECT $1, accounts.id, shows.id, 'held', '{A1}', '{}', 1000, 'INR', now() + interval '8 minutes', 'x'
		FROM accounts, shows`, uuid.MustParse(id))
	require.NoError(b.t, err)
	return id
}

// row is what the payments table says.
type row struct {
	BookingID string
	Status    booking.PaymentStatus
	Captured  int64
	Refunded  int64
	Failure   string
}

func (b *books) row(reference string) row {
	b.t.Helper()
	var r row
	err := b.db.Pool.QueryRow(context.Background(),
		`SELECT booking_id, status, captured, refunded, failure FROM payments WHERE reference = $1`, reference).
		Scan(&r.BookingID, &r.Status, &r.Captured, &r.Refunded, &r.Failure)
	require.NoError(b.t, err)
	return r
}

// sums adds up a booking's ledger by movement.
func (b *books) sums(bookingID string) map[booking.Movement]int64 {
	b.t.Helper()
	entries, err := b.Ledger(context.Background(), bookingID)
	require.NoError(b.t, err)
	sums := map[booking.Movement]int64{}
	for _, e := range entries {
		sums[e.Movement] += e.Amount
	}
	return sums
}

// timeline lists a booking's events with their texts.
func (b *books) timeline(bookingID string) (events, texts []string) {
	b.t.Helper()
	rows, err := b.db.Pool.Query(context.Background(),
		`SELECT event, detail FROM booking_events WHERE booking_id = $1 ORDER BY seq`, uuid.MustParse(bookingID))
	require.NoError(b.t, err)
	defer rows.Close()
	for rows.Next() {
		var event, text string
		require.NoError(b.t, rows.Scan(&event, &text))
		events, texts = append(events, event), append(texts, text)
	}
	require.NoError(b.t, rows.Err())
	return events, texts
}

func (b *books) version(bookingID string) (version int64) {
	b.t.Helper()
	err := b.db.Pool.QueryRow(context.Background(),
		`SELECT version FROM bookings WHERE id = $1`, uuid.MustParse(bookingID)).Scan(&version)
	require.NoError(b.t, err)
	return version
}

func (b *books) published() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.topics
	b.topics = nil
	return taken
}

// said builds states of one payment of 10.00.
type said struct{ bookingID, reference string }

func (s said) base(status booking.PaymentStatus) booking.PaymentState {
	return booking.PaymentState{
		Provider: "stripe", Reference: s.reference, BookingID: s.bookingID, Attempt: 1,
		Status: status, Amount: 1000, Currency: "INR",
	}
}

func (s said) open() booking.PaymentState {
	state := s.base(booking.PaymentOpen)
	state.ClientSecret, state.CheckoutURL = "secret", "https://pay.example/1"
	return state
}

func (s said) failed(why string) booking.PaymentState {
	state := s.base(booking.PaymentFailed)
	state.Failure = why
	return state
}

func (s said) authorized() booking.PaymentState {
	state := s.base(booking.PaymentAuthorized)
	state.Authorized = 1000
	return state
}

// afterVoid is a payment that the customer made after we had closed it.
func (s said) afterVoid() booking.PaymentState {
	state := s.authorized()
	state.AfterVoid = true
	return state
}

func (s said) voided() booking.PaymentState { return s.base(booking.PaymentVoided) }

func (s said) captured(refunded int64) booking.PaymentState {
	state := s.base(booking.PaymentCaptured)
	state.Captured, state.Refunded = 1000, refunded
	if refunded == state.Captured {
		state.Status = booking.PaymentRefunded
	}
	return state
}

// reversed is captured money of which refunds came to us again, in all.
func (s said) reversed(refunded, failed int64) booking.PaymentState {
	state := s.captured(refunded)
	state.RefundsFailed = failed
	return state
}

// disputed is captured money that a bank asks for.
func (s said) disputed(status booking.DisputeStatus) booking.PaymentState {
	state := s.captured(0)
	state.Disputes = []booking.Dispute{{Reference: "dp_" + s.reference, Status: status, Amount: 1000, Reason: "fraudulent"}}
	return state
}

// wonUntaken is a dispute that was won, and of which the provider says that it took nothing.
func (s said) wonUntaken() booking.PaymentState {
	state := s.disputed(booking.DisputeWon)
	state.Disputes[0].Untaken = true
	return state
}
