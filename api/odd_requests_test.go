package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/servicekeys"
)

// stranger makes requests that an OpenAPI document allows, and then spoils some of
// their values.
type stranger struct {
	*rand.Rand
	known []string // ids of things that there are
}

var oddities = []any{
	"", " ", "x", "\u202e", "\x00", "\xff", "%", "'", `"`, "\\", "0", "-1", "1e-400", "1e400", "NaN", "Inf", "9999-12-31", "0000-01-01", "0001-01-01",
	"2027-02-30", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2027-01-01T25:61", "2027-01-01T10:00:00,5Z", "'; DROP TABLE shows; --",
	"eyJrIjoiIiwiaSI6IiJ9", "☃", "=1+1", "<b>", "90,180", "91,0", "nan,nan", "00000000-0000-0000-0000-000000000000", strings.Repeat("é", 3000), strings.Repeat("9", 400),
	true, nil, -1, 0, 1, 1.5, 1e300, int64(math.MaxInt64), int64(math.MinInt64), []any{}, []any{nil}, []any{1}, []any{[]any{}}, map[string]any{}, map[string]any{"": 1},
}

func (s *stranger) odd() any { return oddities[s.IntN(len(oddities))] }

func pick[T any](s *stranger, those []T) T { return those[s.IntN(len(those))] }

// value makes a value that matches the schema, or one that does not.
func (s *stranger) value(ref *openapi3.SchemaRef, depth int) any {
	if ref == nil || ref.Value == nil || depth > 6 || s.IntN(12) == 0 {
		return s.odd()
	}
	schema := ref.Value
	switch {
	case len(schema.Enum) > 0:
		return pick(s, schema.Enum)
	case len(schema.AllOf) > 0:
		whole := map[string]any{}
		for _, part := range schema.AllOf {
			if some, ok := s.value(part, depth+1).(map[string]any); ok {
				maps.Copy(whole, some)
			}
		}
		return whole
	case len(schema.OneOf) > 0:
		return s.value(pick(s, schema.OneOf), depth+1)
	case len(schema.AnyOf) > 0:
		return s.value(pick(s, schema.AnyOf), depth+1)
	case schema.Type.Is("object"):
		return s.object(schema, depth)
	case schema.Type.Is("array"):
		list := make([]any, s.IntN(4))
		for i := range list {
			list[i] = s.value(schema.Items, depth+1)
		}
		return list
	case schema.Type.Is("string"):
		return s.text(schema)
	case schema.Type.Is("boolean"):
		return s.IntN(2) == 0
	case schema.Type.Is("integer"):
		return pick(s, []int64{-1, 0, 1, 2, 7, 31, 60, 100, 1000, 45000, math.MaxInt32, math.MaxInt64})
	}
	return pick(s, []float64{-181, -90, 0, 0.5, 1, 18.5, 100, 1e18})
}

func (s *stranger) object(schema *openapi3.Schema, depth int) any {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		if s.IntN(10) < 6 || slices.Contains(schema.Required, name) && s.IntN(10) < 9 {
			object[name] = s.value(schema.Properties[name], depth+1)
			if object[name] == nil && !schema.Properties[name].Value.Nullable {
				delete(object, name) // as null is read everywhere
			}
		}
	}
	if schema.AdditionalProperties.Schema != nil {
		for range s.IntN(3) {
			object[pick(s, []string{"gold", "silver", "", "\u202e", "x y"})] = s.value(schema.AdditionalProperties.Schema, depth+1)
		}
	}
	if s.IntN(20) == 0 {
		object["surprise"] = s.odd()
	}
	return object
}

func (s *stranger) text(schema *openapi3.Schema) any {
	switch schema.Format {
	case "uuid":
		return pick(s, s.known)
	case "date":
		return pick(s, []string{"2026-12-01", "2027-01-04", "2027-03-28", "9999-12-31", "0001-01-01"})
	case "date-time":
		return pick(s, []string{"2026-12-01T10:00:00Z", "2027-01-04T10:00:00+05:30", "9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z"})
	}
	if schema.Example != nil && s.IntN(2) == 0 {
		return schema.Example
	}
	return pick(s, []string{"gold", "standard", "A", "A1", "hi", "2D", "INR", "18:30", "mon", "2027-01-04T18:30", "2027-01-04", "pune", "lotus", "Lotus", "stripe", pick(s, s.known)})
}

// oddHeaders are headers that no client of ours sends.
var oddHeaders = []struct{ name, value string }{
	{"Authorization", "Bearer"}, {"Authorization", "Bearer  "}, {"Authorization", "Basic YTpi"}, {"Authorization", "Bearer a.b.c"},
	{"Authorization", "bearer eyJhbGciOiJub25lIn0.e30."}, {"Authorization", "Bearer " + strings.Repeat("x", 6000)}, {"Authorization", "Digest username=x, nonce="},
	{"Authorization", "Bearer bxk_"}, {"Authorization", "BXK_x"}, {"Authorization", "Bearer bxk_" + strings.Repeat("0", 32) + "_" + strings.Repeat("0", 64) + "_00000000"},
	{"Accept", "*/*;q=0"}, {"Accept", "text/html"}, {"Accept", "application/json;q=NaN, ;;"}, {"Accept-Language", "-,*;q=9, x-klingon"},
	{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", "::ffff:10.0.0.1%eth0, , not an address"}, {"Forwarded", "for=_x;proto=;host=evil.example"},
	{"X-Forwarded-Host", "evil.example"}, {"X-Http-Method-Override", "DELETE"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"},
	{"If-None-Match", "*"}, {"If-None-Match", `W/"`}, {"If-Match", "*"}, {"If-Match", `"a", W/"b",`}, {"Range", "bytes=9-1,-"},
	{"Idempotency-Key", strings.Repeat("k", 300)}, {"Idempotency-Key", `"' OR 1=1"`}, {"Idempotency-Key", "%00"},
	{"Cookie", "__Host-boxoffice_session=; __Secure-boxoffice_booking=x.y.z"}, {"Last-Event-ID", "-1"}, {"X-Request-Id", "a"},
}

// call makes a request of an operation.
func (s *stranger) call(method, path string, things map[string]string, item *openapi3.PathItem) call {
	operation := item.GetOperation(method)
	made := call{method: method, headers: map[string]string{}}
	query := url.Values{}
	for _, ref := range append(slices.Clone(item.Parameters), operation.Parameters...) {
		p := ref.Value
		if p.In != "path" && s.IntN(2) == 0 {
			continue
		}
		value := fmt.Sprint(s.value(p.Schema, 0))
		switch p.In {
		case "path":
			before, _, _ := strings.Cut(path, "/{")
			if s.IntN(8) > 0 || value == "" {
				value = cmp.Or(things[before[strings.LastIndex(before, "/")+1:]], "2026-11-27") // a day follows another part
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case "query":
			if value != "" { // which is as good as none
				query.Add(p.Name, value)
			}
		case "header":
			if !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
				made.headers[p.Name] = value
			}
		}
	}
	if made.path = path; len(query) > 0 {
		made.path += "?" + query.Encode()
	}
	if operation.RequestBody != nil {
		if media := operation.RequestBody.Value.Content.Get("application/json"); media != nil {
			body, _ := json.Marshal(s.value(media.Schema, 0)) // made of what JSON has
			made.body = string(body)
		}
	}
	return made
}

// Anyone can forge a cursor, and Go parses values that Postgres refuses.
func TestFault66_ForgedCursors(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	forge := func(order, key string) string {
		content, err := json.Marshal(map[string]string{"o": order, "k": key, "i": d.movie})
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(content)
	}
	times := []string{"2026-01-01T00:00:00+23:00", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.5+16:00", "0000-01-01T00:00:00Z"}
	for _, list := range []struct {
		path, order string
		keys        []string
	}{
		{"/v1/movies?", "popularity", []string{"1e-400", "1_0", "0x1p1", "nan()", "+inf", "1e400", "0e0", " 1", ""}},
		{"/v1/movies?sort=release_date&", "release_date", []string{"0000-01-01", "now", ""}},
		{"/v1/theaters?near=1,1&", "near", []string{"99999999999999999999", "1_0", ""}},
		{"/v1/movies/" + d.movie + "/reviews?", "latest", times},
		{"/v1/admin/accounts?", "", times},
		{"/v1/admin/shows?", "", times},
		{"/v1/admin/bookings?", "", times},
	} {
		for _, key := range list.keys {
			got := d.send(t, call{token: d.admin, method: "GET", path: list.path + "cursor=" + forge(list.order, key)})
			assert.Equal(t, http.StatusUnprocessableEntity, got.status, "%s %q: %s", list.path, key, got.body)
		}
	}
}

func TestUnknownFieldsAnywhereInABody(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for body, field := range map[string]string{
		`{"":1}`: "",
		`{"prices":{"gold":{"amount":1,"currency":"INR","cents":1}}}`: "prices.gold.cents",
		`{"fee_per_seat":{"amount":1,"currency":"INR","cents":1}}`:    "fee_per_seat.cents",
	} {
		got := d.do(t, call{token: d.own, method: "PATCH", path: "/v1/admin/shows/" + d.world.show, body: body,
			status: http.StatusBadRequest, code: "malformed_request"})
		assert.Contains(t, string(got.body), `"field":"`+field+`"`)
	}
}

// Requests are generated from the OpenAPI document, valid and invalid. Every answer is one
// that the document lists, and never a 500. RANDOM_CALLS is how many are made (make
// random), RANDOM_SEED which.
func TestFault66_RandomRequestsByTheDocument(t *testing.T) {
	t.Parallel()
	calls, seed := number(t, "RANDOM_CALLS", 3000), number(t, "RANDOM_SEED", 66)
	s := newStage(t)
	served, err := Document()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	known := append(slices.Sorted(maps.Values(s.things)), s.movie, s.theater, s.screen)
	paths := document.Paths.Map()
	operations := 0
	for _, item := range paths {
		operations += len(item.Operations())
	}
	each, made := calls/operations+1, map[int]int{}
	for i, path := range slices.Sorted(maps.Keys(paths)) {
		if strings.HasSuffix(path, "/stream") {
			continue
		}
		for _, method := range slices.Sorted(maps.Keys(paths[path].Operations())) {
			random := &stranger{rand.New(rand.NewPCG(uint64(i), uint64(seed))), known}
			for n := range each {
				request := random.call(method, path, s.things, paths[path])
				request.token = s.tokens[pick(random, []caller{nobody, customer, suspended, demoted, support, manager, door, admin, admin, keyholder, unscoped, otherHouse})]
				if request.token != "" && !servicekeys.IsKey(request.token) && path >= "/v1/me/sessions" {
					request.token = s.another(request.token) // a call before may have ended all sessions
				}
				if random.IntN(3) == 0 {
					odd := pick(random, oddHeaders)
					request.headers[odd.name] = odd.value
				}
				got := s.send(t, request)
				made[got.status]++
				assert.Less(t, got.status, http.StatusInternalServerError, "%d: %s %s %s: %s", n, method, request.path, request.body, got.body)
			}
		}
	}
	t.Logf("%d calls of %d operations with seed %d, answers by status %v", each*operations, operations, seed, made)
}

// number reads a setting of a longer run.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}
