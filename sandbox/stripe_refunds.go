package sandbox

import (
	"errors"
	"net/http"
	"slices"
)

var (
	createRefund = operation{name: "refunds.create", writes: true, run: runCreateRefund, params: []string{
		"payment_intent", "charge", "amount", "reason", "metadata", "currency", "instructions_email",
		"refund_application_fee", "reverse_transfer"}}
	retrieveRefund = operation{name: "refunds.retrieve", run: retrieve[refund](bucketRefunds, "refund")}
	listRefunds    = operation{name: "refunds.list", run: runListRefunds, params: append([]string{"payment_intent", "charge"}, listParams...)}
)

// Statuses of a refund.
const (
	refundSucceeded = "succeeded"
	refundFailed    = "failed"
)

func runCreateRefund(a *stripeAPI, t *tx, c *call) (any, error) {
	ch, err := chargeToRefund(t, c)
	if err != nil {
		return nil, err
	}
	amount, refusal := refundAmount(c, ch)
	if refusal != nil {
		return nil, refusal
	}
	reason, refusal := c.form.choice("reason", "duplicate", "fraudulent", "requested_by_customer")
	if refusal != nil {
		return nil, refusal
	}
	metadata, refusal := c.form.mergeMetadata(nil)
	if refusal != nil {
		return nil, refusal
	}
	re := &refund{
		ID: newStripeID("re"), Object: "refund", Amount: amount, Currency: ch.Currency, Created: c.now.Unix(),
		Charge: ref{id: ch.ID}, PaymentIntent: ch.PaymentIntent, Metadata: metadata, Reason: optional(reason),
		Status: refundSucceeded,
		DestinationDetails: map[string]any{"type": "card", "card": map[string]any{
			"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}},
	}
	ch.AmountRefunded += amount
	ch.Refunded = ch.AmountRefunded == ch.Amount
	return re, errors.Join(saveRefund(t, re), saveCharge(t, ch), a.emit(t, c, "charge.refunded", ch.PaymentIntent.id, ch))
}

// chargeToRefund finds the captured charge that the parameters name.
func chargeToRefund(t *tx, c *call) (*charge, error) {
	id, intent := c.form.text("charge"), c.form.text("payment_intent")
	switch {
	case id == "" && intent == "":
		return nil, invalidRequest("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge.")
	case id == "":
		pi, err := find[paymentIntent](t, bucketIntents, "payment_intent", intent, "payment_intent")
		if err != nil {
			return nil, err
		}
		if pi.Status != statusSucceeded {
			return nil, unexpectedState(pi, "This PaymentIntent ("+pi.ID+") does not have a successful charge to refund.")
		}
		id = pi.LatestCharge.id
	}
	ch, err := get[charge](t, bucketCharges, id)
	switch {
	case err != nil:
		return nil, err
	case ch == nil, intent != "" && ch.PaymentIntent.id != intent:
		return nil, noSuch("charge", id, "charge", http.StatusNotFound)
	case !ch.Captured:
		return nil, chargeRefusal("charge_not_refundable", "Charge "+ch.ID+" has not been captured; cancel its PaymentIntent instead.")
	case ch.Disputed:
		return nil, chargeRefusal("charge_disputed", "Charge "+ch.ID+" has been charged back; cannot issue a refund.")
	case ch.Refunded:
		return nil, chargeRefusal("charge_already_refunded", "Charge "+ch.ID+" has already been refunded.")
	}
	return ch, nil
}

func chargeRefusal(code, message string) *stripeError {
	e := invalidRequest(code, "", message)
	e.executed = true
	return e
}

func refundAmount(c *call, ch *charge) (int64, *stripeError) {
	left := ch.Amount - ch.AmountRefunded
	amount, given, refusal := c.form.integer("amount")
	switch {
	case refusal != nil:
		return 0, refusal
	case !given:
		return left, nil
	case amount < 1:
		return 0, invalidRequest("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount > left:
		return 0, invalidRequest("amount_too_large", "amount", "Refund amount ("+formatMoney(amount, ch.Currency)+
			") is greater than unrefunded amount on charge ("+formatMoney(left, ch.Currency)+")")
	}
	return amount, refuseStep("amount", amount, ch.Currency)
}

func saveRefund(t *tx, re *refund) error {
	return errors.Join(t.addIndex(re.ID, "refund", re.PaymentIntent.id), t.put(bucketRefunds, re.ID, re))
}

// refundsOf returns an intent's refunds, newest first.
func refundsOf(t *tx, intent string) ([]*refund, error) {
	ids := t.lookup("refund", intent)
	out := make([]*refund, 0, len(ids))
	for _, id := range slices.Backward(ids) {
		re, err := get[refund](t, bucketRefunds, id)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

func runListRefunds(_ *stripeAPI, t *tx, c *call) (any, error) {
	intent, chargeID := c.form.text("payment_intent"), c.form.text("charge")
	if chargeID != "" && intent == "" {
		ch, err := find[charge](t, bucketCharges, "charge", chargeID, "charge")
		if err != nil {
			return nil, err
		}
		intent = ch.PaymentIntent.id
	}
	match := func(re *refund) (int64, bool) {
		return re.Created, (intent == "" || re.PaymentIntent.id == intent) && (chargeID == "" || re.Charge.id == chargeID)
	}
	if intent == "" {
		return list(t, c, bucketRefunds, "/v1/refunds", match)
	}
	refunds, err := refundsOf(t, intent)
	if err != nil {
		return nil, err
	}
	return page(c, "/v1/refunds", refunds, func(re *refund) string { return re.ID }, match)
}
