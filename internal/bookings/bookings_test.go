package bookings

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func (h *house) pay(bookingID string, attempt int, reference, status string, captured, refunded int64) {
	h.T.Helper()
	h.Exec(`INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency, captured, refunded,
			client_secret, checkout_url)
		VALUES ($1, $2, 'stripe', $3, $4, 1000, 'INR', $5, $6, $3 || '_secret', 'https://pay.example/' || $3)`,
		bookingID, attempt, reference, status, captured, refunded)
}

func (h *house) move(bookingID, reference, movement string, total int64) {
	h.T.Helper()
	h.Exec(`INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
		VALUES ($1, 'stripe', $2, $3, $4, $4, 'INR')`, bookingID, reference, movement, total)
}

func TestBookingDocument(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "A2", "A1")
	b, err := h.store.Booking(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusHeld, b.Status)
	assert.Equal(t, []string{"A1", "A2"}, b.Seats)
	assert.Equal(t, held.Quote, b.Quote)
	assert.Equal(t, held.Show, b.Show)
	assert.Equal(t, held.ExpiresAt, b.HoldExpiresAt)
	assert.EqualValues(t, 1, b.Version)
	assert.Nil(t, b.Payment)
	assert.Nil(t, b.Ticket)
	assert.Nil(t, b.Refund)
	require.Len(t, b.Timeline, 1)
	assert.Equal(t, booking.EventHeld, b.Timeline[0].Event)
	assert.Equal(t, "A1, A2", b.Timeline[0].Detail)
	assert.Equal(t, time.UTC, b.Timeline[0].At.Location())
	assert.WithinDuration(t, b.CreatedAt, b.Timeline[0].At, time.Minute)

	confirmed, err := h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	h.pay(b.ID, 1, "pi_1", "captured", 1000, 0)
	b, err = h.store.Booking(t.Context(), b.ID)
	require.NoError(t, err)
	assert.Equal(t, booking.StatusConfirmed, b.Status)
	assert.Equal(t, &booking.Ticket{Serial: confirmed.TicketSerial, IssuedAt: confirmed.At}, b.Ticket)
	assert.Equal(t, &booking.PaymentView{Provider: "stripe", Status: booking.PaymentCaptured, Reference: "pi_1",
		CheckoutURL: "https://pay.example/pi_1", ClientSecret: "pi_1_secret"}, b.Payment)
	assert.Equal(t, h.Number(`SELECT version FROM bookings WHERE id = $1`, b.ID), b.Version)

	document, err := json.Marshal(b)
	require.NoError(t, err)
	assert.NotContains(t, string(document), b.CustomerID)
}

func TestBookingShowsThePaymentWhoseMoneyWeHave(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	b := h.Held(show, "A1").BookingID
	payment := func() string {
		read, err := h.store.Booking(t.Context(), b)
		require.NoError(t, err)
		return read.Payment.Reference
	}
	h.pay(b, 1, "pi_declined", "failed", 0, 0)
	assert.Equal(t, "pi_declined", payment())
	h.pay(b, 2, "pi_paid", "captured", 1000, 0)
	h.pay(b, 3, "pi_second_tab", "refunded", 1000, 1000)
	h.pay(b, 4, "pi_third_tab", "voided", 0, 0)
	assert.Equal(t, "pi_paid", payment())
}

func TestRefundIsPendingUntilTheMoneyHasMoved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	for _, test := range []struct {
		name, seat, movement string
		total, refunded      int64
		status               booking.MovementStatus
	}{
		{"nothing yet", "A1", "", 0, 0, booking.MovementPending},
		{"part of it", "A2", "refund", 499, 499, booking.MovementPending},
		{"refunded", "A3", "refund", 500, 500, booking.MovementDone},
		{"refunded, and the bank sent it back", "A4", "refund", 500, 0, booking.MovementPending},
		{"never taken and let go", "A5", "void", 1000, 0, booking.MovementDone},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := h.Sold(show, test.seat).BookingID
			h.pay(b, 1, test.name, "captured", 1000, test.refunded)
			h.pay(b, 2, test.name+" twice", "voided", 0, 0)
			h.move(b, test.name+" twice", "void", 1000) // not the money that is owed
			require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{
				BookingID: b, Refund: booking.Money{Amount: 500, Currency: "INR"}}))
			if test.movement != "" {
				h.move(b, test.name, test.movement, test.total)
			}
			read, err := h.store.Booking(t.Context(), b)
			require.NoError(t, err)
			require.NotNil(t, read.Refund)
			assert.Equal(t, booking.Money{Amount: 500, Currency: "INR"}, read.Refund.Amount)
			assert.Equal(t, test.status, read.Refund.Status)
			assert.Equal(t, test.status == booking.MovementDone, read.Refund.At != nil)
		})
	}
	b := h.Sold(show, "B1").BookingID
	require.NoError(t, h.store.Cancel(t.Context(), booking.Cancellation{BookingID: b}))
	read, err := h.store.Booking(t.Context(), b)
	require.NoError(t, err)
	assert.Nil(t, read.Refund, "nothing comes back")
}

func TestCustomerBookingOfAnotherCustomerIsNotFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	mine := showstest.Request(h.Show(), h.Customer(), "A1")
	_, err := h.store.Hold(t.Context(), mine)
	require.NoError(t, err)
	b, err := h.store.CustomerBooking(t.Context(), mine.CustomerID, mine.BookingID)
	require.NoError(t, err)
	assert.Equal(t, mine.CustomerID, b.CustomerID)

	for _, ids := range [][2]string{
		{h.Customer(), mine.BookingID}, {mine.CustomerID, uuid.NewString()}, {mine.CustomerID, "x"}, {"", mine.BookingID},
	} {
		_, err = h.store.CustomerBooking(t.Context(), ids[0], ids[1])
		showstest.Code(t, booking.CodeNotFound, err)
	}
	_, err = h.store.Booking(t.Context(), uuid.NewString())
	showstest.Code(t, booking.CodeNotFound, err)
	_, _, err = h.store.CustomerBookings(t.Context(), "", "", 10, "")
	showstest.Code(t, booking.CodeNotFound, err)
}

func TestBookingsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.Show(), h.Customer()
	var ids []string
	for i := range 7 {
		req := showstest.Request(show, customer, fmt.Sprintf("A%d", i+1))
		_, err := h.store.Hold(t.Context(), req)
		require.NoError(t, err)
		ids = append([]string{req.BookingID}, ids...)
	}
	// Bookings of one moment must be neither lost nor shown twice at a page's end.
	h.Exec(`UPDATE bookings SET created_at = '2026-01-01'`)
	sorted := `SELECT id::text FROM bookings ORDER BY id DESC`
	rows, err := h.Pool.Query(t.Context(), sorted)
	require.NoError(t, err)
	ids = ids[:0]
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	other := h.Held(show, "B1").BookingID

	var seen []string
	for cursor, pages := "", 0; ; pages++ {
		require.Less(t, pages, 4)
		items, next, err := h.store.CustomerBookings(t.Context(), customer, "", 3, cursor)
		require.NoError(t, err)
		for _, b := range items {
			seen = append(seen, b.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}
	assert.Equal(t, ids, seen)

	_, err = h.Confirm(t.Context(), ids[2])
	require.NoError(t, err)
	items, next, err := h.store.CustomerBookings(t.Context(), customer, booking.StatusConfirmed, 3, "")
	require.NoError(t, err)
	require.Len(t, items, 1)
	assert.Equal(t, ids[2], items[0].ID)
	assert.Empty(t, next)

	everybody, _, err := h.store.AdminBookings(t.Context(), Filter{ShowID: show}, 0, "")
	require.NoError(t, err)
	require.Len(t, everybody, 8)
	assert.Equal(t, other, everybody[0].ID)
	none, _, err := h.store.AdminBookings(t.Context(), Filter{ShowID: uuid.NewString()}, 10, "")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestListsRefuseBadFiltersAndCursors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, cursor := range []string{"!", base64.RawURLEncoding.EncodeToString([]byte("yesterday x")), "MjAyNg"} {
		_, _, err := h.store.AdminBookings(t.Context(), Filter{ShowID: "x", CustomerID: "y"}, 10, cursor)
		assert.Len(t, showstest.Code(t, booking.CodeValidation, err).Fields, 3, "every problem at once")
	}
}
