package sandbox

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
)

var (
	createIntent = operation{name: "payment_intents.create", writes: true, run: runCreateIntent, params: []string{
		"amount", "currency", "application_fee_amount", "automatic_payment_methods", "capture_method", "confirm",
		"confirmation_method", "customer", "description", "error_on_requires_action", "mandate", "mandate_data",
		"metadata", "off_session", "on_behalf_of", "payment_method", "payment_method_configuration",
		"payment_method_data", "payment_method_options", "payment_method_types", "radar_options", "receipt_email",
		"return_url", "setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix",
		"transfer_data", "transfer_group", "use_stripe_sdk"}}
	updateIntent = operation{name: "payment_intents.update", writes: true, run: runUpdateIntent, params: []string{
		"amount", "currency", "application_fee_amount", "capture_method", "customer", "description", "metadata",
		"payment_method", "payment_method_configuration", "payment_method_data", "payment_method_options",
		"payment_method_types", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor",
		"statement_descriptor_suffix", "transfer_data", "transfer_group"}}
	retrieveIntent = operation{name: "payment_intents.retrieve", publishable: true, run: runRetrieveIntent}
	listIntents    = operation{name: "payment_intents.list", run: runListIntents, params: append([]string{"customer"}, listParams...)}
)

func runCreateIntent(a *stripeAPI, t *tx, c *call) (any, error) {
	pi, refusal := newIntent(c)
	if refusal != nil {
		return nil, refusal
	}
	confirm, refusal := c.form.boolean("confirm")
	if refusal != nil {
		return nil, refusal
	}
	for _, name := range []string{"return_url", "off_session", "error_on_requires_action"} {
		if !confirm && c.form.has(name) {
			return nil, invalidRequest("parameter_unknown", name,
				"You cannot provide "+name+" without also setting confirm to true.")
		}
	}
	method, err := methodFrom(t, c)
	if err != nil {
		return nil, err
	}
	if method != nil {
		pi.PaymentMethod.id, pi.Status = method.Method.ID, statusRequiresConfirmation
	}
	err = errors.Join(saveIntent(t, pi), a.emit(t, c, "payment_intent.created", pi.ID, pi))
	if err != nil || !confirm {
		return pi, err
	}
	if method == nil {
		return nil, missingMethod()
	}
	return a.confirm(t, c, pi, method)
}

// newIntent checks the parameters of a new intent.
func newIntent(c *call) (*paymentIntent, *stripeError) {
	pi := &paymentIntent{
		ID: newStripeID("pi"), Object: "payment_intent", Created: c.now.Unix(),
		CaptureMethod: "automatic", ConfirmationMethod: "automatic", Status: statusRequiresMethod,
		AmountDetails: map[string]any{"tip": map[string]any{}}, PaymentMethodTypes: []string{"card"},
		PaymentMethodOptions: map[string]any{"card": map[string]any{
			"installments": nil, "mandate_options": nil, "network": nil, "request_three_d_secure": "automatic"}},
	}
	pi.ClientSecret = pi.ID + "_secret_" + randomText(25)
	for _, name := range []string{"amount", "currency"} {
		if c.form.text(name) == "" {
			return nil, missingParam(name)
		}
	}
	if refusal := applyIntentParams(pi, c.form); refusal != nil {
		return nil, refusal
	}
	return pi, applyMethodTypes(pi, c.form)
}

// applyIntentParams takes over what both create and update may set.
func applyIntentParams(pi *paymentIntent, f *form) *stripeError {
	if refusal := applyAmount(pi, f); refusal != nil {
		return refusal
	}
	if refusal := applyCaptureMethod(pi, f); refusal != nil {
		return refusal
	}
	if _, refusal := f.choice("setup_future_usage", "on_session", "off_session"); refusal != nil {
		return refusal
	}
	var refusal *stripeError
	if pi.Metadata, refusal = f.mergeMetadata(pi.Metadata); refusal != nil {
		return refusal
	}
	for name, field := range map[string]**string{
		"description": &pi.Description, "receipt_email": &pi.ReceiptEmail, "customer": &pi.Customer,
		"setup_future_usage": &pi.SetupFutureUsage, "statement_descriptor": &pi.StatementDescriptor,
		"statement_descriptor_suffix": &pi.StatementSuffix, "transfer_group": &pi.TransferGroup,
	} {
		if f.at(name).isSet {
			*field = optional(f.text(name))
		}
	}
	return nil
}

func applyCaptureMethod(pi *paymentIntent, f *form) *stripeError {
	method, refusal := f.choice("capture_method", "automatic", "automatic_async", "manual")
	pi.CaptureMethod = cmp.Or(method, pi.CaptureMethod)
	return refusal
}

func applyAmount(pi *paymentIntent, f *form) *stripeError {
	if currency := strings.ToLower(f.text("currency")); currency != "" {
		if !slices.Contains(currencies, currency) {
			return invalidRequest("", "currency", "Invalid currency: "+currency+". Stripe currently supports these currencies: "+strings.Join(currencies, ", "))
		}
		pi.Currency = currency
	}
	amount, given, refusal := f.integer("amount")
	switch {
	case refusal != nil:
		return refusal
	case !given:
		return nil
	case amount < 1:
		return invalidRequest("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount < minimums[pi.Currency]:
		return invalidRequest("amount_too_small", "amount", "Amount must be at least "+formatMoney(minimums[pi.Currency], pi.Currency))
	case amount > maximumAmount(pi.Currency):
		return invalidRequest("amount_too_large", "amount", "Amount must be no more than "+formatMoney(maximumAmount(pi.Currency), pi.Currency))
	}
	pi.Amount = amount
	return refuseStep("amount", amount, pi.Currency)
}

// applyMethodTypes reads the two ways to say how the customer may pay. The
// sandbox knows cards only.
func applyMethodTypes(pi *paymentIntent, f *form) *stripeError {
	automatic := f.at("automatic_payment_methods")
	if refusal := automatic.only("automatic_payment_methods", "enabled", "allow_redirects"); refusal != nil {
		return refusal
	}
	enabled, refusal := automatic.boolean("enabled")
	if refusal != nil {
		return refusal
	}
	redirects, refusal := automatic.choice("allow_redirects", "always", "never")
	if refusal != nil {
		return refusal
	}
	types := f.list("payment_method_types")
	if enabled && len(types) > 0 {
		return invalidRequest("", "", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.")
	}
	if len(types) > 0 && !slices.Contains(types, "card") {
		return invalidRequest("payment_intent_invalid_parameter", "payment_method_types", "The sandbox takes cards only: payment_method_types must contain card.")
	}
	if len(types) > 0 {
		pi.PaymentMethodTypes = types
	}
	if enabled {
		pi.AutomaticPaymentMethods = &automaticMethods{AllowRedirects: cmp.Or(redirects, "always"), Enabled: true}
	}
	return nil
}

func runUpdateIntent(_ *stripeAPI, t *tx, c *call) (any, error) {
	pi, err := loadIntent(t, c)
	if err != nil {
		return nil, err
	}
	open := []string{statusRequiresMethod, statusRequiresConfirmation, statusRequiresAction}
	for _, name := range []string{"amount", "currency", "capture_method", "payment_method", "payment_method_data"} {
		if c.form.has(name) && !slices.Contains(open, pi.Status) {
			return nil, unexpectedState(pi, "This PaymentIntent's "+name+" could not be updated because it has a status of "+pi.Status+
				". You may only update the "+name+" of a PaymentIntent with one of the following statuses: "+strings.Join(open, ", ")+".")
		}
	}
	if refusal := applyIntentParams(pi, c.form); refusal != nil {
		return nil, refusal
	}
	method, err := methodFrom(t, c)
	if err != nil {
		return nil, err
	}
	if method != nil {
		pi.PaymentMethod.id, pi.Status, pi.NextAction = method.Method.ID, statusRequiresConfirmation, nil
	}
	// "It will be cleared if the PaymentIntent is later updated for any reason."
	pi.LastPaymentError = nil
	return pi, saveIntent(t, pi)
}

func runRetrieveIntent(_ *stripeAPI, t *tx, c *call) (any, error) {
	return loadIntent(t, c)
}

func runListIntents(_ *stripeAPI, t *tx, c *call) (any, error) {
	customer := c.form.text("customer")
	return list(t, c, bucketIntents, "/v1/payment_intents", func(pi *paymentIntent) (int64, bool) {
		return pi.Created, customer == "" || (pi.Customer != nil && *pi.Customer == customer)
	})
}

// loadIntent finds the intent in the path and checks the client secret when
// one was sent.
func loadIntent(t *tx, c *call) (*paymentIntent, error) {
	pi, err := find[paymentIntent](t, bucketIntents, "payment_intent", c.id, "intent")
	if err != nil {
		return nil, err
	}
	if secret := c.form.text("client_secret"); secret != "" && secret != pi.ClientSecret {
		return nil, noSuch("payment_intent", c.id, "client_secret", http.StatusNotFound)
	}
	return pi, nil
}

func saveIntent(t *tx, pi *paymentIntent) error { return t.put(bucketIntents, pi.ID, pi) }
