package paypal

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	ordersPath         = "/v2/checkout/orders"
	authorizationsPath = "/v2/payments/authorizations/"
	capturesPath       = "/v2/payments/captures/"
)

// wanted is a new order. https://developer.paypal.com/docs/api/orders/v2/#orders_create
type wanted struct {
	Intent string       `json:"intent"`
	Units  []wantedUnit `json:"purchase_units"`
	Source struct {
		PayPal struct {
			Context wantedContext `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
}

type wantedUnit struct {
	Amount      money  `json:"amount"`
	CustomID    string `json:"custom_id"`
	Description string `json:"description,omitempty"`
}

type wantedContext struct {
	ReturnURL  string `json:"return_url"`
	CancelURL  string `json:"cancel_url"`
	Brand      string `json:"brand_name,omitempty"`
	UserAction string `json:"user_action"`
	Shipping   string `json:"shipping_preference"`
	Method     string `json:"payment_method_preference"`
}

// Open makes an order that the customer approves at PayPal and that reserves nothing
// before Authorize. PayPal lets no order expire by the hold's end: it lapses after three
// hours, and has reserved nothing until it is authorized.
func (p *Provider) Open(ctx context.Context, req booking.PaymentRequest) (booking.PaymentState, error) {
	amount, err := toPayPal(req.Amount)
	if err != nil {
		return booking.PaymentState{}, err
	}
	body := wanted{Intent: "AUTHORIZE", Units: []wantedUnit{{
		Amount: amount, CustomID: customID(req.BookingID, req.Attempt), Description: shorten(req.Description, 127),
	}}}
	fill := strings.NewReplacer("{booking}", url.PathEscape(req.BookingID))
	body.Source.PayPal.Context = wantedContext{
		ReturnURL: cmp.Or(req.ReturnURL, fill.Replace(p.returnURL)), CancelURL: cmp.Or(req.CancelURL, fill.Replace(p.cancelURL)), Brand: shorten(p.brand, 127),
		UserAction: "PAY_NOW", Shipping: "NO_SHIPPING",
		// Nothing that pays days later: it would not fit a hold of minutes.
		Method: "IMMEDIATE_PAYMENT_REQUIRED",
	}
	var o order
	served, err := p.api.do(ctx, request{http.MethodPost, ordersPath, req.Key, body}, &o)
	if err != nil {
		return booking.PaymentState{}, p.fail(ctx, "open", "", err)
	}
	state, err := p.state(&o, served)
	if err != nil {
		return state, p.fail(ctx, "open", o.ID, err)
	}
	if asked := (booking.Money{Amount: state.Amount, Currency: state.Currency}); asked != req.Amount {
		// An answer to another request with this key.
		return state, booking.E(booking.CodePaymentRefused, "The key was used for a payment of %s.", asked)
	}
	return state, nil
}

// shorten keeps the first characters.
func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// Get asks where a payment stands. An order that was not authorized is not found any more
// some hours after it was opened.
func (p *Provider) Get(ctx context.Context, reference string) (booking.PaymentState, error) {
	_, state, err := p.look(ctx, "get", reference)
	if err == nil {
		p.tryDisputes(ctx, &state)
	}
	return state.PaymentState, err
}

// seen is an order as PayPal has shown it, and what it comes to.
type seen struct {
	booking.PaymentState
	order  *order
	served time.Time // by PayPal's clock
}

func (s *seen) unit() *unit { return &s.order.Units[0] }

// look asks for the order with all that belongs to it.
func (p *Provider) look(ctx context.Context, operation, reference string) (*order, seen, error) {
	if !isID(reference) {
		return nil, seen{}, noSuchPayment()
	}
	o := &order{}
	served, err := p.api.do(ctx, request{method: http.MethodGet, path: ordersPath + "/" + reference}, o)
	if err != nil {
		return nil, seen{}, p.fail(ctx, operation, reference, err)
	}
	now, err := p.fold(ctx, operation, o, served)
	return o, now, err
}

func (p *Provider) fold(ctx context.Context, operation string, o *order, served time.Time) (seen, error) {
	state, err := p.state(o, served)
	if err != nil {
		return seen{}, p.fail(ctx, operation, o.ID, err)
	}
	return seen{state, o, served}, nil
}

// Authorize reserves the money of an order that the customer has approved. An order that
// was not approved, or is past it, is no error: the answer has its state, which is voided
// after Void. A declined one is failed here only: PayPal then shows it as open, or still as
// approved with the same Try, and the customer may approve it again. For declineRests after
// a decline the answer may be that decline.
func (p *Provider) Authorize(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	o, now, err := p.look(ctx, "authorize", step.Reference)
	if err != nil || now.Status != booking.PaymentApproved {
		return now.PaymentState, err
	}
	if o.rests(now.served) {
		now.Status, now.Failure = booking.PaymentFailed, declinedText
		return now.PaymentState, nil
	}
	// The customer's next approval is another attempt.
	key, path := suffixed(step.Key, cmp.Or(o.approval(), o.declinedAt())), ordersPath+"/"+step.Reference+"/authorize"
	answer := &order{}
	served, err := p.api.do(ctx, request{http.MethodPost, path, key, struct{}{}}, answer)
	switch {
	case err == nil && len(answer.Units) > 0 && answer.Units[0].Amount != nil:
		now, err = p.fold(ctx, "authorize", answer, served)
		return now.PaymentState, err
	case err == nil, isIssue(err, "ORDER_ALREADY_AUTHORIZED", "ORDER_COMPLETED_OR_VOIDED", "ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED"):
		_, now, err = p.look(ctx, "authorize", step.Reference)
		return now.PaymentState, err
	case isIssue(err, "ORDER_EXPIRED"):
		now.Status = booking.PaymentVoided
		return now.PaymentState, nil
	}
	var no *refusal
	if words, declined := "", false; errors.As(err, &no) {
		if words, declined = declinedIssues[no.issue]; declined {
			p.log.InfoContext(ctx, "paypal declined", "payment", step.Reference, "issue", no.issue, "debug_id", no.debugID)
			return p.declined(ctx, o, now, served, words), nil
		}
	}
	return now.PaymentState, p.fail(ctx, "authorize", step.Reference, err)
}

// suffixed makes a request id of its own for a part of a step.
func suffixed(key, part string) string {
	if key == "" || part == "" {
		return key
	}
	return key + "-" + part
}

// Capture takes the money. It asks first, because PayPal would let us take more than was
// authorized. Anything but the whole amount is a payment_mismatch, with the state that
// says what was taken. A payment that is captured already is no error, and one that PayPal
// has not decided about is in doubt.
func (p *Provider) Capture(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	amount, err := toPayPal(step.Amount)
	if err != nil {
		return booking.PaymentState{}, err
	}
	_, now, err := p.look(ctx, "capture", step.Reference)
	if err != nil {
		return now.PaymentState, err
	}
	if now.Status == booking.PaymentAuthorized && now.Currency == step.Amount.Currency && now.Authorized >= step.Amount.Amount {
		if now, err = p.take(ctx, now, amount, step.Key); err != nil {
			return now.PaymentState, err
		}
	}
	switch taken := (booking.Money{Amount: now.Captured, Currency: now.Currency}); {
	case taken == step.Amount, now.Status == booking.PaymentInDoubt:
		return now.PaymentState, nil
	case taken.Amount > 0:
		return now.PaymentState, booking.E(booking.CodePaymentMismatch, "The provider took %s instead of %s.", taken, step.Amount)
	case now.Status == booking.PaymentAuthorized && now.Authorized >= step.Amount.Amount && now.Currency == step.Amount.Currency:
		return now.PaymentState, p.answeredNo("capture", step.Reference)
	default:
		return now.PaymentState, booking.E(booking.CodePaymentRefused, "The payment can no longer be taken.")
	}
}

// moneyStep is the body of a capture, a reauthorization or a refund. It is never empty: an
// empty refund is one of all that is left, so that a repeat has another end.
type moneyStep struct {
	Amount   money  `json:"amount"`
	Final    bool   `json:"final_capture,omitempty"`
	CustomID string `json:"custom_id,omitempty"`
}

// take captures the newest authorization, which it renews first when it is old.
func (p *Provider) take(ctx context.Context, now seen, amount money, key string) (seen, error) {
	live := *now.unit().live()
	if now.unit().isOld(&live, now.served) {
		renewed, err := p.renew(ctx, now.Reference, live, key)
		if err != nil {
			return now, err
		}
		live = renewed
	}
	if len(now.unit().Payments.Authorizations) > 1 || live.ID != now.unit().live().ID {
		key = suffixed(key, live.ID)
	}
	var made capture
	_, err := p.api.do(ctx, request{http.MethodPost, authorizationsPath + live.ID + "/capture", key, moneyStep{Amount: amount, Final: true}}, &made)
	if isStatus(err, http.StatusUnprocessableEntity) {
		// It may have been taken, voided or denied meanwhile.
		_, after, asked := p.look(ctx, "capture", now.Reference)
		if asked != nil || after.Status != booking.PaymentAuthorized {
			return after, asked
		}
	}
	if err != nil {
		return now, p.fail(ctx, "capture", now.Reference, err)
	}
	return p.with(ctx, "capture", now, func(u *unit) {
		u.Payments.Captures = replaced(u.Payments.Captures, made, func(c capture) string { return c.ID })
		for i := range u.Payments.Authorizations {
			if one := &u.Payments.Authorizations[i]; one.isLive() {
				one.Status = statusCaptured
			}
		}
	})
}

// renew reauthorizes money that PayPal stands by no longer. Where that is refused the old
// authorization is worth a try.
func (p *Provider) renew(ctx context.Context, reference string, old authorization, key string) (authorization, error) {
	var made authorization
	body := moneyStep{Amount: *old.Amount}
	_, err := p.api.do(ctx, request{http.MethodPost, authorizationsPath + old.ID + "/reauthorize", suffixed(key, "renew"), body}, &made)
	switch {
	case isStatus(err, http.StatusUnprocessableEntity):
		p.log.WarnContext(ctx, "paypal did not renew the authorization", "payment", reference, "error", err)
		return old, nil
	case err != nil:
		return old, p.fail(ctx, "reauthorize", reference, err)
	case !made.isLive() || !isID(made.ID):
		return old, p.fail(ctx, "reauthorize", reference, errUnreadable)
	}
	return made, nil
}

// with folds the order again after a step whose answer is known: the order itself may
// show it a moment later.
func (p *Provider) with(ctx context.Context, operation string, now seen, change func(*unit)) (seen, error) {
	change(now.unit())
	after, err := p.fold(ctx, operation, now.order, now.served)
	after.Disputes = now.Disputes
	return after, err
}

// replaced puts an object in the place of an earlier view of it, or at the end.
func replaced[T any](list []T, one T, id func(T) string) []T {
	for i := range list {
		if id(list[i]) == id(one) {
			list[i] = one
			return list
		}
	}
	return append(list, one)
}

// Refund makes sure that step.Amount was given back in the end. It asks first and refunds
// only the difference, so that a retry after a lost answer refunds nothing more, with any
// key. A refund that is pending counts.
func (p *Provider) Refund(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	now, err := p.lookWithDisputes(ctx, step.Reference)
	if err != nil || now.Refunded >= step.Amount.Amount {
		return now.PaymentState, err
	}
	switch {
	case now.Currency != step.Amount.Currency:
		return now.PaymentState, booking.E(booking.CodePaymentMismatch, "The payment was made in %s, not in %s.", now.Currency, step.Amount.Currency)
	case now.Captured < step.Amount.Amount:
		return now.PaymentState, booking.E(booking.CodePaymentRefused, "%s cannot be given back: %s was paid.",
			step.Amount, booking.Money{Amount: now.Captured, Currency: now.Currency})
	}
	for now.Refunded < step.Amount.Amount {
		before := now.Refunded
		if now, err = p.giveBack(ctx, now, step); err != nil {
			return now.PaymentState, err
		}
		if now.Refunded <= before {
			return now.PaymentState, p.answeredNo("refund", step.Reference)
		}
	}
	return now.PaymentState, nil
}

func (p *Provider) lookWithDisputes(ctx context.Context, reference string) (seen, error) {
	_, now, err := p.look(ctx, "refund", reference)
	if err == nil {
		p.tryDisputes(ctx, &now)
	}
	return now, err
}

// giveBack refunds what is missing, from the first capture that has some left.
func (p *Provider) giveBack(ctx context.Context, now seen, step booking.MoneyStep) (seen, error) {
	from, missing := now.unit().refundable(step.Amount.Amount - now.Refunded)
	if from == "" {
		return now, p.answeredNo("refund", now.Reference)
	}
	amount, err := toPayPal(booking.Money{Amount: missing, Currency: now.Currency})
	if err != nil {
		return now, err
	}
	var made refund
	body := moneyStep{Amount: amount, CustomID: now.unit().CustomID}
	_, err = p.api.do(ctx, request{http.MethodPost, capturesPath + from + "/refund", refundKey(step.Key, now), body}, &made)
	if isIssue(err, "CAPTURE_FULLY_REFUNDED", "REFUND_AMOUNT_EXCEEDED") { // by another, meanwhile
		after, asked := p.lookWithDisputes(ctx, now.Reference)
		if asked != nil || after.Refunded > now.Refunded {
			return after, asked
		}
	}
	if err != nil {
		return now, p.fail(ctx, "refund", now.Reference, err)
	}
	return p.with(ctx, "refund", now, func(u *unit) {
		if made.Links.up("captures") == "" {
			made.Supplementary.IDs.CaptureID = from
		}
		u.Payments.Refunds = replaced(u.Payments.Refunds, made, func(r refund) string { return r.ID })
	})
}

// refundable finds a capture with money left, and how much of what is missing it has.
func (u *unit) refundable(missing int64) (captureID string, amount int64) {
	for _, one := range u.Payments.Captures {
		left, err := one.Amount.minor()
		if err != nil || !one.isMoney() || !isID(one.ID) {
			continue
		}
		for _, back := range u.Payments.Refunds {
			if back.counts() && back.captureID(u) == one.ID {
				given, _ := back.Amount.minor() // read before
				left -= given
			}
		}
		if left > 0 {
			return one.ID, min(left, missing)
		}
	}
	return "", 0
}

// captureID is the capture that a refund is of; the only one when it does not say.
func (r refund) captureID(u *unit) string {
	if id := r.Links.up("captures"); id != "" {
		return id
	}
	if id := r.Supplementary.IDs.CaptureID; id != "" || len(u.Payments.Captures) == 0 {
		return id
	}
	return u.Payments.Captures[0].ID
}
