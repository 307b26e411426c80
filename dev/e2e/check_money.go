package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// account is one payment in our own books, and the booking it is of.
type account struct {
	Reference, Currency, BookingID, BookingStatus string
	Captured, Refunded                            int64
	ChargedBack                                   int64 // what banks took and kept
	Total, Keeps                                  int64 // what the booking cost; what we may keep of it now
}

// accounts reads our books of the shows in scope. A confirmed booking keeps what was
// paid, less what came back when its customer went to a cheaper show; a cancelled
// one what its policy did not give back, if it was ever paid in full; any other
// keeps nothing.
func (e *evidence) accounts(ctx context.Context) (map[string]account, error) {
	found, err := e.db.Query(ctx, `
		SELECT p.reference, p.currency, b.id::text AS booking_id, b.status AS booking_status, p.captured, p.refunded, b.total,
			coalesce((SELECT sum(CASE l.movement WHEN 'chargeback' THEN l.amount WHEN 'chargeback_reversed' THEN -l.amount END)
				FROM ledger l WHERE l.provider = p.provider AND l.reference = p.reference), 0)::bigint AS charged_back,
			CASE WHEN b.status = 'confirmed' THEN b.total - b.refund_due
				WHEN b.status = 'cancelled' AND paid.whole THEN b.total - b.refund_due ELSE 0 END AS keeps
		FROM payments p JOIN bookings b ON b.id = p.booking_id
		CROSS JOIN LATERAL (SELECT coalesce(bool_or(o.captured = b.total), false) AS whole FROM payments o WHERE o.booking_id = b.id) paid
		WHERE $1::uuid[] IS NULL OR b.show_id = ANY ($1)`, e.shows)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(found, pgx.RowToStructByName[account])
	byReference := map[string]account{}
	for _, one := range all {
		byReference[one.Reference] = one
	}
	return byReference, err
}

// moneyMatches compares the ledger with what bookings cost, booking by booking,
// which is stricter than by currency and names the culprit; then the ledger with
// the payments' rows and with the provider's own books.
func moneyMatches(ctx context.Context, e *evidence) ([]string, error) {
	accounts, err := e.accounts(ctx)
	if err != nil {
		return nil, err
	}
	cases, err := e.rows(ctx, `
		WITH net AS (SELECT booking_id, currency, sum(CASE movement WHEN 'capture' THEN amount WHEN 'refund' THEN -amount
			WHEN 'refund_failed' THEN amount ELSE 0 END) AS amount
			FROM ledger GROUP BY booking_id, currency),
		due AS (SELECT b.id, b.currency, b.status, CASE WHEN b.status = 'confirmed' THEN b.total - b.refund_due
				WHEN b.status = 'cancelled' AND EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id AND p.captured = b.total)
				THEN b.total - b.refund_due ELSE 0 END AS amount
			FROM bookings b WHERE $1::uuid[] IS NULL OR b.show_id = ANY ($1))
		SELECT format('booking %s is %s: the ledger has %s %s, due is %s', due.id, due.status,
			coalesce(net.amount, 0), due.currency, due.amount)
		FROM due LEFT JOIN net ON net.booking_id = due.id AND net.currency = due.currency
		WHERE coalesce(net.amount, 0) <> due.amount
		UNION ALL
		SELECT format('payment %s: captured %s and refunded %s, the ledger has %s and %s', p.reference, p.captured, p.refunded,
			coalesce(sum(l.amount) FILTER (WHERE l.movement = 'capture'), 0),
			coalesce(sum(CASE l.movement WHEN 'refund' THEN l.amount WHEN 'refund_failed' THEN -l.amount END), 0))
		FROM payments p JOIN bookings b ON b.id = p.booking_id LEFT JOIN ledger l USING (provider, reference)
		WHERE $1::uuid[] IS NULL OR b.show_id = ANY ($1)
		GROUP BY p.id
		HAVING p.captured <> coalesce(sum(l.amount) FILTER (WHERE l.movement = 'capture'), 0)
			OR p.refunded <> coalesce(sum(CASE l.movement WHEN 'refund' THEN l.amount WHEN 'refund_failed' THEN -l.amount END), 0)`)
	if err != nil {
		return nil, err
	}
	return append(cases, compareBooks(accounts, e.books.payments())...), nil
}

// compareBooks compares our books with the provider's: payment by payment, and
// the sums per currency, which also finds what one of the two does not know.
func compareBooks(ours map[string]account, theirs []Payment) (cases []string) {
	net := map[string]int64{}
	for _, a := range ours {
		net[a.Currency] += a.Captured - a.Refunded
	}
	for _, p := range theirs {
		a, known := ours[p.ID]
		if !known {
			continue // of another show, or of no booking: see noMoneyAstray
		}
		net[strings.ToUpper(p.Currency)] -= p.Captured - p.Refunded
		if a.Captured != p.Captured || a.Refunded != p.Refunded {
			cases = append(cases, fmt.Sprintf("payment %s of booking %s: we say captured %d, refunded %d; the provider says %d, %d",
				p.ID, a.BookingID, a.Captured, a.Refunded, p.Captured, p.Refunded))
		}
		if a.ChargedBack != p.ChargedBack {
			cases = append(cases, fmt.Sprintf("payment %s of booking %s: we say banks took %d back; the provider says %d",
				p.ID, a.BookingID, a.ChargedBack, p.ChargedBack))
		}
	}
	for currency, difference := range net {
		if difference != 0 {
			cases = append(cases, fmt.Sprintf("%s: we have %d more than the provider took for us", currency, difference))
		}
	}
	return cases
}

// noMoneyAstray starts from the provider's books: all money that it has of a customer must
// belong to exactly one booking.
func noMoneyAstray(ctx context.Context, e *evidence) ([]string, error) {
	accounts, err := e.accounts(ctx)
	if err != nil {
		return nil, err
	}
	inScope, err := e.bookings(ctx)
	if err != nil {
		return nil, err
	}
	var cases []string
	payers := map[string][]string{}
	for _, p := range e.books.payments() {
		a, recorded := accounts[p.ID]
		status, named := inScope[p.Metadata["booking_id"]]
		if recorded {
			status = a.BookingStatus
		}
		switch {
		case !recorded && !named:
			// It belongs to another show, or to no booking; only a check of all shows can
			// tell.
			if len(e.shows) == 0 && p.Metadata["booking_id"] != "" && p.Captured > p.Refunded {
				cases = append(cases, fmt.Sprintf("payment %s of %d %s is for booking %q, which does not exist",
					p.ID, p.Captured-p.Refunded, p.Currency, p.Metadata["booking_id"]))
			}
		case p.Status == "requires_capture" && status != "held" && status != "confirmed":
			cases = append(cases, fmt.Sprintf("payment %s: %d are reserved although the booking %s is %s",
				p.ID, p.Amount, p.Metadata["booking_id"], status))
		case p.Captured <= p.Refunded:
		case !recorded:
			cases = append(cases, fmt.Sprintf("payment %s for booking %s took %d that our books do not know",
				p.ID, p.Metadata["booking_id"], p.Captured-p.Refunded))
		case p.Captured-p.Refunded > a.Keeps:
			cases = append(cases, fmt.Sprintf("payment %s: %d are left of it, the booking %s is %s and may keep %d",
				p.ID, p.Captured-p.Refunded, a.BookingID, status, a.Keeps))
		default:
			payers[a.BookingID] = append(payers[a.BookingID], p.ID)
		}
	}
	for booking, payments := range payers {
		if len(payments) > 1 {
			slices.Sort(payments)
			cases = append(cases, fmt.Sprintf("booking %s was paid by %s", booking, strings.Join(payments, " and ")))
		}
	}
	return cases, nil
}

// bookings gives the status of every booking in scope.
func (e *evidence) bookings(ctx context.Context) (map[string]string, error) {
	found, err := e.db.Query(ctx, `SELECT id::text, status FROM bookings WHERE $1::uuid[] IS NULL OR show_id = ANY ($1)`, e.shows)
	if err != nil {
		return nil, err
	}
	status := map[string]string{}
	var id, now string
	_, err = pgx.ForEachRow(found, []any{&id, &now}, func() error {
		status[id] = now
		return nil
	})
	return status, err
}
