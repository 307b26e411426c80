package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/trustelem/zxcvbn"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	// leastGuesses is what a password has to stand: below it stand the lists of passwords
	// that leaked, words with a digit behind them, and rows of keys.
	leastGuesses = 1e8
	// judged is how much of a password is looked at. The rest only makes it longer.
	judged = 64
)

// guessable tells whether programs that try leaked passwords, words and what they know of
// the account find a password soon. The lists come with the library.
func guessable(plain string, about ...string) bool {
	if runes := []rune(plain); len(runes) > judged {
		plain = string(runes[:judged])
	}
	var inputs []string
	for _, text := range about {
		inputs = append(inputs, text)
		inputs = append(inputs, strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" @.-_+", r) })...)
	}
	return zxcvbn.PasswordStrength(plain, append(inputs, "boxoffice")).Guesses < leastGuesses
}

// wrongNewPassword says what is wrong with a password that a person chooses.
func wrongNewPassword(plain string, about ...string) string {
	if n := utf8.RuneCountInString(plain); n < minPassword || n > maxPassword {
		return fmt.Sprintf("Choose between %d and %d characters.", minPassword, maxPassword)
	}
	if guessable(plain, about...) {
		return "This password is among those that are tried first. Choose four words that have nothing to do with each other, for example."
	}
	return ""
}

// AskForReset mails a link to choose a new password. The answer, and the time it takes, do
// not tell whether the address has an account, nor whether a mail was sent.
func (s *Service) AskForReset(ctx context.Context, email, accepts string) error {
	if s.codes == nil {
		return noCodes()
	}
	if _, err := mail.ParseAddress(email); err != nil || len(email) > contacts.MaxEmail || !utf8.ValidString(email) || strings.ContainsRune(email, 0) {
		return booking.Invalid(booking.FieldError{Field: "email", Message: "Write an e-mail address, for example asha@example.com."})
	}
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		left, _, err := s.budget(ctx, tx, normal(email), resetPassword)
		if err != nil || !left {
			return err
		}
		account, err := s.account(ctx, tx, "lower(email) IN (?)", bun.List(contacts.Stored(strings.ToLower(email))))
		switch {
		case booking.CodeOf(err) == booking.CodeNotFound, err == nil && account.PasswordHash == "": // a guest has none
			_, err = s.newProof(ctx, tx, asked{nil, resetPassword, normal(email)})
			return err
		case err != nil:
			return err
		}
		// To the stored address, never to what was typed: two spellings may be two mailboxes.
		return s.mailProof(ctx, tx, account.ID, resetPassword, letterReset, account.Email, accepts)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// Reset sets a new password by the link of a mail. It proves the e-mail address and ends all
// sessions: who was logged in has to log in again. Codes: validation_failed, link_over,
// unavailable.
func (s *Service) Reset(ctx context.Context, token, plain string) error {
	if s.codes == nil {
		return noCodes()
	}
	id, genuine := s.codes.Proof(token, resetPassword)
	if !genuine {
		return linkOver()
	}
	account, err := s.account(ctx, s.db, "id = (SELECT account_id FROM proofs WHERE id = ? AND used_at IS NULL AND link_until > now())", id)
	switch {
	case booking.CodeOf(err) == booking.CodeNotFound:
		return linkOver() // before the hash, which is dear
	case err != nil:
		return err
	}
	var fields fieldErrors
	fields.add("password", wrongNewPassword(plain, account.Email, account.Name))
	if err := fields.Err(); err != nil {
		return err
	}
	hash, err := password.Hash(ctx, password.Strangers, plain)
	if err != nil {
		return hashing(err)
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, proof, err := s.linkedOnce(ctx, tx, token, resetPassword)
		switch {
		case err != nil:
			return err
		case normal(account.Email) != proof.Recipient: // it was changed meanwhile
			return linkOver()
		}
		if err := s.dropStrangers(ctx, tx, account); err != nil {
			return err
		}
		if err := prove(ctx, tx, account.ID, byEmail, proof.Recipient, true); err != nil {
			return err
		}
		if err := s.setPassword(ctx, tx, account.ID, hash); err != nil {
			return err
		}
		return endAll(ctx, tx, account.ID, uuid.Nil)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// dropStrangers takes all further ways to log in away from an account whose address was never
// proved in a session of its own: a stranger may have made it with the address of the person
// who proves it now. An account that has proved its address keeps them. It is locked.
func (s *Service) dropStrangers(ctx context.Context, tx bun.Tx, account *schema.Account) error {
	proven, err := isProven(ctx, tx, account.ID, byEmail, normal(account.Email))
	if err != nil || proven {
		return err
	}
	return dropWaysIn(ctx, tx, account.ID, furtherWays)
}

// furtherWays are the tables of what one logs in with beside the password and the log-ins by
// providers, and of log-ins under way.
var furtherWays = []string{
	"totp_factors", "recovery_codes", "factor_challenges", "session_factors", "passkeys", "passkey_challenges", "passkey_users",
	"identity_offers", "oauth_starts",
}

// dropWaysIn empties tables of an account, which is locked.
func dropWaysIn(ctx context.Context, tx bun.Tx, account uuid.UUID, tables []string) error {
	for _, table := range tables {
		if _, err := tx.NewRaw(`DELETE FROM ? WHERE account_id = ?`, bun.Ident(table), account).Exec(ctx); err != nil {
			return fmt.Errorf("drop %s of an account: %w", table, err)
		}
	}
	return nil
}

// setPassword stores a hash, makes all links that were sent worthless, and tells the owner.
// The account is locked.
func (s *Service) setPassword(ctx context.Context, tx bun.Tx, account uuid.UUID, hash string) error {
	if _, err := tx.NewUpdate().Model((*schema.Account)(nil)).Set("password_hash = ?, updated_at = now()", hash).
		Where("id = ?", account).Exec(ctx); err != nil {
		return fmt.Errorf("set a password: %w", err)
	}
	if err := voidProofs(ctx, tx, account, resetPassword, proveNewEmail); err != nil {
		return err
	}
	// A log-in that has shown the old password begins again.
	if _, err := tx.NewRaw(`DELETE FROM factor_challenges WHERE account_id = ?`, account).Exec(ctx); err != nil {
		return fmt.Errorf("drop the log-ins under way: %w", err)
	}
	return s.tell(ctx, tx, account, letterPasswordChanged)
}

// endAll ends all sessions of an account but the kept one, with the messages to their
// browsers. The account is locked.
func endAll(ctx context.Context, tx bun.Tx, account, kept uuid.UUID) error {
	if _, err := tx.NewUpdate().Model((*schema.Session)(nil)).Set("revoked_at = now()").
		Where("account_id = ? AND family <> ? AND revoked_at IS NULL", account, kept).Exec(ctx); err != nil {
		return fmt.Errorf("end the sessions of an account: %w", err)
	}
	return silence(ctx, tx.NewDelete().Where("account_id = ? AND session IS DISTINCT FROM ?", account, kept))
}

// wrongCurrent names the field of a change in which a wrong password stands: password is the
// new one there.
func wrongCurrent(err error) error {
	var e *booking.Error
	if booking.CodeOf(err) == booking.CodeWrongPassword && errors.As(err, &e) {
		for i := range e.Fields {
			e.Fields[i].Field = "current_password"
		}
	}
	return err
}

// PasswordChange is a new password from a person who knows the old one.
type PasswordChange struct {
	Current string `json:"current_password"`
	New     string `json:"password"`
	// KeepSessions lets the other sessions go on.
	KeepSessions bool `json:"keep_sessions"`
}

// ChangePassword replaces the password. The other sessions end, unless they are kept.
// Codes: validation_failed, password_wrong, conflict for an account without a password,
// too_many_requests, unavailable.
func (s *Service) ChangePassword(ctx context.Context, by Claims, c PasswordChange, from Client) error {
	id, own, err := ids(by)
	if err != nil {
		return err
	}
	account, err := s.account(ctx, s.db, "id = ?", id)
	if err != nil {
		return erased(err)
	}
	var fields fieldErrors
	fields.add("password", wrongNewPassword(c.New, account.Email, account.Name))
	if err := fields.Err(); err != nil {
		return err
	}
	if !hasPassword(account) {
		return noPassword()
	}
	if err := s.checkPassword(ctx, account, c.Current, from.Address); err != nil {
		return wrongCurrent(err)
	}
	hash, err := password.Hash(ctx, password.Known, c.New)
	if err != nil {
		return hashing(err)
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		locked, err := lockAccount(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case locked.PasswordHash != account.PasswordHash:
			return booking.E(booking.CodeConflict, "The password was changed at the same moment. Log in with the new one.")
		}
		if err := s.setPassword(ctx, tx, id, hash); err != nil || c.KeepSessions {
			return err
		}
		return endAll(ctx, tx, id, own)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}
