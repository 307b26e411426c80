package api

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// edited makes the screen's next layout: row A becomes the front, row E goes.
func (d *desk) edited(t testing.TB) {
	t.Helper()
	var layout booking.Layout
	require.NoError(t, json.Unmarshal([]byte(d.text(`SELECT layout FROM layouts ORDER BY version DESC LIMIT 1`)), &layout))
	layout.Rows[0].Category = "front"
	layout.Rows = layout.Rows[:4]
	body, err := json.Marshal(layout)
	require.NoError(t, err)
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/screens/" + d.screen + "/layouts", body: string(body), status: http.StatusCreated})
}

var bothPrices = fields{"gold": rupees(30000), "front": rupees(10000)}

// An edit of a layout does not affect held seats: the show keeps its layout, and the held
// seats are the sold seats. Later shows sell the new layout.
func TestFault10_LayoutEditedWhileSeatsAreHeld(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.plan(t, at(1, 14), nil).ID.String()
	d.world.show = id
	held := d.book(t, d.customer, "k", "A01", "E05")
	d.edited(t)

	var before shows.SeatMap
	d.do(t, call{method: "GET", path: "/v1/shows/" + id + "/seats", status: http.StatusOK}).into(t, &before)
	require.Len(t, before.Layout.Rows, 5)
	assert.Equal(t, "gold", before.Layout.Rows[0].Category)
	assert.Equal(t, []string{"A01", "E05"}, before.Held)
	d.change(t, id, fields{"layout_version": 2, "prices": bothPrices}, http.StatusConflict, "/reschedule")

	d.pay(t, held.Payment.Reference, "pm_card_visa")
	sold := d.do(t, call{token: d.customer, method: "POST", path: "/v1/bookings/" + held.ID + "/payment/check", status: http.StatusOK}).booking(t)
	require.Equal(t, booking.StatusConfirmed, sold.Status)
	assert.Equal(t, held.Quote, sold.Quote)
	assert.Equal(t, "gold", sold.Quote.Seats[0].Category)
	d.change(t, id, fields{"layout_version": 2, "prices": bothPrices}, http.StatusConflict, "(2)")

	later := d.plan(t, at(2, 14), fields{"prices": bothPrices})
	assert.Equal(t, 2, later.Screen.LayoutVersion)
	d.world.show = later.ID.String()
	assert.EqualValues(t, "front", d.book(t, d.other, "k", "A01").Quote.Seats[0].Category)

	// No customer has a seat of this show, so it may take the edited layout, with prices
	// that fit.
	free := d.planOn(t, at(3, 14), 1)
	d.change(t, free, fields{"layout_version": 2}, http.StatusUnprocessableEntity, "The layout also has front.")
	d.change(t, free, fields{"layout_version": 2, "prices": bothPrices}, http.StatusOK, `"layout_version":2`, `"capacity":48`)
	d.world.show = free
	d.do(t, call{token: d.customer, method: "POST", path: "/v1/bookings", body: bookBody(free, "E05"), status: http.StatusUnprocessableEntity,
		headers: map[string]string{"Idempotency-Key": "gone"}, holds: []string{`no seat`}})
}

// planOn plans a show on an older version of the layout.
func (d *desk) planOn(t testing.TB, start time.Time, version int) string {
	t.Helper()
	id := d.plan(t, start, fields{"prices": bothPrices}).ID.String()
	d.change(t, id, fields{"layout_version": version, "prices": fields{"gold": rupees(30000)}}, http.StatusOK)
	return id
}

// When the layout changes during a hold, there are two outcomes: the hold stands and the
// layout stays, or the hold is made again on the new layout. A hold never has a seat of one
// layout on a show of the other.
func TestFault10_HoldAndLayoutAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.edited(t)

	t.Run("the hold is first", func(t *testing.T) {
		id := d.planOn(t, at(1, 14), 1)
		tx, err := d.db.Pool.Begin(t.Context())
		require.NoError(t, err)
		defer func() { _ = tx.Rollback(context.Background()) }() // after a commit this does nothing
		_, err = tx.Exec(t.Context(), `SELECT hold_seats($1, $2, s.id, s.terms_version, '{A01}', '8 minutes', 5, '{}', 1, 'INR', 'hash')
			FROM shows s WHERE s.id = $3`, uuid.New(), d.customerID, id)
		require.NoError(t, err)

		done := make(chan reply, 1)
		go func() {
			done <- d.send(t, call{token: d.own, method: "PATCH", path: "/v1/admin/shows/" + id,
				body: fields{"layout_version": 2, "prices": bothPrices}.with(nil)})
		}()
		d.someoneWaits(t)
		require.NoError(t, tx.Commit(t.Context()))
		got := <-done
		assert.Equal(t, http.StatusConflict, got.status, "%s", got.body)
		assert.Equal(t, "1", d.text(`SELECT l.version FROM shows s JOIN layouts l ON l.id = s.layout_id WHERE s.id = $1`, id))
	})

	t.Run("the layout is first", func(t *testing.T) {
		id := d.planOn(t, at(2, 14), 1)
		d.book(t, d.customer, "warm", "B01") // of another show: the memory of this process is awake
		d.do(t, call{method: "GET", path: "/v1/shows/" + id + "/seats", status: http.StatusOK})
		tx, err := d.db.Pool.Begin(t.Context())
		require.NoError(t, err)
		defer func() { _ = tx.Rollback(context.Background()) }()
		_, err = tx.Exec(t.Context(), `UPDATE shows SET prices = '{"gold": 30000, "front": 10000}',
			layout_id = (SELECT id FROM layouts WHERE version = 2) WHERE id = $1`, id)
		require.NoError(t, err)

		done := make(chan reply, 1)
		go func() {
			done <- d.send(t, call{token: d.other, method: "POST", path: "/v1/bookings", body: bookBody(id, "A01"),
				headers: map[string]string{"Idempotency-Key": "k"}})
		}()
		d.someoneWaits(t)
		require.NoError(t, tx.Commit(t.Context()))
		got := <-done
		require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
		seat := got.booking(t).Quote.Seats[0]
		assert.Equal(t, "front", seat.Category)
		assert.Equal(t, rupees(10000), seat.Price)
	})
}

// someoneWaits returns when a statement in this test's database waits for a lock.
func (d *desk) someoneWaits(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool {
		return d.text(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) != "0"
	}, soon, often)
}
