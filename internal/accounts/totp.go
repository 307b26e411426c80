package accounts

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"github.com/uptrace/bun"
	"rsc.io/qr"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
)

const (
	// stepSeconds is how long a code shows (RFC 6238, section 4.1).
	stepSeconds = 30
	// late is how many steps a code may be old: who types slowly, or has a clock that is
	// behind, sends the code before (RFC 6238, section 5.2). ASVS 6.5.5 would have it 0.
	late = 1
	// slow is how far back a code is looked for only to say that a clock is behind. Later
	// codes are not looked for: who guesses would learn one that becomes right.
	slow = 20
	// confirmWithin is how long a new secret waits for its first code.
	confirmWithin = 15 * time.Minute
	appName       = "Boxoffice" // as apps list it
)

// NewTOTP is a secret for an authenticator app. It is shown this once.
type NewTOTP struct {
	Secret string `json:"secret"` // base32, to type it
	URL    string `json:"url"`    // otpauth:, as apps read it
	QR     string `json:"qr"`     // the same as a picture: a data URL of a PNG
}

// BeginTOTP makes a secret for the authenticator app of an account. It counts for nothing
// until ConfirmTOTP; the next BeginTOTP replaces it. Codes: conflict, with an app that was
// confirmed; confirmation_needed.
func (s *Service) BeginTOTP(ctx context.Context, by Claims) (NewTOTP, error) {
	box, err := s.box()
	if err != nil {
		return NewTOTP{}, err
	}
	if err := s.fresh(ctx, by); err != nil {
		return NewTOTP{}, err
	}
	account, err := s.account(ctx, s.db, "id = ?", by.Subject)
	if err != nil {
		return NewTOTP{}, erased(err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: appName, AccountName: contacts.Shown(account.Email), Period: stepSeconds})
	if err != nil {
		return NewTOTP{}, fmt.Errorf("make the secret of an authenticator app: %w", err)
	}
	picture, err := qr.Encode(key.URL(), qr.M)
	if err != nil {
		return NewTOTP{}, fmt.Errorf("draw the secret of an authenticator app: %w", err)
	}
	stored, err := s.db.NewRaw(`INSERT INTO totp_factors (account_id, secret) VALUES (?, ?)
		ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, created_at = now(), last_step = 0
		WHERE totp_factors.confirmed_at IS NULL`, account.ID, box.Seal([]byte(key.Secret()), totpOf(account.ID))).Exec(ctx)
	if err != nil {
		return NewTOTP{}, fmt.Errorf("keep the secret of an authenticator app: %w", err)
	}
	if n, err := stored.RowsAffected(); err != nil || n == 0 {
		return NewTOTP{}, errors.Join(booking.E(booking.CodeConflict, "This account has an authenticator app. Remove it first."), err)
	}
	return NewTOTP{key.Secret(), key.URL(), "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG())}, nil
}

// ConfirmTOTP takes the first code of an authenticator app, which from then on is asked for
// at each log-in. The code is used up by this. An account without recovery codes gets some.
// Codes: validation_failed for a wrong code, conflict without a secret that waits,
// too_many_requests.
func (s *Service) ConfirmTOTP(ctx context.Context, by Claims, code string) (recovery []string, err error) {
	account, family, err := ids(by)
	if err != nil {
		return nil, err
	}
	if err := s.countTry(ctx, account); err != nil {
		return nil, err
	}
	err = s.ending(ctx, by.Subject, func(ctx context.Context, tx bun.Tx) error {
		var waits bool
		if err := tx.NewRaw(`SELECT EXISTS (SELECT FROM totp_factors WHERE account_id = ? AND confirmed_at IS NULL
			AND created_at > now() - ? * interval '1 second')`, account, int64(confirmWithin.Seconds())).Scan(ctx, &waits); err != nil {
			return fmt.Errorf("look for a new authenticator app: %w", err)
		}
		if !waits {
			return booking.E(booking.CodeConflict, "No authenticator app waits for its first code. Begin again.")
		}
		if err := s.takeCode(ctx, tx, account, code); err != nil {
			return err
		}
		if _, err := tx.NewRaw(`UPDATE totp_factors SET confirmed_at = now() WHERE account_id = ?`, account).Exec(ctx); err != nil {
			return fmt.Errorf("confirm an authenticator app: %w", err)
		}
		if err := passed(ctx, tx, account, family, WayTOTP); err != nil {
			return err
		}
		if recovery, err = firstRecoveryCodes(ctx, tx, account); err != nil {
			return err
		}
		return s.tell(ctx, tx, account, letterFactorChanged)
	})
	if err == nil {
		s.hint(ctx)
	}
	return recovery, err
}

// RemoveTOTP takes the authenticator app away. Codes: not_found, confirmation_needed.
func (s *Service) RemoveTOTP(ctx context.Context, by Claims) error {
	if err := s.fresh(ctx, by); err != nil {
		return err
	}
	return s.ending(ctx, by.Subject, func(ctx context.Context, tx bun.Tx) error {
		account, _, err := ids(by)
		if err != nil {
			return err
		}
		removed, err := tx.NewRaw(`DELETE FROM totp_factors WHERE account_id = ?`, account).Exec(ctx)
		if err != nil {
			return fmt.Errorf("remove an authenticator app: %w", err)
		}
		if n, err := removed.RowsAffected(); err != nil || n == 0 {
			return errors.Join(booking.E(booking.CodeNotFound, "This account has no authenticator app."), err)
		}
		if err := s.bare(ctx, tx, account); err != nil {
			return err
		}
		return s.tell(ctx, tx, account, letterFactorChanged)
	})
}

// takeCode takes a code of an account's app, each step once. The caller has counted the
// try, and holds the account's row. Code: validation_failed; a fault of the database or of
// the keys has another code.
func (s *Service) takeCode(ctx context.Context, tx bun.Tx, account uuid.UUID, code string) error {
	box, err := s.box()
	if err != nil {
		return err
	}
	var sealed []byte
	var last, now int64
	err = tx.NewRaw(`SELECT secret, last_step, floor(extract(epoch FROM clock_timestamp()))::bigint / ? FROM totp_factors WHERE account_id = ?`,
		stepSeconds, account).Scan(ctx, &sealed, &last, &now)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return wrongFactor("code", "This account has no authenticator app.")
	case err != nil:
		return fmt.Errorf("read an authenticator app: %w", err)
	}
	secret, err := box.Open(sealed, totpOf(account))
	if err != nil {
		return fmt.Errorf("open the secret of an authenticator app: %w", err)
	}
	step, err := matching(string(secret), digitsOf(code), now)
	switch {
	case err != nil:
		return err
	case step == 0:
		return wrongFactor("code", "This code is wrong. Type the one that your app shows now.")
	case step < now-late:
		return wrongFactor("code", "This code is too old. If your app shows it now, your device's clock is behind: let it set the time by itself.")
	case step <= last:
		return wrongFactor("code", "This code was used already. Wait for the next one.")
	}
	// The condition is the compare-and-set, should a caller ever forget the lock.
	taken, err := tx.NewRaw(`UPDATE totp_factors SET last_step = ?0 WHERE account_id = ?1 AND last_step < ?0`, step, account).Exec(ctx)
	if err != nil {
		return fmt.Errorf("take a code: %w", err)
	}
	if n, err := taken.RowsAffected(); err != nil || n == 0 {
		return errors.Join(wrongFactor("code", "This code was used already. Wait for the next one."), err)
	}
	return clearTries(ctx, tx, account)
}

// matching is the latest step up to now whose code it is, 0 for none. The same digits may
// show twice in a row: the later step is the one that may be unused.
func matching(secret, code string, now int64) (int64, error) {
	var found int64
	for step := now; step >= now-slow; step-- {
		want, err := hotp.GenerateCode(secret, uint64(step))
		if err != nil {
			return 0, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && found == 0 {
			found = step
		}
	}
	return found, nil
}

func wrongFactor(field, message string) error {
	return booking.Invalid(booking.FieldError{Field: field, Message: message})
}

// totpOf is what the sealed secret of an account belongs to.
func totpOf(account uuid.UUID) string { return "totp_factors.secret:" + account.String() }

const (
	// freeTries is how many codes may be tried without a wait.
	freeTries = 5
	// firstWait doubles with each further try, up to lastWait: three guesses a day.
	firstWait, lastWait = 30 * time.Second, 8 * time.Hour
)

// countTry counts a try of a code before it is compared, so that of many at once only those
// that were counted are compared. The count is the account's: neither another log-in nor
// another address begins a new one. Only a right code does. Code: too_many_requests.
func (s *Service) countTry(ctx context.Context, account uuid.UUID) error {
	var tries int
	err := s.db.NewRaw(`INSERT INTO factor_tries AS f (account_id) VALUES (?)
		ON CONFLICT (account_id) DO UPDATE SET tries = f.tries + 1, next_at = CASE WHEN f.tries + 1 < ? THEN '-infinity'
			ELSE now() + least(? * power(2, least(f.tries + 1 - ?, 30)), ?) * interval '1 second' END
		WHERE f.next_at <= now() RETURNING f.tries`,
		account, freeTries, int64(firstWait.Seconds()), freeTries, int64(lastWait.Seconds())).Scan(ctx, &tries)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("count a try: %w", err)
	}
	var seconds float64
	if err := s.db.NewRaw(`SELECT greatest(extract(epoch FROM next_at - now()), 1)::float8 FROM factor_tries WHERE account_id = ?`, account).
		Scan(ctx, &seconds); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read how long codes wait: %w", err)
	}
	return tooMany(booking.CodeTooManyRequests, "There were too many wrong codes. Wait a little, or use a recovery code.",
		time.Duration(seconds*float64(time.Second)))
}

func clearTries(ctx context.Context, tx bun.Tx, account uuid.UUID) error {
	if _, err := tx.NewRaw(`DELETE FROM factor_tries WHERE account_id = ?`, account).Exec(ctx); err != nil {
		return fmt.Errorf("clear the tries of codes: %w", err)
	}
	return nil
}
