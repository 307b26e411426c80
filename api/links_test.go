package api

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

// opened are the headers of a browser that opened the link of a booking.
func (w *world) opened(bookingID string) map[string]string {
	return withLink(w.links.Token(links.Read, bookingID))
}

func withLink(token string) map[string]string {
	return map[string]string{"Cookie": "__Secure-boxoffice_booking=" + token}
}

// readByLink are the operations for which a link is good.
var readByLink = []string{"", "/stream", "/ticket", "/ticket.png", "/ticket.pdf", "/ticket.ics"}

func TestALinkShowsOneBooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	w.exec(`SELECT add_booking_event($1, 'notified', 'Confirmation sent to asha@example.com.', 'x')`, b.ID)
	path := "/v1/bookings/" + b.ID
	owned := w.do(t, call{token: w.customer, method: "GET", path: path, status: 200, lacks: []string{"read_only"},
		holds: []string{"client_secret", "return_url", "checkout_url", "asha@example.com", b.Payment.Reference}})
	private := []string{"client_secret", "return_url", "checkout_url", "reference", b.Payment.Reference, "asha", w.customerID}

	got := w.do(t, call{method: "GET", path: path, headers: w.opened(b.ID), status: 200, lacks: private, holds: []string{`"read_only":true`}})
	assert.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
	assert.Empty(t, got.header.Values("Set-Cookie"))
	seen, own := got.booking(t), owned.booking(t)
	assert.Equal(t, booking.StatusConfirmed, seen.Status)
	assert.Equal(t, own.Seats, seen.Seats)
	assert.Equal(t, own.Ticket, seen.Ticket)
	assert.Equal(t, own.Quote, seen.Quote)
	assert.Equal(t, booking.PaymentCaptured, seen.Payment.Status)
	require.Len(t, seen.Timeline, len(own.Timeline))
	for i, entry := range seen.Timeline {
		assert.Equal(t, own.Timeline[i].Event, entry.Event)
		assert.Empty(t, entry.Detail)
	}

	var ticket map[string]any
	got = w.do(t, call{method: "GET", path: path + "/ticket", headers: w.opened(b.ID), status: 200, lacks: private})
	assert.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
	require.NoError(t, json.Unmarshal(got.body, &ticket))
	assert.Equal(t, true, ticket["read_only"])
	claims, err := w.options.Bookings.Tickets.Verify(ticket["qr"].(string))
	require.NoError(t, err)
	assert.Equal(t, b.ID, claims.BookingID)
	for _, file := range []string{".png", ".pdf", ".ics"} {
		assert.Equal(t, w.do(t, call{token: w.customer, method: "GET", path: path + "/ticket" + file, status: 200}).body,
			w.do(t, call{method: "GET", path: path + "/ticket" + file, headers: w.opened(b.ID), status: 200}).body, file)
	}
	w.do(t, call{method: "HEAD", path: path, headers: w.opened(b.ID), status: 200})
}

func TestALinkChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Payments.StripePublishableKey, w.options.Staff.Codec = "pk_test_x", http.NotFoundHandler()
	w.serve()
	server, err := build(w.options)
	require.NoError(t, err)
	routes, err := server.Routes()
	require.NoError(t, err)
	b := w.bought(t, w.customer, "k", "A01")
	before := w.rows()
	refused := 0
	for _, route := range routes {
		method, template, _ := strings.Cut(route, " ")
		of, found := strings.CutPrefix(template, "/v1/bookings/{id}")
		if method == http.MethodHead || found && method == http.MethodGet && slices.Contains(readByLink, of) || template == "/v1/bookings/{id}/link" {
			continue
		}
		c := call{method: method, path: strings.ReplaceAll(template, "{id}", b.ID), headers: map[string]string{"Idempotency-Key": "k"}, body: "{}", without: true}
		if method == http.MethodGet {
			c.body = ""
		}
		if w.send(t, c).status != http.StatusUnauthorized {
			continue // for everyone
		}
		refused++
		c.headers["Cookie"] = w.opened(b.ID)["Cookie"]
		c.status, c.code = http.StatusUnauthorized, "unauthenticated"
		w.do(t, c)
	}
	assert.Greater(t, refused, 20, "bookings, accounts and staff")
	for _, operation := range []string{"/cancel", "/payment", "/payment/check", "/extend", "/change"} {
		w.do(t, call{method: "POST", path: "/v1/bookings/" + b.ID + operation, headers: w.opened(b.ID), body: "{}", status: 401, code: "unauthenticated"})
	}
	for _, operation := range []string{"/cancellation-quote", "/change"} {
		w.do(t, call{method: "GET", path: "/v1/bookings/" + b.ID + operation, headers: w.opened(b.ID), status: 401, code: "unauthenticated"})
	}
	w.do(t, call{method: "GET", path: "/v1/bookings", headers: w.opened(b.ID), status: 401, code: "unauthenticated"})
	assert.Equal(t, before, w.rows())
}

func TestALinkThatIsNotGoodShowsNothing(t *testing.T) {
	t.Parallel()
	retired := testKey(t)
	w := newWorld(t)
	b, foreign := w.bought(t, w.customer, "k", "A01"), w.bought(t, w.other, "k", "B01")
	token := w.links.Token(links.Read, b.ID)
	var answers []string
	for name, forged := range map[string]string{
		"empty": "", "cut": token[:len(token)-1], "flipped": token[:5] + "x" + token[6:], "of another booking": w.links.Token(links.Read, foreign.ID),
		"of another scope": w.links.Token("write", b.ID), "of a retired key": newLinks(t, retired).Token(links.Read, b.ID), "none": "none",
		"quoted": `"` + token[:20] + `"`,
	} {
		for _, operation := range readByLink {
			got := w.do(t, call{name: name, method: "GET", path: "/v1/bookings/" + b.ID + operation, headers: withLink(forged), status: 401, code: "unauthenticated",
				lacks: []string{"ended", b.Ticket.Serial, "A01"}})
			var p struct{ Detail string }
			got.into(t, &p)
			answers = append(answers, p.Detail)
		}
	}
	for _, answer := range answers {
		assert.Equal(t, answers[0], answer, "one answer for all")
	}
	missing := uuid.NewString()
	w.do(t, call{method: "GET", path: "/v1/bookings/" + missing, headers: w.opened(b.ID), status: 401, code: "unauthenticated"})
	w.do(t, call{method: "GET", path: "/v1/bookings/" + missing, headers: w.opened(missing), status: 404, code: "not_found"})
	w.do(t, call{method: "GET", path: "/v1/bookings/nope", headers: w.opened(b.ID), status: 404, code: "not_found"})
	w.do(t, call{method: "GET", path: "/v1/bookings/" + b.ID + "?key=" + token, status: 401, code: "unauthenticated", without: true})
}

func TestKeysOfLinksChange(t *testing.T) {
	t.Parallel()
	former, next := testKey(t), testKey(t)
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	token := newLinks(t, former).Token(links.Read, b.ID)
	for _, step := range []struct {
		keys   []ed25519.PrivateKey
		status int
	}{{[]ed25519.PrivateKey{former, next}, 200}, {[]ed25519.PrivateKey{next, former}, 200}, {[]ed25519.PrivateKey{next}, 401}} {
		w.options.Bookings.Links = newLinks(t, step.keys...)
		w.serve()
		w.do(t, call{method: "GET", path: "/v1/bookings/" + b.ID, headers: withLink(token), status: step.status})
	}
}

func TestALinkEndsAWeekAfterTheShowWhereverItWasMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	path := "/v1/bookings/" + b.ID
	ends := func(at string) {
		w.exec(`UPDATE shows SET starts_at = now() + $2::interval - interval '2 hours', ends_at = now() + $2::interval WHERE id = $1`, w.show, at)
	}
	ends("-167 hours")
	w.do(t, call{method: "GET", path: path, headers: w.opened(b.ID), status: 200})
	ends("-169 hours")
	for _, operation := range readByLink {
		w.do(t, call{method: "GET", path: path + operation, headers: w.opened(b.ID), status: 401, code: "unauthenticated", holds: []string{"has ended with its show"}})
	}
	w.do(t, call{method: "GET", path: path, token: w.customer, headers: w.opened(b.ID), status: 200, lacks: []string{"read_only"}})
	w.do(t, call{method: "GET", path: path, token: w.other, headers: w.opened(b.ID), status: 404, code: "not_found"})
	ends("+30 days")
	w.do(t, call{method: "GET", path: path, headers: w.opened(b.ID), status: 200})
}

func TestALinkBesideAnAccessToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	path := "/v1/bookings/" + b.ID
	w.do(t, call{method: "GET", path: path, token: w.customer, headers: w.opened(b.ID), status: 200, holds: []string{"client_secret"}, lacks: []string{"read_only"}})
	for _, operation := range []string{"", "/ticket"} {
		w.do(t, call{method: "GET", path: path + operation, token: w.other, headers: w.opened(b.ID), status: 200, holds: []string{`"read_only":true`}, lacks: []string{"client_secret"}})
		w.do(t, call{method: "GET", path: path + operation, token: w.other, headers: withLink("forged"), status: 404, code: "not_found"})
		w.do(t, call{method: "GET", path: path + operation, token: "ended", headers: w.opened(b.ID), status: 401, code: "unauthenticated"})
	}
	w.do(t, call{method: "POST", path: path + "/cancel", token: w.other, headers: w.opened(b.ID), status: 404, code: "not_found"})
	w.do(t, call{method: "POST", path: path + "/cancel", token: w.customer, headers: w.opened(b.ID), status: 200, holds: []string{"client_secret"}})
}

func TestALinkStreamsTheBooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	path := "/v1/bookings/" + b.ID
	watch := func(token string) <-chan [3]string {
		response, err := http.DefaultClient.Do(w.request(t, call{token: token, method: "GET", path: path + "/stream", headers: w.opened(b.ID)}))
		require.NoError(t, err)
		t.Cleanup(func() { response.Body.Close() })
		require.Equal(t, 200, response.StatusCode)
		assert.Contains(t, response.Header.Get("Cache-Control"), "no-store")
		return readEvents(response.Body)
	}
	anybody, other := watch(""), watch(w.other)
	for _, events := range []<-chan [3]string{anybody, other} {
		event := next(t, events)
		assert.Contains(t, event[2], `"status":"held"`)
		assert.Contains(t, event[2], `"read_only":true`)
		assert.NotContains(t, event[2], "client_secret")
	}
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	w.do(t, call{token: w.customer, method: "POST", path: path + "/payment/check", status: 200})
	event := next(t, anybody)
	for !strings.Contains(event[2], `"status":"confirmed"`) {
		event = next(t, anybody)
	}
	assert.NotContains(t, event[2], "client_secret")
}

// A program that opens the links of a mail must not make a hold count as fetched.
func TestOpeningALinkIsNotFetching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	w.unfetched(b.ID, 30*time.Second)
	w.do(t, call{method: "GET", path: "/v1/bookings/" + b.ID, headers: w.opened(b.ID), status: 200})
	unfetched := func() string { return w.text(`SELECT (fetch_by IS NOT NULL)::text FROM bookings WHERE id = $1`, b.ID) }
	assert.Equal(t, "true", unfetched())
	w.do(t, call{method: "GET", path: "/v1/bookings/" + b.ID, token: w.customer, status: 200})
	assert.Equal(t, "false", unfetched(), "its owner has it now")
}

func TestABrowserForgetsALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := uuid.NewString()
	got := w.do(t, call{method: "DELETE", path: "/v1/bookings/" + id + "/link", headers: w.opened(id), status: 204})
	cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
	require.NoError(t, err)
	assert.Equal(t, w.links.Forget(id).String(), cookie.String())
	assert.Empty(t, cookie.Value)
	w.do(t, call{method: "DELETE", path: "/v1/bookings/nope/link", status: 404, code: "not_found"})
}

// lines is a log of several goroutines.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestKeysOfLinksAreNotLogged(t *testing.T) {
	t.Parallel()
	log := &lines{}
	w := newWorld(t, withApp, func(o *Options) {
		o.HTTP.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	b := w.bought(t, w.customer, "k", "A01")
	token := w.links.Token(links.Read, b.ID)
	for _, path := range []string{"/bookings/" + b.ID, "/tickets/" + b.ID, "/pay/" + b.ID, "/v1/bookings/" + b.ID, "/v1/nope", "/v1/bookings/" + b.ID + "/ticket.pdf"} {
		for _, method := range []string{"GET", "POST"} {
			w.send(t, call{method: method, path: path + "?key=" + token, headers: w.opened(b.ID), without: true})
		}
	}
	w.send(t, call{method: "GET", path: strings.TrimPrefix(w.links.Short(links.Read, b.ID), "https://tickets.example"), without: true})
	assert.Contains(t, log.String(), `"route":"/v1/bookings/{id}"`)
	assert.NotContains(t, log.String(), token)
	assert.NotContains(t, log.String(), token[1:], "in a short address")
}
