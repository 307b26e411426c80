package staff

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// Audit reads the log of changes: a manager that of their own theaters,
// administrators and support all of it. Code: validation_failed.
func (s *Store) Audit(ctx context.Context, actor audit.Actor, f audit.Filter) (items []audit.Item, next string, err error) {
	if actor.Role != booking.RoleAdmin && actor.Role != booking.RoleSupport {
		f.ManagedBy = actor.AccountID
	}
	return audit.List(ctx, s.db, f)
}

// Note writes an entry about what staff ask of something that is changed
// elsewhere, such as the workflow of a booking, before they ask it.
func (s *Store) Note(ctx context.Context, e audit.Entry) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error { return record(ctx, tx, e) })
}
