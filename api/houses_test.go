package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/houses"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// health is how a process sees the systems of theaters.
type health struct{ ill, off string }

func (h *health) Ill(theater string) bool { return h.ill == theater }
func (h *health) Off(adapter string) bool { return h.off == adapter }

func TestStaffSetUpATheatersOwnSystem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	seen := &health{}
	d.options.Staff.HouseHealth = seen
	d.serve()
	path := "/v1/theaters/" + d.theater + "/house"
	get := func(status int, holds ...string) reply {
		t.Helper()
		return d.do(t, call{token: d.admin, method: "GET", path: path, status: status, holds: holds})
	}
	get(http.StatusNotFound, "not_found")
	body := `{"adapter":"session","address":"https://theater.example/api","credentials":{"token":"hush"},"options":{"fee_per_seat":"2000"}}`
	saved := d.do(t, call{token: d.admin, method: "PUT", path: path, body: body, status: http.StatusOK, holds: []string{`"credentials":["token"]`}})
	assert.NotContains(t, string(saved.body), "hush")
	assert.NotContains(t, string(get(http.StatusOK, `"https://theater.example/api"`).body), "hush")
	// Left out, they stay.
	d.do(t, call{token: d.admin, method: "PUT", path: path, body: `{"adapter":"session","address":"https://theater.example/v2"}`,
		status: http.StatusOK, holds: []string{`"credentials":["token"]`, `"options":{}`}})
	for _, bad := range []string{`{}`, `{"adapter":"session","address":"theater.example"}`, `{"adapter":"session","address":"https://a.example","options":{"fee_per_seat":"much"}}`} {
		d.do(t, call{token: d.admin, method: "PUT", path: path, body: bad, status: http.StatusUnprocessableEntity, code: "validation_failed"})
	}
	d.do(t, call{token: d.admin, method: "PUT", path: "/v1/theaters/" + uuid.NewString() + "/house", body: body, status: http.StatusNotFound, code: "not_found"})

	// Support stops the sale, and sees nothing of how it is reached.
	pause := func(body string, status int, holds ...string) reply {
		t.Helper()
		return d.do(t, call{token: d.support, method: "POST", path: path + "/pause", body: body, status: status, holds: holds})
	}
	pause(`{"reason":"Why not?"}`, http.StatusUnprocessableEntity, "paused")
	pause(`{"paused":true}`, http.StatusUnprocessableEntity, "reason")
	assert.NotContains(t, string(pause(`{"paused":true,"reason":"Their server is down."}`, http.StatusOK, "paused_at").body), "theater.example")
	list := func(state string, holds ...string) {
		t.Helper()
		d.do(t, call{token: d.support, method: "GET", path: "/v1/houses", status: http.StatusOK, holds: append(holds, `"state":"`+state+`"`)})
	}
	list("paused", "Their server is down.", `"program_failures":0`)
	seen.off = "session"
	list("off")
	seen.off = ""
	assert.NotContains(t, string(pause(`{"paused":false}`, http.StatusOK).body), "paused_at")
	list("sells")
	seen.ill = d.theater
	list("ill")
	d.do(t, call{token: d.support, method: "POST", path: "/v1/theaters/" + uuid.NewString() + "/house/pause", body: `{"paused":false}`,
		status: http.StatusNotFound, code: "not_found"})

	logged := d.do(t, call{token: d.admin, method: "GET", path: "/v1/admin/audit?entity=house", status: http.StatusOK,
		holds: []string{`"action":"create"`, `"action":"change"`, `"action":"pause"`, "Their server is down."}})
	assert.NotContains(t, string(logged.body), "hush")

	// An open computer in an office sends no customers elsewhere, but a sale that goes wrong stops.
	d.exec(`UPDATE sessions SET created_at = now() - interval '11 minutes'`)
	d.exec(`UPDATE session_devices SET began_at = now() - interval '11 minutes'`)
	d.do(t, call{token: d.admin, method: "PUT", path: path, body: body, status: http.StatusForbidden, code: "confirmation_needed"})
	pause(`{"paused":true,"reason":"Again."}`, http.StatusOK)
}

var _ interface {
	Ill(theaterID string) bool
	Off(adapter string) bool
} = (*houses.Registry[any, any])(nil)

// A kind of system that operators have switched off is a setting of the processes, not of the
// database. The page must say so before a customer chooses seats.
func TestAKindOfSystemThatIsOffIsPausedOnTheSeatMap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remote()
	w.exec(`INSERT INTO house_allotments (show_id, seat) VALUES ($1, 'B01')`, w.show)
	begun := call{token: w.customer, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A01"),
		headers: map[string]string{"Idempotency-Key": "begun"}, status: http.StatusCreated}
	w.do(t, begun)
	seats := func(holds ...string) reply {
		t.Helper()
		return w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/seats", status: http.StatusOK, holds: holds})
	}
	assert.NotContains(t, string(seats(`"on_sale":true`).body), "paused")

	w.restart(shows.WithSystemsOff([]string{"office", "session"}))
	seats(`"paused":true`, `"on_sale":false`)
	w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/best-seats?count=2", status: http.StatusConflict, code: "show_not_on_sale"})
	for _, seat := range []string{"A02", "B01"} { // also seats that the theater has given us
		w.do(t, call{token: w.other, method: "POST", path: "/v1/bookings", body: bookBody(w.show, seat), headers: map[string]string{"Idempotency-Key": seat},
			status: http.StatusConflict, code: "show_not_on_sale", holds: []string{`"reason":"theater_paused"`}})
	}
	w.do(t, begun) // what has begun goes on

	w.restart(shows.WithSystemsOff([]string{"office"}))
	assert.NotContains(t, string(seats(`"on_sale":true`).body), "paused")
}

// restart starts an API process, and a worker, whose shows have another setting.
func (w *world) restart(option shows.Option) {
	w.t.Helper()
	bus := cache.NewLocalBus()
	known := shows.New(w.db.Pool, bus.Publish, shows.WithCharging(stripe.Limits), option)
	feed := seatmap.NewFeed(seatmap.New(known), bus)
	w.t.Cleanup(feed.Close)
	booked := bookings.New(known)
	w.saga.bookings = booked
	w.options.Catalog.Feed, w.options.Catalog.Shows = feed, known
	w.options.Bookings.Feed, w.options.Bookings.Shows, w.options.Bookings.Bookings = feed, known, booked
	w.serve()
}
