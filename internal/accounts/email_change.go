package accounts

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/schema"
)

// AskForNewEmail sends a code to the address that an account is to have. Nothing changes
// until it is typed. The session has to be fresh. An address that has an account gets no
// code, and the answer is the same. A guest who has not proved an address yet has the new one
// at once. Codes: validation_failed, confirmation_needed, too_many_requests, conflict for a
// guest with a proven address.
func (s *Service) AskForNewEmail(ctx context.Context, by Claims, written, accepts string) error {
	if s.codes == nil {
		return noCodes()
	}
	var fields fieldErrors
	email, wrong := contacts.Mailbox(written)
	fields.add("email", wrong)
	if err := fields.Err(); err != nil {
		return err
	}
	id, _, err := ids(by)
	if err != nil {
		return err
	}
	account, err := s.account(ctx, s.db, "id = ?", id)
	switch {
	case err != nil:
		return erased(err)
	case account.PasswordHash == "":
		return s.correctGuest(ctx, id, email, accepts)
	}
	if err := s.fresh(ctx, by); err != nil {
		return err
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, err := lockAccount(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case normal(account.Email) == normal(email):
			return booking.Invalid(booking.FieldError{Field: "email", Message: "The account has this address already."})
		}
		left, wait, err := s.budget(ctx, tx, normal(email), proveNewEmail)
		switch {
		case err != nil:
			return err
		case !left:
			return tooManyCodes(wait)
		}
		if _, err := s.account(ctx, tx, "lower(email) IN (?)", bun.List(contacts.Stored(strings.ToLower(email)))); err == nil {
			_, err = s.newProof(ctx, tx, asked{&account.ID, proveNewEmail, normal(email)})
			return err
		} else if booking.CodeOf(err) != booking.CodeNotFound {
			return err
		}
		return s.mailProof(ctx, tx, account.ID, proveNewEmail, letterNewEmail, email, accepts)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// ConfirmNewEmail changes the address by the code that the new one was sent. The old address
// is told, with a link that undoes it for three days. Codes: code_wrong, conflict when another
// account has the address by now.
func (s *Service) ConfirmNewEmail(ctx context.Context, by Claims, typed string) (Account, error) {
	id, _, err := ids(by)
	if err != nil {
		return Account{}, err
	}
	proof, err := s.checkCode(ctx, id, proveNewEmail, typed)
	if err != nil {
		return Account{}, err
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, err := lockAccount(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := use(ctx, tx, proof.ID); err != nil {
			return err
		}
		return s.moveMail(ctx, tx, account, proof.Recipient)
	})
	if isTaken(err) {
		return Account{}, booking.E(booking.CodeConflict, "This address cannot be used. Choose another one.").Wrap(err)
	}
	if err != nil {
		return Account{}, err
	}
	s.hint(ctx)
	return s.Account(ctx, by.Subject)
}

func (s *Service) moveMail(ctx context.Context, tx bun.Tx, account *schema.Account, email string) error {
	if err := s.setEmail(ctx, tx, account.ID, email); err != nil {
		return err
	}
	if err := prove(ctx, tx, account.ID, byEmail, email, true); err != nil {
		return err
	}
	undo, err := s.newProof(ctx, tx, asked{&account.ID, undoNewEmail, normal(account.Email)})
	if err != nil {
		return err
	}
	change := &schema.EmailChange{ProofID: undo, AccountID: account.ID, OldEmail: account.Email, NewEmail: email}
	if _, err := tx.NewInsert().Model(change).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("note a change of address: %w", err)
	}
	language, err := s.languageFor(ctx, tx, account.ID, "")
	if err != nil {
		return err
	}
	// The new address stays unsaid: the person who reads the mailbox may be one who should not know it.
	return write(ctx, tx, letter{account: account.ID, kind: letterEmailChanged, channel: byEmail, recipient: account.Email, language: language, proof: undo})
}

func (s *Service) setEmail(ctx context.Context, tx bun.Tx, account uuid.UUID, email string) error {
	if _, err := tx.NewUpdate().Model((*schema.Account)(nil)).Set("email = ?, updated_at = now()", email).
		Where("id = ?", account).Exec(ctx); err != nil {
		return fmt.Errorf("change an address: %w", err)
	}
	// A link that was mailed to the address before must not open the account any more.
	return voidProofs(ctx, tx, account, proveEmail, resetPassword, proveNewEmail)
}

// UndoNewEmail gives an account its old address back, by the link that this address was
// sent. The password may be a thief's, and so may passkeys: they are removed, all sessions
// end, and the old address is sent a link to choose a new one. Codes: link_over, conflict when the old address has
// another account by now.
func (s *Service) UndoNewEmail(ctx context.Context, token, accepts string) error {
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, proof, err := s.linkedOnce(ctx, tx, token, undoNewEmail)
		if err != nil {
			return err
		}
		change := new(schema.EmailChange)
		if err := tx.NewSelect().Model(change).Where("proof_id = ?", proof.ID).Scan(ctx); err != nil {
			return fmt.Errorf("read a change of address: %w", err)
		}
		return s.takeBack(ctx, tx, account, change, accepts)
	})
	if isTaken(err) {
		return booking.E(booking.CodeConflict, "Another account has the old address by now. Write to our support.").Wrap(err)
	}
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// takeBack also undoes what was changed after it: the first owner's link is the strongest.
func (s *Service) takeBack(ctx context.Context, tx bun.Tx, account *schema.Account, change *schema.EmailChange, accepts string) error {
	if err := s.setEmail(ctx, tx, account.ID, change.OldEmail); err != nil {
		return err
	}
	later := tx.NewSelect().Model((*schema.EmailChange)(nil)).Column("proof_id").Where("account_id = ? AND changed_at > ?", account.ID, change.ChangedAt)
	if _, err := tx.NewUpdate().Model((*schema.Proof)(nil)).Set("link_until = now()").Where("id IN (?)", later).Exec(ctx); err != nil {
		return fmt.Errorf("void later changes of address: %w", err)
	}
	if err := prove(ctx, tx, account.ID, byEmail, normal(change.OldEmail), true); err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model((*schema.Account)(nil)).Set("password_hash = ?", locked).Where("id = ?", account.ID).Exec(ctx); err != nil {
		return fmt.Errorf("remove a password: %w", err)
	}
	if err := endAll(ctx, tx, account.ID, uuid.Nil); err != nil {
		return err
	}
	// A thief may have added a way in, or have a log-in under way.
	if err := dropWaysIn(ctx, tx, account.ID, append([]string{"identities"}, furtherWays...)); err != nil {
		return err
	}
	return s.mailProof(ctx, tx, account.ID, resetPassword, letterReset, change.OldEmail, accepts)
}

// locked is the hash of an account that has a password no more. It is a hash of nothing that
// a person knows, so that comparing with it takes as long as with others.
const locked = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
