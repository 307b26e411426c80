package accounts_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/password"
)

func TestMain(m *testing.M) {
	password.Use(password.Cost{Memory: 1, Passes: 1}) // these tests are not about how long it takes
	databasetest.Main(m)
}

const goodPassword = "correct horse battery"

// home is where the owner of an account is.
var home = netip.MustParseAddr("192.0.2.1")

func newService(t *testing.T) (*accounts.Service, *database.DB) {
	t.Helper()
	return limitedService(t, accounts.Limits{})
}

func limitedService(t *testing.T, limits accounts.Limits, options ...accounts.Option) (*accounts.Service, *database.DB) {
	t.Helper()
	db := databasetest.New(t)
	return serviceOn(t, db, limits, options...), db
}

// serviceOn is one process of those that share a database.
func serviceOn(t *testing.T, db *database.DB, limits accounts.Limits, options ...accounts.Option) *accounts.Service {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	tokens, err := accounts.NewTokens([]ed25519.PrivateKey{key}, "https://boxoffice.example")
	require.NoError(t, err)
	s := accounts.New(db, tokens, limits, options...)
	s.StopClock()
	return s
}

func register(t *testing.T, s *accounts.Service) accounts.Account {
	t.Helper()
	account, err := s.Register(t.Context(), accounts.Registration{
		Email: "Asha@Example.com", Password: goodPassword, Name: " Asha O'Neill ", Phone: "+91 98200-12345",
	}, home)
	require.NoError(t, err)
	return account
}

func login(t *testing.T, s *accounts.Service) accounts.TokenPair {
	t.Helper()
	pair, err := s.Login(t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	require.NoError(t, err)
	return pair
}

func TestRegisterAndLogIn(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	account := register(t, s)
	assert.Equal(t, "Asha O'Neill", account.Name)
	assert.Equal(t, "+919820012345", account.Phone)
	assert.Equal(t, "customer", account.Role)
	assert.False(t, account.CreatedAt.IsZero())

	read, err := s.Account(t.Context(), account.ID)
	require.NoError(t, err)
	assert.Equal(t, account, read)

	pair := login(t, s)
	assert.Equal(t, "Bearer", pair.TokenType)
	assert.Equal(t, 15*60, pair.ExpiresIn)
	claims, err := s.Verify(pair.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, account.ID, claims.Subject)
	assert.Equal(t, "customer", claims.Role)

	var stored string
	require.NoError(t, db.Pool.QueryRow(t.Context(),
		`SELECT a::text || s::text FROM accounts a JOIN sessions s ON s.account_id = a.id`).Scan(&stored))
	assert.NotContains(t, stored, goodPassword)
	assert.NotContains(t, stored, pair.RefreshToken)
	assert.Contains(t, stored, "$argon2id$")
}

func TestRegisterNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	good := accounts.Registration{Email: "a@example.com", Password: goodPassword, Name: "A"}
	for name, test := range map[string]struct {
		change func(*accounts.Registration)
		fields []string
	}{
		"all of them":       {func(r *accounts.Registration) { *r = accounts.Registration{Phone: "1"} }, []string{"email", "password", "name", "phone"}},
		"no address":        {func(r *accounts.Registration) { r.Email = "asha" }, []string{"email"}},
		"no domain":         {func(r *accounts.Registration) { r.Email = "asha@localhost" }, []string{"email"}},
		"display name":      {func(r *accounts.Registration) { r.Email = "Asha <asha@example.com>" }, []string{"email"}},
		"two addresses":     {func(r *accounts.Registration) { r.Email = "a@example.com,b@example.com" }, []string{"email"}},
		"header injection":  {func(r *accounts.Registration) { r.Email = "a@example.com\r\nBcc: b@example.com" }, []string{"email"}},
		"long address":      {func(r *accounts.Registration) { r.Email = strings.Repeat("a", 250) + "@b.co" }, []string{"email"}},
		"short password":    {func(r *accounts.Registration) { r.Password = "ninechars" }, []string{"password"}},
		"long password":     {func(r *accounts.Registration) { r.Password = strings.Repeat("x", 129) }, []string{"password"}},
		"blank name":        {func(r *accounts.Registration) { r.Name = " \t" }, []string{"name"}},
		"long name":         {func(r *accounts.Registration) { r.Name = strings.Repeat("x", 101) }, []string{"name"}},
		"two-line name":     {func(r *accounts.Registration) { r.Name = "A\nB" }, []string{"name"}},
		"turned-round name": {func(r *accounts.Registration) { r.Name = "A\u202eB" }, []string{"name"}},
		"name with NUL":     {func(r *accounts.Registration) { r.Name = "A\x00B" }, []string{"name"}},
		"local phone":       {func(r *accounts.Registration) { r.Phone = "098200 12345" }, []string{"phone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good
			test.change(&r)
			_, err := s.Register(t.Context(), r, home)
			assert.Equal(t, test.fields, fieldsOf(t, err))
		})
	}
}

func TestRegisterAcceptsTheWorldsNames(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	for i, name := range []string{"आशा रमन", "Łukasz", "O'Neill-Smith", "李", "Robert'); DROP TABLE accounts;--"} {
		account, err := s.Register(t.Context(), accounts.Registration{
			Email: string(rune('a'+i)) + "@example.com", Password: "пароль и ещё", Name: name,
		}, home)
		require.NoError(t, err)
		assert.Equal(t, name, account.Name)
	}
}

func TestRegisterTwiceIsAConflict(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	register(t, s)
	_, err := s.Register(t.Context(), accounts.Registration{Email: "ASHA@example.COM", Password: goodPassword, Name: "B"}, home)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))
	assert.Equal(t, []string{"email"}, fieldsOf(t, err))
}

func TestLogInDoesNotTellWhetherAnAccountExists(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	register(t, s)
	var answers []string
	for _, try := range [][2]string{
		{"asha@example.com", "wrong password"}, {"nobody@example.com", goodPassword}, {"", ""}, {"\x00", goodPassword}, {"\xff", goodPassword},
	} {
		_, err := s.Login(t.Context(), try[0], try[1], accounts.Client{Address: home})
		require.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "%q", try[0])
		answers = append(answers, err.Error())
	}
	for _, answer := range answers {
		assert.Equal(t, answers[0], answer)
	}
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	account := register(t, s)
	first := login(t, s)
	second, err := s.Refresh(t.Context(), first.RefreshToken, home)
	require.NoError(t, err)
	assert.NotEqual(t, first.RefreshToken, second.RefreshToken)
	claims, err := s.Verify(second.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, account.ID, claims.Subject)
	before, err := s.Verify(first.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, before.SessionFamily, claims.SessionFamily)
}

func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	register(t, s)
	expired := login(t, s)
	_, err := db.Pool.Exec(t.Context(), `UPDATE sessions SET expires_at = now() - interval '1 second'`)
	require.NoError(t, err)
	loggedOut := login(t, s)
	claims, err := s.Verify(loggedOut.AccessToken)
	require.NoError(t, err)
	require.NoError(t, s.Logout(t.Context(), claims.SessionFamily))
	for name, token := range map[string]string{
		"expired": expired.RefreshToken, "logged out": loggedOut.RefreshToken, "unknown": "x", "none": "", "an access token": loggedOut.AccessToken,
	} {
		_, err := s.Refresh(t.Context(), token, home)
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), name)
	}
	var left int
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM sessions`).Scan(&left))
	assert.Equal(t, 1, left, "a log-in clears what has expired")
}

func TestUpdateProfile(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	account := register(t, s)
	name, none, bad := "Asha Raman", "", "12"
	changed, err := s.UpdateProfile(t.Context(), account.ID, accounts.Profile{Name: &name, Phone: &none})
	require.NoError(t, err)
	assert.Equal(t, name, changed.Name)
	assert.Empty(t, changed.Phone)
	assert.Equal(t, account.Email, changed.Email)

	same, err := s.UpdateProfile(t.Context(), account.ID, accounts.Profile{})
	require.NoError(t, err)
	assert.Equal(t, changed, same)

	_, err = s.UpdateProfile(t.Context(), account.ID, accounts.Profile{Name: &none, Phone: &bad})
	assert.Equal(t, []string{"name", "phone"}, fieldsOf(t, err))
	_, err = s.UpdateProfile(t.Context(), uuid.NewString(), accounts.Profile{Name: &name})
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	_, err = s.Account(t.Context(), uuid.NewString())
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}

func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var refused *booking.Error
	require.True(t, errors.As(err, &refused), "%v", err)
	var fields []string
	for _, f := range refused.Fields {
		fields = append(fields, f.Field)
	}
	return fields
}

// The mail vendor takes domains in ASCII alone; people see theirs as they write it.
func TestDomainsInOtherScripts(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	account, err := s.Register(t.Context(), accounts.Registration{Email: "asha@bücher.example", Password: goodPassword, Name: "Asha"}, home)
	require.NoError(t, err)
	assert.Equal(t, "asha@bücher.example", account.Email)
	_, err = s.Register(t.Context(), accounts.Registration{Email: "asha@xn--bcher-kva.example", Password: goodPassword, Name: "Asha"}, home)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), "one mailbox, one account")
	stored := func() (email string) {
		require.NoError(t, db.Bun.NewSelect().Table("accounts").Column("email").Where("id = ?", account.ID).Scan(t.Context(), &email))
		return email
	}
	assert.Equal(t, "asha@xn--bcher-kva.example", stored())
	for _, before := range []string{stored(), "asha@bücher.example"} { // the second as it was stored once
		_, err := db.Bun.NewUpdate().Table("accounts").Set("email = ?", before).Where("id = ?", account.ID).Exec(t.Context())
		require.NoError(t, err)
		for _, written := range []string{"asha@bücher.example", "ASHA@BÜCHER.example", "asha@xn--bcher-kva.example"} {
			_, err := s.Login(t.Context(), written, goodPassword, accounts.Client{Address: home})
			assert.NoError(t, err, written)
			_, err = s.Register(t.Context(), accounts.Registration{Email: written, Password: goodPassword, Name: "Another"}, home)
			assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), "no one takes the place of an owner: %s", written)
		}
	}
}
