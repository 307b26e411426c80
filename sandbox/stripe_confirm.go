package sandbox

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

var (
	confirmIntent = operation{name: "payment_intents.confirm", writes: true, publishable: true, run: runConfirmIntent, params: []string{
		"payment_method", "payment_method_data", "payment_method_options", "payment_method_types", "receipt_email",
		"return_url", "off_session", "setup_future_usage", "shipping", "capture_method", "error_on_requires_action",
		"mandate", "mandate_data", "radar_options", "use_stripe_sdk"}}
	captureIntent = operation{name: "payment_intents.capture", writes: true, run: runCaptureIntent, params: []string{
		"amount_to_capture", "application_fee_amount", "final_capture", "metadata", "statement_descriptor",
		"statement_descriptor_suffix", "transfer_data"}}
	cancelIntent = operation{name: "payment_intents.cancel", writes: true, run: runCancelIntent, params: []string{"cancellation_reason"}}
)

func missingMethod() *stripeError {
	return invalidRequest("payment_intent_unexpected_state", "payment_method",
		"You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.")
}

func runConfirmIntent(a *stripeAPI, t *tx, c *call) (any, error) {
	pi, err := loadIntent(t, c)
	if err != nil {
		return nil, err
	}
	if refusal := confirmable(pi); refusal != nil {
		return nil, refusal
	}
	if refusal := applyCaptureMethod(pi, c.form); refusal != nil {
		return nil, refusal
	}
	method, err := methodFrom(t, c)
	if err != nil {
		return nil, err
	}
	if method == nil {
		if method, err = get[storedMethod](t, bucketMethods, pi.PaymentMethod.id); err != nil {
			return nil, err
		}
	}
	if method == nil {
		return nil, missingMethod()
	}
	return a.confirm(t, c, pi, method)
}

func confirmable(pi *paymentIntent) *stripeError {
	switch pi.Status {
	case statusRequiresMethod, statusRequiresConfirmation, statusRequiresAction:
		return nil
	case statusSucceeded, statusRequiresCapture:
		return unexpectedState(pi, "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.")
	default:
		return unexpectedState(pi, "You cannot confirm this PaymentIntent because it has a status of "+pi.Status+
			". Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.")
	}
}

// confirm charges the method, or asks for 3-D Secure first. The API and the
// checkout page both come through here.
func (a *stripeAPI) confirm(t *tx, c *call, pi *paymentIntent, method *storedMethod) (*paymentIntent, error) {
	returnURL := c.form.text("return_url")
	if returnURL != "" && !webAddress(returnURL) {
		return nil, invalidRequest("url_invalid", "return_url", "Not a valid URL")
	}
	if method.Outcome.Result != resultChallenge {
		return a.charge(t, c, pi, method, method.Outcome)
	}
	offSession := c.form.text("off_session") == "true" || c.form.text("error_on_requires_action") == "true"
	if offSession {
		return a.charge(t, c, pi, method, declined("authentication_required", "authentication_required",
			"Your card was declined. This transaction requires authentication.", ""))
	}
	pi.PaymentMethod.id, pi.Status, pi.LastPaymentError = method.Method.ID, statusRequiresAction, nil
	pi.NextAction = &nextAction{Type: "redirect_to_url", RedirectToURL: &redirectToURL{
		ReturnURL: optional(returnURL), URL: a.publicURL + pageAddress("/3ds/", pi, returnURL, url.Values{}),
	}}
	return pi, errors.Join(saveIntent(t, pi), a.emit(t, c, "payment_intent.requires_action", pi.ID, pi))
}

// charge makes the charge that the outcome asks for and moves the intent on.
func (a *stripeAPI) charge(t *tx, c *call, pi *paymentIntent, method *storedMethod, out outcome) (*paymentIntent, error) {
	pi.NextAction = nil
	if out.Result == resultDecline {
		ch := failedCharge(c, pi, method, out)
		pi.LatestCharge.id = ch.ID
		if err := errors.Join(saveCharge(t, ch), a.emit(t, c, "charge.failed", pi.ID, ch)); err != nil {
			return nil, err
		}
		return nil, a.fail(t, c, pi, method, cardError(out))
	}

	ch := newCharge(c, pi, method)
	ch.Captured = pi.CaptureMethod != "manual"
	pi.LatestCharge.id, pi.PaymentMethod.id, pi.LastPaymentError = ch.ID, method.Method.ID, nil
	event := "payment_intent.amount_capturable_updated"
	if ch.Captured {
		ch.AmountCaptured = pi.Amount
		pi.Status, pi.AmountReceived = statusSucceeded, pi.Amount
		event = "payment_intent.succeeded"
	} else {
		pi.Status, pi.AmountCapturable = statusRequiresCapture, pi.Amount
	}
	return pi, errors.Join(
		saveCharge(t, ch), saveIntent(t, pi),
		a.emit(t, c, "charge.succeeded", pi.ID, ch), a.emit(t, c, event, pi.ID, pi),
	)
}

// fail puts the intent back to where another method may be tried, and returns
// the error that the caller is told.
func (a *stripeAPI) fail(t *tx, c *call, pi *paymentIntent, method *storedMethod, why *stripeError) error {
	kept := *why
	kept.Charge = pi.LatestCharge.id
	kept.PaymentMethod = mustJSON(method.Method)
	pi.Status, pi.LastPaymentError = statusRequiresMethod, &kept
	pi.PaymentMethod, pi.NextAction = ref{}, nil
	if err := errors.Join(saveIntent(t, pi), a.emit(t, c, "payment_intent.payment_failed", pi.ID, pi)); err != nil {
		return err
	}
	told := kept
	told.PaymentIntent, told.changed = mustJSON(pi), true
	return &told
}

func runCaptureIntent(a *stripeAPI, t *tx, c *call) (any, error) {
	pi, err := loadIntent(t, c)
	if err != nil {
		return nil, err
	}
	if pi.Status != statusRequiresCapture {
		return nil, unexpectedState(pi, "This PaymentIntent could not be captured because it has a status of "+pi.Status+
			". Only a PaymentIntent with one of the following statuses may be captured: requires_capture.")
	}
	amount, given, refusal := c.form.integer("amount_to_capture")
	switch {
	case refusal != nil:
		return nil, refusal
	case !given:
		amount = pi.AmountCapturable
	case amount < 1:
		return nil, invalidRequest("parameter_invalid_integer", "amount_to_capture", "This value must be greater than or equal to 1.")
	case amount > pi.AmountCapturable:
		e := invalidRequest("amount_too_large", "amount_to_capture", "The amount to capture is greater than the amount that you can capture for this PaymentIntent.")
		e.PaymentIntent = mustJSON(pi)
		return nil, e
	}
	if refusal := refuseStep("amount_to_capture", amount, pi.Currency); refusal != nil {
		return nil, refusal
	}
	if pi.Metadata, refusal = c.form.mergeMetadata(pi.Metadata); refusal != nil {
		return nil, refusal
	}
	return pi, a.capture(t, c, pi, amount)
}

func (a *stripeAPI) capture(t *tx, c *call, pi *paymentIntent, amount int64) error {
	ch, err := get[charge](t, bucketCharges, pi.LatestCharge.id)
	if err != nil {
		return err
	}
	ch.Captured, ch.AmountCaptured = true, amount
	// What is not captured goes back to the cardholder, and Stripe counts it
	// as refunded on the charge.
	ch.AmountRefunded = ch.Amount - amount
	pi.Status, pi.AmountReceived, pi.AmountCapturable = statusSucceeded, amount, 0
	return errors.Join(
		saveCharge(t, ch), saveIntent(t, pi),
		a.emit(t, c, "charge.captured", pi.ID, ch), a.emit(t, c, "payment_intent.succeeded", pi.ID, pi),
	)
}

func runCancelIntent(a *stripeAPI, t *tx, c *call) (any, error) {
	pi, err := loadIntent(t, c)
	if err != nil {
		return nil, err
	}
	reason, refusal := c.form.choice("cancellation_reason", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	if refusal != nil {
		return nil, refusal
	}
	open := []string{statusRequiresMethod, statusRequiresCapture, statusRequiresConfirmation, statusRequiresAction}
	if !slices.Contains(open, pi.Status) {
		return nil, unexpectedState(pi, "You cannot cancel this PaymentIntent because it has a status of "+pi.Status+
			". Only a PaymentIntent with one of the following statuses may be canceled: "+strings.Join(open, ", ")+".")
	}
	if pi.Status == statusRequiresCapture {
		if err := a.release(t, c, pi); err != nil {
			return nil, err
		}
	}
	now := c.now.Unix()
	pi.Status, pi.CanceledAt, pi.CancellationReason = statusCanceled, &now, optional(reason)
	pi.AmountCapturable, pi.NextAction = 0, nil
	return pi, errors.Join(saveIntent(t, pi), a.emit(t, c, "payment_intent.canceled", pi.ID, pi))
}

// release gives an authorized amount back. Stripe reports it as a refund of a
// charge that was never captured. https://docs.stripe.com/api/payment_intents/cancel
func (a *stripeAPI) release(t *tx, c *call, pi *paymentIntent) error {
	ch, err := get[charge](t, bucketCharges, pi.LatestCharge.id)
	if err != nil {
		return err
	}
	ch.Refunded, ch.AmountRefunded = true, ch.Amount
	return errors.Join(saveCharge(t, ch), a.emit(t, c, "charge.refunded", pi.ID, ch))
}

// webAddress is an absolute http or https address: anything else in a
// redirect or a link would be a way to run script on our pages.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
