package notify_test

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/codes"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
)

// desk writes letters as accounts do, and sends them.
type desk struct {
	*world
	letters *notify.Letters
	codes   *codes.Codes
}

func newDesk(t *testing.T) desk {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	made, err := codes.New([]ed25519.PrivateKey{key})
	require.NoError(t, err)
	w := newWorld(t)
	return desk{w, notify.NewLetters(notify.LettersOptions{
		Pool: w.pool, Senders: w.senders, Codes: made, PublicURL: "https://boxoffice.example/", FromName: "Boxoffice",
		Logger: slog.New(slog.NewJSONHandler(w.log, nil)),
	}), made}
}

// write keeps a letter, with a proof for a purpose, if it has one.
func (d desk) write(kind, channel, language, purpose string) (proof uuid.UUID) {
	d.t.Helper()
	to := map[string]string{"email": customerEmail, "sms": customerPhone}[channel]
	if purpose != "" {
		require.NoError(d.t, d.pool.QueryRow(d.t.Context(), `INSERT INTO proofs (account_id, purpose, recipient, code_until, link_until)
			SELECT id, $1, $2, now() + interval '10 minutes', now() + interval '1 hour' FROM accounts RETURNING id`, purpose, to).Scan(&proof))
	}
	d.exec(`INSERT INTO letters (account_id, kind, channel, recipient, language, proof_id) SELECT id, $1, $2, $3, $4, nullif($5, $6::uuid) FROM accounts`,
		kind, channel, to, language, proof, uuid.Nil)
	return proof
}

func (d desk) send() int {
	d.t.Helper()
	n, err := d.letters.SendDue(d.t.Context())
	require.NoError(d.t, err)
	return n
}

func (d desk) statuses() (all []string) {
	d.t.Helper()
	require.NoError(d.t, d.pool.QueryRow(d.t.Context(), `SELECT coalesce(array_agg(status ORDER BY created_at), '{}') FROM letters`).Scan(&all))
	return all
}

func TestEveryLetterIsWrittenInEveryLanguage(t *testing.T) {
	t.Parallel()
	for kind, letter := range map[string]struct{ channel, purpose, page string }{
		"confirm_email":    {"email", "email", "/verify#token="},
		"confirm_phone":    {"sms", "phone", ""},
		"reset_password":   {"email", "reset", "/reset#token="},
		"new_email":        {"email", "new_email", ""},
		"email_changed":    {"email", "undo_email", "/email-undo#token="},
		"password_changed": {"email", "", "/login"},
		"session_copied":   {"email", "", "/account"},
		"factor_changed":   {"email", "", "/account"},
		"recovery_used":    {"email", "", "/account"},
		"passkey_added":    {"email", "", "/account"},
		"passkey_removed":  {"email", "", "/account"},
		"passkey_copied":   {"email", "", "/account"},
		"link_identity":    {"email", "link", ""},
		"identity_changed": {"email", "", "/account"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			seen := map[string]bool{}
			for _, language := range []string{"en", "hi-IN", "ar", "mr"} {
				proof := d.write(kind, letter.channel, language, letter.purpose)
				require.Equal(t, 1, d.send())
				sent := d.sent(booking.Channel(letter.channel))[0]
				whole := sent.Subject + sent.Text + sent.HTML
				assert.NotContains(t, whole, "{{")
				assert.NotContains(t, whole, "<no value>")
				for _, code := range []string{"confirm_email", "confirm_phone", "new_email", "link_identity"} {
					if kind == code {
						assert.Contains(t, sent.Text, "@boxoffice.example #"+d.codes.Code(letter.purpose, proof), "phones fill it in")
					}
				}
				if letter.page != "" {
					assert.Contains(t, sent.Text, "https://boxoffice.example"+letter.page)
					assert.Contains(t, sent.HTML, `href="https://boxoffice.example`+letter.page)
				}
				if strings.HasSuffix(letter.page, "=") {
					assert.Contains(t, sent.Text, d.codes.Token(letter.purpose, proof))
				}
				seen[sent.Subject+sent.Text[:20]] = true
			}
			assert.GreaterOrEqual(t, len(seen), 3, "Marathi is English, the others differ")
		})
	}
}

func TestALetterIsSentOnceByManyProcesses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range 20 {
		d.write("password_changed", "email", "en", "")
	}
	var sending sync.WaitGroup
	for range 4 {
		sending.Go(func() {
			for {
				if n, err := d.letters.SendDue(t.Context()); err != nil || n == 0 {
					assert.NoError(t, err)
					return
				}
			}
		})
	}
	sending.Wait()
	assert.Len(t, d.sent(booking.ChannelEmail), 20)
}

func TestLettersWaitForTheirVendorAndEndWithTheirUse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.box(booking.ChannelEmail).Fault(t, notifytest.Fault{"fault": "error", "operation": operation(booking.ChannelEmail), "times": 1})
	d.write("password_changed", "email", "en", "")
	d.send()
	assert.Equal(t, []string{"waiting"}, d.statuses())
	assert.Zero(t, d.send(), "not at once again")
	d.exec(`UPDATE letters SET try_after = now(), attempts = 50, created_at = now() - interval '2 days'`)
	d.send()
	assert.Equal(t, []string{"sent"}, d.statuses(), "after two days of an outage")

	for name, change := range map[string]string{
		"a link that was used":       `UPDATE proofs SET used_at = now()`,
		"a link whose time is over":  `UPDATE proofs SET link_until = now()`,
		"news of three days ago":     `UPDATE letters SET proof_id = NULL, kind = 'password_changed', created_at = now() - interval '73 hours'`,
		"an address that is refused": `UPDATE letters SET recipient = 'not an address'`,
	} {
		d.exec(`DELETE FROM letters`)
		d.write("reset_password", "email", "en", "reset")
		d.exec(change)
		d.send()
		assert.Equal(t, []string{"dropped"}, d.statuses(), name)
	}
	assert.Len(t, d.sent(booking.ChannelEmail), 1)
	assert.NotContains(t, d.log.String(), customerEmail)
}

func TestLettersAreSentSoonAfterAHint(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	hints := make(chan struct{}, 1)
	var running sync.WaitGroup
	running.Go(func() { d.letters.Run(ctx, hints) })
	d.write("confirm_phone", "sms", "en", "phone")
	hints <- struct{}{}
	assert.Eventually(t, func() bool { return len(d.sent(booking.ChannelSMS)) == 1 }, patience, tick)
	stop()
	running.Wait()
}

// What customers do not want is not sent, also when it was planned before.
func TestFault45_WithdrawnConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO unwanted_messages (account_id, channel, kind) SELECT id, c, 'reminders' FROM accounts, unnest('{email,sms}'::text[]) c`)
	w.exec(`INSERT INTO unwanted_messages (account_id, channel, kind) SELECT id, 'sms', 'tickets' FROM accounts`)
	s := w.service()
	for _, n := range []booking.Notification{
		{BookingID: w.bookingID, Channel: booking.ChannelEmail, Notice: booking.NoticeReminder},
		{BookingID: w.bookingID, Channel: booking.ChannelSMS, Notice: booking.NoticeReminder},
		{BookingID: w.bookingID, Channel: booking.ChannelSMS, Notice: booking.NoticeConfirmed},
	} {
		require.NoError(t, s.Send(t.Context(), n))
		assert.Equal(t, "skipped", w.record(n).Status)
	}
	require.NoError(t, s.Send(t.Context(), w.notification(booking.ChannelEmail)))
	assert.Len(t, w.sent(booking.ChannelEmail), 1, "the ticket always comes")
	assert.Empty(t, w.sent(booking.ChannelSMS))
}

// While a release is rolled out, its letters are in the table of workers that cannot write them.
func TestALetterOfTheNextReleaseWaitsForItsWorker(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("of_the_next_release", "email", "en", "")
	d.write("password_changed", "email", "en", "")
	assert.Equal(t, 1, d.send())
	assert.Equal(t, []string{"waiting", "sent"}, d.statuses())
}
