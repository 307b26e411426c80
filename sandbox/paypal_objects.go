package sandbox

import (
	"math/big"
	"net/url"
	"strings"
	"time"
)

// paypalOrder is one order with all that belongs to it: one record, so that one write
// keeps it whole.
type paypalOrder struct {
	ID          string
	Intent      string
	Status      string
	Amount      paypalAmount
	Reference   string
	CustomID    string
	InvoiceID   string
	Description string
	Brand       string
	ReturnURL   string
	CancelURL   string
	Created     time.Time
	Updated     time.Time
	// Ends is when an order that was not authorized is forgotten.
	Ends    time.Time
	Account string // of the payer who approved
	Tries   int    // declined ones

	NoUpdateTime bool // it tells none until it is authorized

	Authorizations []*paypalAuthorization
	Captures       []*paypalCapture
	Refunds        []*paypalRefund
	Disputes       []*paypalDispute
}

type paypalAuthorization struct {
	ID      string
	Status  string
	Amount  paypalAmount
	Created time.Time
	Updated time.Time
	Expires time.Time
	// Again: this one renews the first, of whose money it is. There is only one.
	Again bool
}

type paypalCapture struct {
	ID            string
	Authorization string
	Status        string
	Amount        paypalAmount
	Final         bool
	Created       time.Time
	Updated       time.Time
}

type paypalRefund struct {
	ID       string
	Capture  string
	Status   string
	Amount   paypalAmount
	CustomID string
	Note     string
	Created  time.Time
	Updated  time.Time
}

type paypalDispute struct {
	ID      string
	Capture string
	Status  string
	Stage   string
	Reason  string
	Outcome string
	Amount  paypalAmount
	Created time.Time
	Updated time.Time
}

// Statuses of an order, an authorization, a capture and a refund.
const (
	paypalCreated        = "CREATED"
	paypalActionRequired = "PAYER_ACTION_REQUIRED"
	paypalApproved       = "APPROVED"
	paypalCompleted      = "COMPLETED"
	paypalVoided         = "VOIDED"
	paypalPending        = "PENDING"
	paypalDenied         = "DENIED"
	paypalCaptured       = "CAPTURED"
	paypalPartly         = "PARTIALLY_CAPTURED"
	paypalDeclined       = "DECLINED"
	paypalRefunded       = "REFUNDED"
	paypalPartlyRefunded = "PARTIALLY_REFUNDED"
	paypalFailed         = "FAILED"
	paypalCancelled      = "CANCELLED"
	paypalResolved       = "RESOLVED"
)

// PayPal's clocks. https://developer.paypal.com/docs/checkout/advanced/authorization-honor/
const (
	paypalOrderLasts = 3 * time.Hour
	paypalHonored    = 3 * 24 * time.Hour
	paypalAuthLasts  = 29 * 24 * time.Hour
)

// newPaypalID has the length and look of PayPal's: 17 digits and capitals that sort by
// time.
func newPaypalID() string {
	id := padLeft(strings.ToUpper(big.NewInt(tick()).Text(36)), 10)
	return id + strings.ToUpper(randomText(7))
}

func paypalTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func (o *paypalOrder) authorization(id string) *paypalAuthorization {
	for _, one := range o.Authorizations {
		if one.ID == id {
			return one
		}
	}
	return nil
}

func (o *paypalOrder) capture(id string) *paypalCapture {
	for _, one := range o.Captures {
		if one.ID == id {
			return one
		}
	}
	return nil
}

func (o *paypalOrder) refund(id string) *paypalRefund {
	for _, one := range o.Refunds {
		if one.ID == id {
			return one
		}
	}
	return nil
}

// captured is what was taken; what is pending counts.
func (o *paypalOrder) captured() (sum int64) {
	for _, one := range o.Captures {
		if one.Status != paypalDeclined && one.Status != paypalFailed {
			sum += one.Amount.Units
		}
	}
	return sum
}

// refunded is what was given back of a capture, or of all when it is empty; what is
// pending counts when it should.
func (o *paypalOrder) refunded(capture string, pending bool) (sum int64) {
	for _, one := range o.Refunds {
		counts := one.Status == paypalCompleted || pending && one.Status == paypalPending
		if counts && (capture == "" || one.Capture == capture) {
			sum += one.Amount.Units
		}
	}
	return sum
}

// isMoney tells whether a capture is money that has come.
func (c *paypalCapture) isMoney() bool {
	return c.Status == paypalCompleted || c.Status == paypalPartlyRefunded || c.Status == paypalRefunded
}

// disputed finds the dispute of a capture that is not decided.
func (o *paypalOrder) disputed(capture string) *paypalDispute {
	for _, one := range o.Disputes {
		if one.Capture == capture && one.Status != paypalResolved {
			return one
		}
	}
	return nil
}

// lapse ends what time has ended. gone tells that PayPal has forgotten the order.
func (o *paypalOrder) lapse(now time.Time) (gone bool, ended []*paypalAuthorization) {
	if len(o.Authorizations) == 0 && o.Status != paypalCompleted && now.After(o.Ends) {
		return true, nil
	}
	for _, one := range o.Authorizations {
		if (one.Status == paypalCreated || one.Status == paypalPending || one.Status == paypalPartly) && now.After(one.Expires) {
			one.Status, one.Updated = paypalVoided, one.Expires
			ended = append(ended, one)
		}
	}
	return false, ended
}

// paypalView is an object as it goes over the wire.
type paypalView map[string]any

func (v paypalView) maybe(name, value string) paypalView {
	if value != "" {
		v[name] = value
	}
	return v
}

type paypalLink struct {
	Href   string `json:"href"`
	Rel    string `json:"rel"`
	Method string `json:"method"`
}

func (a *paypalAPI) link(rel, method, path string) paypalLink {
	return paypalLink{a.publicURL + paypalPrefix + path, rel, method}
}

// orderView is all that PayPal says of an order.
func (a *paypalAPI) orderView(o *paypalOrder) paypalView {
	unit := paypalView{
		"reference_id": o.Reference, "amount": o.Amount.wire(),
		"payee": paypalView{"email_address": "theater@example.com", "merchant_id": paypalMerchant},
	}
	unit.maybe("custom_id", o.CustomID).maybe("invoice_id", o.InvoiceID).maybe("description", o.Description)
	if payments := a.paymentsView(o); len(payments) > 0 {
		unit["payments"] = payments
	}
	view := a.minimalOrder(o)
	view["intent"], view["purchase_units"] = o.Intent, []paypalView{unit}
	view["create_time"] = paypalTime(o.Created)
	if !o.NoUpdateTime || len(o.Authorizations) > 0 {
		view["update_time"] = paypalTime(o.Updated)
	}
	if o.Account != "" {
		view["payer"] = paypalView{
			"name":          paypalView{"given_name": "Test", "surname": "Customer"},
			"email_address": o.Account, "payer_id": paypalPayer(o), "address": paypalView{"country_code": "US"},
		}
		view["payment_source"] = paypalView{"paypal": paypalView{
			"email_address": o.Account, "account_id": paypalPayer(o), "account_status": "VERIFIED",
			"name": paypalView{"given_name": "Test", "surname": "Customer"}, "address": paypalView{"country_code": "US"},
		}}
	}
	return view
}

// minimalOrder is the answer without Prefer: return=representation.
func (a *paypalAPI) minimalOrder(o *paypalOrder) paypalView {
	path := "/v2/checkout/orders/" + o.ID
	links := []paypalLink{a.link("self", "GET", path)}
	switch o.Status {
	case paypalActionRequired:
		links = append(links, a.link("payer-action", "GET", a.approvePath(o)))
	case paypalCreated, paypalApproved:
		links = append(links, a.link("approve", "GET", a.approvePath(o)), a.link("update", "PATCH", path),
			a.link("authorize", "POST", path+"/authorize"))
	}
	return paypalView{"id": o.ID, "status": o.Status, "links": links}
}

func (a *paypalAPI) approvePath(o *paypalOrder) string {
	return "/checkoutnow?token=" + url.QueryEscape(o.ID)
}

func (a *paypalAPI) paymentsView(o *paypalOrder) paypalView {
	view := paypalView{}
	var authorizations, captures, refunds []paypalView
	for _, one := range o.Authorizations {
		authorizations = append(authorizations, a.authorizationView(o, one))
	}
	for _, one := range o.Captures {
		captures = append(captures, a.captureView(o, one))
	}
	for _, one := range o.Refunds {
		refunds = append(refunds, a.refundView(one))
	}
	for name, list := range map[string][]paypalView{"authorizations": authorizations, "captures": captures, "refunds": refunds} {
		if len(list) > 0 {
			view[name] = list
		}
	}
	return view
}

func (a *paypalAPI) authorizationView(o *paypalOrder, one *paypalAuthorization) paypalView {
	path := "/v2/payments/authorizations/" + one.ID
	view := paypalView{
		"id": one.ID, "status": one.Status, "amount": one.Amount.wire(),
		"seller_protection": paypalView{"status": "NOT_ELIGIBLE"},
		"expiration_time":   paypalTime(one.Expires), "create_time": paypalTime(one.Created), "update_time": paypalTime(one.Updated),
		"supplementary_data": paypalView{"related_ids": paypalView{"order_id": o.ID}},
		"links": []paypalLink{
			a.link("self", "GET", path), a.link("capture", "POST", path+"/capture"), a.link("void", "POST", path+"/void"),
			a.link("reauthorize", "POST", path+"/reauthorize"), a.link("up", "GET", "/v2/checkout/orders/"+o.ID),
		},
	}
	if one.Status == paypalPending {
		view["status_details"] = paypalView{"reason": "PENDING_REVIEW"}
	}
	return view.maybe("custom_id", o.CustomID).maybe("invoice_id", o.InvoiceID)
}

func (a *paypalAPI) captureView(o *paypalOrder, one *paypalCapture) paypalView {
	path := "/v2/payments/captures/" + one.ID
	view := paypalView{
		"id": one.ID, "status": one.Status, "amount": one.Amount.wire(), "final_capture": one.Final,
		"seller_protection": paypalView{"status": "NOT_ELIGIBLE"},
		"create_time":       paypalTime(one.Created), "update_time": paypalTime(one.Updated),
		"supplementary_data": paypalView{"related_ids": paypalView{"order_id": o.ID, "authorization_id": one.Authorization}},
		"links": []paypalLink{
			a.link("self", "GET", path), a.link("refund", "POST", path+"/refund"),
			a.link("up", "GET", "/v2/payments/authorizations/"+one.Authorization),
		},
	}
	switch {
	case one.Status == paypalPending:
		view["status_details"] = paypalView{"reason": "PENDING_REVIEW"}
	case one.isMoney():
		fee := paypalFee(one.Amount)
		view["seller_receivable_breakdown"] = paypalView{
			"gross_amount": one.Amount.wire(), "paypal_fee": fee.wire(), "net_amount": one.Amount.with(one.Amount.Units - fee.Units).wire(),
		}
	}
	return view.maybe("custom_id", o.CustomID).maybe("invoice_id", o.InvoiceID)
}

func (a *paypalAPI) refundView(one *paypalRefund) paypalView {
	view := paypalView{
		"id": one.ID, "status": one.Status, "amount": one.Amount.wire(),
		"seller_payable_breakdown": paypalView{"gross_amount": one.Amount.wire(), "net_amount": one.Amount.wire()},
		"create_time":              paypalTime(one.Created), "update_time": paypalTime(one.Updated),
		"links": []paypalLink{
			a.link("self", "GET", "/v2/payments/refunds/"+one.ID), a.link("up", "GET", "/v2/payments/captures/"+one.Capture),
		},
	}
	return view.maybe("custom_id", one.CustomID).maybe("note_to_payer", one.Note)
}

// disputeView has the transactions only in its full form.
func (a *paypalAPI) disputeView(o *paypalOrder, one *paypalDispute, full bool) paypalView {
	state := "OPEN_INQUIRIES"
	if one.Status == paypalResolved {
		state = paypalResolved
	} else if one.Stage != "INQUIRY" {
		state = "REQUIRED_ACTION"
	}
	view := paypalView{
		"dispute_id": one.ID, "create_time": paypalTime(one.Created), "update_time": paypalTime(one.Updated),
		"reason": one.Reason, "status": one.Status, "dispute_state": state, "dispute_amount": one.Amount.wire(),
		"dispute_life_cycle_stage": one.Stage, "dispute_channel": "INTERNAL",
		"links": []paypalLink{a.link("self", "GET", "/v1/customer/disputes/"+one.ID)},
	}
	if !full {
		return view
	}
	view["disputed_transactions"] = []paypalView{paypalView{
		"buyer_transaction_id": one.Capture[1:] + "B", "seller_transaction_id": one.Capture,
		"create_time": paypalTime(one.Created), "transaction_status": paypalCompleted, "gross_amount": o.Amount.wire(),
		"seller": paypalView{"merchant_id": paypalMerchant},
	}.maybe("custom", o.CustomID)}
	if one.Outcome != "" {
		view["dispute_outcome"] = paypalView{"outcome_code": one.Outcome}
	}
	if one.Stage != "INQUIRY" {
		view["fund_movements"] = []paypalView{{"party": "SELLER", "amount": one.Amount.wire(), "type": "DEBIT",
			"reason": "DISPUTE_SETTLEMENT", "initiated_time": paypalTime(one.Created)}}
	}
	return view
}

const paypalMerchant = "BXFF2CETHEATR"

// paypalPayer is the payer's id, the same for one account: 13 digits and capitals, of which
// PayPal leaves out those that look like others.
func paypalPayer(o *paypalOrder) string {
	const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	id := []byte("PAYER22222222")
	for i, c := range []byte(o.Account) {
		at := 5 + i%8
		id[at] = letters[(int(id[at])+int(c))%len(letters)]
	}
	return string(id)
}
