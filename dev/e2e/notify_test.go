package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// The vendor accepts the message, but we get no answer.
func TestFault41_AcceptedThenSilence(t *testing.T) {
	for name, fault := range map[string]Fault{
		"mail": {Vendor: "sendgrid", Fault: "reply_lost", Operation: "mail.send", Times: 1},
		"sms":  {Vendor: "twilio", Fault: "reply_lost", Operation: "messages.create", Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			c := s.customer()
			b := s.book(c, "A1")
			on := s.breakVendor(fault)
			s.pay(b)
			s.awaitDone(c, b.ID, afterRestart)
			s.awaitHit(on, 1)
			for _, to := range []string{c.Email, c.Phone} {
				inbox, err := world.Sandbox.Inbox(t.Context(), to)
				require.NoError(t, err)
				assert.Len(t, inbox, 1, "one message to each address")
			}
		})
	}
}

// Mail that is down delays the mail, and nothing else.
func TestFault42_MailDown(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	down := s.breakVendor(Fault{Vendor: "sendgrid", Fault: "error", Status: 503})
	s.pay(b)
	s.await(c, b.ID, "the sale, told of by SMS alone", soon, func(b booking.Booking) bool {
		return b.Status == booking.StatusConfirmed && b.Payment.Status == booking.PaymentCaptured &&
			countEvents(b, booking.EventNotified) == 1
	})
	s.awaitHit(down, 2)
	s.repair(down)
	s.awaitDone(c, b.ID, afterRestart)
}

// A browser that subscribes while the booking is under way is told of the sale and, later,
// of the show's end.
func TestPushReachesABrowser(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	browser := s.browser(c)
	s.pay(b)
	s.await(c, b.ID, "the sale, told of by mail, SMS and push", afterRestart, func(b booking.Booking) bool {
		return b.Payment.Status == booking.PaymentCaptured && countEvents(b, booking.EventNotified) == 3
	})
	require.Equal(t, []string{"Booked"}, s.shown(browser))

	admin, err := world.Staff(t.Context(), "admin")
	require.NoError(t, err)
	s.changeShow(admin, "cancel", map[string]any{"reason": "The roof leaks."})
	require.True(t, poll(t.Context(), afterRestart, func() bool { return len(s.shown(browser)) == 2 }), s.story(c, b.ID))
	assert.Equal(t, "Show cancelled", s.shown(browser)[0])
}

// browser subscribes one of the customer's.
func (s *stage) browser(c *Customer) Browser {
	s.Helper()
	var key struct {
		PublicKey string `json:"public_key"`
	}
	_, err := c.Get(s.Context(), "/v1/push/key", &key)
	require.NoError(s, err)
	browser, err := world.Sandbox.Browser(s.Context(), key.PublicKey)
	require.NoError(s, err)
	_, err = c.call(s.Context(), http.MethodPut, "/v1/me/push-subscriptions", browser, nil)
	require.NoError(s, err)
	return browser
}

// shown are the beginnings of the titles that a browser got, the newest first.
func (s *stage) shown(browser Browser) (titles []string) {
	s.Helper()
	letters, err := world.Sandbox.Inbox(s.Context(), browser.Endpoint)
	require.NoError(s, err)
	for _, letter := range letters {
		title, _, _ := strings.Cut(letter.Subject, ":")
		titles = append(titles, title)
	}
	return titles
}
