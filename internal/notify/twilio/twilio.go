// Package twilio sends text messages through Twilio's Programmable Messaging.
package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/wire"
)

const vendor = "twilio"

// recent is how many messages to one number are looked through.
const recent = 100

// Options say as whom to send.
type Options struct {
	AccountSID string
	AuthToken  string
	// URL of the API, for the sandbox. Empty means Twilio's.
	URL string
	// From is a number of the account, or the SID of a messaging service (MG…).
	From string
}

// Sender implements notify.Sender.
type Sender struct {
	opts      Options
	base      *url.URL
	transport http.RoundTripper
}

var _ notify.Sender = (*Sender)(nil)

// New makes a sender with its own connections.
func New(opts Options) (*Sender, error) {
	s := &Sender{opts: opts, transport: wire.NewTransport()}
	if opts.URL == "" {
		return s, nil
	}
	base, err := url.Parse(opts.URL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("twilio: %q is not the address of an API", opts.URL)
	}
	s.base = base
	return s, nil
}

// Name implements notify.Sender.
func (s *Sender) Name() string { return vendor }

// Send hands the text over. Twilio answers 201 when it is queued.
// https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
func (s *Sender) Send(ctx context.Context, message booking.Message) (string, error) {
	params := &api.CreateMessageParams{}
	params.SetTo(message.To).SetBody(message.Text)
	if strings.HasPrefix(s.opts.From, "MG") {
		params.SetMessagingServiceSid(s.opts.From)
	} else {
		params.SetFrom(s.opts.From)
	}
	call, service := s.service(ctx)
	created, err := service.CreateMessage(params)
	if !call.Accepted() {
		return "", refusal(call.Failed(reason(err), err), err)
	}
	if err != nil || created.Sid == nil { // accepted, and the rest of the answer was lost
		return "", nil
	}
	return *created.Sid, nil
}

// Find lists the latest messages to the number and compares their texts: Twilio
// keeps no reference of ours. The list is not filtered by DateSent, because a
// message that is still queued has none.
// https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
func (s *Sender) Find(ctx context.Context, message booking.Message, since time.Time) (string, bool, error) {
	params := &api.ListMessageParams{}
	params.SetTo(message.To).SetPageSize(recent)
	call, service := s.service(ctx)
	page, err := service.PageMessage(params, "", "")
	if err != nil || !call.Accepted() {
		return "", false, call.FailedAsking(reason(err), err)
	}
	// Newest first, for any order of the page. Twilio's times are whole seconds.
	since = since.Truncate(time.Second)
	found, newest := "", time.Time{}
	for _, m := range page.Messages {
		created, ok := createdAt(m)
		if !ok || created.Before(since) || created.Before(newest) || !sameText(m, message.Text) || m.Sid == nil {
			continue
		}
		if found == "" || created.After(newest) {
			found, newest = *m.Sid, created
		}
	}
	return found, found != "", nil
}

func (s *Sender) service(ctx context.Context) (*wire.Call, *api.ApiService) {
	call := wire.NewCall(ctx, vendor, s.base, s.transport)
	base := &client.Client{
		Credentials: client.NewCredentials(s.opts.AccountSID, s.opts.AuthToken),
		HTTPClient:  call.Client(),
	}
	base.SetAccountSid(s.opts.AccountSID)
	return call, api.NewApiServiceWithClient(base)
}

func createdAt(m api.ApiV2010Message) (time.Time, bool) {
	if m.DateCreated == nil {
		return time.Time{}, false
	}
	created, err := time.Parse(time.RFC1123Z, *m.DateCreated)
	return created, err == nil
}

// sameText allows the notice that trial accounts put in front of every message.
func sameText(m api.ApiV2010Message, text string) bool {
	return m.Body != nil && strings.HasSuffix(*m.Body, text)
}

// Error codes that come with a 400 and yet are not about the message: our number
// or messaging service is not in order, so that staff can repair it.
// https://www.twilio.com/docs/api/errors
var oursToMend = []int{21212, 21222, 21224, 21601, 21603, 21606, 21659, 21660, 21701, 21702, 21703, 21704, 21705}

// queueFull: too many messages wait for our number.
const queueFull = 21611

func refusal(failure *notify.VendorError, err error) *notify.VendorError {
	var rest *client.TwilioRestError
	if !errors.As(err, &rest) {
		return failure
	}
	switch {
	case slices.Contains(oursToMend, rest.Code):
		failure.Outcome = notify.OutcomeDenied
	case rest.Code == queueFull:
		failure.Outcome = notify.OutcomeNotAccepted
	}
	return failure
}

// reason gives Twilio's error code. Its message is left out: it quotes the number.
func reason(err error) string {
	var rest *client.TwilioRestError
	if errors.As(err, &rest) {
		return fmt.Sprintf("error %d", rest.Code)
	}
	return ""
}
