package notify_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// What a theater's own system has sold is read with its number and codes.
func TestAConfirmationNamesTheTheatersOwnCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO houses (theater_id, adapter, address) SELECT id, 'session', 'http://127.0.0.1:1' FROM theaters`)
	w.exec(`INSERT INTO house_shows (show_id, theater_id, external_id, seats, categories) SELECT id, theater_id, 'S1', '{}', '{}' FROM shows`)
	w.exec(`INSERT INTO house_orders (booking_id, theater_id, show_id, status, number, codes)
		SELECT $1, theater_id, id, 'confirmed', 'WKX7Q2', '{"C7": "9400123456789", "C8": "9400123456796"}' FROM shows`, w.bookingID)

	s := w.service()
	for _, channel := range []booking.Channel{booking.ChannelEmail, booking.ChannelSMS} {
		w.sendUntilDone(s, w.notification(channel))
		sent := w.sent(channel)
		require.Len(t, sent, 1)
		assert.Contains(t, sent[0].Text, "WKX7Q2")
		assert.NotContains(t, sent[0].Text, "BX-TEST-0001")
	}
	assert.Contains(t, w.sent(booking.ChannelEmail)[0].Text, "C7: 9400123456789, C8: 9400123456796")
}
