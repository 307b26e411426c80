package booking

import (
	"errors"
	"fmt"
	"time"
)

// Code is the stable, machine-readable name of an error. One table maps codes
// to HTTP problems (package api), one to Temporal application errors (package
// activities).
type Code string

// The codes a caller may meet.
const (
	CodeValidation          Code = "validation_failed"
	CodeMalformed           Code = "malformed_request"
	CodeNotFound            Code = "not_found"
	CodeUnauthenticated     Code = "unauthenticated"
	CodeForbidden           Code = "forbidden"
	CodeAccountSuspended    Code = "account_suspended"
	CodeSecondFactor        Code = "second_factor_required"
	CodeConflict            Code = "conflict"
	CodeWrongCode           Code = "code_wrong"
	CodeWrongPassword       Code = "password_wrong"
	CodeLinkOver            Code = "link_over"
	CodeConfirmationNeeded  Code = "confirmation_needed"
	CodeConfirmEmail        Code = "email_not_confirmed"
	CodePasskeysOff         Code = "passkeys_off"
	CodePasskeyUnknown      Code = "passkey_unknown"
	CodePasskeyChanged      Code = "passkey_changed"
	CodeSeatsUnavailable    Code = "seats_unavailable"
	CodeShowNotOnSale       Code = "show_not_on_sale"
	CodeTooManyHolds        Code = "too_many_holds"
	CodeUnpaidHolds         Code = "too_many_unpaid_holds"
	CodeHoldLimit           Code = "hold_limit_reached"
	CodeNotCancellable      Code = "not_cancellable"
	CodeNotPayable          Code = "not_payable"
	CodeChoiceClosed        Code = "choice_closed"
	CodeHoldNotExtendable   Code = "hold_not_extendable"
	CodeHoldLost            Code = "hold_lost"
	CodePaymentRefused      Code = "payment_refused"
	CodePaymentMismatch     Code = "payment_mismatch"
	CodeProviderError       Code = "provider_error"
	CodeProviderUnavailable Code = "payment_provider_unavailable"
	CodeHouseUnavailable    Code = "theater_unavailable"
	CodeHouseError          Code = "theater_error"
	CodeHouseRefused        Code = "theater_refused"
	CodePriceChanged        Code = "price_changed"
	CodeFastPathSkipped     Code = "fast_path_skipped"
	CodeDatabaseRefused     Code = "database_refused"
	CodeKeyMissing          Code = "idempotency_key_missing"
	CodeKeyReused           Code = "idempotency_key_reused"
	CodeBusy                Code = "booking_busy"
	CodeTooManyRequests     Code = "too_many_requests"
	CodeUnavailable         Code = "unavailable"
	CodeStartedLate         Code = "started_late" // between workflows and API only
	CodeInternal            Code = "internal"
)

// ReasonRate is the reason of a fast_path_skipped of a vendor that is well and has as many
// requests as it may get for now.
const ReasonRate = "rate_reached"

// ReasonTheaterPaused is the reason of a show_not_on_sale while operators have stopped the sale of
// the theater's own system, or of all systems of its kind.
const ReasonTheaterPaused = "theater_paused"

// ErrKeySpent is the cause of a provider_error when the provider keeps its failure
// under the idempotency key: every later request with the key gets the same answer
// and does nothing.
var ErrKeySpent = errors.New("the provider keeps its failure under this key")

// FieldError names one field of a request that is wrong, and the fix.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is the one error type that crosses package boundaries. Message is safe
// to show to a customer; the wrapped error is for the log only.
type Error struct {
	Code    Code
	Message string
	Fields  []FieldError
	// Seats lists the seats an inventory error is about.
	Seats []string
	// Reason says more than the code, to programs; empty when the code says it all.
	Reason string
	// RetryAfter is when a retry may succeed; zero leaves that to the code.
	RetryAfter time.Duration
	err        error
}

// E builds an Error with a formatted, customer-safe message.
func E(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// FieldErrors collects what is wrong with the fields of a request.
type FieldErrors []FieldError

// Add adds the error of one field. The message is made as fmt.Sprintf makes it.
func (f *FieldErrors) Add(field, format string, args ...any) {
	*f = append(*f, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

// Err is nil without field errors. Code: validation_failed.
func (f FieldErrors) Err() error {
	if len(f) == 0 {
		return nil
	}
	return Invalid(f...)
}

// Invalid reports a request whose fields do not pass, every problem at once.
func Invalid(fields ...FieldError) *Error {
	message := "The request has a problem in one field."
	if len(fields) > 1 {
		message = fmt.Sprintf("The request has problems in %d fields.", len(fields))
	}
	return &Error{Code: CodeValidation, Message: message, Fields: fields}
}

// SeatsUnavailable reports seats that another booking has.
func SeatsUnavailable(seats []string) *Error {
	return &Error{Code: CodeSeatsUnavailable, Message: "Some of these seats are taken. Choose others.", Seats: ReadSeats(seats)}
}

// TheaterPaused refuses the sale of a show whose theater's own system does not sell here at
// present.
func TheaterPaused() *Error {
	return &Error{
		Code: CodeShowNotOnSale, Reason: ReasonTheaterPaused,
		Message: "The theater has paused its sale here for the moment. Try again later.",
	}
}

// Refusal is the additional data of an Error, in the form that travels from the workflows
// to the API.
type Refusal struct {
	Fields []FieldError `json:"fields,omitempty"`
	Seats  []string     `json:"seats,omitempty"`
	Reason string       `json:"reason,omitempty"`
	// RetryAfter is when a retry may succeed; zero leaves that to the code.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// RequestHash is that of the request whose hold was refused.
	RequestHash string `json:"request_hash,omitempty"`
}

// In says when to ask again.
func (e *Error) In(d time.Duration) *Error {
	clone := *e
	clone.RetryAfter = d
	return &clone
}

// Wrap keeps the cause for the log; the message stays the caller's.
func (e *Error) Wrap(err error) *Error {
	clone := *e
	clone.err = err
	return &clone
}

// Error implements error.
func (e *Error) Error() string {
	if e.err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.err }

// CodeOf gives the code of an error, CodeInternal when it carries none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// ReasonOf gives the reason of an error, empty when it carries none.
func ReasonOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
