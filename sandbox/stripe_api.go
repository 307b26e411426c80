package sandbox

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// stripeAPI answers for Stripe.
type stripeAPI struct {
	store      *store
	faults     *faults
	webhooks   *dispatcher
	idempotent *inFlight
	log        *slog.Logger
	publicURL  string
	apiVersion string
	secretKey  string
	closing    <-chan struct{}
}

// operation is one route of the API.
type operation struct {
	name   string // as faults name it: payment_intents.capture
	writes bool
	params []string // documented parameters; others are refused
	// publishable operations also serve a browser, which knows only the
	// publishable key and the intent's client secret.
	publishable bool
	run         func(*stripeAPI, *tx, *call) (any, error)
}

// call is one request.
type call struct {
	id        string // from the path
	form      *form
	requestID string
	key       string // Idempotency-Key
	hash      string // of what is asked, to compare with what the key was used for
	now       time.Time
}

// stripeAnswer is what goes over the wire and into the idempotency record.
type stripeAnswer struct {
	Status    int
	Body      json.RawMessage
	RequestID string
	executed  bool // an error of an operation that had begun
}

func (a *stripeAPI) routes(r *mux.Router) {
	const pi = "/v1/payment_intents"
	a.handle(r, "POST", pi, createIntent)
	a.handle(r, "GET", pi, listIntents)
	a.handle(r, "GET", pi+"/{id}", retrieveIntent)
	a.handle(r, "POST", pi+"/{id}", updateIntent)
	a.handle(r, "POST", pi+"/{id}/confirm", confirmIntent)
	a.handle(r, "POST", pi+"/{id}/capture", captureIntent)
	a.handle(r, "POST", pi+"/{id}/cancel", cancelIntent)
	a.handle(r, "POST", "/v1/refunds", createRefund)
	a.handle(r, "GET", "/v1/refunds", listRefunds)
	a.handle(r, "GET", "/v1/refunds/{id}", retrieveRefund)
	a.handle(r, "GET", "/v1/charges/{id}", retrieveCharge)
	a.handle(r, "POST", "/v1/payment_methods", createMethod)
	a.handle(r, "GET", "/v1/payment_methods/{id}", retrieveMethod)
	a.handle(r, "GET", "/v1/disputes", listDisputes)
	a.handle(r, "GET", "/v1/disputes/{id}", retrieveDispute)
	a.handle(r, "GET", "/v1/events", listEvents)
	a.handle(r, "GET", "/v1/events/{id}", retrieveEvent)
	r.PathPrefix("/v1/").HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		a.write(w, errorAnswer(&stripeError{
			Status: http.StatusNotFound, Type: "invalid_request_error",
			Message: "Unrecognized request URL (" + req.Method + ": " + req.URL.Path + ").",
		}, newRequestID()))
	})
}

func (a *stripeAPI) handle(r *mux.Router, method, path string, op operation) {
	r.HandleFunc(path, func(w http.ResponseWriter, req *http.Request) { a.serve(w, req, op) }).Methods(method)
}

func newRequestID() string { return "req_" + randomText(14) }

// serve is the way of every call: who asks, what is asked, was it asked
// before, what does a fault make of it, and only then the operation itself.
func (a *stripeAPI) serve(w http.ResponseWriter, req *http.Request, op operation) {
	c, refusal := a.read(w, req, op)
	if refusal != nil {
		a.write(w, errorAnswer(refusal, c.requestID))
		return
	}
	if !op.writes {
		hit := a.faults.match(a.store, "stripe", op.name, false)
		answer := a.faulty(hit, c, func() stripeAnswer { return a.query(op, c) })
		a.reply(w, hit, c, answer)
		return
	}
	release, busy := a.idempotent.acquire(c.key)
	if busy {
		a.write(w, errorAnswer(idempotencyError(http.StatusConflict, "idempotency_key_in_use",
			"There is currently another in-progress request using this Stripe-Idempotency-Key."), c.requestID))
		return
	}
	hit, answer := a.change(op, c, release)
	a.reply(w, hit, c, answer)
}

// change works while it has the key to itself. The key is free before the
// answer goes out, so that a client which has it may use the key at once.
func (a *stripeAPI) change(op operation, c *call, release func()) (*faultHit, stripeAnswer) {
	defer release()
	hit := a.faults.match(a.store, "stripe", op.name, a.knows(c))
	return hit, a.faulty(hit, c, func() stripeAnswer { return a.once(op, c, hit) })
}

// faulty applies what a fault does before the operation. The wait ignores a
// client that has hung up: the real vendor would also carry on.
func (a *stripeAPI) faulty(hit *faultHit, c *call, run func() stripeAnswer) stripeAnswer {
	hit.wait(a.closing)
	if !hit.fails() {
		return run()
	}
	failure := errorAnswer(apiError(hit.Status), c.requestID)
	if hit.Done {
		run()
		return failure
	}
	if hit.Store && c.key != "" {
		if err := a.remember(c, failure); err != nil {
			a.log.Error("sandbox: store idempotency record", "error", err)
		}
	}
	return failure
}

// reply sends the answer, unless a fault loses it on the way.
func (a *stripeAPI) reply(w http.ResponseWriter, hit *faultHit, c *call, answer stripeAnswer) {
	if hit.Lost {
		loseReply(w)
		return
	}
	if c.key != "" {
		w.Header().Set("Idempotency-Key", c.key)
		w.Header().Set("Original-Request", answer.RequestID)
		if answer.RequestID != c.requestID {
			w.Header().Set("Idempotent-Replayed", "true")
		}
	}
	w.Header().Set("Request-Id", c.requestID)
	a.write(w, answer)
}

// read authenticates the request and parses it.
func (a *stripeAPI) read(w http.ResponseWriter, req *http.Request, op operation) (*call, *stripeError) {
	c := &call{
		id: mux.Vars(req)["id"], requestID: newRequestID(), now: time.Now().UTC(),
		form: &form{}, key: req.Header.Get("Idempotency-Key"),
	}
	req.Body = http.MaxBytesReader(w, req.Body, 1<<20)
	if err := req.ParseForm(); err != nil {
		return c, invalidRequest("", "", "Invalid request body.")
	}
	values := url.Values(req.Form)
	parsed, refusal := parseForm(values)
	if refusal != nil {
		return c, refusal
	}
	c.form = parsed
	if refusal := a.authenticate(req, op, c); refusal != nil {
		return c, refusal
	}
	if len(c.key) > 255 {
		return c, invalidRequest("", "", "Idempotency key is too long: at most 255 characters.")
	}
	if !op.writes {
		c.key = ""
	}
	c.hash = requestHash(req.Method, req.URL.Path, c.form)
	return c, c.form.only("", append([]string{"expand", "client_secret"}, op.params...)...)
}

// authenticate takes the key from Bearer or from Basic's user name.
func (a *stripeAPI) authenticate(req *http.Request, op operation, c *call) *stripeError {
	key, bearer := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		key, _, _ = req.BasicAuth()
	}
	switch {
	case key == "":
		return unauthorized("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	case strings.HasPrefix(key, "pk_test_") && op.publishable && strings.HasPrefix(c.form.text("client_secret"), c.id+"_secret_"):
		return nil // whether the secret is right is checked with the intent in hand
	case a.secretKey == "" && strings.HasPrefix(key, "sk_test_"), a.secretKey != "" && key == a.secretKey:
		return nil
	case a.secretKey == "":
		return unauthorized("Invalid API Key provided: " + maskKey(key) + ". (This sandbox takes any sk_test_….)")
	default:
		return unauthorized("Invalid API Key provided: " + maskKey(key) + ". (This sandbox takes the key in its STRIPE_SECRET_KEY; make run keeps it in .boxoffice/dev.env.)")
	}
}

func maskKey(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}

// query runs a reading operation.
func (a *stripeAPI) query(op operation, c *call) stripeAnswer {
	var answer stripeAnswer
	err := a.store.view(func(t *tx) error {
		object, err := op.run(a, t, c)
		if err != nil {
			return err
		}
		answer, err = a.render(t, c, object)
		return err
	})
	return a.settleError(c, answer, err)
}

// settleError turns an error into the answer for it.
func (a *stripeAPI) settleError(c *call, answer stripeAnswer, err error) stripeAnswer {
	var refusal *stripeError
	switch {
	case err == nil:
		return answer
	case errors.As(err, &refusal):
		return errorAnswer(refusal, c.requestID)
	default:
		a.log.Error("sandbox: stripe call failed", "request_id", c.requestID, "error", err)
		return errorAnswer(apiError(http.StatusInternalServerError), c.requestID)
	}
}

// render expands and encodes the object.
func (a *stripeAPI) render(t *tx, c *call, object any) (stripeAnswer, error) {
	if err := expand(t, object, c.form.list("expand")); err != nil {
		return stripeAnswer{}, err
	}
	return stripeAnswer{Status: http.StatusOK, Body: mustJSON(object), RequestID: c.requestID}, nil
}

func errorAnswer(e *stripeError, requestID string) stripeAnswer {
	shown := *e
	shown.RequestLogURL = "https://dashboard.stripe.com/test/logs/" + requestID
	return stripeAnswer{
		Status: e.Status, RequestID: requestID, executed: e.executed,
		Body: mustJSON(map[string]any{"error": shown}),
	}
}

func (a *stripeAPI) write(w http.ResponseWriter, answer stripeAnswer) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Stripe-Version", a.apiVersion)
	h.Set("Cache-Control", "no-cache, no-store")
	if h.Get("Request-Id") == "" {
		h.Set("Request-Id", answer.RequestID)
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
}
