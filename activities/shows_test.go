package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// page is a page of bookings of a change, and what was done with it.
type page struct {
	activities.Changes
	activities.Sagas
	tasks      []booking.ChangeTask
	told       []string
	unreadable string // the booking whose signal always fails
}

func (p *page) NextOfChange(context.Context, string, time.Duration, int) ([]booking.ChangeTask, error) {
	return p.tasks, nil
}

func (p *page) Signal(_ context.Context, bookingID, _ string, _ any) (bool, error) {
	if bookingID == p.unreadable {
		return false, booking.E(booking.CodeUnavailable, "It does not take any more signals.")
	}
	return true, nil
}

func (p *page) TaskDone(_ context.Context, _ string, task booking.ChangeTask) error {
	p.told = append(p.told, task.BookingID)
	return nil
}

// A booking that cannot be signaled delays none of the bookings after it.
func TestASignalThatFailsDelaysNoOtherBooking(t *testing.T) {
	t.Parallel()
	p := &page{unreadable: "a"}
	for _, id := range []string{"a", "b", "c"} {
		p.tasks = append(p.tasks, booking.ChangeTask{BookingID: id, Kind: booking.TaskTell})
	}
	shows := &activities.Shows{Changes: p, Sagas: p}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(shows)
	_, err := env.ExecuteActivity(shows.ReachBookings, activities.ReachRequest{AtOnce: 1})
	require.ErrorContains(t, err, "any more signals")
	assert.Equal(t, []string{"b", "c"}, p.told)
}
