package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// changeOf is what a customer reads of a change.
type changeOf struct {
	Open         bool                  `json:"open"`
	Choice       booking.ChangeChoice  `json:"choice"`
	NewStartsAt  time.Time             `json:"new_starts_at"`
	Alternatives []booking.ShowSummary `json:"alternatives"`
}

// reschedule moves a stage's show, and waits until a customer may choose.
func (s *stage) reschedule(starts time.Time, c *Customer, bookingID string) changeOf {
	s.Helper()
	staff, err := world.Staff(s.Context(), "admin")
	require.NoError(s, err)
	_, err = staff.call(s.Context(), http.MethodPost, "/v1/admin/shows/"+s.show+"/reschedule", map[string]any{
		"starts_at": starts.UTC().Format(time.RFC3339), "reason": "A late print.", "default": "keep",
	}, nil, "Idempotency-Key", NewKey())
	require.NoError(s, err)
	var change changeOf
	require.True(s, poll(s.Context(), soon, func() bool {
		_, err = c.Get(s.Context(), "/v1/bookings/"+bookingID+"/change", &change)
		return err == nil && change.Open
	}), "the customer is never asked: %v", err)
	return change
}

func (c *Customer) choose(ctx context.Context, bookingID string, wish map[string]any) (b booking.Booking, err error) {
	_, err = c.call(ctx, http.MethodPost, "/v1/bookings/"+bookingID+"/change", wish, &b)
	return b, err
}

// Three customers of a moved show: one keeps it, one takes the money, and one goes
// to another, cheaper show while the worker is killed with the difference on its way
// back.
func TestFault43_CustomersOfAMovedShowChoose(t *testing.T) {
	s := newStage(t)
	other, err := world.NewShow(t.Context(), ShowPlan{Rows: 3, PerRow: 10, StartsIn: 50 * time.Hour})
	require.NoError(t, err)
	_, err = world.DB.Exec(t.Context(), `UPDATE shows SET prices = '{"silver": 20000}' WHERE id = $1`, other)
	require.NoError(t, err)
	t.Cleanup(func() { world.Check(t, s.show, other) })

	keeper, leaver, mover := s.customer(), s.customer(), s.customer()
	kept, left, moved := s.buy(keeper, "A1", "A2"), s.buy(leaver, "A3"), s.buy(mover, "A5", "A6")
	starts := moved.Show.StartsAt.Add(24 * time.Hour).Truncate(time.Minute)
	change := s.reschedule(starts, mover, moved.ID)
	assert.WithinDuration(t, starts, change.NewStartsAt, 0)
	for _, b := range []booking.Booking{kept, left, moved} {
		require.True(t, poll(t.Context(), soon, func() bool { return s.told(b.ID, booking.NoticeRescheduled) == 2 }), "by mail and SMS")
	}

	after, err := keeper.choose(t.Context(), kept.ID, map[string]any{"choice": "keep"})
	require.NoError(t, err)
	assert.WithinDuration(t, starts, after.Show.StartsAt, 0)
	_, err = keeper.choose(t.Context(), kept.ID, map[string]any{"choice": "refund"})
	assert.Equal(t, booking.CodeChoiceClosed, CodeOf(err))

	_, err = leaver.choose(t.Context(), left.ID, map[string]any{"choice": "refund"})
	require.NoError(t, err)
	s.await(leaver, left.ID, "the refund", soon, refundDone)
	assert.Equal(t, left.Quote.Total.Amount, s.onlyIntent(left.ID).Refunded, "fees included")

	fault := s.breakVendor(Fault{Vendor: "stripe", Fault: "latency", Operation: "refunds.create", DurationMS: 1500, Times: 1})
	wish := map[string]any{"choice": "move", "show_id": other, "seats": []string{"B1", "B2"}}
	answered := make(chan error, 1)
	go func() {
		_, err := mover.choose(context.WithoutCancel(t.Context()), moved.ID, wish)
		answered <- err
	}()
	s.awaitHit(fault, 1)
	s.kill("worker")
	if err := <-answered; err != nil {
		require.Equal(t, http.StatusServiceUnavailable, StatusOf(err), "%v", err)
	}
	after, err = mover.choose(t.Context(), moved.ID, wish)
	require.NoError(t, err, "the same again")
	assert.Equal(t, other, after.Show.ID)
	assert.Equal(t, []string{"B1", "B2"}, after.Seats)
	s.await(mover, moved.ID, "the difference", afterRestart, refundDone)
	assert.Equal(t, moved.Quote.Total.Amount-after.Quote.Total.Amount, s.onlyIntent(moved.ID).Refunded, "once")
	require.True(t, poll(t.Context(), afterRestart, func() bool { return s.told(moved.ID, booking.NoticeMoved) == 2 }))

	// The seats that were left can be bought, and the new ones cannot.
	s.buy(s.customer(), "A3", "A5", "A6")
	_, _, err = s.customer().Book(t.Context(), NewKey(), For(other, "B1"))
	assert.Equal(t, booking.CodeSeatsUnavailable, CodeOf(err))
}

// Scenario 9 on the whole platform: the hold ends, the customer is notified, and a customer
// who has paid gets a full refund.
func TestFault9_ShowCancelledWhileSeatsAreHeld(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	holder, buyer := s.customer(), s.customer()
	sold := s.buy(buyer, "B1", "B2")
	held := s.book(holder, "A1", "A2")
	staff, err := world.Staff(t.Context(), "admin")
	require.NoError(t, err)
	_, err = staff.call(t.Context(), http.MethodPost, "/v1/admin/shows/"+s.show+"/cancel", map[string]any{"reason": "A flood."}, nil)
	require.NoError(t, err)
	after := s.awaitStatus(holder, held.ID, booking.StatusCancelled, soon)
	assert.Zero(t, countEvents(after, booking.EventConfirmed))
	s.awaitStatus(buyer, sold.ID, booking.StatusCancelled, soon)
	s.await(buyer, sold.ID, "the refund", soon, refundDone)
	assert.Equal(t, sold.Quote.Total.Amount, s.onlyIntent(sold.ID).Refunded)
	for _, b := range []booking.Booking{held, sold} {
		require.True(t, poll(t.Context(), soon, func() bool { return s.told(b.ID, booking.NoticeShowCancelled) == 2 }))
	}
	_, _, err = s.customer().Book(t.Context(), NewKey(), For(s.show, "A1"))
	assert.Equal(t, booking.CodeShowNotOnSale, CodeOf(err))
}
