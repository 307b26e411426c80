// Package policy is the one table of who may call which operation of the API. A route is
// mounted by its row, and one without a row is not mounted: api/rest guards every request by
// what the row says. The handlers and stores decide what remains, whose an object is; Scope
// says which answer that gives, and a test holds it against every operation in every role.
package policy

import (
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice/booking"
)

// Audience is who may call an operation at all.
type Audience string

const (
	// Public is everyone. No access token is needed there; a few handlers read whose it is.
	Public Audience = "public"
	// Signed is a sender who signs the message, as payment providers do. The handler checks
	// the signature.
	Signed Audience = "signed"
	// Cookie is a page of our own that has the cookie of a session. The handler checks both.
	Cookie Audience = "cookie"
	// Linked is who opened the link of a booking, for reading it, and who has an access token.
	Linked Audience = "linked"
	// SignedIn is who has an access token, whatever the role: all staff are customers too.
	SignedIn Audience = "signed in"
	// Staff is who has one of the roles of the row now, whatever the token says.
	Staff Audience = "staff"
)

// Scope is which of the objects of an operation its callers reach.
type Scope string

const (
	// All is every object that there is.
	All Scope = "all"
	// Own is what belongs to the caller. What belongs to another account is not found (404).
	Own Scope = "own"
	// Self is the caller's own account and what goes with it: the address names nothing of
	// another.
	Self Scope = "self"
	// Theaters is what belongs to the theaters of a manager or of the door; support and
	// administrators reach all. The rest is forbidden (403).
	Theaters Scope = "theaters"
	// TheatersFound is as Theaters, but the rest is not found (404).
	TheatersFound Scope = "theaters, the rest not found"
	// TheatersListed is as Theaters in a list, which leaves out the rest.
	TheatersListed Scope = "theaters, the rest left out"
)

// Reach is what a service key that is limited to theaters may call. A key without that limit
// may call all that its scopes open.
type Reach string

const (
	// Anywhere is what belongs to no theater: movies, cities. A limited key may call it.
	Anywhere Reach = "no theater"
	// OneTheater names a theater in its path.
	OneTheater Reach = "the theater of the path"
	// OneShow names a show in its path, whose theater counts.
	OneShow Reach = "the theater of the show of the path"
	// Everywhere answers for all theaters at once. A limited key may not call it.
	Everywhere Reach = "all theaters"
)

// Rule is one row: who may call one operation.
type Rule struct {
	// Operation is the operationId of the OpenAPI document. Routes that the document leaves
	// out have a name in parentheses.
	Operation string
	// Route is method and template: "GET /v1/movies/{id}". HEAD goes with GET.
	Route string
	Who   Audience
	// Roles may call what is for Staff.
	Roles []string
	Scope Scope
	// AsksSession says that the database is asked at each request whether the session still
	// goes on and which role the account has. Where it is not, a session that has ended
	// passes for the minutes that its access token lives on (docs/accounts.md).
	AsksSession bool
	// Key is the scope with which a service key may call. Without one, none may. Only what is
	// public has one: a key never stands for a person.
	Key booking.KeyScope
	// Reach goes with Key.
	Reach Reach
}

// Undocumented tells whether the OpenAPI document leaves the route out: a page or a tool.
func (r Rule) Undocumented() bool { return r.Operation[0] == '(' }

// Admits tells whether a role may call what is for Staff.
func (r Rule) Admits(role string) bool { return slices.Contains(r.Roles, role) }

// Rules lists all rows.
func Rules() []Rule { return slices.Clone(rules) }

// Of finds the row of a route.
func Of(route string) (Rule, error) {
	rule, known := byRoute[route]
	if !known {
		return Rule{}, fmt.Errorf("api: %s has no row in api/policy, so nobody may call it", route)
	}
	return rule, nil
}

var byRoute = func() map[string]Rule {
	routes := make(map[string]Rule, len(rules))
	for _, rule := range rules {
		routes[rule.Route] = rule
	}
	return routes
}()

// What follows makes rows.

// public is for everyone.
func public(operation, route string) Rule {
	return Rule{Operation: operation, Route: route, Who: Public, Scope: All}
}

// keyed is also for service keys that have a scope.
func keyed(scope booking.KeyScope, reach Reach, rule Rule) Rule {
	rule.Key, rule.Reach = scope, reach
	return rule
}

// linked is for reading one booking.
func linked(operation, route string) Rule {
	return Rule{Operation: operation, Route: route, Who: Linked, Scope: Own}
}

// readsSelf is for the caller's account. It does not ask the database, as reads.
func readsSelf(operation, route string) Rule {
	return Rule{Operation: operation, Route: route, Who: SignedIn, Scope: Self}
}

// changesSelf is for the caller's account.
func changesSelf(operation, route string) Rule {
	return Rule{Operation: operation, Route: route, Who: SignedIn, Scope: Self, AsksSession: true}
}

// reads is for what is one's own. It does not ask the database: reading is most of the
// traffic.
func reads(operation, route string) Rule {
	return Rule{Operation: operation, Route: route, Who: SignedIn, Scope: Own}
}

// changes is for what is one's own.
func changes(operation, route string) Rule {
	return Rule{Operation: operation, Route: route, Who: SignedIn, Scope: Own, AsksSession: true}
}

// staff is for roles. All that staff do asks the database, reading too.
func staff(scope Scope, roles []string, operation, route string) Rule {
	return Rule{Operation: operation, Route: route, Who: Staff, Roles: roles, Scope: scope, AsksSession: true}
}

// Who works where: support reads, managers work on their own theaters, and admins on all.
var (
	admins   = []string{booking.RoleAdmin}
	support  = []string{booking.RoleSupport, booking.RoleAdmin}
	managers = []string{booking.RoleTheaterManager, booking.RoleAdmin}
	readers  = []string{booking.RoleSupport, booking.RoleTheaterManager, booking.RoleAdmin}
	watchers = []string{booking.RoleDoor, booking.RoleSupport, booking.RoleTheaterManager, booking.RoleAdmin}
)
