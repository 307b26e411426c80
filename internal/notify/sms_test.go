package notify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

func TestSMSFitsItsParts(t *testing.T) {
	t.Parallel()
	long := map[string]func(*dispatch){
		"short":           func(*dispatch) {},
		"long title":      func(d *dispatch) { d.show.MovieTitle = strings.Repeat("The Very Long Title ", 8) },
		"long theater":    func(d *dispatch) { d.show.TheaterName = strings.Repeat("Grand Palace ", 8) },
		"ten seats":       func(d *dispatch) { d.seats = strings.Fields("C1 C2 C3 C4 C5 C6 C7 C8 C9 C10") },
		"accents":         func(d *dispatch) { d.show.MovieTitle = "Āśā – “Żółć” naïve…" },
		"two-place runes": func(d *dispatch) { d.show.MovieTitle = strings.Repeat("[1]", 40) },
	}
	for name, change := range long {
		for _, notice := range allNotices {
			d := sample(booking.ChannelSMS, notice)
			change(d)
			text := mustWrite(t, d).Text
			more := 0
			if notice == booking.NoticeRescheduled || notice == booking.NoticeShowCancelled {
				more = 1 // two times and a deadline, or the next shows
			}
			length, limit := smsRoom(text, more)
			assert.Equal(t, []int{smsLimit, 2 * smsJoined}[more], limit, "%s of %s is not in the GSM alphabet: %s", notice, name, text)
			assert.LessOrEqual(t, length, limit, "%s with %s: %s", notice, name, text)
			link := " " + testLinks().Short(links.Read, d.BookingID)
			switch notice {
			case booking.NoticeRescheduled:
				link = " " + testLinks().Address("/bookings/"+d.BookingID+"/choice", links.Read, d.BookingID)
			case booking.NoticeShowCancelled:
				link = " https://boxoffice.example/movies/dune-part-two"
			}
			assert.True(t, strings.HasSuffix(text, link), text)
		}
	}
}

// Another script has 67 characters to a part; the link alone takes one.
func TestSMSInAnotherScript(t *testing.T) {
	t.Parallel()
	for _, notice := range allNotices {
		d := sample(booking.ChannelSMS, notice)
		d.show.MovieTitle = "दिलवाले दुल्हनिया ले जाएंगे"
		text := mustWrite(t, d).Text
		assert.Contains(t, text, "दिलवाले")
		length, limit := smsRoom(text, 0)
		assert.Equal(t, smsWideLimit, limit)
		parts := 3
		if notice == booking.NoticeRescheduled || notice == booking.NoticeShowCancelled {
			parts = 4
		}
		assert.LessOrEqual(t, length, parts*67, "more than %d parts: %s", parts, text)
	}
}

func TestToGSM(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"Amélie":            "Amélie",
		"Œuvre ça":          "OEuvre ca",
		"Ponniyin Selvaṉ":   "Ponniyin Selvan",
		"“Don’t” – why…":    `"Don't" - why...`,
		"Ναι":               "Ναι",
		"Тест":              "Тест",
		"Das Boot [1981] €": "Das Boot [1981] €",
	}
	for in, want := range tests {
		assert.Equal(t, want, toGSM(in))
	}
}

func TestSMSRoom(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text          string
		length, limit int
	}{
		{"abc", 3, 160},
		{"€[]", 6, 160},
		{"Ω@é", 3, 160},
		{"ш", 1, 134},
		{"😀a", 3, 134},
	}
	for _, test := range tests {
		length, limit := smsRoom(test.text, 0)
		assert.Equal(t, test.length, length, test.text)
		assert.Equal(t, test.limit, limit, test.text)
	}
}
