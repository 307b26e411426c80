package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/limits"
)

// limit puts limits on the next server.
func (w *world) limit(factor float64) {
	w.options.HTTP.Limits, w.options.HTTP.TrustedProxies = limits.New(nil, factor), []netip.Prefix{loopback}
	w.serve()
}

func from(address string) map[string]string { return map[string]string{"X-Forwarded-For": address} }

func TestEveryOperationHasALimit(t *testing.T) {
	t.Parallel()
	served, err := Document()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	seen := map[string]bool{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			where := method + " " + path
			seen[where] = true
			group, known := grouped(method, path)
			if !assert.True(t, known, "%s has no group of limits: add it to the table in limits.go", where) || group.Exempt {
				continue
			}
			refusal := operation.Responses.Value("429")
			require.NotNil(t, refusal, where)
			assert.Contains(t, refusal.Value.Headers, "Retry-After", where)
			_, tells := refusal.Value.Headers["RateLimit"]
			assert.Equal(t, !group.Silent, tells, "%s: what is left is told where nothing can be guessed", where)
			assert.NotEmpty(t, group.Budgets[limits.ByAddress].Requests, "%s: without an account, the address pays", where)
		}
	}
	for where := range groups {
		assert.True(t, seen[where], "%s is not in the document", where)
	}
}

func TestGroupsOfGuessesAreNeverOpen(t *testing.T) {
	t.Parallel()
	for _, group := range []limits.Group{logIns, registers, refreshes, codes} {
		assert.Greater(t, group.Alone, 1, "%s is stricter without Redis", group.Name)
		assert.True(t, group.Silent, group.Name)
		assert.Zero(t, group.Free, group.Name)
	}
}

func TestARefusalSaysWhatIsLeftAndWhenToComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.HTTP.CORSOrigins = []string{"https://app.example"} })
	w.limit(0.1) // three holds a minute
	hold := func(token string, status int, code string) reply {
		t.Helper()
		headers := from("203.0.113.7")
		headers["Origin"] = "https://app.example"
		return w.do(t, call{method: "POST", path: "/v1/bookings", token: token, body: `{}`, headers: headers, status: status, code: code})
	}
	first := hold(w.customer, http.StatusBadRequest, "")
	assert.Equal(t, `"holds-per-account";q=3;w=60, "holds-per-address";q=300;w=60`, first.header.Get("RateLimit-Policy"))
	assert.Equal(t, `"holds-per-account";r=2;t=20, "holds-per-address";r=299;t=1`, first.header.Get("RateLimit"))
	hold(w.customer, http.StatusBadRequest, "")
	hold(w.customer, http.StatusBadRequest, "")
	refused := hold(w.customer, http.StatusTooManyRequests, "quota_exceeded")
	var problem rest.Problem
	refused.into(t, &problem)
	assert.Equal(t, "https://iana.org/assignments/http-problem-types#quota-exceeded", problem.Type)
	assert.Equal(t, []string{"holds-per-account"}, problem.Violated)
	assert.Equal(t, "no-store", refused.header.Get("Cache-Control"))
	assert.Contains(t, refused.header.Get("RateLimit"), `"holds-per-account";r=0;t=`)
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err, "whole seconds")
	left := regexp.MustCompile(`t=(\d+)`).FindStringSubmatch(refused.header.Get("RateLimit"))
	wait, err := strconv.Atoi(left[1])
	require.NoError(t, err)
	assert.GreaterOrEqual(t, seconds, wait, "not earlier than what RateLimit says")
	exposed := refused.header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Retry-After", "Ratelimit", "Ratelimit-Policy"} {
		assert.Contains(t, strings.ToLower(exposed), strings.ToLower(name))
	}
	hold(w.other, http.StatusBadRequest, "") // the same address, another account
	w.do(t, call{method: "GET", path: "/healthz", status: http.StatusOK})
}

// Who guesses learns when to come back, and nothing else.
func TestFault58_LogInsDoNotSayWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(0.01) // six log-ins a minute
	logIn := func(address string, status int, code string) reply {
		t.Helper()
		return w.do(t, call{method: "POST", path: "/v1/sessions", headers: from(address), status: status, code: code,
			body: `{"email":"nobody@example.com","password":"a wrong password"}`})
	}
	for range 6 {
		got := logIn("203.0.113.7", http.StatusUnauthorized, "unauthenticated")
		assert.Empty(t, got.header.Get("RateLimit"))
	}
	got := logIn("203.0.113.7", http.StatusTooManyRequests, "quota_exceeded")
	assert.Empty(t, got.header.Get("RateLimit"))
	assert.Empty(t, got.header.Get("RateLimit-Policy"))
	assert.NotContains(t, string(got.body), "violated")
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	logIn("203.0.113.8", http.StatusUnauthorized, "unauthenticated")
	for range 2 { // leaving is not guessing
		w.do(t, call{method: "DELETE", path: "/v1/browser-sessions", headers: from("203.0.113.7"), status: http.StatusNoContent})
	}
}

// What is answered from memory is limited, too.
func TestReadsFromMemoryHaveLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(0.005) // 60 a minute
	read := func(address string) reply {
		return w.do(t, call{method: "GET", path: "/v1/cities", headers: from(address)})
	}
	var answers []int
	told := 0
	for range 80 {
		got := read("203.0.113.7")
		answers = append(answers, got.status)
		if got.header.Get("RateLimit") != "" {
			told++
		}
	}
	ok := strings.Count(fmt.Sprint(answers), "200")
	assert.GreaterOrEqual(t, ok, 60)
	assert.Less(t, ok, 75, "the budget, the free part of it, and what comes back meanwhile")
	assert.Greater(t, told, 60)
	assert.Equal(t, http.StatusOK, read("203.0.113.8").status)
}

// A token is counted by its account wherever it comes from; what is no token by its address.
func TestLimitsKnowAccountsByValidTokensOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(0.01) // 12 reads a minute by account, 120 by address
	read := func(token, address string) reply {
		return w.do(t, call{method: "GET", path: "/v1/me", token: token, headers: from(address)})
	}
	refused := 0
	for i := range 20 {
		if read(w.customer, fmt.Sprintf("203.0.113.%d", i)).status == http.StatusTooManyRequests {
			refused++
		}
	}
	assert.GreaterOrEqual(t, refused, 6)
	for i := range 20 {
		assert.Equal(t, http.StatusUnauthorized, read(fmt.Sprintf("forged%d", i), "203.0.113.200").status)
	}
	assert.Equal(t, http.StatusOK, read(w.other, "203.0.113.200").status)
}

// At the start of a sale 200 customers of one cinema's network log in, look and hold seats
// within a minute. The budgets that production has let all of them.
func TestTwoHundredPeopleBehindOneAddressAllBuy(t *testing.T) {
	t.Parallel()
	limiter := limits.New(nil, 1)
	address := limits.Address(netip.MustParseAddr("203.0.113.7"))
	var wait sync.WaitGroup
	for person := range 200 {
		wait.Go(func() {
			known := append([]limits.Client{limits.Account(fmt.Sprint(person))}, address...)
			take := func(times int, group limits.Group, clients []limits.Client) {
				for range times {
					assert.True(t, limiter.Take(t.Context(), group, clients...).Allowed, group.Name)
				}
			}
			take(20, reads, address) // before they log in
			take(5, finding, address)
			take(2, streams, address)
			take(1, logIns, address)
			take(2, refreshes, address)
			take(40, reads, known)
			take(3, holds, known)
			take(10, changes, known)
		})
	}
	wait.Wait()
}

// A forged header neither hides who asks nor uses up what another has.
func TestFault59_ForgedAddressesDoNotChangeWhoPays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(0.01) // six log-ins a minute
	w.options.HTTP.TrustedProxies = nil
	direct := w.options
	status := func(forwarded string) int {
		return w.do(t, call{method: "POST", path: "/v1/sessions", headers: from(forwarded),
			body: `{"email":"nobody@example.com","password":"a wrong password"}`}).status
	}
	for i := range 7 { // through the proxy: the client's own part is to the left
		want := http.StatusUnauthorized
		if i == 6 {
			want = http.StatusTooManyRequests
		}
		assert.Equal(t, want, status(fmt.Sprintf("198.51.100.%d, 203.0.113.7", i)))
	}
	assert.Equal(t, http.StatusUnauthorized, status("198.51.100.1"), "whose address was forged is not limited")

	direct.HTTP.Limits = limits.New(nil, 0.01)
	w.options = direct
	w.serve() // around the proxy: no header counts
	for i := range 7 {
		want := http.StatusUnauthorized
		if i == 6 {
			want = http.StatusTooManyRequests
		}
		assert.Equal(t, want, status(fmt.Sprintf("198.51.100.%d", i)))
	}
}

func TestAnswersHaveSecurityHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/cities", "/v1/me", "/nothing"} {
		header := w.do(t, call{method: "GET", path: path, without: path == "/nothing"}).header
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-referrer", header.Get("Referrer-Policy"), path)
		assert.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.Contains(t, header.Get("Permissions-Policy"), "camera=(), ", path)
		assert.Equal(t, "max-age=31536000", header.Get("Strict-Transport-Security"), path)
	}
	w.options.PublicURL = "http://127.0.0.1:8080"
	w.serve()
	assert.Empty(t, w.do(t, call{method: "GET", path: "/v1/cities"}).header.Get("Strict-Transport-Security"), "a development machine stays reachable")
}
