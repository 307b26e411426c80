package showchanges

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func TestMovesFollowTheRuleOfAccessibleSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from, early, late := h.Show(), h.AccessibleShow(3*time.Hour), h.AccessibleShow(time.Hour)
	b := h.Sold(from, "C1")
	changeID := h.moveShow(from, time.Hour)
	_, err := h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, early, "E1"))
	assert.Contains(t, showstest.Code(t, booking.CodeValidation, err).Fields[0].Message, "E1 is a companion seat")
	assert.Empty(t, h.Claims(early))
	_, err = h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, late, "E1"))
	require.NoError(t, err)

	two := h.Sold(from, "C3", "C4")
	h.Exec(`INSERT INTO show_change_bookings (change_id, booking_id) VALUES ($1, $2)`, changeID, two.BookingID)
	_, err = h.store.Choose(t.Context(), moveTo(two.BookingID, changeID, early, "E1", "E2"))
	require.NoError(t, err, "the space comes with its companion")
}

// A process of the former version calls with one argument less.
func TestFormerCallsOfTheSQLFunctionsWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.AccessibleShow(3*time.Hour), h.Customer()
	version := h.Number(`SELECT terms_version FROM shows WHERE id = $1`, show)
	h.Exec(`SELECT * FROM hold_seats($1, $2, $3, $4, '{E1}', interval '8 minutes', 4, '{}', 100, 'INR', 'hash')`,
		uuid.NewString(), customer, show, version)
	assert.Len(t, h.Claims(show), 1)
	b := h.Sold(h.Show(), "C1")
	changeID := h.moveShow(b.Show.ID, time.Hour)
	h.Exec(`SELECT choose_change($1, $2, 'keep', '', NULL, NULL, NULL, NULL, NULL, NULL)`, b.BookingID, changeID)
}
