package session_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/houses/session"
)

const (
	bookingID = "0197f1a0-0000-7000-8000-000000000001"
	// orderOne stands for the first order's id.
	orderOne = "ORDER"
)

func euros(cents int64) booking.Money { return booking.Money{Amount: cents, Currency: "EUR"} }

func anOrder() booking.HouseOrder {
	return booking.HouseOrder{BookingID: bookingID, Attempt: 1, Terms: booking.HouseTerms{Show: "s1", Seats: []booking.HouseSeat{
		{Seat: "C3", Address: "0000000001/3/3", Category: "stalls", Price: euros(1205)},
		{Seat: "C4", Address: "0000000001/3/4", Category: "stalls", Price: euros(1205)},
	}}}
}

// theater answers each call with what the case says.
type theater struct {
	*session.House
	path, query, body string
	header            http.Header
}

func newTheater(t *testing.T, answer func(w http.ResponseWriter)) *theater {
	t.Helper()
	x := &theater{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		x.path, x.query, x.body, x.header = r.Method+" "+r.URL.Path, r.URL.RawQuery, string(raw), r.Header
		answer(w)
	}))
	t.Cleanup(server.Close)
	x.House = newHouse(t, server.URL+"/base/", token)
	return x
}

// said answers with a body, in which ORDER stands for the order's id.
func said(body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Date", "Sat, 28 Nov 2026 12:00:00 GMT")
		_, _ = io.WriteString(w, strings.ReplaceAll(body, orderOne, idOfOne))
	}
}

func statusOnly(status int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"result":0}`)
	}
}

const (
	tickets   = `[{"areaCode":"0000000001","rowIndex":3,"columnIndex":3,"ticketTypeCode":"stalls","priceInCents":1205,"barcode":"b3"},{"areaCode":"0000000001","rowIndex":3,"columnIndex":4,"ticketTypeCode":"stalls","priceInCents":1205,"barcode":"b4"}]`
	heldOrder = `{"result":0,"order":{"orderId":"ORDER","sessionId":"s1","status":"InProgress","totalInCents":2410,"currencyCode":"EUR","expiryDateUtc":"2026-11-28T13:10:00+01:00","tickets":` + tickets + `}}`
	soldOrder = `{"result":0,"order":{"orderId":"ORDER","partnerReference":"` + bookingID + `-1","sessionId":"s1","status":"Completed","totalInCents":2410,"currencyCode":"EUR","bookingNumber":"W7","tickets":` + tickets + `}}`
)

// idOfOne is UUIDv5 of the adapter's namespace and the order's key, made with Python. It must never change: the theaters' books have it.
const idOfOne = "c326c04f-3d14-5769-b3f4-025c337353b8"

func TestHoldOnTheWire(t *testing.T) {
	t.Parallel()
	x := newTheater(t, said(heldOrder))
	state, err := x.Hold(t.Context(), anOrder())
	require.NoError(t, err)
	assert.Equal(t, "POST /base/order/tickets", x.path)
	assert.Equal(t, token, x.header.Get("X-Access-Token"))
	assert.JSONEq(t, `{"orderId":"`+idOfOne+`","partnerReference":"`+bookingID+`-1","sessionId":"s1","tickets":[
		{"areaCode":"0000000001","rowIndex":3,"columnIndex":3,"ticketTypeCode":"stalls","priceInCents":1205},
		{"areaCode":"0000000001","rowIndex":3,"columnIndex":4,"ticketTypeCode":"stalls","priceInCents":1205}]}`, x.body)
	assert.Equal(t, booking.HouseState{
		Status: booking.HouseHeld, Reference: idOfOne, Show: "s1", Left: 10*time.Minute - time.Second, Total: euros(2410),
		Addresses: []string{"0000000001/3/3", "0000000001/3/4"},
	}, state, "what is left is counted from the Date header, less the second that it may leave out")

	second := anOrder()
	second.Attempt = 2
	_, err = x.Hold(t.Context(), second)
	assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), "the answer is about another order")
	assert.NotContains(t, x.body, idOfOne)
}

func TestConfirmOnTheWire(t *testing.T) {
	t.Parallel()
	x := newTheater(t, said(soldOrder))
	state, err := x.Confirm(t.Context(), anOrder())
	require.NoError(t, err)
	assert.Equal(t, "POST /base/order/payment", x.path)
	assert.JSONEq(t, `{"orderId":"`+idOfOne+`","paymentValueInCents":2410}`, x.body)
	assert.Equal(t, booking.HouseConfirmed, state.Status)
	assert.Equal(t, "W7", state.Number)
	assert.Equal(t, map[string]string{"0000000001/3/3": "b3", "0000000001/3/4": "b4"}, state.Codes)
}

// The end may be missing, and a proxy may leave out the Date header: then nothing is known of
// the time left. An end that has passed is the end of the hold.
func TestTimeLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expiry, date string
		status       booking.HouseOrderStatus
		left         time.Duration
	}{
		"in their time, wherever that is": {`,"expiryDateUtc":"1999-01-01T00:08:00+00:00"`, "Fri, 01 Jan 1999 00:00:00 GMT", booking.HouseHeld, 8*time.Minute - time.Second},
		"no end":                          {"", "Fri, 01 Jan 1999 00:00:00 GMT", booking.HouseHeld, 0},
		"no date":                         {`,"expiryDateUtc":"1999-01-01T00:08:00+00:00"`, "", booking.HouseHeld, 0},
		"over":                            {`,"expiryDateUtc":"1999-01-01T00:00:01+00:00"`, "Fri, 01 Jan 1999 00:00:00 GMT", booking.HouseLapsed, 0},
	} {
		body := strings.Replace(heldOrder, `,"expiryDateUtc":"2026-11-28T13:10:00+01:00"`, c.expiry, 1)
		x := newTheater(t, func(w http.ResponseWriter) {
			w.Header()["Date"] = nil
			if c.date != "" {
				w.Header().Set("Date", c.date)
			}
			_, _ = io.WriteString(w, strings.ReplaceAll(body, orderOne, idOfOne))
		})
		state, err := x.Find(t.Context(), anOrder())
		require.NoError(t, err, name)
		assert.Equal(t, c.status, state.Status, name)
		assert.Equal(t, c.left, state.Left, name)
	}
}

type call func(*theater, context.Context) error

var calls = map[string]call{
	"hold":    func(x *theater, ctx context.Context) error { _, err := x.Hold(ctx, anOrder()); return err },
	"extend":  func(x *theater, ctx context.Context) error { _, err := x.Extend(ctx, anOrder()); return err },
	"confirm": func(x *theater, ctx context.Context) error { _, err := x.Confirm(ctx, anOrder()); return err },
	"find":    func(x *theater, ctx context.Context) error { _, err := x.Find(ctx, anOrder()); return err },
	"release": func(x *theater, ctx context.Context) error { return x.Release(ctx, anOrder()) },
	"cancel":  func(x *theater, ctx context.Context) error { return x.Cancel(ctx, anOrder()) },
	"program": func(x *theater, ctx context.Context) error { _, err := x.Program(ctx, "since:1"); return err },
	"seats":   func(x *theater, ctx context.Context) error { _, err := x.Seats(ctx, "s1"); return err },
	"sold":    func(x *theater, ctx context.Context) error { _, err := x.Sold(ctx, "s1", ""); return err },
}

// What is no answer of the API never counts as one.
func TestAnswersThatTellNothing(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"empty":                  said(""),
		"a page of a proxy":      said("<html>Bad gateway</html>"),
		"no result":              said("{}"),
		"a result in words":      said(`{"result":"ok"}`),
		"half":                   said(heldOrder[:len(heldOrder)/2]),
		"an unknown result":      said(`{"result":4711}`),
		"cannot be reached":      said(`{"result":5}`),
		"booked, answer failed":  said(`{"result":9}`),
		"booked, answer failed ": said(`{"result":10}`),
		"error after charge":     said(`{"result":14}`),
		"500":                    statusOnly(500),
		"502":                    statusOnly(502),
		"503":                    statusOnly(503),
		"a redirect":             statusOnly(302, "Location", "http://127.0.0.1:1/"),
		"202":                    statusOnly(202),
		"too long": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"result":0,"x":"`+strings.Repeat("x", 9<<20)+`"}`)
		},
	} {
		x := newTheater(t, answer)
		for operation, run := range calls {
			err := run(x, t.Context())
			require.Error(t, err, "%s: %s", operation, name)
			assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), "%s: %s", operation, name)
		}
	}
	for operation, run := range calls {
		if operation == "release" || operation == "cancel" {
			continue // for these the result says it all
		}
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(run(newTheater(t, said(`{"result":0}`)), t.Context())), operation)
	}
}

func TestOrdersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"another order":            {`"orderId":"ORDER"`, `"orderId":"0197f1a0-0000-4000-8000-000000000000"`},
		"another booking":          {bookingID + `-1`, bookingID + `-2`},
		"an unknown status":        {`"Completed"`, `"Levitating"`},
		"no session":               {`"sessionId":"s1",`, ``},
		"no total":                 {`"totalInCents":2410,`, ``},
		"a total of another order": {`"totalInCents":2410`, `"totalInCents":2411`},
		"a fraction of a cent":     {`"totalInCents":2410`, `"totalInCents":2410.5`},
		"no currency":              {`"currencyCode":"EUR"`, `"currencyCode":""`},
		"a currency without cents": {`"EUR"`, `"JPY"`},
		"no number":                {`"bookingNumber":"W7",`, ``},
		"a code too few":           {`,"barcode":"b4"`, ``},
		"one code for two seats":   {`"barcode":"b4"`, `"barcode":"b3"`},
		"one seat twice":           {`"columnIndex":4`, `"columnIndex":3`},
		"a seat without a place":   {`"areaCode":"0000000001","rowIndex":3,"columnIndex":4`, `"areaCode":""`},
		"a place with a slash":     {`"areaCode":"0000000001","rowIndex":3,"columnIndex":4`, `"areaCode":"1/2","rowIndex":3,"columnIndex":4`},
		"no tickets":               {tickets, `[]`},
	} {
		require.Contains(t, soldOrder, c[0], name)
		x := newTheater(t, said(strings.Replace(soldOrder, c[0], c[1], 1)))
		for _, operation := range []string{"find", "confirm"} {
			assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(calls[operation](x, t.Context())), name)
		}
	}
	x := newTheater(t, said(heldOrder))
	assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(calls["confirm"](x, t.Context())), "paid, and not sold")
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for result, want := range map[int]map[string]booking.Code{
		4:  {"hold": booking.CodeHouseRefused},
		8:  {"hold": booking.CodeSeatsUnavailable},
		31: {"hold": booking.CodeSeatsUnavailable},
		11: {"confirm": booking.CodeHouseError, "hold": booking.CodeHouseError},
		57: {"confirm": booking.CodeHouseError, "find": booking.CodeHouseError, "seats": booking.CodeHouseError},
		50: {"hold": booking.CodeShowNotOnSale, "seats": booking.CodeNotFound, "sold": booking.CodeNotFound},
		51: {"hold": booking.CodeShowNotOnSale, "confirm": booking.CodeShowNotOnSale},
		62: {"hold": booking.CodeHoldLost, "extend": booking.CodeHoldLost, "confirm": booking.CodeHoldLost, "release": "", "find": "", "cancel": booking.CodeNotFound},
		49: {"cancel": "", "release": "", "confirm": booking.CodeHoldLost, "extend": booking.CodeHoldLost},
		63: {"cancel": "", "release": "", "confirm": booking.CodeHoldLost},
		39: {"cancel": booking.CodeNotCancellable},
		69: {"hold": booking.CodePriceChanged, "confirm": booking.CodePriceChanged},
		78: {"cancel": booking.CodeNotFound},
		83: {"release": booking.CodeHouseUnavailable, "cancel": booking.CodeHouseUnavailable},
		92: {"release": booking.CodeConflict, "cancel": booking.CodeHouseUnavailable},
		93: {"hold": booking.CodeHouseUnavailable},
	} {
		x := newTheater(t, said(fmt.Sprintf(`{"result":%d}`, result)))
		for operation, code := range want {
			err := calls[operation](x, t.Context())
			if code == "" {
				assert.NoError(t, err, "%d at %s", result, operation)
				continue
			}
			assert.Equal(t, code, booking.CodeOf(err), "%d at %s", result, operation)
		}
	}
	for status, want := range map[int]booking.Code{
		401: booking.CodeHouseError, 403: booking.CodeHouseError, 404: booking.CodeHouseError, 429: booking.CodeHouseError,
	} {
		assert.Equal(t, want, booking.CodeOf(calls["hold"](newTheater(t, statusOnly(status, "Retry-After", "7")), t.Context())), status)
	}
	var busy *booking.Error
	require.ErrorAs(t, calls["hold"](newTheater(t, statusOnly(429, "Retry-After", "7")), t.Context()), &busy)
	assert.Equal(t, 7*time.Second, busy.RetryAfter)
}

// The seats of a refusal are ours by name; a list with another order's seat names none.
func TestSeatsOfARefusal(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"result":8,"seatsUnavailable":[{"areaCode":"0000000001","rowIndex":3,"columnIndex":4}]}`:                                               {"C4"},
		`{"result":8,"seatsUnavailable":[{"areaCode":"0000000001","rowIndex":3,"columnIndex":4},{"areaCode":"x","rowIndex":1,"columnIndex":1}]}`: nil,
		`{"result":8}`: nil,
	} {
		var refused *booking.Error
		require.ErrorAs(t, calls["hold"](newTheater(t, said(body)), t.Context()), &refused)
		assert.Equal(t, booking.CodeSeatsUnavailable, refused.Code)
		assert.ElementsMatch(t, want, refused.Seats)
	}
}

// What such a system cannot take is refused without asking it.
func TestNothingIsSent(t *testing.T) {
	t.Parallel()
	x := newTheater(t, said(heldOrder))
	for _, address := range []string{"", "C3", "1/2", "1/2/3/4", "/1/1", "1/0/1", "1/-1/1", "1/01/1", "1/x/1"} {
		order := anOrder()
		order.Terms.Seats[0].Address = address
		_, err := x.Hold(t.Context(), order)
		assert.Equal(t, booking.CodeHouseRefused, booking.CodeOf(err), address)
	}
	yen := anOrder()
	for i := range yen.Terms.Seats {
		yen.Terms.Seats[i].Price.Currency = "JPY"
	}
	_, err := x.Hold(t.Context(), yen)
	assert.Equal(t, booking.CodeHouseRefused, booking.CodeOf(err))
	_, err = x.Confirm(t.Context(), yen)
	assert.Equal(t, booking.CodeHouseRefused, booking.CodeOf(err))
	assert.Empty(t, x.path)
}

const aSession = `{"sessionId":"s1","filmId":"f","filmTitle":"The Kite","runMinutes":112,"screenName":"1","showtimeUtc":"2026-11-28T20:00:00+01:00","endUtc":"2026-11-28T20:52:00+00:00","status":"Open","version":"7",
"ticketTypes":[{"ticketTypeCode":"sofas","description":"Sofas","priceInCents":2105}],
"rows":[{"name":"I","areaCode":"3","rowIndex":9,"ticketTypeCode":"sofas","seats":[{"name":"1","columnIndex":1,"x":1,"kind":"Sofa"},{"name":"2","columnIndex":2,"x":2.5,"kind":"Sofa"},{"name":"3","columnIndex":3,"x":4,"kind":"Special"},{"name":"4","columnIndex":4,"x":5,"kind":"Companion"}]}]}`

func TestProgramOnTheWire(t *testing.T) {
	t.Parallel()
	page := func(session string) string {
		return `{"result":0,"currencyCode":"EUR","version":12,"more":true,"last":"s1","value":[` + session + `]}`
	}
	x := newTheater(t, said(page(aSession)))
	got, err := x.Program(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, "GET /base/sessions", x.path)
	assert.Equal(t, "after=&top=50", x.query)
	require.Len(t, got.Shows, 1)
	show := got.Shows[0]
	assert.Equal(t, time.Date(2026, 11, 28, 19, 0, 0, 0, time.UTC), show.StartsAt)
	assert.True(t, show.OpenUntil.IsZero())
	assert.Equal(t, []booking.HouseCategory{{ID: "sofas", Name: "Sofas", Price: euros(2105)}}, show.Categories)
	assert.Equal(t, booking.HouseRow{Label: "I", Category: "sofas", Seats: []booking.HouseRowedSeat{
		{Name: "1", Address: "3/9/1", X: 1, Type: booking.SeatSofa}, {Name: "2", Address: "3/9/2", X: 2.5, Type: booking.SeatSofa},
		{Name: "3", Address: "3/9/3", X: 4, Type: booking.SeatWheelchair}, {Name: "4", Address: "3/9/4", X: 5, Type: booking.SeatCompanion},
	}}, show.Rows[0])
	assert.True(t, got.Full && got.More)

	_, err = x.Program(t.Context(), got.Next)
	assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), "the same page again would never end")
	assert.Equal(t, "after=s1&top=50", x.query)
	changes := newTheater(t, said(`{"result":0,"currencyCode":"EUR","version":12,"value":[]}`))
	last, err := changes.Program(t.Context(), got.Next)
	require.NoError(t, err)
	_, err = changes.Program(t.Context(), last.Next)
	require.NoError(t, err)
	assert.Equal(t, "since=12&top=50", changes.query, "the changes since the first page")
}

// A show that cannot be read is one that cannot be sold; the others are not lost with it.
func TestShowsThatCannotBeSold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"a category without a price": {`,"priceInCents":2105`, ``},
		"a price of nothing":         {`2105`, `0`},
		"another category":           {`"rowIndex":9,"ticketTypeCode":"sofas"`, `"rowIndex":9,"ticketTypeCode":"beds"`},
		"an unknown kind of seat":    {`"Companion"`, `"Trampoline"`},
		"half a sofa":                {`"x":2.5,"kind":"Sofa"`, `"x":2.5,"kind":"Normal"`},
		"one place twice":            {`"name":"2","columnIndex":2`, `"name":"2","columnIndex":1`},
		"one name twice":             {`"name":"2"`, `"name":"1"`},
		"no start":                   {`2026-11-28T20:00:00+01:00`, `tonight`},
		"a time without offset":      {`2026-11-28T20:00:00+01:00`, `2026-11-28T20:00:00`},
		"ends before it starts":      {`20:52:00`, `18:52:00`},
		"an unknown status":          {`"Open"`, `"Levitating"`},
	} {
		require.Contains(t, aSession, c[0], name)
		other := strings.Replace(aSession, `"s1"`, `"s2"`, 1)
		x := newTheater(t, said(`{"result":0,"currencyCode":"EUR","version":12,"value":[`+strings.Replace(aSession, c[0], c[1], 1)+`,`+other+`]}`))
		got, err := x.Program(t.Context(), "")
		require.NoError(t, err, name)
		require.Len(t, got.Shows, 2, name)
		assert.Equal(t, "s1", got.Shows[0].ID)
		assert.Empty(t, got.Shows[0].Rows, name)
		assert.Empty(t, got.Shows[0].Categories, name)
		assert.NotEmpty(t, got.Shows[1].Rows, name)
	}
	for name, body := range map[string]string{
		"no list":              `{"result":0,"currencyCode":"EUR","version":12}`,
		"no version":           `{"result":0,"currencyCode":"EUR","value":[]}`,
		"a currency with mils": `{"result":0,"currencyCode":"KWD","version":12,"value":[]}`,
		"more, and not where":  `{"result":0,"currencyCode":"EUR","version":12,"more":true,"value":[]}`,
		"a show without an id": `{"result":0,"currencyCode":"EUR","version":12,"value":[{}]}`,
	} {
		_, err := newTheater(t, said(body)).Program(t.Context(), "")
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), name)
	}
	_, err := newTheater(t, said(`{"result":0,"currencyCode":"EUR","version":12,"more":true,"value":[]}`)).Program(t.Context(), "since:12")
	assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), "it would never end")
}

func TestSeatsAreAsOldAsTheySay(t *testing.T) {
	t.Parallel()
	x := newTheater(t, said(`{"result":0,"seatPlan":{"sessionId":"s1","generatedUtc":"2026-11-28T11:59:30+00:00","taken":[{"areaCode":"3","rowIndex":9,"columnIndex":1}]}}`))
	taken, err := x.Seats(t.Context(), "s1")
	require.NoError(t, err)
	assert.Equal(t, []string{"3/9/1"}, taken.Addresses)
	assert.False(t, taken.Exact)
	assert.WithinDuration(t, time.Now().Add(-30*time.Second), taken.AsOf, 10*time.Second)
	for _, body := range []string{
		`{"result":0,"seatPlan":{"sessionId":"s1","generatedUtc":"2026-11-28T11:59:30+00:00"}}`,
		`{"result":0,"seatPlan":{"sessionId":"s2","generatedUtc":"2026-11-28T11:59:30+00:00","taken":[]}}`,
		`{"result":0,"seatPlan":{"sessionId":"s1","taken":[]}}`,
		`{"result":0,"seatPlan":{"sessionId":"s1","generatedUtc":"2026-11-28T11:59:30+00:00","taken":[{}]}}`,
	} {
		_, err := newTheater(t, said(body)).Seats(t.Context(), "s1")
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), body)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	_, err := session.New(session.Options{Address: "theater.example", Token: " ", Timeout: -1})
	require.Error(t, err)
	for _, part := range []string{"address", "token", "timeout"} {
		assert.ErrorContains(t, err, part, "every problem at once")
	}
	for _, address := range []string{"", "ftp://x", "https://", "https://user:pass@x", "https://x?y=z", "https://x#y"} {
		_, err := session.New(session.Options{Address: address, Token: token})
		assert.Error(t, err, address)
	}
	_, err = session.New(session.Options{Address: "https://x", Token: "two\nlines"})
	require.Error(t, err)
}

// The token and the orders' addresses stay out of logs and errors.
func TestTheTokenStaysSecret(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	house, err := session.New(session.Options{
		Address: "http://127.0.0.1:1", Token: token, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	_, err = house.Find(t.Context(), anOrder())
	require.Error(t, err)
	assert.Contains(t, log.String(), bookingID)
	for _, text := range []string{log.String(), err.Error()} {
		assert.NotContains(t, text, token)
		assert.NotContains(t, text, idOfOne)
	}
}
