package notify

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

// sampleOfHouse is a booking at a theater that sells from its own system.
func sampleOfHouse(channel booking.Channel, notice booking.Notice) *dispatch {
	d := sample(channel, notice)
	d.number, d.codes = "WKX7Q2", map[string]string{"C10": "9400123456802", "C8": "9400123456789", "C9": "9400123456796"}
	return d
}

// At the door of a theater that sells from its own system only its codes count: messages name
// them, and not the serial of our ticket.
func TestMessagesNameTheTheatersOwnCodes(t *testing.T) {
	t.Parallel()
	for _, notice := range []booking.Notice{booking.NoticeConfirmed, booking.NoticeReminder, booking.NoticeMoved} {
		mail := mustWrite(t, sampleOfHouse(booking.ChannelEmail, notice))
		for _, text := range []string{mail.Text, mail.HTML} {
			assert.Contains(t, text, "WKX7Q2", notice)
			for _, code := range []string{"C8: 9400123456789", "C9: 9400123456796", "C10: 9400123456802"} {
				assert.Contains(t, text, code, notice)
			}
			assert.NotContains(t, text, "BX-7K2M-9QRT", notice)
			assert.NotContains(t, text, "the ticket's QR code", notice)
		}
	}
	for _, notice := range []booking.Notice{booking.NoticeConfirmed, booking.NoticeMoved} {
		sms := mustWrite(t, sampleOfHouse(booking.ChannelSMS, notice)).Text
		assert.Contains(t, sms, " No. WKX7Q2. https://", notice)
		length, limit := smsRoom(sms, 0)
		assert.LessOrEqual(t, length, limit, sms)
	}
	golden(t, "confirmed.house.txt", mustWrite(t, sampleOfHouse(booking.ChannelEmail, booking.NoticeConfirmed)).Text)
	golden(t, "confirmed.house.html", mustWrite(t, sampleOfHouse(booking.ChannelEmail, booking.NoticeConfirmed)).HTML)
	golden(t, "confirmed.house.sms", mustWrite(t, sampleOfHouse(booking.ChannelSMS, booking.NoticeConfirmed)).Text+"\n")
}
