// Package sendgrid sends mail through SendGrid's v3 API.
package sendgrid

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/wire"
)

const vendor = "sendgrid"

// argNotification is the custom argument by which a message is found again.
const argNotification = "notification_id"

// Options say as whom to send.
type Options struct {
	APIKey string
	// URL of the API, for the sandbox or SendGrid's EU region. Empty means the
	// global one.
	URL      string
	From     string // a verified sender
	FromName string
	// Categories group the messages in SendGrid's statistics.
	Categories []string
}

// Sender implements notify.Sender.
type Sender struct {
	opts      Options
	transport http.RoundTripper
}

var _ notify.Sender = (*Sender)(nil)

// New makes a sender with its own connections.
func New(opts Options) *Sender {
	opts.URL = strings.TrimRight(opts.URL, "/")
	if opts.Categories == nil {
		opts.Categories = []string{"booking"}
	}
	return &Sender{opts: opts, transport: wire.NewTransport()}
}

// Name implements notify.Sender.
func (s *Sender) Name() string { return vendor }

// Send hands the mail over. SendGrid answers 202 when it is queued.
// https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
func (s *Sender) Send(ctx context.Context, message booking.Message) (string, error) {
	request := sendgrid.GetRequest(s.opts.APIKey, "/v3/mail/send", s.opts.URL)
	request.Method = rest.Post
	request.Body = mail.GetRequestBody(s.mail(message))
	call, res, err := s.do(ctx, request)
	if !call.Accepted() {
		return "", s.refusal(call.Failed(errorField(res), err))
	}
	if err != nil { // accepted, and the rest of the answer was lost
		return "", nil
	}
	return http.Header(res.Headers).Get("X-Message-Id"), nil
}

// Find looks the mail up in the Email Activity feed, by the custom argument that
// it carries. The feed is an add-on of the account and a scope of the key;
// without them SendGrid answers 400 or 403. It allows 6 requests a minute.
// https://www.twilio.com/docs/sendgrid/api-reference/email-activity/filter-all-messages
func (s *Sender) Find(ctx context.Context, message booking.Message, _ time.Time) (string, bool, error) {
	request := sendgrid.GetRequest(s.opts.APIKey, "/v3/messages", s.opts.URL)
	request.Method = rest.Get
	request.QueryParams = map[string]string{
		"query": `unique_args['` + argNotification + `']="` + message.NotificationID + `"`,
		"limit": "1",
	}
	call, res, err := s.do(ctx, request)
	if err != nil || !call.Accepted() {
		return "", false, call.FailedAsking(errorField(res), err)
	}
	var list struct {
		Messages []struct {
			ID string `json:"msg_id"`
		} `json:"messages"`
	}
	if err := json.Unmarshal([]byte(res.Body), &list); err != nil {
		return "", false, call.FailedAsking("answer is not a list of messages", err)
	}
	if len(list.Messages) == 0 {
		return "", false, nil
	}
	return list.Messages[0].ID, true, nil
}

func (s *Sender) do(ctx context.Context, request rest.Request) (*wire.Call, *rest.Response, error) {
	call := wire.NewCall(ctx, vendor, nil, s.transport)
	client := rest.Client{HTTPClient: call.Client()}
	res, err := client.SendWithContext(ctx, request)
	return call, res, err
}

func (s *Sender) mail(message booking.Message) *mail.SGMailV3 {
	to := mail.NewPersonalization()
	to.AddTos(mail.NewEmail(message.ToName, message.To))
	m := mail.NewV3Mail()
	m.SetFrom(mail.NewEmail(s.opts.FromName, s.opts.From))
	m.Subject = message.Subject
	m.AddPersonalizations(to)
	m.AddContent(mail.NewContent("text/plain", message.Text), mail.NewContent("text/html", message.HTML))
	m.AddCategories(s.opts.Categories...)
	m.SetCustomArg(argNotification, message.NotificationID)
	// Rewritten links and tracking pixels have no place in a ticket.
	off := false
	m.SetTrackingSettings(&mail.TrackingSettings{
		ClickTracking: &mail.ClickTrackingSetting{Enable: &off, EnableText: &off},
		OpenTracking:  &mail.OpenTrackingSetting{Enable: &off},
	})
	return m
}

// refusal tells a sender address that SendGrid does not take, which staff can
// repair, from a message that it does not take.
func (s *Sender) refusal(failure *notify.VendorError) *notify.VendorError {
	if failure.Outcome == notify.OutcomeRefused && strings.HasPrefix(failure.Reason, "from") {
		failure.Outcome = notify.OutcomeDenied
	}
	return failure
}

// errorField names what SendGrid complains about. Its message is left out: it may
// quote the address.
func errorField(res *rest.Response) string {
	if res == nil {
		return ""
	}
	var body struct {
		Errors []struct {
			Field string `json:"field"`
		} `json:"errors"`
	}
	if json.Unmarshal([]byte(res.Body), &body) != nil || len(body.Errors) == 0 {
		return ""
	}
	return body.Errors[0].Field
}
