package rest

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

// Caller is who is calling.
type Caller struct {
	AccountID     string
	Role          string // what the token says; behind WithRole, what the database says
	SessionFamily string
}

type callerKey struct{}

// CallerOf is for handlers behind SignedIn.
func CallerOf(r *http.Request) Caller {
	p, _ := r.Context().Value(callerKey{}).(Caller)
	return p
}

// ByToken lets a handler run for callers with a valid access token. It asks no database, so
// that a session which has ended passes for the minutes that the token lives on.
func (s *Server) ByToken(handler Handler) Handler {
	return s.identified(handler, func(*http.Request) bool { return false })
}

// SignedIn lets a handler run for callers with a valid access token. What changes something
// also needs a session that goes on; reading is as ByToken.
func (s *Server) SignedIn(handler Handler) Handler {
	return s.identified(handler, func(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead })
}

// WithRole lets a handler run for callers whose session goes on and whose account has one
// of the roles now, whatever the token says.
func (s *Server) WithRole(handler Handler, roles ...string) Handler {
	return s.identified(func(w http.ResponseWriter, r *http.Request) error {
		if !slices.Contains(roles, CallerOf(r).Role) {
			return booking.E(booking.CodeForbidden, "Your account's role does not allow this.")
		}
		return handler(w, r)
	}, func(*http.Request) bool { return true })
}

// identified finds out who calls: by the token, and by the database where asked.
func (s *Server) identified(handler Handler, ask func(*http.Request) bool) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		token, ok := bearer(r)
		if !ok {
			return booking.E(booking.CodeUnauthenticated, "Send an access token: Authorization: Bearer …")
		}
		claims, err := s.verified(r, token)
		if err == nil && ask(r) {
			claims, err = s.Standing(r.Context(), claims)
		}
		if err != nil {
			return err
		}
		return handler(w, withCaller(r, claims))
	}
}

// SignedInIfAny gives who calls, where a session helps and none is needed; nil without a
// token. A token that is sent has to be valid.
func (s *Server) SignedInIfAny(r *http.Request) (*accounts.Claims, error) {
	token, ok := bearer(r)
	if !ok {
		return nil, nil
	}
	claims, err := s.verified(r, token)
	if err != nil {
		return nil, err
	}
	return s.Standing(r.Context(), claims)
}

// verified reads the token of a request once, though limits and handler both ask. Code:
// unauthenticated.
func (s *Server) verified(r *http.Request, token string) (*accounts.Claims, error) {
	e := exchangeOf(r.Context())
	if e.claims != nil {
		return e.claims, nil
	}
	claims, err := s.Verify(token)
	if err != nil {
		return nil, err
	}
	e.claims = claims
	return claims, nil
}

func withCaller(r *http.Request, claims *accounts.Claims) *http.Request {
	exchangeOf(r.Context()).account = claims.Subject
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, Caller{
		AccountID: claims.Subject, Role: claims.Role, SessionFamily: claims.SessionFamily,
	}))
}

// ActorOf is the account that makes a change, for the audit log. It is for handlers behind
// signedIn.
func ActorOf(r *http.Request) audit.Actor {
	p := CallerOf(r)
	id, _ := uuid.Parse(p.AccountID) // we signed it
	return audit.Actor{AccountID: id, Role: p.Role, RequestID: RequestID(r.Context())}
}

// bearer reads the Authorization header (RFC 6750, section 2.1). Tokens in the
// address are not taken: addresses end up in logs. Of two headers none is taken: a proxy
// in front may have read the other one.
func bearer(r *http.Request) (string, bool) {
	if len(r.Header.Values("Authorization")) != 1 {
		return "", false
	}
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, found && strings.EqualFold(scheme, "Bearer") && token != ""
}
