package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

const account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// toSandbox sends what is meant for api.twilio.com to the sandbox.
type toSandbox struct{ base *url.URL }

func (r toSandbox) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host = r.base.Scheme, r.base.Host
	return http.DefaultTransport.RoundTrip(req)
}

func (b *bench) sms() *openapi.ApiService {
	b.t.Helper()
	base, err := url.Parse(b.url)
	require.NoError(b.t, err)
	c := &client.Client{Credentials: client.NewCredentials(account, "token"), HTTPClient: &http.Client{Transport: toSandbox{base}}}
	c.SetAccountSid(account)
	return openapi.NewApiServiceWithClient(c)
}

func smsParams(to, text string) *openapi.CreateMessageParams {
	return (&openapi.CreateMessageParams{}).SetTo(to).SetFrom("+14155550199").SetBody(text)
}

func TestTwilioSendAndFind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sms := b.sms()
	start := time.Now()
	var last *openapi.ApiV2010Message
	for _, text := range []string{"one", "two", "three"} {
		m, err := sms.CreateMessage(smsParams("+14155550100", text))
		require.NoError(t, err)
		assert.Regexp(t, `^SM[0-9a-f]{32}$`, *m.Sid)
		assert.Equal(t, "queued", *m.Status)
		assert.Nil(t, m.DateSent)
		last = m
	}
	viaService, err := sms.CreateMessage((&openapi.CreateMessageParams{}).SetTo("+14155550101").SetMessagingServiceSid("MGx").SetBody("four"))
	require.NoError(t, err)
	assert.Equal(t, "accepted", *viaService.Status)

	got, err := sms.FetchMessage(*last.Sid, nil)
	require.NoError(t, err)
	assert.Equal(t, "delivered", *got.Status)
	assert.Equal(t, "three", *got.Body)

	texts := func(p *openapi.ListMessageParams) []string {
		list, err := sms.ListMessage(p)
		require.NoError(t, err)
		out := []string{}
		for _, m := range list {
			out = append(out, *m.Body)
		}
		return out
	}
	toFirst := func() *openapi.ListMessageParams { return (&openapi.ListMessageParams{}).SetTo("+14155550100") }
	assert.Equal(t, []string{"three", "two", "one"}, texts(toFirst().SetPageSize(2)), "over two pages")
	assert.Equal(t, []string{"three", "two", "one"}, texts(toFirst().SetDateSentAfter(start)))
	assert.Empty(t, texts(toFirst().SetDateSentAfter(start.Add(time.Hour))))
	assert.Empty(t, texts(toFirst().SetDateSentBefore(start.Add(-time.Hour))))
	assert.Len(t, texts(&openapi.ListMessageParams{}), 4)

	kept := b.readBooks().Twilio
	assert.Equal(t, 4, kept.Count)
	assert.Equal(t, "one", kept.Messages[0].Body)
}

func TestTwilioRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sms := b.sms()
	for code, p := range map[int]*openapi.CreateMessageParams{
		21211: smsParams("+15005550001", "x"),
		21610: smsParams("+15005550004", "x"),
		21614: smsParams("+15005550009", "x"),
		21604: smsParams("", "x"),
		21602: smsParams("+14155550100", ""),
		21617: smsParams("+14155550100", strings.Repeat("x", 1601)),
		21603: (&openapi.CreateMessageParams{}).SetTo("+14155550100").SetBody("x"),
		21606: smsParams("+14155550100", "x").SetFrom("+15005550007"),
		21212: smsParams("+14155550100", "x").SetFrom("not a sender at all"),
	} {
		_, err := sms.CreateMessage(p)
		var refusal *client.TwilioRestError
		if assert.True(t, errors.As(err, &refusal), "%d: %v", code, err) {
			assert.Equal(t, code, refusal.Code)
			assert.Equal(t, http.StatusBadRequest, refusal.Status)
			assert.NotEmpty(t, refusal.MoreInfo)
		}
	}
	var refusal *client.TwilioRestError
	_, err := sms.CreateMessage(smsParams("0171 2345", "x"))
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 21211, refusal.Code)
	_, err = sms.FetchMessage("SMnope", nil)
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 20404, refusal.Code)
	status, body := b.send("GET", "/2010-04-01/Accounts/"+account+"/Messages.json", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, body, "20003")
	assert.Zero(t, b.readBooks().Twilio.Count)
}

func TestTwilioFaults(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sms := b.sms()
	b.fault(`{"vendor":"twilio","fault":"reply_lost","operation":"messages.create","times":1}`)
	_, err := sms.CreateMessage(smsParams("+14155550100", "x"))
	require.Error(t, err)
	assert.Equal(t, 1, b.readBooks().Twilio.Count)
	b.fault(`{"vendor":"twilio","fault":"error","times":1,"status":503}`)
	var refusal *client.TwilioRestError
	_, err = sms.CreateMessage(smsParams("+14155550100", "x"))
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 503, refusal.Status)
	assert.Equal(t, 1, b.readBooks().Twilio.Count)
}

func TestSegments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 1, "hello": 1, strings.Repeat("a", 160): 1, strings.Repeat("a", 161): 2, strings.Repeat("é", 160): 1, strings.Repeat("я", 70): 1, strings.Repeat("я", 71): 2} {
		assert.Equal(t, want, segments(text), text)
	}
}
