package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

const shop = "https://shop.example/bookings/1?tab=pay"

func checkoutPath(pi *stripe.PaymentIntent, back string) string {
	q := url.Values{"client_secret": {pi.ClientSecret}}
	if back != "" {
		q.Set("return_url", back)
	}
	return "/checkout/" + pi.ID + "?" + q.Encode()
}

func (b *bench) pay(path, number string) (int, string) {
	b.t.Helper()
	return b.form(path, "number", number, "expiry", "12/"+strconv.Itoa(time.Now().Year()%100+1), "cvc", "123", "name", "A Customer")
}

func TestCheckoutPays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("")
	path := checkoutPath(pi, shop)
	status, page := b.send("GET", path, "")
	require.Equal(t, http.StatusOK, status)
	for _, want := range []string{"₹450.00 INR", "Boxoffice (sandbox)", "2 seats, Friday", "b-1", `value="4242 4242 4242 4242"`, "Go back without paying"} {
		assert.Contains(t, page, want)
	}
	status, location := b.pay(path, "4242 4242 4242 4242")
	require.Equal(t, http.StatusSeeOther, status, location)
	u, err := url.Parse(location)
	require.NoError(t, err)
	assert.Equal(t, "shop.example", u.Host)
	assert.Equal(t, "pay", u.Query().Get("tab"), "what the merchant put there stays")
	assert.Equal(t, pi.ID, u.Query().Get("payment_intent"))
	assert.Equal(t, "succeeded", u.Query().Get("redirect_status"))
	assert.Equal(t, stripe.PaymentIntentStatusRequiresCapture, b.intent(pi.ID).Status)

	status, again := b.pay(path, "4242 4242 4242 4242")
	assert.Equal(t, http.StatusSeeOther, status, "a second click")
	assert.Equal(t, location, again)
	status, page = b.send("GET", path, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "This payment has been made")
	ch := &stripe.PaymentIntentParams{}
	ch.AddExpand("latest_charge")
	got, err := b.intents.Get(pi.ID, ch)
	require.NoError(t, err)
	assert.Equal(t, "A Customer", got.LatestCharge.BillingDetails.Name)
}

func TestCheckoutDeclineMayTryAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("")
	path := checkoutPath(pi, "")
	for number, text := range map[string]string{
		"4000000000000002": "Your card was declined.",
		"4000000000009995": "Your card has insufficient funds.",
		"4000000000000069": "Your card has expired.",
		"4000000000000127": "Your card&#39;s security code is incorrect.",
		"4111111111111111": "used a non test card",
		"4242424242424241": "Your card number is incorrect.",
		"1":                "Your card number is incorrect.",
	} {
		status, page := b.pay(path, number)
		assert.Equal(t, http.StatusPaymentRequired, status, number)
		assert.Contains(t, page, text)
		assert.Contains(t, page, `value="`+number+`"`, "what was typed is kept")
		assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, b.intent(pi.ID).Status)
	}
	status, page := b.pay(path, "5555 5555 5555 4444")
	assert.Equal(t, http.StatusOK, status, "no return_url, so the page itself says it")
	assert.Contains(t, page, "This payment has been made")
}

func TestCheckoutThreeDSecure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("")
	path := checkoutPath(pi, shop)
	_, challenge := b.pay(path, "4000 0027 6000 3184")
	assert.Contains(t, challenge, "/3ds/"+pi.ID)
	status, page := b.send("GET", challenge, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "Complete")
	_, location := b.send("GET", path, "")
	assert.Equal(t, challenge, location, "checkout leads to the open question")
	status, _ = b.form(challenge, "answer", "maybe")
	assert.Equal(t, http.StatusNotFound, status)

	_, location = b.form(challenge, "answer", "fail")
	assert.Equal(t, path, location, "back to the form")
	_, page = b.send("GET", path, "")
	assert.Contains(t, page, "unable to authenticate")
	assert.EqualValues(t, "payment_intent_authentication_failure", b.intent(pi.ID).LastPaymentError.Code)

	_, challenge = b.pay(path, "4000000000003220")
	_, location = b.form(challenge, "answer", "complete")
	assert.Contains(t, location, "https://shop.example/bookings/1?")
	assert.Contains(t, location, "redirect_status=succeeded")
	assert.Equal(t, stripe.PaymentIntentStatusRequiresCapture, b.intent(pi.ID).Status)
	_, again := b.form(challenge, "answer", "fail")
	assert.Equal(t, location, again, "an answer that comes too late changes nothing")
}

// The next_action of the API leads to the same page, and back to the merchant.
func TestNextActionReturnsToTheMerchant(t *testing.T) {
	t.Parallel()
	for answer, status := range map[string]string{"complete": "succeeded", "fail": "failed"} {
		b := newBench(t)
		p := orderParams("pm_card_threeDSecure2Required")
		p.ReturnURL = stripe.String(shop)
		pi, err := b.intents.New(p)
		require.NoError(t, err)
		u, err := url.Parse(pi.NextAction.RedirectToURL.URL)
		require.NoError(t, err)
		_, location := b.form(u.RequestURI(), "answer", answer)
		assert.Contains(t, location, "https://shop.example/bookings/1?")
		assert.Contains(t, location, "redirect_status="+status)
	}
}

func TestCheckoutNeedsTheClientSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pi := b.create("")
	for _, path := range []string{"/checkout/" + pi.ID, "/checkout/" + pi.ID + "?client_secret=guess", "/checkout/pi_nope?client_secret=x", "/3ds/" + pi.ID} {
		status, page := b.send("GET", path, "")
		assert.Equal(t, http.StatusNotFound, status, path)
		assert.NotContains(t, page, "450")
	}
	status, _ := b.pay("/checkout/"+pi.ID+"?client_secret=guess", "4242424242424242")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, b.intent(pi.ID).Status)
}

func TestCheckoutCanceledAndForeignText(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := orderParams("")
	p.Description = stripe.String(`<script>alert(1)</script>`)
	pi, err := b.intents.New(p)
	require.NoError(t, err)
	_, page := b.send("GET", checkoutPath(pi, "javascript:alert(1)"), "")
	assert.NotContains(t, page, "<script>")
	assert.NotContains(t, page, "javascript:")
	assert.NotContains(t, page, "Go back without paying")
	_, err = b.intents.Cancel(pi.ID, nil)
	require.NoError(t, err)
	_, page = b.send("GET", checkoutPath(pi, shop), "")
	assert.Contains(t, page, "This payment was canceled")
	assert.Contains(t, page, "redirect_status=canceled")
	status, page := b.pay(checkoutPath(pi, shop), "4242424242424242")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "This payment was canceled")
}

func TestFormatMoney(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]struct {
		amount   int64
		currency string
	}{
		"₹450.00 INR": {45000, "inr"}, "$0.05 USD": {5, "usd"}, "¥1,234,567 JPY": {1234567, "jpy"},
		"1.005 KWD": {1005, "kwd"}, "€12,345.60 EUR": {1234560, "eur"}, "0.00 CHF": {0, "chf"},
	} {
		assert.Equal(t, want, formatMoney(in.amount, in.currency))
	}
}
