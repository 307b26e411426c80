package sandbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/SherClockHolmes/webpush-go"
	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// firefox speaks as the browser does.
type firefox struct {
	t    *testing.T
	conn *websocket.Conn
}

func (b *bench) firefox() *firefox {
	b.t.Helper()
	conn, answer, err := websocket.Dial(b.t.Context(), strings.Replace(b.url, "http", "ws", 1)+"/push/socket",
		&websocket.DialOptions{Subprotocols: []string{"push-notification"}})
	require.NoError(b.t, err)
	assert.Equal(b.t, "push-notification", answer.Header.Get("Sec-WebSocket-Protocol"))
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	return &firefox{b.t, conn}
}

func (f *firefox) say(text string) {
	f.t.Helper()
	require.NoError(f.t, f.conn.Write(f.t.Context(), websocket.MessageText, []byte(text)))
}

func (f *firefox) hear() (text string, message map[string]any) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), soon)
	defer cancel()
	_, raw, err := f.conn.Read(ctx)
	require.NoError(f.t, err)
	require.NoError(f.t, json.Unmarshal(raw, &message))
	return string(raw), message
}

// ask says something and gives the answer.
func (f *firefox) ask(text string) map[string]any {
	f.t.Helper()
	f.say(text)
	_, message := f.hear()
	return message
}

func TestFirefoxSubscribesAndGetsMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := newVAPID(t)
	f := b.firefox()
	hello := f.ask(`{"messageType":"hello","broadcasts":{"remote-settings/monitor_changes":"x"},"use_webpush":true}`)
	agent, _ := hello["uaid"].(string)
	require.NotEmpty(t, agent)
	assert.Equal(t, map[string]any{"messageType": "hello", "uaid": agent, "status": 200.0, "use_webpush": true}, hello)
	f.say(`{}`)
	pong, _ := f.hear()
	assert.Equal(t, "{}", pong)

	registered := f.ask(`{"messageType":"register","channelID":"c1","key":"` + key.public + `"}`)
	assert.Equal(t, 200.0, registered["status"])
	assert.Equal(t, "c1", registered["channelID"])
	// A browser that the sandbox made lends its keys: Firefox gives its own to the page only.
	to := &webpush.Subscription{Endpoint: registered["pushEndpoint"].(string), Keys: b.browser("").Keys}
	status, answer := b.push(key, to, "hello")
	require.Equal(t, http.StatusCreated, status, answer)
	_, news := f.hear()
	assert.Equal(t, "notification", news["messageType"])
	assert.Equal(t, "c1", news["channelID"])
	assert.Equal(t, map[string]any{"encoding": "aes128gcm"}, news["headers"])
	body, err := base64.RawURLEncoding.DecodeString(news["data"].(string))
	require.NoError(t, err)
	text, err := decrypt(body, b.keysOf(to))
	require.NoError(t, err)
	assert.Equal(t, "hello", string(text))
	_, inbox := b.send("GET", "/inbox.json?to="+to.Endpoint, "")
	assert.Contains(t, inbox, "bytes that only the browser can read")

	status, _ = b.push(newVAPID(t), to, "x")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, 401.0, f.ask(`{"messageType":"register","channelID":"c2","key":"AAAA"}`)["status"])
	assert.Equal(t, 200.0, f.ask(`{"messageType":"unregister","channelID":"c1","code":200}`)["status"])
	status, _ = b.push(key, to, "x")
	assert.Equal(t, http.StatusGone, status)
}

// The service loses what a browser still has: it says so to senders, and nothing to the browser.
func TestASubscriptionOfFirefoxIsLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := newVAPID(t)
	f := b.firefox()
	f.ask(`{"messageType":"hello","use_webpush":true}`)
	endpoint := f.ask(`{"messageType":"register","channelID":"c1","key":"` + key.public + `"}`)["pushEndpoint"].(string)
	status, _ := b.send("DELETE", "/push/subscriptions/"+endpoint[strings.LastIndex(endpoint, "/")+1:], "")
	require.Equal(t, http.StatusNoContent, status)
	status, _ = b.push(key, &webpush.Subscription{Endpoint: endpoint, Keys: b.browser("").Keys}, "x")
	assert.Equal(t, http.StatusGone, status)
	assert.Equal(t, map[string]any{}, f.ask(`{}`), "nothing was said before")
	assert.Equal(t, 200.0, f.ask(`{"messageType":"register","channelID":"c2","key":"` + key.public + `"}`)["status"])
}

// keysOf is the made-up browser whose keys a subscription has.
func (b *bench) keysOf(s *webpush.Subscription) (found *browser) {
	b.t.Helper()
	auth, err := base64.RawURLEncoding.DecodeString(s.Keys.Auth)
	require.NoError(b.t, err)
	require.NoError(b.t, b.store.view(func(t *tx) error {
		return each(t, bucketBrowsers, func(_ string, one *browser) (bool, error) {
			if string(one.Auth) == string(auth) {
				found = one
			}
			return found == nil, nil
		})
	}))
	require.NotNil(b.t, found)
	return found
}

func TestFirefoxGetsWhatItMissed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := newVAPID(t)
	f := b.firefox()
	agent := f.ask(`{"messageType":"hello","use_webpush":true}`)["uaid"].(string)
	registered := f.ask(`{"messageType":"register","channelID":"c1","key":"` + key.public + `"}`)
	to := &webpush.Subscription{Endpoint: registered["pushEndpoint"].(string), Keys: b.browser("").Keys}
	require.NoError(t, f.conn.Close(websocket.StatusNormalClosure, ""))
	for _, topic := range []string{"one", "one", "two", ""} {
		status, answer := b.push(key, to, "x", func(o *webpush.Options) { o.Topic = topic })
		require.Equal(t, http.StatusCreated, status, answer)
	}
	status, _ := b.push(key, to, "x", func(o *webpush.Options) { o.TTL, o.Topic = 0, "" })
	require.Equal(t, http.StatusCreated, status)

	again := b.firefox()
	assert.Equal(t, agent, again.ask(`{"messageType":"hello","use_webpush":true,"uaid":"` + agent + `"}`)["uaid"])
	var versions []string
	for range 3 { // the first of topic one was replaced, and the last was not to be kept
		_, news := again.hear()
		versions = append(versions, news["version"].(string))
	}
	again.say(`{"messageType":"ack","updates":[{"channelID":"c1","version":"` + versions[0] + `","code":100}]}`)
	assert.Equal(t, map[string]any{}, again.ask(`{}`), "nothing else was kept")

	third := b.firefox()
	third.ask(`{"messageType":"hello","use_webpush":true,"uaid":"` + agent + `"}`)
	for range 2 {
		_, news := third.hear()
		assert.NotEqual(t, versions[0], news["version"], "it was acknowledged")
	}
	assert.Equal(t, map[string]any{}, third.ask(`{}`))
	stranger := b.firefox()
	assert.NotEqual(t, "unknown", stranger.ask(`{"messageType":"hello","use_webpush":true,"uaid":"unknown"}`)["uaid"])
}
