package api

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func TestStaffListShows(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var want []string
	for day := range 5 {
		want = append(want, d.plan(t, at(day, 14), nil).ID.String())
	}
	local := func(day int) string {
		return at(day, 14).Add(5*time.Hour + 30*time.Minute).Format(time.DateOnly)
	}
	list := func(token, query string) []string {
		var ids []string
		for cursor := ""; ; {
			var got rest.Page[staff.Show]
			d.do(t, call{token: token, method: "GET", path: "/v1/admin/shows?limit=2&" + query + "&cursor=" + cursor, status: http.StatusOK}).into(t, &got)
			for _, show := range got.Items {
				ids = append(ids, show.ID.String())
			}
			if cursor = got.NextCursor; cursor == "" {
				return ids
			}
		}
	}
	everything := append([]string{d.past, d.world.show, d.closed}, want...)
	assert.Equal(t, everything, list(d.own, ""))
	assert.Equal(t, everything, list(d.support, "theater_id="+d.theater))
	assert.Equal(t, want[1:4], list(d.admin, "from="+local(1)+"&to="+local(3)+"&screen_id="+d.screen+"&movie_id="+d.movie))
	d.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, want[2])
	assert.Equal(t, want[2:3], list(d.admin, "status=cancelled"))
	assert.Empty(t, list(d.admin, "screen_id="+uuid.NewString()))
	for _, key := range []string{"2026-12-01T00:00:00+23:00", "0000-01-01T00:00:00Z", "soon"} {
		forged := base64.RawURLEncoding.EncodeToString([]byte(`{"k":"` + key + `","i":"` + uuid.NewString() + `"}`))
		d.do(t, call{token: d.admin, method: "GET", path: "/v1/admin/shows?cursor=" + forged, status: http.StatusUnprocessableEntity})
	}
	d.do(t, call{token: d.admin, method: "GET", path: "/v1/admin/shows?theater_id=lotus&from=x&status=late&cursor=y",
		status: http.StatusUnprocessableEntity, holds: []string{`"theater_id"`, `"from"`, `"status"`, `"cursor"`}})
}

func TestManagersKeepToTheirTheaters(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	show := d.plan(t, at(1, 14), nil).ID.String()
	card := d.newCard(t, "Weekend").ID.String()
	rival := d.staffOf("una", "theater_manager")
	elsewhere := uuid.NewString()
	d.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		SELECT $1, 'rose', id, 'Rose', '2 Main Street', 18.5, 73.8, 'Asia/Kolkata', 'INR' FROM cities`, elsewhere)
	d.hire(rival, elsewhere)
	for _, c := range []call{
		{method: "POST", path: "/v1/admin/shows", body: d.newShow(at(4, 14)).with(nil)},
		{method: "GET", path: "/v1/admin/shows/" + show},
		{method: "PATCH", path: "/v1/admin/shows/" + show, body: `{"captions":true}`},
		{method: "DELETE", path: "/v1/admin/shows/" + show},
		{method: "GET", path: "/v1/admin/shows?theater_id=" + d.theater},
		{method: "GET", path: "/v1/admin/shows?screen_id=" + d.screen},
		{method: "POST", path: "/v1/admin/screens/" + d.screen + "/program", body: d.week(fields{})},
		{method: "GET", path: "/v1/admin/prices?theater_id=" + d.theater},
		{method: "POST", path: "/v1/admin/prices", body: d.card("Sunday").with(nil)},
		{method: "GET", path: "/v1/admin/prices/" + card},
		{method: "PATCH", path: "/v1/admin/prices/" + card, body: `{"name":"Mine"}`},
		{method: "DELETE", path: "/v1/admin/prices/" + card},
	} {
		c.token, c.status, c.code = rival, http.StatusForbidden, "forbidden"
		d.do(t, c)
		if c.method != "GET" {
			c.token = d.support
			d.do(t, c)
		}
	}
	d.do(t, call{token: rival, method: "GET", path: "/v1/admin/shows", status: http.StatusOK, holds: []string{`"items":[]`}})
	d.do(t, call{token: rival, method: "GET", path: "/v1/admin/prices", status: http.StatusOK, holds: []string{`"items":[]`}})
}

// staffOf signs in an account with a role.
func (w *world) staffOf(name, role string) string {
	w.t.Helper()
	email := name + "@example.com"
	body := `{"email":"` + email + `","password":"long enough to pass","name":"` + name + `"}`
	w.do(w.t, call{method: "POST", path: "/v1/accounts", status: http.StatusCreated, body: body})
	w.exec(`UPDATE accounts SET role = $2 WHERE email = $1`, email, role)
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	w.do(w.t, call{method: "POST", path: "/v1/sessions", status: http.StatusCreated,
		body: `{"email":"` + email + `","password":"long enough to pass"}`}).into(w.t, &tokens)
	return tokens.AccessToken
}

// A price change does not move a show, even when the screen's cleaning time has changed
// since.
func TestCleaningTimeIsThatOfWhenTheShowWasPlanned(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.plan(t, at(1, 10), fields{"ends_at": at(1, 13)})
	d.plan(t, first.CleanAt, nil)
	d.do(t, call{token: d.own, method: "PATCH", path: "/v1/admin/screens/" + d.screen, body: `{"cleaning_minutes":60}`, status: http.StatusOK})
	var after staff.Show
	d.change(t, first.ID.String(), fields{"prices": fields{"gold": rupees(31000)}}, http.StatusOK).into(t, &after)
	assert.Equal(t, first.CleanAt, after.CleanAt)
	assert.Equal(t, int64(31000), after.Prices["gold"].Amount)
}
