package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

// cancels asks to cancel a show.
func (d *desk) cancels(token, show, body string) call {
	return call{token: token, method: "POST", path: "/v1/admin/shows/" + show + "/cancel", body: body}
}

// moves asks to move a show, which starts in two days.
func (d *desk) moves(token, key string, more fields) call {
	in := fields{"starts_at": d.startOf(d.show).Add(3 * time.Hour).Format(time.RFC3339), "reason": "The film arrives late.", "default": "refund"}
	return call{token: token, method: "POST", path: "/v1/admin/shows/" + d.show + "/reschedule", body: in.with(more),
		headers: map[string]string{"Idempotency-Key": key}}
}

// startOf is when a show starts, to the minute.
func (d *desk) startOf(show string) time.Time {
	d.t.Helper()
	var at time.Time
	require.NoError(d.t, d.db.Pool.QueryRow(d.t.Context(), `SELECT starts_at FROM shows WHERE id = $1`, show).Scan(&at))
	return at.UTC().Truncate(time.Minute)
}

// shownChange is a change as staff see it.
type shownChange struct {
	booking.ShowChange
	Progress changeProgress `json:"progress"`
}

// changeProgress says how far a change has come. The counts come from the database; the
// workflow's own fields are there only when it answers.
type changeProgress struct {
	Total     int    `json:"total"`
	Told      int    `json:"told"`
	Settled   int    `json:"settled"`
	Failed    int    `json:"failed"`
	Undecided int    `json:"undecided"`
	Running   bool   `json:"running"`
	Paused    bool   `json:"paused"`
	Doing     string `json:"doing,omitempty"`
}

func (d *desk) accepted(c call) shownChange {
	d.t.Helper()
	c.status = http.StatusAccepted
	got := d.do(d.t, c)
	var change shownChange
	got.into(d.t, &change)
	assert.Equal(d.t, "/v1/admin/show-changes/"+change.ID, got.header.Get("Location"))
	return change
}

func (d *desk) refused(c call, status int, code booking.Code, fields ...string) rest.Problem {
	d.t.Helper()
	c.status, c.code = status, string(code)
	var p rest.Problem
	d.do(d.t, c).into(d.t, &p)
	var named []string
	for _, field := range p.Errors {
		named = append(named, field.Field)
	}
	assert.ElementsMatch(d.t, fields, named)
	return p
}

func TestStaffCancelAShow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.bought(t, d.customer, "k", "A01", "A02")
	d.book(t, d.other, "k", "B01")
	change := d.accepted(d.cancels(d.own, d.show, `{"reason":"A flood."}`))
	assert.Equal(t, booking.ChangeCancelled, change.Kind)
	assert.Equal(t, changeProgress{Total: 2, Running: true, Doing: "telling bookings"}, change.Progress)
	again := d.accepted(d.cancels(d.admin, d.show, `{"reason":"Another word for it."}`))
	assert.Equal(t, change.ID, again.ID, "a repeat reaches the change that is under way")
	assert.Equal(t, "A flood.", again.Reason)

	d.do(t, call{token: d.other, method: "POST", path: "/v1/bookings", body: bookBody(d.show, "C01"),
		headers: map[string]string{"Idempotency-Key": "late"}, status: http.StatusConflict, code: "show_not_on_sale"})
	d.do(t, call{token: d.support, method: "GET", path: "/v1/admin/shows/" + d.show + "/changes", status: http.StatusOK,
		holds: []string{change.ID}, lacks: []string{"next_cursor"}})
	d.do(t, call{token: d.support, method: "GET", path: "/v1/admin/audit?entity=show&entity_id=" + d.show, status: http.StatusOK,
		holds: []string{`"action":"cancel"`, "A flood."}})

	d.exec(`UPDATE show_changes SET finished_at = now()`)
	d.saga.changes.end(change.ID)
	done := d.accepted(d.cancels(d.own, d.show, `{"reason":"A flood."}`))
	assert.Equal(t, change.ID, done.ID, "a repeat is answered with what was done")
	assert.NotNil(t, done.FinishedAt)
	d.refused(call{token: d.own, method: "POST", path: "/v1/admin/show-changes/" + change.ID + "/resume"},
		http.StatusConflict, booking.CodeConflict)
}

func TestStaffMoveAShow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.bought(t, d.customer, "k", "A01")
	starts := d.startOf(d.show).Add(3 * time.Hour)
	change := d.accepted(d.moves(d.own, "k1", nil))
	assert.Equal(t, starts, *change.NewStartsAt)
	assert.WithinDuration(t, time.Now().Add(24*time.Hour), *change.DecideBy, time.Minute)
	again := d.accepted(d.moves(d.own, "k1", fields{"starts_at": starts.Format(time.RFC3339)}))
	assert.Equal(t, change.ID, again.ID)
	d.refused(d.moves(d.own, "k1", fields{"starts_at": starts.Format(time.RFC3339), "default": "keep"}),
		http.StatusUnprocessableEntity, booking.CodeKeyReused)

	// On the theater's clock, Asia/Kolkata, and to another screen.
	hall := uuid.NewString()
	d.exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1, $2, 'Hall')`, hall, d.theater)
	d.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity)
		SELECT gen_random_uuid(), $1, 1, layout, capacity FROM layouts WHERE screen_id = $2`, hall, d.screen)
	local := starts.Add(5*time.Hour + 30*time.Minute).Format("2006-01-02T15:04")
	decide := starts.Add(-time.Hour)
	second := d.accepted(d.moves(d.admin, "k2", fields{"starts_at": nil, "local_starts_at": local, "screen_id": hall,
		"decide_by": decide.Format(time.RFC3339), "ends_at": starts.Add(4 * time.Hour).Format(time.RFC3339)}))
	assert.Equal(t, starts, *second.NewStartsAt)
	assert.Equal(t, decide, *second.DecideBy)
	assert.Equal(t, starts.Add(4*time.Hour), *second.NewEndsAt)
	assert.Equal(t, hall, d.text(`SELECT screen_id FROM shows WHERE id = $1::uuid`, d.show))
	d.do(t, call{token: d.own, method: "GET", path: "/v1/admin/show-changes/" + change.ID, status: http.StatusOK, holds: []string{`"superseded":true`}})
}

// A move can have any key: the show can still be cancelled afterward.
func TestNoKeyOfAMoveStandsForTheCancellation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	moved := d.accepted(d.moves(d.own, "cancel", nil))
	cancelled := d.accepted(d.cancels(d.own, d.show, `{"reason":"A flood."}`))
	assert.NotEqual(t, moved.ID, cancelled.ID)
	assert.Equal(t, booking.ChangeCancelled, cancelled.Kind)
	assert.Equal(t, "cancelled", d.text(`SELECT status FROM shows WHERE id = $1::uuid`, d.show))
}

func TestMovesThatAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused(call{token: d.own, method: "POST", path: "/v1/admin/shows/" + d.show + "/reschedule", body: `{}`},
		http.StatusBadRequest, booking.CodeKeyMissing)
	d.refused(d.moves(d.own, "k", fields{"colour": "red"}), http.StatusBadRequest, booking.CodeMalformed, "colour")
	invalid := func(more fields, names ...string) {
		t.Helper()
		d.refused(d.moves(d.own, uuid.NewString(), more), http.StatusUnprocessableEntity, booking.CodeValidation, names...)
	}
	invalid(fields{"starts_at": "tomorrow", "reason": " ", "default": "move", "decide_by": "2026-01-01T00:00:01Z"},
		"starts_at", "reason", "default", "decide_by")
	invalid(fields{"starts_at": nil}, "starts_at")
	invalid(fields{"local_starts_at": "2026-03-29T02:30"}, "local_starts_at")
	invalid(fields{"starts_at": nil, "local_starts_at": "noon"}, "local_starts_at")
	invalid(fields{"starts_at": "2020-01-01T00:00:00Z"}, "starts_at")
	invalid(fields{"decide_by": "2020-01-01T00:00:00Z"}, "decide_by")
	invalid(fields{"screen_id": uuid.NewString()}, "screen_id")

	other := d.plan(t, at(1, 14), nil)
	clash := d.refused(d.moves(d.own, "clash", fields{"starts_at": at(1, 15).Format(time.RFC3339)}), http.StatusConflict, booking.CodeConflict)
	assert.Contains(t, clash.Detail, other.ID.String())
	d.refused(call{token: d.own, method: "POST", path: "/v1/admin/shows/" + d.past + "/cancel", body: `{"reason":"Late."}`},
		http.StatusConflict, booking.CodeConflict)
	d.refused(d.cancels(d.own, d.show, `{"reason":""}`), http.StatusUnprocessableEntity, booking.CodeValidation, "reason")
	d.refused(d.cancels(d.own, uuid.NewString(), `{"reason":"None."}`), http.StatusNotFound, booking.CodeNotFound)
	d.refused(d.cancels(d.own, "x", `{"reason":"None."}`), http.StatusNotFound, booking.CodeNotFound)
	assert.Equal(t, "0", d.text(`SELECT count(*) FROM show_changes`))
}

// A time that the theater's clock does not show is refused, and one that it shows
// twice needs its offset.
func TestFault44_MovesOnTheTheatersClock(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(`UPDATE theaters SET time_zone = 'Europe/London'`)
	year := time.Now().Year() + 1
	spring, autumn := lastSunday(year, time.March), lastSunday(year, time.October)
	refused := func(local, holds string) {
		t.Helper()
		p := d.refused(d.moves(d.own, uuid.NewString(), fields{"starts_at": nil, "local_starts_at": local}),
			http.StatusUnprocessableEntity, booking.CodeValidation, "local_starts_at")
		assert.Contains(t, p.Errors[0].Message, holds)
	}
	refused(spring.Format("2006-01-02")+"T01:30", "does not exist")
	refused(autumn.Format("2006-01-02")+"T01:30", "twice")
	change := d.accepted(d.moves(d.own, "k", fields{"starts_at": nil, "local_starts_at": autumn.Format("2006-01-02") + "T01:30+00:00"}))
	assert.Equal(t, time.Date(year, time.October, autumn.Day(), 1, 30, 0, 0, time.UTC), *change.NewStartsAt)
}

func lastSunday(year int, month time.Month) time.Time {
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
	return last.AddDate(0, 0, -int(last.Weekday()))
}

func TestChangesArePausedAndResumed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.book(t, d.customer, "k", "A01")
	change := d.accepted(d.cancels(d.own, d.show, `{"reason":"A flood."}`))
	steer := func(how string, status int) call {
		return call{token: d.own, method: "POST", path: "/v1/admin/show-changes/" + change.ID + "/" + how, status: status}
	}
	d.do(t, func() call { c := steer("pause", http.StatusOK); c.holds = []string{`"paused":true`}; return c }())
	d.do(t, func() call { c := steer("resume", http.StatusOK); c.holds = []string{`"paused":false`}; return c }())
	assert.Equal(t, "pause resume", d.text(`SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log
		WHERE entity = 'show_change' AND theater_id IS NOT NULL AND actor_role = 'theater_manager'`))

	// Its workflow is terminated: there is nothing to pause, and resuming starts it again.
	d.saga.changes.end(change.ID)
	d.do(t, call{token: d.support, method: "GET", path: "/v1/admin/show-changes/" + change.ID, status: http.StatusOK,
		holds: []string{`"running":false`, `"total":1`}})
	d.do(t, func() call { c := steer("pause", http.StatusConflict); c.code = "conflict"; return c }())
	d.do(t, func() call { c := steer("resume", http.StatusOK); c.holds = []string{`"running":true`}; return c }())
}

func TestChangesWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.saga.away.Store(true)
	d.refused(d.cancels(d.own, d.show, `{"reason":"A flood."}`), http.StatusServiceUnavailable, booking.CodeUnavailable)
	assert.Equal(t, "scheduled", d.text(`SELECT status FROM shows WHERE id = $1::uuid`, d.show))
}
