package notify_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
)

var channels = []booking.Channel{booking.ChannelEmail, booking.ChannelSMS}

func onEveryChannel(t *testing.T, test func(t *testing.T, w *world, channel booking.Channel)) {
	t.Parallel()
	for _, channel := range channels {
		t.Run(string(channel), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t), channel)
		})
	}
}

// requireSentOnce checks the vendor's books, our record and the timeline.
func requireSentOnce(t *testing.T, w *world, n booking.Notification, attempts int) {
	t.Helper()
	assert.Len(t, w.sent(n.Channel), 1, "messages in the vendor's books")
	record := w.record(n)
	assert.Equal(t, "sent", record.Status, record.Failure)
	assert.Equal(t, attempts, record.Attempts)
	assert.NotEmpty(t, record.VendorID)
	assert.Empty(t, record.Failure)
	assert.Len(t, w.timeline(), 1)
	require.NoError(t, w.service().Send(t.Context(), n), "a repeat changes nothing")
	assert.Len(t, w.sent(n.Channel), 1, "messages in the vendor's books after a repeat")
}

func operation(channel booking.Channel) string {
	if channel == booking.ChannelSMS {
		return "messages.create"
	}
	return "mail.send"
}

func TestFault41_ProviderTimesOutAfterAccepting(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		// The sandbox takes the message after the wait is over, and no one gets its answer.
		w.box(channel).Fault(t, notifytest.Fault{
			"fault": "latency", "operation": operation(channel), "duration_ms": 1000, "times": 1})
		s, n := w.service(waiting(500*time.Millisecond, time.Hour)), w.notification(channel)
		requireRetryable(t, s.Send(t.Context(), n))
		record := w.record(n)
		assert.Equal(t, "sending", record.Status)
		assert.Contains(t, record.Failure, "no answer in time")
		w.sendUntilDone(s, n)
		requireSentOnce(t, w, n, 1)
	})
}

// The fast path gives a vendor little time; the attempt after it must know that
// the call is over and ask at once.
func TestFault41_CallersTimeIsUpAfterAccepting(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		w.box(channel).Fault(t, notifytest.Fault{
			"fault": "latency", "operation": operation(channel), "duration_ms": 1500, "times": 1})
		s := w.service(waiting(time.Hour, time.Hour))
		n := w.notification(channel)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		requireRetryable(t, s.Send(ctx, n))
		w.sendUntilDone(s, n)
		requireSentOnce(t, w, n, 1)
	})
}

func TestFault41_ReplyLost(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		w.box(channel).Fault(t, notifytest.Fault{"fault": "reply_lost", "operation": operation(channel), "times": 1})
		// The vendor lists it at once, so the test need not wait for the list to settle.
		s, n := w.service(waiting(sendWithin, time.Hour)), w.notification(channel)
		requireRetryable(t, s.Send(t.Context(), n))
		w.sendUntilDone(s, n)
		requireSentOnce(t, w, n, 1)
	})
}

func TestFault41_WorkerKilledBetweenAcceptAndRecord(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		vendor := w.senders[channel]
		deadly := sender{Sender: vendor, send: func(ctx context.Context, m booking.Message) (string, error) {
			_, err := vendor.Send(ctx, m)
			assert.NoError(t, err)
			die()
			return "", nil
		}}
		n := w.notification(channel)
		killedSend(t, w.service(with(channel, deadly)), n)
		s := w.service(waiting(time.Hour, time.Hour))
		requireRetryable(t, s.Send(t.Context(), n)) // it may still be alive, for all we know
		w.exec(`UPDATE notifications SET updated_at = updated_at - interval '1 hour'`)
		w.sendUntilDone(s, n)
		requireSentOnce(t, w, n, 1)
	})
}

func TestFault41_WorkerKilledBeforeHandingOver(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		deadly := sender{Sender: w.senders[channel], send: func(context.Context, booking.Message) (string, error) {
			die()
			return "", nil
		}}
		n, died := w.notification(channel), time.Now()
		killedSend(t, w.service(with(channel, deadly)), n)
		w.sendUntilDone(w.service(), n)
		assert.GreaterOrEqual(t, time.Since(died), sendWithin+settleAfter, "sent again before the vendor's list can be trusted")
		requireSentOnce(t, w, n, 2)
	})
}

// A vendor lists what it has only after a while: "not found" means nothing yet.
func TestFault41_VendorListsLate(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		vendor, indexed := w.senders[channel], &atomic.Bool{}
		asked := make(chan struct{}, 1000)
		late := sender{Sender: vendor, find: func(ctx context.Context, m booking.Message, since time.Time) (string, bool, error) {
			asked <- struct{}{}
			if !indexed.Load() {
				return "", false, nil
			}
			return vendor.Find(ctx, m, since)
		}}
		w.box(channel).Fault(t, notifytest.Fault{"fault": "reply_lost", "operation": operation(channel), "times": 1})
		s := w.service(with(channel, late), waiting(sendWithin, time.Hour))
		n := w.notification(channel)
		for range 5 {
			requireRetryable(t, s.Send(t.Context(), n))
		}
		assert.Len(t, asked, 4, "the vendor is asked at every try")
		assert.Len(t, w.sent(channel), 1)
		indexed.Store(true)
		w.sendUntilDone(s, n)
		requireSentOnce(t, w, n, 1)
	})
}

// No second copy is sent while the outcome is unknown: staff are alerted instead.
func TestFault41_VendorCannotBeAsked(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		w.box(channel).Fault(t, notifytest.Fault{"fault": "reply_lost", "operation": operation(channel), "times": 1})
		w.box(channel).Fault(t, notifytest.Fault{"fault": "error", "operation": "messages.list", "status": http.StatusForbidden})
		s, n := w.service(), w.notification(channel)
		requireRetryable(t, s.Send(t.Context(), n))
		require.NoError(t, s.Send(t.Context(), n))
		assert.Equal(t, "unconfirmed", w.record(n).Status)
		assert.Equal(t, []string{"message_unconfirmed"}, w.alerts())
		require.NoError(t, s.Send(t.Context(), n))
		assert.Len(t, w.sent(channel), 1)
		assert.Empty(t, w.timeline(), "the customer is not told of a message that may not exist")
	})
}

func TestFault41_VendorReplacedWhileOutcomeUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notification(booking.ChannelEmail)
	w.box(booking.ChannelEmail).Fault(t, notifytest.Fault{"fault": "reply_lost", "operation": "mail.send", "times": 1})
	requireRetryable(t, w.service().Send(t.Context(), n))
	another := w.service(with(booking.ChannelEmail, w.senders[booking.ChannelSMS]))
	require.NoError(t, another.Send(t.Context(), n))
	assert.Equal(t, "unconfirmed", w.record(n).Status)
	assert.Len(t, w.sent(booking.ChannelEmail), 1)
	assert.Empty(t, w.sent(booking.ChannelSMS))
}

// A resend has the same text as the first message: finding the first must not
// pass for having sent the second.
func TestFault41_ResendIsNotTakenForTheFirst(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		s, first := w.service(), w.notification(channel)
		require.NoError(t, s.Send(t.Context(), first))
		again := first
		again.Sequence = 1
		deadly := sender{Sender: w.senders[channel], send: func(context.Context, booking.Message) (string, error) {
			die()
			return "", nil
		}}
		killedSend(t, w.service(with(channel, deadly)), again)
		w.sendUntilDone(s, again)
		assert.Len(t, w.sent(channel), 2)
		assert.NotEqual(t, w.record(first).VendorID, w.record(again).VendorID)
		assert.Len(t, w.timeline(), 2)
	})
}

func TestFault42_MailDownForAWhile_SentOnceLater(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		w.box(channel).Fault(t, notifytest.Fault{"fault": "error", "status": http.StatusServiceUnavailable})
		s, n := w.service(), w.notification(channel)
		for i := range 3 {
			requireRetryable(t, s.Send(t.Context(), n))
			record := w.record(n)
			assert.Equal(t, "pending", record.Status)
			assert.Equal(t, i+1, record.Attempts)
		}
		assert.Empty(t, w.sent(channel))
		w.box(channel).Repair(t)
		require.NoError(t, s.Send(t.Context(), n), "what was not accepted is sent without waiting")
		requireSentOnce(t, w, n, 4)
	})
}

func TestFault42_MailRefusesConnections(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		away := sender{Sender: w.senders[channel], send: func(context.Context, booking.Message) (string, error) {
			return "", &notify.VendorError{Vendor: "away", Outcome: notify.OutcomeNotAccepted, Reason: "connection refused"}
		}}
		n := w.notification(channel)
		requireRetryable(t, w.service(with(channel, away)).Send(t.Context(), n))
		assert.Equal(t, "pending", w.record(n).Status)
		require.NoError(t, w.service().Send(t.Context(), n))
		requireSentOnce(t, w, n, 2)
	})
}

func TestTwentySendsAtOnceAreOneMessage(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		n := w.notification(channel)
		var all sync.WaitGroup
		for range 20 {
			s := w.service() // as if each were another worker
			all.Go(func() {
				deadline := time.Now().Add(patience)
				for time.Now().Before(deadline) {
					if err := s.Send(t.Context(), n); err == nil {
						return
					} else if booking.CodeOf(err) != booking.CodeUnavailable && booking.CodeOf(err) != booking.CodeProviderUnavailable {
						assert.NoError(t, err)
						return
					}
				}
				assert.Fail(t, "not sent in time")
			})
		}
		all.Wait()
		requireSentOnce(t, w, n, 1)
	})
}

// Twenty workers find the same unsettled attempt, and only one takes it over.
func TestTwentyRetriesAtOnceAreOneMessage(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		n := w.notification(channel)
		deadly := sender{Sender: w.senders[channel], send: func(context.Context, booking.Message) (string, error) {
			die()
			return "", nil
		}}
		killedSend(t, w.service(with(channel, deadly)), n)
		w.exec(`UPDATE notifications SET updated_at = now() - interval '1 hour'`)
		var all sync.WaitGroup
		for range 20 {
			s := w.service()
			all.Go(func() {
				if err := s.Send(t.Context(), n); err != nil {
					assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err), err.Error())
				}
			})
		}
		all.Wait()
		w.sendUntilDone(w.service(), n)
		requireSentOnce(t, w, n, 2)
	})
}
