package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// Entry is one movement of money. Total is the running total of its kind for the
// payment after the movement.
type Entry struct {
	Provider  string
	Reference string
	Movement  booking.Movement
	Amount    int64
	Total     int64
	Currency  string
	At        time.Time
}

// Ledger lists the movements of a booking's money, the oldest first.
func (s *Store) Ledger(ctx context.Context, bookingID string) ([]Entry, error) {
	owner, err := uuid.Parse(bookingID)
	if err != nil {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT provider, reference, movement, amount, total, currency, at
		FROM ledger WHERE booking_id = $1 ORDER BY id`, owner)
	if err != nil {
		return nil, fmt.Errorf("payments: ledger of booking %s: %w", bookingID, err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
	if err != nil {
		return nil, fmt.Errorf("payments: ledger of booking %s: %w", bookingID, err)
	}
	return entries, nil
}

// Total sums the ledger for one provider and currency.
type Total struct {
	Provider   string
	Currency   string
	Authorized int64
	Voided     int64
	Captured   int64
	Refunded   int64
}

// Kept is what customers paid in the end.
func (t Total) Kept() int64 { return t.Captured - t.Refunded }

// Totals sums the whole ledger, to be compared with a provider's own books.
func (s *Store) Totals(ctx context.Context) ([]Total, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT provider, currency,
			coalesce(sum(amount) FILTER (WHERE movement = 'authorize'), 0)::bigint,
			coalesce(sum(amount) FILTER (WHERE movement = 'void'), 0)::bigint,
			coalesce(sum(amount) FILTER (WHERE movement = 'capture'), 0)::bigint,
			coalesce(sum(amount) FILTER (WHERE movement = 'refund'), 0)::bigint
		FROM ledger GROUP BY provider, currency ORDER BY provider, currency`)
	if err != nil {
		return nil, fmt.Errorf("payments: totals: %w", err)
	}
	totals, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Total])
	if err != nil {
		return nil, fmt.Errorf("payments: totals: %w", err)
	}
	return totals, nil
}
