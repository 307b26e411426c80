package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// remote makes the show one that the theater sells from its own system.
func (w *world) remote() {
	w.t.Helper()
	w.exec(`INSERT INTO houses (theater_id, adapter, address) SELECT id, 'session', 'https://theater.example' FROM theaters`)
	w.exec(`INSERT INTO house_shows (show_id, theater_id, external_id, seats, categories)
		SELECT s.id, s.theater_id, 's1', jsonb_object_agg(seat->>'id', '1/' || (seat->>'id')), '{"gold": "G"}'
		FROM shows s JOIN layouts l ON l.id = s.layout_id, jsonb_array_elements(l.layout->'rows') AS line, jsonb_array_elements(line->'seats') AS seat
		WHERE s.id = $1 GROUP BY s.id`, w.show)
}

func TestStaffSayWhichSeatsATheaterHasGiven(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path := "/v1/shows/" + d.show + "/allotments"
	put := func(body string, status int, code string, holds ...string) reply {
		t.Helper()
		return d.do(t, call{token: d.own, method: "PUT", path: path, body: body, status: status, code: code, holds: holds})
	}
	get := func(token string, holds ...string) {
		t.Helper()
		d.do(t, call{token: token, method: "GET", path: path, status: http.StatusOK, holds: holds})
	}
	put(`{"seats":["A01"]}`, http.StatusNotFound, "not_found", "no system of its own")
	d.do(t, call{token: d.support, method: "GET", path: path, status: http.StatusNotFound, code: "not_found"})
	d.remote()
	get(d.support, `"seats":[]`)
	terms := func() string { return d.text(`SELECT terms_version FROM shows WHERE id = '` + d.show + `'`) }
	before := terms()

	put(`{}`, http.StatusUnprocessableEntity, "validation_failed", `"field":"seats"`)
	put(`{"seats":["A01","Z9"]}`, http.StatusUnprocessableEntity, "validation_failed", "no such seats: Z9.")
	assert.Equal(t, before, terms(), "what is refused changes nothing")
	put(`{"seats":["A02","A01","A02"]}`, http.StatusOK, "", `"seat":"A01"`, `"seat":"A02"`, "given_at")
	given := terms()
	assert.NotEqual(t, before, given, "a hold on the terms of before is refused")
	put(`{"seats":["A01","A02"]}`, http.StatusOK, "")
	assert.Equal(t, given, terms(), "a repeat changes nothing")
	get(d.own, `"seat":"A02"`)
	d.do(t, call{token: d.support, method: "PUT", path: path, body: `{"seats":[]}`, status: http.StatusForbidden, code: "forbidden"})

	// A booking of them is told to the theater later, so they must not go back.
	held := d.book(t, d.customer, uuid.NewString(), "A01")
	put(`{"seats":["A02"]}`, http.StatusConflict, "conflict", "Customers hold or have bought these seats of the allotment: A01.", `"seats":["A01"]`)
	d.exec(`UPDATE seat_claims SET held_until = now() - interval '1 second' WHERE booking_id = $1`, held.ID)
	put(`{"seats":["A02"]}`, http.StatusConflict, "conflict")
	put(`{"seats":["A01"]}`, http.StatusOK, "", `"seat":"A01"`)
	d.do(t, call{token: d.customer, method: "POST", path: "/v1/bookings/" + held.ID + "/cancel", status: http.StatusOK})
	put(`{"seats":[]}`, http.StatusOK, "", `"seats":[]`)

	audited := d.do(t, call{token: d.own, method: "GET", path: "/v1/admin/audit?entity=show", status: http.StatusOK,
		holds: []string{`"action":"allot"`, `"after":{"allotted":["A01","A02"]}`, `"before":{"allotted":["A01"]}`}})
	assert.NotContains(t, string(audited.body), "Z9")
}

func TestASeatThatIsNotFreeIsNotGiven(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.remote()
	put := func(body string, status int, code string, holds ...string) {
		t.Helper()
		d.do(t, call{token: d.admin, method: "PUT", path: "/v1/shows/" + d.show + "/allotments", body: body, status: status, code: code, holds: holds})
	}
	claim := func(seat, state string, until any) {
		t.Helper()
		d.exec(`INSERT INTO seat_claims (show_id, seat, booking_id, state, held_until) VALUES ($1, $2, $3, $4, now() + $5::interval)`,
			d.show, seat, uuid.Nil, state, until)
	}
	d.book(t, d.customer, uuid.NewString(), "A01")
	put(`{"seats":["A01","A05"],"kept_for_us":true}`, http.StatusConflict, "seats_unavailable", `"seats":["A01"]`, "held or sold here")
	claim("A02", "held", "1 hour") // the theater may still hold it for a booking that was let go
	put(`{"seats":["A02"],"kept_for_us":true}`, http.StatusConflict, "seats_unavailable", `"seats":["A02"]`)
	claim("A03", "held", "-1 second")
	put(`{"seats":["A03"]}`, http.StatusOK, "")

	claim("B10", "sold", nil)
	claim("B02", "sold", nil)
	put(`{"seats":["A03","B10","B02"]}`, http.StatusConflict, "seats_unavailable",
		"says that these seats are taken: B02, B10.", `"seats":["B02","B10"]`, "kept_for_us")
	put(`{"seats":["A03","B10","B02"],"kept_for_us":true}`, http.StatusOK, "", `"seat":"B02"`)
	d.book(t, d.customer, uuid.NewString(), "B02", "B10")
}
