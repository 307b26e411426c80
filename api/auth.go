package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// The roles of staff, as access tokens carry them.
const (
	roleSupport = "support"
	roleManager = "theater_manager"
	roleAdmin   = "admin"
)

// principal is who is calling.
type principal struct {
	AccountID     string
	Role          string
	SessionFamily string
}

type principalKey struct{}

// principalOf is for handlers behind signedIn.
func principalOf(r *http.Request) principal {
	p, _ := r.Context().Value(principalKey{}).(principal)
	return p
}

// signedIn lets a handler run only for callers with a valid access token.
func (a *api) signedIn(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := bearer(r)
		if !ok {
			a.fail(w, r, booking.E(booking.CodeUnauthenticated, "Send an access token: Authorization: Bearer …"))
			return
		}
		claims, err := a.Accounts.Verify(token)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		handler(w, asPrincipal(r, claims))
	}
}

// withRole lets a handler run only for callers with one of the roles.
func (a *api) withRole(handler http.HandlerFunc, roles ...string) http.HandlerFunc {
	return a.signedIn(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(roles, principalOf(r).Role) {
			a.fail(w, r, booking.E(booking.CodeForbidden, "Your account's role does not allow this."))
			return
		}
		handler(w, r)
	})
}

func asPrincipal(r *http.Request, claims *accounts.Claims) *http.Request {
	exchangeOf(r.Context()).account = claims.Subject
	return r.WithContext(context.WithValue(r.Context(), principalKey{}, principal{
		AccountID: claims.Subject, Role: claims.Role, SessionFamily: claims.SessionFamily,
	}))
}

// actorOf is who changes something, for the audit log. It is for handlers behind
// signedIn.
func actorOf(r *http.Request) audit.Actor {
	p := principalOf(r)
	id, _ := uuid.Parse(p.AccountID) // we signed it
	return audit.Actor{AccountID: id, Role: p.Role, RequestID: requestID(r.Context())}
}

// bearer reads the Authorization header (RFC 6750, section 2.1). Tokens in the
// address are not taken: addresses end up in logs.
func bearer(r *http.Request) (string, bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, found && strings.EqualFold(scheme, "Bearer") && token != ""
}
