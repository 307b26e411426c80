package accounts_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/sealing"
)

// guarded is an account with an authenticator app, and the session that set it up.
type guarded struct {
	t        *testing.T
	s        *accounts.Service
	db       *database.DB
	claims   accounts.Claims
	secret   string
	recovery []string
}

func factorService(t *testing.T, options accounts.FactorOptions) (*accounts.Service, *database.DB) {
	t.Helper()
	if options.Box == nil {
		options.Box = testBox(t)
	}
	return limitedService(t, accounts.Limits{}, accounts.WithFactors(options))
}

func testBox(t *testing.T) *sealing.Box {
	t.Helper()
	box, err := sealing.New(bytes.Repeat([]byte{7}, sealing.KeySize))
	require.NoError(t, err)
	return box
}

func newGuarded(t *testing.T, options accounts.FactorOptions) *guarded {
	t.Helper()
	s, db := factorService(t, options)
	register(t, s)
	claims, err := s.Verify(login(t, s).AccessToken)
	require.NoError(t, err)
	g := &guarded{t: t, s: s, db: db, claims: *claims}
	begun, err := s.BeginTOTP(t.Context(), g.claims)
	require.NoError(t, err)
	g.secret = begun.Secret
	g.recovery, err = s.ConfirmTOTP(t.Context(), g.claims, g.code(-1))
	require.NoError(t, err)
	require.Len(t, g.recovery, 10)
	return g
}

// code is the one of a step that is so far from now, by the database's clock.
func (g *guarded) code(steps int64) string {
	g.t.Helper()
	var now, seconds int64
	// Not in the last seconds of a step: another one would begin before the code is compared.
	require.Eventually(g.t, func() bool {
		err := g.db.Pool.QueryRow(g.t.Context(), `SELECT at / 30, at % 30 FROM (SELECT floor(extract(epoch FROM clock_timestamp()))::bigint at) clock`).Scan(&now, &seconds)
		return err == nil && seconds < 24
	}, 20*time.Second, 100*time.Millisecond)
	code, err := hotp.GenerateCode(g.secret, uint64(now+steps))
	require.NoError(g.t, err)
	return code
}

// wrong is a code that is of no step near now.
func (g *guarded) wrong() string {
	near := map[string]bool{}
	for step := int64(-25); step < 25; step++ {
		near[g.code(step)] = true
	}
	for n := range 100 {
		if code := fmt.Sprintf("%06d", n); !near[code] {
			return code
		}
	}
	panic("a hundred codes are not all near")
}

// half is a log-in that has passed its first step.
func (g *guarded) half() string {
	g.t.Helper()
	pair, err := g.s.Login(g.t.Context(), "asha@example.com", goodPassword, accounts.Client{Address: home})
	var step *accounts.SecondStep
	require.ErrorAs(g.t, err, &step)
	assert.Empty(g.t, pair, "there is no session yet")
	return step.Challenge
}

func (g *guarded) answer(a accounts.Answer) error {
	_, err := g.s.SecondFactor(g.t.Context(), a, accounts.Client{Address: home})
	return err
}

// forget lets every step be used again, and forgives wrong codes.
func (g *guarded) forget() {
	g.exec(`UPDATE totp_factors SET last_step = 0`)
	g.exec(`DELETE FROM factor_tries`)
}

func (g *guarded) exec(statement string, args ...any) {
	g.t.Helper()
	_, err := g.db.Pool.Exec(g.t.Context(), statement, args...)
	require.NoError(g.t, err)
}

func (g *guarded) number(query string) (n int) {
	g.t.Helper()
	require.NoError(g.t, g.db.Pool.QueryRow(g.t.Context(), query).Scan(&n))
	return n
}

func TestSecondFactorIsAskedForFromItsFirstCodeOn(t *testing.T) {
	t.Parallel()
	s, db := factorService(t, accounts.FactorOptions{})
	register(t, s)
	claims, err := s.Verify(login(t, s).AccessToken)
	require.NoError(t, err)
	begun, err := s.BeginTOTP(t.Context(), *claims)
	require.NoError(t, err)
	assert.Contains(t, begun.URL, "otpauth://totp/Boxoffice:Asha@example.com?")
	assert.True(t, strings.HasPrefix(begun.QR, "data:image/png;base64,iVBOR"), "%.40s", begun.QR)
	login(t, s) // it waits for its first code, and does not keep its owner out

	g := &guarded{t: t, s: s, db: db, claims: *claims, secret: begun.Secret}
	_, err = s.ConfirmTOTP(t.Context(), *claims, g.wrong())
	require.Equal(t, booking.CodeValidation, booking.CodeOf(err), "%v", err)
	again, err := s.BeginTOTP(t.Context(), *claims)
	require.NoError(t, err)
	assert.NotEqual(t, begun.Secret, again.Secret)
	_, err = s.ConfirmTOTP(t.Context(), *claims, g.code(0))
	require.Equal(t, booking.CodeValidation, booking.CodeOf(err), "the code of the secret before")
	g.secret = again.Secret
	codes, err := s.ConfirmTOTP(t.Context(), *claims, g.code(-1))
	require.NoError(t, err)
	require.Len(t, codes, 10)

	_, err = s.BeginTOTP(t.Context(), *claims)
	require.Equal(t, booking.CodeConflict, booking.CodeOf(err), "a secret that was confirmed is not replaced")
	var stored string
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT encode(secret, 'escape') || (SELECT string_agg(encode(hash, 'escape'), ' ') FROM recovery_codes) FROM totp_factors`).Scan(&stored))
	assert.NotContains(t, stored, again.Secret)
	assert.NotContains(t, stored, strings.ReplaceAll(codes[0], "-", ""))

	require.NoError(t, g.answer(accounts.Answer{Challenge: g.half(), Code: g.code(0)}))
	factors, err := s.Factors(t.Context(), *claims)
	require.NoError(t, err)
	assert.NotNil(t, factors.TOTPSince)
	assert.Equal(t, 10, factors.RecoveryCodes)
}

// The enrolment's code is used up, one code gives one session, and a fault of the database
// is not a wrong code.
func TestScenario10_CodesAreTakenOnce(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, accounts.FactorOptions{})
	t.Run("the enrolment's code", func(t *testing.T) {
		g.exec(`UPDATE totp_factors SET last_step = floor(extract(epoch FROM clock_timestamp()))::bigint / 30`)
		require.ErrorContains(t, g.answer(accounts.Answer{Challenge: g.half(), Code: g.code(0)}), "validation_failed")
		require.ErrorContains(t, g.answer(accounts.Answer{Challenge: g.half(), Code: g.code(-1)}), "validation_failed")
	})
	t.Run("the same code at once", func(t *testing.T) {
		g.forget()
		code := g.code(0)
		halves := []string{g.half(), g.half()}
		before := g.number(`SELECT count(*) FROM sessions`)
		var won atomic.Int32
		var all sync.WaitGroup
		for _, half := range halves {
			all.Go(func() {
				err := g.answer(accounts.Answer{Challenge: half, Code: code})
				if err == nil {
					won.Add(1)
					return
				}
				assert.Equal(t, booking.CodeValidation, booking.CodeOf(err), "%v", err)
			})
		}
		all.Wait()
		assert.EqualValues(t, 1, won.Load())
		assert.Equal(t, before+1, g.number(`SELECT count(*) FROM sessions`))
	})
	t.Run("the code of a step before one that was used", func(t *testing.T) {
		g.forget()
		require.NoError(t, g.answer(accounts.Answer{Challenge: g.half(), Code: g.code(0)}))
		require.ErrorContains(t, g.answer(accounts.Answer{Challenge: g.half(), Code: g.code(-1)}), "validation_failed")
	})
	t.Run("a fault of the database", func(t *testing.T) {
		g.forget()
		half := g.half()
		g.exec(`ALTER TABLE totp_factors RENAME TO gone`)
		err := g.answer(accounts.Answer{Challenge: half, Code: g.code(0)})
		g.exec(`ALTER TABLE gone RENAME TO totp_factors`)
		require.Equal(t, booking.CodeInternal, booking.CodeOf(err), "%v", err)
		require.NoError(t, g.answer(accounts.Answer{Challenge: half, Code: g.code(0)}), "nothing was used up")
	})
}

func TestScenario10_GuessesAtOnce(t *testing.T) {
	t.Parallel()
	for name, halves := range map[string]int{"of one log-in": 1, "of many log-ins": 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, accounts.FactorOptions{})
			challenges := make([]string, halves)
			for i := range challenges {
				challenges[i] = g.half()
			}
			code := g.wrong()
			var compared atomic.Int32
			var all sync.WaitGroup
			for n := range 100 {
				all.Go(func() {
					switch err := g.answer(accounts.Answer{Challenge: challenges[n%halves], Code: code}); booking.CodeOf(err) {
					case booking.CodeValidation:
						compared.Add(1)
					case booking.CodeTooManyRequests, booking.CodeUnauthenticated:
					default:
						assert.NoError(t, err)
					}
				})
			}
			all.Wait()
			assert.EqualValues(t, 5, compared.Load())

			err := g.answer(accounts.Answer{Challenge: g.half(), Code: g.code(0)})
			var e *booking.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, booking.CodeTooManyRequests, e.Code, "a new log-in is no new count")
			assert.InDelta(t, 30, e.RetryAfter.Seconds(), 10)
			require.NoError(t, g.answer(accounts.Answer{Challenge: g.half(), RecoveryCode: g.recovery[0]}), "who has a recovery code is not kept out")
			require.NoError(t, g.answer(accounts.Answer{Challenge: g.half(), Code: g.code(0)}), "that cleared the count")
		})
	}
}

func TestWaitsForCodesGrow(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, accounts.FactorOptions{})
	var waits []int
	for range 18 {
		half := g.half()
		require.Equal(t, booking.CodeValidation, booking.CodeOf(g.answer(accounts.Answer{Challenge: half, Code: g.wrong()})))
		waits = append(waits, g.number(`SELECT CASE WHEN next_at = '-infinity' THEN 0 ELSE round(extract(epoch FROM next_at - now()) / 10)::int * 10 END FROM factor_tries`))
		g.exec(`UPDATE factor_tries SET next_at = '-infinity'`)
	}
	assert.Equal(t, []int{0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 28800, 28800, 28800, 28800}, waits)
}

func TestHostileCodes(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, accounts.FactorOptions{})
	other := newGuarded(t, accounts.FactorOptions{})
	for name, test := range map[string]struct {
		answer func() accounts.Answer
		code   booking.Code
	}{
		"two steps ago":                      {func() accounts.Answer { return accounts.Answer{Code: g.code(-3)} }, booking.CodeValidation},
		"the next step":                      {func() accounts.Answer { return accounts.Answer{Code: g.code(2)} }, booking.CodeValidation},
		"an hour ago":                        {func() accounts.Answer { return accounts.Answer{Code: g.code(-120)} }, booking.CodeValidation},
		"of another account":                 {func() accounts.Answer { return accounts.Answer{Code: other.code(0)} }, booking.CodeValidation},
		"five digits":                        {func() accounts.Answer { return accounts.Answer{Code: g.code(0)[:5]} }, booking.CodeValidation},
		"seven digits":                       {func() accounts.Answer { return accounts.Answer{Code: g.code(0) + "0"} }, booking.CodeValidation},
		"other digits of Unicode":            {func() accounts.Answer { return accounts.Answer{Code: "٠١٢٣٤٥"} }, booking.CodeValidation},
		"U+0000":                             {func() accounts.Answer { return accounts.Answer{Code: "\x00"} }, booking.CodeValidation},
		"no code":                            {func() accounts.Answer { return accounts.Answer{} }, booking.CodeValidation},
		"two ways at once":                   {func() accounts.Answer { return accounts.Answer{Code: g.code(0), RecoveryCode: g.recovery[0]} }, booking.CodeValidation},
		"a recovery code of another account": {func() accounts.Answer { return accounts.Answer{RecoveryCode: other.recovery[0]} }, booking.CodeValidation},
		"a part of a recovery code":          {func() accounts.Answer { return accounts.Answer{RecoveryCode: g.recovery[0][:19]} }, booking.CodeValidation},
		"a recovery code as a code":          {func() accounts.Answer { return accounts.Answer{Code: g.recovery[0]} }, booking.CodeValidation},
		"an unknown challenge":               {func() accounts.Answer { return accounts.Answer{Challenge: "x", Code: g.code(0)} }, booking.CodeUnauthenticated},
		"a challenge of another database":    {func() accounts.Answer { return accounts.Answer{Challenge: other.half(), Code: g.code(0)} }, booking.CodeUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			g.forget()
			answer := test.answer()
			if answer.Challenge == "" {
				answer.Challenge = g.half()
			}
			require.Equal(t, test.code, booking.CodeOf(g.answer(answer)))
		})
	}
	g.forget()
	require.NoError(t, g.answer(accounts.Answer{Challenge: g.half(), Code: " " + g.code(0)[:3] + " " + g.code(0)[3:]}), "as apps show it")
}

func TestChallengesWorkOnceForTheirKindOfClient(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, accounts.FactorOptions{})
	half := g.half()
	_, err := g.s.SecondFactorBrowser(t.Context(), accounts.Answer{Challenge: half, Code: g.code(0)}, accounts.Client{Address: home})
	require.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "an app's in a browser")
	require.NoError(t, g.answer(accounts.Answer{Challenge: half, Code: g.code(0)}))
	g.forget()
	require.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(g.answer(accounts.Answer{Challenge: half, Code: g.code(0)})), "replayed")

	half = g.half()
	g.exec(`UPDATE factor_challenges SET expires_at = now()`)
	require.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(g.answer(accounts.Answer{Challenge: half, Code: g.code(0)})), "too late")

	half = g.half()
	for range 5 {
		require.Equal(t, booking.CodeValidation, booking.CodeOf(g.answer(accounts.Answer{Challenge: half, RecoveryCode: "none"})))
	}
	require.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(g.answer(accounts.Answer{Challenge: half, RecoveryCode: g.recovery[0]})), "five answers")

	half = g.half()
	g.exec(`INSERT INTO suspensions (account_id) SELECT id FROM accounts`)
	require.Equal(t, booking.CodeAccountSuspended, booking.CodeOf(g.answer(accounts.Answer{Challenge: half, RecoveryCode: g.recovery[0]})), "suspended in between")
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, accounts.FactorOptions{})
	assert.Regexp(t, `^([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$`, g.recovery[0])
	loose := strings.NewReplacer("-", " ", "0", "O", "1", "l").Replace(strings.ToUpper(g.recovery[0]))
	require.NoError(t, g.answer(accounts.Answer{Challenge: g.half(), RecoveryCode: loose}), "as people type it")
	require.Equal(t, booking.CodeValidation, booking.CodeOf(g.answer(accounts.Answer{Challenge: g.half(), RecoveryCode: g.recovery[0]})), "used")

	halves := []string{g.half(), g.half(), g.half()}
	var won atomic.Int32
	var all sync.WaitGroup
	for _, half := range halves {
		all.Go(func() {
			if g.answer(accounts.Answer{Challenge: half, RecoveryCode: g.recovery[1]}) == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load(), "one code at once")
	factors, err := g.s.Factors(t.Context(), g.claims)
	require.NoError(t, err)
	assert.Equal(t, 8, factors.RecoveryCodes)

	renewed, err := g.s.RenewRecoveryCodes(t.Context(), g.claims)
	require.NoError(t, err)
	require.Len(t, renewed, 10)
	require.Equal(t, booking.CodeValidation, booking.CodeOf(g.answer(accounts.Answer{Challenge: g.half(), RecoveryCode: g.recovery[2]})), "of before")
	require.NoError(t, g.answer(accounts.Answer{Challenge: g.half(), RecoveryCode: renewed[2]}))
}

func TestFactorsChangeInFreshSessionsOnly(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, accounts.FactorOptions{})
	old := func() { g.exec(`UPDATE session_factors SET passed_at = now() - interval '11 minutes'`) }
	from := accounts.Client{Address: home}
	confirm := func(proof accounts.Proof) error { return g.s.Confirm(t.Context(), g.claims, proof, from) }
	renew := func() error {
		_, err := g.s.RenewRecoveryCodes(t.Context(), g.claims)
		return err
	}
	old()
	for name, test := range map[string]struct {
		proof func() accounts.Proof
		code  booking.Code
	}{
		"nothing":               {func() accounts.Proof { return accounts.Proof{} }, booking.CodeValidation},
		"a password only":       {func() accounts.Proof { return accounts.Proof{Password: goodPassword} }, booking.CodeValidation},
		"a code only":           {func() accounts.Proof { return accounts.Proof{Code: g.code(0)} }, booking.CodeWrongPassword},
		"a wrong password":      {func() accounts.Proof { return accounts.Proof{Password: "wrong", Code: g.code(0)} }, booking.CodeWrongPassword},
		"a wrong code":          {func() accounts.Proof { return accounts.Proof{Password: goodPassword, Code: g.wrong()} }, booking.CodeValidation},
		"a wrong recovery code": {func() accounts.Proof { return accounts.Proof{Password: goodPassword, RecoveryCode: "x"} }, booking.CodeValidation},
		"both codes": {func() accounts.Proof {
			return accounts.Proof{Password: goodPassword, Code: g.code(0), RecoveryCode: g.recovery[0]}
		}, booking.CodeValidation},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.code, booking.CodeOf(confirm(test.proof())))
			require.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(renew()))
		})
	}
	g.forget()
	require.NoError(t, confirm(accounts.Proof{Password: goodPassword, Code: g.code(0)}))
	require.NoError(t, renew())

	// A session that showed a password only, before there was a factor, removes none, and
	// does not move the account to another address.
	g.exec(`DELETE FROM session_factors`)
	require.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(g.s.RemoveTOTP(t.Context(), g.claims)))
	g.forget()
	require.NoError(t, confirm(accounts.Proof{Password: goodPassword, Code: g.code(0)}))
	require.NoError(t, g.s.RemoveTOTP(t.Context(), g.claims))
	assert.Zero(t, g.number(`SELECT (SELECT count(*) FROM totp_factors) + (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM session_factors)`))
	login(t, g.s) // without a second step

	// Without a factor the password is enough, and a session that began a while ago is not.
	begin := func() error {
		_, err := g.s.BeginTOTP(t.Context(), g.claims)
		return err
	}
	require.NoError(t, begin())
	g.exec(`UPDATE session_devices SET began_at = now() - interval '11 minutes'`)
	require.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(begin()))
	require.Equal(t, booking.CodeWrongPassword, booking.CodeOf(confirm(accounts.Proof{Password: "wrong"})))
	require.NoError(t, confirm(accounts.Proof{Password: goodPassword}))
	require.NoError(t, begin())
	require.Equal(t, booking.CodeConflict, booking.CodeOf(renew()), "there is no factor")
}

func TestSecretsOpenForTheirAccountOnly(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, accounts.FactorOptions{})
	_, err := g.s.Register(t.Context(), accounts.Registration{Email: "eve@example.com", Password: goodPassword, Name: "Eve"}, home)
	require.NoError(t, err)
	g.exec(`INSERT INTO totp_factors (account_id, secret, confirmed_at)
		SELECT a.id, f.secret, now() FROM accounts a, totp_factors f WHERE a.email LIKE 'eve%'`)
	_, err = g.s.Login(t.Context(), "eve@example.com", goodPassword, accounts.Client{Address: home})
	var step *accounts.SecondStep
	require.ErrorAs(t, err, &step)
	err = g.answer(accounts.Answer{Challenge: step.Challenge, Code: g.code(0)})
	require.ErrorIs(t, err, sealing.ErrNotOpened)
	require.Equal(t, booking.CodeInternal, booking.CodeOf(err), "a secret that does not open is no wrong code")
}

func TestStaffNeedASecondFactor(t *testing.T) {
	t.Parallel()
	s, db := factorService(t, accounts.FactorOptions{StaffMust: true})
	register(t, s)
	claims, err := s.Verify(login(t, s).AccessToken)
	require.NoError(t, err)
	lacks := func(by *accounts.Claims) bool {
		now, err := s.Standing(t.Context(), by)
		require.NoError(t, err)
		return now.LacksFactor
	}
	assert.False(t, lacks(claims), "a customer")
	_, err = db.Pool.Exec(context.Background(), `UPDATE accounts SET role = 'admin'`)
	require.NoError(t, err)
	assert.True(t, lacks(claims))
	before, err := s.Verify(login(t, s).AccessToken)
	require.NoError(t, err)

	begun, err := s.BeginTOTP(t.Context(), *claims)
	require.NoError(t, err)
	g := &guarded{t: t, s: s, db: db, claims: *claims, secret: begun.Secret}
	assert.True(t, lacks(claims), "it waits for its first code")
	_, err = s.ConfirmTOTP(t.Context(), *claims, g.code(-1))
	require.NoError(t, err)
	assert.False(t, lacks(claims))
	assert.True(t, lacks(before), "another session has not shown it")
	pair, err := s.SecondFactor(t.Context(), accounts.Answer{Challenge: g.half(), Code: g.code(0)}, accounts.Client{Address: home})
	require.NoError(t, err)
	next, err := s.Verify(pair.AccessToken)
	require.NoError(t, err)
	assert.False(t, lacks(next))
	pair, err = s.Refresh(t.Context(), pair.RefreshToken, home)
	require.NoError(t, err)
	next, err = s.Verify(pair.AccessToken)
	require.NoError(t, err)
	assert.False(t, lacks(next), "refreshed")
	require.NoError(t, s.RemoveTOTP(t.Context(), *next))
	assert.True(t, lacks(next), "removed")
}
