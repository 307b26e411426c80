package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
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

// TokenPair answers a log-in, in the words of RFC 6749, section 5.1.
type TokenPair struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token"`
}

// Login checks an address and a password and begins a session. The answer, and
// the time it takes, do not tell whether the address has an account. Codes:
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
	try, err := s.tries.begin(from.Address, email)
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
		try.counts()
		return TokenPair{}, wrongLogin()
	}
	if err := s.suspended(ctx, account.ID); err != nil {
		return TokenPair{}, err
	}
	s.tries.seen(from.Address, email)
	// A revoked token stays: it marks its family as revoked, also a token that was issued
	// at the same moment. Package retention deletes it with its family.
	if _, err := s.db.NewDelete().Model((*schema.Session)(nil)).
		Where("account_id = ? AND expires_at < now() AND revoked_at IS NULL", account.ID).Exec(ctx); err != nil {
		return TokenPair{}, fmt.Errorf("clear old sessions: %w", err)
	}
	var pair TokenPair
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if err := claim(ctx, tx, account.ID); err != nil {
			return err
		}
		pair, err = s.hand(ctx, tx, view(account), uuid.New(), by, deviceOf(from.UserAgent))
		return err
	})
	return pair, err
}

// suspended is the answer to the right password of a suspended account. A stranger, who
// does not know the password, learns nothing of it.
func (s *Service) suspended(ctx context.Context, account uuid.UUID) error {
	is, err := s.db.NewSelect().Model((*schema.Suspension)(nil)).Where("account_id = ?", account).Exists(ctx)
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
	refresh, err := newRefreshToken(by)
	if err != nil {
		return TokenPair{}, err
	}
	accountID, err := uuid.Parse(account.ID)
	if err != nil {
		return TokenPair{}, fmt.Errorf("account id: %w", err)
	}
	session := &schema.Session{ID: uuid.New(), Family: family, AccountID: accountID, RefreshHash: hashOf(refresh)}
	if _, err := db.NewInsert().Model(session).
		Value("expires_at", "now() + ? * interval '1 second'", int64(SessionLife.Seconds())).
		Returning("NULL").Exec(ctx); err != nil {
		return TokenPair{}, fmt.Errorf("begin a session: %w", err)
	}
	device.SessionID = session.ID
	if _, err := db.NewInsert().Model(&device).Returning("NULL").Exec(ctx); err != nil {
		return TokenPair{}, fmt.Errorf("note the device of a session: %w", err)
	}
	access, err := s.tokens.Issue(account, family.String())
	if err != nil {
		return TokenPair{}, err
	}
	return TokenPair{AccessToken: access, TokenType: "Bearer", ExpiresIn: int(tokenLife.Seconds()), RefreshToken: refresh}, nil
}

// used is a refresh token that a client presents.
type used struct {
	schema.Session `bun:",extend"`
	// FamilyRevoked counts also for a token that was handed out while its family
	// was being revoked.
	FamilyRevoked bool `bun:"family_revoked"`
	Expired       bool `bun:"expired"`
	// Repeatable is a token that was the family's last to be replaced, moments ago.
	Repeatable bool `bun:"repeatable"`
	// Suspended is the account.
	Suspended bool       `bun:"suspended"`
	Browser   *string    `bun:"browser"`
	System    *string    `bun:"system"`
	BeganAt   *time.Time `bun:"began_at"`
}

// device goes on to the next token of the family.
func (u used) device() schema.SessionDevice {
	if u.BeganAt == nil {
		return schema.SessionDevice{BeganAt: u.CreatedAt}
	}
	return schema.SessionDevice{Browser: *u.Browser, System: *u.System, BeganAt: *u.BeganAt}
}

// Refresh replaces a refresh token. One that was replaced before has been
// copied, so its whole family ends: thief and owner both have to log in. Code:
// unauthenticated.
func (s *Service) Refresh(ctx context.Context, refreshToken string, address netip.Addr) (TokenPair, error) {
	return s.refresh(ctx, refreshToken, address, forApps)
}

func (s *Service) refresh(ctx context.Context, refreshToken string, address netip.Addr, by keeper) (TokenPair, error) {
	if keeperOf(refreshToken) != by {
		return TokenPair{}, sessionEnded()
	}
	var pair TokenPair
	var refused error
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		account, session, err := s.presented(ctx, tx, refreshToken)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			refused = sessionEnded()
			return nil
		case err != nil:
			return fmt.Errorf("find a session: %w", err)
		case session.FamilyRevoked || session.Expired || session.Suspended:
			refused = sessionEnded()
			return nil
		case session.RotatedAt != nil && !(by == forBrowsers && session.Repeatable):
			// Not an error of the transaction: the revocation has to stay.
			refused = sessionEnded()
			return revoke(ctx, tx, session.Family.String())
		case session.RotatedAt == nil:
			if err := rotate(ctx, tx, session.Family); err != nil {
				return err
			}
		}
		pair, err = s.hand(ctx, tx, view(account), session.Family, by, session.device())
		if err == nil { // it says where the owner is, also to a process that began just now
			s.tries.seen(address, strings.ToLower(contacts.Same(account.Email)))
		}
		return err
	})
	if err == nil {
		err = refused
	}
	return pair, err
}

func sessionEnded() error {
	return booking.E(booking.CodeUnauthenticated, "This session has ended. Log in again.")
}

// presented reads a token and its account. It locks the account's row, so that of two
// concurrent uses of a family the second sees what the first one did. The lock comes
// first, in a statement of its own: a statement that waits still reads other tables as
// they were before.
func (s *Service) presented(ctx context.Context, tx bun.Tx, refreshToken string) (*schema.Account, used, error) {
	var account schema.Account
	var session used
	hash := hashOf(refreshToken)
	if err := tx.NewSelect().Model(&account).
		Where("a.id = (SELECT account_id FROM sessions WHERE refresh_hash = ?)", hash).
		For("NO KEY UPDATE").Scan(ctx); err != nil {
		return nil, used{}, err
	}
	err := tx.NewSelect().Model(&session).
		ColumnExpr("se.family, se.created_at, se.rotated_at, sd.browser, sd.system, sd.began_at").
		Join("LEFT JOIN session_devices AS sd ON sd.session_id = se.id").
		ColumnExpr("EXISTS (SELECT FROM suspensions su WHERE su.account_id = se.account_id) AS suspended").
		ColumnExpr("se.expires_at < now() AS expired").
		ColumnExpr("EXISTS (SELECT FROM sessions r WHERE r.family = se.family AND r.revoked_at IS NOT NULL) AS family_revoked").
		ColumnExpr("coalesce(se.rotated_at > now() - ? * interval '1 second', false)"+
			" AND NOT EXISTS (SELECT FROM sessions l WHERE l.family = se.family AND l.rotated_at > se.rotated_at) AS repeatable",
			int64(repeatWithin.Seconds())).
		Where("se.refresh_hash = ?", hash).Scan(ctx)
	return &account, session, err
}

// rotate marks the token of a family that is used as replaced. A browser's repeat may have
// left a second one that waits for its use: that one is replaced with it.
func rotate(ctx context.Context, tx bun.Tx, family uuid.UUID) error {
	if _, err := tx.NewUpdate().Model((*schema.Session)(nil)).Set("rotated_at = now()").
		Where("family = ? AND rotated_at IS NULL", family).Exec(ctx); err != nil {
		return fmt.Errorf("rotate a session: %w", err)
	}
	return nil
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
