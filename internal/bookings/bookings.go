package bookings

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// readBookings gives whole booking documents in one statement, however many: the
// page is chosen first (%s) and everything else is looked up by the page's ids.
//
// It shows the payment whose money we have, or else the latest. A second payment that was
// refunded must not hide the first. A refund is done when the ledger has that payment's
// refund, or, for money that was never taken, its void.
const readBookings = `SELECT b.id::text, b.customer_id::text, b.status, b.seats, b.quote, b.hold_expires_at,
		b.fetch_by IS NOT NULL, b.created_at, b.version, b.refunds, b.refund_due, b.currency, ` + shows.SummaryColumns + `,
		p.provider, p.status, p.reference, p.checkout_url, p.client_secret,
		k.serial, k.issued_at, k.voided_at, k.scanned_at, coalesce(o.number, ''), o.codes, r.at, e.timeline, b.status = 'held' AND must_confirm(b.customer_id)
	FROM (%s) b JOIN ` + shows.SummaryTables + ` ON s.id = b.show_id
	LEFT JOIN tickets k ON k.booking_id = b.id
	LEFT JOIN house_orders o ON o.booking_id = b.id AND o.status = 'confirmed'
	LEFT JOIN LATERAL (SELECT * FROM payments p WHERE p.booking_id = b.id
		ORDER BY p.captured > p.refunded DESC, p.captured > 0 DESC, p.attempt DESC, p.created_at DESC
		LIMIT 1) p ON true
	LEFT JOIN LATERAL (SELECT l.at FROM ledger l
		WHERE b.refund_due > 0 AND l.booking_id = b.id AND l.provider = p.provider AND l.reference = p.reference
		  AND (l.movement = 'void' OR l.movement = 'refund' AND p.refunded >= b.refund_due AND l.total >= b.refund_due)
		ORDER BY l.at LIMIT 1) r ON true
	CROSS JOIN LATERAL (SELECT coalesce(json_agg(json_build_object('at', e.at, 'event', e.event, 'detail', e.detail)
		ORDER BY e.seq), '[]') AS timeline FROM booking_events e WHERE e.booking_id = b.id) e
	ORDER BY b.created_at DESC, b.id DESC`

// Booking reads one booking. Code: not_found.
func (s *Store) Booking(ctx context.Context, bookingID string) (booking.Booking, error) {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return booking.Booking{}, err
	}
	b, err := s.one(ctx, `SELECT * FROM bookings WHERE id = $1`, id)
	if err != nil {
		return b, err
	}
	b.House, err = s.houseOrder(ctx, b)
	return b, err
}

// CustomerBooking reads one booking of a customer. A booking of another customer is not
// found, because its existence is private.
func (s *Store) CustomerBooking(ctx context.Context, customerID, bookingID string) (booking.Booking, error) {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return booking.Booking{}, err
	}
	customer, err := shows.ParseID("booking", customerID)
	if err != nil {
		return booking.Booking{}, err
	}
	b, err := s.one(ctx, `SELECT * FROM bookings WHERE id = $1 AND customer_id = $2`, id, customer)
	if err != nil {
		return b, err
	}
	read := []booking.Booking{b}
	err = s.seen(ctx, read...)
	return read[0], err
}

// CustomerBookings lists a customer's bookings, newest first. An empty status
// means all. next is empty on the last page.
func (s *Store) CustomerBookings(
	ctx context.Context, customerID string, status booking.Status, limit int, cursor string,
) (items []booking.Booking, next string, err error) {
	if customerID == "" { // which AdminBookings would take for all customers
		return nil, "", booking.E(booking.CodeNotFound, "There is no such account.")
	}
	items, next, err = s.AdminBookings(ctx, Filter{CustomerID: customerID, Status: status}, limit, cursor)
	if err != nil {
		return nil, "", err
	}
	return items, next, s.seen(ctx, items...)
}

// Owns tells whether a booking is this customer's, in any status.
func (s *Store) Owns(ctx context.Context, customer, id uuid.UUID) (owns bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM bookings WHERE id = $1 AND customer_id = $2)`, id, customer).Scan(&owns)
	if err != nil {
		return false, translate("look for a customer's booking", err)
	}
	return owns, nil
}

// Filter narrows a list of bookings; an empty field does not.
type Filter struct {
	ShowID     string
	CustomerID string
	Status     booking.Status
}

// AdminBookings lists all customers' bookings for staff, newest first.
func (s *Store) AdminBookings(
	ctx context.Context, filter Filter, limit int, cursor string,
) (items []booking.Booking, next string, err error) {
	where, args, err := filter.conditions(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = paging.Size(limit)
	// One more than asked for tells whether there is a next page.
	page := fmt.Sprintf(`SELECT * FROM bookings%s ORDER BY created_at DESC, id DESC LIMIT %d`, where, limit+1)
	items, err = s.list(ctx, page, args...)
	items, next = paging.Cut(items, limit, func(last booking.Booking) string { return paging.Latest(last.CreatedAt, last.ID) })
	return items, next, err
}

func (f Filter) conditions(cursor string) (where string, args []any, err error) {
	var conditions []string
	var fieldErrors booking.FieldErrors
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	for _, id := range []struct{ field, value string }{{"show_id", f.ShowID}, {"customer_id", f.CustomerID}} {
		if id.value == "" {
			continue
		}
		parsed, err := uuid.Parse(id.value)
		if err != nil {
			fieldErrors.Add(id.field, "This is not an id.")
		}
		add(id.field+" = ?", parsed)
	}
	if f.Status != "" {
		add("status = ?", string(f.Status))
	}
	if cursor != "" {
		at, last, err := paging.ReadLatest(cursor)
		id, wrong := uuid.Parse(last)
		if err != nil || wrong != nil {
			fieldErrors = append(fieldErrors, paging.Foreign())
		}
		add("(created_at, id) < (?, ?)", at, id)
	}
	if err := fieldErrors.Err(); err != nil {
		return "", nil, err
	}
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	return where, args, nil
}

func (s *Store) one(ctx context.Context, choice string, args ...any) (booking.Booking, error) {
	items, err := s.list(ctx, choice, args...)
	if err != nil {
		return booking.Booking{}, err
	}
	if len(items) == 0 {
		return booking.Booking{}, booking.E(booking.CodeNotFound, "There is no such booking.")
	}
	return items[0], nil
}

func (s *Store) list(ctx context.Context, choice string, args ...any) ([]booking.Booking, error) {
	rows, err := s.pool.Query(ctx, fmt.Sprintf(readBookings, choice), args...)
	if err != nil {
		return nil, translate("read bookings", err)
	}
	items, err := pgx.CollectRows(rows, scanBooking)
	return items, translate("read bookings", err)
}

// scanBooking puts a row of readBookings together.
func scanBooking(row pgx.CollectableRow) (booking.Booking, error) {
	var b booking.Booking
	var quote, refunds, timeline, codes []byte
	var refundDue int64
	var currency string
	var payment struct{ provider, status, reference, checkoutURL, clientSecret *string }
	var serial *string
	var issued, refunded *time.Time
	ticket := booking.Ticket{}

	fields := []any{&b.ID, &b.CustomerID, &b.Status, &b.Seats, &quote, shows.UTC(&b.HoldExpiresAt),
		&b.Unfetched, shows.UTC(&b.CreatedAt), &b.Version, &refunds, &refundDue, &currency}
	fields = append(fields, shows.SummaryFields(&b.Show)...)
	fields = append(fields, &payment.provider, &payment.status, &payment.reference, &payment.checkoutURL,
		&payment.clientSecret, &serial, shows.MaybeUTC(&issued), shows.MaybeUTC(&ticket.VoidedAt), shows.MaybeUTC(&ticket.ScannedAt),
		&ticket.TheaterNumber, &codes, shows.MaybeUTC(&refunded), &timeline, &b.ConfirmEmail)
	if err := row.Scan(fields...); err != nil {
		return b, err
	}
	if err := json.Unmarshal(quote, &b.Quote); err != nil {
		return b, fmt.Errorf("quote of booking %s: %w", b.ID, err)
	}
	if codes != nil {
		if err := json.Unmarshal(codes, &ticket.TheaterCodes); err != nil {
			return b, fmt.Errorf("codes of booking %s: %w", b.ID, err)
		}
	}
	if refunds != nil {
		if err := json.Unmarshal(refunds, &b.Refunds); err != nil {
			return b, fmt.Errorf("terms of cancellation of booking %s: %w", b.ID, err)
		}
	}
	if err := json.Unmarshal(timeline, &b.Timeline); err != nil {
		return b, fmt.Errorf("timeline of booking %s: %w", b.ID, err)
	}
	for i := range b.Timeline {
		b.Timeline[i].At = b.Timeline[i].At.UTC()
	}
	if payment.provider != nil {
		b.Payment = &booking.PaymentView{Provider: *payment.provider, Status: booking.PaymentStatus(*payment.status),
			Reference: *payment.reference, CheckoutURL: *payment.checkoutURL, ClientSecret: *payment.clientSecret}
	}
	if serial != nil {
		ticket.Serial, ticket.IssuedAt = *serial, *issued
		b.Ticket = &ticket
	}
	b.Seats = booking.ReadSeats(b.Seats)
	b.Refund = refundOf(refundDue, currency, refunded)
	return b, nil
}

// refundOf gives the refund that a cancellation promised, or nil.
func refundOf(due int64, currency string, done *time.Time) *booking.Refund {
	if due == 0 {
		return nil
	}
	refund := &booking.Refund{
		Amount: booking.Money{Amount: due, Currency: currency}, Status: booking.MovementPending, At: done}
	if done != nil {
		refund.Status = booking.MovementDone
	}
	return refund
}
