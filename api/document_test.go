package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gorilla/mux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notDocumented are addresses that are pages or tools of their own.
var notDocumented = []string{"/docs", "/codec/"}

func TestDocumentAndRoutesAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	options := w.options
	options.StripePublishableKey = "pk_test_x"
	options.Codec = http.NotFoundHandler()
	a, err := build(options)
	require.NoError(t, err)

	var mounted []string
	require.NoError(t, a.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		template, err := route.GetPathTemplate()
		require.NoError(t, err)
		for _, prefix := range notDocumented {
			if strings.HasPrefix(template, prefix) {
				return nil
			}
		}
		methods, err := route.GetMethods()
		require.NoError(t, err)
		for _, method := range methods {
			if method != http.MethodHead { // HTTP's own; goes with every GET
				mounted = append(mounted, method+" "+template)
			}
		}
		return nil
	}))

	served, err := openapiJSON()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	var documented []string
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	assert.ElementsMatch(t, documented, mounted)
}

func TestEveryProblemIsDocumented(t *testing.T) {
	t.Parallel()
	served, err := openapiJSON()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	codes := document.Components.Schemas["Problem"].Value.Properties["code"].Value.Enum
	for code := range problems {
		assert.Contains(t, codes, string(code))
	}
	assert.Len(t, codes, len(problems))
}

func TestOperationsHaveWhatReadersNeed(t *testing.T) {
	t.Parallel()
	served, err := openapiJSON()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	seen := map[string]bool{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			where := method + " " + path
			assert.NotEmpty(t, operation.Summary, where)
			assert.NotEmpty(t, operation.Tags, where)
			assert.False(t, seen[operation.OperationID], "%s: operationId %s is used twice", where, operation.OperationID)
			seen[operation.OperationID] = true
			secured := operation.Security != nil && len(*operation.Security) > 0
			assert.Equal(t, secured, operation.Responses.Value("401") != nil && operation.OperationID != "signIn" &&
				operation.OperationID != "refreshSession", "%s: security and 401 go together", where)
		}
	}
}

func TestServicesMountOnlyTheirRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Services = []string{ServiceCatalog}
	w.serve()
	w.do(t, call{method: "GET", path: "/v1/cities", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/healthz", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/v1/bookings", token: w.customer, status: http.StatusNotFound, code: "not_found", without: true})
	w.do(t, call{method: "POST", path: "/v1/webhooks/stripe", body: "{}", status: http.StatusNotFound, code: "not_found"})
	w.do(t, call{method: "GET", path: "/checkout/" + w.show, status: http.StatusNotFound, code: "not_found"})
}

func TestNewNamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Services: []string{ServiceCatalog, ServiceSearch, ServiceBookings, "tea"}})
	require.Error(t, err)
	for _, part := range []string{`no service "tea"`, "catalog needs Catalog", "search needs Search", "bookings needs Saga", "bookings needs Policy"} {
		assert.ErrorContains(t, err, part)
	}
}
