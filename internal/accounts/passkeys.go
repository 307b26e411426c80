package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/text"
)

const (
	// mostPasskeys is how many an account has: one for each of its devices.
	mostPasskeys = 20
	// maxPasskeyName is in characters.
	maxPasskeyName = 60
)

// RelyingParty is whom passkeys are made for (WebAuthn level 3, section 4): the host of the
// public address, and its origin.
type RelyingParty struct {
	web *webauthn.WebAuthn
	off string
}

// Off says why there are no passkeys at this address; empty where there are.
func (p *RelyingParty) Off() string { return p.off }

// NewRelyingParty is the one of a public address. A passkey belongs to a domain: an IP
// address has none, and without https a browser knows none but on the machine itself.
// Error: an address that cannot be read.
func NewRelyingParty(publicURL string) (*RelyingParty, error) {
	public, err := url.Parse(publicURL)
	if err != nil || public.Hostname() == "" {
		return nil, fmt.Errorf("accounts: PublicURL %q is no address: write it like https://boxoffice.example", publicURL)
	}
	host := public.Hostname()
	switch _, err := netip.ParseAddr(host); {
	case err == nil:
		return &RelyingParty{off: "Passkeys belong to a domain, and " + host + " is an IP address. On your own machine write localhost in PUBLIC_URL."}, nil
	case public.Scheme != "https" && host != "localhost":
		return &RelyingParty{off: "Browsers know passkeys over https only, and PUBLIC_URL begins with " + public.Scheme + "."}, nil
	}
	web, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: appName, RPOrigins: []string{public.Scheme + "://" + public.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			// A passkey stands for two factors: the device, and what its owner shows to it.
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: ceremonyTime, Registration: ceremonyTime},
		// Some password managers send what was not asked for. We read none of it.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return &RelyingParty{off: fmt.Sprintf("Passkeys cannot belong to %s: %v.", host, err)}, nil
	}
	return &RelyingParty{web: web}, nil
}

// ceremonyTime is how long a browser waits for its owner, and how long the answer counts.
var ceremonyTime = webauthn.TimeoutConfig{Enforce: true, Timeout: challengeLife, TimeoutUVD: challengeLife}

// algorithms are those of passkeys that we take, the preferred one first.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// WithPasskeys lets accounts have passkeys.
func WithPasskeys(party *RelyingParty) Option { return func(s *Service) { s.party = party } }

// webauthn is the library, set up. Code: passkeys_off.
func (s *Service) webauthn() (*webauthn.WebAuthn, error) {
	if off := s.passkeysOff(); off != nil {
		return nil, booking.E(booking.CodePasskeysOff, "%s", *off)
	}
	return s.party.web, nil
}

// passkeysOff is why there are no passkeys; nil where there are.
func (s *Service) passkeysOff() *string {
	off := "Passkeys are off here."
	switch {
	case s.party == nil:
		return &off
	case s.party.off != "":
		return &s.party.off
	default:
		return nil
	}
}

// Passkey is what its owner sees of one.
type Passkey struct {
	ID         uuid.UUID  `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"` // nil before its first use
	// Synced tells that its owner's other devices have it, too.
	Synced bool `json:"synced"`
}

// passkeys lists those of an account, the oldest first.
func (s *Service) passkeys(ctx context.Context, account string) ([]Passkey, error) {
	all := []Passkey{}
	err := s.db.NewRaw(`SELECT id, name, created_at, last_used_at, flags & ? <> 0 AS synced FROM passkeys
		WHERE account_id = ? ORDER BY created_at, id`, int(protocol.FlagBackupState), account).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list the passkeys of an account: %w", err)
	}
	return all, nil
}

// NewPasskey is the answer of a browser that has made a passkey.
type NewPasskey struct {
	// Name is what the owner calls it. Empty is named after browser and system.
	Name string `json:"name"`
	// Credential is a RegistrationResponseJSON (WebAuthn level 3, section 5.1).
	Credential json.RawMessage `json:"credential"`
}

// BeginPasskey gives what a browser makes a passkey from: a
// PublicKeyCredentialCreationOptionsJSON (WebAuthn level 3, section 5.1). Codes: conflict for
// a guest, and for an account with very many passkeys; confirmation_needed; passkeys_off.
func (s *Service) BeginPasskey(ctx context.Context, by Claims) (json.RawMessage, error) {
	web, err := s.webauthn()
	if err != nil {
		return nil, err
	}
	if err := s.fresh(ctx, by); err != nil {
		return nil, err
	}
	id, family, err := ids(by)
	if err != nil {
		return nil, err
	}
	owner, err := s.newPasskeyUser(ctx, id)
	if err != nil {
		return nil, err
	}
	options, ceremony, err := web.BeginRegistration(owner, webauthn.WithCredentialParameters(algorithms),
		webauthn.WithExclusions(webauthn.Credentials(owner.credentials()).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	if err := s.keepCeremony(ctx, ceremonyOf{purpose: toAdd, account: id, family: family}, ceremony); err != nil {
		return nil, err
	}
	return rawJSON(options.Response)
}

// ConfirmPasskey keeps a passkey that a browser has made. The session that adds it counts as
// one that has shown it. Codes: validation_failed for an answer that does not pass, conflict
// when none is waited for, or when the passkey is there already; passkeys_off.
func (s *Service) ConfirmPasskey(ctx context.Context, by Claims, made NewPasskey, from Client) (Passkey, error) {
	web, err := s.webauthn()
	if err != nil {
		return Passkey{}, err
	}
	made.Name = text.Line(made.Name)
	if made.Name == "" {
		made.Name = deviceName(from.UserAgent)
	}
	if wrong := text.WrongLine(made.Name, 1, maxPasskeyName); wrong != "" {
		return Passkey{}, wrongFactor("name", wrong)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(made.Credential)
	if err != nil {
		return Passkey{}, refusedNewPasskey(ctx, by, err)
	}
	id, family, err := ids(by)
	if err != nil {
		return Passkey{}, err
	}
	ceremony, err := s.takeCeremony(ctx, ceremonyOf{purpose: toAdd, account: id, family: family}, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return Passkey{}, err
	}
	var kept Passkey
	err = s.ending(ctx, by.Subject, func(ctx context.Context, tx bun.Tx) error {
		// A new password ends sessions: one that has ended adds no way in.
		on, err := goesOn(ctx, tx, id, family)
		if err == nil && !on {
			err = sessionEnded()
		}
		if err != nil {
			return err
		}
		owner, err := readPasskeyUser(ctx, tx, id)
		if err != nil {
			return err
		}
		credential, err := web.CreateCredential(owner, ceremony, parsed)
		if err != nil {
			return refusedNewPasskey(ctx, by, err)
		}
		if kept, err = s.keepPasskey(ctx, tx, owner, made.Name, credential, parsed.Response.AttestationObject.AuthData.AttData.CredentialPublicKey); err != nil {
			return err
		}
		if err := passed(ctx, tx, id, family, WayPasskey); err != nil {
			return err
		}
		return s.tellUpTo(ctx, tx, id, letterPasskeyAdded, factorLettersAnHour)
	})
	if err == nil {
		s.hint(ctx)
	}
	return kept, err
}

// factorLettersAnHour is more than a person adds or removes ways to log in, and no flood.
const factorLettersAnHour = 5

// RenamePasskey gives a passkey another name. Codes: validation_failed, not_found.
func (s *Service) RenamePasskey(ctx context.Context, by Claims, id uuid.UUID, name string) error {
	name = text.Line(name)
	if wrong := text.WrongLine(name, 1, maxPasskeyName); wrong != "" {
		return wrongFactor("name", wrong)
	}
	renamed, err := s.db.NewRaw(`UPDATE passkeys SET name = ? WHERE id = ? AND account_id = ?`, name, id, by.Subject).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rename a passkey: %w", err)
	}
	if n, err := renamed.RowsAffected(); err != nil || n == 0 {
		return errors.Join(noSuchPasskey(), err)
	}
	return nil
}

// RemovePasskey takes a passkey away. Sessions that have shown one count as a password's
// when none is left. Codes: not_found, confirmation_needed, conflict for the only way into
// an account.
func (s *Service) RemovePasskey(ctx context.Context, by Claims, id uuid.UUID) error {
	var has bool
	if err := s.db.NewRaw(`SELECT EXISTS (SELECT FROM passkeys WHERE id = ? AND account_id = ?)`, id, by.Subject).Scan(ctx, &has); err != nil {
		return fmt.Errorf("look for a passkey: %w", err)
	}
	if !has {
		return noSuchPasskey()
	}
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
		removed, err := tx.NewRaw(`DELETE FROM passkeys WHERE id = ? AND account_id = ?`, id, owner).Exec(ctx)
		if err != nil {
			return fmt.Errorf("remove a passkey: %w", err)
		}
		if n, err := removed.RowsAffected(); err != nil || n == 0 {
			return errors.Join(noSuchPasskey(), err)
		}
		var left int
		if err := tx.NewRaw(`SELECT count(*) FROM passkeys WHERE account_id = ?`, owner).Scan(ctx, &left); err != nil {
			return fmt.Errorf("count passkeys: %w", err)
		}
		switch ways, err := waysIn(ctx, tx, account); {
		case err != nil:
			return err
		case ways == 0:
			return booking.E(booking.CodeConflict, "This passkey is the only way into the account. Add another one first.")
		}
		if left == 0 {
			if err := forgetShownPasskeys(ctx, tx, owner); err != nil {
				return err
			}
		}
		return s.tellUpTo(ctx, tx, owner, letterPasskeyRemoved, factorLettersAnHour)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// forgetShownPasskeys is for an account without passkeys: no session counts as having shown
// one.
func forgetShownPasskeys(ctx context.Context, tx bun.Tx, account uuid.UUID) error {
	if _, err := tx.NewRaw(`DELETE FROM session_factors WHERE account_id = ? AND way = ?`, account, WayPasskey).Exec(ctx); err != nil {
		return fmt.Errorf("drop what went with passkeys: %w", err)
	}
	return nil
}

func noSuchPasskey() error { return booking.E(booking.CodeNotFound, "There is no such passkey.") }

// deviceName names a passkey whose owner does not.
func deviceName(userAgent string) string {
	device := deviceOf(userAgent)
	switch {
	case device.Browser != "" && device.System != "":
		return device.Browser + ", " + device.System
	case device.Browser+device.System != "":
		return device.Browser + device.System
	default:
		return "Passkey"
	}
}
