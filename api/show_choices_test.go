package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/workflows"
)

// choose is the workflow's part of a choice.
func (f *fakeSaga) choose(ctx context.Context, b booking.Booking, d workflows.ChangeDecision, r *run) error {
	done, err := f.showChanges.Choose(ctx, booking.Choice{
		BookingID: b.ID, ChangeID: d.ChangeID, Choice: d.Choice, ShowID: d.ShowID, Seats: d.Seats})
	if err != nil {
		return err
	}
	if d.Choice == booking.ChoiceRefund {
		return f.cancel(ctx, b, r, booking.FullRefund(b.Quote))
	}
	if done.GivenBack.Amount == 0 {
		return nil
	}
	state, err := f.provider.Refund(ctx, booking.MoneyStep{
		BookingID: b.ID, Provider: "stripe", Reference: b.Payment.Reference, Amount: done.GivenBack, Key: b.ID + "-back"})
	if err != nil {
		return err
	}
	return f.books.Record(ctx, state)
}

// move is a show that a moved booking can go to.
type move struct {
	Show struct {
		ID string `json:"id"`
	} `json:"show"`
	Seats     []string      `json:"seats"`
	Total     booking.Money `json:"total"`
	ComesBack booking.Money `json:"comes_back"`
}

// layoutOf gives the layout of the world's show again, with all seats of one category.
func (w *world) layoutOf(category string) string {
	w.t.Helper()
	id := uuid.NewString()
	w.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity)
		SELECT $1, l.screen_id, 2, replace(l.layout::text, '"gold"', to_json($2::text)::text)::jsonb, l.capacity
		FROM layouts l JOIN shows s ON s.layout_id = l.id WHERE s.id = $3`, id, category, w.show)
	return id
}

// moveShow moves the world's show by a day, and tells a booking.
func (w *world) moveShow(bookingID, decideIn string) (changeID string) {
	w.t.Helper()
	changeID = uuid.NewString()
	w.exec(`INSERT INTO show_changes (id, show_id, kind, reason, old_starts_at, new_starts_at, decide_by, default_choice, requested_by)
		SELECT $1, s.id, 'rescheduled', 'A late print.', s.starts_at, s.starts_at + interval '1 day',
			clock_timestamp() + $3::interval, 'keep', $4
		FROM shows s JOIN bookings b ON b.show_id = s.id WHERE b.id = $2`, changeID, bookingID, decideIn, uuid.New())
	w.exec(`UPDATE shows s SET starts_at = s.starts_at + interval '1 day', ends_at = s.ends_at + interval '1 day'
		FROM bookings b WHERE b.show_id = s.id AND b.id = $1`, bookingID)
	w.exec(`INSERT INTO show_change_bookings (change_id, booking_id) VALUES ($1, $2)`, changeID, bookingID)
	return changeID
}

// otherShow puts another show of the movie on sale.
func (w *world) otherShow(price int) string {
	w.t.Helper()
	id, screen := uuid.NewString(), uuid.NewString()
	w.exec(`INSERT INTO screens (id, theater_id, name) SELECT $1::uuid, theater_id, $1::text FROM shows WHERE id = $2`, screen, w.show)
	w.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
		SELECT $1, movie_id, theater_id, $2, layout_id, starts_at + interval '5 hours', ends_at + interval '5 hours', format, language,
			sales_open_at, sales_close_at, currency, jsonb_build_object('gold', $4::int), fee_per_seat, tax_basis_points
		FROM shows WHERE id = $3`, id, screen, w.show, price)
	return id
}

func (w *world) changeCall(token, method, bookingID, body string, status int) call {
	return call{token: token, method: method, path: "/v1/bookings/" + bookingID + "/change", body: body, status: status}
}

func refused(c call, code string) call {
	c.code = code
	return c
}

func moveBody(show string, seatNames ...string) string {
	body, _ := json.Marshal(map[string]any{"choice": "move", "show_id": show, "seats": seatNames})
	return string(body)
}

func TestChangeOfABooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	w.do(t, refused(w.changeCall(w.customer, "GET", b.ID, "", http.StatusNotFound), "not_found"))
	w.do(t, refused(w.changeCall(w.customer, "POST", b.ID, `{"choice":"keep"}`, http.StatusNotFound), "not_found"))
	id, other := w.moveShow(b.ID, "1 day"), w.otherShow(45000)

	var change showchanges.BookingChange
	w.do(t, w.changeCall(w.customer, "GET", b.ID, "", http.StatusOK)).into(t, &change)
	assert.Equal(t, id, change.ID)
	assert.True(t, change.Open)
	assert.Equal(t, booking.ChoiceKeep, change.Default)
	require.Len(t, change.Alternatives, 1)
	assert.Equal(t, other, change.Alternatives[0].ID)
	assert.True(t, strings.HasPrefix(change.NewLocalTime, "20"), change.NewLocalTime)

	// Within the window all of it would come back, fees included.
	var quote booking.CancellationQuote
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID + "/cancellation-quote", status: http.StatusOK}).into(t, &quote)
	assert.Equal(t, b.Quote.Total, quote.Refund)
	assert.Equal(t, *change.DecideBy, quote.Until)

	for name, c := range map[string]call{
		"another customer": refused(w.changeCall(w.other, "POST", b.ID, `{"choice":"keep"}`, http.StatusNotFound), "not_found"),
		"no token":         refused(w.changeCall("", "POST", b.ID, `{"choice":"keep"}`, http.StatusUnauthorized), "unauthenticated"),
		"nothing":          refused(w.changeCall(w.customer, "POST", b.ID, `{}`, http.StatusUnprocessableEntity), "validation_failed"),
		"no seats":         refused(w.changeCall(w.customer, "POST", b.ID, `{"choice":"move"}`, http.StatusUnprocessableEntity), "validation_failed"),
		"too much":         refused(w.changeCall(w.customer, "POST", b.ID, `{"choice":"keep","seats":["A1"]}`, http.StatusUnprocessableEntity), "validation_failed"),
		"unknown":          refused(w.changeCall(w.customer, "POST", b.ID, `{"choice":"keep","price":1}`, http.StatusBadRequest), "malformed_request"),
		"no such show":     refused(w.changeCall(w.customer, "POST", b.ID, moveBody(uuid.NewString(), "A01", "A02"), http.StatusUnprocessableEntity), "validation_failed"),
		"no such seat":     refused(w.changeCall(w.customer, "POST", b.ID, moveBody(other, "A01", "Z99"), http.StatusUnprocessableEntity), "validation_failed"),
		"fewer seats":      refused(w.changeCall(w.customer, "POST", b.ID, moveBody(other, "A01"), http.StatusUnprocessableEntity), "validation_failed"),
		"the same show":    refused(w.changeCall(w.customer, "POST", b.ID, moveBody(w.show, "A03", "A04"), http.StatusUnprocessableEntity), "validation_failed"),
		"not on sale":      refused(w.changeCall(w.customer, "POST", b.ID, moveBody(w.closed, "A01", "A02"), http.StatusConflict), "show_not_on_sale"),
	} {
		t.Run(name, func(t *testing.T) { w.do(t, c) })
	}

	kept := w.do(t, w.changeCall(w.customer, "POST", b.ID, `{"choice":"keep"}`, http.StatusOK)).booking(t)
	assert.Equal(t, booking.StatusConfirmed, kept.Status)
	assert.Equal(t, booking.EventChosen, kept.Timeline[len(kept.Timeline)-1].Event)
	again := w.do(t, w.changeCall(w.customer, "POST", b.ID, `{"choice":"keep"}`, http.StatusOK)).booking(t)
	assert.Equal(t, kept, again)
	w.do(t, refused(w.changeCall(w.customer, "POST", b.ID, `{"choice":"refund"}`, http.StatusConflict), "choice_closed"))
	w.do(t, w.changeCall(w.customer, "GET", b.ID, "", http.StatusOK)).into(t, &change)
	assert.False(t, change.Open)
	assert.Equal(t, booking.ChoiceKeep, change.Choice)
}

// Each show is offered with seats that the choice then takes: never one where all seats
// cost more than was paid.
func TestMovesThatAreOfferedAreAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	w.moveShow(b.ID, "1 day")
	dearer := w.otherShow(90000) // the same category: it keeps the old price
	cheaper := w.otherShow(40000)
	lounge := w.otherShow(0)
	w.exec(`UPDATE shows SET prices = '{"recliner": 95000}', layout_id = $2 WHERE id = $1`, lounge, w.layoutOf("recliner"))

	read := func() map[string]move {
		var change struct {
			Alternatives []booking.ShowSummary `json:"alternatives"`
			Moves        []move                `json:"moves"`
		}
		w.do(t, w.changeCall(w.customer, "GET", b.ID, "", http.StatusOK)).into(t, &change)
		require.NotNil(t, change.Moves)
		found := map[string]move{}
		for _, m := range change.Moves {
			found[m.Show.ID] = m
		}
		return found
	}
	moves := read()
	assert.Len(t, moves, 2)
	assert.NotContains(t, moves, lounge, "its seats cost more")
	for _, id := range []string{dearer, cheaper} {
		require.Contains(t, moves, id)
		assert.Len(t, moves[id].Seats, 2)
		assert.Equal(t, b.Quote.Total.Amount, moves[id].Total.Amount+moves[id].ComesBack.Amount)
	}
	assert.Zero(t, moves[dearer].ComesBack.Amount)
	assert.Positive(t, moves[cheaper].ComesBack.Amount)

	chosen := moves[cheaper]
	after := w.do(t, w.changeCall(w.customer, "POST", b.ID, moveBody(cheaper, chosen.Seats...), http.StatusOK)).booking(t)
	assert.Equal(t, cheaper, after.Show.ID)
	assert.Equal(t, chosen.Seats, after.Seats)
	assert.Equal(t, chosen.Total, after.Quote.Total)
	assert.Empty(t, read(), "the choice is made")
}

// Bookings are notified one after the other. The full refund of a cancellation does not
// wait for that.
func TestQuoteBeforeTheBookingIsTold(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]string{
		"moved":     `DELETE FROM show_change_bookings`,
		"cancelled": `UPDATE shows SET status = 'cancelled'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.bought(t, w.customer, "k", "A01")
			if name == "moved" {
				w.moveShow(b.ID, "1 day")
			}
			w.exec(happens)
			var quote booking.CancellationQuote
			w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID + "/cancellation-quote", status: http.StatusOK}).into(t, &quote)
			assert.Equal(t, b.Quote.Total, quote.Refund)
		})
	}
}

func TestMovedCustomerTakesTheMoney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	w.moveShow(b.ID, "1 day")
	for range 2 { // the second is a repeat whose workflow is over
		after := w.do(t, w.changeCall(w.customer, "POST", b.ID, `{"choice":"refund"}`, http.StatusOK)).booking(t)
		assert.Equal(t, booking.StatusCancelled, after.Status)
		require.NotNil(t, after.Refund)
		assert.Equal(t, b.Quote.Total, after.Refund.Amount)
		assert.Equal(t, booking.MovementDone, after.Refund.Status)
	}
	w.do(t, refused(w.changeCall(w.customer, "POST", b.ID, `{"choice":"keep"}`, http.StatusConflict), "choice_closed"))
}

func TestMovedCustomerIsLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	w.moveShow(b.ID, "-1 second")
	for _, body := range []string{`{"choice":"keep"}`, `{"choice":"refund"}`, moveBody(w.otherShow(45000), "A01", "A02")} {
		w.do(t, refused(w.changeCall(w.customer, "POST", b.ID, body, http.StatusConflict), "choice_closed"))
	}
}

// The booking's workflow was terminated: the choice still counts.
func TestChoiceWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	w.saga.run(b.ID).ended.Store(true)
	w.moveShow(b.ID, "1 day")
	other := w.otherShow(45000)
	for range 2 {
		after := w.do(t, w.changeCall(w.customer, "POST", b.ID, moveBody(other, "B02", "B01"), http.StatusOK)).booking(t)
		assert.Equal(t, other, after.Show.ID)
	}
	w.do(t, refused(w.changeCall(w.customer, "POST", b.ID, moveBody(other, "B03", "B04"), http.StatusConflict), "choice_closed"))
}

// The ticket in all its forms is that of the other show, and the old one is worth
// nothing.
func TestMovedTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	read := func(extension string) string {
		return string(w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID + "/ticket" + extension, status: http.StatusOK}).body)
	}
	before, calendar := read(""), read(".ics")
	w.moveShow(b.ID, "1 day")
	var ticket ticketDocument
	require.NoError(t, json.Unmarshal([]byte(read("")), &ticket))
	claims, err := w.options.Bookings.Tickets.Verify(ticket.QR)
	require.NoError(t, err)
	assert.Equal(t, b.Show.StartsAt.Add(24*3600e9).Unix(), claims.StartsAt.Unix(), "the new time of the same show")
	assert.Equal(t, b.Ticket.Serial, claims.Serial, "which the ticket stays valid for")
	moved := read(".ics")
	assert.Greater(t, sequenceOf(t, moved), sequenceOf(t, calendar), "a calendar takes the later entry")
	assert.Contains(t, moved, "DTSTART:"+ticket.Show.StartsAt.Format("20060102T150405Z"))

	other := w.otherShow(40000)
	after := w.do(t, w.changeCall(w.customer, "POST", b.ID, moveBody(other, "B03", "B04"), http.StatusOK)).booking(t)
	assert.Equal(t, other, after.Show.ID)
	assert.Equal(t, []string{"B03", "B04"}, after.Seats)
	assert.Equal(t, int64(2*(40000+2000)+14400), after.Quote.Total.Amount)
	require.NotNil(t, after.Refund)
	assert.Equal(t, b.Quote.Total.Amount-after.Quote.Total.Amount, after.Refund.Amount.Amount)
	assert.Equal(t, booking.MovementDone, after.Refund.Status)
	require.NoError(t, json.Unmarshal([]byte(read("")), &ticket))
	claims, err = w.options.Bookings.Tickets.Verify(ticket.QR)
	require.NoError(t, err)
	assert.Equal(t, other, claims.ShowID)
	assert.Equal(t, []string{"B03", "B04"}, claims.Seats)
	assert.NotEqual(t, b.Ticket.Serial, claims.Serial, "a copy of the old ticket is known by its serial")
	assert.NotContains(t, before, claims.Serial)
	assert.Greater(t, sequenceOf(t, read(".ics")), sequenceOf(t, moved))
	assert.Contains(t, read(".ics"), "DTSTART:"+after.Show.StartsAt.Format("20060102T150405Z"))
	assert.NotEmpty(t, read(".pdf"))

	// The customer no longer has seats in the old show.
	for show, taken := range map[string]bool{w.show: false, other: true} {
		var seatMap struct{ Sold []string }
		w.do(t, call{method: "GET", path: "/v1/shows/" + show + "/seats", status: http.StatusOK}).into(t, &seatMap)
		assert.Equal(t, taken, len(seatMap.Sold) == 2, "%v", seatMap.Sold)
	}
}

func sequenceOf(t *testing.T, calendar string) string {
	t.Helper()
	_, rest, found := strings.Cut(calendar, "SEQUENCE:")
	require.True(t, found, calendar)
	line, _, _ := strings.Cut(rest, "\r\n")
	return strings.Repeat("0", 10-len(line)) + line
}

// A customer who moves and one who books want the same seats: one gets them.
func TestMoveRacesABooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bought(t, w.customer, "k", "A01", "A02")
	w.moveShow(b.ID, "1 day")
	other := w.otherShow(45000)
	var moved, booked reply
	var both sync.WaitGroup
	both.Go(func() { moved = w.send(t, w.changeCall(w.customer, "POST", b.ID, moveBody(other, "C01", "C02"), 0)) })
	both.Go(func() {
		booked = w.send(t, call{token: w.other, method: "POST", path: "/v1/bookings", body: bookBody(other, "C02", "C03"),
			headers: map[string]string{"Idempotency-Key": "race"}})
	})
	both.Wait()
	got := []int{moved.status, booked.status}
	assert.Contains(t, [][]int{{http.StatusOK, http.StatusConflict}, {http.StatusConflict, http.StatusCreated}}, got, "%s %s", moved.body, booked.body)
	if moved.status == http.StatusConflict {
		var p rest.Problem
		moved.into(t, &p)
		assert.Equal(t, booking.CodeSeatsUnavailable, p.Code)
		assert.Equal(t, []string{"C02"}, p.Seats)
		// The failed requests stored no choice.
		w.do(t, w.changeCall(w.customer, "POST", b.ID, moveBody(other, "C04", "C05"), http.StatusOK))
	}
}

// Scenario 9, as the customer sees it: the hold is over and says why, and the seats are
// free.
func TestFault9_HoldOfACancelledShowIsReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01", "A02")
	w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, w.show)
	require.NoError(t, w.options.Bookings.Bookings.End(t.Context(), booking.Ending{
		BookingID: b.ID, Status: booking.StatusCancelled, Detail: "The theater cancelled the show."}))
	after := w.do(t, call{token: w.customer, method: "GET", path: "/v1/bookings/" + b.ID, status: http.StatusOK}).booking(t)
	assert.Equal(t, booking.StatusCancelled, after.Status)
	last := after.Timeline[len(after.Timeline)-1]
	assert.Equal(t, booking.EventCancelled, last.Event)
	assert.Equal(t, "The theater cancelled the show.", last.Detail)
	var seatMap struct{ Held, Sold []string }
	w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/seats", status: http.StatusOK}).into(t, &seatMap)
	assert.Empty(t, append(seatMap.Held, seatMap.Sold...))
	w.do(t, call{token: w.other, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A01"),
		headers: map[string]string{"Idempotency-Key": "k"}, status: http.StatusConflict, code: "show_not_on_sale"})
}
