package rest

import (
	"net/http"

	"github.com/boxoffice/boxoffice/api/policy"
)

// Routes are guarded by their rows in api/policy. These guard a handler once more, for one
// that has to be safe wherever it is mounted. Behind the guard of a row they change nothing
// but the time that it takes.

// ByToken lets a handler run for callers with a valid access token. It asks no database.
func (s *Server) ByToken(handler Handler) Handler {
	return s.guard(policy.Rule{Who: policy.SignedIn}, handler)
}

// SignedIn lets a handler run for callers with a valid access token. What changes something
// also needs a session that goes on; reading is as ByToken.
func (s *Server) SignedIn(handler Handler) Handler {
	reads, changes := s.ByToken(handler), s.guard(policy.Rule{Who: policy.SignedIn, AsksSession: true}, handler)
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			return reads(w, r)
		}
		return changes(w, r)
	}
}

// WithRole lets a handler run for callers whose session goes on and whose account has one
// of the roles now, whatever the token says.
func (s *Server) WithRole(handler Handler, roles ...string) Handler {
	return s.guard(policy.Rule{Who: policy.Staff, Roles: roles, AsksSession: true}, handler)
}
