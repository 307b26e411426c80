package sandbox

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"
)

// paypalSettings are the levers that stay as they were set.
type paypalSettings struct {
	// RefundsPending: new refunds wait until they are settled.
	RefundsPending bool `json:"refunds_pending"`
	// DeclinedStaysApproved: an order whose instrument was declined looks as before.
	DeclinedStaysApproved bool `json:"declined_stays_approved"`
	// DeclineMovesTime: that order has another update_time.
	DeclineMovesTime bool `json:"decline_moves_time"`
	// NoUpdateTime: new orders have no update_time until they are authorized.
	NoUpdateTime bool `json:"no_update_time"`
	// AheadSeconds is by how much PayPal's clock was moved.
	AheadSeconds int64 `json:"ahead_seconds"`
}

func (a *paypalAPI) settings(t *tx) (paypalSettings, error) {
	kept, err := get[paypalSettings](t, bucketPaypalSettings, "levers")
	if err != nil || kept == nil {
		return paypalSettings{}, err
	}
	return *kept, nil
}

// restore takes up the clock where it was left.
func (a *paypalAPI) restore() error {
	return a.store.view(func(t *tx) error {
		settings, err := a.settings(t)
		a.ahead.Store(int64(time.Duration(settings.AheadSeconds) * time.Second))
		return err
	})
}

// sandboxRoutes are what happens at PayPal without the API.
func (a *paypalAPI) sandboxRoutes(r *mux.Router) {
	const at = "/sandbox/paypal"
	r.HandleFunc(at+"/root.pem", a.serveRoot).Methods("GET")
	r.HandleFunc(at+"/settings", a.serveSettings).Methods("GET", "POST")
	r.HandleFunc(at+"/clock", a.serveClock).Methods("POST")
	r.HandleFunc(at+"/tokens/revoke", a.serveRevoke).Methods("POST")
	r.HandleFunc(at+"/deliveries", a.serveDeliveries).Methods("GET")
	r.HandleFunc(at+"/events/{id}/resend", a.serveResend).Methods("POST")
	a.lever(r, at+"/orders/{id}/approve", "order", pullApprove)
	a.lever(r, at+"/orders/{id}/capture", "order", pullCapture)
	a.lever(r, at+"/orders/{id}/refund", "order", pullRefund)
	a.lever(r, at+"/orders/{id}/dispute", "order", pullDispute)
	a.lever(r, at+"/authorizations/{id}/decide", "authorization", pullDecideAuthorization)
	a.lever(r, at+"/captures/{id}/decide", "capture", pullDecideCapture)
	a.lever(r, at+"/refunds/{id}/settle", "refund", pullSettleRefund)
	a.lever(r, at+"/disputes/{id}/decide", "dispute", pullDecideDispute)
}

// paypalPull is the body of a lever; each uses a part of it.
type paypalPull struct {
	Account string `json:"account"`
	Amount  string `json:"amount"` // in major units; empty is all
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Stage   string `json:"stage"`
	Outcome string `json:"outcome"`

	id  string
	now time.Time
}

// lever runs a change of the order that owns the object in the path, and answers with
// the order.
func (a *paypalAPI) lever(r *mux.Router, path, kind string, pull func(*paypalAPI, *tx, *paypalOrder, *paypalPull) error) {
	r.HandleFunc(path, func(w http.ResponseWriter, req *http.Request) {
		in := paypalPull{id: mux.Vars(req)["id"], now: a.now()}
		if req.ContentLength != 0 && !readJSON(w, req, &in) {
			return
		}
		var o *paypalOrder
		err := a.store.update(func(t *tx) (err error) {
			if kind == "order" {
				o, err = a.load(t, in.id, in.now)
			} else {
				o, err = a.loadFor(t, kind, in.id, in.now)
			}
			if err != nil {
				return err
			}
			return errors.Join(pull(a, t, o, &in), a.save(t, o))
		})
		var refusal *paypalError
		switch {
		case errors.As(err, &refusal):
			writeProblem(w, refusal.Status, refusal.Issue+" "+refusal.Description)
		case err != nil:
			writeResult(w, a.log, nil, err)
		default:
			writeJSON(w, http.StatusOK, a.orderView(o))
		}
	}).Methods("POST")
}

// amount reads the lever's amount, or takes all.
func (p *paypalPull) amount(all paypalAmount) (paypalAmount, error) {
	if p.Amount == "" {
		return all, nil
	}
	amount, refusal := paypalMoney{all.Currency, p.Amount}.amount("amount")
	if refusal != nil {
		return amount, refusal
	}
	return amount, nil
}

// pullApprove is the payer's click, as on the page.
func pullApprove(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	if !o.agreeable() {
		return paypalUnprocessable("ORDER_ALREADY_COMPLETED", "There is nothing to agree to any more.")
	}
	if !slices.ContainsFunc(paypalAccounts, func(one paypalAccount) bool { return one.Email == in.Account }) {
		return paypalBadRequest("INVALID_PARAMETER_VALUE", "account must be one of the page's accounts.")
	}
	return a.agree(t, o, in.Account, in.now)
}

// pullCapture is staff at PayPal's own pages who take a part or all, and no more after it.
func pullCapture(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	for _, one := range slices.Backward(o.Authorizations) {
		if one.Status != paypalCreated && one.Status != paypalPartly {
			continue
		}
		amount, err := in.amount(one.Amount)
		if err != nil {
			return err
		}
		if refusal := o.capturable(one, amount); refusal != nil {
			return refusal
		}
		_, err = a.takeMoney(t, o, one, amount, true, in.now)
		return err
	}
	return paypalUnprocessable("AUTHORIZATION_VOIDED", "There is no authorization to capture.")
}

// pullRefund is a refund from PayPal's own pages.
func pullRefund(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	for _, one := range o.Captures {
		if !one.isMoney() {
			continue
		}
		left := one.Amount.with(one.Amount.Units - o.refunded(one.ID, true))
		amount, err := in.amount(left)
		if err != nil {
			return err
		}
		if refusal := o.refundable(one, left, amount); refusal != nil {
			return refusal
		}
		_, err = a.giveBack(t, o, one, amount, &paypalStep{}, in.now)
		return err
	}
	return paypalUnprocessable("REFUND_NOT_ALLOWED", "There is no capture to refund.")
}

// pullDecideAuthorization ends the review of an authorization: CREATED or DENIED.
func pullDecideAuthorization(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	one := o.authorization(in.id)
	event := map[string]string{paypalCreated: "PAYMENT.AUTHORIZATION.CREATED", paypalDenied: "PAYMENT.AUTHORIZATION.VOIDED"}[in.Status]
	if one.Status != paypalPending || event == "" {
		return paypalUnprocessable("CANNOT_BE_DECIDED", "A PENDING authorization becomes CREATED or DENIED.")
	}
	one.Status, one.Updated = in.Status, in.now
	o.touch(in.now)
	return a.emit(t, o, event, "authorization", a.authorizationView(o, one))
}

// pullDecideCapture ends the wait of a capture: COMPLETED or DECLINED.
func pullDecideCapture(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	one := o.capture(in.id)
	event := map[string]string{paypalCompleted: "PAYMENT.CAPTURE.COMPLETED", paypalDeclined: "PAYMENT.CAPTURE.DENIED"}[in.Status]
	if one.Status != paypalPending || event == "" {
		return paypalUnprocessable("CANNOT_BE_DECIDED", "A PENDING capture becomes COMPLETED or DECLINED.")
	}
	one.Status, one.Updated = in.Status, in.now
	o.touch(in.now)
	return a.emit(t, o, event, "capture", a.captureView(o, one))
}

// pullSettleRefund ends a refund: COMPLETED, FAILED or CANCELLED. One that was completed
// may still fail.
func pullSettleRefund(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	one := o.refund(in.id)
	event := map[string]string{
		paypalCompleted: "PAYMENT.CAPTURE.REFUNDED", paypalFailed: "PAYMENT.REFUND.FAILED", paypalCancelled: "PAYMENT.REFUND.FAILED",
	}[in.Status]
	over := one.Status == paypalFailed || one.Status == paypalCancelled || one.Status == in.Status
	if over || event == "" {
		return paypalUnprocessable("CANNOT_BE_SETTLED", "A refund becomes COMPLETED, FAILED or CANCELLED.")
	}
	one.Status, one.Updated = in.Status, in.now
	o.settleCapture(o.capture(one.Capture), in.now)
	return a.emit(t, o, event, "refund", a.refundView(one))
}

// pullDispute is the payer who complains: an INQUIRY asks, a CHARGEBACK has the money.
func pullDispute(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	for _, one := range o.Captures {
		if !one.isMoney() {
			continue
		}
		if o.disputed(one.ID) != nil {
			return paypalUnprocessable("TRANSACTION_DISPUTED", "There is an open case on this transaction.")
		}
		made := &paypalDispute{
			ID: "PP-R-" + newPaypalID()[7:], Capture: one.ID, Status: "WAITING_FOR_SELLER_RESPONSE", Stage: "CHARGEBACK",
			Reason: "UNAUTHORISED", Amount: one.Amount.with(one.Amount.Units - o.refunded(one.ID, false)), Created: in.now, Updated: in.now,
		}
		if in.Stage != "" {
			made.Stage = in.Stage
		}
		if in.Reason != "" {
			made.Reason = in.Reason
		}
		o.Disputes = append(o.Disputes, made)
		o.touch(in.now)
		return a.emit(t, o, "CUSTOMER.DISPUTE.CREATED", "dispute", a.disputeView(o, made, true))
	}
	return paypalUnprocessable("REFUND_NOT_ALLOWED", "There is no capture to dispute.")
}

// pullDecideDispute ends a case.
func pullDecideDispute(a *paypalAPI, t *tx, o *paypalOrder, in *paypalPull) error {
	outcomes := []string{"RESOLVED_BUYER_FAVOUR", "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER"}
	for _, one := range o.Disputes {
		if one.ID != in.id {
			continue
		}
		if !slices.Contains(outcomes, in.Outcome) {
			return paypalBadRequest("INVALID_PARAMETER_VALUE", "outcome must be one of PayPal's outcome codes.")
		}
		one.Status, one.Outcome, one.Updated = paypalResolved, in.Outcome, in.now
		o.touch(in.now)
		return a.emit(t, o, "CUSTOMER.DISPUTE.RESOLVED", "dispute", a.disputeView(o, one, true))
	}
	return paypalNotFound()
}

// serveSettings shows the levers that stay, and sets them.
func (a *paypalAPI) serveSettings(w http.ResponseWriter, req *http.Request) {
	var settings paypalSettings
	change := req.Method == http.MethodPost
	if change && !readJSON(w, req, &settings) {
		return
	}
	work := a.store.view
	if change {
		work = a.store.update
	}
	err := work(func(t *tx) error {
		kept, err := a.settings(t)
		if err != nil || !change {
			settings = kept
			return err
		}
		settings.AheadSeconds = kept.AheadSeconds // the clock has a lever of its own
		return t.put(bucketPaypalSettings, "levers", settings)
	})
	writeResult(w, a.log, settings, err)
}

// serveClock moves PayPal's clock, and ends what time has ended then.
func (a *paypalAPI) serveClock(w http.ResponseWriter, req *http.Request) {
	var in struct {
		AdvanceSeconds int64 `json:"advance_seconds"`
	}
	if !readJSON(w, req, &in) {
		return
	}
	if in.AdvanceSeconds < 0 {
		writeFieldProblem(w, "advance_seconds", "must not be negative")
		return
	}
	var settings paypalSettings
	err := a.store.update(func(t *tx) (err error) {
		if settings, err = a.settings(t); err != nil {
			return err
		}
		settings.AheadSeconds += in.AdvanceSeconds
		if err := t.put(bucketPaypalSettings, "levers", settings); err != nil {
			return err
		}
		return a.sweep(t, time.Now().UTC().Add(time.Duration(settings.AheadSeconds)*time.Second))
	})
	if err == nil {
		a.ahead.Store(int64(time.Duration(settings.AheadSeconds) * time.Second))
	}
	writeResult(w, a.log, map[string]any{"now": a.now(), "ahead_seconds": settings.AheadSeconds}, err)
}

// sweep ends authorizations and tells of it.
func (a *paypalAPI) sweep(t *tx, now time.Time) error {
	var changed []*paypalOrder
	over := map[string][]*paypalAuthorization{}
	err := each(t, bucketPaypalOrders, func(id string, o *paypalOrder) (bool, error) {
		if gone, ended := o.lapse(now); !gone && len(ended) > 0 {
			changed, over[id] = append(changed, o), ended
		}
		return true, nil
	})
	for _, o := range changed {
		err = errors.Join(err, a.save(t, o))
		for _, one := range over[o.ID] {
			err = errors.Join(err, a.emit(t, o, "PAYMENT.AUTHORIZATION.VOIDED", "authorization", a.authorizationView(o, one)))
		}
	}
	return err
}

// serveRevoke makes every token worthless, as PayPal may do before its time.
func (a *paypalAPI) serveRevoke(w http.ResponseWriter, _ *http.Request) {
	err := a.store.update(func(t *tx) error {
		if err := t.DeleteBucket(bucketPaypalTokens); err != nil {
			return err
		}
		return t.createBuckets()
	})
	writeResult(w, a.log, map[string]any{}, err)
}
