package payments

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// Receive puts a webhook's event into the inbox. handled tells that an earlier
// copy was settled, so that this one needs no work. A copy that arrives while
// the first is still being worked on, or after a crash in between, is worked
// again: its effect is safe to repeat, a lost one is not.
func (s *Store) Receive(ctx context.Context, event booking.PaymentEvent) (handled bool, err error) {
	// The row inserted here is not visible to the SELECT beside it: no row means
	// that the event was not settled before.
	err = s.pool.QueryRow(ctx, `
		WITH received AS (
			INSERT INTO webhook_inbox (provider, event_id, type, reference, booking_id)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (provider, event_id) DO NOTHING)
		SELECT processed_at IS NOT NULL FROM webhook_inbox WHERE provider = $1 AND event_id = $2`,
		event.Provider, event.ID, event.Type, event.Reference, optionalID(event.BookingID)).Scan(&handled)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("payments: receive event %s from %s: %w", event.ID, event.Provider, err)
	}
	return handled, nil
}

// Settle says that a received event has had its effect, and which. The first
// outcome stays.
func (s *Store) Settle(ctx context.Context, provider, eventID, outcome string) error {
	tag, err := s.pool.Exec(ctx, `
		UPDATE webhook_inbox SET
			outcome = CASE WHEN processed_at IS NULL THEN $3 ELSE outcome END,
			processed_at = coalesce(processed_at, clock_timestamp())
		WHERE provider = $1 AND event_id = $2`, provider, eventID, outcome)
	if err != nil {
		return fmt.Errorf("payments: settle event %s from %s: %w", eventID, provider, err)
	}
	if tag.RowsAffected() == 0 {
		return booking.E(booking.CodeNotFound, "There is no such event.")
	}
	return nil
}

// optionalID is null for what is no UUID, for example the metadata of a payment on the same
// account that is not ours.
func optionalID(id string) *uuid.UUID {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	return &parsed
}
