package staff

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/schema"
)

// Suspend keeps an account from logging in and ends its sessions, with the messages to its
// browsers. Its bookings stay. Codes: forbidden, not_found, conflict for one's own account.
func (s *Store) Suspend(ctx context.Context, actor audit.Actor, id uuid.UUID, reason string, unless Precondition) (Account, error) {
	if id == actor.AccountID {
		return Account{}, booking.E(booking.CodeConflict, "You cannot suspend your own account. Ask another administrator.")
	}
	return s.changeAccount(ctx, actor, id, accountChange{action: "suspend", reason: reason, unless: unless}, func(ctx context.Context, tx bun.Tx, after *Account) error {
		if after.SuspendedAt != nil {
			return errUnchanged
		}
		row := &schema.Suspension{AccountID: id}
		if _, err := tx.NewInsert().Model(row).Returning("suspended_at").Exec(ctx); err != nil {
			return fmt.Errorf("suspend an account: %w", err)
		}
		after.SuspendedAt = &row.SuspendedAt
		return endSessions(ctx, tx, id)
	})
}

// Restore lets a suspended account log in again. Codes: forbidden, not_found.
func (s *Store) Restore(ctx context.Context, actor audit.Actor, id uuid.UUID, reason string, unless Precondition) (Account, error) {
	return s.changeAccount(ctx, actor, id, accountChange{action: "restore", reason: reason, unless: unless}, func(ctx context.Context, tx bun.Tx, after *Account) error {
		if after.SuspendedAt == nil {
			return errUnchanged
		}
		after.SuspendedAt = nil
		if _, err := tx.NewDelete().Model((*schema.Suspension)(nil)).Where("account_id = ?", id).Exec(ctx); err != nil {
			return fmt.Errorf("restore an account: %w", err)
		}
		// A log-in that was under way at the suspension may have begun a session.
		return endSessions(ctx, tx, id)
	})
}

func endSessions(ctx context.Context, tx bun.Tx, id uuid.UUID) error {
	if _, err := tx.NewUpdate().Model((*schema.Session)(nil)).Set("revoked_at = now()").
		Where("account_id = ? AND revoked_at IS NULL", id).Exec(ctx); err != nil {
		return fmt.Errorf("end the sessions of an account: %w", err)
	}
	if _, err := tx.NewDelete().Model((*schema.PushSubscription)(nil)).Where("account_id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("drop the messages to an account's browsers: %w", err)
	}
	return nil
}
