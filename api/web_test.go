package api

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// app stands for the pages beside the API.
func app(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'self'")
	_, _ = fmt.Fprintf(w, "the app at %s %s", r.Method, r.URL.Path)
}

func withApp(o *Options) {
	o.Web, o.Payments.StripePublishableKey = http.HandlerFunc(app), "pk_test_abc"
}

func TestTheAppAnswersWhereTheAPIDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withApp)
	for _, path := range []string{"/", "/movies/dune", "/checkout/" + uuid.NewString(), "/assets/index.js", "/v1.js", "//v1/cities", "/docs.html",
		"/sw.js", "/robots.txt", "/search?q=50%", "/search?q=%00", "/a/stream"} {
		got := w.do(t, call{method: "GET", path: path, status: 200, without: true, holds: []string{"the app at GET /"}})
		assert.Equal(t, "default-src 'self'", got.header.Get("Content-Security-Policy"), "the app has headers of its own")
		assert.NoError(t, uuid.Validate(got.header.Get("X-Request-Id")), path)
	}
	w.do(t, call{method: "POST", path: "/movies/dune", status: 200, without: true, holds: []string{"the app at POST /"}})

	for _, c := range []call{
		{path: "/v1/tea", status: 404, code: "not_found"}, {path: "/v1", status: 404, code: "not_found"}, {path: "/v1/", status: 404, code: "not_found"},
		{path: "/v1/movies/%00", status: 400, code: "malformed_request"}, {path: "/v1/cities?x=50%", status: 400, code: "malformed_request"},
		{path: "/pay/nope", status: 404, code: "not_found"}, {path: "/.well-known/tea", status: 404, code: "not_found"},
		{path: "/healthz/tea", status: 404, code: "not_found"},
		{path: "/v1/cities", status: 200}, {path: "/healthz", status: 200}, {path: "/readyz", status: 200}, {path: "/openapi.json", status: 200},
		{path: "/docs/", status: 200}, {path: "/docs", status: 301}, {path: "/.well-known/jwks.json", status: 200},
		{path: "/pay/" + uuid.NewString(), status: 200, holds: []string{"pk_test_abc"}},
	} {
		c.method, c.without, c.lacks = "GET", true, []string{"the app"}
		w.do(t, c)
	}
	w.do(t, call{method: "DELETE", path: "/v1/cities", status: 405, code: "method_not_allowed", without: true})
}

func TestTheAppIsAServiceOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withApp)
	w.options.Services = []string{serviceWeb}
	w.serve()
	w.do(t, call{method: "GET", path: "/movies/dune", status: 200, without: true, holds: []string{"the app"}})
	w.do(t, call{method: "GET", path: "/healthz", status: 200})
	w.do(t, call{method: "GET", path: "/v1/cities", status: 404, code: "not_found", without: true})

	w.options.Services = []string{serviceCatalog}
	w.serve()
	w.do(t, call{method: "GET", path: "/movies/dune", status: 404, code: "not_found", without: true})

	_, err := New(Options{Services: []string{serviceWeb}})
	require.ErrorContains(t, err, "service web needs Web")
}
