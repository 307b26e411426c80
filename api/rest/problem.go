package rest

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/outage"
)

// Codes that only HTTP knows.
const (
	codeBodyTooLarge     booking.Code = "body_too_large"
	codeUnsupportedMedia booking.Code = "unsupported_media_type"
	codeMethodNotAllowed booking.Code = "method_not_allowed"
	CodeWebhookNotOurs   booking.Code = "webhook_not_ours"
	codeTooManyStreams   booking.Code = "too_many_streams"
	// A client has used up a budget of requests (docs/limits.md).
	codeQuotaExceeded booking.Code = "quota_exceeded"
	// A page of another origin makes a browser send what only our own pages may send.
	CodeCrossOrigin booking.Code = "cross_origin_request"
	// RFC 9110, section 13.1.1: the thing has changed since the client read it.
	CodePreconditionFailed booking.Code = "precondition_failed"
)

// problemKind is how one error code looks over HTTP.
type problemKind struct {
	status int
	title  string
	// retryAfter is in seconds; zero sends no Retry-After.
	retryAfter string
	// uri names a type that is registered. Default one of ours.
	uri string
}

// problems is the one table from error codes to HTTP.
var problems = map[booking.Code]problemKind{
	booking.CodeValidation:         {status: http.StatusUnprocessableEntity, title: "The request does not pass validation"},
	booking.CodeMalformed:          {status: http.StatusBadRequest, title: "The request cannot be read"},
	booking.CodeNotFound:           {status: http.StatusNotFound, title: "Not found"},
	booking.CodeUnauthenticated:    {status: http.StatusUnauthorized, title: "Sign in first"},
	booking.CodeForbidden:          {status: http.StatusForbidden, title: "Not allowed"},
	booking.CodeAccountSuspended:   {status: http.StatusForbidden, title: "The account is suspended"},
	booking.CodeSecondFactor:       {status: http.StatusForbidden, title: "Set up a second factor first"},
	booking.CodeConflict:           {status: http.StatusConflict, title: "Conflict"},
	booking.CodeWrongCode:          {status: http.StatusUnprocessableEntity, title: "The code is wrong"},
	booking.CodeWrongPassword:      {status: http.StatusUnprocessableEntity, title: "The password is wrong"},
	booking.CodeLinkOver:           {status: http.StatusGone, title: "The link is over"},
	booking.CodeConfirmationNeeded: {status: http.StatusForbidden, title: "Write the password again"},
	booking.CodeConfirmEmail:       {status: http.StatusForbidden, title: "Confirm the e-mail address first"},
	booking.CodePasskeysOff:        {status: http.StatusNotFound, title: "There are no passkeys here"},
	booking.CodePasskeyUnknown:     {status: http.StatusUnauthorized, title: "The passkey is not known"},
	booking.CodePasskeyChanged:     {status: http.StatusConflict, title: "The passkey has to be added again"},
	booking.CodeSeatsUnavailable:   {status: http.StatusConflict, title: "Seats are taken"},
	booking.CodeShowNotOnSale:      {status: http.StatusConflict, title: "The show is not on sale"},
	booking.CodeTooManyHolds:       {status: http.StatusTooManyRequests, title: "Too many holds", retryAfter: "60"},
	booking.CodeUnpaidHolds:        {status: http.StatusTooManyRequests, title: "Too many holds ended unpaid", retryAfter: "60"},
	booking.CodeHoldLimit:          {status: http.StatusConflict, title: "As many seats are held as may be"},
	booking.CodeNotCancellable:     {status: http.StatusConflict, title: "The booking cannot be cancelled"},
	booking.CodeNotPayable:         {status: http.StatusConflict, title: "The booking cannot be paid"},
	booking.CodeChoiceClosed:       {status: http.StatusConflict, title: "There is nothing left to choose"},
	booking.CodeHoldNotExtendable:  {status: http.StatusConflict, title: "The time to pay cannot be extended"},
	booking.CodeHoldLost:           {status: http.StatusConflict, title: "The hold is gone"},
	booking.CodePaymentRefused:     {status: http.StatusConflict, title: "The payment was refused"},
	booking.CodePaymentMismatch:    {status: http.StatusConflict, title: "The payment does not match the booking"},
	booking.CodeHouseRefused:       {status: http.StatusConflict, title: "The theater's own system refused"},
	booking.CodePriceChanged:       {status: http.StatusConflict, title: "The price has changed"},
	booking.CodeBusy:               {status: http.StatusTooManyRequests, title: "The booking is busy", retryAfter: "2"},
	booking.CodeTooManyRequests:    {status: http.StatusTooManyRequests, title: "Asked too often", retryAfter: "3600"},
	booking.CodeKeyMissing:         {status: http.StatusBadRequest, title: "Idempotency-Key is missing"},
	booking.CodeKeyReused:          {status: http.StatusUnprocessableEntity, title: "Idempotency-Key was used for another request"},

	// A vendor that is away, slow or failing is the same to a customer: retry later.
	booking.CodeProviderError:       {status: http.StatusServiceUnavailable, title: "The payment provider has a problem", retryAfter: "10"},
	booking.CodeProviderUnavailable: {status: http.StatusServiceUnavailable, title: "The payment provider does not answer", retryAfter: "10"},
	booking.CodeHouseError:          {status: http.StatusServiceUnavailable, title: "The theater's own system has a problem", retryAfter: "10"},
	booking.CodeHouseUnavailable:    {status: http.StatusServiceUnavailable, title: "The theater's own system does not answer", retryAfter: "10"},
	booking.CodeUnavailable:         {status: http.StatusServiceUnavailable, title: "Try again shortly", retryAfter: "2"},
	booking.CodeInternal:            {status: http.StatusInternalServerError, title: "Something broke on our side"},

	codeBodyTooLarge:       {status: http.StatusRequestEntityTooLarge, title: "The body is too large"},
	codeUnsupportedMedia:   {status: http.StatusUnsupportedMediaType, title: "The body is not JSON"},
	codeMethodNotAllowed:   {status: http.StatusMethodNotAllowed, title: "Method not allowed"},
	CodePreconditionFailed: {status: http.StatusPreconditionFailed, title: "It was changed meanwhile"},
	codeTooManyStreams:     {status: http.StatusTooManyRequests, title: "Too many streams", retryAfter: "30"},
	codeQuotaExceeded:      {status: http.StatusTooManyRequests, title: "Too many requests", retryAfter: "60", uri: quotaExceeded},
	CodeCrossOrigin:        {status: http.StatusForbidden, title: "Not from pages of another origin"},
	CodeWebhookNotOurs:     {status: http.StatusBadRequest, title: "This event is about something that is not ours"},
}

// Problem is an RFC 9457 document.
type Problem struct {
	Type   string               `json:"type"`
	Title  string               `json:"title"`
	Status int                  `json:"status"`
	Detail string               `json:"detail"`
	Code   booking.Code         `json:"code"`
	Errors []booking.FieldError `json:"errors,omitempty"`
	Seats  []string             `json:"seats,omitempty"`
	Reason string               `json:"reason,omitempty"`
	// Until is when the same may be asked for again, where that is later than a moment.
	Until *time.Time `json:"until,omitempty"`
	// Violated names the policies of RateLimit-Policy that refused.
	Violated []string `json:"violated-policies,omitempty"`

	kind problemKind
}

// ProblemOf turns any error into the document a caller sees. The text of errors that are
// not booking.Errors is not shown.
func ProblemOf(err error) Problem {
	var e *booking.Error
	switch {
	case errors.As(err, &e):
	case outage.Is(err):
		e = booking.E(booking.CodeUnavailable, "A part of the platform does not answer. Try again shortly.")
	default:
		e = booking.E(booking.CodeInternal, "The request could not be completed. It was logged.")
	}
	kind, known := problems[e.Code]
	if !known || e.Code == booking.CodeInternal {
		kind = problems[booking.CodeInternal]
		e = booking.E(booking.CodeInternal, "The request could not be completed. It was logged.")
	}
	if e.RetryAfter > 0 {
		kind.retryAfter = strconv.Itoa(seconds(e.RetryAfter))
	}
	fields, message := e.Fields, e.Message
	if len(fields) > maxNamed {
		fields, message = fields[:maxNamed], message+andMore(len(fields)-maxNamed)
	}
	var until *time.Time
	if e.Code == booking.CodeUnpaidHolds && e.RetryAfter > 0 {
		until = new(time.Now().UTC().Add(e.RetryAfter).Truncate(time.Second))
	}
	return Problem{
		Until:  until,
		Type:   cmp.Or(kind.uri, "urn:boxoffice:problem:"+string(e.Code)),
		Title:  kind.title,
		Status: kind.status,
		Detail: message,
		Code:   e.Code,
		Errors: fields,
		Seats:  e.Seats,
		Reason: e.Reason,
		kind:   kind,
	}
}

// Codes are those that the API answers with.
func Codes() []booking.Code { return slices.Sorted(maps.Keys(problems)) }

// Transient tells whether the caller may ask again later.
func (p Problem) Transient() bool { return p.kind.retryAfter != "" }

// fail answers with a problem. The cause of every 5xx goes to the log, with the
// request id that the customer can quote.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	document := ProblemOf(err)
	kind := document.kind
	var e *booking.Error
	refused := errors.As(err, &e) && e.RetryAfter > 0 // by a limit, which tells the log itself
	if !refused && kind.status >= http.StatusInternalServerError {
		level := slog.LevelWarn
		if kind.status == http.StatusInternalServerError {
			level = slog.LevelError
		}
		s.Logger.Log(r.Context(), level, "request failed",
			"request_id", RequestID(r.Context()), "code", document.Code, "error", err)
	}
	answerProblem(w, document)
}

func answerProblem(w http.ResponseWriter, document Problem) {
	body, marshalErr := json.Marshal(document)
	if marshalErr != nil {
		body = []byte(`{"type":"about:blank","title":"Internal error","status":500,"detail":"","code":"internal"}`)
	}
	writeProblem(w, document.kind, document.Code, body)
}

// WriteProblem sends a problem that was rendered before.
func WriteProblem(w http.ResponseWriter, status int, code booking.Code, body []byte) {
	kind := problems[code]
	kind.status = status
	writeProblem(w, kind, code, body)
}

func writeProblem(w http.ResponseWriter, kind problemKind, code booking.Code, body []byte) {
	header := w.Header()
	header.Set("Content-Type", problemType)
	header.Set("Cache-Control", "no-store")
	if kind.retryAfter != "" {
		header.Set("Retry-After", kind.retryAfter)
	}
	if code == booking.CodeUnauthenticated {
		header.Set("WWW-Authenticate", `Bearer realm="boxoffice"`) // RFC 6750, section 3
	}
	w.WriteHeader(kind.status)
	_, _ = w.Write(body) // the client is gone when this fails
}
