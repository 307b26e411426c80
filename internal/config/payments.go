package config

import (
	"slices"
	"strings"
	"time"
)

// The payment providers.
const (
	Stripe   = "stripe"
	Razorpay = "razorpay"
	PayPal   = "paypal"
)

// Accounts are the payment providers that have an account here: those that customers are
// offered, the preferred first, and then the others, whose payments still have to be
// captured, refunded and reconciled.
func (c Config) Accounts() []string {
	all := c.Offered()
	for _, name := range []string{Stripe, Razorpay, PayPal} {
		if c.hasAccount(name) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Offered are the payment providers that customers may choose, the preferred first.
func (c Config) Offered() []string {
	return slices.DeleteFunc(slices.Clone(c.PaymentProviders), func(name string) bool { return !c.hasAccount(name) })
}

func (c Config) hasAccount(name string) bool {
	return map[string]bool{Stripe: c.StripeSecretKey != "", Razorpay: c.RazorpayKeyID != "", PayPal: c.PayPalClientID != ""}[name]
}

func (c *Config) checkPaymentProviders(wrong *settingErrors) {
	for i, name := range c.PaymentProviders {
		name = strings.TrimSpace(name)
		c.PaymentProviders[i] = name
		if !slices.Contains([]string{Stripe, Razorpay, PayPal}, name) || slices.Index(c.PaymentProviders, name) < i {
			wrong.add("PAYMENT_PROVIDERS", "has an entry that is unknown, or is there twice. Choose from stripe, razorpay and paypal.")
		}
	}
	c.checkURL(wrong, "RAZORPAY_API_URL", c.RazorpayAPIURL)
	c.checkURL(wrong, "RAZORPAY_SCRIPT_URL", c.RazorpayScriptURL)
	c.checkURL(wrong, "PAYPAL_API_URL", c.PayPalAPIURL)
	c.RazorpayWebhookSecrets = trimmed(c.RazorpayWebhookSecrets)
	c.PayPalWebhookIDs = trimmed(c.PayPalWebhookIDs)
	if c.RazorpayKeyID != "" {
		c.checkRazorpay(wrong)
	}
	if c.PayPalClientID != "" {
		wants(wrong, "PAYPAL_CLIENT_SECRET", c.PayPalClientSecret, "PAYPAL_CLIENT_ID")
		wants(wrong, "PAYPAL_WEBHOOK_IDS", strings.Join(c.PayPalWebhookIDs, ""), "PAYPAL_CLIENT_ID")
	}
	if c.Dev() {
		c.checkURL(wrong, "PAYPAL_CERTIFICATES_URL", c.PayPalCertificates)
	} else if c.PayPalCertificates != "" {
		wrong.add("PAYPAL_CERTIFICATES_URL", "is set. Leave it out: outside of dev PayPal's certificates come from PayPal.")
	}
}

func (c *Config) checkRazorpay(wrong *settingErrors) {
	if !strings.HasPrefix(c.RazorpayKeyID, "rzp_") {
		wrong.add("RAZORPAY_KEY_ID", "does not begin with rzp_.")
	}
	wants(wrong, "RAZORPAY_KEY_SECRET", c.RazorpayKeySecret, "RAZORPAY_KEY_ID")
	wants(wrong, "RAZORPAY_WEBHOOK_SECRETS", strings.Join(c.RazorpayWebhookSecrets, ""), "RAZORPAY_KEY_ID")
	// Razorpay's own bounds: capture settings of an order.
	if c.RazorpayCaptureWithin < 12*time.Minute || c.RazorpayCaptureWithin > 72*time.Hour {
		wrong.add("RAZORPAY_CAPTURE_WITHIN", "is %s. Choose between 12m and 72h.", c.RazorpayCaptureWithin)
	}
}

func wants(wrong *settingErrors, variable, value, with string) {
	if value == "" {
		wrong.add(variable, "is not set. %s needs it.", with)
	}
}

// trimmed takes the space after a comma away, and empty entries.
func trimmed(list []string) []string {
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return slices.DeleteFunc(list, func(one string) bool { return one == "" })
}
