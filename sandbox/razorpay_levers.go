package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// razorpayReturn is what checkout hands to the merchant, by a form or to its script: these
// three and nothing else. The signature is made with the key's secret.
type razorpayReturn struct {
	Payment   string `json:"razorpay_payment_id"`
	Order     string `json:"razorpay_order_id"`
	Signature string `json:"razorpay_signature"`
}

func (o *storedRazorpayOrder) returned(p *razorpayPayment) razorpayReturn {
	return razorpayReturn{p.ID, o.Order.ID, razorpaySignature(o.Secret, []byte(o.Order.ID+"|"+p.ID))}
}

// razorpayTry is a customer's try to pay, without a browser.
type razorpayTry struct {
	Card string `json:"card"`
	VPA  string `json:"vpa"`
	// Pending leaves the try at the bank: status created.
	Pending bool `json:"pending"`
	// Slips lets a second payment through that the order would not take.
	Slips bool          `json:"slips"`
	Notes razorpayNotes `json:"notes"`
}

// leverRoutes are what customers, banks, staff and the clock do, and no merchant can.
func (a *razorpayAPI) leverRoutes(r *mux.Router) {
	for path, run := range map[string]func(t *tx, c *razorpayCall) (any, error){
		"/orders/{id}/pay":              a.leverPay,
		"/orders/{id}/lapse":            a.leverLapse,
		"/payments":                     a.leverStray,
		"/payments/{id}/late-authorize": a.leverLate,
		"/payments/{id}/tell-failed":    a.leverTellFailed,
		"/payments/{id}/capture":        a.leverCapture,
		"/payments/{id}/refund":         a.leverRefund,
		"/refunds/settle":               a.leverSettle,
		"/refunds/{id}/process":         a.leverOnRefund(a.processRefund),
		"/refunds/{id}/fail":            a.leverOnRefund(a.failRefund),
		"/disputes":                     a.leverDispute,
		"/disputes/{id}/decide":         a.leverDecide,
	} {
		r.HandleFunc("/sandbox/razorpay"+path, func(w http.ResponseWriter, req *http.Request) {
			a.servePull(w, req, run)
		}).Methods("POST")
	}
}

func (a *razorpayAPI) servePull(w http.ResponseWriter, req *http.Request, run func(t *tx, c *razorpayCall) (any, error)) {
	c := &razorpayCall{id: mux.Vars(req)["id"], query: req.URL.Query(), now: time.Now().UTC()}
	if req.ContentLength != 0 {
		var body map[string]any
		if !readJSON(w, req, &body) {
			return
		}
		c.body = mustJSON(body)
	}
	var answer any
	err := a.store.update(func(t *tx) (err error) {
		answer, err = run(t, c)
		return err
	})
	if err != nil {
		a.errorReply(err).write(w)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// razorpayMoney finds a payment by its id, or the payment of an order that matters most: one
// that was captured, else one that is authorized, else the latest.
func razorpayMoney(t *tx, id string) (*razorpayPayment, error) {
	if !strings.HasPrefix(id, "order_") {
		return razorpayFind[razorpayPayment](t, bucketRazorpayPayments, "pay", id)
	}
	payments, err := razorpayPaymentsOf(t, id)
	if err != nil {
		return nil, err
	}
	if len(payments) == 0 {
		return nil, errRazorpayNoSuch()
	}
	weight := func(p *razorpayPayment) int {
		switch {
		case p.Captured:
			return 2
		case p.Status == razorpayAuthorized:
			return 1
		}
		return 0
	}
	return slices.MaxFunc(payments, func(x, y *razorpayPayment) int {
		if weight(x) == weight(y) {
			return strings.Compare(x.ID, y.ID)
		}
		return weight(x) - weight(y)
	}), nil
}

// leverPay is a customer who pays without a browser.
func (a *razorpayAPI) leverPay(t *tx, c *razorpayCall) (any, error) {
	var in razorpayTry
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	means := razorpayCardMeans(in.Card)
	if in.VPA != "" {
		means = razorpayUPIMeans(in.VPA)
	}
	o, p, err := a.try(t, c, means, in)
	if err != nil {
		return nil, err
	}
	if !in.Pending {
		if err := a.decide(t, c.now, p, means.why); err != nil {
			return nil, err
		}
	}
	return map[string]any{"payment": p, "return": o.returned(p)}, nil
}

func (a *razorpayAPI) try(t *tx, c *razorpayCall, means razorpayMeans, in razorpayTry) (*storedRazorpayOrder, *razorpayPayment, error) {
	o, err := razorpayFind[storedRazorpayOrder](t, bucketRazorpayOrders, "order", c.id)
	if err != nil {
		return nil, nil, err
	}
	if takes, err := o.takes(t); err != nil || !takes && !in.Slips {
		if err == nil {
			err = razorpayRefusal("", "Payment already done for this order.")
		}
		return nil, nil, err
	}
	p, err := a.begin(t, c.now, o, means, in.Notes)
	return o, p, err
}

// leverLapse moves the clock past the time for the capture of an order's payments.
func (a *razorpayAPI) leverLapse(t *tx, c *razorpayCall) (any, error) {
	payments, err := razorpayPaymentsOf(t, c.id)
	if err != nil {
		return nil, err
	}
	lapsed := []*razorpayPayment{}
	for _, p := range payments {
		if p.Status != razorpayAuthorized {
			continue
		}
		if err := a.giveBack(t, c.now, p); err != nil {
			return nil, err
		}
		lapsed = append(lapsed, p)
	}
	return razorpayList(lapsed), nil
}

// leverStray makes an authorized payment that has no order.
func (a *razorpayAPI) leverStray(t *tx, c *razorpayCall) (any, error) {
	var in struct {
		Amount   *int64        `json:"amount"`
		Currency string        `json:"currency"`
		Notes    razorpayNotes `json:"notes"`
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	if refusal := razorpayAmount(in.Amount, in.Currency); refusal != nil {
		return nil, refusal
	}
	p := &razorpayPayment{
		ID: newRazorpayID("pay"), Entity: "payment", Amount: *in.Amount, Currency: in.Currency, Method: "upi",
		VPA: optional("success@razorpay"), Notes: in.Notes, CreatedAt: c.now.Unix(),
	}
	return p, a.authorize(t, c.now, p, false)
}

// leverLate lets a payment that had failed, or was left at the bank, succeed after all.
func (a *razorpayAPI) leverLate(t *tx, c *razorpayCall) (any, error) {
	var in struct {
		TooLate bool `json:"too_late"` // after the time for the capture
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	p, err := razorpayMoney(t, c.id)
	switch {
	case err != nil:
		return nil, err
	case p.Status != razorpayFailed && p.Status != razorpayCreated:
		return nil, razorpayRefusal("", "The payment is "+p.Status+".")
	}
	return p, a.authorize(t, c.now, p, in.TooLate)
}

// leverTellFailed sends an old payment.failed again, whatever the payment is now.
func (a *razorpayAPI) leverTellFailed(t *tx, c *razorpayCall) (any, error) {
	p, err := razorpayMoney(t, c.id)
	if err != nil {
		return nil, err
	}
	old := *p
	old.Status, old.Captured, old.ErrorCode = razorpayFailed, false, optional("BAD_REQUEST_ERROR")
	old.ErrorDescription = &razorpayUPIFailed.Description
	return &old, a.tell(t, c.now, "payment.failed", &old, nil)
}

// leverCapture is staff who capture at the dashboard.
func (a *razorpayAPI) leverCapture(t *tx, c *razorpayCall) (any, error) {
	p, err := razorpayMoney(t, c.id)
	switch {
	case err != nil:
		return nil, err
	case p.Status != razorpayAuthorized:
		return nil, razorpayRefusal("", "The payment is "+p.Status+".")
	}
	return p, a.capture(t, c.now, p)
}

// leverRefund is staff who refund at the dashboard.
func (a *razorpayAPI) leverRefund(t *tx, c *razorpayCall) (any, error) {
	var in struct {
		Amount *int64 `json:"amount"`
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	p, err := razorpayMoney(t, c.id)
	if err != nil {
		return nil, err
	}
	return a.refund(t, c.now, p, in.Amount)
}

// leverSettle processes all pending refunds, or those of one payment or order.
func (a *razorpayAPI) leverSettle(t *tx, c *razorpayCall) (any, error) {
	var in struct {
		Payment string `json:"payment"`
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	settled := []*razorpayRefundObject{}
	err := each(t, bucketRazorpayRefunds, func(_ string, re *razorpayRefundObject) (bool, error) {
		if re.Status == razorpayPending {
			settled = append(settled, re)
		}
		return true, nil
	})
	if err == nil && in.Payment != "" {
		var p *razorpayPayment
		if p, err = razorpayMoney(t, in.Payment); err == nil {
			settled = slices.DeleteFunc(settled, func(re *razorpayRefundObject) bool { return re.PaymentID != p.ID })
		}
	}
	for _, re := range settled {
		if err == nil {
			err = a.processRefund(t, c.now, re)
		}
	}
	return razorpayList(settled), err
}

// leverOnRefund acts on one refund, or on the newest of an order or a payment.
func (a *razorpayAPI) leverOnRefund(act func(*tx, time.Time, *razorpayRefundObject) error) func(*tx, *razorpayCall) (any, error) {
	return func(t *tx, c *razorpayCall) (any, error) {
		id := c.id
		if !strings.HasPrefix(id, "rfnd_") {
			p, err := razorpayMoney(t, id)
			if err != nil {
				return nil, err
			}
			refunds := t.lookup("razorpay_refund", p.ID)
			if len(refunds) == 0 {
				return nil, errRazorpayNoSuch()
			}
			id = refunds[len(refunds)-1]
		}
		re, err := razorpayFind[razorpayRefundObject](t, bucketRazorpayRefunds, "rfnd", id)
		if err != nil {
			return nil, err
		}
		return re, act(t, c.now, re)
	}
}

func (a *razorpayAPI) leverDispute(t *tx, c *razorpayCall) (any, error) {
	var in razorpayDisputeRequest
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	return a.openDispute(t, c.now, in)
}

func (a *razorpayAPI) leverDecide(t *tx, c *razorpayCall) (any, error) {
	var in struct {
		Status string `json:"status"`
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	return a.decideDispute(t, c.now, c.id, in.Status)
}
