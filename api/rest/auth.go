package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/policy"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// Caller is who is calling.
type Caller struct {
	AccountID     string
	Role          string // what the token says; where the policy asks for the session, what the database says
	SessionFamily string
	lacksFactor   bool // where the policy asks for the session
}

type callerKey struct{}

// CallerOf is empty where the policy asks for no access token.
func CallerOf(r *http.Request) Caller {
	p, _ := r.Context().Value(callerKey{}).(Caller)
	return p
}

// guard lets a handler run for whom a row of the policy names.
func (s *Server) guard(rule policy.Rule, handler Handler) Handler {
	switch rule.Who {
	case policy.Public, policy.Signed, policy.Cookie:
		return handler // which checks the signature and the cookie
	case policy.Linked:
		return s.linked(handler, s.identified(rule, handler))
	case policy.Staff:
		return s.identified(rule, func(w http.ResponseWriter, r *http.Request) error {
			if !rule.Admits(CallerOf(r).Role) {
				return booking.E(booking.CodeForbidden, "Your account's role does not allow this.")
			}
			if CallerOf(r).lacksFactor {
				return booking.E(booking.CodeSecondFactor, "Staff need a second factor. Set one up in your account, or log in with the one you have.")
			}
			return handler(w, r)
		})
	default:
		return s.identified(rule, handler)
	}
}

// linked lets a handler run for browsers that opened the link of a booking: the handler
// reads which. An access token that is no longer good is refused, also beside a link: its
// owner gets another one, and sees all of the booking.
func (s *Server) linked(handler, signedIn Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get("Authorization") == "" && s.Linked != nil && s.Linked(r) {
			return handler(w, r)
		}
		return signedIn(w, r)
	}
}

// identified finds out who calls: by the token, and by the database where the row says so.
func (s *Server) identified(rule policy.Rule, handler Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		token, ok := bearer(r)
		if !ok {
			return booking.E(booking.CodeUnauthenticated, "Send an access token: Authorization: Bearer …")
		}
		claims, err := s.verified(r, token)
		if err == nil && rule.AsksSession {
			claims, err = s.Standing(r.Context(), claims)
		}
		if err != nil {
			return err
		}
		return handler(w, withCaller(r, claims))
	}
}

// CallerIfAny is who calls where no access token is needed, by the token alone; the zero value
// without one. A token that is sent has to be valid. Code: unauthenticated.
func (s *Server) CallerIfAny(r *http.Request) (Caller, error) {
	token, ok := bearer(r)
	if !ok {
		return Caller{}, nil
	}
	claims, err := s.verified(r, token)
	if err != nil {
		return Caller{}, err
	}
	return CallerOf(withCaller(r, claims)), nil
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
		AccountID: claims.Subject, Role: claims.Role, SessionFamily: claims.SessionFamily, lacksFactor: claims.LacksFactor,
	}))
}

// ActorOf is the account that makes a change, for the audit log. It is for what the policy
// keeps for accounts.
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
