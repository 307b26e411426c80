package bookings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

var _ activities.HouseOrders = (*Store)(nil)

// remoteShow is a show that the theater's own system sells.
func (h *house) remoteShow() string {
	h.T.Helper()
	show := h.Show()
	h.Exec(`INSERT INTO houses (theater_id, adapter, address) VALUES ($1, 'session', 'http://127.0.0.1') ON CONFLICT DO NOTHING`, h.Theater)
	h.Exec(`INSERT INTO house_shows (show_id, theater_id, external_id, seats, categories)
		SELECT $1::uuid, $2, $1::text, jsonb_object_agg(seat, '1/' || seat), '{"silver": "S", "gold": "G"}'
		FROM unnest('{A1,A2,A3,A4,C1,C2}'::text[]) seat`, show, h.Theater)
	return show
}

func (h *house) order(held booking.Held) booking.HouseOrder {
	h.T.Helper()
	require.NotNil(h.T, held.House)
	return booking.HouseOrder{BookingID: held.BookingID, Attempt: 1, Terms: *held.House, Reference: "R-" + held.BookingID[:8]}
}

func (h *house) claims(show string) (held, sold []string) {
	h.T.Helper()
	seats, err := h.maps.SeatMap(h.T.Context(), show)
	require.NoError(h.T, err)
	return seats.Held, seats.Sold
}

func TestAHoldNamesItsSeatsInTheTheatersWords(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	held := h.Held(show, "A1", "C2")
	assert.Equal(t, &booking.HouseTerms{TheaterID: h.Theater, Adapter: "session", Show: show, Seats: []booking.HouseSeat{
		{Seat: "A1", Address: "1/A1", Category: "S", Price: booking.Money{Amount: 30_000, Currency: "INR"}},
		{Seat: "C2", Address: "1/C2", Category: "G", Price: booking.Money{Amount: 45_000, Currency: "INR"}},
	}}, held.House)
	assert.Equal(t, booking.Money{Amount: 75_000, Currency: "INR"}, held.House.Total(), "our fees and taxes are not the theater's")
	assert.Nil(t, h.Held(h.Show(), "A1").House, "seats that are ours to sell")

	_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "B1"))
	showstest.Code(t, booking.CodeShowNotOnSale, err) // it has no place there
}

// A worker that died asks again for a hold that is there, and the theater has changed its
// prices meanwhile. Customer and theater agree on the price of before.
func TestARepeatedHoldKeepsItsPriceAtTheTheater(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	req := showstest.Request(show, h.Customer(), "A1", "A2")
	first, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	for _, asked := range []bool{false, true} {
		if asked {
			_, err := h.store.HouseHeld(t.Context(), h.order(first), time.Minute)
			require.NoError(t, err)
		}
		h.Exec(`UPDATE shows SET prices = jsonb_set(prices, '{silver}', to_jsonb((prices->>'silver')::int + 5000)) WHERE id = $1`, show)
		h.reconnect(h.Pool)
		again, err := h.store.Hold(t.Context(), req)
		require.NoError(t, err)
		assert.Equal(t, first.Quote, again.Quote)
		assert.Equal(t, first.House, again.House)
		assert.Equal(t, booking.Money{Amount: 60_000, Currency: "INR"}, again.House.Total())
	}
	assert.Equal(t, booking.Money{Amount: 40_000, Currency: "INR"}, h.Held(show, "A3").House.Total(), "a new hold is at the new price")
}

func TestAPausedTheaterSellsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	kept := h.Held(show, "A1")
	h.Exec(`UPDATE houses SET paused_at = now(), paused_reason = 'Its server is being replaced.'`)
	_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "A2"))
	assert.Equal(t, booking.ReasonTheaterPaused, showstest.Code(t, booking.CodeShowNotOnSale, err).Reason)
	seats, err := h.maps.SeatMap(t.Context(), show)
	require.NoError(t, err)
	assert.False(t, seats.OnSale)

	// A booking under way goes on.
	require.NoError(t, h.store.HouseAsked(t.Context(), h.order(kept)))
	_, err = h.Confirm(t.Context(), kept.BookingID)
	require.NoError(t, err)
	h.Exec(`UPDATE houses SET paused_at = NULL`)
	h.Held(show, "A2")
	h.Exec(`UPDATE house_shows SET unsellable = 'Its program names a seat twice.'`)
	_, err = h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "A3"))
	showstest.Code(t, booking.CodeShowNotOnSale, err)
}

func TestOurHoldEndsBeforeTheTheaters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	held := h.Held(show, "A1")
	after, err := h.store.HouseHeld(t.Context(), h.order(held), time.Hour)
	require.NoError(t, err)
	assert.WithinDuration(t, held.ExpiresAt, after.ExpiresAt, 0, "never later")

	after, err = h.store.HouseHeld(t.Context(), h.order(held), time.Minute)
	require.NoError(t, err)
	assert.InDelta(t, time.Minute, after.ExpiresIn, float64(5*time.Second))
	again, err := h.store.HouseHeld(t.Context(), h.order(held), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, after.ExpiresAt, again.ExpiresAt, "a repeat changes nothing")
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM seat_claims c JOIN bookings b ON b.id = c.booking_id
		WHERE b.id = $1 AND c.held_until = b.hold_expires_at + interval '30 seconds'`, held.BookingID), "the grace stays")

	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusExpired}))
	_, err = h.store.HouseHeld(t.Context(), h.order(held), time.Minute)
	showstest.Code(t, booking.CodeHoldLost, err)
}

func TestSeatsStayUntilTheTheaterHasDecided(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	held := h.Held(show, "A1", "A2")
	order := h.order(held)
	for range 2 {
		require.NoError(t, h.store.HouseAsked(t.Context(), order))
	}
	assert.EqualValues(t, 2, h.Number(`SELECT count(*) FROM seat_claims WHERE booking_id = $1 AND held_until = 'infinity'`, held.BookingID))

	sale := booking.HouseSale{Reference: "R-1", Number: "W77", Codes: map[string]string{"A1": "111", "A2": "222"}}
	require.NoError(t, h.store.HouseSold(t.Context(), order, sale))
	require.NoError(t, h.store.HouseUndone(t.Context(), held.BookingID))
	assert.Zero(t, h.Number(`SELECT count(*) FROM alerts`), "the customer has no ticket")
	before, err := h.store.Booking(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Nil(t, before.Ticket, "the codes are no ticket before the sale here")
	_, err = h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	require.NoError(t, h.store.HouseAsked(t.Context(), order), "a repeat after the sale")
	for range 2 {
		require.NoError(t, h.store.HouseUndone(t.Context(), held.BookingID))
	}
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM alerts WHERE booking_id = $1 AND kind = 'house_sale_missing' AND detail LIKE '%W77%'`, held.BookingID))
	sold, err := h.store.Booking(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, "W77", sold.Ticket.TheaterNumber)
	assert.Equal(t, sale.Codes, sold.Ticket.TheaterCodes)

	// The order keeps its words when the layout changes, and tells them to a later workflow.
	h.Exec(`UPDATE house_shows SET seats = '{}'`)
	h.reconnect(h.Pool)
	standing, err := h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, &order.Terms, standing.Held.House)
	assert.Equal(t, "R-1", standing.HouseReference)
	h.checkInvariants(show)

	lost := h.Held(h.remoteShow(), "A1")
	h.Exec(`DELETE FROM seat_claims WHERE booking_id = $1`, lost.BookingID)
	showstest.Code(t, booking.CodeHoldLost, h.store.HouseAsked(t.Context(), h.order(lost)))
}

// A seat may lose its place at the theater before the order is in our books. The booking can be
// read and ended even so.
func TestABookingWhoseSeatsHaveNoPlaceAtTheTheater(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	held := h.Held(show, "A1", "A2")
	read := func() booking.Booking {
		t.Helper()
		h.reconnect(h.Pool) // it knows the new terms
		b, err := h.store.Booking(t.Context(), held.BookingID)
		require.NoError(t, err)
		return b
	}
	assert.Equal(t, held.House, &read().House.Terms)
	h.Exec(`INSERT INTO house_allotments (show_id, seat) VALUES ($1, 'A1')`, show)
	assert.Nil(t, read().House, "two places decide about its seats")
	h.Exec(`DELETE FROM house_allotments`)
	h.Exec(`UPDATE house_shows SET seats = seats - 'A2'`)
	assert.Nil(t, read().House)
	standing, err := h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Nil(t, standing.Held.House)
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusExpired}))
	h.checkInvariants(show)
}

func TestSeatsOfTheTheaterDoNotBecomeFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	gone := h.Held(show, "A1", "A2")
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: gone.BookingID, Status: booking.StatusExpired, HouseSold: []string{"A1"}}))
	held, sold := h.claims(show)
	assert.Empty(t, held)
	assert.Equal(t, []string{"A1"}, sold)

	doubtful := h.Held(show, "A3", "A4")
	order := h.order(doubtful)
	end := booking.Ending{BookingID: doubtful.BookingID, Status: booking.StatusExpired, HouseKeeps: time.Hour}
	require.NoError(t, h.store.End(t.Context(), end))
	require.NoError(t, h.store.End(t.Context(), end), "a repeat")
	held, _ = h.claims(show)
	assert.Equal(t, []string{"A3", "A4"}, held)
	_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "A3"))
	showstest.Code(t, booking.CodeSeatsUnavailable, err)

	for range 2 {
		require.NoError(t, h.store.HouseLeft(t.Context(), order))
	}
	held, sold = h.claims(show)
	assert.Empty(t, held)
	assert.Equal(t, []string{"A1"}, sold, "what the theater sold stays sold")
	h.Held(show, "A3")
	h.checkInvariants(show)

	asked := h.Held(show, "A4")
	require.NoError(t, h.store.HouseLeft(t.Context(), h.order(asked)), "the theater answers before the booking ends here")
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: asked.BookingID, Status: booking.StatusExpired, HouseKeeps: time.Hour}))
	h.Held(show, "A4")
}

func TestTheTheatersAllotmentIsSoldOnItsOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.remoteShow()
	h.Exec(`INSERT INTO house_allotments (show_id, seat) VALUES ($1, 'A1'), ($1, 'A2')`, show)
	_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "A2", "A3"))
	showstest.Code(t, booking.CodeValidation, err)
	assert.True(t, h.Held(show, "A1", "A2").House.Allotted)
	assert.False(t, h.Held(show, "A3").House.Allotted)
}

func TestACancellationThatWaitsForTheTheaterIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	sold := h.Sold(h.remoteShow(), "A1")
	for range 2 {
		require.NoError(t, h.store.CancelAsked(t.Context(), sold.BookingID))
	}
	b, err := h.store.Booking(t.Context(), sold.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.EventCancelAsked, b.Timeline[len(b.Timeline)-1].Event)
	assert.Equal(t, booking.StatusConfirmed, b.Status)
	require.NoError(t, h.store.HouseLeft(t.Context(), h.order(booking.Held{BookingID: sold.BookingID, House: &b.House.Terms})))
}
