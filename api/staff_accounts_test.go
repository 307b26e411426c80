package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func (w *world) signIn(t testing.TB, email string) (tokens accounts.TokenPair) {
	t.Helper()
	w.do(t, call{method: "POST", path: "/v1/sessions", status: http.StatusCreated,
		body: `{"email":"` + email + `","password":"long enough to pass"}`}).into(t, &tokens)
	return tokens
}

func TestStaffGiveAndTakeDuties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theater := w.find(`SELECT id FROM theaters`)
	var found rest.Page[staff.Account]
	w.do(t, call{token: w.admin, method: "GET", path: "/v1/admin/accounts?email=BEN@example.com", status: http.StatusOK,
		lacks: []string{"password", "argon2"}}).into(t, &found)
	require.Len(t, found.Items, 1)
	ben := "/v1/admin/accounts/" + found.Items[0].ID.String()
	asBefore := w.signIn(t, "ben@example.com")

	tag := w.do(t, call{token: w.admin, method: "GET", path: ben, status: http.StatusOK, holds: []string{`"role":"customer"`, `"theater_ids":[]`}}).header.Get("ETag")
	w.do(t, call{token: w.admin, method: "PATCH", path: ben, body: `{"role":"theater_manager","theater_ids":["` + theater + `"]}`,
		headers: map[string]string{"If-Match": tag}, status: http.StatusOK, holds: []string{theater}})
	w.do(t, call{token: w.admin, method: "PATCH", path: ben, body: `{"role":"admin"}`,
		headers: map[string]string{"If-Match": tag}, status: http.StatusPreconditionFailed, code: "precondition_failed"})

	// The token that was handed out before says customer; what the database says counts.
	w.do(t, call{token: asBefore.AccessToken, method: "PATCH", path: "/v1/admin/theaters/" + theater, body: `{"amenities":["cafe"]}`, status: http.StatusOK})

	w.do(t, call{token: w.admin, method: "PATCH", path: ben, body: `{"theater_ids":[]}`, status: http.StatusOK, holds: []string{`"theater_ids":[]`}})
	w.do(t, call{token: w.admin, method: "PATCH", path: ben, body: `{"role":"customer"}`, status: http.StatusOK, holds: []string{`"theater_ids":[]`}})
	w.do(t, call{token: asBefore.AccessToken, method: "PATCH", path: "/v1/admin/theaters/" + theater, body: `{"amenities":[]}`, status: http.StatusForbidden, code: "forbidden"})
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + asBefore.RefreshToken + `"}`, status: http.StatusOK})
}

func TestStaffAccountRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const accounts = "/v1/admin/accounts"
	self := accounts + "/" + w.find(`SELECT id FROM accounts WHERE email = 'ada@example.com'`)
	customer := accounts + "/" + w.customerID
	for _, c := range []call{
		{name: "oneself", method: "PATCH", path: self, body: `{"role":"support"}`, status: http.StatusConflict, code: "conflict"},
		{name: "no such role", method: "PATCH", path: customer, body: `{"role":"king","theater_ids":["x"]}`, status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"role"`, `"theater_ids[0]"`}},
		{name: "no such theater", method: "PATCH", path: customer, body: `{"role":"theater_manager","theater_ids":["` + uuid.NewString() + `"]}`, status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"theater_ids[0]"`}},
		{name: "another field", method: "PATCH", path: customer, body: `{"email":"x@example.com"}`, status: http.StatusBadRequest, code: "malformed_request"},
		{name: "unknown account", method: "GET", path: accounts + "/" + uuid.NewString(), status: http.StatusNotFound, code: "not_found"},
		{name: "no id", method: "PATCH", path: accounts + "/me", body: `{}`, status: http.StatusNotFound, code: "not_found"},
		{name: "filters", method: "GET", path: accounts + "?role=king", status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"role"`}},
		{name: "limit", method: "GET", path: accounts + "?limit=x", status: http.StatusUnprocessableEntity, code: "validation_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token = w.admin
			w.do(t, c)
		})
	}
}

func TestAuditLogShowsManagersTheirOwnTheaters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.find(`SELECT id FROM theaters`)
	w.runs(own)
	amelie := w.find(`SELECT id FROM movies`)
	w.do(t, call{token: w.admin, method: "PATCH", path: "/v1/admin/movies/" + amelie, body: `{"runtime_minutes":123}`, status: http.StatusOK})
	changed := w.do(t, call{token: w.manager, method: "PATCH", path: "/v1/admin/theaters/" + own, body: `{"amenities":["cafe"]}`, status: http.StatusOK,
		headers: map[string]string{"X-Request-Id": "from-the-office"}})
	w.do(t, call{token: w.admin, method: "POST", path: "/v1/admin/theaters", status: http.StatusCreated, body: `{"city":"pune","name":"Regal","address":"9 Mall Road","lat":18.5,"lon":73.8}`})

	read := func(token, query string) (entries []audit.Item) {
		for cursor := ""; ; {
			var some rest.Page[audit.Item]
			w.do(t, call{token: token, method: "GET", path: "/v1/admin/audit?limit=2" + query + cursor, status: http.StatusOK}).into(t, &some)
			entries = append(entries, some.Items...)
			if some.NextCursor == "" {
				return entries
			}
			cursor = "&cursor=" + some.NextCursor
		}
	}
	all := read(w.admin, "")
	require.Len(t, all, 3)
	assert.Equal(t, "theater", all[0].Entity)
	assert.Equal(t, "create", all[0].Action)
	assert.Equal(t, all, read(w.support, ""))

	mine := read(w.manager, "")
	require.Len(t, mine, 1, "of one's own theaters only")
	assert.Equal(t, own, mine[0].EntityID)
	assert.Equal(t, "from-the-office", mine[0].RequestID)
	assert.JSONEq(t, string(changed.body), string(mine[0].After), "as the API shows it")
	assert.Empty(t, read(w.manager, "&theater_id="+all[0].EntityID))

	assert.Len(t, read(w.admin, "&entity=movie&entity_id="+amelie), 1)
	assert.Len(t, read(w.admin, "&actor_id="+mine[0].ActorID.String()), 1)
	assert.Len(t, read(w.admin, "&theater_id="+own), 1)
	assert.Len(t, read(w.admin, "&from=2020-01-01T00:00:00Z&to=2120-01-01T00:00:00%2B05:30"), 3)
	assert.Empty(t, read(w.admin, "&to=2020-01-01T00:00:00Z"))
	got := w.do(t, call{token: w.admin, method: "GET", path: "/v1/admin/audit?actor_id=x&theater_id=y&from=today&to=0000-01-01T00:00:00Z&cursor=z",
		status: http.StatusUnprocessableEntity, code: "validation_failed"})
	assert.Equal(t, []string{"actor_id", "theater_id", "from", "to", "cursor"}, got.refused(t))
	w.do(t, call{token: w.admin, method: "POST", path: "/v1/admin/audit", body: `{}`, status: http.StatusMethodNotAllowed, code: "method_not_allowed", without: true})
}

func TestStaffRequestsOnABookingAreAudited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theater := w.find(`SELECT id FROM theaters`)
	w.runs(theater)
	b := w.bought(t, w.customer, "audited", "A01")
	one := "/v1/admin/bookings/" + b.ID
	w.do(t, call{token: w.support, method: "POST", path: one + "/resend", body: `{"channel":"email"}`, status: http.StatusOK})
	w.do(t, call{token: w.support, method: "POST", path: one + "/extend-hold", body: `{"minutes":5}`}) // it is held no longer
	w.do(t, call{token: w.support, method: "POST", path: one + "/refund", body: `{"percent":50,"reason":"The projector failed"}`, status: http.StatusOK})
	w.do(t, call{token: w.support, method: "POST", path: one + "/refund", body: `{"percent":500,"reason":"x"}`, status: http.StatusUnprocessableEntity})

	var log rest.Page[audit.Item]
	w.do(t, call{token: w.manager, method: "GET", path: "/v1/admin/audit?entity=booking&entity_id=" + b.ID, status: http.StatusOK}).into(t, &log)
	require.Len(t, log.Items, 3, "what was refused unread is not asked")
	for i, want := range []struct{ action, after string }{
		{"refund", `{"percent":50,"reason":"The projector failed"}`},
		{"extend-hold", `{"minutes":5}`},
		{"resend", `{"channel":"email"}`},
	} {
		entry := log.Items[i]
		assert.Equal(t, want.action, entry.Action)
		assert.JSONEq(t, want.after, string(entry.After))
		assert.Equal(t, "null", string(entry.Before))
		assert.Equal(t, "support", entry.ActorRole)
		assert.Equal(t, theater, entry.TheaterID.String())
	}
}
