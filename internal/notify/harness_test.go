package notify_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
	"github.com/boxoffice/boxoffice/internal/notify/sendgrid"
	"github.com/boxoffice/boxoffice/internal/notify/twilio"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

var (
	_ activities.Messages = (*notify.Service)(nil)
	_ activities.Browsers = (*notify.Service)(nil)
)

func TestMain(m *testing.M) { databasetest.Main(m) }

const (
	customerName  = "Asha Verylongname"
	customerEmail = "asha.verylongname@example.com"
	customerPhone = "+919812345678"

	// Long, because the machine may be busy: a test must not take its own slowness for the
	// vendor's.
	sendWithin  = 2 * time.Second
	settleAfter = time.Second
	patience    = 20 * time.Second
	tick        = 20 * time.Millisecond
)

// world is a database with one confirmed booking, a sandbox, and a service
// between them.
type world struct {
	t         *testing.T
	pool      *pgxpool.Pool
	bookingID string
	boxURL    string
	senders   map[booking.Channel]notify.Sender
	log       *syncBuffer
	published *atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	box := sandboxtest.New(t)
	w := &world{
		t: t, pool: databasetest.New(t).Pool, bookingID: uuid.NewString(), boxURL: box,
		log: &syncBuffer{}, published: &atomic.Int64{},
	}
	sms, err := twilio.New(twilio.Options{
		AccountSID: "AC00000000000000000000000000000001", AuthToken: "token", URL: box, From: "+15005550006"})
	require.NoError(t, err)
	w.senders = map[booking.Channel]notify.Sender{
		booking.ChannelEmail: w.mailer("SG.test"),
		booking.ChannelSMS:   sms,
	}
	w.book()
	return w
}

func (w *world) mailer(key string) notify.Sender {
	return sendgrid.New(sendgrid.Options{APIKey: key, URL: w.boxURL, From: "tickets@boxoffice.example", FromName: "Boxoffice"})
}

// book puts in a confirmed booking of two seats with its ticket.
func (w *world) book() {
	w.exec(`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES (gen_random_uuid(), 'bengaluru', 'Bengaluru', 'IN', 'Asia/Kolkata', 'INR', 12.97, 77.59)`)
	w.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes)
		VALUES (gen_random_uuid(), 'the-long-night', 'The Long Night', 2026, 120)`)
	w.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		SELECT gen_random_uuid(), 'aurora', id, 'Aurora Koramangala', '12 Market Road, Bengaluru', lat, lon, time_zone, currency FROM cities`)
	w.exec(`INSERT INTO screens (id, theater_id, name) SELECT gen_random_uuid(), id, 'Screen 3' FROM theaters`)
	w.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) SELECT gen_random_uuid(), id, 1, '{"rows":[]}', 100 FROM screens`)
	w.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices)
		SELECT gen_random_uuid(), m.id, t.id, s.id, l.id, '2027-01-08 14:00Z', '2027-01-08 16:00Z', '2D', 'en',
			now(), '2027-01-08 14:00Z', 'INR', '{}'
		FROM movies m, theaters t, screens s, layouts l`)
	w.exec(`INSERT INTO accounts (id, email, password_hash, name, phone) VALUES (gen_random_uuid(), $1, 'x', $2, $3)`,
		customerEmail, customerName, customerPhone)
	w.exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session) SELECT id, 'sms', phone, true FROM accounts`)
	w.exec(`INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash)
		SELECT $1, a.id, s.id, 'confirmed', '{C7,C8}', '{}', 102000, 'INR', now(), 'hash' FROM accounts a, shows s`, w.bookingID)
	w.exec(`INSERT INTO tickets (booking_id, serial) VALUES ($1, 'BX-TEST-0001')`, w.bookingID)
}

// service is one worker's; several share the database and the vendors.
func (w *world) service(change ...func(*notify.Options)) *notify.Service {
	opts := notify.Options{
		Pool: w.pool, Senders: w.senders, PublicURL: "https://boxoffice.example/", FromName: "Boxoffice",
		Publish: func(_ context.Context, topic string) {
			assert.Equal(w.t, "booking:"+w.bookingID, topic)
			w.published.Add(1)
		},
		SendWithin: sendWithin, SettleAfter: settleAfter,
		Logger: slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	for _, c := range change {
		c(&opts)
	}
	return notify.New(opts)
}

func (w *world) notification(channel booking.Channel) booking.Notification {
	return booking.Notification{BookingID: w.bookingID, Channel: channel, Notice: booking.NoticeConfirmed}
}

func (w *world) box(channel booking.Channel) notifytest.Box {
	return notifytest.Box{URL: w.boxURL, Vendor: w.senders[channel].Name()}
}

// sent is what the vendor's own books say reached the customer.
func (w *world) sent(channel booking.Channel) []notifytest.Sent {
	w.t.Helper()
	to := customerEmail
	if channel == booking.ChannelSMS {
		to = customerPhone
	}
	return w.box(channel).Sent(w.t, to)
}

// sendUntilDone does what the workflow does: it tries again while that may help.
func (w *world) sendUntilDone(s *notify.Service, n booking.Notification) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		err := s.Send(w.t.Context(), n)
		if err != nil {
			requireRetryable(w.t, err)
		}
		return err == nil
	}, patience, tick)
}

func requireRetryable(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	require.Contains(t, []booking.Code{booking.CodeProviderUnavailable, booking.CodeProviderError, booking.CodeUnavailable}, booking.CodeOf(err), err.Error())
}

// record is a row of notifications.
type record struct {
	Status, Vendor, VendorID, Failure string
	Attempts                          int
}

func (w *world) record(n booking.Notification) record {
	w.t.Helper()
	var r record
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), `
		SELECT status, vendor, vendor_id, failure, attempts FROM notifications
		WHERE booking_id = $1 AND channel = $2 AND notice = $3 AND sequence = $4`,
		n.BookingID, n.Channel, n.Notice, n.Sequence).Scan(&r.Status, &r.Vendor, &r.VendorID, &r.Failure, &r.Attempts))
	return r
}

func (w *world) alerts() (kinds []string) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT kind FROM alerts WHERE resolved_at IS NULL ORDER BY id`)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var kind string
		require.NoError(w.t, rows.Scan(&kind))
		kinds = append(kinds, kind)
	}
	return kinds
}

func (w *world) timeline() (entries []string) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(),
		`SELECT event || ': ' || detail FROM booking_events WHERE booking_id = $1 ORDER BY seq`, w.bookingID)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var entry string
		require.NoError(w.t, rows.Scan(&entry))
		entries = append(entries, entry)
	}
	return entries
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.pool.Exec(w.t.Context(), sql, args...)
	require.NoError(w.t, err)
}

// sender is a vendor whose calls a test can intercept.
type sender struct {
	notify.Sender
	send func(ctx context.Context, message booking.Message) (string, error)
	find func(ctx context.Context, message booking.Message, since time.Time) (string, bool, error)
}

func (s sender) Send(ctx context.Context, message booking.Message) (string, error) {
	if s.send == nil {
		return s.Sender.Send(ctx, message)
	}
	return s.send(ctx, message)
}

func (s sender) Find(ctx context.Context, message booking.Message, since time.Time) (string, bool, error) {
	if s.find == nil {
		return s.Sender.Find(ctx, message, since)
	}
	return s.find(ctx, message, since)
}

// with replaces the sender of a channel.
func with(channel booking.Channel, replacement notify.Sender) func(*notify.Options) {
	return func(opts *notify.Options) {
		senders := map[booking.Channel]notify.Sender{}
		for c, s := range opts.Senders {
			senders[c] = s
		}
		senders[channel] = replacement
		opts.Senders = senders
	}
}

// waiting changes how long a service waits for its vendors.
func waiting(within, settle time.Duration) func(*notify.Options) {
	return func(opts *notify.Options) { opts.SendWithin, opts.SettleAfter = within, settle }
}

// killedSend runs a Send whose worker dies at the vendor: the goroutine ends
// there and then, and nothing after it happens.
func killedSend(t *testing.T, s *notify.Service, n booking.Notification) {
	t.Helper()
	died := make(chan struct{})
	survived := false
	go func() {
		defer close(died)
		_ = s.Send(t.Context(), n)
		survived = true
	}()
	<-died
	require.False(t, survived, "the worker was meant to die")
}

func die() { runtime.Goexit() }

// syncBuffer collects logs of several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
