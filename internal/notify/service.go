package notify

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

const (
	defaultSendWithin  = 10 * time.Second
	defaultSettleAfter = 30 * time.Second
	// recordWithin bounds writing down an outcome after the caller's own time is up.
	recordWithin = 5 * time.Second
	// clockSkew is how far a vendor's clock may be behind the database's.
	clockSkew = time.Minute
)

// Options build a Service. Zero durations take the defaults.
type Options struct {
	Pool *pgxpool.Pool
	// Publish hints that a booking changed, after the commit. Nil means no process
	// listens.
	Publish func(ctx context.Context, topic string)
	// Senders has the vendor of each channel. A channel without one is skipped.
	Senders map[booking.Channel]Sender
	// PublicURL is where customers open their bookings.
	PublicURL string
	// Links let messages open their booking without a log-in. Nil: only its owner opens it.
	Links *links.Links
	// More names other movies for the mail of a confirmation; nil names none.
	More More
	// FromName is the name that messages speak in.
	FromName string
	// SendWithin is how long one call to a vendor may take. After it, an attempt without an
	// answer counts as over.
	SendWithin time.Duration
	// SettleAfter is how long after an attempt a vendor may still not list a
	// message that it has. Only then does "not found" mean that it does not.
	SettleAfter time.Duration
	Logger      *slog.Logger
}

// Service sends notifications. It is safe for concurrent use.
type Service struct {
	store       store
	publish     func(ctx context.Context, topic string)
	senders     map[booking.Channel]Sender
	writer      writer
	more        More
	sendWithin  time.Duration
	settleAfter time.Duration
	log         *slog.Logger
}

// New builds a Service.
func New(opts Options) *Service {
	s := &Service{
		store:       store{opts.Pool},
		publish:     opts.Publish,
		senders:     opts.Senders,
		writer:      writer{publicURL: strings.TrimRight(opts.PublicURL, "/"), brand: orElse(plain(opts.FromName), "Boxoffice"), links: opts.Links},
		more:        opts.More,
		sendWithin:  orElse(opts.SendWithin, defaultSendWithin),
		settleAfter: orElse(opts.SettleAfter, defaultSettleAfter),
		log:         opts.Logger,
	}
	if s.publish == nil {
		s.publish = func(context.Context, string) {}
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Send sends one notification, at most once however often it is called. Nil
// means that there is nothing left to do, also when there was no one to send it
// to. Codes: provider_unavailable and provider_error when it should be tried
// again, validation_failed when the vendor refuses the message permanently, not_found.
func (s *Service) Send(ctx context.Context, n booking.Notification) error {
	if err := check(n); err != nil {
		return err
	}
	d, err := s.store.load(ctx, n)
	if err != nil {
		return err
	}
	switch d.status {
	case statusSent, statusSkipped, statusUnconfirmed:
		return nil
	case statusFailed:
		return refused
	}
	if n.Channel == booking.ChannelPush {
		return s.sendPush(ctx, d)
	}

	sender, configured := s.senders[n.Channel]
	if d.status != statusSending {
		if reason := d.reasonToSkip(configured); reason != "" {
			return s.store.skip(ctx, n, reason)
		}
	} else if !configured || sender.Name() != d.vendor {
		return s.giveUp(ctx, d, "the vendor that may have it is not configured any more")
	}
	s.addMore(ctx, d)
	message, err := s.writer.write(d)
	if err != nil {
		return err
	}
	if d.status == statusSending {
		return s.resume(ctx, d, sender, message)
	}
	return s.handOver(ctx, d, sender, message)
}

// handOver claims the notification and calls the vendor.
func (s *Service) handOver(ctx context.Context, d *dispatch, sender Sender, message booking.Message) error {
	claimed, err := s.store.claim(ctx, d, sender.Name())
	if err != nil {
		return err
	}
	if !claimed {
		return booking.E(booking.CodeUnavailable, "This message is being sent by somebody else.")
	}
	message.NotificationID = d.id
	call, cancel := context.WithTimeout(ctx, s.sendWithin)
	defer cancel()
	vendorID, err := sender.Send(call, message)
	if err != nil {
		return s.recordFailure(ctx, d, err)
	}
	return s.recordSent(ctx, d, vendorID)
}

// resume goes on after an attempt with an unknown outcome: it asks the vendor, and sends
// the message again only if the vendor surely does not have it.
func (s *Service) resume(ctx context.Context, d *dispatch, sender Sender, message booking.Message) error {
	// An attempt that stored that it got no answer is over. An attempt that stored nothing
	// is over after its timeout, whether it still runs or was killed.
	quiet := d.age
	if d.failure == "" {
		quiet -= s.sendWithin
	}
	if quiet < 0 {
		return booking.E(booking.CodeUnavailable, "This message is being sent.")
	}

	message.NotificationID = d.id
	vendorID, found, err := s.find(ctx, d, sender, message)
	switch {
	case err != nil && outcomeOf(err) == OutcomeUnaskable:
		return s.giveUp(ctx, d, err.Error())
	case err != nil:
		s.tellOfDenial(ctx, d, err)
		return booking.E(booking.CodeProviderUnavailable, "The vendor does not say whether it has this message.").Wrap(err)
	case found:
		return s.recordSent(ctx, d, vendorID)
	case quiet < s.settleAfter:
		return booking.E(booking.CodeUnavailable, "Waiting for the vendor to list this message, if it has it.")
	default:
		return s.handOver(ctx, d, sender, message)
	}
}

func (s *Service) find(ctx context.Context, d *dispatch, sender Sender, message booking.Message) (string, bool, error) {
	call, cancel := context.WithTimeout(ctx, s.sendWithin)
	defer cancel()
	since := d.attemptedAt.Add(-s.sendWithin - clockSkew)
	vendorID, found, err := sender.Find(call, message, since)
	if err != nil || !found {
		return "", false, err
	}
	// A vendor that finds messages by their text may show an earlier sending of
	// the same text, made on purpose (a resend) and long recorded.
	known, err := s.store.isOthers(ctx, d, vendorID)
	return vendorID, !known, err
}

func (s *Service) recordSent(ctx context.Context, d *dispatch, vendorID string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := s.store.sent(ctx, d, vendorID, d.event(), s.writer.timeline(d)); err != nil {
		return err
	}
	s.publish(ctx, "booking:"+d.BookingID)
	return nil
}

// recordFailure writes down what a failed call means, even when the caller's
// time is up: otherwise the next attempt has to wait as if this one were alive.
func (s *Service) recordFailure(ctx context.Context, d *dispatch, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	next, answer := statusSending, booking.E(booking.CodeProviderUnavailable, "The vendor did not say whether it has this message.")
	switch outcomeOf(cause) {
	case OutcomeRefused:
		next, answer = statusFailed, refused
	case OutcomeDenied:
		next, answer = statusPending, booking.E(booking.CodeProviderError, "The vendor does not let us send messages.")
	case OutcomeNotAccepted:
		next, answer = statusPending, booking.E(booking.CodeProviderUnavailable, "The vendor did not take this message.")
	}
	if err := s.store.failed(ctx, d, next, cause.Error()); err != nil {
		return fmt.Errorf("after %v: %w", cause, err)
	}
	s.tellOfDenial(ctx, d, cause)
	s.log.WarnContext(ctx, "message not sent", "booking_id", d.BookingID, "channel", d.Channel, "notice", d.Notice,
		"status", next, "cause", cause)
	return answer.Wrap(cause)
}

// refused answers every attempt at a message that its vendor refuses.
var refused = booking.E(booking.CodeValidation, "The vendor refuses this message for good.")

// tellOfDenial raises one alert however many messages wait for the same key.
func (s *Service) tellOfDenial(ctx context.Context, d *dispatch, cause error) {
	if outcomeOf(cause) != OutcomeDenied {
		return
	}
	detail := "Messages wait until the vendor accepts our credentials and address again. " + cause.Error()
	if err := s.store.alertDenied(ctx, detail); err != nil {
		s.log.ErrorContext(ctx, "alert not stored", "booking_id", d.BookingID, "error", err)
	}
}

// giveUp leaves a message with an unknown outcome to a person: a second copy would be worse
// than a question.
func (s *Service) giveUp(ctx context.Context, d *dispatch, reason string) error {
	detail := fmt.Sprintf("%s by %s, number %d: it is unknown whether it was sent. %s", d.Notice, d.Channel, d.Sequence, reason)
	if err := s.store.unconfirmed(ctx, d, reason, detail); err != nil {
		return err
	}
	s.log.WarnContext(ctx, "message unconfirmed", "booking_id", d.BookingID, "channel", d.Channel, "notice", d.Notice, "reason", reason)
	return nil
}

func check(n booking.Notification) error {
	var fieldErrors booking.FieldErrors
	if n.Channel != booking.ChannelEmail && n.Channel != booking.ChannelSMS && n.Channel != booking.ChannelPush {
		fieldErrors.Add("channel", "Unknown channel.")
	}
	if _, ok := english.Notices[n.Notice]; !ok {
		fieldErrors.Add("notice", "Unknown notice.")
	}
	if n.Sequence < 0 {
		fieldErrors.Add("sequence", "Must not be negative.")
	}
	return fieldErrors.Err()
}
