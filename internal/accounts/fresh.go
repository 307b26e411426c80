package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

// freshFor is how long a session may change how one logs in, after its log-in or a
// confirmation. A thief with an open session must not be able to move the account (OWASP ASVS
// 5.0, 7.5.1).
const freshFor = 10 * time.Minute

// Proof is what an owner shows again: the password, and with a second factor one of its codes
// too; or a passkey alone.
type Proof struct {
	Password     string `json:"password"`
	Code         string `json:"code"`
	RecoveryCode string `json:"recovery_code"`
	// Passkey answers AskToConfirm: an AuthenticationResponseJSON.
	Passkey json.RawMessage `json:"passkey"`
}

// Confirm makes a session fresh, whose owner shows again what a log-in asks for. Wrong
// passwords and codes count as there. Codes: validation_failed, password_wrong, conflict for
// an account without a password or when no passkey is waited for, passkey_changed,
// passkeys_off, too_many_requests, unavailable.
func (s *Service) Confirm(ctx context.Context, by Claims, proof Proof, from Client) error {
	if len(proof.Passkey) > 0 && string(proof.Passkey) != "null" {
		return s.confirmByPasskey(ctx, by, proof.Passkey)
	}
	id, family, err := ids(by)
	if err != nil {
		return err
	}
	account, err := s.account(ctx, s.db, "id = ?", id)
	switch {
	case err != nil:
		return erased(err)
	case !hasPassword(account):
		return noPassword()
	}
	ways, err := s.ways(ctx, s.db, id)
	if err != nil {
		return err
	}
	passkey, err := s.needsPasskey(ctx, id)
	switch {
	case err != nil:
		return err
	case passkey && len(ways) == 0:
		return wrongFactor("passkey", "Show your passkey.")
	case len(ways) > 0 && (proof.Code == "") == (proof.RecoveryCode == ""):
		return wrongFactor("code", "Write a code of your authenticator app, or a recovery code.")
	}
	if err := s.checkPassword(ctx, account, proof.Password, from.Address); err != nil {
		return err
	}
	way := WayRecovery
	if len(ways) > 0 && proof.Code != "" {
		way = WayTOTP
		if err := s.countTry(ctx, id); err != nil {
			return err
		}
	}
	return s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		locked, err := lockAccount(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case locked.PasswordHash != account.PasswordHash:
			return wrongPassword() // it was changed meanwhile
		}
		if len(ways) > 0 {
			if err := s.take(ctx, tx, id, way, Answer{Code: proof.Code, RecoveryCode: proof.RecoveryCode}); err != nil {
				return err
			}
			return passed(ctx, tx, id, family, way)
		}
		return confirmed(ctx, tx, id, family)
	})
}

// confirmed notes that the owner has shown again who it is.
func confirmed(ctx context.Context, tx bun.Tx, account, family uuid.UUID) error {
	_, err := tx.NewInsert().Model(&schema.SessionConfirmation{Family: family, AccountID: account}).
		On("CONFLICT (family) DO UPDATE").Set("confirmed_at = now()").Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note a confirmation: %w", err)
	}
	return nil
}

// checkPassword compares the password of a logged-in account, with the limits of a log-in.
func (s *Service) checkPassword(ctx context.Context, account *schema.Account, plain string, from netip.Addr) error {
	if utf8.RuneCountInString(plain) > maxPassword {
		return wrongPassword()
	}
	try, err := s.tries.begin(ctx, from, normal(account.Email))
	if err != nil {
		return err
	}
	defer try.end()
	matches, err := password.Matches(ctx, try.lane(), plain, account.PasswordHash)
	switch {
	case err != nil:
		return hashing(err)
	case !matches:
		try.counts(ctx)
		return wrongPassword()
	default:
		return nil
	}
}

func wrongPassword() error {
	e := booking.E(booking.CodeWrongPassword, "The password is wrong.")
	e.Fields = []booking.FieldError{{Field: "password", Message: "Write the password that you log in with."}}
	return e
}

// Fresh is fresh for what others guard: what staff make that opens something for long.
// Code: confirmation_needed.
func (s *Service) Fresh(ctx context.Context, by Claims) error { return s.fresh(ctx, by) }

// fresh is an error unless a session has shown, minutes ago, all that its account's log-in
// asks for: it began, or was confirmed. A session that has shown a password only does not
// count once the account has a second factor, or belongs to staff who have a passkey. Code: confirmation_needed.
func (s *Service) fresh(ctx context.Context, by Claims) error {
	account, family, err := ids(by)
	if err != nil {
		return err
	}
	ways, err := s.ways(ctx, s.db, account)
	if err != nil {
		return err
	}
	query := `SELECT EXISTS (SELECT FROM session_confirmations WHERE family = ?0 AND confirmed_at > now() - ?1 * interval '1 second')
		OR coalesce((SELECT min(coalesce(d.began_at, s.created_at)) > now() - ?1 * interval '1 second'
			FROM sessions s LEFT JOIN session_devices d ON d.session_id = s.id WHERE s.family = ?0), false)`
	passkey, err := s.needsPasskey(ctx, account)
	if err != nil {
		return err
	}
	if len(ways) > 0 || passkey {
		query = `SELECT EXISTS (SELECT FROM session_factors WHERE family = ?0 AND passed_at > now() - ?1 * interval '1 second')`
	}
	var fresh bool
	if err := s.db.NewRaw(query, family, freshFor.Seconds()).Scan(ctx, &fresh); err != nil {
		return fmt.Errorf("look whether a session is confirmed: %w", err)
	}
	if !fresh {
		return booking.E(booking.CodeConfirmationNeeded, "You logged in a while ago. Show again that it is you: POST /v1/me/confirm.")
	}
	return nil
}

func noPassword() error {
	return booking.E(booking.CodeConflict, "This account has no password. Log in again.")
}

// lockAccount reads an account, and makes all that changes how one logs in follow each other.
// It comes before the locks of proofs. Code: unauthenticated for an account that is gone.
func lockAccount(ctx context.Context, tx bun.Tx, id uuid.UUID) (*schema.Account, error) {
	account := new(schema.Account)
	if err := tx.NewSelect().Model(account).Where("id = ?", id).For("NO KEY UPDATE").Scan(ctx); err != nil {
		return nil, erased(err)
	}
	return account, nil
}
