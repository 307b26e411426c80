package e2e

import (
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
	s.mend(down)
	s.awaitDone(c, b.ID, afterRestart)
}
