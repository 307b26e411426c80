package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

// freshFor is how long a confirmed session may change how one logs in. A thief with an open
// session must not be able to move the account (OWASP ASVS 5.0, 7.5.1).
const freshFor = 10 * time.Minute

// Confirm notes that the owner of a session wrote the password again. Wrong passwords count
// as at a log-in. Codes: unauthenticated, conflict for an account without a password,
// too_many_requests, unavailable.
func (s *Service) Confirm(ctx context.Context, by Claims, plain string, from Client) error {
	account, err := s.account(ctx, s.db, "id = ?", by.Subject)
	if err != nil {
		return erased(err)
	}
	if account.PasswordHash == "" {
		return noPassword()
	}
	if err := s.checkPassword(ctx, account, plain, from); err != nil {
		return err
	}
	_, err = s.db.NewInsert().Model(&schema.SessionConfirmation{AccountID: account.ID}).
		Value("family", "?::uuid", by.SessionFamily).
		On("CONFLICT (family) DO UPDATE").Set("confirmed_at = now()").Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note a confirmation: %w", err)
	}
	return nil
}

// checkPassword compares a password of a logged-in account.
func (s *Service) checkPassword(ctx context.Context, account *schema.Account, plain string, from Client) error {
	email := normal(account.Email)
	try, err := s.tries.begin(from.Address, email)
	if err != nil {
		return err
	}
	defer try.end()
	matches, err := password.Matches(ctx, try.lane(), plain, account.PasswordHash)
	if err != nil {
		return hashing(err)
	}
	if !matches {
		try.counts()
		e := booking.E(booking.CodeWrongPassword, "The password is wrong.")
		e.Fields = []booking.FieldError{{Field: "password", Message: "Write the password that you log in with."}}
		return e
	}
	return nil
}

// Fresh tells whether a session was confirmed lately, or began lately by a log-in.
// Code: confirmation_needed.
func (s *Service) Fresh(ctx context.Context, by Claims) error {
	family, err := uuid.Parse(by.SessionFamily)
	if err != nil {
		return confirmationNeeded()
	}
	var fresh bool
	err = s.db.NewRaw(`SELECT EXISTS (SELECT FROM session_confirmations WHERE family = ?0 AND confirmed_at > now() - ?1 * interval '1 second')
		OR EXISTS (SELECT FROM session_devices sd JOIN sessions se ON se.id = sd.session_id
			WHERE se.family = ?0 AND sd.began_at > now() - ?1 * interval '1 second')`, family, freshFor.Seconds()).Scan(ctx, &fresh)
	switch {
	case err != nil:
		return fmt.Errorf("look whether a session is confirmed: %w", err)
	case !fresh:
		return confirmationNeeded()
	default:
		return nil
	}
}

func confirmationNeeded() error {
	return booking.E(booking.CodeConfirmationNeeded, "Write your password again first: POST /v1/me/confirm.")
}

func noPassword() error {
	return booking.E(booking.CodeConflict, "This account has no password.")
}
