package booking_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

func TestSeatsReadNaturally(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"1", "2", "10", "A1", "A01", "A2", "A8", "A9", "A10", "A11", "AA1", "B1", "Box 2-9", "Box 2-10"},
		booking.ReadSeats([]string{"A11", "B1", "A10", "Box 2-10", "A9", "AA1", "A8", "A2", "A01", "A1", "10", "2", "1", "Box 2-9"}))
	assert.Empty(t, booking.ReadSeats(nil))
}
