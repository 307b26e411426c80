package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/sealing"
)

// FactorOptions say how second factors work.
type FactorOptions struct {
	// Box seals the secrets of authenticator apps. Without it none can be set up.
	Box *sealing.Box
	// StaffMust keeps staff from staff operations in a session that showed a password only.
	StaffMust bool
}

// WithFactors lets accounts have second factors.
func WithFactors(options FactorOptions) Option { return func(s *Service) { s.factors = options } }

// Way is how the second step of a log-in is done.
type Way string

// The ways.
const (
	WayTOTP     Way = "totp"
	WayRecovery Way = "recovery_code"
	// WayPasskey is a log-in of its own, and counts as a second factor.
	WayPasskey Way = "passkey"
)

// Factors is what its owner sees of the second factors of an account.
type Factors struct {
	// TOTPSince is when the authenticator app was confirmed; nil without one.
	TOTPSince *time.Time `json:"totp_since"`
	// RecoveryCodes is how many are left.
	RecoveryCodes int `json:"recovery_codes"`
	// Passkeys are listed from the oldest on.
	Passkeys []Passkey `json:"passkeys"`
	// PasskeysOff says why there are no passkeys at this address; nil where there are.
	PasskeysOff *string `json:"passkeys_off"`
	// Required tells staff that the session may do nothing as staff without a second factor.
	Required bool `json:"required"`
}

// Factors lists the second factors of an account.
func (s *Service) Factors(ctx context.Context, by Claims) (Factors, error) {
	var f Factors
	err := s.db.NewRaw(`SELECT (SELECT confirmed_at FROM totp_factors WHERE account_id = a.id),
			(SELECT count(*) FROM recovery_codes WHERE account_id = a.id AND used_at IS NULL),
			a.role <> ? AND NOT EXISTS (SELECT FROM session_factors WHERE family = ? AND account_id = a.id)
		FROM accounts a WHERE a.id = ?`, booking.RoleCustomer, by.SessionFamily, by.Subject).Scan(ctx, &f.TOTPSince, &f.RecoveryCodes, &f.Required)
	if err != nil {
		return Factors{}, erased(err)
	}
	f.Required = f.Required && s.factors.StaffMust
	f.PasskeysOff = s.passkeysOff()
	f.Passkeys, err = s.passkeys(ctx, by.Subject)
	return f, err
}

// ways are those that an account has. Recovery codes stand in for a factor, and are no way
// of their own.
func (s *Service) ways(ctx context.Context, db bun.IDB, account uuid.UUID) ([]Way, error) {
	var totp, recovery bool
	if err := db.NewRaw(`SELECT EXISTS (SELECT FROM totp_factors WHERE account_id = ?0 AND confirmed_at IS NOT NULL),
		EXISTS (SELECT FROM recovery_codes WHERE account_id = ?0 AND used_at IS NULL)`, account).Scan(ctx, &totp, &recovery); err != nil {
		return nil, fmt.Errorf("look for second factors: %w", err)
	}
	var ways []Way
	if totp {
		ways = append(ways, WayTOTP)
	}
	if recovery && len(ways) > 0 {
		ways = append(ways, WayRecovery)
	}
	return ways, nil
}

// passed notes that a session has shown a second factor.
func passed(ctx context.Context, tx bun.IDB, account, family uuid.UUID, way Way) error {
	if _, err := tx.NewRaw(`INSERT INTO session_factors (family, account_id, way) VALUES (?, ?, ?)
		ON CONFLICT (family) DO UPDATE SET way = excluded.way, passed_at = now()`, family, account, way).Exec(ctx); err != nil {
		return fmt.Errorf("note the second factor of a session: %w", err)
	}
	return nil
}

// bare is for an account that has lost its last factor: nothing stands in for it, and no
// session counts as more than a password's.
func (s *Service) bare(ctx context.Context, tx bun.Tx, account uuid.UUID) error {
	ways, err := s.ways(ctx, tx, account)
	if err != nil || len(ways) > 0 {
		return err
	}
	for _, table := range []string{"recovery_codes", "factor_challenges"} {
		if _, err := tx.NewRaw(`DELETE FROM ? WHERE account_id = ?`, bun.Ident(table), account).Exec(ctx); err != nil {
			return fmt.Errorf("drop what went with a second factor: %w", err)
		}
	}
	// What has shown a passkey goes on counting: the passkey is still there.
	if _, err := tx.NewRaw(`DELETE FROM session_factors WHERE account_id = ? AND way <> ?`, account, WayPasskey).Exec(ctx); err != nil {
		return fmt.Errorf("drop what sessions have shown: %w", err)
	}
	return nil
}

// box is what seals. Its lack is a fault of how the service was made.
func (s *Service) box() (*sealing.Box, error) {
	if s.factors.Box == nil {
		return nil, errors.New("accounts: there are no keys to seal second factors with")
	}
	return s.factors.Box, nil
}

// ids are those of a token that we signed.
func ids(by Claims) (account, family uuid.UUID, err error) {
	account, err = uuid.Parse(by.Subject)
	if err == nil {
		family, err = uuid.Parse(by.SessionFamily)
	}
	if err != nil {
		return account, family, fmt.Errorf("ids of an access token: %w", err)
	}
	return account, family, nil
}
