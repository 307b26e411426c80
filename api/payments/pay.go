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

var payTemplate = template.Must(template.ParseFS(pages, "pages/pay.html"))

// scriptFresh: the script changes only with a new version of the program.
const scriptFresh = 5 * time.Minute

// pay is the page that shows Stripe's Payment Element when the platform
// runs with real keys. It knows nothing of the booking. It only needs the payment's client
// secret, which comes in the URL's fragment: no server and no log sees that.
func (s *service) pay(w http.ResponseWriter, r *http.Request) error {
	if _, err := rest.PathID(r, "booking"); err != nil {
		return err
	}
	var body bytes.Buffer
	if err := payTemplate.Execute(&body, struct{ PublishableKey string }{s.StripePublishableKey}); err != nil {
		return fmt.Errorf("page to pay at: %w", err)
	}
	header := w.Header()
	// The sources that Stripe.js needs: https://docs.stripe.com/security/guide#content-security-policy
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "+
		"script-src 'self' https://js.stripe.com https://*.js.stripe.com; "+
		"frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; "+
		"connect-src 'self' https://api.stripe.com; base-uri 'none'; frame-ancestors 'none'")
	// Wallets ask for the browser's own payment sheet.
	header.Set("Permissions-Policy", `payment=(self "https://js.stripe.com")`)
	header.Set("Cache-Control", "no-store")
	rest.Write(w, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
	return nil
}

func (s *service) payScript(w http.ResponseWriter, r *http.Request) error {
	body, err := pages.ReadFile("pages/pay.js")
	if err != nil {
		return fmt.Errorf("page to pay at: %w", err)
	}
	rest.WriteCached(w, r, scriptFresh, "text/javascript; charset=utf-8", body)
	return nil
}
