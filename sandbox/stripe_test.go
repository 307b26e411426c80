package sandbox

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func TestManualCaptureWithStripeGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)

	pi := b.create("")
	assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, pi.Status)
	assert.Equal(t, "b-1", pi.Metadata["booking_id"])
	assert.Equal(t, stripe.Currency("inr"), pi.Currency)
	assert.Contains(t, pi.ClientSecret, pi.ID+"_secret_")
	assert.Len(t, pi.ID, 27, "as long as Stripe's own")
	assert.True(t, pi.AutomaticPaymentMethods.Enabled)

	pi, err := b.intents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusRequiresCapture, pi.Status)
	assert.EqualValues(t, 45000, pi.AmountCapturable)
	assert.Zero(t, pi.AmountReceived)

	params := &stripe.PaymentIntentParams{}
	params.AddExpand("latest_charge")
	params.AddExpand("payment_method")
	pi, err = b.intents.Get(pi.ID, params)
	require.NoError(t, err)
	assert.False(t, pi.LatestCharge.Captured)
	assert.Equal(t, "4242", pi.LatestCharge.PaymentMethodDetails.Card.Last4)
	assert.Equal(t, stripe.PaymentMethodCardBrandVisa, pi.PaymentMethod.Card.Brand)

	pi, err = b.intents.Capture(pi.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, pi.Status)
	assert.EqualValues(t, 45000, pi.AmountReceived)
	assert.Zero(t, pi.AmountCapturable)

	ch, err := b.charges.Get(pi.LatestCharge.ID, nil)
	require.NoError(t, err)
	assert.True(t, ch.Captured)
	assert.EqualValues(t, 45000, ch.AmountCaptured)
	assert.Equal(t, pi.ID, ch.PaymentIntent.ID)

	_, err = b.intents.Capture(pi.ID, nil)
	refusal := stripeErr(t, err)
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, refusal.Code)
	assert.Equal(t, http.StatusBadRequest, refusal.HTTPStatusCode)
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, refusal.PaymentIntent.Status)
	_, err = b.intents.Cancel(pi.ID, nil)
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, stripeErr(t, err).Code)
}

func TestAutomaticCapture(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := orderParams("pm_card_mastercard")
	p.CaptureMethod = nil
	pi, err := b.intents.New(p)
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusSucceeded, pi.Status)
	assert.EqualValues(t, 45000, pi.AmountReceived)
	assert.Equal(t, []moneyTotal{{Currency: "inr", Captured: 45000, Refunded: 0, Net: 45000}}, b.readBooks().Stripe.Totals)
}

func TestPartialCaptureReleasesTheRest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("pm_card_visa")
	_, err := b.intents.Capture(pi.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(45001)})
	assert.Equal(t, "amount_to_capture", stripeErr(t, err).Param)
	pi, err = b.intents.Capture(pi.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(30000)})
	require.NoError(t, err)
	assert.EqualValues(t, 30000, pi.AmountReceived)
	_, err = b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(30001)})
	assert.Equal(t, "amount", stripeErr(t, err).Param)
	re, err := b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	assert.EqualValues(t, 30000, re.Amount)
	assert.Equal(t, []moneyTotal{{Currency: "inr", Captured: 30000, Refunded: 30000, Net: 0}}, b.readBooks().Stripe.Totals)
}

func TestCancelReleases(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("pm_card_visa")
	_, err := b.intents.Cancel(pi.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("bored")})
	assert.Equal(t, "cancellation_reason", stripeErr(t, err).Param)
	pi, err = b.intents.Cancel(pi.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentIntentStatusCanceled, pi.Status)
	assert.Equal(t, stripe.PaymentIntentCancellationReasonAbandoned, pi.CancellationReason)
	assert.NotZero(t, pi.CanceledAt)
	assert.Zero(t, pi.AmountCapturable)
	ch, err := b.charges.Get(pi.LatestCharge.ID, nil)
	require.NoError(t, err)
	assert.True(t, ch.Refunded)
	assert.False(t, ch.Captured)
	assert.Equal(t, []moneyTotal{{Currency: "inr", Captured: 0, Refunded: 0, Net: 0}}, b.readBooks().Stripe.Totals, "a released hold is no refund")
	_, err = b.intents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, stripeErr(t, err).Code)
}

func TestDeclineThenAnotherTry(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		method, code, decline string
	}{
		{"pm_card_chargeDeclined", "card_declined", "generic_decline"},
		{"pm_card_visa_chargeDeclined", "card_declined", "generic_decline"},
		{"pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"},
		{"pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"},
		{"pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"},
		{"pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"},
	} {
		t.Run(tc.method, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			pi := b.create("")
			_, err := b.intents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: &tc.method})
			e := stripeErr(t, err)
			assert.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
			assert.Equal(t, stripe.ErrorTypeCard, e.Type)
			assert.EqualValues(t, tc.code, e.Code)
			assert.EqualValues(t, tc.decline, e.DeclineCode)
			assert.NotEmpty(t, e.ChargeID)
			assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, e.PaymentIntent.Status)

			pi = b.intent(pi.ID)
			assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, pi.Status)
			assert.EqualValues(t, tc.code, pi.LastPaymentError.Code)
			assert.Nil(t, pi.PaymentMethod)

			pi, err = b.intents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
			require.NoError(t, err)
			assert.Equal(t, stripe.PaymentIntentStatusRequiresCapture, pi.Status)
			assert.Nil(t, pi.LastPaymentError)
		})
	}
}

func TestThreeDSecureAsksForAnAction(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"pm_card_threeDSecure2Required", "pm_card_threeDSecureRequired", "pm_card_authenticationRequired"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			p := orderParams(method)
			p.ReturnURL = stripe.String("https://shop.example/return")
			pi, err := b.intents.New(p)
			require.NoError(t, err)
			assert.Equal(t, stripe.PaymentIntentStatusRequiresAction, pi.Status)
			require.NotNil(t, pi.NextAction)
			assert.Equal(t, stripe.PaymentIntentNextActionTypeRedirectToURL, pi.NextAction.Type)
			assert.Equal(t, "https://shop.example/return", pi.NextAction.RedirectToURL.ReturnURL)
			assert.Contains(t, pi.NextAction.RedirectToURL.URL, b.url+"/3ds/")

			_, err = b.intents.New(func() *stripe.PaymentIntentParams {
				p := orderParams(method)
				p.OffSession = stripe.Bool(true)
				return p
			}())
			assert.EqualValues(t, "authentication_required", stripeErr(t, err).Code)
		})
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("pm_card_visa")
	_, err := b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	assert.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, stripeErr(t, err).Code, "not captured yet")
	_, err = b.intents.Capture(pi.ID, nil)
	require.NoError(t, err)

	params := &stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(15000), Reason: stripe.String("requested_by_customer")}
	params.AddMetadata("booking_id", "b-1")
	first, err := b.refunds.New(params)
	require.NoError(t, err)
	assert.Equal(t, stripe.RefundStatusSucceeded, first.Status)
	assert.Equal(t, "b-1", first.Metadata["booking_id"])
	_, err = b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(30001)})
	assert.EqualValues(t, "amount_too_large", stripeErr(t, err).Code)
	second, err := b.refunds.New(&stripe.RefundParams{Charge: stripe.String(pi.LatestCharge.ID)})
	require.NoError(t, err)
	assert.EqualValues(t, 30000, second.Amount)
	_, err = b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	assert.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, stripeErr(t, err).Code)

	expanded := &stripe.RefundParams{}
	expanded.AddExpand("charge")
	got, err := b.refunds.Get(first.ID, expanded)
	require.NoError(t, err)
	assert.EqualValues(t, 45000, got.Charge.AmountRefunded)
	assert.True(t, got.Charge.Refunded)

	var ids []string
	list := &stripe.RefundListParams{PaymentIntent: &pi.ID}
	list.Limit = stripe.Int64(1) // so that the client pages
	for i := b.refunds.List(list); i.Next(); {
		ids = append(ids, i.Refund().ID)
	}
	assert.Equal(t, []string{second.ID, first.ID}, ids)
	assert.Equal(t, []moneyTotal{{Currency: "inr", Captured: 45000, Refunded: 45000, Net: 0}}, b.readBooks().Stripe.Totals)

	whole := &stripe.PaymentIntentParams{}
	whole.AddExpand("latest_charge.refunds")
	pi, err = b.intents.Get(pi.ID, whole)
	require.NoError(t, err)
	assert.Len(t, pi.LatestCharge.Refunds.Data, 2)
}

func TestUpdateAndList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var made []string
	for range 3 {
		made = append(made, b.create("").ID)
	}
	p := &stripe.PaymentIntentParams{Amount: stripe.Int64(50000)}
	p.AddMetadata("seat", "C7")
	pi, err := b.intents.Update(made[0], p)
	require.NoError(t, err)
	assert.EqualValues(t, 50000, pi.Amount)
	assert.Equal(t, map[string]string{"booking_id": "b-1", "seat": "C7"}, pi.Metadata)
	p = &stripe.PaymentIntentParams{}
	p.AddMetadata("seat", "")
	pi, err = b.intents.Update(made[0], p)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"booking_id": "b-1"}, pi.Metadata)

	var seen []string
	list := &stripe.PaymentIntentListParams{}
	list.Limit = stripe.Int64(2)
	for i := b.intents.List(list); i.Next(); {
		seen = append(seen, i.PaymentIntent().ID)
	}
	assert.Equal(t, []string{made[2], made[1], made[0]}, seen)

	back := &stripe.PaymentIntentListParams{}
	back.EndingBefore = &made[0]
	back.Single = true
	i := b.intents.List(back)
	seen = nil
	for i.Next() {
		seen = append(seen, i.PaymentIntent().ID)
	}
	assert.ElementsMatch(t, []string{made[1], made[2]}, seen)

	none := &stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThan: time.Now().Add(time.Hour).Unix()}}
	assert.False(t, b.intents.List(none).Next())
}

func TestPaymentMethods(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.methods.New(&stripe.PaymentMethodParams{Type: stripe.String("card"), Card: &stripe.PaymentMethodCardParams{
		Number: stripe.String("4000000000000002"), ExpMonth: stripe.Int64(1), ExpYear: stripe.Int64(2090), CVC: stripe.String("123")}})
	assert.EqualValues(t, "invalid_expiry_year", stripeErr(t, err).Code, "too far away")
	year := int64(time.Now().Year() + 2)
	pm, err := b.methods.New(&stripe.PaymentMethodParams{Type: stripe.String("card"), Card: &stripe.PaymentMethodCardParams{
		Number: stripe.String("4000000000000002"), ExpMonth: stripe.Int64(1), ExpYear: &year, CVC: stripe.String("123")}})
	require.NoError(t, err)
	got, err := b.methods.Get(pm.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, "0002", got.Card.Last4)
	token, err := b.methods.Get("pm_card_mastercard", nil)
	require.NoError(t, err)
	assert.Equal(t, stripe.PaymentMethodCardBrandMastercard, token.Card.Brand)
	pi := b.create("")
	_, err = b.intents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: &pm.ID})
	assert.EqualValues(t, "generic_decline", stripeErr(t, err).DeclineCode)
}

func TestStripeRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const intents = "/v1/payment_intents"
	for name, tc := range map[string]struct {
		pairs  []string
		status int
		code   string
		param  string
		text   string
	}{
		"no amount":         {[]string{"currency", "inr"}, 400, "parameter_missing", "amount", "Missing required param: amount."},
		"no currency":       {[]string{"amount", "100"}, 400, "parameter_missing", "currency", ""},
		"fraction":          {[]string{"amount", "10.5", "currency", "inr"}, 400, "parameter_invalid_integer", "amount", "Invalid integer: 10.5"},
		"overflow":          {[]string{"amount", "99999999999999999999", "currency", "inr"}, 400, "parameter_invalid_integer", "amount", ""},
		"negative":          {[]string{"amount", "-5", "currency", "inr"}, 400, "parameter_invalid_integer", "amount", ""},
		"too small":         {[]string{"amount", "49", "currency", "usd"}, 400, "amount_too_small", "amount", "$0.50"},
		"too large":         {[]string{"amount", "100000000", "currency", "usd"}, 400, "amount_too_large", "amount", ""},
		"currency":          {[]string{"amount", "100", "currency", "xxx"}, 400, "", "currency", "Invalid currency: xxx"},
		"unknown":           {[]string{"amount", "100", "currency", "inr", "amuont", "1"}, 400, "parameter_unknown", "amuont", "Received unknown parameter: amuont"},
		"unknown inside":    {[]string{"amount", "100", "currency", "inr", "automatic_payment_methods[on]", "1"}, 400, "parameter_unknown", "automatic_payment_methods[on]", ""},
		"boolean":           {[]string{"amount", "100", "currency", "inr", "confirm", "yes"}, 400, "", "confirm", "Invalid boolean"},
		"capture method":    {[]string{"amount", "100", "currency", "inr", "capture_method", "later"}, 400, "", "capture_method", ""},
		"payment method":    {[]string{"amount", "100", "currency", "inr", "payment_method", "pm_nope"}, 400, "resource_missing", "payment_method", "No such PaymentMethod: 'pm_nope'"},
		"no method":         {[]string{"amount", "100", "currency", "inr", "confirm", "true"}, 400, "payment_intent_unexpected_state", "payment_method", ""},
		"expand":            {[]string{"amount", "100", "currency", "inr", "expand[]", "moon"}, 400, "", "expand", "cannot be expanded (moon)"},
		"malformed":         {[]string{"amount", "100", "currency", "inr", "metadata[a", "1"}, 400, "", "", "metadata[a"},
		"only with confirm": {[]string{"amount", "100", "currency", "inr", "return_url", "https://x.example"}, 400, "parameter_unknown", "return_url", ""},
		"script in return":  {[]string{"amount", "100", "currency", "inr", "confirm", "true", "payment_method", "pm_card_visa", "return_url", "javascript:alert(1)"}, 400, "url_invalid", "return_url", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := b.form(intents, tc.pairs...)
			got := decodeJSON[struct{ Error stripeError }](t, body).Error
			assert.Equal(t, tc.status, status, body)
			assert.Equal(t, "invalid_request_error", got.Type)
			assert.Equal(t, tc.code, got.Code)
			assert.Equal(t, tc.param, got.Param)
			assert.Contains(t, got.Message, tc.text)
		})
	}
	assert.Empty(t, b.readBooks().Stripe.Payments, "a refused request leaves nothing behind")

	_, err := b.intents.Get("pi_nope", nil)
	e := stripeErr(t, err)
	assert.Equal(t, http.StatusNotFound, e.HTTPStatusCode)
	assert.Equal(t, stripe.ErrorCodeResourceMissing, e.Code)
	assert.NotEmpty(t, e.RequestID)
	status, _ := b.send("GET", "/v1/payment_intents", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	status, body := b.send("GET", "/v1/payment_intents", "", "Authorization", "Bearer sk_live_1234567890abcdef")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.NotContains(t, body, "1234567890")
	status, _ = b.form("/v1/unicorns")
	assert.Equal(t, http.StatusNotFound, status)
}

func TestOnlyTheConfiguredKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.StripeSecretKey = "sk_test_mine" })
	_, err := b.intents.Get("pi_nope", nil)
	assert.Equal(t, http.StatusUnauthorized, stripeErr(t, err).HTTPStatusCode)
	assert.Contains(t, stripeErr(t, err).Msg, "STRIPE_SECRET_KEY", "it says which key it takes")
	assert.NotContains(t, stripeErr(t, err).Msg, "sk_test_mine")
	b.intents.Key = "sk_test_mine"
	_, err = b.intents.Get("pi_nope", nil)
	assert.Equal(t, http.StatusNotFound, stripeErr(t, err).HTTPStatusCode)
}

// A browser knows the publishable key and the client secret, nothing else.
func TestPublishableKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("")
	get := func(secret string) int {
		status, _ := b.send("GET", "/v1/payment_intents/"+pi.ID+"?client_secret="+secret, "", "Authorization", "Bearer pk_test_x")
		return status
	}
	assert.Equal(t, http.StatusOK, get(pi.ClientSecret))
	assert.Equal(t, http.StatusNotFound, get(pi.ID+"_secret_guess"))
	assert.Equal(t, http.StatusUnauthorized, get(""))
}

func TestDispute(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("pm_card_visa")
	open := func() (int, string) {
		return b.send("POST", "/sandbox/stripe/disputes", `{"payment_intent":"`+pi.ID+`"}`)
	}
	status, _ := open()
	assert.Equal(t, http.StatusBadRequest, status, "not captured yet")
	_, err := b.intents.Capture(pi.ID, nil)
	require.NoError(t, err)
	status, body := open()
	require.Equal(t, http.StatusCreated, status, body)
	assert.Equal(t, pi.ID, decodeJSON[dispute](t, body).PaymentIntent.id)
	_, err = b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	assert.Equal(t, stripe.ErrorCodeChargeDisputed, stripeErr(t, err).Code)
	assert.True(t, b.readBooks().Stripe.Payments[0].Disputed)
}

// Amounts as Stripe counts them. https://docs.stripe.com/currencies
func TestAmountsThatStripeRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tests := []struct {
		currency string
		amount   int64
		code     stripe.ErrorCode
		message  string
	}{
		{"usd", 49, stripe.ErrorCodeAmountTooSmall, "Amount must be at least $0.50 USD"},
		{"huf", 17_499, stripe.ErrorCodeAmountTooSmall, "Amount must be at least 175.00 HUF"},
		{"usd", 100_000_000, stripe.ErrorCodeAmountTooLarge, "Amount must be no more than $999,999.99 USD"},
		{"jpy", 100_000_000, stripe.ErrorCodeAmountTooLarge, "Amount must be no more than ¥99,999,999 JPY"},
		{"kwd", 4_575, stripe.ErrorCodeParameterInvalidInteger, "Invalid amount: in KWD an amount has to be divisible by 10."},
		{"isk", 2_490, stripe.ErrorCodeParameterInvalidInteger, "Invalid amount: in ISK an amount has to be divisible by 100."},
		{"ugx", 20_050, stripe.ErrorCodeParameterInvalidInteger, "Invalid amount: in UGX an amount has to be divisible by 100."},
		{"usd", 0, stripe.ErrorCodeParameterInvalidInteger, "This value must be greater than or equal to 1."},
		{"idr", 999_999_999_999, "", ""},
		{"inr", 999_999_999, "", ""},
		{"mga", 15_000, "", ""},
		{"isk", 249_000, "", ""},
		{"kwd", 4_570, "", ""},
	}
	for _, test := range tests {
		_, err := b.intents.New(&stripe.PaymentIntentParams{Amount: &test.amount, Currency: &test.currency})
		if test.code == "" {
			require.NoError(t, err, test.currency)
			continue
		}
		e := stripeErr(t, err)
		assert.Equal(t, http.StatusBadRequest, e.HTTPStatusCode)
		assert.Equal(t, stripe.ErrorTypeInvalidRequest, e.Type)
		assert.Equal(t, test.code, e.Code, test.currency)
		assert.Equal(t, "amount", e.Param)
		assert.Equal(t, test.message, e.Msg)
	}
}

func TestPartsInStepsOfTheCurrency(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi, err := b.intents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(9_000), Currency: stripe.String("kwd"), PaymentMethod: stripe.String("pm_card_visa"),
		Confirm: stripe.Bool(true), CaptureMethod: stripe.String("manual"),
	})
	require.NoError(t, err)
	_, err = b.intents.Capture(pi.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(8_005)})
	assert.Equal(t, "amount_to_capture", stripeErr(t, err).Param)
	_, err = b.intents.Capture(pi.ID, nil)
	require.NoError(t, err)
	_, err = b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(4_505)})
	assert.Equal(t, stripe.ErrorCodeParameterInvalidInteger, stripeErr(t, err).Code)
	_, err = b.refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(4_500)})
	require.NoError(t, err)
}
