package notifytest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// Fault is a body of the sandbox's POST /faults, without the vendor.
type Fault map[string]any

// Box is a running sandbox, seen as one of its vendors.
type Box struct{ URL, Vendor string }

// Sent is a message as the sandbox's inbox shows it.
type Sent struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// Sent lists what the vendor took for a recipient.
func (b Box) Sent(t testing.TB, to string) []Sent {
	t.Helper()
	var inbox struct {
		Messages []Sent `json:"messages"`
	}
	b.call(t, http.MethodGet, "/inbox.json?"+url.Values{"to": {to}}.Encode(), nil, &inbox)
	return inbox.Messages
}

// Fault makes the vendor go wrong.
func (b Box) Fault(t testing.TB, fault Fault) {
	t.Helper()
	fault["vendor"] = b.Vendor
	body, err := json.Marshal(fault)
	require.NoError(t, err)
	b.call(t, http.MethodPost, "/faults", body, nil)
}

// Repair turns all faults off.
func (b Box) Repair(t testing.TB) {
	t.Helper()
	b.call(t, http.MethodDelete, "/faults", nil, nil)
}

func (b Box) call(t testing.TB, method, path string, body []byte, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.URL+path, bytes.NewReader(body))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Less(t, res.StatusCode, 300, "%s %s", method, path)
	if into != nil {
		require.NoError(t, json.NewDecoder(res.Body).Decode(into))
	}
}
