package accounts

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"golang.org/x/text/language"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/outbound"
	"github.com/boxoffice/boxoffice/schema"
)

// Push says how browsers subscribe to messages. Without a PublicKey they cannot.
type Push struct {
	// PublicKey is our VAPID key, as browsers take it (RFC 8292): base64url of a point.
	PublicKey string
	// SandboxURL is a push service that need be neither encrypted nor on the public
	// internet. For development only.
	SandboxURL string
}

// WithPush lets browsers subscribe.
func WithPush(push Push) Option { return func(s *Service) { s.push = push } }

// maxBrowsers is how many browsers of one account get messages.
const maxBrowsers = 10

// Subscription is what a browser gives for its messages (W3C Push API, PushSubscription).
type Subscription struct {
	Endpoint string           `json:"endpoint"`
	Keys     SubscriptionKeys `json:"keys"`
	// ExpirationTime is in what browsers write. The push service says when it is over.
	ExpirationTime *float64 `json:"expirationTime"`
	// Language is what its messages are written in, a BCP 47 tag. Empty: what the browser
	// asks for.
	Language string `json:"language"`
}

// SubscriptionKeys are the browser's keys, in base64url.
type SubscriptionKeys struct {
	P256DH string `json:"p256dh"`
	Auth   string `json:"auth"`
}

// PushKey is the key that browsers subscribe with. Code: not_found when push is off, unauthenticated.
func (s *Service) PushKey() (string, error) {
	if s.push.PublicKey == "" {
		return "", booking.E(booking.CodeNotFound, "Messages by push are off here. Mail and SMS are sent.")
	}
	return s.push.PublicKey, nil
}

// Subscribe registers a browser for an account, or refreshes it, and tells whether it is
// new to the account. accepts is the browser's Accept-Language. Of too many browsers the
// one not seen for longest is forgotten. The messages end with the session, when its owner
// ends it elsewhere. Codes: validation_failed, not_found when push is off, unauthenticated.
func (s *Service) Subscribe(ctx context.Context, by Claims, sub Subscription, accepts string) (added bool, err error) {
	if _, err := s.PushKey(); err != nil {
		return false, err
	}
	row, err := s.checkSubscription(sub)
	if err != nil {
		return false, err
	}
	if row.Language == "" {
		row.Language = preferred(accepts)
	}
	session, err := uuid.Parse(by.SessionFamily)
	if err != nil {
		return false, fmt.Errorf("session id: %w", err)
	}
	row.Session = &session
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// The lock makes an account's subscriptions follow each other, so that they are
		// counted.
		owner := new(schema.Account)
		err := tx.NewSelect().Model(owner).Column("id").Where("id = ?", by.Subject).For("NO KEY UPDATE").Scan(ctx)
		if err != nil {
			return erased(err)
		}
		row.AccountID = owner.ID
		// To end a session or to suspend an account takes the same lock, and drops what
		// is registered until then.
		ended, err := tx.NewSelect().TableExpr("sessions").Where("family = ? AND revoked_at IS NOT NULL", session).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look whether a session goes on: %w", err)
		}
		if ended {
			return sessionEnded()
		}
		added, err = register(ctx, tx, row)
		return err
	})
	return added, err
}

// erased is the error of a token that outlives its account by minutes.
func erased(err error) error {
	if err = unread(err); booking.CodeOf(err) == booking.CodeNotFound {
		return booking.E(booking.CodeUnauthenticated, "This account no longer exists.").Wrap(err)
	}
	return err
}

func register(ctx context.Context, tx bun.Tx, row *schema.PushSubscription) (added bool, err error) {
	// What is on its way to the former account must not reach this one.
	_, err = tx.NewDelete().Model(row).Where("endpoint = ? AND account_id <> ?", row.Endpoint, row.AccountID).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("take over a browser: %w", err)
	}
	known, err := tx.NewSelect().Model(row).Where("endpoint = ?", row.Endpoint).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a browser: %w", err)
	}
	_, err = tx.NewInsert().Model(row).
		On("CONFLICT (endpoint) DO UPDATE").
		Set("account_id = EXCLUDED.account_id, p256dh = EXCLUDED.p256dh, auth = EXCLUDED.auth").
		Set("session = EXCLUDED.session, language = EXCLUDED.language, last_seen_at = clock_timestamp()").
		Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("register a browser: %w", err)
	}
	_, err = tx.NewDelete().Model(row).Where(`id IN (SELECT id FROM push_subscriptions WHERE account_id = ?
		ORDER BY last_seen_at DESC, created_at DESC, id OFFSET ?)`, row.AccountID, maxBrowsers).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("forget old browsers: %w", err)
	}
	return !known, nil
}

// Unsubscribe forgets a browser of an account. One that is not there is forgotten
// already. Code: validation_failed.
func (s *Service) Unsubscribe(ctx context.Context, accountID, endpoint string) error {
	var wrong fieldErrors
	wrong.add("endpoint", s.wrongEndpoint(endpoint))
	if err := wrong.Err(); err != nil {
		return err
	}
	_, err := s.db.NewDelete().Model((*schema.PushSubscription)(nil)).
		Where("account_id = ? AND endpoint = ?", accountID, endpoint).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget a browser: %w", err)
	}
	return nil
}

// checkSubscription names every field that is wrong.
func (s *Service) checkSubscription(sub Subscription) (*schema.PushSubscription, error) {
	var wrong fieldErrors
	row := &schema.PushSubscription{Endpoint: sub.Endpoint}
	wrong.add("endpoint", s.wrongEndpoint(sub.Endpoint))
	var err error
	if row.P256DH, err = base64url(sub.Keys.P256DH); err != nil || !isPoint(row.P256DH) {
		wrong.add("keys.p256dh", "Write the browser's key as PushSubscription.toJSON() gives it: base64url of 65 bytes, a point of P-256.")
	}
	if row.Auth, err = base64url(sub.Keys.Auth); err != nil || len(row.Auth) != 16 {
		wrong.add("keys.auth", "Write the browser's secret as PushSubscription.toJSON() gives it: base64url of 16 bytes.")
	}
	if row.Language, err = tag(sub.Language); err != nil {
		wrong.add("language", "Write a language tag such as hi or ar-EG, of at most 35 characters, or leave it out.")
	}
	return row, wrong.Err()
}

// maxTag is what BCP 47 has software prepare for.
const maxTag = 35

// tag gives a language tag in its usual spelling; none stays none.
func tag(written string) (string, error) {
	if written == "" {
		return "", nil
	}
	parsed, err := language.Parse(written)
	if err == nil && (len(parsed.String()) > maxTag || parsed.IsRoot()) {
		err = errors.New("too long, or any language")
	}
	return parsed.String(), err
}

// wrongEndpoint says what is wrong with an address at a push service. Where its name
// leads is checked when a message is sent: names change.
func (s *Service) wrongEndpoint(endpoint string) string {
	if endpoint == "" {
		return "Must not be empty."
	}
	if s.push.SandboxURL != "" && strings.HasPrefix(endpoint, strings.TrimSuffix(s.push.SandboxURL, "/")+"/") && len(endpoint) <= maxEndpoint {
		return ""
	}
	_, _, err := outbound.Form(endpoint)
	var refused *outbound.Refused
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return ""
}

const maxEndpoint = 2000

// base64url reads with and without padding: libraries differ.
func base64url(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

// isPoint takes an uncompressed point on the curve (RFC 8291, section 3.1).
func isPoint(key []byte) bool {
	if len(key) != 65 || !bytes.HasPrefix(key, []byte{4}) {
		return false
	}
	_, err := ecdh.P256().NewPublicKey(key)
	return err == nil
}

// preferred is the language that a browser asks for first.
func preferred(accepts string) string {
	tags, weights, err := language.ParseAcceptLanguage(accepts)
	if err != nil || len(tags) == 0 || weights[0] <= 0 || len(tags[0].String()) > maxTag {
		return language.English.String()
	}
	if base, _ := tags[0].Base(); base.String() == "mul" || base.String() == "und" { // any will do
		return language.English.String()
	}
	return tags[0].String()
}
