package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// recoveryCodes is how many an account has.
	recoveryCodes = 10
	// recoveryLetters of an alphabet of 32 are 120 random bits. From 112 bits on a plain hash
	// will do (ASVS 6.5.2): so a wrong code costs us no password hash, and none can be guessed.
	recoveryLetters = 24
	// alphabet is Crockford's base32: no I, L, O or U.
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

// RenewRecoveryCodes gives an account ten new recovery codes, shown this once. The former
// ones work no more. Codes: conflict without a second factor, confirmation_needed.
func (s *Service) RenewRecoveryCodes(ctx context.Context, by Claims) (codes []string, err error) {
	if err := s.fresh(ctx, by); err != nil {
		return nil, err
	}
	account, _, err := ids(by)
	if err != nil {
		return nil, err
	}
	err = s.ending(ctx, by.Subject, func(ctx context.Context, tx bun.Tx) error {
		ways, err := s.ways(ctx, tx, account)
		switch {
		case err != nil:
			return err
		case len(ways) == 0:
			return booking.E(booking.CodeConflict, "This account has no second factor that recovery codes could stand in for.")
		}
		codes, err = renewRecoveryCodes(ctx, tx, account)
		return err
	})
	return codes, err
}

// firstRecoveryCodes are for an account that has just got its first factor; nil for one that
// has codes already.
func firstRecoveryCodes(ctx context.Context, tx bun.Tx, account uuid.UUID) ([]string, error) {
	var has bool
	if err := tx.NewRaw(`SELECT EXISTS (SELECT FROM recovery_codes WHERE account_id = ? AND used_at IS NULL)`, account).Scan(ctx, &has); err != nil {
		return nil, fmt.Errorf("look for recovery codes: %w", err)
	}
	if has {
		return nil, nil
	}
	return renewRecoveryCodes(ctx, tx, account)
}

func renewRecoveryCodes(ctx context.Context, tx bun.Tx, account uuid.UUID) ([]string, error) {
	if _, err := tx.NewRaw(`DELETE FROM recovery_codes WHERE account_id = ?`, account).Exec(ctx); err != nil {
		return nil, fmt.Errorf("drop recovery codes: %w", err)
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		if _, err := tx.NewRaw(`INSERT INTO recovery_codes (account_id, hash) VALUES (?, ?)`, account, hashOf(plainRecovery(codes[i]))).Exec(ctx); err != nil {
			return nil, fmt.Errorf("keep a recovery code: %w", err)
		}
	}
	return codes, nil
}

// newRecoveryCode is six groups of four letters.
func newRecoveryCode() string {
	random := make([]byte, recoveryLetters)
	_, _ = rand.Read(random) // never fails, see its documentation
	var code strings.Builder
	for i, b := range random {
		if i > 0 && i%4 == 0 {
			code.WriteByte('-')
		}
		code.WriteByte(alphabet[int(b)%len(alphabet)]) // 32 divides 256: each letter is as likely
	}
	return code.String()
}

// plainRecovery is a code without what people write differently.
func plainRecovery(code string) string {
	return strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(code))
}

// takeRecovery uses up a recovery code. Code: validation_failed.
func takeRecovery(ctx context.Context, tx bun.Tx, account uuid.UUID, code string) error {
	taken, err := tx.NewRaw(`UPDATE recovery_codes SET used_at = now() WHERE account_id = ? AND hash = ? AND used_at IS NULL`,
		account, hashOf(plainRecovery(code))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("use a recovery code: %w", err)
	}
	if n, err := taken.RowsAffected(); err != nil || n == 0 {
		return errors.Join(wrongFactor("recovery_code", "This recovery code is wrong, or was used already."), err)
	}
	return clearTries(ctx, tx, account)
}
