package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/schema"
)

// reasoned is what the audit log says of a suspension and its end.
type reasoned struct {
	duties
	Reason string `json:"reason"`
}

// Suspend keeps an account from logging in and ends its sessions, with the messages to its
// browsers. Its bookings stay. Codes: forbidden, not_found, conflict for one's own account.
func (s *Store) Suspend(ctx context.Context, actor audit.Actor, id uuid.UUID, reason string, unless Precondition) (Account, error) {
	if id == actor.AccountID {
		return Account{}, booking.E(booking.CodeConflict, "You cannot suspend your own account. Ask another administrator.")
	}
	return s.changeStanding(ctx, actor, id, standingChange{"suspend", reason, unless}, func(ctx context.Context, tx bun.Tx, after *Account) error {
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
	return s.changeStanding(ctx, actor, id, standingChange{"restore", reason, unless}, func(ctx context.Context, tx bun.Tx, after *Account) error {
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

type standingChange struct {
	action, reason string
	unless         Precondition
}

func (s *Store) changeStanding(
	ctx context.Context, actor audit.Actor, id uuid.UUID, c standingChange, apply func(context.Context, bun.Tx, *Account) error,
) (Account, error) {
	if err := onlyAdmin(actor); err != nil {
		return Account{}, err
	}
	var after Account
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := stillAdmin(ctx, tx, actor, id); err != nil {
			return err
		}
		row, err := oneAccount(ctx, tx, id)
		if err != nil {
			return err
		}
		before := accountView(row)
		after = before
		if err := c.unless.check(before); err != nil {
			return err
		}
		if err := apply(ctx, tx, &after); err != nil {
			return err
		}
		if after.UpdatedAt, err = touch(ctx, tx, id); err != nil {
			return err
		}
		return record(ctx, tx, audit.Entry{Actor: actor, Action: c.action, Entity: "account", EntityID: id.String(),
			Before: before.duties, After: reasoned{after.duties, c.reason}})
	})
	return after, unlessUnchanged(err)
}

func touch(ctx context.Context, tx bun.Tx, id uuid.UUID) (at time.Time, err error) {
	if _, err = tx.NewUpdate().Model((*schema.Account)(nil)).Set("updated_at = now()").
		Where("id = ?", id).Returning("updated_at").Exec(ctx, &at); err != nil {
		err = fmt.Errorf("note the change of an account: %w", err)
	}
	return at, err
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
