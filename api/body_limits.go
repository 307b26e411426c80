package api

import "strings"

const (
	// mostBodies is enough for what customers send. Nobody has to log in to send a
	// body, so it must not cost much.
	mostBodies = 8 << 10
	// staffBodies come from people who logged in.
	staffBodies = 64 << 10
)

// largeBodies are the routes that need more than the others, in bytes.
var largeBodies = map[string]int64{
	"/v1/movies/{id}/reviews":        32 << 10, // 2,000 characters; an emoji takes 12 bytes when it is escaped
	"/v1/admin/movies":               1 << 20,  // credits, other names and a synopsis, all escaped
	"/v1/admin/movies/{id}":          1 << 20,
	"/v1/webhooks/{provider}":        256 << 10, // events carry whole objects of the provider
	"/codec/":                        8 << 20,   // a page of a history; a payload has 2 MB at most
	"/v1/admin/screens/{id}/layouts": 1 << 20,   // thousands of seats with their places
}

// bodyLimit is how many bytes the body of a route may have, by the route's template.
func bodyLimit(route string) int64 {
	if limit, large := largeBodies[route]; large {
		return limit
	}
	if strings.HasPrefix(route, "/v1/admin/") {
		return staffBodies
	}
	return mostBodies
}
