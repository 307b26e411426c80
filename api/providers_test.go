package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	bookingsapi "github.com/boxoffice/boxoffice/api/bookings"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/internal/vendors"
)

// several is a world with three payment providers, of which one charges no INR.
type several struct {
	*world
	ill map[string]*atomic.Bool
}

func newSeveral(t *testing.T) several {
	s := several{ill: map[string]*atomic.Bool{"stripe": {}, "razorpay": {}, "paypal": {}}}
	db := databasetest.New(t)
	noINR := func(currency string) (booking.Limits, bool) { return booking.Limits{Unit: 1}, currency != "INR" }
	s.world = newWorldOn(t, db, func(o *Options) {
		o.Bookings.Providers = []string{"stripe", "razorpay", "paypal"}
		o.Bookings.Choices = payments.NewChoices(db.Pool, []payments.Offered{
			{Name: "stripe", Charging: stripe.Limits, Ill: s.ill["stripe"].Load},
			{Name: "razorpay", Charging: stripe.Limits, Ill: s.ill["razorpay"].Load},
			{Name: "paypal", Charging: noINR, Ill: s.ill["paypal"].Load},
		})
	})
	return s
}

func (s several) create(t *testing.T, provider, key, seat string, status int, holds ...string) reply {
	t.Helper()
	body := strings.Replace(bookBody(s.show, seat), "stripe", provider, 1)
	if provider == "" {
		body = `{"show_id":"` + s.show + `","seats":["` + seat + `"]}`
	}
	return s.do(t, call{token: s.customer, method: "POST", path: "/v1/bookings", body: body,
		headers: map[string]string{"Idempotency-Key": key}, status: status, holds: holds})
}

func TestACustomerIsOfferedTheProvidersOfTheCurrency(t *testing.T) {
	t.Parallel()
	s := newSeveral(t)
	b := s.create(t, "", "first", "A01", http.StatusCreated).booking(t)
	assert.Equal(t, "stripe", b.Payment.Provider, "the platform's first")
	both := []booking.PaymentChoice{{Provider: "stripe"}, {Provider: "razorpay"}}
	assert.Equal(t, both, b.PaymentChoices)
	path := "/v1/bookings/" + b.ID
	assert.Equal(t, both, s.do(t, call{token: s.customer, method: "GET", path: path, status: http.StatusOK}).booking(t).PaymentChoices)

	s.create(t, "paypal", "second", "A02", http.StatusUnprocessableEntity, `"payment.provider"`, "stripe, razorpay")
	s.do(t, call{token: s.customer, method: "POST", path: path + "/payment", body: `{"provider":"paypal"}`, status: http.StatusUnprocessableEntity,
		holds: []string{`"provider"`, "stripe, razorpay"}})
	s.do(t, call{token: s.customer, method: "POST", path: path + "/payment", body: `{"provider":"razorpay"}`, status: http.StatusOK})

	sold := s.bought(t, s.other, "sold", "A03")
	assert.Empty(t, sold.PaymentChoices, "there is nothing to pay")
}

// Fault 20: a provider that does not answer comes last, and is not asked: a customer does
// not wait for it. Fault 21: without any the answer is 503 at once, and nothing is held.
func TestFault21_ProvidersThatDoNotAnswerAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSeveral(t)
	held := s.create(t, "stripe", "held", "A01", http.StatusCreated).booking(t)
	path := "/v1/bookings/" + held.ID

	s.ill["stripe"].Store(true)
	last := []booking.PaymentChoice{{Provider: "razorpay"}, {Provider: "stripe", Away: true}}
	assert.Equal(t, last, s.do(t, call{token: s.customer, method: "GET", path: path, status: http.StatusOK}).booking(t).PaymentChoices)
	refused := s.create(t, "stripe", "ill", "A02", http.StatusServiceUnavailable, "payment_provider_unavailable", "you can pay with: razorpay")
	assert.NotEmpty(t, refused.header.Get("Retry-After"))

	s.ill["razorpay"].Store(true)
	before := s.rows()
	s.create(t, "", "none", "A02", http.StatusServiceUnavailable, "payment_provider_unavailable", "try again")
	assert.Equal(t, before, s.rows(), "nothing is held")
	asked := s.saga.asked.Load()
	for _, provider := range []string{"stripe", "razorpay"} {
		s.do(t, call{token: s.customer, method: "POST", path: path + "/payment", body: `{"provider":"` + provider + `"}`,
			status: http.StatusServiceUnavailable, code: "payment_provider_unavailable"})
	}
	assert.Equal(t, asked, s.saga.asked.Load(), "the workflow was not asked")
	now := s.do(t, call{token: s.customer, method: "GET", path: path, status: http.StatusOK}).booking(t)
	assert.Equal(t, held.HoldExpiresAt, now.HoldExpiresAt)
	assert.Equal(t, booking.StatusHeld, now.Status)

	s.ill["razorpay"].Store(false)
	assert.Equal(t, http.StatusCreated, s.create(t, "", "none", "A02", http.StatusCreated).status, "the same key, once a provider answers")
}

// The API learns from its own bookings that a provider does not answer. After a rest one
// customer tries it.
func TestFault20_AProviderThatKeepsFailingIsOfferedLast(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	guard := vendors.NewGuard("stripe", vendors.Options{Failures: 3, Rest: 300 * time.Millisecond})
	w := newWorldOn(t, db, func(o *Options) {
		o.Bookings.Providers = []string{"stripe", "razorpay"}
		o.Bookings.Health = map[string]bookingsapi.Health{"stripe": guard}
		o.Bookings.Choices = payments.NewChoices(db.Pool, []payments.Offered{
			{Name: "stripe", Charging: stripe.Limits, Ill: guard.Ill},
			{Name: "razorpay", Charging: stripe.Limits},
		})
	})
	b := w.book(t, w.customer, "held", "A01")
	var meets atomic.Value
	w.saga.opens = func() error {
		if code, _ := meets.Load().(booking.Code); code != "" {
			return booking.E(code, "No.")
		}
		return nil
	}
	tries := func(code booking.Code, times, status int) {
		t.Helper()
		meets.Store(code)
		for i := range times {
			w.do(t, call{token: w.other, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "B01"), status: status,
				headers: map[string]string{"Idempotency-Key": fmt.Sprintf("try-%d-%d", i, time.Now().UnixNano())}})
		}
	}
	tries(booking.CodeSeatsUnavailable, 5, http.StatusConflict)
	assert.Equal(t, "well", string(guard.State()), "which says nothing of the provider")
	tries(booking.CodeProviderUnavailable, 3, http.StatusServiceUnavailable)
	assert.True(t, guard.Ill())
	path := "/v1/bookings/" + b.ID
	got := w.do(t, call{token: w.customer, method: "GET", path: path, status: http.StatusOK}).booking(t)
	assert.Equal(t, []booking.PaymentChoice{{Provider: "razorpay"}, {Provider: "stripe", Away: true}}, got.PaymentChoices)
	w.do(t, call{token: w.customer, method: "POST", path: path + "/payment", body: `{"provider":"razorpay"}`, status: http.StatusOK})

	begun := w.saga.starts.Load()
	tries(booking.CodeProviderUnavailable, 1, http.StatusServiceUnavailable)
	assert.Equal(t, begun, w.saga.starts.Load(), "it was not asked")
	require.Eventually(t, func() bool { return !guard.Ill() }, soon, 10*time.Millisecond)
	tries("", 1, http.StatusCreated)
	assert.Equal(t, "well", string(guard.State()))
}

func TestATheaterChoosesItsProviders(t *testing.T) {
	t.Parallel()
	s := newSeveral(t)
	theater := s.find(`SELECT theater_id FROM shows WHERE id = $1`, s.show)
	path := "/v1/admin/theaters/" + theater
	refused := func(body string, fields ...string) {
		t.Helper()
		got := s.do(t, call{token: s.admin, method: "PATCH", path: path, body: body, status: http.StatusUnprocessableEntity})
		assert.Equal(t, fields, got.refused(t))
	}
	refused(`{"payment_providers":["cash","stripe","stripe"]}`, "payment_providers[0]", "payment_providers[2]")
	refused(`{"payment_providers":["stripe","paypal"]}`, "payment_providers[1]")
	s.do(t, call{token: s.admin, method: "PATCH", path: path, body: `{"payment_providers":["razorpay","stripe"]}`, status: http.StatusOK,
		holds: []string{`"payment_providers":["razorpay","stripe"]`}})
	b := s.create(t, "", "first", "A01", http.StatusCreated).booking(t)
	assert.Equal(t, []booking.PaymentChoice{{Provider: "razorpay"}, {Provider: "stripe"}}, b.PaymentChoices)
	assert.Equal(t, "razorpay", s.saga.run(b.ID).in.Provider)
	s.do(t, call{token: s.admin, method: "PATCH", path: path, body: `{"payment_providers":[]}`, status: http.StatusOK,
		holds: []string{`"payment_providers":[]`}})
}
