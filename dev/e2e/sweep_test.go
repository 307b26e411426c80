package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// terminate does what operators must not do.
func (s *stage) terminate(id string) {
	s.Helper()
	require.NoError(s, world.Temporal.TerminateWorkflow(s.Context(), workflows.BookingWorkflowID(id), "", "A test."))
}

// sweep starts the look for bookings without a workflow, until one is as wanted.
func (s *stage) sweep(what string, wanted func() bool) {
	s.Helper()
	schedule := world.Temporal.ScheduleClient().GetHandle(s.Context(), "sweep-bookings")
	require.True(s, poll(s.Context(), 3*afterRestart, func() bool {
		if wanted() {
			return true
		}
		return schedule.Trigger(s.Context(), client.ScheduleTriggerOptions{}) == nil && poll(s.Context(), soon/4, wanted)
	}), what)
}

// The workflows of three bookings are terminated: a held booking without payment, a booking
// that is paid in that moment, and a sold booking. The seats of the first become free, the
// second is sold, and the third stays valid and can be cancelled.
func TestTerminatedBookingsAreTakenUpAgain(t *testing.T) {
	s := newStage(t)
	late, payer, buyer := s.hastyCustomer(), s.hastyCustomer(), s.customer()
	sold := s.buy(buyer, "C1", "C2")
	s.terminate(sold.ID)
	unpaid := s.book(late, "A1", "A2")
	s.terminate(unpaid.ID)
	paid := s.book(payer, "B1")
	s.terminate(paid.ID)
	s.pay(paid)

	is := func(c *Customer, id string, status booking.Status) func() bool {
		return func() bool {
			b, err := c.Booking(t.Context(), id)
			return err == nil && b.Status == status
		}
	}
	s.sweep("the end of the hold", is(late, unpaid.ID, booking.StatusExpired))
	s.sweep("the sale", is(payer, paid.ID, booking.StatusConfirmed))
	s.awaitDone(payer, paid.ID, soon)
	seats, err := Seats(t.Context(), world.API, s.show)
	require.NoError(t, err)
	assert.Empty(t, seats.Held, "the seats are back")
	assert.Equal(t, []string{"B1", "C1", "C2"}, seats.Sold)
	s.book(s.customer(), "A1")

	var cancelled booking.Booking
	s.sweep("a workflow for what is sold", func() bool {
		cancelled, err = buyer.Cancel(t.Context(), sold.ID)
		return err == nil
	})
	assert.Equal(t, booking.StatusCancelled, cancelled.Status)
	s.await(buyer, sold.ID, "the refund", soon, refundDone)
	assert.Equal(t, 1, countEvents(s.await(buyer, sold.ID, "the end", soon, refundDone), booking.EventConfirmed))
	inbox, err := world.Sandbox.Inbox(t.Context(), buyer.Email)
	require.NoError(t, err)
	assert.Len(t, inbox, 2, "confirmed and cancelled, each once")
	assert.Equal(t, 3, s.count(`SELECT count(*) FROM alerts a JOIN bookings b ON b.id = a.booking_id
		WHERE b.show_id = $1 AND a.kind = 'workflow_missing'`, s.show))
}

// The worker makes the schedules at its start, and paused ones stay paused.
func TestSchedulesAreBroughtUpToDate(t *testing.T) {
	ctx := t.Context()
	handle := world.Temporal.ScheduleClient().GetHandle(ctx, "delete-old")
	require.NoError(t, handle.Pause(ctx, client.SchedulePauseOptions{Note: "A test."}))
	t.Cleanup(func() { _ = handle.Unpause(ctx, client.ScheduleUnpauseOptions{}) })
	wanted := workers.Schedules{SweepEvery: 7 * soon}
	require.NoError(t, wanted.Ensure(ctx, world.Temporal))
	require.NoError(t, wanted.Ensure(ctx, world.Temporal), "again")

	about, err := handle.Describe(ctx)
	require.NoError(t, err)
	assert.True(t, about.Schedule.State.Paused, "staff paused it")
	sweep := world.Temporal.ScheduleClient().GetHandle(ctx, "sweep-bookings")
	about, err = sweep.Describe(ctx)
	require.NoError(t, err)
	require.Len(t, about.Schedule.Spec.Intervals, 1)
	assert.Equal(t, 7*soon, about.Schedule.Spec.Intervals[0].Every)
	assert.LessOrEqual(t, about.Schedule.Policy.CatchupWindow, afterRestart, "an outage is not made up for, run by run")
}
