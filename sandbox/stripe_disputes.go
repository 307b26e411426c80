package sandbox

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/gorilla/mux"
)

var (
	retrieveDispute = operation{name: "disputes.retrieve", run: retrieve[dispute](bucketDisputes, "dispute")}
	listDisputes    = operation{name: "disputes.list", run: runListDisputes, params: append([]string{"payment_intent", "charge"}, listParams...)}
	// openDispute is not Stripe's: there a cardholder's bank does it.
	openDispute = operation{name: "disputes.open", writes: true, run: runOpenDispute, params: []string{"payment_intent", "reason", "inquiry"}}
	// closeDispute is the bank's decision.
	closeDispute = operation{name: "disputes.decide", writes: true, run: runCloseDispute, params: []string{"status"}}
	// failRefund is a bank that sends a refund back.
	failRefund = operation{name: "refunds.fail", writes: true, run: runFailRefund, params: []string{"reason"}}
)

// Statuses of a dispute. https://docs.stripe.com/api/disputes/object#dispute_object-status
const (
	disputeNeedsResponse = "needs_response"
	disputeInquiry       = "warning_needs_response"
	disputeInquiryClosed = "warning_closed"
	disputeWon           = "won"
	disputeLost          = "lost"
)

// takesMoney tells whether the bank has the money while a dispute stands so.
func (d *dispute) takesMoney() bool {
	return d.Status == disputeNeedsResponse || d.Status == disputeLost
}

func runListDisputes(_ *stripeAPI, t *tx, c *call) (any, error) {
	intent, chargeID := c.form.text("payment_intent"), c.form.text("charge")
	return list(t, c, bucketDisputes, "/v1/disputes", func(d *dispute) (int64, bool) {
		return d.Created, (intent == "" || d.PaymentIntent.id == intent) && (chargeID == "" || d.Charge.id == chargeID)
	})
}

func runOpenDispute(a *stripeAPI, t *tx, c *call) (any, error) {
	id := c.form.text("payment_intent")
	if id == "" {
		return nil, missingParam("payment_intent")
	}
	pi, err := find[paymentIntent](t, bucketIntents, "payment_intent", id, "payment_intent")
	if err != nil {
		return nil, err
	}
	if pi.Status != statusSucceeded {
		return nil, unexpectedState(pi, "Only a captured payment can be disputed; this one has a status of "+pi.Status+".")
	}
	ch, err := get[charge](t, bucketCharges, pi.LatestCharge.id)
	if err != nil {
		return nil, err
	}
	if ch.Disputed {
		return nil, chargeRefusal("charge_disputed", "Charge "+ch.ID+" is disputed already.")
	}
	d := &dispute{
		ID: newStripeID("dp"), Object: "dispute", Amount: ch.Amount - ch.AmountRefunded, Currency: ch.Currency,
		Created: c.now.Unix(), Charge: ref{id: ch.ID}, PaymentIntent: ref{id: pi.ID},
		Metadata: map[string]string{}, Reason: cmp.Or(c.form.text("reason"), "fraudulent"), Status: disputeNeedsResponse,
		BalanceTransactions: []disputeMove{},
	}
	if c.form.text("inquiry") == "true" {
		d.Status, d.IsChargeRefundable = disputeInquiry, true
	}
	if d.takesMoney() {
		d.moves(-d.Amount, d.Created)
	}
	ch.Disputed = true
	err = errors.Join(saveCharge(t, ch), t.put(bucketDisputes, d.ID, d), a.emit(t, c, "charge.dispute.created", pi.ID, d))
	if err != nil || !d.takesMoney() {
		return d, err
	}
	return d, a.emit(t, c, "charge.dispute.funds_withdrawn", pi.ID, d)
}

// runCloseDispute decides a dispute: won or lost, or, of an inquiry, that it came
// to nothing.
func runCloseDispute(a *stripeAPI, t *tx, c *call) (any, error) {
	d, err := find[dispute](t, bucketDisputes, "dispute", c.id, "id")
	if err != nil {
		return nil, err
	}
	status, refusal := c.form.choice("status", disputeWon, disputeLost, disputeInquiryClosed)
	if refusal != nil {
		return nil, refusal
	}
	if (status == disputeInquiryClosed) != (d.Status == disputeInquiry) {
		return nil, invalidRequest("", "status", "A dispute with a status of "+d.Status+" cannot become "+status+".")
	}
	d.Status = status
	if status == disputeWon {
		d.moves(d.Amount, c.now.Unix())
	}
	err = errors.Join(t.put(bucketDisputes, d.ID, d), a.emit(t, c, "charge.dispute.closed", d.PaymentIntent.id, d))
	if err != nil || status != disputeWon {
		return d, err
	}
	return d, a.emit(t, c, "charge.dispute.funds_reinstated", d.PaymentIntent.id, d)
}

// runFailRefund takes a refund that was made back: the money is ours again.
// https://docs.stripe.com/refunds#failed-refunds
func runFailRefund(a *stripeAPI, t *tx, c *call) (any, error) {
	re, err := find[refund](t, bucketRefunds, "refund", c.id, "id")
	if err != nil {
		return nil, err
	}
	if re.Status != refundSucceeded {
		return nil, invalidRequest("", "status", "Refund "+re.ID+" has a status of "+re.Status+".")
	}
	ch, err := get[charge](t, bucketCharges, re.Charge.id)
	if err != nil {
		return nil, err
	}
	reason := cmp.Or(c.form.text("reason"), "lost_or_stolen_card")
	re.Status, re.FailureReason = refundFailed, &reason
	ch.AmountRefunded -= re.Amount
	ch.Refunded = false
	return re, errors.Join(
		t.put(bucketRefunds, re.ID, re), saveCharge(t, ch),
		a.emit(t, c, "charge.refund.updated", re.PaymentIntent.id, re),
		a.emit(t, c, "refund.failed", re.PaymentIntent.id, re),
	)
}

// sandboxRoutes are the levers that Stripe's own API does not have.
func (a *stripeAPI) sandboxRoutes(r *mux.Router) {
	r.HandleFunc("/sandbox/stripe/disputes", a.serveOpenDispute).Methods("POST")
	r.HandleFunc("/sandbox/stripe/disputes/{id}/decide", a.serveLever(closeDispute, "status")).Methods("POST")
	r.HandleFunc("/sandbox/stripe/refunds/{id}/fail", a.serveLever(failRefund, "reason")).Methods("POST")
	r.HandleFunc("/sandbox/stripe/deliveries", a.serveDeliveries).Methods("GET")
	r.HandleFunc("/sandbox/stripe/events/{id}/resend", a.serveResend).Methods("POST")
}

// serveLever runs one of the bank's operations on the object in the path, with
// one parameter in JSON.
func (a *stripeAPI) serveLever(op operation, param string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		in := map[string]string{}
		if !readJSON(w, req, &in) {
			return
		}
		c := a.innerCall(mux.Vars(req)["id"])
		c.form.child(param).set(in[param])
		answer, _ := a.execute(op, c, nil)
		a.write(w, answer)
	}
}

// serveOpenDispute takes JSON: {"payment_intent": "pi_…", "reason": "fraudulent"},
// and "inquiry": true for a bank that only asks.
func (a *stripeAPI) serveOpenDispute(w http.ResponseWriter, req *http.Request) {
	var in struct {
		PaymentIntent string `json:"payment_intent"`
		Reason        string `json:"reason"`
		Inquiry       bool   `json:"inquiry"`
	}
	if !readJSON(w, req, &in) {
		return
	}
	c := a.innerCall("")
	c.form.child("payment_intent").set(in.PaymentIntent)
	c.form.child("reason").set(in.Reason)
	if in.Inquiry {
		c.form.child("inquiry").set("true")
	}
	answer, _ := a.execute(openDispute, c, nil)
	if answer.Status == http.StatusOK {
		answer.Status = http.StatusCreated
	}
	a.write(w, answer)
}
