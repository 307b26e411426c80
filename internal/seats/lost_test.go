package seats

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

var _ activities.Standings = (*Store)(nil)

// all goes through the pages.
func (h *house) suspects(status booking.Status, page int) (ids []string) {
	h.t.Helper()
	after := ""
	for {
		found, err := h.store.Suspects(h.t.Context(), status, after, 30*time.Second, page)
		require.NoError(h.t, err)
		for _, l := range found {
			assert.Equal(h.t, status, l.Status)
			assert.Equal(h.t, h.theater, l.TheaterID)
			ids, after = append(ids, l.BookingID), l.Place
		}
		if len(found) < page {
			return ids
		}
	}
}

func TestSuspectsAreBookingsThatNeedAWorkflow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, later, soon, cancelled := h.show(), h.show(), h.show(), h.show()
	var held, confirmed []string
	for _, seat := range []string{"A1", "A2", "A3", "A4", "A5"} {
		held = append(held, h.held(show, seat).BookingID)
		confirmed = append(confirmed, h.sold(later, seat).BookingID)
		confirmed = append(confirmed, h.sold(show, "C"+seat[1:]).BookingID)
	}
	h.exec(`UPDATE bookings SET hold_expires_at = now() - interval '1 minute' WHERE status = 'held'`)
	h.held(show, "B1") // has its time
	late := h.held(show, "B2").BookingID
	h.exec(`UPDATE bookings SET hold_expires_at = now() - interval '5 seconds' WHERE id = $1`, late) // its workflow may be at it
	over := h.held(show, "B3").BookingID
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: over, Status: booking.StatusExpired}))
	h.sold(soon, "A1")
	h.exec(`UPDATE shows SET starts_at = now() + interval '5 minutes' WHERE id = $1`, soon) // ends by another clock
	h.sold(cancelled, "A1")
	h.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, cancelled)

	for _, page := range []int{1, 2, 100} {
		assert.ElementsMatch(t, held, h.suspects(booking.StatusHeld, page), "pages of %d", page)
		assert.ElementsMatch(t, confirmed, h.suspects(booking.StatusConfirmed, page), "pages of %d", page)
	}
	_, err := h.store.Suspects(t.Context(), booking.StatusConfirmed, "x y", 0, 1)
	assert.Error(t, err)
}

func TestStandingIsWhatAWorkflowHasToKnow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.show()
	held := h.held(show, "A1", "A2")
	at, err := h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusHeld, at.Status)
	assert.Equal(t, "hash", at.RequestHash, "a repeat of the request is known")
	assert.Equal(t, held.Quote, at.Held.Quote)
	assert.Equal(t, held.Show, at.Held.Show)
	assert.Equal(t, held.Channels, at.Held.Channels)
	assert.InDelta(t, held.ExpiresIn.Seconds(), at.Held.ExpiresIn.Seconds(), 60)
	assert.Zero(t, at.Payment, "there is none yet")

	h.exec(`INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency)
		VALUES ($1, 1, 'stripe', 'pi_1', 'voided', 70800, 'INR'), ($1, 2, 'stripe', 'pi_2', 'authorized', 70800, 'INR')`, held.BookingID)
	h.exec(`INSERT INTO notifications (booking_id, channel, notice, sequence, status)
		VALUES ($1, 'email', 'rescheduled', 0, 'sent'), ($1, 'email', 'rescheduled', 1, 'sent'), ($1, 'sms', 'confirmed', 0, 'pending')`, held.BookingID)
	at, err = h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentState{Provider: "stripe", Reference: "pi_2", BookingID: held.BookingID, Attempt: 2,
		Status: booking.PaymentAuthorized, Amount: 70800, Currency: "INR"}, at.Payment, "the latest one")
	assert.Equal(t, map[booking.Notice]int{booking.NoticeRescheduled: 2, booking.NoticeConfirmed: 1}, at.Told)

	sold := h.sold(show, "C1")
	require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{BookingID: sold.BookingID, Refund: booking.Money{Amount: 100, Currency: "INR"}}))
	at, err = h.store.Standing(t.Context(), sold.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusCancelled, at.Status)
	assert.Equal(t, booking.Money{Amount: 100, Currency: "INR"}, at.RefundDue)
	h.expire(held.BookingID)
	h.exec(`UPDATE bookings SET hold_expires_at = now() - interval '1 minute' WHERE id = $1`, held.BookingID)
	at, err = h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Negative(t, at.Held.ExpiresIn)
	_, err = h.store.Standing(t.Context(), uuid.NewString())
	code(t, booking.CodeNotFound, err)
}
