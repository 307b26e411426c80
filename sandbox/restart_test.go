package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

// TestMain also plays the process that TestKilledProcessForgetsNothing kills.
func TestMain(m *testing.M) {
	if file := os.Getenv("SANDBOX_TEST_FILE"); file != "" {
		if err := serveUntilKilled(file, os.Getenv("SANDBOX_TEST_WEBHOOK")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveUntilKilled(file, hook string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := New(Options{DataFile: file, StripeWebhookURL: hook, StripeWebhookSecrets: []string{secret, oldSecret}, Logger: quiet()})
	if err != nil {
		return err
	}
	go func() { _ = s.Run(context.Background()) }()
	fmt.Println(listener.Addr())
	return http.Serve(listener, s.Handler())
}

func TestKilledProcessForgetsNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sandbox.db")
	refuse := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer refuse.Close()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "SANDBOX_TEST_FILE="+file, "SANDBOX_TEST_WEBHOOK="+refuse.URL)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	defer func() { _ = child.Process.Kill() }()
	addr, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)

	dying := &bench{t: t, url: "http://" + addr[:len(addr)-1]}
	dying.connect(&http.Client{})
	first, err := dying.intents.New(keyed("k1"))
	require.NoError(t, err)
	pi := dying.create("pm_card_visa")
	_, err = dying.mailer().Send(ticketMail("a@example.com", "n-1"))
	require.NoError(t, err)
	order := dying.paypalOrder(twentyDollars, "PayPal-Request-Id", "k2")
	dying.approve(order, paypalPays)
	dying.fault(`{"vendor":"twilio","fault":"error","times":3}`)
	rex := newTheater(t, dying)
	rex.ask("POST", "/order/tickets", want(1, 3))
	rex.ask("POST", "/order/tickets", want(2, 4))
	rex.ask("POST", "/order/payment", pay(2, 1200))
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()

	b, r := newWebhookBench(t, func(o *Options) { o.DataFile = file })
	assert.Equal(t, stripe.PaymentIntentStatusRequiresCapture, b.intent(pi.ID).Status)
	again, err := b.intents.New(keyed("k1"))
	require.NoError(t, err)
	assert.Equal(t, first.ID, again.ID)
	_, err = b.intents.Capture(pi.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, 1, b.readBooks().SendGrid.Count)
	assert.Equal(t, order, b.paypalOrder(twentyDollars, "PayPal-Request-Id", "k2"))
	status, answer := b.paypalCall("POST", "/v2/checkout/orders/"+order+"/authorize", "")
	assert.Equal(t, http.StatusCreated, status, answer)
	assert.Len(t, b.faults.list(), 1)
	rex = &theater{b, rex.site}
	assert.Equal(t, "Completed", rex.state(2))
	assert.Equal(t, 0, *rex.ask("POST", "/order/payment", pay(1, 1200)).Result, "a hold stands")
	require.Eventually(t, b.settled, soon, often)
	got := r.types()
	sort.Strings(got)
	assert.Equal(t, []string{"charge.captured", "charge.succeeded", "payment_intent.amount_capturable_updated",
		"payment_intent.created", "payment_intent.created", "payment_intent.succeeded"}, got, "undelivered ones come after the restart")
}

func TestReset(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create("pm_card_visa")
	b.fault(`{"vendor":"stripe","fault":"latency","duration_ms":1}`)
	status, _ := b.send("POST", "/reset", "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Empty(t, b.readBooks().Stripe.Payments)
	assert.Empty(t, b.faults.list())
	b.create("pm_card_visa")
}

// Hundreds of customers at once, with a slow vendor and unruly webhooks.
func TestManyCustomersAtOnce(t *testing.T) {
	t.Parallel()
	b, r := newWebhookBench(t, func(o *Options) { o.StripeWebhookEvents = []string{"payment_intent.*"} })
	b.fault(`{"vendor":"stripe","fault":"latency","duration_ms":20,"jitter_ms":80,"probability":0.3}`)
	b.fault(`{"vendor":"webhooks","fault":"duplicate","probability":0.2}`)
	b.fault(`{"vendor":"webhooks","fault":"delay","duration_ms":10,"jitter_ms":100,"probability":0.3}`)
	b.fault(`{"vendor":"webhooks","fault":"reorder","duration_ms":100,"probability":0.2}`)
	start := time.Now()
	var customers sync.WaitGroup
	for range 300 {
		customers.Go(func() {
			pi, err := b.intents.New(orderParams("pm_card_visa"))
			if assert.NoError(t, err) {
				_, err = b.intents.Capture(pi.ID, nil)
				assert.NoError(t, err)
			}
		})
	}
	customers.Wait()
	t.Logf("600 calls of 300 customers took %v", time.Since(start))
	require.Eventually(t, b.settled, time.Minute, 50*time.Millisecond)
	kept := b.readBooks()
	assert.Equal(t, []moneyTotal{{Currency: "inr", Captured: 300 * 45000, Refunded: 0, Net: 300 * 45000}}, kept.Stripe.Totals)
	assert.Equal(t, 900, kept.Webhooks.Delivered)
	distinct := map[string]bool{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ev := range r.events {
		distinct[ev.ID] = true
	}
	assert.Len(t, distinct, 900)
	assert.Greater(t, len(r.events), 900)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{PublicURL: "nope"}, {StripeWebhookURL: "nope"}, {StripeWebhookURL: "http://127.0.0.1:1/"}} {
		_, err := New(o)
		assert.Error(t, err)
	}
}

func TestStartPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	status, page := b.send("GET", "/", "")
	assert.Equal(t, http.StatusOK, status)
	for _, want := range []string{"/inbox", "/books", "/faults", "4242 4242 4242 4242", "pm_card_chargeDeclined"} {
		assert.Contains(t, page, want)
	}
	status, _ = b.send("GET", "/healthz", "")
	assert.Equal(t, http.StatusOK, status)
	status, _ = b.send("GET", "/nowhere", "")
	assert.Equal(t, http.StatusNotFound, status)
}

func BenchmarkConfirm(b *testing.B) {
	s, err := New(Options{Logger: quiet()})
	require.NoError(b, err)
	defer func() { assert.NoError(b, s.Close()) }()
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	sb := &bench{url: web.URL}
	sb.connect(web.Client())
	for b.Loop() {
		_, err := sb.intents.New(orderParams("pm_card_visa"))
		require.NoError(b, err)
	}
}
