package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/links"
)

func TestRequestsAndAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nobody := uuid.NewString()
	for _, c := range []call{
		{name: "healthy", method: "GET", path: "/healthz", status: 200, holds: []string{`"ok"`, `"test"`}},
		{name: "ready", method: "GET", path: "/readyz", status: 200, holds: []string{`"postgres":"ok"`}},
		{name: "no app here", method: "GET", path: "/", status: 404, code: "not_found", without: true},
		{name: "unknown address", method: "GET", path: "/v1/tea", status: 404, code: "not_found", without: true},
		{name: "not built yet", method: "GET", path: "/v1/me/export", status: 404, code: "not_found", without: true},
		{name: "wrong method", method: "PUT", path: "/v1/bookings", status: 405, code: "method_not_allowed", without: true},

		{name: "register again", method: "POST", path: "/v1/accounts", status: 409, code: "conflict",
			body: `{"email":"ASHA@example.com","password":"long enough to pass","name":"Asha"}`},
		{name: "register badly", method: "POST", path: "/v1/accounts", status: 422, code: "validation_failed",
			body: `{"email":"no","password":"short","name":""}`, holds: []string{`"email"`, `"password"`, `"name"`}},
		{name: "wrong password", method: "POST", path: "/v1/sessions", status: 401, code: "unauthenticated",
			body: `{"email":"asha@example.com","password":"not that one"}`},
		{name: "no password", method: "POST", path: "/v1/sessions", status: 422, code: "validation_failed",
			body: `{"email":"asha@example.com"}`, holds: []string{`"password"`}},
		{name: "unknown refresh token", method: "POST", path: "/v1/sessions/refresh", status: 401, code: "unauthenticated",
			body: `{"refresh_token":"x"}`},
		{name: "wrong password in a browser", method: "POST", path: "/v1/browser-sessions", status: 401, code: "unauthenticated",
			body: `{"email":"asha@example.com","password":"not that one"}`},
		{name: "no password in a browser", method: "POST", path: "/v1/browser-sessions", status: 422, code: "validation_failed",
			body: `{"email":"asha@example.com"}`, holds: []string{`"password"`}},
		{name: "a form of another page", method: "POST", path: "/v1/browser-sessions", status: 415, code: "unsupported_media_type",
			body: `email=asha@example.com`, headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		{name: "me", method: "GET", path: "/v1/me", token: w.customer, status: 200, holds: []string{`"asha@example.com"`, `"customer"`}, lacks: []string{"password"}},
		{name: "me, without a token", method: "GET", path: "/v1/me", status: 401, code: "unauthenticated"},
		{name: "change me", method: "PATCH", path: "/v1/me", token: w.customer, body: `{"phone":"+91 98123 45678"}`, status: 200, holds: []string{`"+919812345678"`}},
		{name: "change me badly", method: "PATCH", path: "/v1/me", token: w.customer, body: `{"phone":"12"}`, status: 422, code: "validation_failed"},
		{name: "change my role", method: "PATCH", path: "/v1/me", token: w.customer, body: `{"role":"admin"}`, status: 400, code: "malformed_request", holds: []string{`"role"`}},
		{name: "keys", method: "GET", path: "/.well-known/jwks.json", status: 200, holds: []string{`"Ed25519"`}, lacks: []string{`"d"`}},

		{name: "limit too large", method: "GET", path: "/v1/movies?limit=101", status: 422, code: "validation_failed", holds: []string{`"limit"`}},
		{name: "limit no number", method: "GET", path: "/v1/theaters?limit=x", status: 422, code: "validation_failed"},
		{name: "bad date", method: "GET", path: "/v1/movies?date=tomorrow", status: 422, code: "validation_failed", holds: []string{`"date"`}},
		{name: "bad cursor", method: "GET", path: "/v1/movies?cursor=x", status: 422, code: "validation_failed", holds: []string{`"cursor"`}},
		{name: "unknown city", method: "GET", path: "/v1/movies?city=atlantis", status: 422, code: "validation_failed", holds: []string{`"city"`}},
		{name: "unknown movie", method: "GET", path: "/v1/movies/nope", status: 404, code: "not_found"},
		{name: "unknown theater", method: "GET", path: "/v1/theaters/" + nobody, status: 404, code: "not_found"},
		{name: "unknown show", method: "GET", path: "/v1/shows/" + nobody, status: 404, code: "not_found"},
		{name: "show that is no id", method: "GET", path: "/v1/shows/nope/seats", status: 404, code: "not_found"},
		{name: "seats of no show", method: "GET", path: "/v1/shows/" + nobody + "/seats", status: 404, code: "not_found"},
		{name: "stream of no show", method: "GET", path: "/v1/shows/" + nobody + "/seats/stream", status: 404, code: "not_found"},
		{name: "past show is readable", method: "GET", path: "/v1/shows/" + w.past, status: 200},
		{name: "NUL in the address", method: "GET", path: "/v1/movies?city=%00", status: 400, code: "malformed_request", without: true},
		{name: "NUL in the path", method: "GET", path: "/v1/movies/%00", status: 400, code: "malformed_request", without: true},
		{name: "NUL in the body", method: "PATCH", path: "/v1/me", token: w.customer, body: `{"name":"a\u0000b"}`, status: 400, code: "malformed_request"},

		{name: "bookings, bad status", method: "GET", path: "/v1/bookings?status=x&limit=0", token: w.customer, status: 422,
			code: "validation_failed", holds: []string{`"status"`, `"limit"`}},
		{name: "bookings, none yet", method: "GET", path: "/v1/bookings", token: w.customer, status: 200, holds: []string{`"items":[]`}},
		{name: "no such booking", method: "GET", path: "/v1/bookings/" + nobody, token: w.customer, status: 404, code: "not_found"},

		{name: "customer as staff", method: "GET", path: "/v1/admin/bookings", token: w.customer, status: 403, code: "forbidden"},
		{name: "manager as support", method: "GET", path: "/v1/admin/bookings", token: w.manager, status: 403, code: "forbidden"},
		{name: "staff, without a token", method: "GET", path: "/v1/admin/bookings", status: 401, code: "unauthenticated"},
		{name: "support", method: "GET", path: "/v1/admin/bookings?status=held", token: w.support, status: 200},
		{name: "admin", method: "GET", path: "/v1/admin/bookings?show_id=x", token: w.admin, status: 422, code: "validation_failed"},

		{name: "webhook of a stranger", method: "POST", path: "/v1/webhooks/tea", body: "{}", status: 404, code: "not_found"},
	} {
		t.Run(c.name, func(t *testing.T) { w.do(t, c) })
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.HTTP.CORSOrigins = []string{"https://app.example"} })

	got := w.do(t, call{method: "PUT", path: "/v1/bookings", status: 405, without: true})
	assert.Equal(t, "GET, HEAD, POST", got.header.Get("Allow"))
	assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
	assert.NoError(t, uuid.Validate(got.header.Get("X-Request-Id")))

	got = w.do(t, call{method: "GET", path: "/v1/me", headers: map[string]string{"X-Request-Id": "from-the-gateway-1"}, status: 401})
	assert.Equal(t, "from-the-gateway-1", got.header.Get("X-Request-Id"))
	assert.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer")
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	got = w.do(t, call{method: "GET", path: "/healthz", headers: map[string]string{"X-Request-Id": "{}\"forged\""}})
	assert.NotContains(t, got.header.Get("X-Request-Id"), "forged")

	got = w.do(t, call{method: "OPTIONS", path: "/v1/bookings", status: 204, without: true,
		headers: map[string]string{"Origin": "https://app.example", "Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "authorization,idempotency-key,x-namespace"}})
	assert.Equal(t, "https://app.example", got.header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "authorization,idempotency-key,x-namespace", got.header.Get("Access-Control-Allow-Headers"))
	got = w.do(t, call{method: "GET", path: "/v1/cities", headers: map[string]string{"Origin": "https://evil.example"}, status: 200})
	assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "Origin", got.header.Get("Vary"))
}

func TestReadyNamesWhatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Health.Ready["temporal"] = func(context.Context) error { return errors.New("dial tcp 10.1.2.3: refused") }
	})
	got := w.do(t, call{method: "GET", path: "/readyz", status: 503,
		holds: []string{`"postgres":"ok"`, `"temporal":"down"`}, lacks: []string{"10.1.2.3"}})
	assert.NotEmpty(t, got.header.Get("Retry-After"))
}

func TestPagesLoadNothingFromOtherHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Payments.StripePublishableKey = "pk_test_abc" })

	got := w.do(t, call{method: "GET", path: "/docs/", status: 200, without: true, holds: []string{"/openapi.json"}})
	assert.NotRegexp(t, `(src|href)="https?:`, string(got.body), "the documentation loads nothing from elsewhere")
	assert.Contains(t, got.header.Get("Content-Security-Policy"), "connect-src 'self'")
	assert.Contains(t, string(got.body), `validatorUrl: null`)
	w.do(t, call{method: "GET", path: "/docs", status: 301, without: true})
	w.do(t, call{method: "GET", path: "/docs/swagger-ui.css", status: 200, without: true})

	got = w.do(t, call{method: "GET", path: "/pay/" + uuid.NewString(), status: 200, holds: []string{"pk_test_abc", "js.stripe.com"}})
	assert.Contains(t, got.header.Get("Content-Security-Policy"), "script-src 'self' https://js.stripe.com")
	w.do(t, call{method: "GET", path: "/pay/assets/pay.js", status: 200, holds: []string{"history.replaceState"}})
	w.do(t, call{method: "GET", path: "/pay/nope", status: 404, code: "not_found"})
	b := w.book(t, w.customer, "k", "A01")
	assert.Equal(t, "https://tickets.example/pay/"+b.ID+"?key="+w.links.Token(links.Read, b.ID)+"#"+b.Payment.ClientSecret, b.Payment.CheckoutURL)
	assert.Equal(t, "https://tickets.example/bookings/"+b.ID+"?paid&key="+w.links.Token(links.Read, b.ID), b.Payment.ReturnURL)

	_, err := w.db.Pool.Exec(t.Context(), `UPDATE payments SET checkout_url = $1 WHERE booking_id = $2`, "https://tickets.example/checkout/"+b.ID, b.ID)
	require.NoError(t, err)
	w.do(t, call{method: "GET", path: "/v1/bookings/" + b.ID, token: w.customer, status: 200,
		holds: []string{"https://tickets.example/pay/" + b.ID + "?key=" + w.links.Token(links.Read, b.ID) + "#" + b.Payment.ClientSecret}})
}

func TestCodecIsForStaff(t *testing.T) {
	t.Parallel()
	codec := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("decoded " + r.URL.Path)) })
	w := newWorld(t, func(o *Options) { o.Staff.Codec = codec })
	w.do(t, call{method: "POST", path: "/codec/decode", status: 401, code: "unauthenticated", without: true})
	w.do(t, call{method: "POST", path: "/codec/decode", token: w.customer, status: 403, code: "forbidden", without: true})
	w.do(t, call{method: "POST", path: "/codec/decode", token: w.support, status: 200, holds: []string{"decoded /decode"}, without: true})
	w.options.Staff.CodecOpen = true
	w.serve()
	w.do(t, call{method: "POST", path: "/codec/decode", status: 200, without: true})
}

func TestPanicsStayInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Staff.Codec = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") })
	})
	w.do(t, call{method: "POST", path: "/codec/decode", token: w.admin, status: 500, code: "internal", lacks: []string{"secret"}, without: true})
	w.do(t, call{method: "GET", path: "/healthz", status: 200})
}

func TestSessionsRotateAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first, second accounts.TokenPair
	w.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"asha@example.com","password":"long enough to pass"}`, status: 201}).into(t, &first)
	assert.Equal(t, "Bearer", first.TokenType)
	refresh := call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + first.RefreshToken + `"}`}
	refresh.status = 200
	w.do(t, refresh).into(t, &second)
	require.NotEqual(t, first.RefreshToken, second.RefreshToken)
	// A copy of the first token ends the family, the second with it.
	w.exec(`UPDATE sessions SET rotated_at = rotated_at - interval '11 seconds'`)
	refresh.status, refresh.code = 401, "unauthenticated"
	w.do(t, refresh)
	refresh.body = `{"refresh_token":"` + second.RefreshToken + `"}`
	w.do(t, refresh)

	w.do(t, call{method: "POST", path: "/v1/sessions", body: `{"email":"asha@example.com","password":"long enough to pass"}`, status: 201}).into(t, &first)
	w.do(t, call{method: "DELETE", path: "/v1/sessions", token: first.AccessToken, status: 204})
	refresh.body = `{"refresh_token":"` + first.RefreshToken + `"}`
	w.do(t, refresh)
}

func TestFault32_LargeAndNestedBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	large := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	nested := `{"name":` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + `}`
	key := map[string]string{"Idempotency-Key": "k"}
	for _, c := range []call{
		{name: "large", method: "PATCH", path: "/v1/me", token: w.customer, body: large, status: 413, code: "body_too_large"},
		{name: "nested", method: "PATCH", path: "/v1/me", token: w.customer, body: nested, status: 400, code: "malformed_request", holds: []string{"levels deep"}},
		{name: "large booking", method: "POST", path: "/v1/bookings", token: w.customer, body: large, headers: key, status: 413, code: "body_too_large"},
		{name: "large webhook", method: "POST", path: "/v1/webhooks/stripe", body: large, status: 413, code: "body_too_large"},
		{name: "nested webhook", method: "POST", path: "/v1/webhooks/stripe", body: nested, status: 400, code: "malformed_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := w.rows()
			w.do(t, c)
			assert.Equal(t, before, w.rows(), "nothing is written")
		})
	}
}

// A body is refused by its route's size, before anything looks into it.
func TestBodiesAreAsLargeAsTheirRouteNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	of := func(n int) string { return `{"name":"` + strings.Repeat("x", n-len(`{"name":""}`)) + `"}` }
	admin := w.staffOf("boss", "admin")
	for _, c := range []struct {
		method, path, token string
		limit               int
	}{
		{"POST", "/v1/accounts", "", 8 << 10},
		{"POST", "/v1/sessions", "", 8 << 10},
		{"POST", "/v1/sessions/refresh", "", 8 << 10},
		{"POST", "/v1/browser-sessions", "", 8 << 10},
		{"PATCH", "/v1/me", w.customer, 8 << 10},
		{"POST", "/v1/bookings", w.customer, 8 << 10},
		{"PUT", "/v1/movies/amelie/reviews", w.customer, 32 << 10},
		{"POST", "/v1/webhooks/stripe", "", 256 << 10},
		{"POST", "/v1/admin/movies", admin, 1 << 20},
		{"POST", "/v1/admin/theaters", admin, 64 << 10},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			ask := call{method: c.method, path: c.path, token: c.token, headers: map[string]string{"Idempotency-Key": "k"}}
			ask.body = of(c.limit)
			assert.NotEqual(t, http.StatusRequestEntityTooLarge, w.send(t, ask).status)
			ask.body = of(c.limit + 1)
			refused := w.send(t, ask)
			assert.Equal(t, http.StatusRequestEntityTooLarge, refused.status)
			assert.Contains(t, string(refused.body), strconv.Itoa(c.limit), "the limit is named")
		})
	}
}

// The largest texts that the rules allow fit, in the longest way to write them.
func TestTheLongestReviewFits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, call{method: "PUT", path: "/v1/movies/amelie/reviews", token: w.customer, status: http.StatusCreated,
		body: `{"rating":5,"text":"` + strings.Repeat(`\ud83c\udfac`, 2000) + `"}`})
}

// A problem names the first fields that are wrong, and says how many more there are:
// an answer is never much longer than its request.
func TestAProblemNamesTheFirstFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]int{}
	for i := range 400 {
		body[fmt.Sprintf("f%03d", i)] = i
	}
	text, err := json.Marshal(body)
	require.NoError(t, err)
	refused := w.do(t, call{method: "POST", path: "/v1/accounts", body: string(text), status: 400, code: "malformed_request",
		holds: []string{`"f000"`, `"f019"`, "380 more are not listed."}})
	assert.NotContains(t, string(refused.body), `"f020"`)

	document := rest.ProblemOf(booking.Invalid(make([]booking.FieldError, 21)...))
	assert.Len(t, document.Errors, 20)
	assert.Contains(t, document.Detail, "One more is not listed.")
}
