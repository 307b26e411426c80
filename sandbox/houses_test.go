package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/sandbox/house"
)

// theater is a site of the session style, whose show "soon" starts in two hours.
type theater struct {
	*bench
	site string
}

const theaterToken = "open sesame"

func newTheater(t *testing.T, b *bench) *theater {
	t.Helper()
	x := &theater{b, "rex"}
	require.NoError(t, house.Seed(t.Context(), http.DefaultClient, b.url, x.site, house.Settings{
		Style: "session", Name: "Rex", TimeZone: "Europe/Berlin", Currency: "EUR", Token: theaterToken, Days: 2,
		Films: []house.Film{{ID: "kite", Title: "The Kite", Minutes: 120}},
	}))
	x.post("/shows", map[string]any{"id": "soon", "film": "kite", "screen": "1", "starts_at": time.Now().Add(2 * time.Hour)})
	return x
}

type told struct {
	Result *int
	Order  struct {
		Status, ExpiryDateUtc, BookingNumber string
		Tickets                              []struct{ Barcode string }
	}
	SeatsUnavailable []struct{ RowIndex, ColumnIndex int }
	SeatPlan         struct {
		Taken []struct{ RowIndex, ColumnIndex int }
	}
	Value []struct {
		SessionID   string
		TicketTypes []struct{ PriceInCents int64 }
	}
	Version int64
	Date    string
}

func (x *theater) try(method, path string, body any) (status int, raw []byte, header http.Header, err error) {
	x.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(x.t, err)
	req, err := http.NewRequestWithContext(x.t.Context(), method, x.url+"/house/"+x.site+path, bytes.NewReader(text))
	require.NoError(x.t, err)
	req.Header.Set("X-Access-Token", theaterToken)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	raw, err = io.ReadAll(answer.Body)
	return answer.StatusCode, raw, answer.Header, err
}

func (x *theater) post(path string, body any) []byte {
	x.t.Helper()
	status, raw, _, err := x.try("POST", path, body)
	require.NoError(x.t, err)
	require.Equal(x.t, http.StatusOK, status, string(raw))
	return raw
}

func (x *theater) ask(method, path string, body any) told {
	x.t.Helper()
	status, raw, header, err := x.try(method, "/session"+path, body)
	require.NoError(x.t, err)
	require.Equal(x.t, http.StatusOK, status, string(raw))
	var s told
	require.NoError(x.t, json.Unmarshal(raw, &s))
	require.NotNil(x.t, s.Result)
	s.Date = header.Get("Date")
	return s
}

func orderNo(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// want is a hold of seats of row C.
func want(n int, columns ...int) map[string]any {
	var tickets []map[string]any
	for _, column := range columns {
		tickets = append(tickets, map[string]any{
			"areaCode": "0000000001", "rowIndex": 3, "columnIndex": column, "ticketTypeCode": "stalls", "priceInCents": 1200,
		})
	}
	return map[string]any{"orderId": orderNo(n), "sessionId": "soon", "tickets": tickets}
}

func pay(n int, cents int64) map[string]any {
	return map[string]any{"orderId": orderNo(n), "paymentValueInCents": cents}
}

func (x *theater) state(n int) string {
	x.t.Helper()
	return x.ask("GET", "/order?orderId="+orderNo(n), nil).Order.Status
}

func (x *theater) breaks(kind, operation, more string) {
	x.t.Helper()
	x.fault(`{"vendor":"house","site":"` + x.site + `","fault":"` + kind + `","operation":"` + operation + `","times":1` + more + `}`)
}

func TestTheaterSells(t *testing.T) {
	t.Parallel()
	x := newTheater(t, newBench(t))
	held := x.ask("POST", "/order/tickets", want(1, 3, 4))
	assert.Equal(t, 0, *held.Result)
	assert.Equal(t, "InProgress", held.Order.Status)
	refused := x.ask("POST", "/order/tickets", want(2, 4, 5))
	assert.Equal(t, 8, *refused.Result)
	require.Len(t, refused.SeatsUnavailable, 1)
	assert.Equal(t, 4, refused.SeatsUnavailable[0].ColumnIndex)
	assert.Len(t, x.ask("GET", "/seat-plan?sessionId=soon", nil).SeatPlan.Taken, 2)
	assert.Equal(t, 69, *x.ask("POST", "/order/payment", pay(1, 2399)).Result)
	sale := x.ask("POST", "/order/payment", pay(1, 2400))
	require.Len(t, sale.Order.Tickets, 2)
	code := sale.Order.Tickets[1].Barcode
	assert.Contains(t, string(x.get("/gate?code="+code)), `"opens":true`)
	assert.Equal(t, 0, *x.ask("POST", "/order/refund", pay(1, 0)).Result)
	assert.Equal(t, 49, *x.ask("POST", "/order/refund", pay(1, 0)).Result)
	assert.Contains(t, string(x.get("/gate?code="+code)), `"opens":false`)
	var books struct {
		Count              map[string]int
		Received, Refunded int64
	}
	require.NoError(t, json.Unmarshal(x.get("/books"), &books))
	assert.Equal(t, map[string]int{"cancelled": 1}, books.Count)
	assert.Equal(t, int64(2400), books.Refunded)
	assert.Equal(t, int64(2400), books.Received)

	status, _, _, err := x.try("GET", "/session/no-such-path", nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, status)
	answer, err := http.Post(x.url+"/house/rex/office", "application/xml", strings.NewReader(`<Request packet="schedule"/>`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusNotFound, answer.StatusCode, "the site is of the other style")
}

func (x *theater) get(path string) []byte {
	x.t.Helper()
	status, raw, _, err := x.try("GET", path, nil)
	require.NoError(x.t, err)
	require.Equal(x.t, http.StatusOK, status, string(raw))
	return raw
}

// Faults of connections: what was done, and what the client sees of it.
func TestTheaterFaultsOfConnections(t *testing.T) {
	t.Parallel()
	x := newTheater(t, newBench(t))
	for i, c := range []struct {
		kind, more string
		done       bool
	}{
		{"reply_lost", "", true}, {"half_answer", "", true}, {"error", "", false}, {"error", `,"done":true,"status":503`, true},
		{"failed", "", false}, {"booked_but_failed", "", true}, {"unreachable", "", false}, {"latency", `,"duration_ms":1`, true},
	} {
		x.breaks(c.kind, "hold", c.more)
		status, raw, _, err := x.try("POST", "/session/order/tickets", want(i, i+1))
		switch c.kind {
		case "reply_lost", "half_answer":
			require.Error(t, err)
		case "error":
			assert.GreaterOrEqual(t, status, 500)
		case "failed":
			assert.Contains(t, string(raw), `"result":57`)
		case "booked_but_failed":
			assert.Contains(t, string(raw), `"result":9`)
		case "unreachable":
			assert.Contains(t, string(raw), `"result":5`)
		}
		want := ""
		if c.done {
			want = "InProgress"
		}
		assert.Equal(t, want, x.state(i), c.kind)
	}

	x.breaks("never_answered", "hold", "")
	impatient := &http.Client{Timeout: 200 * time.Millisecond}
	text, err := json.Marshal(want(20, 12))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "POST", x.url+"/house/rex/session/order/tickets", bytes.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("X-Access-Token", theaterToken)
	_, err = impatient.Do(req)
	require.Error(t, err)
	assert.Equal(t, "InProgress", x.state(20))

	x.fault(`{"vendor":"house","site":"another","fault":"failed"}`)
	assert.Equal(t, 0, *x.ask("POST", "/order/tickets", want(21, 13)).Result, "the other site's fault")
}

// Faults of meaning.
func TestTheaterFaultsOfMeaning(t *testing.T) {
	t.Parallel()
	x := newTheater(t, newBench(t))
	x.breaks("end_missing", "hold", "")
	assert.Empty(t, x.ask("POST", "/order/tickets", want(1, 1)).Order.ExpiryDateUtc)
	x.breaks("clock_off", "hold", `,"duration_ms":420000`)
	wrong := x.ask("POST", "/order/tickets", want(2, 2))
	date, err := http.ParseTime(wrong.Date)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(7*time.Minute), date, 30*time.Second)
	end, err := time.Parse(time.RFC3339, wrong.Order.ExpiryDateUtc)
	require.NoError(t, err)
	assert.WithinDuration(t, date.Add(10*time.Minute), end, 5*time.Second)

	x.breaks("ends_early", "hold", `,"duration_ms":1`)
	assert.Equal(t, "InProgress", x.ask("POST", "/order/tickets", want(3, 3)).Order.Status[:10])
	require.Eventually(t, func() bool { return x.state(3) == "Expired" }, soon, often)
	x.breaks("duplicate_refused", "hold", "")
	assert.Equal(t, 92, *x.ask("POST", "/order/tickets", want(2, 2)).Result)
	x.breaks("counter_takes", "hold", "")
	assert.Equal(t, 8, *x.ask("POST", "/order/tickets", want(4, 4, 5)).Result)
	assert.Equal(t, 0, *x.ask("POST", "/order/tickets", want(4, 4)).Result)
	x.breaks("price_changed", "hold", "")
	assert.Equal(t, 69, *x.ask("POST", "/order/tickets", want(5, 6)).Result)
	x.breaks("price_changed", "hold", "")
	assert.Equal(t, 0, *x.ask("POST", "/order/tickets", want(5, 6)).Result, "the next time the price falls again")

	x.breaks("wrong_codes", "confirm", "")
	short := x.ask("POST", "/order/payment", pay(1, 1200))
	assert.Empty(t, short.Order.Tickets[0].Barcode)
	assert.NotEmpty(t, x.ask("GET", "/order?orderId="+orderNo(1), nil).Order.Tickets[0].Barcode)
	x.breaks("pending", "confirm", `,"polls":1`)
	assert.Equal(t, "Completing", x.ask("POST", "/order/payment", pay(2, 1200)).Order.Status)
	assert.Equal(t, 83, *x.ask("POST", "/order/payment", pay(2, 1200)).Result)
	assert.Equal(t, "Completing", x.state(2))
	assert.Equal(t, "Completed", x.state(2))
	x.breaks("pending_fails", "confirm", `,"polls":1`)
	x.ask("POST", "/order/payment", pay(4, 1200))
	assert.Equal(t, "Completing", x.state(4))
	assert.Equal(t, "Cancelled", x.state(4))
	x.breaks("counter_cancels", "confirm", "")
	x.ask("POST", "/order/payment", pay(5, 1200))
	assert.Equal(t, "Refunded", x.state(5))

	before := len(x.ask("GET", "/seat-plan?sessionId=soon", nil).SeatPlan.Taken)
	x.ask("POST", "/order/tickets", want(9, 9))
	x.breaks("cached", "seats", "")
	assert.Len(t, x.ask("GET", "/seat-plan?sessionId=soon", nil).SeatPlan.Taken, before)
	assert.Len(t, x.ask("GET", "/seat-plan?sessionId=soon", nil).SeatPlan.Taken, before+1)
}

func TestTheaterFeeds(t *testing.T) {
	t.Parallel()
	x := newTheater(t, newBench(t))
	version := x.ask("GET", "/sessions", nil).Version
	for _, id := range []string{"a", "b", "c"} {
		x.post("/shows", map[string]any{"id": id, "film": "kite", "screen": "2", "starts_at": time.Now().Add(3 * time.Hour)})
	}
	changes := fmt.Sprintf("/sessions?since=%d", version)
	for kind, want := range map[string]string{
		"": "abc", "feed_duplicate": "abcabc", "feed_reorder": "cba", "feed_omits": "ac", "feed_late": "",
	} {
		if kind != "" {
			x.breaks(kind, "program", "")
		}
		page := x.ask("GET", changes, nil)
		got := ""
		for _, one := range page.Value {
			got += one.SessionID
		}
		assert.Equal(t, want, got, kind)
		if kind == "feed_late" {
			assert.Equal(t, version, page.Version, "nothing is skipped")
		} else {
			assert.Equal(t, version+3, page.Version)
		}
	}
	x.post("/forget-changes", struct{}{})
	assert.Equal(t, 93, *x.ask("GET", changes, nil).Result)
}

func TestTheaterCounter(t *testing.T) {
	t.Parallel()
	x := newTheater(t, newBench(t))
	x.ask("POST", "/order/tickets", want(1, 3))
	x.ask("POST", "/order/payment", pay(1, 1200))
	status, page := x.send("GET", "/house/rex/counter?show=soon", "")
	assert.Equal(t, http.StatusOK, status)
	for _, part := range []string{"The Kite", `value="C4"`, "Cancel W", "Price of Stalls"} {
		assert.Contains(t, page, part)
	}
	assert.NotContains(t, page, `value="C3"`, "it is sold")
	assert.NotContains(t, page, theaterToken)

	form := func(values url.Values) string {
		answer, err := http.PostForm(x.url+"/house/rex/counter", values)
		require.NoError(t, err)
		defer answer.Body.Close()
		raw, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return string(raw)
	}
	assert.Contains(t, form(url.Values{"action": {"sell"}, "show": {"soon"}, "seats": {"C4", "C5"}}), "Done.")
	assert.Contains(t, form(url.Values{"action": {"sell"}, "show": {"soon"}, "seats": {"C4"}}), "seats_taken")
	assert.Contains(t, form(url.Values{"action": {"price"}, "show": {"soon"}, "category": {"stalls"}, "price": {"12.30"}}), "Done.")
	assert.Contains(t, form(url.Values{"action": {"move_show"}, "show": {"soon"}, "starts_at": {"2099-01-02T20:00"}}), "Fri 2 Jan 20:00")
	assert.Contains(t, form(url.Values{"action": {"cancel"}, "show": {"soon"}, "order": {orderNo(1)}}), "Done.")
	assert.Equal(t, "Refunded", x.state(1))
	assert.Equal(t, 69, *x.ask("POST", "/order/tickets", want(2, 9)).Result, "the price is another")
	x.post("/counter", map[string]any{"action": "cancel_show", "show": "soon", "refund": true})
	assert.Equal(t, 51, *x.ask("POST", "/order/tickets", want(3, 10)).Result)
	status, raw, _, err := x.try("POST", "/counter", map[string]any{"action": "dance"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status, string(raw))
}

// A restart keeps sites, holds, sales and the faults that are set.
func TestTheaterSurvivesARestart(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/sandbox.db"
	server, err := New(Options{DataFile: file, Logger: quiet()})
	require.NoError(t, err)
	first := &bench{Server: server, t: t, url: serveFor(t, server)}
	x := newTheater(t, first)
	x.ask("POST", "/order/tickets", want(1, 3))
	x.ask("POST", "/order/tickets", want(2, 4))
	x.ask("POST", "/order/payment", pay(2, 1200))
	x.breaks("failed", "confirm", "")
	require.NoError(t, server.Close())

	again := newBench(t, func(o *Options) { o.DataFile = file })
	x = &theater{again, "rex"}
	assert.Equal(t, "InProgress", x.state(1))
	assert.Equal(t, "Completed", x.state(2))
	assert.Equal(t, 57, *x.ask("POST", "/order/payment", pay(1, 1200)).Result)
	assert.Equal(t, 0, *x.ask("POST", "/order/payment", pay(1, 1200)).Result)
	status, _ := again.send("POST", "/reset", "")
	assert.Equal(t, http.StatusNoContent, status)
	status, _, _, err = x.try("GET", "/books", nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, status)
}

func serveFor(t *testing.T, s *Server) string {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheaterSeedSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	err := house.Seed(t.Context(), http.DefaultClient, b.url, "rex", house.Settings{Style: "session"})
	require.ErrorContains(t, err, "time_zone")
	for _, body := range []string{
		`{"vendor":"house","fault":"pending","polls":-1}`, `{"vendor":"house","fault":"failed","polls":2}`,
		`{"vendor":"stripe","fault":"error","site":"rex"}`, `{"vendor":"house","fault":"drop"}`,
	} {
		status, said := b.send("POST", "/faults", body)
		assert.Equal(t, http.StatusBadRequest, status, said)
	}
}
