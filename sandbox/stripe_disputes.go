package sandbox

import (
	"net/http"

	"github.com/gorilla/mux"
)

var (
	retrieveDispute = operation{name: "disputes.retrieve", run: runRetrieveDispute}
	listDisputes    = operation{name: "disputes.list", run: runListDisputes, params: append([]string{"payment_intent", "charge"}, listParams...)}
	// openDispute is not Stripe's: there a cardholder's bank does it.
	openDispute = operation{name: "disputes.open", writes: true, run: runOpenDispute, params: []string{"payment_intent", "reason"}}
)

func runRetrieveDispute(_ *stripeAPI, t *tx, c *call) (any, error) {
	return retrieve[dispute](t, c, bucketDisputes, "dispute")
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
	pi, err := get[paymentIntent](t, bucketIntents, id)
	switch {
	case err != nil:
		return nil, err
	case pi == nil:
		return nil, noSuch("payment_intent", id, "payment_intent", http.StatusNotFound)
	case pi.Status != statusSucceeded:
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
		Metadata: map[string]string{}, Reason: c.form.text("reason"), Status: "needs_response",
	}
	if d.Reason == "" {
		d.Reason = "fraudulent"
	}
	ch.Disputed = true
	if err := saveCharge(t, ch); err != nil {
		return nil, err
	}
	if err := t.put(bucketDisputes, d.ID, d); err != nil {
		return nil, err
	}
	return d, a.emit(t, c, "charge.dispute.created", pi.ID, d)
}

// sandboxRoutes are the levers that Stripe's own API does not have.
func (a *stripeAPI) sandboxRoutes(r *mux.Router) {
	r.HandleFunc("/sandbox/stripe/disputes", a.serveOpenDispute).Methods("POST")
	r.HandleFunc("/sandbox/stripe/deliveries", a.serveDeliveries).Methods("GET")
	r.HandleFunc("/sandbox/stripe/events/{id}/resend", a.serveResend).Methods("POST")
}

// serveOpenDispute takes JSON: {"payment_intent": "pi_…", "reason": "fraudulent"}.
func (a *stripeAPI) serveOpenDispute(w http.ResponseWriter, req *http.Request) {
	var in struct {
		PaymentIntent string `json:"payment_intent"`
		Reason        string `json:"reason"`
	}
	if !readJSON(w, req, &in) {
		return
	}
	c := a.innerCall("")
	c.form.child("payment_intent").set(in.PaymentIntent)
	c.form.child("reason").set(in.Reason)
	answer, _ := a.execute(openDispute, c, nil)
	if answer.Status == http.StatusOK {
		answer.Status = http.StatusCreated
	}
	a.write(w, answer)
}
