package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// seatAccessibly gives the show on sale a hall of a wheelchair space with two
// companion seats, and four others.
func (w *world) seatAccessibly(t *testing.T) {
	t.Helper()
	layout := booking.Layout{Rows: []booking.Row{{Label: "A", Category: "gold", Seats: []booking.Seat{
		{ID: "A1", X: 1, Type: booking.SeatCompanion}, {ID: "A2", X: 2.25, Type: booking.SeatWheelchair},
		{ID: "A3", X: 3.5, Type: booking.SeatCompanion}, {ID: "A4", X: 4.5, Type: booking.SeatStandard},
		{ID: "A5", X: 5.5, Type: booking.SeatStandard}, {ID: "A6", X: 6.5, Type: booking.SeatStandard},
	}}}}
	document, err := json.Marshal(layout)
	require.NoError(t, err)
	id := uuid.New()
	w.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) SELECT $1, screen_id, 2, $2, 6 FROM shows WHERE id = $3`, id, document, w.show)
	w.exec(`UPDATE shows SET layout_id = $1 WHERE id = $2`, id, w.show)
}

func TestAccessibleSeatsAreRefusedWithoutNeedBeforeTheRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seatAccessibly(t)
	order := func(said string, names ...string) string {
		body := bookBody(w.show, names...)
		return body[:len(body)-1] + said + "}"
	}
	book := func(name, body string, status int, holds ...string) call {
		c := call{name: name, token: w.customer, method: "POST", path: "/v1/bookings", body: body, status: status, holds: holds,
			headers: map[string]string{"Idempotency-Key": uuid.NewString()}}
		if status == 422 {
			c.code = "validation_failed"
		}
		return c
	}
	for _, c := range []call{
		book("a companion seat alone", order("", "A3"), 422, `"field":"seats"`, "A3 is a companion seat. Until ", "take that space, too"),
		book("of a customer who asks", order(`,"accessible":true`, "A3", "A4"), 422, "A3 is a companion seat"),
		book("a space that no one needs", order(`,"accessible":false`, "A2"), 422, "A2 is a wheelchair space", `\"accessible\": true`),
		{name: "not a boolean", token: w.customer, method: "POST", path: "/v1/bookings", body: order(`,"accessible":"yes"`, "A2"), status: 400,
			code: "malformed_request", headers: map[string]string{"Idempotency-Key": "yes"}},
		{name: "best seats without a wheelchair", method: "GET", path: "/v1/shows/" + w.show + "/best-seats?count=3", status: 200, holds: []string{`["A4","A5","A6"]`}},
		{name: "more than there are without a wheelchair", method: "GET", path: "/v1/shows/" + w.show + "/best-seats?count=4", status: 409, code: "seats_unavailable"},
		{name: "best seats with a space", method: "GET", path: "/v1/shows/" + w.show + "/best-seats?count=2&accessible=true", status: 200, holds: []string{`"A2"`}},
	} {
		t.Run(c.name, func(t *testing.T) { w.do(t, c) })
	}
	var seatMap shows.SeatMap
	w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/seats", status: 200}).into(t, &seatMap)
	require.NotNil(t, seatMap.AccessibleUntil)

	// The field belongs to the request that an idempotency key identifies.
	key := map[string]string{"Idempotency-Key": "a-space"}
	held := w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", body: order(`,"accessible":true`, "A2", "A1"), headers: key, status: 201}).booking(t)
	assert.Equal(t, []string{"A1", "A2"}, held.Seats)
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", body: order(`,"accessible":true`, "A1", "A2"), headers: key, status: 201})
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings", body: order(`,"accessible":false`, "A1", "A2"), headers: key, status: 422, code: "idempotency_key_reused"})

	// The theater releases them earlier; then any customer may book the free ones.
	theater := w.find(`SELECT id FROM theaters`)
	w.runs(theater)
	w.do(t, call{token: w.manager, method: "PATCH", path: "/v1/admin/theaters/" + theater, body: `{"accessible_release_minutes":10081}`,
		status: 422, code: "validation_failed", holds: []string{`"accessible_release_minutes"`, "Must be from 0 to 10080"}})
	w.do(t, call{token: w.manager, method: "PATCH", path: "/v1/admin/theaters/" + theater, body: `{"accessible_release_minutes":10080}`,
		status: 200, holds: []string{`"accessible_release_minutes":10080`}})
	w.do(t, book("after the release", order(`,"accessible":false`, "A3", "A4"), 201))
	w.do(t, call{name: "best seats never offer them", method: "GET", path: "/v1/shows/" + w.show + "/best-seats?count=3", status: 409, code: "seats_unavailable"})
	require.Eventually(t, func() bool {
		var later shows.SeatMap
		w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/seats", status: 200}).into(t, &later)
		return later.AccessibleUntil.Before(*seatMap.AccessibleUntil)
	}, 10*time.Second, 20*time.Millisecond)
}

// A client that does not know the field books a wheelchair space by its name.
func TestFormerClientsBookAWheelchairSpace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seatAccessibly(t)
	w.book(t, w.customer, "by-name", "A2", "A3")
}
