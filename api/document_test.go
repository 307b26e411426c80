package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
)

// notDocumented are addresses that are pages or tools of their own.
var notDocumented = []string{"/docs", "/codec/"}

func TestDocumentAndRoutesAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	options := w.options
	options.Payments.StripePublishableKey = "pk_test_x"
	options.Payments.Razorpay = razorpayPage()
	options.Staff.Codec = http.NotFoundHandler()
	server, err := build(options)
	require.NoError(t, err)

	routes, err := server.Routes()
	require.NoError(t, err)
	mounted := slices.DeleteFunc(routes, func(route string) bool {
		method, path, _ := strings.Cut(route, " ")
		// HEAD is HTTP's own; it goes with every GET.
		return method == http.MethodHead || slices.ContainsFunc(notDocumented, func(p string) bool { return strings.HasPrefix(path, p) })
	})

	served, err := Document()
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
	served, err := Document()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	codes := document.Components.Schemas["Problem"].Value.Properties["code"].Value.Enum
	for _, code := range rest.Codes() {
		assert.Contains(t, codes, string(code))
	}
	assert.Len(t, codes, len(rest.Codes()))
}

func TestOperationsHaveWhatReadersNeed(t *testing.T) {
	t.Parallel()
	served, err := Document()
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
			// In these the body is what may be refused.
			byBody := slices.Contains([]string{"signIn", "refreshSession", "signInBrowser", "secondFactor", "secondFactorBrowser", "signInByPasskey", "proveIdentity"}, operation.OperationID)
			assert.Equal(t, secured, operation.Responses.Value("401") != nil && !byBody, "%s: security and 401 go together", where)
		}
	}
}

func TestServicesMountOnlyTheirRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Services = []string{serviceCatalog}
	w.serve()
	w.do(t, call{method: "GET", path: "/v1/cities", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/healthz", status: http.StatusOK})
	w.do(t, call{method: "GET", path: "/v1/bookings", token: w.customer, status: http.StatusNotFound, code: "not_found", without: true})
	w.do(t, call{method: "POST", path: "/v1/webhooks/stripe", body: "{}", status: http.StatusNotFound, code: "not_found"})
	w.do(t, call{method: "GET", path: "/pay/" + w.show, status: http.StatusNotFound, code: "not_found"})
}

func TestNewNamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Services: []string{serviceCatalog, serviceSearch, serviceBookings, "tea"}})
	require.Error(t, err)
	for _, part := range []string{`no service "tea"`, "catalog needs Catalog", "search needs Search", "bookings needs Saga", "bookings needs Policy"} {
		assert.ErrorContains(t, err, part)
	}
}
