package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bestseats"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// watch opens a stream and gives its events, "name id data" each.
func (w *world) watch(t *testing.T, token, path string, lastID ...string) <-chan [3]string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	headers := map[string]string{"Last-Event-ID": strings.Join(lastID, "")}
	request := w.request(t, call{token: token, method: "GET", path: path, headers: headers}).WithContext(ctx)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	return readEvents(response.Body)
}

func readEvents(body io.Reader) <-chan [3]string {
	events := make(chan [3]string, 100)
	go func() {
		defer close(events)
		var event [3]string
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				event[0] = value
			case "id":
				event[1] = value
			case "data":
				event[2] = value
			case "":
				if event[0] != "" {
					events <- event
				}
				event = [3]string{}
			}
		}
	}()
	return events
}

func next(t *testing.T, events <-chan [3]string) [3]string {
	t.Helper()
	select {
	case event, open := <-events:
		require.True(t, open, "the stream ended")
		return event
	case <-time.After(soon):
		require.Fail(t, "no event")
		return [3]string{}
	}
}

func ends(t *testing.T, events <-chan [3]string) {
	t.Helper()
	deadline := time.After(soon)
	for {
		select {
		case _, open := <-events:
			if !open {
				return
			}
		case <-deadline:
			require.Fail(t, "the stream does not end")
		}
	}
}

func TestWatchingSeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/shows/" + w.show + "/seats/stream"
	events := w.watch(t, "", path)
	first := next(t, events)
	assert.Equal(t, "snapshot", first[0])
	var snapshot shows.SeatMap
	require.NoError(t, json.Unmarshal([]byte(first[2]), &snapshot))
	assert.Len(t, snapshot.Layout.Rows, 5)
	assert.True(t, snapshot.OnSale)

	b := w.book(t, w.customer, "k", "A01", "A02")
	var delta seatmap.Delta
	held := next(t, events)
	assert.Equal(t, "seats", held[0])
	require.NoError(t, json.Unmarshal([]byte(held[2]), &delta))
	assert.Equal(t, []string{"A01", "A02"}, delta.Held)
	assert.Greater(t, delta.Version, snapshot.Version)

	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: 200})
	released := next(t, events)
	require.NoError(t, json.Unmarshal([]byte(released[2]), &delta))
	assert.Equal(t, []string{"A01", "A02"}, delta.Released)

	// A client that missed the last event gets just that event. A client of another server
	// gets every seat. A new client gets a snapshot.
	assert.Equal(t, released, next(t, w.watch(t, "", path, held[1])))
	foreign := next(t, w.watch(t, "", path, first[1]+"x"))
	assert.Equal(t, "seats", foreign[0])
	require.NoError(t, json.Unmarshal([]byte(foreign[2]), &delta))
	assert.Len(t, delta.Released, 60)
	assert.Equal(t, "snapshot", next(t, w.watch(t, "", path, "12"))[0])
}

func TestWatchersOfACancelledShowAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	events := w.watch(t, "", "/v1/shows/"+w.show+"/seats/stream")
	next(t, events)
	w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, w.show)
	told := next(t, events)
	assert.Equal(t, "snapshot", told[0])
	assert.Contains(t, told[2], `"status":"cancelled","on_sale":false`)
}

func TestWatchingABooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	events := w.watch(t, w.customer, "/v1/bookings/"+b.ID+"/stream")
	first := next(t, events)
	assert.Equal(t, "booking", first[0])
	assert.Equal(t, fmt.Sprint(b.Version), first[1])
	assert.Contains(t, first[2], `"status":"held"`)

	w.pay(t, b.Payment.Reference, "pm_card_visa")
	w.do(t, event(t, "evt_1", "payment_intent.amount_capturable_updated", b.Payment.Reference, nil))
	require.Eventually(t, func() bool {
		return strings.Contains(next(t, events)[2], `"status":"captured"`)
	}, soon, often)
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	closing, shutDown := context.WithCancel(context.Background())
	defer shutDown()
	w := newWorld(t, func(o *Options) { o.HTTP.Streams.Most, o.HTTP.Closing = 1, closing })
	path := "/v1/shows/" + w.show + "/seats/stream"
	events := w.watch(t, "", path)
	next(t, events)
	got := w.do(t, call{method: "GET", path: path, status: 503, code: "unavailable"})
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	shutDown()
	ends(t, events) // with the process
}

// narrow makes connections whose buffers are as small as they get, so that a
// reader who does not read is noticed.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	connection, err := n.Listener.Accept()
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(1)
	}
	return connection, err
}

func TestStreamsWithoutAConnectionOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// HTTP/2 shares a connection between requests: it cannot be taken over.
	server := httptest.NewUnstartedServer(w.server.Config.Handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/shows/"+w.show+"/seats/stream", nil)
	require.NoError(t, err)
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, 2, response.ProtoMajor)
	events := readEvents(response.Body)
	assert.Equal(t, "snapshot", next(t, events)[0])
	w.book(t, w.customer, "k", "A01")
	assert.Equal(t, "seats", next(t, events)[0])
	cancel()
	ends(t, events)
}

func TestStreamsHaveTheHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.HTTP.CORSOrigins, o.HTTP.Streams.Most = []string{"https://app.example"}, 1 })
	request := w.request(t, call{method: "GET", path: "/v1/shows/" + w.show + "/seats/stream", headers: map[string]string{"Origin": "https://app.example"}})
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "https://app.example", response.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	assert.NotEmpty(t, response.Header.Get("X-Request-Id"))
	assert.NotEmpty(t, response.Header.Get("Date"))
	assert.EqualValues(t, -1, response.ContentLength)

	// A client that leaves frees its place.
	response.Body.Close()
	require.Eventually(t, func() bool {
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, soon, often)
	w.do(t, call{method: "HEAD", path: "/v1/shows/" + w.show + "/seats/stream"})
}

func TestFault63_SlowReaderOfAStreamIsDroppedAndDelaysNoOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	handler, err := New(w.options)
	require.NoError(t, err)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: soon}
	served := make(chan error, 1)
	go func() { served <- server.Serve(narrow{listener}) }()
	defer func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	}()

	path := "/v1/shows/" + w.show + "/seats/stream"
	slow, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	defer slow.Close()
	require.NoError(t, slow.(*net.TCPConn).SetReadBuffer(1))
	_, err = fmt.Fprintf(slow, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
	require.NoError(t, err)
	quick := w.watch(t, "", path)
	next(t, quick)

	// Snapshots fill the connection of a client that does not read them; then its queue.
	inTime := 0
	for i := range 40 {
		w.exec(`UPDATE shows SET fee_per_seat = fee_per_seat + 1 WHERE id = $1`, w.show)
		w.options.Bookings.Feed.Changed(w.show)
		began := time.Now()
		assert.Equal(t, "snapshot", next(t, quick)[0], "snapshot %d", i)
		if time.Since(began) < 5*time.Second {
			inTime++
		}
	}
	assert.Equal(t, 40, inTime, "the quick reader waits for the slow one")
	require.NoError(t, slow.SetReadDeadline(time.Now().Add(30*time.Second)))
	read, err := io.Copy(io.Discard, slow)
	require.NoError(t, err, "the server closed the connection after %d bytes", read)
}

// deafBus loses every hint.
type deafBus struct{}

func (deafBus) Subscribe(context.Context, string) (<-chan struct{}, func()) {
	return nil, func() {}
}

func TestSeatMapFromMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Bookings.Feed.Close()
		o.Bookings.Feed = seatmap.NewFeed(seatmap.New(o.Bookings.Shows), deafBus{})
		o.Catalog.Feed = o.Bookings.Feed
		t.Cleanup(o.Bookings.Feed.Close)
	})
	path := "/v1/shows/" + w.show + "/seats"
	read := func(c call) reply {
		c.method, c.path = http.MethodGet, path
		return w.do(t, c)
	}
	first := read(call{status: 200, holds: []string{`"held":[]`, `"status":"scheduled","on_sale":true`}})
	tag := first.header.Get("ETag")
	assert.True(t, strings.HasPrefix(tag, `W/"`))
	assert.Equal(t, "public, max-age=1", first.header.Get("Cache-Control"))
	again := read(call{status: 304, headers: map[string]string{"If-None-Match": tag}})
	assert.Empty(t, again.body)
	head := w.do(t, call{method: http.MethodHead, path: path, status: 200})
	assert.Equal(t, strings.Replace(tag, `-gzip"`, `"`, 1), head.header.Get("ETag"), "Go does not ask for gzip here")
	assert.Empty(t, head.body)

	// No hint ever comes; what was done through this process is still seen.
	b := w.book(t, w.customer, "k", "A01")
	got := read(call{status: 200, headers: map[string]string{"If-None-Match": tag}, holds: []string{`"held":["A01"]`}})
	assert.NotEqual(t, tag, got.header.Get("ETag"))
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: 200})
	got = read(call{status: 200, holds: []string{`"held":[]`}})
	assert.Equal(t, tag, got.header.Get("ETag"), "the same seats are the same tag")
}

func TestFault49_SeatMapOfAnotherReplicaWithoutRedis(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := miniredis.RunT(t)
	bus, err := cache.NewRedisBus("redis://" + server.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = bus.Close() })
	other := *w
	other.options.Bookings.Feed = seatmap.NewFeed(seatmap.New(w.options.Bookings.Shows), bus)
	other.options.Catalog.Feed = other.options.Bookings.Feed
	t.Cleanup(other.options.Bookings.Feed.Close)
	other.serve()
	path := "/v1/shows/" + w.show + "/seats"
	other.do(t, call{method: "GET", path: path, status: 200, holds: []string{`"held":[]`}})
	events := other.watch(t, "", path+"/stream")
	next(t, events)

	server.Close()
	w.book(t, w.customer, "k", "A01")
	w.exec(`UPDATE shows SET prices = '{"gold": 1}' WHERE id = $1`, w.show)
	began := time.Now()
	for {
		asked := time.Now()
		got := other.do(t, call{method: "GET", path: path, status: 200})
		if strings.Contains(string(got.body), `"held":["A01"]`) && strings.Contains(string(got.body), `"amount":1,`) {
			break
		}
		require.Less(t, asked.Sub(began), 2*time.Second)
	}
	for {
		if told := next(t, events); told[0] == "snapshot" {
			assert.Contains(t, told[2], `"held":["A01"]`)
			return
		}
	}
}

func TestBestSeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(show, query string, c call) reply {
		c.method, c.path = http.MethodGet, "/v1/shows/"+show+"/best-seats"+query
		return w.do(t, c)
	}
	var offer bestseats.Offer
	ask(w.show, "?count=2", call{status: 200}).into(t, &offer)
	assert.Equal(t, []string{"D06", "D07"}, offer.Seats)
	assert.True(t, offer.Together)
	assert.Equal(t, []string{"gold"}, offer.Categories)
	assert.EqualValues(t, 2*45000+2*2000+16200, offer.Quote.Total.Amount)

	w.book(t, w.customer, "k", "D06", "D07")
	ask(w.show, "?count=2&category=gold&accessible=false", call{status: 200}).into(t, &offer)
	assert.NotContains(t, offer.Seats, "D06", "an offer never has seats that are taken")

	ask(w.show, "?count=0&category=silver", call{status: 422, code: "validation_failed", holds: []string{`"count"`, `"category"`}})
	ask(w.show, "?count=11", call{status: 422, code: "validation_failed", holds: []string{"from 1 to 10"}})
	ask(w.show, "", call{status: 422, code: "validation_failed", holds: []string{`"count"`}})
	ask(w.show, "?count=x&accessible=perhaps", call{status: 422, code: "validation_failed", holds: []string{`"count"`, `"accessible"`}})
	ask(w.show, "?count=2&accessible=true", call{status: 409, code: string(booking.CodeSeatsUnavailable)})
	ask(w.past, "?count=2", call{status: 409, code: string(booking.CodeShowNotOnSale)})
	ask(w.closed, "?count=2", call{status: 409, code: string(booking.CodeShowNotOnSale)})
	ask("nope", "?count=2", call{status: 404, code: "not_found", without: true})
	w.exec(`INSERT INTO seat_claims (show_id, seat, booking_id, state)
		SELECT b.show_id, l || to_char(n, 'FM00'), b.id, 'sold'
		FROM bookings b, unnest('{A,B,C,D,E}'::text[]) l, generate_series(1, 12) n
		ON CONFLICT DO NOTHING`)
	w.options.Bookings.Feed.Changed(w.show)
	ask(w.show, "?count=1", call{status: 409, code: string(booking.CodeSeatsUnavailable)})
}

// A stream ends after its time, so that a client that stopped reading frees its place. The
// server's write deadline does not end it earlier.
func TestAStreamEndsAfterItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.HTTP.Streams.For = 600 * time.Millisecond
	w.answerWithin = 100 * time.Millisecond
	w.serve()
	began := time.Now()
	events := w.watch(t, "", "/v1/shows/"+w.show+"/seats/stream")
	ended := time.After(soon)
	for {
		select {
		case _, open := <-events:
			if !open {
				assert.GreaterOrEqual(t, time.Since(began), w.options.HTTP.Streams.For)
				return
			}
		case <-ended:
			t.Fatal("the stream goes on")
		}
	}
}
