package sandbox

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// Statuses and phases of a dispute. In the phases fraud and retrieval a bank only asks.
// https://razorpay.com/docs/payments/disputes
const (
	razorpayDisputeOpen   = "open"
	razorpayDisputeReview = "under_review"
	razorpayDisputeWon    = "won"
	razorpayDisputeLost   = "lost"
	razorpayDisputeClosed = "closed"
	razorpayChargeback    = "chargeback"
)

var razorpayPhases = []string{"fraud", "retrieval", razorpayChargeback, "pre_arbitration", "arbitration"}

// asksOnly tells that no money has moved.
func (d *razorpayDispute) asksOnly() bool { return d.Phase == "fraud" || d.Phase == "retrieval" }

func (d *razorpayDispute) isOpen() bool {
	return d.Status == razorpayDisputeOpen || d.Status == razorpayDisputeReview
}

func (d *razorpayDispute) save(t *tx) error {
	return errors.Join(t.put(bucketRazorpayDisputes, d.ID, d), t.addIndex(d.ID, "razorpay_dispute", d.PaymentID))
}

func razorpayOpenDispute(t *tx, payment string) (bool, error) {
	for _, id := range t.lookup("razorpay_dispute", payment) {
		d, err := get[razorpayDispute](t, bucketRazorpayDisputes, id)
		if err != nil || d.isOpen() && !d.asksOnly() {
			return err == nil, err
		}
	}
	return false, nil
}

func runRazorpayListDisputes(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	return razorpayPage(t, c, bucketRazorpayDisputes, func(d *razorpayDispute) (int64, bool) { return d.CreatedAt, true })
}

func runRazorpayOneDispute(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	return razorpayFind[razorpayDispute](t, bucketRazorpayDisputes, "disp", c.id)
}

// razorpayDisputeRequest is what a bank asks for.
type razorpayDisputeRequest struct {
	Payment string `json:"payment"` // or an order
	Amount  int64  `json:"amount"`  // default what is left
	Reason  string `json:"reason_code"`
	Phase   string `json:"phase"`
}

func (a *razorpayAPI) openDispute(t *tx, now time.Time, in razorpayDisputeRequest) (*razorpayDispute, error) {
	p, err := razorpayMoney(t, in.Payment)
	switch {
	case err != nil:
		return nil, err
	case !p.Captured:
		return nil, razorpayRefusal("", "Only a captured payment can be disputed.")
	}
	d := &razorpayDispute{
		ID: newRazorpayID("disp"), Entity: "dispute", PaymentID: p.ID, Amount: cmp.Or(in.Amount, p.Amount-p.AmountRefunded),
		Currency: p.Currency, ReasonCode: cmp.Or(in.Reason, "goods_or_services_not_received_or_partially_received"),
		RespondBy: now.Add(7 * 24 * time.Hour).Unix(), Status: razorpayDisputeOpen, Phase: cmp.Or(in.Phase, razorpayChargeback),
		CreatedAt: now.Unix(), Evidence: map[string]any{},
	}
	if !slices.Contains(razorpayPhases, d.Phase) {
		return nil, razorpayRefusal("phase", "The phase is invalid.")
	}
	if !d.asksOnly() {
		d.AmountDeducted = d.Amount
	}
	return d, errors.Join(d.save(t), a.tell(t, now, "payment.dispute.created", p, map[string]any{"dispute": d}))
}

// decideDispute is the bank's word; under_review says that the merchant has answered.
func (a *razorpayAPI) decideDispute(t *tx, now time.Time, id, status string) (*razorpayDispute, error) {
	d, err := razorpayFind[razorpayDispute](t, bucketRazorpayDisputes, "disp", id)
	if err != nil {
		return nil, err
	}
	known := []string{razorpayDisputeReview, razorpayDisputeWon, razorpayDisputeLost, razorpayDisputeClosed}
	if !slices.Contains(known, status) || !d.isOpen() {
		return nil, razorpayRefusal("status", "A dispute that is "+d.Status+" cannot become "+status+".")
	}
	d.Status = status
	switch status {
	case razorpayDisputeWon, razorpayDisputeClosed:
		d.AmountDeducted = 0
	case razorpayDisputeLost:
		d.AmountDeducted = d.Amount
	}
	p, err := get[razorpayPayment](t, bucketRazorpayPayments, d.PaymentID)
	if err != nil {
		return nil, err
	}
	return d, errors.Join(d.save(t), a.tell(t, now, "payment.dispute."+status, p, map[string]any{"dispute": d}))
}
