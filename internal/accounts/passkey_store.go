package accounts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
)

// passkeyUser is an account as authenticators know it. It implements webauthn.User.
type passkeyUser struct {
	account uuid.UUID
	handle  []byte
	email   string
	name    string
	rows    []passkeyRow
}

// passkeyRow is a passkey as it is stored.
type passkeyRow struct {
	ID           uuid.UUID `bun:"id"`
	CredentialID []byte    `bun:"credential_id"`
	PublicKey    []byte    `bun:"public_key"`
	Flags        int       `bun:"flags"`
	SignCount    int64     `bun:"sign_count"`
	Transports   []string  `bun:"transports,array"`
	AAGUID       uuid.UUID `bun:"aaguid"`
}

func (r passkeyRow) credential() webauthn.Credential {
	transports := make([]protocol.AuthenticatorTransport, len(r.Transports))
	for i, transport := range r.Transports {
		transports[i] = protocol.AuthenticatorTransport(transport)
	}
	return webauthn.Credential{
		ID: r.CredentialID, PublicKey: r.PublicKey, Transport: transports,
		Flags:         webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(r.Flags)),
		Authenticator: webauthn.Authenticator{AAGUID: r.AAGUID[:], SignCount: uint32(r.SignCount)},
	}
}

func (u *passkeyUser) credentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(u.rows))
	for i, row := range u.rows {
		all[i] = row.credential()
	}
	return all
}

// WebAuthnID implements webauthn.User.
func (u *passkeyUser) WebAuthnID() []byte { return u.handle }

// WebAuthnName implements webauthn.User: what password managers list.
func (u *passkeyUser) WebAuthnName() string { return u.email }

// WebAuthnDisplayName implements webauthn.User.
func (u *passkeyUser) WebAuthnDisplayName() string { return u.name }

// WebAuthnCredentials implements webauthn.User.
func (u *passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.credentials() }

// newPasskeyUser gives an account a handle if it has none. Code: conflict.
func (s *Service) newPasskeyUser(ctx context.Context, account uuid.UUID) (owner *passkeyUser, err error) {
	handle := make([]byte, 64)
	_, _ = rand.Read(handle) // never fails, see its documentation
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := lockAccount(ctx, tx, account); err != nil {
			return err
		}
		var guest bool
		if err := tx.NewRaw(`SELECT EXISTS (SELECT FROM guests WHERE account_id = ?)`, account).Scan(ctx, &guest); err != nil {
			return fmt.Errorf("look whether an account is a guest's: %w", err)
		}
		if guest {
			return booking.E(booking.CodeConflict, "A guest has no passkeys. Make an account first.")
		}
		if _, err := tx.NewRaw(`INSERT INTO passkey_users (account_id, handle) VALUES (?, ?) ON CONFLICT (account_id) DO NOTHING`, account, handle).Exec(ctx); err != nil {
			return fmt.Errorf("name an account for passkeys: %w", err)
		}
		if owner, err = readPasskeyUser(ctx, tx, account); err != nil {
			return err
		}
		return room(owner)
	})
	return owner, err
}

func room(owner *passkeyUser) error {
	if len(owner.rows) >= mostPasskeys {
		return booking.E(booking.CodeConflict, "An account has %d passkeys at most. Remove one first.", mostPasskeys)
	}
	return nil
}

// readPasskeyUser reads an account with its passkeys. Code: conflict for one that has never
// begun to add one.
func readPasskeyUser(ctx context.Context, db bun.IDB, account uuid.UUID) (*passkeyUser, error) {
	owner := &passkeyUser{account: account}
	err := db.NewRaw(`SELECT u.handle, a.email, a.name FROM passkey_users u JOIN accounts a ON a.id = u.account_id WHERE a.id = ?`, account).
		Scan(ctx, &owner.handle, &owner.email, &owner.name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, noCeremony()
	case err != nil:
		return nil, fmt.Errorf("read whose passkeys they are: %w", err)
	}
	owner.email = contacts.Shown(owner.email)
	err = db.NewRaw(`SELECT id, credential_id, public_key, flags, sign_count, transports, aaguid FROM passkeys
		WHERE account_id = ? ORDER BY created_at, id`, account).Scan(ctx, &owner.rows)
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	return owner, nil
}

// keepPasskey stores a passkey of an account that is locked. Code: conflict.
func (s *Service) keepPasskey(ctx context.Context, tx bun.Tx, owner *passkeyUser, name string, made *webauthn.Credential, key []byte) (Passkey, error) {
	if err := room(owner); err != nil {
		return Passkey{}, err
	}
	parsed, err := webauthncose.ParsePublicKey(key)
	if err != nil {
		return Passkey{}, fmt.Errorf("read a public key that was checked: %w", err)
	}
	aaguid, err := uuid.FromBytes(made.Authenticator.AAGUID)
	if err != nil {
		aaguid = uuid.Nil
	}
	transports := make([]string, 0, len(made.Transport))
	for _, transport := range made.Transport {
		if known[transport] {
			transports = append(transports, string(transport))
		}
	}
	kept := Passkey{Name: name, Synced: made.Flags.BackupState}
	err = tx.NewRaw(`INSERT INTO passkeys (account_id, credential_id, public_key, algorithm, flags, sign_count, transports, aaguid, name)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id, created_at`, owner.account, made.ID, made.PublicKey, algorithmOf(parsed),
		int(made.Flags.ProtocolValue()), int64(made.Authenticator.SignCount), pgdialect.Array(transports), aaguid, name).Scan(ctx, &kept.ID, &kept.CreatedAt)
	switch {
	case isCredentialTaken(err):
		return Passkey{}, booking.E(booking.CodeConflict, "This passkey was added already.")
	case err != nil:
		return Passkey{}, fmt.Errorf("keep a passkey: %w", err)
	}
	return kept, nil
}

// known are the transports that are kept: a client writes into the list what it wants.
var known = map[protocol.AuthenticatorTransport]bool{
	protocol.USB: true, protocol.NFC: true, protocol.BLE: true, protocol.Hybrid: true, protocol.Internal: true, protocol.SmartCard: true,
}

// algorithmOf is the COSE number of a key's algorithm.
func algorithmOf(key any) int64 {
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		return k.Algorithm
	case webauthncose.OKPPublicKeyData:
		return k.Algorithm
	case webauthncose.RSAPublicKeyData:
		return k.Algorithm
	default:
		return 0
	}
}

// isCredentialTaken recognizes the unique index on the authenticators' names of passkeys.
func isCredentialTaken(err error) bool {
	const uniqueViolation = "23505" // PostgreSQL manual, appendix A
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == uniqueViolation && refused.ConstraintName == "passkeys_credential_id_key"
}

// What the answers to challenges do.
const (
	toAdd     = "add"
	toConfirm = "confirm"
	toLogIn   = "log_in"
)

// ceremonyOf is who may answer a challenge: a session of an account, or at a log-in the
// browser that has a cookie.
type ceremonyOf struct {
	purpose         string
	account, family uuid.UUID
	browser         string
}

// columns are null where they say nothing.
func (c ceremonyOf) columns() (account, family *uuid.UUID, browser []byte) {
	if c.purpose == toLogIn {
		return nil, nil, hashOf(c.browser)
	}
	return &c.account, &c.family, nil
}

// keepCeremony stores a challenge with all that the library wants to know again.
func (s *Service) keepCeremony(ctx context.Context, of ceremonyOf, ceremony *webauthn.SessionData) error {
	document, err := json.Marshal(ceremony)
	if err != nil {
		return fmt.Errorf("keep a challenge for a passkey: %w", err)
	}
	account, family, browser := of.columns()
	if _, err := s.db.NewRaw(`INSERT INTO passkey_challenges (challenge, purpose, account_id, family, browser, ceremony, expires_at)
		VALUES (?, ?, ?, ?, ?, ?::jsonb, now() + ? * interval '1 second')`,
		ceremony.Challenge, of.purpose, account, family, browser, string(document), int64(challengeLife.Seconds())).Exec(ctx); err != nil {
		return fmt.Errorf("keep a challenge for a passkey: %w", err)
	}
	return nil
}

// takeCeremony uses a challenge up, in a statement of its own: whatever comes of the answer,
// there is no second one. Code: conflict for a challenge that is unknown, over, used, or for
// another session, browser or purpose.
func (s *Service) takeCeremony(ctx context.Context, of ceremonyOf, challenge string) (ceremony webauthn.SessionData, err error) {
	account, family, browser := of.columns()
	var document []byte
	err = s.db.NewRaw(`DELETE FROM passkey_challenges WHERE challenge = ? AND purpose = ? AND account_id IS NOT DISTINCT FROM ?
		AND family IS NOT DISTINCT FROM ? AND browser IS NOT DISTINCT FROM ? AND expires_at > now() RETURNING ceremony`,
		challenge, of.purpose, account, family, browser).Scan(ctx, &document)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ceremony, noCeremony()
	case err != nil:
		return ceremony, fmt.Errorf("take a challenge for a passkey: %w", err)
	}
	if err := json.Unmarshal(document, &ceremony); err != nil {
		return ceremony, fmt.Errorf("read a challenge for a passkey: %w", err)
	}
	return ceremony, nil
}

func noCeremony() error {
	return booking.E(booking.CodeConflict, "No passkey is waited for, or it took too long. Begin again.")
}

// refusedNewPasskey is the answer to a new passkey that does not pass.
func refusedNewPasskey(ctx context.Context, by Claims, cause error) error {
	slog.InfoContext(ctx, "a new passkey does not pass", "account", by.Subject, "reason", reasonOf(cause))
	return booking.Invalid(booking.FieldError{Field: "credential", Message: "This answer of the browser does not pass."}).Wrap(cause)
}

// reasonOf is what the library says of an answer, for the log.
func reasonOf(err error) string {
	var refused *protocol.Error
	if errors.As(err, &refused) && refused.DevInfo != "" {
		return refused.Details + ": " + refused.DevInfo
	}
	return err.Error()
}

func rawJSON(value any) (json.RawMessage, error) {
	document, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write options for a browser: %w", err)
	}
	return document, nil
}
