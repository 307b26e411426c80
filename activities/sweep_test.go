package activities_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// attic is bookings and workflows that the sweep looks at.
type attic struct {
	activities.Standings
	activities.Sagas
	suspects []booking.LostBooking
	running  map[string]bool
	unknown  string // the booking whose workflow cannot be looked up
	left     map[booking.OldRecords]int
}

func (a *attic) Suspects(_ context.Context, _ booking.Status, after string, _ time.Duration, limit int) ([]booking.LostBooking, error) {
	from := slices.IndexFunc(a.suspects, func(l booking.LostBooking) bool { return l.Place > after })
	if from < 0 {
		return nil, nil
	}
	return a.suspects[from:min(from+limit, len(a.suspects))], nil
}

func (a *attic) Running(_ context.Context, id string) (bool, error) {
	if id == a.unknown {
		return false, errors.New("no answer")
	}
	return a.running[id], nil
}

func (a *attic) DeleteOld(_ context.Context, kind booking.OldRecords, _ time.Duration, limit int) (int, error) {
	n := min(limit, a.left[kind])
	a.left[kind] -= n
	return n, nil
}

func newAttic(n int) *attic {
	a := &attic{running: map[string]bool{}, left: map[booking.OldRecords]int{}}
	for i := range n {
		id := fmt.Sprintf("b%02d", i)
		a.suspects = append(a.suspects, booking.LostBooking{BookingID: id, Place: id})
		a.running[id] = true
	}
	return a
}

func runSweep[T any](t *testing.T, a *attic, activity func(*activities.Sweep) any, request any) (out T, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	sweep := &activities.Sweep{Standings: a, Records: a, Sagas: a}
	env.RegisterActivity(sweep)
	value, err := env.ExecuteActivity(activity(sweep), request)
	if err == nil {
		require.NoError(t, value.Get(&out))
	}
	return out, err
}

func findLost(s *activities.Sweep) any  { return s.FindLost }
func deleteOld(s *activities.Sweep) any { return s.DeleteOld }

// A running workflow is left alone, even when it is late.
func TestOnlyBookingsWithoutAWorkflowAreLost(t *testing.T) {
	t.Parallel()
	a := newAttic(25)
	a.running["b03"], a.running["b17"] = false, false
	var lost []string
	after, pages := "", 0
	for {
		found, err := runSweep[activities.FoundLost](t, a, findLost, activities.FindLostRequest{After: after, Limit: 10, AtOnce: 4})
		require.NoError(t, err)
		pages++
		for _, l := range found.Lost {
			lost = append(lost, l.BookingID)
		}
		if after = found.Next; after == "" {
			break
		}
	}
	assert.Equal(t, 3, pages)
	assert.Equal(t, []string{"b03", "b17"}, lost)
}

// Temporal does not answer: that says nothing about the workflow.
func TestABookingIsNotLostWhileTemporalIsDown(t *testing.T) {
	t.Parallel()
	a := newAttic(5)
	a.unknown = "b02"
	_, err := runSweep[activities.FoundLost](t, a, findLost, activities.FindLostRequest{Limit: 10, AtOnce: 4})
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	assert.False(t, failed.NonRetryable(), "a retry may find out")
}

func TestOldRecordsAreDeletedInBatches(t *testing.T) {
	t.Parallel()
	a := newAttic(0)
	a.left[booking.OldWebhooks] = 25
	request := activities.DeleteOldRequest{Kind: booking.OldWebhooks, Kept: time.Hour, Batch: 10, Batches: 2}
	done, err := runSweep[activities.DeletedOld](t, a, deleteOld, request)
	require.NoError(t, err)
	assert.Equal(t, activities.DeletedOld{Deleted: 20, More: true}, done)
	done, err = runSweep[activities.DeletedOld](t, a, deleteOld, request)
	require.NoError(t, err)
	assert.Equal(t, activities.DeletedOld{Deleted: 5}, done)
}
