package accounts

import (
	"context"
	"fmt"
	"net/netip"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

// Proof is what an owner shows again before a factor changes, in a session that is older: the
// password, and with a second factor also a code.
type Proof struct {
	Password     string `json:"password"`
	Code         string `json:"code"`
	RecoveryCode string `json:"recovery_code"`
}

// stepUp lets a session change how its account is logged in to (ASVS 7.5.1): one that began
// minutes ago, or one whose owner shows again what a log-in asks for. A session that has
// shown a password only does not remove the factor of its account. Codes:
// confirmation_needed, validation_failed, too_many_requests, unavailable.
func (s *Service) stepUp(ctx context.Context, by Claims, proof Proof, from netip.Addr) error {
	id, family, err := ids(by)
	if err != nil {
		return err
	}
	ways, err := s.ways(ctx, s.db, id)
	if err != nil {
		return err
	}
	fresh, err := s.fresh(ctx, id, family, len(ways) > 0)
	if err != nil || fresh {
		return err
	}
	switch {
	case proof.Password == "" && len(ways) == 0:
		return booking.E(booking.CodeConfirmationNeeded, "Type your password again, or log in again: this session began a while ago.")
	case proof.Password == "" || len(ways) > 0 && proof.Code == "" && proof.RecoveryCode == "":
		return booking.E(booking.CodeConfirmationNeeded, "Type your password and a code again, or log in again: this session showed them a while ago.")
	}
	account, err := s.account(ctx, s.db, "id = ?", id)
	if err != nil {
		return erased(err)
	}
	if err := s.samePassword(ctx, account, proof.Password, from); err != nil || len(ways) == 0 {
		return err
	}
	return s.again(ctx, id, family, proof)
}

// fresh tells whether a session has shown all that its account's log-in asks for in the last
// minutes.
func (s *Service) fresh(ctx context.Context, account, family uuid.UUID, withFactor bool) (fresh bool, err error) {
	query := `SELECT coalesce(min(coalesce(d.began_at, s.created_at)) > now() - ? * interval '1 second', false)
		FROM sessions s LEFT JOIN session_devices d ON d.session_id = s.id WHERE s.account_id = ? AND s.family = ?`
	if withFactor {
		query = `SELECT EXISTS (SELECT FROM session_factors
			WHERE passed_at > now() - ? * interval '1 second' AND account_id = ? AND family = ?)`
	}
	if err := s.db.NewRaw(query, int64(freshFor.Seconds()), account, family).Scan(ctx, &fresh); err != nil {
		return false, fmt.Errorf("look how old a session is: %w", err)
	}
	return fresh, nil
}

// samePassword compares a password as a log-in does, with the same limits of tries.
func (s *Service) samePassword(ctx context.Context, account *schema.Account, plain string, from netip.Addr) error {
	wrong := wrongFactor("password", "This password is wrong.")
	if utf8.RuneCountInString(plain) > maxPassword {
		return wrong
	}
	try, err := s.tries.begin(from, emailOf(account))
	if err != nil {
		return err
	}
	defer try.end()
	matches, err := password.Matches(ctx, try.lane(), plain, account.PasswordHash)
	switch {
	case err != nil:
		return hashing(err)
	case !matches:
		try.counts()
		return wrong
	default:
		return nil
	}
}

// again takes the code of a proof, and makes its session fresh with it.
func (s *Service) again(ctx context.Context, account, family uuid.UUID, proof Proof) error {
	way := WayRecovery
	if proof.Code != "" {
		way = WayTOTP
		if err := s.countTry(ctx, account); err != nil {
			return err
		}
	}
	return s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := s.lockAccount(ctx, tx, account); err != nil {
			return err
		}
		if err := s.take(ctx, tx, account, way, Answer{Code: proof.Code, RecoveryCode: proof.RecoveryCode}); err != nil {
			return err
		}
		return passed(ctx, tx, account, family, way)
	})
}
