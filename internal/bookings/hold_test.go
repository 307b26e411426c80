package bookings

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func TestHoldAnswersWithShowSeatsPriceAndTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	req := showstest.Request(show, h.Customer(), "C7", "A2")
	h.Exec(`UPDATE accounts SET phone = '+919800000000' WHERE id = $1`, req.CustomerID)
	h.Exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session) VALUES ($1, 'sms', '+919800000000', true)`, req.CustomerID)

	held, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, []string{"A2", "C7"}, held.Seats)
	assert.Equal(t, booking.Money{Amount: 30000 + 45000 + 2*2000 + 13500, Currency: "INR"}, held.Quote.Total)
	assert.Equal(t, "The Lamp", held.Show.MovieTitle)
	assert.Equal(t, "Orpheum", held.Show.TheaterName)
	assert.Equal(t, time.UTC, held.ExpiresAt.Location())
	assert.InDelta(t, req.HoldFor.Seconds(), held.ExpiresIn.Seconds(), 5)
	assert.Equal(t, []booking.Channel{booking.ChannelEmail, booking.ChannelSMS}, held.Channels)
	assert.Equal(t, []string{"show:" + show, "booking:" + req.BookingID}, h.Topics())
	assert.Equal(t, map[string]string{"A2": "held " + req.BookingID, "C7": "held " + req.BookingID}, h.Claims(show))
	assert.Equal(t, []booking.Channel{booking.ChannelEmail}, h.Held(show, "A1").Channels, "no phone, no SMS")
}

func TestHoldRepeatedKeepsItsPriceAndEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	req := showstest.Request(show, h.Customer(), "A1", "A2")
	first, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)

	h.Exec(`UPDATE shows SET prices = '{"silver": 99900, "gold": 99900}' WHERE id = $1`, show)
	again, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, first.Quote, again.Quote)
	assert.Equal(t, first.ExpiresAt, again.ExpiresAt)
	assert.Equal(t, first.Seats, again.Seats)
	assert.LessOrEqual(t, again.ExpiresIn, first.ExpiresIn)
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM booking_events`), "a repeat leaves no trace")
}

func TestHoldRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	h.Held(show, "C7")
	closed, cancelled, soon := h.Show(), h.Show(), h.Show()
	h.Exec(`UPDATE shows SET sales_close_at = now() - interval '1 second' WHERE id = $1`, closed)
	h.Exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, cancelled)
	h.Exec(`UPDATE shows SET sales_open_at = now() + interval '1 hour' WHERE id = $1`, soon)

	eleven := []string{"A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "B1", "B2", "B3"}
	for name, test := range map[string]struct {
		show  string
		seats []string
		code  booking.Code
		taken []string
	}{
		"one of three is taken": {show, []string{"C8", "C6", "C7"}, booking.CodeSeatsUnavailable, []string{"C7"}},
		"sales closed":          {closed, []string{"A1"}, booking.CodeShowNotOnSale, nil},
		"sales not open":        {soon, []string{"A1"}, booking.CodeShowNotOnSale, nil},
		"show cancelled":        {cancelled, []string{"A1"}, booking.CodeShowNotOnSale, nil},
		"no such show":          {uuid.NewString(), []string{"A1"}, booking.CodeValidation, nil},
		"not an id":             {"seven", []string{"A1"}, booking.CodeValidation, nil},
		"no such seat":          {show, []string{"Z9"}, booking.CodeValidation, nil},
		"the same twice":        {show, []string{"A1", "A1"}, booking.CodeValidation, nil},
		"eleven":                {show, eleven, booking.CodeValidation, nil},
		"none":                  {show, nil, booking.CodeValidation, nil},
		"half a sofa":           {show, []string{"D1"}, booking.CodeValidation, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.store.Hold(t.Context(), showstest.Request(test.show, h.Customer(), test.seats...))
			assert.Equal(t, test.taken, showstest.Code(t, test.code, err).Seats)
		})
	}
	_, err := h.store.Hold(t.Context(), showstest.Request(show, uuid.NewString(), "A1"))
	showstest.Code(t, booking.CodeForbidden, err) // an erased account whose token still lives
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM bookings`), "refusals leave nothing behind")
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM seat_claims`))
}

func TestHoldIsCappedPerCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.Show(), h.Customer()
	hold := func(seat string) (string, error) {
		req := showstest.Request(show, customer, seat)
		req.MaxHolds = 2
		held, err := h.store.Hold(t.Context(), req)
		return held.BookingID, err
	}
	first, err := hold("A1")
	require.NoError(t, err)
	second, err := hold("A2")
	require.NoError(t, err)
	_, err = hold("A3")
	showstest.Code(t, booking.CodeTooManyHolds, err)

	_, err = h.Confirm(t.Context(), first)
	require.NoError(t, err)
	_, err = hold("A3")
	require.NoError(t, err, "a sold booking is no hold")
	_, err = hold("A4")
	showstest.Code(t, booking.CodeTooManyHolds, err)
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: second, Status: booking.StatusExpired}))
	_, err = hold("A4")
	require.NoError(t, err, "an ended booking is no hold")
}

// The customer's time is over, and the saga asks the provider whether they have
// paid: no other customer gets the seats meanwhile, and no one sees them as free.
func TestHoldGrace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	brief := func(seat string) booking.Held {
		req := showstest.Request(show, h.Customer(), seat)
		req.HoldFor = time.Millisecond
		held, err := h.store.Hold(t.Context(), req)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return h.Number(`SELECT count(*) FROM bookings WHERE id = $1 AND hold_expires_at < clock_timestamp()`, held.BookingID) == 1
		}, showstest.Patience, showstest.Glance)
		return held
	}
	rival := func(seat string) error {
		_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), seat))
		return err
	}

	ended, sold, abandoned := brief("A1"), brief("A2"), brief("A3")
	for _, seat := range []string{"A1", "A2", "A3"} {
		showstest.Code(t, booking.CodeSeatsUnavailable, rival(seat))
		_, err := h.store.Precheck(t.Context(), PrecheckRequest{
			CustomerID: h.Customer(), Key: "k", BookingID: uuid.NewString(), ShowID: show, Seats: []string{seat},
		})
		showstest.Code(t, booking.CodeSeatsUnavailable, err)
	}
	seen, err := h.maps.SeatMap(t.Context(), show)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1", "A2", "A3"}, seen.Held)
	assert.LessOrEqual(t, h.Number(`SELECT max(extract(epoch FROM c.held_until - b.hold_expires_at))::bigint
		FROM seat_claims c JOIN bookings b ON b.id = c.booking_id`), int64(30), "the grace has an end")

	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: ended.BookingID, Status: booking.StatusExpired}))
	require.NoError(t, rival("A1"), "the saga has ended the hold: the seat is free at once")
	_, err = h.Confirm(t.Context(), sold.BookingID)
	require.NoError(t, err, "the saga found out that it is paid")
	h.Expire(abandoned.BookingID)
	require.NoError(t, rival("A3"), "no request ended it within the grace")
	h.checkInvariants(show)
}

func TestExtendHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "A1", "A2")
	longer, err := h.store.ExtendHold(t.Context(), booking.Extension{BookingID: held.BookingID, Known: held.ExpiresAt, By: 5 * time.Minute})
	require.NoError(t, err)
	repeat, err := h.store.ExtendHold(t.Context(), booking.Extension{BookingID: held.BookingID, Known: held.ExpiresAt, By: 5 * time.Minute})
	require.NoError(t, err)
	assert.Equal(t, longer.ExpiresAt, repeat.ExpiresAt, "a repeat whose answer was lost adds nothing")
	assert.Equal(t, held.ExpiresAt.Add(5*time.Minute), longer.ExpiresAt)
	assert.EqualValues(t, 2, h.Number(`SELECT count(*) FROM seat_claims c JOIN bookings b ON b.id = c.booking_id
		WHERE c.held_until = b.hold_expires_at + interval '30 seconds'`), "the grace is as long as before")
	assert.Equal(t, held.Quote, longer.Quote)
	assert.Equal(t, held.Show, longer.Show)
	assert.Equal(t, held.Channels, longer.Channels)

	h.Expire(held.BookingID)
	h.Held(show, "A2")
	_, err = h.store.ExtendHold(t.Context(), booking.Extension{BookingID: held.BookingID, By: time.Minute})
	showstest.Code(t, booking.CodeHoldLost, err)
	_, err = h.store.ExtendHold(t.Context(), booking.Extension{BookingID: h.Sold(show, "B1").BookingID, By: time.Minute})
	showstest.Code(t, booking.CodeConflict, err)
	_, err = h.store.ExtendHold(t.Context(), booking.Extension{BookingID: uuid.NewString(), By: time.Minute})
	showstest.Code(t, booking.CodeConflict, err)
}

// What a customer asks for counts from now, and ends with the start of the show at the latest.
func TestExtendHoldFromNow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "A1", "A2")
	more := booking.Extension{BookingID: held.BookingID, Known: held.ExpiresAt, By: time.Hour, FromNow: true}
	clock := func() (now time.Time) {
		require.NoError(t, h.Pool.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&now))
		return now
	}
	before := clock()
	longer, err := h.store.ExtendHold(t.Context(), more)
	require.NoError(t, err)
	assert.WithinRange(t, longer.ExpiresAt, before.Add(time.Hour), clock().Add(time.Hour))
	assert.InDelta(t, time.Hour, longer.ExpiresIn, float64(10*time.Second))
	claims := func() int64 {
		return h.Number(`SELECT count(*) FROM seat_claims c JOIN bookings b ON b.id = c.booking_id
			WHERE c.held_until = b.hold_expires_at + interval '30 seconds' AND b.id = $1`, held.BookingID)
	}
	assert.EqualValues(t, 2, claims(), "the claims moved with it")
	repeat, err := h.store.ExtendHold(t.Context(), more)
	require.NoError(t, err)
	assert.Equal(t, longer.ExpiresAt, repeat.ExpiresAt, "a repeat whose answer was lost adds nothing")
	entries := func() int64 {
		return h.Number(`SELECT count(*) FROM booking_events WHERE event = 'hold_extended' AND booking_id = $1`, held.BookingID)
	}
	assert.EqualValues(t, 1, entries())

	more.Known, more.By = longer.ExpiresAt, time.Minute
	same, err := h.store.ExtendHold(t.Context(), more)
	require.NoError(t, err)
	assert.Equal(t, longer.ExpiresAt, same.ExpiresAt, "it never ends earlier than before")
	more.By = 365 * 24 * time.Hour
	last, err := h.store.ExtendHold(t.Context(), more)
	require.NoError(t, err)
	assert.True(t, last.ExpiresAt.Equal(held.Show.StartsAt), "%s, the show starts at %s", last.ExpiresAt, held.Show.StartsAt)
	assert.EqualValues(t, 2, claims())
	assert.EqualValues(t, 2, entries())
	h.checkInvariants(show)
}

func TestKeepHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "A1", "A2")
	require.NoError(t, h.store.KeepHold(t.Context(), held.BookingID))
	require.NoError(t, h.store.KeepHold(t.Context(), held.BookingID))
	endless := func() int64 { return h.Number(`SELECT count(*) FROM seat_claims WHERE held_until = 'infinity'`) }
	assert.EqualValues(t, 2, endless())
	_, err := h.store.ExtendHold(t.Context(), booking.Extension{BookingID: held.BookingID, By: time.Minute})
	require.NoError(t, err)
	assert.EqualValues(t, 2, endless(), "an extension does not put an end to an endless hold")
	_, err = h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	showstest.Code(t, booking.CodeConflict, h.store.KeepHold(t.Context(), held.BookingID))

	lost := h.Held(show, "B1", "B2")
	h.Expire(lost.BookingID)
	h.Held(show, "B2")
	showstest.Code(t, booking.CodeHoldLost, h.store.KeepHold(t.Context(), lost.BookingID))
	assert.Zero(t, endless(), "half a hold does not come to life again")
	h.checkInvariants(show)
}

func TestConfirmSellsOnceAndIssuesATicket(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "A1", "A2")
	h.Topics()
	confirmed, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Regexp(t, regexp.MustCompile(`^BX-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`), confirmed.TicketSerial)
	assert.Equal(t, []string{"show:" + show, "booking:" + held.BookingID}, h.Topics())
	again, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, confirmed, again)

	_, err = h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "A1"))
	showstest.Code(t, booking.CodeSeatsUnavailable, err)
	showstest.Code(t, booking.CodeConflict,
		h.store.End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusExpired}))
	_, err = h.Confirm(t.Context(), uuid.NewString())
	showstest.Code(t, booking.CodeHoldLost, err)
	h.checkInvariants(show)
}

func TestConfirmIsFencedAgainstAnOvertakenHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	late := h.Held(show, "A1", "A2")
	h.Expire(late.BookingID)
	quick := h.Held(show, "A2", "A3")
	_, err := h.Confirm(t.Context(), late.BookingID)
	showstest.Code(t, booking.CodeHoldLost, err)
	_, err = h.Confirm(t.Context(), quick.BookingID)
	require.NoError(t, err)

	unhurried := h.Held(show, "B1")
	h.Expire(unhurried.BookingID)
	_, err = h.Confirm(t.Context(), unhurried.BookingID)
	require.NoError(t, err, "expired but not overtaken: no rival has the seats, and the customer has paid")
	h.checkInvariants(show)
}

func TestEndFreesTheSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "A1")
	h.Topics()
	end := booking.Ending{BookingID: held.BookingID, Status: booking.StatusPaymentFailed, Detail: "Three cards were declined."}
	require.NoError(t, h.store.End(t.Context(), end))
	require.NoError(t, h.store.End(t.Context(), end), "a repeat changes nothing")
	assert.Contains(t, h.Topics(), "show:"+show)
	assert.Empty(t, h.Claims(show))
	end.Status = booking.StatusExpired
	showstest.Code(t, booking.CodeConflict, h.store.End(t.Context(), end))
	end.BookingID = uuid.NewString()
	require.NoError(t, h.store.End(t.Context(), end), "a hold that never came to be has nothing to undo")
}

func TestCancelFreesSeatsAndVoidsTheTicket(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	cancel := booking.Cancellation{BookingID: h.Sold(show, "A1", "A2").BookingID, Refund: booking.Money{Amount: 100, Currency: "INR"}}
	require.NoError(t, h.store.Cancel(t.Context(), cancel))
	require.NoError(t, h.store.Cancel(t.Context(), cancel), "a repeat changes nothing")
	assert.Empty(t, h.Claims(show))
	b, err := h.store.Booking(t.Context(), cancel.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusCancelled, b.Status)
	assert.NotNil(t, b.Ticket.VoidedAt)

	cancel.BookingID = h.Held(show, "A1").BookingID
	showstest.Code(t, booking.CodeNotCancellable, h.store.Cancel(t.Context(), cancel))

	cancel.BookingID = h.Sold(show, "B1").BookingID
	h.Exec(`UPDATE tickets SET scanned_at = now() WHERE booking_id = $1`, cancel.BookingID)
	showstest.Code(t, booking.CodeNotCancellable, h.store.Cancel(t.Context(), cancel))
	cancel.EvenScanned = true
	require.NoError(t, h.store.Cancel(t.Context(), cancel))
	h.checkInvariants(show)
}

func TestAlertIsRaisedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	alert := booking.Alert{BookingID: uuid.NewString(), Kind: "payment_mismatch", Detail: "USD for INR"}
	require.NoError(t, h.store.Alert(t.Context(), alert))
	require.NoError(t, h.store.Alert(t.Context(), alert))
	require.NoError(t, h.store.Alert(t.Context(), booking.Alert{Kind: "payment_mismatch", Detail: "of nobody"}))
	assert.EqualValues(t, 2, h.Number(`SELECT count(*) FROM alerts`))
}

func TestStoreRefusesInvalidIDs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.Confirm(t.Context(), "1; DROP TABLE shows")
	showstest.Code(t, booking.CodeNotFound, err)
	showstest.Code(t, booking.CodeNotFound, h.store.KeepHold(t.Context(), ""))
}
