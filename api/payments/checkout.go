package payments

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
)

//go:embed pages
var pages embed.FS

var checkoutTemplate = template.Must(template.ParseFS(pages, "pages/checkout.html"))

// scriptFresh: the script changes only with a new version of the program.
const scriptFresh = 5 * time.Minute

// checkout is the page that shows Stripe's Payment Element when the platform
// runs with real keys. It knows nothing of the booking. It only needs the payment's client
// secret, which comes in the URL's fragment: no server and no log sees that.
func (s *service) checkout(w http.ResponseWriter, r *http.Request) error {
	if _, err := rest.PathID(r, "booking"); err != nil {
		return err
	}
	var body bytes.Buffer
	if err := checkoutTemplate.Execute(&body, struct{ PublishableKey string }{s.StripePublishableKey}); err != nil {
		return fmt.Errorf("checkout page: %w", err)
	}
	header := w.Header()
	// The sources that Stripe.js needs: https://docs.stripe.com/security/guide#content-security-policy
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "+
		"script-src 'self' https://js.stripe.com https://*.js.stripe.com; "+
		"frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; "+
		"connect-src 'self' https://api.stripe.com; base-uri 'none'; frame-ancestors 'none'")
	header.Set("Cache-Control", "no-store")
	rest.Write(w, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
	return nil
}

func (s *service) checkoutScript(w http.ResponseWriter, r *http.Request) error {
	body, err := pages.ReadFile("pages/checkout.js")
	if err != nil {
		return fmt.Errorf("checkout page: %w", err)
	}
	rest.WriteCached(w, r, scriptFresh, "text/javascript; charset=utf-8", body)
	return nil
}
