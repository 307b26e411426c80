package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

// paypalPrefix is in front of all of PayPal's paths: its own would get in the way of the
// other vendors'.
const paypalPrefix = "/paypal"

var (
	bucketPaypalOrders   = []byte("paypal_orders")
	bucketPaypalRequests = []byte("paypal_requests")
	bucketPaypalTokens   = []byte("paypal_tokens")
	bucketPaypalSettings = []byte("paypal_settings")
)

// PayPal keeps request ids of Orders for 6 hours and of Payments for 45 days.
// https://developer.paypal.com/reference/guidelines/idempotency/
const (
	paypalOrderKeys   = 6 * time.Hour
	paypalPaymentKeys = 45 * 24 * time.Hour
	paypalTokenLasts  = 9 * time.Hour
)

// paypalAPI answers for PayPal.
type paypalAPI struct {
	vendor
	webhooks     *dispatcher
	idempotent   *inFlight
	publicURL    string
	clientID     string
	clientSecret string
	keys         paypalKeys
	ahead        atomic.Int64 // nanoseconds by which PayPal's clock is ahead
}

func newPaypalAPI(s *Server, o Options) (*paypalAPI, error) {
	a := &paypalAPI{
		vendor:   vendor{name: vendorPaypal, store: s.store, faults: s.faults, log: s.log, closing: s.closing},
		webhooks: s.webhooks, idempotent: newInFlight(), publicURL: o.PublicURL,
		clientID: o.PayPalClientID, clientSecret: o.PayPalClientSecret,
		keys: paypalKeys{store: s.store, publicURL: strings.TrimSuffix(strings.TrimSuffix(cmp.Or(o.PayPalCertificatesURL, o.PublicURL), "/"), paypalPrefix), given: o.PayPalRoot, made: map[string]*paypalKeyPair{}},
	}
	s.webhooks.subscribe(vendorPaypal, a.subscription(o))
	return a, a.restore()
}

// forget goes with the books: PayPal's clock is right again. Its keys stay.
func (a *paypalAPI) forget() error {
	a.ahead.Store(0)
	return a.keys.keepAgain()
}

// paypalOperation is one route.
type paypalOperation struct {
	name   string // as faults name it: authorizations.capture
	writes bool
	// keyed operations know PayPal-Request-Id, for as long as keeps.
	keeps time.Duration
	run   func(*paypalAPI, *tx, *paypalCall) (*paypalResult, error)
}

// paypalCall is one request.
type paypalCall struct {
	id      string // from the path
	body    []byte
	query   map[string]string
	key     string // PayPal-Request-Id
	full    bool   // Prefer: return=representation
	now     time.Time
	debugID string
}

// paypalResult is what an operation answers. subject is what a repeat of the request id
// is about.
type paypalResult struct {
	status  int
	body    any
	subject string
}

// paypalRequest is what is kept under a request id. A repeat is answered with the
// present state of the subject, or with the refusal that was kept.
type paypalRequest struct {
	Hash    string
	At      time.Time
	Subject string
	Refusal *paypalError
}

func (a *paypalAPI) routes(r *mux.Router) {
	r.HandleFunc(paypalPrefix+"/v1/oauth2/token", a.serveToken).Methods("POST")
	const orders, authorizations, captures = "/v2/checkout/orders", "/v2/payments/authorizations", "/v2/payments/captures"
	a.handle(r, "POST", orders, paypalOperation{"orders.create", true, paypalOrderKeys, runPaypalCreate})
	a.handle(r, "GET", orders+"/{id}", paypalOperation{"orders.get", false, 0, runPaypalGetOrder})
	a.handle(r, "PATCH", orders+"/{id}", paypalOperation{"orders.patch", true, 0, runPaypalPatch})
	a.handle(r, "POST", orders+"/{id}/authorize", paypalOperation{"orders.authorize", true, paypalOrderKeys, runPaypalAuthorize})
	a.handle(r, "GET", authorizations+"/{id}", paypalOperation{"authorizations.get", false, 0, runPaypalGetAuthorization})
	a.handle(r, "POST", authorizations+"/{id}/capture", paypalOperation{"authorizations.capture", true, paypalPaymentKeys, runPaypalCapture})
	a.handle(r, "POST", authorizations+"/{id}/void", paypalOperation{"authorizations.void", true, 0, runPaypalVoid})
	a.handle(r, "POST", authorizations+"/{id}/reauthorize", paypalOperation{"authorizations.reauthorize", true, paypalPaymentKeys, runPaypalReauthorize})
	a.handle(r, "GET", captures+"/{id}", paypalOperation{"captures.get", false, 0, runPaypalGetCapture})
	a.handle(r, "POST", captures+"/{id}/refund", paypalOperation{"captures.refund", true, paypalPaymentKeys, runPaypalRefund})
	a.handle(r, "GET", "/v2/payments/refunds/{id}", paypalOperation{"refunds.get", false, 0, runPaypalGetRefund})
	a.handle(r, "GET", "/v1/reporting/transactions", paypalOperation{"transactions.list", false, 0, runPaypalTransactions})
	a.handle(r, "GET", "/v1/customer/disputes", paypalOperation{"disputes.list", false, 0, runPaypalDisputes})
	a.handle(r, "GET", "/v1/customer/disputes/{id}", paypalOperation{"disputes.get", false, 0, runPaypalGetDispute})
	r.HandleFunc(paypalPrefix+"/v1/notifications/certs/{id}", a.serveCertificate).Methods("GET")
	for _, version := range []string{"/v1/", "/v2/"} {
		r.PathPrefix(paypalPrefix + version).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			a.refuse(paypalNotFound(), newPaypalDebugID()).write(w)
		})
	}
}

func (a *paypalAPI) handle(r *mux.Router, method, path string, op paypalOperation) {
	r.HandleFunc(paypalPrefix+path, func(w http.ResponseWriter, req *http.Request) { a.serve(w, req, op) }).Methods(method)
}

func newPaypalDebugID() string { return "f" + strings.ToLower(randomText(12)) }

// now is PayPal's clock.
func (a *paypalAPI) now() time.Time { return time.Now().UTC().Add(time.Duration(a.ahead.Load())) }

// serve is the way of every call: who asks, what a fault makes of it, whether it was
// asked before, and only then the operation itself.
func (a *paypalAPI) serve(w http.ResponseWriter, req *http.Request, op paypalOperation) {
	c, refusal := a.read(w, req)
	w.Header().Set("Paypal-Debug-Id", c.debugID)
	w.Header().Set("Date", a.now().Format(http.TimeFormat))
	if refusal != nil {
		refusal.write(w)
		return
	}
	if mocked := paypalMocked(req, op); mocked != nil {
		a.refuse(mocked, c.debugID).write(w)
		return
	}
	key := ""
	if op.keeps > 0 && c.key != "" {
		key = "paypal " + op.name + " " + c.key
	}
	release, busy := a.idempotent.acquire(key)
	if busy {
		a.refuse(paypalBusy(), c.debugID).write(w)
		return
	}
	// Free before the answer goes out, so that a client which has it may ask again at once.
	release = sync.OnceFunc(release)
	defer release()
	a.answer(w, op.name, func() *reply {
		defer release()
		return a.run(op, c)
	}, func(status int, message string) *reply {
		release()
		return a.refuse(paypalFailure(status, message), c.debugID)
	})
}

func (a *paypalAPI) read(w http.ResponseWriter, req *http.Request) (*paypalCall, *reply) {
	c := &paypalCall{
		id: mux.Vars(req)["id"], key: req.Header.Get("PayPal-Request-Id"), now: a.now(), debugID: newPaypalDebugID(),
		full: strings.Contains(req.Header.Get("Prefer"), "return=representation"), query: map[string]string{},
	}
	for name, values := range req.URL.Query() {
		c.query[name] = values[0]
	}
	if known, err := a.authenticated(req); err != nil || !known {
		return c, a.unauthorized(err)
	}
	if len(c.key) > 108 {
		return c, a.refuse(paypalBadRequest("INVALID_STRING_LENGTH", "The value of PayPal-Request-Id is too long.").at("PayPal-Request-Id", c.key), c.debugID)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<20))
	if err != nil {
		return c, a.refuse(paypalBadRequest("MALFORMED_REQUEST_JSON", "The request JSON is not well formed."), c.debugID)
	}
	c.body = body
	return c, nil
}

func (a *paypalAPI) unauthorized(err error) *reply {
	if err != nil {
		a.log.Error("sandbox: read PayPal token", "error", err)
	}
	return &reply{status: http.StatusUnauthorized, body: map[string]string{
		"error": "invalid_token", "error_description": "Token signature verification failed",
	}}
}

// authenticated tells whether the bearer token is one of ours that still counts.
func (a *paypalAPI) authenticated(req *http.Request) (known bool, err error) {
	token, bearer := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !bearer || token == "" {
		return false, nil
	}
	err = a.store.view(func(t *tx) error {
		ends, err := get[time.Time](t, bucketPaypalTokens, token)
		known = ends != nil && a.now().Before(*ends)
		return err
	})
	return known, err
}

// serveToken is OAuth 2.0's client credentials grant.
// https://developer.paypal.com/api/rest/authentication/
func (a *paypalAPI) serveToken(w http.ResponseWriter, req *http.Request) {
	id, secret, basic := req.BasicAuth()
	w.Header().Set("Paypal-Debug-Id", newPaypalDebugID())
	right := basic && id != "" && secret != "" && (a.clientID == "" || id == a.clientID && secret == a.clientSecret)
	if !right {
		(&reply{status: http.StatusUnauthorized, body: map[string]string{
			"error": "invalid_client", "error_description": "Client Authentication failed",
		}}).write(w)
		return
	}
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	if err := req.ParseForm(); err != nil || req.PostForm.Get("grant_type") != "client_credentials" {
		(&reply{status: http.StatusBadRequest, body: map[string]string{
			"error": "unsupported_grant_type", "error_description": "Grant Type is NULL or not supported",
		}}).write(w)
		return
	}
	a.answer(w, "oauth2.token", a.newToken, func(status int, message string) *reply {
		return a.refuse(paypalFailure(status, message), newPaypalDebugID())
	})
}

func (a *paypalAPI) newToken() *reply {
	token := "A21AA" + randomText(92)
	ends := a.now().Add(paypalTokenLasts)
	if err := a.store.update(func(t *tx) error { return t.put(bucketPaypalTokens, token, ends) }); err != nil {
		return a.failed(err, "")
	}
	return &reply{status: http.StatusOK, body: map[string]any{
		"scope": "https://uri.paypal.com/services/payments/payment", "access_token": token, "token_type": "Bearer",
		"app_id": "APP-80W284485P519543T", "expires_in": int(paypalTokenLasts.Seconds()), "nonce": paypalTime(a.now()) + randomText(16),
	}}
}

// paypalMocked is the error that the caller asks for, as PayPal's sandbox gives it.
// https://developer.paypal.com/tools/sandbox/negative-testing/request-headers/
func paypalMocked(req *http.Request, op paypalOperation) *paypalError {
	var wanted struct {
		Codes any `json:"mock_application_codes"`
	}
	header := req.Header.Get("PayPal-Mock-Response")
	if header == "" || !op.writes || json.Unmarshal([]byte(header), &wanted) != nil {
		return nil
	}
	code := strings.Trim(fmt.Sprint(wanted.Codes), "[]")
	switch code {
	case "", "<nil>":
		return nil
	case "INTERNAL_SERVER_ERROR", "INTERNAL_SERVICE_ERROR":
		return paypalFailure(http.StatusInternalServerError, "An internal server error has occurred.")
	case "RESOURCE_NOT_FOUND":
		return paypalNotFound()
	case "RATE_LIMIT_REACHED":
		return paypalFailure(http.StatusTooManyRequests, "Too many requests. Blocked due to rate limiting.")
	case "NOT_AUTHORIZED", "PERMISSION_DENIED":
		return paypalFailure(http.StatusForbidden, "Authorization failed due to insufficient permissions.")
	}
	return paypalUnprocessable(code, "Asked for by PayPal-Mock-Response.")
}

// run runs the operation in one transaction with what is kept under its request id, so
// that a process killed in between forgets both.
func (a *paypalAPI) run(op paypalOperation, c *paypalCall) *reply {
	var result *paypalResult
	var refusal *paypalError
	work := a.store.view
	if op.writes {
		work = a.store.update
	}
	err := work(func(t *tx) (err error) {
		result, refusal, err = a.once(op, t, c)
		if refusal != nil && !refusal.changed {
			return refusal
		}
		return err
	})
	switch {
	case refusal != nil:
		return a.refuse(refusal, c.debugID)
	case err != nil:
		return a.failed(err, c.debugID)
	}
	return &reply{status: result.status, body: result.body}
}

// once answers a repeat of a request id with the present state of what the first did.
func (a *paypalAPI) once(op paypalOperation, t *tx, c *paypalCall) (*paypalResult, *paypalError, error) {
	key := op.name + " " + c.key
	if op.keeps > 0 && c.key != "" {
		known, err := get[paypalRequest](t, bucketPaypalRequests, key)
		if err != nil {
			return nil, nil, err
		}
		if known != nil && c.now.Sub(known.At) < op.keeps {
			return a.repeat(t, c, known)
		}
	}
	result, err := op.run(a, t, c)
	var refusal *paypalError
	if err != nil && !errors.As(err, &refusal) {
		return nil, nil, err
	}
	kept := paypalRequest{Hash: c.hash(), At: c.now, Refusal: refusal}
	switch {
	case op.keeps == 0 || c.key == "" || refusal != nil && !refusal.changed:
		return result, refusal, nil
	case result != nil:
		kept.Subject = result.subject
	}
	return result, refusal, t.put(bucketPaypalRequests, key, kept)
}

func (c *paypalCall) hash() string { return c.id + "\n" + string(c.body) }

func (a *paypalAPI) repeat(t *tx, c *paypalCall, known *paypalRequest) (*paypalResult, *paypalError, error) {
	switch {
	case known.Hash != c.hash():
		return nil, paypalUnprocessable("DUPLICATE_REQUEST_ID", "The value of PayPal-Request-Id header has already been used."), nil
	case known.Refusal != nil:
		again := *known.Refusal
		again.changed = false
		return nil, &again, nil
	}
	result, err := a.subject(t, c, known.Subject)
	var refusal *paypalError
	if errors.As(err, &refusal) {
		return nil, refusal, nil
	}
	return result, nil, err
}

func (a *paypalAPI) failed(err error, debugID string) *reply {
	a.log.Error("sandbox: PayPal call failed", "debug_id", debugID, "error", err)
	return a.refuse(paypalFailure(http.StatusInternalServerError, "An internal server error has occurred."), debugID)
}

// refuse writes an error as PayPal does.
func (a *paypalAPI) refuse(e *paypalError, debugID string) *reply {
	body := paypalView{"name": e.Name, "message": e.Message, "debug_id": debugID}
	if e.Issue != "" {
		detail := paypalView{"issue": e.Issue, "description": e.Description}
		if e.Field != "" {
			detail["field"], detail["value"], detail["location"] = e.Field, e.Value, "body"
		}
		body["details"] = []paypalView{detail}
		body["links"] = []paypalLink{{"https://developer.paypal.com/docs/api/orders/v2/#error-" + e.Issue, "information_link", "GET"}}
	}
	return &reply{status: e.Status, body: body}
}

// decode reads the body; one that is empty leaves into alone.
func (c *paypalCall) decode(into any) error {
	if len(strings.TrimSpace(string(c.body))) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return paypalBadRequest("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.")
	}
	return nil
}

// loadFor finds the order to which an object of PayPal's belongs.
func (a *paypalAPI) loadFor(t *tx, kind, id string, now time.Time) (*paypalOrder, error) {
	owner := t.lookup("paypal", kind, id)
	if len(owner) != 1 {
		return nil, paypalNotFound()
	}
	return a.load(t, owner[0], now)
}

// load reads an order as it stands by PayPal's clock.
func (a *paypalAPI) load(t *tx, id string, now time.Time) (*paypalOrder, error) {
	o, err := get[paypalOrder](t, bucketPaypalOrders, id)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, paypalNotFound()
	}
	if gone, _ := o.lapse(now); gone {
		return nil, paypalNotFound()
	}
	return o, nil
}

// save keeps the order, and under which ids it is found.
func (a *paypalAPI) save(t *tx, o *paypalOrder) error {
	parts := map[string]string{}
	for _, one := range o.Authorizations {
		parts[one.ID] = "authorization"
	}
	for _, one := range o.Captures {
		parts[one.ID] = "capture"
	}
	for _, one := range o.Refunds {
		parts[one.ID] = "refund"
	}
	for _, one := range o.Disputes {
		parts[one.ID] = "dispute"
	}
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		if err := t.addIndex(o.ID, "paypal", parts[id], id); err != nil {
			return err
		}
	}
	return t.put(bucketPaypalOrders, o.ID, o)
}

// subject renders the object with the id: "order <id>", "capture <id>" and so on.
func (a *paypalAPI) subject(t *tx, c *paypalCall, subject string) (*paypalResult, error) {
	kind, id, _ := strings.Cut(subject, " ")
	var o *paypalOrder
	var err error
	if kind == "order" {
		o, err = a.load(t, id, c.now)
	} else {
		o, err = a.loadFor(t, kind, id, c.now)
	}
	if err != nil {
		return nil, err
	}
	return a.result(c, http.StatusOK, o, kind, id), nil
}

// result answers with an object, minimal unless the caller prefers all of it.
func (a *paypalAPI) result(c *paypalCall, status int, o *paypalOrder, kind, id string) *paypalResult {
	var view paypalView
	switch kind {
	case "order":
		view = a.orderView(o)
		if !c.full {
			view = a.minimalOrder(o)
			if payments := a.paymentsView(o); len(payments) > 0 {
				view["purchase_units"] = []paypalView{{"reference_id": o.Reference, "payments": payments}}
			}
		}
	case "authorization":
		view = a.authorizationView(o, o.authorization(id))
	case "capture":
		view = a.captureView(o, o.capture(id))
	case "refund":
		view = a.refundView(o.refund(id))
	}
	if kind != "order" && !c.full {
		view = paypalView{"id": view["id"], "status": view["status"], "links": view["links"]}
	}
	return &paypalResult{status, view, kind + " " + id}
}
