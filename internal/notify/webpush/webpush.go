// Package webpush sends messages to browsers through their push services: Web Push (RFC
// 8030) with our VAPID key (RFC 8292), encrypted for the browser (RFC 8291).
//
// The message is in the form of declarative web push (W3C Push API, 2025), which Safari
// shows by itself. In other browsers the page's service worker shows it.
package webpush

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/wire"
	"github.com/boxoffice/boxoffice/internal/outbound"
)

const vendor = "webpush"

const (
	// maxPayload is below what any push service takes: 3,993 bytes of text in 4,096.
	maxPayload = 3000
	// longestPause is the most that a Retry-After is taken for.
	longestPause = time.Hour
	// maxReason is how much of a refusal goes into the log, in characters.
	maxReason = 200
)

// Options say as whom to send.
type Options struct {
	// PublicKey and PrivateKey are ours (RFC 8292), base64url.
	PublicKey, PrivateKey string
	// Subject is where push services reach us, mailto: or https:.
	Subject string
	// SandboxURL is the one address that need not be on the public internet.
	SandboxURL string
}

// Sender implements notify.Sender.
type Sender struct {
	opts      Options
	transport http.RoundTripper
}

var _ notify.Sender = (*Sender)(nil)

// New makes a sender with its own connections.
func New(opts Options) *Sender {
	// The library puts mailto: in front of what is no https: address.
	opts.Subject = strings.TrimPrefix(opts.Subject, "mailto:")
	s := &Sender{opts: opts}
	ways := ways{public: wire.NewGuardedTransport(outbound.Control)}
	if box, err := url.Parse(opts.SandboxURL); err == nil && box.Host != "" {
		ways.sandbox, ways.open = box.Host, wire.NewTransport()
	}
	s.transport = ways
	return s
}

// Name implements notify.Sender.
func (s *Sender) Name() string { return vendor }

// Send hands the message to the browser's push service.
func (s *Sender) Send(ctx context.Context, message booking.Message) (string, error) {
	push := message.Push
	if push == nil {
		return "", &notify.VendorError{Vendor: vendor, Outcome: notify.OutcomeRefused, Reason: "not a message for a browser"}
	}
	body, err := payload(message)
	if err != nil {
		return "", &notify.VendorError{Vendor: vendor, Outcome: notify.OutcomeRefused, Reason: "cannot be written as JSON"}
	}
	urgency := webpush.UrgencyNormal
	if push.Urgent {
		urgency = webpush.UrgencyHigh
	}
	call := wire.NewCall(ctx, vendor, nil, s.transport)
	answer, err := webpush.SendNotificationWithContext(ctx, body, &webpush.Subscription{
		Endpoint: message.To,
		Keys:     webpush.Keys{P256dh: base64.RawURLEncoding.EncodeToString(push.P256DH), Auth: base64.RawURLEncoding.EncodeToString(push.Auth)},
	}, &webpush.Options{
		// The library's token lasts 12 hours; push services refuse more than 24.
		HTTPClient: call.Client(), Subscriber: s.opts.Subject, VAPIDPublicKey: s.opts.PublicKey, VAPIDPrivateKey: s.opts.PrivateKey,
		Topic: push.Topic, TTL: int(push.KeepFor.Seconds()), Urgency: urgency,
	})
	if answer != nil {
		defer answer.Body.Close()
	}
	if call.Accepted() {
		return accepted(answer), nil
	}
	return "", refusal(call, message, answer, err)
}

// accepted is the push service's name of the message, if it gives one (RFC 8030, section 5).
func accepted(answer *http.Response) string {
	if answer != nil && answer.Header.Get("Location") != "" {
		return answer.Header.Get("Location")
	}
	return "accepted"
}

// Find implements notify.Sender: no push service says what it has.
func (s *Sender) Find(context.Context, booking.Message, time.Time) (string, bool, error) {
	return "", false, &notify.VendorError{Vendor: vendor, Outcome: notify.OutcomeUnaskable}
}

// refusal says what an answer means (RFC 8030, section 5; RFC 8292, section 4).
func refusal(call *wire.Call, message booking.Message, answer *http.Response, cause error) error {
	if answer == nil {
		failure := call.Failed("", cause)
		var inside *outbound.Refused
		if errors.As(cause, &inside) {
			failure.Outcome, failure.Reason = notify.OutcomeRefused, "leads to no https address on the public internet"
		}
		return failure
	}
	failure := call.Failed(reason(answer, message), cause)
	failure.RetryAfter = retryAfter(answer.Header.Get("Retry-After"), time.Now())
	switch answer.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		failure.Outcome = notify.OutcomeGone
	case http.StatusUnauthorized, http.StatusForbidden:
		// Our key or subject, or a browser that subscribed with another key. It is not
		// forgotten: the right key may come back.
		failure.Outcome = notify.OutcomeDenied
	}
	return failure
}

// reason is what the push service says, for the log. What quotes the address is left out:
// who has it could tell one customer's browser from another's.
func reason(answer *http.Response, message booking.Message) string {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 4*maxReason))
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " ")
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason]) + "…"
	}
	if strings.Contains(text, message.To) || strings.Contains(text, message.To[strings.LastIndex(message.To, "/")+1:]) {
		return ""
	}
	return text
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return min(max(0, time.Duration(min(seconds, 1<<30))*time.Second), longestPause)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, at.Sub(now)), longestPause)
	}
	return 0
}

// declaration is the declarative form. The number is what browsers know it by.
type declaration struct {
	WebPush      int          `json:"web_push"`
	Notification notification `json:"notification"`
}

type notification struct {
	Title     string `json:"title"`
	Body      string `json:"body"`
	Navigate  string `json:"navigate"`
	Language  string `json:"lang"`
	Direction string `json:"dir"`
	Tag       string `json:"tag"`
	Icon      string `json:"icon,omitempty"`
}

// payload writes the message, its text cut as far as needed.
func payload(message booking.Message) ([]byte, error) {
	form := declaration{8030, notification{
		Title: message.Subject, Body: message.Text, Navigate: message.Push.Link,
		Language: message.Push.Language, Direction: message.Push.Direction, Tag: message.Push.Tag, Icon: message.Push.Icon,
	}}
	for _, text := range []*string{&form.Notification.Body, &form.Notification.Title} {
		full := []rune(*text)
		for keep := len(full); ; keep -= max(1, keep/16) {
			if keep < len(full) {
				*text = string(full[:max(0, keep)]) + "…"
			}
			body, err := json.Marshal(form)
			if err != nil || len(body) <= maxPayload {
				return body, err
			}
			if keep <= 0 {
				break
			}
		}
	}
	return nil, errors.New("too long without any text")
}

// ways are how push services are reached: on the public internet only, but for the sandbox.
type ways struct {
	public, open http.RoundTripper
	sandbox      string // its host and port; empty without one
}

// RoundTrip implements http.RoundTripper. It says that the content is declarative, which
// the library has no option for.
func (w ways) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Content-Type", "application/notification+json")
	if w.sandbox != "" && req.URL.Host == w.sandbox {
		return w.open.RoundTrip(req)
	}
	if req.URL.Scheme != "https" {
		return nil, &outbound.Refused{Reason: "Must begin with https://."}
	}
	return w.public.RoundTrip(req)
}
