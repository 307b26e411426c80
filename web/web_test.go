package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/web"
)

const (
	publicURL = "https://tickets.example"
	anID      = "6f1d2c3b-4a59-5687-9706-a5b4c3d2e1f0"
)

// known is a catalog of one movie and one theater.
type known struct {
	movie   web.Movie
	theater web.Theater
	err     error
}

func (k known) Movie(_ context.Context, slug string) (web.Movie, bool, error) {
	return k.movie, slug == k.movie.Slug || slug == anID, k.err
}

func (k known) Theater(_ context.Context, slug string) (web.Theater, bool, error) {
	return k.theater, slug == k.theater.Slug, k.err
}

func (k known) Slugs(context.Context) (web.Slugs, error) {
	return web.Slugs{Movies: []string{k.movie.Slug}, Theaters: []string{k.theater.Slug}}, k.err
}

func demo() known {
	starts := time.Date(2026, 11, 6, 14, 0, 0, 0, time.UTC)
	return known{
		movie: web.Movie{
			Slug: "dune-part-two", Title: "Dune: Part Two", Synopsis: "Paul Atreides unites with the Fremen.", ReleaseDate: "2024-03-01",
			RuntimeMinutes: 166, Genres: []string{"Science fiction"}, Languages: []string{"en"}, Certificate: "UA",
			PosterURL: "https://posters.example/dune.jpg", Rating: 4.25, Ratings: 8,
		},
		theater: web.Theater{
			Slug: "aurora", Name: "Aurora Koramangala", Address: "1 Main Road", City: "Bengaluru", TimeZone: "Asia/Kolkata", Lat: 12.9, Lon: 77.6,
			Shows: []web.Show{{
				ID: anID, MovieSlug: "dune-part-two", Movie: "Dune: Part Two", StartsAt: starts, EndsAt: starts.Add(3 * time.Hour),
				Format: "IMAX", Language: "en", Prices: map[string]booking.Money{
					"recliner": {Amount: 90000, Currency: "INR"}, "standard": {Amount: 45050, Currency: "INR"},
				},
			}},
		},
	}
}

func built() fs.FS { return os.DirFS("testdata/dist") }

func serve(t *testing.T, pages web.Pages, dist fs.FS) http.Handler {
	t.Helper()
	handler, err := web.New(web.Options{Pages: pages, Links: opening(t), PublicURL: publicURL + "/", Dist: dist, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return handler
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request as a browser would write it on the wire, headers in pairs.
func ask(handler http.Handler, method, target string, headers ...string) answer {
	r := httptest.NewRequest(method, "/", nil)
	r.RequestURI = target
	path, query, _ := strings.Cut(target, "?")
	r.URL.Path, r.URL.RawQuery = path, query
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	for _, c := range []struct {
		path            string
		status          int
		holds, location string
	}{
		{path: "/", status: 200, holds: "<title>Boxoffice</title>"},
		{path: "/index.html", status: 200, holds: `<link rel="canonical" href="https://tickets.example/">`},
		{path: "/search", status: 200, holds: "<title>Search · Boxoffice</title>"},
		{path: "/search?q=50%", status: 200, holds: "<title>Search · Boxoffice</title>"},
		{path: "/about", status: 200, holds: "<title>About · Boxoffice</title>"},
		{path: "/movies/dune-part-two", status: 200, holds: "<title>Dune: Part Two · Boxoffice</title>"},
		{path: "/movies/" + anID, status: 200, holds: `<link rel="canonical" href="https://tickets.example/movies/dune-part-two">`},
		{path: "/theaters/aurora", status: 200, holds: "<title>Aurora Koramangala, Bengaluru · Boxoffice</title>"},
		{path: "/shows/" + anID, status: 200},
		{path: "/checkout/" + anID, status: 200}, {path: "/bookings", status: 200},
		{path: "/bookings/" + anID, status: 200}, {path: "/bookings/" + anID + "/cancel", status: 200},
		{path: "/bookings/" + anID + "/choice", status: 200}, {path: "/tickets", status: 200},
		{path: "/tickets/" + anID, status: 200}, {path: "/account", status: 200},
		{path: "/login", status: 200}, {path: "/signup", status: 200},

		{path: "/movies/nope", status: 404}, {path: "/theaters/nope", status: 404},
		{path: "/movies", status: 404}, {path: "/movies/Dune", status: 404}, {path: "/movies/a--b", status: 404},
		{path: "/movies/" + strings.Repeat("a", 101), status: 404},
		{path: "/shows/nope", status: 404}, {path: "/shows/urn:uuid:" + anID, status: 404},
		{path: "/bookings/" + anID + "/refund", status: 404}, {path: "/nope", status: 404}, {path: "/favicon.ico", status: 404},
		{path: "//", status: 404}, {path: "//evil.example/", status: 404}, {path: "//movies/dune-part-two/", status: 404},
		{path: "/\\evil.example/", status: 404}, {path: "/movies//dune-part-two", status: 404},
		{path: "/../web.go", status: 404}, {path: "/assets/../../web.go", status: 404}, {path: "/icons/../../../web.go", status: 404},
		{path: "/movies/../../etc/passwd", status: 404}, {path: "/./sw.js", status: 404}, {path: "/sw.js\x00", status: 404},
		{path: "/assets/gone-abc123.js", status: 404}, {path: "/assets/", status: 404}, {path: "/assets/index-abc123.js.br", status: 404},

		{path: "/movies/dune-part-two/", status: 308, location: "/movies/dune-part-two"},
		{path: "/search/?q=dune&city=x", status: 308, location: "/search?q=dune&city=x"},
		{path: "/bookings/" + anID + "/choice/", status: 308, location: "/bookings/" + anID + "/choice"},
		{path: "/search//", status: 404}, {path: "/nope/", status: 404},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := ask(handler, method, c.path)
			assert.Equal(t, c.status, got.status, c.path)
			assert.Equal(t, c.location, got.header.Get("Location"), c.path)
			assert.NotContains(t, got.body, "package web", c.path)
			if method == http.MethodHead {
				continue
			}
			assert.Contains(t, got.body, c.holds, c.path)
			if page := c.status != 308 && !strings.HasPrefix(c.path, "/assets/"); page {
				assert.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"), c.path)
				assert.Contains(t, got.body, `<div id="app">`, c.path)
				assert.NotContains(t, got.body, "<!--head-->", c.path)
				assert.Equal(t, 1, strings.Count(got.body, "<title>"), c.path)
			}
		}
	}
}

func TestMissingFilesAreNeverThePage(t *testing.T) {
	t.Parallel()
	got := ask(serve(t, demo(), built()), "GET", "/assets/index-old.js")
	assert.Equal(t, 404, got.status)
	assert.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.NotContains(t, got.body, "<")
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	for _, path := range []string{"/", "/movies/dune-part-two", "/sw.js", "/nope", "/assets/nope.js", "/search/"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			got := ask(handler, method, path)
			assert.Equal(t, 405, got.status, "%s %s", method, path)
			assert.Equal(t, "GET, HEAD", got.header.Get("Allow"), "%s %s", method, path)
		}
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	for _, path := range []string{"/", "/movies/dune-part-two", "/nope", "/assets/index-abc123.js", "/assets/nope.js", "/sw.js", "/search/", "/robots.txt", "/sitemap.xml"} {
		header := ask(handler, "GET", path).header
		policy := header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self'; ", path)
		assert.NotContains(t, policy, "unsafe", path)
		assert.Contains(t, policy, "frame-ancestors 'none'; base-uri 'none'; form-action 'self'", path)
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "strict-origin-when-cross-origin", header.Get("Referrer-Policy"), path)
		assert.Equal(t, "same-origin-allow-popups", header.Get("Cross-Origin-Opener-Policy"), path)
		assert.Contains(t, header.Get("Permissions-Policy"), "camera=(), ", path)
		assert.Contains(t, header.Get("Permissions-Policy"), "geolocation=(self)", path)
		assert.NotEmpty(t, header.Get("Cache-Control"), path)
	}
}

func TestScriptsInThePageAreAllowedByTheirHash(t *testing.T) {
	t.Parallel()
	index := "<title>Boxoffice</title><!--head--><script>\n  go()\n</script><script type=\"module\" src=\"/assets/a.js\"></script>"
	handler := serve(t, demo(), fstest.MapFS{"index.html": {Data: []byte(index)}})
	sum := sha256.Sum256([]byte("\n  go()\n"))
	policy := ask(handler, "GET", "/").header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "; script-src 'self' 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; style-src 'self'; ")
}

func TestPrivatePagesAreNotForSearchEngines(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	const noindex = `<meta name="robots" content="noindex">`
	for _, path := range []string{"/bookings", "/bookings/" + anID, "/bookings/" + anID + "/cancel", "/bookings/" + anID + "/choice",
		"/tickets", "/tickets/" + anID, "/account", "/checkout/" + anID, "/login", "/signup", "/nope"} {
		body := ask(handler, "GET", path).body
		assert.Contains(t, body, noindex, path)
		assert.NotContains(t, body, "og:", path)
	}
	for _, path := range []string{"/", "/search", "/about", "/movies/dune-part-two", "/theaters/aurora", "/shows/" + anID} {
		assert.NotContains(t, ask(handler, "GET", path).body, noindex, path)
	}
}

func TestWithoutTheCatalogTheAppIsThere(t *testing.T) {
	t.Parallel()
	pages := demo()
	pages.err = errors.New("dial tcp 10.1.2.3: refused")
	handler := serve(t, pages, built())
	for _, path := range []string{"/movies/dune-part-two", "/theaters/aurora"} {
		got := ask(handler, "GET", path)
		assert.Equal(t, 503, got.status, path)
		assert.NotEmpty(t, got.header.Get("Retry-After"), path)
		assert.Equal(t, "no-store", got.header.Get("Cache-Control"), path)
		assert.Contains(t, got.body, `<div id="app">`, path)
		assert.NotContains(t, got.body, "noindex", path)
		assert.NotContains(t, got.body, "10.1.2.3", path)
	}
	got := ask(handler, "GET", "/sitemap.xml")
	assert.Equal(t, 503, got.status)
	assert.NotContains(t, got.body, "10.1.2.3")
	assert.Equal(t, 200, ask(handler, "GET", "/bookings").status)
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	page := &fstest.MapFile{Data: []byte("<title>Boxoffice</title><!--head-->")}
	for _, c := range []struct {
		wrong   string
		options web.Options
	}{
		{"Pages is missing", web.Options{PublicURL: publicURL}},
		{"Links is missing", web.Options{Pages: demo(), PublicURL: publicURL}},
		{`PublicURL "tickets.example"`, web.Options{Pages: demo(), Links: opening(t), PublicURL: "tickets.example"}},
		{"build the app", web.Options{Pages: demo(), Links: opening(t), PublicURL: publicURL, Dist: fstest.MapFS{}}},
		{"<!--head-->", web.Options{Pages: demo(), Links: opening(t), PublicURL: publicURL, Dist: fstest.MapFS{"index.html": {Data: []byte("<title>Boxoffice</title>")}}}},
		{"<title>", web.Options{Pages: demo(), Links: opening(t), PublicURL: publicURL, Dist: fstest.MapFS{"index.html": {Data: []byte("<title>Other</title><!--head-->")}}}},
		{"has to come after", web.Options{Pages: demo(), Links: opening(t), PublicURL: publicURL, Dist: fstest.MapFS{"index.html": {Data: []byte("<!--head--><title>Boxoffice</title>")}}}},
		{`a.xyz: no content type is known for ".xyz"`, web.Options{Pages: demo(), Links: opening(t), PublicURL: publicURL, Dist: fstest.MapFS{"index.html": page, "a.xyz": {}}}},
	} {
		_, err := web.New(c.options)
		assert.ErrorContains(t, err, c.wrong)
	}
}

func read(t *testing.T, dist fs.FS, name string) string {
	t.Helper()
	file, err := dist.Open(name)
	require.NoError(t, err)
	defer file.Close()
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	return string(content)
}
