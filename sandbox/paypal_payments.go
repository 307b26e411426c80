package sandbox

import (
	"errors"
	"net/http"
	"time"
)

// paypalStep is the body of a capture, a reauthorization or a refund.
type paypalStep struct {
	Amount   *paypalMoney `json:"amount"`
	Final    bool         `json:"final_capture"`
	CustomID string       `json:"custom_id"`
	Note     string       `json:"note_to_payer"`
}

// wanted is the amount that the body asks for, or otherwise when it names none.
func (s *paypalStep) wanted(otherwise paypalAmount) (paypalAmount, *paypalError) {
	if s.Amount == nil {
		return otherwise, nil
	}
	amount, refusal := s.Amount.amount("/amount")
	if refusal == nil && amount.Currency != otherwise.Currency {
		refusal = paypalUnprocessable("CURRENCY_MISMATCH", "The currency of the amount must be the one of the payment.").at("/amount/currency_code", amount.Currency)
	}
	return amount, refusal
}

func runPaypalGetAuthorization(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	c.full = true
	return a.subject(t, c, "authorization "+c.id)
}

func runPaypalGetCapture(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	c.full = true
	return a.subject(t, c, "capture "+c.id)
}

func runPaypalGetRefund(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	c.full = true
	return a.subject(t, c, "refund "+c.id)
}

// authorizationFor finds the authorization in the path and its order.
func (a *paypalAPI) authorizationFor(t *tx, c *paypalCall) (*paypalOrder, *paypalAuthorization, error) {
	o, err := a.loadFor(t, "authorization", c.id, c.now)
	if err != nil {
		return nil, nil, err
	}
	return o, o.authorization(c.id), nil
}

func runPaypalCapture(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, authorization, err := a.authorizationFor(t, c)
	if err != nil {
		return nil, err
	}
	var in paypalStep
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	amount, refusal := in.wanted(authorization.Amount)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := o.capturable(authorization, amount); refusal != nil {
		return nil, refusal
	}
	made, err := a.takeMoney(t, o, authorization, amount, in.Final, c.now)
	if err != nil {
		return nil, err
	}
	return a.result(c, http.StatusCreated, o, "capture", made.ID), nil
}

func (o *paypalOrder) capturable(authorization *paypalAuthorization, amount paypalAmount) *paypalError {
	switch authorization.Status {
	case paypalCreated, paypalPartly:
	case paypalCaptured:
		return paypalUnprocessable("AUTHORIZATION_ALREADY_CAPTURED", "Authorization has previously been captured.")
	case paypalVoided:
		return paypalUnprocessable("AUTHORIZATION_VOIDED", "A voided authorization cannot be captured or reauthorized.")
	case paypalDenied:
		return paypalUnprocessable("AUTHORIZATION_DENIED", "An denied authorization cannot be captured.")
	default:
		return paypalUnprocessable("PENDING_AUTHORIZATION", "A pending authorization cannot be captured.")
	}
	// 115 % of the authorization, and at most 75 more. A renewed one is of the same money.
	most := authorization.Amount.Units + min(authorization.Amount.Units*15/100, 7_500)
	if o.captured()+amount.Units > most {
		return paypalUnprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED", "Capture amount exceeds allowable limit. Please contact customer service or your account manager to request the change to your overage limit.").at("/amount/value", amount.wire().Value)
	}
	return nil
}

// takeMoney makes a capture, as the payer's account lets it end.
func (a *paypalAPI) takeMoney(t *tx, o *paypalOrder, authorization *paypalAuthorization, amount paypalAmount, final bool, now time.Time) (*paypalCapture, error) {
	made := &paypalCapture{
		ID: newPaypalID(), Authorization: authorization.ID, Status: paypalCompleted, Amount: amount, Final: final, Created: now, Updated: now,
	}
	switch o.Account {
	case paypalCaptureWaits:
		made.Status = paypalPending
	case paypalCaptureRefused:
		made.Status = paypalDeclined
	}
	o.Captures = append(o.Captures, made)
	status := paypalCaptured
	if !final && o.captured() < authorization.Amount.Units {
		status = paypalPartly
	}
	o.endAuthorizations(status, now)
	return made, errors.Join(a.save(t, o), a.emit(t, o, "PAYMENT.CAPTURE."+made.Status, "capture", a.captureView(o, made)))
}

func runPaypalVoid(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, authorization, err := a.authorizationFor(t, c)
	if err != nil {
		return nil, err
	}
	switch authorization.Status {
	case paypalVoided:
		return nil, paypalUnprocessable("PREVIOUSLY_VOIDED", "Authorization has been previously voided and hence cannot be voided again.")
	case paypalCaptured:
		return nil, paypalUnprocessable("PREVIOUSLY_CAPTURED", "Authorization has been previously captured and hence cannot be voided.")
	case paypalDenied:
		return nil, paypalUnprocessable("PREVIOUSLY_VOIDED", "Authorization has been previously voided and hence cannot be voided again.")
	}
	if authorization.Again {
		return nil, paypalUnprocessable("CANNOT_BE_VOIDED", "A reauthorization cannot be voided. Please void the original parent authorization.")
	}
	o.endAuthorizations(paypalVoided, c.now)
	err = errors.Join(a.save(t, o), a.emit(t, o, "PAYMENT.AUTHORIZATION.VOIDED", "authorization", a.authorizationView(o, authorization)))
	if err != nil || c.full {
		return a.result(c, http.StatusOK, o, "authorization", authorization.ID), err
	}
	return &paypalResult{status: http.StatusNoContent}, nil
}

// endAuthorizations moves an authorization on, together with the one that renewed it: they
// are of the same money.
func (o *paypalOrder) endAuthorizations(status string, now time.Time) {
	for _, one := range o.Authorizations {
		if one.Status == paypalCreated || one.Status == paypalPartly || one.Status == paypalPending {
			one.Status, one.Updated = status, now
		}
	}
	o.touch(now)
}

// runPaypalReauthorize renews an authorization, once, after its honor period.
func runPaypalReauthorize(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, authorization, err := a.authorizationFor(t, c)
	if err != nil {
		return nil, err
	}
	var in paypalStep
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	amount, refusal := in.wanted(authorization.Amount)
	switch {
	case refusal != nil:
		return nil, refusal
	case authorization.Status == paypalVoided:
		return nil, paypalUnprocessable("AUTHORIZATION_VOIDED", "A voided authorization cannot be captured or reauthorized.")
	case authorization.Status != paypalCreated:
		return nil, paypalUnprocessable("AUTHORIZATION_ALREADY_CAPTURED", "Authorization has previously been captured.")
	case authorization.Again, len(o.Authorizations) > 1, c.now.Sub(authorization.Created) < paypalHonored:
		return nil, paypalUnprocessable("REAUTHORIZATION_NOT_SUPPORTED", "A reauthorize cannot be made before the honor period ends, nor twice.")
	}
	made := &paypalAuthorization{
		ID: newPaypalID(), Status: paypalCreated, Amount: amount, Created: c.now, Updated: c.now,
		Expires: authorization.Expires, Again: true,
	}
	o.Authorizations = append(o.Authorizations, made)
	o.touch(c.now)
	if err := errors.Join(a.save(t, o), a.emit(t, o, "PAYMENT.AUTHORIZATION.CREATED", "authorization", a.authorizationView(o, made))); err != nil {
		return nil, err
	}
	return a.result(c, http.StatusCreated, o, "authorization", made.ID), nil
}

func runPaypalRefund(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, err := a.loadFor(t, "capture", c.id, c.now)
	if err != nil {
		return nil, err
	}
	var in paypalStep
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	capture := o.capture(c.id)
	left := capture.Amount.with(capture.Amount.Units - o.refunded(capture.ID, true))
	amount, refusal := in.wanted(left)
	if refusal == nil {
		refusal = o.refundable(capture, left, amount)
	}
	if refusal != nil {
		return nil, refusal
	}
	made, err := a.giveBack(t, o, capture, amount, &in, c.now)
	if err != nil {
		return nil, err
	}
	return a.result(c, http.StatusCreated, o, "refund", made.ID), nil
}

func (o *paypalOrder) refundable(capture *paypalCapture, left, amount paypalAmount) *paypalError {
	switch {
	case capture.Status == paypalPending:
		return paypalUnprocessable("PENDING_CAPTURE", "Cannot initiate a refund as the capture is pending.")
	case !capture.isMoney():
		return paypalUnprocessable("REFUND_NOT_ALLOWED", "Capture cannot be refunded.")
	case o.disputed(capture.ID) != nil:
		return paypalUnprocessable("TRANSACTION_DISPUTED", "Partial refunds cannot be offered at this time because there is an open case on this transaction. Visit the PayPal Resolution Center to review this case.")
	case left.Units == 0:
		return paypalUnprocessable("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded")
	case amount.Units > left.Units:
		return paypalUnprocessable("REFUND_AMOUNT_EXCEEDED", "The refund amount must be less than or equal to the capture amount that has not yet been refunded.")
	}
	return nil
}

// giveBack makes a refund, which is pending while the settings say so.
func (a *paypalAPI) giveBack(t *tx, o *paypalOrder, capture *paypalCapture, amount paypalAmount, in *paypalStep, now time.Time) (*paypalRefund, error) {
	settings, err := a.settings(t)
	if err != nil {
		return nil, err
	}
	made := &paypalRefund{
		ID: newPaypalID(), Capture: capture.ID, Status: paypalCompleted, Amount: amount,
		CustomID: in.CustomID, Note: in.Note, Created: now, Updated: now,
	}
	event := "PAYMENT.CAPTURE.REFUNDED"
	if settings.RefundsPending {
		made.Status, event = paypalPending, "PAYMENT.REFUND.PENDING"
	}
	o.Refunds = append(o.Refunds, made)
	o.settleCapture(capture, now)
	return made, errors.Join(a.save(t, o), a.emit(t, o, event, "refund", a.refundView(made)))
}

// settleCapture says of a capture how much of it was given back.
func (o *paypalOrder) settleCapture(capture *paypalCapture, now time.Time) {
	back := o.refunded(capture.ID, false)
	switch {
	case back == 0:
		capture.Status = paypalCompleted
	case back < capture.Amount.Units:
		capture.Status = paypalPartlyRefunded
	default:
		capture.Status = paypalRefunded
	}
	capture.Updated = now
	o.touch(now)
}
