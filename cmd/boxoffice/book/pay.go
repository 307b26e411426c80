package book

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// pay does what a customer does on the page of the payment provider.
func (t *tour) pay(ctx context.Context, held bookingDoc) error {
	checkout, err := url.Parse(held.Payment.CheckoutURL)
	if err != nil || checkout.Host == "" {
		return fmt.Errorf("booking %s has no checkout page to pay at", held.ID)
	}
	// Without the query: it carries the payment's secret.
	t.say("checkout                    %s://%s%s", checkout.Scheme, checkout.Host, checkout.Path)
	switch held.Payment.Provider {
	case "razorpay":
		return t.payByUPI(ctx, held, checkout)
	case "paypal":
		return t.approve(ctx, checkout)
	default:
		return t.payByCard(ctx, held, checkout)
	}
}

// payByCard confirms a payment of the sandbox's Stripe with a test card.
func (t *tour) payByCard(ctx context.Context, held bookingDoc, checkout *url.URL) error {
	form := url.Values{"payment_method": {t.Card}, "client_secret": {held.Payment.ClientSecret}}
	address := checkout.Scheme + "://" + checkout.Host + "/v1/payment_intents/" + held.Payment.Reference + "/confirm"
	if _, err := t.send(ctx, address, form, http.Header{"Authorization": {"Bearer pk_test_tour"}}); err != nil {
		return err
	}
	t.say("                            paid with %s", t.Card)
	return nil
}

// script is where our page takes Razorpay's script from: beside it is its sandbox.
var script = regexp.MustCompile(`(https?://[^"' ]+/razorpay)/v1/checkout\.js`)

// payByUPI opens our page, and pays on that of the sandbox's Razorpay.
func (t *tour) payByUPI(ctx context.Context, held bookingDoc, checkout *url.URL) error {
	page, err := t.send(ctx, checkout.String(), nil, nil)
	if err != nil {
		return err
	}
	found := script.FindSubmatch(page)
	if found == nil {
		return fmt.Errorf("the page to pay at does not use the sandbox: pay by hand at %s", checkout)
	}
	const upi = "success@razorpay"
	if _, err := t.send(ctx, string(found[1])+"/checkout/"+held.Payment.Reference, url.Values{"vpa": {upi}}, nil); err != nil {
		return err
	}
	t.say("                            paid by UPI, as %s", upi)
	return nil
}

// approve agrees to a payment at the sandbox's PayPal.
func (t *tour) approve(ctx context.Context, checkout *url.URL) error {
	if _, err := t.send(ctx, checkout.String(), url.Values{}, nil); err != nil {
		return err
	}
	t.say("                            approved; now the money is reserved")
	return nil
}

// send posts a form, or gets a page without one. A redirect is the end: it leads back to us.
func (t *tour) send(ctx context.Context, address string, form url.Values, header http.Header) ([]byte, error) {
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		req.Header = header
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{
		Timeout: t.api.http.Timeout, Transport: t.api.http.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the page to pay at does not answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<18))
	if res.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("the payment was refused (%s): %s", res.Status, text[:min(len(text), 1<<12)])
	}
	return text, err
}
