package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/schema"
)

// LettersTopic is hinted at when a letter waits to be sent.
const LettersTopic = "letters"

// The letters, by the names of their texts in package notify.
const (
	letterConfirmEmail    = "confirm_email"
	letterConfirmPhone    = "confirm_phone"
	letterReset           = "reset_password"
	letterNewEmail        = "new_email"
	letterEmailChanged    = "email_changed"
	letterPasswordChanged = "password_changed"
	letterSessionCopied   = "session_copied"
	letterFactorChanged   = "factor_changed"
	letterRecoveryUsed    = "recovery_used"
	letterPasskeyAdded    = "passkey_added"
	letterPasskeyRemoved  = "passkey_removed"
	letterPasskeyCopied   = "passkey_copied"
	letterLinkIdentity    = "link_identity"
	letterIdentityChanged = "identity_changed"
)

const (
	byEmail = "email"
	bySMS   = "sms"
)

// letter is one to be written.
type letter struct {
	account   uuid.UUID
	kind      string
	channel   string
	recipient string
	language  string
	proof     uuid.UUID // zero without a code or link
	facts     map[string]string
}

// write keeps a letter for its sender, in the transaction of what it tells of: there is no
// letter about what did not happen, and no change without its letter.
func write(ctx context.Context, tx bun.Tx, l letter) error {
	row := &schema.Letter{AccountID: &l.account, Kind: l.kind, Channel: l.channel, Recipient: l.recipient, Language: l.language}
	if l.proof != uuid.Nil {
		row.ProofID = &l.proof
	}
	if len(l.facts) > 0 {
		facts, err := json.Marshal(l.facts)
		if err != nil {
			return fmt.Errorf("write a letter: %w", err)
		}
		row.Facts = facts
	}
	if _, err := tx.NewInsert().Model(row).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("write a letter: %w", err)
	}
	return nil
}

// tell writes an account's owner that something was changed. One kind of news is told once
// an hour at most. A guest who did not prove an address is not told.
func (s *Service) tell(ctx context.Context, tx bun.Tx, account uuid.UUID, kind string) error {
	return s.tellUpTo(ctx, tx, account, kind, 1)
}

// tellUpTo is tell for news of which there may be several in an hour.
func (s *Service) tellUpTo(ctx context.Context, tx bun.Tx, account uuid.UUID, kind string, anHour int) error {
	var told int
	var address, locale string
	err := tx.NewRaw(`SELECT (SELECT count(*) FROM letters WHERE account_id = ?0 AND kind = ?1 AND created_at > now() - interval '1 hour'),
		mail_of(?0), coalesce((SELECT locale FROM preferences WHERE account_id = ?0), '')`, account, kind).Scan(ctx, &told, &address, &locale)
	if err != nil || told >= anHour || address == "" {
		return errors.Join(err)
	}
	return write(ctx, tx, letter{account: account, kind: kind, channel: byEmail, recipient: contacts.Same(address), language: locale})
}

// hint wakes the sender after the commit.
func (s *Service) hint(ctx context.Context) { s.publish(ctx, LettersTopic) }

// languageFor is what an account's letters are written in: what its owner chose, or else
// what the browser asks for.
func (s *Service) languageFor(ctx context.Context, db bun.IDB, account uuid.UUID, accepts string) (string, error) {
	var locale string
	err := db.NewRaw(`SELECT coalesce((SELECT locale FROM preferences WHERE account_id = ?), '')`, account).Scan(ctx, &locale)
	if err != nil {
		return "", fmt.Errorf("read the language of an account: %w", err)
	}
	if locale != "" {
		return locale, nil
	}
	return preferred(accepts), nil
}
