package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/SherClockHolmes/webpush-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vapid is a sender's pair of keys.
type vapid struct{ private, public string }

func newVAPID(t *testing.T) vapid {
	t.Helper()
	private, public, err := webpush.GenerateVAPIDKeys()
	require.NoError(t, err)
	return vapid{private, public}
}

func (b *bench) browser(body string) *webpush.Subscription {
	b.t.Helper()
	status, answer := b.send("POST", "/push/subscriptions", body)
	require.Equal(b.t, http.StatusCreated, status, answer)
	var s webpush.Subscription
	require.NoError(b.t, json.Unmarshal([]byte(answer), &s))
	return &s
}

func (b *bench) push(key vapid, to *webpush.Subscription, text string, change ...func(*webpush.Options)) (int, string) {
	b.t.Helper()
	options := &webpush.Options{
		Subscriber: "push@sender.com", VAPIDPublicKey: key.public, VAPIDPrivateKey: key.private, TTL: 60,
		Topic: "topic_of-it", Urgency: webpush.UrgencyHigh,
	}
	for _, c := range change {
		c(options)
	}
	answer, err := webpush.SendNotificationWithContext(b.t.Context(), []byte(text), to, options)
	require.NoError(b.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	return answer.StatusCode, string(body) + answer.Header.Get("Location") + answer.Header.Get("Retry-After")
}

func TestPushReachesTheInbox(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key, to := newVAPID(t), b.browser("")
	status, answer := b.push(key, to, `{"web_push":8030,"notification":{"title":"Booked","body":"Seats C7 ☃","navigate":"https://x.example/b/1","tag":"b"}}`)
	require.Equal(t, http.StatusCreated, status, answer)
	assert.Contains(t, answer, "/push/messages/")
	status, answer = b.push(key, to, "plain text")
	require.Equal(t, http.StatusCreated, status, answer)

	status, inbox := b.send("GET", "/inbox.json?to="+to.Endpoint, "")
	require.Equal(t, http.StatusOK, status)
	var list struct{ Messages []letter }
	require.NoError(t, json.Unmarshal([]byte(inbox), &list))
	require.Len(t, list.Messages, 2)
	assert.Equal(t, "plain text", list.Messages[0].Text)
	shown := list.Messages[1]
	assert.Equal(t, "push", shown.Channel)
	assert.Equal(t, "Booked", shown.Subject)
	assert.Equal(t, "Seats C7 ☃", shown.Text)
	assert.Equal(t, map[string]string{"navigate": "https://x.example/b/1", "tag": "b"}, shown.CustomArgs)
	assert.Equal(t, map[string]string{"TTL": "60", "Topic": "topic_of-it", "Urgency": "high", "Content-Type": "application/octet-stream"}, shown.Headers)

	for _, page := range []string{"/inbox", "/inbox/" + shown.ID} {
		_, html := b.send("GET", page, "")
		assert.Contains(t, html, "Push")
		assert.Contains(t, html, "Booked")
	}
	books := b.readBooks()
	assert.Equal(t, 2, books.WebPush.Count)
	assert.Equal(t, to.Endpoint, books.WebPush.Messages[0].Endpoint)
	assert.Zero(t, books.Twilio.Count, "a push is no SMS")
}

func TestPushRefusesWhatPushServicesRefuse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := newVAPID(t)
	to := b.browser(`{"applicationServerKey":"` + key.public + `"}`)
	for name, test := range map[string]struct {
		key    vapid
		to     *webpush.Subscription
		change func(*webpush.Options)
		status int
		says   string
	}{
		"another key":        {key: newVAPID(t), status: 403, says: "another key"},
		"keys of two pairs":  {key: vapid{newVAPID(t).private, key.public}, status: 403, says: "signature"},
		"subject at .test":   {change: func(o *webpush.Options) { o.Subscriber = "push@sender.test" }, status: 403, says: "sub must be"},
		"subject localhost":  {change: func(o *webpush.Options) { o.Subscriber = "https://localhost" }, status: 403, says: "sub must be"},
		"topic too long":     {change: func(o *webpush.Options) { o.Topic = strings.Repeat("x", 33) }, status: 400, says: "Topic"},
		"no number":          {change: func(o *webpush.Options) { o.TTL = -1 }, status: 400, says: "TTL"},
		"too large":          {change: func(o *webpush.Options) { o.RecordSize = 5000 }, status: 413, says: "4096"},
		"unknown":            {to: &webpush.Subscription{Endpoint: b.url + "/push/nope", Keys: to.Keys}, status: 404, says: "no such"},
		"keys of another":    {to: &webpush.Subscription{Endpoint: to.Endpoint, Keys: b.browser("").Keys}, status: 400, says: "another browser"},
		"for another origin": {to: &webpush.Subscription{Endpoint: strings.Replace(to.Endpoint, "127.0.0.1", "localhost", 1), Keys: to.Keys}, status: 403, says: "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.key.public == "" {
				test.key = key
			}
			if test.to == nil {
				test.to = to
			}
			if test.change == nil {
				test.change = func(*webpush.Options) {}
			}
			status, answer := b.push(test.key, test.to, "x", test.change)
			assert.Equal(t, test.status, status, answer)
			assert.Contains(t, answer, test.says)
		})
	}
	status, answer := b.send("POST", strings.TrimPrefix(to.Endpoint, b.url), "x")
	assert.Equal(t, http.StatusUnauthorized, status, answer)
	status, _ = b.send("POST", "/push/subscriptions", `{"applicationServerKey":"AAAA"}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Zero(t, b.readBooks().WebPush.Count)
}

func TestPushToABrowserThatUnsubscribed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key, to := newVAPID(t), b.browser("")
	id := to.Endpoint[strings.LastIndex(to.Endpoint, "/")+1:]
	status, _ := b.send("DELETE", "/push/subscriptions/"+id, "")
	require.Equal(t, http.StatusNoContent, status)
	status, _ = b.push(key, to, "x")
	assert.Equal(t, http.StatusGone, status)
	status, _ = b.send("DELETE", "/push/subscriptions/nope", "")
	assert.Equal(t, http.StatusNotFound, status)
}

func TestPushFaults(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key, to := newVAPID(t), b.browser("")
	for _, status := range []int{403, 404, 410, 413, 429, 500, 503} {
		encoded, err := json.Marshal(map[string]any{"vendor": "webpush", "fault": "error", "operation": "push.send", "times": 1, "status": status})
		require.NoError(t, err)
		b.fault(string(encoded))
		got, answer := b.push(key, to, "x")
		assert.Equal(t, status, got)
		if status == 429 || status == 503 {
			assert.True(t, strings.HasSuffix(answer, "2"), "Retry-After: %s", answer)
		}
	}
	assert.Zero(t, b.readBooks().WebPush.Count)
	status, _ := b.push(key, to, "x")
	assert.Equal(t, http.StatusCreated, status)
}
