package accounts_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/database"
)

// thisBrowser is the value of a browser's cookie.
const thisBrowser = "the cookie of a browser"

var ourParty = virtualwebauthn.RelyingParty{ID: "boxoffice.example", Name: "Boxoffice", Origin: "https://boxoffice.example"}

// holder is a person with an authenticator, and a session of their account.
type holder struct {
	t      *testing.T
	s      *accounts.Service
	db     *database.DB
	claims accounts.Claims
	party  virtualwebauthn.RelyingParty
	device virtualwebauthn.Authenticator
	key    virtualwebauthn.Credential
	id     uuid.UUID // of the passkey that was added
}

func withPasskeys(t *testing.T) accounts.Option {
	t.Helper()
	party, err := accounts.NewRelyingParty("https://boxoffice.example")
	require.NoError(t, err)
	require.Empty(t, party.Off())
	return accounts.WithPasskeys(party)
}

func newHolder(t *testing.T, options ...accounts.Option) *holder {
	t.Helper()
	s, db := limitedService(t, accounts.Limits{}, append([]accounts.Option{withPasskeys(t)}, options...)...)
	register(t, s)
	return newHolderOn(t, s, db, "asha@example.com")
}

// newHolderOn is the owner of an account that is there.
func newHolderOn(t *testing.T, s *accounts.Service, db *database.DB, email string) *holder {
	t.Helper()
	h := &holder{t: t, s: s, db: db, party: ourParty, device: virtualwebauthn.NewAuthenticator(),
		key: newKey()}
	h.claims = h.password(email)
	return h
}

// password logs in by the password.
func (h *holder) password(email string) accounts.Claims {
	h.t.Helper()
	pair, err := h.s.Login(h.t.Context(), email, goodPassword, accounts.Client{Address: home})
	require.NoError(h.t, err)
	return h.read(pair)
}

func (h *holder) read(pair accounts.TokenPair) accounts.Claims {
	h.t.Helper()
	claims, err := h.s.Verify(pair.AccessToken)
	require.NoError(h.t, err)
	return *claims
}

// wanted is what the platform asks a browser to make.
func (h *holder) wanted() virtualwebauthn.AttestationOptions {
	h.t.Helper()
	options, err := h.s.BeginPasskey(h.t.Context(), h.claims)
	require.NoError(h.t, err)
	read, err := virtualwebauthn.ParseAttestationOptions(string(options))
	require.NoError(h.t, err)
	return *read
}

func (h *holder) made(options virtualwebauthn.AttestationOptions) json.RawMessage {
	return json.RawMessage(virtualwebauthn.CreateAttestationResponse(h.party, h.device, h.key, options))
}

func (h *holder) confirm(credential json.RawMessage) error {
	h.t.Helper()
	kept, err := h.s.ConfirmPasskey(h.t.Context(), h.claims, accounts.NewPasskey{Name: "Phone", Credential: credential}, accounts.Client{Address: home})
	if err == nil {
		h.id = kept.ID
	}
	return err
}

// add adds the passkey.
func (h *holder) add() *holder {
	h.t.Helper()
	options := h.wanted()
	h.device.Options.UserHandle = []byte(options.UserID)
	require.NoError(h.t, h.confirm(h.made(options)))
	return h
}

// asked is what the platform asks a browser to sign.
func (h *holder) asked() virtualwebauthn.AssertionOptions {
	h.t.Helper()
	options, err := h.s.AskForPasskey(h.t.Context(), thisBrowser)
	require.NoError(h.t, err)
	read, err := virtualwebauthn.ParseAssertionOptions(string(options))
	require.NoError(h.t, err)
	return *read
}

func (h *holder) signed(options virtualwebauthn.AssertionOptions) json.RawMessage {
	return json.RawMessage(virtualwebauthn.CreateAssertionResponse(h.party, h.device, h.key, options))
}

func (h *holder) logIn(answer json.RawMessage) (accounts.TokenPair, error) {
	h.t.Helper()
	return h.s.LogInByPasskey(h.t.Context(), thisBrowser, answer, accounts.Client{Address: home})
}

func (h *holder) exec(statement string, args ...any) {
	h.t.Helper()
	_, err := h.db.Pool.Exec(h.t.Context(), statement, args...)
	require.NoError(h.t, err)
}

func (h *holder) number(query string, args ...any) (n int) {
	h.t.Helper()
	require.NoError(h.t, h.db.Pool.QueryRow(h.t.Context(), query, args...).Scan(&n))
	return n
}

func TestAPasskeyLogsInWithoutAName(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	h.add()
	handle := h.device.Options.UserHandle
	assert.Len(t, handle, 64)
	assert.NotContains(t, string(handle), h.claims.Subject, "the handle is kept in password managers: it is not the account's id")

	options := h.asked()
	assert.Empty(t, options.AllowCredentials, "the options name no account")
	pair, err := h.logIn(h.signed(options))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(pair.RefreshToken, "b."), "a session of a browser")
	by := h.read(pair)
	assert.Equal(t, h.claims.Subject, by.Subject)
	assert.Equal(t, 1, h.number(`SELECT count(*) FROM session_factors WHERE family = $1 AND way = 'passkey'`, by.SessionFamily))

	factors, err := h.s.Factors(t.Context(), by)
	require.NoError(t, err)
	require.Len(t, factors.Passkeys, 1)
	assert.Nil(t, factors.PasskeysOff)
	assert.Equal(t, "Phone", factors.Passkeys[0].Name)
	assert.NotNil(t, factors.Passkeys[0].LastUsedAt)
	assert.False(t, factors.Passkeys[0].Synced)
	require.NoError(t, h.s.RenamePasskey(t.Context(), by, h.id, " My phone "))
	factors, err = h.s.Factors(t.Context(), by)
	require.NoError(t, err)
	assert.Equal(t, "My phone", factors.Passkeys[0].Name)
	for _, name := range []string{"", "a\nb", strings.Repeat("x", 61)} {
		assert.Equal(t, []string{"name"}, fieldsOf(t, h.s.RenamePasskey(t.Context(), by, h.id, name)))
	}
}

func TestPasskeyOptions(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	h.add()
	made, err := h.s.BeginPasskey(t.Context(), h.claims)
	require.NoError(t, err)
	var options struct {
		RP              struct{ ID, Name string }
		User, Challenge any
		Params          []struct{ Alg int }                            `json:"pubKeyCredParams"`
		Exclude         []struct{ ID string }                          `json:"excludeCredentials"`
		Want            struct{ ResidentKey, UserVerification string } `json:"authenticatorSelection"`
		Attestation     string
		Timeout         int
	}
	require.NoError(t, json.Unmarshal(made, &options))
	assert.Equal(t, "boxoffice.example", options.RP.ID)
	assert.Equal(t, []struct{ Alg int }{{-7}, {-8}, {-257}}, options.Params)
	assert.Equal(t, "required", options.Want.ResidentKey)
	assert.Equal(t, "required", options.Want.UserVerification)
	assert.Equal(t, "none", options.Attestation)
	assert.Equal(t, 300_000, options.Timeout)
	require.Len(t, options.Exclude, 1)
	assert.Equal(t, base64.RawURLEncoding.EncodeToString(h.key.ID), options.Exclude[0].ID)

	asked, err := h.s.AskForPasskey(t.Context(), thisBrowser)
	require.NoError(t, err)
	assert.Contains(t, string(asked), `"userVerification":"required"`)
	assert.NotContains(t, string(asked), "allowCredentials")
}

// newKeys are answers to a challenge for a new passkey that must not pass.
func TestNewPasskeysThatDoNotPass(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	_, err := h.s.Register(t.Context(), accounts.Registration{Email: "uma@example.com", Password: goodPassword, Name: "Uma"}, home)
	require.NoError(t, err)
	uma := newHolderOn(t, h.s, h.db, "uma@example.com")
	later := *h
	later.claims = h.password("asha@example.com")
	for name, test := range map[string]struct {
		answer func(h *holder) json.RawMessage
		code   booking.Code
	}{
		"another origin": {func(h *holder) json.RawMessage {
			h.party.Origin = "https://boxoffice.example.evil.example"
			return h.made(h.wanted())
		}, booking.CodeValidation},
		"the origin without https": {func(h *holder) json.RawMessage {
			h.party.Origin = "http://boxoffice.example"
			return h.made(h.wanted())
		}, booking.CodeValidation},
		"another relying party":      {func(h *holder) json.RawMessage { h.party.ID = "evil.example"; return h.made(h.wanted()) }, booking.CodeValidation},
		"the user is not verified":   {func(h *holder) json.RawMessage { h.device.Options.UserNotVerified = true; return h.made(h.wanted()) }, booking.CodeValidation},
		"the user is not there":      {func(h *holder) json.RawMessage { h.device.Options.UserNotPresent = true; return h.made(h.wanted()) }, booking.CodeValidation},
		"backed up and not eligible": {func(h *holder) json.RawMessage { h.device.Options.BackupState = true; return h.made(h.wanted()) }, booking.CodeValidation},
		"a challenge of nothing": {func(h *holder) json.RawMessage {
			options := h.wanted()
			options.Challenge = make([]byte, 32)
			return h.made(options)
		}, booking.CodeConflict},
		"the challenge of another account": {func(h *holder) json.RawMessage { return h.made(uma.wanted()) }, booking.CodeConflict},
		"the challenge of another session": {func(h *holder) json.RawMessage { return h.made(later.wanted()) }, booking.CodeConflict},
		"a challenge whose time is over": {func(h *holder) json.RawMessage {
			answer := h.made(h.wanted())
			h.exec(`UPDATE passkey_challenges SET expires_at = now() - interval '1 second'`)
			return answer
		}, booking.CodeConflict},
		"a challenge to log in": {func(h *holder) json.RawMessage {
			return h.made(virtualwebauthn.AttestationOptions{Challenge: h.asked().Challenge})
		}, booking.CodeConflict},
		"an algorithm that we do not take": {func(h *holder) json.RawMessage { return byHand(h, h.wanted().Challenge, es256Key(-47)) }, booking.CodeValidation},
		"no key at all":                    {func(h *holder) json.RawMessage { return byHand(h, h.wanted().Challenge, []byte{0xa0}) }, booking.CodeValidation},
		"no JSON":                          {func(*holder) json.RawMessage { return json.RawMessage(`"x"`) }, booking.CodeValidation},
		"an empty object":                  {func(*holder) json.RawMessage { return json.RawMessage(`{}`) }, booking.CodeValidation},
		"an answer of a log-in":            {func(h *holder) json.RawMessage { return h.signed(h.asked()) }, booking.CodeValidation},
	} {
		t.Run(name, func(t *testing.T) {
			one := *h
			one.t, one.key = t, newKey()
			err := one.confirm(test.answer(&one))
			assert.Equal(t, test.code, booking.CodeOf(err), "%v", err)
		})
	}
	assert.Zero(t, h.number(`SELECT count(*) FROM passkeys`))

	t.Run("a challenge twice", func(t *testing.T) {
		options := h.wanted()
		require.NoError(t, h.confirm(h.made(options)))
		other := *h
		other.key = newKey()
		assert.Equal(t, booking.CodeConflict, booking.CodeOf(other.confirm(other.made(options))))
		assert.Equal(t, 1, h.number(`SELECT count(*) FROM passkeys`))
	})
	t.Run("a passkey that is there, in another account", func(t *testing.T) {
		uma.key = h.key
		assert.Equal(t, booking.CodeConflict, booking.CodeOf(uma.confirm(uma.made(uma.wanted()))))
	})
	t.Run("a wrong answer uses the challenge up", func(t *testing.T) {
		options := uma.wanted()
		uma.key = newKey()
		wrong := *uma
		wrong.party.Origin = "https://evil.example"
		assert.Error(t, wrong.confirm(wrong.made(options)))
		assert.Equal(t, booking.CodeConflict, booking.CodeOf(uma.confirm(uma.made(options))))
	})
}

func TestPasskeyLogInsThatDoNotPass(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	h.add()
	_, err := h.s.Register(t.Context(), accounts.Registration{Email: "uma@example.com", Password: goodPassword, Name: "Uma"}, home)
	require.NoError(t, err)
	uma := newHolderOn(t, h.s, h.db, "uma@example.com").add()
	for name, test := range map[string]struct {
		answer func(h *holder) json.RawMessage
		code   booking.Code
	}{
		"another origin": {func(h *holder) json.RawMessage { h.party.Origin = "https://evil.example"; return h.signed(h.asked()) }, booking.CodeUnauthenticated},
		"a subdomain": {func(h *holder) json.RawMessage {
			h.party.Origin = "https://a.boxoffice.example"
			return h.signed(h.asked())
		}, booking.CodeUnauthenticated},
		"another port": {func(h *holder) json.RawMessage {
			h.party.Origin = "https://boxoffice.example:8443"
			return h.signed(h.asked())
		}, booking.CodeUnauthenticated},
		"another relying party":      {func(h *holder) json.RawMessage { h.party.ID = "evil.example"; return h.signed(h.asked()) }, booking.CodeUnauthenticated},
		"the user is not verified":   {func(h *holder) json.RawMessage { h.device.Options.UserNotVerified = true; return h.signed(h.asked()) }, booking.CodeUnauthenticated},
		"the user is not there":      {func(h *holder) json.RawMessage { h.device.Options.UserNotPresent = true; return h.signed(h.asked()) }, booking.CodeUnauthenticated},
		"backed up and not eligible": {func(h *holder) json.RawMessage { h.device.Options.BackupState = true; return h.signed(h.asked()) }, booking.CodeUnauthenticated},
		"a challenge of nothing": {func(h *holder) json.RawMessage {
			return h.signed(virtualwebauthn.AssertionOptions{Challenge: make([]byte, 32)})
		}, booking.CodeUnauthenticated},
		"the challenge of another browser": {func(h *holder) json.RawMessage {
			answer := h.signed(h.asked())
			h.exec(`UPDATE passkey_challenges SET browser = '\x00'`)
			return answer
		}, booking.CodeUnauthenticated},
		"a challenge whose time is over": {func(h *holder) json.RawMessage {
			answer := h.signed(h.asked())
			h.exec(`UPDATE passkey_challenges SET expires_at = now() - interval '1 second'`)
			return answer
		}, booking.CodeUnauthenticated},
		"a challenge to add a passkey": {func(h *holder) json.RawMessage {
			return h.signed(virtualwebauthn.AssertionOptions{Challenge: h.wanted().Challenge})
		}, booking.CodeUnauthenticated},
		"a challenge to confirm": {func(h *holder) json.RawMessage { return h.signed(h.askedToConfirm()) }, booking.CodeUnauthenticated},
		"the user handle of another account": {func(h *holder) json.RawMessage {
			h.device.Options.UserHandle = uma.device.Options.UserHandle
			return h.signed(h.asked())
		}, booking.CodeUnauthenticated},
		"no user handle":           {func(h *holder) json.RawMessage { h.device.Options.UserHandle = nil; return h.signed(h.asked()) }, booking.CodeUnauthenticated},
		"another key":              {func(h *holder) json.RawMessage { h.key.Key = uma.key.Key; return h.signed(h.asked()) }, booking.CodeUnauthenticated},
		"a passkey of nowhere":     {func(h *holder) json.RawMessage { h.key.ID = []byte("nothing of the kind"); return h.signed(h.asked()) }, booking.CodePasskeyUnknown},
		"no JSON":                  {func(*holder) json.RawMessage { return json.RawMessage(`[]`) }, booking.CodeUnauthenticated},
		"an empty object":          {func(*holder) json.RawMessage { return json.RawMessage(`{}`) }, booking.CodeUnauthenticated},
		"an answer of an addition": {func(h *holder) json.RawMessage { return h.made(h.wanted()) }, booking.CodeUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			one := *h
			one.t = t
			pair, err := one.logIn(test.answer(&one))
			assert.Equal(t, test.code, booking.CodeOf(err), "%v", err)
			assert.Empty(t, pair)
		})
	}
	t.Run("an answer twice, also at once", func(t *testing.T) {
		answer := h.signed(h.asked())
		var won atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := h.s.LogInByPasskey(context.WithoutCancel(t.Context()), thisBrowser, answer, accounts.Client{Address: home}); err == nil {
					won.Add(1)
				}
			})
		}
		all.Wait()
		assert.EqualValues(t, 1, won.Load())
	})
	t.Run("a suspended account", func(t *testing.T) {
		h.exec(`INSERT INTO suspensions (account_id) VALUES ($1)`, uma.claims.Subject)
		_, err := uma.logIn(uma.signed(uma.asked()))
		assert.Equal(t, booking.CodeAccountSuspended, booking.CodeOf(err))
	})
	t.Run("a passkey that was removed", func(t *testing.T) {
		require.NoError(t, h.s.RemovePasskey(t.Context(), h.claims, h.id))
		_, err := h.logIn(h.signed(h.asked()))
		assert.Equal(t, booking.CodePasskeyUnknown, booking.CodeOf(err), "%v", err)
	})
	t.Run("an account that was erased", func(t *testing.T) {
		h.exec(`DELETE FROM accounts WHERE id = $1`, uma.claims.Subject)
		_, err := uma.logIn(uma.signed(uma.asked()))
		assert.Equal(t, booking.CodePasskeyUnknown, booking.CodeOf(err), "%v", err)
		assert.Zero(t, h.number(`SELECT count(*) FROM passkey_users WHERE account_id = $1`, uma.claims.Subject))
	})
}

// The cookie that an answer comes with is the one that asked.
func TestAPasskeyAnswersTheBrowserThatAsked(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	h.add()
	first, second := h.asked(), h.asked() // two tabs of one browser
	_, err := h.s.LogInByPasskey(t.Context(), "another browser", h.signed(first), accounts.Client{Address: home})
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	for _, options := range []virtualwebauthn.AssertionOptions{second, first} {
		_, err := h.logIn(h.signed(options))
		assert.NoError(t, err, "what another browser sends takes nothing away")
	}
}

// es256Key is a COSE key on P-256 that names an algorithm from -128 to -25.
func es256Key(algorithm int) []byte {
	key := newKey().Key.AttestationData()
	return bytes.Replace(key, []byte{0x03, 0x26}, []byte{0x03, 0x38, byte(-1 - algorithm)}, 1)
}

// authenticatorData has the flags: present, verified, and with a key that a key follows.
func authenticatorData(h *holder, count uint32, key []byte) []byte {
	party := sha256.Sum256([]byte(h.party.ID))
	data := append([]byte{}, party[:]...)
	flags := byte(0x05)
	if key != nil {
		flags |= 0x40
	}
	data = binary.BigEndian.AppendUint32(append(data, flags), count)
	if key == nil {
		return data
	}
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(h.key.ID)))
	return append(append(data, h.key.ID...), key...)
}

func clientData(h *holder, kind string, challenge []byte) []byte {
	return []byte(`{"type":"webauthn.` + kind + `","challenge":"` + base64.RawURLEncoding.EncodeToString(challenge) + `","origin":"` + h.party.Origin + `"}`)
}

// byHand is a new passkey with any key, without attestation, and with what some password
// managers add unasked.
func byHand(h *holder, challenge, key []byte) json.RawMessage {
	data := authenticatorData(h, 0, key)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	encode := base64.RawURLEncoding.EncodeToString
	return json.RawMessage(`{"type":"public-key","id":"` + encode(h.key.ID) + `","rawId":"` + encode(h.key.ID) + `","clientExtensionResults":{"credProps":{"rk":true}},
		"response":{"transports":["internal","hybrid","made up"],"clientDataJSON":"` + encode(clientData(h, "create", challenge)) + `","attestationObject":"` + encode(append(object, data...)) + `"}}`)
}

func TestPasskeysOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	for name, kind := range map[string]virtualwebauthn.KeyType{"ES256": virtualwebauthn.KeyTypeEC2, "RS256": virtualwebauthn.KeyTypeRSA} {
		t.Run(name, func(t *testing.T) {
			one := *h
			one.t, one.key = t, virtualwebauthn.NewCredential(kind)
			one.add()
			_, err := one.logIn(one.signed(one.asked()))
			require.NoError(t, err)
		})
	}
	t.Run("EdDSA", func(t *testing.T) {
		one := *h
		one.t, one.key = t, virtualwebauthn.Credential{ID: []byte("a key on Ed25519")}
		public, private, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		options := one.wanted()
		require.NoError(t, one.confirm(byHand(&one, options.Challenge, append([]byte("\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20"), public...))))
		data, said := authenticatorData(&one, 1, nil), clientData(&one, "get", one.asked().Challenge)
		hash := sha256.Sum256(said)
		encode := base64.RawURLEncoding.EncodeToString
		_, err = one.logIn(json.RawMessage(`{"type":"public-key","id":"` + encode(one.key.ID) + `","rawId":"` + encode(one.key.ID) + `",
			"response":{"authenticatorData":"` + encode(data) + `","clientDataJSON":"` + encode(said) + `","userHandle":"` + encode([]byte(options.UserID)) + `",
			"signature":"` + encode(ed25519.Sign(private, append(bytes.Clone(data), hash[:]...))) + `"}}`))
		require.NoError(t, err)
	})
	assert.Equal(t, 1, h.number(`SELECT count(*) FROM passkeys WHERE transports = '{internal,hybrid}'`), "what is no transport is not kept")
	assert.Equal(t, 3, h.number(`SELECT count(DISTINCT algorithm) FROM passkeys WHERE algorithm IN (-7, -8, -257)`))
}

// newKey has coordinates of whole length: the library cuts zeros off their beginning, and one
// key in a hundred is refused for that.
func newKey() virtualwebauthn.Credential {
	const whole = 77 // bytes of a COSE key of P-256 (RFC 9053, section 7.1.1)
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}
