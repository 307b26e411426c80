package razorpay

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/boxoffice/boxoffice/booking"
)

// fail sorts an error by its meaning for the caller: the outcome is unknown, Razorpay failed,
// or Razorpay refuses. https://razorpay.com/docs/errors
func (p *Provider) fail(ctx context.Context, reference string, err error) error {
	var said refusal
	if !errors.As(err, &said) {
		return p.silence(ctx, reference, err)
	}
	p.log.LogAttrs(ctx, slog.LevelWarn, "razorpay said no", slog.String("operation", said.operation), slog.String("payment", reference),
		slog.Int("status", said.status), slog.String("code", said.code), slog.String("reason", said.reason))
	return classify(said).Wrap(said)
}

func classify(said refusal) *booking.Error {
	switch {
	case said.status == http.StatusConflict, said.status == http.StatusTooManyRequests, said.says("idempoten"):
		// Another request is still under way, or too many are.
		return booking.E(booking.CodeProviderUnavailable, "The payment provider is busy.")
	case said.status >= http.StatusInternalServerError:
		return booking.E(booking.CodeProviderError, "The payment provider reported a failure of its own.")
	case said.status == http.StatusUnauthorized, said.status == http.StatusForbidden:
		// A wrong key is our own error to fix, and the payment can go on afterward.
		return booking.E(booking.CodeProviderError, "The payment provider did not let us in.")
	case said.says("not enough balance", "enough balance", "insufficient balance"):
		// Refunds come out of the day's sales; there may be more later.
		return booking.E(booking.CodeProviderError, "The account has too little money for the refund at the moment.")
	case said.status == http.StatusNotFound, isNoSuch(said):
		return noSuch()
	default:
		return booking.E(booking.CodePaymentRefused, "The payment provider refused the request.")
	}
}

// isNoSuch reads that there is no such object. Razorpay answers 400, and only the text tells.
func isNoSuch(said refusal) bool {
	return said.says("does not exist", "not a valid id", "invalid id")
}

func noSuch() *booking.Error {
	return booking.E(booking.CodeNotFound, "Razorpay has no such payment.")
}

// isRefusal tells a refusal of the request itself from a vendor that failed or is busy.
func isRefusal(err error) bool {
	code := booking.CodeOf(err)
	return code == booking.CodePaymentRefused || code == booking.CodeNotFound
}

// silence is every case without an answer: no connection, a timeout, or a reply that cannot be
// read. The outcome is unknown.
func (p *Provider) silence(ctx context.Context, reference string, err error) error {
	var transport *url.Error
	if errors.As(err, &transport) {
		err = transport.Err // the address has the reference; the rest is known
	}
	p.log.WarnContext(ctx, "razorpay did not answer", "payment", reference, "error", err)
	return booking.E(booking.CodeProviderUnavailable, "The payment provider did not answer.").Wrap(err)
}

// answeredNo is for an answer that contradicts the payment's state at Razorpay.
func (p *Provider) answeredNo(operation, reference string) error {
	p.log.Warn("razorpay did not do it", "operation", operation, "payment", reference)
	return booking.E(booking.CodeProviderError, "The payment provider has not done it.")
}
