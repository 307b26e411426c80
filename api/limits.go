package api

import (
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/limits"
)

func perMinute(account, address int) map[limits.Kind]cache.Quota {
	budgets := map[limits.Kind]cache.Quota{limits.ByAddress: {Requests: address, Per: time.Minute}}
	if account > 0 {
		budgets[limits.ByAccount] = cache.Quota{Requests: account, Per: time.Minute}
	}
	return budgets
}

// The groups of operations. A cinema, a campus or a phone company may have hundreds of
// customers behind one address, so that budget is wide, and accounts decide where they can.
// docs/limits.md has the figures and why.
var (
	exempt = limits.Group{Name: "exempt", Exempt: true}

	reads   = limits.Group{Name: "reads", Budgets: perMinute(1200, 12_000), Free: 10}
	finding = limits.Group{Name: "search", Budgets: perMinute(300, 6000), Free: 10}
	streams = limits.Group{Name: "streams", Budgets: perMinute(120, 2400), Free: 10}
	holds   = limits.Group{Name: "holds", Budgets: perMinute(30, 3000), Brake: true}
	changes = limits.Group{Name: "changes", Budgets: perMinute(120, 6000), Brake: true}
	staffs  = limits.Group{Name: "staff", Budgets: perMinute(1200, 12_000)}

	// partners is for all that a service key does, beside what the address pays. Each key has a
	// budget of its own; this one is for a key without.
	partners = limits.Group{Name: "all", Budgets: map[limits.Kind]cache.Quota{limits.ByKey: {Requests: 600, Per: time.Minute}}}

	// A client that guesses is told nothing, and has less while Redis is away.
	logIns    = limits.Group{Name: "logins", Budgets: perMinute(0, 600), Alone: 4, Silent: true}
	registers = limits.Group{Name: "register", Budgets: perMinute(0, 300), Alone: 4, Silent: true}
	refreshes = limits.Group{Name: "refresh", Budgets: perMinute(0, 6000), Alone: 4, Silent: true}
	codes     = limits.Group{Name: "codes", Budgets: perMinute(30, 300), Alone: 4, Silent: true, Brake: true}
)

// groups has every operation of the document but those of staff, which are below
// /v1/admin/. A test fails for one without a group.
var groups = map[string]limits.Group{
	"GET /healthz":                 exempt,
	"GET /readyz":                  exempt,
	"GET /openapi.json":            exempt,
	"GET /.well-known/jwks.json":   exempt, // what verifies our tokens
	"POST /v1/webhooks/{provider}": exempt, // they are signed, and come in floods after an outage

	"GET /pay/{id}":          reads,
	"GET /pay/assets/pay.js": reads,

	"GET /pay/razorpay/{id}":      reads,
	"GET /pay/assets/razorpay.js": reads,
	"POST /pay/razorpay/return":   changes,

	"POST /v1/accounts":                 registers,
	"POST /v1/sessions":                 logIns,
	"POST /v1/browser-sessions":         logIns,
	"POST /v1/sessions/refresh":         refreshes,
	"POST /v1/browser-sessions/refresh": refreshes,
	"DELETE /v1/sessions":               changes, // logging out is no guess
	"DELETE /v1/browser-sessions":       changes,

	"POST /v1/sessions/second-factor":         codes,
	"POST /v1/browser-sessions/second-factor": codes,
	"GET /v1/me/factors":                      reads,
	"POST /v1/me/factors/totp":                codes,
	"POST /v1/me/factors/totp/confirm":        codes,
	"DELETE /v1/me/factors/totp":              codes,
	"POST /v1/me/factors/recovery-codes":      codes,
	"GET /v1/oauth/providers":                 reads,
	"GET /v1/oauth/{provider}/start":          logIns,
	"GET /v1/oauth/{provider}/callback":       logIns,
	"POST /v1/browser-sessions/identity":      codes,
	"GET /v1/me/identities":                   reads,
	"POST /v1/me/identities/{id}":             codes,
	"DELETE /v1/me/identities/{id}":           codes,
	"POST /v1/guests":                         registers,
	"POST /v1/browser-sessions/guest":         registers,
	"POST /v1/accounts/verify":                codes,
	"POST /v1/accounts/password-reset":        codes,
	"PUT /v1/accounts/password":               codes,
	"POST /v1/accounts/email-undo":            codes,
	"POST /v1/me/verification":                codes,
	"POST /v1/me/verification/confirm":        codes,
	"POST /v1/me/confirm":                     codes,
	"PUT /v1/me/password":                     codes,
	"POST /v1/me/email":                       codes,
	"POST /v1/me/email/confirm":               codes,
	"GET /v1/me/notifications":                reads,
	"PUT /v1/me/notifications":                changes,
	"GET /v1/me":                              reads,
	"PATCH /v1/me":                            changes,
	"GET /v1/me/sessions":                     reads,
	"DELETE /v1/me/sessions":                  changes,
	"DELETE /v1/me/sessions/{id}":             changes,
	"GET /v1/push/key":                        reads,
	"PUT /v1/me/push-subscriptions":           changes,
	"DELETE /v1/me/push-subscriptions":        changes,
	"GET /v1/me/recommendations":              reads,
	"GET /v1/movies/{id}/similar":             reads,
	"POST /v1/me/impressions":                 changes,
	"GET /v1/me/preferences":                  reads,
	"PUT /v1/me/preferences":                  changes,
	"DELETE /v1/me/preferences":               changes,
	"POST /v1/me/feedback":                    changes,
	"GET /v1/me/activity":                     reads,

	"POST /v1/browser-sessions/passkey/options": logIns,
	"POST /v1/browser-sessions/passkey":         logIns,
	"POST /v1/me/factors/passkeys":              codes,
	"POST /v1/me/factors/passkeys/confirm":      codes,
	"PATCH /v1/me/factors/passkeys/{id}":        changes,
	"DELETE /v1/me/factors/passkeys/{id}":       codes,
	"POST /v1/me/confirm/passkey":               codes,

	"GET /v1/home":                     reads,
	"GET /v1/cities":                   reads,
	"GET /v1/movies":                   reads,
	"GET /v1/movies/{id}":              reads,
	"GET /v1/movies/{id}/shows":        reads,
	"GET /v1/movies/{id}/reviews":      reads,
	"PUT /v1/movies/{id}/reviews":      changes,
	"DELETE /v1/movies/{id}/reviews":   changes,
	"GET /v1/movies/{id}/reviews/mine": reads,
	"GET /v1/theaters":                 reads,
	"GET /v1/theaters/{id}":            reads,
	"GET /v1/theaters/{id}/shows":      reads,
	"GET /v1/theaters/{id}/settlement": staffs,

	"GET /v1/houses":                     staffs,
	"GET /v1/theaters/{id}/house":        staffs,
	"PUT /v1/theaters/{id}/house":        staffs,
	"POST /v1/theaters/{id}/house/pause": staffs,
	"GET /v1/shows/{id}/allotments":      staffs,
	"PUT /v1/shows/{id}/allotments":      staffs,
	"GET /v1/shows/{id}":                 reads,
	"GET /v1/shows/{id}/seats":           reads,
	"GET /v1/shows/{id}/seats/stream":    streams,
	"GET /v1/shows/{id}/best-seats":      finding,
	"GET /v1/shows/{id}/quote":           finding,
	"GET /v1/search":                     finding,
	"GET /v1/search/suggest":             finding,

	"GET /v1/reconciliations":                  staffs,
	"GET /v1/reconciliations/{provider}/{day}": staffs,

	"POST /v1/bookings":                        holds,
	"GET /v1/bookings":                         reads,
	"GET /v1/bookings/{id}":                    reads,
	"GET /v1/bookings/{id}/stream":             streams,
	"DELETE /v1/bookings/{id}/link":            changes,
	"POST /v1/bookings/{id}/payment":           changes,
	"POST /v1/bookings/{id}/payment/check":     changes,
	"POST /v1/bookings/{id}/extend":            changes,
	"POST /v1/bookings/{id}/cancel":            changes,
	"GET /v1/bookings/{id}/cancellation-quote": reads,
	"GET /v1/bookings/{id}/ticket":             reads,
	"GET /v1/bookings/{id}/ticket.png":         reads,
	"GET /v1/bookings/{id}/ticket.pdf":         reads,
	"GET /v1/bookings/{id}/ticket.ics":         reads,
	"GET /v1/bookings/{id}/change":             reads,
	"POST /v1/bookings/{id}/change":            changes,
}

// groupOf gives the group of an operation. What is not in the document, such as the pages
// of the documentation, has the budget of reads.
func groupOf(method, route string) limits.Group {
	if group, known := grouped(method, route); known {
		return group
	}
	return reads
}

func grouped(method, route string) (limits.Group, bool) {
	if group, known := groups[method+" "+route]; known {
		return group, true
	}
	return staffs, strings.HasPrefix(route, "/v1/admin/") || strings.HasPrefix(route, "/codec/")
}

// describeLimits adds to the document what the limits answer: 429 everywhere but at exempt
// operations, and what is left beside every answer of a group that says it.
func describeLimits(document map[string]any) error {
	paths, _ := document["paths"].(map[string]any)
	for path, item := range paths {
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			described, _ := operation.(map[string]any)
			if described["operationId"] == nil { // the item's own parameters
				continue
			}
			group, _ := grouped(strings.ToUpper(method), path)
			if group.Exempt {
				continue
			}
			responses, ok := described["responses"].(map[string]any)
			if !ok {
				return fmt.Errorf("%s %s has no responses", method, path)
			}
			describeRefusal(responses, group)
		}
	}
	return nil
}

func describeRefusal(responses map[string]any, group limits.Group) {
	const tooMany, exceeded = "#/components/responses/TooMany", "#/components/responses/QuotaExceeded"
	there, _ := responses["429"].(map[string]any)
	if group.Silent {
		if there == nil {
			responses["429"] = map[string]any{"$ref": tooMany}
		}
		return
	}
	if there == nil || there["$ref"] == tooMany {
		responses["429"] = map[string]any{"$ref": exceeded}
	}
	for status, response := range responses {
		answer, _ := response.(map[string]any)
		if !strings.HasPrefix(status, "2") || answer["$ref"] != nil { // a shared answer is described once, for all
			continue
		}
		headers, ok := answer["headers"].(map[string]any)
		if !ok {
			headers = map[string]any{}
			answer["headers"] = headers
		}
		headers["RateLimit-Policy"] = map[string]any{"$ref": "#/components/headers/RateLimitPolicy"}
		headers["RateLimit"] = map[string]any{"$ref": "#/components/headers/RateLimit"}
	}
}
