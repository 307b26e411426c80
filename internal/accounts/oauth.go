package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
)

// startLife is how long a person may take at an identity provider.
const startLife = 10 * time.Minute

// WithProviders lets people log in by identity providers. publicURL is where browsers reach
// us, and come back to.
func WithProviders(providers []*oidc.Provider, publicURL string) Option {
	return func(s *Service) { s.providers, s.publicURL = providers, strings.TrimRight(publicURL, "/") }
}

// NamedProvider is a provider as people choose it.
type NamedProvider struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Providers lists the identity providers.
func (s *Service) Providers() []NamedProvider {
	all := []NamedProvider{}
	for _, p := range s.providers {
		all = append(all, NamedProvider{p.ID(), p.Name()})
	}
	return all
}

// provider finds one by its id. Code: not_found.
func (s *Service) provider(id string) (*oidc.Provider, error) {
	i := slices.IndexFunc(s.providers, func(p *oidc.Provider) bool { return p.ID() == id })
	if i < 0 {
		return nil, booking.E(booking.CodeNotFound, "There is no such provider. /v1/oauth/providers lists them.")
	}
	return s.providers[i], nil
}

// redirect is exactly what is registered at the provider. Each has one of its own, so that
// the answer of one is never taken for that of another.
func (s *Service) redirect(p *oidc.Provider) string {
	return s.publicURL + "/v1/oauth/" + p.ID() + "/callback"
}

// RefusedIdentity is a log-in by a provider that did not pass. Its text is for the log: it
// names no token, and a person is told nothing of it.
type RefusedIdentity struct{ Reason string }

// Error implements error.
func (r *RefusedIdentity) Error() string { return r.Reason }

func refusedIdentity(format string, args ...any) error {
	identityLogIns.WithLabelValues("refused").Inc()
	return &RefusedIdentity{fmt.Sprintf(format, args...)}
}

// refusedBy turns what the protocol refuses into a refusal of ours.
func refusedBy(err error) error {
	var refusal *oidc.Refusal
	if errors.As(err, &refusal) {
		return refusedIdentity("%s", refusal.Error())
	}
	return err
}

// Start asks for a log-in by a provider.
type Start struct {
	Provider string
	// ReturnTo is a place of our own pages; empty is the first.
	ReturnTo string
	// Browser is the secret of the browser that asks. Only it may bring the answer.
	Browser string
	// RefreshToken is of the session that the browser has; empty without.
	RefreshToken string
}

// StartLogIn gives the address at the provider that the browser goes to. Codes: not_found,
// validation_failed. Error: *RefusedIdentity when the provider is away.
func (s *Service) StartLogIn(ctx context.Context, start Start) (string, error) {
	p, err := s.provider(start.Provider)
	if err != nil {
		return "", err
	}
	var former *uuid.UUID
	if keeperOf(start.RefreshToken) == forBrowsers {
		err := s.db.NewRaw(`SELECT family FROM sessions WHERE refresh_hash = ?`, hashOf(start.RefreshToken)).Scan(ctx, &former)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("look for the session of a browser: %w", err)
		}
	}
	return s.start(ctx, p, start, nil, former)
}

// StartLink is StartLogIn for an account that is to get one more way to log in. The session
// has to be fresh, and the account's address proved: who has not proved it may be a stranger
// who waits for its owner. Codes: confirmation_needed, email_not_confirmed, conflict for a
// guest, and those of StartLogIn.
func (s *Service) StartLink(ctx context.Context, by Claims, start Start) (string, error) {
	p, err := s.provider(start.Provider)
	if err != nil {
		return "", err
	}
	if err := s.fresh(ctx, by); err != nil {
		return "", err
	}
	id, family, err := ids(by)
	if err != nil {
		return "", err
	}
	account, err := s.account(ctx, s.db, "id = ?", id)
	switch {
	case err != nil:
		return "", erased(err)
	case account.PasswordHash == "":
		return "", noPassword()
	}
	proven, err := isProven(ctx, s.db, id, byEmail, normal(account.Email))
	switch {
	case err != nil:
		return "", err
	case !proven:
		return "", booking.E(booking.CodeConfirmEmail, "Confirm your e-mail address first, by the code that we mail you.")
	}
	return s.start(ctx, p, start, &id, &family)
}

func (s *Service) start(ctx context.Context, p *oidc.Provider, start Start, account, family *uuid.UUID) (string, error) {
	place, good := oidc.Place(start.ReturnTo)
	if !good {
		return "", booking.Invalid(booking.FieldError{Field: "return_to", Message: "Must be a place of these pages, for example /account."})
	}
	secrets := oidc.NewSecrets()
	address, err := p.Start(ctx, s.redirect(p), secrets)
	if err != nil {
		return "", refusedBy(err)
	}
	if _, err := s.db.NewRaw(`INSERT INTO oauth_starts
		(state_hash, browser_hash, provider, issuer, nonce, verifier, return_to, account_id, family, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, now() + ? * interval '1 second')`, hashOf(secrets.State), hashOf(start.Browser),
		p.ID(), p.Issuer(), secrets.Nonce, secrets.Verifier, place, account, family, startLife.Seconds()).Exec(ctx); err != nil {
		return "", fmt.Errorf("keep a log-in: %w", err)
	}
	return address, nil
}

// started is a log-in whose answer has come.
type started struct {
	Nonce     string     `bun:"nonce"`
	Verifier  string     `bun:"verifier"`
	ReturnTo  string     `bun:"return_to"`
	AccountID *uuid.UUID `bun:"account_id"`
	Family    *uuid.UUID `bun:"family"`
}

// Return is what a browser brings back from a provider.
type Return struct {
	Provider, State, Browser string
	oidc.Answer
}

// Entered is how a log-in by a provider ended.
type Entered struct {
	// ReturnTo is the place of our pages where it began.
	ReturnTo string
	// Tokens are of the session that began; empty when none did.
	Tokens TokenPair
	// Second is asked when the account has a second factor.
	Second *SecondStep
	// Offered says that the address has an account. Its owner links the identity with the
	// code that was mailed, or logs in as before and links it there.
	Offered bool
}

// FinishLogIn takes the answer of a provider. It counts once, in the browser that asked.
// Error: *RefusedIdentity.
func (s *Service) FinishLogIn(ctx context.Context, r Return, from Client) (Entered, error) {
	p, err := s.provider(r.Provider)
	if err != nil {
		return Entered{}, refusedIdentity("unknown_provider")
	}
	var start started
	err = s.db.NewRaw(`DELETE FROM oauth_starts WHERE state_hash = ? AND browser_hash = ? AND provider = ? AND issuer = ? AND expires_at > now()
		RETURNING nonce, verifier, return_to, account_id, family`, hashOf(r.State), hashOf(r.Browser), p.ID(), p.Issuer()).Scan(ctx, &start)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Entered{}, refusedIdentity("state")
	case err != nil:
		return Entered{}, fmt.Errorf("take up a log-in: %w", err)
	}
	// It was looked at before it was stored. Here it is used.
	place, good := oidc.Place(start.ReturnTo)
	if !good {
		return Entered{}, refusedIdentity("return_to")
	}
	person, err := p.Finish(ctx, s.redirect(p), oidc.Secrets{State: r.State, Nonce: start.Nonce, Verifier: start.Verifier}, r.Answer)
	if err != nil {
		return Entered{}, refusedBy(err)
	}
	who := identity{Provider: p.ID(), Issuer: person.Issuer, Subject: person.Subject}
	var end Entered
	if start.AccountID != nil {
		err = s.linkInside(ctx, start, who)
	} else {
		end, err = s.enterBy(ctx, who, person, start, r.Browser, from)
	}
	end.ReturnTo = place
	return end, err
}
