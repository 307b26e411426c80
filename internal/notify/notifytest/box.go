package notifytest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
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
	// Headers and CustomArgs are of push: what went beside the encrypted text, and what is
	// in it beside title and body.
	Headers    map[string]string `json:"headers"`
	CustomArgs map[string]string `json:"custom_args"`
}

// Browser is a subscription to push messages at the sandbox.
type Browser struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256DH string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// Subscribe installs a browser that takes messages signed with a public key.
func (b Box) Subscribe(t testing.TB, publicKey string) Browser {
	t.Helper()
	body, err := json.Marshal(map[string]string{"applicationServerKey": publicKey})
	require.NoError(t, err)
	var browser Browser
	b.call(t, http.MethodPost, "/push/subscriptions", body, &browser)
	return browser
}

// Bytes are the browser's public key and its secret.
func (b Browser) Bytes(t testing.TB) (p256dh, auth []byte) {
	t.Helper()
	p256dh, err := base64.RawURLEncoding.DecodeString(b.Keys.P256DH)
	require.NoError(t, err)
	auth, err = base64.RawURLEncoding.DecodeString(b.Keys.Auth)
	require.NoError(t, err)
	return p256dh, auth
}

// Unsubscribe turns the messages off in the browser.
func (b Box) Unsubscribe(t testing.TB, browser Browser) {
	t.Helper()
	b.call(t, http.MethodDelete, "/push/subscriptions/"+browser.Endpoint[strings.LastIndex(browser.Endpoint, "/")+1:], nil, nil)
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
