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

	"github.com/boxoffice/boxoffice/booking"
)

// caller is a role that makes a request, or a request without a token.
type caller string

const (
	nobody   caller = "nobody"
	linked   caller = "a browser with the booking's link"
	customer caller = "the customer"
	another  caller = "another customer"
	support  caller = "support"
	manager  caller = "the theater's manager"
	rival    caller = "another theater's manager"
	admin    caller = "an administrator"
)

func callers() []caller {
	return []caller{nobody, linked, customer, another, support, manager, rival, admin}
}

// audience has the expected status for each caller: 0 is allowed, else the refusal.
type audience map[caller]int

func only(refusal int, those ...caller) audience {
	a := audience{}
	for _, c := range callers() {
		switch {
		case slices.Contains(those, c):
			a[c] = 0
		case c == nobody, c == linked:
			a[c] = http.StatusUnauthorized
		default:
			a[c] = refusal
		}
	}
	return a
}

var (
	everybody = only(0, nobody, linked)
	signedIn  = only(0)
	// Access tokens do not help where the cookie of a session is asked for.
	byCookie = only(http.StatusUnauthorized)
	// A booking of another customer does not exist, also for staff who call as customers.
	theCustomer   = only(http.StatusNotFound, customer)
	readers       = only(http.StatusNotFound, customer, linked)
	bookingStaff  = only(http.StatusForbidden, support, admin)
	allStaff      = only(http.StatusForbidden, support, manager, rival, admin)
	houseReaders  = only(http.StatusForbidden, support, manager, admin)
	houseManagers = only(http.StatusForbidden, manager, admin)
	admins        = only(http.StatusForbidden, admin)
	// What is another house's does not exist.
	housesOnly = audience{nobody: http.StatusUnauthorized, linked: http.StatusUnauthorized, customer: http.StatusForbidden, another: http.StatusForbidden,
		support: 0, manager: 0, rival: http.StatusNotFound, admin: 0}
)

// access is who may do one operation, and a request by which that shows. It has
// the right address and, where it would change something, a body that does not
// pass, unless the check of the body comes first.
type access struct {
	who     audience
	on      func(s *stage) string // the thing in the address; that of stage.things when nil
	query   string
	body    string
	headers map[string]string
	// ends is a request after which its caller's session is over: it gets one of its own.
	ends bool
	// also are refusals that an allowed caller gets, for what does not exist.
	also []int
}

// who is the table of all operations of the API. An operation that is not in it fails the
// test: a new operation needs a decision here.
var who = map[string]access{
	"GET /healthz":                             {who: everybody},
	"GET /readyz":                              {who: everybody},
	"GET /openapi.json":                        {who: everybody},
	"GET /.well-known/jwks.json":               {who: everybody},
	"GET /pay/{id}":                            {who: everybody},
	"GET /pay/assets/pay.js":                   {who: everybody},
	"POST /v1/webhooks/{provider}":             {who: everybody, body: `{}`},
	"POST /v1/accounts":                        {who: everybody, body: `{}`},
	"POST /v1/sessions":                        {who: everybody, body: `{}`},
	"POST /v1/sessions/refresh":                {who: everybody, body: `{}`},
	"DELETE /v1/sessions":                      {who: signedIn, ends: true},
	"POST /v1/browser-sessions":                {who: everybody, body: `{}`},
	"POST /v1/browser-sessions/refresh":        {who: byCookie},
	"DELETE /v1/browser-sessions":              {who: everybody},
	"POST /v1/accounts/verify":                 {who: everybody, body: `{}`},
	"POST /v1/accounts/password-reset":         {who: everybody, body: `{}`},
	"PUT /v1/accounts/password":                {who: everybody, body: `{}`},
	"POST /v1/accounts/email-undo":             {who: everybody, body: `{}`},
	"POST /v1/guests":                          {who: everybody, body: `{}`},
	"POST /v1/browser-sessions/guest":          {who: everybody, body: `{}`},
	"POST /v1/me/verification":                 {who: signedIn, body: `{}`},
	"POST /v1/me/verification/confirm":         {who: signedIn, body: `{}`},
	"POST /v1/me/confirm":                      {who: signedIn, body: `{}`},
	"PUT /v1/me/password":                      {who: signedIn, body: `{}`},
	"POST /v1/me/email":                        {who: signedIn, body: `{}`},
	"POST /v1/me/email/confirm":                {who: signedIn, body: `{}`},
	"GET /v1/me/notifications":                 {who: signedIn},
	"PUT /v1/me/notifications":                 {who: signedIn, body: `{"items":[{"channel":"fax","kind":"tickets","wanted":true}]}`},
	"GET /v1/me":                               {who: signedIn},
	"PATCH /v1/me":                             {who: signedIn, body: `{}`},
	"GET /v1/me/sessions":                      {who: signedIn},
	"DELETE /v1/me/sessions":                   {who: signedIn, query: "except_current=true"},
	"DELETE /v1/me/sessions/{id}":              {who: theCustomer},
	"GET /v1/home":                             {who: everybody, query: "city=pune"},
	"GET /v1/push/key":                         {who: everybody},
	"PUT /v1/me/push-subscriptions":            {who: signedIn, body: `{}`},
	"DELETE /v1/me/push-subscriptions":         {who: signedIn, body: `{}`},
	"GET /v1/cities":                           {who: everybody},
	"GET /v1/movies":                           {who: everybody},
	"GET /v1/movies/{id}":                      {who: everybody},
	"GET /v1/movies/{id}/shows":                {who: everybody},
	"GET /v1/movies/{id}/reviews":              {who: everybody},
	"PUT /v1/movies/{id}/reviews":              {who: signedIn, body: `{}`},
	"DELETE /v1/movies/{id}/reviews":           {who: signedIn, also: []int{http.StatusNotFound}},
	"GET /v1/movies/{id}/reviews/mine":         {who: signedIn, also: []int{http.StatusNotFound}},
	"GET /v1/theaters":                         {who: everybody},
	"GET /v1/theaters/{id}":                    {who: everybody},
	"GET /v1/theaters/{id}/shows":              {who: everybody},
	"GET /v1/shows/{id}":                       {who: everybody},
	"GET /v1/shows/{id}/seats":                 {who: everybody},
	"GET /v1/shows/{id}/seats/stream":          {who: everybody},
	"GET /v1/shows/{id}/best-seats":            {who: everybody, query: "count=2"},
	"GET /v1/shows/{id}/quote":                 {who: everybody, query: "seats=A01"},
	"GET /v1/search":                           {who: everybody, query: "q=amelie"},
	"GET /v1/search/suggest":                   {who: everybody, query: "q=ame"},
	"POST /v1/bookings":                        {who: signedIn, body: `{}`},
	"GET /v1/bookings":                         {who: signedIn},
	"GET /v1/bookings/{id}":                    {who: readers},
	"GET /v1/bookings/{id}/stream":             {who: readers},
	"DELETE /v1/bookings/{id}/link":            {who: everybody},
	"POST /v1/bookings/{id}/payment":           {who: theCustomer, body: `{"provider":"stripe"}`},
	"POST /v1/bookings/{id}/payment/check":     {who: theCustomer},
	"POST /v1/bookings/{id}/extend":            {who: theCustomer},
	"POST /v1/bookings/{id}/cancel":            {who: theCustomer, on: (*stage).spareBooking},
	"GET /v1/bookings/{id}/cancellation-quote": {who: theCustomer},
	"GET /v1/bookings/{id}/ticket":             {who: readers},
	"GET /v1/bookings/{id}/ticket.png":         {who: readers},
	"GET /v1/bookings/{id}/ticket.pdf":         {who: readers},
	"GET /v1/bookings/{id}/ticket.ics":         {who: readers},
	"GET /v1/bookings/{id}/change":             {who: theCustomer, on: (*stage).movedBooking},
	"POST /v1/bookings/{id}/change":            {who: theCustomer, on: (*stage).movedBooking, body: `{}`},

	"GET /v1/admin/bookings":                   {who: bookingStaff},
	"GET /v1/admin/bookings/{id}":              {who: bookingStaff},
	"POST /v1/admin/bookings/{id}/resend":      {who: bookingStaff, body: `{"channel":"pigeon"}`},
	"POST /v1/admin/bookings/{id}/extend-hold": {who: bookingStaff, body: `{}`},
	"POST /v1/admin/bookings/{id}/refund":      {who: bookingStaff, body: `{}`},
	"GET /v1/admin/accounts":                   {who: admins},
	"GET /v1/admin/accounts/{id}":              {who: admins},
	"PATCH /v1/admin/accounts/{id}":            {who: admins, body: `{}`},
	"POST /v1/admin/accounts/{id}/suspend":     {who: admins, body: `{}`},
	"POST /v1/admin/accounts/{id}/restore":     {who: admins, body: `{}`},
	"GET /v1/admin/audit":                      {who: allStaff},
	"GET /v1/admin/alerts":                     {who: allStaff},
	"PATCH /v1/admin/alerts/{id}":              {who: housesOnly, body: `{"state":"open"}`},
	"GET /v1/admin/movies":                     {who: allStaff},
	"POST /v1/admin/movies":                    {who: admins, body: `{}`},
	"GET /v1/admin/movies/{id}":                {who: allStaff},
	"PATCH /v1/admin/movies/{id}":              {who: admins, body: `{}`},
	"POST /v1/admin/movies/{id}/retire":        {who: admins},
	"POST /v1/admin/movies/{id}/restore":       {who: admins},
	"GET /v1/admin/theaters":                   {who: allStaff},
	"POST /v1/admin/theaters":                  {who: admins, body: `{}`},
	"GET /v1/admin/theaters/{id}":              {who: allStaff},
	"PATCH /v1/admin/theaters/{id}":            {who: houseManagers, body: `{}`},
	"POST /v1/admin/theaters/{id}/retire":      {who: admins},
	"POST /v1/admin/theaters/{id}/restore":     {who: admins},
	"GET /v1/admin/screens":                    {who: allStaff},
	"POST /v1/admin/screens":                   {who: houseManagers, body: `{"theater_id":"{theater}","name":"Screen 9"}`},
	"GET /v1/admin/screens/{id}":               {who: allStaff},
	"PATCH /v1/admin/screens/{id}":             {who: houseManagers, body: `{}`},
	"POST /v1/admin/screens/{id}/retire":       {who: houseManagers},
	"POST /v1/admin/screens/{id}/restore":      {who: houseManagers},
	"GET /v1/admin/screens/{id}/layouts":       {who: allStaff},
	"POST /v1/admin/screens/{id}/layouts":      {who: houseManagers, body: `{layout}`},
	"GET /v1/admin/layouts/{id}":               {who: allStaff},
	"POST /v1/admin/screens/{id}/program":      {who: houseManagers, body: `{}`},
	"GET /v1/admin/shows":                      {who: houseReaders, query: "theater_id={theater}"},
	"POST /v1/admin/shows":                     {who: houseManagers, body: `{"screen_id":"{screen}"}`},
	"GET /v1/admin/shows/{id}":                 {who: houseReaders},
	"PATCH /v1/admin/shows/{id}":               {who: houseManagers, body: `{}`},
	"DELETE /v1/admin/shows/{id}":              {who: houseManagers},
	"POST /v1/admin/shows/{id}/cancel":         {who: houseManagers, body: `{}`},
	"POST /v1/admin/shows/{id}/reschedule":     {who: houseManagers, body: `{}`},
	"POST /v1/admin/shows/{id}/refund":         {who: houseManagers, body: `{}`},
	"GET /v1/admin/shows/{id}/refund":          {who: houseReaders},
	"GET /v1/admin/shows/{id}/changes":         {who: houseReaders},
	"GET /v1/admin/show-changes/{id}":          {who: houseReaders},
	"POST /v1/admin/show-changes/{id}/pause":   {who: houseManagers},
	"POST /v1/admin/show-changes/{id}/resume":  {who: houseManagers},
	"GET /v1/admin/prices":                     {who: houseReaders, query: "theater_id={theater}"},
	"POST /v1/admin/prices":                    {who: houseManagers, body: `{"theater_id":"{theater}"}`},
	"GET /v1/admin/prices/{id}":                {who: houseReaders},
	"PATCH /v1/admin/prices/{id}":              {who: houseManagers, body: `{}`},
	"DELETE /v1/admin/prices/{id}":             {who: houseManagers, on: (*stage).spareCard},
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
	d.options.Payments.StripePublishableKey = "pk_test_x"
	d.serve()
	s := &stage{desk: d, tokens: map[caller]string{
		customer: d.customer, another: d.other, support: d.support, manager: d.own, admin: d.admin,
	}}
	s.tokens[rival] = d.staffOf("una", "theater_manager")
	elsewhere := uuid.NewString()
	d.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		SELECT $1, 'rose', id, 'Rose', '2 Main Street', 18.5, 73.8, 'Asia/Kolkata', 'INR' FROM cities`, elsewhere)
	d.hire(s.tokens[rival], elsewhere)

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
	s.things = map[string]string{
		"bookings": theirs.ID, "pay": theirs.ID, "movies": d.movie, "theaters": d.theater, "screens": d.screen,
		"shows": d.world.show, "prices": s.spareCard(), "accounts": d.customerID, "webhooks": "stripe",
		"layouts": d.text(`SELECT id FROM layouts`), "show-changes": changeID,
		"alerts": d.alerted(theirs.ID, booking.AlertRefundRefused), "sessions": d.sessionOf(d.another(d.customer)),
	}
	return s
}

func (s *stage) movedBooking() string { return s.moved }

// spareBooking is a booking that the request may end.
func (s *stage) spareBooking() string {
	return s.book(s.t, s.customer, uuid.NewString(), "C05").ID
}

// spareCard is a price card that the request may delete.
func (s *stage) spareCard() string {
	s.cards++
	return s.newCard(s.t, fmt.Sprintf("Card %d", s.cards)).ID.String()
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
		path = before + "/" + thing + rest
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
	if a.ends && token != "" {
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
	for _, operation := range operations {
		for _, as := range callers() {
			a := who[operation]
			request := s.request(operation, as)
			status, body := s.answer(t, request)
			where := fmt.Sprintf("%s as %s: %d %s", operation, as, status, body)
			switch want := a.who[as]; want {
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
