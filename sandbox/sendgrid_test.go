package sandbox

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (b *bench) mailer() *sendgrid.Client {
	request := sendgrid.GetRequest("SG.sandbox", "/v3/mail/send", b.url)
	request.Method = rest.Post
	return &sendgrid.Client{Request: request}
}

func ticketMail(to, notification string) *mail.SGMailV3 {
	m := mail.NewSingleEmail(mail.NewEmail("Boxoffice", "tickets@boxoffice.example"), "Your tickets",
		mail.NewEmail("A Customer", to), "Row C, seats 7 and 8", `<p>Row C <img src="cid:qr"></p><script>alert(1)</script>`)
	m.Personalizations[0].SetCustomArg("notification_id", notification)
	m.SetCustomArg("booking_id", "b-1")
	m.AddAttachment(&mail.Attachment{Content: "aGVsbG8=", Type: "image/png", Filename: "qr.png", Disposition: "inline", ContentID: "qr"})
	return m
}

func (b *bench) activity(query string) (int, []map[string]any) {
	b.t.Helper()
	request := sendgrid.GetRequest("SG.sandbox", "/v3/messages", b.url)
	request.Method = rest.Get
	request.QueryParams = map[string]string{"query": query, "limit": "10"}
	res, err := sendgrid.MakeRequest(request)
	require.NoError(b.t, err)
	if res.StatusCode != http.StatusOK {
		return res.StatusCode, nil
	}
	return res.StatusCode, decodeJSON[struct{ Messages []map[string]any }](b.t, res.Body).Messages
}

func TestSendGridSendAndFind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, id := range []string{"n-1", "n-2"} {
		res, err := b.mailer().Send(ticketMail("a@example.com", id))
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, res.StatusCode, res.Body)
		assert.NotEmpty(t, res.Headers["X-Message-Id"])
	}
	for query, want := range map[string]int{
		`unique_args['notification_id']="n-1"`:                              1,
		`(unique_args['notification_id']="n-1")`:                            1,
		`unique_args['notification_id']="n"`:                                0,
		`to_email="A@example.com"`:                                          2,
		`to_email="b@example.com"`:                                          0,
		`to_email="a@example.com" AND unique_args['notification_id']="n-2"`: 1,
		`subject LIKE "Your%"`:                                              2,
		`status="delivered"`:                                                2,
		`status!="delivered"`:                                               0,
		``:                                                                  2,
	} {
		status, messages := b.activity(query)
		assert.Equal(t, http.StatusOK, status, query)
		assert.Len(t, messages, want, query)
	}
	status, _ := b.activity(`drop table`)
	assert.Equal(t, http.StatusBadRequest, status)

	_, messages := b.activity(`unique_args['notification_id']="n-2"`)
	assert.Equal(t, "a@example.com", messages[0]["to_email"])
	assert.Equal(t, "delivered", messages[0]["status"])
	status, body := b.send("GET", "/v3/messages/"+messages[0]["msg_id"].(string), "", "Authorization", "Bearer x")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, map[string]any{"notification_id": "n-2", "booking_id": "b-1"}, decodeJSON[map[string]any](t, body)["unique_args"])
	status, _ = b.send("GET", "/v3/messages/nope", "", "Authorization", "Bearer x")
	assert.Equal(t, http.StatusNotFound, status)

	kept := b.readBooks().SendGrid
	assert.Equal(t, 2, kept.Count)
	assert.Equal(t, "n-1", kept.Messages[0].CustomArgs["notification_id"])
}

func TestSendGridRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const ok = `"from":{"email":"a@b.example"},"subject":"s","content":[{"type":"text/plain","value":"v"}]`
	for name, tc := range map[string]struct{ body, field string }{
		"nobody":         {`{` + ok + `}`, "personalizations"},
		"no to":          {`{"personalizations":[{}],` + ok + `}`, "personalizations.0.to"},
		"bad to":         {`{"personalizations":[{"to":[{"email":"nope"}]}],` + ok + `}`, "personalizations.0.to"},
		"twice":          {`{"personalizations":[{"to":[{"email":"a@b.example"}],"cc":[{"email":"A@b.example"}]}],` + ok + `}`, "personalizations.0"},
		"no from":        {`{"personalizations":[{"to":[{"email":"a@b.example"}]}],"subject":"s","content":[{"type":"text/plain","value":"v"}]}`, "from.email"},
		"no subject":     {`{"personalizations":[{"to":[{"email":"a@b.example"}]}],"from":{"email":"a@b.example"},"content":[{"type":"text/plain","value":"v"}]}`, "subject"},
		"no content":     {`{"personalizations":[{"to":[{"email":"a@b.example"}]}],"from":{"email":"a@b.example"},"subject":"s"}`, "content"},
		"empty content":  {`{"personalizations":[{"to":[{"email":"a@b.example"}]}],"from":{"email":"a@b.example"},"subject":"s","content":[{"type":"text/plain","value":""}]}`, "content.0.value"},
		"html then text": {`{"personalizations":[{"to":[{"email":"a@b.example"}]}],"from":{"email":"a@b.example"},"subject":"s","content":[{"type":"text/html","value":"h"},{"type":"text/plain","value":"v"}]}`, "content"},
	} {
		status, body := b.send("POST", "/v3/mail/send", tc.body, "Authorization", "Bearer SG.x", "Content-Type", "application/json")
		assert.Equal(t, http.StatusBadRequest, status, name)
		got := decodeJSON[struct{ Errors []sendgridError }](t, body).Errors
		if assert.Len(t, got, 1, name) && assert.NotNil(t, got[0].Field, name) {
			assert.Equal(t, tc.field, *got[0].Field, name)
		}
	}
	status, _ := b.send("POST", "/v3/mail/send", `{`, "Authorization", "Bearer SG.x")
	assert.Equal(t, http.StatusBadRequest, status)
	status, body := b.send("POST", "/v3/mail/send", `{}`)
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, body, "authorization grant")
	status, _ = b.send("POST", "/v3/mail/send", `{}`, "Authorization", "Bearer SG.x", "Content-Type", "text/xml")
	assert.Equal(t, http.StatusUnsupportedMediaType, status)
	assert.Zero(t, b.readBooks().SendGrid.Count)
}

func TestSendGridFaults(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fault(`{"vendor":"sendgrid","fault":"reply_lost","operation":"mail.send","times":1}`)
	_, err := b.mailer().Send(ticketMail("a@example.com", "n-1"))
	require.Error(t, err)
	_, found := b.activity(`unique_args['notification_id']="n-1"`)
	assert.Len(t, found, 1, "accepted all the same, and can be asked for")
	b.fault(`{"vendor":"sendgrid","fault":"error","operation":"mail.send","times":1,"status":503}`)
	res, err := b.mailer().Send(ticketMail("a@example.com", "n-2"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	assert.Equal(t, 1, b.readBooks().SendGrid.Count)
}

func TestInbox(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.mailer().Send(ticketMail("a@example.com", "n-1"))
	require.NoError(t, err)
	_, err = b.sms().CreateMessage(smsParams("+14155550100", "Your seats: C7, C8"))
	require.NoError(t, err)

	_, body := b.send("GET", "/inbox.json", "")
	all := decodeJSON[struct{ Messages []letter }](t, body).Messages
	require.Len(t, all, 2)
	assert.Equal(t, "Your seats: C7, C8", all[0].Text, "newest first")
	assert.Contains(t, all[1].HTML, "cid:qr")
	for to, want := range map[string]int{"A@Example.com": 1, "+14155550100": 1, "%2B14155550100": 1, "nobody@example.com": 0} {
		_, body := b.send("GET", "/inbox.json?to="+to, "")
		assert.Len(t, decodeJSON[struct{ Messages []letter }](t, body).Messages, want, to)
	}
	_, page := b.send("GET", "/inbox", "")
	assert.Contains(t, page, "Your tickets")
	assert.Contains(t, page, "C7, C8")
	_, page = b.send("GET", "/inbox?to=a@example.com", "")
	assert.NotContains(t, page, "C7, C8")

	status, page := b.send("GET", "/inbox/"+url.PathEscape(all[1].ID), "")
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, `sandbox="allow-popups allow-popups-to-escape-sandbox"`)
	assert.NotContains(t, page, "<script>", "only inside the frame's attribute, escaped")
	assert.Contains(t, page, "&lt;script&gt;")
	assert.Contains(t, page, "data:image/png;base64,aGVsbG8=", "the mail's own picture is shown")
	assert.Contains(t, page, "n-1")
	status, file := b.send("GET", all[1].Attachments[0].URL, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "hello", file)
	for _, path := range []string{"/inbox/nope", "/inbox/nope/attachments/0", "/inbox/" + all[1].ID + "/attachments/9"} {
		status, _ = b.send("GET", path, "")
		assert.Equal(t, http.StatusNotFound, status, path)
	}
}
