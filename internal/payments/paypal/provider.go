// Package paypal is the payment provider PayPal: Orders v2 with the intent AUTHORIZE,
// through a typed client of our own, because PayPal has none for Go.
//
// A customer only approves an order; Authorize then reserves the money, and Capture takes
// it. PayPal cannot close an order that was not authorized: Void leaves a mark in its
// custom_id, after which Authorize does nothing.
//
// What does not live here: retries and the order of steps (package workflows), and our
// books (package payments).
package paypal

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Name is the provider's name in the API and in our books.
const Name = "paypal"

// Addresses of PayPal's API.
const (
	LiveURL    = "https://api-m.paypal.com"
	SandboxURL = "https://api-m.sandbox.paypal.com"
)

// Options say which PayPal account is spoken to, and how.
type Options struct {
	ClientID     string
	ClientSecret string
	// APIURL is LiveURL by default.
	APIURL string
	// WebhookIDs are the ids of our webhook, as PayPal's developer pages show them; two while
	// one is rolled. They are not the ids of events.
	WebhookIDs []string
	// Tolerance is how old a webhook's transmission may be; default 73 hours: PayPal tries
	// for 3 days. https://developer.paypal.com/api/rest/webhooks/
	Tolerance time.Duration

	// CertificateHosts are the ends of hosts, each with its dot, that certificates of events
	// may come from, by https; default .paypal.com.
	CertificateHosts []string
	// CertificateURL is the beginning of addresses that certificates may come from besides,
	// also by http: a sandbox's.
	CertificateURL string
	// CertificateNames are the ends of the names that a certificate may have; default
	// .paypal.com.
	CertificateNames []string
	// CertificateRoots are the roots, in PEM, under which certificates have to be; default
	// the system's. Intermediates may be among them.
	CertificateRoots []byte

	// ReturnURL and CancelURL are where PayPal sends the customer back to, with {booking}
	// filled in. Empty: our own page under PublicURL, and ReturnURL.
	ReturnURL string
	CancelURL string
	PublicURL string
	// Brand is shown to the customer at PayPal; empty: the account's name.
	Brand string
	// Timeout bounds one request whose caller is more patient; default 30 seconds.
	Timeout time.Duration
	Logger  *slog.Logger
}

// Provider is one PayPal account.
type Provider struct {
	api        *client
	webhookIDs []string
	tolerance  time.Duration
	certs      *certificates
	returnURL  string
	cancelURL  string
	brand      string
	log        *slog.Logger
}

// New checks the options and makes the provider. It sends nothing.
func New(o Options) (*Provider, error) {
	o.setDefaults()
	roots, err := o.check()
	if err != nil {
		return nil, fmt.Errorf("paypal: %w", err)
	}
	return &Provider{
		api:        newClient(o),
		webhookIDs: o.WebhookIDs,
		tolerance:  o.Tolerance,
		certs:      newCertificates(o, roots),
		returnURL:  o.ReturnURL,
		cancelURL:  o.CancelURL,
		brand:      o.Brand,
		log:        o.Logger,
	}, nil
}

func (o *Options) setDefaults() {
	if o.APIURL == "" {
		o.APIURL = LiveURL
	}
	o.APIURL = strings.TrimRight(o.APIURL, "/")
	if o.Tolerance == 0 {
		o.Tolerance = 73 * time.Hour
	}
	if o.CertificateHosts == nil {
		o.CertificateHosts = []string{".paypal.com"}
	}
	if o.CertificateNames == nil {
		o.CertificateNames = []string{".paypal.com"}
	}
	if o.ReturnURL == "" {
		o.ReturnURL = strings.TrimRight(o.PublicURL, "/") + "/pay/{booking}"
	}
	if o.CancelURL == "" {
		o.CancelURL = o.ReturnURL
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// check names every problem at once.
func (o *Options) check() (roots *x509.CertPool, err error) {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if o.ClientID == "" {
		wrong("no client id")
	}
	if o.ClientSecret == "" {
		wrong("no client secret")
	}
	if len(o.WebhookIDs) == 0 {
		wrong("no webhook id")
	}
	for _, id := range o.WebhookIDs {
		if strings.TrimSpace(id) == "" {
			wrong("an empty webhook id")
		}
	}
	for name, address := range map[string]string{
		"API": o.APIURL, "return": o.ReturnURL, "cancel": o.CancelURL, "certificate": o.CertificateURL,
	} {
		if !absolute(address) && (name != "certificate" || address != "") {
			wrong("%s address %q is not an absolute URL", name, address)
		}
	}
	for _, suffix := range append(append([]string{}, o.CertificateHosts...), o.CertificateNames...) {
		// Without the dot evilpaypal.com would do.
		if len(suffix) < 2 || !strings.HasPrefix(suffix, ".") {
			wrong("%q does not begin with a dot", suffix)
		}
	}
	if len(o.CertificateRoots) > 0 {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(o.CertificateRoots) {
			wrong("no certificate among the roots")
		}
	}
	return roots, errors.Join(problems...)
}

func absolute(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != ""
}

// Name implements the provider port.
func (p *Provider) Name() string { return Name }
