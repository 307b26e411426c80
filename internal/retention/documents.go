package retention

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// inDocuments are the kinds that the document store has.
var inDocuments = []booking.OldRecords{booking.OldEvents, booking.OldCounters, booking.OldLists, booking.OldAccounts}

// WithDocuments makes the Store delete documents, too. The caller closes the documents.
func (s *Store) WithDocuments(store *documents.Store, log *slog.Logger) *Store {
	s.documents, s.log = store, log
	return s
}

// documentsOf says how documents of a kind are deleted; nil for kinds of the database.
func (s *Store) documentsOf(kind booking.OldRecords) func(ctx context.Context, kept time.Duration, limit int) (int, error) {
	if s.documents == nil {
		return nil
	}
	// Each document has the end of its time in it.
	byEnd := func(expire func(context.Context, int) (int, error)) func(context.Context, time.Duration, int) (int, error) {
		return func(ctx context.Context, _ time.Duration, limit int) (int, error) { return expire(ctx, limit) }
	}
	switch kind {
	case booking.OldEvents:
		return byEnd(s.documents.Events.Expire)
	case booking.OldCounters:
		return byEnd(s.documents.Counters.Expire)
	case booking.OldLists:
		return byEnd(s.documents.Lists.Expire)
	case booking.OldAccounts:
		return s.forget
	default:
		return nil
	}
}

// deleteDocuments leaves a store that is away to a later run: waiting for it would keep the
// records of the database.
func (s *Store) deleteDocuments(ctx context.Context, kind booking.OldRecords, remove func(context.Context, time.Duration, int) (int, error), kept time.Duration, limit int) (int, error) {
	n, err := remove(ctx, kept, limit)
	deleted.WithLabelValues(string(kind)).Add(float64(n))
	switch {
	case booking.CodeOf(err) == booking.CodeUnavailable && ctx.Err() == nil:
		s.log.Warn("old documents are left to the next run: their store is away", "kind", kind, "error", err)
		return n, nil
	case err != nil:
		return n, fmt.Errorf("delete old %s: %w", kind, err)
	default:
		return n, nil
	}
}

// forget makes the document store forget accounts that were deleted, one after the other. A
// run that was interrupted leaves the others to the next one.
func (s *Store) forget(ctx context.Context, kept time.Duration, limit int) (int, error) {
	rows, err := s.pool.Query(ctx, `SELECT account_id FROM deleted_accounts
		WHERE deleted_at < clock_timestamp() - $1::interval ORDER BY deleted_at LIMIT $2`, kept, limit)
	if err != nil {
		return 0, fmt.Errorf("find deleted accounts: %w", err)
	}
	accounts, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("find deleted accounts: %w", err)
	}
	for n, account := range accounts {
		if err := s.documents.Forget(ctx, account); err != nil {
			return n, err
		}
		if _, err := s.pool.Exec(ctx, `DELETE FROM deleted_accounts WHERE account_id = $1`, account); err != nil {
			return n, fmt.Errorf("note a forgotten account: %w", err)
		}
	}
	return len(accounts), nil
}
