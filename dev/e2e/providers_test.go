package e2e

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// These are complaints in public trackers of other systems, as far as they need the whole
// platform. The providers' packages have those that do not.

// inPounds is a stage whose show can be paid with every provider.
func inPounds(t *testing.T) *stage {
	t.Helper()
	return newStageOf(t, ShowPlan{Rows: 3, PerRow: 10, StartsIn: 48 * time.Hour, Currency: "GBP"})
}

// bookWith holds seats, to be paid with a provider.
func (s *stage) bookWith(provider string, c *Customer, seats ...string) booking.Booking {
	s.Helper()
	b, _, err := c.Book(s.Context(), NewKey(), ForWith(provider, s.show, seats...))
	require.NoError(s, err)
	require.Equal(s, booking.StatusHeld, b.Status)
	require.Equal(s, provider, b.Payment.Provider)
	return b
}

// lever moves a lever of the sandbox.
func (s *stage) lever(path string, body map[string]string) {
	s.Helper()
	_, err := send(s.Context(), request{method: http.MethodPost, address: world.Sandbox.address + "/sandbox/" + path, body: body}, nil)
	require.NoError(s, err)
}

func (s *stage) payUPI(b booking.Booking) {
	s.Helper()
	s.lever("razorpay/orders/"+b.Payment.Reference+"/pay", map[string]string{"vpa": "success@razorpay"})
}

func (s *stage) approve(b booking.Booking, account string) {
	s.Helper()
	s.lever("paypal/orders/"+b.Payment.Reference+"/approve", map[string]string{"account": account})
}

// atVendor is a payment in the vendors' books.
func (s *stage) atVendor(reference string) (found Payment) {
	s.Helper()
	books, err := world.Sandbox.Books(s.Context())
	require.NoError(s, err)
	for _, p := range books.payments() {
		if p.ID == reference {
			return p
		}
	}
	require.Fail(s, "the vendors do not know payment "+reference)
	return found
}

// Reported 1: the return and the webhook come at once, in either order. Reported 22: the
// webhook alone is enough, and who pays again finds it done.
func TestReported1And22_ReturnAndWebhookAtOnceSellOnce(t *testing.T) {
	for provider, paid := range map[string]func(*stage, booking.Booking){
		"razorpay": (*stage).payUPI,
		"paypal":   func(s *stage, b booking.Booking) { s.approve(b, "buyer@example.com") },
	} {
		t.Run(provider, func(t *testing.T) {
			s, alone := inPounds(t), t.Name()
			c := s.customer()
			for _, seat := range []string{"A1", "A2", "A3", "A4", "A5"} {
				b := s.bookWith(provider, c, seat)
				paid(s, b)
				if seat != "A5" { // there the webhook is alone
					var back sync.WaitGroup
					for range 3 {
						back.Go(func() { _, _ = c.CheckPayment(t.Context(), b.ID) })
					}
					back.Wait()
				}
				done := s.awaitStatus(c, b.ID, booking.StatusConfirmed, soon)
				s.await(c, b.ID, "the capture", soon, func(b booking.Booking) bool { return b.Payment.Status == booking.PaymentCaptured })
				got := s.atVendor(b.Payment.Reference)
				assert.Equal(t, done.Quote.Total.Amount, got.Captured, alone)
				assert.Zero(t, got.Refunded)
				_, err := c.ReopenPayment(t.Context(), b.ID)
				assert.Equal(t, booking.CodeNotPayable, CodeOf(err))
			}
		})
	}
}

// Reported 10: a customer approves at PayPal and never comes back. Reported 12: an event before
// the browser is no second authorization.
func TestReported10_ApprovedAndGone(t *testing.T) {
	s := inPounds(t)
	c := s.customer()
	b := s.bookWith("paypal", c, "A1", "A2")
	s.approve(b, "buyer@example.com")
	done := s.awaitDone(c, b.ID, soon)
	assert.Equal(t, 1, countEvents(done, booking.EventAuthorized))
	assert.Equal(t, b.Quote.Total.Amount, s.atVendor(b.Payment.Reference).Captured)
}

// Reported 13: what is declined at PayPal may be approved again, within the same hold.
func TestReported13_DeclinedAtPayPalThenPaid(t *testing.T) {
	s := inPounds(t)
	c := s.customer()
	b := s.bookWith("paypal", c, "A1")
	s.approve(b, "declined@example.com")
	declined := s.await(c, b.ID, "the decline", soon, func(b booking.Booking) bool { return countEvents(b, booking.EventDeclined) == 1 })
	assert.Equal(t, b.HoldExpiresAt, declined.HoldExpiresAt)
	s.approve(b, "buyer@example.com")
	done := s.awaitStatus(c, b.ID, booking.StatusConfirmed, soon)
	assert.Equal(t, b.Payment.Reference, done.Payment.Reference)
	assert.Equal(t, 1, countEvents(done, booking.EventDeclined))
}

// Reported 14: PayPal looks into a payment: there is no ticket before it says yes, and none
// after it says no.
func TestReported14_PendingIsNoSuccess(t *testing.T) {
	s := inPounds(t)
	c := s.customer()
	b := s.bookWith("paypal", c, "A1")
	s.approve(b, "review@example.com")
	held := s.await(c, b.ID, "the doubt", soon, func(b booking.Booking) bool { return b.Payment.Status == booking.PaymentInDoubt })
	assert.Equal(t, booking.StatusHeld, held.Status)
	authorization := s.authorizationOf(b.Payment.Reference)
	s.lever("paypal/authorizations/"+authorization+"/decide", map[string]string{"status": "CREATED"})
	s.awaitStatus(c, b.ID, booking.StatusConfirmed, soon)

	denied := s.bookWith("paypal", c, "A2")
	s.approve(denied, "denied@example.com")
	after := s.await(c, denied.ID, "the decline", soon, func(b booking.Booking) bool { return countEvents(b, booking.EventDeclined) == 1 })
	assert.Equal(t, booking.StatusHeld, after.Status)
	assert.Nil(t, after.Ticket)
	_, err := c.Cancel(t.Context(), denied.ID)
	require.NoError(t, err)
}

// authorizationOf is PayPal's id of an order's authorization.
func (s *stage) authorizationOf(order string) string {
	s.Helper()
	var token struct {
		Value string `json:"access_token"`
	}
	env := world.env
	basic := map[string]string{"Authorization": basicAuth(env["PAYPAL_CLIENT_ID"], env["PAYPAL_CLIENT_SECRET"])}
	_, err := send(s.Context(), request{method: http.MethodPost, address: env["PAYPAL_API_URL"] + "/v1/oauth2/token",
		header: basic, body: url.Values{"grant_type": {"client_credentials"}}}, &token)
	require.NoError(s, err)
	var found struct {
		Units []struct {
			Payments struct {
				Authorizations []struct {
					ID string `json:"id"`
				} `json:"authorizations"`
			} `json:"payments"`
		} `json:"purchase_units"`
	}
	_, err = send(s.Context(), request{method: http.MethodGet, address: env["PAYPAL_API_URL"] + "/v2/checkout/orders/" + order,
		header: map[string]string{"Authorization": "Bearer " + token.Value}}, &found)
	require.NoError(s, err)
	require.NotEmpty(s, found.Units[0].Payments.Authorizations)
	return found.Units[0].Payments.Authorizations[0].ID
}

// Reported 8: the customer takes a second provider, and pays in the old tab too: the stray
// money goes back once.
func TestReported8_BothProvidersPaid(t *testing.T) {
	s := inPounds(t)
	c := s.customer()
	old := s.bookWith("razorpay", c, "A1", "A2")
	now, err := c.ReopenPayment(t.Context(), old.ID)
	require.NoError(t, err)
	require.Equal(t, "stripe", now.Payment.Provider)
	s.pay(now)
	s.payUPI(old)
	done := s.awaitStatus(c, old.ID, booking.StatusConfirmed, soon)
	assert.Equal(t, now.Payment.Reference, done.Payment.Reference)
	require.True(t, poll(t.Context(), soon, func() bool {
		return s.atVendor(old.Payment.Reference).Metadata["released"] != "" && s.told(old.ID, booking.NoticePaymentReturned) > 0
	}), s.story(c, old.ID))
	assert.Zero(t, s.atVendor(old.Payment.Reference).Captured)
	s.wantAlert(old.ID, "paid_twice")
}

// Reported 9: a payment that failed at Razorpay is authorized later, for the same id: it buys
// the seats while they are held.
func TestReported9_FailedThenPaidAtRazorpay(t *testing.T) {
	s := inPounds(t)
	c := s.customer()
	b := s.bookWith("razorpay", c, "A1")
	s.lever("razorpay/orders/"+b.Payment.Reference+"/pay", map[string]string{"vpa": "failure@razorpay"})
	s.await(c, b.ID, "the decline", soon, func(b booking.Booking) bool { return countEvents(b, booking.EventDeclined) == 1 })
	s.lever("razorpay/payments/"+b.Payment.Reference+"/late-authorize", nil)
	s.awaitStatus(c, b.ID, booking.StatusConfirmed, soon)
	assert.Equal(t, b.Quote.Total.Amount, s.atVendor(b.Payment.Reference).Captured)
}

// Reported 4: money that comes after the hold's end, and after our void, buys the seats while
// they are free, and goes back when they are sold.
func TestReported4_PaidAtRazorpayAfterTheEnd(t *testing.T) {
	s := inPounds(t)
	c, other := s.hastyCustomer(), s.customer()
	gone, free := s.bookWith("razorpay", c, "A1"), s.bookWith("razorpay", c, "A2")
	for _, b := range []booking.Booking{gone, free} {
		s.awaitStatus(c, b.ID, booking.StatusExpired, hastyHold+soon)
		s.awaitSagaEnds(b)
	}
	s.buy(other, "A1")
	s.payUPI(gone)
	s.payUPI(free)
	require.True(t, poll(t.Context(), soon, func() bool {
		return s.atVendor(gone.Payment.Reference).Metadata["released"] != "none" && s.told(gone.ID, booking.NoticePaymentReturned) > 0
	}), s.story(c, gone.ID))
	assert.Zero(t, s.atVendor(gone.Payment.Reference).Captured)
	require.True(t, poll(t.Context(), soon, func() bool {
		return s.atVendor(free.Payment.Reference).Captured == free.Quote.Total.Amount
	}), s.story(c, free.ID))
	assert.Equal(t, 2, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1 AND status = 'confirmed'`, s.show))
}
