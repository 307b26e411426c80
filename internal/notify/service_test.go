package notify_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
)

func TestSend(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		n := w.notification(channel)
		require.NoError(t, w.service().Send(t.Context(), n))
		requireSentOnce(t, w, n, 1)
		assert.EqualValues(t, 1, w.published.Load())
		text := w.sent(channel)[0].Text
		for _, want := range []string{"The Long Night", "19:30 IST", "C7", "https://boxoffice.example/bookings/" + w.bookingID} {
			assert.Contains(t, text, want)
		}
	})
}

func TestTimelineTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service()
	for _, channel := range channels {
		for _, notice := range []booking.Notice{booking.NoticeConfirmed, booking.NoticeReminder} {
			n := w.notification(channel)
			n.Notice = notice
			require.NoError(t, s.Send(t.Context(), n))
			require.NoError(t, s.Send(t.Context(), n))
		}
	}
	assert.Equal(t, []string{
		"notified: Confirmation sent by e-mail.",
		"reminded: Reminder sent by e-mail.",
		"notified: Confirmation sent by text message.",
		"reminded: Reminder sent by text message.",
	}, w.timeline())
}

func TestEveryNoticeIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service()
	for _, notice := range []booking.Notice{
		booking.NoticeConfirmed, booking.NoticeReminder, booking.NoticeRescheduled, booking.NoticeMoved,
		booking.NoticeExpired, booking.NoticePaymentFailed, booking.NoticeCancelled,
		booking.NoticeShowCancelled, booking.NoticePaymentReturned,
	} {
		if notice == booking.NoticeExpired {
			w.exec(`UPDATE bookings SET status = 'cancelled', refund_due = 90000`)
			w.exec(`INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency)
				VALUES ($1, 1, 'stripe', 'pi_1', 'voided', 77700, 'INR')`, w.bookingID)
		}
		for _, channel := range channels {
			require.NoError(t, s.Send(t.Context(), booking.Notification{BookingID: w.bookingID, Channel: channel, Notice: notice}))
		}
	}
	mails := w.sent(booking.ChannelEmail)
	require.Len(t, mails, 9)
	assert.Len(t, w.sent(booking.ChannelSMS), 8, "a hold that ended is not worth a text message")
	assert.Contains(t, mails[0].Text, "Returned: INR 777.00", "the newest is payment_returned")
	assert.Contains(t, mails[2].Text, "Refund: INR 900.00")
}

func TestNotificationsWithoutARecipientAreSkipped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		channel booking.Channel
		change  func(w *world)
		opts    func(*notify.Options)
		reason  string
	}{
		"no phone": {channel: booking.ChannelSMS, reason: "no confirmed phone",
			change: func(w *world) { w.exec(`UPDATE accounts SET phone = ''`) }},
		"no address": {channel: booking.ChannelEmail, reason: "no e-mail address",
			change: func(w *world) { w.exec(`UPDATE accounts SET email = ''`) }},
		"no vendor": {channel: booking.ChannelSMS, reason: "no vendor for this channel",
			opts: func(o *notify.Options) { o.Senders = nil }},
		"cancelled meanwhile": {channel: booking.ChannelEmail, reason: "overtaken: the booking is cancelled",
			change: func(w *world) { w.exec(`UPDATE bookings SET status = 'cancelled'`) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.change != nil {
				test.change(w)
			}
			if test.opts == nil {
				test.opts = func(*notify.Options) {}
			}
			n := w.notification(test.channel)
			s := w.service(test.opts)
			require.NoError(t, s.Send(t.Context(), n))
			require.NoError(t, s.Send(t.Context(), n))
			assert.Equal(t, record{Status: "skipped", Failure: test.reason}, w.record(n))
			assert.Empty(t, w.sent(test.channel))
			assert.Empty(t, w.timeline())
		})
	}
}

func TestMessagesThatTheVendorRefusesAreNotRetried(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		w.exec(`UPDATE accounts SET phone = '+15005550001', email = 'not an address'`)
		w.exec(`UPDATE proven_addresses SET address = '+15005550001' WHERE channel = 'sms'`)
		var calls atomic.Int64
		vendor := w.senders[channel]
		counted := sender{Sender: vendor, send: func(ctx context.Context, m booking.Message) (string, error) {
			calls.Add(1)
			return vendor.Send(ctx, m)
		}}
		s, n := w.service(with(channel, counted)), w.notification(channel)
		for range 3 {
			assert.Equal(t, booking.CodeValidation, booking.CodeOf(s.Send(t.Context(), n)))
		}
		assert.EqualValues(t, 1, calls.Load())
		assert.Equal(t, "failed", w.record(n).Status)
		assert.Empty(t, w.alerts())
	})
}

// A wrong key stops every message: one alert is raised, and all messages go out when the
// key is fixed.
func TestMessagesWaitWhileTheVendorRefusesOurKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := w.service(with(booking.ChannelEmail, w.mailer("")))
	again := w.notification(booking.ChannelEmail)
	again.Sequence = 1
	for _, n := range []booking.Notification{w.notification(booking.ChannelEmail), again} {
		for range 2 {
			err := broken.Send(t.Context(), n)
			assert.Equal(t, booking.CodeProviderError, booking.CodeOf(err))
		}
		assert.Equal(t, "pending", w.record(n).Status)
	}
	assert.Equal(t, []string{"message_vendor_denied"}, w.alerts())

	w.exec(`UPDATE alerts SET resolved_at = now()`)
	assert.Error(t, broken.Send(t.Context(), again))
	assert.Equal(t, []string{"message_vendor_denied"}, w.alerts(), "a resolved alert that comes back opens again")

	require.NoError(t, w.service().Send(t.Context(), w.notification(booking.ChannelEmail)))
	require.NoError(t, w.service().Send(t.Context(), again))
	assert.Len(t, w.sent(booking.ChannelEmail), 2)
}

func TestInvalidNotificationsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service()
	tests := []struct {
		n    booking.Notification
		want booking.Code
	}{
		{booking.Notification{BookingID: uuid.NewString(), Channel: "email", Notice: "confirmed"}, booking.CodeNotFound},
		{booking.Notification{BookingID: w.bookingID, Channel: "pigeon", Notice: "confirmed"}, booking.CodeValidation},
		{booking.Notification{BookingID: w.bookingID, Channel: "email", Notice: "gossip"}, booking.CodeValidation},
		{booking.Notification{BookingID: w.bookingID, Channel: "email", Notice: "confirmed", Sequence: -1}, booking.CodeValidation},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, booking.CodeOf(s.Send(t.Context(), test.n)))
	}
	var rows int
	require.NoError(t, w.pool.QueryRow(t.Context(), `SELECT count(*) FROM notifications`).Scan(&rows))
	assert.Zero(t, rows)
}

// After every failure, the customer's data is only in the message.
func TestNothingPersonalIsKeptOrLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service(waiting(500*time.Millisecond, time.Hour))
	for _, channel := range channels {
		box := w.box(channel)
		n := w.notification(channel)
		var failures []error
		for _, fault := range []notifytest.Fault{
			{"fault": "error", "operation": operation(channel), "status": http.StatusInternalServerError},
			{"fault": "error", "operation": operation(channel), "status": http.StatusForbidden},
			{"fault": "reply_lost", "operation": operation(channel)},
		} {
			box.Fault(t, fault)
			failures = append(failures, s.Send(t.Context(), n))
			box.Repair(t)
		}
		box.Fault(t, notifytest.Fault{"fault": "latency", "operation": "messages.list", "duration_ms": 1000})
		failures = append(failures, s.Send(t.Context(), n))
		box.Repair(t)
		for _, err := range failures {
			require.Error(t, err)
			assertImpersonal(t, err.Error())
		}
	}
	assertImpersonal(t, w.log.String())
	assert.Contains(t, w.log.String(), w.bookingID)
	var kept string
	require.NoError(t, w.pool.QueryRow(t.Context(), `
		SELECT concat((SELECT string_agg(n::text, ' ') FROM notifications n), (SELECT string_agg(a::text, ' ') FROM alerts a),
			(SELECT string_agg(e::text, ' ') FROM booking_events e))`).Scan(&kept))
	assert.Contains(t, kept, "sending")
	assertImpersonal(t, kept)
}

func assertImpersonal(t *testing.T, text string) {
	t.Helper()
	for _, personal := range []string{customerEmail, customerPhone, strings.TrimPrefix(customerPhone, "+"), customerName, "Asha", "asha"} {
		assert.NotContains(t, text, personal)
	}
}
