package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// A client asks 3,000 times whether its booking is paid, many at a time. A workflow run
// takes 2,000 updates; the booking can still be paid and cancelled.
func TestPollingDoesNotUseUpTheUpdatesOfABooking(t *testing.T) {
	const polls = 3_000
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	var (
		mu      sync.Mutex
		answers = map[string]int{}
	)
	together(50, polls, func(int) {
		_, err := c.CheckPayment(t.Context(), b.ID)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			answers[err.Error()]++
			return
		}
		answers["answered"]++
	})
	assert.Equal(t, map[string]int{"answered": polls}, answers, "each poll is answered with the booking")
	s.pay(b)
	s.awaitDone(c, b.ID, soon)
	cancelled, err := c.Cancel(t.Context(), b.ID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusCancelled, cancelled.Status)
}

// Fifty tabs cancel at once. Each gets the result or a time to retry, and the booking is
// cancelled once.
func TestManyCancellationsAtOnce(t *testing.T) {
	const tabs = 50
	s := newStage(t)
	c := s.customer()
	b := s.buy(c, "A1")
	answers, errs := make([]booking.Booking, tabs), make([]error, tabs)
	together(tabs, tabs, func(i int) { answers[i], errs[i] = c.Cancel(t.Context(), b.ID) })
	done := 0
	for i, err := range errs {
		switch StatusOf(err) {
		case 0:
			require.NoError(t, err)
			assert.Equal(t, booking.StatusCancelled, answers[i].Status)
			done++
		case http.StatusConflict: // it came when all was over
			assert.Equal(t, booking.CodeNotCancellable, CodeOf(err))
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		default:
			t.Errorf("tab %d: %v", i, err)
		}
	}
	assert.Positive(t, done)
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM ledger WHERE booking_id = $1 AND movement = 'refund'`, b.ID))
}

// A function of the database is missing, as after a deployment that forgot its
// migration. The sale waits, staff are alerted once, and it completes when the function is
// back.
func TestAMissingSQLFunctionDelaysTheSale(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	rename := func(from, to string) {
		_, err := world.DB.Exec(t.Context(), `ALTER FUNCTION `+from+` RENAME TO `+to)
		require.NoError(t, err)
	}
	rename("confirm_booking", "confirm_booking_away")
	away := true
	t.Cleanup(func() {
		if away {
			rename("confirm_booking_away", "confirm_booking")
		}
	})
	s.pay(b)
	s.wantAlert(b.ID, "step_stuck")
	// The next tries alert as well, and the UI shows why.
	id := workflows.BookingWorkflowID(b.ID)
	require.True(t, poll(t.Context(), afterRestart, func() bool {
		about, err := world.Temporal.DescribeWorkflowExecution(t.Context(), id, "")
		if err != nil || len(about.GetPendingActivities()) != 1 || about.GetPendingActivities()[0].GetAttempt() < 5 {
			return false
		}
		shown := about.GetPendingActivities()[0].GetLastFailure().GetMessage()
		assert.Contains(t, shown, "SQLSTATE class 42")
		assert.Contains(t, shown, "Staff are alerted.")
		assert.NotContains(t, shown, "confirm_booking")
		return true
	}), "the step is tried on")
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM alerts WHERE booking_id = $1`, b.ID), "staff are told once")
	assert.Equal(t, booking.StatusHeld, s.await(c, b.ID, "the booking", soon, func(booking.Booking) bool { return true }).Status)

	rename("confirm_booking_away", "confirm_booking")
	away = false
	done := s.awaitDone(c, b.ID, 2*time.Minute) // the next try may be a minute away
	assert.NotNil(t, done.Ticket)
}
