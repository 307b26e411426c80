package stripe_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
)

// stripe-mock checks requests against Stripe's own OpenAPI document and keeps no
// state, so only what we send is looked at. It is built apart from our module,
// which it would weigh down with dependencies of 2018.
const stripeMock, stripeMockVersion = "github.com/stripe/stripe-mock", "v0.203.0"

// exchange is one request and how it was met.
type exchange struct {
	request string
	status  int
	answer  string
}

// recorder stands between the provider and the mock.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []exchange
}

func newRecorder(t *testing.T, mock string) *recorder {
	t.Helper()
	target, err := url.Parse(mock)
	require.NoError(t, err)
	r := &recorder{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target) },
		ModifyResponse: func(answer *http.Response) error {
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				return err
			}
			path := answer.Request.URL.Path
			r.mu.Lock()
			r.seen = append(r.seen, exchange{answer.Request.Method + " " + path, answer.StatusCode, string(body)})
			r.mu.Unlock()
			if answer.Request.Method == http.MethodGet && answer.StatusCode == http.StatusOK {
				body = captured(body)
			}
			answer.Body = io.NopCloser(bytes.NewReader(body))
			answer.ContentLength = int64(len(body))
			answer.Header.Set("Content-Length", fmt.Sprint(len(body)))
			return nil
		},
	}
	r.Server = httptest.NewServer(proxy)
	t.Cleanup(r.Close)
	return r
}

// captured makes the mock's payment intent one that can be refunded; otherwise
// no refund would be asked for.
func captured(body []byte) []byte {
	var intent map[string]any
	if json.Unmarshal(body, &intent) != nil || intent["object"] != "payment_intent" {
		return body
	}
	intent["status"], intent["currency"] = "succeeded", "inr"
	intent["amount"], intent["amount_received"] = 45_000, 45_000
	changed, err := json.Marshal(intent)
	if err != nil {
		return body
	}
	return changed
}

func (r *recorder) taken() []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func TestRequestsAreWhatStripeAccepts(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, startStripeMock(t))
	provider := newProvider(t, r.URL, currentSecret)
	price := booking.Money{Amount: 45_000, Currency: "INR"}
	step := booking.MoneyStep{
		BookingID: uuid.NewString(), Provider: stripe.Name, Reference: "pi_3MtwBwLkdIwHu7ix28a3tqPa",
		Amount: price, Key: uuid.NewString(),
	}
	// What the mock answers to a step is a fixture and means nothing.
	_, err := provider.Open(t.Context(), booking.PaymentRequest{
		BookingID: step.BookingID, Provider: stripe.Name, Attempt: 2, Amount: price,
		Description: "Kite, 2 seats", ExpiresAt: time.Now().Add(time.Hour), Key: step.Key + "-open",
	})
	require.NoError(t, err)
	_, err = provider.Get(t.Context(), step.Reference)
	require.NoError(t, err)
	_, _ = provider.Capture(t.Context(), step)
	_, _ = provider.Void(t.Context(), step)
	_, _ = provider.Refund(t.Context(), step)

	for _, cursor := range []string{"", "refunds:", "disputes:", "refunds:re_1Nispe2eZvKYlo2Cd31jOCgZ"} {
		_, err := provider.ListPayments(t.Context(), booking.PaymentSpan{From: time.Now().Add(-time.Hour), Until: time.Now(), Cursor: cursor})
		require.NoError(t, err)
	}

	var requests []string
	for _, e := range r.taken() {
		requests = append(requests, e.request)
		assert.Equal(t, http.StatusOK, e.status, "%s: %s", e.request, e.answer)
	}
	intent := "/v1/payment_intents/" + step.Reference
	assert.Subset(t, requests, []string{
		"POST /v1/payment_intents", "GET " + intent, "POST " + intent + "/capture", "POST " + intent + "/cancel", "POST /v1/refunds",
		"GET /v1/payment_intents", "GET /v1/refunds", "GET /v1/disputes",
	})

	// The mock must be able to say no, or all of this proves nothing.
	answer, err := http.DefaultClient.Do(unknownParameter(t, r.URL))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusBadRequest, answer.StatusCode)
}

func unknownParameter(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/v1/payment_intents",
		strings.NewReader("amount=45000&currency=inr&hold_until=tomorrow"))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

// startStripeMock runs the mock on a port of 127.0.0.1 and gives its address.
func startStripeMock(t *testing.T) string {
	t.Helper()
	binary, err := builtStripeMock(t.Context())
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("stripe-mock cannot be built: %v", err)
		}
		t.Skipf("REQUESTS NOT CHECKED against Stripe's OpenAPI: stripe-mock cannot be built: %v", err)
	}
	// The second address keeps its TLS listener off all interfaces.
	cmd := exec.Command(binary, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	stop := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + address
		}
	}
	t.Fatal("stripe-mock did not start")
	return ""
}

// builtStripeMock builds the mock once per machine.
func builtStripeMock(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "boxoffice")
	binary := filepath.Join(folder, "stripe-mock-"+stripeMockVersion)
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	// A folder of its own and a rename at the end: another test may build too.
	place, err := os.MkdirTemp(folder, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(place)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "go", "install", stripeMock+"@"+stripeMockVersion)
	install.Dir = place // outside our module
	install.Env = append(os.Environ(), "GOBIN="+place, "GOFLAGS=", "GOWORK=off")
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, os.Rename(filepath.Join(place, "stripe-mock"), binary)
}
