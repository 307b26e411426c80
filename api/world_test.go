package api

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/webhook"

	bookingsapi "github.com/boxoffice/boxoffice/api/bookings"
	catalogapi "github.com/boxoffice/boxoffice/api/catalog"
	paymentsapi "github.com/boxoffice/boxoffice/api/payments"
	"github.com/boxoffice/boxoffice/api/rest"
	staffapi "github.com/boxoffice/boxoffice/api/staff"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	proofcodes "github.com/boxoffice/boxoffice/internal/codes"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/documents"
	documentsdb "github.com/boxoffice/boxoffice/internal/documents/postgres"
	"github.com/boxoffice/boxoffice/internal/houses"
	"github.com/boxoffice/boxoffice/internal/links"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/sealing"
	"github.com/boxoffice/boxoffice/internal/search"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/tastes"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

const (
	soon  = 10 * time.Second
	often = 10 * time.Millisecond

	stripeKey     = "sk_test_api"
	currentSecret = "whsec_current"
	oldSecret     = "whsec_old"
)

func TestMain(m *testing.M) {
	// Without these kin-openapi cannot look into an answer.
	for _, contentType := range []string{"image/png", "application/pdf"} {
		openapi3filter.RegisterBodyDecoder(contentType, openapi3filter.FileBodyDecoder)
	}
	for _, contentType := range []string{"text/html", "text/calendar", "text/javascript"} {
		openapi3filter.RegisterBodyDecoder(contentType, openapi3filter.PlainBodyDecoder)
	}
	password.Use(password.Cost{Memory: 1, Passes: 1}) // these tests are not about how long it takes
	databasetest.Main(m)
}

// world is a platform of a test's own: a real Postgres, the real Stripe client
// against the sandbox, and in place of Temporal a saga that does its steps in
// this process.
type world struct {
	t        *testing.T
	db       *database.DB
	saga     *fakeSaga
	provider *stripe.Provider
	vendor   paymentintent.Client // the customer's browser
	sandbox  string               // the vendor's address
	server   *httptest.Server
	// answerWithin is the write deadline of the next server. Default none.
	answerWithin time.Duration
	options      Options
	documents    *documents.Store // migrated by withDocuments
	links        *links.Links
	tokenKey     ed25519.PrivateKey // signs access tokens

	customer, other, support, manager, admin string // access tokens
	customerID                               string
	show, past, closed                       string
}

// onlyStripe is a platform with one payment provider.
func onlyStripe(db *database.DB) *payments.Choices {
	return payments.NewChoices(db.Pool, []payments.Offered{{Name: "stripe", Charging: stripe.Limits}})
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	return newWorldOn(t, databasetest.New(t), change...)
}

func newWorldOn(t *testing.T, db *database.DB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, db: db, tokenKey: testKey(t)}
	w.links = newLinks(t, testKey(t))
	w.plant()
	w.openStripe()
	bus := cache.NewLocalBus()
	known := shows.New(w.db.Pool, bus.Publish, shows.WithCharging(stripe.Limits))
	booked := bookings.New(known)
	changes := showchanges.New(known, booked)
	books := payments.New(w.db.Pool, bus.Publish)
	feed, bookingFeed := seatmap.NewFeed(seatmap.New(known), bus), bookings.NewFeed(booked, bus)
	t.Cleanup(feed.Close)
	t.Cleanup(bookingFeed.Close)
	w.saga = &fakeSaga{bookings: booked, showChanges: changes, books: books, provider: w.provider, policy: booking.DefaultPolicy()}
	policy, quiet := booking.DefaultPolicy(), slog.New(slog.DiscardHandler)
	w.documents = openDocuments(t, w.db.Pool.Config().ConnString())
	w.options = Options{
		Tastes:          tastes.New(w.documents, catalog.New(w.db), booked),
		Recommendations: openRecommendations(t, w.db, w.documents),
		HTTP:            rest.Options{Logger: quiet},
		Accounts:        newAccounts(t, w.db, w.tokenKey), PublicURL: "https://tickets.example", ServiceKeys: servicekeys.New(w.db.Pool),
		Search: search.NewEngine(quiet),
		Catalog: catalogapi.Options{
			Catalog: catalog.New(w.db), Reviews: catalog.NewReviews(w.db), Feed: feed, Shows: known,
		},
		Bookings: bookingsapi.Options{
			Shows: known, Bookings: booked, Changes: changes, Feed: feed, BookingFeed: bookingFeed, Tickets: bookings.NewTickets(testKey(t)), Links: w.links,
			Providers: []string{"stripe"}, Choices: onlyStripe(w.db), Saga: w.saga, Policy: policy, CheckoutURL: "https://tickets.example/pay/",
		},
		Payments: paymentsapi.Options{
			Payments: books, Bookings: booked, Providers: map[string]paymentsapi.Provider{"stripe": w.provider},
			Saga: w.saga, Policy: policy,
		},
		Staff: staffapi.Options{
			Staff: staff.New(w.db, staff.WithResolver(someHosts), staff.WithCharging(stripe.Limits), staff.WithProviders(map[string]booking.Charging{
				"stripe": stripe.Limits, "razorpay": stripe.Limits,
				"paypal": func(currency string) (booking.Limits, bool) { return booking.Limits{Unit: 1}, currency != "INR" },
			})),
			Alerts: alerts.New(w.db.Pool), Shows: known, Bookings: booked, Changes: changes, Saga: w.saga, Policy: policy,
			Settlements: books, Reconciliations: books, Houses: houses.New(w.db.Pool, houses.Options{Box: houseBox(t), Changed: known.Changed}),
		},
		Health: Health{
			Version: "test",
			Ready:   map[string]func(context.Context) error{"postgres": w.db.Ping},
		},
	}
	for _, c := range change {
		c(&w.options)
	}
	w.index()
	w.serve()
	w.people()
	return w
}

// openDocuments opens the store of documents in a database, which may be away.
func openDocuments(t testing.TB, url string) *documents.Store {
	t.Helper()
	store, err := documentsdb.Open(t.Context(), url, documents.Options{})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

// openRecommendations reads the program again for each list.
func openRecommendations(t testing.TB, db *database.DB, store *documents.Store) *recommendations.Service {
	t.Helper()
	service := recommendations.New(db, db, store, recommendations.Options{Freshness: recommendations.Freshness{Fresh: time.Nanosecond, Oldest: time.Nanosecond}})
	t.Cleanup(func() { service.Close(context.Background()) })
	return service
}

// withDocuments makes the store of documents ready. Few tests need it, and it takes a moment.
func (w *world) withDocuments() *world {
	w.t.Helper()
	require.NoError(w.t, documentsdb.Migrate(w.t.Context(), w.db.Pool.Config().ConnString(), nil))
	return w
}

// index makes search know what is in the database now.
func (w *world) index() {
	w.t.Helper()
	source := search.NewPostgres(w.db.Pool, slog.New(slog.DiscardHandler))
	require.NoError(w.t, w.options.Search.Refresh(w.t.Context(), source))
}

// serve starts an API process. A second call is a second process on the same
// database and workflows.
func (w *world) serve() {
	w.t.Helper()
	handler, err := New(w.options)
	require.NoError(w.t, err)
	w.server = httptest.NewUnstartedServer(handler)
	w.server.Config.WriteTimeout = w.answerWithin
	w.server.Start()
	w.t.Cleanup(w.server.Close)
}

func (w *world) openStripe() {
	w.t.Helper()
	w.sandbox = sandboxtest.New(w.t)
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		URL: sdk.String(w.sandbox), LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull},
	})
	w.vendor = paymentintent.Client{B: backend, Key: stripeKey}
	var err error
	w.provider, err = stripe.New(stripe.Options{
		SecretKey: stripeKey, APIURL: w.sandbox, WebhookSecrets: []string{currentSecret, oldSecret},
		PublicURL: "https://tickets.example", Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(w.t, err)
}

// plant makes one theater with three shows: on sale, over, and not yet on sale.
func (w *world) plant() {
	w.t.Helper()
	layout := booking.Layout{}
	for _, label := range []string{"A", "B", "C", "D", "E"} {
		row := booking.Row{Label: label, Category: "gold"}
		for n := 1; n <= 12; n++ {
			row.Seats = append(row.Seats, booking.Seat{
				ID: label + string(rune('0'+n/10)) + string(rune('0'+n%10)), X: float64(n), Type: booking.SeatStandard})
		}
		layout.Rows = append(layout.Rows, row)
	}
	document, err := json.Marshal(layout)
	require.NoError(w.t, err)
	city, theater, screen, plan, movie := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	w.exec(`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES ($1, 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.52, 73.86)`, city)
	w.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		VALUES ($1, 'lotus', $2, 'Lotus, Camp', '1 Main Street; Pune', 18.5, 73.8, 'Asia/Kolkata', 'INR')`, theater, city)
	w.exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1, $2, 'Screen 1')`, screen, theater)
	w.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) VALUES ($1, $2, 1, $3, 60)`, plan, screen, document)
	w.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes, genres, languages)
		VALUES ($1, 'amelie', 'Amélie', 2001, 122, '{romance}', '{fr}')`, movie)
	addShow := func(starts, opens time.Duration) string {
		id := uuid.New()
		w.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
				sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
			VALUES ($1, $2, $3, $4, $5, now() + $6::interval, now() + $6::interval + interval '2 hours', '2D', 'fr',
				now() + $7::interval, now() + $6::interval - interval '10 minutes', 'INR', '{"gold": 45000}', 2000, 1800)`,
			id, movie, theater, screen, plan, starts, opens)
		return id.String()
	}
	w.show = addShow(48*time.Hour, -time.Hour)
	w.past = addShow(-3*time.Hour, -72*time.Hour)
	w.closed = addShow(96*time.Hour, 24*time.Hour)
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	_, err := w.db.Pool.Exec(context.Background(), statement, args...)
	require.NoError(w.t, err)
}

// rows counts everything that a request might write.
func (w *world) rows() map[string]int {
	w.t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"bookings", "seat_claims", "booking_events", "tickets", "idempotency_keys",
		"payments", "ledger", "webhook_inbox", "notifications", "alerts", "accounts", "sessions"} {
		var n int
		require.NoError(w.t, w.db.Pool.QueryRow(context.Background(), `SELECT count(*) FROM `+table).Scan(&n))
		counts[table] = n
	}
	return counts
}

// booking requests

func bookBody(show string, seatNames ...string) string {
	body, _ := json.Marshal(map[string]any{
		"show_id": show, "seats": seatNames, "payment": map[string]string{"provider": "stripe"}})
	return string(body)
}

func (w *world) book(t testing.TB, token, key string, seatNames ...string) booking.Booking {
	t.Helper()
	return w.do(t, call{token: token, method: "POST", path: "/v1/bookings", body: bookBody(w.show, seatNames...),
		headers: map[string]string{"Idempotency-Key": key}, status: http.StatusCreated}).booking(t)
}

// pay is the customer at the checkout page.
func (w *world) pay(t testing.TB, reference, method string) {
	t.Helper()
	_, err := w.vendor.Confirm(reference, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String(method)})
	require.NoError(t, err)
}

// bought is a booking that was paid and confirmed.
func (w *world) bought(t testing.TB, token, key string, seatNames ...string) booking.Booking {
	t.Helper()
	b := w.book(t, token, key, seatNames...)
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	b = w.do(t, call{token: token, method: "POST", path: "/v1/bookings/" + b.ID + "/payment/check", status: http.StatusOK}).booking(t)
	require.Equal(t, booking.StatusConfirmed, b.Status)
	return b
}

// event makes a webhook as Stripe sends it.
func event(t testing.TB, id, kind, reference string, metadata map[string]string, options ...func(*webhook.UnsignedPayload)) call {
	t.Helper()
	payload, err := json.Marshal(map[string]any{
		"id": id, "object": "event", "api_version": "2024-06-20", "type": kind,
		"data": map[string]any{"object": map[string]any{"id": reference, "object": "payment_intent", "metadata": metadata}},
	})
	require.NoError(t, err)
	unsigned := webhook.UnsignedPayload{Payload: payload, Secret: currentSecret, Timestamp: time.Now()}
	for _, o := range options {
		o(&unsigned)
	}
	signed := webhook.GenerateTestSignedPayload(&unsigned)
	return call{method: "POST", path: "/v1/webhooks/stripe", body: string(payload),
		headers: map[string]string{"Stripe-Signature": signed.Header}}
}

// people registers who calls the API, and signs them in.
func (w *world) people() {
	w.t.Helper()
	signIn := func(name, role string) (token, id string) {
		email := name + "@example.com"
		var account accounts.Account
		w.do(w.t, call{method: "POST", path: "/v1/accounts", status: http.StatusCreated,
			body: `{"email":"` + email + `","password":"long enough to pass","name":"` + name + `"}`}).into(w.t, &account)
		if role != "" {
			w.exec(`UPDATE accounts SET role = $2 WHERE id = $1`, account.ID, role)
		}
		var tokens accounts.TokenPair
		w.do(w.t, call{method: "POST", path: "/v1/sessions", status: http.StatusCreated,
			body: `{"email":"` + email + `","password":"long enough to pass"}`}).into(w.t, &tokens)
		return tokens.AccessToken, account.ID
	}
	w.customer, w.customerID = signIn("asha", "")
	w.other, _ = signIn("ben", "")
	w.support, _ = signIn("sue", "support")
	w.manager, _ = signIn("tom", "theater_manager")
	w.admin, _ = signIn("ada", "admin")
}

func testKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return key
}

func newLinks(t testing.TB, keys ...ed25519.PrivateKey) *links.Links {
	t.Helper()
	known, err := links.New("https://tickets.example", keys)
	require.NoError(t, err)
	return known
}

func newAccounts(t testing.TB, db *database.DB, key ed25519.PrivateKey, options ...accounts.Option) *accounts.Service {
	t.Helper()
	tokens, err := accounts.NewTokens([]ed25519.PrivateKey{key}, "https://tickets.example")
	require.NoError(t, err)
	return accounts.New(db, tokens, accounts.Limits{}, append([]accounts.Option{
		accounts.WithPush(accounts.Push{PublicKey: pushKey, SandboxURL: pushSandbox}), accounts.WithFactors(testFactors(t)), accounts.WithPasskeys(testParty(t, "https://tickets.example")),
		accounts.WithCodes(newCodes(t, key), nil), accounts.WithTextMessages(accounts.TextMessages{PerDay: 100}),
	}, options...)...)
}

func testFactors(t testing.TB) accounts.FactorOptions {
	t.Helper()
	box, err := sealing.New(make([]byte, sealing.KeySize))
	require.NoError(t, err)
	return accounts.FactorOptions{Box: box}
}

func testParty(t testing.TB, publicURL string) *accounts.RelyingParty {
	t.Helper()
	party, err := accounts.NewRelyingParty(publicURL)
	require.NoError(t, err)
	return party
}

func newCodes(t testing.TB, key ed25519.PrivateKey) *proofcodes.Codes {
	t.Helper()
	made, err := proofcodes.New([]ed25519.PrivateKey{key})
	require.NoError(t, err)
	return made
}

// ticketDocument is a ticket as its owner gets it.
type ticketDocument struct {
	BookingID string              `json:"booking_id"`
	Serial    string              `json:"serial"`
	QR        string              `json:"qr,omitempty"`
	Show      booking.ShowSummary `json:"show"`
	Seats     []string            `json:"seats"`
	IssuedAt  time.Time           `json:"issued_at"`
	VoidedAt  *time.Time          `json:"voided_at,omitempty"`
	ScannedAt *time.Time          `json:"scanned_at,omitempty"`
}

// foundPage is an answer of the search.
type foundPage struct {
	search.Answer
	NextCursor string `json:"next_cursor"`
}

// inTheWay is a problem that names the shows because of which something cannot be.
type inTheWay struct {
	rest.Problem
	Show      *staff.InTheWay  `json:"show"`
	Conflicts []staff.Conflict `json:"conflicts"`
}

// staffBooking is a booking as staff see it.
type staffBooking struct {
	booking.Booking
	CustomerID string `json:"customer_id"`
}

// houseBox seals the credentials of theaters' own systems.
func houseBox(t *testing.T) *sealing.Box {
	t.Helper()
	box, err := sealing.New(make([]byte, sealing.KeySize))
	require.NoError(t, err)
	return box
}
