package accounts

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/schema"
)

// SecondStep is what Login gives in place of tokens when the account has a second factor.
// It is an error, so that no caller takes a log-in that has half passed for a session.
type SecondStep struct {
	// Challenge goes back with the answer. It works once, for five minutes, from the kind of
	// client that logged in.
	Challenge string `json:"challenge"`
	Ways      []Way  `json:"ways"`
	ExpiresIn int    `json:"expires_in"` // seconds
}

// Error implements error.
func (*SecondStep) Error() string { return "the log-in needs a second factor" }

// Answer is the second step of a log-in: one of the ways.
type Answer struct {
	Challenge    string `json:"challenge"`
	Code         string `json:"code"`
	RecoveryCode string `json:"recovery_code"`
}

func (a Answer) way() (Way, error) {
	var ways []Way
	for way, given := range map[Way]bool{WayTOTP: a.Code != "", WayRecovery: a.RecoveryCode != ""} {
		if given {
			ways = append(ways, way)
		}
	}
	var wrong booking.FieldErrors
	if a.Challenge == "" {
		wrong.Add("challenge", "Must not be empty.")
	}
	if len(ways) != 1 {
		wrong.Add("code", "Send either code or recovery_code.")
	}
	if err := wrong.Err(); err != nil {
		return "", err
	}
	return ways[0], nil
}

// enter is the end of a log-in's first step, whichever it was: it begins a session, or asks
// an account that has a second factor for it. Error: *SecondStep.
func (s *Service) enter(ctx context.Context, account *schema.Account, from Client, by keeper) (TokenPair, error) {
	ways, err := s.ways(ctx, s.db, account.ID)
	if err != nil {
		return TokenPair{}, err
	}
	if len(ways) > 0 {
		return TokenPair{}, s.secondStep(ctx, account, ways, by)
	}
	var pair TokenPair
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		// The password may have been changed since it was compared: then all sessions have
		// ended, and this one must not begin.
		switch locked, err := lockAccount(ctx, tx, account.ID); {
		case err != nil:
			return err
		case locked.PasswordHash != account.PasswordHash:
			return wrongLogin()
		}
		if err := claim(ctx, tx, account.ID); err != nil {
			return err
		}
		pair, err = s.hand(ctx, tx, view(account), uuid.New(), by, deviceOf(from.UserAgent))
		return err
	})
	if err == nil {
		s.wasHere(ctx, account, from)
	}
	return pair, err
}

// secondStep is an error in any case.
func (s *Service) secondStep(ctx context.Context, account *schema.Account, ways []Way, by keeper) error {
	step := &SecondStep{Ways: ways, ExpiresIn: int(challengeLife.Seconds())}
	var err error
	if step.Challenge, err = s.newChallenge(ctx, account.ID, by); err != nil {
		return err
	}
	return step
}

// wasHere remembers where an owner has logged in.
func (s *Service) wasHere(ctx context.Context, account *schema.Account, from Client) {
	s.tries.seen(ctx, from.Address, normal(account.Email))
}

// SecondFactor is the second step of Login. Codes: validation_failed for a wrong code,
// unauthenticated when the log-in has to begin again, too_many_requests,
// account_suspended.
func (s *Service) SecondFactor(ctx context.Context, answer Answer, from Client) (TokenPair, error) {
	return s.secondFactor(ctx, answer, from, forApps)
}

// SecondFactorBrowser is SecondFactor after LoginBrowser.
func (s *Service) SecondFactorBrowser(ctx context.Context, answer Answer, from Client) (TokenPair, error) {
	return s.secondFactor(ctx, answer, from, forBrowsers)
}

func (s *Service) secondFactor(ctx context.Context, answer Answer, from Client, by keeper) (TokenPair, error) {
	way, err := answer.way()
	if err != nil {
		return TokenPair{}, err
	}
	waits, err := s.answered(ctx, answer.Challenge, by)
	if err != nil {
		return TokenPair{}, err
	}
	if way == WayTOTP {
		if err := s.countTry(ctx, waits.account); err != nil {
			return TokenPair{}, err
		}
	}
	return s.pass(ctx, way, from, by, func(ctx context.Context, tx bun.Tx) (*schema.Account, error) {
		account, err := lockAccount(ctx, tx, waits.account)
		if err != nil {
			return nil, err
		}
		if err := s.take(ctx, tx, account.ID, way, answer); err != nil {
			return nil, err
		}
		if err := waits.finish(ctx, tx); err != nil {
			return nil, err
		}
		return account, s.linkPassed(ctx, tx, waits)
	})
}

// take takes what was shown as the second factor of an account whose row is locked.
func (s *Service) take(ctx context.Context, tx bun.Tx, account uuid.UUID, way Way, answer Answer) error {
	switch way {
	case WayTOTP:
		return s.takeCode(ctx, tx, account, answer.Code)
	case WayRecovery:
		return takeRecovery(ctx, tx, account, answer.RecoveryCode)
	default:
		return wrongFactor("code", "This account has no such second factor.")
	}
}

// pass begins a session that has shown two factors, in the transaction in which prove checks
// and takes what was shown: of two answers with the same code one wins.
func (s *Service) pass(ctx context.Context, way Way, from Client, by keeper,
	prove func(context.Context, bun.Tx) (*schema.Account, error),
) (pair TokenPair, err error) {
	var account *schema.Account
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if account, err = prove(ctx, tx); err != nil {
			return err
		}
		if err := s.suspended(ctx, tx, account.ID); err != nil {
			return err
		}
		if err := claim(ctx, tx, account.ID); err != nil {
			return err
		}
		family := uuid.New()
		if pair, err = s.hand(ctx, tx, view(account), family, by, deviceOf(from.UserAgent)); err != nil {
			return err
		}
		if _, err := tx.NewRaw(`DELETE FROM session_factors f WHERE account_id = ?
			AND NOT EXISTS (SELECT FROM sessions s WHERE s.family = f.family)`, account.ID).Exec(ctx); err != nil {
			return fmt.Errorf("clear what ended sessions have shown: %w", err)
		}
		if way == WayRecovery {
			if err := s.tell(ctx, tx, account.ID, letterRecoveryUsed); err != nil {
				return err
			}
		}
		return passed(ctx, tx, account.ID, family, way)
	})
	if err != nil {
		return TokenPair{}, err
	}
	s.wasHere(ctx, account, from)
	s.hint(ctx)
	return pair, nil
}
