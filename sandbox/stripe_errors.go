package sandbox

import (
	"encoding/json"
	"net/http"
)

// stripeError is an answer that is not 200.
// https://docs.stripe.com/api/errors
type stripeError struct {
	Status        int             `json:"-"`
	Type          string          `json:"type"`
	Code          string          `json:"code,omitempty"`
	DeclineCode   string          `json:"decline_code,omitempty"`
	Charge        string          `json:"charge,omitempty"`
	DocURL        string          `json:"doc_url,omitempty"`
	Message       string          `json:"message"`
	Param         string          `json:"param,omitempty"`
	PaymentIntent json.RawMessage `json:"payment_intent,omitempty"`
	PaymentMethod json.RawMessage `json:"payment_method,omitempty"`
	RequestLogURL string          `json:"request_log_url,omitempty"`

	// executed tells that the operation began, so that its answer belongs to
	// the idempotency key. Refused parameters leave the key free for a
	// corrected request. https://docs.stripe.com/api/idempotent_requests
	executed bool
	// changed tells that the operation left something behind that must be
	// kept: the failed charge and the error on the intent.
	changed bool
}

func (e *stripeError) Error() string { return e.Type + " " + e.Code + ": " + e.Message }

func docURL(code string) string {
	if code == "" {
		return ""
	}
	return "https://stripe.com/docs/error-codes/" + code
}

func invalidRequest(code, param, message string) *stripeError {
	return &stripeError{
		Status: http.StatusBadRequest, Type: "invalid_request_error",
		Code: code, Param: param, Message: message, DocURL: docURL(code),
	}
}

func missingParam(name string) *stripeError {
	return invalidRequest("parameter_missing", name, "Missing required param: "+name+".")
}

// noSuch answers for an unknown id: 404 in the path, 400 in a parameter.
func noSuch(kind, id, param string, status int) *stripeError {
	e := invalidRequest("resource_missing", param, "No such "+kind+": '"+id+"'")
	e.Status = status
	return e
}

// unexpectedState refuses an operation that the intent's status does not allow.
func unexpectedState(pi *paymentIntent, message string) *stripeError {
	e := invalidRequest("payment_intent_unexpected_state", "", message)
	e.PaymentIntent = mustJSON(pi)
	e.executed = true
	return e
}

func cardError(o outcome) *stripeError {
	return &stripeError{
		Status: http.StatusPaymentRequired, Type: "card_error",
		Code: o.Code, DeclineCode: o.DeclineCode, Message: o.Message, Param: o.Param,
		DocURL: docURL(o.Code), executed: true,
	}
}

func unauthorized(message string) *stripeError {
	return &stripeError{Status: http.StatusUnauthorized, Type: "invalid_request_error", Message: message}
}

func idempotencyError(status int, code, message string) *stripeError {
	return &stripeError{Status: status, Type: "idempotency_error", Code: code, Message: message, DocURL: docURL(code)}
}

func apiError(status int) *stripeError {
	return &stripeError{
		Status: status, Type: "api_error",
		Message: "An unexpected error occurred while processing your request. (sandbox)",
	}
}

// mustJSON encodes our own structs, which cannot fail.
func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: encode own object: " + err.Error())
	}
	return raw
}
