package accounts_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// logged collects what the process logs while a test runs. Not for parallel tests.
func logged(t *testing.T) *bytes.Buffer {
	t.Helper()
	before, into := slog.Default(), new(bytes.Buffer)
	slog.SetDefault(slog.New(slog.NewTextHandler(into, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return into
}

// askedToConfirm is what the platform asks a passkey of the account to sign.
func (h *holder) askedToConfirm() virtualwebauthn.AssertionOptions {
	h.t.Helper()
	options, err := h.s.AskToConfirm(h.t.Context(), h.claims)
	require.NoError(h.t, err)
	read, err := virtualwebauthn.ParseAssertionOptions(string(options))
	require.NoError(h.t, err)
	return *read
}

func (h *holder) prove(answer json.RawMessage) error {
	return h.s.Confirm(h.t.Context(), h.claims, accounts.Proof{Passkey: answer}, accounts.Client{Address: home})
}

// A passkey was stored as one that is not backed up, and then says that it may be
// (supabase/auth#2732, go-webauthn/webauthn#335). Not parallel: the log is the process's.
func TestScenario9_PasskeyWhoseBackupFlagChanged(t *testing.T) {
	h := newHolder(t)
	h.add()
	log := logged(t)
	h.device.Options.BackupEligible = true
	for _, synced := range []bool{false, true} {
		h.device.Options.BackupState = synced
		_, err := h.logIn(h.signed(h.asked()))
		require.Equal(t, booking.CodePasskeyChanged, booking.CodeOf(err), "%v", err)
		assert.ErrorContains(t, err, "Log in another way, remove it and add it again")
	}
	assert.Contains(t, log.String(), "Backup Eligible flag inconsistency", "the reason is in the log")
	assert.Contains(t, log.String(), h.id.String())

	wrong := *h
	wrong.key.Key = newKey().Key
	_, err := wrong.logIn(wrong.signed(wrong.asked()))
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "only the owner of the key is told")
	assert.Equal(t, booking.CodePasskeyChanged, booking.CodeOf(h.prove(h.signed(h.askedToConfirm()))))

	h.claims = h.password("asha@example.com") // the other way in
	require.NoError(t, h.s.RemovePasskey(t.Context(), h.claims, h.id))
	h.add()
	_, err = h.logIn(h.signed(h.asked()))
	require.NoError(t, err)
	factors, err := h.s.Factors(t.Context(), h.claims)
	require.NoError(t, err)
	assert.True(t, factors.Passkeys[0].Synced)
}

// A synced passkey sends 0 always, one in a device counts up. One that counts back may have a
// copy: staff and owner learn of it, and the owner gets in. Not parallel: the log is the
// process's.
func TestAPasskeyWhoseCountGoesBack(t *testing.T) {
	h := newHolder(t)
	h.key.Counter = 7
	h.add()
	log := logged(t)
	in := func(count uint32) {
		t.Helper()
		h.key.Counter = count
		_, err := h.logIn(h.signed(h.asked()))
		require.NoError(t, err)
	}
	told := func() [3]int {
		return [3]int{
			h.number(`SELECT count(*) FROM alerts WHERE kind = 'passkey_copied'`),
			h.number(`SELECT count(*) FROM security_events WHERE kind = 'passkey_copied'`),
			h.number(`SELECT count(*) FROM letters WHERE kind = 'passkey_copied'`),
		}
	}
	in(8)
	assert.Equal(t, [3]int{}, told())
	in(8)
	assert.Equal(t, [3]int{1, 1, 1}, told(), "the same count is a step back, too")
	in(3)
	assert.Equal(t, [3]int{1, 2, 1}, told())
	assert.Equal(t, 8, h.number(`SELECT sign_count FROM passkeys`), "the highest count stays")
	assert.Contains(t, log.String(), "the count of a passkey went back")
	in(9)
	assert.Equal(t, [3]int{1, 2, 1}, told())

	synced := newHolderOn(t, h.s, h.db, "asha@example.com")
	synced.device.Options.BackupEligible, synced.device.Options.BackupState = true, true
	synced.add()
	for range 2 {
		_, err := synced.logIn(synced.signed(synced.asked()))
		require.NoError(t, err)
	}
	assert.Equal(t, [3]int{1, 2, 1}, told(), "0 is no count")
	h.exec(`UPDATE passkeys SET sign_count = 5 WHERE id = $1`, synced.id)
	_, err := synced.logIn(synced.signed(synced.asked()))
	require.NoError(t, err)
	assert.Equal(t, [3]int{1, 2, 1}, told(), "of a synced one the log knows alone")
	assert.Contains(t, log.String(), "synced=true")
}

func TestAPasskeyConfirmsASession(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(func() error { _, err := h.s.AskToConfirm(t.Context(), h.claims); return err }()), "without a passkey")
	h.add()
	stale := func() {
		h.exec(`UPDATE session_devices SET began_at = now() - interval '1 hour'`)
		h.exec(`UPDATE session_factors SET passed_at = now() - interval '1 hour'`)
		h.exec(`DELETE FROM session_confirmations`)
	}
	stale()
	_, err := h.s.BeginPasskey(t.Context(), h.claims)
	assert.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(err))
	assert.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(h.s.RemovePasskey(t.Context(), h.claims, h.id)))

	wrong := *h
	wrong.party.Origin = "https://evil.example"
	assert.Equal(t, []string{"passkey"}, fieldsOf(t, h.prove(wrong.signed(h.askedToConfirm()))))
	assert.Equal(t, []string{"passkey"}, fieldsOf(t, h.prove(json.RawMessage(`{}`))))
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(h.prove(h.signed(h.asked()))), "a challenge of a log-in")
	later := *h
	later.claims = h.password("asha@example.com")
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(later.prove(h.signed(h.askedToConfirm()))), "the challenge of another session")
	unverified := *h
	unverified.device.Options.UserNotVerified = true
	assert.Equal(t, []string{"passkey"}, fieldsOf(t, h.prove(unverified.signed(h.askedToConfirm()))))

	answer := h.signed(h.askedToConfirm())
	require.NoError(t, h.prove(answer))
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(h.prove(answer)), "twice")
	_, err = h.s.BeginPasskey(t.Context(), h.claims)
	require.NoError(t, err)
	assert.Equal(t, 1, h.number(`SELECT count(*) FROM session_factors WHERE family = $1 AND way = 'passkey' AND passed_at > now() - interval '1 minute'`, h.claims.SessionFamily))
	require.NoError(t, h.s.RemovePasskey(t.Context(), h.claims, h.id))
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(h.s.RemovePasskey(t.Context(), h.claims, h.id)))
	assert.Zero(t, h.number(`SELECT count(*) FROM session_factors`))
}

// The owner learns of each change by mail, and a flood of changes is no flood of mails.
func TestOwnersAreToldOfTheirPasskeys(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	for n := range 7 {
		h.key = newKey()
		h.add()
		assert.Equal(t, min(n+1, 5), h.number(`SELECT count(*) FROM letters WHERE kind = 'passkey_added'`))
		require.NoError(t, h.s.RemovePasskey(t.Context(), h.claims, h.id))
		assert.Equal(t, min(n+1, 5), h.number(`SELECT count(*) FROM letters WHERE kind = 'passkey_removed'`))
	}
}

// The owner ended all sessions while one of them was about to add a passkey.
func TestASessionThatHasEndedAddsNoPasskey(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	made := h.made(h.wanted())
	h.exec(`UPDATE sessions SET revoked_at = now()`)
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(h.confirm(made)))
	assert.Zero(t, h.number(`SELECT count(*) FROM passkeys`))
}

func TestAnAccountHasTwentyPasskeysAtMost(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	options := h.wanted()
	h.exec(`INSERT INTO passkeys (account_id, credential_id, public_key, algorithm, flags, sign_count, transports, aaguid, name)
		SELECT $1, convert_to(n::text, 'UTF8'), '\x00', -7, 5, 0, '{}', gen_random_uuid(), 'x' FROM generate_series(1, 20) n`, h.claims.Subject)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(h.confirm(h.made(options))))
	_, err := h.s.BeginPasskey(t.Context(), h.claims)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))
	assert.Equal(t, 20, h.number(`SELECT count(*) FROM passkeys`))
}

func TestTheLastWayInIsNotRemoved(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	h.add()
	first := h.id
	h.exec(`UPDATE accounts SET password_hash = ''`)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(h.s.RemovePasskey(t.Context(), h.claims, first)))
	assert.Equal(t, 1, h.number(`SELECT count(*) FROM passkeys`))
	h.key = newKey()
	h.add()
	require.NoError(t, h.s.RemovePasskey(t.Context(), h.claims, first))
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(h.s.RemovePasskey(t.Context(), h.claims, h.id)))
	require.NoError(t, h.prove(h.signed(h.askedToConfirm())), "an account without a password confirms by its passkey")
}

// A member of staff whose session has shown a passkey is a member of staff; with a password
// alone a thief neither becomes one nor adds a passkey.
func TestAPasskeyCountsAsTheSecondFactorOfStaff(t *testing.T) {
	t.Parallel()
	h := newHolder(t, accounts.WithFactors(accounts.FactorOptions{Box: testBox(t), StaffMust: true}))
	h.exec(`UPDATE accounts SET role = 'support'`)
	h.claims = h.password("asha@example.com")
	lacks := func(by accounts.Claims) bool {
		t.Helper()
		now, err := h.s.Standing(t.Context(), &by)
		require.NoError(t, err)
		return now.LacksFactor
	}
	assert.True(t, lacks(h.claims))
	h.add()
	assert.False(t, lacks(h.claims), "the session that added it has shown it")

	pair, err := h.logIn(h.signed(h.asked()))
	require.NoError(t, err)
	assert.False(t, lacks(h.read(pair)), "no second step is asked for")

	thief := *h
	thief.claims = h.password("asha@example.com")
	assert.True(t, lacks(thief.claims))
	_, err = h.s.BeginPasskey(t.Context(), thief.claims)
	assert.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(err))
	_, err = h.s.BeginTOTP(t.Context(), thief.claims)
	assert.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(err))
	assert.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(h.s.RemovePasskey(t.Context(), thief.claims, h.id)))
	err = h.s.Confirm(t.Context(), thief.claims, accounts.Proof{Password: goodPassword}, accounts.Client{Address: home})
	assert.Equal(t, []string{"passkey"}, fieldsOf(t, err), "the password is not enough")

	begun, err := h.s.BeginTOTP(t.Context(), h.claims)
	require.NoError(t, err)
	g := &guarded{t: t, s: h.s, db: h.db, claims: h.claims, secret: begun.Secret}
	other := h.read(pair)
	_, err = h.s.ConfirmTOTP(t.Context(), h.claims, g.code(-1))
	require.NoError(t, err)
	pair, err = h.logIn(h.signed(h.asked()))
	require.NoError(t, err, "with an app, too, a passkey is all that is asked for")
	require.NoError(t, h.s.RemoveTOTP(t.Context(), h.read(pair)))
	assert.False(t, lacks(other), "what has shown a passkey goes on without the app")
	require.NoError(t, h.s.RemovePasskey(t.Context(), other, h.id))
	assert.True(t, lacks(other), "and not without the passkey")
}

// A stranger made the account with the address of its owner, and never proved it (A1).
func TestStrangersPasskeysEndWhenTheOwnerProvesTheAddress(t *testing.T) {
	t.Parallel()
	p := newPostWith(t, accounts.TextMessages{}, withPasskeys(t), accounts.WithFactors(accounts.FactorOptions{Box: testBox(t)}))
	p.member(mailbox)
	stranger := newHolderOn(t, p.Service, p.db, mailbox).add()
	begun, err := p.BeginTOTP(t.Context(), stranger.claims)
	require.NoError(t, err)
	g := &guarded{t: t, s: p.Service, db: p.db, claims: stranger.claims, secret: begun.Secret}
	_, err = p.ConfirmTOTP(t.Context(), stranger.claims, g.code(-1))
	require.NoError(t, err)

	require.NoError(t, p.AskForReset(t.Context(), mailbox, ""))
	require.NoError(t, p.Reset(t.Context(), p.codes.Token("reset", p.letter("reset_password", mailbox)), "velvet otter under rain"))
	_, err = stranger.logIn(stranger.signed(stranger.asked()))
	assert.Equal(t, booking.CodePasskeyUnknown, booking.CodeOf(err), "%v", err)
	by := p.in(mailbox, "velvet otter under rain")
	factors, err := p.Factors(t.Context(), by)
	require.NoError(t, err)
	assert.Empty(t, factors.Passkeys)
	assert.Nil(t, factors.TOTPSince, "the stranger's app does not keep the owner out")
	assert.Zero(t, factors.RecoveryCodes)
}

// After a new password by mail an owner sees the ways in that are left (A22).
func TestPasskeysOfAProvenAccountOutliveAReset(t *testing.T) {
	t.Parallel()
	p := newPostWith(t, accounts.TextMessages{}, withPasskeys(t))
	_, by := p.member(mailbox)
	_, err := p.ConfirmCode(t.Context(), by, "email", p.codes.Code("email", p.letter("confirm_email", mailbox)))
	require.NoError(t, err)
	h := newHolderOn(t, p.Service, p.db, mailbox).add()
	require.NoError(t, p.AskForReset(t.Context(), mailbox, ""))
	require.NoError(t, p.Reset(t.Context(), p.codes.Token("reset", p.letter("reset_password", mailbox)), "velvet otter under rain"))
	by = p.in(mailbox, "velvet otter under rain")
	all, err := p.Sessions(t.Context(), by.Subject, by.SessionFamily)
	require.NoError(t, err)
	assert.Len(t, all, 1, "the sessions of before have ended")
	factors, err := p.Factors(t.Context(), by)
	require.NoError(t, err)
	require.Len(t, factors.Passkeys, 1, "the passkey is listed")
	require.NoError(t, p.RemovePasskey(t.Context(), by, h.id))
}

// A thief changed the address and added a passkey. The first owner's link takes both back.
func TestTakingAnAddressBackRemovesPasskeys(t *testing.T) {
	t.Parallel()
	p := newPostWith(t, accounts.TextMessages{}, withPasskeys(t))
	_, by := p.member(mailbox)
	const next = "thief@example.com"
	require.NoError(t, p.AskForNewEmail(t.Context(), by, next, ""))
	_, err := p.ConfirmNewEmail(t.Context(), by, p.codes.Code("new_email", p.letter("new_email", next)))
	require.NoError(t, err)
	thief := newHolderOn(t, p.Service, p.db, next).add()
	require.NoError(t, p.UndoNewEmail(t.Context(), p.codes.Token("undo_email", p.letter("email_changed", mailbox)), ""))
	_, err = thief.logIn(thief.signed(thief.asked()))
	assert.Equal(t, booking.CodePasskeyUnknown, booking.CodeOf(err), "%v", err)
}

// The thief set up an app, linked a log-in by a provider, and has a log-in under way that only
// waits for the thief's code.
func TestTakingAnAddressBackRemovesAllWaysIn(t *testing.T) {
	t.Parallel()
	p := newPostWith(t, accounts.TextMessages{}, withPasskeys(t))
	_, by := p.member(mailbox)
	const next = "thief@example.com"
	require.NoError(t, p.AskForNewEmail(t.Context(), by, next, ""))
	_, err := p.ConfirmNewEmail(t.Context(), by, p.codes.Code("new_email", p.letter("new_email", next)))
	require.NoError(t, err)
	tables := []string{"totp_factors", "recovery_codes", "factor_challenges", "identities", "identity_offers"}
	for i, row := range []string{
		`INSERT INTO totp_factors (account_id, secret, confirmed_at) VALUES ($1, '\x00', now())`,
		`INSERT INTO recovery_codes (account_id, hash) VALUES ($1, '\x00')`,
		`INSERT INTO factor_challenges (account_id, hash, keeper, expires_at) VALUES ($1, '\x00', 'app', now() + interval '5 minutes')`,
		`INSERT INTO identities (account_id, provider, issuer, subject) VALUES ($1, 'house', 'https://house.example', 'thief')`,
		`INSERT INTO identity_offers (account_id, browser_hash, provider, issuer, subject, email, name, challenge_hash, expires_at)
			VALUES ($1, '\x00', 'house', 'https://house.example', 'thief-2', 'thief@example.com', 'T', '\x00', now() + interval '5 minutes')`,
	} {
		_, err := p.db.Pool.Exec(t.Context(), row, by.Subject)
		require.NoError(t, err, tables[i])
	}
	require.NoError(t, p.UndoNewEmail(t.Context(), p.codes.Token("undo_email", p.letter("email_changed", mailbox)), ""))
	for _, table := range tables {
		var left int
		require.NoError(t, p.db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table+` WHERE account_id = $1`, by.Subject).Scan(&left))
		assert.Zero(t, left, table)
	}
	require.NoError(t, p.Reset(t.Context(), p.codes.Token("reset", p.letter("reset_password", mailbox)), "velvet otter under rain"))
	p.in(mailbox, "velvet otter under rain") // in one step
}

// A flood of wrong passwords keeps passwords waiting, and no passkey.
func TestWrongPasswordsDoNotSlowPasskeys(t *testing.T) {
	t.Parallel()
	s, db := limitedService(t, accounts.Limits{PerNetwork: 20}, withPasskeys(t))
	register(t, s)
	h := newHolderOn(t, s, db, "asha@example.com").add()
	waits := false
	for range 60 {
		_, err := s.Login(t.Context(), "asha@example.com", "wrong password", accounts.Client{Address: home})
		waits = waits || booking.CodeOf(err) == booking.CodeTooManyRequests
	}
	require.True(t, waits)
	_, err := h.logIn(h.signed(h.asked()))
	require.NoError(t, err)
}

func TestGuestsHaveNoPasskeys(t *testing.T) {
	t.Parallel()
	p := newPostWith(t, accounts.TextMessages{}, withPasskeys(t))
	pair, err := p.BeginGuest(t.Context(), accounts.GuestRequest{Email: mailbox}, accounts.Client{Address: home})
	require.NoError(t, err)
	_, err = p.BeginPasskey(t.Context(), p.claims(pair))
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), "%v", err)
}

func TestWhereThereArePasskeys(t *testing.T) {
	t.Parallel()
	for address, off := range map[string]string{
		"https://boxoffice.example":      "",
		"https://boxoffice.example:8443": "",
		"http://localhost:8080":          "",
		"http://127.0.0.1:8080":          "an IP address",
		"https://192.0.2.7":              "an IP address",
		"https://[2001:db8::1]":          "an IP address",
		"http://boxoffice.example":       "https only",
		"https://boxoffice":              "cannot belong to boxoffice",
	} {
		party, err := accounts.NewRelyingParty(address)
		require.NoError(t, err)
		if off == "" {
			assert.Empty(t, party.Off(), address)
			continue
		}
		assert.Contains(t, party.Off(), off, address)
		s, _ := limitedService(t, accounts.Limits{}, accounts.WithPasskeys(party))
		register(t, s)
		claims, err := s.Verify(login(t, s).AccessToken)
		require.NoError(t, err)
		_, err = s.AskForPasskey(t.Context(), thisBrowser)
		assert.Equal(t, booking.CodePasskeysOff, booking.CodeOf(err))
		assert.ErrorContains(t, err, off)
		_, err = s.BeginPasskey(t.Context(), *claims)
		assert.Equal(t, booking.CodePasskeysOff, booking.CodeOf(err))
		factors, err := s.Factors(t.Context(), *claims)
		require.NoError(t, err)
		assert.Equal(t, party.Off(), *factors.PasskeysOff)
	}
	_, err := accounts.NewRelyingParty("boxoffice.example")
	assert.ErrorContains(t, err, "is no address")
}
