package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
)

// razorpayKey is what an idempotency key was used for.
type razorpayKey struct {
	Hash   string // of the payment and the body
	Refund string
}

// runRazorpayRefund gives money of a captured payment back.
// https://razorpay.com/docs/api/refunds/create-normal, /normal-refunds-idempotent
func runRazorpayRefund(a *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	var in struct {
		Amount  *int64        `json:"amount"`
		Speed   string        `json:"speed"`
		Notes   razorpayNotes `json:"notes"`
		Receipt string        `json:"receipt"`
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	if refusal := in.Notes.check(); refusal != nil {
		return nil, refusal
	}
	if in.Speed != "" && in.Speed != "normal" && in.Speed != "optimum" {
		return nil, razorpayRefusal("speed", "The speed must be normal or optimum.")
	}
	p, err := razorpayFind[razorpayPayment](t, bucketRazorpayPayments, "pay", c.id)
	if err != nil {
		return nil, err
	}
	if made, err := c.repeated(t); err != nil || made != nil {
		return made, err
	}
	re, err := a.refund(t, c.now, p, in.Amount)
	if err != nil {
		return nil, err
	}
	re.Notes, re.Receipt = in.Notes, optional(in.Receipt)
	err = re.save(t)
	if c.key != "" {
		err = errors.Join(err, t.put(bucketRazorpayKeys, c.key, razorpayKey{c.hash(), re.ID}))
	}
	return re, err
}

func (c *razorpayCall) hash() string {
	sum := sha256.Sum256(append([]byte(c.id+"\n"), c.body...))
	return hex.EncodeToString(sum[:])
}

// repeated finds the refund that was made under the same key.
func (c *razorpayCall) repeated(t *tx) (*razorpayRefundObject, error) {
	if c.key == "" {
		return nil, nil
	}
	if len(c.key) < 10 || strings.Trim(c.key, base62+"-_") != "" {
		return nil, razorpayRefusal("", "The idempotency key must have at least 10 characters of letters, digits, - and _.")
	}
	used, err := get[razorpayKey](t, bucketRazorpayKeys, c.key)
	switch {
	case err != nil || used == nil:
		return nil, err
	case used.Hash != c.hash():
		return nil, razorpayRefusal("", "Different request body sent for the same idempotency key.")
	}
	return get[razorpayRefundObject](t, bucketRazorpayRefunds, used.Refund)
}

// refund begins a refund; nil is all that is left.
func (a *razorpayAPI) refund(t *tx, now time.Time, p *razorpayPayment, amount *int64) (*razorpayRefundObject, error) {
	left := p.Amount - p.AmountRefunded
	if amount == nil {
		amount = &left
	}
	disputed, err := razorpayOpenDispute(t, p.ID)
	switch {
	case err != nil:
		return nil, err
	case !p.Captured:
		return nil, razorpayRefusal("", "The payment status should be captured for action to be taken")
	case disputed:
		return nil, razorpayRefusal("", "The payment is under dispute and cannot be refunded")
	case left == 0:
		return nil, razorpayRefusal("", "The payment has been fully refunded already")
	case *amount < 1:
		return nil, razorpayRefusal("amount", "The amount must be at least 1.")
	case *amount > left:
		return nil, razorpayRefusal("amount", "The total refund amount is greater than the refund payment amount")
	case slices.Contains(razorpayThreeDecimals, p.Currency) && *amount%10 != 0:
		return nil, razorpayRefusal("amount", "The last digit of the amount must be 0 in "+p.Currency+".")
	}
	re := newRazorpayRefund(p, *amount, now)
	p.refund(*amount)
	return re, errors.Join(p.save(t), re.save(t), t.put(bucketRazorpayDue, re.ID, now.Add(a.refundAfter)),
		a.tell(t, now, "refund.created", p, map[string]any{"refund": re}))
}

func newRazorpayRefund(p *razorpayPayment, amount int64, now time.Time) *razorpayRefundObject {
	return &razorpayRefundObject{
		ID: newRazorpayID("rfnd"), Entity: "refund", Amount: amount, Currency: p.Currency, PaymentID: p.ID,
		AcquirerData: map[string]*string{"arn": nil}, CreatedAt: now.Unix(), Status: razorpayPending,
		SpeedProcessed: "normal", SpeedRequested: "normal",
	}
}

func (re *razorpayRefundObject) save(t *tx) error {
	return errors.Join(t.put(bucketRazorpayRefunds, re.ID, re), t.addIndex(re.ID, "razorpay_refund", re.PaymentID))
}

// processRefund ends a refund well.
func (a *razorpayAPI) processRefund(t *tx, now time.Time, re *razorpayRefundObject) error {
	if re.Status != razorpayPending {
		return razorpayRefusal("", "The refund is not pending.")
	}
	p, err := get[razorpayPayment](t, bucketRazorpayPayments, re.PaymentID)
	if err != nil {
		return err
	}
	re.Status, re.AcquirerData = razorpayProcessed, map[string]*string{"arn": optional("10000000000000")}
	return errors.Join(re.save(t), t.delete(bucketRazorpayDue, re.ID), a.tell(t, now, "refund.processed", p, map[string]any{"refund": re}))
}

// failRefund brings a refund back to us, pending or not: the customer's account may be closed.
func (a *razorpayAPI) failRefund(t *tx, now time.Time, re *razorpayRefundObject) error {
	if re.Status == razorpayFailed {
		return razorpayRefusal("", "The refund has failed already.")
	}
	p, err := get[razorpayPayment](t, bucketRazorpayPayments, re.PaymentID)
	if err != nil {
		return err
	}
	re.Status = razorpayFailed
	p.refund(-re.Amount)
	return errors.Join(re.save(t), p.save(t), t.delete(bucketRazorpayDue, re.ID), a.tell(t, now, "refund.failed", p, map[string]any{"refund": re}))
}

// razorpayRefundsOf are a payment's refunds, newest first.
func razorpayRefundsOf(t *tx, payment string) ([]*razorpayRefundObject, error) {
	out := []*razorpayRefundObject{}
	for _, id := range slices.Backward(t.lookup("razorpay_refund", payment)) {
		re, err := get[razorpayRefundObject](t, bucketRazorpayRefunds, id)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

func runRazorpayPaymentRefunds(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	if _, err := razorpayFind[razorpayPayment](t, bucketRazorpayPayments, "pay", c.id); err != nil {
		return nil, err
	}
	w, refusal := c.window()
	if refusal != nil {
		return nil, refusal
	}
	refunds, err := razorpayRefundsOf(t, c.id)
	refunds = refunds[min(w.skip, len(refunds)):]
	return razorpayList(refunds[:min(w.count, len(refunds))]), err
}

func runRazorpayListRefunds(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	return razorpayPage(t, c, bucketRazorpayRefunds, func(re *razorpayRefundObject) (int64, bool) { return re.CreatedAt, true })
}

func runRazorpayOneRefund(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	return razorpayFind[razorpayRefundObject](t, bucketRazorpayRefunds, "rfnd", c.id)
}
