package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loopback is where the tests connect from.
var loopback = netip.MustParsePrefix("127.0.0.0/8")

// open opens a stream as a client behind a proxy, and returns the function that closes it.
func (w *world) open(t *testing.T, token, path, forwarded string) (status *http.Response, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	headers := map[string]string{}
	if forwarded != "" {
		headers["X-Forwarded-For"] = forwarded
	}
	request := w.request(t, call{token: token, method: "GET", path: path, headers: headers}).WithContext(ctx)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	leave = sync.OnceFunc(func() {
		cancel()
		response.Body.Close()
	})
	t.Cleanup(leave)
	return response, leave
}

func TestOneClientDoesNotTakeAllStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.HTTP.Streams.PerAddress, o.HTTP.TrustedProxies = 3, []netip.Prefix{loopback}
	})
	path := "/v1/shows/" + w.show + "/seats/stream"
	status := func(forwarded string) int {
		response, _ := w.open(t, "", path, forwarded)
		return response.StatusCode
	}
	first, leave := w.open(t, "", path, "203.0.113.7")
	assert.Equal(t, `"streams-per-address";q=3;qu="concurrent-requests"`, first.Header.Get("RateLimit-Policy"))
	assert.Equal(t, `"streams-per-address";r=2`, first.Header.Get("RateLimit"))
	require.Equal(t, http.StatusOK, status("203.0.113.7"))
	require.Equal(t, http.StatusOK, status("::ffff:203.0.113.7"), "the same address in other words")

	got := w.do(t, call{method: "GET", path: path, status: http.StatusTooManyRequests, code: "too_many_streams",
		headers: map[string]string{"X-Forwarded-For": "203.0.113.7"}})
	assert.Equal(t, "30", got.header.Get("Retry-After"))
	assert.Equal(t, `"streams-per-address";r=0`, got.header.Get("RateLimit"))
	for _, forged := range []string{"198.51.100.1, 203.0.113.7", "127.0.0.1, 203.0.113.7", "nonsense, 203.0.113.7", "203.0.113.7:4711"} {
		assert.Equal(t, http.StatusTooManyRequests, status(forged), forged)
	}
	assert.Equal(t, http.StatusOK, status("203.0.113.8"), "a neighbor")
	assert.Equal(t, http.StatusOK, status("198.51.100.1"))

	// A stream that ends frees its place; one that never opened takes none.
	for range 5 {
		w.do(t, call{method: "GET", path: "/v1/shows/" + w.customerID + "/seats/stream", status: http.StatusNotFound, code: "not_found",
			headers: map[string]string{"X-Forwarded-For": "203.0.113.9"}})
	}
	assert.Equal(t, http.StatusOK, status("203.0.113.9"))
	leave()
	require.Eventually(t, func() bool { return status("203.0.113.7") == http.StatusOK }, soon, often)
}

// Only named proxies are trusted: a client's own header changes nothing.
func TestFault59_ForgedForwardedForDoesNotHelp(t *testing.T) {
	t.Parallel()
	var log lockedText
	w := newWorld(t, func(o *Options) {
		o.HTTP.Streams.PerAddress = 2
		o.HTTP.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	path := "/v1/shows/" + w.show + "/seats/stream"
	var answers []int
	for i := range 4 {
		response, _ := w.open(t, "", path, fmt.Sprintf("203.0.113.%d", i))
		answers = append(answers, response.StatusCode)
	}
	assert.Equal(t, []int{200, 200, 429, 429}, answers)
	assert.Equal(t, 1, strings.Count(log.String(), "TRUSTED_PROXIES"), "said once")
}

func TestAnAccountDoesNotTakeAllStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.HTTP.Streams.PerAccount, o.HTTP.TrustedProxies = 2, []netip.Prefix{loopback}
	})
	mine, theirs := w.book(t, w.customer, "mine", "A01"), w.book(t, w.other, "theirs", "B01")
	path := "/v1/bookings/" + mine.ID + "/stream"
	for i := range 2 {
		response, _ := w.open(t, w.customer, path, fmt.Sprintf("203.0.113.%d", i))
		require.Equal(t, http.StatusOK, response.StatusCode)
		assert.Len(t, response.Header.Values("RateLimit"), 2)
	}
	w.do(t, call{token: w.customer, method: "GET", path: path, status: http.StatusTooManyRequests, code: "too_many_streams",
		headers: map[string]string{"X-Forwarded-For": "203.0.113.77"}, holds: []string{"Your account"}})
	response, _ := w.open(t, w.other, "/v1/bookings/"+theirs.ID+"/stream", "203.0.113.0")
	assert.Equal(t, http.StatusOK, response.StatusCode, "another account, the same address")
	response, _ = w.open(t, "", "/v1/shows/"+w.show+"/seats/stream", "203.0.113.0")
	assert.Equal(t, http.StatusOK, response.StatusCode, "without an account")
}

// lockedText is a log that many write to and read.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
