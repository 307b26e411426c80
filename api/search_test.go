package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/search"
)

func TestSearchTheDemoWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, catalog.SeedFor(t.Context(), w.db, time.Now(), 2, nil))
	w.index()
	var cities rest.Page[catalog.City]
	w.do(t, call{method: "GET", path: "/v1/cities"}).into(t, &cities)
	require.NotEmpty(t, cities.Items)
	cityID := cities.Items[0].ID.String()

	invalid := func(name, query string, fields ...string) call {
		c := call{name: name, path: "/v1/search?" + query, status: 422, code: "validation_failed"}
		for _, f := range fields {
			c.holds = append(c.holds, `"field":"`+f+`"`)
		}
		return c
	}
	for _, c := range []call{
		{name: "everything", path: "/v1/search", status: 200, holds: []string{`"next_cursor"`, `"index_version"`, `"facets"`}},
		{name: "exact", path: "/v1/search?q=Oppenheimer", status: 200, holds: []string{`"slug":"oppenheimer"`, `"total":1`}, lacks: []string{"did_you_mean"}},
		{name: "misspelled", path: "/v1/search?q=openhiemer", status: 200, holds: []string{`"slug":"oppenheimer"`, `"did_you_mean":"Oppenheimer"`}},
		{name: "accent and case", path: "/v1/search?q=AMELIE", status: 200, holds: []string{`"slug":"amelie"`, `"by":"title"`}},
		{name: "person", path: "/v1/search?q=cillian+murphy", status: 200, holds: []string{`"name":"Cillian Murphy"`, `"slug":"oppenheimer"`}},
		{name: "theater", path: "/v1/search?q=lotus&near=18.5,73.8", status: 200, holds: []string{`"slug":"lotus"`, `"distance_km":0`}},
		{name: "nothing", path: "/v1/search?q=qqxxzzqqxxzz", status: 200, holds: []string{`"items":[]`, `"total":0`}},
		{name: "only signs", path: "/v1/search?q=%3F%3F%3F", status: 200},
		{name: "city", path: "/v1/search?city=mumbai&limit=1", status: 200, holds: []string{`"next_show"`, `"value":"mumbai"`}, lacks: []string{"relaxed"}},
		{name: "city by id", path: "/v1/search?city=" + cityID, status: 200, holds: []string{`"selected":true`}},
		{name: "two genres", path: "/v1/search?genre=drama&genre=Comedy", status: 200, holds: []string{`"value":"Drama"`}},
		{name: "all filters", path: "/v1/search?" + url.Values{"q": {"oppenheimer"}, "city": {"mumbai"}, "date": {"today"}, "band": {"evening", "night"},
			"genre": {"Drama"}, "language": {"en"}, "subtitles": {"en"}, "format": {"IMAX"}, "certificate": {"MPA R"}, "accessibility": {"wheelchair_spaces"},
			"near": {"19.07,72.87"}, "within_km": {"25.5"}, "price_min": {"0"}, "price_max": {"100000"}, "currency": {"inr"}, "limit": {"5"}}.Encode(), status: 200},
		{name: "loosened", path: "/v1/search?q=amelie&format=IMAX", status: 200, holds: []string{`"relaxed":[{"filter":"format","asked":"IMAX"}]`, `"slug":"amelie"`}},
		{name: "a date long ago", path: "/v1/search?q=amelie&date=2001-04-25", status: 200, holds: []string{`"relaxed"`}},
		{name: "head", method: "HEAD", path: "/v1/search?q=amelie", status: 200},

		invalid("all at once", "city=atlantis&date=soon&near=x&limit=0&cursor=!", "city", "date", "near", "limit", "cursor"),
		invalid("city of nowhere", "city=00000000-0000-0000-0000-000000000000", "city"),
		invalid("no such day", "date=2026-02-30", "date"),
		invalid("band", "band=morning&band=noon", "band"),
		invalid("off the globe", "near=91,0", "near"),
		invalid("no number", "near=NaN,0", "near"),
		invalid("half a place", "near=19.07", "near"),
		invalid("within of nothing", "within_km=5", "within_km"),
		invalid("within nothing", "near=1,1&within_km=0", "within_km"),
		invalid("within NaN", "near=1,1&within_km=NaN", "within_km"),
		invalid("prices", "price_min=-1&price_max=0&currency=rupees", "price_min", "price_max", "currency"),
		invalid("prices crossed", "price_min=5&price_max=4", "price_min"),
		invalid("price too large", "price_max=9999999999999999999", "price_max"),
		invalid("long text", "q="+strings.Repeat("a", 201), "q"),
		invalid("no text", "q=%ff", "q"),
		invalid("no text either", "genre=%ff", "genre"),
		invalid("many genres", strings.Repeat("genre=a&", 21), "genre"),
		invalid("limit", "limit=101", "limit"),
		invalid("cursor of another list", "cursor=LTE", "cursor"),
		{name: "NUL", path: "/v1/search?q=%00", status: 400, code: "malformed_request", without: true},
		{name: "wrong method", method: "POST", path: "/v1/search", status: 405, code: "method_not_allowed", without: true},

		{name: "suggest", path: "/v1/search/suggest?q=oppen&city=mumbai", status: 200, holds: []string{`"text":"Oppenheimer"`, `"highlights":[{"start":0,"end":5}]`}},
		{name: "suggest a person", path: "/v1/search/suggest?q=cillian", status: 200, holds: []string{`"kind":"person"`}},
		{name: "suggest what is on", path: "/v1/search/suggest?city=mumbai", status: 200, holds: []string{`"showing":true`}},
		{name: "suggest nothing", path: "/v1/search/suggest?q=qqxxzzqqxxzz", status: 200, holds: []string{`"items":[]`}},
		{name: "suggest badly", path: "/v1/search/suggest?q=%ff&city=atlantis", status: 422, code: "validation_failed", holds: []string{`"q"`, `"city"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			w.do(t, c)
		})
	}
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, catalog.SeedFor(t.Context(), w.db, time.Now(), 2, nil))
	w.index()
	seen, cursor := map[string]bool{}, ""
	for {
		var found foundPage
		w.do(t, call{method: "GET", path: "/v1/search?limit=30&cursor=" + cursor, status: http.StatusOK}).into(t, &found)
		for _, item := range found.Items {
			assert.False(t, seen[item.Slug], "%s comes twice", item.Slug)
			seen[item.Slug] = true
		}
		if cursor = found.NextCursor; cursor == "" {
			assert.Len(t, seen, found.Total)
			break
		}
		require.Len(t, found.Items, 30)
	}
	assert.Greater(t, len(seen), 60)

	first := w.do(t, call{method: "GET", path: "/v1/search?q=dune", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/v1/search?q=dune", headers: map[string]string{"If-None-Match": first.header.Get("ETag")}, status: http.StatusNotModified})
}

// Emphasis is given as positions and never as tags, for every title and every query. No
// answer has a character that a page would read as markup.
func TestSearchCarriesNoMarkup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const evil = `</script><img src=x onerror=alert(1)> & "𝒵anzibar" =CMD('x')`
	w.exec(`UPDATE movies SET title = $1, aliases = $2, credits = $3`, evil, []string{"<b>Amelie</b>"},
		`[{"name": "<i>Audrey</i> Tautou", "role": "<u>", "job": "actor"}]`)
	w.exec(`UPDATE theaters SET name = '<h1>Lotus</h1>'`)
	w.index()
	for _, text := range []string{"zanzibar", "img onerror", "amelie", "tautou", "lotus", `<img src=x onerror=alert(1)>`, `"><svg onload=`, `' OR 1=1 --`, "\u202ezanzibar"} {
		for _, path := range []string{"/v1/search", "/v1/search/suggest"} {
			got := w.do(t, call{method: "GET", path: path + "?q=" + url.QueryEscape(text), status: http.StatusOK, lacks: []string{"<", ">", "&"}})
			assert.Equal(t, "application/json", got.header.Get("Content-Type"))
			assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
		}
	}
	var found foundPage
	w.do(t, call{method: "GET", path: "/v1/search?q=zanzibar", status: http.StatusOK}).into(t, &found)
	require.Len(t, found.Items, 1)
	match := found.Items[0].Matched
	assert.Equal(t, evil, match.Text, "and nothing was taken from it")
	require.Len(t, match.Highlights, 1)
	marked := []rune(match.Text)[match.Highlights[0].Start:match.Highlights[0].End]
	assert.Equal(t, "𝒵anzibar", string(marked), "in code points, also behind those that UTF-16 counts twice")
}

// Two processes on one database, each with an engine that listens and polls as
// it does in production.
func TestSearchShowsAChangeInEveryProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := *w
	other.options.Search = search.NewEngine(slog.New(slog.DiscardHandler))
	other.serve()
	other.do(t, call{method: "GET", path: "/v1/search?q=x", status: http.StatusServiceUnavailable, code: "unavailable"})
	other.do(t, call{method: "GET", path: "/v1/search/suggest?q=x", status: http.StatusServiceUnavailable, code: "unavailable"})

	processes := []*world{w, &other}
	for _, process := range processes {
		follow(t, process)
		require.Eventually(t, func() bool { return process.total(t, "amelie") == 1 }, soon, often)
	}
	for _, change := range []struct {
		statement, query string
		total            int
	}{
		{`UPDATE movies SET title = 'Zanzibar Express'`, "zanzibar express", 1},
		{`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES (gen_random_uuid(), 'quixotic', 'Quixotic Voyage', 2026, 90)`, "quixotic voyage", 1},
		{`DELETE FROM movies WHERE slug = 'quixotic'`, "quixotic voyage", 0},
	} {
		w.exec(change.statement)
		changed := time.Now()
		for _, process := range processes {
			require.Eventually(t, func() bool { return process.total(t, change.query) == change.total }, soon, often, change.statement)
		}
		assert.Less(t, time.Since(changed), 2*time.Second, change.statement)
	}
	shows := func(process *world) int {
		var found foundPage
		process.do(t, call{method: "GET", path: "/v1/search?q=zanzibar", status: http.StatusOK}).into(t, &found)
		return found.Items[0].Shows
	}
	assert.Equal(t, 1, shows(w), "one is over, one not on sale yet")
	w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, w.show)
	cancelled := time.Now()
	for _, process := range processes {
		require.Eventually(t, func() bool { return shows(process) == 0 }, soon, often)
	}
	assert.Less(t, time.Since(cancelled), 2*time.Second)
}

// follow keeps a process's engine fresh until the test ends.
func follow(t *testing.T, process *world) {
	t.Helper()
	source := search.NewPostgres(process.db.Pool, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = process.options.Search.Run(ctx, source, source.Hints(ctx), search.Poll)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

func (w *world) total(t testing.TB, text string) int {
	t.Helper()
	got := w.do(t, call{method: "GET", path: "/v1/search?q=" + url.QueryEscape(text)})
	if got.status != http.StatusOK {
		return -1
	}
	var found foundPage
	got.into(t, &found)
	return found.Total
}

func TestSearchIsServedWhereThereIsAnEngine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Services = []string{serviceSearch, serviceAccounts} })
	w.do(t, call{method: "GET", path: "/v1/search?q=amelie", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/v1/cities", status: http.StatusNotFound, code: "not_found", without: true})

	w.options.Services, w.options.Search = nil, nil
	w.serve()
	w.do(t, call{method: "GET", path: "/v1/search?q=amelie", status: http.StatusNotFound, code: "not_found", without: true})
	w.do(t, call{method: "GET", path: "/v1/cities", status: http.StatusOK})
}
