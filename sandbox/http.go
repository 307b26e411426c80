package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
)

// problem is an error of the sandbox's own routes (RFC 9457). Vendors' routes
// answer in the vendor's shape.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Errors []fieldProblem `json:"errors,omitempty"`
}

type fieldProblem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func writeProblem(w http.ResponseWriter, status int, detail string, fields ...fieldProblem) {
	w.Header().Set("Content-Type", "application/problem+json")
	writeJSON(w, status, problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: fields,
	})
}

func writeFieldProblem(w http.ResponseWriter, field, message string) {
	writeProblem(w, http.StatusBadRequest, field+" "+message, fieldProblem{field, message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// writeResult answers 200 with the body, or 500 when there is an error.
func writeResult(w http.ResponseWriter, log *slog.Logger, body any, err error) {
	if err != nil {
		log.Error("sandbox: request failed", "error", err)
		writeProblem(w, http.StatusInternalServerError, "The sandbox's data file could not be used.")
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// readJSON decodes a body strictly and names the field that is wrong.
func readJSON(w http.ResponseWriter, req *http.Request, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, req.Body, 1<<20))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			writeProblem(w, http.StatusBadRequest, "The body must be one JSON object.")
			return false
		}
		return true
	case errors.As(err, &wrongType):
		writeFieldProblem(w, wrongType.Field, "must be a JSON "+wrongType.Type.String()+", not a "+wrongType.Value)
	case strings.Contains(err.Error(), "unknown field"):
		_, name, _ := strings.Cut(err.Error(), "unknown field ")
		writeFieldProblem(w, strings.Trim(name, `"`), "is not a known field")
	default:
		writeProblem(w, http.StatusBadRequest, "The body must be a JSON object: "+err.Error())
	}
	return false
}

// vendor is what the operations of all but Stripe need.
type vendor struct {
	name    string // as faults name it
	store   *store
	faults  *faults
	log     *slog.Logger
	closing <-chan struct{}
}

// reply is an answer that a fault may still lose.
type reply struct {
	status  int
	headers map[string]string
	body    any
}

func (r *reply) write(w http.ResponseWriter) {
	for name, value := range r.headers {
		w.Header().Set(name, value)
	}
	if r.body == nil {
		w.WriteHeader(r.status)
		return
	}
	writeJSON(w, r.status, r.body)
}

// answer runs an operation with what faults make of it. failure is how the vendor
// says that it failed.
func (v *vendor) answer(w http.ResponseWriter, operation string, run func() *reply, failure func(status int, message string) *reply) {
	hit := v.faults.match(v.store, v.name, operation, false)
	hit.wait(v.closing)
	var answer *reply
	if !hit.fails() || hit.Done {
		answer = run()
	}
	if hit.fails() {
		answer = failure(hit.Status, "Internal server error (sandbox)")
	}
	if hit.Lost {
		loseReply(w)
		return
	}
	answer.write(w)
}

// loseReply hangs up after the work is done. A piece of the status line goes
// out first: without it Go's http.Transport takes the connection for an idle
// one that was closed, silently sends the request again because it carries an
// Idempotency-Key, and the caller never meets the fault.
func loseReply(w http.ResponseWriter) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 cannot be hijacked; this resets the stream
	}
	_, _ = buffered.WriteString("HTTP/1.1 ")
	_ = buffered.Flush()
	_ = conn.Close()
}

func readLimit(text string, usual, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return usual
	}
	return min(n, most)
}
