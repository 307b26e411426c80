package stripe

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/boxoffice/boxoffice/booking"
)

// Open makes a payment intent that the customer authorizes in the browser and
// that takes no money before Capture. Stripe lets no intent expire by the hold's
// end: the saga cancels it.
func (p *Provider) Open(ctx context.Context, req booking.PaymentRequest) (booking.PaymentState, error) {
	amount, err := toStripe(req.Amount)
	if err != nil {
		return booking.PaymentState{}, err
	}
	params := &stripe.PaymentIntentParams{
		Amount:        stripe.Int64(amount),
		Currency:      stripe.String(strings.ToLower(req.Amount.Currency)),
		CaptureMethod: stripe.String(string(stripe.PaymentIntentCaptureMethodManual)),
		AutomaticPaymentMethods: &stripe.PaymentIntentAutomaticPaymentMethodsParams{
			Enabled: stripe.Bool(true),
			// Cards and wallets only: methods that send the customer to another site and
			// answer hours later do not fit a hold of minutes. 3-D Secure is allowed.
			AllowRedirects: stripe.String(string(stripe.PaymentIntentAutomaticPaymentMethodsAllowRedirectsNever)),
		},
		Description: stripe.String(req.Description),
		Metadata:    map[string]string{metaBooking: req.BookingID, metaAttempt: strconv.Itoa(req.Attempt)},
	}
	prepare(ctx, &params.Params, req.Key)
	intent, err := p.intents.New(params)
	if err != nil {
		return booking.PaymentState{}, p.fail(ctx, "open", "", err)
	}
	return p.state(intent), nil
}

// Get asks where a payment stands.
func (p *Provider) Get(ctx context.Context, reference string) (booking.PaymentState, error) {
	if !isReference(reference) {
		return booking.PaymentState{}, booking.E(booking.CodeNotFound, "Stripe has no such payment.")
	}
	params := &stripe.PaymentIntentParams{}
	prepare(ctx, &params.Params, "")
	params.AddExpand(chargeRefunds)
	intent, err := p.intents.Get(reference, params)
	if err != nil {
		return booking.PaymentState{}, p.fail(ctx, "get", reference, err)
	}
	state := p.state(intent)
	err = p.addDisputes(ctx, intent, &state)
	return state, err
}

// Capture takes the money. Anything but the whole amount is a payment_mismatch,
// with the state that says what was taken. A payment that is captured already
// is no error.
func (p *Provider) Capture(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	if !isReference(step.Reference) {
		return booking.PaymentState{}, booking.E(booking.CodeNotFound, "Stripe has no such payment.")
	}
	amount, err := toStripe(step.Amount)
	if err != nil {
		return booking.PaymentState{}, err
	}
	params := &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(amount)}
	prepare(ctx, &params.Params, step.Key)
	params.AddExpand(latestCharge)
	state, stored, err := p.settled(ctx, "capture", step.Reference, func() (*stripe.PaymentIntent, error) {
		return p.intents.Capture(step.Reference, params)
	})
	if err != nil {
		return state, err
	}
	switch taken := (booking.Money{Amount: state.Captured, Currency: state.Currency}); {
	case taken == step.Amount:
		return state, nil
	case taken.Amount > 0:
		return state, booking.E(booking.CodePaymentMismatch, "The provider took %s instead of %s.", taken, step.Amount)
	case state.Status == booking.PaymentAuthorized:
		return state, p.answeredNo("capture", step.Reference, stored)
	default:
		return state, booking.E(booking.CodePaymentRefused, "The payment can no longer be taken.")
	}
}

// Void cancels a payment that was not captured. A payment that had ended otherwise is no
// error: the answer has its state.
func (p *Provider) Void(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	if !isReference(step.Reference) {
		return booking.PaymentState{}, booking.E(booking.CodeNotFound, "Stripe has no such payment.")
	}
	params := &stripe.PaymentIntentCancelParams{}
	prepare(ctx, &params.Params, step.Key)
	params.AddExpand(latestCharge)
	state, stored, err := p.settled(ctx, "void", step.Reference, func() (*stripe.PaymentIntent, error) {
		return p.intents.Cancel(step.Reference, params)
	})
	if err != nil {
		return state, err
	}
	switch state.Status {
	case booking.PaymentVoided, booking.PaymentCaptured, booking.PaymentRefunded:
		return state, nil
	default:
		return state, p.answeredNo("void", step.Reference, stored)
	}
}

// Refund makes sure that step.Amount was given back in the end. It asks first
// and refunds only the difference, so that a retry after a lost answer refunds nothing
// more, with any key.
func (p *Provider) Refund(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	state, err := p.Get(ctx, step.Reference)
	if err != nil || state.Refunded >= step.Amount.Amount {
		return state, err
	}
	switch {
	case state.Currency != step.Amount.Currency:
		return state, booking.E(booking.CodePaymentMismatch, "The payment was made in %s, not in %s.", state.Currency, step.Amount.Currency)
	case state.Captured < step.Amount.Amount:
		return state, booking.E(booking.CodePaymentRefused, "%s cannot be given back: %s was paid.",
			step.Amount, booking.Money{Amount: state.Captured, Currency: state.Currency})
	}

	amount, err := toStripe(booking.Money{Amount: step.Amount.Amount - state.Refunded, Currency: state.Currency})
	if err != nil {
		return state, err
	}
	params := &stripe.RefundParams{
		PaymentIntent: stripe.String(step.Reference),
		Amount:        stripe.Int64(amount),
		Metadata:      map[string]string{metaBooking: step.BookingID},
	}
	key := step.Key
	if key != "" {
		// Two concurrent calls that saw the same total ask for the same refund, and share a
		// key. The next part needs a key of its own.
		key += "-from-" + strconv.FormatInt(state.Refunded, 10)
	}
	prepare(ctx, &params.Params, key)
	made, refusal := p.refunds.New(params)
	if refusal != nil && !isCode(refusal, stripe.ErrorCodeChargeAlreadyRefunded) {
		return state, p.fail(ctx, "refund", step.Reference, refusal)
	}
	state, err = p.Get(ctx, step.Reference)
	if err == nil && state.Refunded < step.Amount.Amount {
		// A refund that was made and failed later leaves its good answer there.
		stored := isStoredError(refusal) || refusal == nil && isStored(made.LastResponse)
		err = p.answeredNo("refund", step.Reference, stored)
	}
	return state, err
}

// settled runs a step and, where Stripe says that the intent's status does not
// allow it, asks how it stands: the step may have been done before. stored says
// that this was the answer that Stripe keeps under the key.
func (p *Provider) settled(ctx context.Context, operation, reference string,
	step func() (*stripe.PaymentIntent, error),
) (state booking.PaymentState, stored bool, err error) {
	intent, err := step()
	if isCode(err, stripe.ErrorCodePaymentIntentUnexpectedState) {
		stored = isStoredError(err)
		state, err = p.Get(ctx, reference)
		return state, stored, err
	}
	if err != nil {
		return booking.PaymentState{}, false, p.fail(ctx, operation, reference, err)
	}
	return p.state(intent), false, nil
}

// prepare gives a request its context and its idempotency key. Without one of
// ours the client makes up a random key.
func prepare(ctx context.Context, params *stripe.Params, key string) {
	params.Context = ctx
	if key != "" {
		params.SetIdempotencyKey(key)
	}
}

// isReference keeps what is no payment intent's id out of URLs.
func isReference(reference string) bool {
	rest, ok := strings.CutPrefix(reference, "pi_")
	return ok && rest != "" && len(rest) <= 250 && strings.Trim(rest, idCharacters) == ""
}

const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

func isCode(err error, code stripe.ErrorCode) bool {
	var refusal *stripe.Error
	return errors.As(err, &refusal) && refusal.Code == code
}
