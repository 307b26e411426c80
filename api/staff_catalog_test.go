package api

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// hosts is a resolver without a network. Names end in their dot.
type hosts map[string]string

func (h hosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	address, known := h[host]
	if !known {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if address == "" {
		return nil, &net.DNSError{Err: "timeout", Name: host, IsTimeout: true}
	}
	return []netip.Addr{netip.MustParseAddr(address)}, nil
}

var someHosts = hosts{
	"images.example.":   "93.184.215.14",
	"videos.example.":   "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
	"inside.example.":   "10.0.0.7",
	"metadata.example.": "169.254.169.254",
	"slow.example.":     "",
}

// find reads one id.
func (w *world) find(query string, args ...any) string {
	w.t.Helper()
	var id uuid.UUID
	require.NoError(w.t, w.db.Pool.QueryRow(w.t.Context(), query, args...).Scan(&id))
	return id.String()
}

// runs lets the manager run a theater.
func (w *world) runs(theater string) {
	w.t.Helper()
	w.exec(`INSERT INTO theater_managers (account_id, theater_id) SELECT id, $1 FROM accounts WHERE email = 'tom@example.com'`, theater)
}

// refused tells a problem's fields.
func (r reply) refused(t testing.TB) (fields []string) {
	var p rest.Problem
	r.into(t, &p)
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	return fields
}

func TestStaffMovies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const movies = "/v1/admin/movies"
	got := w.do(t, call{token: w.admin, method: "POST", path: movies, status: http.StatusCreated, body: `{"title":"Dune: Part Two",
		"original_title":"Dune: Part Two","aliases":["ड्यून 2"],"release_date":"2024-03-01","runtime_minutes":166,"genres":["Drama"],
		"languages":["en","hi"],"certificate":"MPA PG-13","popularity":84.5,"synopsis":"Sand.","poster_url":"https://images.example/d.jpg",
		"trailer_url":"https://videos.example/d","credits":[{"name":"Denis Villeneuve","role":"","job":"director"}]}`})
	var dune staff.Movie
	got.into(t, &dune)
	one := movies + "/" + dune.ID.String()
	assert.Equal(t, got.header.Get("ETag"), w.do(t, call{token: w.support, method: "GET", path: one, status: http.StatusOK}).header.Get("ETag"))
	w.do(t, call{method: "GET", path: "/v1/movies/dune-part-two", status: http.StatusOK, holds: []string{"ड्यून 2", "Denis Villeneuve"}})

	changed := w.do(t, call{token: w.admin, method: "PATCH", path: one, body: `{"runtime_minutes":167,"trailer_url":""}`,
		headers: map[string]string{"If-Match": got.header.Get("ETag")}, status: http.StatusOK,
		holds: []string{`"runtime_minutes":167`, `"trailer_url":""`, `"title":"Dune: Part Two"`}})
	for _, stale := range []string{got.header.Get("ETag"), "W/" + changed.header.Get("ETag"), `"x", "y"`} {
		for _, c := range []call{{method: "PATCH", path: one, body: `{"runtime_minutes":1}`}, {method: "POST", path: one + "/retire"}} {
			c.token, c.headers, c.status, c.code = w.admin, map[string]string{"If-Match": stale}, http.StatusPreconditionFailed, "precondition_failed"
			w.do(t, c)
		}
	}
	w.do(t, call{token: w.admin, method: "PATCH", path: one, body: `{"runtime_minutes":166}`, headers: map[string]string{"If-Match": `"x", ` + changed.header.Get("ETag")}, status: http.StatusOK})
	w.do(t, call{token: w.admin, method: "PATCH", path: one, body: `{"runtime_minutes":167}`, headers: map[string]string{"If-Match": "*"}, status: http.StatusOK})

	w.do(t, call{token: w.admin, method: "POST", path: one + "/retire", status: http.StatusOK, holds: []string{`"retired_at":"20`}})
	w.do(t, call{method: "GET", path: "/v1/movies", status: http.StatusOK, lacks: []string{"dune-part-two"}})
	w.do(t, call{method: "GET", path: "/v1/movies/" + dune.ID.String(), status: http.StatusOK, holds: []string{"Dune"}})
	w.do(t, call{token: w.manager, method: "GET", path: movies + "?retired=true&q=DUNE", status: http.StatusOK, holds: []string{"dune-part-two"}, lacks: []string{"amelie"}})
	w.do(t, call{token: w.manager, method: "GET", path: movies + "?retired=false", status: http.StatusOK, holds: []string{"amelie"}, lacks: []string{"dune-part-two"}})
	w.do(t, call{token: w.admin, method: "POST", path: one + "/restore", status: http.StatusOK, holds: []string{`"retired_at":null`}})

	var first rest.Page[staff.Movie]
	w.do(t, call{token: w.support, method: "GET", path: movies + "?limit=1", status: http.StatusOK}).into(t, &first)
	require.NotEmpty(t, first.NextCursor)
	w.do(t, call{token: w.support, method: "GET", path: movies + "?limit=1&cursor=" + first.NextCursor, status: http.StatusOK, holds: []string{"dune-part-two"}, lacks: []string{"next_cursor"}})
}

func TestStaffMovieRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const movies = "/v1/admin/movies"
	amelie := movies + "/" + w.find(`SELECT id FROM movies`)
	for _, c := range []call{
		{name: "shows to come", method: "POST", path: amelie + "/retire", status: http.StatusConflict, code: "conflict", holds: []string{"2 scheduled shows"}},
		{name: "unknown fields", method: "POST", path: movies, body: `{"title":"x","year":2001,"slug":"x","credits":[{"name":"A","job":"actor","age":3}]}`,
			status: http.StatusBadRequest, code: "malformed_request", holds: []string{`"slug"`, `credits[0].age`}},
		{name: "wrong type", method: "PATCH", path: amelie, body: `{"year":"2001"}`, status: http.StatusBadRequest, code: "malformed_request", holds: []string{`"year"`}},
		{name: "no body", method: "PATCH", path: amelie, status: http.StatusBadRequest, code: "malformed_request"},
		{name: "not JSON", method: "POST", path: movies, body: `title=x`, status: http.StatusBadRequest, code: "malformed_request"},
		{name: "too large", method: "POST", path: movies, body: `{"title":"` + strings.Repeat("x", 1<<20) + `"}`, status: http.StatusRequestEntityTooLarge, code: "body_too_large"},
		{name: "all problems", method: "POST", path: movies, body: `{"title":"","year":1,"aliases":["a",""],"credits":[{"name":"A","job":"actor"},{"name":"","job":""}]}`,
			status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"title"`, `"year"`, `"aliases[1]"`, `"credits[1].name"`, `"credits[1].job"`}},
		{name: "filters", method: "GET", path: movies + "?limit=0&retired=maybe", status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"limit"`, `"retired"`}},
		{name: "cursor", method: "GET", path: movies + "?cursor=x", status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"cursor"`}},
		{name: "unknown id", method: "PATCH", path: movies + "/" + uuid.NewString(), body: `{}`, status: http.StatusNotFound, code: "not_found"},
		{name: "no id", method: "GET", path: movies + "/amelie", status: http.StatusNotFound, code: "not_found"},
		{name: "no id to retire", method: "POST", path: movies + "/amelie/retire", status: http.StatusNotFound, code: "not_found"},
		{name: "another method", method: "DELETE", path: amelie, status: http.StatusMethodNotAllowed, code: "method_not_allowed", without: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token = w.admin
			w.do(t, c)
		})
	}
}

func TestFault61_AddressesOfPostersAndTrailers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	amelie := "/v1/admin/movies/" + w.find(`SELECT id FROM movies`)
	body := func(poster, trailer string) string {
		content, err := json.Marshal(map[string]string{"poster_url": poster, "trailer_url": trailer})
		require.NoError(t, err)
		return string(content)
	}
	for _, address := range []string{
		"https://169.254.169.254/latest/meta-data/", "https://10.1.2.3/a.jpg", "https://127.0.0.1/", "https://[::1]/", "https://[fc00::1]/",
		"https://100.64.0.1/", "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.1/", "https://localhost/",
		"https://inside.example/a.jpg", "https://metadata.example/", "https://nobody.example/", "https://me:secret@images.example/a.jpg",
		"https://images.example/a.jpg#@inside.example", "http://images.example/a.jpg", "javascript:alert(1)", "https://images.example\\@127.0.0.1/",
		"https://images.example:6379/",
	} {
		got := w.do(t, call{token: w.admin, method: "PATCH", path: amelie, body: body(address, address), status: http.StatusUnprocessableEntity, code: "validation_failed"})
		assert.Equal(t, []string{"trailer_url", "poster_url"}, got.refused(t), address)
	}
	w.do(t, call{token: w.admin, method: "PATCH", path: amelie, body: body("https://slow.example/", ""), status: http.StatusServiceUnavailable, code: "unavailable"})
	w.do(t, call{token: w.admin, method: "GET", path: amelie, status: http.StatusOK, holds: []string{`"poster_url":""`, `"trailer_url":""`}})
	w.do(t, call{token: w.admin, method: "PATCH", path: amelie, body: body("https://IMAGES.example./a.jpg", "https://videos.example/t?v=1"), status: http.StatusOK,
		holds: []string{`"poster_url":"https://images.example/a.jpg"`, `"trailer_url":"https://videos.example/t?v=1"`}})
}

// The stored value is plain text. Each output format escapes its own special characters;
// here the format is JSON.
func TestFault62_HostileNamesAndTitles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theater := w.find(`SELECT id FROM theaters`)
	w.runs(theater)
	body := func(values map[string]any) string {
		content, err := json.Marshal(values)
		require.NoError(t, err)
		return string(content)
	}
	stored := []string{
		`=HYPERLINK("https://evil.example","click")`, `@SUM(1+1)*cmd|' /C calc'!A0`, `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`,
		`'; DROP TABLE movies; --`, `{{7*7}} ${7*7} %s %n`, "עברית", "مرحبا", "नमस्ते", "क्\u200dष", "👩\u200d👩\u200d👧",
	}
	for _, title := range stored {
		got := w.do(t, call{token: w.admin, method: "POST", path: "/v1/admin/movies", status: http.StatusCreated,
			body: body(map[string]any{"title": "  " + title + " ", "year": 2001, "credits": []map[string]string{{"name": title, "role": title, "job": "actor"}}})})
		var movie staff.Movie
		got.into(t, &movie)
		assert.Equal(t, title, movie.Title, "trimmed and otherwise as it was")
		assert.Equal(t, title, movie.Credits[0].Name)
		public := w.do(t, call{method: "GET", path: "/v1/movies/" + movie.ID.String(), status: http.StatusOK})
		for _, reply := range []reply{got, public} {
			assert.Equal(t, "application/json", reply.header.Get("Content-Type"))
			assert.Equal(t, "nosniff", reply.header.Get("X-Content-Type-Options"))
			assert.NotContains(t, string(reply.body), "<", "not even a browser that guesses sees a tag")
		}
		assert.Regexp(t, `^[a-z0-9-]+$`, movie.Slug)
	}
	refused := []string{
		"a\r\nBcc: all@example.com", "a\nb", "a\tb", "a\x07b", "\x1b[31mred", "gpj.\u202eexe", "\u2066a\u2069", "a\u200fb", "a\u061cb",
		"a\u2028b", "a\u2029b", "\ufeffa", "\u200b", "\u200d\u200d", strings.Repeat("x", 501),
	}
	for _, title := range refused {
		for _, c := range []struct {
			path, field string
			values      map[string]any
			token       string
		}{
			{"/v1/admin/movies", "title", map[string]any{"title": title, "year": 2001}, w.admin},
			{"/v1/admin/movies", "original_title", map[string]any{"title": "x", "original_title": title, "year": 2001}, w.admin},
			{"/v1/admin/movies", "aliases[0]", map[string]any{"title": "x", "aliases": []string{title}, "year": 2001}, w.admin},
			{"/v1/admin/movies", "credits[0].name", map[string]any{"title": "x", "year": 2001, "credits": []map[string]string{{"name": title, "job": "actor"}}}, w.admin},
			{"/v1/admin/theaters", "name", map[string]any{"city": "pune", "name": title, "address": "x", "lat": 0, "lon": 0}, w.admin},
			{"/v1/admin/theaters", "address", map[string]any{"city": "pune", "name": "x", "address": title, "lat": 0, "lon": 0}, w.admin},
			{"/v1/admin/screens", "name", map[string]any{"theater_id": theater, "name": title}, w.manager},
		} {
			got := w.do(t, call{token: c.token, method: "POST", path: c.path, body: body(c.values), status: http.StatusUnprocessableEntity, code: "validation_failed"})
			assert.Equal(t, []string{c.field}, got.refused(t), "%q", title)
		}
	}
	w.do(t, call{token: w.admin, method: "POST", path: "/v1/admin/movies", body: `{"title":"a\u0000b","year":2001}`, status: http.StatusBadRequest, code: "malformed_request"})
}

func TestStaffTheatersAndScreens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.find(`SELECT id FROM theaters`)
	w.runs(own)
	const theaters, screens = "/v1/admin/theaters", "/v1/admin/screens"
	var regal staff.Theater
	w.do(t, call{token: w.admin, method: "POST", path: theaters, status: http.StatusCreated, body: `{"city":"pune","name":"Regal","address":"9 Mall Road",
		"lat":18.5,"lon":73.8,"time_zone":"Asia/Kolkata","currency":"INR","amenities":["parking"],"accessibility":["hearing_loop"]}`,
		holds: []string{`"slug":"regal"`, `"city":"pune"`}}).into(t, &regal)
	foreign := theaters + "/" + regal.ID.String()

	for _, c := range []call{
		{name: "mine", token: w.manager, method: "GET", path: theaters + "?mine=true", status: http.StatusOK, holds: []string{"lotus"}, lacks: []string{"regal"}},
		{name: "all", token: w.manager, method: "GET", path: theaters + "?city=pune", status: http.StatusOK, holds: []string{"lotus", "regal"}},
		{name: "change one's own", token: w.manager, method: "PATCH", path: theaters + "/" + own, body: `{"accessibility":["step_free_access"]}`, status: http.StatusOK},
		{name: "change another's", token: w.manager, method: "PATCH", path: foreign, body: `{"name":"Mine"}`, status: http.StatusForbidden, code: "forbidden"},
		{name: "open one", token: w.manager, method: "POST", path: theaters, body: `{}`, status: http.StatusForbidden, code: "forbidden"},
		{name: "close one's own", token: w.manager, method: "POST", path: theaters + "/" + own + "/retire", status: http.StatusForbidden, code: "forbidden"},
		{name: "close a busy one", token: w.admin, method: "POST", path: theaters + "/" + own + "/retire", status: http.StatusConflict, code: "conflict", holds: []string{"2 scheduled shows"}},
		{name: "another clock", token: w.manager, method: "PATCH", path: theaters + "/" + own, body: `{"time_zone":"Europe/Paris"}`, status: http.StatusConflict, code: "conflict"},
		{name: "no such clock", token: w.manager, method: "PATCH", path: theaters + "/" + own, body: `{"time_zone":"Mars/Base","lat":91}`,
			status: http.StatusUnprocessableEntity, code: "validation_failed", holds: []string{`"time_zone"`, `"lat"`}},
		{name: "text for a number", token: w.manager, method: "PATCH", path: theaters + "/" + own, body: `{"lat":"north"}`, status: http.StatusBadRequest, code: "malformed_request", holds: []string{"Must be a number"}},
		{name: "no such city", token: w.admin, method: "GET", path: theaters + "?city=atlantis&mine=1", status: http.StatusUnprocessableEntity, code: "validation_failed"},
		{name: "close", token: w.admin, method: "POST", path: foreign + "/retire", status: http.StatusOK},
		{name: "closed ones", token: w.support, method: "GET", path: theaters + "?retired=true", status: http.StatusOK, holds: []string{"regal"}, lacks: []string{"lotus"}},
		{name: "not in a closed one", token: w.admin, method: "POST", path: screens, body: `{"theater_id":"` + regal.ID.String() + `","name":"One"}`, status: http.StatusConflict, code: "conflict"},
		{name: "open again", token: w.admin, method: "POST", path: foreign + "/restore", status: http.StatusOK},
		{name: "read", token: w.support, method: "GET", path: foreign, status: http.StatusOK, holds: []string{`"retired_at":null`}},
		{name: "a screen of one's own", token: w.manager, method: "POST", path: screens, body: `{"theater_id":"` + own + `","name":"Audi 2","cleaning_minutes":20}`,
			status: http.StatusCreated, holds: []string{`"cleaning_minutes":20`, `"layout":null`}},
		{name: "the same name", token: w.manager, method: "POST", path: screens, body: `{"theater_id":"` + own + `","name":"Audi 2"}`, status: http.StatusConflict, code: "conflict", holds: []string{`"name"`}},
		{name: "a screen of another's", token: w.manager, method: "POST", path: screens, body: `{"theater_id":"` + regal.ID.String() + `","name":"One"}`, status: http.StatusForbidden, code: "forbidden"},
		{name: "no theater", token: w.manager, method: "POST", path: screens, body: `{"theater_id":"x","cleaning_minutes":-1}`, status: http.StatusUnprocessableEntity, code: "validation_failed",
			holds: []string{`"theater_id"`, `"name"`, `"cleaning_minutes"`}},
		{name: "screens of a house", token: w.support, method: "GET", path: screens + "?theater_id=" + own, status: http.StatusOK, holds: []string{"Audi 2", "Screen 1", `"capacity":60`}},
		{name: "screens of no house", token: w.support, method: "GET", path: screens + "?theater_id=x", status: http.StatusUnprocessableEntity, code: "validation_failed"},
	} {
		t.Run(c.name, func(t *testing.T) { w.do(t, c) })
	}

	screen := screens + "/" + w.find(`SELECT id FROM screens WHERE name = 'Audi 2'`)
	tag := w.do(t, call{token: w.manager, method: "GET", path: screen, status: http.StatusOK}).header.Get("ETag")
	w.do(t, call{token: w.manager, method: "PATCH", path: screen, body: `{"name":"Audi Two"}`, headers: map[string]string{"If-Match": tag}, status: http.StatusOK, holds: []string{"Audi Two"}})
	w.do(t, call{token: w.manager, method: "PATCH", path: screen, body: `{"name":"Audi 2"}`, headers: map[string]string{"If-Match": tag}, status: http.StatusPreconditionFailed, code: "precondition_failed"})
	w.do(t, call{token: w.manager, method: "POST", path: screen + "/retire", status: http.StatusOK})
	w.do(t, call{token: w.manager, method: "POST", path: screen + "/restore", status: http.StatusOK})
	w.do(t, call{token: w.manager, method: "POST", path: screens + "/" + w.find(`SELECT id FROM screens WHERE name = 'Screen 1'`) + "/retire", status: http.StatusConflict, code: "conflict"})
}

func TestStaffLayouts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runs(w.find(`SELECT id FROM theaters`))
	layouts := "/v1/admin/screens/" + w.find(`SELECT id FROM screens`) + "/layouts"
	seats := w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/seats", status: http.StatusOK})
	w.book(t, w.customer, "fault-10", "C07", "C08")

	var second staff.Layout
	w.do(t, call{token: w.manager, method: "POST", path: layouts, status: http.StatusCreated, body: `{"rows":[{"label":"C","category":"gold",
		"seats":[{"id":"C1","x":1,"type":"wheelchair"},{"id":"C2","x":2.25,"type":"companion"},{"id":"C3","x":4,"type":"sofa"},{"id":"C4","x":5,"type":"sofa"}]}]}`,
		holds: []string{`"version":2`, `"capacity":4`, `"wheelchair_spaces":1`}}).into(t, &second)
	var held, before struct {
		Layout json.RawMessage `json:"layout"`
		Held   []string        `json:"held"`
	}
	seats.into(t, &before)
	w.do(t, call{method: "GET", path: "/v1/shows/" + w.show + "/seats", status: http.StatusOK}).into(t, &held)
	assert.JSONEq(t, string(before.Layout), string(held.Layout), "fault 10: the show on sale keeps its seats")
	assert.Equal(t, []string{"C07", "C08"}, held.Held)

	for _, c := range []call{
		{name: "versions", token: w.support, method: "GET", path: layouts + "?limit=1", status: http.StatusOK, holds: []string{`"version":2`, "next_cursor"}, lacks: []string{"rows"}},
		{name: "one", token: w.support, method: "GET", path: "/v1/admin/layouts/" + second.ID.String(), status: http.StatusOK, holds: []string{`"C4"`}},
		{name: "no change", token: w.admin, method: "PATCH", path: "/v1/admin/layouts/" + second.ID.String(), body: `{}`, status: http.StatusMethodNotAllowed, code: "method_not_allowed", without: true},
		{name: "no such layout", token: w.support, method: "GET", path: "/v1/admin/layouts/" + uuid.NewString(), status: http.StatusNotFound, code: "not_found"},
		{name: "no such screen", token: w.admin, method: "GET", path: "/v1/admin/screens/x/layouts", status: http.StatusNotFound, code: "not_found"},
		{name: "nor there", token: w.admin, method: "POST", path: "/v1/admin/screens/x/layouts", body: `{}`, status: http.StatusNotFound, code: "not_found"},
		{name: "all problems", token: w.manager, method: "POST", path: layouts, status: http.StatusUnprocessableEntity, code: "validation_failed",
			body:  `{"rows":[{"label":"C","category":"","seats":[{"id":"C1","x":2,"type":"companion"},{"id":"C1","x":1,"type":"sofa"}]},{"label":"C","category":"gold","seats":[]}]}`,
			holds: []string{`rows[0].category`, `rows[0].seats[0].type`, `rows[0].seats[1].id`, `rows[0].seats[1].x`, `rows[0].seats[1].type`, `rows[1].label`, `rows[1].seats`}},
		{name: "unknown fields", token: w.manager, method: "POST", path: layouts, body: `{"rows":[{"label":"C","category":"gold","seats":[{"id":"C1","x":1,"y":2,"type":"standard"}]}]}`,
			status: http.StatusBadRequest, code: "malformed_request", holds: []string{`rows[0].seats[0].y`}},
		{name: "nothing", token: w.manager, method: "POST", path: layouts, body: `{"rows":[]}`, status: http.StatusUnprocessableEntity, code: "validation_failed"},
	} {
		t.Run(c.name, func(t *testing.T) { w.do(t, c) })
	}
}
