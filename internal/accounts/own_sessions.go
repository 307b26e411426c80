package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/schema"
)

// OwnSession is what an account's owner sees of a log-in that goes on.
type OwnSession struct {
	ID         uuid.UUID `json:"id" bun:"family"`
	CreatedAt  time.Time `json:"created_at" bun:"began_at"`
	LastUsedAt time.Time `json:"last_used_at" bun:"last_used_at"` // to a quarter of an hour: the last refresh
	Browser    string    `json:"browser" bun:"browser"`           // empty when it is not known
	System     string    `json:"system" bun:"system"`
	Current    bool      `json:"current" bun:"current"`
}

// mostListed bounds the list. A person has a few sessions; a script that logs in for each
// call has many.
const mostListed = 100

// Sessions lists where an account is logged in: current, the session that asks, comes
// first, then those that were used last.
func (s *Service) Sessions(ctx context.Context, account, current string) ([]OwnSession, error) {
	all := []OwnSession{}
	err := s.db.NewSelect().Model((*schema.Session)(nil)).
		Join("LEFT JOIN session_devices AS sd ON sd.session_id = se.id").
		ColumnExpr("se.family, se.family = ? AS current", current).
		ColumnExpr("coalesce(min(sd.began_at), min(se.created_at)) AS began_at, max(se.created_at) AS last_used_at").
		// All tokens of a family have the same, or nothing.
		ColumnExpr("coalesce(max(sd.browser), '') AS browser, coalesce(max(sd.system), '') AS system").
		Where("se.account_id = ?", account).Group("se.family").
		Having("bool_and(se.revoked_at IS NULL) AND bool_or(se.rotated_at IS NULL AND se.expires_at > now())").
		OrderExpr("current DESC, last_used_at DESC, se.family").Limit(mostListed).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list the sessions of an account: %w", err)
	}
	return all, nil
}

// EndSession ends one session of an account, with the messages to its browser. One that is
// over already stays over. Code: not_found, also for a session of another account.
func (s *Service) EndSession(ctx context.Context, account string, family uuid.UUID) error {
	return s.ending(ctx, account, func(ctx context.Context, tx bun.Tx) error {
		is, err := tx.NewSelect().Model((*schema.Session)(nil)).Where("family = ? AND account_id = ?", family, account).Exists(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("look for a session: %w", err)
		case !is:
			return booking.E(booking.CodeNotFound, "There is no such session.")
		}
		if err := revoke(ctx, tx, family.String()); err != nil {
			return err
		}
		return silence(ctx, tx.NewDelete().Where("account_id = ? AND session = ?", account, family))
	})
}

// EndSessions ends all sessions of an account but the kept one, with the messages to their
// browsers. Without kept all end.
func (s *Service) EndSessions(ctx context.Context, account, kept string) error {
	family := uuid.Nil // which no session is
	if kept != "" {
		var err error
		if family, err = uuid.Parse(kept); err != nil {
			return fmt.Errorf("session id: %w", err)
		}
	}
	owner, err := uuid.Parse(account)
	if err != nil {
		return fmt.Errorf("account id: %w", err)
	}
	return s.ending(ctx, account, func(ctx context.Context, tx bun.Tx) error { return endAll(ctx, tx, owner, family) })
}

// ending locks the account first, as a refresh does: the rows of its sessions are then
// locked by one at a time, in any order.
func (s *Service) ending(ctx context.Context, account string, work func(context.Context, bun.Tx) error) error {
	return s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		owner := new(schema.Account)
		if err := tx.NewSelect().Model(owner).Column("id").Where("id = ?", account).For("NO KEY UPDATE").Scan(ctx); err != nil {
			return erased(err)
		}
		return work(ctx, tx)
	})
}

// goesOn tells whether a session is still one, in the transaction of what it may change. The
// account is locked, so that the session does not end meanwhile.
func goesOn(ctx context.Context, tx bun.Tx, account, family uuid.UUID) (on bool, err error) {
	if err := tx.NewRaw(`SELECT EXISTS (SELECT FROM sessions s WHERE s.family = ?0 AND s.account_id = ?1 AND s.rotated_at IS NULL AND s.expires_at > now())
		AND NOT EXISTS (SELECT FROM sessions r WHERE r.family = ?0 AND r.revoked_at IS NOT NULL)
		AND NOT EXISTS (SELECT FROM suspensions WHERE account_id = ?1)`, family, account).Scan(ctx, &on); err != nil {
		return false, fmt.Errorf("look whether a session goes on: %w", err)
	}
	return on, nil
}

func silence(ctx context.Context, browsers *bun.DeleteQuery) error {
	if _, err := browsers.Model((*schema.PushSubscription)(nil)).Exec(ctx); err != nil {
		return fmt.Errorf("drop the messages to a browser: %w", err)
	}
	return nil
}
