package rest

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/policy"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/limits"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
)

// bringsKey tells whether a header of a request is meant to bring a service key, whole or
// not. Keys in the address or in cookies are not looked at.
func bringsKey(r *http.Request) bool {
	for _, value := range r.Header["Authorization"] {
		_, token, _ := strings.Cut(value, " ")
		if servicekeys.IsKey(strings.TrimSpace(token)) || servicekeys.IsKey(value) {
			return true
		}
	}
	return false
}

// keyed answers requests that bring a service key, and passes on those of people. What a key
// may call is public, so the handler knows nothing of keys.
func (s *Server) keyed(rule policy.Rule, handler, people Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !bringsKey(r) {
			return people(w, r)
		}
		if rule.Key == "" { // no key helps, so none is looked up
			return booking.E(booking.CodeForbidden, "A service key does not open this operation. Its description says which ones it opens.")
		}
		holder, err := s.holder(r)
		if err != nil {
			return err
		}
		if !s.spend(w, r, holder) {
			return nil // answered
		}
		if !holder.Has(rule.Key) {
			return booking.E(booking.CodeForbidden, "This service key lacks the scope %s.", rule.Key)
		}
		reaches, err := s.reaches(r, rule.Reach, holder)
		switch {
		case err != nil:
			return err
		case !reaches:
			return booking.E(booking.CodeForbidden, "This service key is limited to some theaters, and this is not about one of them alone.")
		}
		return handler(w, r)
	}
}

// holder finds out whose key a request brings. A caller is told whether the key is whole,
// which its checksum tells anyone, and otherwise not what is wrong with it; the log is. Code:
// unauthenticated.
func (s *Server) holder(r *http.Request) (servicekeys.Holder, error) {
	token, ok := bearer(r)
	if !ok {
		return servicekeys.Holder{}, booking.E(booking.CodeUnauthenticated, "Send the service key in one header: Authorization: Bearer bxk_…")
	}
	if s.Keys == nil {
		return servicekeys.Holder{}, booking.E(booking.CodeUnauthenticated, "Service keys do not count here.")
	}
	holder, err := s.Keys.Identify(r.Context(), token)
	var refused *servicekeys.Refusal
	switch {
	case err == nil:
		exchangeOf(r.Context()).key = holder.ID.String()
		return holder, nil
	case !errors.As(err, &refused):
		return holder, err
	}
	s.Logger.InfoContext(r.Context(), "service key refused",
		"request_id", RequestID(r.Context()), "service_key", refused.ID, "reason", refused.Reason)
	if refused.Reason == servicekeys.NotWhole {
		return holder, booking.E(booking.CodeUnauthenticated, "This is not a whole service key. Copy it again, all of it and in lower case.").Wrap(err)
	}
	return holder, booking.E(booking.CodeUnauthenticated, "This service key does not count, or no longer. Ask the administrator who gave it to you.").Wrap(err)
}

// spend takes a request from the budget of a key, or answers that it is used up. What a key
// may not call costs, too.
func (s *Server) spend(w http.ResponseWriter, r *http.Request, holder servicekeys.Holder) bool {
	if !s.limited() {
		return true
	}
	own := cache.Quota{Requests: holder.PerMinute, Per: time.Minute}
	d := s.Limits.Take(r.Context(), s.Keyed, limits.Key(holder.ID.String(), own))
	sayLimits(w.Header(), d)
	if !d.Allowed {
		document := ProblemOf(refusal(d))
		document.Violated = d.Violated()
		answerProblem(w, document)
	}
	return d.Allowed
}

// reaches tells whether a key that is limited to theaters may call an operation.
func (s *Server) reaches(r *http.Request, reach policy.Reach, holder servicekeys.Holder) (bool, error) {
	id := mux.Vars(r)["id"]
	switch reach {
	case policy.Anywhere:
		return true, nil
	case policy.OneTheater:
		return s.Keys.ReachesTheater(r.Context(), holder, id)
	case policy.OneShow:
		return s.Keys.ReachesShow(r.Context(), holder, id)
	}
	return len(holder.Theaters) == 0, nil
}

// FreshCaller is an error unless the caller has shown, minutes ago, who it is. Code:
// confirmation_needed.
func (s *Server) FreshCaller(r *http.Request) error {
	if s.Fresh == nil {
		return errors.New("api: sessions cannot be asked whether they are fresh")
	}
	caller := CallerOf(r)
	return s.Fresh(r.Context(), accounts.Claims{Subject: caller.AccountID, Role: caller.Role, SessionFamily: caller.SessionFamily})
}
