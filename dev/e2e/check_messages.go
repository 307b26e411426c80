package e2e

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// message is one notification in our records.
type message struct {
	ID, BookingID, Channel, Notice, Status, VendorID string
	Sequence                                         int
}

// toldOnce compares our records of messages with the vendors': what we say is
// sent was handed over once, and what was handed over is in our records. SMS
// carry no mark of ours, so they are known by the vendor's own id.
func toldOnce(ctx context.Context, e *evidence) ([]string, error) {
	found, err := e.db.Query(ctx, `
		SELECT n.id::text, n.booking_id::text, n.channel, n.notice, n.sequence, n.status, n.vendor_id
		FROM notifications n JOIN bookings b ON b.id = n.booking_id
		WHERE $1::uuid[] IS NULL OR b.show_id = ANY ($1)`, e.shows)
	if err != nil {
		return nil, err
	}
	messages, err := pgx.CollectRows(found, pgx.RowToStructByName[message])
	if err != nil {
		return nil, err
	}
	mails := map[string]int{}
	for _, mail := range e.books.SendGrid.Messages {
		mails[mail.CustomArgs["notification_id"]]++
	}
	texts, texted := map[string]int{}, map[string]string{}
	for _, sms := range e.books.Twilio.Messages {
		texts[sms.To+" "+sms.Body]++
		texted[sms.SID] = sms.To + " " + sms.Body
	}
	var cases []string
	wanted := map[string]int{}
	for _, m := range messages {
		if m.Channel == "sms" && m.Status == "sent" {
			wanted[texted[m.VendorID]]++
		}
	}
	for _, m := range messages {
		if m.Channel == "push" {
			continue // a repeat replaces the message before; there is no copy to count
		}
		copies := mails[m.ID]
		if m.Channel == "sms" {
			copies = 0
			if body, ok := texted[m.VendorID]; ok && m.VendorID != "" {
				// Two intended messages (a resend) may be equal; more than were intended
				// are a violation.
				copies = 1 + texts[body] - wanted[body]
			}
		}
		if fault := m.fault(copies); fault != "" {
			cases = append(cases, fmt.Sprintf("booking %s: %s by %s, number %d, %s", m.BookingID, m.Notice, m.Channel, m.Sequence, fault))
		}
	}
	return cases, nil
}

func (m message) fault(copies int) string {
	switch {
	case copies > 1:
		return fmt.Sprintf("was handed over %d times", copies)
	case m.Status == "sent" && copies == 0:
		return "is recorded as sent; the vendor does not have it"
	case m.Status == "pending", m.Status == "sending":
		return "is still " + m.Status
	case m.Status != "sent" && m.Status != "unconfirmed" && copies > 0:
		return "was handed over, and is recorded as " + m.Status
	default:
		return ""
	}
}
