// Package notifytest is the conformance suite of notify.Sender: what every
// messaging vendor's adapter has to tell apart, tried against the sandbox. It
// speaks to the sandbox over HTTP, as the adapters do. Only tests import it.
package notifytest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
)

const (
	patience = 10 * time.Second
	tick     = 10 * time.Millisecond
	// briefly is how long a call may take that is meant to time out.
	briefly = 150 * time.Millisecond
)

// Setup is what the suite has to know of a vendor.
type Setup struct {
	// Vendor, SendOperation and FindOperation are the sandbox's names.
	Vendor, SendOperation, FindOperation string
	// Sandbox starts a sandbox of the test's own and gives its address.
	Sandbox func(t *testing.T) string
	// Open makes the sender under test, for the API at an address.
	Open func(t *testing.T, url string) notify.Sender
	// OpenWithoutKey makes one that the vendor does not know.
	OpenWithoutKey func(t *testing.T, url string) notify.Sender
	// Message gives a message to a recipient that no other message has, for the API at an
	// address: some recipients have theirs at the vendor.
	Message func(t *testing.T, url string) booking.Message
	// Refused gives a message that the vendor refuses permanently.
	Refused func(t *testing.T, url string) booking.Message
	// SameID: the vendor lists a message under the id that it gave when sending.
	SameID bool
	// Silent: the vendor never says what it has. Then Find says so, whatever happens.
	Silent bool
	// Gone are the statuses that mean that the recipient is gone.
	Gone []int
}

// Run tries a sender.
func Run(t *testing.T, setup Setup) {
	for name, test := range map[string]func(*testing.T, Setup){
		"sends and finds":                   sendsAndFinds,
		"finds only what it has":            findsOnlyItsOwn,
		"times out after accepting":         timesOutAfterAccepting,
		"loses the reply":                   losesTheReply,
		"answers with an error":             answersWithAnError,
		"a gateway answers for it":          gatewayAnswers,
		"is away":                           isAway,
		"call is over before it begins":     overBeforeItBegins,
		"refuses the message":               refusesTheMessage,
		"refuses us":                        refusesUs,
		"redirects":                         redirects,
		"cannot be asked":                   cannotBeAsked,
		"hostile content arrives unchanged": hostileContent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, setup)
		})
	}
}

func sendsAndFinds(t *testing.T, setup Setup) {
	box, sender := open(t, setup)
	assert.Equal(t, setup.Vendor, sender.Name())
	message, before := setup.Message(t, box.URL), time.Now()
	id, err := sender.Send(t.Context(), message)
	require.NoError(t, err)
	assert.NotEmpty(t, id)
	require.Len(t, box.Sent(t, message.To), 1)

	found, ok, err := sender.Find(t.Context(), message, before)
	if setup.Silent {
		assertOutcome(t, notify.OutcomeUnaskable, message, err)
		return
	}
	require.NoError(t, err)
	require.True(t, ok)
	if setup.SameID {
		assert.Equal(t, id, found)
	}
	assert.NotEmpty(t, found)
}

func findsOnlyItsOwn(t *testing.T, setup Setup) {
	box, sender := open(t, setup)
	other, message := setup.Message(t, box.URL), setup.Message(t, box.URL)
	_, err := sender.Send(t.Context(), other)
	require.NoError(t, err)
	assert.Empty(t, box.Sent(t, message.To))
	if setup.Silent {
		return
	}
	_, found, err := sender.Find(t.Context(), message, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	assert.False(t, found)
}

func timesOutAfterAccepting(t *testing.T, setup Setup) {
	box, sender := open(t, setup)
	box.Fault(t, Fault{"fault": "latency", "operation": setup.SendOperation, "duration_ms": 4 * briefly.Milliseconds()})
	message := setup.Message(t, box.URL)
	ctx, cancel := context.WithTimeout(t.Context(), briefly)
	defer cancel()
	_, err := sender.Send(ctx, message)
	assertOutcome(t, notify.OutcomeUnknown, message, err)
	requireArrived(t, setup, box, sender, message)
	assert.Len(t, box.Sent(t, message.To), 1)
}

func losesTheReply(t *testing.T, setup Setup) {
	box, sender := open(t, setup)
	box.Fault(t, Fault{"fault": "reply_lost", "operation": setup.SendOperation})
	message := setup.Message(t, box.URL)
	_, err := sender.Send(t.Context(), message)
	assertOutcome(t, notify.OutcomeUnknown, message, err)
	requireArrived(t, setup, box, sender, message)
	assert.Len(t, box.Sent(t, message.To), 1, "the request must not be repeated")
}

func answersWithAnError(t *testing.T, setup Setup) {
	tests := map[int]notify.Outcome{
		http.StatusInternalServerError:   notify.OutcomeNotAccepted,
		http.StatusServiceUnavailable:    notify.OutcomeNotAccepted,
		http.StatusTooManyRequests:       notify.OutcomeNotAccepted,
		http.StatusRequestTimeout:        notify.OutcomeNotAccepted,
		http.StatusUnauthorized:          notify.OutcomeDenied,
		http.StatusForbidden:             notify.OutcomeDenied,
		http.StatusNotFound:              notify.OutcomeDenied,
		http.StatusBadRequest:            notify.OutcomeRefused,
		http.StatusRequestEntityTooLarge: notify.OutcomeRefused,
	}
	for _, status := range setup.Gone {
		tests[status] = notify.OutcomeGone
	}
	box, sender := open(t, setup)
	for status, want := range tests {
		box.Fault(t, Fault{"fault": "error", "operation": setup.SendOperation, "status": status, "times": 1})
		message := setup.Message(t, box.URL)
		_, err := sender.Send(t.Context(), message)
		assertOutcome(t, want, message, err, status)
		assert.Empty(t, box.Sent(t, message.To), status)
	}
}

func gatewayAnswers(t *testing.T, setup Setup) {
	box, sender := open(t, setup)
	for _, status := range []int{http.StatusBadGateway, http.StatusGatewayTimeout} {
		box.Fault(t, Fault{"fault": "error", "operation": setup.SendOperation, "status": status, "times": 1, "done": true})
		message := setup.Message(t, box.URL)
		_, err := sender.Send(t.Context(), message)
		assertOutcome(t, notify.OutcomeUnknown, message, err, status)
		requireArrived(t, setup, box, sender, message)
	}
}

func isAway(t *testing.T, setup Setup) {
	// A port that was free a moment ago refuses connections.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	sender, message := setup.Open(t, "http://"+address), setup.Message(t, "http://"+address)
	_, err = sender.Send(t.Context(), message)
	assertOutcome(t, notify.OutcomeNotAccepted, message, err)
	if setup.Silent {
		return
	}
	_, _, err = sender.Find(t.Context(), message, time.Now())
	assertOutcome(t, notify.OutcomeNotAccepted, message, err)
}

func overBeforeItBegins(t *testing.T, setup Setup) {
	box, sender := open(t, setup)
	message := setup.Message(t, box.URL)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sender.Send(ctx, message)
	assertOutcome(t, notify.OutcomeNotAccepted, message, err)
	assert.Empty(t, box.Sent(t, message.To))
}

func refusesTheMessage(t *testing.T, setup Setup) {
	box, sender := open(t, setup)
	message := setup.Refused(t, box.URL)
	_, err := sender.Send(t.Context(), message)
	assertOutcome(t, notify.OutcomeRefused, message, err)
	assert.Empty(t, box.Sent(t, message.To))
}

func refusesUs(t *testing.T, setup Setup) {
	box := Box{setup.Sandbox(t), setup.Vendor}
	sender, message := setup.OpenWithoutKey(t, box.URL), setup.Message(t, box.URL)
	_, err := sender.Send(t.Context(), message)
	assertOutcome(t, notify.OutcomeDenied, message, err)
	assert.Empty(t, box.Sent(t, message.To))
	if setup.Silent {
		return
	}
	_, _, err = sender.Find(t.Context(), message, time.Now())
	assertOutcome(t, notify.OutcomeDenied, message, err)
}

func redirects(t *testing.T, setup Setup) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	message := setup.Message(t, server.URL)
	_, err := setup.Open(t, server.URL).Send(t.Context(), message)
	assertOutcome(t, notify.OutcomeDenied, message, err)
	assert.EqualValues(t, 1, asked.Load(), "a redirect must not send the message twice")
}

func cannotBeAsked(t *testing.T, setup Setup) {
	tests := map[int]notify.Outcome{
		http.StatusBadRequest:          notify.OutcomeUnaskable,
		http.StatusForbidden:           notify.OutcomeUnaskable,
		http.StatusNotFound:            notify.OutcomeUnaskable,
		http.StatusUnauthorized:        notify.OutcomeDenied,
		http.StatusTooManyRequests:     notify.OutcomeNotAccepted,
		http.StatusInternalServerError: notify.OutcomeNotAccepted,
		http.StatusBadGateway:          notify.OutcomeNotAccepted,
	}
	if setup.Silent {
		t.Skip("the vendor is never asked")
	}
	box, sender := open(t, setup)
	message := setup.Message(t, box.URL)
	for status, want := range tests {
		box.Fault(t, Fault{"fault": "error", "operation": setup.FindOperation, "status": status, "times": 1})
		_, _, err := sender.Find(t.Context(), message, time.Now())
		assertOutcome(t, want, message, err, status)
	}
	box.Fault(t, Fault{"fault": "latency", "operation": setup.FindOperation, "duration_ms": 4 * briefly.Milliseconds(), "times": 1})
	ctx, cancel := context.WithTimeout(t.Context(), briefly)
	defer cancel()
	_, _, err := sender.Find(ctx, message, time.Now())
	assertOutcome(t, notify.OutcomeNotAccepted, message, err)
}

func hostileContent(t *testing.T, setup Setup) {
	const nasty = `<b>"'&=+%0d%0aBcc: x ☃ 🎬 दिल {{name}} -name- \n`
	box, sender := open(t, setup)
	message := setup.Message(t, box.URL)
	message.Text = nasty + message.Text
	if message.Subject != "" {
		message.Subject = nasty
	}
	if message.HTML != "" {
		message.ToName, message.HTML = nasty, "<p>&lt;b&gt;</p>"
	}
	_, err := sender.Send(t.Context(), message)
	require.NoError(t, err)
	sent := box.Sent(t, message.To)
	require.Len(t, sent, 1)
	assert.Equal(t, message.Text, sent[0].Text)
	assert.Equal(t, message.Subject, sent[0].Subject)
	assert.Equal(t, message.HTML, sent[0].HTML)
	requireArrived(t, setup, box, sender, message)
}

func open(t *testing.T, setup Setup) (Box, notify.Sender) {
	t.Helper()
	box := Box{setup.Sandbox(t), setup.Vendor}
	return box, setup.Open(t, box.URL)
}

// requireArrived waits until the vendor says that it has the message; of one that says
// nothing the sandbox's inbox tells.
func requireArrived(t *testing.T, setup Setup, box Box, sender notify.Sender, message booking.Message) {
	t.Helper()
	if setup.Silent {
		require.Eventually(t, func() bool { return len(box.Sent(t, message.To)) > 0 }, patience, tick)
		return
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, found, err := sender.Find(t.Context(), message, time.Now().Add(-time.Minute))
		assert.NoError(c, err)
		assert.True(c, found)
	}, patience, tick)
}

// assertOutcome also sees that nothing personal is in the error, which is logged.
func assertOutcome(t *testing.T, want notify.Outcome, message booking.Message, err error, note ...any) {
	t.Helper()
	var vendor *notify.VendorError
	if !assert.ErrorAs(t, err, &vendor, note...) {
		return
	}
	assert.Equal(t, want.String(), vendor.Outcome.String(), append(note, vendor)...)
	for _, personal := range []string{message.To, strings.TrimPrefix(message.To, "+"), message.ToName, message.Text} {
		if personal != "" {
			assert.NotContains(t, err.Error(), personal)
		}
	}
}
