package notify_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
)

// The mail of a confirmation names other movies, three at most; no other message does.
func TestAConfirmationNamesOtherMovies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var customer, city string
	require.NoError(t, w.pool.QueryRow(t.Context(), `SELECT a.id::text, c.id::text FROM accounts a, cities c`).Scan(&customer, &city))
	s := w.service(func(o *notify.Options) {
		o.More = func(_ context.Context, customerID, cityID string) (more []notify.MoreMovie) {
			assert.Equal(t, []string{customer, city}, []string{customerID, cityID})
			for _, title := range []string{"Dune <Part>\r\nTwo", "Jawan", "Babe", "Heidi"} {
				more = append(more, notify.MoreMovie{Title: title, Slug: "a-movie", Theater: "Lotus", StartsAt: time.Date(2027, 1, 9, 13, 30, 0, 0, time.UTC), TimeZone: "Asia/Kolkata"})
			}
			return more
		}
	})
	for _, channel := range []booking.Channel{booking.ChannelEmail, booking.ChannelSMS} {
		w.sendUntilDone(s, w.notification(channel))
	}
	reminder := w.notification(booking.ChannelEmail)
	reminder.Notice = booking.NoticeReminder
	w.sendUntilDone(s, reminder)

	mails := w.sent(booking.ChannelEmail)
	require.Len(t, mails, 2)
	for _, mail := range mails {
		if mail.Subject != "Your tickets for The Long Night" {
			assert.NotContains(t, mail.Text, "Also on now", "a reminder is about the show")
			continue
		}
		assert.Contains(t, mail.Text, "Also on now\n- Dune <Part> Two, Saturday 9 January 2027, 19:00 IST, Lotus: https://boxoffice.example/movies/a-movie\n- Jawan, ")
		assert.NotContains(t, mail.Text, "Heidi")
		assert.Contains(t, mail.HTML, "Dune &lt;Part&gt; Two")
	}
	assert.NotContains(t, w.sent(booking.ChannelSMS)[0].Text, "Jawan")
}

// A mail does not wait for other movies: the ticket comes without them.
func TestAConfirmationDoesNotWaitForOtherMovies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service(func(o *notify.Options) {
		o.More = func(ctx context.Context, _, _ string) []notify.MoreMovie {
			<-ctx.Done() // before the vendor is called, or never
			return nil
		}
	})
	w.sendUntilDone(s, w.notification(booking.ChannelEmail))
	require.Len(t, w.sent(booking.ChannelEmail), 1)
	assert.NotContains(t, w.sent(booking.ChannelEmail)[0].Text, "Also on now")
}
