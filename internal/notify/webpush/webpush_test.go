package webpush_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	library "github.com/SherClockHolmes/webpush-go"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
	"github.com/boxoffice/boxoffice/internal/notify/webpush"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

// vapid is a pair of our keys.
type vapid struct{ private, public string }

var ours, another = newVAPID(), newVAPID()

func newVAPID() vapid {
	private, public, err := library.GenerateVAPIDKeys()
	if err != nil {
		panic(err)
	}
	return vapid{private, public}
}

// sandboxes has the addresses where a browser can subscribe: the suite also sends to
// servers of its own.
var sandboxes sync.Map

func TestConformance(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, notifytest.Setup{
		Vendor: "webpush", SendOperation: "push.send", Silent: true, Gone: []int{http.StatusNotFound, http.StatusGone},
		Sandbox:        startSandbox,
		Open:           func(_ *testing.T, url string) notify.Sender { return open(url, ours) },
		OpenWithoutKey: func(_ *testing.T, url string) notify.Sender { return open(url, another) },
		Message:        message,
		Refused: func(t *testing.T, url string) booking.Message {
			m := message(t, url)
			m.Push.Topic = strings.Repeat("x", 33)
			return m
		},
	})
}

func TestMessageIsDeclarative(t *testing.T) {
	t.Parallel()
	box := notifytest.Box{URL: startSandbox(t), Vendor: "webpush"}
	m := message(t, box.URL)
	m.Push.Urgent = true
	_, err := open(box.URL, ours).Send(t.Context(), m)
	require.NoError(t, err)
	sent := box.Sent(t, m.To)
	require.Len(t, sent, 1)
	assert.Equal(t, m.Subject, sent[0].Subject)
	assert.Equal(t, m.Text, sent[0].Text)
	assert.Equal(t, map[string]string{
		"navigate": "https://boxoffice.example/bookings/1", "lang": "en", "dir": "ltr", "tag": "booking-1",
		"icon": "https://boxoffice.example/icon.png",
	}, sent[0].CustomArgs)
	assert.Equal(t, map[string]string{
		"TTL": "5400", "Topic": "topic_of-the-booking", "Urgency": "high", "Content-Type": "application/notification+json",
	}, sent[0].Headers)

	m.Push.Urgent = false
	_, err = open(box.URL, ours).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "normal", box.Sent(t, m.To)[0].Headers["Urgency"])
}

// Push services and browsers take 4,096 bytes; titles of movies have no limit.
func TestLongMessagesAreCut(t *testing.T) {
	t.Parallel()
	box := notifytest.Box{URL: startSandbox(t), Vendor: "webpush"}
	for name, change := range map[string]func(*booking.Message){
		"body":          func(m *booking.Message) { m.Text = strings.Repeat("दिल ", 2000) },
		"title":         func(m *booking.Message) { m.Subject = strings.Repeat("🎬", 2000) },
		"both, escaped": func(m *booking.Message) { m.Subject, m.Text = strings.Repeat("<", 3000), strings.Repeat("\x01", 3000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := message(t, box.URL)
			change(&m)
			_, err := open(box.URL, ours).Send(t.Context(), m)
			require.NoError(t, err)
			sent := box.Sent(t, m.To)
			require.Len(t, sent, 1)
			again, err := json.Marshal([]string{sent[0].Subject, sent[0].Text})
			require.NoError(t, err)
			assert.Less(t, len(again), 3000)
			assert.Greater(t, len(again), 2000, "no more is cut than has to be")
			assert.Contains(t, sent[0].Subject+sent[0].Text, "…")
			assert.NotContains(t, sent[0].Subject+sent[0].Text, "\uFFFD", "a rune stays whole")
			assert.Equal(t, "booking-1", sent[0].CustomArgs["tag"])
		})
	}
}

// What Apple, Mozilla and Google check of the token.
func TestTokenIsForThePushService(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"mailto:push@boxoffice.com", "https://boxoffice.com/contact"} {
		var header string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header = r.Header.Get("Authorization")
			w.WriteHeader(http.StatusCreated)
		}))
		t.Cleanup(server.Close)
		sender := webpush.New(webpush.Options{PublicKey: ours.public, PrivateKey: ours.private, Subject: subject, SandboxURL: server.URL})
		id, err := sender.Send(t.Context(), message(t, server.URL))
		require.NoError(t, err)
		assert.NotEmpty(t, id, "also of a push service that names no message")
		token, key, found := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
		require.True(t, found, header)
		assert.Equal(t, ours.public, key)
		var claims jwt.RegisteredClaims
		_, _, err = jwt.NewParser().ParseUnverified(token, &claims)
		require.NoError(t, err)
		assert.Equal(t, jwt.ClaimStrings{server.URL}, claims.Audience)
		assert.Equal(t, subject, claims.Subject)
		assert.WithinDuration(t, time.Now().Add(12*time.Hour), claims.ExpiresAt.Time, time.Minute)
	}
}

func TestRefusalsSayWhyAndForHowLong(t *testing.T) {
	t.Parallel()
	var status int
	var retryAfter, body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "{path}", r.URL.Path))
	}))
	t.Cleanup(server.Close)
	inAMinute := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	for _, test := range []struct {
		status               int
		retryAfter, body     string
		outcome              notify.Outcome
		pauseLeast, pauseMax time.Duration
		says                 string
	}{
		{429, "120", "", notify.OutcomeNotAccepted, 120 * time.Second, 120 * time.Second, ""},
		{503, inAMinute, "", notify.OutcomeNotAccepted, 30 * time.Second, time.Minute, ""},
		{429, "99999999999", "", notify.OutcomeNotAccepted, time.Hour, time.Hour, ""},
		{503, "soon", "", notify.OutcomeNotAccepted, 0, 0, ""},
		{403, "", `{"reason":"BadJwtToken"}`, notify.OutcomeDenied, 0, 0, `{"reason":"BadJwtToken"}`},
		{401, "", "two\n  lines", notify.OutcomeDenied, 0, 0, "two lines"},
		{403, "", "no such thing: {path}", notify.OutcomeDenied, 0, 0, "HTTP 403"},
		{413, "", "Payload too large", notify.OutcomeRefused, 0, 0, "Payload too large"},
		{403, "", strings.Repeat("x", 5000), notify.OutcomeDenied, 0, 0, "x…"},
	} {
		status, retryAfter, body = test.status, test.retryAfter, test.body
		m := message(t, server.URL)
		_, err := open(server.URL, ours).Send(t.Context(), m)
		var vendor *notify.VendorError
		require.ErrorAs(t, err, &vendor)
		assert.Equal(t, test.outcome.String(), vendor.Outcome.String(), vendor)
		assert.GreaterOrEqual(t, vendor.RetryAfter, test.pauseLeast, vendor)
		assert.LessOrEqual(t, vendor.RetryAfter, test.pauseMax, vendor)
		assert.Contains(t, err.Error(), test.says)
		assert.NotContains(t, err.Error(), m.To[strings.LastIndex(m.To, "/")+1:], "who reads the log must not know the address")
		assert.Less(t, len(err.Error()), 300)
	}
}

// A customer gives the address, so it may lead anywhere (SSRF).
func TestOnlyThePublicInternetIsCalled(t *testing.T) {
	t.Parallel()
	called := false
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	t.Cleanup(inside.Close)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	t.Cleanup(plain.Close)
	for _, endpoint := range []string{
		inside.URL, plain.URL, "https://localhost", "https://10.0.0.1", "https://[::1]", "https://169.254.169.254", "http://push.example",
	} {
		m := message(t, "http://sandbox.example")
		m.To = endpoint + "/push/secret"
		_, err := open("http://sandbox.example", ours).Send(t.Context(), m)
		var vendor *notify.VendorError
		require.ErrorAs(t, err, &vendor, endpoint)
		assert.Equal(t, notify.OutcomeRefused.String(), vendor.Outcome.String(), endpoint)
		assert.Contains(t, vendor.Reason, "public internet", endpoint)
	}
	assert.False(t, called)
}

func TestMessageOfAnotherChannelIsRefused(t *testing.T) {
	t.Parallel()
	_, err := open("", ours).Send(t.Context(), booking.Message{To: "+919800000001", Text: "x"})
	var vendor *notify.VendorError
	require.ErrorAs(t, err, &vendor)
	assert.Equal(t, notify.OutcomeRefused, vendor.Outcome)
}

func open(url string, key vapid) notify.Sender {
	return webpush.New(webpush.Options{PublicKey: key.public, PrivateKey: key.private, Subject: "mailto:push@boxoffice.com", SandboxURL: url})
}

// message is one to a browser that subscribed at the address or, if that is no sandbox,
// one that might have.
func message(t *testing.T, url string) booking.Message {
	t.Helper()
	box := notifytest.Box{URL: url, Vendor: "webpush"}
	var browser notifytest.Browser
	if _, known := sandboxes.Load(url); known {
		browser = box.Subscribe(t, ours.public)
	} else {
		browser.Endpoint = url + "/push/" + uuid.NewString()
		browser.Keys.P256DH, browser.Keys.Auth = another.public, "BTBZMqHH6r4Tts7J_aSIgg"
	}
	m := booking.Message{
		NotificationID: uuid.NewString(), To: browser.Endpoint, Subject: "Booked: The Long Night", Text: "Seats C7,C8.",
		Push: &booking.Push{
			Link: "https://boxoffice.example/bookings/1", Icon: "https://boxoffice.example/icon.png", Language: "en", Direction: "ltr", Tag: "booking-1",
			Topic: "topic_of-the-booking", KeepFor: 90 * time.Minute,
		},
	}
	m.Push.P256DH, m.Push.Auth = browser.Bytes(t)
	return m
}

func startSandbox(t *testing.T) string {
	t.Helper()
	address := sandboxtest.New(t)
	sandboxes.Store(address, true)
	return address
}
