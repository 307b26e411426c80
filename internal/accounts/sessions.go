package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

// SessionLife is how long a refresh token waits for its use.
const SessionLife = 30 * 24 * time.Hour

// sessionsEndAfter is how long a session goes on at most, however often it is refreshed.
const sessionsEndAfter = 90 * 24 * time.Hour

// WithSessionEnd sets how long after its log-in a session ends, however often it is
// refreshed. It counts also for sessions that go on already. Default 90 days.
func WithSessionEnd(after time.Duration) Option {
	return func(s *Service) { s.endAfter = after }
}

// TokenPair answers a log-in, in the words of RFC 6749, section 5.1.
type TokenPair struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token"`
}

// Login checks an address and a password and begins a session. The answer, and
// the time it takes, do not tell whether the address has an account. An account with a
// second factor gets no tokens but a *SecondStep, which is an error. Codes:
// unauthenticated, account_suspended after the right password, too_many_requests,
// unavailable.
func (s *Service) Login(ctx context.Context, email, plain string, from Client) (TokenPair, error) {
	return s.logIn(ctx, email, plain, from, forApps)
}

func (s *Service) logIn(ctx context.Context, email, plain string, from Client, by keeper) (TokenPair, error) {
	email = strings.ToLower(contacts.Same(email))
	if len(email) > contacts.MaxEmail || utf8.RuneCountInString(plain) > maxPassword {
		return TokenPair{}, wrongLogin() // no token has this form, and the form is no secret
	}
	try, err := s.tries.begin(ctx, from.Address, email)
	if err != nil {
		return TokenPair{}, err
	}
	defer try.end()
	turn, err := password.Wait(ctx, try.lane())
	if err != nil {
		return TokenPair{}, hashing(err)
	}
	defer turn.End()
	account := &schema.Account{}
	// Postgres stores no text like that, so it belongs to no account.
	if utf8.ValidString(email) && !strings.ContainsRune(email, 0) {
		found, err := s.byEmail(ctx, email)
		switch {
		case err == nil:
			account = found
		case booking.CodeOf(err) != booking.CodeNotFound:
			return TokenPair{}, err
		}
	}
	matches, err := turn.Matches(plain, account.PasswordHash)
	if err != nil {
		return TokenPair{}, err
	}
	if !matches {
		try.counts(ctx)
		return TokenPair{}, wrongLogin()
	}
	if err := s.suspended(ctx, s.db, account.ID); err != nil {
		return TokenPair{}, err
	}
	if err := s.strengthen(ctx, turn, account, plain); err != nil {
		return TokenPair{}, err
	}
	// A revoked token stays: it marks its family as revoked, also a token that was issued
	// at the same moment. Package retention deletes it with its family.
	if _, err := s.db.NewDelete().Model((*schema.Session)(nil)).
		Where("account_id = ? AND expires_at < now() AND revoked_at IS NULL", account.ID).Exec(ctx); err != nil {
		return TokenPair{}, fmt.Errorf("clear old sessions: %w", err)
	}
	return s.enter(ctx, account, from, by)
}

// suspended is the answer to the right password of a suspended account. A stranger, who
// does not know the password, learns nothing of it.
func (s *Service) suspended(ctx context.Context, db bun.IDB, account uuid.UUID) error {
	is, err := db.NewSelect().Model((*schema.Suspension)(nil)).Where("account_id = ?", account).Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look whether an account is suspended: %w", err)
	case is:
		return booking.E(booking.CodeAccountSuspended, "This account is suspended. Write to our support if you think that this is wrong.")
	default:
		return nil
	}
}

func wrongLogin() error {
	return booking.E(booking.CodeUnauthenticated, "The e-mail address or the password is wrong.")
}

// hand stores the next refresh token of a family and issues the access token
// that goes with it.
func (s *Service) hand(ctx context.Context, db bun.Tx, account Account, family uuid.UUID, by keeper, device schema.SessionDevice) (TokenPair, error) {
	_, refresh, err := s.store(ctx, db, account, family, by, device)
	if err != nil {
		return TokenPair{}, err
	}
	return s.pair(account, family, refresh)
}

// store makes the next refresh token of a family and keeps its hash, with the device that
// the family has. The database counts both ends of its life: that of a token that is not
// used, and that of the session.
func (s *Service) store(ctx context.Context, db bun.Tx, account Account, family uuid.UUID, by keeper, device schema.SessionDevice) (uuid.UUID, string, error) {
	refresh, err := newRefreshToken(by)
	if err != nil {
		return uuid.Nil, "", err
	}
	accountID, err := uuid.Parse(account.ID)
	if err != nil {
		return uuid.Nil, "", fmt.Errorf("account id: %w", err)
	}
	var began *time.Time // nil is now
	if !device.BeganAt.IsZero() {
		began = &device.BeganAt
	}
	session := &schema.Session{ID: uuid.New(), Family: family, AccountID: accountID, RefreshHash: hashOf(refresh)}
	if _, err := db.NewInsert().Model(session).
		Value("expires_at", "least(now() + ? * interval '1 second', coalesce(?::timestamptz, now()) + ? * interval '1 second')",
			int64(SessionLife.Seconds()), began, int64(s.endAfter.Seconds())).
		Returning("NULL").Exec(ctx); err != nil {
		return uuid.Nil, "", fmt.Errorf("begin a session: %w", err)
	}
	device.SessionID = session.ID
	if _, err := db.NewInsert().Model(&device).Returning("NULL").Exec(ctx); err != nil {
		return uuid.Nil, "", fmt.Errorf("note the device of a session: %w", err)
	}
	return session.ID, refresh, nil
}

// pair issues the access token that goes with a refresh token.
func (s *Service) pair(account Account, family uuid.UUID, refresh string) (TokenPair, error) {
	access, err := s.tokens.Issue(account, family.String())
	if err != nil {
		return TokenPair{}, err
	}
	return TokenPair{AccessToken: access, TokenType: "Bearer", ExpiresIn: int(tokenLife.Seconds()), RefreshToken: refresh}, nil
}

func sessionEnded() error {
	return booking.E(booking.CodeUnauthenticated, "This session has ended. Log in again.")
}

// Logout ends a session with all its tokens. With the access token nothing can be changed
// any more; reading goes on for the rest of its quarter of an hour.
func (s *Service) Logout(ctx context.Context, family string) error {
	return revoke(ctx, s.db, family)
}

func revoke(ctx context.Context, db bun.IDB, family string) error {
	if _, err := db.NewUpdate().Model((*schema.Session)(nil)).Set("revoked_at = now()").
		Where("family = ? AND revoked_at IS NULL", family).Exec(ctx); err != nil {
		return fmt.Errorf("revoke a session: %w", err)
	}
	return nil
}

// newRefreshToken gives 256 random bits, marked with who keeps them.
func newRefreshToken(by keeper) (string, error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("make a refresh token: %w", err)
	}
	return string(by) + base64.RawURLEncoding.EncodeToString(random), nil
}

// hashOf is what is stored of a refresh token. A plain hash will do: 256 bits cannot be
// tried.
func hashOf(refreshToken string) []byte {
	digest := sha256.Sum256([]byte(refreshToken))
	return digest[:]
}
