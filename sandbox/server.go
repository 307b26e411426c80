package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/sandbox/house"
)

// Options say where the sandbox keeps its state and whom it tells.
type Options struct {
	// DataFile is the bbolt file; empty means a temporary one, removed by Close.
	DataFile string
	// PublicURL is where browsers reach the sandbox; default http://127.0.0.1:8090.
	PublicURL string
	// StripeWebhookURL receives the events; empty means that none are sent.
	StripeWebhookURL string
	// StripeWebhookSecrets all sign every event, as Stripe does while a secret
	// is being rolled.
	StripeWebhookSecrets []string
	// StripeWebhookEvents are the types that the receiver subscribed to, with
	// a trailing star for a family; default all.
	StripeWebhookEvents []string
	// StripeSecretKey is the one key taken; empty takes any sk_test_….
	StripeSecretKey string
	// StripeAPIVersion is what events are rendered for. The default is newer
	// than stripe-go/v76 is pinned to, as a real account's may well be.
	StripeAPIVersion string
	// RazorpayKeyID and RazorpayKeySecret are the one pair taken; empty takes any rzp_test_….
	RazorpayKeyID, RazorpayKeySecret string
	// RazorpayWebhookURL receives Razorpay's events; empty means that none are sent.
	RazorpayWebhookURL string
	// RazorpayWebhookSecret signs them: Razorpay signs with one secret only.
	RazorpayWebhookSecret string
	// RazorpayRefundAfter is how long a refund stays pending; default 3 s.
	RazorpayRefundAfter time.Duration
	// PayPalWebhookURL receives PayPal's events; empty means that none are sent. Each is
	// signed for the subscription PayPalWebhookID, of the types in PayPalWebhookEvents with
	// a trailing star for a family; default all.
	PayPalWebhookURL    string
	PayPalWebhookID     string
	PayPalWebhookEvents []string
	// PayPalClientID and PayPalClientSecret are the one account taken; empty takes any.
	PayPalClientID     string
	PayPalClientSecret string
	// PayPalCertificatesURL is where the receiver of PayPal's events reaches the sandbox's
	// PayPal, for their certificate; default below PublicURL.
	PayPalCertificatesURL string
	// PayPalRoot is the root of the certificates that PayPal's events are signed with: a
	// CERTIFICATE and its PRIVATE KEY (PKCS #8) in PEM. Empty: one is made and kept.
	PayPalRoot []byte
	// WebhookTimeout is how long the receiver may take; default 10 s.
	WebhookTimeout time.Duration
	// A refused event is sent again after WebhookRetryBase (default 1 s),
	// which doubles up to WebhookRetryCap (default 30 s), for three days.
	WebhookRetryBase time.Duration
	WebhookRetryCap  time.Duration
	// Logger defaults to slog.Default. Nothing personal is logged.
	Logger *slog.Logger
}

func (o *Options) setDefaults() error {
	o.PublicURL = strings.TrimRight(cmp.Or(o.PublicURL, "http://127.0.0.1:8090"), "/")
	if !webAddress(o.PublicURL) {
		return fmt.Errorf("sandbox: PublicURL %q is not an http address", o.PublicURL)
	}
	if o.StripeWebhookURL != "" && !webAddress(o.StripeWebhookURL) {
		return fmt.Errorf("sandbox: StripeWebhookURL %q is not an http address", o.StripeWebhookURL)
	}
	if o.StripeWebhookURL != "" && len(o.StripeWebhookSecrets) == 0 {
		return errors.New("sandbox: StripeWebhookURL needs at least one of StripeWebhookSecrets")
	}
	if o.RazorpayWebhookURL != "" && (!webAddress(o.RazorpayWebhookURL) || o.RazorpayWebhookSecret == "") {
		return fmt.Errorf("sandbox: RazorpayWebhookURL %q has to be an http address, with a RazorpayWebhookSecret", o.RazorpayWebhookURL)
	}
	o.RazorpayRefundAfter = cmp.Or(o.RazorpayRefundAfter, 3*time.Second)
	if o.PayPalWebhookURL != "" && (!webAddress(o.PayPalWebhookURL) || o.PayPalWebhookID == "") {
		return fmt.Errorf("sandbox: PayPalWebhookURL %q is not an http address, or has no PayPalWebhookID", o.PayPalWebhookURL)
	}
	if len(o.PayPalWebhookEvents) == 0 {
		o.PayPalWebhookEvents = []string{"*"}
	}
	if len(o.StripeWebhookEvents) == 0 {
		o.StripeWebhookEvents = []string{"*"}
	}
	o.StripeAPIVersion = cmp.Or(o.StripeAPIVersion, "2024-06-20")
	o.WebhookTimeout = cmp.Or(o.WebhookTimeout, 10*time.Second)
	o.WebhookRetryBase = cmp.Or(o.WebhookRetryBase, time.Second)
	o.WebhookRetryCap = cmp.Or(o.WebhookRetryCap, 30*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	return nil
}

// Server is the sandbox: an http.Handler and a loop that delivers webhooks.
type Server struct {
	store    *store
	faults   *faults
	stripe   *stripeAPI
	sendgrid *sendgridAPI
	twilio   *twilioAPI
	push     *pushAPI
	razorpay *razorpayAPI
	paypal   *paypalAPI
	houses   *house.Server
	webhooks *dispatcher
	log      *slog.Logger
	router   *mux.Router

	closing   chan struct{}
	closeOnce sync.Once
	running   sync.WaitGroup
}

// New opens the data file and takes up what it holds.
func New(o Options) (*Server, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	st, err := openStore(o.DataFile)
	if err != nil {
		return nil, err
	}
	f, err := loadFaults(st, o.Logger)
	if err == nil {
		err = forgetOldKeys(st, time.Now())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: read data file: %w", err), st.close())
	}
	s := &Server{store: st, faults: f, log: o.Logger, closing: make(chan struct{})}
	s.webhooks = &dispatcher{
		store: st, log: o.Logger, to: map[string]subscription{}, retryBase: o.WebhookRetryBase, retryCap: o.WebhookRetryCap,
		client: webhookClient(o.WebhookTimeout),
	}
	s.webhooks.subscribe(vendorStripe, stripeSubscription(o))
	s.stripe = &stripeAPI{
		store: st, faults: f, webhooks: s.webhooks, idempotent: newInFlight(), log: o.Logger,
		publicURL: o.PublicURL, apiVersion: o.StripeAPIVersion, secretKey: o.StripeSecretKey, closing: s.closing,
	}
	s.sendgrid = &sendgridAPI{vendor{name: "sendgrid", store: st, faults: f, log: o.Logger, closing: s.closing}}
	s.twilio = &twilioAPI{vendor{name: "twilio", store: st, faults: f, log: o.Logger, closing: s.closing}}
	s.push = &pushAPI{vendor: vendor{name: "webpush", store: st, faults: f, log: o.Logger, closing: s.closing}}
	s.razorpay = newRazorpayAPI(o, vendor{name: vendorRazorpay, store: st, faults: f, log: o.Logger, closing: s.closing}, s.webhooks)
	if s.paypal, err = newPaypalAPI(s, o); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: PayPal: %w", err), st.close())
	}
	s.houses = house.New(house.Options{DB: st.db, Faults: s.houseFaults, Logger: o.Logger, Closing: s.closing})
	s.router = s.routes()
	return s, nil
}

func webhookClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:   timeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: 2 * deliveryWorkers, IdleConnTimeout: time.Minute},
		// A redirect is a failure, at Stripe and elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (s *Server) routes() *mux.Router {
	r := mux.NewRouter()
	r.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	}).Methods("GET")
	s.pageRoutes(r)
	s.checkoutRoutes(r)
	s.inboxRoutes(r)
	r.HandleFunc("/books", func(w http.ResponseWriter, _ *http.Request) {
		b, err := readBooks(s.store)
		writeResult(w, s.log, b, err)
	}).Methods("GET")
	r.HandleFunc("/reset", s.serveReset).Methods("POST")
	s.faults.routes(r, s.store)
	s.stripe.sandboxRoutes(r)
	s.stripe.routes(r)
	s.sendgrid.routes(r)
	s.twilio.routes(r)
	s.push.routes(r)
	s.razorpay.routes(r)
	s.paypal.pageRoutes(r)
	s.paypal.sandboxRoutes(r)
	s.paypal.routes(r)
	s.houses.Routes(r)
	return r
}

// Handler serves all vendors and pages.
func (s *Server) Handler() http.Handler { return s.router }

// Run delivers webhooks until the context ends or the server is closed. What
// is pending then stays in the data file for the next run.
func (s *Server) Run(ctx context.Context) error {
	s.running.Add(1)
	defer s.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	s.running.Go(func() { s.razorpay.runClock(ctx) })
	return s.webhooks.run(ctx)
}

// Close stops the deliveries and lets go of the data file.
func (s *Server) Close() error {
	var err error
	s.closeOnce.Do(func() {
		close(s.closing)
		s.running.Wait()
		s.webhooks.client.CloseIdleConnections()
		err = s.store.close()
	})
	return err
}

// serveReset empties the books. Faults go too: a test that follows starts
// from nothing.
func (s *Server) serveReset(w http.ResponseWriter, _ *http.Request) {
	if err := errors.Join(s.store.wipe(), s.paypal.forget()); err != nil {
		writeResult(w, s.log, nil, err)
		return
	}
	s.houses.Forget()
	s.faults.forget()
	w.WriteHeader(http.StatusNoContent)
}
