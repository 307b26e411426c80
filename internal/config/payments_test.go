package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPaymentProviders(t *testing.T) {
	t.Parallel()
	razorpay := map[string]string{"RAZORPAY_KEY_ID": "rzp_test_1", "RAZORPAY_KEY_SECRET": "s", "RAZORPAY_WEBHOOK_SECRETS": "one, two"}
	with := func(more map[string]string) map[string]string {
		env := map[string]string{"BOXOFFICE_ENV": "dev"}
		for name, value := range more {
			env[name] = value
		}
		return env
	}
	for name, c := range map[string]struct {
		env   map[string]string
		want  []string
		wrong []string
	}{
		"one account":                      {env: with(nil), want: []string{"stripe"}},
		"two":                              {env: with(razorpay), want: []string{"stripe", "razorpay"}},
		"another order":                    {env: merged(with(razorpay), "PAYMENT_PROVIDERS", "razorpay, stripe"), want: []string{"razorpay", "stripe"}},
		"one that is not offered any more": {env: merged(with(razorpay), "PAYMENT_PROVIDERS", "stripe"), want: []string{"stripe"}},
		"unknown":                          {env: merged(with(nil), "PAYMENT_PROVIDERS", "stripe,cash"), wrong: []string{"PAYMENT_PROVIDERS"}},
		"twice":                            {env: merged(with(nil), "PAYMENT_PROVIDERS", "stripe,stripe"), wrong: []string{"PAYMENT_PROVIDERS"}},
		"half a Razorpay":                  {env: merged(with(nil), "RAZORPAY_KEY_ID", "rzp_test_1"), wrong: []string{"RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRETS"}},
		"no id of Razorpay":                {env: merged(with(razorpay), "RAZORPAY_KEY_ID", "sk_1"), wrong: []string{"RAZORPAY_KEY_ID"}},
		"short period":                     {env: merged(with(razorpay), "RAZORPAY_CAPTURE_WITHIN", "5m"), wrong: []string{"RAZORPAY_CAPTURE_WITHIN"}},
		"half a PayPal":                    {env: merged(with(nil), "PAYPAL_CLIENT_ID", "x"), wrong: []string{"PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_IDS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := load(c.env, []Process{API})
			for _, variable := range c.wrong {
				assert.ErrorContains(t, err, variable)
			}
			if c.wrong == nil {
				require.NoError(t, err)
				assert.Equal(t, c.want, got.Offered())
				assert.ElementsMatch(t, append([]string{"stripe"}, map[bool][]string{true: {"razorpay"}}[c.env["RAZORPAY_KEY_ID"] != ""]...), got.Accounts())
			}
		})
	}
}

func merged(env map[string]string, name, value string) map[string]string {
	env[name] = value
	return env
}
