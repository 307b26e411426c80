package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// Accounts of payers, and how their payments end.
const (
	paypalPays           = "buyer@example.com"
	paypalDeclines       = "declined@example.com"
	paypalReviewed       = "review@example.com"
	paypalDenies         = "denied@example.com"
	paypalCaptureWaits   = "pending-capture@example.com"
	paypalCaptureRefused = "declined-capture@example.com"
)

type paypalAccount struct{ Email, Label string }

var paypalAccounts = []paypalAccount{
	{paypalPays, "pays"},
	{paypalDeclines, "agrees, and the card behind it is declined when the order is authorized (INSTRUMENT_DECLINED)"},
	{paypalReviewed, "agrees, and the authorization is PENDING until it is decided"},
	{paypalDenies, "agrees, and the authorization is DENIED"},
	{paypalCaptureWaits, "agrees, and the capture is PENDING until it is decided"},
	{paypalCaptureRefused, "agrees, and the capture is DECLINED"},
}

// paypalMostTries is how often an order may be declined.
const paypalMostTries = 10

// paypalOrderRequest is the part of a new order that the sandbox knows.
type paypalOrderRequest struct {
	Intent        string             `json:"intent"`
	PurchaseUnits []paypalUnitWanted `json:"purchase_units"`
	PaymentSource *struct {
		PayPal *struct {
			ExperienceContext paypalContext `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
	ApplicationContext *paypalContext `json:"application_context"`
}

type paypalUnitWanted struct {
	ReferenceID string      `json:"reference_id"`
	Amount      paypalMoney `json:"amount"`
	CustomID    string      `json:"custom_id"`
	InvoiceID   string      `json:"invoice_id"`
	Description string      `json:"description"`
}

type paypalContext struct {
	BrandName string `json:"brand_name"`
	ReturnURL string `json:"return_url"`
	CancelURL string `json:"cancel_url"`
}

func runPaypalCreate(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	var in paypalOrderRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.PaymentSource != nil && c.key == "" {
		return nil, paypalUnprocessable("PAYPAL_REQUEST_ID_REQUIRED",
			"A PayPal-Request-Id is required if you are trying to process payment for an Order. Please specify a PayPal-Request-Id or Create the Order without a 'payment_source' specified.")
	}
	o, refusal := newPaypalOrder(&in, c.now)
	if refusal != nil {
		return nil, refusal
	}
	settings, err := a.settings(t)
	o.NoUpdateTime = settings.NoUpdateTime
	if err := errors.Join(err, a.save(t, o)); err != nil {
		return nil, err
	}
	return a.result(c, http.StatusCreated, o, "order", o.ID), nil
}

func newPaypalOrder(in *paypalOrderRequest, now time.Time) (*paypalOrder, *paypalError) {
	switch {
	case in.Intent != "AUTHORIZE" && in.Intent != "CAPTURE":
		return nil, paypalBadRequest("MISSING_REQUIRED_PARAMETER", "A required field is missing.").at("/intent", in.Intent)
	case len(in.PurchaseUnits) != 1:
		return nil, paypalBadRequest("INVALID_ARRAY_MAX_ITEMS", "The sandbox takes exactly one purchase unit.").at("/purchase_units", "")
	case in.Intent == "CAPTURE":
		return nil, paypalUnprocessable("UNSUPPORTED_INTENT", "The sandbox knows the intent AUTHORIZE only.").at("/intent", in.Intent)
	}
	unit := in.PurchaseUnits[0]
	amount, refusal := unit.Amount.amount("/purchase_units/@reference_id=='default'/amount")
	if refusal != nil {
		return nil, refusal
	}
	for name, text := range map[string]string{"custom_id": unit.CustomID, "invoice_id": unit.InvoiceID, "description": unit.Description} {
		if len([]rune(text)) > 127 {
			return nil, paypalBadRequest("INVALID_STRING_LENGTH", "The value of a field is either too short or too long.").
				at("/purchase_units/0/"+name, text)
		}
	}
	o := &paypalOrder{
		ID: newPaypalID(), Intent: in.Intent, Status: paypalCreated, Amount: amount, Reference: unit.ReferenceID,
		CustomID: unit.CustomID, InvoiceID: unit.InvoiceID, Description: unit.Description,
		Created: now, Updated: now, Ends: now.Add(paypalOrderLasts),
	}
	if o.Reference == "" {
		o.Reference = "default"
	}
	context := in.ApplicationContext
	if in.PaymentSource != nil && in.PaymentSource.PayPal != nil {
		context, o.Status = &in.PaymentSource.PayPal.ExperienceContext, paypalActionRequired
	}
	if context == nil {
		return o, nil
	}
	for name, address := range map[string]string{"return_url": context.ReturnURL, "cancel_url": context.CancelURL} {
		if address != "" && !webAddress(address) {
			return nil, paypalBadRequest("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.").
				at("/payment_source/paypal/experience_context/"+name, address)
		}
	}
	o.Brand, o.ReturnURL, o.CancelURL = context.BrandName, context.ReturnURL, context.CancelURL
	return o, nil
}

func runPaypalGetOrder(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, err := a.load(t, c.id, c.now)
	if err != nil {
		return nil, err
	}
	c.full = true // there is no minimal answer to a question
	return a.result(c, http.StatusOK, o, "order", o.ID), nil
}

// runPaypalPatch changes custom_id, description and invoice_id of the one purchase unit,
// as long as the order is not completed.
func runPaypalPatch(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, err := a.load(t, c.id, c.now)
	if err != nil {
		return nil, err
	}
	var changes []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	if err := c.decode(&changes); err != nil {
		return nil, err
	}
	if o.Status == paypalCompleted || o.Status == paypalVoided {
		return nil, paypalUnprocessable("ORDER_ALREADY_COMPLETED", "The order cannot be patched after it is completed.")
	}
	fields := map[string]*string{"custom_id": &o.CustomID, "description": &o.Description, "invoice_id": &o.InvoiceID}
	for _, change := range changes {
		prefix := "/purchase_units/@reference_id=='" + o.Reference + "'/"
		name, ours := strings.CutPrefix(change.Path, prefix)
		text, isText := change.Value.(string)
		switch field := fields[name]; {
		case ours && field != nil && (change.Op == "add") == (*field != ""):
			return nil, paypalBadRequest("INVALID_PATCH_OPERATION",
				"The operation cannot be honored. Cannot add a property that's already present, use replace. Cannot remove a property thats not present, use add. Cannot replace a property thats not present, use add.").at("/0/op", change.Op)
		case change.Op != "add" && change.Op != "replace" && change.Op != "remove":
			return nil, paypalBadRequest("INVALID_PATCH_OPERATION", "The operation cannot be honored.").at("/0/op", change.Op)
		case !ours || field == nil:
			return nil, paypalUnprocessable("NOT_PATCHABLE", "Cannot be patched.").at("/0/path", change.Path)
		case !isText && change.Op != "remove", len([]rune(text)) > 127:
			return nil, paypalUnprocessable("UNSUPPORTED_PATCH_PARAMETER_VALUE", "The value specified for this field is not currently supported.")
		default:
			*field = text
		}
	}
	o.touch(c.now)
	return &paypalResult{status: http.StatusNoContent, subject: "order " + o.ID}, a.save(t, o)
}

// touch moves the time of the last change on, by a second at least: that is as fine as
// PayPal tells it.
func (o *paypalOrder) touch(now time.Time) {
	o.Updated = latest(now, o.Updated.Add(time.Second))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func runPaypalAuthorize(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, err := get[paypalOrder](t, bucketPaypalOrders, c.id)
	switch {
	case err != nil:
		return nil, err
	case o == nil:
		return nil, paypalNotFound()
	}
	if gone, _ := o.lapse(c.now); gone {
		return nil, paypalUnprocessable("ORDER_EXPIRED", "Order is expired and cannot be authorized.")
	}
	if refusal := o.authorizable(); refusal != nil {
		return nil, refusal
	}
	if o.Account == paypalDeclines {
		return nil, a.decline(t, o, c.now)
	}
	authorization := &paypalAuthorization{
		ID: newPaypalID(), Status: paypalCreated, Amount: o.Amount, Created: c.now, Updated: c.now, Expires: c.now.Add(paypalAuthLasts),
	}
	event := "PAYMENT.AUTHORIZATION.CREATED"
	switch o.Account {
	case paypalReviewed:
		authorization.Status = paypalPending
	case paypalDenies:
		authorization.Status, event = paypalDenied, "PAYMENT.AUTHORIZATION.VOIDED"
	}
	o.Status, o.Authorizations = paypalCompleted, append(o.Authorizations, authorization)
	o.touch(c.now)
	if err := errors.Join(a.save(t, o), a.emit(t, o, event, "authorization", a.authorizationView(o, authorization))); err != nil {
		return nil, err
	}
	return a.result(c, http.StatusCreated, o, "order", o.ID), nil
}

func (o *paypalOrder) authorizable() *paypalError {
	switch {
	case len(o.Authorizations) > 0:
		return paypalUnprocessable("ORDER_ALREADY_AUTHORIZED", "Order already authorized. If 'intent=AUTHORIZE' only one authorization per order is allowed.")
	case o.Tries >= paypalMostTries:
		return paypalUnprocessable("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "You have exceeded the maximum number of payment attempts.")
	case o.Status == paypalApproved:
		return nil
	case o.Status == paypalActionRequired && o.Tries > 0:
		return paypalUnprocessable(paypalActionRequired, "Transaction cannot complete successfully, instruct the buyer to return to PayPal.")
	default:
		return paypalUnprocessable("ORDER_NOT_APPROVED", "Payer has not yet approved the Order for payment.")
	}
}

// decline sends the payer back to choose another instrument.
func (a *paypalAPI) decline(t *tx, o *paypalOrder, now time.Time) error {
	settings, err := a.settings(t)
	if err != nil {
		return err
	}
	o.Tries++
	if !settings.DeclinedStaysApproved {
		o.Status = paypalActionRequired
	}
	if !settings.DeclinedStaysApproved || settings.DeclineMovesTime {
		o.touch(now)
	}
	if err := a.save(t, o); err != nil {
		return err
	}
	refusal := paypalUnprocessable("INSTRUMENT_DECLINED",
		"The instrument presented was either declined by the processor or bank, or it can't be used for this payment.")
	refusal.changed = true
	return refusal
}
