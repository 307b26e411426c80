package api

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	paymentsapi "github.com/boxoffice/boxoffice/api/payments"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

const (
	razorpayOrder  = "order_Boxoffice00001"
	razorpaySigned = "a signature of Razorpay's"
)

// razorpayPage is the checkout of a Razorpay that signs everything with the same text.
func razorpayPage() *paymentsapi.RazorpayCheckout {
	return &paymentsapi.RazorpayCheckout{
		KeyID: "rzp_test_page", ScriptURL: "http://127.0.0.1:8090/razorpay/v1/checkout.js",
		Signed: func(order, payment, signature string) bool {
			return order == razorpayOrder && payment == "pay_1" && signature == razorpaySigned
		},
	}
}

// withRazorpay gives a booking an order of Razorpay's.
func withRazorpay(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t, func(o *Options) { o.Payments.Razorpay = razorpayPage() })
	b := w.book(t, w.customer, "k", "A01")
	_, err := w.db.Pool.Exec(t.Context(), `UPDATE payments SET provider = 'razorpay', reference = $1, client_secret = '', checkout_url = $3
		WHERE booking_id = $2`, razorpayOrder, b.ID, "https://tickets.example/pay/razorpay/"+razorpayOrder)
	require.NoError(t, err)
	return w, b.ID
}

func TestRazorpayPageAllowsOnlyItsScript(t *testing.T) {
	t.Parallel()
	w, id := withRazorpay(t)
	got := w.do(t, call{method: "GET", path: "/pay/razorpay/" + razorpayOrder, status: 200,
		holds: []string{"rzp_test_page", razorpayOrder, id, "You pay INR 551.00 at Razorpay", `src="http://127.0.0.1:8090/razorpay/v1/checkout.js"`}})
	policy := got.header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "script-src 'self' http://127.0.0.1:8090;")
	assert.Contains(t, policy, "frame-ancestors 'none'")
	assert.NotContains(t, policy, "razorpay.com")
	w.do(t, call{method: "GET", path: "/pay/assets/razorpay.js", status: 200, holds: []string{"/pay/razorpay/return", "history.replaceState"}})
	for _, order := range []string{"order_Boxoffice00002", "nope", "order_1%2F2"} {
		w.do(t, call{method: "GET", path: "/pay/razorpay/" + order, status: 404, code: "not_found", without: true})
	}

	w.do(t, call{method: "GET", path: "/v1/bookings/" + id, token: w.customer, status: 200,
		holds: []string{`"https://tickets.example/pay/razorpay/` + razorpayOrder + "?key=" + w.links.Token(links.Read, id) + `"`}})

	w.options.Payments.Razorpay.ScriptURL = ""
	w.serve()
	got = w.do(t, call{method: "GET", path: "/pay/razorpay/" + razorpayOrder, status: 200, holds: []string{`src="https://checkout.razorpay.com/v1/checkout.js"`}})
	assert.Contains(t, got.header.Get("Content-Security-Policy"), "script-src 'self' https://checkout.razorpay.com")
	assert.NotContains(t, got.header.Get("Content-Security-Policy"), "127.0.0.1")
}

// The return has three fields of Razorpay's and nothing of ours, in a browser without our
// cookie. It leads to the right booking, and to a question to the provider.
func TestScenario6ReturnWithThreeFieldsOnly(t *testing.T) {
	t.Parallel()
	w, id := withRazorpay(t)
	back := func(change url.Values) call {
		form := url.Values{"razorpay_payment_id": {"pay_1"}, "razorpay_order_id": {razorpayOrder}, "razorpay_signature": {razorpaySigned}}
		for name, values := range change {
			form[name] = values
		}
		return call{method: "POST", path: "/pay/razorpay/return", body: form.Encode(), status: http.StatusSeeOther, without: true,
			headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
	}
	got := w.do(t, back(nil))
	assert.Equal(t, "/bookings/"+id+"?paid", got.header.Get("Location"))
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.EqualValues(t, 1, w.saga.asked.Load())
	keyed := back(nil)
	keyed.path += "?key=1abc%26d"
	assert.Equal(t, "/bookings/"+id+"?paid&key=1abc%26d", w.do(t, keyed).header.Get("Location"))

	// Scenario 3: a wrong signature asks nothing. The booking's page does.
	asked := w.saga.asked.Load()
	for _, change := range []url.Values{
		{"razorpay_signature": {"another"}}, {"razorpay_signature": {""}}, {"razorpay_payment_id": {"pay_2"}},
	} {
		assert.Equal(t, "/bookings/"+id+"?paid", w.do(t, back(change)).header.Get("Location"))
	}
	for _, order := range []string{"order_Boxoffice00002", "", "pay_1", "order_1/../2"} {
		assert.Equal(t, "/", w.do(t, back(url.Values{"razorpay_order_id": {order}})).header.Get("Location"), order)
	}
	assert.Equal(t, asked, w.saga.asked.Load())
}

// Of a payment that failed Razorpay posts an error and neither order nor signature. The customer
// sees the booking, never an answer for programs.
func TestReturnsOfPaymentsThatFailed(t *testing.T) {
	t.Parallel()
	w, id := withRazorpay(t)
	back := func(query string, form url.Values) call {
		return call{method: "POST", path: "/pay/razorpay/return" + query, body: form.Encode(), status: http.StatusSeeOther,
			headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
	}
	failed := func(name, value string) url.Values {
		return url.Values{"error[code]": {"BAD_REQUEST_ERROR"}, "error[description]": {"The payment failed."}, name: {value}}
	}
	page, ours := "/bookings/"+id+"?paid", "?order="+razorpayOrder
	for _, c := range []struct {
		query string
		form  url.Values
		want  string
	}{
		{"", failed("error[metadata]", `{"payment_id":"pay_1","order_id":"`+razorpayOrder+`"}`), page},
		{"?key=1abc%26d", failed("error[metadata]", `{"order_id":"`+razorpayOrder+`"}`), page + "&key=1abc%26d"},
		{"", failed("error[metadata][order_id]", razorpayOrder), page},
		{ours, failed("error[metadata]", `{"order_id":"order_Boxoffice00002"}`), page},
		{ours, failed("error[metadata]", `{"order_id":7}`), page},
		{ours, failed("error[step]", "payment_initiation"), page},
		{ours + "&key=1abc", nil, page + "&key=1abc"},
		{"", failed("error[step]", "payment_initiation"), "/"},
		{"?order=//evil.example", failed("error[metadata]", "[]"), "/"},
		{"?key=1abc", failed("error[metadata]", `{"order_id":"//evil.example"}`), "/"},
	} {
		got := w.do(t, back(c.query, c.form))
		assert.Equal(t, c.want, got.header.Get("Location"), "%s %v", c.query, c.form)
		assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
		assert.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"))
	}
	for _, body := range []string{"a=%zz", "a=" + strings.Repeat("x", 2<<20)} {
		odd := back(ours, nil)
		odd.body, odd.without = body, true
		assert.Equal(t, page, w.do(t, odd).header.Get("Location"), body[:4])
		odd.path = "/pay/razorpay/return"
		assert.Equal(t, "/", w.do(t, odd).header.Get("Location"), body[:4])
	}
	assert.Zero(t, w.saga.asked.Load(), "an error is signed by no one")
}

// An order can be paid at Razorpay for ever. Our page opens one only while its money buys seats.
func TestRazorpayPageOpensOnlyWhatBuysSeats(t *testing.T) {
	t.Parallel()
	w, id := withRazorpay(t)
	open := call{method: "GET", path: "/pay/razorpay/" + razorpayOrder, status: http.StatusOK, holds: []string{"rzp_test_page"}}
	away := call{method: "GET", path: open.path + "?key=1abc%26d", status: http.StatusSeeOther, lacks: []string{"rzp_test_page"}}
	leadsAway := func(what string) {
		t.Helper()
		assert.Equal(t, "/bookings/"+id+"?key=1abc%26d", w.do(t, away).header.Get("Location"), what)
		plain := away
		plain.path = open.path
		assert.Equal(t, "/bookings/"+id, w.do(t, plain).header.Get("Location"), what)
	}
	payment := func(status booking.PaymentStatus) {
		w.exec(`UPDATE payments SET status = $1 WHERE reference = $2`, status, razorpayOrder)
	}
	hold := func(left string) {
		w.exec(`UPDATE bookings SET hold_expires_at = clock_timestamp() + $2::interval WHERE id = $1`, id, left)
	}

	hold("100 seconds")
	left := regexp.MustCompile(`data-left="(\d+)"`).FindSubmatch(w.do(t, open).body)
	require.NotNil(t, left)
	seconds, err := strconv.Atoi(string(left[1]))
	require.NoError(t, err)
	assert.True(t, seconds > 60 && seconds <= 100, seconds)
	payment(booking.PaymentFailed)
	w.do(t, open)

	for _, status := range []booking.PaymentStatus{
		booking.PaymentInDoubt, booking.PaymentAuthorized, booking.PaymentCaptured, booking.PaymentVoided, booking.PaymentRefunded,
	} {
		payment(status)
		leadsAway(string(status))
	}
	payment(booking.PaymentOpen)
	hold("-1 second")
	leadsAway("the hold has just ended")
	hold("100 seconds")
	w.do(t, open)
	for _, status := range []booking.Status{booking.StatusConfirmed, booking.StatusExpired, booking.StatusCancelled, booking.StatusPaymentFailed} {
		w.exec(`UPDATE bookings SET status = $2 WHERE id = $1`, id, status)
		leadsAway(string(status))
	}
	w.exec(`UPDATE bookings SET status = 'held' WHERE id = $1`, id)
	w.do(t, open)
	w.exec(`INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency)
		SELECT booking_id, attempt + 1, 'razorpay', 'order_Boxoffice00003', 'open', amount, currency FROM payments WHERE reference = $1`, razorpayOrder)
	leadsAway("another payment is the present one")
	w.exec(`UPDATE payments SET provider = 'stripe' WHERE reference = 'order_Boxoffice00003'`)
	leadsAway("another provider's payment is the present one")
}

// foreign is a Razorpay account that another product uses, too.
type foreign struct{}

func (foreign) Webhook(context.Context, []byte, http.Header) (booking.PaymentEvent, error) {
	return booking.PaymentEvent{Provider: "razorpay", ID: "evt_1", Type: "payment.captured", Reference: "order_Another0000001"}, nil
}

func (foreign) Get(context.Context, string) (booking.PaymentState, error) {
	return booking.PaymentState{Provider: "razorpay", Reference: "order_Another0000001", Status: booking.PaymentCaptured, Captured: 1}, nil
}

// Razorpay turns a webhook off whose events are refused for a day.
func TestRazorpaysForeignEventsAreAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Payments.Providers["razorpay"] = foreign{} })
	w.do(t, call{method: "POST", path: "/v1/webhooks/razorpay", body: "{}", status: 200, holds: []string{"not_ours"}})
	w.do(t, call{method: "POST", path: "/v1/webhooks/razorpay", body: "{}", status: 200, holds: []string{"duplicate"}})
}
