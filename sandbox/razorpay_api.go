package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// razorpayAPI answers for Razorpay. Its routes begin with /razorpay, because Stripe's sandbox
// has /v1 already: a client's base address is the sandbox's own and /razorpay.
type razorpayAPI struct {
	vendor
	webhooks *dispatcher
	// keyID and keySecret are the one pair taken; empty takes any rzp_test_….
	keyID, keySecret string
	// refundAfter is how long a refund stays pending.
	refundAfter time.Duration
}

// vendorRazorpay is Razorpay's name in faults and deliveries.
const vendorRazorpay = "razorpay"

// newRazorpayAPI subscribes to its events.
func newRazorpayAPI(o Options, v vendor, webhooks *dispatcher) *razorpayAPI {
	webhooks.subscribe(vendorRazorpay, subscription{
		url: o.RazorpayWebhookURL, wants: func(string) bool { return true }, headers: razorpayHeaders(o.RazorpayWebhookSecret),
	})
	return &razorpayAPI{
		vendor: v, webhooks: webhooks, keyID: o.RazorpayKeyID, keySecret: o.RazorpayKeySecret, refundAfter: o.RazorpayRefundAfter,
	}
}

// runClock lets things happen in time, until the context ends.
func (a *razorpayAPI) runClock(ctx context.Context) {
	ticker := time.NewTicker(razorpayTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if err := a.clock(now.UTC()); err != nil {
				a.log.Error("sandbox: razorpay's clock", "error", err)
			}
		}
	}
}

// razorpayTick is how often the clock looks.
const razorpayTick = 250 * time.Millisecond

// razorpayRoute is one operation of the API.
type razorpayRoute struct {
	method, path string
	name         string // as faults name it: payments.capture
	run          func(a *razorpayAPI, t *tx, c *razorpayCall) (any, error)
}

var razorpayRoutes = []razorpayRoute{
	{"POST", "/orders", "orders.create", runRazorpayCreateOrder},
	{"GET", "/orders", "orders.list", runRazorpayListOrders},
	{"GET", "/orders/{id}", "orders.retrieve", runRazorpayOrder},
	{"PATCH", "/orders/{id}", "orders.update", runRazorpayUpdateOrder},
	{"GET", "/orders/{id}/payments", "orders.payments", runRazorpayOrderPayments},
	{"GET", "/payments", "payments.list", runRazorpayListPayments},
	{"GET", "/payments/{id}", "payments.retrieve", runRazorpayPayment},
	{"POST", "/payments/{id}/capture", "payments.capture", runRazorpayCapture},
	{"POST", "/payments/{id}/refund", "refunds.create", runRazorpayRefund},
	{"GET", "/payments/{id}/refunds", "refunds.of_payment", runRazorpayPaymentRefunds},
	{"GET", "/refunds", "refunds.list", runRazorpayListRefunds},
	{"GET", "/refunds/{id}", "refunds.retrieve", runRazorpayOneRefund},
	{"GET", "/disputes", "disputes.list", runRazorpayListDisputes},
	{"GET", "/disputes/{id}", "disputes.retrieve", runRazorpayOneDispute},
}

// razorpayCall is one request.
type razorpayCall struct {
	id     string // from the path
	query  url.Values
	body   []byte
	secret string // of the key that asks
	key    string // X-Refund-Idempotency
	now    time.Time
}

// razorpayError is an error as Razorpay words it.
// https://razorpay.com/docs/errors
type razorpayError struct {
	status      int
	Code        string            `json:"code"`
	Description string            `json:"description"`
	Field       string            `json:"field,omitempty"`
	Source      string            `json:"source"`
	Step        string            `json:"step"`
	Reason      string            `json:"reason"`
	Metadata    map[string]string `json:"metadata"`
}

func (e *razorpayError) Error() string { return e.Description }

func razorpayRefusal(field, description string) *razorpayError {
	return &razorpayError{
		status: http.StatusBadRequest, Code: "BAD_REQUEST_ERROR", Description: description, Field: field,
		Source: "business", Step: "payment_initiation", Reason: "input_validation_failed", Metadata: map[string]string{},
	}
}

// errRazorpayNoSuch is Razorpay's answer to an unknown id: 400, and only the text tells.
func errRazorpayNoSuch() *razorpayError { return razorpayRefusal("", "The id provided does not exist") }

func (a *razorpayAPI) routes(r *mux.Router) {
	for _, route := range razorpayRoutes {
		r.HandleFunc("/razorpay/v1"+route.path, func(w http.ResponseWriter, req *http.Request) {
			a.serve(w, req, route)
		}).Methods(route.method)
	}
	a.pageRoutes(r)
	a.leverRoutes(r)
	r.PathPrefix("/razorpay/").HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refusal := razorpayRefusal("", "The requested URL was not found on the server.")
		refusal.status = http.StatusNotFound
		refusal.reply().write(w)
	})
}

func (a *razorpayAPI) serve(w http.ResponseWriter, req *http.Request, route razorpayRoute) {
	c, refusal := a.read(w, req)
	if refusal != nil {
		refusal.reply().write(w)
		return
	}
	a.answer(w, route.name, func() *reply { return a.execute(route, c) }, razorpayFailure)
}

// read takes the request apart and checks its keys.
func (a *razorpayAPI) read(w http.ResponseWriter, req *http.Request) (*razorpayCall, *razorpayError) {
	id, secret, _ := req.BasicAuth()
	known := strings.HasPrefix(id, "rzp_test_") && secret != ""
	if a.keyID != "" {
		known = id == a.keyID && secret == a.keySecret
	}
	if !known {
		refusal := razorpayRefusal("", "Authentication failed")
		refusal.status, refusal.Reason = http.StatusUnauthorized, "NA"
		return nil, refusal
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<20))
	if err != nil {
		return nil, razorpayRefusal("", "The request could not be read.")
	}
	return &razorpayCall{
		id: mux.Vars(req)["id"], query: req.URL.Query(), body: body, secret: secret,
		key: req.Header.Get("X-Refund-Idempotency"), now: time.Now().UTC(),
	}, nil
}

// execute runs an operation in one transaction. Nothing stays of one that is refused.
func (a *razorpayAPI) execute(route razorpayRoute, c *razorpayCall) *reply {
	transaction := a.store.update
	if route.method == http.MethodGet {
		transaction = a.store.view
	}
	var body any
	err := transaction(func(t *tx) (err error) {
		body, err = route.run(a, t, c)
		return err
	})
	if err != nil {
		return a.errorReply(err)
	}
	return &reply{status: http.StatusOK, body: body}
}

// errorReply words an error for the caller: one of Razorpay's, or that the sandbox failed.
func (a *razorpayAPI) errorReply(err error) *reply {
	var refusal *razorpayError
	if errors.As(err, &refusal) {
		return refusal.reply()
	}
	a.log.Error("sandbox: razorpay", "error", err)
	return razorpayFailure(http.StatusInternalServerError, "")
}

func (e *razorpayError) reply() *reply {
	return &reply{status: e.status, body: map[string]any{"error": e}}
}

// razorpayFailure is how Razorpay says that it failed, or that it is asked too often.
func razorpayFailure(status int, _ string) *reply {
	e := &razorpayError{
		status: status, Code: "SERVER_ERROR", Source: "internal", Step: "NA", Reason: "server_error",
		Description: "We are facing some trouble completing your request at the moment. Please try again shortly.",
		Metadata:    map[string]string{},
	}
	switch {
	case status == http.StatusTooManyRequests:
		e.Code, e.Description, e.Reason = "BAD_REQUEST_ERROR", "Too many requests", "NA"
	case status < http.StatusInternalServerError:
		e.Code, e.Description, e.Reason = "BAD_REQUEST_ERROR", "The request was refused (sandbox)", "NA"
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		e.Code, e.Source, e.Reason = "GATEWAY_ERROR", "gateway", "gateway_technical_error"
	}
	return e.reply()
}

// decode reads the body strictly: Razorpay refuses fields that it does not know.
func (c *razorpayCall) decode(into any) *razorpayError {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		return razorpayRefusal(wrongType.Field, "The "+wrongType.Field+" must be valid.")
	case strings.Contains(err.Error(), "unknown field"):
		_, name, _ := strings.Cut(err.Error(), "unknown field ")
		name = strings.Trim(name, `"`)
		return razorpayRefusal(name, name+" is/are not required and should not be sent")
	default:
		return razorpayRefusal("", "The request body is not valid JSON.")
	}
}

// newRazorpayID has the length and look of Razorpay's: 14 characters behind the prefix.
func newRazorpayID(prefix string) string { return prefix + "_" + sortableID() + randomText(5) }

func isRazorpayID(prefix, id string) bool {
	rest, ok := strings.CutPrefix(id, prefix+"_")
	return ok && len(rest) == 14 && strings.Trim(rest, base62) == ""
}

// razorpayFind reads an object. An id of another shape is refused in other words.
func razorpayFind[T any](t *tx, bucket []byte, prefix, id string) (*T, error) {
	if !isRazorpayID(prefix, id) {
		return nil, razorpayRefusal("id", id+" is not a valid id")
	}
	found, err := get[T](t, bucket, id)
	if err == nil && found == nil {
		err = errRazorpayNoSuch()
	}
	return found, err
}

// razorpaySignature is a hex HMAC-SHA256, of webhooks and of the browser's return.
func razorpaySignature(secret string, text []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}
