package bookings

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// all goes through the pages.
func (h *house) suspects(status booking.Status, page int) (ids []string) {
	h.T.Helper()
	after := ""
	for {
		found, err := h.store.Suspects(h.T.Context(), status, after, 30*time.Second, page)
		require.NoError(h.T, err)
		for _, l := range found {
			assert.Equal(h.T, status, l.Status)
			assert.Equal(h.T, h.Theater, l.TheaterID)
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
	show, later, soon, cancelled := h.Show(), h.Show(), h.Show(), h.Show()
	var held, confirmed []string
	for _, seat := range []string{"A1", "A2", "A3", "A4", "A5"} {
		held = append(held, h.Held(show, seat).BookingID)
		confirmed = append(confirmed, h.Sold(later, seat).BookingID)
		confirmed = append(confirmed, h.Sold(show, "C"+seat[1:]).BookingID)
	}
	h.Exec(`UPDATE bookings SET hold_expires_at = now() - interval '1 minute' WHERE status = 'held'`)
	h.Held(show, "B1") // has its time
	late := h.Held(show, "B2").BookingID
	h.Exec(`UPDATE bookings SET hold_expires_at = now() - interval '5 seconds' WHERE id = $1`, late) // its workflow may be at it
	over := h.Held(show, "B3").BookingID
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: over, Status: booking.StatusExpired}))
	h.Sold(soon, "A1")
	h.Exec(`UPDATE shows SET starts_at = now() + interval '5 minutes' WHERE id = $1`, soon) // ends by another clock
	h.Sold(cancelled, "A1")
	h.Exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, cancelled)

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
	show := h.Show()
	held := h.Held(show, "A1", "A2")
	at, err := h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusHeld, at.Status)
	assert.Equal(t, "hash", at.RequestHash, "a repeat of the request is known")
	assert.Equal(t, held.Quote, at.Held.Quote)
	assert.Equal(t, held.Show, at.Held.Show)
	assert.Equal(t, held.Channels, at.Held.Channels)
	assert.InDelta(t, held.ExpiresIn.Seconds(), at.Held.ExpiresIn.Seconds(), 60)
	assert.Zero(t, at.Payment, "no payment yet")

	h.Exec(`INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency)
		VALUES ($1, 1, 'stripe', 'pi_1', 'voided', 70800, 'INR'), ($1, 2, 'stripe', 'pi_2', 'authorized', 70800, 'INR')`, held.BookingID)
	h.Exec(`INSERT INTO notifications (booking_id, channel, notice, sequence, status)
		VALUES ($1, 'email', 'rescheduled', 0, 'sent'), ($1, 'email', 'rescheduled', 1, 'sent'), ($1, 'sms', 'confirmed', 0, 'pending')`, held.BookingID)
	at, err = h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentState{Provider: "stripe", Reference: "pi_2", BookingID: held.BookingID, Attempt: 2,
		Status: booking.PaymentAuthorized, Amount: 70800, Currency: "INR"}, at.Payment, "the latest one")
	assert.Equal(t, map[booking.Notice]int{booking.NoticeRescheduled: 2, booking.NoticeConfirmed: 1}, at.Told)

	sold := h.Sold(show, "C1")
	require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{BookingID: sold.BookingID, Refund: booking.Money{Amount: 100, Currency: "INR"}}))
	at, err = h.store.Standing(t.Context(), sold.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusCancelled, at.Status)
	assert.Equal(t, booking.Money{Amount: 100, Currency: "INR"}, at.RefundDue)
	h.Expire(held.BookingID)
	h.Exec(`UPDATE bookings SET hold_expires_at = now() - interval '1 minute' WHERE id = $1`, held.BookingID)
	at, err = h.store.Standing(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Negative(t, at.Held.ExpiresIn)
	_, err = h.store.Standing(t.Context(), uuid.NewString())
	showstest.Code(t, booking.CodeNotFound, err)
}
