package bookings

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func late(bookingID, reference string) booking.PaymentState {
	return booking.PaymentState{Provider: "stripe", Reference: reference, BookingID: bookingID}
}

func (h *house) decide(payment booking.PaymentState, rebook bool) booking.LateDecision {
	h.T.Helper()
	decision, err := h.store.DecideLate(h.T.Context(), payment, rebook)
	require.NoError(h.T, err)
	return decision
}

func TestLatePaymentIsDecidedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()

	sold := h.Held(show, "A1")
	_, err := h.store.Confirm(t.Context(), sold.BookingID, late(sold.BookingID, "pi_sold"))
	require.NoError(t, err)
	assert.Equal(t, booking.LateSettled, h.decide(late(sold.BookingID, "pi_sold"), true), "it bought the ticket")
	assert.Equal(t, booking.LateReturn, h.decide(late(sold.BookingID, "pi_second"), true), "it came twice")

	held := h.Held(show, "A2")
	_, err = h.store.DecideLate(t.Context(), late(held.BookingID, "pi_early"), true)
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err), "the booking has not ended")

	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusExpired}))
	again := late(held.BookingID, "pi_again")
	assert.Equal(t, booking.LateRebook, h.decide(again, true))
	assert.Equal(t, booking.LateRebook, h.decide(again, true), "a repeat is told the same")
	assert.Equal(t, booking.LateReturn, h.decide(again, false), "the seats are gone")
	assert.Equal(t, booking.LateReturn, h.decide(again, true), "what goes back stays so")

	other := h.Held(show, "A3")
	_, err = h.store.Confirm(t.Context(), other.BookingID, again)
	assert.Equal(t, booking.CodeHoldLost, booking.CodeOf(err), "money that goes back buys nothing")
}

// A payment buys its ticket or goes back. The first of the two wins, and it is never both.
func TestFault16_LatePaymentAgainstItsConfirmation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	seen := map[booking.LateDecision]int{}
	for round := range 30 {
		old := h.Held(show, "B1")
		require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: old.BookingID, Status: booking.StatusExpired}))
		payment := late(old.BookingID, fmt.Sprintf("pi_%d", round))
		require.Equal(t, booking.LateRebook, h.decide(payment, true))
		rebooked := h.Held(show, "B1")

		var (
			both     sync.WaitGroup
			sale     error
			decision booking.LateDecision
			asked    error
		)
		both.Go(func() { _, sale = h.store.Confirm(t.Context(), rebooked.BookingID, payment) })
		both.Go(func() {
			decision, asked = h.store.DecideLate(t.Context(), late(rebooked.BookingID, payment.Reference), false)
		})
		both.Wait()
		require.NoError(t, asked)
		require.Equal(t, sale == nil, decision == booking.LateSettled, "round %d: %v, %v", round, sale, decision)
		seen[decision]++
		end := h.store.End(t.Context(), booking.Ending{BookingID: rebooked.BookingID, Status: booking.StatusExpired})
		if sale == nil {
			end = h.store.Cancel(t.Context(), booking.Cancellation{BookingID: rebooked.BookingID})
		}
		require.NoError(t, end)
	}
	t.Log(seen)
}

func TestLatePaymentOfABookingThatIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	assert.Equal(t, booking.LateReturn, h.decide(late(uuid.NewString(), "pi_nobody"), true))
}
