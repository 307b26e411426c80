package bookings

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// ticketPrefix names the format, so that a scanner tells a ticket from any other
// QR code, and this version from a later one.
const ticketPrefix = "BX1."

// ticketEncoding is strict: exactly one text says a thing, so a text can serve as
// the key under which a scan is remembered.
var ticketEncoding = base64.RawURLEncoding.Strict()

// Tickets signs and verifies the text of tickets' QR codes. A door can verify
// without a network: the text carries all it has to know, signed with Ed25519
// (RFC 8032). Only the database knows whether the ticket was voided or scanned already.
type Tickets struct {
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

// NewTickets makes a signer.
func NewTickets(key ed25519.PrivateKey) *Tickets {
	return &Tickets{private: key, public: key.Public().(ed25519.PublicKey)}
}

// TicketClaims is what a ticket's text says.
type TicketClaims struct {
	Serial    string
	BookingID string
	ShowID    string
	Seats     []string
	StartsAt  time.Time
}

// payload is TicketClaims with names of one letter: the shorter the text, the
// larger the modules of its QR code and the sooner a scanner has it.
type payload struct {
	Serial    string   `json:"n"`
	BookingID string   `json:"b"`
	ShowID    string   `json:"s"`
	Seats     []string `json:"p"`
	StartsAt  int64    `json:"t"` // Unix seconds
}

// Text gives the QR text of a booking's ticket. Code: conflict when there is no
// valid ticket.
func (t *Tickets) Text(b booking.Booking) (string, error) {
	if b.Ticket == nil || b.Ticket.VoidedAt != nil {
		return "", booking.E(booking.CodeConflict, "This booking has no valid ticket.")
	}
	document, err := json.Marshal(payload{
		Serial: b.Ticket.Serial, BookingID: b.ID, ShowID: b.Show.ID, Seats: b.Seats, StartsAt: b.Show.StartsAt.Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("bookings: ticket text: %w", err)
	}
	// The prefix is signed too: a signature never holds for another format.
	signed := ticketPrefix + ticketEncoding.EncodeToString(document)
	return signed + "." + ticketEncoding.EncodeToString(ed25519.Sign(t.private, []byte(signed))), nil
}

// Verify reads a QR text that this platform signed. Code: validation_failed.
func (t *Tickets) Verify(text string) (TicketClaims, error) {
	end := strings.LastIndexByte(text, '.')
	// Even a strict base64 decoder skips line breaks.
	if end < len(ticketPrefix) || !strings.HasPrefix(text, ticketPrefix) || strings.ContainsAny(text, "\r\n") {
		return TicketClaims{}, notATicket()
	}
	signed := text[:end]
	signature, err := ticketEncoding.DecodeString(text[end+1:])
	if err != nil || !ed25519.Verify(t.public, []byte(signed), signature) {
		return TicketClaims{}, notATicket()
	}
	document, err := ticketEncoding.DecodeString(signed[len(ticketPrefix):])
	if err != nil {
		return TicketClaims{}, notATicket()
	}
	var claims payload
	if err := json.Unmarshal(document, &claims); err != nil {
		return TicketClaims{}, notATicket()
	}
	return TicketClaims{
		Serial: claims.Serial, BookingID: claims.BookingID, ShowID: claims.ShowID, Seats: claims.Seats,
		StartsAt: time.Unix(claims.StartsAt, 0).UTC(),
	}, nil
}

func notATicket() error {
	return booking.Invalid(booking.FieldError{Field: "ticket", Message: "This is not a ticket of ours."})
}
