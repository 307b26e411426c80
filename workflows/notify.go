package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// tell sends a notice over every channel in parallel. A channel that fails at first goes on
// in the background: a message never delays or fails a booking.
func (s *saga) tell(ctx workflow.Context, notice booking.Notice) {
	s.tellOfChange(ctx, notice, "")
}

// tellOfChange is tell for a change of the show; the message reads the change from the
// database.
func (s *saga) tellOfChange(ctx workflow.Context, notice booking.Notice, changeID string) {
	s.tellOver(ctx, notice, s.held.Channels, changeID)
}

func (s *saga) tellOver(ctx workflow.Context, notice booking.Notice, channels []booking.Channel, changeID string) {
	if notice == booking.NoticePaymentReturned {
		s.tellOfReturn(ctx, s.payment)
		return
	}
	sequence := s.sequence[notice]
	s.sequence[notice]++
	s.sendAll(ctx, channels, booking.Notification{
		BookingID: s.in.BookingID, Notice: notice, Sequence: sequence, ChangeID: changeID,
	})
}

// tellOfReturn says that a payment goes back. A booking may have several that do,
// in several workflows, so the payment's number tells the messages apart.
func (s *saga) tellOfReturn(ctx workflow.Context, p booking.PaymentState) {
	note := booking.Notification{BookingID: s.in.BookingID, Notice: booking.NoticePaymentReturned, Sequence: p.Attempt}
	channels := s.held.Channels
	if s.in.Adopt != nil && s.held.BookingID == "" {
		// This booking was never made; the customer knows the booking that it was to
		// replace.
		note.BookingID, channels = p.BookingID, []booking.Channel{booking.ChannelEmail, booking.ChannelSMS}
	}
	s.sendAll(ctx, channels, note)
}

func (s *saga) sendAll(ctx workflow.Context, channels []booking.Channel, note booking.Notification) {
	fast := workflow.NewWaitGroup(ctx)
	for _, channel := range channels {
		note := note
		note.Channel = channel
		fast.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer fast.Done()
			s.send(ctx, note)
		})
	}
	fast.Wait(ctx)
}

func (s *saga) send(ctx workflow.Context, note booking.Notification) {
	sending := sendStep(note)
	if done, err := s.fastPath(ctx, sending); done {
		s.sent(ctx, note, err)
		return
	}
	if note.Notice == booking.NoticeReminder {
		sending = sending.on(QueueReminders) // other messages are not to wait behind a show's reminders
	}
	s.beside(ctx, func(ctx workflow.Context) {
		s.sent(ctx, note, sending.durably(ctx))
	})
}

func (s *saga) sent(ctx workflow.Context, note booking.Notification, err error) {
	if err != nil {
		s.logger.Warn("a message was not sent", "channel", note.Channel, "notice", note.Notice, "error", err)
		return
	}
	event := booking.EventNotified
	if note.Notice == booking.NoticeReminder {
		event = booking.EventReminded
	}
	s.note(ctx, event, string(note.Notice)+" by "+string(note.Channel))
}
