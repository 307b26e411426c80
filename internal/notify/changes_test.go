package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
)

// nextShow puts another show of the movie on sale, some days from now.
func (w *world) nextShow(days int) string {
	w.t.Helper()
	id, screen := uuid.NewString(), uuid.NewString()
	w.exec(`INSERT INTO screens (id, theater_id, name) SELECT $1::uuid, id, $1::text FROM theaters`, screen)
	w.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices)
		SELECT $1, m.id, t.id, $2, l.id, now() + $3 * interval '1 day', now() + $3 * interval '1 day 2 minutes', '2D', 'en',
			now() - interval '1 day', now() + $3 * interval '1 day', 'INR', '{}'
		FROM movies m, theaters t, layouts l`, id, screen, days)
	return id
}

// change cancels or moves the booking's show.
func (w *world) change(kind booking.ChangeKind) (id string) {
	w.t.Helper()
	id = uuid.NewString()
	w.exec(`INSERT INTO show_changes (id, show_id, kind, reason, old_starts_at, new_starts_at, decide_by, default_choice, requested_by, created_at)
		SELECT $1, s.id, $2, 'The hall is flooded.', s.starts_at - interval '1 day',
			CASE WHEN $2 = 'rescheduled' THEN s.starts_at END, CASE WHEN $2 = 'rescheduled' THEN s.starts_at - interval '2 hours' END,
			CASE WHEN $2 = 'rescheduled' THEN 'refund' ELSE '' END, gen_random_uuid(), clock_timestamp()
		FROM shows s JOIN bookings b ON b.show_id = s.id WHERE b.id = $3`, id, kind, w.bookingID)
	return id
}

func (w *world) about(channel booking.Channel, notice booking.Notice, changeID string) booking.Notification {
	return booking.Notification{BookingID: w.bookingID, Channel: channel, Notice: notice, ChangeID: changeID}
}

// The next shows are those of the moment of sending, three at most.
func TestCancelledShowOffersTheNext(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		for day := 5; day >= 2; day-- {
			w.nextShow(day)
		}
		gone, first := w.nextShow(1), w.nextShow(1)
		w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, gone)
		w.exec(`UPDATE bookings SET status = 'cancelled', refund_due = total`)
		require.NoError(t, w.service().Send(t.Context(), w.about(channel, booking.NoticeShowCancelled, w.change(booking.ChangeCancelled))))
		text := w.sent(channel)[0].Text
		assert.Contains(t, text, "INR 1020.00")
		layout := "Monday 2 January 2006, 15:04"
		if channel == booking.ChannelSMS {
			layout = "Mon 2 Jan 15:04"
			assert.Contains(t, text, "https://boxoffice.example/movies/the-long-night")
		} else {
			assert.Contains(t, text, "https://boxoffice.example/shows/"+first)
			assert.Contains(t, text, "The reason it gives: The hall is flooded.")
			assert.NotContains(t, text, gone)
		}
		kolkata, err := time.LoadLocation("Asia/Kolkata")
		require.NoError(t, err)
		var starts []time.Time
		rows, err := w.pool.Query(t.Context(), `SELECT starts_at FROM shows WHERE status = 'scheduled'
			AND id NOT IN (SELECT show_id FROM bookings) ORDER BY starts_at`)
		require.NoError(t, err)
		for rows.Next() {
			var at time.Time
			require.NoError(t, rows.Scan(&at))
			starts = append(starts, at)
		}
		require.Len(t, starts, 5)
		for i, at := range starts {
			assert.Equal(t, i < 3, strings.Contains(text, at.In(kolkata).Format(layout)), "show %d in: %s", i, text)
		}
	})
}

// Scenario 41 with offers: between two attempts the program changes, and the
// message is still found by its text.
func TestFault41_OffersStayAsTheyWereHandedOver(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		w.nextShow(3)
		w.exec(`UPDATE bookings SET status = 'cancelled'`)
		w.box(channel).Fault(t, notifytest.Fault{"fault": "latency", "operation": operation(channel), "duration_ms": 1000, "times": 1})
		n := w.about(channel, booking.NoticeShowCancelled, w.change(booking.ChangeCancelled))
		requireRetryable(t, w.service(waiting(500*time.Millisecond, time.Hour)).Send(t.Context(), n))
		w.nextShow(1)
		w.nextShow(2)
		require.Eventually(t, func() bool { return len(w.sent(channel)) == 1 }, patience, tick)
		w.sendUntilDone(w.service(waiting(500*time.Millisecond, time.Millisecond)), n)
		assert.Len(t, w.sent(channel), 1)
	})
}

func TestFault43_ANewTimeIsTold(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		require.NoError(t, w.service().Send(t.Context(), w.about(channel, booking.NoticeRescheduled, w.change(booking.ChangeRescheduled))))
		text := w.sent(channel)[0].Text
		for _, want := range map[booking.Channel][]string{
			booking.ChannelEmail: {
				"from Thursday 7 January 2027, 19:30 IST to Friday 8 January 2027, 19:30 IST",
				"Choose by: Friday 8 January 2027, 17:30 IST", "you get all your money back",
			},
			booking.ChannelSMS: {"Fri 8 Jan 19:30 IST (was Thu 7 Jan 19:30 IST)", "by Fri 8 Jan 17:30 IST, else it is refunded"},
		}[channel] {
			assert.Contains(t, text, want)
		}
	})
}

// A show that goes to another screen at the same time has no new time.
func TestANewScreenIsTold(t *testing.T) {
	onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
		id := w.change(booking.ChangeRescheduled)
		w.exec(`UPDATE show_changes SET old_starts_at = new_starts_at WHERE id = $1`, id)
		require.NoError(t, w.service().Send(t.Context(), w.about(channel, booking.NoticeRescheduled, id)))
		sent := w.sent(channel)[0]
		assert.Contains(t, sent.Subject+sent.Text, "New screen")
		assert.NotContains(t, sent.Subject+sent.Text, "ew time")
		assert.NotContains(t, sent.Text, "was Fri")
		assert.NotContains(t, sent.Text, "Instead of")
	})
}

// Scenario 41 with news: while a vendor keeps the message, the show is moved again,
// or the booking leaves it. The vendor is asked for what it was given.
func TestFault41_NewsStaysAsItWasHandedOver(t *testing.T) {
	t.Parallel()
	for name, happen := range map[string]func(w *world){
		"moved again": func(w *world) {
			w.exec(`UPDATE shows SET starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour'`)
			w.change(booking.ChangeRescheduled)
		},
		"went away": func(w *world) { w.exec(`UPDATE bookings SET show_id = $1`, w.nextShow(2)) },
	} {
		t.Run(name, func(t *testing.T) {
			onEveryChannel(t, func(t *testing.T, w *world, channel booking.Channel) {
				w.box(channel).Fault(t, notifytest.Fault{"fault": "latency", "operation": operation(channel), "duration_ms": 1000, "times": 1})
				n := w.about(channel, booking.NoticeRescheduled, w.change(booking.ChangeRescheduled))
				requireRetryable(t, w.service(waiting(500*time.Millisecond, time.Hour)).Send(t.Context(), n))
				happen(w)
				require.Eventually(t, func() bool { return len(w.sent(channel)) == 1 }, patience, tick)
				w.sendUntilDone(w.service(waiting(500*time.Millisecond, time.Millisecond)), n)
				assert.Len(t, w.sent(channel), 1)
			})
		})
	}
}

// A message that waited for its vendor must not announce a time that has changed since.
func TestFault43_OldNewsIsNotSent(t *testing.T) {
	t.Parallel()
	for name, happen := range map[string]func(w *world){
		"moved again":    func(w *world) { w.change(booking.ChangeRescheduled) },
		"went away":      func(w *world) { w.exec(`UPDATE bookings SET show_id = $1`, w.nextShow(2)) },
		"took the money": func(w *world) { w.exec(`UPDATE bookings SET status = 'cancelled'`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.about(booking.ChannelEmail, booking.NoticeRescheduled, w.change(booking.ChangeRescheduled))
			happen(w)
			require.NoError(t, w.service().Send(t.Context(), n))
			assert.Empty(t, w.sent(booking.ChannelEmail))
			assert.Equal(t, "skipped", w.record(n).Status)
		})
	}
}
