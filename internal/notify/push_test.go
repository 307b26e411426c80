package notify_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	library "github.com/SherClockHolmes/webpush-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
	"github.com/boxoffice/boxoffice/internal/notify/webpush"
)

// pushWorld is a world whose customer has browsers.
type pushWorld struct {
	*world
	public   string
	browsers []notifytest.Browser
}

func newPushWorld(t *testing.T, browsers int) *pushWorld {
	t.Helper()
	w := &pushWorld{world: newWorld(t)}
	private, public, err := library.GenerateVAPIDKeys()
	require.NoError(t, err)
	w.public = public
	w.senders[booking.ChannelPush] = webpush.New(webpush.Options{
		PublicKey: public, PrivateKey: private, Subject: "mailto:push@boxoffice.com", SandboxURL: w.boxURL,
	})
	for range browsers {
		w.subscribe(public)
	}
	return w
}

// subscribe installs a browser that takes messages signed with a key.
func (w *pushWorld) subscribe(public string) notifytest.Browser {
	w.t.Helper()
	browser := w.pushBox().Subscribe(w.t, public)
	p256dh, auth := browser.Bytes(w.t)
	w.exec(`INSERT INTO push_subscriptions (account_id, endpoint, p256dh, auth)
		SELECT customer_id, $2, $3, $4 FROM bookings WHERE id = $1`, w.bookingID, browser.Endpoint, p256dh, auth)
	w.browsers = append(w.browsers, browser)
	return browser
}

func (w *pushWorld) pushBox() notifytest.Box { return notifytest.Box{URL: w.boxURL, Vendor: "webpush"} }

func (w *pushWorld) push(notice booking.Notice) booking.Notification {
	return booking.Notification{BookingID: w.bookingID, Channel: booking.ChannelPush, Notice: notice}
}

// got are the messages of each browser, in the order of their subscriptions.
func (w *pushWorld) got() (counts []int) {
	w.t.Helper()
	for _, browser := range w.browsers {
		counts = append(counts, len(w.pushBox().Sent(w.t, browser.Endpoint)))
	}
	return counts
}

func (w *pushWorld) subscriptions() (n int) {
	return w.count(`SELECT count(*) FROM push_subscriptions`)
}

func (w *pushWorld) count(query string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), query).Scan(&n))
	return n
}

func (w *pushWorld) fault(fault notifytest.Fault) {
	w.t.Helper()
	fault["operation"] = "push.send"
	w.pushBox().Fault(w.t, fault)
}

// pausesEnd ends every pause that a push service asked for.
func (w *pushWorld) pausesEnd() {
	w.exec(`UPDATE push_deliveries SET try_after = now() - interval '1 s'`)
}

func TestPushReachesEveryBrowserOnce(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 3)
	s, n := w.service(), w.push(booking.NoticeConfirmed)
	for range 3 {
		require.NoError(t, s.Send(t.Context(), n))
	}
	assert.Equal(t, []int{1, 1, 1}, w.got())
	assert.Equal(t, record{Status: "sent", Vendor: "webpush", Attempts: 1}, w.record(n))
	assert.Equal(t, []string{"notified: Confirmation sent to the browser."}, w.timeline())
	assert.EqualValues(t, 1, w.published.Load())

	sent := w.pushBox().Sent(t, w.browsers[0].Endpoint)[0]
	assert.Equal(t, "Booked: The Long Night", sent.Subject)
	assert.Equal(t, "Fri 8 Jan 19:30 IST, Aurora Koramangala. Seats C7,C8.", sent.Text)
	assert.Equal(t, "https://boxoffice.example/bookings/"+w.bookingID, sent.CustomArgs["navigate"])
	assert.Equal(t, "booking-"+w.bookingID, sent.CustomArgs["tag"])
	assert.Equal(t, "https://boxoffice.example/icon-192.png", sent.CustomArgs["icon"])
	assert.Regexp(t, `^[A-Za-z0-9_-]{32}$`, sent.Headers["Topic"])
	assert.NotContains(t, w.bookingID, sent.Headers["Topic"])
}

func TestEachBrowserHasItsLanguage(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 3)
	for i, language := range []string{"de", "hi-IN", "ar"} {
		w.exec(`UPDATE push_subscriptions SET language = $2 WHERE endpoint = $1`, w.browsers[i].Endpoint, language)
	}
	require.NoError(t, w.service().Send(t.Context(), w.push(booking.NoticeConfirmed)))
	for i, want := range []struct{ title, body, language, direction string }{
		{"Booked: The Long Night", "Fri 8 Jan 19:30 IST, Aurora Koramangala. Seats C7,C8.", "en", "ltr"},
		{"बुक हो गया: The Long Night", "शुक्र, 8 जनवरी 19:30 IST, Aurora Koramangala। सीट: C7,C8।", "hi", "ltr"},
		{
			"تم الحجز: \u2068The Long Night\u2069",
			"\u2068الجمعة 8 يناير 19:30 IST\u2069، \u2068Aurora Koramangala\u2069. المقاعد: \u2068C7,C8\u2069.", "ar", "rtl",
		},
	} {
		sent := w.pushBox().Sent(t, w.browsers[i].Endpoint)
		require.Len(t, sent, 1)
		assert.Equal(t, want.title, sent[0].Subject)
		assert.Equal(t, want.body, sent[0].Text)
		assert.Equal(t, want.language, sent[0].CustomArgs["lang"])
		assert.Equal(t, want.direction, sent[0].CustomArgs["dir"])
	}
}

// What a browser still waits for is replaced by what is newer of the same booking.
func TestPushesOfABookingReplaceEachOther(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 1)
	s := w.service()
	w.exec(`UPDATE shows SET starts_at = now() + interval '90 minutes'`)
	for _, notice := range []booking.Notice{booking.NoticeConfirmed, booking.NoticeReminder, booking.NoticeRescheduled, booking.NoticeMoved} {
		require.NoError(t, s.Send(t.Context(), w.push(notice)))
	}
	w.exec(`UPDATE bookings SET status = 'cancelled', refund_due = 90000`)
	w.exec(`UPDATE shows SET starts_at = now() - interval '1 hour'`)
	require.NoError(t, s.Send(t.Context(), w.push(booking.NoticeShowCancelled)))
	sent := w.pushBox().Sent(t, w.browsers[0].Endpoint) // the newest first
	require.Len(t, sent, 5)
	for i, want := range []struct{ urgency, ttl, title string }{
		{"high", "^60$", "Show cancelled: The Long Night"}, {"normal", "^5[34]..$", "New ticket: The Long Night"},
		{"high", "^5[34]..$", "New time: The Long Night"}, {"normal", "^5[34]..$", "Soon: The Long Night"}, {"normal", "^5[34]..$", "Booked: The Long Night"},
	} {
		assert.Equal(t, want.title, sent[i].Subject)
		assert.Equal(t, want.urgency, sent[i].Headers["Urgency"], want.title)
		assert.Regexp(t, want.ttl, sent[i].Headers["TTL"], want.title)
		assert.Equal(t, sent[0].Headers["Topic"], sent[i].Headers["Topic"])
		assert.Equal(t, sent[0].CustomArgs["tag"], sent[i].CustomArgs["tag"])
	}
	assert.Contains(t, sent[0].Text, "You get INR 900.00 back.")
}

func TestPushIsNotForEverything(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		browsers int
		notice   booking.Notice
		change   func(*pushWorld)
	}{
		"no browser":         {0, booking.NoticeConfirmed, func(*pushWorld) {}},
		"no vendor":          {1, booking.NoticeConfirmed, func(w *pushWorld) { delete(w.senders, booking.ChannelPush) }},
		"not worth it":       {1, booking.NoticeExpired, func(*pushWorld) {}},
		"overtaken":          {1, booking.NoticeReminder, func(w *pushWorld) { w.exec(`UPDATE bookings SET status = 'cancelled'`) }},
		"of another account": {1, booking.NoticeConfirmed, func(w *pushWorld) { w.giveBrowsersAway() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPushWorld(t, test.browsers)
			test.change(w)
			require.NoError(t, w.service().Send(t.Context(), w.push(test.notice)))
			assert.Zero(t, w.count(`SELECT count(*) FROM notifications`), "nothing is recorded where nothing is to do")
			for _, n := range w.got() {
				assert.Zero(t, n)
			}
		})
	}
}

func TestBrowsersAreKnownBeforeAnyIsCalled(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 0)
	s, n := w.service(), w.push(booking.NoticeConfirmed)
	awaits := func(n booking.Notification, want bool, why string) {
		t.Helper()
		got, err := s.Await(t.Context(), n)
		require.NoError(t, err)
		assert.Equal(t, want, got, why)
	}
	awaits(n, false, "there is none")
	w.subscribe(w.public)
	awaits(n, true, "there is one")
	awaits(w.push(booking.NoticeExpired), false, "that is not worth an interruption")
	w.fault(notifytest.Fault{"fault": "error", "status": http.StatusInternalServerError, "times": 1})
	requireRetryable(t, s.Send(t.Context(), n))
	w.exec(`DELETE FROM push_subscriptions`)
	awaits(n, true, "the message has begun")
	require.NoError(t, s.Send(t.Context(), n))
	assert.Equal(t, "skipped", w.record(n).Status)
	awaits(n, false, "it has ended")
}

func (w *pushWorld) giveBrowsersAway() {
	w.exec(`INSERT INTO accounts (id, email, password_hash, name) VALUES (gen_random_uuid(), 'other@example.com', 'x', 'Other')`)
	w.exec(`UPDATE push_subscriptions SET account_id = (SELECT id FROM accounts WHERE email = 'other@example.com')`)
}

func TestABrowserThatIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		w := newPushWorld(t, 1)
		w.fault(notifytest.Fault{"fault": "error", "status": status})
		n := w.push(booking.NoticeConfirmed)
		require.NoError(t, w.service().Send(t.Context(), n))
		assert.Zero(t, w.subscriptions(), status)
		assert.Equal(t, record{Status: "skipped", Vendor: "webpush", Failure: "no browser takes it any more", Attempts: 1}, w.record(n))
		assert.Empty(t, w.alerts())
		assert.Empty(t, w.timeline())
	}
	w := newPushWorld(t, 2)
	w.pushBox().Unsubscribe(t, w.browsers[0])
	n := w.push(booking.NoticeConfirmed)
	require.NoError(t, w.service().Send(t.Context(), n))
	assert.Equal(t, []int{0, 1}, w.got())
	assert.Equal(t, 1, w.subscriptions())
	assert.Equal(t, "sent", w.record(n).Status)
}

// A browser that subscribes again while its old address is being refused stays.
func TestABrowserThatSubscribedAgainIsKept(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 1)
	gone := sender{Sender: w.senders[booking.ChannelPush], send: func(context.Context, booking.Message) (string, error) {
		w.exec(`UPDATE push_subscriptions SET auth = '0123456789abcdef'`)
		return "", &notify.VendorError{Vendor: "webpush", Outcome: notify.OutcomeGone}
	}}
	_ = w.service(with(booking.ChannelPush, gone)).Send(t.Context(), w.push(booking.NoticeConfirmed))
	assert.Equal(t, 1, w.subscriptions())
}

// 401 and 403 are about our key: a browser that is forgotten for it would be lost.
func TestKeyTroubleForgetsNoBrowser(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		w := newPushWorld(t, 2)
		w.fault(notifytest.Fault{"fault": "error", "status": status})
		s, n := w.service(), w.push(booking.NoticeConfirmed)
		for range 2 {
			assert.Equal(t, booking.CodeProviderError, booking.CodeOf(s.Send(t.Context(), n)))
		}
		assert.Equal(t, 2, w.subscriptions())
		assert.Equal(t, "pending", w.record(n).Status)
		assert.Equal(t, []string{"message_vendor_denied"}, w.alerts())
		assert.Contains(t, w.log.String(), "Internal server error (sandbox)", "the body of the answer is in the log")

		w.pushBox().Repair(t)
		require.NoError(t, s.Send(t.Context(), n))
		assert.Equal(t, []int{1, 1}, w.got())
	}
}

// One browser that subscribed with another key does not keep the message from the others,
// who get it once.
func TestOneBrowserThatFailsDelaysNoOther(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 1)
	_, foreign, err := library.GenerateVAPIDKeys()
	require.NoError(t, err)
	w.subscribe(foreign)
	s, n := w.service(), w.push(booking.NoticeConfirmed)
	for range 3 {
		assert.Equal(t, booking.CodeProviderError, booking.CodeOf(s.Send(t.Context(), n)))
	}
	assert.Equal(t, []int{1, 0}, w.got())
	assert.Len(t, w.timeline(), 1)
	assert.Equal(t, 2, w.subscriptions())
	w.exec(`DELETE FROM push_subscriptions WHERE endpoint = $1`, w.browsers[1].Endpoint)
	require.NoError(t, s.Send(t.Context(), n))
	assert.Equal(t, "sent", w.record(n).Status)
	assert.Equal(t, []int{1, 0}, w.got())
}

func TestPushServicesThatAskForPatienceGetIt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		w := newPushWorld(t, 1)
		w.fault(notifytest.Fault{"fault": "error", "status": status, "times": 1})
		s, n := w.service(), w.push(booking.NoticeConfirmed)
		err := s.Send(t.Context(), n)
		var refused *booking.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, booking.CodeProviderUnavailable, refused.Code)
		assert.Greater(t, refused.RetryAfter, time.Second, "the sandbox asks for two")
		assert.LessOrEqual(t, refused.RetryAfter, 2*time.Second)

		// For any attempt of any worker.
		w.exec(`UPDATE push_deliveries SET try_after = now() + interval '1 hour'`)
		requireRetryable(t, w.service().Send(t.Context(), n))
		assert.Equal(t, []int{0}, w.got())
		w.pausesEnd()
		require.NoError(t, s.Send(t.Context(), n))
		assert.Equal(t, []int{1}, w.got())
	}
}

// A push service cannot be asked, and a repeat replaces what the browser shows.
func TestFault41_PushIsRepeatedWhenTheOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 1)
	s, n := w.service(), w.push(booking.NoticeConfirmed)
	w.fault(notifytest.Fault{"fault": "reply_lost", "times": 1})
	requireRetryable(t, s.Send(t.Context(), n))
	w.fault(notifytest.Fault{"fault": "error", "status": http.StatusBadGateway, "times": 1})
	requireRetryable(t, s.Send(t.Context(), n))
	require.NoError(t, s.Send(t.Context(), n))
	sent := w.pushBox().Sent(t, w.browsers[0].Endpoint)
	require.Len(t, sent, 2)
	assert.Equal(t, sent[0].Headers["Topic"], sent[1].Headers["Topic"])
	assert.Equal(t, sent[0].CustomArgs["tag"], sent[1].CustomArgs["tag"])
	assert.Equal(t, "sent", w.record(n).Status)
	assert.Empty(t, w.alerts(), "no person has to look for a copy")
}

func TestFault41_WorkerKilledDuringAPush(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 1)
	started := make(chan struct{})
	hangs := sender{Sender: w.senders[booking.ChannelPush], send: func(ctx context.Context, _ booking.Message) (string, error) {
		close(started)
		<-ctx.Done()
		return "", ctx.Err()
	}}
	n := w.push(booking.NoticeConfirmed)
	ctx, kill := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.service(with(booking.ChannelPush, hangs), waiting(time.Hour, 0)).Send(ctx, n) }()
	<-started
	requireRetryable(t, w.service().Send(t.Context(), n)) // it may still be alive, for all we know
	assert.Equal(t, []int{0}, w.got())
	kill()
	requireRetryable(t, <-ended)
	require.NoError(t, w.service().Send(t.Context(), n))
	assert.Equal(t, []int{1}, w.got())
}

func TestTwentyPushesAtOnceAreOneMessage(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 2)
	n := w.push(booking.NoticeConfirmed)
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
	require.NoError(t, w.service().Send(t.Context(), n))
	assert.Equal(t, []int{1, 1}, w.got())
	assert.Len(t, w.timeline(), 1)
}

func TestAPushThatIsRefusedAlertsAPerson(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 1)
	var calls atomic.Int64
	vendor := w.senders[booking.ChannelPush]
	counted := sender{Sender: vendor, send: func(ctx context.Context, m booking.Message) (string, error) {
		calls.Add(1)
		return vendor.Send(ctx, m)
	}}
	w.fault(notifytest.Fault{"fault": "error", "status": http.StatusRequestEntityTooLarge})
	s, n := w.service(with(booking.ChannelPush, counted)), w.push(booking.NoticeConfirmed)
	require.NoError(t, s.Send(t.Context(), n))
	assert.Equal(t, booking.CodeValidation, booking.CodeOf(s.Send(t.Context(), n)))
	assert.EqualValues(t, 1, calls.Load())
	assert.Equal(t, "failed", w.record(n).Status)
	assert.Equal(t, []string{"message_refused"}, w.alerts())
	assert.Equal(t, 1, w.subscriptions())
}

// Who has the endpoint knows which browser is whose.
func TestNothingOfABrowserIsKeptElsewhereOrLogged(t *testing.T) {
	t.Parallel()
	w := newPushWorld(t, 1)
	n := w.push(booking.NoticeConfirmed)
	for _, fault := range []notifytest.Fault{
		{"fault": "error", "status": http.StatusInternalServerError, "times": 1}, {"fault": "error", "status": http.StatusForbidden, "times": 1},
		{"fault": "reply_lost", "times": 1}, {"fault": "error", "status": http.StatusBadRequest, "times": 1},
	} {
		w.fault(fault)
		if err := w.service().Send(t.Context(), n); err != nil {
			assert.NotContains(t, err.Error(), w.browsers[0].Endpoint)
		}
	}
	var kept string
	require.NoError(t, w.pool.QueryRow(t.Context(), `
		SELECT concat((SELECT string_agg(n::text, ' ') FROM notifications n), (SELECT string_agg(a::text, ' ') FROM alerts a),
			(SELECT string_agg(d::text, ' ') FROM push_deliveries d))`).Scan(&kept))
	assert.Contains(t, kept, "HTTP 400")
	assert.NotContains(t, kept+w.log.String(), w.browsers[0].Endpoint)
	assertImpersonal(t, kept+w.log.String())
}
