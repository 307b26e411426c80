// Package sandboxtest serves sandboxes to tests, each with books of its own. What does not live
// here: the stand-ins and their faults (package sandbox), and what a test plays on them. Only
// tests import it.
package sandboxtest

import (
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/sandbox"
)

// New serves a sandbox until the test ends, and gives its address. It logs nothing, and knows
// its own address, unless change says otherwise. Events are delivered, and the clocks of payments
// go, only when change gives the address of a webhook.
func New(t testing.TB, change ...func(*sandbox.Options)) (url string) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	o := sandbox.Options{PublicURL: "http://" + web.Listener.Addr().String(), Logger: slog.New(slog.DiscardHandler)}
	for _, one := range change {
		one(&o)
	}
	box, err := sandbox.New(o)
	require.NoError(t, err)
	web.Config.Handler = box.Handler()
	web.Start()
	ended := make(chan error, 1)
	if o.StripeWebhookURL+o.RazorpayWebhookURL+o.PayPalWebhookURL == "" {
		ended <- nil
	} else {
		go func() { ended <- box.Run(t.Context()) }()
	}
	t.Cleanup(func() {
		web.Close()
		assert.NoError(t, box.Close())
		assert.NoError(t, <-ended)
	})
	return web.URL
}
