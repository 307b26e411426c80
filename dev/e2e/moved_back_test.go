package e2e

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// pull uses one of the sandbox's switches, and returns the id of what it changed.
func (s *stage) pull(path string, body any) string {
	s.Helper()
	var moved struct {
		ID string `json:"id"`
	}
	_, err := send(s.Context(), request{method: http.MethodPost, address: world.Sandbox.address + "/sandbox/stripe/" + path, body: body}, &moved)
	require.NoError(s, err)
	return moved.ID
}

// ledger sums the movements of a booking's money.
func (s *stage) ledger(bookingID string, movement booking.Movement) int64 {
	s.Helper()
	return int64(s.count(`SELECT coalesce(sum(amount), 0) FROM ledger WHERE booking_id = $1 AND movement = $2`, bookingID, movement))
}

// asAdmin sends a request as an administrator.
func (s *stage) asAdmin(method, path string, body, out any) {
	s.Helper()
	_, err := s.staff().call(s.Context(), method, path, body, out)
	require.NoError(s, err)
}

// The bank takes the money back: the ticket is void once, staff know, the ledger moves.
func TestFault23_Chargeback(t *testing.T) {
	for name, decide := range map[string]struct {
		status   string
		kind     string
		reversed bool
	}{
		"won": {"won", "dispute_won", true}, "lost": {"lost", "dispute_lost", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := s.customer()
			b := s.buy(c, "A1", "A2")
			total := b.Quote.Total.Amount
			dispute := s.pull("disputes", map[string]any{"payment_intent": b.Payment.Reference})
			b = s.awaitStatus(c, b.ID, booking.StatusCancelled, soon)
			assert.NotNil(t, b.Ticket.VoidedAt)
			s.wantAlert(b.ID, "dispute_opened")
			assert.Equal(t, total, s.ledger(b.ID, booking.MoveChargeback))
			require.True(t, poll(t.Context(), soon, func() bool { return s.told(b.ID, booking.NoticeDisputed) == 2 }), s.story(c, b.ID))
			s.buy(s.customer(), "A1") // the seat is free again

			// The booking's workflow has ended: the bank's decision still reaches the
			// books.
			s.awaitSagaEnds(b)
			s.pull("disputes/"+dispute+"/decide", map[string]any{"status": decide.status})
			require.True(t, poll(t.Context(), soon, func() bool { return s.alerts(b.ID, decide.kind) == 1 }), s.story(c, b.ID))
			reversed := int64(0)
			if decide.reversed {
				reversed = total
			}
			assert.Equal(t, reversed, s.ledger(b.ID, booking.MoveChargebackReversed))
			b, err := c.Booking(t.Context(), b.ID)
			require.NoError(t, err)
			assert.Equal(t, 1, countEvents(b, booking.EventDisputed))
			assert.Equal(t, 1, countEvents(b, booking.EventCancelled))
			assert.Equal(t, 1, s.alerts(b.ID, "dispute_opened"))
			assert.Zero(t, s.ledger(b.ID, booking.MoveRefund))
		})
	}
}

func (s *stage) alerts(bookingID, kind string) int {
	s.Helper()
	return s.count(`SELECT count(*) FROM alerts WHERE booking_id = $1 AND kind = $2`, bookingID, kind)
}

// afterTheStart is a show whose bookings have been sold and whose workflows have ended.
func afterTheStart(t *testing.T, seats ...string) (*stage, *Customer, []booking.Booking) {
	t.Helper()
	s := newStageOf(t, ShowPlan{Rows: 1, PerRow: 6, StartsIn: 10 * time.Second})
	c := s.customer()
	var sold []booking.Booking
	for _, seat := range seats {
		sold = append(sold, s.buy(c, seat))
	}
	for _, b := range sold {
		s.awaitSagaEnds(b)
	}
	return s, c, sold
}

// The projector fails in the middle of the film.
func TestStaffRefundAfterTheShowHasStarted(t *testing.T) {
	t.Parallel()
	s, c, sold := afterTheStart(t, "A1", "A2", "A3")
	first, total := sold[0], sold[0].Quote.Total.Amount
	refund := func(percent int) {
		s.asAdmin(http.MethodPost, "/v1/admin/bookings/"+first.ID+"/refund", map[string]any{"percent": percent, "reason": "The projector failed."}, nil)
	}
	back := func(b booking.Booking, want int64) {
		t.Helper()
		s.await(c, b.ID, "the refund", soon, func(b booking.Booking) bool {
			return b.Refund != nil && b.Refund.Amount.Amount == want && b.Refund.Status == booking.MovementDone
		})
		assert.Equal(t, want, s.ledger(b.ID, booking.MoveRefund))
	}
	refund(50)
	refund(50)
	back(first, total/2)
	now, err := c.Booking(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusConfirmed, now.Status, "the film has begun: the booking stays")
	assert.Nil(t, now.Ticket.VoidedAt)
	require.True(t, poll(t.Context(), soon, func() bool { return s.told(first.ID, booking.NoticeRefunded) == 2 }), s.story(c, first.ID))

	// All bookings of the show: a customer who has half gets the other half.
	s.asAdmin(http.MethodPost, "/v1/admin/shows/"+s.show+"/refund", map[string]any{"percent": 100, "reason": "The projector failed."}, nil)
	for _, b := range sold {
		back(b, b.Quote.Total.Amount)
	}
	var progress booking.RefundProgress
	s.asAdmin(http.MethodGet, "/v1/admin/shows/"+s.show+"/refund", nil, &progress)
	assert.Equal(t, booking.RefundProgress{Bookings: 3, Promised: 3, Refunded: 3}, progress)
}

// Staff refund at the provider's own dashboard, and later the bank sends the money back to
// us. The ledger and the booking follow, and staff are alerted.
func TestRefundsAtTheDashboardAndBack(t *testing.T) {
	t.Parallel()
	s, c, sold := afterTheStart(t, "A1")
	b := sold[0]
	half := b.Quote.Total.Amount / 2
	made, err := world.Sandbox.Desk(t.Context(), "/v1/refunds", url.Values{
		"payment_intent": {b.Payment.Reference}, "amount": {strconv.FormatInt(half, 10)},
	})
	require.NoError(t, err)
	s.await(c, b.ID, "the refund", soon, func(b booking.Booking) bool {
		return b.Refund != nil && b.Refund.Amount.Amount == half && b.Refund.Status == booking.MovementDone
	})
	s.wantAlert(b.ID, "refunded_outside")
	assert.Equal(t, half, s.ledger(b.ID, booking.MoveRefund))

	s.pull("refunds/"+made.ID+"/fail", map[string]any{"reason": "expired_or_canceled_card"})
	require.True(t, poll(t.Context(), soon, func() bool { return s.alerts(b.ID, "refund_failed") == 1 }), s.story(c, b.ID))
	assert.Equal(t, half, s.ledger(b.ID, booking.MoveRefundFailed))
	now, err := c.Booking(t.Context(), b.ID)
	require.NoError(t, err)
	assert.Equal(t, booking.MovementPending, now.Refund.Status, "it is still owed")

	// Staff give it back again, and the books agree in the end.
	s.asAdmin(http.MethodPost, "/v1/admin/bookings/"+b.ID+"/refund", map[string]any{"percent": 100, "reason": "Again."}, nil)
	s.await(c, b.ID, "the whole refund", soon, func(b booking.Booking) bool {
		return b.Refund != nil && b.Refund.Amount == b.Quote.Total && b.Refund.Status == booking.MovementDone
	})
}
