package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/codes"
	"github.com/boxoffice/boxoffice/schema"
)

// The purposes of proofs, as they are stored and as codes are bound to them.
const (
	proveEmail    = "email"
	provePhone    = "phone"
	resetPassword = "reset"
	proveNewEmail = "new_email"
	undoNewEmail  = "undo_email"
	proveLink     = "link"
)

const (
	// codeLife is how long a code counts (OWASP ASVS 5.0, 6.5.5).
	codeLife = 10 * time.Minute
	// mostTries is how many codes are compared with one that was sent.
	mostTries = 5
	// triesADay and codesADay are for one address or number, over all that it was sent: a new
	// code must not give new chances without end.
	triesADay, codesADay = 30, 10
	// codesAnHour keeps others from filling a mailbox.
	codesAnHour = 3
)

// linkLife is how long a link counts, by purpose. One that lets in is short-lived.
var linkLife = map[string]time.Duration{
	proveEmail: 24 * time.Hour, provePhone: codeLife, resetPassword: 30 * time.Minute, proveNewEmail: codeLife, undoNewEmail: 72 * time.Hour,
	proveLink: codeLife,
}

// WithCodes lets people prove their addresses. publish hints that a letter waits; nil: the
// sender looks for letters by itself.
func WithCodes(made *codes.Codes, publish func(ctx context.Context, topic string)) Option {
	return func(s *Service) {
		s.codes = made
		if publish != nil {
			s.publish = publish
		}
	}
}

// asked is a code or link that a person wants.
type asked struct {
	account   *uuid.UUID // null when the address has none
	purpose   string
	recipient string
}

// budget of an address: how many codes it may still be sent now for a purpose. Everyone who
// asks counts, whether there is an account or not. Each purpose has its own, so that
// strangers who book as guests do not use up what a forgotten password needs.
func (s *Service) budget(ctx context.Context, db bun.IDB, recipient, purpose string) (left bool, wait time.Duration, err error) {
	// Requests for one address follow each other, or all would see room.
	if _, err := db.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(?, 12))`, recipient); err != nil {
		return false, 0, fmt.Errorf("wait for others that ask for an address: %w", err)
	}
	var hour, day int
	err = db.NewSelect().Model((*schema.Proof)(nil)).
		ColumnExpr("count(*) FILTER (WHERE created_at > now() - interval '1 hour')").ColumnExpr("count(*)").
		Where("recipient = ? AND created_at > now() - interval '1 day' AND purpose = ?", recipient, purpose).Scan(ctx, &hour, &day)
	if err != nil {
		return false, 0, fmt.Errorf("count what an address was sent: %w", err)
	}
	switch {
	case day >= codesADay:
		return false, 12 * time.Hour, nil
	case hour >= codesAnHour:
		return false, 20 * time.Minute, nil
	default:
		return true, 0, nil
	}
}

// newProof makes the proof of what was asked. The code of an earlier one counts no longer.
func (s *Service) newProof(ctx context.Context, tx bun.Tx, a asked) (uuid.UUID, error) {
	row := &schema.Proof{AccountID: a.account, Purpose: a.purpose, Recipient: a.recipient}
	_, err := tx.NewInsert().Model(row).
		Value("code_until", "now() + ? * interval '1 second'", codeLife.Seconds()).
		Value("link_until", "now() + ? * interval '1 second'", linkLife[a.purpose].Seconds()).
		Returning("id").Exec(ctx)
	if err != nil {
		return uuid.Nil, fmt.Errorf("make a proof: %w", err)
	}
	return row.ID, nil
}

// checkCode compares a code with the latest that an account was sent for a purpose. The try
// is counted first, in a statement of its own, so that however many come at once no more
// than mostTries are compared. The proof is used afterwards. Codes: code_wrong, conflict
// when the code was used, too_many_requests.
func (s *Service) checkCode(ctx context.Context, account uuid.UUID, purpose, typed string) (*schema.Proof, error) {
	if s.codes == nil {
		return nil, noCodes()
	}
	row := new(schema.Proof)
	_, err := s.db.NewUpdate().Model(row).Set("tries = tries + 1").
		Where(`id = (SELECT id FROM proofs WHERE account_id = ? AND purpose = ? ORDER BY created_at DESC, id LIMIT 1)`, account, purpose).
		Where("tries < ? AND used_at IS NULL AND code_until > now()", mostTries).
		Where(`(SELECT coalesce(sum(tries), 0) FROM proofs d WHERE d.recipient = pr.recipient AND d.account_id = pr.account_id AND d.created_at > now() - interval '1 day') < ?`, triesADay).
		Returning("*").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("count a try of a code: %w", err)
	}
	if row.ID == uuid.Nil || !s.codes.Matches(digitsOf(typed), purpose, row.ID) {
		codesTyped.WithLabelValues(purpose, "wrong").Inc()
		return nil, wrongCode()
	}
	codesTyped.WithLabelValues(purpose, "right").Inc()
	return row, nil
}

// digitsOf leaves out what people and phones put between the digits.
func digitsOf(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, typed)
}

// use marks a proof as used, if it was not.
func use(ctx context.Context, tx bun.Tx, proof uuid.UUID) error {
	result, err := tx.NewUpdate().Model((*schema.Proof)(nil)).Set("used_at = now()").
		Where("id = ? AND used_at IS NULL", proof).Exec(ctx)
	if err != nil {
		return fmt.Errorf("use a proof: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(wrongCode(), err)
	}
	return nil
}

// linked reads the proof of a link's token and the account that it belongs to, and locks
// both: the account first, as all that changes how one logs in. A proof that was superseded by
// a later one of its account and purpose still counts: people open the older mail. Code:
// link_over.
func (s *Service) linked(ctx context.Context, tx bun.Tx, token, purpose string) (*schema.Account, *schema.Proof, error) {
	if s.codes == nil {
		return nil, nil, noCodes()
	}
	id, genuine := s.codes.Proof(token, purpose)
	if !genuine {
		return nil, nil, linkOver()
	}
	account, proof := new(schema.Account), new(schema.Proof)
	err := tx.NewSelect().Model(account).Where("id = (SELECT account_id FROM proofs WHERE id = ? AND purpose = ?)", id, purpose).
		For("NO KEY UPDATE").Scan(ctx)
	if err == nil {
		err = tx.NewSelect().Model(proof).Where("id = ? AND link_until > now()", id).For("UPDATE").Scan(ctx)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil, linkOver()
	case err != nil:
		return nil, nil, fmt.Errorf("read a proof: %w", err)
	default:
		return account, proof, nil
	}
}

// linkedOnce is linked for a link that works once, and uses it.
func (s *Service) linkedOnce(ctx context.Context, tx bun.Tx, token, purpose string) (*schema.Account, *schema.Proof, error) {
	account, proof, err := s.linked(ctx, tx, token, purpose)
	switch {
	case err != nil:
		return nil, nil, err
	case proof.UsedAt != nil:
		return nil, nil, linkOver()
	default:
		return account, proof, use(ctx, tx, proof.ID)
	}
}

// voidProofs makes the codes and links of an account worthless.
func voidProofs(ctx context.Context, tx bun.Tx, account uuid.UUID, purposes ...string) error {
	_, err := tx.NewUpdate().Model((*schema.Proof)(nil)).Set("link_until = least(link_until, now()), code_until = least(code_until, now())").
		Where("account_id = ? AND purpose IN (?)", account, bun.List(purposes)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("void the codes of an account: %w", err)
	}
	return nil
}

func wrongCode() error {
	e := booking.E(booking.CodeWrongCode, "This code is wrong or no longer counts. Look at the latest message, or ask for a new code.")
	e.Fields = []booking.FieldError{{Field: "code", Message: "Write the six digits of the latest message."}}
	return e
}

func linkOver() error {
	return booking.E(booking.CodeLinkOver, "This link is not valid, or no longer. Ask for a new one.")
}

func noCodes() error {
	return booking.E(booking.CodeNotFound, "Addresses are not confirmed here.")
}
