package bookings

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func signer(t *testing.T) *Tickets {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return NewTickets(key)
}

func ticketed() booking.Booking {
	return booking.Booking{
		ID: uuid.NewString(), Seats: []string{"A1", "A2"}, Ticket: &booking.Ticket{Serial: "BX-7K3M-9Q2D"},
		Show: booking.ShowSummary{ID: uuid.NewString(), StartsAt: time.Date(2026, 11, 24, 18, 30, 0, 0, time.UTC)},
	}
}

func TestTicketTextSaysWhatTheDoorMustKnow(t *testing.T) {
	t.Parallel()
	tickets, b := signer(t), ticketed()
	text, err := tickets.Text(b)
	require.NoError(t, err)
	assert.Less(t, len(text), 400, "a QR code that a telephone reads at arm's length")
	claims, err := tickets.Verify(text)
	require.NoError(t, err)
	assert.Equal(t, TicketClaims{Serial: "BX-7K3M-9Q2D", BookingID: b.ID, ShowID: b.Show.ID, Seats: b.Seats,
		StartsAt: b.Show.StartsAt}, claims)
}

func TestTicketTextNeedsAValidTicket(t *testing.T) {
	t.Parallel()
	tickets, b := signer(t), ticketed()
	b.Ticket.VoidedAt = &time.Time{}
	_, err := tickets.Text(b)
	showstest.Code(t, booking.CodeConflict, err)
	b.Ticket = nil
	_, err = tickets.Text(b)
	showstest.Code(t, booking.CodeConflict, err)
}

func TestForgedTicketsAreRefused(t *testing.T) {
	t.Parallel()
	tickets := signer(t)
	text, err := tickets.Text(ticketed())
	require.NoError(t, err)
	foreign, err := signer(t).Text(ticketed())
	require.NoError(t, err)
	parts := strings.Split(text, ".")
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"n":"BX-0000-0000"}`))
	// The last character of a signature has four bits to spare, which a lax
	// decoder ignores.
	twin := text[:len(text)-1] + string(text[len(text)-1]+1)

	for name, forged := range map[string]string{
		"empty": "", "prefix": "BX1.", "no signature": "BX1." + parts[1], "empty signature": "BX1." + parts[1] + ".",
		"another key": foreign, "other claims": "BX1." + other + "." + parts[2],
		"other version": "BX2." + parts[1] + "." + parts[2], "padded": text + "=", "line break": text + "\n",
		"twin": twin, "swapped": "BX1." + parts[2] + "." + parts[1],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tickets.Verify(forged)
			showstest.Code(t, booking.CodeValidation, err)
		})
	}
}
