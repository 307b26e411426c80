package api

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	ics "github.com/arran4/golang-ical"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"rsc.io/qr"

	"github.com/boxoffice/boxoffice/booking"
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
)

// ticketPDF is one A5 page. The typefaces travel in the binary, because the
// PDF's own fourteen know no Greek, Cyrillic or Vietnamese letters.
func ticketPDF(b booking.Booking, qrText string) ([]byte, error) {
	image, err := qrPNG(qrText)
	if err != nil {
		return nil, err
	}
	pdf := fpdf.New("P", "mm", "A5", "")
	pdf.AddUTF8FontFromBytes("go", "", goregular.TTF)
	pdf.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	// The same ticket gives the same bytes.
	pdf.SetCreationDate(b.Ticket.IssuedAt.UTC())
	pdf.SetModificationDate(b.Ticket.IssuedAt.UTC())
	pdf.SetCatalogSort(true)
	pdf.SetTitle("Ticket "+b.Ticket.Serial, true)
	pdf.SetMargins(pageMargin, pageMargin, pageMargin)
	pdf.AddPage()

	line := func(style string, size, height float64, text string) {
		pdf.SetFont("go", style, size)
		pdf.MultiCell(0, height, printable(text), "", "L", false)
	}
	line("B", 20, 9, b.Show.MovieTitle)
	line("", 11, 6, strings.Join(filled(b.Show.Format, b.Show.Language), " · "))
	pdf.Ln(3)
	line("B", 13, 7, b.Show.LocalStart().Format("Monday 2 January 2006, 15:04"))
	line("", 11, 6, b.Show.TheaterName+", "+b.Show.ScreenName)
	line("", 11, 6, b.Show.Address)
	pdf.Ln(3)
	line("B", 13, 7, "Seats "+strings.Join(b.Seats, ", "))
	line("", 11, 6, "Paid "+b.Quote.Total.String())

	options := fpdf.ImageOptions{ImageType: "PNG"}
	pdf.RegisterImageOptionsReader("qr", options, bytes.NewReader(image))
	width, _ := pdf.GetPageSize()
	pdf.ImageOptions("qr", (width-qrSide)/2, pdf.GetY()+6, qrSide, qrSide, true, options, 0, "")
	pdf.SetFont("go", "", 10)
	pdf.CellFormat(0, 8, printable(b.Ticket.Serial), "", 0, "C", false, 0, "")

	var file bytes.Buffer
	if err := pdf.Output(&file); err != nil {
		return nil, fmt.Errorf("ticket PDF: %w", err)
	}
	return file.Bytes(), nil
}

// ticketICS is the show as a calendar entry (RFC 5545). A later version of the
// booking replaces the entry, and a cancelled one takes it away.
func ticketICS(b booking.Booking, remindBefore time.Duration) []byte {
	calendar := ics.NewCalendarFor("Boxoffice")
	calendar.SetMethod(ics.MethodPublish)
	event := calendar.AddEvent(b.ID + "@boxoffice")
	event.SetDtStampTime(b.CreatedAt.UTC())
	event.SetSequence(int(b.Version))
	event.SetStartAt(b.Show.StartsAt.UTC())
	event.SetEndAt(b.Show.EndsAt.UTC())
	event.SetSummary(printable(b.Show.MovieTitle))
	event.SetLocation(printable(strings.Join(filled(b.Show.TheaterName, b.Show.Address), ", ")))
	event.SetDescription(printable(fmt.Sprintf("%s, seats %s. Ticket %s.",
		b.Show.ScreenName, strings.Join(b.Seats, ", "), b.Ticket.Serial)))
	event.SetStatus(ics.ObjectStatusConfirmed)
	if b.Ticket.VoidedAt != nil {
		event.SetStatus(ics.ObjectStatusCancelled)
	} else if minutes := int(remindBefore.Minutes()); minutes > 0 {
		alarm := event.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger(fmt.Sprintf("-PT%dM", minutes))
		alarm.SetDescription(printable(b.Show.MovieTitle))
	}
	return []byte(calendar.Serialize(ics.WithNewLineWindows)) // CRLF, whatever this machine is
}

// printable takes out what could end a line of a calendar file, and what the PDF
// writer's tables have no place for (letters beyond the basic plane).
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case r > 0xFFFF:
			return '?'
		default:
			return r
		}
	}, strings.ToValidUTF8(s, "?"))
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
