package bookings

import (
	"fmt"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

type ticketDocument struct {
	BookingID string              `json:"booking_id"`
	Serial    string              `json:"serial"`
	QR        string              `json:"qr,omitempty"`
	Show      booking.ShowSummary `json:"show"`
	Seats     []string            `json:"seats"`
	IssuedAt  time.Time           `json:"issued_at"`
	VoidedAt  *time.Time          `json:"voided_at,omitempty"`
	ScannedAt *time.Time          `json:"scanned_at,omitempty"`
	ReadOnly  bool                `json:"read_only,omitempty"` // as of the booking

	TheaterNumber string            `json:"theater_number,omitempty"`
	TheaterCodes  map[string]string `json:"theater_codes,omitempty"` // by seat; then there is no QR of ours
}

// ticketed reads the booking that the path names, if it has a ticket.
func (s *service) ticketed(r *http.Request) (b booking.Booking, err error) {
	read, err := s.reading(r)
	if err == nil {
		b, err = read(r.Context())
	}
	if err == nil && b.Ticket == nil {
		err = booking.E(booking.CodeNotFound, "This booking has no ticket.")
	}
	return b, err
}

// admitting is ticketed for the forms that are worth nothing when the ticket is
// void: a picture of a code that no longer opens the door.
func (s *service) admitting(r *http.Request) (b booking.Booking, qr string, err error) {
	b, err = s.ticketed(r)
	if err == nil && b.Ticket.VoidedAt != nil {
		err = booking.E(booking.CodeConflict, "This ticket is void.")
	}
	if err == nil {
		qr, err = s.Tickets.Text(b)
	}
	return b, qr, err
}

func (s *service) ticket(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ticketed(r)
	if err != nil {
		return err
	}
	document := ticketDocument{
		BookingID: b.ID, Serial: b.Ticket.Serial, Show: b.Show, Seats: b.Seats,
		IssuedAt: b.Ticket.IssuedAt, VoidedAt: b.Ticket.VoidedAt, ScannedAt: b.Ticket.ScannedAt,
		ReadOnly: b.ReadOnly, TheaterNumber: b.Ticket.TheaterNumber, TheaterCodes: b.Ticket.TheaterCodes,
	}
	if b.Ticket.VoidedAt == nil && len(b.Ticket.TheaterCodes) == 0 {
		if document.QR, err = s.Tickets.Text(b); err != nil {
			return err
		}
	}
	return rest.AnswerPrivate(w, http.StatusOK, document)
}

func (s *service) ticketPNG(w http.ResponseWriter, r *http.Request) error {
	b, text, err := s.admitting(r)
	if err == nil && len(b.Ticket.TheaterCodes) > 0 {
		text, err = theaterCode(b, r.URL.Query().Get("seat"))
	}
	if err != nil {
		return err
	}
	image, err := qrPNG(text)
	if err != nil {
		return err
	}
	return sendFile(w, "image/png", "", image)
}

// theaterCode is what opens the theater's door for a seat; for the first one when none is named.
func theaterCode(b booking.Booking, seat string) (string, error) {
	if seat == "" {
		seat = b.Seats[0]
	}
	code, ok := b.Ticket.TheaterCodes[seat]
	if !ok {
		return "", booking.E(booking.CodeNotFound, "This booking has no such seat.")
	}
	return code, nil
}

func (s *service) ticketPDF(w http.ResponseWriter, r *http.Request) error {
	b, text, err := s.admitting(r)
	if err != nil {
		return err
	}
	letters, err := s.letters()
	if err != nil {
		return err
	}
	// Requests for the same ticket at the same time share one drawing.
	drawn, err, _ := s.prints.Do(fmt.Sprintf("%s %d %s", b.ID, b.Version, text), func() (any, error) { return ticketPDF(letters, b, text) })
	if err != nil {
		return err
	}
	document, _ := drawn.([]byte)
	return sendFile(w, "application/pdf", "ticket-"+b.Ticket.Serial+".pdf", document)
}

func (s *service) ticketICS(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ticketed(r)
	if err != nil {
		return err
	}
	return sendFile(w, "text/calendar; charset=utf-8", "ticket-"+b.Ticket.Serial+".ics",
		ticketICS(b, s.Policy.RemindBefore))
}

// sendFile sends a private file; name makes browsers keep it rather than show it.
func sendFile(w http.ResponseWriter, contentType, name string, body []byte) error {
	w.Header().Set("Cache-Control", "private, no-store")
	if name != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	rest.Write(w, http.StatusOK, contentType, body)
	return nil
}
