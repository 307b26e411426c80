package paypal_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
)

// An app without the right to read cases, and a list that fails or hangs, stop no money:
// the payment is looked up, taken and given back. Only the list of a day says that it is
// not whole.
func TestDisputesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]map[string]any{
		"no right": {"fault": "error", "status": 403}, "failing": {"fault": "error", "status": 500},
		"hanging": {"fault": "latency", "duration_ms": 4_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			var log strings.Builder
			o := v.options(currentWebhook)
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			p, err := paypal.New(o)
			require.NoError(t, err)
			state := authorized(t, v, p, "buyer@example.com")
			fault["vendor"], fault["operation"] = "paypal", "disputes.list"
			inquired := authorized(t, v, p, "buyer@example.com")
			v.pull(t, "/orders/"+inquired.Reference+"/capture", nil)
			v.pull(t, "/orders/"+inquired.Reference+"/dispute", map[string]any{"stage": "INQUIRY"})
			v.faulty(t, fault)

			taken, err := p.Capture(t.Context(), step(state, "capture"))
			require.NoError(t, err)
			assert.Equal(t, twenty.Amount, taken.Captured)
			now := asked(t, p, inquired.Reference)
			assert.Equal(t, booking.PaymentCaptured, now.Status)
			assert.Nil(t, now.Disputes)
			back, err := p.Refund(t.Context(), step(state, "refund"))
			require.NoError(t, err)
			assert.Equal(t, twenty.Amount, back.Refunded)
			assert.Contains(t, log.String(), "level=WARN")
			assert.NotContains(t, log.String(), "level=ERROR")
			assert.NotContains(t, log.String(), "buyer@")
			if name == "hanging" {
				return // the list of a day waits for it
			}
			_, err = p.ListPayments(t.Context(), booking.PaymentSpan{From: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Minute)})
			assert.Equal(t, booking.CodeProviderError, booking.CodeOf(err))

			v.faultsOff(t)
			assert.Len(t, asked(t, p, inquired.Reference).Disputes, 1)
		})
	}
}
