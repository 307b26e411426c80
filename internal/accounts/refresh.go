package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/schema"
)

// repeatWithin is how long a client may repeat the use of a refresh token after the first.
// Tabs that refresh at once send the same cookie, and an app asks once more when the answer
// did not arrive. Without this time each of them would look like a thief (RFC 9700, section
// 4.14.2).
const repeatWithin = 10 * time.Second

// used is a refresh token that a client presents.
type used struct {
	schema.Session `bun:",extend"`
	// FamilyRevoked counts also for a token that was handed out while its family
	// was being revoked.
	FamilyRevoked bool `bun:"family_revoked"`
	Expired       bool `bun:"expired"` // or its session is
	// Repeatable is a token that was replaced moments ago, by one that waits for its use.
	Repeatable bool   `bun:"repeatable"`
	Sealed     []byte `bun:"sealed"` // the one that replaced it
	// Suspended is the account.
	Suspended bool       `bun:"suspended"`
	Browser   *string    `bun:"browser"`
	System    *string    `bun:"system"`
	BeganAt   *time.Time `bun:"began_at"`
}

// device goes on to the next token of the family.
func (u used) device() schema.SessionDevice {
	if u.BeganAt == nil {
		return schema.SessionDevice{BeganAt: u.CreatedAt}
	}
	return schema.SessionDevice{Browser: *u.Browser, System: *u.System, BeganAt: *u.BeganAt}
}

// Refresh replaces a refresh token by the next one of its family. A repeat within seconds
// gets that same next one, as long as it waits for its use. Any other use of a token that
// was replaced means that there is a copy, so the whole family ends: thief and owner both
// have to log in. Code: unauthenticated.
func (s *Service) Refresh(ctx context.Context, refreshToken string, address netip.Addr) (TokenPair, error) {
	return s.refresh(ctx, refreshToken, address, forApps)
}

func (s *Service) refresh(ctx context.Context, refreshToken string, address netip.Addr, by keeper) (TokenPair, error) {
	if keeperOf(refreshToken) != by {
		return TokenPair{}, sessionEnded()
	}
	var pair TokenPair
	var refused error
	var copied bool
	var email string
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		account, session, err := s.presented(ctx, tx, refreshToken)
		var next string
		switch {
		case errors.Is(err, sql.ErrNoRows):
			refused = sessionEnded()
			return nil
		case err != nil:
			return fmt.Errorf("find a session: %w", err)
		case session.FamilyRevoked || session.Suspended:
			refused = sessionEnded()
			return nil
		case session.RotatedAt != nil && !session.Repeatable:
			// Not an error of the transaction: the revocation has to stay.
			refused = sessionEnded()
			copied = true
			return s.reused(ctx, tx, session)
		case session.Expired:
			refused = sessionEnded()
			return nil
		case session.RotatedAt != nil:
			next, err = open(refreshToken, session.ID, session.Sealed)
		default:
			next, err = s.rotate(ctx, tx, view(account), session, refreshToken, by)
		}
		if err != nil {
			return err
		}
		email = normal(account.Email)
		pair, err = s.pair(view(account), session.Family, next)
		return err
	})
	if err == nil && copied {
		s.hint(ctx)
	}
	if err == nil {
		err = refused
	}
	if err != nil {
		return TokenPair{}, err // also when the commit failed
	}
	// It says where the owner is, also to a process that began just now. No row is locked any
	// more: Redis may be slow.
	s.tries.seen(ctx, address, email)
	return pair, nil
}

// presented reads a token and its account. It locks the account's row, so that of two
// concurrent uses of a family the second sees what the first one did. The lock comes
// first, in a statement of its own: a statement that waits still reads other tables as
// they were before. All times are the database's; now() is when the transaction began, so
// that who waits for the lock loses nothing by it.
func (s *Service) presented(ctx context.Context, tx bun.Tx, refreshToken string) (*schema.Account, used, error) {
	var account schema.Account
	var session used
	hash := hashOf(refreshToken)
	if err := tx.NewSelect().Model(&account).
		Where("a.id = (SELECT account_id FROM sessions WHERE refresh_hash = ?)", hash).
		For("NO KEY UPDATE").Scan(ctx); err != nil {
		return nil, used{}, err
	}
	err := tx.NewSelect().Model(&session).
		ColumnExpr("se.id, se.account_id, se.family, se.created_at, se.rotated_at, sd.browser, sd.system, sd.began_at, ss.sealed").
		Join("LEFT JOIN session_devices AS sd ON sd.session_id = se.id").
		Join("LEFT JOIN session_successors AS ss ON ss.session_id = se.id").
		Join("LEFT JOIN sessions AS n ON n.id = ss.successor").
		ColumnExpr("EXISTS (SELECT FROM suspensions su WHERE su.account_id = se.account_id) AS suspended").
		ColumnExpr("se.expires_at <= now() OR coalesce(sd.began_at, se.created_at) <= now() - ? * interval '1 second' AS expired",
			int64(s.endAfter.Seconds())).
		ColumnExpr("EXISTS (SELECT FROM sessions r WHERE r.family = se.family AND r.revoked_at IS NOT NULL) AS family_revoked").
		ColumnExpr("n.id IS NOT NULL AND n.rotated_at IS NULL AND se.rotated_at > now() - ? * interval '1 microsecond' AS repeatable",
			s.repeatWithin.Microseconds()).
		Where("se.refresh_hash = ?", hash).Scan(ctx)
	return &account, session, err
}

// rotate replaces the token of a family by the next one, and seals that for repeats. A
// browser's repeat at the release before may have left a second one that waits for its use:
// that one is replaced with it. rotated_at is the moment itself, which a repeat cannot move.
func (s *Service) rotate(ctx context.Context, tx bun.Tx, account Account, session used, refreshToken string, by keeper) (string, error) {
	if _, err := tx.NewUpdate().Model((*schema.Session)(nil)).Set("rotated_at = clock_timestamp()").
		Where("family = ? AND rotated_at IS NULL", session.Family).Exec(ctx); err != nil {
		return "", fmt.Errorf("rotate a session: %w", err)
	}
	id, next, err := s.store(ctx, tx, account, session.Family, by, session.device())
	if err != nil {
		return "", err
	}
	sealed, err := seal(refreshToken, session.ID, next)
	if err != nil {
		return "", err
	}
	if err := s.forgetSealed(ctx, tx); err != nil {
		return "", err
	}
	row := &schema.SessionSuccessor{SessionID: session.ID, Successor: id, Sealed: sealed}
	if _, err := tx.NewInsert().Model(row).Returning("NULL").Exec(ctx); err != nil {
		return "", fmt.Errorf("keep the next token for a repeat: %w", err)
	}
	return next, nil
}

// mostForgotten bounds what one refresh deletes of sealed tokens. Each refresh adds one, so
// that there is never more than those of the last seconds for long.
const mostForgotten = 10

// forgetSealed deletes some of the sealed tokens, of all accounts, whose time is over. It
// takes none that another refresh is deleting, so that the two never wait for each other.
func (s *Service) forgetSealed(ctx context.Context, tx bun.Tx) error {
	over := tx.NewSelect().Model((*schema.SessionSuccessor)(nil)).Column("session_id").
		Where("created_at < now() - interval '1 minute' - ? * interval '1 microsecond'", s.repeatWithin.Microseconds()).
		Order("created_at").Limit(mostForgotten).For("UPDATE SKIP LOCKED")
	if _, err := tx.NewDelete().Model((*schema.SessionSuccessor)(nil)).Where("session_id IN (?)", over).Exec(ctx); err != nil {
		return fmt.Errorf("forget sealed tokens: %w", err)
	}
	return nil
}

// kindRefreshReused is a refresh token that was used although it had been replaced: there
// is a copy of it.
const kindRefreshReused = "refresh_reused"

// reused ends the family of a token that was copied, and no other session of the account,
// and notes it. A family ends once, so there is one event for each however often the token
// is tried. The owner is told by mail, in the same transaction.
func (s *Service) reused(ctx context.Context, tx bun.Tx, session used) error {
	if err := revoke(ctx, tx, session.Family.String()); err != nil {
		return err
	}
	event := &schema.SecurityEvent{AccountID: session.AccountID, Kind: kindRefreshReused, Session: &session.Family}
	if _, err := tx.NewInsert().Model(event).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("note that a refresh token was used again: %w", err)
	}
	refreshesReused.Inc()
	return s.tell(ctx, tx, session.AccountID, letterSessionCopied)
}
