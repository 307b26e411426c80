package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

// call is one request as data.
type call struct {
	name    string
	token   string
	method  string
	path    string
	body    string
	headers map[string]string

	status  int
	code    string   // of the problem
	holds   []string // parts of the answer's body
	lacks   []string
	without bool // the address is not in the document
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) into(t require.TestingT, value any) {
	require.NoError(t, json.Unmarshal(r.body, value), "%s", r.body)
}

func (r reply) booking(t require.TestingT) booking.Booking {
	var b booking.Booking
	r.into(t, &b)
	return b
}

// do sends a request, holds the answer against the OpenAPI document and against
// what the call expects. A request that is answered well must be one that the
// document allows.
func (w *world) do(t testing.TB, c call) reply {
	t.Helper()
	got := w.send(t, c)
	if c.status != 0 {
		assert.Equal(t, c.status, got.status, "%s %s: %s", c.method, c.path, got.body)
	}
	for _, part := range c.holds {
		assert.Contains(t, string(got.body), part)
	}
	for _, part := range c.lacks {
		assert.NotContains(t, string(got.body), part)
	}
	if c.code != "" {
		assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
		var p rest.Problem
		got.into(t, &p)
		assert.Equal(t, c.code, string(p.Code), "%s", got.body)
		assert.Equal(t, got.status, p.Status)
	}
	return got
}

func (w *world) request(t testing.TB, c call) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), c.method, w.server.URL+c.path, strings.NewReader(c.body))
	require.NoError(t, err)
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	return request
}

func (w *world) send(t testing.TB, c call) reply {
	t.Helper()
	request := w.request(t, c)
	client := http.Client{Timeout: 3 * soon, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	got := reply{response.StatusCode, response.Header, body}
	if !c.without {
		holdAgainstDocument(t, request, c.body, got)
	}
	return got
}

// loadDocument parses the OpenAPI document as it is served, once.
var loadDocument = sync.OnceValues(func() (routers.Router, error) {
	served, err := Document()
	if err != nil {
		return nil, err
	}
	document, err := openapi3.NewLoader().LoadFromData(served)
	if err != nil {
		return nil, err
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(document)
})

func holdAgainstDocument(t testing.TB, request *http.Request, body string, got reply) {
	t.Helper()
	router, err := loadDocument()
	require.NoError(t, err)
	probe := request.Clone(context.Background())
	probe.URL.Scheme, probe.URL.Host = "", ""
	probe.Body = io.NopCloser(strings.NewReader(body))
	if probe.Method == http.MethodHead {
		probe.Method = http.MethodGet
	}
	route, params, err := router.FindRoute(probe)
	if !assert.NoError(t, err, "%s %s is not in the OpenAPI document", request.Method, request.URL.Path) {
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: probe, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if got.status < http.StatusBadRequest {
		assert.NoError(t, openapi3filter.ValidateRequest(context.Background(), input), "the document forbids what was answered with %d", got.status)
	}
	if request.Method == http.MethodHead || got.status == http.StatusNotModified {
		return
	}
	assert.NoError(t, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.status, Header: got.header,
		Body: io.NopCloser(bytes.NewReader(got.body)), Options: input.Options,
	}), "%s %s answered %d: %s", request.Method, request.URL.Path, got.status, got.body)
}
