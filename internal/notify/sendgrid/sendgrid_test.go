package sendgrid_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
	"github.com/boxoffice/boxoffice/internal/notify/sendgrid"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, notifytest.Setup{
		Vendor: "sendgrid", SendOperation: "mail.send", FindOperation: "messages.list",
		Sandbox:        func(t *testing.T) string { return sandboxtest.New(t) },
		Open:           func(_ *testing.T, url string) notify.Sender { return open(url, "SG.test") },
		OpenWithoutKey: func(_ *testing.T, url string) notify.Sender { return open(url, "") },
		Message: func(*testing.T, string) booking.Message {
			return mail("guest-" + uuid.NewString() + "@example.com")
		},
		Refused: func(*testing.T, string) booking.Message { return mail("nobody at example") },
	})
}

// A wrong sender address is our own error to fix: the messages wait.
func TestWrongSenderIsDenied(t *testing.T) {
	t.Parallel()
	sender := sendgrid.New(sendgrid.Options{APIKey: "SG.test", URL: sandboxtest.New(t), From: "not an address"})
	_, err := sender.Send(t.Context(), mail("guest@example.com"))
	var vendor *notify.VendorError
	require.ErrorAs(t, err, &vendor)
	assert.Equal(t, notify.OutcomeDenied, vendor.Outcome, vendor)
}

func open(url, key string) notify.Sender {
	return sendgrid.New(sendgrid.Options{APIKey: key, URL: url + "/", From: "tickets@boxoffice.example", FromName: "Boxoffice"})
}

func mail(to string) booking.Message {
	return booking.Message{
		NotificationID: uuid.NewString(), To: to, ToName: "Guest Number One",
		Subject: "Your tickets", Text: "Your seats are booked.", HTML: "<p>Your seats are booked.</p>",
	}
}
