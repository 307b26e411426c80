package accounts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/schema"
)

// AskForPasskey gives what any passkey of this address may sign to log in: a
// PublicKeyCredentialRequestOptionsJSON (WebAuthn level 3, section 5.1). It names no account,
// so it tells of none. The answer counts from the browser that has the cookie, whose value is
// given. Code: passkeys_off.
func (s *Service) AskForPasskey(ctx context.Context, browser string) (json.RawMessage, error) {
	web, err := s.webauthn()
	if err != nil {
		return nil, err
	}
	options, ceremony, err := web.BeginDiscoverableLogin()
	if err != nil {
		return nil, fmt.Errorf("ask for a log-in by passkey: %w", err)
	}
	if err := s.keepCeremony(ctx, ceremonyOf{purpose: toLogIn, browser: browser}, ceremony); err != nil {
		return nil, err
	}
	return rawJSON(options.Response)
}

// LogInByPasskey checks what a passkey has signed and begins a session, which has shown two
// factors at once: the device, and what its owner shows to it. Wrong passwords do not make it
// wait: a signature cannot be guessed. The answer is an AuthenticationResponseJSON (WebAuthn
// level 3, section 5.1). Codes: unauthenticated; passkey_unknown for one that was removed;
// passkey_changed for one that has to be added again; account_suspended; passkeys_off.
func (s *Service) LogInByPasskey(ctx context.Context, browser string, answer json.RawMessage, from Client) (TokenPair, error) {
	web, err := s.webauthn()
	if err != nil {
		return TokenPair{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return TokenPair{}, refusedLogin(ctx, &passkeyRefused{cause: err})
	}
	ceremony, err := s.takeCeremony(ctx, ceremonyOf{purpose: toLogIn, browser: browser}, parsed.Response.CollectedClientData.Challenge)
	switch {
	case booking.CodeOf(err) == booking.CodeConflict:
		return TokenPair{}, challengeOver()
	case err != nil:
		return TokenPair{}, err
	}
	owner, err := s.ownerOf(ctx, parsed)
	if err != nil {
		return TokenPair{}, refusedLogin(ctx, err)
	}
	pair, err := s.pass(ctx, WayPasskey, from, forBrowsers, func(ctx context.Context, tx bun.Tx) (*schema.Account, error) {
		account, err := lockAccount(ctx, tx, owner)
		if err != nil {
			return nil, err
		}
		return account, s.takePasskey(ctx, tx, web, owner, ceremony, parsed)
	})
	return pair, refusedLogin(ctx, err)
}

// ownerOf is whose passkey and whose handle an answer has. Error: *passkeyRefused.
func (s *Service) ownerOf(ctx context.Context, parsed *protocol.ParsedCredentialAssertionData) (owner uuid.UUID, err error) {
	var same bool
	err = s.db.NewRaw(`SELECT p.account_id, u.handle = ? FROM passkeys p JOIN passkey_users u ON u.account_id = p.account_id WHERE p.credential_id = ?`,
		parsed.Response.UserHandle, parsed.RawID).Scan(ctx, &owner, &same)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return owner, &passkeyRefused{cause: errors.New("no account has this passkey"), unknown: true}
	case err != nil:
		return owner, fmt.Errorf("look whose passkey it is: %w", err)
	case !same:
		return owner, &passkeyRefused{cause: errors.New("the passkey and the user handle are not of one account")}
	default:
		return owner, nil
	}
}

// passkeyRefused is an answer that does not pass, for the caller to put into words.
type passkeyRefused struct {
	cause error
	// unknown tells that we do not have the passkey: a password manager may forget it.
	unknown bool
}

// Error implements error.
func (e *passkeyRefused) Error() string { return reasonOf(e.cause) }

// refusedLogin is what a log-in answers; other errors stay as they are.
func refusedLogin(ctx context.Context, err error) error {
	var refused *passkeyRefused
	if !errors.As(err, &refused) {
		return err
	}
	slog.InfoContext(ctx, "a log-in by passkey does not pass", "reason", refused.Error())
	if refused.unknown {
		return booking.E(booking.CodePasskeyUnknown, "This passkey is not known here, or was removed. Log in another way.").Wrap(err)
	}
	return booking.E(booking.CodeUnauthenticated, "This passkey does not pass. Try again, or log in another way.").Wrap(err)
}

// takePasskey checks what a passkey of an account has signed, and keeps what is known of the
// passkey from now on, in the transaction of what it allows. The account is locked. Codes:
// passkey_changed; an error of type *passkeyRefused.
func (s *Service) takePasskey(ctx context.Context, tx bun.Tx, web *webauthn.WebAuthn, account uuid.UUID,
	ceremony webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData,
) error {
	owner, err := readPasskeyUser(ctx, tx, account)
	if err != nil {
		return err
	}
	row := owner.row(parsed.RawID)
	if row == nil {
		return &passkeyRefused{cause: errors.New("the account has no such passkey"), unknown: true}
	}
	used, err := validate(web, owner, ceremony, parsed)
	if err != nil {
		if passesBut(web, owner, ceremony, parsed) {
			slog.WarnContext(ctx, "a passkey says another backup eligibility than when it was added", "account", account, "passkey", row.ID, "reason", reasonOf(err))
			return booking.E(booking.CodePasskeyChanged, "This passkey says something else of itself than when it was added. Log in another way, remove it and add it again.").Wrap(err)
		}
		return &passkeyRefused{cause: err}
	}
	if used.Authenticator.CloneWarning {
		if err := s.copied(ctx, tx, account, row, parsed); err != nil {
			return err
		}
	}
	if _, err := tx.NewRaw(`UPDATE passkeys SET sign_count = ?, flags = ?, last_used_at = now() WHERE id = ?`,
		int64(used.Authenticator.SignCount), int(used.Flags.ProtocolValue()), row.ID).Exec(ctx); err != nil {
		return fmt.Errorf("note the use of a passkey: %w", err)
	}
	return nil
}

func (u *passkeyUser) row(credential []byte) *passkeyRow {
	for i := range u.rows {
		if string(u.rows[i].CredentialID) == string(credential) {
			return &u.rows[i]
		}
	}
	return nil
}

// validate asks the library. A ceremony that was begun for an account names it.
func validate(web *webauthn.WebAuthn, owner *passkeyUser, ceremony webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	if len(ceremony.UserID) > 0 {
		return web.ValidateLogin(owner, ceremony, parsed)
	}
	_, credential, err := web.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return owner, nil }, ceremony, parsed)
	return credential, err
}

// passesBut tells whether an answer passes but for its flag "backup eligible". It must never
// change (WebAuthn level 3, section 6.1.3), and with some password managers it does. The
// signature is right, so the owner may know the reason.
func passesBut(web *webauthn.WebAuthn, owner *passkeyUser, ceremony webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) bool {
	twin := *owner
	twin.rows = nil
	for _, row := range owner.rows {
		row.Flags ^= int(protocol.FlagBackupEligible)
		twin.rows = append(twin.rows, row)
	}
	_, err := validate(web, &twin, ceremony, parsed)
	return err == nil
}

// copied is for a passkey whose count of signatures went back: there may be a copy of its
// key. Synced ones do not count well, so these are only logged. Its owner is not locked out:
// a restored device counts back, too (WebAuthn level 3, section 6.1.1).
func (s *Service) copied(ctx context.Context, tx bun.Tx, account uuid.UUID, row *passkeyRow, parsed *protocol.ParsedCredentialAssertionData) error {
	said := parsed.Response.AuthenticatorData
	slog.WarnContext(ctx, "the count of a passkey went back", "account", account, "passkey", row.ID,
		"stored", row.SignCount, "sent", said.Counter, "synced", said.Flags.HasBackupState())
	if said.Flags.HasBackupState() {
		return nil
	}
	event := &schema.SecurityEvent{AccountID: account, Kind: kindPasskeyCopied}
	if _, err := tx.NewInsert().Model(event).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("note that a passkey may be copied: %w", err)
	}
	detail := "The count of signatures of passkey " + row.ID.String() + " of account " + account.String() + " went back: there may be a copy of it."
	if err := raise(ctx, tx, booking.Alert{Kind: booking.AlertPasskeyCopied, Detail: detail}); err != nil {
		return err
	}
	return s.tell(ctx, tx, account, letterPasskeyCopied)
}

// kindPasskeyCopied is a passkey of which there may be a copy.
const kindPasskeyCopied = "passkey_copied"

// AskToConfirm gives what a passkey of the account signs for Confirm. Codes: conflict without
// a passkey, passkeys_off.
func (s *Service) AskToConfirm(ctx context.Context, by Claims) (json.RawMessage, error) {
	web, err := s.webauthn()
	if err != nil {
		return nil, err
	}
	id, family, err := ids(by)
	if err != nil {
		return nil, err
	}
	owner, err := readPasskeyUser(ctx, s.db, id)
	if err == nil && len(owner.rows) == 0 || booking.CodeOf(err) == booking.CodeConflict {
		return nil, booking.E(booking.CodeConflict, "This account has no passkey.")
	} else if err != nil {
		return nil, err
	}
	options, ceremony, err := web.BeginLogin(owner)
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey of an account: %w", err)
	}
	if err := s.keepCeremony(ctx, ceremonyOf{purpose: toConfirm, account: id, family: family}, ceremony); err != nil {
		return nil, err
	}
	return rawJSON(options.Response)
}

// confirmByPasskey is Confirm by what a passkey has signed. It stands for all that a log-in
// asks for.
func (s *Service) confirmByPasskey(ctx context.Context, by Claims, answer json.RawMessage) error {
	web, err := s.webauthn()
	if err != nil {
		return err
	}
	id, family, err := ids(by)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return refusedProof(ctx, by, &passkeyRefused{cause: err})
	}
	ceremony, err := s.takeCeremony(ctx, ceremonyOf{purpose: toConfirm, account: id, family: family}, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return err
	}
	return refusedProof(ctx, by, s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := lockAccount(ctx, tx, id); err != nil {
			return err
		}
		if err := s.takePasskey(ctx, tx, web, id, ceremony, parsed); err != nil {
			return err
		}
		if err := confirmed(ctx, tx, id, family); err != nil {
			return err
		}
		return passed(ctx, tx, id, family, WayPasskey)
	}))
}

// refusedProof is what Confirm answers; other errors stay as they are.
func refusedProof(ctx context.Context, by Claims, err error) error {
	var refused *passkeyRefused
	if !errors.As(err, &refused) {
		return err
	}
	slog.InfoContext(ctx, "a confirmation by passkey does not pass", "account", by.Subject, "reason", refused.Error())
	return booking.Invalid(booking.FieldError{Field: "passkey", Message: "This passkey does not pass. Try again, or show the password."}).Wrap(err)
}

// needsPasskey tells whether a session has to show a passkey to change how one logs in: with
// a password alone a thief would give staff's account a passkey of their own.
func (s *Service) needsPasskey(ctx context.Context, account uuid.UUID) (bool, error) {
	if !s.factors.StaffMust {
		return false, nil
	}
	var needs bool
	if err := s.db.NewRaw(`SELECT EXISTS (SELECT FROM accounts a JOIN passkeys p ON p.account_id = a.id WHERE a.id = ? AND a.role <> ?)`,
		account, booking.RoleCustomer).Scan(ctx, &needs); err != nil {
		return false, fmt.Errorf("look for passkeys of staff: %w", err)
	}
	return needs, nil
}
