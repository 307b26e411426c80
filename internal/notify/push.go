package notify

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// A message by push goes to every browser of the customer. Its row in notifications is
// pending until all of them have it; each browser has a row in push_deliveries, so that a
// repeat reaches only those that lack it. A push service cannot be asked what it has, and
// need not be: a message with the topic and tag of the booking replaces the one before.

const (
	// A push service keeps a message for a browser that is away until the show begins.
	leastKept = time.Minute
	mostKept  = 4 * 7 * 24 * time.Hour
)

// Await tells whether any browser may lack a message by push. It is for what must not
// depend on push services, for customers who have no use for them.
func (s *Service) Await(ctx context.Context, n booking.Notification) (bool, error) {
	if english.Notices[n.Notice].Push == nil {
		return false, nil
	}
	return s.store.awaited(ctx, n)
}

// sendPush sends one notification to the browsers that lack it. Codes as of Send.
func (s *Service) sendPush(ctx context.Context, d *dispatch) error {
	sender, configured := s.senders[booking.ChannelPush]
	if !configured || english.Notices[d.Notice].Push == nil {
		return nil
	}
	if reason := d.reasonToSkip(true); reason != "" {
		if d.id == "" { // no browser was to get it, or none yet
			return nil
		}
		return s.store.skip(ctx, d.Notification, reason)
	}
	messages, err := s.writer.writePushes(d)
	if err != nil {
		return err
	}
	due, err := s.store.claimBrowsers(ctx, d, sender.Name(), s.sendWithin)
	if err != nil || d.id == "" {
		return err
	}
	cause := s.sendToAll(ctx, d, sender, messages, due)
	return s.settlePush(ctx, d, cause)
}

// sendToAll sends to the browsers at once, and gives the worst of what happened.
func (s *Service) sendToAll(ctx context.Context, d *dispatch, sender Sender, messages map[string]booking.Message, due []browser) error {
	failures := make([]error, len(due))
	var all sync.WaitGroup
	for i, to := range due {
		message := messages[pushLanguage(to.Language).Language]
		all.Go(func() { failures[i] = s.sendToBrowser(ctx, d, sender, message, to) })
	}
	all.Wait()
	var worst error
	for _, failure := range failures {
		if failure != nil && (worst == nil || outcomeOf(failure) == OutcomeDenied) {
			worst = failure
		}
	}
	return worst
}

// sendToBrowser sends to one browser and records the outcome. The error is that of
// the push service; it is nil when there is nothing left to do for this browser.
func (s *Service) sendToBrowser(ctx context.Context, d *dispatch, sender Sender, message booking.Message, to browser) error {
	push := *message.Push
	push.P256DH, push.Auth = to.P256DH, to.Auth
	message.NotificationID, message.To, message.Push = d.id, to.Endpoint, &push
	call, cancel := context.WithTimeout(ctx, s.sendWithin)
	defer cancel()
	_, failure := sender.Send(call, message)

	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer done()
	if failure != nil {
		s.log.WarnContext(ctx, "message not sent", "booking_id", d.BookingID, "channel", d.Channel, "notice", d.Notice,
			"subscription_id", to.ID, "cause", failure)
	}
	kept := s.store.recordBrowser(ctx, d, to, failure)
	switch outcome := outcomeOf(failure); {
	case kept != nil:
		return errors.Join(failure, kept)
	case failure == nil, outcome == OutcomeGone:
		return nil
	case outcome == OutcomeRefused:
		s.tellOfRefusal(ctx, d, failure)
		return nil
	case outcome == OutcomeDenied:
		s.tellOfDenial(ctx, d, failure)
	}
	return failure
}

// settlePush records how far the message has come. A browser that lacks it is an error.
func (s *Service) settlePush(ctx context.Context, d *dispatch, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	state, err := s.store.settlePush(ctx, d, d.event(), s.writer.timeline(d))
	if err != nil {
		return errors.Join(cause, err)
	}
	if state.Sent > 0 {
		s.publish(ctx, "booking:"+d.BookingID)
	}
	switch {
	case state.Pending == 0:
		return nil
	case cause == nil:
		return booking.E(booking.CodeUnavailable, "A push service is to be left alone for a while.").In(state.wait())
	case outcomeOf(cause) == OutcomeDenied:
		return booking.E(booking.CodeProviderError, "A push service does not let us send messages.").In(state.wait()).Wrap(cause)
	default:
		return booking.E(booking.CodeProviderUnavailable, "A push service did not take this message.").In(state.wait()).Wrap(cause)
	}
}

// tellOfRefusal is for a person: the next message may be refused for the same reason.
func (s *Service) tellOfRefusal(ctx context.Context, d *dispatch, cause error) {
	alert := booking.Alert{BookingID: d.BookingID, Kind: booking.AlertMessageRefused, Detail: string(d.Notice) + " by push: " + cause.Error()}
	if err := alerts.Raise(ctx, s.store.pool, alert); err != nil {
		s.log.ErrorContext(ctx, "alert not stored", "booking_id", d.BookingID, "error", err)
	}
}

// pushIcon is the web app's own.
const pushIcon = "/icon-192.png"

// writePushes writes the message in every language, by its code.
func (w writer) writePushes(d *dispatch) (map[string]booking.Message, error) {
	messages := map[string]booking.Message{}
	for _, language := range pushLanguages {
		message, err := w.writePush(d, language)
		if err != nil {
			return nil, err
		}
		messages[language.Language] = message
	}
	return messages, nil
}

// writePush writes the message without its address, which each browser has its own of.
func (w writer) writePush(d *dispatch, language texts) (booking.Message, error) {
	text, f := language.Notices[d.Notice].Push, language.isolated(w.facts(d, language))
	title, err := text.Title.fill(f)
	if err != nil {
		return booking.Message{}, fmt.Errorf("write %s push in %s: %w", d.Notice, language.Language, err)
	}
	body, err := text.Body.fill(f)
	if err != nil {
		return booking.Message{}, fmt.Errorf("write %s push in %s: %w", d.Notice, language.Language, err)
	}
	return booking.Message{Subject: title, Text: body, Push: &booking.Push{
		Link: f.Link, Icon: w.publicURL + pushIcon, Language: language.Language, Direction: language.Direction,
		Tag: "booking-" + d.BookingID, Topic: topic(d.BookingID),
		KeepFor: keepFor(time.Until(d.startsAt())),
		Urgent:  d.Notice == booking.NoticeShowCancelled || d.Notice == booking.NoticeRescheduled,
	}}, nil
}

// startsAt is when the show begins, by what the message says.
func (d *dispatch) startsAt() time.Time {
	if d.Notice == booking.NoticeRescheduled && !d.change.to.IsZero() {
		return d.change.to
	}
	return d.show.StartsAt
}

func keepFor(untilStart time.Duration) time.Duration {
	return min(max(untilStart, leastKept), mostKept)
}

// topic names a booking to push services, which read it, in the 32 characters of base64url
// that they take (RFC 8030, section 5.4). It does not give away the booking's id.
func topic(bookingID string) string {
	sum := sha256.Sum256([]byte("push topic of booking " + bookingID))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}
