package api

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
)

// serviceKey makes a key as an administrator would.
func (w *world) serviceKey(scopes []booking.KeyScope, theaters ...string) servicekeys.Made {
	w.t.Helper()
	made, err := w.options.ServiceKeys.Create(w.t.Context(), audit.Actor{AccountID: uuid.New(), Role: booking.RoleAdmin}, servicekeys.Wanted{
		Name: "Listings", Partner: "City Guide", Scopes: scopes, Theaters: theaters, ExpiresAt: time.Now().Add(time.Hour).Format(time.RFC3339),
	})
	require.NoError(w.t, err)
	return made
}

// forgedKey has a checksum of its own.
func forgedKey(body string) string {
	return fmt.Sprintf("%s_%08x", body, crc32.ChecksumIEEE([]byte(body)))
}

func keyFields(change fields) string {
	return fields{"name": "Listings", "partner": "City Guide", "scopes": []string{"catalog:read"},
		"expires_at": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)}.with(change)
}

func TestAdministratorsMakeAndRevokeServiceKeys(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	create := func(body string, status int, code string) reply {
		t.Helper()
		return d.do(t, call{token: d.admin, method: "POST", path: "/v1/admin/service-keys", body: body, status: status, code: code,
			headers: map[string]string{"Idempotency-Key": "the-same"}})
	}
	var made, again servicekeys.Made
	got := create(keyFields(fields{"theater_ids": []string{d.theater}, "per_minute": 60}), http.StatusCreated, "")
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	got.into(t, &made)
	create(keyFields(nil), http.StatusCreated, "").into(t, &again)
	assert.NotEqual(t, made.Key, again.Key, "an Idempotency-Key is not looked at: the first answer would have to be stored")
	assert.Equal(t, "0", d.text(`SELECT count(*) FROM idempotency_keys`))
	assert.Equal(t, d.claimsOf(d.admin).Subject, made.CreatedBy.String())

	listed := d.do(t, call{token: d.admin, method: "GET", path: "/v1/admin/service-keys?limit=1", status: http.StatusOK, holds: []string{again.ID.String(), `"next_cursor"`}})
	assert.NotContains(t, string(listed.body), again.Key[37:])
	create(keyFields(fields{"scopes": []string{"bookings:write"}}), http.StatusUnprocessableEntity, "validation_failed")
	create(keyFields(fields{"expires_at": "2999-01-01T00:00:00Z"}), http.StatusUnprocessableEntity, "validation_failed")
	create(keyFields(fields{"key": "of my own"}), http.StatusBadRequest, "malformed_request")

	d.do(t, call{token: made.Key, method: "GET", path: "/v1/theaters/" + d.theater, status: http.StatusOK})
	for range 2 {
		d.do(t, call{token: d.admin, method: "DELETE", path: "/v1/admin/service-keys/" + made.ID.String(), status: http.StatusNoContent})
	}
	d.do(t, call{token: made.Key, method: "GET", path: "/v1/theaters/" + d.theater, status: http.StatusUnauthorized, code: "unauthenticated"})
	d.do(t, call{token: again.Key, method: "GET", path: "/v1/theaters/" + d.theater, status: http.StatusOK})
	for _, id := range []string{uuid.NewString(), "x"} {
		d.do(t, call{token: d.admin, method: "DELETE", path: "/v1/admin/service-keys/" + id, status: http.StatusNotFound, code: "not_found"})
	}
	logged := d.do(t, call{token: d.admin, method: "GET", path: "/v1/admin/audit?entity=service_key", status: http.StatusOK,
		holds: []string{`"action":"revoke"`, `"action":"create"`, made.ID.String()}})
	assert.NotContains(t, string(logged.body), made.Key[37:101])

	// An open computer in an office makes no key, but a key that leaked ends at once.
	d.exec(`UPDATE sessions SET created_at = now() - interval '11 minutes'`)
	d.exec(`UPDATE session_devices SET began_at = now() - interval '11 minutes'`)
	create(keyFields(nil), http.StatusForbidden, "confirmation_needed")
	d.do(t, call{token: d.admin, method: "DELETE", path: "/v1/admin/service-keys/" + again.ID.String(), status: http.StatusNoContent})
}

// answered sends a GET with these values of Authorization.
func (w *world) answered(t *testing.T, path string, authorization ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+path, http.NoBody)
	require.NoError(t, err)
	request.Header["Authorization"] = authorization
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	require.NoError(t, err)
	got := reply{response.StatusCode, response.Header, body.Bytes()}
	holdAgainstDocument(t, request, "", got)
	return got
}

// All of it beside answers that are in memory: they must not be a way around the check.
func TestHostileServiceKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t).cached("")
	all := booking.KeyScopes()
	good, revoked, expired := w.serviceKey(all), w.serviceKey(all), w.serviceKey(all)
	w.exec(`UPDATE service_keys SET revoked_at = now() WHERE id = $1`, revoked.ID)
	w.exec(`UPDATE service_keys SET expires_at = now() - interval '1 second' WHERE id = $1`, expired.ID)
	key := good.Key
	unknown := forgedKey("bxk_" + strings.Repeat("0", 32) + key[36:101])
	wrongSecret := forgedKey(good.Begins + revoked.Key[36:101])
	const path = "/v1/movies"
	for range 3 {
		assert.Equal(t, http.StatusOK, w.answered(t, path).status)
	}
	const notWhole, notGood, oneHeader = "not a whole service key", "does not count, or no longer", "in one header"
	for name, c := range map[string]struct {
		authorization []string
		status        int
		holds         string
	}{
		"good":                       {[]string{"Bearer " + key}, 200, ""},
		"good, scheme in lower case": {[]string{"bearer " + key}, 200, ""},
		"truncated":                  {[]string{"Bearer " + key[:100]}, 401, notWhole},
		"one letter short":           {[]string{"Bearer " + key[:109]}, 401, notWhole},
		"only the prefix":            {[]string{"Bearer bxk_"}, 401, notWhole},
		"longer":                     {[]string{"Bearer " + key + strings.Repeat("0", 4000)}, 401, notWhole},
		"wrong checksum":             {[]string{"Bearer " + key[:102] + "00000000"}, 401, notWhole},
		"other case":                 {[]string{"Bearer " + strings.ToUpper(key)}, 401, notWhole},
		"prefix in other case":       {[]string{"Bearer BXK_" + key[4:]}, 401, notWhole},
		"quoted":                     {[]string{`Bearer bxk_"` + key + `"`}, 401, notWhole},
		"unknown":                    {[]string{"Bearer " + unknown}, 401, notGood},
		"secret of another":          {[]string{"Bearer " + wrongSecret}, 401, notGood},
		"revoked":                    {[]string{"Bearer " + revoked.Key}, 401, notGood},
		"expired by one second":      {[]string{"Bearer " + expired.Key}, 401, notGood},
		"two headers, both good":     {[]string{"Bearer " + key, "Bearer " + key}, 401, oneHeader},
		"two headers, one a session": {[]string{"Bearer " + w.admin, "Bearer " + key}, 401, oneHeader},
		"two headers, the other way": {[]string{"Bearer " + key, "Bearer " + w.admin}, 401, oneHeader},
		"two in one header":          {[]string{"Bearer " + key + ", Bearer " + key}, 401, notWhole},
		"another scheme":             {[]string{"Token " + key}, 401, oneHeader},
		"no scheme":                  {[]string{key}, 401, oneHeader},
	} {
		got := w.answered(t, path, c.authorization...)
		assert.Equal(t, c.status, got.status, "%s: %s", name, got.body)
		assert.Contains(t, string(got.body), c.holds, name)
		if c.status == http.StatusUnauthorized {
			assert.Equal(t, `Bearer realm="boxoffice"`, got.header.Get("WWW-Authenticate"), name)
			assert.Equal(t, "no-store", got.header.Get("Cache-Control"), name)
			assert.Contains(t, string(got.body), `"code":"unauthenticated"`, name)
		}
		// Where no key helps, none is looked at.
		assert.Equal(t, http.StatusForbidden, w.answered(t, "/v1/me", c.authorization...).status, name)
	}
	same := w.answered(t, path, "Bearer "+unknown).body
	for _, other := range []string{wrongSecret, revoked.Key, expired.Key} {
		assert.Equal(t, string(same), string(w.answered(t, path, "Bearer "+other).body), "a caller is not told which it is")
	}
	head := w.request(t, call{method: http.MethodHead, path: path, token: revoked.Key})
	response, err := http.DefaultTransport.RoundTrip(head)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

// Elsewhere than in the header a key is nothing.
func TestAServiceKeyCountsInTheHeaderOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(1)
	key := w.serviceKey(booking.KeyScopes()).Key
	for _, name := range []string{"access_token", "key", "api_key", "token"} {
		w.do(t, call{method: "GET", path: "/v1/me?" + name + "=" + key, status: http.StatusUnauthorized, code: "unauthenticated"})
		got := w.do(t, call{method: "GET", path: "/v1/cities?" + name + "=" + key, status: http.StatusOK})
		assert.NotContains(t, got.header.Get("RateLimit-Policy"), "service-key")
	}
	for _, name := range []string{"__Host-boxoffice_session", "__Secure-boxoffice_booking", "boxoffice_session", "boxoffice_booking"} {
		cookie := map[string]string{"Cookie": name + "=" + key, "Origin": "https://tickets.example"}
		w.do(t, call{method: "GET", path: "/v1/me", headers: cookie, status: http.StatusUnauthorized, code: "unauthenticated"})
		w.do(t, call{method: "POST", path: "/v1/browser-sessions/refresh", headers: cookie, status: http.StatusUnauthorized, code: "unauthenticated"})
		w.do(t, call{method: "GET", path: "/v1/bookings/" + uuid.NewString(), headers: cookie, status: http.StatusUnauthorized, code: "unauthenticated"})
	}
	w.do(t, call{method: "POST", path: "/v1/sessions/refresh", body: `{"refresh_token":"` + key + `"}`, status: http.StatusUnauthorized, code: "unauthenticated"})
	w.do(t, call{method: "GET", path: "/v1/cities", headers: map[string]string{"X-Api-Key": key}, status: http.StatusOK})
	assert.Equal(t, "0", w.text(`SELECT count(last_used_at) FROM service_keys`), "none of these was a use")
}

// An answer from memory is faster than the guard, so it is for requests without a key.
func TestARevokedServiceKeyGetsNothingFromMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t).cached("")
	made := w.serviceKey(booking.KeyScopes())
	for _, path := range w.catalogPaths() {
		for range 3 { // the first remembers, the next would be answered from memory
			assert.Equal(t, http.StatusOK, w.answered(t, path).status, path)
			assert.Equal(t, http.StatusOK, w.answered(t, path, "Bearer "+made.Key).status, path)
		}
	}
	require.NoError(t, w.options.ServiceKeys.Revoke(t.Context(), audit.System(""), made.ID))
	for _, path := range w.catalogPaths() {
		assert.Equal(t, http.StatusUnauthorized, w.answered(t, path, "Bearer "+made.Key).status, path)
		assert.Equal(t, http.StatusOK, w.answered(t, path).status, path)
	}
}

func TestServiceKeysKeepToTheirTheaters(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	rose := uuid.NewString()
	d.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		SELECT $1, 'rose', id, 'Rose', '2 Main Street', 18.5, 73.8, 'Asia/Kolkata', 'INR' FROM cities`, rose)
	ours, theirs, both := d.serviceKey(booking.KeyScopes(), d.theater), d.serviceKey(booking.KeyScopes(), rose), d.serviceKey(booking.KeyScopes(), rose, d.theater)
	unlimited, catalogOnly := d.serviceKey(booking.KeyScopes()), d.serviceKey([]booking.KeyScope{booking.ScopeCatalog}, d.theater)
	type codes [5]int // of ours, theirs, both, unlimited, catalogOnly
	for path, want := range map[string]codes{
		"/v1/theaters/" + d.theater:                              {200, 403, 200, 200, 200},
		"/v1/theaters/lotus":                                     {200, 403, 200, 200, 200},
		"/v1/theaters/" + strings.ToUpper(d.theater):             {200, 403, 200, 200, 200},
		"/v1/theaters/rose":                                      {403, 200, 200, 200, 403},
		"/v1/theaters/nowhere":                                   {403, 403, 403, 404, 403},
		"/v1/theaters/" + uuid.NewString():                       {403, 403, 403, 404, 403},
		"/v1/theaters/lotus/shows":                               {200, 403, 200, 200, 403},
		"/v1/theaters/rose/shows":                                {403, 200, 200, 200, 403},
		"/v1/shows/" + d.world.show:                              {200, 403, 200, 200, 403},
		"/v1/shows/" + d.world.show + "/seats":                   {200, 403, 200, 200, 403},
		"/v1/shows/" + d.world.show + "/best-seats?count=2":      {200, 403, 200, 200, 403},
		"/v1/shows/" + d.world.show + "/quote?seats=A01":         {200, 403, 200, 200, 403},
		"/v1/shows/" + uuid.NewString():                          {403, 403, 403, 404, 403},
		"/v1/shows/x":                                            {403, 403, 403, 404, 403},
		"/v1/movies/amelie":                                      {200, 200, 200, 200, 200},
		"/v1/cities":                                             {200, 200, 200, 200, 200},
		"/v1/movies/amelie/shows?city=pune":                      {403, 403, 403, 200, 403},
		"/v1/theaters":                                           {403, 403, 403, 200, 403},
		"/v1/theaters?theater_id=" + d.theater:                   {403, 403, 403, 200, 403},
		"/v1/search?q=amelie":                                    {403, 403, 403, 200, 403},
		"/v1/home?city=pune":                                     {403, 403, 403, 200, 403},
		"/v1/shows/" + d.world.show + "/seats/stream":            {403, 403, 403, 403, 403},
		"/v1/admin/shows?theater_id=" + d.theater:                {403, 403, 403, 403, 403},
		"/v1/movies/amelie/reviews/mine":                         {403, 403, 403, 403, 403},
		"/v1/bookings":                                           {403, 403, 403, 403, 403},
		"/healthz":                                               {403, 403, 403, 403, 403},
		"/v1/theaters/" + strings.ReplaceAll(d.theater, "-", ""): {200, 403, 200, 200, 200},
	} {
		for i, made := range []servicekeys.Made{ours, theirs, both, unlimited, catalogOnly} {
			got := d.do(t, call{token: made.Key, method: "GET", path: path})
			assert.Equal(t, want[i], got.status, "%s with key %d: %s", path, i, got.body)
			if got.status == http.StatusForbidden {
				assert.Contains(t, string(got.body), `"code":"forbidden"`)
			}
		}
	}
	got := d.do(t, call{token: catalogOnly.Key, method: "GET", path: "/v1/theaters/lotus/shows", status: http.StatusForbidden})
	assert.Contains(t, string(got.body), "lacks the scope shows:read")
	got = d.do(t, call{token: ours.Key, method: "POST", path: "/v1/bookings", body: bookBody(d.world.show, "A01"),
		headers: map[string]string{"Idempotency-Key": "k"}, status: http.StatusForbidden, code: "forbidden"})
	assert.Contains(t, string(got.body), "does not open this operation")
}

func TestServiceKeysHaveBudgetsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(1)
	made, other := w.serviceKey(booking.KeyScopes()), w.serviceKey(booking.KeyScopes())
	w.exec(`UPDATE service_keys SET per_minute = 3 WHERE id = $1`, made.ID)
	ask := func(key, path, address string, status int) reply {
		t.Helper()
		return w.do(t, call{token: key, method: "GET", path: path, headers: from(address), status: status})
	}
	first := ask(made.Key, "/v1/cities", "203.0.113.7", http.StatusOK)
	assert.Equal(t, `"all-per-service-key";q=3;w=60`, first.header.Get("RateLimit-Policy"))
	assert.Equal(t, `"all-per-service-key";r=2;t=20`, first.header.Get("RateLimit"))
	ask(made.Key, "/v1/search?q=amelie", "203.0.113.8", http.StatusOK)
	ask(made.Key, "/v1/theaters/nowhere", "203.0.113.9", http.StatusNotFound)
	refused := ask(made.Key, "/v1/cities", "203.0.113.10", http.StatusTooManyRequests)
	var problem rest.Problem
	refused.into(t, &problem)
	assert.Equal(t, "quota_exceeded", string(problem.Code))
	assert.Equal(t, []string{"all-per-service-key"}, problem.Violated)
	assert.NotEmpty(t, refused.header.Get("Retry-After"))
	assert.Contains(t, refused.header.Get("RateLimit"), `"all-per-service-key";r=0;`)
	usual := ask(other.Key, "/v1/cities", "203.0.113.7", http.StatusOK)
	assert.Equal(t, `"all-per-service-key";q=600;w=60`, usual.header.Get("RateLimit-Policy"))
	ask("", "/v1/cities", "203.0.113.10", http.StatusOK)
}

// Keys that are made up cost their address, so that they cannot ask the database without end.
func TestGuessedServiceKeysCostTheirAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(0.001) // twelve reads a minute
	key := forgedKey("bxk_" + strings.Repeat("0", 32) + "_" + strings.Repeat("0", 64))
	made := map[int]int{}
	for range 30 {
		made[w.do(t, call{token: key, method: "GET", path: "/v1/cities", headers: from("203.0.113.7")}).status]++
	}
	assert.Equal(t, 30, made[http.StatusUnauthorized]+made[http.StatusTooManyRequests])
	assert.NotZero(t, made[http.StatusUnauthorized])
	assert.NotZero(t, made[http.StatusTooManyRequests])
	w.do(t, call{token: key, method: "GET", path: "/v1/cities", headers: from("203.0.113.77"), status: http.StatusUnauthorized})
}

// locked is a log that several requests write.
type locked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestTheLogSaysWhyAServiceKeyIsRefused(t *testing.T) {
	t.Parallel()
	log := &locked{}
	w := newWorld(t, func(o *Options) { o.HTTP.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	good, expired := w.serviceKey(booking.KeyScopes()), w.serviceKey(booking.KeyScopes())
	w.exec(`UPDATE service_keys SET expires_at = now() WHERE id = $1`, expired.ID)
	for _, c := range []struct {
		key, holds string
		status     int
	}{
		{good.Key, "route=/v1/cities", http.StatusOK},
		{expired.Key, fmt.Sprintf("service_key=%s reason=expired", expired.ID), http.StatusUnauthorized},
		{good.Key[:90], `reason="not a whole key"`, http.StatusUnauthorized},
		{forgedKey(good.Begins + expired.Key[36:101]), fmt.Sprintf("service_key=%s reason=\"wrong secret\"", good.ID), http.StatusUnauthorized},
	} {
		w.do(t, call{token: c.key, method: "GET", path: "/v1/cities", status: c.status})
		assert.Contains(t, log.String(), c.holds)
	}
	assert.Eventually(t, func() bool { return strings.Contains(log.String(), "service_key="+good.ID.String()+"\n") }, soon, often, "the access log")
	for _, secret := range []string{good.Key[37:80], expired.Key[37:80]} {
		assert.NotContains(t, log.String(), secret)
	}
}
