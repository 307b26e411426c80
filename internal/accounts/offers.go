package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/schema"
)

// offer is an identity that waits until its person has proved to own an account.
type offer struct {
	identity
	AccountID uuid.UUID `bun:"account_id"`
	Email     string    `bun:"email"`
	Name      string    `bun:"name"`
}

// meetOwner decides what happens to an account that has the address of a new identity. One
// whose owner has proved the address is linked only with a proof of that owner. One whose
// address was never proved may be a stranger's, who waits for the owner of the address: it
// goes, or, when it has bookings, that owner decides.
func (s *Service) meetOwner(ctx context.Context, existing *schema.Account, who identity, person oidc.Person, browser string, from Client) (*schema.Account, bool, error) {
	if err := s.mayEnter(ctx, existing.ID); err != nil {
		return nil, false, err
	}
	var account *schema.Account
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		held, err := lockAccount(ctx, tx, existing.ID)
		if err != nil {
			return err
		}
		unproved, err := s.unproved(ctx, tx, held)
		if err != nil {
			return err
		}
		booked, err := tx.NewSelect().Model((*schema.Booking)(nil)).Where("customer_id = ?", held.ID).Exists(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("look for the bookings of an account: %w", err)
		case unproved && !booked:
			account, err = s.replace(ctx, tx, held, who, person)
			return err
		default:
			return s.offer(ctx, tx, held, who, person, browser, from)
		}
	})
	if isReferenced(err) {
		// It was booked with at this moment: its owner decides.
		err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			return s.offer(ctx, tx, existing, who, person, browser, from)
		})
	}
	if err != nil {
		return nil, false, err
	}
	s.hint(ctx)
	return account, account == nil, nil
}

// unproved tells whether an account is a customer's whose address was never proved in a
// session. What a program that opens links has proved does not count. The accounts of staff
// are made by others, and stay.
func (s *Service) unproved(ctx context.Context, tx bun.Tx, account *schema.Account) (bool, error) {
	proven, err := isProven(ctx, tx, account.ID, byEmail, normal(account.Email))
	return !proven && account.Role == booking.RoleCustomer, err
}

// replace deletes an account that was never proved, with all that was written into it, and
// makes one for the owner of the address.
func (s *Service) replace(ctx context.Context, tx bun.Tx, account *schema.Account, who identity, person oidc.Person) (*schema.Account, error) {
	if _, err := tx.NewRaw(`DELETE FROM accounts WHERE id = ?`, account.ID).Exec(ctx); err != nil {
		return nil, fmt.Errorf("delete an account that was never proved: %w", err)
	}
	identityLogIns.WithLabelValues("replaced").Inc()
	return s.createFor(ctx, tx, who, person.Email, person.Name)
}

// isReferenced recognizes a row that others point at.
func isReferenced(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "23503" // PostgreSQL manual, appendix A
}

// offer keeps an identity until the owner of the account has proved to be its person, and
// mails the code for that.
func (s *Service) offer(ctx context.Context, tx bun.Tx, account *schema.Account, who identity, person oidc.Person, browser string, from Client) error {
	if s.codes != nil {
		left, _, err := s.budget(ctx, tx, normal(account.Email), proveLink)
		if err != nil {
			return err
		}
		if left {
			if err := s.mailProof(ctx, tx, account.ID, proveLink, letterLinkIdentity, account.Email, from.Language); err != nil {
				return err
			}
		}
	}
	if _, err := tx.NewRaw(`INSERT INTO identity_offers (browser_hash, account_id, provider, issuer, subject, email, name, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, now() + ? * interval '1 second')
		ON CONFLICT (browser_hash) DO UPDATE SET account_id = excluded.account_id, provider = excluded.provider, issuer = excluded.issuer,
			subject = excluded.subject, email = excluded.email, name = excluded.name, challenge_hash = NULL, expires_at = excluded.expires_at`,
		hashOf(browser), account.ID, who.Provider, who.Issuer, who.Subject, person.Email, person.Name, codeLife.Seconds()).Exec(ctx); err != nil {
		return fmt.Errorf("offer to link an identity: %w", err)
	}
	identityLogIns.WithLabelValues("offered").Inc()
	return nil
}

// ProveIdentity links the identity that a browser was offered to link, by the code that was
// mailed to the account's address, and logs in. With a second factor it is linked when that
// has passed. An account whose address was never proved is not linked: its password may be
// a stranger's, so it loses the address, and the person gets an account without its bookings.
// Codes: unauthenticated when the log-in has to begin again, code_wrong, account_suspended,
// conflict. Error: *SecondStep.
func (s *Service) ProveIdentity(ctx context.Context, browser, typed string, from Client) (TokenPair, error) {
	var o offer
	err := s.db.NewRaw(`SELECT account_id, provider, issuer, subject, email, name FROM identity_offers
		WHERE browser_hash = ? AND expires_at > now() AND challenge_hash IS NULL`, hashOf(browser)).Scan(ctx, &o)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return TokenPair{}, challengeOver()
	case err != nil:
		return TokenPair{}, fmt.Errorf("read an offer: %w", err)
	}
	if err := s.suspended(ctx, s.db, o.AccountID); err != nil {
		return TokenPair{}, err
	}
	proof, err := s.checkCode(ctx, o.AccountID, proveLink, typed)
	if err != nil {
		return TokenPair{}, err
	}
	var account *schema.Account
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if account, err = lockAccount(ctx, tx, o.AccountID); err != nil {
			return err
		}
		if normal(account.Email) != proof.Recipient { // it was changed meanwhile
			return wrongCode()
		}
		if err := use(ctx, tx, proof.ID); err != nil {
			return err
		}
		account, err = s.proveOffer(ctx, tx, account, o, browser)
		return err
	})
	var refused *RefusedIdentity
	if isUnique(err) || errors.As(err, &refused) {
		return TokenPair{}, booking.E(booking.CodeConflict, "This log-in belongs to another account by now. Begin again.").Wrap(err)
	}
	if err != nil {
		return TokenPair{}, err
	}
	s.hint(ctx)
	return s.enterOffered(ctx, account, browser, from)
}

// proveOffer does what the owner of the address has shown to be allowed, and gives the
// account that is entered.
func (s *Service) proveOffer(ctx context.Context, tx bun.Tx, account *schema.Account, o offer, browser string) (*schema.Account, error) {
	proven, err := isProven(ctx, tx, account.ID, byEmail, normal(account.Email))
	switch {
	case err != nil:
		return nil, err
	case !proven && account.Role != booking.RoleCustomer:
		return nil, booking.E(booking.CodeConflict, "Log in with your password, confirm your address, and link this log-in there.")
	case !proven:
		if err := s.detach(ctx, tx, account.ID); err != nil {
			return nil, err
		}
		if account, err = s.createFor(ctx, tx, o.identity, o.Email, o.Name); err != nil {
			return nil, err
		}
		return account, dropOffer(ctx, tx, browser)
	}
	ways, err := s.ways(ctx, tx, account.ID)
	if err != nil || len(ways) > 0 { // linked by the second step
		return account, err
	}
	if err := s.linkAndTell(ctx, tx, account.ID, o.identity); err != nil {
		return nil, err
	}
	return account, dropOffer(ctx, tx, browser)
}

func dropOffer(ctx context.Context, tx bun.Tx, browser string) error {
	if _, err := tx.NewRaw(`DELETE FROM identity_offers WHERE browser_hash = ?`, hashOf(browser)).Exec(ctx); err != nil {
		return fmt.Errorf("drop an offer: %w", err)
	}
	return nil
}

// enterOffered logs in. A second factor that is asked for links the identity when it passes.
func (s *Service) enterOffered(ctx context.Context, account *schema.Account, browser string, from Client) (TokenPair, error) {
	tokens, err := s.enter(ctx, account, from, forBrowsers)
	var step *SecondStep
	if errors.As(err, &step) {
		if _, kept := s.db.NewRaw(`UPDATE identity_offers SET challenge_hash = ?, expires_at = now() + ? * interval '1 second' WHERE browser_hash = ?`,
			hashOf(step.Challenge), challengeLife.Seconds(), hashOf(browser)).Exec(ctx); kept != nil {
			return TokenPair{}, fmt.Errorf("keep an offer: %w", kept)
		}
	}
	return tokens, err
}

// linkPassed links the identity that waits for a second step, in the transaction in which
// that has passed.
func (s *Service) linkPassed(ctx context.Context, tx bun.Tx, waits challenge) error {
	var o offer
	err := tx.NewRaw(`DELETE FROM identity_offers WHERE challenge_hash = ? AND account_id = ? AND expires_at > now()
		RETURNING account_id, provider, issuer, subject, email, name`, waits.hash, waits.account).Scan(ctx, &o)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("take up an offer: %w", err)
	}
	err = s.linkAndTell(ctx, tx, o.AccountID, o.identity)
	var refused *RefusedIdentity
	if errors.As(err, &refused) { // another account has it by now: this log-in passes without
		return nil
	}
	return err
}

// detach takes the address, and all that one logs in with or that says who a person is, from
// an account that was never proved. Its bookings stay with it: they may be a stranger's. It is
// a guest from then on, to whom no mail goes.
func (s *Service) detach(ctx context.Context, tx bun.Tx, account uuid.UUID) error {
	if err := endAll(ctx, tx, account, uuid.Nil); err != nil {
		return err
	}
	tables := append([]string{"identities", "proofs", "proven_addresses", "letters", "email_changes", "session_confirmations", "preferences",
		"unwanted_messages"}, furtherWays...)
	if err := dropWaysIn(ctx, tx, account, tables); err != nil {
		return err
	}
	invented := "guest-" + account.String() + guestDomain
	if _, err := tx.NewRaw(`UPDATE accounts SET email = ?, password_hash = '', name = '', phone = '', updated_at = now() WHERE id = ?`,
		invented, account).Exec(ctx); err != nil {
		return fmt.Errorf("detach an account: %w", err)
	}
	if _, err := tx.NewInsert().Model(&schema.Guest{AccountID: account, Email: invented}).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("detach an account: %w", err)
	}
	return nil
}
