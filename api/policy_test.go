package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/policy"
	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

// The table has a row for every operation of the document, and for no other.
func TestPolicyAndDocumentAgree(t *testing.T) {
	t.Parallel()
	served, err := Document()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	documented, ruled := map[string]string{}, map[string]string{}
	secured, keyScope := map[string]bool{}, map[string]string{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			documented[method+" "+path] = operation.OperationID
			keyScope[operation.OperationID] = ""
			if operation.Security != nil && slices.ContainsFunc(*operation.Security, func(r openapi3.SecurityRequirement) bool { _, there := r["serviceKey"]; return there }) {
				keyScope[operation.OperationID], _ = operation.Extensions["x-service-key-scope"].(string)
			}
			// An empty requirement means that a token helps, and is not needed.
			secured[operation.OperationID] = operation.Security != nil && len(*operation.Security) > 0 &&
				!slices.ContainsFunc(*operation.Security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 })
		}
	}
	routes := map[string]bool{}
	for _, rule := range policy.Rules() {
		assert.False(t, routes[rule.Route], "%s has two rows", rule.Route)
		routes[rule.Route] = true
		if rule.Undocumented() {
			continue
		}
		ruled[rule.Route] = rule.Operation
		open := rule.Who == policy.Public || rule.Who == policy.Signed
		assert.Equal(t, !open, secured[rule.Operation], "%s: the document says otherwise who may call", rule.Operation)
	}
	assert.Equal(t, documented, ruled)
	opened := map[booking.KeyScope]bool{}
	for _, rule := range policy.Rules() {
		assert.Equal(t, string(rule.Key), keyScope[rule.Operation], "%s: the document says another scope of service keys", rule.Operation)
		opened[rule.Key] = true
	}
	for _, scope := range booking.KeyScopes() {
		assert.True(t, opened[scope], "%s opens nothing", scope)
	}
	assert.Len(t, opened, len(booking.KeyScopes())+1, "no scope that an administrator cannot give")
}

// A service key reads what everyone may read, and no more: its handlers ask for no caller. By
// their path alone it is known which theater they are about.
func TestServiceKeysOnlyReadWhatIsPublic(t *testing.T) {
	t.Parallel()
	for _, rule := range policy.Rules() {
		assert.Equal(t, rule.Key == "", rule.Reach == "", rule.Operation)
		if rule.Key == "" {
			continue
		}
		assert.Equal(t, policy.Public, rule.Who, rule.Operation)
		assert.Regexp(t, "^GET ", rule.Route, rule.Operation)
		assert.Equal(t, strings.Contains(rule.Route, "/theaters/{id}"), rule.Reach == policy.OneTheater, rule.Operation)
		assert.Equal(t, strings.Contains(rule.Route, "/shows/{id}"), rule.Reach == policy.OneShow, rule.Operation)
	}
}

// What changes something, and all that staff do, asks the database whether the session goes
// on. These two do not; docs/accounts.md says why.
func TestWhatChangesSomethingAsksForTheSession(t *testing.T) {
	t.Parallel()
	exceptions := map[string]bool{"createBooking": true, "signOut": true}
	for _, rule := range policy.Rules() {
		reads := rule.Route[:4] == "GET "
		switch {
		case rule.Who == policy.Staff:
			assert.True(t, rule.AsksSession, rule.Operation)
			assert.NotEmpty(t, rule.Roles, rule.Operation)
		case rule.Who == policy.SignedIn && !reads:
			assert.Equal(t, !exceptions[rule.Operation], rule.AsksSession, rule.Operation)
		default:
			assert.False(t, rule.AsksSession, rule.Operation)
			assert.Empty(t, rule.Roles, rule.Operation)
		}
	}
}

// A route that the table does not know is not there, and the API does not start.
func TestARouteWithoutARowIsNotMounted(t *testing.T) {
	t.Parallel()
	server := rest.New(rest.Options{})
	server.Get("/v1/secrets", rest.NotFound)
	server.Route(http.MethodPut, "/v1/me", rest.NotFound)
	server.Get("/v1/me", rest.NotFound)
	routes, err := server.Routes()
	require.NoError(t, err)
	assert.Equal(t, []string{"GET /v1/me", "HEAD /v1/me"}, routes)
	err = server.Complete()
	assert.ErrorContains(t, err, "GET /v1/secrets has no row in api/policy")
	assert.ErrorContains(t, err, "PUT /v1/me has no row in api/policy")
}
