package api

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
)

var checkoutTemplate = template.Must(template.ParseFS(pages, "pages/checkout.html"))

// checkout is the page that shows Stripe's Payment Element when the platform
// runs with real keys. It knows nothing of the booking: what it needs, the
// payment's client secret, comes in the address's fragment, which no server and
// no log sees.
func (a *api) checkout(w http.ResponseWriter, r *http.Request) {
	if _, err := pathID(r, "booking"); err != nil {
		a.fail(w, r, err)
		return
	}
	var body bytes.Buffer
	if err := checkoutTemplate.Execute(&body, struct{ PublishableKey string }{a.StripePublishableKey}); err != nil {
		a.fail(w, r, fmt.Errorf("checkout page: %w", err))
		return
	}
	header := w.Header()
	// The sources that Stripe.js needs: https://docs.stripe.com/security/guide#content-security-policy
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "+
		"script-src 'self' https://js.stripe.com https://*.js.stripe.com; "+
		"frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; "+
		"connect-src 'self' https://api.stripe.com; base-uri 'none'; frame-ancestors 'none'")
	header.Set("Cache-Control", "no-store")
	write(w, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
}

func (a *api) checkoutScript(w http.ResponseWriter, r *http.Request) {
	a.page(w, r, "pages/checkout.js", "text/javascript; charset=utf-8", "")
}

// addCheckoutSecret completes the address of our own checkout page. Addresses of
// other pages (a provider's, the sandbox's) stay as they are.
func (a *api) addCheckoutSecret(view *booking.PaymentView) {
	if view == nil || view.ClientSecret == "" || a.StripePublishableKey == "" {
		return
	}
	ours := strings.TrimSuffix(a.PublicURL, "/") + "/checkout/"
	if strings.HasPrefix(view.CheckoutURL, ours) && !strings.Contains(view.CheckoutURL, "#") {
		view.CheckoutURL += "#" + url.PathEscape(view.ClientSecret)
	}
}
