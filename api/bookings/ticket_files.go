package bookings

import (
	"bytes"
	"fmt"
	"strconv"
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
	// smallQRSide is that of one of several; codeLines is the room for what stands below it.
	smallQRSide = 38.0
	codeLines   = 10.0
	pointsPer   = 72 / 25.4 // mm
)

// ticketPDF is one A5 page for names of any length: a long text is set smaller, then in
// more lines, and at last it is cut. The codes of a theater's own system may need more pages.
func ticketPDF(letters *lettering.Setter, b booking.Booking, qrText string) ([]byte, error) {
	printed, err := codesOf(b, qrText)
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
	drawTicket(pdf, letters, b, printed)

	var file bytes.Buffer
	if err := pdf.Output(&file); err != nil {
		return nil, fmt.Errorf("ticket PDF: %w", err)
	}
	return file.Bytes(), nil
}

// printedCode is one QR code and what stands below it.
type printedCode struct {
	image []byte
	lines []string
}

// codesOf gives our own code, or those of the theater's own system, one for each seat.
func codesOf(b booking.Booking, qrText string) ([]printedCode, error) {
	if len(b.Ticket.TheaterCodes) == 0 {
		image, err := qrPNG(qrText)
		return []printedCode{{image, []string{b.Ticket.Serial}}}, err
	}
	var printed []printedCode
	for _, seat := range b.Seats {
		code := b.Ticket.TheaterCodes[seat]
		image, err := qrPNG(code)
		if err != nil {
			return nil, err
		}
		printed = append(printed, printedCode{image, []string{"Seat " + seat, code}})
	}
	return printed, nil
}

// drawTicket gives how far down its last page it reached, in mm.
func drawTicket(pdf *fpdf.Fpdf, letters *lettering.Setter, b booking.Booking, printed []printedCode) (bottom float64) {
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

	if b.Ticket.TheaterNumber != "" {
		line(true, 1, "The theater's number "+b.Ticket.TheaterNumber, 13, 11, 9)
	}
	return drawCodes(pdf, letters, y, printed)
}

// drawCodes draws one large code, or rows of smaller ones, from y on.
func drawCodes(pdf *fpdf.Fpdf, letters *lettering.Setter, y float64, printed []printedCode) (bottom float64) {
	page, height := pdf.GetPageSize()
	side, columns := qrSide, 1
	if len(printed) > 1 {
		side, columns = smallQRSide, 2
	}
	cell := (page - 2*pageMargin) / float64(columns)
	options := fpdf.ImageOptions{ImageType: "PNG"}
	y += 5
	for i, code := range printed {
		column := i % columns
		if column == 0 && i > 0 {
			y = bottom + 6 // apart, so that a scanner sees one at a time
			if y+side+codeLines > height-pageMargin {
				pdf.AddPage()
				y = pageMargin
			}
		}
		x := pageMargin + float64(column)*cell
		name := "qr" + strconv.Itoa(i)
		pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(code.image))
		pdf.ImageOptions(name, x+(cell-side)/2, y, side, side, false, options, 0, "")
		bottom = y + side
		for n, text := range code.lines {
			block := letters.Fit(text, n < len(code.lines)-1, cell*pointsPer, 1, 10, 8)
			block.DrawCentered(pdf, x, bottom)
			bottom += block.Height()
		}
	}
	return bottom
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
	ticket := "Ticket " + b.Ticket.Serial
	if b.Ticket.TheaterNumber != "" {
		ticket = "The theater's number " + b.Ticket.TheaterNumber
	}
	event.SetDescription(text.OneLine(fmt.Sprintf("%s, seats %s. %s.", b.Show.ScreenName, strings.Join(b.Seats, ", "), ticket)))
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
