package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// sitting is one booking of a show from its sale to its end.
type sitting struct {
	reminder, end time.Duration   // timers: after the sale, and after the reminder
	queues        []string        // of the normal activities
	world         *sagatest.World // after it
	codes         []booking.Code
}

// sit plays a booking of a show that begins in a while, with reminders an hour before.
func sit(t *testing.T, id string, startsIn, spread time.Duration, prepare ...func(*workers.Activities, *envDriver, *testsuite.TestWorkflowEnvironment)) sitting {
	t.Helper()
	scenario := sagatest.Scenario{StartsIn: startsIn, Input: func(in *workflows.BookingInput) {
		in.BookingID, in.Policy.RemindBefore, in.Policy.SpreadOver = id, time.Hour, spread
	}}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	s := sitting{world: scenario.World(env.Now)}
	acts := s.world.Activities()
	driver := &envDriver{env: env}
	for _, change := range prepare {
		change(&acts, driver, env)
	}
	workers.Register(env, workflows.QueueBookings, acts)
	var timers []time.Duration
	env.SetOnTimerScheduledListener(func(_ string, duration time.Duration) { timers = append(timers, duration) })
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		s.queues = append(s.queues, info.TaskQueue)
	})
	env.RegisterDelayedCallback(func() { driver.Update(workflows.UpdateHold) }, 0)
	env.RegisterDelayedCallback(func() { driver.Signal(workflows.SignalPayment, s.world.Authorize("pi_1")) }, 500*time.Millisecond)
	env.ExecuteWorkflow(workflows.BookingWorkflow, scenario.BookingInput())
	require.NoError(t, env.GetWorkflowError())
	require.GreaterOrEqual(t, len(timers), 3, "of the hold, the reminder and the end: %v", timers)
	last := timers[len(timers)-2:]
	s.reminder, s.end, s.codes = last[0], last[1], driver.codes()
	return s
}

// The bookings of one show neither remind nor end in the same second.
func TestBookingsOfAShowAreSpread(t *testing.T) {
	t.Parallel()
	const bookings, startsIn, spread = 300, 24 * time.Hour, 10 * time.Minute
	due, starts := startsIn-time.Hour, time.Hour
	perSecond := map[string]int{}
	for i := range bookings {
		s := sit(t, uuid.NewSHA1(uuid.Nil, []byte{byte(i), byte(i >> 8)}).String(), startsIn, spread)
		require.LessOrEqual(t, s.reminder, due, "no customer is reminded late")
		require.Greater(t, s.reminder, due-spread-time.Second)
		early := due - s.reminder
		require.GreaterOrEqual(t, s.end, starts, "the booking is there until the show begins")
		require.Less(t, s.end, starts+early+spread+time.Second)
		perSecond[fmt.Sprint("reminder ", s.reminder/time.Second)]++
		perSecond[fmt.Sprint("end ", (s.reminder+s.end)/time.Second)]++
	}
	for at, n := range perSecond {
		assert.LessOrEqual(t, n, 6, "of %d in second %s", bookings, at)
	}
	assert.Greater(t, len(perSecond), bookings, "most seconds of the while are used")
}

func TestABookingHasOnePlace(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	first, again := sit(t, id, 24*time.Hour, 10*time.Minute), sit(t, id, 24*time.Hour, 10*time.Minute)
	assert.InDelta(t, first.reminder, again.reminder, float64(2*time.Second))
	together := sit(t, id, 24*time.Hour, 0)
	assert.InDelta(t, 23*time.Hour, together.reminder, float64(2*time.Second), "a booking of before the spreading")
	assert.InDelta(t, time.Hour, together.end, float64(2*time.Second))
}

// A customer who buys three minutes before the reminder is due is reminded in the time that
// is left: not at the moment of the sale, and never without a reminder.
func TestALateBuyerIsRemindedInWhatIsLeft(t *testing.T) {
	t.Parallel()
	earliest := time.Hour
	for range 40 {
		s := sit(t, uuid.NewString(), 63*time.Minute, 10*time.Minute)
		require.LessOrEqual(t, s.reminder, 3*time.Minute)
		earliest = min(earliest, s.reminder)
		assert.Contains(t, s.world.End().Messages, "reminder/email/0")
	}
	assert.Positive(t, earliest)
}

// full is a lane without room.
type full struct{}

func (full) Allow() bool { return false }

// ill is a failing vendor, which the fast path leaves alone.
type ill struct{}

func (ill) Try(context.Context, func(context.Context) error) error {
	return booking.E(booking.CodeFastPathSkipped, "ill")
}
func (ill) Report(ctx context.Context, call func(context.Context) error) error { return call(ctx) }

// A reminder that finds no room on the fast path waits on the queue of reminders,
// not on that of the other messages, and not on that of holds.
func TestRemindersWithoutRoomWaitOnTheirOwnQueue(t *testing.T) {
	t.Parallel()
	s := sit(t, uuid.NewString(), 24*time.Hour, 10*time.Minute,
		func(acts *workers.Activities, _ *envDriver, _ *testsuite.TestWorkflowEnvironment) {
			acts.Notifications.Reminders = full{}
		})
	assert.Equal(t, []string{workflows.QueueReminders, workflows.QueueReminders}, s.queues, "of two channels")
	assert.Equal(t, []string{"confirmed/email/0", "confirmed/sms/0", "reminder/email/0", "reminder/sms/0"}, s.world.End().Messages)

	s = sit(t, uuid.NewString(), 24*time.Hour, 10*time.Minute)
	assert.Empty(t, s.queues, "with room the reminder costs no normal activity")

	s = sit(t, uuid.NewString(), 24*time.Hour, 10*time.Minute,
		func(acts *workers.Activities, _ *envDriver, env *testsuite.TestWorkflowEnvironment) {
			acts.Notifications.Vendors = map[booking.Channel]activities.Vendor{}
			for _, channel := range []booking.Channel{booking.ChannelEmail, booking.ChannelSMS} {
				acts.Notifications.Vendors[channel] = ill{}
			}
		})
	assert.Equal(t, []string{workflows.QueueNotifications, workflows.QueueNotifications,
		workflows.QueueReminders, workflows.QueueReminders}, s.queues, "a failing vendor")
}

// Between the start of the show and the booking's place after it there is nothing to
// cancel any more.
func TestCancellationIsRefusedOnceTheShowHasBegun(t *testing.T) {
	t.Parallel()
	id := ""
	for id == "" { // one that stays for some minutes
		candidate := uuid.NewString()
		if s := sit(t, candidate, 24*time.Hour, 10*time.Minute); s.reminder < 23*time.Hour-5*time.Minute {
			id = candidate
		}
	}
	s := sit(t, id, 24*time.Hour, 10*time.Minute,
		func(_ *workers.Activities, driver *envDriver, env *testsuite.TestWorkflowEnvironment) {
			env.RegisterDelayedCallback(func() {
				driver.Update(workflows.UpdateCancel, workflows.CancelRequest{Reason: "Too late."})
			}, 24*time.Hour+time.Minute)
		})
	assert.Equal(t, []booking.Code{"", booking.CodeNotCancellable}, s.codes)
}
