package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog"
)

func TestReviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/v1/movies/amelie/reviews"
	put := func(name, token, body string, status int, holds ...string) call {
		return call{name: name, token: token, method: "PUT", path: path, body: body, status: status, holds: holds}
	}
	for _, c := range []call{
		{name: "none yet", method: "GET", path: path, status: 200, holds: []string{`"average":null`, `"count":0`, `"items":[]`}},
		{name: "none of mine", token: w.customer, method: "GET", path: path + "/mine", status: 404, code: "not_found"},
		put("first", w.customer, `{"rating":4,"text":"Lovely"}`, 201, `"rating":4`, `"author":"A customer"`, `"verified":false`),
		put("again", w.customer, `{"rating":5,"text":"Lovely"}`, 200, `"rating":5`),
		put("stars only", w.other, `{"rating":2}`, 201, `"text":""`),
		{name: "both", method: "GET", path: path, status: 200, holds: []string{`"average":3.5`, `"count":2`, `"5":1`}, lacks: []string{"asha", w.customerID}},
		{name: "with the movie", method: "GET", path: "/v1/movies/amelie", status: 200, holds: []string{`"rating":{"average":3.5,"count":2}`}},
		{name: "in the list", method: "GET", path: "/v1/movies", status: 200, holds: []string{`"rating":{"average":3.5,"count":2}`}},
		{name: "mine", token: w.customer, method: "GET", path: path + "/mine", status: 200, holds: []string{`"Lovely"`}},
		{name: "staff may, too", token: w.support, method: "PUT", path: path, body: `{"rating":3}`, status: 201},
		{name: "one at a time", method: "GET", path: path + "?limit=1", status: 200, holds: []string{`"next_cursor"`}},

		{name: "stranger", method: "PUT", path: path, body: `{"rating":1}`, status: 401, code: "unauthenticated"},
		{name: "stranger's", method: "GET", path: path + "/mine", status: 401, code: "unauthenticated"},
		{name: "stranger takes back", method: "DELETE", path: path, status: 401, code: "unauthenticated"},
		{name: "no such movie", token: w.customer, method: "PUT", path: "/v1/movies/nothing/reviews", body: `{"rating":1}`, status: 404, code: "not_found"},
		{name: "no such movie to read", method: "GET", path: "/v1/movies/nothing/reviews", status: 404, code: "not_found"},
		{name: "for another account", token: w.customer, method: "PUT", path: path, body: `{"rating":1,"account_id":"x","verified":true}`, status: 400, code: "malformed_request",
			holds: []string{`"account_id"`, `"verified"`}},
		{name: "half a star", token: w.customer, method: "PUT", path: path, body: `{"rating":2.5}`, status: 400, code: "malformed_request"},
		{name: "no rating", token: w.customer, method: "PUT", path: path, body: `{}`, status: 422, code: "validation_failed", holds: []string{`"rating"`}},
		{name: "too much of both", token: w.customer, method: "PUT", path: path, body: `{"rating":9,"text":"` + strings.Repeat("a", 2001) + `"}`, status: 422,
			code: "validation_failed", holds: []string{`"rating"`, `"text"`}},
		{name: "bad page", method: "GET", path: path + "?cursor=x", status: 422, code: "validation_failed"},
		{name: "taken back", token: w.other, method: "DELETE", path: path, status: 204},
		{name: "and again", token: w.other, method: "DELETE", path: path, status: 204},
		{name: "two left", method: "GET", path: path, status: 200, holds: []string{`"average":4`, `"count":2`}},
	} {
		t.Run(c.name, func(t *testing.T) { w.do(t, c) })
	}
}

// What customers write is served as text in JSON only, even when it would be markup in a
// page, a formula in a spreadsheet or a header in a mail.
func TestReviewsCarryNoMarkup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const evil = `</script><img src=x onerror=alert(1)> =HYPERLINK(\"http://x\") & <b>`
	w.do(t, call{token: w.customer, method: "PUT", path: "/v1/movies/amelie/reviews", body: `{"rating":1,"text":"` + evil + `"}`, status: 201})
	got := w.do(t, call{method: "GET", path: "/v1/movies/amelie/reviews", status: 200, lacks: []string{"<", ">", "&"}})
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
	var page catalog.ReviewPage
	got.into(t, &page)
	assert.Equal(t, strings.ReplaceAll(evil, `\"`, `"`), page.Items[0].Text, "and nothing was taken from it")
}

// A token outlives its account by minutes.
func TestReviewOfAnAccountThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, call{token: w.customer, method: "PUT", path: "/v1/movies/amelie/reviews", body: `{"rating":1}`, status: 201})
	w.exec(`DELETE FROM accounts WHERE id = $1`, w.customerID)
	w.do(t, call{token: w.customer, method: "PUT", path: "/v1/movies/amelie/reviews", body: `{"rating":1}`, status: 401, code: "unauthenticated"})
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/movies/amelie/reviews/mine", status: 404, code: "not_found"})
	w.do(t, call{token: w.customer, method: "DELETE", path: "/v1/movies/amelie/reviews", status: 401, code: "unauthenticated"})
	w.do(t, call{method: "GET", path: "/v1/movies/amelie/reviews", status: 200, holds: []string{`"items":[]`, `"count":0`}})
	w.do(t, call{method: "GET", path: "/v1/movies/amelie", status: 200, holds: []string{`"rating":null`}})
}

func TestReviewsRevalidate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/v1/movies/amelie/reviews"
	first := w.do(t, call{method: "GET", path: path, status: 200})
	tag := map[string]string{"If-None-Match": first.header.Get("ETag")}
	require.Equal(t, "public, max-age=0", first.header.Get("Cache-Control"))
	w.do(t, call{method: "GET", path: path, headers: tag, status: http.StatusNotModified})
	w.do(t, call{token: w.customer, method: "PUT", path: path, body: `{"rating":1}`, status: 201})
	w.do(t, call{method: "GET", path: path, headers: tag, status: 200})
}
