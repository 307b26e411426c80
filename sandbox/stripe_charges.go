package sandbox

import (
	"net/http"
	"time"
)

var (
	retrieveCharge = operation{name: "charges.retrieve", run: retrieve[charge](bucketCharges, "charge")}
	createMethod   = operation{name: "payment_methods.create", writes: true, run: runCreateMethod,
		params: []string{"type", "card", "billing_details", "metadata", "allow_redisplay"}}
	retrieveMethod = operation{name: "payment_methods.retrieve", run: runRetrieveMethod}
)

// authorizationLife is how long an uncaptured card payment is held.
// https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
const authorizationLife = 7 * 24 * time.Hour

func newCharge(c *call, pi *paymentIntent, method *storedMethod) *charge {
	card := method.Method.Card
	return &charge{
		ID: newStripeID("ch"), Object: "charge", Created: c.now.Unix(),
		Amount: pi.Amount, Currency: pi.Currency, Customer: pi.Customer, Description: pi.Description,
		BillingDetails: method.Method.BillingDetails, FraudDetails: map[string]string{},
		Metadata: pi.Metadata, Paid: true, Status: "succeeded", ReceiptEmail: pi.ReceiptEmail,
		PaymentIntent: ref{id: pi.ID}, PaymentMethod: method.Method.ID,
		Outcome: chargeOutcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", RiskScore: 12,
			SellerMessage: "Payment complete.", Type: "authorized"},
		PaymentMethodDetails: map[string]any{"type": "card", "card": map[string]any{
			"amount_authorized": pi.Amount, "authorization_code": nil, "brand": card.Brand,
			"capture_before": c.now.Add(authorizationLife).Unix(), "checks": card.Checks, "country": card.Country,
			"exp_month": card.ExpMonth, "exp_year": card.ExpYear, "fingerprint": card.Fingerprint,
			"funding": card.Funding, "installments": nil, "last4": card.Last4, "mandate": nil,
			"network": card.Brand, "three_d_secure": nil, "wallet": nil,
		}},
	}
}

func failedCharge(c *call, pi *paymentIntent, method *storedMethod, out outcome) *charge {
	ch := newCharge(c, pi, method)
	ch.Paid, ch.Status = false, "failed"
	ch.FailureCode, ch.FailureMessage = optional(out.Code), optional(out.Message)
	ch.Outcome = chargeOutcome{NetworkStatus: "declined_by_network", Reason: optional(out.DeclineCode),
		RiskLevel: "normal", RiskScore: 12, SellerMessage: "The bank declined the payment.", Type: "issuer_declined"}
	return ch
}

func saveCharge(t *tx, ch *charge) error { return t.put(bucketCharges, ch.ID, ch) }

// retrieve runs an operation that answers with the object in the path.
func retrieve[T any](bucket []byte, kind string) func(*stripeAPI, *tx, *call) (any, error) {
	return func(_ *stripeAPI, t *tx, c *call) (any, error) { return find[T](t, bucket, kind, c.id, "id") }
}

// find gets an object that has to be there. param is where the request names it.
func find[T any](t *tx, bucket []byte, kind, id, param string) (*T, error) {
	object, err := get[T](t, bucket, id)
	if err == nil && object == nil {
		err = noSuch(kind, id, param, http.StatusNotFound)
	}
	return object, err
}

func runCreateMethod(_ *stripeAPI, t *tx, c *call) (any, error) {
	method, refusal := methodFromData(c.form, "", c.now)
	if refusal != nil {
		return nil, refusal
	}
	if method.Method.Metadata, refusal = c.form.mergeMetadata(nil); refusal != nil {
		return nil, refusal
	}
	return &method.Method, t.put(bucketMethods, method.Method.ID, method)
}

func runRetrieveMethod(_ *stripeAPI, t *tx, c *call) (any, error) {
	if card, ok := cardByToken(c.id); ok {
		return &newMethod(card, c.now).Method, nil
	}
	method, err := find[storedMethod](t, bucketMethods, "PaymentMethod", c.id, "id")
	if err != nil {
		return nil, err
	}
	return &method.Method, nil
}

// methodFrom reads payment_method or payment_method_data; nil when neither
// was sent. A test token becomes a payment method of its own, as at Stripe.
func methodFrom(t *tx, c *call) (*storedMethod, error) {
	id := c.form.text("payment_method")
	if id == "" && !c.form.has("payment_method_data") {
		return nil, nil
	}
	if id != "" {
		if known, err := get[storedMethod](t, bucketMethods, id); err != nil || known != nil {
			return known, err
		}
	}
	var method *storedMethod
	if card, ok := cardByToken(id); ok {
		method = newMethod(card, c.now)
	} else if id != "" {
		return nil, noSuch("PaymentMethod", id, "payment_method", http.StatusBadRequest)
	} else {
		var refusal *stripeError
		if method, refusal = methodFromData(c.form.at("payment_method_data"), "payment_method_data", c.now); refusal != nil {
			return nil, refusal
		}
	}
	return method, t.put(bucketMethods, method.Method.ID, method)
}

// methodFromData reads type=card with a number or a token.
func methodFromData(f *form, prefix string, now time.Time) (*storedMethod, *stripeError) {
	switch f.text("type") {
	case "":
		return nil, missingParam(nested(prefix, "type"))
	case "card":
	default:
		return nil, invalidRequest("", "type", "The sandbox takes cards only: type must be card.")
	}
	card := f.at("card")
	if refusal := card.only("card", "number", "exp_month", "exp_year", "cvc", "token"); refusal != nil {
		return nil, refusal
	}
	if token := card.text("token"); token != "" {
		known, ok := cardByToken(token)
		if !ok {
			return nil, noSuch("token", token, "card[token]", http.StatusBadRequest)
		}
		return newMethod(known, now), nil
	}
	month, _, refusal := card.integer("exp_month")
	if refusal != nil {
		return nil, refusal
	}
	year, _, refusal := card.integer("exp_year")
	if refusal != nil {
		return nil, refusal
	}
	return newMethodFromCard(cardInput{
		Number: card.text("number"), ExpMonth: month, ExpYear: year, CVC: card.text("cvc"),
		Name: f.at("billing_details").text("name"), Email: f.at("billing_details").text("email"),
	}, now)
}
