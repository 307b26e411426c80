package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// answers are what sending over each channel says. It keeps the order.
type answers struct {
	says map[booking.Channel]error
	sent []booking.Channel
	none bool // no browser waits for messages
	lost error
}

func (a *answers) Await(_ context.Context, n booking.Notification) (bool, error) {
	return n.Channel == booking.ChannelPush && !a.none, a.lost
}

func (a *answers) Send(_ context.Context, n booking.Notification) error {
	a.sent = append(a.sent, n.Channel)
	return a.says[n.Channel]
}

func notifyOnce(t *testing.T, says *answers, push bool, channel booking.Channel) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	n := &activities.Notifications{Messages: says}
	if push {
		n.Browsers = says
	}
	env.RegisterActivity(n)
	_, err := env.ExecuteActivity(n.Notify, booking.Notification{BookingID: "b", Channel: channel, Notice: booking.NoticeConfirmed})
	return err
}

func TestPushGoesAlongWithMail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		push    bool
		channel booking.Channel
		want    []booking.Channel
	}{
		"mail":     {true, booking.ChannelEmail, []booking.Channel{booking.ChannelEmail, booking.ChannelPush}},
		"SMS":      {true, booking.ChannelSMS, []booking.Channel{booking.ChannelSMS}},
		"push off": {false, booking.ChannelEmail, []booking.Channel{booking.ChannelEmail}},
	} {
		says := &answers{}
		require.NoError(t, notifyOnce(t, says, test.push, test.channel), name)
		assert.Equal(t, test.want, says.sent, name)
	}
}

// skipping is a vendor whose fast path is closed.
type skipping struct{ activities.Vendor }

func (skipping) Report(context.Context, func(context.Context) error) error {
	return booking.E(booking.CodeFastPathSkipped, "skipped")
}

func TestCustomersWithoutBrowsersNeedNoPushService(t *testing.T) {
	t.Parallel()
	for _, none := range []bool{true, false} {
		says := &answers{none: none}
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		n := &activities.Notifications{
			Messages: says, Browsers: says, Vendors: map[booking.Channel]activities.Vendor{booking.ChannelPush: skipping{}},
		}
		env.RegisterActivity(n)
		_, err := env.ExecuteActivity(n.Notify, booking.Notification{BookingID: "b", Channel: booking.ChannelEmail, Notice: booking.NoticeConfirmed})
		assert.Equal(t, none, err == nil, err)
	}
	lost := &answers{lost: errors.New("no database")}
	assert.Error(t, notifyOnce(t, lost, true, booking.ChannelEmail), "it is asked again")
}

// The step is tried again as long as one of the two can still succeed.
func TestMailAndPushFailAlone(t *testing.T) {
	t.Parallel()
	later, never := booking.E(booking.CodeProviderUnavailable, "later"), booking.E(booking.CodeValidation, "never")
	for name, test := range map[string]struct {
		mail, push error
		want       string
		retry      bool
	}{
		"both sent":                 {},
		"mail later":                {mail: later, want: "later", retry: true},
		"mail never":                {mail: never, want: "never"},
		"push later":                {push: later, want: "later", retry: true},
		"push never":                {push: never},
		"mail later and push never": {mail: later, push: never, want: "later", retry: true},
		"mail never and push later": {mail: never, push: later, want: "later", retry: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			says := &answers{says: map[booking.Channel]error{booking.ChannelEmail: test.mail, booking.ChannelPush: test.push}}
			err := notifyOnce(t, says, true, booking.ChannelEmail)
			assert.Len(t, says.sent, 2, "neither keeps the other from being tried")
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			assert.Equal(t, test.want, app.Message())
			assert.Equal(t, test.retry, !app.NonRetryable())
		})
	}
}

func TestRetryAfterReachesTemporal(t *testing.T) {
	t.Parallel()
	says := &answers{says: map[booking.Channel]error{
		booking.ChannelPush: booking.E(booking.CodeProviderUnavailable, "busy").In(time.Minute).Wrap(errors.New("HTTP 429")),
	}}
	var app *temporal.ApplicationError
	require.ErrorAs(t, notifyOnce(t, says, true, booking.ChannelEmail), &app)
	assert.Equal(t, time.Minute, app.NextRetryDelay())
}
