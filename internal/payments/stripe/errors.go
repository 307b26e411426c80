package stripe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/stripe/stripe-go/v76"

	"github.com/boxoffice/boxoffice/booking"
)

// answer is what is kept of an error of Stripe's. The client's own error prints
// the whole payment intent, client secret and billing details included, and
// errors end up in logs and in Temporal's histories.
type answer struct {
	operation string
	status    int
	kind      stripe.ErrorType
	code      stripe.ErrorCode
	decline   stripe.DeclineCode
	requestID string
	stored    bool // Stripe keeps it under the idempotency key
}

func (a answer) Error() string {
	text := fmt.Sprintf("stripe %s: HTTP %d %s", a.operation, a.status, a.kind)
	if a.code != "" {
		text += " " + string(a.code)
	}
	if a.decline != "" {
		text += " " + string(a.decline)
	}
	return text + " (request " + a.requestID + ")"
}

// Unwrap tells the caller when the key is of no more use.
func (a answer) Unwrap() error {
	if a.stored {
		return booking.ErrKeySpent
	}
	return nil
}

// isStored tells whether an answer is stored by Stripe under the request's idempotency key:
// then the endpoint did not run this time, and will not run for this key again.
// https://docs.stripe.com/api/idempotent_requests
func isStored(response *stripe.APIResponse) bool {
	return response != nil && response.Header.Get("Idempotent-Replayed") == "true"
}

func isStoredError(err error) bool {
	var refusal *stripe.Error
	return errors.As(err, &refusal) && isStored(refusal.LastResponse)
}

// fail sorts an error by its meaning for the caller: the outcome is unknown, Stripe failed,
// or Stripe refuses. https://docs.stripe.com/error-low-level
func (p *Provider) fail(ctx context.Context, operation, reference string, err error) error {
	var refusal *stripe.Error
	if !errors.As(err, &refusal) {
		return p.silence(ctx, operation, reference, err)
	}
	a := answer{operation, refusal.HTTPStatusCode, refusal.Type, refusal.Code, refusal.DeclineCode, refusal.RequestID, isStored(refusal.LastResponse)}
	sorted := classify(refusal)
	level := slog.LevelWarn
	if sorted.Code == booking.CodePaymentRefused && refusal.Type == stripe.ErrorTypeCard {
		level = slog.LevelInfo // the customer's card, not our trouble
	}
	p.log.Log(ctx, level, "stripe said no", "operation", operation, "payment", reference, "status", a.status,
		"type", a.kind, "code", a.code, "decline_code", a.decline, "request_id", a.requestID)
	return sorted.Wrap(a)
}

func classify(e *stripe.Error) *booking.Error {
	switch {
	case e.HTTPStatusCode == http.StatusConflict, e.HTTPStatusCode == http.StatusTooManyRequests:
		// Another request with this key is still under way, or too many are.
		return booking.E(booking.CodeProviderUnavailable, "The payment provider is busy.")
	case e.HTTPStatusCode >= http.StatusInternalServerError:
		return booking.E(booking.CodeProviderError, "The payment provider reported a failure of its own.")
	case e.HTTPStatusCode == http.StatusUnauthorized, e.HTTPStatusCode == http.StatusForbidden:
		// A wrong key is our own error to fix, and the payment can go on afterward.
		return booking.E(booking.CodeProviderError, "The payment provider did not let us in.")
	case e.Code == stripe.ErrorCodeResourceMissing:
		return booking.E(booking.CodeNotFound, "Stripe has no such payment.")
	case e.Code == stripe.ErrorCodeAmountTooSmall, e.Code == stripe.ErrorCodeAmountTooLarge:
		return booking.E(booking.CodePaymentRefused, "The payment provider does not take an amount of this size.")
	case e.Type == stripe.ErrorTypeCard && e.Msg != "":
		// Stripe words card errors for the cardholder.
		return booking.E(booking.CodePaymentRefused, "%s", e.Msg)
	default:
		return booking.E(booking.CodePaymentRefused, "The payment provider refused the request.")
	}
}

// silence is every case without an answer: no connection, a timeout, or a reply that cannot
// be read, such as a gateway's HTML page. The outcome is unknown.
func (p *Provider) silence(ctx context.Context, operation, reference string, err error) error {
	var transport *url.Error
	switch {
	case errors.As(err, &transport):
	case ctx.Err() != nil: // ran out while the answer was being read
		err = ctx.Err()
	default: // the client's error quotes the body that it could not parse
		err = errors.New("unreadable answer")
	}
	p.log.WarnContext(ctx, "stripe did not answer", "operation", operation, "payment", reference, "error", err)
	return booking.E(booking.CodeProviderUnavailable, "The payment provider did not answer.").
		Wrap(fmt.Errorf("stripe %s: %w", operation, err))
}

// answeredNo is for an answer that contradicts the payment's state at Stripe. A stored
// answer is from an earlier moment, and then a new key is worth a try.
func (p *Provider) answeredNo(operation, reference string, stored bool) error {
	p.log.Warn("stripe did not do it", "operation", operation, "payment", reference)
	why := fmt.Errorf("stripe %s: not done, though the payment's status allows it", operation)
	if stored {
		why = fmt.Errorf("%w: %w", why, booking.ErrKeySpent)
	}
	return booking.E(booking.CodeProviderError, "The payment provider has not done it.").Wrap(why)
}
