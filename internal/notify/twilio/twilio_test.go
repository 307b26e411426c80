package twilio_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/notifytest"
	"github.com/boxoffice/boxoffice/internal/notify/twilio"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

const (
	account   = "AC00000000000000000000000000000001"
	ourNumber = "+15005550006"
)

var numbers atomic.Int64

func TestConformance(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, notifytest.Setup{
		Vendor: "twilio", SendOperation: "messages.create", FindOperation: "messages.list", SameID: true,
		Sandbox:        func(t *testing.T) string { return sandboxtest.New(t) },
		Open:           func(t *testing.T, url string) notify.Sender { return open(t, url, "token", ourNumber) },
		OpenWithoutKey: func(t *testing.T, url string) notify.Sender { return open(t, url, "", ourNumber) },
		Message:        func(*testing.T, string) booking.Message { return text(fmt.Sprintf("+9198%08d", numbers.Add(1))) },
		Refused:        func(*testing.T, string) booking.Message { return text("+15005550001") },
	})
}

// A fault of our own number is ours to fix: the messages wait.
func TestOurNumberIsNotTheMessagesFault(t *testing.T) {
	t.Parallel()
	url := sandboxtest.New(t)
	for from, want := range map[string]notify.Outcome{
		"+15005550001": notify.OutcomeDenied,
		"+15005550007": notify.OutcomeDenied,
		"+15005550008": notify.OutcomeNotAccepted,
	} {
		_, err := open(t, url, "token", from).Send(t.Context(), text("+919800000001"))
		var vendor *notify.VendorError
		require.ErrorAs(t, err, &vendor)
		assert.Equal(t, want.String(), vendor.Outcome.String(), vendor)
	}
	// twilio-go checks the token's characters before it sends a request.
	_, err := open(t, url, "not a token!", ourNumber).Send(t.Context(), text("+919800000001"))
	var vendor *notify.VendorError
	require.ErrorAs(t, err, &vendor)
	assert.Equal(t, notify.OutcomeDenied, vendor.Outcome, vendor)
}

func TestMessagingService(t *testing.T) {
	t.Parallel()
	url := sandboxtest.New(t)
	sender := open(t, url, "token", "MG00000000000000000000000000000001")
	id, err := sender.Send(t.Context(), text("+919800000002"))
	require.NoError(t, err)
	assert.NotEmpty(t, id)
}

// Of equal texts the newest that is new enough counts.
func TestFindTakesTheNewest(t *testing.T) {
	t.Parallel()
	sender := open(t, sandboxtest.New(t), "token", ourNumber)
	message := text("+919800000003")
	_, err := sender.Send(t.Context(), message)
	require.NoError(t, err)
	second, err := sender.Send(t.Context(), message)
	require.NoError(t, err)
	found, ok, err := sender.Find(t.Context(), message, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, second, found)

	_, ok, err = sender.Find(t.Context(), message, time.Now().Add(time.Minute))
	require.NoError(t, err)
	assert.False(t, ok, "an earlier sending of the same text is not this one")
}

func TestNewRefusesAnAddressWithoutHost(t *testing.T) {
	t.Parallel()
	_, err := twilio.New(twilio.Options{URL: "api.twilio.com"})
	assert.Error(t, err)
}

func open(t *testing.T, url, token, from string) notify.Sender {
	t.Helper()
	sender, err := twilio.New(twilio.Options{AccountSID: account, AuthToken: token, URL: url, From: from})
	require.NoError(t, err)
	return sender
}

func text(to string) booking.Message {
	return booking.Message{
		NotificationID: uuid.NewString(), To: to,
		Text: "Booked. https://boxoffice.example/bookings/" + uuid.NewString(),
	}
}
