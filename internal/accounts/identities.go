package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/text"
	"github.com/boxoffice/boxoffice/schema"
)

// identity is who a person is at a provider. Issuer and subject are its key; the provider's
// id is how it is shown.
type identity struct {
	Provider string `bun:"provider"`
	Issuer   string `bun:"issuer"`
	Subject  string `bun:"subject"`
}

// enterBy logs a person in. Who has no identity here yet gets an account, or has to prove to
// be the owner of the one that the address has.
func (s *Service) enterBy(ctx context.Context, who identity, person oidc.Person, start started, browser string, from Client) (Entered, error) {
	account, err := s.owner(ctx, who)
	if booking.CodeOf(err) == booking.CodeNotFound {
		var offered bool
		account, offered, err = s.meet(ctx, who, person, browser, from)
		if err != nil || offered {
			return Entered{Offered: offered}, err
		}
	}
	if err != nil {
		return Entered{}, err
	}
	if err := s.mayEnter(ctx, account.ID); err != nil {
		return Entered{}, err
	}
	tokens, err := s.enter(ctx, account, from, forBrowsers)
	var step *SecondStep
	switch {
	case errors.As(err, &step):
		identityLogIns.WithLabelValues("second_factor").Inc()
		return Entered{Second: step}, nil
	case err != nil:
		return Entered{}, err
	}
	identityLogIns.WithLabelValues("entered").Inc()
	if start.Family != nil { // the browser forgets the session that it had
		err = revoke(ctx, s.db, start.Family.String())
	}
	return Entered{Tokens: tokens}, err
}

// mayEnter is a refusal for a suspended account. A page on the way says nothing of it.
func (s *Service) mayEnter(ctx context.Context, account uuid.UUID) error {
	err := s.suspended(ctx, s.db, account)
	if booking.CodeOf(err) == booking.CodeAccountSuspended {
		return refusedIdentity("account_suspended")
	}
	return err
}

// owner finds the account of an identity, by issuer and subject only. Code: not_found.
func (s *Service) owner(ctx context.Context, who identity) (*schema.Account, error) {
	var id uuid.UUID
	err := s.db.NewRaw(`UPDATE identities SET used_at = now() WHERE issuer = ? AND subject = ? RETURNING account_id`,
		who.Issuer, who.Subject).Scan(ctx, &id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, booking.E(booking.CodeNotFound, "There is no such identity.")
	case err != nil:
		return nil, fmt.Errorf("look for an identity: %w", err)
	}
	return s.account(ctx, s.db, "id = ?", id)
}

// meet is for an identity that comes for the first time: it makes an account, or offers to
// link the one that there is.
func (s *Service) meet(ctx context.Context, who identity, person oidc.Person, browser string, from Client) (*schema.Account, bool, error) {
	if !person.EmailVerified {
		return nil, false, refusedIdentity("email_not_verified")
	}
	// A mailbox of other letters than these is another one, though it may look alike, and
	// some letters become others when they are folded.
	local, _, _ := strings.Cut(person.Email, "@")
	email, wrong := contacts.Mailbox(person.Email)
	if wrong != "" || strings.ContainsFunc(local, func(r rune) bool { return r > '~' }) {
		return nil, false, refusedIdentity("email_form")
	}
	person.Email = email
	existing, err := s.byEmail(ctx, email)
	switch {
	case err == nil:
		// Another log-in of the same person may have made it just now, with its identity.
		if account, err := s.owner(ctx, who); booking.CodeOf(err) != booking.CodeNotFound {
			return account, false, err
		}
		return s.meetOwner(ctx, existing, who, person, browser, from)
	case booking.CodeOf(err) != booking.CodeNotFound:
		return nil, false, err
	}
	var account *schema.Account
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, err = s.createFor(ctx, tx, who, person.Email, person.Name)
		return err
	})
	if isUnique(err) { // two log-ins at once: the other one was faster
		if account, err = s.owner(ctx, who); booking.CodeOf(err) == booking.CodeNotFound {
			err = refusedIdentity("account_made_meanwhile")
		}
	}
	return account, false, err
}

// createFor makes the account of a person whose address the issuer has verified. It has no
// password: one can be chosen by the link of a mail. The role is a customer's, whatever the
// issuer says.
func (s *Service) createFor(ctx context.Context, tx bun.Tx, who identity, email, name string) (*schema.Account, error) {
	name = text.Line(name)
	if name != "" && wrongName(name) != "" {
		name = ""
	}
	account := &schema.Account{ID: uuid.New(), Email: email, PasswordHash: locked, Name: name, Role: booking.RoleCustomer}
	if _, err := tx.NewInsert().Model(account).Returning("created_at").Exec(ctx); err != nil {
		return nil, fmt.Errorf("make an account for an identity: %w", err)
	}
	if err := prove(ctx, tx, account.ID, byEmail, normal(email), true); err != nil {
		return nil, err
	}
	_, err := link(ctx, tx, account.ID, who)
	return account, err
}

// link gives an account one more way to log in, and tells whether it is new. An identity has
// one account. Error: *RefusedIdentity when another has it.
func link(ctx context.Context, tx bun.Tx, account uuid.UUID, who identity) (bool, error) {
	var id uuid.UUID
	err := tx.NewRaw(`INSERT INTO identities (account_id, provider, issuer, subject) VALUES (?, ?, ?, ?)
		ON CONFLICT (issuer, subject) DO NOTHING RETURNING id`, account, who.Provider, who.Issuer, who.Subject).Scan(ctx, &id)
	switch {
	case err == nil:
		return true, nil
	case !errors.Is(err, sql.ErrNoRows):
		return false, fmt.Errorf("link an identity: %w", err)
	}
	var own bool
	if err := tx.NewRaw(`SELECT EXISTS (SELECT FROM identities WHERE issuer = ? AND subject = ? AND account_id = ?)`,
		who.Issuer, who.Subject, account).Scan(ctx, &own); err != nil {
		return false, fmt.Errorf("look whose an identity is: %w", err)
	}
	if !own {
		return false, refusedIdentity("identity_of_another_account")
	}
	return false, nil
}

// linkAndTell is link with the news to the owner.
func (s *Service) linkAndTell(ctx context.Context, tx bun.Tx, account uuid.UUID, who identity) error {
	added, err := link(ctx, tx, account, who)
	if err != nil || !added {
		return err
	}
	identityLogIns.WithLabelValues("linked").Inc()
	return s.tellUpTo(ctx, tx, account, letterIdentityChanged, factorLettersAnHour)
}

// linkInside ends what StartLink began: the session that asked must still go on.
func (s *Service) linkInside(ctx context.Context, start started, who identity) error {
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := lockAccount(ctx, tx, *start.AccountID); err != nil {
			return err
		}
		on, err := goesOn(ctx, tx, *start.AccountID, *start.Family)
		if err == nil && !on {
			err = refusedIdentity("session_ended")
		}
		if err != nil {
			return err
		}
		return s.linkAndTell(ctx, tx, *start.AccountID, who)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// OwnIdentity is what an account's owner sees of a log-in by a provider.
type OwnIdentity struct {
	ID         uuid.UUID `json:"id" bun:"id"`
	Provider   string    `json:"provider" bun:"provider"`
	Name       string    `json:"name" bun:"-"` // of the provider; its id when it is no longer offered
	CreatedAt  time.Time `json:"created_at" bun:"created_at"`
	LastUsedAt time.Time `json:"last_used_at" bun:"used_at"`
}

// Identities lists by which providers an account can be entered.
func (s *Service) Identities(ctx context.Context, account string) ([]OwnIdentity, error) {
	all := []OwnIdentity{}
	if err := s.db.NewRaw(`SELECT id, provider, created_at, used_at FROM identities WHERE account_id = ? ORDER BY created_at, id`,
		account).Scan(ctx, &all); err != nil {
		return nil, fmt.Errorf("list the identities of an account: %w", err)
	}
	for i := range all {
		all[i].Name = all[i].Provider
		if p, err := s.provider(all[i].Provider); err == nil {
			all[i].Name = p.Name()
		}
	}
	return all, nil
}

// RemoveIdentity takes a way to log in from an account. The last one stays: without it its
// owner could not come back. The session has to be fresh. Codes: not_found,
// confirmation_needed, conflict for the last way.
func (s *Service) RemoveIdentity(ctx context.Context, by Claims, id uuid.UUID) error {
	if err := s.fresh(ctx, by); err != nil {
		return err
	}
	owner, _, err := ids(by)
	if err != nil {
		return err
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, err := lockAccount(ctx, tx, owner)
		if err != nil {
			return err
		}
		removed, err := tx.NewRaw(`DELETE FROM identities WHERE id = ? AND account_id = ?`, id, owner).Exec(ctx)
		if err != nil {
			return fmt.Errorf("remove an identity: %w", err)
		}
		if n, err := removed.RowsAffected(); err != nil || n == 0 {
			return errors.Join(booking.E(booking.CodeNotFound, "There is no such log-in."), err)
		}
		switch ways, err := waysIn(ctx, tx, account); {
		case err != nil:
			return err
		case ways == 0:
			return booking.E(booking.CodeConflict, "This is the only way to log in to this account. Choose a password first, by the link of a mail.")
		}
		return s.tellUpTo(ctx, tx, owner, letterIdentityChanged, factorLettersAnHour)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// waysIn counts what an account can be entered with: a password, passkeys, log-ins by
// providers. A code by mail does not count. The account is locked.
func waysIn(ctx context.Context, tx bun.Tx, account *schema.Account) (int, error) {
	var ways int
	if err := tx.NewRaw(`SELECT (SELECT count(*) FROM passkeys WHERE account_id = ?0) + (SELECT count(*) FROM identities WHERE account_id = ?0)`,
		account.ID).Scan(ctx, &ways); err != nil {
		return 0, fmt.Errorf("count the ways into an account: %w", err)
	}
	if hasPassword(account) {
		ways++
	}
	return ways, nil
}

// hasPassword tells whether an account can be entered with a password.
func hasPassword(account *schema.Account) bool {
	return account.PasswordHash != "" && account.PasswordHash != locked
}

func isUnique(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "23505" // PostgreSQL manual, appendix A
}
