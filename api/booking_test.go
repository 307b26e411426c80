package api

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

func TestABookingFromHoldToTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A02", "A01"),
		headers: map[string]string{"Idempotency-Key": "k-1"}, status: 201,
		holds: []string{`"local_time"`, `"time_zone":"Asia/Kolkata"`, `"client_secret"`, `"event":"held"`}, lacks: []string{w.customerID}})
	b := got.booking(t)
	path := "/v1/bookings/" + b.ID
	assert.Equal(t, path, got.header.Get("Location"))
	assert.Equal(t, booking.StatusHeld, b.Status)
	assert.Equal(t, []string{"A01", "A02"}, b.Seats)
	assert.Equal(t, booking.Money{Amount: 2*45000 + 2*2000 + 16200, Currency: "INR"}, b.Quote.Total)
	assert.Equal(t, booking.PaymentOpen, b.Payment.Status)
	assert.True(t, strings.HasPrefix(b.Payment.Reference, "pi_"))

	w.do(t, call{token: w.customer, method: "GET", path: path, status: 200, holds: []string{b.Payment.Reference}})
	w.do(t, call{token: w.customer, method: "GET", path: path + "/ticket", status: 404, code: "not_found"})
	w.do(t, call{token: w.customer, method: "GET", path: path + "/cancellation-quote", status: 409, code: "not_cancellable"})
	w.do(t, call{token: w.customer, method: "POST", path: path + "/payment", body: `{"provider":"paypal"}`, status: 422,
		code: "validation_failed", holds: []string{`"provider"`, "stripe"}})
	w.do(t, call{token: w.customer, method: "POST", path: path + "/payment", body: `{"provider":"stripe"}`, status: 200})

	w.pay(t, b.Payment.Reference, "pm_card_visa")
	b = w.do(t, call{token: w.customer, method: "POST", path: path + "/payment/check", status: 200}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, b.Status)
	assert.Equal(t, booking.PaymentCaptured, b.Payment.Status)
	require.NotNil(t, b.Ticket)
	w.do(t, call{token: w.customer, method: "POST", path: path + "/payment", body: `{"provider":"stripe"}`, status: 409, code: "not_payable"})

	var quote booking.CancellationQuote
	w.do(t, call{token: w.customer, method: "GET", path: path + "/cancellation-quote", status: 200}).into(t, &quote)
	assert.EqualValues(t, 100, quote.Percent)
	assert.EqualValues(t, 4000, quote.Kept.Amount, "fees stay")

	assertTicket(t, w, b)

	var list rest.Page[booking.Booking]
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings?status=confirmed", status: 200}).into(t, &list)
	require.Len(t, list.Items, 1)
	assert.Equal(t, b.ID, list.Items[0].ID)
	w.do(t, call{token: w.other, method: "GET", path: "/v1/bookings", status: 200, holds: []string{`"items":[]`}})

	b = w.do(t, call{token: w.customer, method: "POST", path: path + "/cancel", body: `{"reason":"ill"}`, status: 200}).booking(t)
	assert.Equal(t, booking.StatusCancelled, b.Status)
	assert.Equal(t, booking.MovementDone, b.Refund.Status)
	w.do(t, call{token: w.customer, method: "POST", path: path + "/cancel", status: 409, code: "not_cancellable"})
	w.do(t, call{token: w.customer, method: "POST", path: path + "/payment", body: `{"provider":"stripe"}`, status: 409, code: "not_payable"})
	w.do(t, call{token: w.customer, method: "POST", path: path + "/payment/check", status: 200, holds: []string{`"cancelled"`}})
	w.do(t, call{token: w.customer, method: "GET", path: path + "/ticket", status: 200, holds: []string{`"voided_at"`}, lacks: []string{`"qr"`}})
	w.do(t, call{token: w.customer, method: "GET", path: path + "/ticket.png", status: 409, code: "conflict"})
	w.do(t, call{token: w.customer, method: "GET", path: path + "/ticket.ics", status: 200, holds: []string{"STATUS:CANCELLED"}})
}

func assertTicket(t *testing.T, w *world, b booking.Booking) {
	t.Helper()
	path := "/v1/bookings/" + b.ID + "/ticket"
	var document ticketDocument
	w.do(t, call{token: w.customer, method: "GET", path: path, status: 200}).into(t, &document)
	claims, err := w.options.Bookings.Tickets.Verify(document.QR)
	require.NoError(t, err)
	assert.Equal(t, b.ID, claims.BookingID)
	assert.Equal(t, b.Ticket.Serial, claims.Serial)

	got := w.do(t, call{token: w.customer, method: "GET", path: path + ".png", status: 200})
	picture, err := png.Decode(bytes.NewReader(got.body))
	require.NoError(t, err)
	assert.Greater(t, picture.Bounds().Dx(), 200)
	got = w.do(t, call{token: w.customer, method: "GET", path: path + ".pdf", status: 200})
	assert.True(t, bytes.HasPrefix(got.body, []byte("%PDF-")))
	assert.Contains(t, got.header.Get("Content-Disposition"), b.Ticket.Serial)
	got = w.do(t, call{token: w.customer, method: "GET", path: path + ".ics", status: 200,
		holds: []string{"SUMMARY:Amélie", "UID:" + b.ID + "@boxoffice", `LOCATION:Lotus\, Camp\, 1 Main Street\; Pune`, "STATUS:CONFIRMED", "BEGIN:VALARM"}})
	assert.Equal(t, "text/calendar; charset=utf-8", got.header.Get("Content-Type"))
}

func TestBadBookingsWriteNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.bought(t, w.customer, "k-mine", "E01")
	eleven := []string{"B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11"}
	key := map[string]string{"Idempotency-Key": "k"}
	before := w.rows()
	for _, c := range []call{
		{name: "unknown show", body: bookBody("7f0e5ad5-8b14-4d8e-9a0e-6f3a1f6b0c11", "A01"), status: 422, code: "validation_failed", holds: []string{`"show_id"`}},
		{name: "show that is no id", body: bookBody("tonight", "A01"), status: 422, code: "validation_failed", holds: []string{`"show_id"`}},
		{name: "past show", body: bookBody(w.past, "A01"), status: 409, code: "show_not_on_sale"},
		{name: "show not yet on sale", body: bookBody(w.closed, "A01"), status: 409, code: "show_not_on_sale"},
		{name: "seat not in the layout", body: bookBody(w.show, "Z99"), status: 422, code: "validation_failed", holds: []string{`"seats[0]"`, "Z99"}},
		{name: "seat with a control character", body: bookBody(w.show, "A\n1"), status: 422, code: "validation_failed", holds: []string{`"seats[0]"`}},
		{name: "same seat twice", body: bookBody(w.show, "A01", "A01"), status: 422, code: "validation_failed", holds: []string{`"seats[1]"`, "twice"}},
		{name: "eleven seats", body: bookBody(w.show, eleven...), status: 422, code: "validation_failed", holds: []string{`"seats"`, "at most 10"}},
		{name: "no seats", body: bookBody(w.show), status: 422, code: "validation_failed", holds: []string{`"seats"`}},
		{name: "seat that is sold", body: bookBody(w.show, "E01", "A01"), status: 409, code: "seats_unavailable", holds: []string{`"seats":["E01"]`}},
		{name: "unknown provider", body: strings.Replace(bookBody(w.show, "A01"), "stripe", "cash", 1), status: 422,
			code: "validation_failed", holds: []string{`"payment.provider"`, "stripe"}},
		{name: "two problems at once", body: `{"show_id":"x","seats":["A01"],"payment":{"provider":"x"}}`, status: 422,
			code: "validation_failed", holds: []string{`"show_id"`, `"payment.provider"`}},
		{name: "no key", body: bookBody(w.show, "A01"), headers: map[string]string{}, status: 400, code: "idempotency_key_missing"},
		{name: "unusable key", body: bookBody(w.show, "A01"), headers: map[string]string{"Idempotency-Key": "a b"}, status: 400, code: "malformed_request"},
		{name: "long key", body: bookBody(w.show, "A01"), headers: map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}, status: 400, code: "malformed_request"},
		{name: "malformed JSON", body: `{"show_id":`, status: 400, code: "malformed_request"},
		{name: "no JSON at all", body: `tea`, status: 400, code: "malformed_request"},
		{name: "a list", body: `[]`, status: 400, code: "malformed_request"},
		{name: "trailing data", body: bookBody(w.show, "A01") + `{}`, status: 400, code: "malformed_request"},
		{name: "wrong type", body: `{"show_id":7,"seats":["A01"]}`, status: 400, code: "malformed_request", holds: []string{`"show_id"`, "text"}},
		{name: "seats as text", body: `{"show_id":"x","seats":"A01"}`, status: 400, code: "malformed_request", holds: []string{`"seats"`, "a list"}},
		{name: "unknown field", body: strings.Replace(bookBody(w.show, "A01"), `{`, `{"price":1,`, 1), status: 400, code: "malformed_request", holds: []string{`"price"`}},
		{name: "unknown nested field", body: strings.Replace(bookBody(w.show, "A01"), `"provider"`, `"amount":1,"provider"`, 1), status: 400,
			code: "malformed_request", holds: []string{`"payment.amount"`}},
		{name: "field in other case", body: strings.Replace(bookBody(w.show, "A01"), `"seats"`, `"Seats"`, 1), status: 400, code: "malformed_request"},
		{name: "a form", body: "show_id=x", headers: map[string]string{"Idempotency-Key": "k", "Content-Type": "application/x-www-form-urlencoded"},
			status: 415, code: "unsupported_media_type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.method, c.path, c.token = "POST", "/v1/bookings", w.customer
			if c.headers == nil {
				c.headers = key
			}
			w.do(t, c)
			assert.Equal(t, before, w.rows(), "nothing is written")
		})
	}
	assert.EqualValues(t, 1, w.saga.starts.Load(), "no workflow was started for any of them")
	assert.Equal(t, booking.StatusConfirmed, mine.Status)
}

func TestFault54_ClientsSetNoPrices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := map[string]string{"Idempotency-Key": "k"}
	for name, body := range map[string]string{
		"price":            strings.Replace(bookBody(w.show, "A01"), `{`, `{"price":{"amount":1,"currency":"INR"},`, 1),
		"quote":            strings.Replace(bookBody(w.show, "A01"), `{`, `{"quote":{"total":{"amount":-5}},`, 1),
		"amount":           strings.Replace(bookBody(w.show, "A01"), `"provider"`, `"amount":-1,"provider"`, 1),
		"overflow":         strings.Replace(bookBody(w.show, "A01"), `"A01"`, `99999999999999999999`, 1),
		"negative count":   strings.Replace(bookBody(w.show, "A01"), `{`, `{"count":-1,`, 1),
		"quantity":         strings.Replace(bookBody(w.show, "A01"), `{`, `{"quantity":9223372036854775808,`, 1),
		"discount":         strings.Replace(bookBody(w.show, "A01"), `{`, `{"discount":-45000,`, 1),
		"negative hold_at": strings.Replace(bookBody(w.show, "A01"), `{`, `{"hold_for":-1,`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			before := w.rows()
			w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", body: body, headers: key, status: 400, code: "malformed_request"})
			assert.Equal(t, before, w.rows())
		})
	}
	before := w.rows()
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A01", "A01"), headers: key, status: 422, code: "validation_failed"})
	assert.Equal(t, before, w.rows())
	for _, count := range []string{"-1", "0", "2147483648", "99999999999999999999", "1.5"} {
		w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/best-seats?count=" + count, status: 422, code: "validation_failed"})
	}
	w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/quote?seats=A01,A01", status: 422, code: "validation_failed"})
	b := w.book(t, w.customer, "k", "A01")
	assert.EqualValues(t, 45000, b.Quote.Seats[0].Price.Amount, "the server's price")
}

func TestFault55_ABookingOfAnotherCustomerIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01")
	before := w.rows()
	path := "/v1/bookings/" + b.ID
	for _, c := range []call{
		{method: "GET", path: path},
		{method: "GET", path: path + "/stream"},
		{method: "POST", path: path + "/payment", body: `{"provider":"stripe"}`},
		{method: "POST", path: path + "/payment/check"},
		{method: "POST", path: path + "/extend"},
		{method: "POST", path: path + "/cancel", body: `{}`},
		{method: "GET", path: path + "/cancellation-quote"},
		{method: "GET", path: path + "/change"},
		{method: "POST", path: path + "/change", body: `{"choice":"keep"}`},
		{method: "GET", path: path + "/ticket"},
		{method: "GET", path: path + "/ticket.png"},
		{method: "GET", path: path + "/ticket.pdf"},
		{method: "GET", path: path + "/ticket.ics"},
	} {
		for who, token := range map[string]string{"customer": w.other, "admin": w.admin} {
			t.Run(c.method+" "+strings.TrimPrefix(c.path, path)+" as "+who, func(t *testing.T) {
				c.token, c.status, c.code = token, 404, "not_found"
				mine := w.do(t, c)
				c.path = strings.Replace(c.path, b.ID, "00000000-0000-4000-8000-000000000000", 1)
				assert.Equal(t, w.do(t, c).body, mine.body, "no different from a booking that is not there")
			})
		}
	}
	assert.Equal(t, before, w.rows())
}

func TestPagesOfBookings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := 1; i <= 3; i++ {
		w.book(t, w.customer, fmt.Sprint("k", i), fmt.Sprintf("A%02d", i))
	}
	seen := map[string]bool{}
	path := "/v1/bookings?limit=2"
	for range 2 {
		var list rest.Page[booking.Booking]
		w.do(t, call{token: w.customer, method: "GET", path: path, status: 200}).into(t, &list)
		for _, b := range list.Items {
			seen[b.ID] = true
		}
		path = "/v1/bookings?limit=2&cursor=" + list.NextCursor
	}
	assert.Len(t, seen, 3)
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings?cursor=zzz", status: 422, code: "validation_failed"})
}

func TestStaffExtendResendAndRefundABooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	path := "/v1/admin/bookings/" + b.ID
	got := w.do(t, call{token: w.support, method: "GET", path: path, status: 200, holds: []string{w.customerID}})
	assert.NotContains(t, string(got.body), "client_secret", "staff do not pay for customers")
	var list rest.Page[staffBooking]
	w.do(t, call{token: w.support, method: "GET", path: "/v1/admin/bookings?status=held&customer_id=" + w.customerID, status: 200}).into(t, &list)
	require.Len(t, list.Items, 1)

	later := w.do(t, call{token: w.support, method: "POST", path: path + "/extend-hold", body: `{"minutes":5}`, status: 200}).booking(t)
	assert.WithinDuration(t, b.HoldExpiresAt.Add(5*time.Minute), later.HoldExpiresAt, time.Second)
	w.do(t, call{token: w.support, method: "POST", path: path + "/extend-hold", body: `{"minutes":0}`, status: 422, code: "validation_failed"})
	w.do(t, call{token: w.customer, method: "POST", path: path + "/extend-hold", body: `{"minutes":5}`, status: 403, code: "forbidden"})

	w.pay(t, b.Payment.Reference, "pm_card_visa")
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/payment/check", status: 200})
	w.do(t, call{token: w.support, method: "POST", path: path + "/extend-hold", body: `{"minutes":5}`, status: 409, code: "conflict"})
	w.do(t, call{token: w.admin, method: "POST", path: path + "/resend", status: 200})
	w.do(t, call{token: w.admin, method: "POST", path: path + "/resend", body: `{"channel":"pigeon"}`, status: 422, code: "validation_failed"})
	w.do(t, call{token: w.admin, method: "POST", path: path + "/refund", body: `{"percent":101,"reason":""}`, status: 422,
		code: "validation_failed", holds: []string{`"percent"`, `"reason"`}})
	w.do(t, call{token: w.admin, method: "POST", path: path + "/refund", body: `{"percent":100,"reason":"projector"}`, status: 200, holds: []string{`"cancelled"`}})
	refund := w.saga.run(b.ID).last.(workflows.RefundRequest)
	assert.EqualValues(t, 100, refund.Percent)
	assert.NotEmpty(t, refund.Staff)
	w.do(t, call{token: w.admin, method: "POST", path: path + "/refund", body: `{"percent":100,"reason":"projector"}`, status: 200, holds: []string{`"cancelled"`}})
	w.do(t, call{token: w.admin, method: "POST", path: path + "/resend", status: 409, code: "conflict"})

}
