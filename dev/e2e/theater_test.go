package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// Reported 24: the money is there, and the theater's completion fails or its answer is lost.
// No customer is charged without a code: either the theater sells after all, or the money goes
// back.
func TestReported24_CompletionFailsAfterTheAuthorization(t *testing.T) {
	t.Parallel()
	once := func(kind string) Fault { return Fault{Fault: kind, Operation: "confirm", Times: 1} }
	cases := []struct {
		fault Fault
		sold  bool
	}{
		{once("failed"), true},
		{once("reply_lost"), true},
		{once("half_answer"), true},
		{once("booked_but_failed"), true},
		{once("wrong_codes"), true},
		{once("unreachable"), true},
		{once("never_answered"), true},
		{Fault{Fault: "pending", Operation: "confirm", Times: 1, Polls: 3}, true},
		{once("pending_fails"), false},
	}
	for _, style := range []string{"session", "office"} {
		t.Run(style, func(t *testing.T) {
			t.Parallel()
			s := newRemoteStage(t, style)
			// More than the holds that one account may have.
			for i, test := range cases {
				c := s.customer()
				b := s.book(c, SeatName(0, i))
				fault := s.breakTheater(test.fault)
				s.pay(b)
				s.awaitHit(fault, 1)
				if test.sold {
					done := s.awaitDone(c, b.ID, afterRestart)
					s.wantCodes(done)
					assert.Equal(t, b.Quote.Total.Amount, s.onlyIntent(b.ID).Captured, test.fault.Fault)
					continue
				}
				s.await(c, b.ID, "its end after "+test.fault.Fault, afterRestart, func(b booking.Booking) bool { return b.Status.Terminal() })
				s.awaitIntent(b.Payment.Reference, "the money to go back", soon, func(p Payment) bool { return p.Status == "canceled" })
				assert.Zero(t, s.onlyIntent(b.ID).Captured, test.fault.Fault)
			}
		})
	}
}

// Reported 24, as long as it lasts: the theater does not decide. The seats stay, no money is
// taken, and the customer is told; when it answers, there are codes.
func TestReported24_TheTheaterDoesNotDecide(t *testing.T) {
	t.Parallel()
	s := newRemoteStage(t, "session")
	c := s.customer()
	b := s.book(c, "A1", "A2")
	lost := s.breakTheater(Fault{Fault: "reply_lost", Operation: "confirm"})
	deaf := s.breakTheater(Fault{Fault: "unreachable", Operation: "state"})
	s.pay(b)
	waits := s.await(c, b.ID, "the doubt", soon, func(b booking.Booking) bool { return countEvents(b, booking.EventConfirming) == 1 })
	assert.Equal(t, booking.StatusHeld, waits.Status)
	assert.Nil(t, waits.Ticket)
	s.awaitHit(deaf, 2)
	assert.Zero(t, s.onlyIntent(b.ID).Captured)
	assert.Equal(t, 2, s.count(`SELECT count(*) FROM seat_claims WHERE booking_id = $1 AND held_until = 'infinity'`, b.ID))
	assert.Equal(t, booking.CodeSeatsUnavailable, s.tries(s.customer(), "A1").Code)
	s.repair(lost)
	s.repair(deaf)
	s.wantCodes(s.awaitDone(c, b.ID, afterRestart))
}

// The counter takes a seat after the customer has seen it free: it is refused by name, and sold
// on the next look.
func TestTheCounterIsFaster(t *testing.T) {
	t.Parallel()
	for _, style := range []string{"session", "office"} {
		t.Run(style, func(t *testing.T) {
			t.Parallel()
			s := newRemoteStage(t, style)
			c := s.customer()
			s.counter(map[string]any{"action": "sell", "show": s.Sessions[0], "seats": []string{"A2"}})
			refused := s.tries(c, "A1", "A2")
			assert.Equal(t, http.StatusConflict, refused.Status)
			assert.Equal(t, booking.CodeSeatsUnavailable, refused.Code)
			assert.Contains(t, refused.Seats, "A2")
			s.awaitSeats("A2 alone to be sold", func(m SeatMap) bool {
				return slices.Contains(m.Sold, "A2") && !slices.Contains(slices.Concat(m.Held, m.Sold), "A1")
			})
			s.wantCodes(s.buy(c, "A1"))
		})
	}
}

// The theater cancels a show in its program: every customer gets the money back.
func TestTheTheaterCancelsAShow(t *testing.T) {
	t.Parallel()
	for _, refunds := range []bool{false, true} {
		t.Run(map[bool]string{false: "and leaves the sales", true: "and has refunded them"}[refunds], func(t *testing.T) {
			t.Parallel()
			s := newRemoteStage(t, "session")
			c := s.customer()
			sold, held := s.buy(c, "A1", "A2"), s.book(c, "B1")
			s.counter(map[string]any{"action": "cancel_show", "show": s.Sessions[0], "refund": refunds})
			require.NoError(t, s.ReadProgram(t.Context()))
			s.await(c, sold.ID, "the money back", afterRestart, func(b booking.Booking) bool {
				return b.Status == booking.StatusCancelled && refundDone(b)
			})
			assert.Equal(t, sold.Quote.Total.Amount, s.onlyIntent(sold.ID).Refunded)
			assert.Equal(t, "cancelled", s.order(sold).Status)
			s.await(c, held.ID, "the end of the hold", afterRestart, func(b booking.Booking) bool { return b.Status.Terminal() })
			assert.Equal(t, booking.CodeShowNotOnSale, s.tries(c, "C1").Code)
		})
	}
}

// The theater's counter cancels a sale of ours: the comparison of the books finds it, staff are
// told, and the customer gets all the money back.
func TestASaleCancelledAtTheCounterIsFound(t *testing.T) {
	t.Parallel()
	s := newRemoteStage(t, "office")
	c := s.customer()
	sold, kept := s.buy(c, "A1"), s.buy(c, "B1")
	s.counter(map[string]any{"action": "cancel", "order": s.order(sold).ID})
	require.NoError(t, s.Reconcile(t.Context()))
	assert.True(t, s.hasAlert(sold, booking.AlertHouseSaleMissing))
	s.await(c, sold.ID, "the money back", afterRestart, func(b booking.Booking) bool {
		return b.Status == booking.StatusCancelled && refundDone(b)
	})
	assert.Equal(t, sold.Quote.Total.Amount, s.onlyIntent(sold.ID).Refunded)
	assert.False(t, s.hasAlert(kept, booking.AlertHouseSaleMissing))
	s.wantCodes(s.buy(s.customer(), "A1"))
}

// Support pauses a theater: there are no new holds, and one that has begun gets its ticket.
func TestAPausedTheaterEndsWhatHasBegun(t *testing.T) {
	t.Parallel()
	s := newRemoteStage(t, "session")
	c := s.customer()
	b := s.book(c, "A1")
	s.pause(true)
	refused := s.tries(s.customer(), "B1")
	assert.Equal(t, http.StatusConflict, refused.Status)
	assert.Equal(t, booking.CodeShowNotOnSale, refused.Code)
	assert.Contains(t, string(refused.Body), `"theater_paused"`)
	s.awaitSeats("the pause", func(m SeatMap) bool { return m.Paused })
	s.pay(b)
	s.wantCodes(s.awaitDone(c, b.ID, soon))
	s.pause(false)
	s.wantCodes(s.buy(s.customer(), "B1"))
}

// A theater that does not answer: the customer hears that in time, and the seats are free when
// it answers again, even those that it has held without saying so.
func TestATheaterThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"never_answered", "unreachable"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newRemoteStage(t, "session")
			c := s.customer()
			away := s.breakTheater(Fault{Fault: kind})
			begun := time.Now()
			refused := s.tries(c, "A1", "A2")
			assert.Less(t, time.Since(begun), 10*time.Second, "the API's limit")
			assert.Equal(t, http.StatusServiceUnavailable, refused.Status)
			assert.Equal(t, booking.CodeHouseUnavailable, refused.Code)
			s.awaitSeats("the seats to be kept back", func(m SeatMap) bool { return len(m.Held) == 2 })
			s.repair(away)
			s.awaitSeats("free seats", func(m SeatMap) bool { return len(m.Held)+len(m.Sold) == 0 })
			s.wantCodes(s.buy(c, "A1", "A2"))
		})
	}
}
