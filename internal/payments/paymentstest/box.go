package paymentstest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Box is a vendor in the sandbox: its fault switches and its books are the same for every
// vendor.
type Box struct {
	URL    string
	Vendor string // as the sandbox names it
	// Operations are the sandbox's names of the provider's calls.
	Operations map[Operation]string
}

// Fault makes the vendor's next such operation go wrong.
func (b Box) Fault(t *testing.T, f Fault) {
	t.Helper()
	body := map[string]any{"vendor": b.Vendor, "operation": b.Operations[f.Operation], "times": 1, "fault": "error"}
	switch f.Trouble {
	case FailedStored:
		body["store"] = true
	case FailedDone:
		body["done"] = true
	case ReplyLost:
		body["fault"] = "reply_lost"
	case Slow:
		body["fault"], body["duration_ms"] = "latency", f.Delay.Milliseconds()
	}
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	answer, err := http.Post(b.URL+"/faults", "application/json", bytes.NewReader(raw))
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusCreated, answer.StatusCode)
}

// Books are the vendor's own totals by currency.
func (b Box) Books(t *testing.T) map[string]Totals {
	t.Helper()
	answer, err := http.Get(b.URL + "/books")
	require.NoError(t, err)
	defer answer.Body.Close()
	var books map[string]json.RawMessage
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&books))
	var own struct {
		Totals []struct {
			Currency string
			Totals
		}
	}
	require.NoError(t, json.Unmarshal(books[b.Vendor], &own))
	totals := map[string]Totals{}
	for _, total := range own.Totals {
		totals[strings.ToUpper(total.Currency)] = total.Totals
	}
	return totals
}
