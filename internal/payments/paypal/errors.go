package paypal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/boxoffice/boxoffice/booking"
)

// declinedIssues are refusals to authorize that the customer can do something about, with
// the words for it. https://developer.paypal.com/api/rest/reference/orders/v2/errors/
var declinedIssues = map[string]string{
	"INSTRUMENT_DECLINED":                     "PayPal declined this way to pay. Please go back to PayPal and choose another one.",
	"TRANSACTION_REFUSED":                     declinedText,
	"PAYER_CANNOT_PAY":                        declinedText,
	"PAYER_ACCOUNT_LOCKED_OR_CLOSED":          declinedText,
	"PAYER_ACCOUNT_RESTRICTED":                declinedText,
	"PAYEE_BLOCKED_TRANSACTION":               declinedText,
	"TRANSACTION_BLOCKED_BY_PAYEE":            declinedText,
	"TRANSACTION_LIMIT_EXCEEDED":              declinedText,
	"CARD_BRAND_NOT_SUPPORTED":                declinedText,
	"DECLINED_DUE_TO_RELATED_TXN":             declinedText,
	"DOMESTIC_TRANSACTION_REQUIRED":           declinedText,
	"MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED": "PayPal declined this payment too often. Please choose another way to pay.",
}

// ourIssues are refusals for what is wrong with our account or configuration.
var ourIssues = map[string]bool{
	"AUTH_CAPTURE_NOT_ENABLED": true, "UNSUPPORTED_INTENT_FOR_PAYMENT_SOURCE": true, "DUPLICATE_INVOICE_ID": true,
	"PAYEE_ACCOUNT_LOCKED_OR_CLOSED": true, "PAYEE_ACCOUNT_RESTRICTED": true, "PERMISSION_DENIED": true,
	"TRANSACTION_RECEIVING_LIMIT_EXCEEDED": true, "INVALID_CURRENCY_CODE": true, "CURRENCY_NOT_SUPPORTED_FOR_COUNTRY": true, "PAYEE_FX_RATE_ID_EXPIRED": true,
	"REFUND_FAILED_INSUFFICIENT_FUNDS": true,
}

// fail sorts an error by its meaning for the caller: the outcome is unknown, PayPal
// failed, or PayPal refuses.
func (p *Provider) fail(ctx context.Context, operation, reference string, err error) error {
	var no *refusal
	if !errors.As(err, &no) {
		return p.silence(ctx, operation, reference, err)
	}
	level := slog.LevelWarn
	if ourIssues[no.issue] || no.status == http.StatusUnauthorized || no.status == http.StatusForbidden {
		level = slog.LevelError // it lasts until it is put right
	}
	p.log.Log(ctx, level, "paypal said no", "operation", operation, "payment", reference, "status", no.status,
		"name", no.name, "issue", no.issue, "debug_id", no.debugID)
	sorted := classify(no)
	if errors.As(err, &tokenError{}) && sorted.Code != booking.CodeProviderUnavailable {
		// Whatever it is, it says nothing of the payment.
		sorted = booking.E(booking.CodeProviderError, "The payment provider did not let us in.")
	}
	return sorted.Wrap(fmt.Errorf("paypal %s: %w", operation, err))
}

func classify(no *refusal) *booking.Error {
	switch {
	case no.status == http.StatusConflict, no.status == http.StatusTooManyRequests, no.issue == "PREVIOUS_REQUEST_IN_PROGRESS",
		no.issue == "ORDER_COMPLETION_IN_PROGRESS":
		// Another request is still under way, or too many are.
		return booking.E(booking.CodeProviderUnavailable, "The payment provider is busy.")
	case no.status >= http.StatusInternalServerError:
		return booking.E(booking.CodeProviderError, "The payment provider reported a failure of its own.")
	case no.status == http.StatusUnauthorized, no.status == http.StatusForbidden, no.name == "invalid_client":
		// Wrong credentials are our own error to fix, and the payment can go on afterward.
		return booking.E(booking.CodeProviderError, "The payment provider did not let us in.")
	case no.issue == "REFUND_FAILED_INSUFFICIENT_FUNDS":
		// The account has to be filled first; the refund is still owed.
		return booking.E(booking.CodeProviderError, "The account at the payment provider has not enough money for the refund.")
	case isGone(no):
		return noSuchPayment()
	case no.name == "":
		// Something in between has answered, and not PayPal.
		return booking.E(booking.CodeProviderError, "The payment provider cannot be reached as it should.")
	default:
		return booking.E(booking.CodePaymentRefused, "The payment provider refused the request.")
	}
}

// silence is every case without an answer: no connection, a timeout, or a reply that
// cannot be read. The outcome is unknown.
func (p *Provider) silence(ctx context.Context, operation, reference string, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", err, ctx.Err())
	}
	p.log.WarnContext(ctx, "paypal did not answer", "operation", operation, "payment", reference, "error", err)
	return booking.E(booking.CodeProviderUnavailable, "The payment provider did not answer.").
		Wrap(fmt.Errorf("paypal %s: %w", operation, err))
}

// answeredNo is for an answer that contradicts the payment's state at PayPal.
func (p *Provider) answeredNo(operation, reference string) error {
	p.log.Warn("paypal did not do it", "operation", operation, "payment", reference)
	return booking.E(booking.CodeProviderError, "The payment provider has not done it.").
		Wrap(fmt.Errorf("paypal %s: not done, though the payment's status allows it", operation))
}

func noSuchPayment() *booking.Error {
	return booking.E(booking.CodeNotFound, "PayPal has no such payment.")
}
