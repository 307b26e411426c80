package rest

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/limits"
)

// quotaExceeded is the type of a refusal (draft-ietf-httpapi-ratelimit-headers-10, section
// on problem types).
const quotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded"

// groupOf is the group of a route. HEAD belongs to GET.
func (s *Server) groupOf(method, route string) limits.Group {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return s.GroupOf(method, route)
}

// limited tells whether there are limits at all.
func (s *Server) limited() bool { return s.Limits != nil && s.GroupOf != nil }

// limit refuses clients that have used up a budget. It runs inside the router, where the
// route is known.
func (s *Server) limit(next http.Handler) http.Handler {
	if !s.limited() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := exchangeOf(r.Context())
		group := s.groupOf(r.Method, e.route)
		if group.Exempt || e.counted {
			next.ServeHTTP(w, r)
			return
		}
		d := s.Limits.Take(r.Context(), group, s.clientsOf(r)...)
		if !group.Silent {
			sayLimits(w.Header(), d)
		}
		if d.Allowed {
			next.ServeHTTP(w, r)
			return
		}
		document := ProblemOf(refusal(d))
		if !group.Silent {
			document.Violated = d.Violated()
		}
		answerProblem(w, document)
	})
}

// free counts a request that is answered from memory. One that is not free takes the way of
// all others, past the limits.
func (s *Server) free(r *http.Request, route string) bool {
	if !s.limited() {
		return true
	}
	e := exchangeOf(r.Context())
	e.counted = s.Limits.Free(s.groupOf(r.Method, route), limits.Address(s.ClientAddress(r))...)
	return e.counted
}

func refusal(d limits.Decision) error {
	return booking.E(codeQuotaExceeded, "There were too many requests. Wait a little, then try again.").In(d.Retry)
}

// clientsOf pay for a request: the account of a valid token, and the networks
// that it comes from.
func (s *Server) clientsOf(r *http.Request) []limits.Client {
	var all []limits.Client
	if token, ok := bearer(r); ok && s.Verify != nil && !bringsKey(r) {
		if claims, err := s.verified(r, token); err == nil {
			all = append(all, limits.Account(claims.Subject))
		}
	}
	return append(all, limits.Address(s.ClientAddress(r))...)
}

// sayLimits says what a client may have and what is left (structured fields, RFC 9651).
func sayLimits(header http.Header, d limits.Decision) {
	var policies, left []string
	for _, p := range d.Policies {
		policies = append(policies, fmt.Sprintf(`"%s";q=%d;w=%d`, p.Name, p.Quota.Requests, seconds(p.Quota.Per)))
		left = append(left, fmt.Sprintf(`"%s";r=%d;t=%d`, p.Name, p.Left, seconds(comesBack(p.Taken))))
	}
	if len(policies) > 0 {
		header.Add("RateLimit-Policy", strings.Join(policies, ", "))
		header.Add("RateLimit", strings.Join(left, ", "))
	}
}

// comesBack is when there is more: all of it, or after a refusal the next request.
func comesBack(t cache.Taken) time.Duration {
	if t.Allowed {
		return t.Full
	}
	return t.After
}

// seconds are rounded up: a client that comes back after them is not too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
