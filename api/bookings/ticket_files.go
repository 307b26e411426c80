package bookings

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	ics "github.com/arran4/golang-ical"
	"rsc.io/qr"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/lettering"
	"github.com/boxoffice/boxoffice/internal/text"
)

// qrPNG draws the ticket's code. Level M survives a scratched screen; a phone's
// camera reads it from a letter-sized print.
func qrPNG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("ticket QR: %w", err)
	}
	return code.PNG(), nil
}

const (
	pageMargin = 18.0 // mm
	qrSide     = 70.0
	pointsPer  = 72 / 25.4 // mm
)

// ticketPDF is one A5 page for names of any length: a long text is set smaller, then in
// more lines, and at last it is cut.
func ticketPDF(letters *lettering.Setter, b booking.Booking, qrText string) ([]byte, error) {
	image, err := qrPNG(qrText)
	if err != nil {
		return nil, err
	}
	pdf := fpdf.New("P", "mm", "A5", "")
	// The same ticket gives the same bytes.
	pdf.SetCreationDate(b.Ticket.IssuedAt.UTC())
	pdf.SetModificationDate(b.Ticket.IssuedAt.UTC())
	pdf.SetCatalogSort(true)
	pdf.SetTitle("Ticket "+b.Ticket.Serial, true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddPage()
	drawTicket(pdf, letters, b, image)

	var file bytes.Buffer
	if err := pdf.Output(&file); err != nil {
		return nil, fmt.Errorf("ticket PDF: %w", err)
	}
	return file.Bytes(), nil
}

// drawTicket gives how far down the page it reached, in mm.
func drawTicket(pdf *fpdf.Fpdf, letters *lettering.Setter, b booking.Booking, qr []byte) (bottom float64) {
	page, _ := pdf.GetPageSize()
	width, y := page-2*pageMargin, pageMargin
	line := func(bold bool, lines int, text string, sizes ...float64) {
		block := letters.Fit(text, bold, width*pointsPer, lines, sizes...)
		block.Draw(pdf, pageMargin, y)
		y += block.Height()
	}
	line(true, 3, b.Show.MovieTitle, 20, 16, 13, 11)
	line(false, 1, strings.Join(filled(b.Show.Format, b.Show.Language), " · "), 11)
	y += 3
	line(true, 1, b.Show.LocalStart().Format("Monday 2 January 2006, 15:04"), 13)
	line(false, 2, b.Show.TheaterName+", "+b.Show.ScreenName, 11, 9)
	line(false, 2, b.Show.Address, 11, 9)
	y += 3
	line(true, 2, "Seats "+strings.Join(b.Seats, ", "), 13, 11, 9)
	line(false, 1, "Paid "+b.Quote.Total.String(), 11)

	options := fpdf.ImageOptions{ImageType: "PNG"}
	pdf.RegisterImageOptionsReader("qr", options, bytes.NewReader(qr))
	pdf.ImageOptions("qr", (page-qrSide)/2, y+5, qrSide, qrSide, false, options, 0, "")
	y += 5 + qrSide
	serial := letters.Fit(b.Ticket.Serial, false, width*pointsPer, 1, 10)
	serial.DrawCentered(pdf, pageMargin, y)
	return y + serial.Height()
}

// ticketICS is the show as a calendar entry (RFC 5545). A later version of the booking
// replaces the entry, and a cancelled booking removes it.
func ticketICS(b booking.Booking, remindBefore time.Duration) []byte {
	calendar := ics.NewCalendarFor("Boxoffice")
	calendar.SetMethod(ics.MethodPublish)
	event := calendar.AddEvent(b.ID + "@boxoffice")
	event.SetDtStampTime(b.CreatedAt.UTC())
	event.SetSequence(int(b.Version))
	event.SetStartAt(b.Show.StartsAt.UTC())
	event.SetEndAt(b.Show.EndsAt.UTC())
	event.SetSummary(text.OneLine(b.Show.MovieTitle))
	event.SetLocation(text.OneLine(strings.Join(filled(b.Show.TheaterName, b.Show.Address), ", ")))
	event.SetDescription(text.OneLine(fmt.Sprintf("%s, seats %s. Ticket %s.",
		b.Show.ScreenName, strings.Join(b.Seats, ", "), b.Ticket.Serial)))
	event.SetStatus(ics.ObjectStatusConfirmed)
	if b.Ticket.VoidedAt != nil {
		event.SetStatus(ics.ObjectStatusCancelled)
	} else if minutes := int(remindBefore.Minutes()); minutes > 0 {
		alarm := event.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger(fmt.Sprintf("-PT%dM", minutes))
		alarm.SetDescription(text.OneLine(b.Show.MovieTitle))
	}
	return []byte(calendar.Serialize(ics.WithNewLineWindows)) // CRLF on every operating system
}

func filled(texts ...string) []string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}
