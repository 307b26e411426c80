package paypal

import (
	"context"
	"net/http"
	"strconv"

	"github.com/boxoffice/boxoffice/booking"
)

// refundKey is the same for two calls at once that saw the same total, and share a
// refund. The next part, and one after a failed refund, need a key of their own.
func refundKey(key string, now seen) string {
	return suffixed(key, "from-"+strconv.FormatInt(now.Refunded, 10)+"-"+strconv.FormatInt(now.RefundsFailed, 10))
}

// Void ends a payment that was not captured: an authorization is voided, an order that was
// not authorized is marked, so that nothing authorizes it any more. A payment that had
// ended otherwise is no error: the answer has its state.
func (p *Provider) Void(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	_, now, err := p.look(ctx, "void", step.Reference)
	if err != nil {
		return now.PaymentState, err
	}
	now, done, err := p.end(ctx, now)
	if err == nil && !done {
		// It changed while we were at it, for example from approved to authorized.
		if _, now, err = p.look(ctx, "void", step.Reference); err == nil {
			now, done, err = p.end(ctx, now)
		}
	}
	if err == nil && !done {
		err = p.answeredNo("void", step.Reference)
	}
	return now.PaymentState, err
}

// end makes the next step to a payment's end; done is false when PayPal says that it
// stands otherwise than it showed.
func (p *Provider) end(ctx context.Context, now seen) (after seen, done bool, err error) {
	switch now.Status {
	case booking.PaymentVoided, booking.PaymentCaptured, booking.PaymentRefunded:
		return now, true, nil
	case booking.PaymentOpen, booking.PaymentApproved:
		return p.release(ctx, now)
	}
	if now.unit().captureIs(statusPending) {
		return now, false, booking.E(booking.CodeProviderUnavailable, "PayPal has not decided about the payment yet.")
	}
	if done, err := p.voidAuthorizations(ctx, now); err != nil || !done {
		return now, false, err
	}
	after, err = p.with(ctx, "void", now, func(u *unit) {
		for i := range u.Payments.Authorizations {
			if one := &u.Payments.Authorizations[i]; one.isLive() || one.Status == statusPending {
				one.Status = statusVoided
			}
		}
	})
	if after.Status == booking.PaymentFailed { // denied: there is nothing to void
		after.Status, after.Failure, after.Try = booking.PaymentVoided, "", ""
	}
	return after, true, err
}

// voidAuthorizations voids what reserves money. A renewed authorization cannot be voided; the
// first one, of whose money it is, can be. done is false when PayPal shows another state.
func (p *Provider) voidAuthorizations(ctx context.Context, now seen) (done bool, err error) {
	voided, tied := 0, 0
	for _, one := range now.unit().Payments.Authorizations {
		if !one.isLive() && one.Status != statusPending {
			continue
		}
		_, err := p.api.do(ctx, request{method: http.MethodPost, path: authorizationsPath + one.ID + "/void"}, nil)
		switch {
		case err == nil, isIssue(err, "PREVIOUSLY_VOIDED", "AUTHORIZATION_VOIDED"):
			voided++
		case isIssue(err, "CANNOT_BE_VOIDED"):
			tied++
		case isStatus(err, http.StatusUnprocessableEntity):
			return false, nil
		default:
			return false, p.fail(ctx, "void", now.Reference, err)
		}
	}
	return voided > 0 || tied == 0, nil
}

// release marks an order that was not authorized. The mark is at PayPal, so that a step
// that is delivered twice finds it. Where PayPal does not take it the order is as
// harmless: it holds no money, and lapses.
func (p *Provider) release(ctx context.Context, now seen) (after seen, done bool, err error) {
	mark := now.unit().CustomID + releasedMark
	err = p.patchCustomID(ctx, now.order, mark)
	switch {
	case isIssue(err, "ORDER_ALREADY_COMPLETED"):
		return now, false, nil
	case isStatus(err, http.StatusUnprocessableEntity), isStatus(err, http.StatusBadRequest), isGone(err):
		p.log.WarnContext(ctx, "paypal did not take the mark of a voided order", "payment", now.Reference, "error", err)
	case err != nil:
		return now, false, p.fail(ctx, "void", now.Reference, err)
	}
	after, err = p.with(ctx, "void", now, func(u *unit) { u.CustomID = mark })
	return after, true, err
}
