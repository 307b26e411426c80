package api

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/policy"
	"github.com/boxoffice/boxoffice/booking"
)

// caller is a role that makes a request, or a request without a token.
type caller string

const (
	nobody    caller = "nobody"
	linked    caller = "a browser with the booking's link"
	customer  caller = "the customer"
	another   caller = "another customer"
	suspended caller = "a suspended customer"
	demoted   caller = "a former administrator, whose token says admin"
	support   caller = "support"
	manager   caller = "the theater's manager"
	rival     caller = "another theater's manager"
	door      caller = "the theater's door"
	elsewhere caller = "another theater's door"
	admin     caller = "an administrator"

	keyholder  caller = "a partner's program, whose key has all scopes"
	unscoped   caller = "a partner's program, whose key has another scope" // each scope is another one somewhere
	house      caller = "a partner's program, whose key is limited to the theater"
	otherHouse caller = "a partner's program, whose key is limited to another theater"
)

func callers() []caller {
	return []caller{nobody, linked, customer, another, suspended, demoted, support, manager, rival, door, elsewhere, admin,
		keyholder, unscoped, house, otherHouse}
}

// keyScopes are what the keys of partners are given.
var keyScopes = map[caller][]booking.KeyScope{
	keyholder: booking.KeyScopes(), house: booking.KeyScopes(), otherHouse: booking.KeyScopes(), unscoped: {booking.ScopeSearch},
}

// roles are those of the database.
var roles = map[caller]string{
	customer: booking.RoleCustomer, another: booking.RoleCustomer, suspended: booking.RoleCustomer, demoted: booking.RoleCustomer,
	support: booking.RoleSupport, manager: booking.RoleTheaterManager, rival: booking.RoleTheaterManager,
	door: booking.RoleDoor, elsewhere: booking.RoleDoor, admin: booking.RoleAdmin,
}

// refusal is what the policy answers a caller about an object of the customer and of the
// theater: 0 is allowed.
func refusal(rule policy.Rule, as caller) int {
	_, token := roles[as]
	if scopes, key := keyScopes[as]; key {
		return keyRefusal(rule, as, scopes)
	}
	switch {
	case rule.Who == policy.Public, rule.Who == policy.Signed:
		return 0
	case rule.Who == policy.Cookie: // access tokens do not help there
		return http.StatusUnauthorized
	case rule.Who == policy.Linked && as == linked:
		return 0
	case !token, as == suspended && rule.AsksSession:
		return http.StatusUnauthorized
	case rule.Who == policy.Staff && !rule.Admits(roles[as]):
		return http.StatusForbidden
	case rule.Scope == policy.Own && as != customer: // also staff, who call as customers
		return http.StatusNotFound
	case rule.Scope == policy.Theaters && (as == rival || as == elsewhere):
		return http.StatusForbidden
	case rule.Scope == policy.TheatersFound && (as == rival || as == elsewhere):
		return http.StatusNotFound
	}
	return 0
}

// access is a request by which it shows who may do one operation. It has the right
// address and, where it would change something, a body that does not
// pass, unless the check of the body comes first.
type access struct {
	on      func(s *stage) string // the thing in the address; that of stage.things when nil
	query   string
	body    string
	headers map[string]string
	// ends is a request after which its caller's session is over: it gets one of its own.
	ends bool
	// also are refusals that an allowed caller gets, for what does not exist.
	also []int
}

// who has a request for all operations of the API. One that is not in it fails the test. Who
// may is in api/policy.
var who = map[string]access{
	"GET /healthz":                             {},
	"GET /readyz":                              {},
	"GET /openapi.json":                        {},
	"GET /.well-known/jwks.json":               {},
	"GET /pay/{id}":                            {},
	"GET /pay/assets/pay.js":                   {},
	"GET /pay/razorpay/{id}":                   {also: []int{404}},
	"GET /pay/assets/razorpay.js":              {},
	"POST /pay/razorpay/return":                {body: `razorpay_order_id=order_1`, also: []int{404}},
	"POST /v1/webhooks/{provider}":             {body: `{}`},
	"POST /v1/accounts":                        {body: `{}`},
	"POST /v1/sessions":                        {body: `{}`},
	"POST /v1/sessions/refresh":                {body: `{}`},
	"DELETE /v1/sessions":                      {ends: true},
	"POST /v1/browser-sessions":                {body: `{}`},
	"POST /v1/browser-sessions/refresh":        {},
	"DELETE /v1/browser-sessions":              {},
	"POST /v1/accounts/verify":                 {body: `{}`},
	"POST /v1/accounts/password-reset":         {body: `{}`},
	"PUT /v1/accounts/password":                {body: `{}`},
	"POST /v1/accounts/email-undo":             {body: `{}`},
	"POST /v1/guests":                          {body: `{}`},
	"POST /v1/browser-sessions/guest":          {body: `{}`},
	"POST /v1/me/verification":                 {body: `{}`},
	"POST /v1/me/verification/confirm":         {body: `{}`},
	"POST /v1/me/confirm":                      {body: `{}`},
	"PUT /v1/me/password":                      {body: `{}`},
	"POST /v1/me/email":                        {body: `{}`},
	"POST /v1/me/email/confirm":                {body: `{}`},
	"GET /v1/me/notifications":                 {},
	"PUT /v1/me/notifications":                 {body: `{"items":[{"channel":"fax","kind":"tickets","wanted":true}]}`},
	"GET /v1/me":                               {},
	"PATCH /v1/me":                             {body: `{}`},
	"GET /v1/me/sessions":                      {},
	"DELETE /v1/me/sessions":                   {query: "except_current=true"},
	"DELETE /v1/me/sessions/{id}":              {},
	"POST /v1/sessions/second-factor":          {body: `{}`},
	"POST /v1/browser-sessions/second-factor":  {body: `{}`},
	"GET /v1/me/factors":                       {},
	"POST /v1/me/factors/totp":                 {},
	"POST /v1/me/factors/totp/confirm":         {body: `{}`},
	"DELETE /v1/me/factors/totp":               {also: []int{http.StatusNotFound}},
	"POST /v1/me/factors/recovery-codes":       {},
	"GET /v1/oauth/providers":                  {},
	"GET /v1/oauth/{provider}/start":           {also: []int{http.StatusNotFound}},
	"GET /v1/oauth/{provider}/callback":        {},
	"POST /v1/browser-sessions/identity":       {body: `{}`},
	"GET /v1/me/identities":                    {},
	"POST /v1/me/identities/{id}":              {body: `{}`, also: []int{http.StatusNotFound}},
	"DELETE /v1/me/identities/{id}":            {on: (*stage).spareIdentity},
	"GET /v1/home":                             {query: "city=pune"},
	"GET /v1/push/key":                         {},
	"PUT /v1/me/push-subscriptions":            {body: `{}`},
	"DELETE /v1/me/push-subscriptions":         {body: `{}`},
	"GET /v1/me/recommendations":               {query: "city=pune"},
	"GET /v1/movies/{id}/similar":              {query: "city=pune"},
	"POST /v1/me/impressions":                  {body: `{"lists":[{"list_id":"none"}]}`},
	"GET /v1/me/preferences":                   {},
	"PUT /v1/me/preferences":                   {body: `{"certificate":"none"}`},
	"DELETE /v1/me/preferences":                {},
	"POST /v1/me/feedback":                     {body: `{}`},
	"GET /v1/me/activity":                      {},
	"GET /v1/cities":                           {},
	"GET /v1/movies":                           {},
	"GET /v1/movies/{id}":                      {},
	"GET /v1/movies/{id}/shows":                {},
	"GET /v1/movies/{id}/reviews":              {},
	"PUT /v1/movies/{id}/reviews":              {body: `{}`},
	"DELETE /v1/movies/{id}/reviews":           {also: []int{http.StatusNotFound}},
	"GET /v1/movies/{id}/reviews/mine":         {also: []int{http.StatusNotFound}},
	"GET /v1/theaters":                         {},
	"GET /v1/theaters/{id}":                    {},
	"GET /v1/theaters/{id}/shows":              {},
	"GET /v1/theaters/{id}/settlement":         {query: "from=2026-11-01&to=2026-11-30"},
	"GET /v1/reconciliations":                  {},
	"GET /v1/reconciliations/{provider}/{day}": {},
	"GET /v1/houses":                           {},
	"GET /v1/theaters/{id}/house":              {},
	"PUT /v1/theaters/{id}/house":              {body: `{}`},
	"POST /v1/theaters/{id}/house/pause":       {body: `{}`},
	"GET /v1/shows/{id}/allotments":            {also: []int{http.StatusNotFound}},
	"PUT /v1/shows/{id}/allotments":            {body: `{}`},
	"GET /v1/shows/{id}":                       {},
	"GET /v1/shows/{id}/seats":                 {},
	"GET /v1/shows/{id}/seats/stream":          {},
	"GET /v1/shows/{id}/best-seats":            {query: "count=2"},
	"GET /v1/shows/{id}/quote":                 {query: "seats=A01"},
	"GET /v1/search":                           {query: "q=amelie"},
	"GET /v1/search/suggest":                   {query: "q=ame"},
	"POST /v1/bookings":                        {body: `{}`},
	"GET /v1/bookings":                         {},
	"GET /v1/bookings/{id}":                    {},
	"GET /v1/bookings/{id}/stream":             {},
	"DELETE /v1/bookings/{id}/link":            {},
	"POST /v1/bookings/{id}/payment":           {body: `{"provider":"stripe"}`},
	"POST /v1/bookings/{id}/payment/check":     {},
	"POST /v1/bookings/{id}/extend":            {},
	"POST /v1/bookings/{id}/cancel":            {on: (*stage).spareBooking},
	"GET /v1/bookings/{id}/cancellation-quote": {},
	"GET /v1/bookings/{id}/ticket":             {},
	"GET /v1/bookings/{id}/ticket.png":         {},
	"GET /v1/bookings/{id}/ticket.pdf":         {},
	"GET /v1/bookings/{id}/ticket.ics":         {},
	"GET /v1/bookings/{id}/change":             {on: (*stage).movedBooking},
	"POST /v1/bookings/{id}/change":            {on: (*stage).movedBooking, body: `{}`},

	"POST /v1/browser-sessions/passkey/options": {},
	"POST /v1/browser-sessions/passkey":         {body: `{}`},
	"POST /v1/me/factors/passkeys":              {},
	"POST /v1/me/factors/passkeys/confirm":      {body: `{}`},
	"PATCH /v1/me/factors/passkeys/{id}":        {body: `{"name":"Mine"}`},
	"DELETE /v1/me/factors/passkeys/{id}":       {on: (*stage).sparePasskey},
	"POST /v1/me/confirm/passkey":               {},

	"GET /v1/admin/bookings":                   {},
	"GET /v1/admin/bookings/{id}":              {},
	"POST /v1/admin/bookings/{id}/resend":      {body: `{"channel":"pigeon"}`},
	"POST /v1/admin/bookings/{id}/extend-hold": {body: `{}`},
	"POST /v1/admin/bookings/{id}/refund":      {body: `{}`},
	"GET /v1/admin/accounts":                   {},
	"GET /v1/admin/accounts/{id}":              {},
	"PATCH /v1/admin/accounts/{id}":            {body: `{}`},
	"POST /v1/admin/accounts/{id}/suspend":     {body: `{}`},
	"POST /v1/admin/accounts/{id}/restore":     {body: `{}`},
	"GET /v1/admin/service-keys":               {},
	"POST /v1/admin/service-keys":              {body: `{}`},
	"DELETE /v1/admin/service-keys/{id}":       {},
	"GET /v1/admin/audit":                      {},
	"GET /v1/admin/alerts":                     {},
	"PATCH /v1/admin/alerts/{id}":              {body: `{"state":"open"}`},
	"GET /v1/admin/movies":                     {},
	"POST /v1/admin/movies":                    {body: `{}`},
	"GET /v1/admin/movies/{id}":                {},
	"PATCH /v1/admin/movies/{id}":              {body: `{}`},
	"POST /v1/admin/movies/{id}/retire":        {},
	"POST /v1/admin/movies/{id}/restore":       {},
	"GET /v1/admin/theaters":                   {},
	"POST /v1/admin/theaters":                  {body: `{}`},
	"GET /v1/admin/theaters/{id}":              {},
	"PATCH /v1/admin/theaters/{id}":            {body: `{}`},
	"POST /v1/admin/theaters/{id}/retire":      {},
	"POST /v1/admin/theaters/{id}/restore":     {},
	"GET /v1/admin/screens":                    {},
	"POST /v1/admin/screens":                   {body: `{"theater_id":"{theater}","name":"Screen 9"}`},
	"GET /v1/admin/screens/{id}":               {},
	"PATCH /v1/admin/screens/{id}":             {body: `{}`},
	"POST /v1/admin/screens/{id}/retire":       {},
	"POST /v1/admin/screens/{id}/restore":      {},
	"GET /v1/admin/screens/{id}/layouts":       {},
	"POST /v1/admin/screens/{id}/layouts":      {body: `{layout}`},
	"GET /v1/admin/layouts/{id}":               {},
	"POST /v1/admin/screens/{id}/program":      {body: `{}`},
	"GET /v1/admin/shows":                      {query: "theater_id={theater}"},
	"POST /v1/admin/shows":                     {body: `{"screen_id":"{screen}"}`},
	"GET /v1/admin/shows/{id}":                 {},
	"PATCH /v1/admin/shows/{id}":               {body: `{}`},
	"DELETE /v1/admin/shows/{id}":              {},
	"POST /v1/admin/shows/{id}/cancel":         {body: `{}`},
	"POST /v1/admin/shows/{id}/reschedule":     {body: `{}`},
	"POST /v1/admin/shows/{id}/refund":         {body: `{}`},
	"GET /v1/admin/shows/{id}/refund":          {},
	"GET /v1/admin/shows/{id}/changes":         {},
	"GET /v1/admin/show-changes/{id}":          {},
	"POST /v1/admin/show-changes/{id}/pause":   {},
	"POST /v1/admin/show-changes/{id}/resume":  {},
	"GET /v1/admin/prices":                     {query: "theater_id={theater}"},
	"POST /v1/admin/prices":                    {body: `{"theater_id":"{theater}"}`},
	"GET /v1/admin/prices/{id}":                {},
	"PATCH /v1/admin/prices/{id}":              {body: `{}`},
	"DELETE /v1/admin/prices/{id}":             {on: (*stage).spareCard},
}

const customersEmail = "not.for.everybody@example.com"

// stage is a world with one of everything.
type stage struct {
	*desk
	tokens map[caller]string
	things map[string]string // by the part of the address before the id
	moved  string            // a booking whose show was moved
	cards  int
}

func newStage(t *testing.T) *stage {
	t.Helper()
	d := newDesk(t)
	d.withDocuments()
	d.options.Payments.StripePublishableKey = "pk_test_x"
	d.options.Payments.Razorpay = razorpayPage()
	d.serve()
	s := &stage{desk: d, tokens: map[caller]string{
		customer: d.customer, another: d.other, support: d.support, manager: d.own, admin: d.admin,
	}}
	s.tokens[rival] = d.staffOf("una", "theater_manager")
	rose := uuid.NewString()
	d.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		SELECT $1, 'rose', id, 'Rose', '2 Main Street', 18.5, 73.8, 'Asia/Kolkata', 'INR' FROM cities`, rose)
	d.hire(s.tokens[rival], rose)
	s.tokens[door], s.tokens[elsewhere] = d.staffOf("dora", booking.RoleDoor), d.staffOf("dan", booking.RoleDoor)
	d.exec(`INSERT INTO door_theaters (account_id, theater_id) VALUES ($1, $2), ($3, $4)`,
		d.claimsOf(s.tokens[door]).Subject, d.theater, d.claimsOf(s.tokens[elsewhere]).Subject, rose)
	s.tokens[suspended], s.tokens[demoted] = d.staffOf("sid", booking.RoleCustomer), d.staffOf("dee", booking.RoleAdmin)
	d.exec(`INSERT INTO suspensions (account_id) VALUES ($1)`, d.claimsOf(s.tokens[suspended]).Subject)
	d.exec(`UPDATE accounts SET role = 'customer' WHERE id = $1`, d.claimsOf(s.tokens[demoted]).Subject)

	theirs := d.bought(t, d.customer, "theirs", "A01")
	planned := d.plan(t, at(1, 14), nil).ID.String()
	first := d.world.show
	d.world.show = planned
	s.moved = d.bought(t, d.customer, "moved", "A01").ID
	d.world.show = first
	change := d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows/" + planned + "/reschedule", status: http.StatusAccepted,
		body:    fields{"starts_at": at(2, 14).Format("2006-01-02T15:04:05Z"), "reason": "The projector failed", "default": "keep"}.with(nil),
		headers: map[string]string{"Idempotency-Key": "move"}})
	changeID := strings.TrimPrefix(change.header.Get("Location"), "/v1/admin/show-changes/")
	d.exec(`INSERT INTO show_change_bookings (change_id, booking_id) VALUES ($1, $2)`, changeID, s.moved)
	d.exec(`UPDATE accounts SET email = $2, name = $2 WHERE id = $1`, d.customerID, customersEmail)
	for as, scopes := range keyScopes {
		s.tokens[as] = d.serviceKey(scopes, map[caller][]string{house: {d.theater}, otherHouse: {rose}}[as]...).Key
	}
	s.things = map[string]string{
		"bookings": theirs.ID, "pay": theirs.ID, "movies": d.movie, "theaters": d.theater, "screens": d.screen,
		"shows": d.world.show, "prices": s.spareCard(), "accounts": d.customerID, "webhooks": "stripe", "razorpay": razorpayOrder,
		"layouts": d.text(`SELECT id FROM layouts`), "show-changes": changeID,
		"alerts": d.alerted(theirs.ID, booking.AlertRefundRefused), "sessions": d.sessionOf(d.another(d.customer)),
		"service-keys": d.serviceKey([]booking.KeyScope{booking.ScopeSearch}).ID.String(),
		"oauth":        "none", "identities": s.spareIdentity(), "reconciliations": "stripe",
	}
	d.exec(`INSERT INTO reconciliations (provider, day, began_at) VALUES ('stripe', '2026-11-27', now())`)
	s.things["passkeys"] = s.sparePasskey()
	d.exec(`INSERT INTO houses (theater_id, adapter, address) VALUES ($1, 'session', 'https://theater.example')`, d.theater)
	return s
}

func (s *stage) movedBooking() string { return s.moved }

// spareBooking is a booking that the request may end.
func (s *stage) spareBooking() string {
	return s.book(s.t, s.customer, uuid.NewString(), "C05").ID
}

// sparePasskey is one of the customer's that the request may remove.
func (s *stage) sparePasskey() string {
	id := uuid.NewString()
	s.exec(`INSERT INTO passkeys (id, account_id, credential_id, public_key, algorithm, flags, sign_count, transports, aaguid, name)
		VALUES ($1, $2, $3, '\x00', -7, 5, 0, '{}', $4, 'Phone')`, id, s.customerID, []byte(id), uuid.Nil)
	return id
}

// spareCard is a price card that the request may delete.
func (s *stage) spareCard() string {
	s.cards++
	return s.newCard(s.t, fmt.Sprintf("Card %d", s.cards)).ID.String()
}

// spareIdentity is a log-in by a provider that the request may remove.
func (s *stage) spareIdentity() string {
	id := uuid.NewString()
	s.exec(`INSERT INTO identities (id, account_id, provider, issuer, subject) VALUES ($1, $2, 'house', 'https://id.example', $1::uuid::text)`, id, s.customerID)
	return id
}

// request fills in the address, the query and the body of an operation.
func (s *stage) request(operation string, as caller) call {
	a := who[operation]
	method, path, _ := strings.Cut(operation, " ")
	if before, after, has := strings.Cut(path, "/{"); has {
		thing := s.things[before[strings.LastIndex(before, "/")+1:]]
		if a.on != nil && s.things[operation] == "" {
			s.things[operation] = a.on(s)
		}
		if a.on != nil {
			thing = s.things[operation]
		}
		_, rest, _ := strings.Cut(after, "}")
		path = before + "/" + thing + strings.Replace(rest, "{day}", "2026-11-27", 1)
	}
	headers := a.headers
	if as == linked {
		of := s.things["bookings"]
		if a.on != nil {
			of = s.things[operation]
		}
		headers = s.opened(of)
	}
	fill := strings.NewReplacer("{theater}", s.theater, "{screen}", s.screen,
		"{layout}", `{"rows":[{"label":"A","category":"gold","seats":[{"id":"A1","x":1,"type":"standard"}]}]}`)
	if a.query != "" {
		path += "?" + fill.Replace(a.query)
	}
	token := s.tokens[as]
	if _, person := roles[as]; a.ends && person {
		token = s.another(token)
	}
	return call{token: token, method: method, path: path, body: fill.Replace(a.body), headers: headers}
}

// answer sends a request and reads the answer. Of a stream it reads the head.
func (s *stage) answer(t testing.TB, c call) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	response, err := http.DefaultTransport.RoundTrip(s.world.request(t, c).WithContext(ctx))
	require.NoError(t, err)
	defer response.Body.Close()
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return response.StatusCode, ""
	}
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}

func TestFault65_EveryOperationAsEveryRole(t *testing.T) {
	t.Parallel()
	served, err := Document()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	var operations []string
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			operations = append(operations, method+" "+path)
		}
	}
	slices.Sort(operations)
	require.Equal(t, operations, slices.Sorted(maps.Keys(who)), "the table says of every operation who may, and of no other")

	s := newStage(t)
	// No answer may show these to a caller: the customer's data, and another house's
	// prices.
	secrets := map[caller][]string{
		nobody:  {customersEmail, s.customerID, s.things["bookings"], s.things["prices"]},
		linked:  {customersEmail, s.customerID, s.things["prices"]},
		another: {customersEmail, s.customerID, s.things["bookings"], s.things["prices"]},
		rival:   {customersEmail, s.customerID, s.things["bookings"], s.things["prices"]},
		manager: {customersEmail},
	}
	for _, as := range []caller{suspended, demoted, door, elsewhere, keyholder, unscoped, house, otherHouse} {
		secrets[as] = secrets[another]
	}
	for _, operation := range operations {
		for _, as := range callers() {
			a := who[operation]
			request := s.request(operation, as)
			status, body := s.answer(t, request)
			where := fmt.Sprintf("%s as %s: %d %s", operation, as, status, body)
			rule, err := policy.Of(operation)
			require.NoError(t, err)
			switch want := refusal(rule, as); want {
			case 0:
				refusals := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
				refused := slices.Contains(refusals, status) && !slices.Contains(a.also, status)
				assert.False(t, refused || status >= http.StatusInternalServerError, where)
			default:
				assert.Equal(t, want, status, where)
			}
			if status < http.StatusMultipleChoices && request.method != http.MethodGet {
				delete(s.things, operation) // it is used up
			}
			for _, secret := range secrets[as] {
				if !strings.Contains(request.path, secret) { // which the caller knows
					assert.NotContains(t, body, secret, where)
				}
			}
		}
	}
}

// A role that does not exist gives no rights, even in a token that we signed.
func TestFault65_RolesThatDoNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, role := range []any{"root", "Admin", "admin ", "theater-manager", "*", "", nil, []string{"admin"}} {
		token := forged(t, w, jwt.SigningMethodEdDSA, w.tokenKey, func(_ map[string]any, claims jwt.MapClaims) { claims["role"] = role })
		for _, path := range []string{"/v1/admin/shows", "/v1/admin/bookings", "/v1/admin/accounts"} {
			got := w.send(t, call{token: token, method: "GET", path: path})
			assert.Contains(t, []int{http.StatusForbidden, http.StatusUnauthorized}, got.status, "%v: %s", role, got.body)
		}
	}
}
