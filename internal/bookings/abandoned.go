package bookings

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// abandonedAfter is how long a hold that was not fetched in time still waits
	// before it is ended. Its seats count as free; if no other booking takes them, a
	// customer who comes back still gets them.
	abandonedAfter = 15 * time.Second
	// abandonedAtOnce bounds one look.
	abandonedAtOnce = 200
)

// seen notes that customers have read their bookings: that fetches a hold whose answer was
// lost, so it may be paid. A lost hold ends here, so that no customer sees a checkout for
// seats that others have.
func (s *Store) seen(ctx context.Context, read ...booking.Booking) error {
	for i, b := range read {
		if !b.Unfetched || b.Status != booking.StatusHeld {
			continue
		}
		_, err := s.pool.Exec(ctx, `SELECT fetch_hold($1)`, b.ID)
		err = translate("fetch hold", err)
		if booking.CodeOf(err) == booking.CodeHoldLost {
			err = s.endAbandoned(ctx, b.ID, 0)
			if err == nil {
				read[i], err = s.Booking(ctx, b.ID)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// KeepWaiting gives an unfetched hold more time: the customer asks for it, but the answer
// is not complete yet. Code: hold_lost.
func (s *Store) KeepWaiting(ctx context.Context, bookingID string, within time.Duration) error {
	_, err := s.pool.Exec(ctx, `SELECT wait_for_fetch($1, $2)`, bookingID, within)
	return translate("wait for fetch", err)
}

// EndAbandoned ends holds whose answers were not fetched in time. It returns the bookings
// whose workflows must be signaled: these, and earlier ones whose signal failed.
// AbandonedTold removes a booking from that list.
func (s *Store) EndAbandoned(ctx context.Context) (untold []string, err error) {
	due, err := s.unfetched(ctx, booking.StatusHeld)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, id := range due {
		// One at a time: a transaction that takes claims of several bookings could deadlock
		// with a hold.
		failed = append(failed, s.endAbandoned(ctx, id, abandonedAfter))
	}
	untold, err = s.unfetched(ctx, booking.StatusExpired)
	return untold, errors.Join(append(failed, err)...)
}

// endAbandoned ends a hold whose time to be fetched ended at least that long ago.
func (s *Store) endAbandoned(ctx context.Context, bookingID string, after time.Duration) error {
	return s.step(ctx, "end abandoned hold", bookingID, `SELECT end_abandoned_hold($1, $2)::text`, after)
}

func (s *Store) unfetched(ctx context.Context, status booking.Status) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT id::text FROM bookings
		WHERE fetch_by < clock_timestamp() - $1::interval AND status = $2 ORDER BY fetch_by LIMIT $3`,
		abandonedAfter, string(status), abandonedAtOnce)
	if err != nil {
		return nil, translate("look for abandoned holds", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, translate("look for abandoned holds", err)
}

// AbandonedTold notes that the workflow of an abandoned booking knows, or is gone.
func (s *Store) AbandonedTold(ctx context.Context, bookingID string) error {
	id, err := uuid.Parse(bookingID)
	if err != nil {
		return fmt.Errorf("bookings: abandoned booking %q: %w", bookingID, err)
	}
	_, err = s.pool.Exec(ctx, `UPDATE bookings SET fetch_by = NULL WHERE id = $1 AND status = 'expired'`, id)
	return translate("note that the workflow knows", err)
}
