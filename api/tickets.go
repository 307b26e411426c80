package api

import (
	"fmt"
	"net/http"
	"time"

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
}

// ticketed reads the booking that the path names, if it has a ticket.
func (a *api) ticketed(r *http.Request) (booking.Booking, error) {
	b, err := a.ownBooking(r)
	if err == nil && b.Ticket == nil {
		err = booking.E(booking.CodeNotFound, "This booking has no ticket.")
	}
	return b, err
}

// admitting is ticketed for the forms that are worth nothing when the ticket is
// void: a picture of a code that no longer opens the door.
func (a *api) admitting(r *http.Request) (b booking.Booking, qr string, err error) {
	b, err = a.ticketed(r)
	if err == nil && b.Ticket.VoidedAt != nil {
		err = booking.E(booking.CodeConflict, "This ticket is void.")
	}
	if err == nil {
		qr, err = a.Tickets.Text(b)
	}
	return b, qr, err
}

func (a *api) ticket(w http.ResponseWriter, r *http.Request) {
	b, err := a.ticketed(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	document := ticketDocument{
		BookingID: b.ID, Serial: b.Ticket.Serial, Show: b.Show, Seats: b.Seats,
		IssuedAt: b.Ticket.IssuedAt, VoidedAt: b.Ticket.VoidedAt, ScannedAt: b.Ticket.ScannedAt,
	}
	if b.Ticket.VoidedAt == nil {
		if document.QR, err = a.Tickets.Text(b); err != nil {
			a.fail(w, r, err)
			return
		}
	}
	a.answer(w, r, http.StatusOK, document)
}

func (a *api) ticketPNG(w http.ResponseWriter, r *http.Request) {
	_, text, err := a.admitting(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	image, err := qrPNG(text)
	a.file(w, r, "image/png", "", image, err)
}

func (a *api) ticketPDF(w http.ResponseWriter, r *http.Request) {
	b, text, err := a.admitting(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	letters, err := a.letters()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	// Somebody who asks for the same page many times at once waits for one drawing.
	drawn, err, _ := a.prints.Do(fmt.Sprintf("%s %d %s", b.ID, b.Version, text), func() (any, error) { return ticketPDF(letters, b, text) })
	document, _ := drawn.([]byte)
	a.file(w, r, "application/pdf", "ticket-"+b.Ticket.Serial+".pdf", document, err)
}

func (a *api) ticketICS(w http.ResponseWriter, r *http.Request) {
	b, err := a.ticketed(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.file(w, r, "text/calendar; charset=utf-8", "ticket-"+b.Ticket.Serial+".ics",
		ticketICS(b, a.Policy.RemindBefore), nil)
}

// file sends a private file; name makes browsers keep it rather than show it.
func (a *api) file(w http.ResponseWriter, r *http.Request, contentType, name string, body []byte, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "private, no-store")
	if name != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	write(w, http.StatusOK, contentType, body)
}
