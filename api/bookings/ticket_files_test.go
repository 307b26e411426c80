package bookings

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	ics "github.com/arran4/golang-ical"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/lettering"
)

func ticketOf(title, theater string) booking.Booking {
	return booking.Booking{
		ID: "5d6a3f0e-8f7e-4c1b-9b58-0d9a2c9f1a11", Status: booking.StatusConfirmed, Seats: []string{"A1", "A2"},
		Show: booking.ShowSummary{MovieTitle: title, TheaterName: theater, Address: "1 Main Street", ScreenName: "Screen 1",
			StartsAt: time.Date(2026, 3, 29, 18, 30, 0, 0, time.UTC), EndsAt: time.Date(2026, 3, 29, 20, 30, 0, 0, time.UTC),
			TimeZone: "Europe/London", Format: "2D", Language: "en"},
		Quote:     booking.Quote{Total: booking.Money{Amount: 2500, Currency: "GBP"}},
		Ticket:    &booking.Ticket{Serial: "BX-7K3M-9Q2D", IssuedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		CreatedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Version: 5,
	}
}

func TestFault62_NamesDoNotEscapeFromTickets(t *testing.T) {
	t.Parallel()
	title := "X\r\nATTENDEE:mailto:evil@example.com\nEND:VEVENT,;\\\u2028 🎬 हिन्दी"
	b := ticketOf(title, "A\r\nBEGIN:VALARM")

	text := string(ticketICS(b, 2*time.Hour))
	calendar, err := ics.ParseCalendar(strings.NewReader(text))
	require.NoError(t, err)
	require.Len(t, calendar.Events(), 1)
	assert.Empty(t, calendar.Events()[0].Attendees())
	assert.Len(t, calendar.Events()[0].Alarms(), 1)
	for line := range strings.SplitSeq(text, "\r\n") {
		assert.False(t, strings.HasPrefix(line, "ATTENDEE"), line)
		assert.LessOrEqual(t, len(line), 75, "lines are folded (RFC 5545, section 3.1)")
	}

	document, err := ticketPDF(testLetters(t), b, "BX1.text")
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(document, []byte("%PDF-")))
}

func TestTicketFilesSayWhenAndWhere(t *testing.T) {
	t.Parallel()
	b := ticketOf("Amélie", "Lotus")
	text := string(ticketICS(b, 2*time.Hour))
	for _, part := range []string{"DTSTART:20260329T183000Z", "DTEND:20260329T203000Z", "SUMMARY:Amélie", "TRIGGER:-PT120M", "SEQUENCE:5", "STATUS:CONFIRMED"} {
		assert.Contains(t, text, part)
	}
	now := time.Now()
	b.Ticket.VoidedAt = &now
	text = string(ticketICS(b, 2*time.Hour))
	assert.Contains(t, text, "STATUS:CANCELLED")
	assert.NotContains(t, text, "VALARM")

	first, err := ticketPDF(testLetters(t), ticketOf("Amélie", "Lotus"), "BX1.text")
	require.NoError(t, err)
	second, err := ticketPDF(testLetters(t), ticketOf("Amélie", "Lotus"), "BX1.text")
	require.NoError(t, err)
	assert.Equal(t, first, second, "the same ticket gives the same bytes")
	assert.Less(t, len(first), 200<<10)

	_, err = qrPNG(strings.Repeat("x", 5000))
	assert.Error(t, err)
}

// A calendar keeps every letter of every script, and is folded between letters.
func TestCalendarsKeepEveryLetter(t *testing.T) {
	t.Parallel()
	for _, title := range []string{
		strings.Repeat("🎬", 60), strings.Repeat("जवान ", 20), "怪物" + strings.Repeat("怪", 70), "كفرناحوم שלום", "👨\u200d👩\u200d👧 family",
		strings.Repeat("ลุงบุญ", 12), "\U00020000\U0001F1EE\U0001F1F3", strings.Repeat("a", 73) + "é" + strings.Repeat("b", 70),
	} {
		text := ticketICS(ticketOf(title, "Kino 🎞 Łódź"), 2*time.Hour)
		assert.NotContains(t, string(text), "?")
		for line := range bytes.SplitSeq(text, []byte("\r\n")) {
			assert.True(t, utf8.Valid(line), "a letter is cut in two: %q", line)
			assert.LessOrEqual(t, len(line), 75)
		}
		calendar, err := ics.ParseCalendar(bytes.NewReader(text))
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSpace(title), strings.TrimSpace(calendar.Events()[0].GetProperty(ics.ComponentPropertySummary).Value))
	}
}

var letters = sync.OnceValues(func() (*lettering.Setter, error) { return lettering.New(slog.New(slog.DiscardHandler)) })

func testLetters(t *testing.T) *lettering.Setter {
	t.Helper()
	setter, err := letters()
	require.NoError(t, err)
	return setter
}

// For names of any length, a ticket is one page that keeps its code and its serial
// together.
func TestATicketIsOnePage(t *testing.T) {
	t.Parallel()
	long := ticketOf(strings.Repeat("Donaudampfschifffahrtsgesellschaft ", 30), strings.Repeat("Grand Palace of the Moving Picture ", 8))
	long.Show.Address = strings.Repeat("Long Lane by the River, ", 12)
	long.Seats = []string{"Balcony left AA10", "Balcony left AA11", "Balcony left AA12", "Balcony left AA13", "Balcony left AA14",
		"Balcony left AA15", "Balcony left AA16", "Balcony left AA17", "Balcony left AA18", "Balcony left AA19"}
	for name, b := range map[string]booking.Booking{
		"long": long, "190 letters": ticketOf(strings.Repeat("abcdefghi ", 19), "Lotus"), "one word": ticketOf(strings.Repeat("x", 500), "Lotus"),
		"nothing": ticketOf("", ""), "Thai": ticketOf(strings.Repeat("ลุงบุญมีระลึกชาติ", 20), "Lotus"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := ticketPDF(testLetters(t), b, "BX1.text")
			require.NoError(t, err)
			assert.Equal(t, 1, bytes.Count(document, []byte("/Type /Page\n")), "pages")
			printed, err := codesOf(b, "BX1.text")
			require.NoError(t, err)
			page := fpdf.New("P", "mm", "A5", "")
			page.SetAutoPageBreak(false, 0)
			page.AddPage()
			_, height := page.GetPageSize()
			assert.LessOrEqual(t, drawTicket(page, testLetters(t), b, printed), height-5, "the code and the serial are on it")
		})
	}
}

// A theater that sells from its own system has codes of its own, one for each seat: they are
// on the ticket, and our code, which does not open its door, is not.
func TestATheatersOwnCodesAreOnTheTicket(t *testing.T) {
	t.Parallel()
	b := ticketOf("Amélie", "Copper Kettle")
	b.Ticket.TheaterNumber, b.Ticket.TheaterCodes = "WKX7Q2", map[string]string{"A1": "9400123456789", "A2": "9400123456796"}
	printed, err := codesOf(b, "BX1.text")
	require.NoError(t, err)
	require.Len(t, printed, 2)
	for i, seat := range b.Seats {
		image, err := qrPNG(b.Ticket.TheaterCodes[seat])
		require.NoError(t, err)
		assert.Equal(t, printedCode{image, []string{"Seat " + seat, b.Ticket.TheaterCodes[seat]}}, printed[i])
	}
	text := string(ticketICS(b, 2*time.Hour))
	assert.Contains(t, text, "The theater's number WKX7Q2")
	assert.NotContains(t, text, b.Ticket.Serial)

	for _, c := range []struct{ seats, pages int }{{1, 1}, {2, 1}, {4, 1}, {10, 2}} {
		b.Seats = nil
		for i := range c.seats {
			seat := "Balcony " + strconv.Itoa(i)
			b.Seats = append(b.Seats, seat)
			b.Ticket.TheaterCodes[seat] = "94001234567" + strconv.Itoa(10+i)
		}
		document, err := ticketPDF(testLetters(t), b, "BX1.text")
		require.NoError(t, err)
		assert.Equal(t, c.pages, bytes.Count(document, []byte("/Type /Page\n")), "%d seats", c.seats)
	}
	for seat, want := range map[string]string{"": b.Ticket.TheaterCodes[b.Seats[0]], b.Seats[3]: b.Ticket.TheaterCodes[b.Seats[3]]} {
		code, err := theaterCode(b, seat)
		require.NoError(t, err)
		assert.Equal(t, want, code)
	}
	_, err = theaterCode(b, "Z9")
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}
