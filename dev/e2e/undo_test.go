package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// The money is captured and the mail handed over; the worker dies before the vendor's
// answer arrives.
func TestFault34_KilledBetweenCaptureAndNotification(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.book(c, "A1")
	fault := s.breakVendor(Fault{Vendor: "sendgrid", Fault: "latency", Operation: "mail.send", DurationMS: 1500, Times: 1})
	s.pay(b)
	s.awaitHit(fault, 1)
	s.awaitIntent(b.Payment.Reference, "the capture", soon, func(p Payment) bool { return p.Captured > 0 })
	s.kill("worker")
	s.awaitDone(c, b.ID, afterRestart)
	inbox, err := world.Sandbox.Inbox(t.Context(), c.Email)
	require.NoError(t, err)
	assert.Len(t, inbox, 1, "one mail")
}

func TestFault35_RefundFailsTenTimes(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	b := s.buy(c, "A1")
	const failures = 10
	fault := s.breakVendor(Fault{Vendor: "stripe", Fault: "error", Operation: "refunds.create", Status: 500, Times: failures})
	cancelled, err := c.Cancel(t.Context(), b.ID)
	require.NoError(t, err, "the cancellation does not wait for the money")
	require.Equal(t, booking.StatusCancelled, cancelled.Status)
	require.NotNil(t, cancelled.Refund)
	assert.Equal(t, booking.MovementPending, cancelled.Refund.Status)

	staff, err := world.Staff(t.Context(), "support")
	require.NoError(t, err)
	var seen booking.Booking
	_, err = staff.Get(t.Context(), "/v1/admin/bookings/"+b.ID, &seen)
	require.NoError(t, err)
	require.NotNil(t, seen.Refund)
	assert.Equal(t, booking.MovementPending, seen.Refund.Status, "staff see money that is owed")

	done := s.await(c, b.ID, "the refund", afterRestart, refundDone)
	s.awaitHit(fault, failures)
	assert.Equal(t, 1, countEvents(done, booking.EventRefunded))
	assert.Equal(t, cancelled.Refund.Amount.Amount, s.onlyIntent(b.ID).Refunded)
}

func refundDone(b booking.Booking) bool {
	return b.Refund != nil && b.Refund.Status == booking.MovementDone
}

func TestFault36_RefundReplyLost(t *testing.T) { refundReplyLost(t) }

func refundReplyLost(t *testing.T) {
	t.Helper()
	s := newStage(t)
	c := s.customer()
	b := s.buy(c, "A1", "A2")
	fault := s.breakVendor(Fault{Vendor: "stripe", Fault: "reply_lost", Operation: "refunds.create", Times: 1})
	cancelled, err := c.Cancel(t.Context(), b.ID)
	require.NoError(t, err)
	done := s.await(c, b.ID, "the refund", soon, refundDone)
	s.awaitHit(fault, 1)
	assert.Equal(t, 1, countEvents(done, booking.EventRefunded))
	assert.Equal(t, cancelled.Refund.Amount.Amount, s.onlyIntent(b.ID).Refunded, "one refund")
}

// Payment and cancellation race; the order is random, so they race a few times.
func TestFault37_CancelWhileConfirming(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.customer()
	for round := range 3 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			s := &stage{T: t, show: s.show}
			b := s.book(c, SeatName(0, 2*round), SeatName(0, 2*round+1))
			var wait sync.WaitGroup
			var paid, cancelled error
			wait.Add(2)
			go func() { defer wait.Done(); _, paid = world.Sandbox.Pay(t.Context(), b.Payment, Visa) }()
			go func() { defer wait.Done(); _, cancelled = c.Cancel(t.Context(), b.ID) }()
			wait.Wait()
			require.NoError(t, cancelled, "a booking that is being paid can be cancelled\n%s", s.story(c, b.ID))
			end := s.awaitStatus(c, b.ID, booking.StatusCancelled, soon)
			assert.Equal(t, 1, countEvents(end, booking.EventCancelled))
			s.awaitIntent(b.Payment.Reference, "nothing but the fee kept", soon, func(p Payment) bool {
				sold := countEvents(end, booking.EventConfirmed) == 1
				return p.Status == "canceled" || sold && p.Captured-p.Refunded == b.Quote.Fees.Amount
			})
			t.Logf("paid: %v, timeline: %v", paid, events(end))
		})
	}
}

// The booking is cancelled, its seats are free, and the worker dies before the
// money went back; with it, the second time, the server that knew of the update.
func TestFault38_KilledHalfwayThroughCompensation(t *testing.T) {
	for _, parts := range [][]string{{"worker"}, {"temporal", "worker"}} {
		t.Run(strings.Join(parts, "+"), func(t *testing.T) { killedHalfway(t, parts) })
	}
}

func killedHalfway(t *testing.T, parts []string) {
	s := newStage(t)
	c := s.customer()
	b := s.buy(c, "A1", "A2")
	fault := s.breakVendor(Fault{Vendor: "stripe", Fault: "latency", Operation: "refunds.create", DurationMS: 1500, Times: 1})
	answered := make(chan error, 1)
	go func() {
		_, err := c.Cancel(context.WithoutCancel(t.Context()), b.ID)
		answered <- err
	}()
	s.awaitHit(fault, 1)
	for _, part := range parts {
		s.kill(part)
	}
	// A request that waits too long is told to retry, and the retry works.
	if err := <-answered; err != nil {
		require.Equal(t, 503, StatusOf(err), "%v", err)
	}
	done := s.await(c, b.ID, "the refund", afterRestart, refundDone)
	assert.Equal(t, booking.StatusCancelled, done.Status)
	assert.Equal(t, 1, countEvents(done, booking.EventRefunded))
	assert.Equal(t, b.Quote.Total.Amount-b.Quote.Fees.Amount, s.onlyIntent(b.ID).Refunded, "all but the fee, once")
	s.buy(s.customer(), "A1", "A2")
}
