package bookings

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/hoarding"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// production are the defaults of the settings.
var production = hoarding.Limits{
	Seats: 20, OfShow: 10, SeatsUnproved: 6, HoldsUnproved: 2, OfNetwork: 400, LeastOfNetwork: 20,
	Free: 2, Waits: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}, Memory: 24 * time.Hour,
}

// crowd is a house under limits against hoarding, with room for all.
type crowd struct {
	*house
	guard *hoarding.Guard
}

func newCrowd(t testing.TB, change ...func(*hoarding.Limits)) *crowd {
	t.Helper()
	limits := production
	for _, c := range change {
		c(&limits)
	}
	return &crowd{newHouse(t), hoarding.New(limits, []byte("secret"))}
}

// stadium puts a show with 1,040 seats on sale.
func (c *crowd) stadium() string {
	c.T.Helper()
	show := c.Show()
	c.Exec(`UPDATE shows SET layout_id = $2 WHERE id = $1`, show, c.AddLayout(100+int(c.Number(`SELECT count(*) FROM layouts`)), showstest.Stadium()))
	return show
}

// proved is a customer who has confirmed the e-mail address.
func (c *crowd) proved() string {
	c.T.Helper()
	id := c.Customer()
	c.Exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session)
		SELECT id, 'email', lower(email), true FROM accounts WHERE id = $1`, id)
	return id
}

// places names n seats of the stadium, from the nth on.
func places(from, n int) (names []string) {
	for i := from; i < from+n; i++ {
		names = append(names, fmt.Sprintf("%c%d", 'A'+i/40, i%40+1))
	}
	return names
}

func (c *crowd) request(show, customer, device, address string, seats ...string) booking.HoldRequest {
	req := showstest.Request(show, customer, seats...)
	req.Rules = c.guard.Rules(device, netip.MustParseAddr(address))
	return req
}

// forward lets time pass, by the database's clock: everything was earlier.
func (c *crowd) forward(d time.Duration) {
	c.T.Helper()
	c.Exec(`UPDATE bookings SET created_at = created_at - $1::interval, hold_expires_at = hold_expires_at - $1::interval, fetch_by = fetch_by - $1::interval WHERE status = 'held'`, d)
	c.Exec(`UPDATE seat_claims SET held_until = held_until - $1::interval WHERE state = 'held'`, d)
	c.Exec(`UPDATE hold_records SET began_at = began_at - $1::interval, ended_at = ended_at - $1::interval`, d)
}

// unpaid holds a seat until the hold is over.
func (c *crowd) unpaid(req booking.HoldRequest) {
	c.T.Helper()
	_, err := c.store.Hold(c.T.Context(), req)
	require.NoError(c.T, err)
	c.forward(req.HoldFor)
	c.end(req.BookingID, booking.StatusExpired)
}

func (c *crowd) end(bookingID string, status booking.Status) {
	c.T.Helper()
	require.NoError(c.T, c.store.End(c.T.Context(), booking.Ending{BookingID: bookingID, Status: status}))
}

// refused expects that a hold is refused for this reason, before a workflow is started and in
// the transaction, and gives the wait.
func (c *crowd) refused(req booking.HoldRequest, code booking.Code, reason string) time.Duration {
	c.T.Helper()
	early := c.store.MayHold(c.T.Context(), req)
	_, err := c.store.Hold(c.T.Context(), req)
	for _, err := range []error{early, err} {
		require.Equal(c.T, code, booking.CodeOf(err), "%v", err)
		require.Equal(c.T, reason, booking.ReasonOf(err), "%v", err)
	}
	var e *booking.Error
	require.ErrorAs(c.T, err, &e)
	return e.RetryAfter
}

func (c *crowd) holds(req booking.HoldRequest) {
	c.T.Helper()
	require.NoError(c.T, c.store.MayHold(c.T.Context(), req))
	_, err := c.store.Hold(c.T.Context(), req)
	require.NoError(c.T, err)
}

// rush holds all at once, and counts those that got seats. The others must be refused for a
// limit.
func (c *crowd) rush(all []booking.HoldRequest) int {
	c.T.Helper()
	var won atomic.Int64
	var group errgroup.Group
	for _, req := range all {
		group.Go(func() error {
			_, err := c.store.Hold(c.T.Context(), req)
			if err == nil {
				won.Add(1)
			} else if booking.CodeOf(err) != booking.CodeHoldLimit {
				return err
			}
			return nil
		})
	}
	require.NoError(c.T, group.Wait())
	return int(won.Load())
}

func (c *crowd) heldSeats() int64 {
	return c.Number(`SELECT count(*) FROM seat_claims WHERE state = 'held'`)
}

func TestFault53_HoldsAtOnceNeverExceedTheLimitOfAnAccount(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	shows := []string{c.stadium(), c.stadium(), c.stadium()}
	known, guest := c.proved(), c.Customer()
	var all, guests []booking.HoldRequest
	for i := range 50 {
		all = append(all, c.request(shows[i%3], known, "", "203.0.113.1", places(3*i, 3)...))
		guests = append(guests, c.request(shows[i%3], guest, "", "203.0.113.1", places(500+i, 1)...))
	}
	assert.Equal(t, 6, c.rush(all), "18 of 20 seats, at most 9 of one show")
	assert.EqualValues(t, 18, c.heldSeats())
	for _, show := range shows {
		assert.LessOrEqual(t, len(c.Claims(show)), 10)
	}
	assert.Equal(t, 2, c.rush(guests), "two holds of a customer who has proved no address")
}

func TestFault53_HoldsAtOnceNeverExceedTheLimitOfADevice(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	shows := []string{c.stadium(), c.stadium()}
	var all []booking.HoldRequest
	for i := range 50 { // an account each
		all = append(all, c.request(shows[i%2], c.proved(), "one browser", fmt.Sprintf("203.0.113.%d", i), places(2*i, 2)...))
	}
	assert.Equal(t, 10, c.rush(all))
	assert.EqualValues(t, 20, c.heldSeats())
	c.holds(c.request(shows[0], c.proved(), "another browser", "203.0.113.1", places(900, 2)...))
}

// Programs that make a new account for each hold, and send no device, have their network's room,
// however many ask at once.
func TestFault53_HoldsAtOnceNeverExceedTheLimitOfANetwork(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, func(l *hoarding.Limits) { l.OfNetwork, l.LeastOfNetwork = 40, 10 })
	show := c.stadium()
	var all []booking.HoldRequest
	for i := range 60 {
		all = append(all, c.request(show, c.Customer(), "", "203.0.113.1", places(2*i, 2)...))
	}
	assert.Equal(t, 20, c.rush(all))
	wait := c.refused(c.request(show, c.Customer(), "", "203.0.113.1", "Z1"), booking.CodeHoldLimit, booking.HoldsOfNetwork)
	assert.Equal(t, 2*time.Minute, wait)
	c.holds(c.request(show, c.Customer(), "", "203.0.113.2", "Z2"))

	regular := c.Customer()
	c.Exec(`INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash)
		VALUES (gen_random_uuid(), $1, $2, 'confirmed', '{Y1}', '{}', 0, 'INR', now(), '')`, regular, show)
	c.holds(c.request(show, regular, "", "203.0.113.1", "Z3"))

	// All end unpaid: a tenth is left, and it is a tenth for them all.
	c.forward(9 * time.Minute)
	c.Exec(`SELECT end_booking(id, 'expired', '') FROM bookings WHERE status = 'held'`)
	all = nil
	for i := range 60 {
		all = append(all, c.request(show, c.Customer(), "", "203.0.113.1", places(2*i, 2)...))
	}
	assert.Equal(t, 5, c.rush(all))
}

// At the start of a sale 200 visitors of one theater hold two seats each, as guests on its own
// network, and pay. None is refused, and the network keeps its room.
func TestTwoHundredPeopleBehindOneAddressAllHold(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show := c.stadium()
	for wave := range 2 {
		var all []booking.HoldRequest
		for person := range 200 {
			all = append(all, c.request(show, c.Customer(), fmt.Sprint(wave, person), "203.0.113.7", places(wave*400+2*person, 2)...))
		}
		require.Equal(t, 200, c.rush(all))
		// One in four does not pay.
		c.forward(9 * time.Minute)
		for i, req := range all {
			if i%4 == 0 {
				c.end(req.BookingID, booking.StatusExpired)
				continue
			}
			c.Exec(`UPDATE seat_claims SET held_until = now() + interval '1 minute' WHERE booking_id = $1`, req.BookingID)
			_, err := c.Confirm(t.Context(), req.BookingID)
			require.NoError(t, err)
		}
	}
}

func TestUnpaidHoldsCostMoreAndMoreTime(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show, customer := c.Show(), c.proved()
	short := func() booking.HoldRequest {
		req := c.request(show, customer, "browser", "203.0.113.1", "A1", "A2")
		req.HoldFor = 30 * time.Second
		return req
	}
	c.unpaid(short())
	c.unpaid(short())
	c.holds(short()) // two are free
	c.forward(30 * time.Second)
	c.Exec(`SELECT end_booking(id, 'expired', '') FROM bookings WHERE status = 'held'`)
	for _, want := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour} {
		wait := c.refused(short(), booking.CodeUnpaidHolds, "")
		assert.InDelta(t, want, wait, float64(3*time.Second))
		other := short()
		other.CustomerID = c.proved()
		c.refused(other, booking.CodeUnpaidHolds, "") // the browser waits, too
		c.forward(want - 10*time.Second)
		c.refused(short(), booking.CodeUnpaidHolds, "")
		c.forward(10 * time.Second)
		c.unpaid(short())
	}
	c.refused(short(), booking.CodeUnpaidHolds, "")
	c.forward(24 * time.Hour)
	c.unpaid(short()) // forgotten
	c.unpaid(short())
	c.holds(short())
}

// More time to pay is no way around: the wait is as long as the seats were kept.
func TestAWaitIsNoShorterThanTheSeatsWereKept(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show, customer := c.Show(), c.proved()
	for range 3 {
		c.unpaid(c.request(show, customer, "", "203.0.113.1", "A1"))
	}
	assert.InDelta(t, 8*time.Minute, c.refused(c.request(show, customer, "", "203.0.113.1", "A1"), booking.CodeUnpaidHolds, ""), float64(3*time.Second))
}

func TestUnpaidHoldsLeaveFewerSeats(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show, customer := c.stadium(), c.proved()
	for _, most := range []int{10, 10, 10, 10, 5, 2, 2} { // one show has ten at most
		c.holds(c.request(show, customer, "", "203.0.113.1", places(0, most)...))
		if most < 10 {
			c.refused(c.request(show, customer, "", "203.0.113.1", "B1"), booking.CodeHoldLimit, booking.HoldsSeats)
		}
		c.forward(9 * time.Minute)
		c.Exec(`SELECT end_booking(id, 'expired', '') FROM bookings WHERE status = 'held'`)
		c.forward(time.Hour)
	}
}

func TestWhatACustomerMayWhoHasProvedNoAddress(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show, guest := c.stadium(), c.Customer()
	c.refused(c.request(show, guest, "", "203.0.113.1", places(0, 7)...), booking.CodeHoldLimit, booking.HoldsConfirmEmail)
	c.holds(c.request(show, guest, "", "203.0.113.1", places(0, 3)...))
	c.holds(c.request(show, guest, "", "203.0.113.1", places(3, 2)...))
	c.refused(c.request(show, guest, "", "203.0.113.1", "B1"), booking.CodeHoldLimit, booking.HoldsOpen)
	c.Exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session) SELECT id, 'email', lower(email), true FROM accounts WHERE id = $1`, guest)
	c.holds(c.request(show, guest, "", "203.0.113.1", places(40, 5)...))
	c.refused(c.request(show, guest, "", "203.0.113.1", "C1"), booking.CodeHoldLimit, booking.HoldsOfShow)
	c.holds(c.request(c.stadium(), guest, "", "203.0.113.1", places(0, 10)...))
	c.refused(c.request(c.stadium(), guest, "", "203.0.113.1", "A1"), booking.CodeHoldLimit, booking.HoldsSeats)
}

func TestAPaidBookingForgives(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show, customer := c.Show(), c.proved()
	ask := func() booking.HoldRequest { return c.request(show, customer, "browser", "203.0.113.1", "A1") }
	for range 2 {
		c.unpaid(ask())
	}
	bought := c.request(show, customer, "browser", "203.0.113.1", "B1")
	c.holds(bought)
	_, err := c.Confirm(t.Context(), bought.BookingID)
	require.NoError(t, err)
	for range 2 {
		c.unpaid(ask())
	}
	c.holds(ask())
	// A ticket that is cancelled forgives no longer.
	require.NoError(t, c.store.Cancel(t.Context(), booking.Cancellation{BookingID: bought.BookingID}))
	c.refused(c.request(show, customer, "browser", "203.0.113.1", "A2"), booking.CodeUnpaidHolds, "")
}

// How a hold ended that was not paid, and whether it costs.
func TestWhatCountsAsUnpaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end     func(c *crowd, id, show string)
		outcome string
	}{
		"its time ran out": {func(c *crowd, id, _ string) {
			c.forward(9 * time.Minute)
			c.end(id, booking.StatusExpired)
		}, "unpaid"},
		"let go at once": {func(c *crowd, id, _ string) { c.end(id, booking.StatusCancelled) }, "let_go"},
		"let go later": {func(c *crowd, id, _ string) {
			c.forward(2 * time.Minute)
			c.end(id, booking.StatusCancelled)
		}, "unpaid"},
		"ended before its time, by a fault of ours": {func(c *crowd, id, _ string) { c.end(id, booking.StatusExpired) }, "ours"},
		"the provider opened no payment":            {func(c *crowd, id, _ string) { c.end(id, booking.StatusPaymentFailed) }, "ours"},
		"the cards were declined": {func(c *crowd, id, _ string) {
			c.Exec(`INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency) VALUES ($1, 1, 'stripe', 'pi', 'failed', 1, 'INR')`, id)
			c.end(id, booking.StatusPaymentFailed)
		}, "unpaid"},
		"the money came too late": {func(c *crowd, id, _ string) {
			c.Exec(`INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency) VALUES ($1, 'stripe', 'pi', 'authorize', 1, 1, 'INR')`, id)
			c.forward(9 * time.Minute)
			c.end(id, booking.StatusExpired)
		}, "ours"},
		"the show was cancelled": {func(c *crowd, id, show string) {
			c.forward(2 * time.Minute)
			c.Exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, show)
			c.end(id, booking.StatusCancelled)
		}, "ours"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowd(t)
			show := c.Show()
			req := c.request(show, c.Customer(), "browser", "203.0.113.1", "A1")
			c.holds(req)
			test.end(c, req.BookingID, show)
			assert.EqualValues(t, 3, c.Number(`SELECT count(*) FROM hold_records WHERE outcome = $1`, test.outcome))
			assert.EqualValues(t, 3, c.Number(`SELECT count(*) FROM hold_records`))
		})
	}
}

// Three that are let go at once count as one: otherwise one could hold the same seats for ever,
// a minute at a time.
func TestLettingGoAgainAndAgainCounts(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show, customer := c.Show(), c.proved()
	ask := func() booking.HoldRequest { return c.request(show, customer, "", "203.0.113.1", "A1") }
	for range 9 {
		req := ask()
		c.holds(req)
		c.end(req.BookingID, booking.StatusCancelled)
	}
	c.refused(ask(), booking.CodeUnpaidHolds, "")
}

// Who tries stolen cards buys a ticket with one that works. Declined payments are not forgiven
// by that.
func TestFault53_DeclinedCardsCostTheDevice(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	show := c.stadium()
	for i := range 3 {
		req := c.request(show, c.proved(), "one browser", fmt.Sprintf("203.0.113.%d", i), places(2*i, 2)...)
		c.holds(req)
		for n, said := range []string{"open", "failed", "failed", "failed", "failed"} {
			c.Exec(`SELECT record_payment($1, 1, 'stripe', $2, $3, 100, 0, 0, 0, 'INR', '', '', $4, '{"payment_opened": "", "declined": ""}')`,
				req.BookingID, req.BookingID, said, fmt.Sprint("declined ", n))
		}
		_, err := c.Confirm(t.Context(), req.BookingID)
		require.NoError(t, err)
	}
	assert.EqualValues(t, 12, c.Number(`SELECT sum(declines) FROM hold_records WHERE kind = 'device'`))
	unpaid := c.request(show, c.proved(), "one browser", "203.0.113.9", "Z1")
	c.unpaid(unpaid)
	c.refused(c.request(show, c.proved(), "one browser", "203.0.113.9", "Z1"), booking.CodeUnpaidHolds, "")
}

// Many accounts pay with one card: it buys so many seats of a show, also when all pay at once.
func TestFault53_OneCardBuysOnlySoManySeatsOfAShow(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.store = New(c.Shows, WithCardLimit(20))
	show, other := c.stadium(), c.stadium()
	card := booking.PaymentState{Provider: "stripe", Card: c.guard.CardKey("a card")}
	var sold, refused atomic.Int64
	var all errgroup.Group
	for i := range 16 {
		req := c.request(show, c.proved(), "", fmt.Sprintf("203.0.113.%d", i), places(4*i, 4)...)
		c.holds(req)
		all.Go(func() error {
			_, err := c.store.Confirm(t.Context(), req.BookingID, card)
			switch {
			case err == nil:
				sold.Add(1)
				_, err = c.store.Confirm(t.Context(), req.BookingID, card) // a repeat
			case booking.CodeOf(err) == booking.CodePaymentRefused:
				refused.Add(1)
				err = nil
			}
			return err
		})
	}
	require.NoError(t, all.Wait())
	assert.EqualValues(t, 5, sold.Load())
	assert.EqualValues(t, 11, refused.Load())
	for i, next := range []struct {
		show string
		card booking.PaymentState
	}{{other, card}, {show, booking.PaymentState{Provider: "stripe", Card: c.guard.CardKey("another")}}, {show, booking.PaymentState{Provider: "stripe"}}} {
		req := c.request(next.show, c.proved(), "", "203.0.113.99", places(1000+i, 1)...)
		c.holds(req)
		_, err := c.store.Confirm(t.Context(), req.BookingID, next.card)
		require.NoError(t, err)
	}
}

func TestARepeatOfAHoldIsNotRefused(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	req := c.request(c.stadium(), c.Customer(), "", "203.0.113.1", places(0, 6)...)
	c.holds(req)
	_, err := c.store.Hold(t.Context(), req)
	require.NoError(t, err)
	assert.EqualValues(t, 2, c.Number(`SELECT count(*) FROM hold_records`), "the account and its network, once")
}

func TestAHoldIsNotExtendedForever(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		customer func(c *crowd) string
		most     time.Duration
	}{
		"proved":     {(*crowd).proved, 90 * time.Minute},
		"not proved": {func(c *crowd) string { return c.Customer() }, 24 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowd(t)
			req := c.request(c.Show(), test.customer(c), "", "203.0.113.1", "A1")
			c.holds(req)
			var passed time.Duration
			var err error
			for range 100 {
				c.forward(7 * time.Minute)
				passed += 7 * time.Minute
				_, err = c.store.ExtendHold(t.Context(), booking.Extension{BookingID: req.BookingID, By: 8 * time.Minute, FromNow: true,
					AtMost: 90 * time.Minute, Unproved: 24 * time.Minute})
				if err != nil {
					break
				}
			}
			require.Equal(t, booking.CodeHoldNotExtendable, booking.CodeOf(err))
			assert.Equal(t, booking.ReasonLimitReached, booking.ReasonOf(err))
			var ends time.Time
			require.NoError(t, c.Pool.QueryRow(t.Context(), `SELECT hold_expires_at FROM bookings`).Scan(&ends))
			assert.InDelta(t, test.most, passed+time.Until(ends), float64(3*time.Second))
		})
	}
}

func TestWithoutRulesNothingIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.Held(h.Show(), "A1")
	assert.Zero(t, h.Number(`SELECT count(*) FROM hold_records`))
	require.NoError(t, h.store.MayHold(t.Context(), booking.HoldRequest{BookingID: uuid.NewString()}))
}
