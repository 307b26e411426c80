package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/hoarding"
	"github.com/boxoffice/boxoffice/workflows"
)

// hoardingLimits are the defaults of production.
var hoardingLimits = hoarding.Limits{
	Seats: 20, OfShow: 10, SeatsUnproved: 6, HoldsUnproved: 2, OfNetwork: 400, LeastOfNetwork: 20,
	Free: 2, Waits: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}, Memory: 24 * time.Hour,
}

// guarded is a world with limits against hoarding.
func guarded(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.options.HTTP.TrustedProxies = []netip.Prefix{loopback}
	w.options.Bookings.Guard = hoarding.New(hoardingLimits, []byte("secret"))
	w.options.Bookings.Policy.HoldAtMost, w.options.Bookings.Policy.UnprovedAtMost = 90*time.Minute, 24*time.Minute
	w.serve()
	return w
}

// forward lets time pass, by the database's clock: everything was earlier. Holds whose time is
// over then end, as their workflows end them.
func (w *world) forward(d time.Duration) {
	w.t.Helper()
	w.exec(`UPDATE bookings SET created_at = created_at - $1::interval, hold_expires_at = hold_expires_at - $1::interval, fetch_by = fetch_by - $1::interval`, d)
	w.exec(`UPDATE seat_claims SET held_until = held_until - $1::interval WHERE state = 'held'`, d)
	w.exec(`UPDATE hold_records SET began_at = began_at - $1::interval, ended_at = ended_at - $1::interval`, d)
	w.exec(`SELECT end_booking(id, 'expired', '') FROM bookings WHERE status = 'held' AND hold_expires_at < clock_timestamp()`)
}

// One client keeps a hold alive with all that a client can do: it reloads, lets cards be
// declined, asks for more time, and adds and removes seats by other bookings. At no time has it
// more unpaid seats than it may, and no seat longer than 24 minutes.
func TestScenario8_EndlessHold(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.options.Bookings.Policy.HoldExtensions = 100 // so that the time alone ends it
	w.serve()
	seats := func(n int) []string { return []string{"A01", "A02", "A03", "A04", "A05", "A06"}[:n] }
	first := w.book(t, w.customer, "k", seats(4)...)
	path := "/v1/bookings/" + first.ID
	var last booking.Booking
	for minute := range 30 {
		w.do(t, keyed(w, w.customer, "k", bookBody(w.show, seats(4)...)))                                    // reload
		last = w.do(t, call{token: w.customer, method: "GET", path: path, status: http.StatusOK}).booking(t) // and look
		if last.Status != booking.StatusHeld {
			assert.Equal(t, 24, minute)
			break
		}
		_, err := w.vendor.Confirm(last.Payment.Reference, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_chargeDeclined")})
		require.ErrorContains(t, err, "declined")
		w.do(t, call{token: w.customer, method: "POST", path: path + "/payment/check"})
		w.do(t, call{token: w.customer, method: "POST", path: path + "/extend"})
		more := keyed(w, w.customer, fmt.Sprint("more", minute), bookBody(w.show, "B01", "B02", "B03"))
		assert.Equal(t, http.StatusConflict, w.do(t, more).status, "seven seats are too many")
		assert.LessOrEqual(t, w.number(w.t, `SELECT count(*) FROM seat_claims WHERE state = 'held'`), 6)
		w.forward(time.Minute)
	}
	assert.Equal(t, booking.StatusExpired, last.Status)
	w.book(t, w.other, "theirs", seats(4)...)
}

// A payment that fails, a page that is loaded again and another booking do not move the end of a
// hold. Only the customer's request for more time does, and not past the limit.
func TestMoreTimeEndsWithTheLimitOfAHold(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	b := w.book(t, w.customer, "k", "A01")
	extend := call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/extend"}
	for range 2 {
		w.forward(7*time.Minute + 30*time.Second)
		extend.status = http.StatusOK
		w.do(t, extend)
	}
	assert.Equal(t, workflows.ExtendRequest{By: 8 * time.Minute, Customer: true, Times: 10}, w.saga.run(b.ID).last)
	w.forward(7*time.Minute + 30*time.Second)
	w.do(t, extend) // the rest of 24 minutes
	w.forward(time.Minute)
	extend.status, extend.code, extend.holds = http.StatusConflict, "hold_not_extendable", []string{`"reason":"limit_reached"`}
	w.do(t, extend)
	w.confirmAddress("asha@example.com")
	extend.status, extend.code, extend.holds = http.StatusOK, "", nil
	w.do(t, extend)
}

// confirmAddress is the customer who has typed the code.
func (w *world) confirmAddress(email string) {
	w.t.Helper()
	w.exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session) SELECT id, 'email', email, true FROM accounts WHERE email = $1`, email)
}

func TestUnpaidHoldsAreRefusedWithATime(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	for i := range 3 {
		w.book(t, w.customer, fmt.Sprint("k", i), "A01")
		w.forward(9 * time.Minute)
	}
	started := w.saga.starts.Load()
	again := keyed(w, w.customer, "again", bookBody(w.show, "A01"))
	again.status, again.code = http.StatusTooManyRequests, "too_many_unpaid_holds"
	again.holds = []string{"You can hold seats again in "}
	got := w.do(t, again)
	seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err)
	assert.InDelta(t, 9*60, seconds, 10)
	var problem rest.Problem
	got.into(t, &problem)
	require.NotNil(t, problem.Until)
	assert.InDelta(t, 9*time.Minute, time.Until(*problem.Until), float64(10*time.Second))
	assert.Equal(t, started, w.saga.starts.Load(), "no workflow is started for it")
	w.forward(10 * time.Minute)
	w.book(t, w.customer, "again", "A01") // the same key
}

func TestALimitOfSeatsNamesTheFix(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	many := keyed(w, w.customer, "many", bookBody(w.show, "A01", "A02", "A03", "A04", "A05", "A06", "A07"))
	many.status, many.code = http.StatusConflict, "hold_limit_reached"
	many.holds = []string{`"reason":"confirm_email"`, "Confirm it to hold more."}
	w.do(t, many)
	w.confirmAddress("asha@example.com")
	many.status, many.code, many.holds = http.StatusCreated, "", nil
	w.do(t, many)
}

// What the workflow refuses, because two requests came at once, says the same as what the API
// refuses, and is final for its key.
func TestALimitThatTheTransactionFindsIsFinalForItsKey(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.saga.before = func() {
		w.exec(`INSERT INTO hold_records (booking_id, kind, key, show_id, seats, ended_at, outcome)
			SELECT b.id, 'account', uuid_send($1), b.show_id, 1, clock_timestamp(), 'unpaid' FROM bookings b LIMIT 3`, w.customerID)
		w.exec(`UPDATE hold_records SET began_at = began_at - interval '3 minutes'`)
	}
	for i, seat := range []string{"A01", "A03", "A05"} {
		w.exec(`INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash)
			SELECT gen_random_uuid(), id, $1, 'expired', ARRAY[$2], '{}', 0, 'INR', now(), $3 FROM accounts WHERE email = 'ben@example.com'`, w.show, seat, fmt.Sprint(i))
	}
	late := keyed(w, w.customer, "late", bookBody(w.show, "B01"))
	late.status, late.code = http.StatusTooManyRequests, "too_many_unpaid_holds"
	late.holds = []string{"new Idempotency-Key", `"until":"`}
	assert.NotEmpty(t, w.do(t, late).header.Get("Retry-After"))
	w.saga.before = nil
	w.exec(`DELETE FROM hold_records`)
	assert.Equal(t, "true", w.do(t, late).header.Get("Idempotent-Replayed"))
	w.book(t, w.customer, "other", "B01")
}

// A browser is known by a cookie, with every account that logs in there.
func TestADeviceIsKnownByItsCookie(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	first := keyed(w, w.customer, "a", bookBody(w.show, "A01"))
	cookies := (&http.Response{Header: w.do(t, first).header}).Cookies()
	require.Len(t, cookies, 1)
	assert.Equal(t, &http.Cookie{Name: "__Host-boxoffice_device", Value: cookies[0].Value, Path: "/", MaxAge: 24 * 60 * 60,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode, Raw: cookies[0].Raw}, cookies[0])
	assert.Len(t, cookies[0].Value, 26)
	second := keyed(w, w.other, "b", bookBody(w.show, "A03"))
	second.headers["Cookie"] = "__Host-boxoffice_device=" + cookies[0].Value
	w.do(t, second)
	assert.Equal(t, 2, w.number(w.t, `SELECT count(*) FROM hold_records WHERE kind = 'device'`))
	assert.Equal(t, 1, w.number(w.t, `SELECT count(DISTINCT key) FROM hold_records WHERE kind = 'device'`))
	assert.Equal(t, 1, w.number(w.t, `SELECT count(DISTINCT key) FROM hold_records WHERE kind = 'network'`))

	w.options.Bookings.Guard = nil
	w.serve()
	off := keyed(w, w.other, "c", bookBody(w.show, "A05"))
	assert.Empty(t, w.do(t, off).header.Values("Set-Cookie"))
}

func TestOldHoldRecordsAreDeleted(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	w.book(t, w.customer, "a", "A01")
	require.Positive(t, w.number(w.t, `SELECT count(*) FROM hold_records`))
	w.exec(`INSERT INTO hold_records (booking_id, kind, key, show_id, seats, outcome) SELECT id, 'card', '\x01', show_id, 1, 'paid' FROM bookings`)
	w.deleteOld(booking.OldHolds)
	assert.Equal(t, 1, w.number(w.t, `SELECT count(*) FROM hold_records`), "what a card bought counts until the show")
	w.exec(`DELETE FROM shows WHERE id <> $1`, w.show)
	w.exec(`UPDATE shows SET starts_at = now() - interval '1 hour', ends_at = now() + interval '1 hour', sales_close_at = now() - interval '2 hours', sales_open_at = now() - interval '1 day'`)
	w.deleteOld(booking.OldHolds)
	assert.Zero(t, w.number(w.t, `SELECT count(*) FROM hold_records`))
}
