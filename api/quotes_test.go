package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestQuoteOfSeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/shows/" + w.show + "/quote"
	got := w.do(t, call{method: "GET", path: path + "?seats=C08&seats=C07", status: http.StatusOK})
	var quote booking.Quote
	got.into(t, &quote)
	inr := func(amount int64) booking.Money { return booking.Money{Amount: amount, Currency: "INR"} }
	assert.Equal(t, booking.Quote{
		Seats: []booking.SeatPrice{{Seat: "C07", Category: "gold", Price: inr(45000)}, {Seat: "C08", Category: "gold", Price: inr(45000)}},
		Fees:  inr(2 * 2000), Taxes: inr(16200), Total: inr(2*45000 + 2*2000 + 16200),
	}, quote)
	assert.Equal(t, quote, w.book(t, w.customer, "k", "C07", "C08").Quote, "the booking costs what was said")

	assert.Equal(t, "public, max-age=1", got.header.Get("Cache-Control"))
	tag := got.header.Get("ETag")
	require.NotEmpty(t, tag)
	same := w.do(t, call{name: "seats that are held, in another order", method: "GET", path: path + "?seats=C07&seats=C08",
		headers: map[string]string{"If-None-Match": tag}, status: http.StatusNotModified})
	assert.Empty(t, same.body)
	other := w.do(t, call{method: "GET", path: path + "?seats=C07", status: http.StatusOK})
	assert.NotEqual(t, tag, other.header.Get("ETag"))

	all := path + "?seats=A01"
	for _, seat := range []string{"A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10"} {
		all += "&seats=" + seat
	}
	w.do(t, call{name: "ten", method: "GET", path: all, status: http.StatusOK})
	for query, says := range map[string]string{
		"":                     "Choose at least one seat.",
		"?seats=":              `This show has no seat \"\". Choose from its seat map.`,
		"?seats=A01&seats=Z9":  `This show has no seat \"Z9\". Choose from its seat map.`,
		"?seats=A01,A02":       `This show has no seat \"A01,A02\". Choose from its seat map.`,
		"?seats=A01&seats=A01": `Seat \"A01\" is named twice.`,
		strings.TrimPrefix(all, path) + "&seats=B01": "A booking has at most 10 seats; this one has 11.",
	} {
		w.do(t, call{name: query, method: "GET", path: path + query, status: http.StatusUnprocessableEntity,
			code: "validation_failed", holds: []string{`"field":"seats"`, says}, without: true})
	}
	w.do(t, call{method: "GET", path: "/v1/shows/" + uuid.NewString() + "/quote?seats=A01", status: http.StatusNotFound, code: "not_found"})
	w.do(t, call{method: "GET", path: "/v1/shows/nope/quote?seats=A01", status: http.StatusNotFound, code: "not_found", without: true})
	w.do(t, call{name: "not on sale yet", method: "GET", path: "/v1/shows/" + w.closed + "/quote?seats=A01", status: http.StatusOK})
}

// A rush on the claims does not delay a customer who only asks what seats cost.
func TestQuoteReadsNoClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx, err := w.db.Pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE seat_claims IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/quote?seats=A01", status: http.StatusOK})
	require.NoError(t, tx.Rollback(t.Context()))
}

func TestQuoteFollowsThePriceWithinASecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quoted := func() string {
		return string(w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/quote?seats=A01", status: http.StatusOK}).body)
	}
	require.Contains(t, quoted(), `"amount":45000,`)
	w.exec(`UPDATE shows SET prices = '{"gold": 99000}' WHERE id = $1`, w.show)
	changed := time.Now()
	for {
		asked := time.Now()
		if strings.Contains(quoted(), `"amount":99000,`) {
			return
		}
		require.LessOrEqual(t, asked.Sub(changed), time.Second, "an old price was given")
	}
}
